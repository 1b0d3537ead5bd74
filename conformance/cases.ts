import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf, parseOpName, hasBackward } from '../spec/catalogue.js'
import type { Axes } from '../spec/op.js'
import { inputsAmong } from '../spec/op.js'
import type { Result } from '../spec/error.js'
import { ensure, fail, show } from '../spec/error.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Shape } from '../spec/tensor.js'
import { either as E, function as F } from 'fp-ts'
import type { Case, Form } from './form.js'
import { acceptable } from './form.js'
import type { QuestionTable, Questions } from './questions.js'

/** `conv2d/forward/42/17`: the op, the direction, the seed and the number of the case. Also the key of its numbers. */
export const caseId = (op: OpName, direction: Direction, seed: number, index: number): string =>
  `${op}/${direction}/${seed}/${index}`

const cornersOf = ({ corners }: Questions, direction: Direction): readonly Form[] =>
  corners.filter(({ only }) => only === undefined || only === direction)

// a form that the op refuses is drawn again; what no draw gives in a hundred tries is a bug in the generator
const drawForm = (op: OpName, { random }: Questions, id: string): Form => {
  const draw = draws(keyOf(`form of ${id}`))
  for (let attempt = 0; attempt < 100; attempt++) {
    const form = random(draw)
    if (acceptable(op, form)) return form
  }
  throw new Error(`no acceptable case of ${op} in 100 draws`)
}

/** Case number `index`: the corners come first, then drawn ones. A pure function of its arguments. */
export const caseAt = (table: QuestionTable, op: OpName, direction: Direction, seed: number, index: number): Case => {
  const id = caseId(op, direction, seed, index)
  const corner = cornersOf(table[op], direction)[index]
  return { op, direction, seed: id, form: corner ?? drawForm(op, table[op], id) }
}

/** How many cases there are of an op in a direction with `runs` drawn ones. */
export const caseCount = (table: QuestionTable, op: OpName, direction: Direction, runs: number): number =>
  cornersOf(table[op], direction).length + runs

const isCount = (text: string): boolean => /^\d+$/.test(text) && Number.isSafeInteger(Number(text))

/**
 * The case that an id names.
 *
 * Errors  MalformedRequest – not of the form op/direction/seed/number; UnknownOp; NoBackward
 */
export const caseOfId = (table: QuestionTable, id: string): Result<Case> => {
  const [name = '', direction = '', seed = '', index = ''] = id.split('/')
  return F.pipe(
    ensure(
      id.split('/').length === 4 &&
        isCount(seed) &&
        isCount(index) &&
        (direction === 'forward' || direction === 'backward'),
      'MalformedRequest',
      `a case is named OP/DIRECTION/SEED/NUMBER, such as conv2d/forward/42/17; this is ${show(id)}`,
    ),
    E.flatMap(() => parseOpName(name)),
    E.flatMap((op) =>
      direction === 'backward' && !hasBackward(op)
        ? fail('NoBackward', `${op} has no backward`)
        : E.right(caseAt(table, op, direction as Direction, Number(seed), Number(index))),
    ),
  )
}

// ---- shrinking ---------------------------------------------------------------------------------------------------

const smaller = (extent: number): readonly number[] =>
  [...new Set([1, 2, Math.floor(extent / 2), extent - 1])].filter((n) => n >= 1 && n < extent)

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
      .filter((few) => extentOf(few) < extentOf(many) && extentOf(many) % extentOf(few) === 0)
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
  const smallerRests = rest.flatMap((extent, at) => [
    rest.filter((_, other) => other !== at),
    ...smaller(extent).map((next) => rest.map((old, other) => (other === at ? next : old))),
  ])
  const byRest = smallerRests.map((next) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const at = axes[name]?.indexOf('...') ?? -1
        return [name, at < 0 ? shape : [...shape.slice(0, at), ...next, ...shape.slice(at + rest.length)]]
      }),
    ),
  )
  return [...byLetter, ...byRest]
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

// an attribute at its default, then each of its numbers closer to it
const smallerAttrs = (attrs: Form['attrs']): readonly Form['attrs'][] =>
  Object.entries(attrs).flatMap(([name, value]) => [
    Object.fromEntries(Object.entries(attrs).filter(([other]) => other !== name)),
    ...(Array.isArray(value)
      ? value.flatMap((v: number, at) =>
          [0, 1, v - 1]
            .filter((next) => next >= 0 && next < v)
            .map((next) => ({ ...attrs, [name]: value.map((old: number, i) => (i === at ? next : old)) })),
        )
      : []),
  ])

const withoutOptional = (op: OpName, shapes: Form['shapes']): readonly Form['shapes'][] =>
  Object.entries(opOf(op).inputs)
    .filter(([name, axes]) => 'optional' in axes && shapes[name] !== undefined)
    .map(([name]) => Object.fromEntries(Object.entries(shapes).filter(([other]) => other !== name)))

/** Simpler cases of the same kind, simplest first, that the op accepts. What was special about the case is so no more: its name goes. */
export const simplerCases = ({ form: { attrs, shapes, fills }, ...rest }: Case): readonly Case[] =>
  [
    ...withoutOptional(rest.op, shapes).map((fewer) => ({ attrs, shapes: fewer, fills })),
    ...smallerShapes(rest.op, shapes).map((less) => ({ attrs, shapes: less, fills })),
    ...smallerRuns(rest.op, shapes).map((less) => ({ attrs, shapes: less, fills })),
    ...smallerAttrs(attrs).map((less) => ({ attrs: less, shapes, fills })),
  ]
    .filter((candidate) => acceptable(rest.op, candidate))
    .map((candidate) => ({ ...rest, form: candidate }))
