import { f32, zip } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { decayed } from './decayed.js'

// w′ = w − η·(g + λ·w)
export const forward: Forward<'sgd'> = ({ learningRate: eta, weightDecay: lambda }, { w, g }) => ({
  w: zip(w, g, (w, g) => f32(w - f32(eta * decayed(lambda, w, g)))),
})
