import { either as E, function as F } from 'fp-ts'
import { roundAttributes } from '../spec/attributes.js'
import { anyOrder, gamma, tau } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { Field, Fields } from '../spec/field.js'
import { mapValues, zipFields } from '../spec/field.js'
import type { Depth } from '../spec/op.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import { fold, indexOf, magnitudes, mapTensor, sameShape, showShape } from '../spec/tensor.js'
import { bf16, f16, f32, flushed, tf32, toNearest, towardsZero } from './formats.js'
import type { Format } from './formats.js'
import type { Expected, Worst } from './judge.js'
import { expect, ratioOf } from './judge.js'

/**
 * How far a right kernel of some precision may be from the oracle: the bound for anyone's own test.
 *
 * A kernel *in* a precision is given the exact operands – inputs and cotangents –, reads them in that precision, computes
 * in f32, and rounds what comes out to that precision. Three errors, then, each taken as it is rather than by a factor:
 *
 * - **reading**: the operands x become some x̂, and the oracle says what the op is there, so that f(x̂) − f(x) is known
 *   and not estimated: through any formula, and where rounding flips a decision – a threshold, a tie – too. Kernels round
 *   to nearest (casts), or cut digits off (tensor cores, shifts), or leave an operand as it is: a bound admits each of
 *   these for all operands at once. What a kernel reads otherwise – one operand in bf16, another in f32 – is handed in as
 *   it reads it. In sums of products, and in sums, any mixture will do, element by element: with r the most that
 *   reading moves an operand, f(|x| + r) − f(|x|) bounds it.
 * - **arithmetic**: the bound of the op's contract at x̂.
 * - **the result**: rounding is monotone, so the ends of the interval that was reached so far are rounded. tf32 is what
 *   operands are read in and no format of results, which stay f32.
 *
 * Attributes come as given or rounded to f32. An operand or a result past f16's range makes an infinity there, and the
 * bound of whatever it reaches is Infinity. Where the oracle's own answer is no finite number the bound is 0: the same
 * is wanted.
 */
export type Precision = 'f32' | 'f32-nearest' | 'tf32' | 'bf16' | 'f16'

export const precisions = ['f32', 'f32-nearest', 'tf32', 'bf16', 'f16'] as const satisfies readonly Precision[]

type Rounding = (x: number) => number

interface Arithmetic {
  /** what a kernel may make of an operand, as given first */
  readonly reads: readonly Rounding[]
  /** the same of an operand that is an f32: those of them that differ then */
  readonly readsOfF32: readonly Rounding[]
  /** what it may make of a result of f32 arithmetic; each is monotone */
  readonly stores: readonly Rounding[]
  /** the share of the contract's bound, which is made for roundings to either neighbour */
  readonly share: number
}

const asGiven: Rounding = (x) => x

const readingF32In = (format: Format): readonly Rounding[] => {
  const [nearest, cut, flush] = [toNearest(format), towardsZero(format), flushed(format)]
  return [asGiven, nearest, cut, (x) => flush(nearest(x)), (x) => flush(cut(x))]
}

// f32 in between, where an operand arrives as one, may turn a tie the other way
const readingIn = (format: Format) => {
  const ofF32 = readingF32In(format)
  return {
    reads: [
      ...ofF32,
      ...ofF32.map(
        (rounding): Rounding =>
          (x) =>
            rounding(Math.fround(x)),
      ),
    ],
    readsOfF32: ofF32,
  }
}

const storingIn = (format: Format): readonly Rounding[] => {
  const [nearest, cut, flush] = [toNearest(format), towardsZero(format), flushed(format)]
  return [nearest, cut, (x) => flush(cut(x))]
}

// Every bound is a sum of errors, and errors of errors, of so many roundings each: with roundings half as large it is
// half as large or less, up to terms of second order where a slope falls off. Those are 2 % where errors are that large
const half = 0.51

const arithmetics: Readonly<Record<Precision, Arithmetic>> = {
  f32: { reads: [asGiven, Math.fround, towardsZero(f32)], readsOfF32: [asGiven], stores: [], share: 1 },
  'f32-nearest': { reads: [asGiven, Math.fround], readsOfF32: [asGiven], stores: [], share: half },
  tf32: { ...readingIn(tf32), stores: [], share: 1 },
  bf16: { ...readingIn(bf16), stores: storingIn(bf16), share: 1 },
  f16: { ...readingIn(f16), stores: storingIn(f16), share: 1 },
}

