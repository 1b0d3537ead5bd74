import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/**
 * loss[at] = −scale·Σ t·log p over `terms` elements from at·terms on: all N·C of them, scale = 1/N for the mean and 1
 * for the sum, or a row's C for every row. Where t is 0 no logarithm is taken, since WGSL's log(0) may be any number.
 */
export const cceForward = reduction({
  name: 'cce.forward',
  reads: ['prediction', 'goal'],
  writes: ['loss'],
  params: ['scale'],
  code: /* wgsl */ `
fn term(at: u32, k: u32) -> f32 {
  let i = at * dims.terms + k;
  let t = goal(i);
  if (t == 0.0) { return 0.0; }
  return -t * log(prediction(i));
}
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** dprediction = −t/p·dloss·scale, 0 where t is 0; dloss is one number, or one for each row */
export const cceBackward = kernel({
  name: 'cce.backward',
  reads: ['prediction', 'goal', 'dloss'],
  writes: ['dprediction'],
  dims: ['C', 'each'],
  params: ['scale'],
  code: /* wgsl */ `
fn slope(p: f32, t: f32) -> f32 {
  if (t == 0.0) { return 0.0; }
  return -t / p;
}
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
