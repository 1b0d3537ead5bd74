import type { Channels } from '../../spec/layers/channels.js'
import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'
import { reduce, reduction } from '../reduction.js'

// value k of channel c, and the channel of value i, of a tensor [N,C,…]
const dims = ['C', 'S']
const channels = /* wgsl */ `
fn place(c: u32, k: u32) -> u32 { return (k / dims.S * dims.C + c) * dims.S + k % dims.S; }
fn channel_of(i: u32) -> u32 { return i / dims.S % dims.C; }
`

/** μ = Σ x/m, of short channels or very many. A quotient, since a product with 1/m would not give back a constant channel's value. */
export const batchNormMean = reduction({
  name: 'batchNorm.mean',
  reads: ['x'],
  writes: ['mean'],
  dims,
  params: ['m'],
  code: /* wgsl */ `
${channels}
fn term(c: u32, k: u32) -> f32 { return x(place(c, k)); }
fn finish(c: u32, sum: f32) { set_mean(c, sum / params.m); }
`,
}).perInvocation

/** σ² = Σ (x − μ)²/m */
export const batchNormVariance = reduction({
  name: 'batchNorm.variance',
  reads: ['x', 'mean'],
  writes: ['variance'],
  dims,
  params: ['m'],
  code: /* wgsl */ `
${channels}
fn term(c: u32, k: u32) -> f32 {
  let distance = x(place(c, k)) - mean(c);
  return distance * distance;
}
fn finish(c: u32, sum: f32) { set_variance(c, sum / params.m); }
`,
}).perInvocation

/** running′ = (1 − α)·running + α·batch·factor, of a mean (factor 1) or a variance (factor m/(m − 1) or 1) */
export const batchNormRunning = mapping({
  name: 'batchNorm.running',
  reads: ['running', 'batch'],
  writes: ['next'],
  params: ['alpha', 'factor'],
  code: /* wgsl */ `
fn at(running: f32, batch: f32) -> Values {
  return Values((1.0 - params.alpha) * running + params.alpha * (batch * params.factor));
}
`,
})

/** y = γ·((x − μ)·r) + β, r = 1/√(σ² + ε) */
export const batchNormForward = kernel({
  name: 'batchNorm.forward',
  reads: ['x', 'gamma', 'beta', 'mean', 'variance'],
  writes: ['y'],
  dims,
  params: ['epsilon'],
  code: /* wgsl */ `
${channels}
fn element(i: u32) {
  let c = channel_of(i);
  let r = inverseSqrt(variance(c) + params.epsilon);
  set_y(i, gamma(c) * ((x(i) - mean(c)) * r) + beta(c));
}
`,
})

/** dβ = Σ dy */
export const batchNormBackwardBeta = reduction({
  name: 'batchNorm.backward.beta',
  reads: ['dy'],
  writes: ['dbeta'],
  dims,
  code: /* wgsl */ `
${channels}
fn term(c: u32, k: u32) -> f32 { return dy(place(c, k)); }
fn finish(c: u32, sum: f32) { set_dbeta(c, sum); }
`,
})

/** dγ = Σ dy·x̂, x̂ = (x − μ)·r */
export const batchNormBackwardGamma = reduction({
  name: 'batchNorm.backward.gamma',
  reads: ['x', 'mean', 'variance', 'dy'],
  writes: ['dgamma'],
  dims,
  params: ['epsilon'],
  code: /* wgsl */ `
${channels}
fn term(c: u32, k: u32) -> f32 {
  let i = place(c, k);
  return dy(i) * ((x(i) - mean(c)) * inverseSqrt(variance(c) + params.epsilon));
}
fn finish(c: u32, sum: f32) { set_dgamma(c, sum); }
`,
})

/** dx = γ·r·(dy − dβ/m − x̂·dγ/m), x̂ = (x − μ)·r */
export const batchNormBackwardX = kernel({
  name: 'batchNorm.backward.x',
  reads: ['x', 'gamma', 'mean', 'variance', 'dy', 'dgamma', 'dbeta'],
  writes: ['dx'],
  dims,
  params: ['epsilon', 'm'],
  code: /* wgsl */ `
${channels}
fn element(i: u32) {
  let c = channel_of(i);
  let r = inverseSqrt(variance(c) + params.epsilon);
  let normalized = (x(i) - mean(c)) * r;
  set_dx(i, gamma(c) * r * (dy(i) - dbeta(c) / params.m - normalized * (dgamma(c) / params.m)));
}
`,
})