/** What is asked of a bound: a precision, and how deep additions nest, where that is known; else any order is admitted. */
export interface BoundsAsked {
  readonly precision: Precision
  readonly depth?: number
}

const depthOf = ({ depth }: BoundsAsked): Depth =>
  depth === undefined ? anyOrder : (terms) => Math.min(anyOrder(terms), depth)

// ---- reading -------------------------------------------------------------------------------------------------------

const same = (a: Numbers, b: Numbers): boolean => {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

const read = (rounding: Rounding, x: Tensor): Tensor => {
  const made = mapTensor((value) => rounding(value), x)
  return same(made.data, x.data) ? x : made
}

/** The operands as a kernel may read them; what counts something is no operand. */
const readAll = (rounding: Rounding, { op, inputs, cotangents, ...rest }: Question): Question => {
  const counts: readonly string[] = opOf(op).counts ?? []
  return {
    ...rest,
    op,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, counts.includes(name) ? x : read(rounding, x)]),
    ),
    cotangents: mapValues((x) => read(rounding, x), cotangents),
  }
}

const operandsOf = ({ inputs, cotangents }: Question): readonly Tensor[] => [
  ...Object.values(inputs),
  ...Object.values(cotangents),
]

const alike = (a: Question, b: Question): boolean => {
  const others = operandsOf(b)
  return operandsOf(a).every(({ data }, at) => same(data, (others[at] as Tensor).data))
}

const isF32 = (data: Numbers): boolean => {
  if (data instanceof Float32Array) return true
  for (let i = 0; i < data.length; i++) if (!Object.is(Math.fround(data[i] as number), data[i])) return false
  return true
}

/** Every way of reading a question that differs from those before it; as given comes first. */
const readingsOf = (question: Question, { reads, readsOfF32 }: Arithmetic): readonly Question[] =>
  (operandsOf(question).every(({ data }) => isF32(data)) ? readsOfF32 : reads).reduce<readonly Question[]>(
    (soFar, rounding) => {
      const made = readAll(rounding, question)
      return soFar.some((other) => alike(made, other)) ? soFar : [...soFar, made]
    },
    [],
  )

const sameAttributes = (a: Question['attrs'], b: Question['attrs']): boolean => JSON.stringify(a) === JSON.stringify(b)

const withRoundedAttributes = (question: Question): readonly Question[] => {
  const attrs = roundAttributes(opOf(question.op).attrs, question.attrs)
  return sameAttributes(attrs, question.attrs) ? [question] : [question, { ...question, attrs }]
}

/**
 * |x| + r of each operand, r being the most that reading moves an element. A bound may be 0 where all operands are
 * multiples of one power of two, which mixtures of readings are not: the tiny factor makes these none.
 */
const farthest = (readings: readonly Question[]): Question => {
  const widened = (pick: (question: Question) => Tensors): Tensors =>
    mapValuesWithName(
      (name, { shape, data }) => {
        const others = readings.map((reading) => (pick(reading)[name] as Tensor).data).filter((each) => each !== data)
        const most = (i: number): number =>
          others.reduce((r, each) => Math.max(r, Math.abs((each[i] as number) - (data[i] as number))), 0)
        return others.length === 0
          ? magnitudes({ x: { shape, data } }).x
          : mapTensor((value, i) => (Math.abs(value) + most(i)) * (1 + 2 ** -40 / 3), { shape, data })
      },
      pick(readings[0] as Question),
    )
  return {
    ...(readings[0] as Question),
    inputs: widened(({ inputs }) => inputs),
    cotangents: widened(({ cotangents }) => cotangents),
  }
}

const mapValuesWithName = (f: (name: string, x: Tensor) => Tensor, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(name, x)]))

const inMagnitudes = (question: Question): Question => ({
  ...question,
  inputs: magnitudes(question.inputs),
  cotangents: magnitudes(question.cotangents),
})

