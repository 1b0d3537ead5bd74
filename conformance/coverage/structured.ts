import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { acceptable } from '../form.js'
import type { Row } from './covering.js'
import { measure } from './extents.js'
import { formOf } from './miniature/forms.js'
import { atFirst, isRecurrent, notNegative, ones, withFills } from './plain.js'
import type { Drawn, Subject } from './subject.js'

/**
 * Numbers of a structure under every class, and in rows of every length. What training begins with, small numbers that a mean
 * over many samples sends back, what a ReLU leaves, rows that rise or fall: a kernel takes a short way for each, and may have
 * another kernel under another attribute. And the number that decides a row stands at each place where a kernel may stop to
 * look: behind what it reads at once, behind what is masked. The same in every run, whatever its seed.
 */

const scaled = (exponent: number): Fill => ({ mean: 0, scale: 2 ** exponent })
const positive = (exponent: number): Fill => ({
  values: [1, 1.5, 0.75, 3, 0.5, 2.25, 1.25].map((v) => v * 2 ** exponent),
})
const rectified: Fill = { values: [0, 1.25, 0, 0.5, 0, 0, 2, 0.75, 0, 1.5, 0] }
const ramp = (count: number, from: number, step: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + i * step)

const probabilities: readonly OpName[] = ['bce', 'cce']
// classes that are wanted, steps that are counted, and weights that lead from state to state
export const isFree =
  (op: OpName) =>
  (name: string): boolean =>
    name !== 'step' &&
    (name !== 'target' || op === 'mse') &&
    (name !== 'prediction' || !probabilities.includes(op)) &&
    !(isRecurrent(op) && name.startsWith('w'))

type Structure = (form: Form) => Form | undefined

/** All free inputs of a magnitude; what is a square by nature of its square. */
const ofMagnitude =
  (op: OpName, exponent: number): Structure =>
  (form) => {
    const names = Object.keys(form.shapes).filter(isFree(op))
    if (names.length === 0) return undefined
    return withFills(
      form,
      Object.fromEntries(
        names.map((name) => [name, notNegative.includes(name) ? positive(2 * exponent) : scaled(exponent)]),
      ),
    )
  }

/** The first free input of such numbers. */
const first =
  (op: OpName, fill: Fill): Structure =>
  (form) => {
    const name = Object.keys(form.shapes).find(isFree(op))
    return name === undefined ? undefined : withFills(form, { [name]: fill })
  }

/** Cotangents of such numbers throughout. */
const pulledBy =
  (op: OpName, fill: Fill): Structure =>
  (form) =>
    withFills(form, Object.fromEntries(cotangentNames(opOf(op)).map((name) => [`d${name}`, fill])))

/** The structures of an op in a direction, by name. */
const structuresOf = (op: OpName, direction: Direction): Readonly<Record<string, Structure>> => ({
  begins: (form) => atFirst(op, form)[0],
  small: ofMagnitude(op, -14),
  tiny: ofMagnitude(op, -30),
  rectified: first(op, rectified),
  rising: first(op, { values: ramp(61, -7.5, 0.25) }),
  falling: first(op, { values: ramp(61, 7.5, -0.25) }),
  ...(direction === 'backward'
    ? { 'pulled by ones': pulledBy(op, ones), 'pulled by little': pulledBy(op, scaled(-30)) }
    : {}),
})

// data and numbers are what a structure takes the place of
const classesIn = (one: Subject): Subject['factors'] =>
  one.factors.filter(({ name }) => !/^data of |^numbers$/.test(name))

const most = { elements: 20_000, multiplyAdds: 1e6 } as const

const small = (op: OpName, form: Form): boolean => {
  const measured = measure(op, form)
  return (
    acceptable(op, form) &&
    E.isRight(measured) &&
    measured.right.elements <= most.elements &&
    measured.right.multiplyAdds <= most.multiplyAdds
  )
}

/**
 * Rows of classes in their order, each under the structure by which it meets most that is not met, as long as there is one;
 * and again from the first, until each class met each structure that some row of it lets be. The first time by itself.
 */
const underClasses = (
  op: OpName,
  direction: Direction,
  one: Subject,
  rows: readonly Row[],
): { readonly once: readonly Form[]; readonly again: readonly Form[] } => {
  const structures = Object.entries(structuresOf(op, direction))
  const factors = classesIn(one).map(({ name }) => name)
  const drawn = fc.sample(fc.record(one.drawn), { seed: 3, numRuns: rows.length })
  const met = new Set<string>()
  const pass = (): readonly Form[] =>
    rows.flatMap((row, turn) => {
      const form = one.form(row, drawn[turn] as Drawn)
      const pairs = (name: string): readonly string[] =>
        ['', ...factors].map((factor) => `${name} ${factor} ${row[factor] ?? ''}`).filter((pair) => !met.has(pair))
      const [best] = structures
        .map(([name, structure]) => ({ fresh: pairs(name), made: structure(form) }))
        .filter(({ fresh, made }) => fresh.length > 0 && made !== undefined && small(op, made))
        .sort((a, b) => b.fresh.length - a.fresh.length)
      if (best?.made === undefined) return []
      best.fresh.forEach((pair) => met.add(pair))
      return [best.made]
    })
  // each pass gives a row one structure more
  const [once = [], ...again] = structures.map(pass)
  return { once, again: again.flat() }
}

/**
 * What training begins with, under each class beside the plainest others: in rows that meet every pair there may be a learning
 * rate of 0, or an answer that is not asked for, and nothing shows.
 */
