import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { AttributeValue, Attributes } from '../spec/attributes.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opOf } from '../spec/catalogue.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor } from '../spec/tensor.js'
import { largestMagnitude } from '../spec/tensor.js'
import { measure } from './coverage/extents.js'
import { ofRow, scheduleOf } from './coverage/schedule.js'
import type { Case, Form } from './form.js'
import { acceptable, numbersIn, realise } from './form.js'
import { expectWhole } from './judge.js'
import type { QuestionTable } from './questions.js'

/** How many cases of each kind an oracle's laws are asked on, at most. */
export interface Samples {
  /** as they are drawn */
  readonly drawn: number
  /** drawn, with their attributes as far from the defaults as draws come */
  readonly apart: number
  /** the first of the rows that meet every class of attributes and shapes, and then every pair of them, in cases that are small */
  readonly classes: number
  /** corners that are small, the first, the last and some between */
  readonly corners: number
  /** the first of them, of each kind in turn, that have so many numbers together: many of small ones, few of large ones */
  readonly numbers: number
}

// corners with more elements than this make kernels go wrong, not formulas
const smallCorner = 400
const [smallTensor, littleWork] = [800, 6_000]
const draftsOfClasses = 16
// so many draws for each that is wanted
const choice = 16

/**
 * A case whose numbers are tame and whose answers are all asked for. A form that the op refuses is drawn again; what no
 * draw gives in a hundred tries is a bug in the generator.
 */
export const sampleOf = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  seed: number,
  sample: number,
): Case => {
  const name = `${op}/${direction}/${seed}/law ${sample}`
  const draw = draws(keyOf(`form of ${name}`))
  for (let attempt = 0; attempt < 100; attempt++) {
    const form = table[op].random(draw)
    if (acceptable(op, form)) return { op, direction, seed: name, form }
  }
  throw new Error(`no acceptable sample of ${op} in 100 draws`)
}

/** The corners of an op that are asked in a direction. */
export const cornersOf = (table: QuestionTable, op: OpName, direction: Direction, seed: number): readonly Case[] =>
  table[op].corners
    .filter(({ only }) => only === undefined || only === direction)
    .map((form, corner) => ({ op, direction, seed: `${op}/${direction}/${seed}/corner ${corner}`, form }))

const entries = (value: AttributeValue): readonly (number | string | boolean)[] =>
  typeof value === 'object' ? value : [value]

/** How far each attribute of a form is from its default: 1, or the share of its entries that differ. */
const apartness = (op: OpName, { attrs: given }: Form): Readonly<Record<string, number>> => {
  const { attrs: codec } = opOf(op)
  const decoded = codec.decode(given)
  if (E.isLeft(decoded)) return {}
  const attrs: Attributes = decoded.right
  return Object.fromEntries(
    codec.names.map((name) => {
      const standard = codec.fields[name]?.byDefault?.(attrs)
      const [mine, usual] = [entries(attrs[name] as AttributeValue), standard === undefined ? [] : entries(standard)]
      return [name, mine.filter((value, i) => value !== usual[i]).length / Math.max(mine.length, 1)]
    }),
  )
}

const total = (shares: Readonly<Record<string, number>>): number => Object.values(shares).reduce((a, b) => a + b, 0)

/** Of some cases the one whose attributes are furthest from their defaults, and further where it takes those of others. */
const furthest = (op: OpName, lot: readonly Case[]): Case => {
  const apart = (each: Case): Readonly<Record<string, number>> => apartness(op, each.form)
  const best = lot.reduce((best, each) => (total(apart(each)) > total(apart(best)) ? each : best))
  return lot
    .flatMap((other) => Object.entries(other.form.attrs))
    .reduce((mixed, [name, value]) => {
      const form = { ...mixed.form, attrs: { ...mixed.form.attrs, [name]: value } }
      const more = total(apartness(op, form)) > total(apart(mixed)) && acceptable(op, form)
      return more ? { ...mixed, seed: `${best.seed} with attributes of others`, form } : mixed
    }, best)
}

