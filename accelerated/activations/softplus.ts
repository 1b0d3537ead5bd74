import { log1pFunction, sigmoidFunction } from '../functions.js'
import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping, pullback } from './elementwise.js'

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

export const forward: Lower<'softplus'> = ({ attrs: { beta }, sizes }) => mapping(softplusForward, sizes, { beta })

export const backward: Lower<'softplus'> = ({ attrs: { beta }, sizes }) => pullback(softplusBackward, sizes, { beta })
