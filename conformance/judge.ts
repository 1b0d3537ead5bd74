import { either as E, function as F } from 'fp-ts'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import type { Readables } from '../spec/field.js'
import { given as given_, mapValues, wholeOf } from '../spec/field.js'
import type { Depth, GivenTensors } from '../spec/op.js'
import { cotangentNames, resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { indexOf, mapTensors, sameShape, showShape, squares, zeros } from '../spec/tensor.js'

/** The element of an answer that is worst, measured by its bound. */
export interface Worst {
  /** error ÷ bound; Infinity where the bound is 0 and the error is not, or where NaN or an infinity stands alone */
  readonly ratio: number
  readonly error: number
  readonly bound: number
  readonly output: string
  readonly index: readonly number[]
  readonly got: number
  readonly want: number
}

/** The random-walk grade of one output: errors over the scale that serial rounding of random data has (Gate S). */
export interface Walked {
  readonly output: string
  readonly rms: number
  readonly max: number
  readonly within: boolean
}

export interface Judgement {
  readonly worst: Worst
  readonly walks: readonly Walked[]
  /** what is wrong before any number is looked at: an answer missing, or of another shape */
  readonly problem?: string
}

/** What the oracle answers and how far a backend may be from it. */
export interface Expected {
  readonly values: Tensors
  readonly bounds: Tensors
}

// spec asks for the reference as a total function; on a question that was resolved before, it is one
const total = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`the oracle refused what the spec resolved: ${result.left.message}`)
  return result.right
}

const present = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

// a cotangent that is missing counts as zeros
const withZeros = (
  op: OpName,
  direction: Direction,
  given: Tensors,
  outputs: Readonly<Record<string, Shape>>,
): Tensors =>
  direction === 'forward'
    ? {}
    : Object.fromEntries(cotangentNames(opOf(op)).map((name) => [name, given[name] ?? zeros(outputs[name] as Shape)]))

// of what the oracle knows, what the question asks for
const wantedOf = <A>(question: Question, all: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  question.wanted === undefined
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => question.wanted?.includes(name)))

/** The oracle's values for a question, and the bound of each from the spec's formula. */
export const expect = (oracle: Oracle, question: Question, depth: Depth): Result<Expected> => {
  const { op, direction, attrs, inputs, cotangents: given } = question
  return F.pipe(
    E.Do,
    E.bind('resolved', () => resolve(opOf(op), attrs, shapesOf(inputs))),
    E.let('cotangents', ({ resolved: { outputs } }) => withZeros(op, direction, given, outputs)),
    E.bind('values', ({ cotangents }) => oracle.evaluate(op, direction, attrs, inputs, cotangents)),
    E.map(({ resolved: { sizes }, cotangents, values }) => {
      const answer = mapValues(given_, values)
      const context = {
        attrs,
        inputs,
        sizes,
        depth,
        exact: (attrs: Question['attrs'], given: GivenTensors) =>
          given === inputs && direction === 'forward'
            ? answer
            : total(oracle.fields(op, 'forward', attrs, present(given), {})),
        exactBackward: (attrs: Question['attrs'], given: GivenTensors, dy: Readables) =>
          given === inputs && dy === cotangents
            ? answer
            : total(oracle.fields(op, 'backward', attrs, present(given), dy)),
      }
      const bounds =
        direction === 'forward' ? opOf(op).bound(context) : opOf(op).boundBackward({ ...context, cotangents })
      return {
        values: wantedOf(question, values),
        bounds: wholeOf(
          wantedOf(
            question,
            mapValues((bound) => bound, bounds),
          ),
        ),
      }
    }),
  )
}

/** Error over bound of one element. NaN matches only NaN, an infinity only itself, and −0 equals 0. */
export const ratioOf = (got: number, want: number, bound: number): number => {
  if (Object.is(got, want) || got === want) return 0
  if (!Number.isFinite(got) || !Number.isFinite(want)) return Infinity
  const ratio = Math.abs(got - want) / bound
  // a bound that is no number permits nothing
  return Number.isNaN(ratio) ? Infinity : ratio
}

const nowhere: Worst = { ratio: 0, error: 0, bound: 0, output: '', index: [], got: 0, want: 0 }

