import { expFunction, expm1Function } from '../functions.js'
import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping, pullback } from './elementwise.js'

/** y = x where x ≥ 0, else α·(e^x − 1); the exponential is asked of no positive number, where it may overflow */
export const eluForward = kernel({
  name: 'elu.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['alpha'],
  code: /* wgsl */ `
${expm1Function}
fn element(i: u32) { set_y(i, select(params.alpha * expm1_(select(x(i), 0.0, x(i) > 0.0)), x(i), x(i) >= 0.0)); }
`,
})

/** dx = dy where x ≥ 0, or x > 0 if the corner's slope is the one to its left, else dy·α·e^x */
export const eluBackward = kernel({
  name: 'elu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['left'],
  params: ['alpha'],
  code: /* wgsl */ `
${expFunction}
fn element(i: u32) {
  let is_right = x(i) > 0.0 || (x(i) == 0.0 && dims.left == 0u);
  set_dx(i, select(dy(i) * (params.alpha * exp_(select(x(i), 0.0, x(i) > 0.0))), dy(i), is_right));
}
`,
})

export const forward: Lower<'elu'> = ({ attrs: { alpha }, sizes }) => mapping(eluForward, sizes, { alpha })

export const backward: Lower<'elu'> = ({ attrs: { alpha, kink }, sizes }) =>
  pullback(eluBackward, sizes, { alpha }, { left: kink === 'left' ? 1 : 0 })
