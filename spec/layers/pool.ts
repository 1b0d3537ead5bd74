import { either as E, function as F } from 'fp-ts'
import { count, defaultsTo, flag, pair, positiveInt, quad, withDefault } from '../attributes.js'
import type { Result } from '../error.js'
import { ensure, fail } from '../error.js'
import type { WindowOn } from '../op.js'
import type { Window } from './window.js'
import { mostOverlaps, windowCount } from './window.js'

/** The attributes that both pools have. */
export const poolAttributes = {
  window: withDefault(pair(positiveInt), [2, 2]),
  stride: defaultsTo(pair(positiveInt), 'window'),
  padding: withDefault(quad(count), [0, 0, 0, 0]), // top, bottom, left, right
  ceilMode: withDefault(flag, false),
}

export interface Pool {
  readonly window: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number, number, number]
  readonly ceilMode: boolean
}

const narrowerThanWindow = (axis: string, window: number, before: number, after: number): Result<void> =>
  ensure(
    before < window && after < window,
    'AttributeOutOfRange',
    `along ${axis} padding is ${before} and ${after} and the window ${window}; padding must be less than the window`,
  )

/**
 * How many windows fit along an axis; with ceilMode also the one that hangs over its end, ⌈…⌉ in the place of ⌊…⌋, unless
 * that one would start behind the image, in the padding after it (i·stride ≥ before + size), as PyTorch has it.
 *
 * Errors  ShapeMismatch – the window is larger than the padded axis; with ceilMode, by the stride or more
 */
const poolCount = (axis: string, on: Omit<Window, 'dilation'>, ceilMode: boolean): Result<number> => {
  if (!ceilMode) return windowCount(axis, { ...on, dilation: 1 })
  const { size, before, after, window, stride } = on
  const padded = size + before + after
  const windows = Math.ceil((padded - window) / stride) + 1
  return windows < 1
    ? fail(
        'ShapeMismatch',
        `along ${axis} the window spans ${window} and the padded input ${padded} (${size} with padding ${before} and ${after}); with ceilMode it may be larger by less than the stride, ${stride}`,
      )
    : E.right((windows - 1) * stride >= before + size ? windows - 1 : windows)
}

/**
 * How many windows fit down and across. Padding narrower than the window leaves no window without a real element: an
 * extent rounded down has a window start at row size + after − window < size at the latest, one rounded up is cut where
 * it would start behind the image, and a window ends at row window − 1 − before ≥ 0 at the earliest.
 *
 * Errors  AttributeOutOfRange – padding as wide as the window; ShapeMismatch – a window larger than the padded image
 */
export const poolExtents = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, bottom, left, right], ceilMode }: Pool,
  { H, W }: { readonly H: number; readonly W: number },
): Result<{ readonly Ho: number; readonly Wo: number }> =>
  F.pipe(
    E.Do,
    E.tap(() => narrowerThanWindow('H', KH, top, bottom)),
    E.tap(() => narrowerThanWindow('W', KW, left, right)),
    E.bind('Ho', () => poolCount('H', { size: H, before: top, after: bottom, window: KH, stride: sh }, ceilMode)),
    E.bind('Wo', () => poolCount('W', { size: W, before: left, after: right, window: KW, stride: sw }, ceilMode)),
  )

/** A quotient may err by 2.5 ULP; the divisor, a count, is exact. */
export const divisionByCount = 2.5

/** The most windows that meet in one element: ⌈window/stride⌉ along an axis, and no more than there are. */
export const poolOverlaps = (
  { window: [KH, KW], stride: [sh, sw] }: Pool,
  { Ho, Wo }: { readonly Ho: number; readonly Wo: number },
): number => Math.min(mostOverlaps(KH, sh, 1), Ho) * Math.min(mostOverlaps(KW, sw, 1), Wo)

/** A pool's windows, down and across. */
export const poolWindows = ({ window: [KH, KW], stride: [sh, sw] }: Pool): readonly WindowOn[] => [
  { window: KH, stride: sh, dilation: 1 },
  { window: KW, stride: sw, dilation: 1 },
]
