import { either as E, function as F } from 'fp-ts'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Field, Fields, GivenFields, Readables } from '../spec/field.js'
import { elementsAt, fieldOf, mapField, mapValues, wholeOf } from '../spec/field.js'
import type { Depth, GivenTensors } from '../spec/op.js'
import { cotangentNames, resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import {
  generate,
  indexOf,
  largestOutput,
  mapTensors,
  sameShape,
  showShape,
  sizeOf,
  squares,
  zeros,
} from '../spec/tensor.js'
import type { Elements } from './elements.js'
import { drawnApart } from './form.js'
import type { Sums, SumsEffort } from './freivalds.js'
import { sumsOf } from './freivalds.js'
import type { Walk, Walked } from './walk.js'
import { graded } from './walk.js'
import { isOfIntegers, maybeTransformed, transformBounds, transformSquares } from './transforms.js'

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

/** Errors in units of their bounds, squared and added up. */
export interface Spread {
  readonly squares: number
  readonly elements: number
}

export interface Judgement {
  readonly worst: Worst
  readonly walks: readonly Walked[]
  /** elements looked at, of so many that all outputs have */
  readonly judged: number
  readonly of: number
  /** elements of outputs judged in part that are held all the same, by sums over their channels */
  readonly held: number
  /**
   * the root mean square of the bounds by that of the values wanted, of the output where it is largest: a verdict says
   * nothing about errors smaller than this share of the values; outputs that cancel aside
   */
  readonly looseness: number
  /** Σ (error ÷ bound)² over the elements that are judged and have a bound above 0, and how many these are */
  readonly spread: Spread
  /**
   * the error of the worst element, where the bounds of the formula do not bear it and those of a convolution by transforms
   * (Winograd, FFT) do: fractions in a convolution of integers, or what large numbers round where small ones stand beside them
   */
  readonly transformed?: number
  /** the declared convention of the backend's own by which it was judged, in a few words; by default the catalogue's */
  readonly convention?: string
  /** what is wrong before any number is looked at: an answer missing, or of another shape */
  readonly problem?: string
  /** there was no answer in time */
  readonly late?: boolean
}

/** What the oracle answers and how far a backend may be from it, at whatever elements are read. */
export interface Expected {
  readonly values: Fields
  readonly bounds: Fields
}

/** The same, all of it. */
export interface WholeExpected {
  readonly values: Tensors
  readonly bounds: Tensors
}

// spec asks for the reference as a total function; on a question that was resolved before, it is one
const total = (result: Result<Fields>): Fields => {
  if (E.isLeft(result)) throw new Error(`the oracle refused what the spec resolved: ${result.left.message}`)
  return result.right
}

const present = (tensors: GivenTensors): Tensors => mapValues((tensor) => tensor, tensors)

// a cotangent that is missing counts as zeros
const withZeros = (
  op: OpName,
  { direction, cotangents }: Question,
  outputs: Readonly<Record<string, Shape>>,
): Tensors =>
  direction === 'forward'
    ? {}
    : Object.fromEntries(
        cotangentNames(opOf(op)).map((name) => [name, cotangents[name] ?? zeros(outputs[name] as Shape)]),
      )

// of what the oracle knows, what the question asks for
const wantedOf = <A>(question: Question, all: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  question.wanted === undefined
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => question.wanted?.includes(name)))

// a bound may read the very answer that is judged: what was worked out whole stays
const keeping = (field: Field): Field => {
  let made: Numbers | undefined
  const { shape, data, read, all } = field
  return fieldOf({
    shape,
    data,
    read: (position, i, j, k, l) => (made === undefined ? read(position, i, j, k, l) : (made[position] as number)),
    all: () => (made ??= all()),
  })
}

