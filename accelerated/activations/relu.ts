import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping, pullback } from './elementwise.js'

/** y = max(0, x), as 0 where x ≤ 0, so that NaN stays */
export const reluForward = kernel({
  name: 'relu.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, select(x(i), 0.0, x(i) <= 0.0)); }
`,
})

/**
 * dx = dy where x > 0, else 0; or where x ≥ 0, if the corner's slope is the one to its right. Asked as x ≤ 0, so that NaN
 * does not pass for a negative number.
 */
export const reluBackward = kernel({
  name: 'relu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['right'],
  code: /* wgsl */ `
fn element(i: u32) { set_dx(i, select(dy(i), 0.0, x(i) < 0.0 || (x(i) == 0.0 && dims.right == 0u))); }
`,
})

export const forward: Lower<'relu'> = ({ sizes }) => mapping(reluForward, sizes)

export const backward: Lower<'relu'> = ({ attrs: { kink }, sizes }) =>
  pullback(reluBackward, sizes, {}, { right: kink === 'right' ? 1 : 0 })
