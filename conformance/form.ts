import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { AttributeValue } from '../spec/attributes.js'
import { count, roundAttributes } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opOf, parseOpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show } from '../spec/error.js'
import { cotangentNames, ensureCounts, gradientNames, resolve } from '../spec/op.js'
import type { Draws } from '../spec/philox.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { showShape, sizeOf } from '../spec/tensor.js'

/**
 * How a tensor's numbers are drawn. Every number is an f32 value, 0 or of a magnitude from 2⁻²⁰ to 2²⁰ except where the
 * name says otherwise.
 *
 *   normal         standard normal, signs mixed                 small         ± 10^u, u uniform from −6 to 0
 *   wide           normal, times 10                             ties          integers from −2 to 2
 *   negative       −1 − |normal|                                positive      ½ + |normal|
 *   probability    uniform from 2⁻²⁰ to 1 − 2⁻²⁰                fraction      uniform from 0 to 1, both ends among them
 *   distribution   rows of the last axis sum to about 1, with exact zeros among them
 *   oneHot         rows of the last axis are 0 but for one 1
 *   saturated      one of 0, ±1, ±20, ±100, ±10⁴, ±10³⁰
 *   lone           0 but for one normal number                  largestLast   normal, the last of each row the largest
 *   outlier        normal, one number of each row of the last axis 200 above
 *   tails          probabilities down to 2⁻⁶⁰ and up to 1 − 2⁻²⁴
 *   {mean, scale}  normal, scaled and moved                     {constant}    one number everywhere
 *   {values}       these numbers, repeated as needed
 *   {only}         numbers by row-major position, 0 everywhere else
 *   {integers: n}  from −n to n
 *   {odd: share}   a share of them odd integers between 2¹¹ and 2¹² of either sign, which want 12 bits; 0 elsewhere
 *   {signs: share} a share of them 1 or −1, 0 elsewhere
 */
export type Fill =
  | 'normal'
  | 'small'
  | 'wide'
  | 'ties'
  | 'negative'
  | 'positive'
  | 'probability'
  | 'fraction'
  | 'distribution'
  | 'oneHot'
  | 'saturated'
  | 'lone'
  | 'largestLast'
  | 'outlier'
  | 'tails'
  | { readonly mean: number; readonly scale: number }
  | { readonly constant: number }
  | { readonly values: readonly number[] }
  | { readonly only: readonly (readonly [number, number])[] }
  | { readonly integers: number }
  | { readonly odd: number }
  | { readonly signs: number }

/** A case before its numbers are drawn: attributes, shapes and ways to fill them. JSON, so that it can be kept and replayed. */
export interface Form {
  /** what is special about it, if anything */
  readonly name?: string
  readonly attrs: Readonly<Record<string, AttributeValue>>
  readonly shapes: Readonly<Record<string, Shape>>
  /** by input, and `dNAME` for the cotangent of output NAME; what is not named is normal */
  readonly fills: Readonly<Record<string, Fill>>
  /** the only direction to ask, where the other has nothing to say */
  readonly only?: Direction
  /** the outputs whose cotangents are given, if not all: one that is missing counts as zeros */
  readonly given?: readonly string[]
  /** the outputs, or the inputs whose gradients are, asked for, if not all */
  readonly wanted?: readonly string[]
}

/** A form of an op in a direction, with the seed of its numbers: all that a replay needs. */
export interface Case {
  readonly op: OpName
  readonly direction: Direction
  readonly seed: string
  readonly form: Form
}

const choices = [0, 1, -1, 20, -20, 100, -100, 1e4, -1e4, 1e30, -1e30]
const magnitude = (draw: Draws): number => Math.max(Math.abs(draw.normal()), 2 ** -20)
const signed = (draw: Draws): number => (draw.uniform() < 0.5 ? -1 : 1)