/** The judgement of an answer that has no number to look at. */
export const unanswered = (problem: string): Judgement => ({
  worst: { ...nowhere, ratio: Infinity, error: Infinity, got: NaN, want: NaN },
  walks: [],
  problem,
})

const worstOf = (output: string, got: Tensor, want: Tensor, bound: Tensor): Worst => {
  let at = 0
  let ratio = -1
  for (let i = 0; i < want.data.length; i++) {
    const here = ratioOf(got.data[i] as number, want.data[i] as number, bound.data[i] as number)
    if (here > ratio) {
      ratio = here
      at = i
    }
  }
  const [g, w] = [got.data[at] as number, want.data[at] as number]
  return {
    ratio,
    error: g === w || Object.is(g, w) ? 0 : Math.abs(g - w),
    bound: bound.data[at] as number,
    output,
    index: indexOf(want.shape, at),
    got: g,
    want: w,
  }
}

/**
 * Gate S: with i.i.d. signed data a sum of K products rounds like a random walk of scale
 * s = u·√(S₂(1 + K/6)/3 + K·y²/9), u = 2⁻²⁴, S₂ the op on squared operands. Root mean square of e/s at most 2, the
 * largest at most 8, over at least 256 outputs: what sees tf32, f16 or Winograd inside a long sum.
 */
const walkOf = (oracle: Oracle, question: Question, got: Tensors, want: Tensors): readonly Walked[] => {
  const { op, direction, attrs, inputs, cotangents } = question
  const spec = opOf(op)
  if (spec.walk === undefined) return []
  const resolved = resolve(spec, attrs, shapesOf(inputs))
  if (E.isLeft(resolved)) return []
  const terms = spec.walk[direction](resolved.right.sizes)
  const measured = Object.keys(want).filter(
    (name) => (want[name]?.data.length ?? 0) >= 256 && terms[name] !== undefined,
  )
  if (measured.length === 0) return []
  const summed = total(oracle.evaluate(op, direction, attrs, squares(inputs), squares(cotangents)))
  return measured.map((output) => {
    const [g, w, S2] = [got[output] as Tensor, want[output] as Tensor, summed[output] as Tensor]
    const K = terms[output] as number
    let squared = 0
    let max = 0
    for (let i = 0; i < w.data.length; i++) {
      const y = w.data[i] as number
      const s = 2 ** -24 * Math.sqrt(((S2.data[i] as number) * (1 + K / 6)) / 3 + (K * y * y) / 9)
      const ratio = s === 0 ? 0 : Math.abs((g.data[i] as number) - y) / s
      squared += ratio * ratio
      max = Math.max(max, ratio)
    }
    const rms = Math.sqrt(squared / w.data.length)
    return { output, rms, max, within: rms <= 2 && max <= 8 }
  })
}

/**
 * Holds an answer against the oracle's, in whatever outputs the oracle gives: Gate A always, Gate S where the data is
 * i.i.d. and the op is a sum of products.
 */
export const judge = (
  oracle: Oracle,
  question: Question,
  { values, bounds }: Expected,
  answer: Tensors,
  independent: boolean,
): Judgement => {
  const wanted = Object.keys(values)
  const problem = wanted
    .map((name) => {
      const [got, want] = [answer[name], values[name]]
      if (got === undefined) return `${name} is missing from the answer`
      if (want !== undefined && !sameShape(got.shape, want.shape))
        return `${name} has shape ${showShape(got.shape)}; it must be ${showShape(want.shape)}`
      if (want !== undefined && got.data.length !== want.data.length)
        return `${name} has ${got.data.length} numbers; its shape ${showShape(want.shape)} holds ${want.data.length}`
      return undefined
    })
    .find((found) => found !== undefined)
  if (problem !== undefined) return unanswered(problem)
  const worst = wanted
    .map((name) => worstOf(name, answer[name] as Tensor, values[name] as Tensor, bounds[name] as Tensor))
    .reduce((a, b) => (b.ratio > a.ratio ? b : a), { ...nowhere, ratio: -1 })
  return { worst, walks: independent ? walkOf(oracle, question, answer, values) : [] }
}

/** The spec's bounds for f64: every rounding 2⁻²⁹ times that of f32. */
export const atDoublePrecision = (bounds: Tensors): Tensors => mapTensors((bound) => bound * 2 ** -29, bounds)
