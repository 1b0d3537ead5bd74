import { isNanFunction, weightedLogFunction } from '../functions.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/**
 * loss[at] = −scale·Σ t·log p over `terms` elements from at·terms on: all N·C of them, scale = 1/N for the mean and 1
 * for the sum, or a row's C for every row
 */
export const cceForward = reduction({
  name: 'cce.forward',
  reads: ['prediction', 'goal'],
  writes: ['loss'],
  params: ['scale'],
  code: /* wgsl */ `
${weightedLogFunction}
fn term(at: u32, k: u32) -> f32 {
  let i = at * dims.terms + k;
  return -weighted_log(goal(i), prediction(i));
}
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** dprediction = −t/p·dloss·scale, 0 where t is 0 and p a number; dloss is one number, or one for each row */
export const cceBackward = kernel({
  name: 'cce.backward',
  reads: ['prediction', 'goal', 'dloss'],
  writes: ['dprediction'],
  dims: ['C', 'each'],
  params: ['scale'],
  code: /* wgsl */ `
${isNanFunction}
fn slope(p: f32, t: f32) -> f32 { return select(-t / p, 0.0, t == 0.0 && !is_nan(p)); }
fn element(i: u32) {
  let n = i / dims.C;
  set_dprediction(i, slope(prediction(i), goal(i)) * dloss(n * dims.each) * params.scale);
}
`,
})

export const forward: Lower<'cce'> = ({ attrs: { reduction }, sizes: { N, C } }) => {
  const bind = { prediction: input('prediction'), goal: input('target'), loss: output('loss') }
  return launches(
    reduction === 'none'
      ? reduce(cceForward, N, C, {
          bind,
          params: { scale: 1 },
          outer: { extent: N, dims: [], slices: { prediction: C, goal: C, loss: 1 } },
        })
      : reduce(cceForward, 1, N * C, { bind, params: { scale: reduction === 'mean' ? 1 / N : 1 } }),
  )
}

export const backward: Lower<'cce'> = ({ attrs: { reduction }, sizes: { N, C } }) => {
  const each = reduction === 'none' ? 1 : 0
  return launches({
    ...elementwise(
      cceBackward,
      N * C,
      {
        prediction: input('prediction'),
        goal: input('target'),
        dloss: cotangent('loss'),
        dprediction: gradient('prediction'),
      },
      { scale: reduction === 'mean' ? 1 / N : 1 },
      { C, each },
    ),
    outer: {
      extent: N,
      dims: [],
      slices: { prediction: C, goal: C, dprediction: C, ...(each === 1 ? { dloss: 1 } : {}) },
    },
  })
}