/** The oracle's values for a question, and the bound of each from the spec's formula. Errors: whatever the op refuses. */
export const expect = (oracle: Oracle, question: Question, depth: Depth): Result<Expected> => {
  const { op, direction, attrs, inputs } = question
  return F.pipe(
    E.Do,
    E.bind('resolved', () => resolve(opOf(op), attrs, shapesOf(inputs))),
    E.let('cotangents', ({ resolved: { outputs } }) => withZeros(op, question, outputs)),
    E.bind('fields', ({ cotangents }) => oracle.fields(op, direction, attrs, inputs, cotangents)),
    E.map(({ resolved: { sizes }, cotangents, fields }) => {
      const values = mapValues(keeping, fields)
      const context = {
        attrs,
        inputs,
        sizes,
        depth,
        valuesOf: (attrs: Question['attrs'], given: GivenTensors): Fields =>
          given === inputs && direction === 'forward'
            ? values
            : total(oracle.fields(op, 'forward', attrs, present(given), {})),
        gradientsOf: (attrs: Question['attrs'], given: GivenTensors, dy: Readables): Fields =>
          given === inputs && dy === cotangents
            ? values
            : total(oracle.fields(op, 'backward', attrs, present(given), dy)),
      }
      const bounds: GivenFields =
        direction === 'forward' ? opOf(op).bound(context) : opOf(op).boundBackward({ ...context, cotangents })
      return {
        values: wantedOf(question, values),
        bounds: wantedOf(
          question,
          mapValues((bound) => bound, bounds),
        ),
      }
    }),
  )
}

/** The same, worked out whole. Errors: the same, and TooLarge – an output over 2²⁴ elements. */
export const expectWhole = (oracle: Oracle, question: Question, depth: Depth): Result<WholeExpected> =>
  F.pipe(
    expect(oracle, question, depth),
    E.tap(({ values }) => {
      const large = Object.entries(values).find(([, { shape }]) => sizeOf(shape) > largestOutput)
      return ensure(
        large === undefined,
        'TooLarge',
        `${large?.[0]} has shape ${showShape(large?.[1].shape ?? [])}; at most ${largestOutput} elements are made whole`,
      )
    }),
    E.map(({ values, bounds }) => ({ values: wholeOf(values), bounds: wholeOf(bounds) })),
  )

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
  judged: 0,
  of: 0,
  held: 0,
  looseness: 0,
  spread: { squares: 0, elements: 0 },
  problem,
})

/** What is looked at of an output: elements one after the other, and where they are, unless they are all. */
interface Reading {
  readonly output: string
  readonly shape: Shape
  readonly positions: Numbers | undefined
  readonly got: Numbers
  readonly want: Numbers
  readonly bound: Numbers
}

// so many elements that are no number are looked at wherever they are
const mostStrangers = 64

const strangersIn = (data: Numbers): readonly number[] => {
  const found: number[] = []
  for (let i = 0; i < data.length && found.length < mostStrangers; i++) if (!Number.isFinite(data[i])) found.push(i)
  return found
}

// the same for what a device answers: a loop that meets one kind of array only is several times as fast
const strangersIn32 = (data: Float32Array): readonly number[] => {
  const found: number[] = []
  for (let i = 0; i < data.length && found.length < mostStrangers; i++) if (!Number.isFinite(data[i])) found.push(i)
  return found
}

/**
 * Positions, those at which an answer is NaN or an infinity, since no bound permits one in place of a number, and those
 * among which a sum says that one is wrong.
 */
const withStrangers = (positions: Numbers, data: Numbers, suspects: readonly number[]): Numbers => {
  const strangers = data instanceof Float32Array ? strangersIn32(data) : strangersIn(data)
  if (strangers.length + suspects.length === 0) return positions
  return Float64Array.from(new Set([...Array.from(positions as ArrayLike<number>), ...strangers, ...suspects])).sort()
}

const chosenFrom = (field: Field, positions: Numbers | undefined): Numbers =>
  positions === undefined ? field.all() : elementsAt(field, positions).data

const readingOf = (
  { values, bounds }: Expected,
  elements: Elements,
  answer: Tensors,
  output: string,
  suspects: readonly number[],
): Reading => {
  const [value, bound, { shape, data }] = [values[output] as Field, bounds[output] as Field, answer[output] as Tensor]
  const chosen = elements[output]
  const positions = chosen && withStrangers(chosen, data, suspects)
  return {
    output,
    shape,
    positions,
    got: positions === undefined ? data : elementsAt({ shape, data }, positions).data,
    want: chosenFrom(value, positions),
    bound: chosenFrom(bound, positions),
  }
}

const worstOf = ({ output, shape, positions, got, want, bound }: Reading): Worst => {
  let at = 0
  let ratio = -1
  for (let i = 0; i < want.length; i++) {
    const here = ratioOf(got[i] as number, want[i] as number, bound[i] as number)
    if (here > ratio) {
      ratio = here
      at = i
    }
  }
  const [g, w] = [got[at] as number, want[at] as number]
  return {
    ratio,
    error: g === w || Object.is(g, w) ? 0 : Math.abs(g - w),
    bound: bound[at] as number,
    output,
    index: indexOf(shape, positions === undefined ? at : (positions[at] as number)),
    got: g,
    want: w,
  }
}

