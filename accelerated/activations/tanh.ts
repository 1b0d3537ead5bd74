import { sizeOf } from '../../spec/tensor.js'
import { tanhFunction } from '../functions.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

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

export const forward: Lower<'tanh'> = ({ sizes }) =>
  launches(elementwise(tanhForward, sizeOf(sizes.rest), { x: input('x'), y: output('y') }))

export const backward: Lower<'tanh'> = ({ sizes }) =>
  launches(elementwise(tanhBackward, sizeOf(sizes.rest), { x: input('x'), dy: cotangent('y'), dx: gradient('x') }))
