import { sizeOf } from '../../spec/tensor.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/** loss = half·Σ w², half = β/2 */
export const l2PenaltyForward = reduction({
  name: 'l2Penalty.forward',
  reads: ['w'],
  writes: ['loss'],
  params: ['half'],
  code: /* wgsl */ `
fn term(at: u32, k: u32) -> f32 { return w(k) * w(k); }
fn finish(at: u32, sum: f32) { set_loss(at, params.half * sum); }
`,
})

/** dw = β·w·dloss */
export const l2PenaltyBackward = kernel({
  name: 'l2Penalty.backward',
  reads: ['w', 'dloss'],
  writes: ['dw'],
  params: ['beta'],
  code: /* wgsl */ `
fn element(i: u32) { set_dw(i, params.beta * w(i) * dloss(0u)); }
`,
})

export const forward: Lower<'l2Penalty'> = ({ attrs: { beta }, sizes }) =>
  launches(
    reduce(l2PenaltyForward, 1, sizeOf(sizes.rest), {
      bind: { w: input('w'), loss: output('loss') },
      params: { half: beta / 2 },
    }),
  )

export const backward: Lower<'l2Penalty'> = ({ attrs: { beta }, sizes }) => {
  const n = sizeOf(sizes.rest)
  const bind = { w: input('w'), dloss: cotangent('loss'), dw: gradient('w') }
  return launches({
    ...elementwise(l2PenaltyBackward, n, bind, { beta }),
    outer: { extent: n, dims: [], slices: { w: 1, dw: 1 } },
  })
}
