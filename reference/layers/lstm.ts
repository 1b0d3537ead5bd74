import { partOf, scan, scanBack, stacked, sumOfFields, zip } from '../arithmetic.js'
import type { Backward, Forward, GradientFields, InputFields, OutputFields } from '../kernel.js'
import type { SizesOf } from '../../spec/catalogue.js'
import * as lstmCell from './lstmCell.js'

type State = OutputFields<'lstmCell'>

// h[0], c[0] = h0, c0,   h[t+1], c[t+1] = lstmCell(x[t], h[t], c[t])
const statesOf = ({ x, h0, c0, wIh, wHh, b }: InputFields<'lstm'>, sizes: SizesOf<'lstm'>): readonly State[] => {
  const start: State = { h: h0, c: c0 }
  return [
    start,
    ...scan(sizes.T, start, ({ h, c }, t) => lstmCell.forward({}, { x: partOf(x, t), h, c, wIh, wHh, b }, sizes)),
  ]
}

// y[t] = h[t+1],   hT, cT = h[T], c[T]
export const forward: Forward<'lstm'> = (_, inputs, sizes) => {
  const states = statesOf(inputs, sizes)
  const last = states[sizes.T] as State
  return { y: stacked(states.slice(1).map(({ h }) => h)), hT: last.h, cT: last.c }
}

// dh[T], dc[T] = dhT, dcT,   dx[t], dh[t], dc[t] = what lstmCell makes at x[t], h[t], c[t] of dh[t+1] + dy[t] and dc[t+1]
// dh0, dc0 = dh[0], dc[0],   dwIh, dwHh, db = the sums over all steps of what lstmCell makes of them
export const backward: Backward<'lstm'> = (_, inputs, { y: dy, hT: dhT, cT: dcT }, sizes) => {
  const { x, wIh, wHh, b } = inputs
  const states = statesOf(inputs, sizes)
  const steps = scanBack<State, GradientFields<'lstmCell'>>(sizes.T, { h: dhT, c: dcT }, (after, t) => {
    const { h, c } = states[t] as State
    return lstmCell.backward(
      {},
      { x: partOf(x, t), h, c, wIh, wHh, b },
      { h: zip((dh, dy) => dh + dy, after.h, partOf(dy, t)), c: after.c },
      sizes,
    )
  })
  const first = steps[0] as GradientFields<'lstmCell'>
  return {
    x: stacked(steps.map((step) => step.x)),
    h0: first.h,
    c0: first.c,
    wIh: sumOfFields(steps.map((step) => step.wIh)),
    wHh: sumOfFields(steps.map((step) => step.wHh)),
    b: sumOfFields(steps.map((step) => step.b)),
  }
}