// Numbers as the kernels below see them, one by one or as vectors of four; S counts them, too
const widths = {
  ones: {
    suffix: '',
    vectors: (): readonly string[] => [],
    code: /* wgsl */ `
alias Num = f32;
fn total(v: Num) -> f32 { return v; }
`,
  },
  fours: {
    suffix: '.vectors',
    vectors: (names: readonly string[]): readonly string[] => names,
    code: /* wgsl */ `
alias Num = vec4<f32>;
fn total(v: Num) -> f32 { return (v.x + v.y) + (v.z + v.w); }
`,
  },
}
type Width = keyof typeof widths

// A channel's numbers by 64 lanes. `place` walks over them without a division: number k is (n, s), k = n·S + s
const byLanes = /* wgsl */ `
var<workgroup> of_lanes: array<f32, 64>;
struct Place { n: u32, s: u32 }
fn first_place(lane: u32) -> Place { return Place(lane / dims.S, lane % dims.S); }
// 64 numbers further, the step being the place of number 64
fn next_place(p: Place, step: Place) -> Place {
  let s = p.s + step.s;
  let wraps = s >= dims.S;
  return Place(p.n + step.n + select(0u, 1u, wraps), s - select(0u, dims.S, wraps));
}
fn at(c: u32, p: Place) -> u32 { return (p.n * dims.C + c) * dims.S + p.s; }
fn across_lanes(lane: u32, own: f32) -> f32 {
  of_lanes[lane] = own;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { of_lanes[lane] += of_lanes[lane + half]; }
  }
  workgroupBarrier();
  let sum = of_lanes[0];
  workgroupBarrier();
  return sum;
}
fn mean_of(c: u32, lane: u32) -> f32 {
  var own = Num();
  var p = first_place(lane);
  let step = first_place(64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    own += x(at(c, p));
    p = next_place(p, step);
  }
  return across_lanes(lane, total(own)) / params.m;
}
fn variance_of(c: u32, lane: u32, mean: f32) -> f32 {
  var own = Num();
  var p = first_place(lane);
  let step = first_place(64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    let distance = x(at(c, p)) - mean;
    own += distance * distance;
    p = next_place(p, step);
  }
  return across_lanes(lane, total(own)) / params.m;
}
`

const inWidths = <A>(make: (width: (typeof widths)[Width]) => A): Readonly<Record<Width, A>> => ({
  ones: make(widths.ones),
  fours: make(widths.fours),
})

/** μ and σ² of a channel in one go */
export const batchNormStatistics = inWidths(({ suffix, vectors, code }) =>
  kernel({
    name: `batchNorm.statistics${suffix}`,
    per: 'workgroup',
    reads: ['x'],
    writes: ['mean', 'variance'],
    dims: ['N', ...dims],
    params: ['m'],
    vectors: vectors(['x']),
    code: /* wgsl */ `
${code}
${byLanes}
fn group(c: u32, lane: u32) {
  let mean = mean_of(c, lane);
  let variance = variance_of(c, lane, mean);
  if (lane == 0u) {
    set_mean(c, mean);
    set_variance(c, variance);
  }
}
`,
  }),
)

/** μ and σ² again, dβ = Σ dy and dγ = r·Σ dy·(x − μ), in two passes over memory, for r is known after them only */
export const batchNormBackwardStatistics = inWidths(({ suffix, vectors, code }) =>
  kernel({
    name: `batchNorm.backward.statistics${suffix}`,
    per: 'workgroup',
    reads: ['x', 'dy'],
    writes: ['mean', 'variance', 'dgamma', 'dbeta'],
    dims: ['N', ...dims],
    params: ['m', 'epsilon'],
    vectors: vectors(['x', 'dy']),
    code: /* wgsl */ `
${code}
${byLanes}
fn group(c: u32, lane: u32) {
  let mean = mean_of(c, lane);
  var own = Num();
  var own_beta = Num();
  var own_gamma = Num();
  var p = first_place(lane);
  let step = first_place(64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    let i = at(c, p);
    let distance = x(i) - mean;
    let pull = dy(i);
    own += distance * distance;
    own_beta += pull;
    own_gamma += pull * distance;
    p = next_place(p, step);
  }
  let variance = across_lanes(lane, total(own)) / params.m;
  let beta = across_lanes(lane, total(own_beta));
  let gamma = across_lanes(lane, total(own_gamma)) * inverseSqrt(variance + params.epsilon);
  if (lane == 0u) {
    set_mean(c, mean);
    set_variance(c, variance);
    set_dgamma(c, gamma);
    set_dbeta(c, beta);
  }
}
`,
  }),
)

