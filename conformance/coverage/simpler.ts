import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Axes } from '../../spec/op.js'
import { cotangentNames, gradientNames, inputsAmong, resolve } from '../../spec/op.js'
import type { Shape, Tensors } from '../../spec/tensor.js'
import { indexOf, sizeOf, stridesOf } from '../../spec/tensor.js'
import type { Case, Fill, Form } from '../form.js'
import { acceptable, realise } from '../form.js'

/**
 * What is simpler than a case, as the shrink tree of an arbitrary: first fewer axes, smaller extents and plainer
 * attributes, then plainer numbers – zeros, small integers, powers of two – and then smaller extents once more, around
 * the numbers that are left.
 */

/** Where a search stands: what it has found already needs no second look. */
type Place =
  | { readonly stage: 'shapes'; readonly last: boolean }
  | { readonly stage: 'constants'; readonly tensor: number; readonly last: boolean }
  | {
      readonly stage: 'zeros'
      readonly tensor: number
      readonly chunk: number
      readonly at: number
      readonly last: boolean
    }
  | { readonly stage: 'rounding'; readonly tensor: number; readonly last: boolean }
  | { readonly stage: 'numbers'; readonly tensor: number; readonly at: number; readonly last: boolean }

export interface Step {
  readonly form: Form
  readonly place: Place
}

export const start: Place = { stage: 'shapes', last: false }

// ---- shapes ------------------------------------------------------------------------------------------------------

// fast-check's own way to a smaller integer: the least at once, then by halves back to where it came from
const smaller = (extent: number): readonly number[] =>
  [...fc.integer({ min: 1, max: extent }).shrink(extent, undefined)].map(({ value }) => value)

const axesIn = (op: OpName, shapes: Form['shapes']): Readonly<Record<string, Axes>> =>
  Object.fromEntries(
    Object.entries(inputsAmong(opOf(op), Object.keys(shapes))).map(([name, axes]) => [
      name,
      'optional' in axes ? axes.optional : axes,
    ]),
  )

// one axis letter at a time, or two of which one is a multiple of the other, in every place that has it; runs of axes lose
// one axis or get a smaller extent
const smallerShapes = (op: OpName, shapes: Form['shapes']): readonly Form['shapes'][] => {
  const axes = axesIn(op, shapes)
  const letters = [...new Set(Object.values(axes).flat())].filter((axis) => !axis.startsWith('...'))
  const letterAt = (name: string, at: number): string | undefined => {
    const list = axes[name] as readonly string[]
    const open = list.findIndex((axis) => axis.startsWith('...'))
    const fromEnd = at - (shapes[name]?.length ?? 0) + list.length
    return open < 0 || at < open ? list[at] : fromEnd > open ? list[fromEnd] : undefined
  }
  const extentOf = (letter: string): number =>
    Object.entries(shapes)
      .flatMap(([name, shape]) => shape.filter((_, at) => letterAt(name, at) === letter))
      .reduce((a, b) => Math.max(a, b), 1)
  const resized = (extents: Readonly<Record<string, number>>): Form['shapes'] =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        shape.map((old, at) => extents[letterAt(name, at) ?? ''] ?? old),
      ]),
    )
  const multiples = letters.flatMap((many) =>
    letters
      .filter((few) => few !== many && extentOf(few) <= extentOf(many) && extentOf(many) % extentOf(few) === 0)
      .map((few) => ({ few, many, times: extentOf(many) / extentOf(few) })),
  )
  const byLetter = [
    ...letters.flatMap((letter) => smaller(extentOf(letter)).map((extent) => resized({ [letter]: extent }))),
    ...multiples.flatMap(({ few, many, times }) =>
      smaller(extentOf(few)).map((extent) => resized({ [few]: extent, [many]: times * extent })),
    ),
  ]
  const open = Object.keys(shapes).find((name) => axes[name]?.includes('...'))
  const before = open === undefined ? 0 : (axes[open]?.indexOf('...') ?? 0)
  const rest =
    open === undefined
      ? []
      : (shapes[open] ?? []).slice(before, (shapes[open]?.length ?? 0) - ((axes[open]?.length ?? 1) - before - 1))
  const smallerRests = [
    ...rest.map((_, at) => rest.filter((_, other) => other !== at)),
    ...rest.flatMap((extent, at) =>
      smaller(extent).map((next) => rest.map((old, other) => (other === at ? next : old))),
    ),
  ]
  const byRest = smallerRests.map((next) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const at = axes[name]?.indexOf('...') ?? -1
        return [name, at < 0 ? shape : [...shape.slice(0, at), ...next, ...shape.slice(at + rest.length)]]
      }),
    ),
  )
  return [...byRest, ...byLetter]
}

