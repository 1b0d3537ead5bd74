import { tanhFunction } from '../functions.js'
import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping, pullback } from './elementwise.js'

/** y = tanh x */
export const tanhForward = kernel({
  name: 'tanh.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
${tanhFunction}
fn element(i: u32) { set_y(i, tanh_(x(i))); }
`,
})

/** dx = dy·(1 − y)·(1 + y) */
export const tanhBackward = kernel({
  name: 'tanh.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
${tanhFunction}
fn element(i: u32) {
  let y = tanh_(x(i));
  set_dx(i, dy(i) * ((1.0 - y) * (1.0 + y)));
}
`,
})

export const forward: Lower<'tanh'> = ({ sizes }) => mapping(tanhForward, sizes)

export const backward: Lower<'tanh'> = ({ sizes }) => pullback(tanhBackward, sizes)
