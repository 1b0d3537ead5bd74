import { map } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// y = 1 where x ≥ 0, else 0
export const forward: Forward<'step'> = (_, { x }) => ({ y: map(x, (x) => (x >= 0 ? 1 : 0)) })
