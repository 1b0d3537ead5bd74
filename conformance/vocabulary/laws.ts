import { either as E, function as F } from 'fp-ts'
import { hasBackward } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import type { Draws } from '../../spec/philox.js'
import type { Question } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor, zipTensors } from '../../spec/tensor.js'
import type { Ask, Claim, Law } from '../questions.js'
import { part, rearranged } from './arrange.js'
import type { Answers } from './claims.js'
import { another, answersTo, at, combination, dot, equal, named, numbersAgree, plus, size, unit } from './claims.js'

/**
 * Laws that hold for any right implementation of an op: words of the field, such as "linear in x". They need no oracle
 * and share no formula with one, so they are witnesses of it.
 *
 * Sums and multiples of samples are formed exactly: drawn numbers are f32 values and multiples are powers of two, so
 * f64 holds them. What rounding may add is the spec's own bound at f64's precision, over all answers in the claim.
 */

// ---- laws by what they ask ---------------------------------------------------------------------------------------

/** What is asked in place of the sample, where it is not the sample itself. */
type Change = (sample: Question, draw: Draws) => Partial<Question>

const asking =
  <A>(answerTo: (ask: Ask, asked: Question) => Result<A>) =>
  (name: string, claims: (answer: A, asked: Question) => readonly Claim[], change: Change = () => ({})): Law => ({
    name,
    claims: (sample, ask, draw) => {
      const asked = { ...sample, ...change(sample, draw) }
      return F.pipe(
        answerTo(ask, asked),
        E.map((answer) => claims(answer, asked)),
      )
    },
  })

/** A law of one answer, to the sample or to what is made of it. */
export const ofAnswer = asking((ask, { attrs, inputs }) => ask('forward', attrs, inputs))

/** A law of value and gradient, of the sample or of what is made of it. */
export const ofAnswers = asking(answersTo)

/** A law between the answers to a sample, value and gradient, and those to a question derived from it. */
export const compared = (
  name: string,
  change: Change,
  claims: (before: Answers, after: Answers, sample: Question) => readonly Claim[],
): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const changed = { ...sample, ...change(sample, draw) }
    return F.pipe(
      E.Do,
      E.bind('before', () => answersTo(ask, sample)),
      E.bind('after', () => answersTo(ask, changed)),
      E.map(({ before, after }) => claims(before, after, sample)),
    )
  },
})

/** A question derived from the sample has the sample's answer, or that of another made of it. */
export const invariant = (
  name: string,
  output: string,
  change: Change,
  base: (sample: Question) => Partial<Question> = () => ({}),
): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const [given, changed] = [
      { ...sample, ...base(sample) },
      { ...sample, ...change(sample, draw) },
    ]
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', given.attrs, given.inputs)),
      E.bind('after', () => ask('forward', changed.attrs, changed.inputs)),
      E.map(({ before, after }) => [equal(output, after, before)]),
    )
  },
})

/** How tensors are put in another order, by the names of inputs and outputs; those without one stay. */
export type Order = Readonly<Record<string, (x: Tensor) => Tensor>>

/** Inputs in another order have outputs in that order, and cotangents in it gradients. */
export const rearranging = (
  name: string,
  orderOf: (sample: Question) => Order,
  change: (sample: Question) => Partial<Question> = () => ({}),
): Law => ({
  name,
  claims: (sample, ask) => {
    const given = { ...sample, ...change(sample) }
    const order = orderOf(given)
    const moved = (tensors: Tensors): Tensors =>
      Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, order[name]?.(x) ?? x]))
    const inDirection = (direction: 'forward' | 'backward'): Result<readonly Claim[]> =>
      F.pipe(
        E.Do,
        E.bind('before', () => ask(direction, given.attrs, given.inputs, given.cotangents)),
        E.bind('after', () => ask(direction, given.attrs, moved(given.inputs), moved(given.cotangents))),
        E.map(({ before, after }) =>
          Object.keys(before.values).map((name) =>
            equal(name, after, rearranged(order[name] ?? ((x) => x), name, before)),
          ),
        ),
      )
    return F.pipe(
      E.Do,
      E.bind('ahead', () => inDirection('forward')),
      E.bind('back', () => (hasBackward(given.op) ? inDirection('backward') : E.right([]))),
      E.map(({ ahead, back }) => [...ahead, ...back]),
    )
  },
})

// ---- linear and affine -------------------------------------------------------------------------------------------

const without = (names: readonly string[], tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name)))

