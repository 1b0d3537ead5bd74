/** weight · value, where a weight of 0 takes away an infinite value, 0·log 0 = 0, but no NaN. */
export const weighted = (weight: number, value: number): number =>
  weight === 0 && !Number.isNaN(value) ? 0 : weight * value
