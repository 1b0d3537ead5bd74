const f32 = Math.fround

export type Spread = Readonly<Record<'mean' | 'variance' | 'cancelled', number>>

/** The mean and variance of numbers, and the variance as the mean of squares less the square of the mean. */
export const spreadOf = (numbers: readonly number[]): Spread => {
  const n = numbers.length
  const mean = numbers.reduce((a, b) => a + b, 0) / n
  const squares = numbers.reduce((a, b) => f32(a + f32(b * b)), 0)
  const rounded = f32(numbers.reduce((a, b) => f32(a + b), 0) / n)
  return {
    mean,
    variance: numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / n,
    cancelled: Math.max(0, f32(f32(squares / n) - f32(rounded * rounded))),
  }
}
