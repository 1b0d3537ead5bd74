import type { Launch } from '../kernel.js'
import { cotangent, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce } from '../reduction.js'
import { batchNormBackwardBeta, batchNormBackwardGamma, normalized } from './batchNormTraining.js'

/** dx = γ·r·dy, r = 1/√(runningVar + ε) */
export const batchNormInferenceBackwardX = kernel({
  name: 'batchNormInference.backward.x',
  reads: ['gamma', 'variance', 'dy'],
  writes: ['dx'],
  dims: ['C', 'S'],
  params: ['epsilon'],
  code: /* wgsl */ `
fn element(i: u32) {
  let c = i / dims.S % dims.C;
  set_dx(i, gamma(c) * inverseSqrt(variance(c) + params.epsilon) * dy(i));
}
`,
})

const running = { mean: input('runningMean'), variance: input('runningVar') }

// the same formulas as in training, of running statistics instead of the batch's
export const forward: Lower<'batchNormInference'> = ({ attrs: { epsilon }, sizes, subgroupSize }) =>
  launches(
    normalized(
      sizes,
      { x: input('x'), gamma: input('gamma'), beta: input('beta'), ...running, y: output('y') },
      epsilon,
      subgroupSize,
    ),
  )

export const backward: Lower<'batchNormInference'> = ({ attrs: { epsilon }, sizes: { N, C, S, m }, wants }) => {
  const ofX: Launch = {
    kernel: batchNormInferenceBackwardX,
    bind: { gamma: input('gamma'), variance: running.variance, dy: cotangent('y'), dx: gradient('x') },
    count: N * C * S,
    dims: { C, S },
    params: { epsilon },
    outer: { extent: N, dims: [], slices: { dy: C * S, dx: C * S } },
  }
  const ofGamma = reduce(batchNormBackwardGamma, C, m, {
    bind: { x: input('x'), ...running, dy: cotangent('y'), dgamma: gradient('gamma') },
    dims: { C, S },
    params: { epsilon },
  })
  const ofBeta = reduce(batchNormBackwardBeta, C, m, {
    bind: { dy: cotangent('y'), dbeta: gradient('beta') },
    dims: { C, S },
  })
  return launches(
    wants('x') ? ofX : undefined,
    wants('gamma') ? ofGamma : undefined,
    wants('beta') ? ofBeta : undefined,
  )
}
