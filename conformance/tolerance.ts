import { either as E, function as F } from 'fp-ts'
import type { AttributeValue } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import type { Field } from '../spec/field.js'
import { elementsAt, mapValues } from '../spec/field.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape } from '../spec/tensor.js'
import { magnitudes, sizeOf } from '../spec/tensor.js'
import type { Effort } from './elements.js'
import { elementsIn } from './elements.js'
import type { Fill } from './form.js'
import { realise } from './form.js'
import type { BoundsAsked, Precision } from './precision.js'
import { expectIn } from './precision.js'

/**
 * What a test may ask of an op at a shape that has one tolerance for all elements: |got − want| ≤ atol + rtol·|want|, as
 * NumPy's `allclose` and its kin have it, in place of a bound for each.
 *
 * Such a pair never fails a right kernel if it lies above the bound at every element. Of all lines above the points
 * (|value|, bound) of the data looked at, the lowest at the mean |value| is taken: it hides least. Then data that was not
 * looked at: a draw comes near the line by some share, its largest bound ÷ line; as far as these shares differ among the
 * draws, so far the line is moved up; and as many fresh draws again have to lie below it, or else they are taken in and all
 * is done once more. The largest of n draws of anything with an exponential tail of scale s spread over about s·(ln n + 2),
 * and the next one lies so far beyond them all with a chance of e^{−(ln n + 2)}/n = e^{−2}/n²: 1 in 7,500 for n = 32, 1 in
 * 470 for the 8 that large shapes get. And then a right kernel would have to make the most of its roundings, all one way,
 * at that element.
 */
export interface Tolerance {
  /** |got − want| ≤ atol + rtol·|want| */
  readonly rtol: number
  readonly atol: number
  /** the largest error that passes at a value of usual size, as a share of it */
  readonly hidden: number
  /** the same in terms of usual size, for a sum of products */
  readonly hiddenTerms?: number
}

/** A pair that people use, and how many elements have a bound beyond it: a right kernel may fail there. */
export interface Customary {
  readonly whose: string
  readonly rtol: number
  readonly atol: number
  readonly flaky: number
  readonly hidden: number
  readonly hiddenTerms?: number
}

/** An answer, as all draws have it. */
export interface Tolerated {
  readonly answer: string
  readonly shape: Shape
  /** elements looked at */
  readonly elements: number
  /** root mean square of the values */
  readonly value: number
  /** of a sum of products: how many, and the root mean square of Σ|terms| */
  readonly terms?: number
  readonly sum?: number
  readonly bound: Range
  /** bound ÷ |value|, where that is not 0 */
  readonly ofValue: Range
  /** bound ÷ Σ|terms| */
  readonly ofSum?: Range
  /** elements that have no bound, since a number on the way may be past the precision's range */
  readonly unbounded: number
  /** none where some elements have no bound */
  readonly tolerance?: Tolerance
  readonly customary: readonly Customary[]
}

export interface Range {
  readonly median: number
  readonly largest: number
}

export interface Tolerances {
  /** draws looked at, those that only had to fit among them */
  readonly draws: number
  readonly answers: readonly Tolerated[]
}

/** A shape of an op, the numbers that are put to it, and what is asked of the kernel. */
export interface ToleranceQuestion {
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Readonly<Record<string, AttributeValue>>
  readonly shapes: Readonly<Record<string, Shape>>
  readonly data: DataKind
  readonly asked: BoundsAsked
  readonly seed: number
}

/** Numbers as tests have them. What has a domain of its own – targets, probabilities, variances, counts – keeps to that. */
export const dataKinds = {
  normal: 'normal',
  positive: 'positive',
  integers: { integers: 8 },
  wide: 'wide',
} as const satisfies Readonly<Record<string, Fill>>
export type DataKind = keyof typeof dataKinds

const domains: Readonly<Record<string, Fill>> = {
  runningVar: 'positive',
  v: 'positive',
  accumulator: 'positive',
  meanSquare: 'positive',
  meanSquareDelta: 'positive',
  step: { constant: 10 },
  // what a loss is differentiated by
  dloss: { constant: 1 },
}
const targets: Readonly<Record<string, Readonly<Record<string, Fill>>>> = {
  bce: { prediction: 'probability', target: 'fraction' },
  bceWithLogits: { target: 'fraction' },
  cce: { prediction: 'probability', target: 'distribution' },
  softmaxCrossEntropy: { target: 'distribution' },
  hinge: { target: 'oneHot' },
}

