import { sizeOf } from '../../spec/tensor.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** y = max(0, x), as 0 where x ≤ 0, so that NaN stays */
export const reluForward = kernel({
  name: 'relu.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, select(x(i), 0.0, x(i) <= 0.0)); }
`,
})

/** dx = dy where x > 0, else 0; asked as x ≤ 0, so that NaN does not pass for a negative number */
export const reluBackward = kernel({
  name: 'relu.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
fn element(i: u32) { set_dx(i, select(dy(i), 0.0, x(i) <= 0.0)); }
`,
})

export const forward: Lower<'relu'> = ({ sizes }) =>
  launches(elementwise(reluForward, sizeOf(sizes.rest), { x: input('x'), y: output('y') }))

export const backward: Lower<'relu'> = ({ sizes }) =>
  launches(elementwise(reluBackward, sizeOf(sizes.rest), { x: input('x'), dy: cotangent('y'), dx: gradient('x') }))