/** `batchNormForward` by planes: 64 lanes take a plane of one channel, whose numbers they read once */
export const batchNormForwardPlanes = inWidths(({ suffix, vectors }) =>
  kernel({
    name: `batchNorm.forward.planes${suffix}`,
    per: 'workgroup',
    reads: ['x', 'gamma', 'beta', 'mean', 'variance'],
    writes: ['y'],
    dims,
    params: ['epsilon'],
    vectors: vectors(['x', 'y']),
    code: /* wgsl */ `
fn group(plane: u32, lane: u32) {
  let c = plane % dims.C;
  let r = inverseSqrt(variance(c) + params.epsilon);
  let mean = mean(c);
  let gamma = gamma(c);
  let beta = beta(c);
  let end = (plane + 1u) * dims.S;
  for (var i = plane * dims.S + lane; i < end; i += 64u) { set_y(i, gamma * ((x(i) - mean) * r) + beta); }
}
`,
  }),
)

/** `batchNormBackwardX` by planes */
export const batchNormBackwardXPlanes = inWidths(({ suffix, vectors }) =>
  kernel({
    name: `batchNorm.backward.x.planes${suffix}`,
    per: 'workgroup',
    reads: ['x', 'gamma', 'mean', 'variance', 'dy', 'dgamma', 'dbeta'],
    writes: ['dx'],
    dims,
    params: ['epsilon', 'm'],
    vectors: vectors(['x', 'dy', 'dx']),
    code: /* wgsl */ `
fn group(plane: u32, lane: u32) {
  let c = plane % dims.C;
  let r = inverseSqrt(variance(c) + params.epsilon);
  let mean = mean(c);
  let slope = gamma(c) * r;
  let first = dbeta(c) / params.m;
  let second = dgamma(c) / params.m;
  let end = (plane + 1u) * dims.S;
  for (var i = plane * dims.S + lane; i < end; i += 64u) {
    let normalized = (x(i) - mean) * r;
    set_dx(i, slope * (dy(i) - first - normalized * second));
  }
}
`,
  }),
)

const [mean, variance] = [scratch('mean'), scratch('variance')]

const present = (C: number, list: readonly (Launch | undefined)[]): Lowered => ({
  launches: list.filter((launch) => launch !== undefined),
  scratch: { mean: C, variance: C },
})

// a workgroup for a channel is too much for short ones, or for very many
const byWorkgroup = ({ C, m }: Channels): boolean => m > 64 && C < 4096

/** A launch in one of two widths, the wide one where planes are whole vectors and every tensor lies in one binding. */
const inWidth = (
  { S }: Pick<Channels, 'S'>,
  kernels: Readonly<Record<Width, Kernel>>,
  make: (kernel: Kernel, width: number) => Launch,
): Launch => {
  const plain = make(kernels.ones, 1)
  if (S % 4 !== 0) return plain
  const { outer: _, ...wide } = make(kernels.fours, 4)
  return { ...wide, orElse: plain }
}

/** The passes over x that make μ and σ². */
const statistics = (sizes: Channels): readonly Launch[] => {
  const { N, C, S, m } = sizes
  const bind = { x: input('x'), mean, variance }
  const each = { count: C, dims: { terms: m, C, S }, params: { m } }
  return byWorkgroup(sizes)
    ? [
        inWidth(sizes, batchNormStatistics, (kernel, width) => ({
          kernel,
          bind,
          count: C,
          dims: { N, C, S: S / width },
          params: { m },
        })),
      ]
    : [
        { ...each, kernel: batchNormMean, bind: { x: input('x'), mean } },
        { ...each, kernel: batchNormVariance, bind },
      ]
}

