import type { Setting, Space } from './space.js'

/** A function whose least value is known, to hold searchers by. */
export interface TestFunction {
  readonly space: Space
  readonly at: (setting: Setting) => number
  readonly minimum: number
}

/**
 * Branin's function.
 *
 *   f = (y − 5.1/(4π²)·x² + 5/π·x − 6)² + 10·(1 − 1/(8π))·cos x + 10,   x ∈ [−5, 10], y ∈ [0, 15]
 *
 * Source  Dixon and Szegö, "Towards global optimisation 2", 1978: minimum 0.397887 at three points
 */
export const branin: TestFunction = {
  space: { x: { kind: 'real', from: -5, to: 10 }, y: { kind: 'real', from: 0, to: 15 } },
  minimum: 0.397887,
  at: (setting) => {
    const [x, y] = [Number(setting['x']), Number(setting['y'])]
    return (
      (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 +
      10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) +
      10
    )
  },
}

const alpha = [1, 1.2, 3, 3.2]
const steepness = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
]
const centres = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]
const six = Array.from({ length: 6 }, (_, i) => `x${i + 1}`)

/**
 * Hartmann's function of six numbers in [0, 1].
 *
 *   f = −Σ_i α_i·exp(−Σ_j A_ij·(x_j − P_ij)²)
 *
 * Source  Dixon and Szegö, 1978: minimum −3.32237
 */
export const hartmann6: TestFunction = {
  space: Object.fromEntries(six.map((name) => [name, { kind: 'real', from: 0, to: 1 } as const])),
  minimum: -3.32237,
  at: (setting) =>
    -alpha.reduce((sum, weight, i) => {
      const exponent = six.reduce(
        (s, name, j) => s + (steepness[i]?.[j] as number) * (Number(setting[name]) - (centres[i]?.[j] as number)) ** 2,
        0,
      )
      return sum + weight * Math.exp(-exponent)
    }, 0),
}