// inputs with runs of axes of their own (x0, x1, …): one fewer of them; an axis less in all, or smaller in all or in one
const smallerRuns = (op: OpName, shapes: Form['shapes']): readonly Form['shapes'][] => {
  if (opOf(op).variadic === undefined) return []
  const names = Object.keys(shapes)
  const deepest = names.reduce((most, name) => Math.max(most, shapes[name]?.length ?? 0), 0)
  const changed = (among: readonly string[], change: (shape: Shape) => Shape): Form['shapes'] =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, among.includes(name) ? change(shape) : shape]),
    )
  const extentAt = (axis: number): number => names.reduce((most, name) => Math.max(most, shapes[name]?.[axis] ?? 1), 1)
  return [
    Object.fromEntries(Object.entries(shapes).slice(0, -1)),
    ...Array.from({ length: deepest }, (_, axis) => axis).flatMap((axis) => [
      changed(names, (shape) => shape.filter((_, at) => at !== axis)),
      ...smaller(extentAt(axis)).flatMap((extent) =>
        [names, ...names.map((name) => [name])].map((among) =>
          changed(among, (shape) => shape.map((old, at) => (at === axis ? Math.min(old, extent) : old))),
        ),
      ),
    ]),
  ]
}

// a tensor whose extents come from an attribute is as large as x: x and the attribute go together
const smallerTogether = ({ attrs, shapes }: Form): readonly Pick<Form, 'attrs' | 'shapes'>[] => {
  const [shape, x] = [attrs['shape'], shapes['x']]
  if (!Array.isArray(shape) || x === undefined) return []
  const flat = sizeOf(x)
  return smaller(flat).map((n) => ({ attrs: { ...attrs, shape: [n] }, shapes: { ...shapes, x: [n] } }))
}

// an attribute at its default, then each of its numbers closer to it
const smallerAttrs = (attrs: Form['attrs']): readonly Form['attrs'][] =>
  Object.entries(attrs).flatMap(([name, value]) => [
    Object.fromEntries(Object.entries(attrs).filter(([other]) => other !== name)),
    ...(Array.isArray(value)
      ? value.flatMap((v: number, at) =>
          [0, 1, 2, v - 1]
            .filter((next) => next >= 0 && next < v)
            .map((next) => ({ ...attrs, [name]: value.map((old: number, i) => (i === at ? next : old)) })),
        )
      : typeof value === 'number'
        ? plainer(value)
            .filter((next) => Number.isInteger(next) || !Number.isInteger(value))
            .map((next) => ({ ...attrs, [name]: next }))
        : []),
  ])

// one number of a pair of counts at a time may be refused where groups divide both
const smallerGroups = ({ attrs, shapes }: Form): readonly Pick<Form, 'attrs' | 'shapes'>[] => {
  const groups = attrs['groups']
  if (typeof groups !== 'number' || groups < 2) return []
  return smaller(groups).flatMap((fewer) => {
    const scale = (extent: number): number => (extent / groups) * fewer
    // x's channels, and the first axis of the filters and the biases
    const [x, w, b] = [shapes['x'], shapes['w'], shapes['b']]
    if (x === undefined || w === undefined) return []
    const next = {
      ...shapes,
      x: x.map((extent, at) => (at === 1 ? scale(extent) : extent)),
      w: w.map((extent, at) => (at === 0 ? scale(extent) : extent)),
      ...(b === undefined ? {} : { b: b.map(scale) }),
    }
    return Object.values(next).every((shape) => shape.every(Number.isInteger))
      ? [{ attrs: { ...attrs, groups: fewer }, shapes: next }]
      : []
  })
}