const drawn: Readonly<Record<Extract<Fill, string>, (draw: Draws) => number>> = {
  normal: (draw) => signed(draw) * magnitude(draw),
  small: (draw) => signed(draw) * 10 ** (-6 * draw.uniform()),
  wide: (draw) => 10 * signed(draw) * magnitude(draw),
  ties: (draw) => draw.integer(-2, 2),
  negative: (draw) => -1 - magnitude(draw),
  positive: (draw) => 0.5 + magnitude(draw),
  probability: (draw) => 2 ** -20 + draw.uniform() * (1 - 2 ** -19),
  fraction: (draw) => draw.pick([0, 1, draw.uniform(), draw.uniform()]),
  distribution: (draw) => (draw.uniform() < 0.25 ? 0 : -Math.log(1 - draw.uniform())),
  oneHot: () => 0,
  saturated: (draw) => draw.pick(choices),
  lone: () => 0,
  largestLast: (draw) => signed(draw) * magnitude(draw),
  outlier: (draw) => signed(draw) * magnitude(draw),
  tails: (draw) => (draw.uniform() < 0.5 ? 2 ** (-60 * draw.uniform()) : 1 - 2 ** (-24 * draw.uniform())),
}

/** What draws one number of a fill; those that hang on their place are drawn as if they did not. */
const drawerOf = (fill: Fill): ((draw: Draws) => number) => {
  if (typeof fill !== 'object') return drawn[fill]
  if ('integers' in fill) return (draw) => draw.integer(-fill.integers, fill.integers)
  if ('odd' in fill)
    return (draw) => (draw.uniform() < fill.odd ? signed(draw) * (2 ** 11 + 1 + 2 * draw.integer(0, 2 ** 10 - 1)) : 0)
  if ('signs' in fill) return (draw) => (draw.uniform() < fill.signs ? signed(draw) : 0)
  if ('mean' in fill) return (draw) => fill.mean + fill.scale * drawn.normal(draw)
  return () => 0
}

// long tensors repeat a stretch of so many draws: a prime, so that it falls in step with no extent, and another for each
// tensor of a case, so that their products do not repeat
const stretches = [8191, 8179, 8171, 8167, 8161, 8147, 8123] as const

/** So many numbers of a long tensor are drawn apart at least; those behind them are the same again. */
export const drawnApart: number = Math.min(...stretches)

const rowsOf = (shape: Shape): number => shape.at(-1) ?? 1

// f32 numbers in a row. A loop, since there may be millions: `from` with a function takes several times as long
const made = (count: number, f: (index: number) => number): Float32Array => {
  const data = new Float32Array(count)
  for (let i = 0; i < count; i++) data[i] = f(i)
  return data
}

const normalised = (shape: Shape, data: Float32Array): Float32Array => {
  const width = rowsOf(shape)
  const totals = Array.from({ length: data.length / width }, (_, row) =>
    data.subarray(row * width, (row + 1) * width).reduce((sum, x) => sum + x, 0),
  )
  return made(data.length, (i) => {
    const total = totals[Math.floor(i / width)] as number
    return total === 0 ? (i % width === 0 ? 1 : 0) : (data[i] as number) / total
  })
}

// one place in each row of the last axis, and what stands there
const marked = (
  shape: Shape,
  data: Float32Array,
  place: () => number,
  value: (old: number) => number,
  stretch: number,
): Float32Array => {
  const width = rowsOf(shape)
  const places = Array.from({ length: Math.min(data.length / width, stretch) }, place)
  return data.map((old, i) => (places[Math.floor(i / width) % places.length] === i % width ? value(old) : old))
}

