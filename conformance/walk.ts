/**
 * Gate S, the random walk of a sum: with i.i.d. signed data a sum of K products rounds like a random walk of scale
 * s = u·√(S₂(1 + K/6)/3 + K·y²/9), u = 2⁻²⁴, S₂ the op on squared operands. It sees tf32, f16 or Winograd inside a sum
 * whose bound, right for any order and any data, lets them pass.
 *
 * Of 256 elements of an output or more the root mean square of error ÷ s is at most 2 and the largest at most 8, as
 * measured of right sums, which stay below 0.9 and 5. What fewer may reach is derived. A right sum rounds to nearest, by
 * errors of independent signs that are each at most u|v| of the partial result v; so its error is sub-Gaussian of variance
 * u²·Σv² = 3s² at most (Hoeffding), and for n elements
 *
 *   P(mean (e/s)² > t) ≤ exp(−n/2·(t/3 − 1 − ln(t/3))),   P(max |e/s| > m) ≤ 2n·exp(−m²/6)
 *
 * t and m are where these are 10⁻¹²: a run of 10⁵ outputs has a false alarm once in 10⁷. Outputs of few elements tell
 * little each, so those of all cases of a line are joined and held to the same limits: from some thousand elements on the
 * root mean square may be 2. (Plain f32 comes to 0.8 at most, and to 0.45 of the limits in 18,000 small cases.)
 */

/** What the elements of an output come to, or of outputs that are joined. */
export interface Walk {
  /** root mean square of error ÷ s, and the largest */
  readonly rms: number
  readonly max: number
  /** elements that round at all */
  readonly count: number
}

/** The most that errors over s may be. */
export type Limits = Pick<Walk, 'rms' | 'max'>

/** The random-walk grade of one output, or of all small ones of its name, under its limits. */
export interface Walked extends Walk {
  readonly output: string
  readonly limits: Limits
  readonly within: boolean
}

const falseAlarm = 1e-12

/** From so many elements on limits are those that were measured, and an output is graded by itself. */
export const manyElements = 256

// x − 1 − ln x = c for x > 1, by Newton's method from above
const solved = (c: number): number => {
  let x = 1 + c + Math.sqrt(2 * c)
  for (let step = 0; step < 30; step++) x -= (x - 1 - Math.log(x) - c) / (1 - 1 / x)
  return x
}

/** The most that errors over s may be of so many elements: by a root mean square, and each. */
export const limitsOf = (count: number): Limits => ({
  rms: Math.max(2, Math.sqrt(3 * solved((-2 * Math.log(falseAlarm)) / count))),
  max: Math.max(8, Math.sqrt(6 * Math.log((2 * count) / falseAlarm))),
})

/** The same for an output by itself. */
export const limitsAlone = (count: number): Limits => (count >= manyElements ? { rms: 2, max: 8 } : limitsOf(count))

const under = (limits: Limits, output: string, walk: Walk): Walked => ({
  ...walk,
  output,
  limits,
  within: walk.rms <= limits.rms && walk.max <= limits.max,
})

export const graded = (output: string, walk: Walk): Walked => under(limitsAlone(walk.count), output, walk)

/** The walks of small outputs so far, joined by the outputs' names; one that is large stands for itself. */
export const joinedWith = (joined: readonly Walked[], walks: readonly Walked[]): readonly Walked[] =>
  walks
    .filter(({ count }) => count < manyElements)
    .reduce<readonly Walked[]>((soFar, walk) => {
      const other = soFar.find(({ output }) => output === walk.output) ?? { rms: 0, max: 0, count: 0 }
      const count = other.count + walk.count
      const together = {
        rms: Math.sqrt((other.count * other.rms ** 2 + walk.count * walk.rms ** 2) / count),
        max: Math.max(other.max, walk.max),
        count,
      }
      return [...soFar.filter(({ output }) => output !== walk.output), under(limitsOf(count), walk.output, together)]
    }, joined)
