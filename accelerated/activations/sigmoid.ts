import { sigmoidFunction } from '../functions.js'
import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping, pullback } from './elementwise.js'

/** y = 1/(1 + e^{−x}) */
export const sigmoidForward = kernel({
  name: 'sigmoid.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
${sigmoidFunction}
fn element(i: u32) { set_y(i, sigmoid(x(i))); }
`,
})

/** dx = dy·y·(1 − y), where 1 − y is the sigmoid of −x */
export const sigmoidBackward = kernel({
  name: 'sigmoid.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
${sigmoidFunction}
fn element(i: u32) { set_dx(i, dy(i) * (sigmoid(x(i)) * sigmoid(-x(i)))); }
`,
})

export const forward: Lower<'sigmoid'> = ({ sizes }) => mapping(sigmoidForward, sizes)

export const backward: Lower<'sigmoid'> = ({ sizes }) => pullback(sigmoidBackward, sizes)