const fillsOf = ({ op, shapes, data }: ToleranceQuestion): Readonly<Record<string, Fill>> => {
  const cotangents = Object.keys(opOf(op).outputs).map((name) => `d${name}`)
  return {
    ...Object.fromEntries([...Object.keys(shapes), ...cotangents].map((name) => [name, dataKinds[data]])),
    ...domains,
    ...targets[op],
  }
}

const realised = (asked: ToleranceQuestion, draw: number): Result<Question> =>
  realise({
    op: asked.op,
    direction: asked.direction,
    seed: `tolerance ${asked.seed} ${draw}`,
    form: { attrs: asked.attrs, shapes: asked.shapes, fills: fillsOf(asked) },
  })

/** Where a test of some precision is often left: the defaults of NumPy and PyTorch. */
const customaryPairs: Readonly<Record<Precision, readonly Pick<Customary, 'whose' | 'rtol' | 'atol'>[]>> = (() => {
  const numpy = { whose: 'numpy.allclose', rtol: 1e-5, atol: 1e-8 }
  const torch = (name: string, rtol: number) => ({ whose: `torch.testing, ${name}`, rtol, atol: 1e-5 })
  const single = [numpy, torch('float32', 1.3e-6)]
  return {
    f32: single,
    'f32-nearest': single,
    tf32: single,
    bf16: [torch('bfloat16', 1.6e-2)],
    f16: [torch('float16', 1e-3)],
  }
})()

// ---- what the draws have -------------------------------------------------------------------------------------------

/** An element: |value|, its bound, and Σ|terms| if that is known. */
interface Seen {
  readonly values: Numbers
  readonly bounds: Numbers
  readonly sums: Numbers | undefined
}

interface Draw {
  readonly answers: Readonly<Record<string, Seen>>
  readonly shapes: Readonly<Record<string, Shape>>
  readonly terms: Readonly<Record<string, number>>
}

const effort: Effort = { terms: 2 ** 17, least: 128 }

const chosenFrom = (field: Field, positions: Numbers | undefined): Numbers =>
  positions === undefined ? field.all() : elementsAt(field, positions).data

const sizesOf = (numbers: Numbers): Numbers =>
  (magnitudes({ x: { shape: [numbers.length], data: numbers } }).x as { readonly data: Numbers }).data

const drawOf = (oracle: Oracle, asked: ToleranceQuestion, number: number): Result<Draw> =>
  F.pipe(
    E.Do,
    E.bind('question', () => realised(asked, number)),
    E.bind('elements', ({ question }) => elementsIn(question, effort, `tolerance ${asked.seed} ${number}`)),
    E.bind('expected', ({ question }) => expectIn(oracle, question, asked.asked)),
    E.bind('resolved', ({ question }) => resolve(opOf(asked.op), question.attrs, shapesOf(question.inputs))),
    E.bind('companions', ({ question: { op, direction, attrs, inputs, cotangents } }) =>
      opOf(op).walk === undefined
        ? E.right(undefined)
        : oracle.fields(op, direction, attrs, magnitudes(inputs), magnitudes(cotangents)),
    ),
    E.map(({ elements, expected: { values, bounds }, resolved: { sizes }, companions }) => ({
      answers: Object.fromEntries(
        Object.entries(values).map(([name, value]): readonly [string, Seen] => {
          const companion = companions?.[name]
          return [
            name,
            {
              values: sizesOf(chosenFrom(value, elements[name])),
              bounds: chosenFrom(bounds[name] as Field, elements[name]),
              sums: companion && chosenFrom(companion, elements[name]),
            },
          ]
        }),
      ),
      shapes: Object.fromEntries(Object.entries(values).map(([name, { shape }]) => [name, shape])),
      terms: mapValues((terms) => terms - biasesMissing(asked), opOf(asked.op).walk?.[asked.direction](sizes) ?? {}),
    })),
  )

