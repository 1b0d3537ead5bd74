import { either as E, function as F } from 'fp-ts'
import { attributes, inWords, listOf, positiveInt, required } from '../attributes.js'
import { exactly } from '../bound.js'
import { ensure } from '../error.js'
import { defineOp } from '../op.js'
import { showShape, sizeOf } from '../tensor.js'

/**
 * The same numbers, in the same row-major order, under another shape.
 *
 *   y[…] = the element of x at the same row-major position,   dx = dy under x's shape
 *
 * The shape is spelled out in full: no extent is −1 (to be worked out, as in PyTorch, NumPy and ONNX) or 0 (copied from x,
 * as in ONNX), and the batch's extent is among them, which Keras's Reshape leaves out. The list [] is a scalar's shape.
 *
 * Shapes  x [...]  →  y of the attribute `shape`
 * Units   y carries x's
 * Errors  AttributeOutOfRange – an extent is no integer of at least 1
 *         ShapeMismatch – the shape holds another number of elements than x
 * Bound   exact: a copy
 * Source  PyTorch's reshape, of a contiguous tensor
 */
export const reshape = defineOp({
  family: 'layer',
  formula: String.raw`y_{(p)} = x_{(p)}`,
  source: "PyTorch's reshape",
  attrs: attributes({ shape: inWords(required(listOf(positiveInt))) }), // extents are never rounded to f32
  inputs: { x: ['...'] },
  outputs: { y: ['...shape'] },
  differentiable: ['x'],
  derive: ({ shape }, { rest }) =>
    F.pipe(
      ensure(
        sizeOf(shape) === sizeOf(rest),
        'ShapeMismatch',
        `shape ${showShape(shape)} holds ${sizeOf(shape)} elements; x of shape ${showShape(rest)} has ${sizeOf(rest)}`,
      ),
      E.map(() => ({ shape })),
    ),
  bound: ({ attrs: { shape } }) => ({ y: exactly({ shape }) }),
  boundBackward: ({ inputs }) => ({ x: exactly(inputs.x) }),
})
