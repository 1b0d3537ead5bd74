import { sizeOf } from '../../spec/tensor.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/** loss = scale·Σ (y − ŷ)², scale = 1/n for the mean and 1 for the sum */
export const mseForward = reduction({
  name: 'mse.forward',
  reads: ['prediction', 'goal'],
  writes: ['loss'],
  params: ['scale'],
  code: /* wgsl */ `
fn term(at: u32, k: u32) -> f32 {
  let difference = prediction(k) - goal(k);
  return difference * difference;
}
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** loss = (y − ŷ)², element by element */
export const mseForwardEach = kernel({
  name: 'mse.forward.each',
  reads: ['prediction', 'goal'],
  writes: ['loss'],
  code: /* wgsl */ `
fn element(i: u32) {
  let difference = prediction(i) - goal(i);
  set_loss(i, difference * difference);
}
`,
})

/** dprediction = 2(y − ŷ)·dloss·scale; dloss is one number, or one for each element */
export const mseBackward = kernel({
  name: 'mse.backward',
  reads: ['prediction', 'goal', 'dloss'],
  writes: ['dprediction'],
  dims: ['each'],
  params: ['scale'],
  code: /* wgsl */ `
fn element(i: u32) {
  set_dprediction(i, 2.0 * (prediction(i) - goal(i)) * dloss(i * dims.each) * params.scale);
}
`,
})

export const forward: Lower<'mse'> = ({ attrs: { reduction }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const bind = { prediction: input('prediction'), goal: input('target'), loss: output('loss') }
  return launches(
    reduction === 'none'
      ? elementwise(mseForwardEach, n, bind)
      : reduce(mseForward, 1, n, { bind, params: { scale: reduction === 'mean' ? 1 / n : 1 } }),
  )
}

export const backward: Lower<'mse'> = ({ attrs: { reduction }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const bind = { prediction: input('prediction'), goal: input('target'), dprediction: gradient('prediction') }
  const each = reduction === 'none' ? 1 : 0
  const launch = elementwise(
    mseBackward,
    n,
    { ...bind, dloss: cotangent('loss') },
    { scale: reduction === 'mean' ? 1 / n : 1 },
    { each },
  )
  const slices = { prediction: 1, goal: 1, dprediction: 1, ...(each === 1 ? { dloss: 1 } : {}) }
  return launches({ ...launch, outer: { extent: n, dims: [], slices } })
}