const elements = ({ form }: Case): number => numbersIn(form)

const spacedOut = <A>(all: readonly A[], count: number): readonly A[] =>
  all.length <= count
    ? all
    : Array.from({ length: count }, (_, i) => all[Math.round((i * (all.length - 1)) / Math.max(count - 1, 1))] as A)

// what laws make of numbers overflows and rounds for the largest, and says nothing where f32 itself says nothing
const largestNumber = 2 ** 20
const isTame = (oracle: Oracle, each: Case): boolean => {
  const question = realise(each)
  if (E.isLeft(question)) return false
  const numbers = Object.values({ ...question.right.inputs, ...question.right.cotangents })
  const expected = expectWhole(oracle, { ...question.right, direction: 'forward', cotangents: {} }, anyOrder)
  const largest = ({ data }: Tensor): number => largestMagnitude(data)
  return (
    numbers.every((x) => largest(x) <= largestNumber) &&
    E.isRight(expected) &&
    Object.entries(expected.right.bounds).every(
      ([name, bound]) =>
        2 * largest(bound) <= largest(expected.right.values[name] as Tensor) && Number.isFinite(largest(bound)),
    )
  )
}

const isSmall = (op: OpName, form: Form): boolean => {
  const measured = measure(op, form)
  return E.isRight(measured) && measured.right.elements <= smallTensor && measured.right.multiplyAdds <= littleWork
}

// one of each kind in turn, and at least four of each, until there are so many numbers
const firstOf = (kinds: readonly (readonly Case[])[], numbers: number): readonly Case[] => {
  const most = kinds.reduce((n, { length }) => Math.max(n, length), 0)
  const rounds = Array.from({ length: most }, (_, round) => kinds.flatMap((kind) => kind[round] ?? []))
  return rounds.reduce<readonly Case[]>(
    (taken, round, at) =>
      at < 4 || taken.reduce((n, each) => n + elements(each), 0) < numbers ? [...taken, ...round] : taken,
    [],
  )
}

/** Small cases of the rows that cover classes of attributes and shapes, as those that are asked of backends do, with tame numbers. */
const ofClasses = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  seed: number,
  most: number,
): readonly Case[] => {
  const { subject, pairs } = scheduleOf(op, direction, table[op].corners)
  return pairs()
    .rows.slice(0, most)
    .flatMap((row, at) => {
      const name = `${op}/${direction}/${seed}/classes ${at}`
      const { fills } = table[op].random(draws(keyOf(`fills of ${name}`)))
      return fc
        .sample(ofRow({ ...subject, drawn: subject.few }, row), { seed, path: String(at), numRuns: draftsOfClasses })
        .filter((form) => acceptable(op, form) && isSmall(op, form))
        .slice(0, 1)
        .map(({ attrs, shapes }): Case => ({ op, direction, seed: name, form: { attrs, shapes, fills } }))
    })
}

/** The cases of an op on which an oracle's laws are asked: with cotangents, where there are gradients. */
export const samplesOf = (
  oracle: Oracle,
  table: QuestionTable,
  op: OpName,
  seed: number,
  { drawn, apart, classes, corners, numbers }: Samples,
): readonly Case[] => {
  const direction = hasBackward(op) ? 'backward' : 'forward'
  const usual = Array.from({ length: drawn + choice * apart }, (_, i) => sampleOf(table, op, direction, seed, i))
  const others = usual.slice(drawn)
  // one of each lot: the furthest draws of all are alike
  const mixed = Array.from({ length: apart }, (_, lot) => furthest(op, others.slice(lot * choice, (lot + 1) * choice)))
  const small = cornersOf(table, op, direction, seed).filter((each) => elements(each) <= smallCorner)
  const some = spacedOut(small, corners).filter((each) => isTame(oracle, each))
  const kinds = classes > 0 ? ofClasses(table, op, direction, seed, classes) : []
  return [...firstOf([usual.slice(0, drawn), mixed, some], numbers), ...kinds.filter((each) => isTame(oracle, each))]
}
