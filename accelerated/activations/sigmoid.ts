import { sigmoidFunction } from '../functions.js'
import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied, pulledBack } from './elementwise.js'

/** y = 1/(1 + e^{−x}) */
export const sigmoidForward = mapping({
  name: 'sigmoid.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
${sigmoidFunction}
fn at(x: f32) -> Values { return Values(sigmoid(x)); }
`,
})

/** dx = dy·y·(1 − y), where 1 − y is the sigmoid of −x */
export const sigmoidBackward = mapping({
  name: 'sigmoid.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
${sigmoidFunction}
fn at(x: f32, dy: f32) -> Values { return Values(dy * (sigmoid(x) * sigmoid(-x))); }
`,
})

export const forward: Lower<'sigmoid'> = ({ sizes }) => applied(sigmoidForward, sizes)

export const backward: Lower<'sigmoid'> = ({ sizes }) => pulledBack(sigmoidBackward, sizes)
