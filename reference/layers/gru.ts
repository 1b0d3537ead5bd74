import { partOf, scan, scanBack, stacked, sumOfFields, zip } from '../arithmetic.js'
import type { Backward, Forward, GradientFields, InputFields } from '../kernel.js'
import type { SizesOf } from '../../spec/catalogue.js'
import type { Field } from '../../spec/field.js'
import * as gruCell from './gruCell.js'

// h[0] = h0,   h[t+1] = gruCell(x[t], h[t])
const statesOf = ({ x, h0, wIh, wHh, bIh, bHh }: InputFields<'gru'>, sizes: SizesOf<'gru'>): readonly Field[] => [
  h0,
  ...scan(sizes.T, h0, (h, t) => gruCell.forward({}, { x: partOf(x, t), h, wIh, wHh, bIh, bHh }, sizes).h),
]

// y[t] = h[t+1],   hT = h[T]
export const forward: Forward<'gru'> = (_, inputs, sizes) => {
  const h = statesOf(inputs, sizes)
  return { y: stacked(h.slice(1)), hT: h[sizes.T] as Field }
}

// dh[T] = dhT,   dx[t], dh[t] = what gruCell makes at x[t], h[t] of dh[t+1] + dy[t],   dh0 = dh[0]
// dwIh, dwHh, dbIh, dbHh = the sums over all steps of what gruCell makes of them
export const backward: Backward<'gru'> = (_, inputs, { y: dy, hT: dhT }, sizes) => {
  const { x, wIh, wHh, bIh, bHh } = inputs
  const h = statesOf(inputs, sizes)
  const steps = scanBack<Pick<GradientFields<'gruCell'>, 'h'>, GradientFields<'gruCell'>>(
    sizes.T,
    { h: dhT },
    (after, t) =>
      gruCell.backward(
        {},
        { x: partOf(x, t), h: h[t] as Field, wIh, wHh, bIh, bHh },
        { h: zip((dh, dy) => dh + dy, after.h, partOf(dy, t)) },
        sizes,
      ),
  )
  return {
    x: stacked(steps.map((step) => step.x)),
    h0: (steps[0] as GradientFields<'gruCell'>).h,
    wIh: sumOfFields(steps.map((step) => step.wIh)),
    wHh: sumOfFields(steps.map((step) => step.wHh)),
    bIh: sumOfFields(steps.map((step) => step.bIh)),
    bHh: sumOfFields(steps.map((step) => step.bHh)),
  }
}