const withoutOptional = (op: OpName, shapes: Form['shapes']): readonly Form['shapes'][] =>
  Object.entries(opOf(op).inputs)
    .filter(([name, axes]) => 'optional' in axes && shapes[name] !== undefined)
    .map(([name]) => Object.fromEntries(Object.entries(shapes).filter(([other]) => other !== name)))

const outputsOf = (op: OpName, { attrs, shapes }: Form): Readonly<Record<string, Shape>> => {
  const spec = opOf(op)
  const decoded = spec.attrs.decode(attrs)
  const resolved = E.isRight(decoded) ? resolve(spec, decoded.right, shapes) : decoded
  return E.isRight(resolved) && 'outputs' in resolved.right ? resolved.right.outputs : {}
}

/** Every tensor that a form draws, by the names of its fills. */
const drawnShapes = (op: OpName, direction: Case['direction'], form: Form): Readonly<Record<string, Shape>> => {
  if (direction === 'forward') return form.shapes
  const outputs = outputsOf(op, form)
  return {
    ...form.shapes,
    ...Object.fromEntries(
      cotangentNames(opOf(op))
        .filter((name) => form.given === undefined || form.given.includes(name))
        .flatMap((name) => (outputs[name] === undefined ? [] : [[`d${name}`, outputs[name]]])),
    ),
  }
}

/** Numbers at their places in a tensor of another shape; those that lie outside are gone. */
const moved = (
  only: readonly (readonly [number, number])[],
  from: Shape,
  to: Shape,
): readonly (readonly [number, number])[] => {
  if (from.length !== to.length) return only.filter(([at]) => at < sizeOf(to))
  const strides = stridesOf(to)
  return only.flatMap(([at, value]) => {
    const index = indexOf(from, at)
    return index.every((i, axis) => i < (to[axis] as number))
      ? [[index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0), value] as const]
      : []
  })
}

// what is left of the fills under other shapes
const refitted = (op: OpName, direction: Case['direction'], from: Form, to: Form): Form => {
  const listed = Object.entries(from.fills).filter(([, fill]) => typeof fill === 'object' && 'only' in fill)
  const [old, now] = listed.length === 0 ? [{}, {}] : [drawnShapes(op, direction, from), drawnShapes(op, direction, to)]
  return {
    ...to,
    fills: Object.fromEntries(
      Object.entries(to.fills)
        .filter(([name]) => name.startsWith('d') || to.shapes[name] !== undefined)
        .map(([name, fill]) => {
          const [before, after] = [old[name], now[name]]
          return typeof fill === 'object' && 'only' in fill && before !== undefined && after !== undefined
            ? [name, { only: moved(fill.only, before, after) }]
            : [name, fill]
        }),
    ),
  }
}

// without drawing a number: names and shapes that fit
const realisable = (op: OpName, direction: Case['direction'], form: Form) =>
  acceptable(op, form) &&
  (form.wanted === undefined ||
    form.wanted.every((name) => direction === 'forward' || gradientNames(opOf(op), form.shapes).includes(name)))

// one answer alone, and one cotangent: a fault is in one, as a rule
const fewerAsked = (
  op: OpName,
  direction: Case['direction'],
  { shapes, given, wanted }: Form,
): readonly Pick<Form, 'given' | 'wanted'>[] => {
  const spec = opOf(op)
  const answers = wanted ?? (direction === 'forward' ? Object.keys(spec.outputs) : gradientNames(spec, shapes))
  const pulled = direction === 'forward' ? [] : (given ?? cotangentNames(spec))
  return [
    ...(answers.length < 2
      ? []
      : answers.map((name) => ({ ...(given === undefined ? {} : { given }), wanted: [name] }))),
    ...(pulled.length < 2
      ? []
      : pulled.map((name) => ({ ...(wanted === undefined ? {} : { wanted }), given: [name] }))),
  ]
}

