import { zip } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// y = a + b
export const forward: Forward<'add'> = (_, { a, b }) => ({ y: zip((a, b) => a + b, a, b) })

// da = dy, db = dy
export const backward: Backward<'add'> = (_, __, { y: dy }) => ({ a: dy, b: dy })
