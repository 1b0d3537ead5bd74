import { at1, map, scalarOf, total } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// loss = β/2 Σ w²
export const forward: Forward<'l2Penalty'> = ({ beta }, { w }) => ({
  loss: scalarOf((beta / 2) * total(map((w) => w * w, w))),
})

// dw = β·w·dloss
export const backward: Backward<'l2Penalty'> = ({ beta }, { w }, { loss: dloss }) => ({
  w: map((w) => beta * w * at1(dloss, 0), w),
})