// less than what two integers differ by, whichever of them a fraction is nearer to
const mostFraction = 0.5

const worstAmong = (readings: readonly Reading[]): Worst =>
  readings.map(worstOf).reduce((a, b) => (b.ratio > a.ratio ? b : a), { ...nowhere, ratio: -1 })

/**
 * The same readings, held to what a convolution by transforms may err by. Of integers the spec's products have nothing to round,
 * while transforms make fractions: what is off by less than ½ is told and permitted, as a mistake in terms is off by 1 at least.
 */
const asTransformed = (
  oracle: Oracle,
  question: Question,
  readings: readonly Reading[],
  transforms: boolean,
): readonly Reading[] => {
  const more = transforms ? transformBounds(oracle, question) : {}
  const integers = isOfIntegers(question)
  return readings.map((reading) => {
    const { output, positions, bound } = reading
    const off = more[output] && chosenFrom(more[output], positions)
    return {
      ...reading,
      bound: generate([bound.length], (i) => {
        const own = bound[i] as number
        return integers && own === 0 ? mostFraction : own + (off?.[i] ?? 0)
      }).data,
    }
  })
}

/** What is held to which bounds, and its worst element: where the formula's do not bear it, those of transforms. */
const heldTo = (
  oracle: Oracle,
  question: Question,
  readings: readonly Reading[],
  transforms: boolean,
): { readonly held: readonly Reading[] } & Pick<Judgement, 'worst' | 'transformed'> => {
  const worst = worstAmong(readings)
  if (worst.ratio <= 1 || !maybeTransformed(question) || !(transforms || isOfIntegers(question)))
    return { held: readings, worst }
  const held = asTransformed(oracle, question, readings, transforms)
  const other = worstAmong(held)
  return other.ratio < 1 ? { held, worst: other, transformed: other.error } : { held: readings, worst }
}

const loosenessOf = ({ want, bound }: Reading): number => {
  let [ofValues, ofBounds] = [0, 0]
  for (let i = 0; i < want.length; i++) {
    // where nothing rounds nothing is loose, and an infinity is no size
    if (!Number.isFinite(want[i])) continue
    ofValues += (want[i] as number) ** 2
    ofBounds += (bound[i] as number) ** 2
  }
  return ofBounds === 0 ? 0 : Math.sqrt(ofBounds / ofValues)
}

const spreadOf = (readings: readonly Reading[]): Spread => {
  let [squares, elements] = [0, 0]
  for (const { got, want, bound } of readings)
    for (let i = 0; i < want.length; i++) {
      const most = bound[i] as number
      if (!(most > 0) || !Number.isFinite(most)) continue
      const ratio = ratioOf(got[i] as number, want[i] as number, most)
      squares += ratio * ratio
      elements++
    }
  return { squares, elements }
}

const sizeOfAll = (tensors: Tensors): number => Object.values(tensors).reduce((n, { data }) => n + data.length, 0)

const squaredWhereRead = (tensors: Tensors): Fields => mapValues((x) => mapField((v) => v * v, x), tensors)

/** Gate S of the outputs that are sums of products. */
const walkOf = (
  oracle: Oracle,
  question: Question,
  readings: readonly Reading[],
  transforms: boolean,
): readonly Walked[] => {
  const { op, direction, attrs, inputs, cotangents } = question
  const spec = opOf(op)
  if (spec.walk === undefined) return []
  const resolved = resolve(spec, attrs, shapesOf(inputs))
  if (E.isLeft(resolved)) return []
  const terms = spec.walk[direction](resolved.right.sizes)
  // a bias's gradient adds the numbers of one tensor, which repeat: so do their roundings, and walk in step. Products of two
  // tensors, whose stretches are as long as different primes, do not
  const repeats = (output: string): boolean => output === 'b' && (terms[output] ?? 0) > drawnApart
  const measured = readings.filter(({ output }) => terms[output] !== undefined && !repeats(output))
  if (measured.length === 0) return []
  // squares are numbers that are there where long sums read most of them, and else made where they are read
  const read = measured.reduce((n, { output, want }) => n + want.length * (terms[output] as number), 0)
  const squared: (tensors: Tensors) => Readables =
    4 * read < sizeOfAll(inputs) + sizeOfAll(cotangents) ? squaredWhereRead : squares
  const summed = total(oracle.fields(op, direction, attrs, squared(inputs), squared(cotangents)))
  return measured.flatMap(({ output, positions, got, want }) => {
    const K = terms[output] as number
    const walked = (S2: Numbers): Walk => {
      let [sum, max, count] = [0, 0, 0]
      for (let i = 0; i < want.length; i++) {
        const y = want[i] as number
        const s = 2 ** -24 * Math.sqrt(((S2[i] as number) * (1 + K / 6)) / 3 + (K * y * y) / 9)
        // a sum of nothing but zeros
        if (s === 0) continue
        const ratio = Math.abs((got[i] as number) - y) / s
        sum += ratio * ratio
        max = Math.max(max, ratio)
        count++
      }
      return { rms: Math.sqrt(sum / count), max, count }
    }
    const walk = walked(chosenFrom(summed[output] as Field, positions))
    if (walk.count === 0) return []
    const byTerms = graded(output, walk)
    // by transforms an element is as far off as those of its plane are
    const ofPlanes = byTerms.within || !transforms ? undefined : transformSquares(oracle, question)[output]
    const byPlanes = ofPlanes && graded(output, walked(chosenFrom(ofPlanes, positions)))
    return [byPlanes?.within === true ? byPlanes : byTerms]
  })
}

