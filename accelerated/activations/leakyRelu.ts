import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping, pullback } from './elementwise.js'

/** y = x where x > 0, else α·x */
export const leakyReluForward = kernel({
  name: 'leakyRelu.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['alpha'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, select(params.alpha * x(i), x(i), x(i) > 0.0)); }
`,
})

/** dx = dy where x > 0, or x ≥ 0 if the corner's slope is the one to its right, else α·dy */
export const leakyReluBackward = kernel({
  name: 'leakyRelu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['right'],
  params: ['alpha'],
  code: /* wgsl */ `
fn element(i: u32) {
  set_dx(i, select(params.alpha * dy(i), dy(i), x(i) > 0.0 || (x(i) == 0.0 && dims.right == 1u)));
}
`,
})

export const forward: Lower<'leakyRelu'> = ({ attrs: { alpha }, sizes }) => mapping(leakyReluForward, sizes, { alpha })

export const backward: Lower<'leakyRelu'> = ({ attrs: { alpha, kink }, sizes }) =>
  pullback(leakyReluBackward, sizes, { alpha }, { right: kink === 'right' ? 1 : 0 })
