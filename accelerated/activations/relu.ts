import { input, savedOutput } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied, pulledBack } from './elementwise.js'

/** y = max(0, x), as 0 where x ≤ 0, so that NaN stays */
export const reluForward = mapping({
  name: 'relu.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn at(x: f32) -> Values { return Values(select(x, 0.0, x <= 0.0)); }
`,
})

/**
 * dx = dy where x > 0, else 0; or where x ≥ 0, if the corner's slope is the one to its right. Asked as x ≤ 0, so that NaN
 * does not pass for a negative number.
 */
export const reluBackward = mapping({
  name: 'relu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  dims: ['right'],
  code: /* wgsl */ `
fn at(x: f32, dy: f32) -> Values {
  return Values(select(dy, 0.0, (x < 0.0) | ((x == 0.0) & (dims.right == 0u))));
}
`,
})

export const forward: Lower<'relu'> = ({ sizes }) => applied(reluForward, sizes)

// where x > 0, y is, so that x itself need not be kept
export const backward: Lower<'relu'> = ({ attrs: { kink }, sizes, saved }) =>
  pulledBack(
    reluBackward,
    sizes,
    {},
    { right: kink === 'right' ? 1 : 0 },
    kink === 'left' && saved('y') ? savedOutput('y') : input('x'),
  )
