import { sizeOf } from '../../spec/tensor.js'
import { weightedLogFunction } from '../functions.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

// −(t·log p + (1−t)·log(1−p))
const surprise = /* wgsl */ `
${weightedLogFunction}
fn surprise(p: f32, t: f32) -> f32 { return -(weighted_log(t, p) + weighted_log(1.0 - t, 1.0 - p)); }
`

/** loss = −scale·Σ (t·log p + (1−t)·log(1−p)), scale = 1/n for the mean and 1 for the sum */
export const bceForward = reduction({
  name: 'bce.forward',
  reads: ['prediction', 'goal'],
  writes: ['loss'],
  params: ['scale'],
  code: /* wgsl */ `
${surprise}
fn term(at: u32, k: u32) -> f32 { return surprise(prediction(k), goal(k)); }
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** loss = −(t·log p + (1−t)·log(1−p)), element by element */
export const bceForwardEach = kernel({
  name: 'bce.forward.each',
  reads: ['prediction', 'goal'],
  writes: ['loss'],
  code: /* wgsl */ `
${surprise}
fn element(i: u32) { set_loss(i, surprise(prediction(i), goal(i))); }
`,
})

/** dprediction = (p − t)/(p·(1−p))·dloss·scale; dloss is one number, or one for each element */
export const bceBackward = kernel({
  name: 'bce.backward',
  reads: ['prediction', 'goal', 'dloss'],
  writes: ['dprediction'],
  dims: ['each'],
  params: ['scale'],
  code: /* wgsl */ `
fn slope(p: f32, t: f32) -> f32 {
  if (t == 0.0) { return 1.0 / (1.0 - p); }
  if (t == 1.0) { return -1.0 / p; }
  return (p - t) / (p * (1.0 - p));
}
fn element(i: u32) {
  set_dprediction(i, slope(prediction(i), goal(i)) * dloss(i * dims.each) * params.scale);
}
`,
})

export const forward: Lower<'bce'> = ({ attrs: { reduction }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const bind = { prediction: input('prediction'), goal: input('target'), loss: output('loss') }
  return launches(
    reduction === 'none'
      ? elementwise(bceForwardEach, n, bind)
      : reduce(bceForward, 1, n, { bind, params: { scale: reduction === 'mean' ? 1 / n : 1 } }),
  )
}

export const backward: Lower<'bce'> = ({ attrs: { reduction }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const each = reduction === 'none' ? 1 : 0
  return launches({
    ...elementwise(
      bceBackward,
      n,
      {
        prediction: input('prediction'),
        goal: input('target'),
        dloss: cotangent('loss'),
        dprediction: gradient('prediction'),
      },
      { scale: reduction === 'mean' ? 1 / n : 1 },
      { each },
    ),
    outer: {
      extent: n,
      dims: [],
      slices: { prediction: 1, goal: 1, dprediction: 1, ...(each === 1 ? { dloss: 1 } : {}) },
    },
  })
}