// the spec counts a bias among the terms of forward, given or not
const biasesMissing = ({ op, direction, shapes }: ToleranceQuestion): number =>
  direction === 'forward' && 'b' in opOf(op).inputs && 'w' in opOf(op).inputs && shapes['b'] === undefined ? 1 : 0

const drawsOf = (oracle: Oracle, asked: ToleranceQuestion, from: number, count: number): Result<readonly Draw[]> =>
  Array.from({ length: count }, (_, i) => from + i).reduce<Result<readonly Draw[]>>(
    (soFar, number) =>
      F.pipe(
        soFar,
        E.flatMap((list) =>
          F.pipe(
            drawOf(oracle, asked, number),
            E.map((draw) => [...list, draw]),
          ),
        ),
      ),
    E.right([]),
  )

// ---- the line above them -------------------------------------------------------------------------------------------

interface Point {
  readonly value: number
  readonly bound: number
}

const pointsOf = ({ values, bounds }: Seen): readonly Point[] =>
  Array.from({ length: values.length }, (_, i) => ({ value: values[i] as number, bound: bounds[i] as number })).filter(
    ({ value }) => Number.isFinite(value),
  )

// of a hull of points by value, the edges: those that lie below a later edge are taken back
const upperHull = (points: readonly Point[]): readonly Point[] =>
  [...points]
    .sort((a, b) => a.value - b.value || a.bound - b.bound)
    .reduce<Point[]>((hull, point) => {
      while (hull.length >= 2) {
        const [a, b] = [hull[hull.length - 2] as Point, hull[hull.length - 1] as Point]
        if ((b.bound - a.bound) * (point.value - a.value) > (point.bound - a.bound) * (b.value - a.value)) break
        hull.length--
      }
      hull.push(point)
      return hull
    }, [])

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
const largestOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0)

/** Of the lines atol + rtol·value above all points, atol and rtol at least 0, the lowest at the mean value. */
export const lowestLine = (points: readonly Point[]): { readonly rtol: number; readonly atol: number } => {
  const hull = upperHull(points)
  const middle = mean(points.map(({ value }) => value))
  const slopes = hull
    .slice(1)
    .map(({ value, bound }, i) => (bound - (hull[i] as Point).bound) / (value - (hull[i] as Point).value))
  // through the origin: the steepest of these needs no atol
  const steepest = largestOf(hull.filter(({ value }) => value > 0).map(({ value, bound }) => bound / value))
  return [0, steepest, ...slopes]
    .filter((slope) => slope >= 0 && Number.isFinite(slope))
    .map((rtol) => ({ rtol, atol: largestOf(hull.map(({ value, bound }) => bound - rtol * value)) }))
    .reduce((best, line) => (line.atol + line.rtol * middle < best.atol + best.rtol * middle ? line : best))
}

/** Rounded up to two digits. */
export const roundedUp = (x: number): number => {
  if (!(x > 0) || !Number.isFinite(x)) return x
  const exponent = Math.floor(Math.log10(x)) - 1
  const digits = Math.ceil(Number((x / 10 ** exponent).toPrecision(12)))
  return Number(`${digits}e${exponent}`)
}

const nearness = ({ rtol, atol }: { readonly rtol: number; readonly atol: number }, points: readonly Point[]): number =>
  largestOf(points.map(({ value, bound }) => (bound === 0 ? 0 : bound / (atol + rtol * value))))

const movedUp = (draws: readonly (readonly Point[])[]): { readonly rtol: number; readonly atol: number } => {
  const line = lowestLine(draws.flat())
  const near = draws.map((points) => nearness(line, points))
  const margin = 1 + largestOf(near) - near.reduce((a, b) => Math.min(a, b))
  return { rtol: roundedUp(margin * line.rtol), atol: roundedUp(margin * line.atol) }
}

const rangeOf = (numbers: readonly number[]): Range => {
  const sorted = numbers.filter((x) => !Number.isNaN(x)).sort((a, b) => a - b)
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, largest: sorted.at(-1) ?? 0 }
}

