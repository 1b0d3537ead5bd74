import type { Channels } from '../../spec/layers/channels.js'
import type { Kernel, Launch, Lowered, Slot } from '../kernel.js'
import { cotangent, gradient, input, keptScratch, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'
import { reduce, reduction } from '../reduction.js'
import { isProcessor } from '../subgroupTile.js'

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

// A channel's numbers by 64 lanes, which walk over them without a division or product: number k is (n, s), k = n·S + s, at i
const places = /* wgsl */ `
struct Place { s: u32, i: u32 }
fn first_place(c: u32, lane: u32) -> Place {
  let s = lane % dims.S;
  return Place(s, (lane / dims.S * dims.C + c) * dims.S + s);
}
// 64 numbers further, the step being as far as number 64 is from number 0
fn next_place(p: Place, step: Place) -> Place {
  let s = p.s + step.s;
  let wraps = s >= dims.S;
  return Place(s - select(0u, dims.S, wraps), p.i + step.i + select(0u, (dims.C - 1u) * dims.S, wraps));
}
`

const byLanes = /* wgsl */ `
${places}
var<workgroup> of_lanes: array<f32, 64>;
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
  var p = first_place(c, lane);
  let step = first_place(0u, 64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    own += x(p.i);
    p = next_place(p, step);
  }
  return across_lanes(lane, total(own)) / params.m;
}
fn variance_of(c: u32, lane: u32, mean: f32) -> f32 {
  var own = Num();
  var p = first_place(c, lane);
  let step = first_place(0u, 64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    let distance = x(p.i) - mean;
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

/** dβ = Σ dy and dγ = r·Σ dy·(x − μ) in one pass over memory, where μ and σ² are kept from forward */
export const batchNormBackwardSums = inWidths(({ suffix, vectors, code }) =>
  kernel({
    name: `batchNorm.backward.sums${suffix}`,
    per: 'workgroup',
    reads: ['x', 'dy', 'mean', 'variance'],
    writes: ['dgamma', 'dbeta'],
    dims: ['N', ...dims],
    params: ['m', 'epsilon'],
    vectors: vectors(['x', 'dy']),
    code: /* wgsl */ `
${code}
${byLanes}
fn group(c: u32, lane: u32) {
  let mean = mean(c);
  var own_beta = Num();
  var own_gamma = Num();
  var p = first_place(c, lane);
  let step = first_place(0u, 64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    let i = p.i;
    let pull = dy(i);
    own_beta += pull;
    own_gamma += pull * (x(i) - mean);
    p = next_place(p, step);
  }
  let beta = across_lanes(lane, total(own_beta));
  let gamma = across_lanes(lane, total(own_gamma)) * inverseSqrt(variance(c) + params.epsilon);
  if (lane == 0u) {
    set_dgamma(c, gamma);
    set_dbeta(c, beta);
  }
}
`,
  }),
)

/** The same and μ and σ² again, in two passes, for r is known after them only */
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
  var p = first_place(c, lane);
  let step = first_place(0u, 64u);
  for (var k = lane; k < dims.N * dims.S; k += 64u) {
    let i = p.i;
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

// so many planes of one channel by 64 lanes, which read its numbers once; workgroup g has part g/C of channel g mod C
const ofPlanes = (each: string): string => /* wgsl */ `
  let begin = g / dims.C * dims.share * dims.S + lane;
  let end = min((g / dims.C + 1u) * dims.share, dims.N) * dims.S;
  var p = first_place(c, begin);
  let step = first_place(0u, 64u);
  for (var k = begin; k < end; k += 64u) {
    ${each}
    p = next_place(p, step);
  }
`

/** `batchNormForward` by planes */
export const batchNormForwardPlanes = inWidths(({ suffix, vectors }) =>
  kernel({
    name: `batchNorm.forward.planes${suffix}`,
    per: 'workgroup',
    reads: ['x', 'gamma', 'beta', 'mean', 'variance'],
    writes: ['y'],
    dims: ['N', ...dims, 'share'],
    params: ['epsilon'],
    vectors: vectors(['x', 'y']),
    code: /* wgsl */ `
${places}
fn group(g: u32, lane: u32) {
  let c = g % dims.C;
  let r = inverseSqrt(variance(c) + params.epsilon);
  let mean = mean(c);
  let gamma = gamma(c);
  let beta = beta(c);
  ${ofPlanes('set_y(p.i, gamma * ((x(p.i) - mean) * r) + beta);')}
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
    dims: ['N', ...dims, 'share'],
    params: ['epsilon', 'm'],
    vectors: vectors(['x', 'dy', 'dx']),
    code: /* wgsl */ `
${places}
fn group(g: u32, lane: u32) {
  let c = g % dims.C;
  let r = inverseSqrt(variance(c) + params.epsilon);
  let mean = mean(c);
  let slope = gamma(c) * r;
  let first = dbeta(c) / params.m;
  let second = dgamma(c) / params.m;
  ${ofPlanes('set_dx(p.i, slope * (dy(p.i) - first - (x(p.i) - mean) * r * second));')}
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

// fewer numbers, or vectors, leave most of a workgroup's lanes idle
const fewestOfWorkgroup = 24
// so many workgroups have enough to do: a processor has few cores, and what a workgroup begins with costs as much as a few
// of its numbers
const enoughWorkgroups = { onProcessors: 128, onOthers: 4096 }

/** A launch over all elements: by some planes of a channel each where those are long enough, else one by one. */
const overElements = (
  { N, C, S }: Channels,
  kernels: { readonly each: Kernel; readonly planes: Readonly<Record<Width, Kernel>> },
  bind: Readonly<Record<string, Slot>>,
  params: Readonly<Record<string, number>>,
  subgroupSize: number | undefined,
): Launch => {
  const enough = isProcessor(subgroupSize) ? enoughWorkgroups.onProcessors : enoughWorkgroups.onOthers
  const share = Math.max(1, Math.floor((N * C) / enough))
  const slices = Object.fromEntries(['x', 'dy', 'y', 'dx'].filter((name) => name in bind).map((name) => [name, C * S]))
  const outer = { extent: N, dims: ['N'], slices }
  const parts = (samples: number): number => C * Math.ceil(samples / share)
  const byPlanes = (kernel: Kernel, width: number): Launch => ({
    kernel,
    bind,
    count: parts(N),
    dims: { N, C, S: S / width, share },
    params,
    outer: { ...outer, count: parts },
  })
  if (S % 4 === 0 && (share * S) / 4 >= fewestOfWorkgroup) return inWidth({ S }, kernels.planes, byPlanes)
  if (share * S >= fewestOfWorkgroup) return byPlanes(kernels.planes.ones, 1)
  return { kernel: kernels.each, bind, count: N * C * S, dims: { C, S }, params, outer: { ...outer, dims: [] } }
}

/** One launch for y: γ·((x − μ)·r) + β, of the batch's statistics or the running ones. */
export const normalized = (
  sizes: Channels,
  bind: Readonly<Record<'x' | 'gamma' | 'beta' | 'mean' | 'variance' | 'y', Slot>>,
  epsilon: number,
  subgroupSize: number | undefined,
): Launch =>
  overElements(sizes, { each: batchNormForward, planes: batchNormForwardPlanes }, bind, { epsilon }, subgroupSize)

export const forward: Lower<'batchNormTraining'> = ({ attrs, sizes, wants, subgroupSize }) => {
  const { C, m } = sizes
  const { epsilon, momentum: alpha, runningVariance } = attrs
  const factor = runningVariance === 'unbiased' ? m / (m - 1) : 1
  const ofY = normalized(
    sizes,
    { x: input('x'), gamma: input('gamma'), beta: input('beta'), mean, variance, y: output('y') },
    epsilon,
    subgroupSize,
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

export const backward: Lower<'batchNormTraining'> = ({ attrs: { epsilon }, sizes, wants, kept, subgroupSize }) => {
  const { N, C, S, m } = sizes
  const areKept = kept('mean') && kept('variance')
  const [mean, variance] = areKept
    ? [keptScratch('mean'), keptScratch('variance')]
    : [scratch('mean'), scratch('variance')]
  const given = { x: input('x'), mean, variance, dy: cotangent('y'), dgamma: gradient('gamma') }
  const ofX = overElements(
    sizes,
    { each: batchNormBackwardX, planes: batchNormBackwardXPlanes },
    { ...given, gamma: input('gamma'), dbeta: gradient('beta'), dx: gradient('x') },
    { epsilon, m },
    subgroupSize,
  )
  // dx is made of dγ and dβ, asked for or not
  const ofStatistics = wants('x') || wants('gamma')
  if (ofStatistics && byWorkgroup(sizes)) {
    const all = inWidth(sizes, areKept ? batchNormBackwardSums : batchNormBackwardStatistics, (kernel, width) => ({
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
    ...(ofStatistics && !areKept ? statistics(sizes) : []),
    ofStatistics ? ofGamma : undefined,
    wants('x') ? ofX : undefined,
  ])
}