const otherShapes = (op: OpName, direction: Case['direction'], form: Form): readonly Form[] => {
  const { attrs, shapes, fills, given, wanted } = form
  const rest = { fills, ...(given === undefined ? {} : { given }), ...(wanted === undefined ? {} : { wanted }) }
  const all: readonly Form[] = [
    ...fewerAsked(op, direction, form).map((fewer) => ({ attrs, shapes, fills, ...fewer })),
    ...withoutOptional(op, shapes).map((fewer) => ({ ...rest, attrs, shapes: fewer })),
    ...smallerGroups(form).map((less) => ({ ...rest, ...less })),
    ...smallerTogether(form).map((less) => ({ ...rest, ...less })),
    ...smallerShapes(op, shapes).map((less) => ({ ...rest, attrs, shapes: less })),
    ...smallerRuns(op, shapes).map((less) => ({ ...rest, attrs, shapes: less })),
    ...smallerAttrs(attrs).map((less) => ({ ...rest, attrs: less, shapes })),
  ]
  return all
    .filter((candidate) => realisable(op, direction, candidate))
    .map((candidate) => refitted(op, direction, form, candidate))
}

// of fewer numbers, what is left out one by one is soon seen
const leastGathered = 2048

// numbers that are the same throughout, so many times as large, and in place of drawn ones a number larger than most
const enlarged = (fill: Fill | undefined, times: number): number | undefined => {
  if (typeof fill === 'object' && !('constant' in fill)) return undefined
  const value = Math.fround((typeof fill === 'object' ? fill.constant : 2) * times)
  return Number.isFinite(value) ? value : undefined
}

/**
 * Fewer numbers that come to as much: what fails because a sum is large does so no more where an axis is short, unless the
 * numbers are larger. The first tensor that has fewer has one number throughout, by a power of two larger.
 */
const gathered = (op: OpName, direction: Case['direction'], form: Form): readonly Form[] =>
  otherShapes(op, direction, form).flatMap((less) => {
    const [before, after] = [drawnShapes(op, direction, form), drawnShapes(op, direction, less)]
    const size = (shapes: Form['shapes'], name: string): number => sizeOf(shapes[name] ?? [])
    const name = Object.keys(after).find(
      (name) =>
        size(before, name) > leastGathered &&
        size(after, name) < size(before, name) &&
        enlarged(less.fills[name], 1) !== undefined,
    )
    if (name === undefined) return []
    const times = 2 ** Math.ceil(Math.log2(size(before, name) / size(after, name)))
    const constant = enlarged(less.fills[name], times)
    return constant === undefined || !domainOf(op, name)(constant)
      ? []
      : [{ ...less, fills: { ...less.fills, [name]: { constant } } }]
  })

// ---- numbers -----------------------------------------------------------------------------------------------------

const isPowerOfTwo = (value: number): boolean => {
  const exponent = Math.log2(Math.abs(value))
  return Number.isInteger(exponent)
}

/** How much a reader has to take in: 0, then 1 and −1, integers up to 4, powers of two, and all others. */
const weightOf = (value: number): number =>
  Object.is(value, 0)
    ? 0
    : value === 1
      ? 1
      : value === -1
        ? 2
        : Number.isInteger(value) && Math.abs(value) <= 4
          ? 3 + 2 * Math.abs(value) + (value < 0 ? 1 : 0)
          : Object.is(value, -0)
            ? 12
            : isPowerOfTwo(value)
              ? 13
              : Number.isInteger(value) && Math.abs(value) < 1000
                ? 14
                : 15

/** Plainer numbers in place of one, the plainest first. */
const plainer = (value: number): readonly number[] => {
  const size = Math.abs(value)
  const sign = value < 0 ? -1 : 1
  const power = size > 0 && Number.isFinite(size) ? 2 ** Math.round(Math.log2(size)) : 1
  const near = Math.round(value)
  return [
    ...new Set([0, 1, -1, sign * Math.min(4, Math.max(1, Math.round(size))), 2, -2, 3, -3, 4, -4, sign * power, near]),
  ].filter((next) => Object.is(Math.fround(next), next) && weightOf(next) < weightOf(value))
}

