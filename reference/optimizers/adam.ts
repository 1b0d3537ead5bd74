import { at1, scalarOf, zip, zip3 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// t = step + 1        G = g + λ·w        m′ = β₁·m + (1−β₁)·G        v′ = β₂·v + (1−β₂)·G²
// w′ = w − η·(m′/(1−β₁ᵗ))/(√(v′/(1−β₂ᵗ)) + ε)        step′ = t
export const forward: Forward<'adam'> = (
  { learningRate: eta, beta1, beta2, epsilon, weightDecay: lambda },
  { w, g, m: mBefore, v: vBefore, step },
) => {
  const t = at1(step, 0) + 1
  const [correction1, correction2] = [1 - beta1 ** t, 1 - beta2 ** t]
  const gradient = lambda === 0 ? g : zip((g, w) => g + lambda * w, g, w)
  const m = zip((m, g) => beta1 * m + (1 - beta1) * g, mBefore, gradient)
  const v = zip((v, g) => beta2 * v + (1 - beta2) * (g * g), vBefore, gradient)
  return {
    w: zip3((w, m, v) => w - (eta * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon), w, m, v),
    m,
    v,
    step: scalarOf(t),
  }
}
