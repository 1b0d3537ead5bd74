import { either as E, function as F } from 'fp-ts'
import { count, defaultsTo, pair, positiveInt, quad, withDefault } from '../attributes.js'
import type { Result } from '../error.js'
import { ensure } from '../error.js'
import type { WindowOn } from '../op.js'
import { mostOverlaps, windowCount } from './window.js'

/** The attributes that both pools have. */
export const poolAttributes = {
  window: withDefault(pair(positiveInt), [2, 2]),
  stride: defaultsTo(pair(positiveInt), 'window'),
  padding: withDefault(quad(count), [0, 0, 0, 0]), // top, bottom, left, right
}

export interface Pool {
  readonly window: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number, number, number]
}

const narrowerThanWindow = (axis: string, window: number, before: number, after: number): Result<void> =>
  ensure(
    before < window && after < window,
    'AttributeOutOfRange',
    `along ${axis} padding is ${before} and ${after} and the window ${window}; padding must be less than the window`,
  )

/**
 * How many windows fit down and across. Padding narrower than the window and an extent rounded down leave no window
 * without a real element: a window starts at row size + after − window < size at the latest, and ends at row
 * window − 1 − before ≥ 0 at the earliest.
 *
 * Errors  AttributeOutOfRange – padding as wide as the window; ShapeMismatch – a window larger than the padded image
 */
export const poolExtents = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, bottom, left, right] }: Pool,
  { H, W }: { readonly H: number; readonly W: number },
): Result<{ readonly Ho: number; readonly Wo: number }> =>
  F.pipe(
    E.Do,
    E.tap(() => narrowerThanWindow('H', KH, top, bottom)),
    E.tap(() => narrowerThanWindow('W', KW, left, right)),
    E.bind('Ho', () => windowCount('H', { size: H, before: top, after: bottom, window: KH, stride: sh, dilation: 1 })),
    E.bind('Wo', () => windowCount('W', { size: W, before: left, after: right, window: KW, stride: sw, dilation: 1 })),
  )

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
