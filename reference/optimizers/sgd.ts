import { zip } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// w′ = w − η·(g + λ·w)
export const forward: Forward<'sgd'> = ({ learningRate: eta, weightDecay: lambda }, { w, g }) => {
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  return { w: zip((w, g) => w - eta * g, w, gradient) }
}