const fillTensor = (fill: Fill, shape: Shape, draw: Draws, at: number): Tensor => {
  const stretch = stretches[at % stretches.length] as number
  const n = sizeOf(shape)
  if (typeof fill === 'object') {
    if ('constant' in fill) return { shape, data: new Float32Array(n).fill(fill.constant) }
    if ('values' in fill) return { shape, data: made(n, (i) => fill.values[i % fill.values.length] as number) }
    if ('only' in fill) {
      const data = new Float32Array(n)
      for (const [at, value] of fill.only) if (at < n) data[at] = value
      return { shape, data }
    }
  }
  if (fill === 'lone') {
    const data = new Float32Array(n)
    data[draw.integer(0, n - 1)] = drawn.normal(draw)
    return { shape, data }
  }
  if (fill === 'oneHot') {
    const width = rowsOf(shape)
    const hot = Array.from({ length: Math.min(n / width, stretch) }, () => draw.integer(0, width - 1))
    return {
      shape,
      data: made(n, (i) => (hot[Math.floor(i / width) % hot.length] === i % width ? 1 : 0)),
    }
  }
  const one = drawerOf(fill)
  const base = made(Math.min(n, stretch), () => one(draw))
  const data = n <= stretch ? base : new Float32Array(n)
  for (let from = 0; n > stretch && from < n; from += stretch)
    data.set(base.subarray(0, Math.min(stretch, n - from)), from)
  if (fill === 'distribution') return { shape, data: normalised(shape, data) }
  const width = rowsOf(shape)
  // beyond what a normal draw reaches
  if (fill === 'largestLast')
    return {
      shape,
      data: marked(
        shape,
        data,
        () => width - 1,
        (old) => 8 + Math.abs(old),
        stretch,
      ),
    }
  if (fill === 'outlier')
    return {
      shape,
      data: marked(
        shape,
        data,
        () => draw.integer(0, width - 1),
        (old) => 200 + old,
        stretch,
      ),
    }
  return { shape, data }
}

// four times the most that the oracle makes of one output
const largestTensor = 2 ** 26

const ensureFits = (shapes: Readonly<Record<string, Shape>>): Result<void> => {
  const bad = Object.entries(shapes).find(([, shape]) => shape.some((n) => !Number.isInteger(n) || n < 1))
  const large = Object.entries(shapes).find(([, shape]) => sizeOf(shape) > largestTensor)
  return F.pipe(
    ensure(
      bad === undefined,
      'MalformedTensor',
      `${bad?.[0]} has shape ${showShape(bad?.[1] ?? [])}; every extent is an integer of at least 1`,
    ),
    E.flatMap(() =>
      ensure(
        large === undefined,
        'TooLarge',
        `${large?.[0]} would have shape ${showShape(large?.[1] ?? [])}; a case's tensors have at most ${largestTensor} elements`,
      ),
    ),
  )
}

const ensureNamed = (field: string, names: readonly string[] | undefined, among: readonly string[]): Result<void> =>
  ensure(
    names === undefined || (names.length > 0 && names.every((name) => among.includes(name))),
    'MalformedRequest',
    `${field} is ${JSON.stringify(names)}; it must name some of ${among.length === 0 ? 'nothing' : among.join(', ')}`,
  )

/**
 * The question that a case asks: its numbers drawn, its attributes rounded to f32, cotangents in the outputs' shapes.
 *
 * Errors  whatever the op refuses of the form; MalformedTensor – an extent below 1 or no integer; TooLarge – a tensor
 *         of more than 2²⁶ elements; MalformedRequest – given or wanted is none of the op's names
 */
