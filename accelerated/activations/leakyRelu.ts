import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied, pulledBack } from './elementwise.js'

/** y = x where x > 0, else α·x */
export const leakyReluForward = mapping({
  name: 'leakyRelu.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['alpha'],
  code: /* wgsl */ `
fn at(x: f32) -> Values { return Values(select(params.alpha * x, x, x > 0.0)); }
`,
})

/** dx = dy where x > 0, or x ≥ 0 if the corner's slope is the one to its right, else α·dy */
export const leakyReluBackward = mapping({
  name: 'leakyRelu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['right'],
  params: ['alpha'],
  code: /* wgsl */ `
fn at(x: f32, dy: f32) -> Values {
  return Values(select(params.alpha * dy, dy, x > 0.0 || (x == 0.0 && dims.right == 1u)));
}
`,
})

export const forward: Lower<'leakyRelu'> = ({ attrs: { alpha }, sizes }) => applied(leakyReluForward, sizes, { alpha })

export const backward: Lower<'leakyRelu'> = ({ attrs: { alpha, kink }, sizes }) =>
  pulledBack(leakyReluBackward, sizes, { alpha }, { right: kink === 'right' ? 1 : 0 })
