import { copied } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y[n,d] = element n·D + d of x in row-major order
export const forward: Forward<'flatten'> = (_, { x }, { N, D }) => ({ y: copied([N, D], x) })

export const backward: Backward<'flatten'> = (_, { x }, { y: dy }) => ({ x: copied(x.shape, dy) })
