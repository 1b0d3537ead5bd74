import { either as E, function as F } from 'fp-ts'
import { attributes, integer, withDefault } from '../attributes.js'
import { cutAlong } from '../axis.js'
import { exactly } from '../bound.js'
import { ensure } from '../error.js'
import { mapValues } from '../field.js'
import type { AnySizes } from '../op.js'
import { defineOp, slide } from '../op.js'
import type { Shape } from '../tensor.js'
import { showShape } from '../tensor.js'

/** Tensors put one after the other along an axis, each cut along it: [outer, extents[q], inner], the q-th from starts[q] on. */
export interface Joint {
  readonly outer: number
  readonly inner: number
  readonly extents: Shape
  readonly starts: Shape
  readonly total: number
}

// the shapes of x0, x1, …, in this order; there are no sizes beside them
const shapesIn = ({ rest: _, ...runs }: AnySizes): readonly Shape[] => Object.values(runs) as readonly Shape[]

/**
 * Tensors joined along an axis, as the branches of an Inception module are along their channels.
 *
 *   y[…, start(q) + j, …] = x_q[…, j, …],   start(q) = Σ_{p<q} extent of x_p along the axis
 *
 *   dx_q[…, j, …] = dy[…, start(q) + j, …]
 *
 * Inputs are named x0, x1, …, without a gap; one alone is copied. A negative axis counts from the end. The axis is 1 unless
 * it is given, a channel's; PyTorch's cat has 0 there, Keras's Concatenate −1, and ONNX wants it spelled out.
 *
 * Shapes  x0, x1, … of one rank, at least 1, that agree in every axis but one  →  y, as long along that one as they all
 * Units   y carries that of x0, x1, …, which is one
 * Errors  ShapeMismatch – ranks or other extents disagree, or x0 is a scalar; AttributeOutOfRange – axis is not one of x0's
 *         MissingInput – a number is left out
 * Bound   exact: a copy
 * Source  slide "GoogLeNet" (the filter concatenation of an Inception module)
 */
export const concat = defineOp({
  family: 'layer',
  formula: String.raw`y_{\ldots,\,s_q + j,\,\ldots} = x^{(q)}_{\ldots,\,j,\,\ldots},\qquad s_q = \sum_{p<q} \text{extent of } x^{(p)}`,
  source: slide('GoogLeNet'),
  attrs: attributes({ axis: withDefault(integer, 1) }),
  inputs: { x0: ['...x0'] },
  variadic: 'x',
  outputs: { y: ['...y'] },
  differentiable: ['x0'], // and with it all others
  derive: ({ axis }, sizes) => {
    const shapes = shapesIn(sizes)
    const first = shapes[0] as Shape
    const place = axis < 0 ? axis + first.length : axis
    const odd = shapes.findIndex(
      (shape) => shape.length !== first.length || shape.some((extent, at) => at !== place && extent !== first[at]),
    )
    const extents = shapes.map((shape) => shape[place] as number)
    const starts = extents.map((_, q) => extents.slice(0, q).reduce((sum, extent) => sum + extent, 0))
    const total = extents.reduce((sum, extent) => sum + extent, 0)
    return F.pipe(
      ensure(first.length > 0, 'ShapeMismatch', 'x0 is a scalar; it must have an axis to be joined along'),
      E.flatMap(() => cutAlong(axis, first)),
      E.tap(() =>
        ensure(
          odd < 0,
          'ShapeMismatch',
          `x${odd} has shape ${showShape(shapes[odd] ?? [])}; it must agree with x0 of shape ${showShape(first)} in every axis but ${axis}`,
        ),
      ),
      E.map(({ outer, inner }) => ({
        y: first.map((extent, at) => (at === place ? total : extent)),
        outer,
        inner,
        extents,
        starts,
        total,
      })),
    )
  },
  bound: ({ sizes: { y } }) => ({ y: exactly({ shape: y }) }),
  boundBackward: ({ inputs: { x0, ...others } }) => ({ x0: exactly(x0), ...mapValues(exactly, others) }),
})