// what a number of an input means: a simpler one means it too
const domainOf = (op: OpName, name: string): ((value: number) => boolean) =>
  (name === 'prediction' && (op === 'bce' || op === 'cce')) ||
  (name === 'target' && (op === 'bce' || op === 'bceWithLogits'))
    ? (value) => value >= 0 && value <= 1
    : ['runningVar', 'v', 'meanSquare', 'meanSquareDelta', 'accumulator'].includes(name)
      ? (value) => value >= 0
      : opOf(op).counts?.includes(name) === true
        ? (value) => value >= 0 && Number.isInteger(value)
        : () => true

const meaningful = (op: OpName, name: string, list: Listed): boolean => {
  const domain = domainOf(op, name)
  return list.every(([, value]) => domain(value))
}

// a tensor of more numbers than this is left as it is drawn, unless a constant will do
const mostListed = 2 ** 17

type Listed = readonly (readonly [number, number])[]

// the numbers of a tensor that are not 0, by position
const listOf = (values: Tensors, name: string): Listed => {
  const data = values[name]?.data
  if (data === undefined) return []
  return Array.from({ length: data.length }, (_, at) => [at, data[at] as number] as const).filter(
    ([, value]) => !Object.is(value, 0),
  )
}

const integerFor = (value: number): number =>
  Number.isNaN(value) ? value : Math.sign(value) * Math.min(4, Math.max(1, Math.round(Math.abs(value))))

// ways to make all numbers of a tensor plainer at once, the plainest first
const roundings: readonly ((value: number) => number)[] = [
  () => 1,
  Math.sign,
  integerFor,
  () => 0.5,
  (value) =>
    Number.isFinite(value) && value !== 0 ? Math.sign(value) * 2 ** Math.round(Math.log2(Math.abs(value))) : value,
]

const withFill = (form: Form, name: string, fill: Fill): Form => {
  const { name: _, ...rest } = form
  return { ...rest, fills: { ...form.fills, [name]: fill } }
}

// of values that need all be plain for the form to be plain: the list again without what is 0
const listed = (list: Listed): Fill => ({ only: list.filter(([, value]) => !Object.is(value, 0)) })

