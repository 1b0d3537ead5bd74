/**
 * Functions that WGSL lacks, or permits to be too coarse. Put in front of the kernels that call them.
 *
 * WGSL promises nothing about NaN and the infinities, and adapters differ: a maximum takes the number, e to NaN may be
 * Infinity, log 0 a number like any other, x ≠ x false. What every adapter measured keeps is a test of bits, and a comparison,
 * which is false of NaN. So where one decides, NaN is on the side that keeps it, and below it is told by its bits.
 */

/** The larger of two numbers, and NaN if one of them is; what WGSL's max loses. Of equal ones the first. */
export const largerFunction = /* wgsl */ `
fn larger(a: f32, b: f32) -> f32 { return select(a, b, (b > a) | ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u)); }
`

/** The smaller of two numbers, and NaN if one of them is. */
export const smallerFunction = /* wgsl */ `
fn smaller(a: f32, b: f32) -> f32 { return select(a, b, (b < a) | ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u)); }
`

/** Whether a number is none. */
export const isNanFunction = /* wgsl */ `
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }
`

/** e^v, NaN of NaN. */
export const expFunction = /* wgsl */ `
fn exp_(v: f32) -> f32 { return select(exp(v), v, (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u); }
`

/**
 * log v: −Infinity of 0, Infinity of Infinity, NaN of NaN and of what is negative. A subnormal is an integer times 2⁻¹⁴⁹,
 * whose logarithm no adapter flushes.
 */
export const logFunction = /* wgsl */ `
fn log_(v: f32) -> f32 {
  let bits = bitcast<u32>(v);
  let subnormal = bits < 0x800000u;
  let ordinary = log(select(v, f32(bits), subnormal)) - select(0.0, 103.27893, subnormal);
  let is_zero = (bits & 0x7fffffffu) == 0u;
  let quiet = select(bits | 0x7fc00000u, bits, bits == 0x7f800000u);
  return select(ordinary, bitcast<f32>(select(quiet, bits | 0xff800000u, is_zero)), bits - 1u >= 0x7f7fffffu);
}
`

/**
 * tanh v, for WGSL's own may err 10⁻⁵ and overflows past 88. Near 0 an odd polynomial, fitted minimax to keep the
 * relative error even; elsewhere (1 − t)/(1 + t) with t = e^{−2|v|}, which saturates at 1 before |v| is 10.
 */
export const tanhFunction = /* wgsl */ `
fn tanh_(v: f32) -> f32 {
  let a = min(abs(v), 10.0);
  if (a < 0.625) {
    let s = v * v;
    let p = -0.3333328068 + s * (0.1333144158 + s * (-0.0537397154 + s * (0.0206390861 + s * -0.0057049864)));
    return v + v * s * p;
  }
  let t = exp(-2.0 * a);
  let size = (1.0 - t) / (1.0 + t);
  return select(select(-size, size, v > 0.0), v, (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u);
}
`

/**
 * 1/(1 + e^{−v}). With t = e^{−|v|}, 1/(1 + t) is the sigmoid of |v| and t/(1 + t) that of −|v|: nothing overflows, nothing
 * cancels.
 */
export const sigmoidFunction = /* wgsl */ `
fn sigmoid(v: f32) -> f32 {
  let t = exp(-abs(v));
  return select(select(t, 1.0, v >= 0.0) / (1.0 + t), v, (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u);
}
`

/** e^v − 1, for the plain difference cancels near 0: there a polynomial, fitted minimax. */
export const expm1Function = /* wgsl */ `
fn expm1_(v: f32) -> f32 {
  if (abs(v) >= 0.5) { return exp(v) - 1.0; }
  let q = 0.5000000596 + v * (0.1666666418 + v * (0.0416653603 + v * (0.0083335787 + v * (0.0013996176 + v * 0.0001984981))));
  return v + v * v * q;
}
`

/**
 * t·log p, where a weight t of 0 takes an infinite logarithm away, but no NaN. No logarithm is taken where nothing becomes
 * of it: most weights of a target are 0.
 */
export const weightedLogFunction = /* wgsl */ `
${logFunction}
fn weighted_log(t: f32, p: f32) -> f32 {
  if (t == 0.0 && p >= 0.0) { return 0.0; }
  return t * log_(p);
}
`

/** log(1 + t) for t from 0 to 1, for the plain logarithm has no relative accuracy near 1: 2·artanh(t/(2 + t)). */
export const log1pFunction = /* wgsl */ `
fn log1p_(t: f32) -> f32 {
  let q = t / (2.0 + t);
  let s = q * q;
  let r = 0.3333320916 + s * (0.2001076340 + s * (0.1400090307 + s * 0.1400599331));
  return 2.0 * (q + q * s * r);
}
`

/** Philox4x32-10 in integers, as spec/philox.ts has it; the high half of a product from halves of 16 bits. */
export const philoxFunction = /* wgsl */ `
fn mul_high(a: u32, b: u32) -> u32 {
  let low = vec2<u32>(a & 0xffffu, b & 0xffffu);
  let high = vec2<u32>(a >> 16u, b >> 16u);
  let middle = high.x * low.y + ((low.x * low.y) >> 16u);
  let other = low.x * high.y + (middle & 0xffffu);
  return high.x * high.y + (middle >> 16u) + (other >> 16u);
}

fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    c = vec4<u32>(
      mul_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x, 0xcd9e8d57u * c.z,
      mul_high(0xd2511f53u, c.x) ^ c.w ^ k.y, 0xd2511f53u * c.x);
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
`
