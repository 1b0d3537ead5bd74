/** The value at a fraction of the way through the sorted numbers, linear between neighbours; NaN of none. */
export const quantile = (numbers: readonly number[], fraction: number): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const place = fraction * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** The middle of a list of numbers, the mean of the middle two if their count is even; NaN of none. */
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5)

// so many signs are all tried: 2²⁰ sums
const mostPairs = 20

/**
 * The exact permutation test of pairs: the chance that differences of these sizes, each as likely to have been the other
 * way round, add up to as much as they do, or more. Small where they lie above 0 together.
 *
 *   p = #{s ∈ {−1, 1}ⁿ : Σ sᵢ|dᵢ| ≥ Σ dᵢ} / 2ⁿ
 *
 * One side. It asks nothing of how the noise is distributed but that a pair with no difference may as well be turned round;
 * the least that it can say is 2⁻ⁿ. Of more than 20 pairs the sums of neighbours stand for them, which are pairs as good.
 *
 * Source  Fisher, "The Design of Experiments", 1935, section 21
 */
export const pairedPermutation = (differences: readonly number[]): number => {
  if (differences.length > mostPairs) {
    const half = Math.ceil(differences.length / 2)
    return pairedPermutation(
      Array.from({ length: half }, (_, i) => (differences[2 * i] as number) + (differences[2 * i + 1] ?? 0)),
    )
  }
  const found = differences.reduce((sum, d) => sum + d, 0)
  const sizes = differences.map(Math.abs)
  // sums in another order round otherwise: what is equal but for that counts as equal
  const slack = 1e-12 * sizes.reduce((sum, d) => sum + d, 0)
  let sums = [0]
  for (const size of sizes) sums = sums.flatMap((sum) => [sum + size, sum - size])
  return sums.filter((sum) => sum >= found - slack).length / sums.length
}

/**
 * Mann and Whitney's U of two samples, and the exact chance of one as large or larger where both are drawn alike: U counts
 * the pairs in which the first is above the second, ties as half.
 *
 *   #(u, m, n) = #(u − n, m − 1, n) + #(u, m, n − 1),   p = Σ_{u ≥ U} #(u, m, n) / (m+n choose m)
 *
 * One side. Exact without ties; with some, what is said is at most the true chance's neighbour below.
 *
 * Source  Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other", 1947
 */
export const mannWhitney = (
  first: readonly number[],
  second: readonly number[],
): { readonly U: number; readonly p: number } => {
  const U = first
    .flatMap((a) => second.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
    .reduce<number>((sum, part) => sum + part, 0)
  const [m, n] = [first.length, second.length]
  // counts[j][u]: in how many orders of i of the first and j of the second U is u
  let counts: readonly (readonly number[])[] = Array.from({ length: n + 1 }, () => [1])
  for (let i = 1; i <= m; i++) {
    const next: (readonly number[])[] = [[1]]
    for (let j = 1; j <= n; j++)
      next.push(
        Array.from(
          { length: i * j + 1 },
          // the largest of all is of the first, and above all j of the second, or of the second
          (_, u) => (counts[j]?.[u - j] ?? 0) + (next[j - 1]?.[u] ?? 0),
        ),
      )
    counts = next
  }
  const all = counts[n] ?? [1]
  const total = all.reduce((sum, count) => sum + count, 0)
  // ties lie between two: the one below is the more careful
  const from = Math.floor(U)
  return { U, p: all.slice(from).reduce((sum, count) => sum + count, 0) / total }
}