/** Whether an op is a sum of operands or of products of them, every coefficient 1, in either direction. */
const isSumOfProducts = ({ op }: Question): boolean => opOf(op).walk !== undefined || op === 'add'

// ---- arithmetic ----------------------------------------------------------------------------------------------------

// a decision that rounding leaves open moves a gradient by a whole term, however small the roundings are
const leavesOpen = ({ op, direction }: Question): boolean =>
  direction === 'backward' && (op === 'hinge' || op === 'maxout')

const valuesOf = (oracle: Oracle, { op, direction, attrs, inputs, cotangents }: Question): Result<Fields> =>
  oracle.fields(op, direction, attrs, inputs, cotangents)

/**
 * The contract's values and bounds. A contract lets dot products be serial whatever depth is declared; K products that
 * are added up n deep meet n + 1 roundings.
 */
const arithmeticOf = (oracle: Oracle, question: Question, asked: BoundsAsked): Result<Expected> => {
  const op = opOf(question.op)
  const { depth } = asked
  return F.pipe(
    E.Do,
    E.bind('expected', () => expect(oracle, question, depthOf(asked))),
    E.bind('resolved', () => resolve(op, question.attrs, shapesOf(question.inputs))),
    E.bind('companions', () =>
      depth === undefined || op.walk === undefined
        ? E.right<never, Fields>({})
        : valuesOf(oracle, inMagnitudes(question)),
    ),
    E.map(({ expected: { values, bounds }, resolved: { sizes }, companions }) => {
      const terms: Readonly<Record<string, number>> = op.walk?.[question.direction](sizes) ?? {}
      return {
        values,
        bounds: Object.fromEntries(
          Object.entries(bounds).map(([name, bound]): readonly [string, Field] => {
            const companion = companions[name]
            const roundings = Math.min((terms[name] ?? 1) - 1, depth ?? Infinity) + 1
            return [
              name,
              companion === undefined
                ? bound
                : zipFields([bound, companion], (b, size) => Math.min(b, gamma(roundings) * size + tau)),
            ]
          }),
        ),
      }
    }),
  )
}

// ---- the result ----------------------------------------------------------------------------------------------------

// f64 loses so much of a sum
const lost = 2 ** -52

/** All that f32 arithmetic may come to, from `low` to `high`, and how far that is from the oracle's y. */
interface Reached {
  readonly low: number
  readonly high: number
  readonly far: number
}

const around = (y: number, value: number, error: number): Reached => ({
  low: error === 0 ? value : value - error - lost * Math.abs(value),
  high: error === 0 ? value : value + error + lost * Math.abs(value),
  far: Math.abs(value - y) + error,
})

const storedWithin = (stores: readonly Rounding[], y: number, reached: readonly Reached[]): number => {
  if (!Number.isFinite(y)) return 0
  // by Math.max and min, which keep what is no number
  const far = reached.reduce((most, each) => Math.max(most, each.far), 0)
  const low = reached.reduce((least, each) => Math.min(least, each.low), y)
  const high = reached.reduce((most, each) => Math.max(most, each.high), y)
  return !(Math.max(far, -low, high) <= f32.largest)
    ? Infinity
    : stores.reduce((most, store) => Math.max(most, y - store(low), store(high) - y), far)
}

/** The bound of one output, of the contract's values and bounds by each reading, and of what any mixture reaches. */
const combined = (
  { stores, share }: Arithmetic,
  readings: readonly Expected[],
  mixed: readonly { readonly values: Fields; readonly reached: Expected }[],
  name: string,
): Field => {
  const own = (readings[0] as Expected).values[name] as Field
  const others = readings.flatMap(({ values, bounds }) => [values[name] as Field, bounds[name] as Field])
  const boxes = mixed.flatMap(({ values, reached }) => [
    values[name] as Field,
    reached.values[name] as Field,
    reached.bounds[name] as Field,
  ])
  return zipFields([own, ...others, ...boxes], (y, ...numbers: readonly number[]) => {
    const at = (place: number): number => numbers[place] as number
    const reached: Reached[] = []
    for (let i = 0; i < others.length; i += 2) reached.push(around(y, at(i), share * at(i + 1)))
    for (let i = others.length; i < numbers.length; i += 3)
      reached.push(around(y, y, at(i + 1) - at(i) + lost * at(i + 1) + share * at(i + 2)))
    return storedWithin(stores, y, reached)
  })
}

