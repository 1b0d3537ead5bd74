import { tanhFunction } from '../functions.js'
import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied, pulledBack } from './elementwise.js'

/** y = tanh x */
export const tanhForward = mapping({
  name: 'tanh.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
${tanhFunction}
fn at(x: f32) -> Values { return Values(tanh_(x)); }
`,
})

/** dx = dy·(1 − y)·(1 + y) */
export const tanhBackward = mapping({
  name: 'tanh.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
${tanhFunction}
fn at(x: f32, dy: f32) -> Values {
  let y = tanh_(x);
  return Values(dy * ((1.0 - y) * (1.0 + y)));
}
`,
})

export const forward: Lower<'tanh'> = ({ sizes }) => applied(tanhForward, sizes)

export const backward: Lower<'tanh'> = ({ sizes }) => pulledBack(tanhBackward, sizes)