function* numbersOf(asked: Case, place: Exclude<Place, { readonly stage: 'shapes' }>): Generator<Step> {
  const { op, direction, form } = asked
  const question = realise(asked)
  if (E.isLeft(question)) return
  const values: Tensors = {
    ...question.right.inputs,
    ...Object.fromEntries(Object.entries(question.right.cotangents).map(([name, tensor]) => [`d${name}`, tensor])),
  }
  // cotangents first: what is pulled nowhere needs no numbers
  const names = Object.keys(drawnShapes(op, direction, form)).sort(
    (a, b) => Number(b.startsWith('d')) - Number(a.startsWith('d')),
  )
  const { last } = place
  if (place.stage === 'constants') {
    for (let tensor = place.tensor; tensor < names.length; tensor++) {
      const name = names[tensor] as string
      const list = listOf(values, name)
      const size = values[name]?.data.length ?? 0
      if (list.length > 0)
        yield { form: withFill(form, name, { only: [] }), place: { stage: 'constants', tensor: tensor + 1, last } }
      const fill = form.fills[name]
      const isOne = typeof fill === 'object' && 'constant' in fill && fill.constant === 1
      // numbers that are plain and few already are not made many
      if (!isOne && (list.length > size / 2 || list.length > 16))
        for (const constant of [1, 0.5].filter(domainOf(op, name)))
          yield { form: withFill(form, name, { constant }), place: { stage: 'constants', tensor: tensor + 1, last } }
    }
    for (const fewer of gathered(op, direction, form)) yield { form: fewer, place: start }
    yield* numbersOf(asked, { stage: 'zeros', tensor: 0, chunk: Infinity, at: 0, last })
    return
  }
  if (place.stage === 'zeros') {
    for (let tensor = place.tensor; tensor < names.length; tensor++) {
      const name = names[tensor] as string
      const list = listOf(values, name)
      if (list.length === 0 || (values[name]?.data.length ?? 0) > mostListed) continue
      const here = tensor === place.tensor
      let chunk = here && Number.isFinite(place.chunk) ? Math.min(place.chunk, list.length) : Math.ceil(list.length / 2)
      let at = here ? place.at : 0
      for (;;) {
        for (; at < list.length; at += chunk)
          yield {
            form: withFill(form, name, listed([...list.slice(0, at), ...list.slice(at + chunk)])),
            place: { stage: 'zeros', tensor, chunk, at, last },
          }
        if (chunk === 1) break
        chunk = Math.ceil(chunk / 2)
        at = 0
      }
    }
    yield* numbersOf(asked, { stage: 'rounding', tensor: 0, last })
    return
  }
  if (place.stage === 'rounding') {
    // all numbers of a tensor at once, to 1, to signs, to small integers, to powers of two
    for (let tensor = place.tensor; tensor < names.length; tensor++) {
      const name = names[tensor] as string
      const list = listOf(values, name)
      if (list.length === 0 || list.length > mostListed || list.every(([, value]) => weightOf(value) <= 12)) continue
      for (const plain of roundings) {
        const rounded = list.map(([at, value]) => [at, plain(value)] as const)
        if (meaningful(op, name, rounded))
          yield { form: withFill(form, name, listed(rounded)), place: { stage: 'rounding', tensor: tensor + 1, last } }
      }
    }
    yield* numbersOf(asked, { stage: 'numbers', tensor: 0, at: 0, last })
    return
  }
  for (let tensor = place.tensor; tensor < names.length; tensor++) {
    const name = names[tensor] as string
    const list = listOf(values, name)
    if (list.length > 512) continue
    for (let at = tensor === place.tensor ? place.at : 0; at < list.length; at++) {
      const [position, value] = list[at] as readonly [number, number]
      const domain = domainOf(op, name)
      for (const next of plainer(value).filter((other) => other !== 0 && domain(other)))
        yield {
          form: withFill(form, name, listed(list.map((one) => (one[0] === position ? [position, next] : one)))),
          place: { stage: 'numbers', tensor, at: at + 1, last },
        }
    }
  }
  // around numbers that are few now, extents may be smaller than around those that were drawn
  if (!last) yield* stepsFrom(asked, { stage: 'shapes', last: true })
}

/** Simpler cases of the same kind in the order in which they are tried, each with where the search goes on from it. */
export function* stepsFrom(asked: Case, place: Place): Generator<Step> {
  if (place.stage !== 'shapes') {
    yield* numbersOf(asked, place)
    return
  }
  for (const form of otherShapes(asked.op, asked.direction, asked.form)) yield { form, place }
  yield* numbersOf(asked, { stage: 'constants', tensor: 0, last: place.last })
}

const isPlace = (context: unknown): context is Place =>
  typeof context === 'object' && context !== null && 'stage' in context

/** Cases of a kind, drawn by one arbitrary and made simpler by the above. */
class SimplerCases extends fc.Arbitrary<Form> {
  constructor(
    private readonly base: fc.Arbitrary<Form>,
    private readonly kind: Pick<Case, 'op' | 'direction' | 'seed'>,
  ) {
    super()
  }
  override generate(random: fc.Random, bias: number | undefined): fc.Value<Form> {
    return new fc.Value(this.base.generate(random, bias).value_, start)
  }
  override canShrinkWithoutContext(value: unknown): value is Form {
    return typeof value === 'object' && value !== null && 'shapes' in value
  }
  override shrink(form: Form, context: unknown): fc.Stream<fc.Value<Form>> {
    const { kind } = this
    const steps = stepsFrom({ ...kind, form }, isPlace(context) ? context : start)
    return fc.stream(
      (function* () {
        for (const { form, place } of steps) yield new fc.Value(form, place)
      })(),
    )
  }
}

/** The same cases, with a shrink tree over shapes, attributes and numbers. */
export const shrinking = (
  base: fc.Arbitrary<Form>,
  kind: Pick<Case, 'op' | 'direction' | 'seed'>,
): fc.Arbitrary<Form> => new SimplerCases(base, kind)
