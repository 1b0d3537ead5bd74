import { CholeskyDecomposition, Matrix } from 'ml-matrix'

/**
 * Gaussian process regression with Matérn's covariance of ν = 5/2, a length for each group of coordinates, and noise.
 *
 *   k(x, x′) = (1 + √5 r + 5/3 r²)·exp(−√5 r),   r² = Σ ((x_i − x′_i)/ℓ_i)²
 *   mean(x) = m + s·kᵀ K⁻¹ z      variance(x) = s²·(1 − kᵀ K⁻¹ k)      K = k(X, X) + σ²·1,   z = (y − m)/s
 *
 * m and s are mean and standard deviation of y. Lengths and noise are those of the largest likelihood that a search coordinate by
 * coordinate finds, with a weak prior that keeps a length that nothing is known of near 1.
 *
 * Source  Rasmussen and Williams, "Gaussian processes for machine learning", 2006, (2.25), (2.26), (2.30), (4.17)
 */
export interface GaussianProcess {
  readonly predict: (x: readonly number[]) => { readonly mean: number; readonly deviation: number }
  /** of each group of coordinates */
  readonly lengths: readonly number[]
  /** standard deviation of the noise, in units of y */
  readonly noise: number
  readonly logLikelihood: number
}

interface Shape {
  /** ln ℓ of each group */
  readonly lengths: readonly number[]
  /** ln σ², of y with variance 1 */
  readonly noise: number
}

const matern = (squared: number): number => {
  const r = Math.sqrt(5 * squared)
  return (1 + r + (r * r) / 3) * Math.exp(-r)
}

const between = (
  x: readonly number[],
  y: readonly number[],
  groups: readonly number[],
  inverse: readonly number[],
): number =>
  matern(
    x.reduce((sum, value, i) => sum + ((value - (y[i] as number)) * (inverse[groups[i] as number] as number)) ** 2, 0),
  )

// a nugget that keeps K positive definite where two points are one
const jitter = 1e-8

interface Fitted {
  readonly cholesky: CholeskyDecomposition
  readonly weights: Matrix
  readonly logLikelihood: number
  readonly inverse: readonly number[]
}

const fitted = (
  xs: readonly (readonly number[])[],
  z: readonly number[],
  groups: readonly number[],
  { lengths, noise }: Shape,
): Fitted => {
  const inverse = lengths.map((length) => Math.exp(-length))
  const n = xs.length
  const rows = xs.map((x, i) =>
    xs.map((y, j) => (i === j ? 1 + Math.exp(noise) + jitter : j < i ? between(x, y, groups, inverse) : 0)),
  )
  // the other half is the same
  const kernel = new Matrix(rows.map((row, i) => row.map((value, j) => (j > i ? (rows[j]?.[i] as number) : value))))
  const cholesky = new CholeskyDecomposition(kernel)
  const weights = cholesky.solve(Matrix.columnVector([...z]))
  const lower = cholesky.lowerTriangularMatrix
  const logDeterminant = z.reduce((sum, _, i) => sum + Math.log(lower.get(i, i)), 0)
  const fit = z.reduce((sum, value, i) => sum + value * weights.get(i, 0), 0)
  return {
    cholesky,
    weights,
    inverse,
    logLikelihood: -0.5 * fit - logDeterminant - 0.5 * n * Math.log(2 * Math.PI),
  }
}

// what is known beforehand: lengths of about the unit, and little noise
const prior = ({ lengths, noise }: Shape): number =>
  -lengths.reduce((sum, length) => sum + 0.5 * (length / 1.2) ** 2, 0) - 0.5 * ((noise + 7) / 3) ** 2

const steps = [1, -1, 0.4, -0.4]
const rounds = 6

/** The likeliest shape, coordinate by coordinate. */
const likeliest = (
  xs: readonly (readonly number[])[],
  z: readonly number[],
  groups: readonly number[],
  count: number,
): Shape => {
  const valueOf = (shape: Shape): number => {
    const value = fitted(xs, z, groups, shape).logLikelihood + prior(shape)
    return Number.isFinite(value) ? value : -Infinity
  }
  const start: Shape = { lengths: Array.from({ length: count }, () => -0.7), noise: -7 }
  return Array.from({ length: rounds }).reduce<{ readonly shape: Shape; readonly value: number }>(
    (best) =>
      Array.from({ length: count + 1 }, (_, at) => at).reduce(
        (best, at) =>
          steps
            .map((step): Shape =>
              at === count
                ? { ...best.shape, noise: Math.max(best.shape.noise + 2 * step, -14) }
                : {
                    ...best.shape,
                    lengths: best.shape.lengths.map((length, i) => (i === at ? length + step : length)),
                  },
            )
            .reduce((best, shape) => {
              const value = valueOf(shape)
              return value > best.value ? { shape, value } : best
            }, best),
        best,
      ),
    { shape: start, value: valueOf(start) },
  ).shape
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** The process given values at points, at least one; `groups` says which coordinates share a length. */
export const gaussianProcess = (
  xs: readonly (readonly number[])[],
  ys: readonly number[],
  groups: readonly number[],
): GaussianProcess => {
  const mean = meanOf(ys)
  const spread = Math.sqrt(meanOf(ys.map((y) => (y - mean) ** 2)))
  const scale = spread > 0 ? spread : 1
  const z = ys.map((y) => (y - mean) / scale)
  const count = Math.max(0, ...groups.map((group) => group + 1))
  const shape = likeliest(xs, z, groups, count)
  const { cholesky, weights, inverse, logLikelihood } = fitted(xs, z, groups, shape)
  return {
    lengths: shape.lengths.map(Math.exp),
    noise: scale * Math.exp(shape.noise / 2),
    logLikelihood,
    predict: (x) => {
      const k = xs.map((y) => between(x, y, groups, inverse))
      const solved = cholesky.solve(Matrix.columnVector(k))
      const [along, explained] = k.reduce<readonly [number, number]>(
        ([a, b], value, i) => [a + value * weights.get(i, 0), b + value * solved.get(i, 0)],
        [0, 0],
      )
      return { mean: mean + scale * along, deviation: scale * Math.sqrt(Math.max(1 - explained, 0)) }
    },
  }
}

// Abramowitz and Stegun, 7.1.26: |error| < 1.5·10⁻⁷
const errorFunction = (x: number): number => {
  const k = 1 / (1 + 0.3275911 * Math.abs(x))
  const tail =
    k * (0.254829592 + k * (-0.284496736 + k * (1.421413741 + k * (-1.453152027 + k * 1.061405429)))) * Math.exp(-x * x)
  return x < 0 ? tail - 1 : 1 - tail
}

/**
 * The improvement that is to be expected below the least value so far, of a normal belief.
 *
 *   EI = (best − μ)·Φ(u) + σ·φ(u),   u = (best − μ)/σ
 *
 * Source  Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box functions", 1998
 */
export const expectedImprovement = (
  best: number,
  { mean, deviation }: { readonly mean: number; readonly deviation: number },
): number => {
  if (deviation === 0) return Math.max(best - mean, 0)
  const u = (best - mean) / deviation
  const density = Math.exp(-0.5 * u * u) / Math.sqrt(2 * Math.PI)
  return Math.max((best - mean) * 0.5 * (1 + errorFunction(u / Math.SQRT2)) + deviation * density, 0)
}
