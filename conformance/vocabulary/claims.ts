import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import type { Draws } from '../../spec/philox.js'
import type { Question } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, scalar, sumOf, zeros, zipTensors } from '../../spec/tensor.js'
import type { Ask, Claim, Evaluation } from '../questions.js'

/** The words of which laws are made: arithmetic on tensors, answers, and what is claimed of them. */

/** One rounding to f64, in either direction. */
export const unit = 2 ** -52

// ---- tensors -----------------------------------------------------------------------------------------------------

/** The tensor under a name, which an op that was asked for it always gives. */
export const named = (tensors: Tensors, name: string): Tensor => tensors[name] as Tensor

export const at = ({ data }: Tensor, i: number): number => data[i] as number

export const times = (factor: number, x: Tensor): Tensor => mapTensor((v) => factor * v, x)
export const opposite = (x: Tensor): Tensor => mapTensor((v) => -v, x)
export const size = (x: Tensor): Tensor => mapTensor(Math.abs, x)
export const plus = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => a + b)
export const minus = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => a - b)
export const product = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => a * b)

/** Σ aᵢ·bᵢ over all elements. */
export const dot = (a: Tensor, b: Tensor): number => sumOf(product(a, b).data)

/** In sixteenths, whose sums, and products with numbers of few bits, f64 holds. */
export const sixteenths = (x: Tensor): Tensor => mapTensor((v) => Math.round(v * 16) / 16, x)

/** A tensor of standard normal numbers in f32. */
export const another = (draw: Draws, shape: Shape): Tensor => generate(shape, () => Math.fround(draw.normal()))

// ---- answers -----------------------------------------------------------------------------------------------------

/** The answers to a question in both directions. */
export interface Answers {
  readonly ahead: Evaluation
  readonly back: Evaluation
}

export const answersTo = (
  ask: Ask,
  { attrs, inputs, cotangents }: Pick<Question, 'attrs' | 'inputs' | 'cotangents'>,
): Result<Answers> =>
  F.pipe(
    E.Do,
    E.bind('ahead', () => ask('forward', attrs, inputs)),
    E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
  )

/** One tensor of an answer under another name. */
export const renamed = ({ values, slack }: Evaluation, from: string, to: string): Evaluation => ({
  values: { [to]: named(values, from) },
  slack: { [to]: named(slack, from) },
})

/** Every tensor of an answer, and its slack, times a positive power of two. */
export const scaled = (factor: number, { values, slack }: Evaluation): Evaluation => {
  const all = (tensors: Tensors): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, times(factor, x)]))
  return { values: all(values), slack: all(slack) }
}

// ---- claims ------------------------------------------------------------------------------------------------------

/** One tensor is another, each number within what is allowed at its place. */
export const claim = (got: Tensor, want: (i: number) => number, allowed: (i: number) => number): Claim => ({
  got,
  want: generate(got.shape, want),
  allowed: generate(got.shape, allowed),
})

/** Nothing in the claim rounds: copies, maxima, signs, and sums and products of numbers of few bits. */
export const exactly = (got: Tensor, want: Tensor): Claim => ({ got, want, allowed: zeros(want.shape) })

/** One number is another. */
export const numbersAgree = (got: number, want: number, allowed: number): Claim => ({
  got: scalar(got),
  want: scalar(want),
  allowed: scalar(allowed),
})

/** got = Σ cᵢ·partᵢ, with the slack of every part. */
export const combination = (
  output: string,
  got: Evaluation,
  parts: readonly (readonly [number, Evaluation])[],
): Claim => {
  const sum = (f: (e: Evaluation, c: number) => number): number => parts.reduce((s, [c, e]) => s + f(e, c), 0)
  return claim(
    named(got.values, output),
    (i) => sum((e, c) => c * at(named(e.values, output), i)),
    (i) =>
      at(named(got.slack, output), i) +
      sum(
        (e, c) =>
          Math.abs(c) *
          (at(named(e.slack, output), i) + parts.length * unit * Math.abs(at(named(e.values, output), i))),
      ),
  )
}

/** Two answers are equal, each within its slack. */
export const equal = (output: string, got: Evaluation, want: Evaluation): Claim => combination(output, got, [[1, want]])

/** An answer is a known tensor. */
export const equals = (output: string, got: Evaluation, want: Tensor): Claim => ({
  got: named(got.values, output),
  want,
  allowed: generate(want.shape, (i) => at(named(got.slack, output), i) + 4 * unit * Math.abs(at(want, i))),
})

/** An answer lies on the right side of a limit: max(y, limit) is the limit, or min. */
export const within = (
  output: string,
  { values, slack }: Evaluation,
  clip: (value: number, i: number) => number,
  more: (i: number) => number = () => 0,
): Claim =>
  claim(
    named(values, output),
    (i) => clip(at(named(values, output), i), i),
    (i) => at(named(slack, output), i) + more(i),
  )