export const realise = ({ op, direction, seed, form }: Case): Result<Question> => {
  const spec = opOf(op)
  return F.pipe(
    spec.attrs.decode(form.attrs),
    E.map((attrs) => roundAttributes(spec.attrs, attrs)),
    E.bindTo('attrs'),
    E.tap(() => ensureFits(form.shapes)),
    E.bind('resolved', ({ attrs }) => resolve(spec, attrs, form.shapes)),
    E.tap(({ resolved }) => ensureFits(resolved.outputs)),
    E.tap(() => ensureNamed('given', form.given, direction === 'forward' ? [] : cotangentNames(spec))),
    E.tap(() =>
      ensureNamed(
        'wanted',
        form.wanted,
        direction === 'forward' ? Object.keys(spec.outputs) : gradientNames(spec, form.shapes),
      ),
    ),
    E.map(({ attrs, resolved }) => {
      const make = (name: string, shape: Shape, at: number): Tensor =>
        fillTensor(form.fills[name] ?? 'normal', shape, draws(keyOf(seed), at), at)
      const inputs: Tensors = Object.fromEntries(
        Object.entries(form.shapes).map(([name, shape], at) => [name, make(name, shape, at)]),
      )
      const cotangents: Tensors =
        direction === 'forward'
          ? {}
          : Object.fromEntries(
              cotangentNames(spec)
                .map((name, at) => [name, make(`d${name}`, resolved.outputs[name] as Shape, 100 + at)] as const)
                .filter(([name]) => form.given === undefined || form.given.includes(name)),
            )
      return {
        op,
        direction,
        attrs,
        inputs,
        cotangents,
        ...(form.wanted === undefined ? {} : { wanted: form.wanted }),
      }
    }),
  )
}

/** How many numbers the inputs of a form have together. */
export const numbersIn = ({ shapes }: Form): number => Object.values(shapes).reduce((n, shape) => n + sizeOf(shape), 0)

/** The numbers that a fill names one by one; undefined where it draws them. */
export const listedIn = (fill: Fill | undefined): readonly number[] | undefined =>
  typeof fill !== 'object'
    ? undefined
    : 'constant' in fill
      ? [fill.constant]
      : 'only' in fill
        ? fill.only.map(([, value]) => value)
        : 'values' in fill
          ? fill.values
          : undefined

// half a step has an answer by the formula, and no meaning; numbers that are drawn are not sure to count
const countsSomething = (op: OpName, { fills }: Form): Result<void> => {
  const { counts = [] } = opOf(op)
  return ensureCounts(
    opOf(op),
    Object.fromEntries(counts.map((name) => [name, { shape: [], data: listedIn(fills[name]) ?? [NaN] }])),
  )
}

/** Whether the op accepts a form. */
export const acceptable = (op: OpName, form: Form): boolean =>
  F.pipe(
    opOf(op).attrs.decode(form.attrs),
    E.flatMap((attrs) => resolve(opOf(op), attrs, form.shapes)),
    E.tap(() => countsSomething(op, form)),
    E.isRight,
  )

const share = t.refinement(t.number, (value) => value >= 0 && value <= 1)

const fillCodec: t.Type<Fill, Fill, unknown> = t.union([
  t.keyof({
    normal: null,
    small: null,
    wide: null,
    ties: null,
    negative: null,
    positive: null,
    probability: null,
    fraction: null,
    distribution: null,
    oneHot: null,
    saturated: null,
    lone: null,
    largestLast: null,
    outlier: null,
    tails: null,
  }),
  t.strict({ mean: t.number, scale: t.number }),
  t.strict({ constant: t.number }),
  t.strict({ values: t.refinement(t.readonlyArray(t.number), ({ length }) => length > 0) }),
  t.strict({ only: t.readonlyArray(t.readonly(t.tuple([count, t.number]))) }),
  // what f32 holds
  t.strict({ integers: t.refinement(count, (most) => most <= 2 ** 24) }),
  t.strict({ odd: share }),
  t.strict({ signs: share }),
])

const caseCodec = t.intersection([
  t.strict({
    op: t.string,
    direction: t.keyof({ forward: null, backward: null }),
    seed: t.string,
    shapes: t.record(t.string, t.readonlyArray(t.number)),
  }),
  t.partial({
    name: t.string,
    attrs: t.record(t.string, t.union([t.number, t.string, t.boolean, t.readonlyArray(t.number)])),
    fills: t.record(t.string, fillCodec),
    given: t.readonlyArray(t.string),
    wanted: t.readonlyArray(t.string),
  }),
])

const fields: readonly string[] = ['op', 'direction', 'seed', 'name', 'attrs', 'shapes', 'fills', 'given', 'wanted']

