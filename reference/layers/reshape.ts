import { sizeOf } from '../../spec/tensor.js'
import { at1, reshaped, tabulate1 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = x, element p of one being element p of the other, in row-major order
export const forward: Forward<'reshape'> = ({ shape }, { x }) => ({
  y: reshaped(
    shape,
    tabulate1([sizeOf(x.shape)], (p) => at1(x, p)),
  ),
})

// dx = dy under x's shape
export const backward: Backward<'reshape'> = (_, { x }, { y: dy }) => ({ x: reshaped(x.shape, dy) })
