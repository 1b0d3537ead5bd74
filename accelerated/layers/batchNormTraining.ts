import type { Channels } from '../../spec/layers/channels.js'
import type { Launch, Lowered } from '../kernel.js'
import { cotangent, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

// value k of channel c, and the channel of value i, of a tensor [N,C,…]
const dims = ['C', 'S']
const channels = /* wgsl */ `
fn place(c: u32, k: u32) -> u32 { return (k / dims.S * dims.C + c) * dims.S + k % dims.S; }
fn channel_of(i: u32) -> u32 { return i / dims.S % dims.C; }
`

/** μ = Σ x/m. A quotient, since a product with 1/m would not give back a constant channel's value. */
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
})

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
})

/** running′ = (1 − α)·running + α·batch·factor, of a mean (factor 1) or a variance (factor m/(m − 1) or 1) */
export const batchNormRunning = kernel({
  name: 'batchNorm.running',
  reads: ['running', 'batch'],
  writes: ['next'],
  params: ['alpha', 'factor'],
  code: /* wgsl */ `
fn element(c: u32) {
  set_next(c, (1.0 - params.alpha) * running(c) + params.alpha * (batch(c) * params.factor));
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

const [mean, variance] = [scratch('mean'), scratch('variance')]

/** The two passes over x that make μ and σ². */
const statistics = ({ C, S, m }: Channels) => ({
  mean: reduce(batchNormMean, C, m, { bind: { x: input('x'), mean }, dims: { C, S }, params: { m } }),
  variance: reduce(batchNormVariance, C, m, { bind: { x: input('x'), mean, variance }, dims: { C, S }, params: { m } }),
})

const present = (C: number, list: readonly (Launch | undefined)[]): Lowered => ({
  launches: list.filter((launch) => launch !== undefined),
  scratch: { mean: C, variance: C },
})

export const forward: Lower<'batchNormTraining'> = ({ attrs, sizes, wants }) => {
  const { N, C, S, m } = sizes
  const { epsilon, momentum: alpha, runningVariance } = attrs
  const pass = statistics(sizes)
  const ofMean: Launch = {
    kernel: batchNormRunning,
    bind: { running: input('runningMean'), batch: mean, next: output('runningMean') },
    count: C,
    dims: {},
    params: { alpha, factor: 1 },
  }
  const ofVariance: Launch = {
    kernel: batchNormRunning,
    bind: { running: input('runningVar'), batch: variance, next: output('runningVar') },
    count: C,
    dims: {},
    params: { alpha, factor: runningVariance === 'unbiased' ? m / (m - 1) : 1 },
  }
  const ofY: Launch = {
    kernel: batchNormForward,
    bind: { x: input('x'), gamma: input('gamma'), beta: input('beta'), mean, variance, y: output('y') },
    count: N * C * S,
    dims: { C, S },
    params: { epsilon },
    outer: { extent: N, dims: [], slices: { x: C * S, y: C * S } },
  }
  return present(C, [
    pass.mean,
    wants('y') || wants('runningVar') ? pass.variance : undefined,
    wants('runningMean') ? ofMean : undefined,
    wants('runningVar') ? ofVariance : undefined,
    wants('y') ? ofY : undefined,
  ])
}

export const backward: Lower<'batchNormTraining'> = ({ attrs: { epsilon }, sizes, wants }) => {
  const { N, C, S, m } = sizes
  const pass = statistics(sizes)
  const given = { x: input('x'), mean, variance, dy: cotangent('y'), dgamma: gradient('gamma') }
  const ofBeta = reduce(batchNormBackwardBeta, C, m, {
    bind: { dy: cotangent('y'), dbeta: gradient('beta') },
    dims: { C, S },
  })
  const ofGamma = reduce(batchNormBackwardGamma, C, m, { bind: given, dims: { C, S }, params: { epsilon } })
  const ofX: Launch = {
    kernel: batchNormBackwardX,
    bind: { ...given, gamma: input('gamma'), dbeta: gradient('beta'), dx: gradient('x') },
    count: N * C * S,
    dims: { C, S },
    params: { epsilon, m },
    outer: { extent: N, dims: [], slices: { x: C * S, dy: C * S, dx: C * S } },
  }
  // dx is made of dγ and dβ, asked for or not
  const ofStatistics = wants('x') || wants('gamma')
  return present(C, [
    wants('x') || wants('beta') ? ofBeta : undefined,
    ofStatistics ? pass.mean : undefined,
    ofStatistics ? pass.variance : undefined,
    ofStatistics ? ofGamma : undefined,
    wants('x') ? ofX : undefined,
  ])
}
