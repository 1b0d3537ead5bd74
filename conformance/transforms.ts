import { either as E, function as F } from 'fp-ts'
import { gamma, gridOf } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import type { Field, Fields } from '../spec/field.js'
import { element, field, whole } from '../spec/field.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import { standingAttributes } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, magnitudes, sizeOf, squares, zipTensors } from '../spec/tensor.js'

/**
 * Convolutions by transforms, Winograd's or Fourier's. They are right, and round something else than a sum of products does: the
 * taps of a filter and the pixels of a tile are added to one another first, so that what a small one comes to is off by what
 * large ones beside it round. The bound of the formula, which goes by the terms of each element, is not theirs.
 *
 *   |error| ≤ 16·γ(K + 12)·Σ_c (max over the plane |x_c|)·(Σ over the taps |w_c|)
 *
 * for F(2×2, 3×3) of K channels: along each axis the transforms have rows whose magnitudes add up to at most 2 (Bᵀ), and
 * Σ|A||G g| ≤ 2·Σ|g|, so that what is added up is at most 4 times as large as the terms, 16 times along two; a path through them
 * has 2 additions of pixels, 4 of taps, one product, K − 1 additions of channels and 4 of the inverse; a bias is one more (Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", 2016; Barabasz et al., "Error Analysis and Improving the Accuracy of
 * Winograd Convolution for Deep Neural Networks", 2020). F(4×4, 3×3) may err by 50 times more, and stays within this where its
 * roundings do not all have one sign; so does the FFT, whose errors grow with the logarithm of the plane (Higham, "Accuracy and
 * Stability", ch. 24). The gradients are convolutions too: of dy by the taps, and of x by dy, as long as a plane.
 */

/** Whether an op is a convolution: of sums of products, over windows. */
export const isConvolution = (op: OpName): boolean => opOf(op).walk !== undefined && opOf(op).windows !== undefined

/** How many taps a filter has of a question to a convolution, where they are several; the terms of its sums are `terms`. */
const windowed = ({ op, direction, attrs, inputs }: Question) => {
  const spec = opOf(op)
  const { walk, windows } = spec
  if (walk === undefined || windows === undefined) return undefined
  const resolved = resolve(spec, attrs, shapesOf(inputs))
  if (E.isLeft(resolved)) return undefined
  const { sizes, outputs } = resolved.right
  const taps = windows(attrs, sizes).reduce((n, { window }) => n * window, 1)
  return taps === 1 ? undefined : { taps, terms: walk[direction](sizes), outputs }
}

/** Whether a question is one to a convolution whose filters have several taps. */
export const maybeTransformed = (question: Question): boolean => windowed(question) !== undefined

// what lies behind the first two axes, as one number of each
const gathered = ({ shape, data }: Tensor, f: (a: number, b: number) => number): Tensor => {
  const plane = sizeOf(shape.slice(2))
  return generate(
    shape.map((extent, axis) => (axis < 2 ? extent : 1)),
    (at) => {
      let all = 0
      for (let i = at * plane; i < (at + 1) * plane; i++) all = f(all, data[i] as number)
      return all
    },
  )
}
const most = (x: Tensor): Tensor => gathered(x, Math.max)
const total = (x: Tensor): Tensor => gathered(x, (a, b) => a + b)

const overPlanes = (shape: readonly number[], one: Field): Field => {
  const plane = sizeOf(shape.slice(2))
  return field(shape, (position) => element(one, Math.floor(position / plane)))
}

/** Of operands no less than 0, what the terms of a plane add up to at most, at each of its elements. */
const planes = (
  oracle: Oracle,
  { op, direction, attrs, inputs: { x, w } }: Question,
  inputs: Readonly<Record<'x' | 'w', Tensor>>,
  dy: Tensor | undefined,
  shapes: Readonly<Record<string, readonly number[]>>,
): Result<Fields> => {
  // of one pixel by one tap: all else is as it is by default
  const { groups } = attrs
  const ask = (cotangents: Tensors) =>
    F.pipe(
      standingAttributes(op, typeof groups === 'number' ? { groups } : {}),
      E.flatMap((own) => oracle.fields(op, direction, own, { x: most(inputs.x), w: total(inputs.w) }, cotangents)),
    )
  if (direction === 'forward')
    return F.pipe(
      ask({}),
      E.map(({ y }) => ({ y: overPlanes(shapes['y'] as readonly number[], y as Field) })),
    )
  const back = (y: Tensor) => ask({ y })
  return F.pipe(
    E.Do,
    E.bind('ofPlanes', () => back(most(dy as Tensor))),
    E.bind('ofTaps', () => back(total(dy as Tensor))),
    E.map(({ ofPlanes, ofTaps }) => ({
      x: overPlanes((x as Tensor).shape, ofPlanes['x'] as Field),
      w: overPlanes((w as Tensor).shape, ofTaps['w'] as Field),
    })),
  )
}

const planesOf = (
  oracle: Oracle,
  question: Question,
  of: (tensors: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
): Fields => {
  const known = windowed(question)
  // without a cotangent all gradients are zeros
  if (known === undefined || (question.direction === 'backward' && question.cotangents['y'] === undefined)) return {}
  const { x, w } = of(question.inputs) as Readonly<Record<'x' | 'w', Tensor>>
  const made = planes(oracle, question, { x, w }, of(question.cotangents)['y'], known.outputs)
  // a convolution of one pixel by one tap, of the channels of a question that was resolved
  if (E.isLeft(made)) throw new Error(made.left.message)
  return made.right
}

/** By how much more than its bound permits a convolution by transforms may err, by output; nothing of what has no transform. */
export const transformBounds = (oracle: Oracle, question: Question): Fields => {
  const known = windowed(question)
  if (known === undefined) return {}
  const { taps, terms } = known
  const factor = (output: string): number =>
    16 * gamma(Math.ceil((terms[output] as number) / (output === 'w' ? 1 : taps)) + 12)
  return Object.fromEntries(
    Object.entries(planesOf(oracle, question, magnitudes)).map(([output, sum]) => [
      output,
      field(sum.shape, (at) => {
        const off = factor(output) * element(sum, at)
        // of infinities nothing is known that would bear a number
        return Number.isFinite(off) ? off : 0
      }),
    ]),
  )
}

/** Bounds by which a convolution by transforms is right as well. */
export const bearingTransforms = (oracle: Oracle, question: Question, bounds: Tensors): Tensors => ({
  ...bounds,
  ...Object.fromEntries(
    Object.entries(transformBounds(oracle, question)).flatMap(([output, more]) => {
      const bound = bounds[output]
      return bound === undefined ? [] : [[output, zipTensors([bound, whole(more)], (own, other) => own + other)]]
    }),
  ),
})

/** The same of the squares of the operands: of what size the terms of a plane are, for a random walk. */
export const transformSquares = (oracle: Oracle, question: Question): Fields => planesOf(oracle, question, squares)

/** Whether all that a question reads are integers: a transform makes fractions of them, and a mistake whole numbers. */
export const isOfIntegers = ({ inputs, cotangents }: Question): boolean =>
  gridOf(...Object.values(inputs), ...Object.values(cotangents)) === 1
