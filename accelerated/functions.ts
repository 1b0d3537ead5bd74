/**
 * Functions of one number that WGSL lacks, or permits to be too coarse. Put in front of the kernels that call them.
 */

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
  return select(-size, size, v > 0.0);
}
`
