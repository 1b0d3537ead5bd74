import { sizeOf } from '../../spec/tensor.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

// with t = e^{−|x|}, 1/(1 + t) is the sigmoid of |x| and t/(1 + t) that of −|x|: nothing overflows, nothing cancels
const sigmoid = /* wgsl */ `
fn sigmoid(v: f32) -> f32 {
  let t = exp(-abs(v));
  return select(t, 1.0, v >= 0.0) / (1.0 + t);
}
`

/** y = 1/(1 + e^{−x}) */
export const sigmoidForward = kernel({
  name: 'sigmoid.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
${sigmoid}
fn element(i: u32) { set_y(i, sigmoid(x(i))); }
`,
})

/** dx = dy·y·(1 − y), where 1 − y is the sigmoid of −x */
export const sigmoidBackward = kernel({
  name: 'sigmoid.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  code: /* wgsl */ `
${sigmoid}
fn element(i: u32) { set_dx(i, dy(i) * (sigmoid(x(i)) * sigmoid(-x(i)))); }
`,
})

export const forward: Lower<'sigmoid'> = ({ sizes }) =>
  launches(elementwise(sigmoidForward, sizeOf(sizes.rest), { x: input('x'), y: output('y') }))

export const backward: Lower<'sigmoid'> = ({ sizes }) =>
  launches(elementwise(sigmoidBackward, sizeOf(sizes.rest), { x: input('x'), dy: cotangent('y'), dx: gradient('x') }))
