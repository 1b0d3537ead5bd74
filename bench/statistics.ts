/** The middle of a list of numbers, the mean of the middle two if their count is even; NaN of none. */
export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5)

/** The quartiles below and above the median: half of all numbers lie between them. */
export const spread = (numbers: readonly number[]): readonly [number, number] => [
  quantile(numbers, 0.25),
  quantile(numbers, 0.75),
]

// the value at a fraction of the way through the sorted list, linear between neighbours
const quantile = (numbers: readonly number[], fraction: number): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const place = fraction * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}
