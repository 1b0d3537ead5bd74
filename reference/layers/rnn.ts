import { partOf, scan, scanBack, stacked, sumOfFields, zip } from '../arithmetic.js'
import type { Backward, Forward, GradientFields, InputFields } from '../kernel.js'
import type { SizesOf } from '../../spec/catalogue.js'
import type { Field } from '../../spec/field.js'
import * as rnnCell from './rnnCell.js'

// h[0] = h0,   h[t+1] = rnnCell(x[t], h[t])
const statesOf = ({ x, h0, wIh, wHh, b }: InputFields<'rnn'>, sizes: SizesOf<'rnn'>): readonly Field[] => [
  h0,
  ...scan(sizes.T, h0, (h, t) => rnnCell.forward({}, { x: partOf(x, t), h, wIh, wHh, b }, sizes).h),
]

// y[t] = h[t+1],   hT = h[T]
export const forward: Forward<'rnn'> = (_, inputs, sizes) => {
  const h = statesOf(inputs, sizes)
  return { y: stacked(h.slice(1)), hT: h[sizes.T] as Field }
}

// dh[T] = dhT,   dx[t], dh[t] = what rnnCell makes at x[t], h[t] of dh[t+1] + dy[t],   dh0 = dh[0]
// dwIh, dwHh, db = the sums over all steps of what rnnCell makes of them
export const backward: Backward<'rnn'> = (_, inputs, { y: dy, hT: dhT }, sizes) => {
  const { x, wIh, wHh, b } = inputs
  const h = statesOf(inputs, sizes)
  const steps = scanBack<Pick<GradientFields<'rnnCell'>, 'h'>, GradientFields<'rnnCell'>>(
    sizes.T,
    { h: dhT },
    (after, t) =>
      rnnCell.backward(
        {},
        { x: partOf(x, t), h: h[t] as Field, wIh, wHh, b },
        { h: zip((dh, dy) => dh + dy, after.h, partOf(dy, t)) },
        sizes,
      ),
  )
  return {
    x: stacked(steps.map((step) => step.x)),
    h0: (steps[0] as GradientFields<'rnnCell'>).h,
    wIh: sumOfFields(steps.map((step) => step.wIh)),
    wHh: sumOfFields(steps.map((step) => step.wHh)),
    b: sumOfFields(steps.map((step) => step.b)),
  }
}