// f(a·x + b·z) = a·f(x) + b·f(z), z being drawn
const alongALine = (
  ask: Ask,
  { attrs, inputs }: Question,
  input: string,
  [a, b]: readonly [number, number],
  [x, z]: readonly [Tensor, Tensor],
): Result<readonly Claim[]> =>
  F.pipe(
    E.Do,
    E.bind('ofLine', () => ask('forward', attrs, { ...inputs, [input]: zipTensors([x, z], (x, z) => a * x + b * z) })),
    E.bind('ofX', () => ask('forward', attrs, { ...inputs, [input]: x })),
    E.bind('ofZ', () => ask('forward', attrs, { ...inputs, [input]: z })),
    E.map(({ ofLine, ofX, ofZ }) =>
      Object.keys(ofX.values).map((output) =>
        combination(output, ofLine, [
          [a, ofX],
          [b, ofZ],
        ]),
      ),
    ),
  )

/** f(2x + z) = 2f(x) + f(z), with what makes it affine left out. */
export const linearIn = (input: string, leftOut: readonly string[] = []): Law => ({
  name: `linear in ${input}`,
  claims: (sample, ask, draw) => {
    const given = without(leftOut, sample.inputs)
    const x = named(given, input)
    return alongALine(ask, { ...sample, inputs: given }, input, [2, 1], [x, another(draw, x.shape)])
  },
})

/** f(2x − z) = 2f(x) − f(z); the input may be one that the sample lacks, of the shape of `like`. */
export const affineIn = (input: string, name: string, like = input): Law => ({
  name,
  claims: (sample, ask, draw) => {
    const x = sample.inputs[input] ?? another(draw, named(sample.inputs, like).shape)
    return alongALine(ask, sample, input, [2, -1], [x, another(draw, x.shape)])
  },
})

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
        const rounding = (a: Tensor, b: Tensor): number => (a.data.length + 1) * unit * dot(size(a), size(b))
        return [
          numbersAgree(
            dot(y, u),
            dot(x, dx),
            dot(size(u), named(ahead.slack, output)) +
              dot(size(x), named(back.slack, input)) +
              rounding(y, u) +
              rounding(x, dx),
          ),
        ]
      }),
    )
  },
})

/** Twice one cotangent and once another pull like their sum, all outputs' at once. */
export const linearInCotangents = (name: string): Law => ({
  name,
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const others = Object.fromEntries(
      Object.entries(cotangents).map(([name, { shape }]) => [name, another(draw, shape)]),
    )
    const both = Object.fromEntries(
      Object.entries(cotangents).map(([name, dy]) => [
        name,
        mapTensor((v, i) => 2 * v + at(named(others, name), i), dy),
      ]),
    )
    return F.pipe(
      E.Do,
      E.bind('ofBoth', () => ask('backward', attrs, inputs, both)),
      E.bind('ofOne', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('ofOther', () => ask('backward', attrs, inputs, others)),
      E.map(({ ofBoth, ofOne, ofOther }) =>
        Object.keys(ofBoth.values).map((name) =>
          combination(name, ofBoth, [
            [2, ofOne],
            [1, ofOther],
          ]),
        ),
      ),
    )
  },
})

// ---- batches -----------------------------------------------------------------------------------------------------

/** Every sample of a batch is treated by itself: the op on one sample is that sample of the op on the batch. */
export const batchSplits = (batched: readonly string[], output = 'y'): Law => ({
  name: 'a batch is its samples, one by one',
  claims: ({ attrs, inputs }, ask) => {
    const N = named(inputs, batched[0] as string).shape[0] as number
    const alone = (n: number): Tensors => ({
      ...inputs,
      ...Object.fromEntries(batched.map((name) => [name, part(0, n, n + 1, named(inputs, name))])),
    })
    return F.pipe(
      E.Do,
      E.bind('whole', () => ask('forward', attrs, inputs)),
      E.bind('parts', () => E.sequenceArray(Array.from({ length: N }, (_, n) => ask('forward', attrs, alone(n))))),
      E.map(({ whole, parts }) =>
        parts.map(({ values, slack }, n) => ({
          got: named(values, output),
          want: part(0, n, n + 1, named(whole.values, output)),
          allowed: plus(named(slack, output), part(0, n, n + 1, named(whole.slack, output))),
        })),
      ),
    )
  },
})

/** Linear in x and in the weights but for the bias, adjoint in both, sample by sample: dense layers and convolutions. */
export const linearLayerLaws: readonly Law[] = [
  linearIn('x', ['b']),
  linearIn('w', ['b']),
  adjointIn('x', 'y', ['b']),
  adjointIn('w', 'y', ['b']),
  batchSplits(['x']),
]
