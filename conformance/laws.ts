import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import type { Draws } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, sizeOf } from '../spec/tensor.js'
import type { Ask, Claim, Evaluation, Law } from './questions.js'

/**
 * Laws that hold for any right implementation of an op: words of the field, such as "linear in x". They need no oracle
 * and share no formula with one, so they are witnesses of it.
 *
 * Sums and multiples of samples are formed exactly: drawn numbers are f32 values and multiples are powers of two, so
 * f64 holds them. What rounding may add is the spec's own bound at f64's precision, over all answers in the claim.
 */

/** One rounding to f64, in either direction. */
const unit = 2 ** -52

/** The answer under its name, which an op that was asked for it always gives. */
export const named = (tensors: Tensors, name: string): Tensor => tensors[name] as Tensor

const number = (data: Numbers, i: number): number => data[i] as number

/** Another tensor of the same shape, standard normal in f32. */
export const another = (draw: Draws, shape: Shape): Tensor => generate(shape, () => Math.fround(draw.normal()))

/** got = Σ cᵢ·partᵢ, with the slack of every part. */
export const combination = (
  output: string,
  got: Evaluation,
  parts: readonly (readonly [number, Evaluation])[],
): Claim => {
  const { shape } = named(got.values, output)
  const sum = (f: (e: Evaluation, c: number) => number): number => parts.reduce((s, [c, e]) => s + f(e, c), 0)
  return {
    got: named(got.values, output),
    want: generate(shape, (i) => sum((e, c) => c * number(named(e.values, output).data, i))),
    allowed: generate(
      shape,
      (i) =>
        number(named(got.slack, output).data, i) +
        sum(
          (e, c) =>
            Math.abs(c) *
            (number(named(e.slack, output).data, i) +
              parts.length * unit * Math.abs(number(named(e.values, output).data, i))),
        ),
    ),
  }
}

const without = (names: readonly string[], tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name)))

/** f(2x + z) = 2f(x) + f(z), with what makes it affine left out. */
export const linearIn = (input: string, leftOut: readonly string[] = []): Law => ({
  name: `linear in ${input}`,
  claims: ({ attrs, inputs }, ask, draw) => {
    const given = without(leftOut, inputs)
    const x = named(given, input)
    const z = another(draw, x.shape)
    const both = generate(x.shape, (i) => 2 * number(x.data, i) + number(z.data, i))
    return F.pipe(
      E.Do,
      E.bind('ofBoth', () => ask('forward', attrs, { ...given, [input]: both })),
      E.bind('ofX', () => ask('forward', attrs, given)),
      E.bind('ofZ', () => ask('forward', attrs, { ...given, [input]: z })),
      E.map(({ ofBoth, ofX, ofZ }) =>
        Object.keys(ofX.values).map((output) =>
          combination(output, ofBoth, [
            [2, ofX],
            [1, ofZ],
          ]),
        ),
      ),
    )
  },
})

const dot = (a: Tensor, b: Tensor): number => {
  let total = 0
  for (let i = 0; i < a.data.length; i++) total += number(a.data, i) * number(b.data, i)
  return total
}
const absolute = (a: Tensor): Tensor => generate(a.shape, (i) => Math.abs(number(a.data, i)))
const scalar = (value: number): Tensor => ({ shape: [], data: [value] })

/** ⟨f(x), u⟩ = ⟨x, fᵀ(u)⟩ for an op that is linear in x: backward is the adjoint of forward. */
export const adjointIn = (input: string, output: string, leftOut: readonly string[] = []): Law => ({
  name: `backward to ${input} is the adjoint of forward`,
  claims: ({ attrs, inputs }, ask, draw) => {
    const given = without(leftOut, inputs)
    const x = named(given, input)
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, given)),
      E.bind('u', ({ ahead }) => E.right(another(draw, named(ahead.values, output).shape))),
      E.bind('back', ({ u }) => ask('backward', attrs, given, { [output]: u })),
      E.map(({ ahead, u, back }) => {
        const [y, dx] = [named(ahead.values, output), named(back.values, input)]
        const rounding = (a: Tensor, b: Tensor): number => (a.data.length + 1) * unit * dot(absolute(a), absolute(b))
        return [
          {
            got: scalar(dot(y, u)),
            want: scalar(dot(x, dx)),
            allowed: scalar(
              dot(absolute(u), named(ahead.slack, output)) +
                dot(absolute(x), named(back.slack, input)) +
                rounding(y, u) +
                rounding(x, dx),
            ),
          },
        ]
      }),
    )
  },
})

/** The n-th slice along the first axis. */
export const slice = (x: Tensor, n: number): Tensor => {
  const shape = [1, ...x.shape.slice(1)]
  const size = sizeOf(shape)
  return generate(shape, (i) => number(x.data, n * size + i))
}

/** Every sample of a batch is treated by itself: the op on one sample is that sample of the op on the batch. */
export const batchSplits = (batched: readonly string[], output = 'y'): Law => ({
  name: 'a batch is its samples, one by one',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', attrs, inputs),
      E.flatMap((whole) => {
        const N = named(inputs, batched[0] as string).shape[0] as number
        return Array.from({ length: N }, (_, n) => n).reduce<Result<readonly Claim[]>>(
          (soFar, n) =>
            F.pipe(
              E.Do,
              E.bind('claims', () => soFar),
              E.bind('alone', () =>
                ask('forward', attrs, {
                  ...inputs,
                  ...Object.fromEntries(batched.map((name) => [name, slice(named(inputs, name), n)])),
                }),
              ),
              E.map(({ claims, alone }) => [
                ...claims,
                {
                  got: named(alone.values, output),
                  want: slice(named(whole.values, output), n),
                  allowed: generate(
                    named(alone.values, output).shape,
                    (i) =>
                      number(named(alone.slack, output).data, i) + number(slice(named(whole.slack, output), n).data, i),
                  ),
                },
              ]),
            ),
          E.right([]),
        )
      }),
    ),
})

/** Two answers are equal, each within its slack. */
export const equal = (output: string, got: Evaluation, want: Evaluation): Claim => combination(output, got, [[1, want]])

/** An answer is a known tensor. */
export const equals = (output: string, got: Evaluation, want: Tensor): Claim => ({
  got: named(got.values, output),
  want,
  allowed: generate(
    want.shape,
    (i) => number(named(got.slack, output).data, i) + 4 * unit * Math.abs(number(want.data, i)),
  ),
})

/** A law on one question derived from the sample, compared with the answer to the sample itself. */
export const invariant = (name: string, output: string, change: (sample: Question, draw: Draws) => Question): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const changed = change(sample, draw)
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', sample.attrs, sample.inputs)),
      E.bind('after', () => ask('forward', changed.attrs, changed.inputs)),
      E.map(({ before, after }) => [equal(output, after, before)]),
    )
  },
})

export type { Ask, Claim, Evaluation, Law }