const rootMeanSquare = (numbers: readonly number[]): number => Math.sqrt(mean(numbers.map((x) => x * x)))

const toleratedOf = (name: string, draws: readonly Draw[], precision: Precision): Tolerated => {
  const seen = draws.map(({ answers }) => answers[name] as Seen)
  const byDraw = seen.map(pointsOf)
  const points = byDraw.flat()
  const unbounded = points.filter(({ bound }) => bound === Infinity).length
  const value = rootMeanSquare(points.map((point) => point.value))
  const terms = draws[0]?.terms[name]
  const sums = seen.flatMap(({ sums }) => (sums === undefined ? [] : Array.from(sums as ArrayLike<number>)))
  const isSum = terms !== undefined && sums.length > 0
  const sum = rootMeanSquare(sums)
  const hiddenBy = (rtol: number, atol: number) => ({
    hidden: (atol + rtol * value) / value,
    ...(isSum ? { hiddenTerms: (atol + rtol * value) / (sum / terms) } : {}),
  })
  const pair = unbounded > 0 || points.length === 0 ? undefined : movedUp(byDraw)
  return {
    answer: name,
    shape: draws[0]?.shapes[name] ?? [],
    elements: points.length,
    value,
    ...(isSum ? { terms, sum } : {}),
    bound: rangeOf(points.map(({ bound }) => bound)),
    ofValue: rangeOf(points.filter(({ value }) => value > 0).map(({ value, bound }) => bound / value)),
    ...(isSum
      ? {
          ofSum: rangeOf(
            seen.flatMap(({ bounds, sums }) =>
              Array.from({ length: bounds.length }, (_, i) => (bounds[i] as number) / ((sums as Numbers)[i] as number)),
            ),
          ),
        }
      : {}),
    unbounded,
    ...(pair === undefined ? {} : { tolerance: { ...pair, ...hiddenBy(pair.rtol, pair.atol) } }),
    customary: customaryPairs[precision].map((each) => ({
      ...each,
      flaky: points.filter(({ value, bound }) => bound > each.atol + each.rtol * value).length / points.length,
      ...hiddenBy(each.rtol, each.atol),
    })),
  }
}

// draws are doubled until as many fresh ones lie below the line, or there are so many times the first
const mostDoublings = 8

/** Small shapes are drawn more often: a draw of a large one has more elements, and costs more. */
const firstDraws = ({ shapes }: ToleranceQuestion): number =>
  Object.values(shapes).reduce((n, shape) => n + sizeOf(shape), 0) <= 2 ** 13 ? 32 : 8

const fits = ({ answers }: Tolerances, fresh: readonly Draw[]): boolean =>
  answers.every(
    ({ answer, tolerance }) =>
      tolerance === undefined ||
      fresh.every((draw) => nearness(tolerance, pointsOf(draw.answers[answer] as Seen)) <= 1),
  )

const toleratedBy = (draws: readonly Draw[], { asked: { precision } }: ToleranceQuestion): Tolerances => ({
  draws: draws.length,
  answers: Object.keys(draws[0]?.answers ?? {}).map((name) => toleratedOf(name, draws, precision)),
})

const settled = (oracle: Oracle, asked: ToleranceQuestion, draws: readonly Draw[]): Result<Tolerances> => {
  const found = toleratedBy(draws, asked)
  return F.pipe(
    drawsOf(oracle, asked, draws.length, draws.length),
    E.flatMap((fresh) => {
      const all = [...draws, ...fresh]
      return fits(found, fresh)
        ? E.right({ ...found, draws: all.length })
        : all.length >= mostDoublings * firstDraws(asked)
          ? E.right(toleratedBy(all, asked))
          : settled(oracle, asked, all)
    }),
  )
}

/**
 * What a test may ask of an op at a shape.
 *
 * Errors  whatever the op refuses of shapes and attributes; TooLarge – a tensor of more than 2²⁶ elements
 */
export const tolerancesOf = (oracle: Oracle, asked: ToleranceQuestion): Result<Tolerances> =>
  F.pipe(
    drawsOf(oracle, asked, 0, firstDraws(asked)),
    E.flatMap((draws) => settled(oracle, asked, draws)),
  )
