import { log1pFunction, sigmoidFunction } from '../functions.js'
import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied, pulledBack } from './elementwise.js'

/** y = max(x, 0) + ln(1 + e^{−|βx|})/β; asked as x ≤ 0, so that NaN does not pass for a negative number */
export const softplusForward = mapping({
  name: 'softplus.forward',
  reads: ['x'],
  writes: ['y'],
  params: ['beta'],
  code: /* wgsl */ `
${log1pFunction}
fn at(x: f32) -> Values {
  return Values(select(x, 0.0, x <= 0.0) + log1p_(exp(-abs(params.beta * x))) / params.beta);
}
`,
})

/** dx = dy·σ(βx) */
export const softplusBackward = mapping({
  name: 'softplus.backward',
  reads: ['x', 'dy'],
  writes: ['dx'],
  params: ['beta'],
  code: /* wgsl */ `
${sigmoidFunction}
fn at(x: f32, dy: f32) -> Values { return Values(dy * sigmoid(params.beta * x)); }
`,
})

export const forward: Lower<'softplus'> = ({ attrs: { beta }, sizes }) => applied(softplusForward, sizes, { beta })

export const backward: Lower<'softplus'> = ({ attrs: { beta }, sizes }) => pulledBack(softplusBackward, sizes, { beta })