// JSON can say −0, but JSON.stringify says 0
const negativeZero = '\u0000-0'
const keepingNegativeZero = (_: string, value: unknown): unknown =>
  Object.is(value, -0) ? negativeZero : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value

/** A value as one line of JSON that keeps −0; NaN and the infinities, which JSON has not, are words. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, keepingNegativeZero).replaceAll(JSON.stringify(negativeZero), '-0')

// neither has JSON NaN nor the infinities: among the numbers of a fill they are words
const withNonFinite = (key: string, value: unknown): unknown =>
  typeof value === 'string' && /^\d+$|^constant$/.test(key) && ['NaN', 'Infinity', '-Infinity'].includes(value)
    ? Number(value)
    : value

/** A case as one line of JSON, for `etalon replay`. */
export const printCase = ({ op, direction, seed, form: { name, attrs, shapes, fills, given, wanted } }: Case): string =>
  jsonText({
    op,
    direction,
    seed,
    ...(name === undefined ? {} : { name }),
    ...(Object.keys(attrs).length === 0 ? {} : { attrs }),
    shapes,
    ...(Object.keys(fills).length === 0 ? {} : { fills }),
    ...(given === undefined ? {} : { given }),
    ...(wanted === undefined ? {} : { wanted }),
  })

/** Cases in a row as one line of JSON. */
export const printCases = (cases: readonly Case[]): string => `[${cases.map(printCase).join(',')}]`

const decodeCase = (value: unknown): Result<Case> =>
  F.pipe(
    caseCodec.decode(value),
    E.mapLeft((errors) => {
      // the first two steps of a path say where in the codec, not where in the case
      const path = errors[0]?.context
        .slice(2)
        .map(({ key }) => key)
        .join('/')
      return etalonError('MalformedRequest', `no case: its field ${path || '/'} is not what a case has there`)
    }),
    E.tap(() => {
      const stranger = Object.keys(value as object).find((name) => !fields.includes(name))
      return ensure(
        stranger === undefined,
        'MalformedRequest',
        `a case has no field ${show(stranger)}; it has ${fields.join(', ')}`,
      )
    }),
    E.bindTo('value'),
    E.bind('op', ({ value }) => parseOpName(value.op)),
    E.tap(({ op, value }) =>
      ensure(value.direction === 'forward' || hasBackward(op), 'NoBackward', `${op} has no backward`),
    ),
    E.map(({ op, value }): Case => ({
      op,
      direction: value.direction,
      seed: value.seed,
      form: {
        ...(value.name === undefined ? {} : { name: value.name }),
        attrs: value.attrs ?? {},
        shapes: value.shapes,
        fills: value.fills ?? {},
        ...(value.given === undefined ? {} : { given: value.given }),
        ...(value.wanted === undefined ? {} : { wanted: value.wanted }),
      },
    })),
    E.flatMap((given) =>
      F.pipe(
        realise(given),
        E.map(() => given),
      ),
    ),
  )

const parseJson = (text: string): Result<unknown> =>
  E.tryCatch(
    () => JSON.parse(text, withNonFinite) as unknown,
    () => etalonError('MalformedRequest', 'a case is one line of JSON; this is none'),
  )

/**
 * A case from what `printCase` printed.
 *
 * Errors  MalformedRequest – not JSON, or not the form of a case; UnknownOp, NoBackward, and what the op refuses
 */
export const parseCase = (text: string): Result<Case> => F.pipe(parseJson(text), E.flatMap(decodeCase))

/** Cases in a row from what `printCases` printed. Errors: those of `parseCase`; MalformedRequest – no case at all */
export const parseCases = (text: string): Result<readonly Case[]> =>
  F.pipe(
    parseJson(text),
    E.flatMap((value) =>
      Array.isArray(value) && value.length > 0
        ? E.traverseArray(decodeCase)(value as readonly unknown[])
        : fail<readonly Case[]>('MalformedRequest', 'a sequence is a list of at least one case'),
    ),
  )