// planes of fewer numbers, or vectors, leave most of a workgroup's lanes idle
const fewestOfPlane = 24

/** A launch over all elements: by planes where those are long enough, else one by one. */
const overElements = (
  { N, C, S }: Channels,
  kernels: { readonly each: Kernel; readonly planes: Readonly<Record<Width, Kernel>> },
  bind: Readonly<Record<string, Slot>>,
  params: Readonly<Record<string, number>>,
): Launch => {
  const slices = Object.fromEntries(['x', 'dy', 'y', 'dx'].filter((name) => name in bind).map((name) => [name, C * S]))
  const launch = (kernel: Kernel, count: number, S: number): Launch => ({
    kernel,
    bind,
    count,
    dims: { C, S },
    params,
    outer: { extent: N, dims: [], slices },
  })
  const by = (width: number) => (kernel: Kernel) => launch(kernel, N * C, S / width)
  if (S % 4 === 0 && S / 4 >= fewestOfPlane) return inWidth({ S }, kernels.planes, (kernel, width) => by(width)(kernel))
  return S >= fewestOfPlane ? by(1)(kernels.planes.ones) : launch(kernels.each, N * C * S, S)
}

/** One launch for y: γ·((x − μ)·r) + β, of the batch's statistics or the running ones. */
export const normalized = (
  sizes: Channels,
  bind: Readonly<Record<'x' | 'gamma' | 'beta' | 'mean' | 'variance' | 'y', Slot>>,
  epsilon: number,
): Launch => overElements(sizes, { each: batchNormForward, planes: batchNormForwardPlanes }, bind, { epsilon })

export const forward: Lower<'batchNormTraining'> = ({ attrs, sizes, wants }) => {
  const { C, m } = sizes
  const { epsilon, momentum: alpha, runningVariance } = attrs
  const factor = runningVariance === 'unbiased' ? m / (m - 1) : 1
  const ofY = normalized(
    sizes,
    { x: input('x'), gamma: input('gamma'), beta: input('beta'), mean, variance, y: output('y') },
    epsilon,
  )
  const running = (name: 'runningMean' | 'runningVar', batch: Slot, factor: number): Launch =>
    mapOver(batchNormRunning, C, { running: input(name), batch, next: output(name) }, { alpha, factor })
  return present(C, [
    ...statistics(sizes),
    wants('runningMean') ? running('runningMean', mean, 1) : undefined,
    wants('runningVar') ? running('runningVar', variance, factor) : undefined,
    wants('y') ? ofY : undefined,
  ])
}

export const backward: Lower<'batchNormTraining'> = ({ attrs: { epsilon }, sizes, wants }) => {
  const { N, C, S, m } = sizes
  const given = { x: input('x'), mean, variance, dy: cotangent('y'), dgamma: gradient('gamma') }
  const ofX = overElements(
    sizes,
    { each: batchNormBackwardX, planes: batchNormBackwardXPlanes },
    { ...given, gamma: input('gamma'), dbeta: gradient('beta'), dx: gradient('x') },
    { epsilon, m },
  )
  // dx is made of dγ and dβ, asked for or not
  const ofStatistics = wants('x') || wants('gamma')
  if (ofStatistics && byWorkgroup(sizes)) {
    const all = inWidth(sizes, batchNormBackwardStatistics, (kernel, width) => ({
      kernel,
      bind: { ...given, dbeta: gradient('beta') },
      count: C,
      dims: { N, C, S: S / width },
      params: { m, epsilon },
    }))
    return present(C, [all, wants('x') ? ofX : undefined])
  }
  const ofBeta = reduce(batchNormBackwardBeta, C, m, {
    bind: { dy: cotangent('y'), dbeta: gradient('beta') },
    dims: { C, S },
  })
  const ofGamma = reduce(batchNormBackwardGamma, C, m, { bind: given, dims: { C, S }, params: { epsilon } })
  return present(C, [
    wants('x') || wants('beta') ? ofBeta : undefined,
    ...(ofStatistics ? statistics(sizes) : []),
    ofStatistics ? ofGamma : undefined,
    wants('x') ? ofX : undefined,
  ])
}
