import { expFunction, expm1Function } from '../functions.js'
import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied, pulledBack } from './elementwise.js'

/** y = x where x ≥ 0, else α·(e^x − 1); the exponential is asked of no positive number, where it may overflow */
export const eluForward = mapping({
  name: 'elu.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['alpha'],
  code: /* wgsl */ `
${expm1Function}
fn at(x: f32) -> Values { return Values(select(params.alpha * expm1_(select(x, 0.0, x > 0.0)), x, x >= 0.0)); }
`,
})

/** dx = dy where x ≥ 0, or x > 0 if the corner's slope is the one to its left, else dy·α·e^x */
export const eluBackward = mapping({
  name: 'elu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['left'],
  params: ['alpha'],
  code: /* wgsl */ `
${expFunction}
fn at(x: f32, dy: f32) -> Values {
  let is_right = x > 0.0 || (x == 0.0 && dims.left == 0u);
  return Values(select(dy * (params.alpha * exp_(select(x, 0.0, x > 0.0))), dy, is_right));
}
`,
})

export const forward: Lower<'elu'> = ({ attrs: { alpha }, sizes }) => applied(eluForward, sizes, { alpha })

export const backward: Lower<'elu'> = ({ attrs: { alpha, kink }, sizes }) =>
  pulledBack(eluBackward, sizes, { alpha }, { left: kink === 'left' ? 1 : 0 })