/** An answer, and what it is held against. */
export interface Hearing {
  readonly oracle: Oracle
  readonly question: Question
  readonly expected: Expected
  readonly answer: Tensors
  /** the elements that are judged of each output; of one that is not named, all */
  readonly elements?: Elements
  /** whether the question's numbers are signed and i.i.d., so that a sum of products may be held against a random walk */
  readonly independent?: boolean
  /** what may be spent on holding all elements of an output by sums, where some of them are judged and nothing rounds */
  readonly sums?: SumsEffort
  /** outputs whose terms cancel but for rounding: how large a bound is beside them says nothing of it */
  readonly cancelling?: readonly string[]
  /**
   * whether a convolution may err as one by transforms does, of other numbers than integers too (transforms.ts): where integers
   * are asked as well, which show what that hides
   */
  readonly transforms?: boolean
}

const problemOf = (values: Fields, answer: Tensors): string | undefined =>
  Object.entries(values)
    .map(([name, { shape }]) => {
      const got = answer[name]
      if (got === undefined) return `${name} is missing from the answer`
      if (!sameShape(got.shape, shape))
        return `${name} has shape ${showShape(got.shape)}; it must be ${showShape(shape)}`
      if (got.data.length !== sizeOf(shape))
        return `${name} has ${got.data.length} numbers; its shape ${showShape(shape)} holds ${sizeOf(shape)}`
      return undefined
    })
    .find((found) => found !== undefined)

/**
 * Holds an answer against the oracle's, in whatever outputs the oracle gives: Gate A always, Gate S where the data is
 * i.i.d. and the op is a sum of products. Of products of integers that are judged in part, all elements are held by sums,
 * and those of a sum that is wrong are judged. An answer's shape is always looked at, and so are some of its elements that are
 * no numbers, wherever they are.
 */
export const judge = ({
  oracle,
  question,
  expected,
  answer,
  elements = {},
  independent = false,
  sums,
  cancelling = [],
  transforms = false,
}: Hearing): Judgement => {
  const problem = problemOf(expected.values, answer)
  if (problem !== undefined) return unanswered(problem)
  const inSums = (output: string): Sums =>
    sums === undefined || elements[output] === undefined
      ? { held: 0, suspects: [] }
      : sumsOf(oracle, question, output, answer[output] as Tensor, sums)
  const found = Object.keys(expected.values).map((output) => ({ output, ...inSums(output) }))
  const readings = found.map(({ output, suspects }) => readingOf(expected, elements, answer, output, suspects))
  const { held, ...worst } = heldTo(oracle, question, readings, transforms)
  return {
    ...worst,
    walks: independent ? walkOf(oracle, question, readings, transforms) : [],
    judged: readings.reduce((n, { want }) => n + want.length, 0),
    of: readings.reduce((n, { shape }) => n + sizeOf(shape), 0),
    held: found.reduce((n, { held }) => n + held, 0),
    looseness: readings
      .filter((_, k) => !cancelling.includes((found[k] as (typeof found)[number]).output))
      .map(loosenessOf)
      .reduce((a, b) => Math.max(a, b), 0),
    spread: spreadOf(held),
  }
}

/** The spec's bounds for f64: every rounding 2⁻²⁹ times that of f32. */
export const atDoublePrecision = (bounds: Tensors): Tensors => mapTensors((bound) => bound * 2 ** -29, bounds)
