/** A sum as it grows. */
export interface Total {
  readonly add: (term: number) => void
  readonly value: () => number
}

/**
 * What stands for the arithmetic of a formula. Exact results must come back exact, as indices are computed with it too.
 * Without an order of additions of its own it adds one term after the other, as the formulas do.
 */
export interface Arithmetic {
  readonly '+': (a: number, b: number) => number
  readonly '-': (a: number, b: number) => number
  readonly '*': (a: number, b: number) => number
  readonly '/': (a: number, b: number) => number
  readonly Math: Readonly<Record<string, unknown>>
  readonly total?: () => Total
}
