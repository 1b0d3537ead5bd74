import type { Spread } from './judge.js'

/**
 * How accurate a backend is beside a textbook's loops in f32: the root mean square of its errors, each in units of its
 * bound, over that of the plain backend on the same cases. A to 2, B to 16, C beyond. A verdict says that an answer may
 * be what f32 makes of the formula; the grade, how good it is at that.
 */
export type Letter = 'A' | 'B' | 'C'

export interface Grade {
  readonly letter: Letter
  /** rms error over the plain backend's */
  readonly ratio: number
  /** cases that both answered */
  readonly cases: number
}

/** Of a case, what two backends' errors come to. */
export interface Compared {
  readonly backend: Spread
  readonly plain: Spread
}

/** The root mean square of errors in units of their bounds. */
export const rmsOf = (spreads: readonly Spread[]): number => {
  const elements = spreads.reduce((n, one) => n + one.elements, 0)
  return elements === 0 ? 0 : Math.sqrt(spreads.reduce((sum, one) => sum + one.squares, 0) / elements)
}

export const letterOf = (ratio: number): Letter => (ratio <= 2 ? 'A' : ratio <= 16 ? 'B' : 'C')

/** The grade over some cases, or none where there are none. Where both err nowhere they are equal. */
export const gradeOf = (cases: readonly Compared[]): Grade | undefined => {
  if (cases.length === 0) return undefined
  const [backend, plain] = [rmsOf(cases.map((one) => one.backend)), rmsOf(cases.map((one) => one.plain))]
  const ratio = backend === plain ? 1 : backend / plain
  return { letter: letterOf(ratio), ratio, cases: cases.length }
}
