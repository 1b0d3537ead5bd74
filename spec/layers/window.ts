import { either as E } from 'fp-ts'
import type { Result } from '../error.js'
import { fail } from '../error.js'

/** One axis of a sliding window: all counts in elements. */
export interface Window {
  readonly size: number
  readonly before: number
  readonly after: number
  readonly window: number
  readonly stride: number
  readonly dilation: number
}

/**
 * How many times a window fits: ⌊(size + before + after − dilation·(window − 1) − 1)/stride⌋ + 1.
 *
 * Errors  ShapeMismatch – the window is larger than the padded axis
 */
export const windowCount = (
  axis: string,
  { size, before, after, window, stride, dilation }: Window,
): Result<number> => {
  const padded = size + before + after
  const span = dilation * (window - 1) + 1
  return span > padded
    ? fail(
        'ShapeMismatch',
        `along ${axis} the window spans ${span} and the padded input ${padded} (${size} with padding ${before} and ${after}); it must not be larger`,
      )
    : E.right(Math.floor((padded - span) / stride) + 1)
}

/** One axis of a transposed window: all counts in elements. */
export interface TransposedWindow extends Window {
  /** elements that the output has beyond the last window, before padding is taken off */
  readonly more: number
}

/**
 * How many elements windows cover that stand at `size` positions: (size − 1)·stride − before − after +
 * dilation·(window − 1) + more + 1.
 *
 * Errors  ShapeMismatch – padding takes everything off
 */
export const coveredCount = (
  axis: string,
  { size, before, after, window, stride, dilation, more }: TransposedWindow,
): Result<number> => {
  const covered = (size - 1) * stride + dilation * (window - 1) + more + 1
  return before + after >= covered
    ? fail(
        'ShapeMismatch',
        `along ${axis} the windows cover ${covered} and padding takes ${before} and ${after} off; something must be left`,
      )
    : E.right(covered - before - after)
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** The most windows that meet in one element along an axis: ⌈window·gcd(stride, dilation)/stride⌉. */
export const mostOverlaps = (window: number, stride: number, dilation: number): number =>
  Math.ceil((window * gcd(stride, dilation)) / stride)