const atFirstUnder = (
  op: OpName,
  one: Subject,
  plain: (fixed: Partial<Row>) => Row,
  drawn: readonly Drawn[],
): readonly Form[] =>
  classesIn(one)
    .flatMap(({ name, classes }) => classes.map((choice) => plain({ [name]: choice })))
    .flatMap((row, turn) => atFirst(op, one.form(row, drawn[turn % drawn.length] as Drawn)))
    .filter((form) => small(op, form))

// what is read at once, or by some lanes at once, and one more or fewer
const lengths = [5, 9, 17, 33, 48, 63, 66, 100, 129, 200, 257, 300, 513, 1025, 2049] as const
// of a longer row every number would have to be named
const named = 300
const masked = -1e9
const high = 200

/** Rows of one length: the number that decides stands last, in the middle, behind or before a mask; and it rises or falls. */
const rowsOf = (width: number): readonly Fill[] => {
  const at = (place: number): Fill => ({
    only: [
      [place, high],
      [width + place, high],
    ],
  })
  const spikes = [at(width - 1), at(Math.floor(width / 2)), at(Math.floor((3 * width) / 4))]
  if (width > named) return spikes
  const hidden = (from: number, to: number): Fill => ({
    values: ramp(width, 0, 0).map((_, i) => (i >= from && i < to ? masked : ((7 * i) % 11) / 4)),
  })
  return [
    ...spikes,
    hidden(0, width - 2),
    hidden(0, Math.floor(width / 2)),
    hidden(Math.ceil(width / 2), width),
    { values: ramp(width, -width / 8, 0.25) },
    { values: ramp(width, width / 8, -0.25) },
  ]
}

const scores =
  (name: string, others: (shape: Shape) => Pick<Form, 'shapes' | 'fills'> = () => ({ shapes: {}, fills: {} })) =>
  (): readonly Form[] =>
    lengths.flatMap((width) => {
      const shape = [2, width]
      const { shapes, fills } = others(shape)
      return rowsOf(width).map((fill) => formOf({}, { [name]: shape, ...shapes }, { ...fills, [name]: fill }))
    })

/** Columns of which the ends stand at such places. */
const columns = (): readonly Form[] =>
  lengths.flatMap((count) => {
    const places = [
      [0, count - 1],
      [count - 1, Math.floor(count / 2)],
      [Math.floor(count / 2), Math.floor((3 * count) / 4)],
    ] as const
    return places.map(([low, top]) =>
      formOf(
        {},
        { x: [count, 2] },
        {
          x: {
            only: [
              [2 * low, -5],
              [2 * low + 1, -3],
              [2 * top, 7],
              [2 * top + 1, 4],
            ],
          },
        },
      ),
    )
  })

/** Into tables as high as wide, out of them, and from one to another: what is turned there keeps its shape. */
const squares: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 2, 4],
    [4, 4],
  ],
  [
    [3, 3, 3, 3],
    [9, 9],
  ],
  [
    [2, 3, 6],
    [6, 6],
  ],
  [[25], [5, 5]],
  [
    [4, 4],
    [2, 2, 2, 2],
  ],
  [
    [25, 5],
    [5, 5, 5],
  ],
  [
    [2, 4, 8],
    [8, 8],
  ],
  [
    [8, 8],
    [4, 4, 4],
  ],
  [
    [1, 16, 16],
    [16, 16],
  ],
  [[33, 33], [1089]],
]
const stacked: readonly (readonly [number, Shape, Shape])[] = [
  [0, [3, 6], [3, 6]],
  [1, [6, 2], [6, 4]],
  [0, [2, 5, 5], [3, 5, 5]],
  [1, [4, 1, 4], [4, 3, 4]],
  [-1, [4, 4, 1], [4, 4, 3]],
]

const besides: Readonly<Partial<Record<OpName, () => readonly Form[]>>> = {
  softmax: scores('x'),
  logSoftmax: scores('x'),
  softmaxCrossEntropy: scores('logits', (shape) => ({ shapes: { target: shape }, fills: { target: 'oneHot' } })),
  hinge: scores('scores', (shape) => ({ shapes: { target: shape }, fills: { target: 'oneHot' } })),
  minMaxNormalize: columns,
  zScoreNormalize: columns,
  reshape: () => squares.map(([x, shape]) => formOf({ shape }, { x })),
  flatten: () =>
    [
      [4, 2, 2],
      [6, 2, 3],
      [9, 3, 3],
      [16, 4, 2, 2],
    ].map((x) => formOf({}, { x })),
  concat: () => stacked.map(([axis, x0, x1]) => formOf({ axis }, { x0, x1 })),
}

/**
 * The cases of an op in a direction whose numbers have a structure: under each class, and in rows of each length. `again` has
 * those of classes that met not every structure in one pass; they came later, and stand behind all others.
 */
export const structuredOf = (
  op: OpName,
  direction: Direction,
  one: Subject,
  rows: readonly Row[],
  plain: (fixed: Partial<Row>) => Row,
): { readonly forms: readonly Form[]; readonly again: readonly Form[] } => {
  const { once, again } = underClasses(op, direction, one, rows)
  const begun = atFirstUnder(op, one, plain, fc.sample(fc.record(one.drawn), { seed: 5, numRuns: 16 }))
  return { forms: [...once, ...begun, ...(besides[op]?.() ?? [])], again }
}
