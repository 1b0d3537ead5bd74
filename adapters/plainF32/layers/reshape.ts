import { copied } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// the same numbers in the same order
export const forward: Forward<'reshape'> = ({ shape }, { x }) => ({ y: copied(shape, x) })

export const backward: Backward<'reshape'> = (_, { x }, { y: dy }) => ({ x: copied(x.shape, dy) })
