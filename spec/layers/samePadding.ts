import { either as E, function as F } from 'fp-ts'
import { positiveInt } from '../attributes.js'
import type { ErrorCode, Result } from '../error.js'
import { ensure, show } from '../error.js'

/** One number per axis: of a sequence, or of an image's rows and columns. */
type PerAxis = readonly [number] | readonly [number, number]

/** A window, or filter, as it moves over a sequence or an image; all counts in elements. */
export interface SameWindow<A extends PerAxis> {
  /** what the window moves over, without padding: [L], or [H, W] */
  readonly extents: A
  readonly window: A
  /** 1 along each axis, unless it is said */
  readonly stride?: A
  readonly dilation?: A
  /** which side has the odd element: behind ("upper", TensorFlow's SAME), which is the default, or before ("lower") */
  readonly mode?: 'upper' | 'lower'
}

/** Padding as attributes have it: [left, right], or [top, bottom, left, right]. */
export type Padding<A extends PerAxis> = A extends readonly [number, number]
  ? readonly [number, number, number, number]
  : readonly [number, number]

const counted = (name: string, values: readonly unknown[], axes: number, code: ErrorCode): Result<void> =>
  F.pipe(
    ensure(
      Array.isArray(values) && values.length === axes,
      'ShapeMismatch',
      `${name} is ${show(values)}; it must have a number for each of the ${axes} axes that the window has`,
    ),
    E.flatMap(() =>
      ensure(values.every(positiveInt.is), code, `${name} is ${show(values)}; each must be ${positiveInt.name}`),
    ),
  )

interface Along {
  readonly extent: number
  readonly span: number
  readonly stride: number
}

/** Each axis of a window, once it is known to make sense. */
const axesOf = <A extends PerAxis>({
  extents,
  window,
  stride,
  dilation,
  mode = 'upper',
}: SameWindow<A>): Result<readonly Along[]> => {
  const axes = Array.isArray(window) ? window.length : 0
  const ones = Array.from({ length: axes }, () => 1)
  const [strides, dilations] = [stride ?? ones, dilation ?? ones]
  return F.pipe(
    ensure(axes === 1 || axes === 2, 'ShapeMismatch', `window is ${show(window)}; it must be a list of 1 or 2 extents`),
    E.flatMap(() => counted('extents', extents, axes, 'ShapeMismatch')),
    E.flatMap(() => counted('window', window, axes, 'AttributeOutOfRange')),
    E.flatMap(() => counted('stride', strides, axes, 'AttributeOutOfRange')),
    E.flatMap(() => counted('dilation', dilations, axes, 'AttributeOutOfRange')),
    E.flatMap(() =>
      ensure(
        ['upper', 'lower'].includes(mode),
        'AttributeOutOfRange',
        `mode is ${show(mode)}; it must be one of "upper", "lower"`,
      ),
    ),
    E.map(() =>
      window.map((k, a) => ({
        extent: extents[a] as number,
        span: (dilations[a] as number) * (k - 1) + 1,
        stride: strides[a] as number,
      })),
    ),
  )
}

// half of it before and half behind, the odd element on the side that the mode says
const sides = (mode: 'upper' | 'lower' | undefined, total: number): readonly [number, number] => {
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)]
  return mode === 'lower' ? [more, less] : [less, more]
}

/**
 * The padding under which a convolution or a pool makes ⌈extent/stride⌉ outputs: TensorFlow's and Keras' SAME, ONNX's
 * SAME_UPPER, and with mode "lower" its SAME_LOWER. No attribute is a word, since what it comes to depends on the image;
 * an adapter works it out here.
 *
 *   total = max(0, (⌈extent/stride⌉ − 1)·stride + dilation·(window − 1) + 1 − extent),   half of it on either side
 *
 * Shapes  extents [L]  →  [left, right];  extents [H,W]  →  [top, bottom, left, right]
 * Units   elements
 * Errors  ShapeMismatch – lists of other lengths, or extents below 1; AttributeOutOfRange – a window, stride or dilation
 *         below 1, or another mode
 * Source  tf.nn's "Notes on padding"; ONNX operators Conv, MaxPool and AveragePool, auto_pad
 */
export const samePadding = <const A extends PerAxis>(given: SameWindow<A>): Result<Padding<A>> =>
  F.pipe(
    axesOf(given),
    E.map(
      (axes) =>
        axes.flatMap(({ extent, span, stride }) => {
          const outputs = Math.ceil(extent / stride)
          return sides(given.mode, Math.max(0, (outputs - 1) * stride + span - extent))
        }) as readonly number[] as Padding<A>,
    ),
  )

/**
 * What SAME is to a transposed convolution: the padding, and the outputPadding, under which it makes extent·stride
 * outputs, the adjoint of the SAME convolution of an image as large as that. What is padded is taken off; where the
 * stride is above the filter's span there is nothing to take off, and zeros are added behind.
 *
 *   total = max(0, dilation·(window − 1) + 1 − stride),   outputPadding = max(0, stride − (dilation·(window − 1) + 1))
 *
 * Shapes  extents [H,W] of the input  →  padding [top, bottom, left, right], outputPadding [bottom, right]; [L] likewise
 * Units   elements
 * Errors  as `samePadding`
 * Source  tf.nn.conv2d_transpose with output_shape = input·strides; ONNX ConvTranspose, auto_pad
 */
export const sameTransposedPadding = <const A extends PerAxis>(
  given: SameWindow<A>,
): Result<{ readonly padding: Padding<A>; readonly outputPadding: A }> =>
  F.pipe(
    axesOf(given),
    E.map((axes) => ({
      padding: axes.flatMap(({ span, stride }) =>
        sides(given.mode, Math.max(0, span - stride)),
      ) as readonly number[] as Padding<A>,
      outputPadding: axes.map(({ span, stride }) => Math.max(0, stride - span)) as readonly number[] as A,
    })),
  )
