import { sizeOf } from '../../spec/tensor.js'
import { log1pFunction, sigmoidFunction } from '../functions.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

// log(1 + e^x) − x·t, with the larger of 0 and x taken out of the logarithm
const cost = /* wgsl */ `
${log1pFunction}
fn cost(x: f32, t: f32) -> f32 { return select(x, 0.0, x <= 0.0) - x * t + log1p_(exp(-abs(x))); }
`

/** loss = scale·Σ (max(x, 0) − x·t + log(1 + e^{−|x|})), scale = 1/n for the mean and 1 for the sum */
export const bceWithLogitsForward = reduction({
  name: 'bceWithLogits.forward',
  reads: ['logits', 'goal'],
  writes: ['loss'],
  params: ['scale'],
  code: /* wgsl */ `
${cost}
fn term(at: u32, k: u32) -> f32 { return cost(logits(k), goal(k)); }
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** loss = max(x, 0) − x·t + log(1 + e^{−|x|}), element by element */
export const bceWithLogitsForwardEach = kernel({
  name: 'bceWithLogits.forward.each',
  reads: ['logits', 'goal'],
  writes: ['loss'],
  code: /* wgsl */ `
${cost}
fn element(i: u32) { set_loss(i, cost(logits(i), goal(i))); }
`,
})

/** dlogits = (σ(x) − t)·dloss·scale; dloss is one number, or one for each element */
export const bceWithLogitsBackward = kernel({
  name: 'bceWithLogits.backward',
  reads: ['logits', 'goal', 'dloss'],
  writes: ['dlogits'],
  dims: ['each'],
  params: ['scale'],
  code: /* wgsl */ `
${sigmoidFunction}
fn element(i: u32) {
  set_dlogits(i, (sigmoid(logits(i)) - goal(i)) * dloss(i * dims.each) * params.scale);
}
`,
})

export const forward: Lower<'bceWithLogits'> = ({ attrs: { reduction }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const bind = { logits: input('logits'), goal: input('target'), loss: output('loss') }
  return launches(
    reduction === 'none'
      ? elementwise(bceWithLogitsForwardEach, n, bind)
      : reduce(bceWithLogitsForward, 1, n, { bind, params: { scale: reduction === 'mean' ? 1 / n : 1 } }),
  )
}

export const backward: Lower<'bceWithLogits'> = ({ attrs: { reduction }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const each = reduction === 'none' ? 1 : 0
  return launches({
    ...elementwise(
      bceWithLogitsBackward,
      n,
      {
        logits: input('logits'),
        goal: input('target'),
        dloss: cotangent('loss'),
        dlogits: gradient('logits'),
      },
      { scale: reduction === 'mean' ? 1 / n : 1 },
      { each },
    ),
    outer: {
      extent: n,
      dims: [],
      slices: { logits: 1, goal: 1, dlogits: 1, ...(each === 1 ? { dloss: 1 } : {}) },
    },
  })
}