const all = <A>(results: readonly Result<A>[]): Result<readonly A[]> =>
  results.reduce<Result<readonly A[]>>(
    (soFar, result) =>
      F.pipe(
        soFar,
        E.flatMap((list) =>
          F.pipe(
            result,
            E.map((one) => [...list, one]),
          ),
        ),
      ),
    E.right([]),
  )

/**
 * The oracle's values for a question, and how far a right kernel of a precision may be from each.
 *
 * Errors  whatever the op refuses
 */
export const expectIn = (oracle: Oracle, question: Question, asked: BoundsAsked): Result<Expected> => {
  const arithmetic = arithmetics[asked.precision]
  const given = leavesOpen(question) ? { ...arithmetic, share: 1 } : arithmetic
  const operands = readingsOf(question, given)
  const readings = operands.flatMap(withRoundedAttributes)
  const boxed = operands.length > 1 && isSumOfProducts(question) ? [farthest(operands)] : []
  return F.pipe(
    E.Do,
    E.bind('readings', () => all(readings.map((reading) => arithmeticOf(oracle, reading, asked)))),
    E.bind('boxes', () =>
      all(
        boxed.map((widest) =>
          F.pipe(
            E.Do,
            E.bind('values', () => valuesOf(oracle, inMagnitudes(question))),
            E.bind('reached', () => arithmeticOf(oracle, widest, asked)),
          ),
        ),
      ),
    ),
    E.map(({ readings, boxes }) => {
      const { values } = readings[0] as Expected
      const counts: readonly string[] = opOf(question.op).counts ?? []
      return {
        values,
        bounds: Object.fromEntries(
          Object.keys(values).map((name) => [
            name,
            combined(counts.includes(name) ? { ...given, stores: [] } : given, readings, boxes, name),
          ]),
        ),
      }
    }),
  )
}

/**
 * The element of an answer that is worst, measured by its bound: a right kernel's has a ratio of at most 1. Where the
 * bound is Infinity anything may come out, NaN and the infinities too. Outputs that the answer leaves out are not looked at.
 *
 * Errors  UnexpectedInput – an output that there is not; ShapeMismatch – one of another shape; whatever the op refuses
 */
export const checkIn = (oracle: Oracle, question: Question, answer: Tensors, asked: BoundsAsked): Result<Worst> => {
  const wanted = Object.keys(answer)
  return F.pipe(
    expectIn(oracle, question, asked),
    E.flatMap(({ values, bounds }) =>
      F.pipe(
        all(wanted.map((name) => worstOf(name, answer[name] as Tensor, values, bounds))),
        E.map((each) => each.reduce((a, b) => (b.ratio > a.ratio ? b : a), nowhere)),
      ),
    ),
  )
}

const nowhere: Worst = { ratio: 0, error: 0, bound: 0, output: '', index: [], got: 0, want: 0 }

const worstOf = (output: string, { shape, data }: Tensor, values: Fields, bounds: Fields): Result<Worst> => {
  const [value, bound] = [values[output], bounds[output]]
  if (value === undefined || bound === undefined)
    return fail('UnexpectedInput', `there is no output ${output}; there are ${Object.keys(values).join(', ')}`)
  return F.pipe(
    ensure(
      sameShape(shape, value.shape),
      'ShapeMismatch',
      `${output} has shape ${showShape(shape)}; wanted is ${showShape(value.shape)}`,
    ),
    E.map(() => {
      const [wants, limits] = [value.all(), bound.all()]
      const ratioAt = (i: number): number =>
        limits[i] === Infinity ? 0 : ratioOf(data[i] as number, wants[i] as number, limits[i] as number)
      const at = fold(data.length, 0, (worst, i) => (ratioAt(i) > ratioAt(worst) ? i : worst))
      const [got, want] = [data[at] as number, wants[at] as number]
      return {
        ratio: ratioAt(at),
        error: Object.is(got, want) || got === want ? 0 : Math.abs(got - want),
        bound: limits[at] as number,
        output,
        index: indexOf(shape, at),
        got,
        want,
      }
    }),
  )
}
