import { sizeOf } from '../../spec/tensor.js'
import { log1pFunction, sigmoidFunction } from '../functions.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** y = max(x, 0) + ln(1 + e^{−|βx|})/β; asked as x ≤ 0, so that NaN does not pass for a negative number */
export const softplusForward = kernel({
  name: 'softplus.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['beta'],
  code: /* wgsl */ `
${log1pFunction}
fn element(i: u32) {
  let v = x(i);
  set_y(i, select(v, 0.0, v <= 0.0) + log1p_(exp(-abs(params.beta * v))) / params.beta);
}
`,
})

/** dx = dy·σ(βx) */
export const softplusBackward = kernel({
  name: 'softplus.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  params: ['beta'],
  code: /* wgsl */ `
${sigmoidFunction}
fn element(i: u32) { set_dx(i, dy(i) * sigmoid(params.beta * x(i))); }
`,
})

export const forward: Lower<'softplus'> = ({ attrs: { beta }, sizes }) =>
  launches(elementwise(softplusForward, sizeOf(sizes.rest), { x: input('x'), y: output('y') }, { beta }))

export const backward: Lower<'softplus'> = ({ attrs: { beta }, sizes }) =>
  launches(
    elementwise(
      softplusBackward,
      sizeOf(sizes.rest),
      { x: input('x'), dy: cotangent('y'), dx: gradient('x') },
      { beta },
    ),
  )
