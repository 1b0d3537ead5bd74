import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { acceptable } from '../form.js'
import { ampleOf } from './ample.js'
import { bandsOf } from './bands.js'
import { classTable } from './classes/table.js'
import { commonOf } from './common.js'
import type { Covering, Factor, Row } from './covering.js'
import { covering } from './covering.js'
import { classesInFours } from './fours.js'
import type { Measured } from './extents.js'
import { measure } from './extents.js'
import type { Rung } from './ladder.js'
import { onRung, reaches, rungs } from './ladder.js'
import { grownOf } from './grown.js'
import { lateOf } from './late.js'
import { mingledOf, withAttributes } from './mingled.js'
import { networksOf } from './networks.js'
import { particularOf } from './particular.js'
import { patternedOf } from './patterned.js'
import { plainOf } from './plain.js'
import { classesInRoom } from './roomy.js'
import type { Drawn, Subject } from './subject.js'
import { subject } from './subject.js'
import { remaindersOf } from './remainders.js'
import { replacedOf } from './replaced.js'
import { structuredOf } from './structured.js'
import { tellingOf } from './telling.js'
import { turnedOf } from './turned.js'
import { usualOf } from './usual.js'
import { wideOf } from './wide.js'

/**
 * What is asked of an op in a direction: rows of classes that cover every pair of them, or every triple; then axes that
 * climb the ladder, a long one beside short ones. Each is an arbitrary: its classes stand, and its small extents are drawn.
 */

/** No case of a standard run is larger, whatever its seed: the weights of 1,026 units with four gates. */
export const limits: Limits = { multiplyAdds: 2e8, elements: 2 ** 22 + 2 ** 16, steps: 512, turns: 4096 }

/** What a climb takes at most, whatever its rungs and its draws. */
const heaviest: Limits = { multiplyAdds: 8e6, elements: 1_200_000, steps: 512, turns: 4096 }

/**
 * Where an axis climbs the ladder the others are so short that a software adapter answers in some hundredths of a second:
 * a tensor has at most twice as many elements as the axis, or as a rectangle of 128 by 256. Axes that come squared, as those of a
 * recurrent net's weights, take more, and have it where they need it.
 */
const tiersFor = (longest: number): readonly Limits[] => [
  {
    multiplyAdds: Math.max(2 ** 19, 64 * longest),
    elements: Math.max(2 ** 15, 2 * longest + 6),
    steps: 512,
    turns: 1024,
  },
  { multiplyAdds: 4e6, elements: 140_000, steps: 512, turns: 4096 },
  heaviest,
]

interface Limits {
  readonly multiplyAdds: number
  /** of the largest tensor */
  readonly elements: number
  /** of a sequence */
  readonly steps: number
  /** of all sequences together */
  readonly turns: number
}

/** Axes of a case that are as long as a rung says, under classes that let them. */
export interface Climb {
  readonly row: Row
  readonly rungs: Readonly<Record<string, Rung>>
  readonly most: Limits
}

export interface Climbs {
  /** by the number of the row that a climb has for its own: one case has its classes and the rungs */
  readonly attached: ReadonlyMap<number, Climb>
  /** those that no row could take */
  readonly climbs: readonly Climb[]
  /** rungs that no case within the limits meets */
  readonly beyond: Readonly<Record<string, readonly Rung[]>>
}

/** Each is worked out where it is first asked for: a short run needs the classes alone. */
export interface Schedule {
  readonly subject: Subject
  /** rows that meet every class; those that meet every pair begin with them, and those of triples with those of pairs */
  readonly classes: () => Covering
  readonly pairs: () => Covering
  readonly triples: (() => Covering) | undefined
  /** the last of them */
  readonly rows: () => readonly Row[]
  /** cases of convolutions in which rows, columns and terms leave every remainder of every usual tile */
  readonly tiles: () => readonly Form[]
  /** layers as people use them */
  readonly usual: () => readonly Form[]
  readonly climbing: () => Climbs
  /** attributes far past the usual, several axes long at once, and axes longer than any rung */
  readonly wide: () => readonly Form[]
  /** a number and a place, an attribute and an extent, or the bands of several extents, that only meet here */
  readonly telling: () => readonly Form[]
}

const numbers = (arbitraries: Readonly<Record<string, fc.Arbitrary<number>>>): fc.Arbitrary<Drawn> =>
  fc.record(arbitraries)

/** A case of a row of classes. */
export const ofRow = ({ drawn, form }: Subject, row: Row): fc.Arbitrary<Form> =>
  numbers(drawn).map((extents) => form(row, extents))

const within = (op: OpName, form: Form, most: Limits, wanted: Readonly<Record<string, Rung>> = {}): boolean => {
  const measured = measure(op, form)
  return (
    E.isRight(measured) &&
    measured.right.multiplyAdds <= most.multiplyAdds &&
    measured.right.elements <= most.elements &&
    measured.right.steps <= most.steps &&
    measured.right.turns <= most.turns &&
    Object.entries(wanted).every(([letter, rung]) => reaches(rung, measured.right.extents[letter] ?? 0))
  )
}

// extents that are drawn by other names than their axes: channels and filters of a group, and windows that fit
const counted = ['Cg', 'Og', 'down', 'across']

/** A case of a climb's classes whose axes are as long as its rungs say. Where a draw does not let them be, they are short. */
export const ofClimb = (
  op: OpName,
  { few, form, ladder }: Subject,
  { row, rungs: wanted, most }: Climb,
): fc.Arbitrary<Form> => {
  // where the rungs leave no room, their axes have an extent of 1, or what the row makes of them
  const short = Object.fromEntries(
    Object.keys(wanted).map((letter) => [letter, few[letter] === undefined ? undefined : 1]),
  )
  // and where the other draws do not fit beside them, all other extents are 1
  const thin = Object.fromEntries(
    Object.keys(few)
      .filter((name) => wanted[name] === undefined && (ladder[name] !== undefined || counted.includes(name)))
      .map((name) => [name, 1]),
  )
  return numbers({
    ...few,
    ...Object.fromEntries(Object.entries(wanted).map(([letter, rung]) => [letter, onRung(rung)])),
  }).map((extents) => {
    const long = form(row, extents)
    const lean = (): Form => form(row, { ...extents, ...thin })
    return within(op, long, most, wanted)
      ? long
      : ([lean(), long].find((one) => within(op, one, heaviest, wanted)) ??
          form(row, withoutUndefined({ ...extents, ...short })))
  })
}

const withoutUndefined = (extents: Readonly<Record<string, number | undefined>>): Drawn =>
  Object.fromEntries(Object.entries(extents).filter((entry): entry is [string, number] => entry[1] !== undefined))

/** A case of any classes that can meet. */
export const ofAny = ({ factors, possible, drawn, form }: Subject): fc.Arbitrary<Form> =>
  fc
    .tuple(
      fc
        .record(Object.fromEntries(factors.map(({ name, classes }) => [name, fc.constantFrom(...classes)])))
        .filter((row) => possible(row)),
      numbers(drawn),
    )
    .map(([row, extents]) => form(row as Row, extents))

/** The row of the first class of each factor, or the nearest that is possible. */
const plainRow = ({ factors, possible }: Subject, fixed: Partial<Row> = {}): Row =>
  factors.reduce<Row>((row, { name, classes }) => {
    const [first = ''] = classes
    const one = fixed[name] ?? classes.find((choice) => possible({ ...row, [name]: choice })) ?? first
    return { ...row, [name]: one }
  }, {})

// factors that are neither numbers, nor what is given or asked for, nor how many axes there are
const isAttribute = ({ name, classes }: Factor): boolean =>
  !/^data of |^(numbers|given|wanted|rank)$/.test(name) && !classes.includes('absent')

/** Cases of one shape, where rows of classes are of any rank: with plain attributes, and with others in turn. */
const alikeOf = (one: Subject, shape: Shape, turn: number): readonly Form[] => {
  const rank = String(shape.length)
  if (!one.factors.some(({ name }) => name === 'rank')) return []
  const plain = plainRow(one, { rank })
  const others = {
    ...plain,
    ...Object.fromEntries(
      one.factors
        .filter(isAttribute)
        .map(({ name, classes }, at) => [name, classes[1 + ((turn + at) % (classes.length - 1))] as string]),
    ),
  }
  const differ = Object.entries(others).some(([name, choice]) => plain[name] !== choice) && one.possible(others)
  return [plain, ...(differ ? [others] : [])].map((row) =>
    one.form(one.turned(row, turn), {
      ...smallest(one),
      ...Object.fromEntries(shape.map((extent, axis) => [`d${axis}`, extent])),
    }),
  )
}

const smallest = (one: Subject): Drawn => fc.sample(fc.record(one.few), { seed: 1, numRuns: 1 })[0] as Drawn

/** A plain case whose axes are all short and no two of them alike, as far as they can be. */
const smallOf = (one: Subject): Form => {
  const extents = [6, 5, 4, 7, 3, 2]
  const axes = Object.keys(one.few).filter((name) => name in one.ladder || /^d\d$/.test(name))
  return one.form(plainRow(one), {
    ...smallest(one),
    ...Object.fromEntries(axes.map((name, at) => [name, extents[at % extents.length] as number])),
  })
}

// plain rows under each class of what decides shapes, so that every axis can be as long as wanted
const plainRows = (one: Subject): readonly Row[] => [
  plainRow(one),
  ...one.factors
    .filter(({ name }) => ['rank', 'axes', 'groups', 'filter', 'samples and channels', 'inputs'].includes(name))
    .flatMap(({ name, classes }) => classes.map((choice) => plainRow(one, { [name]: choice }))),
]

// whether a climb is possible at some draws of the rest
const possibleClimb = (
  op: OpName,
  one: Subject,
  samples: readonly Drawn[],
  { row, rungs: wanted, most }: Climb,
): boolean => {
  const long = Object.fromEntries(Object.entries(wanted).map(([letter, { most }]) => [letter, most]))
  return samples.every((drawn) => within(op, one.form(row, { ...drawn, ...long }), most, wanted))
}

// a row that hides nothing of a long axis: all is given and wanted, and no tensor is all but one number 0
const showsAll = (row: Row): boolean =>
  Object.entries(row).every(([name, choice]) =>
    name === 'given' || name === 'wanted' ? choice === 'all' : !(name.startsWith('data of') && choice === 'lone'),
  )

// how many rows are tried for a rung before it gets a case of its own
const mostTried = 12

interface Found {
  /** the row that takes the climb, if one does */
  readonly at: number | undefined
  readonly row: Row
  readonly most: Limits
}

/**
 * Every rung of every axis, some long beside some short. `rows` are those that may take a climb, by their numbers: each
 * takes one at most, and what none of the next can take becomes a case of the plainest classes.
 */
const climbsOf = (
  op: OpName,
  one: Subject,
  rows: readonly (readonly [number, Row])[],
  known: readonly Measured[],
): Climbs => {
  const samples = fc.sample(numbers(one.few), { seed: 1, numRuns: 2 })
  const open = new Map(
    Object.entries(one.ladder).map(([letter, end]) => [
      letter,
      rungs.filter((rung) => rung.most <= end && !known.some(({ extents }) => reaches(rung, extents[letter] ?? 0))),
    ]),
  )
  const plain = plainRows(one)
  const attached = new Map<number, Climb>()
  const climbs: Climb[] = []
  const beyond: Record<string, Rung[]> = {}
  let free = rows
  for (;;) {
    // the longest that is left, under the next row that lets it be so long
    const [letter, rung] = [...open]
      .map(([letter, left]) => [letter, left.at(-1)] as const)
      .reduce((a, b) => ((b[1]?.most ?? 0) > (a[1]?.most ?? 0) ? b : a), ['', undefined])
    if (rung === undefined) break
    open.set(letter, open.get(letter)?.slice(0, -1) ?? [])
    const under = (most: Limits): Found | undefined => {
      const lets = (row: Row): boolean => possibleClimb(op, one, samples, { row, rungs: { [letter]: rung }, most })
      const taker = free.slice(0, mostTried).find(([, row]) => lets(row))
      const row = taker?.[1] ?? plain.find(lets)
      return row === undefined ? undefined : { at: taker?.[0], row, most }
    }
    const found = tiersFor(rung.most).reduce<Found | undefined>((before, most) => before ?? under(most), undefined)
    if (found === undefined) {
      beyond[letter] = [...(beyond[letter] ?? []), rung]
      continue
    }
    const { at, row, most } = found
    // beside it, on each other axis, the shortest that is left and fits
    const taken = [...open.keys()].reduce<Readonly<Record<string, Rung>>>(
      (soFar, other) => {
        const short = open.get(other)?.[0]
        if (
          other === letter ||
          short === undefined ||
          !possibleClimb(op, one, samples, { row, rungs: { ...soFar, [other]: short }, most })
        )
          return soFar
        open.set(other, open.get(other)?.slice(1) ?? [])
        return { ...soFar, [other]: short }
      },
      { [letter]: rung },
    )
    if (at === undefined) climbs.push({ row: one.turned(row, climbs.length), rungs: taken, most })
    else {
      attached.set(at, { row, rungs: taken, most })
      free = free.filter(([other]) => other !== at)
    }
  }
  return { attached, climbs: [...climbs, ...usualClimbs(one)], beyond }
}

// what people use most has kernels of its own: 1×1 and depthwise convolutions meet the ladder of channels once more
const usualClimbs = (one: Subject): readonly Climb[] => {
  if (!one.factors.some(({ name }) => name === 'groups')) return []
  const channels = rungs.filter(({ most }) => most <= 1025)
  const backwards = [...channels].reverse()
  return [
    ...channels.map((rung, at) => ({
      row: one.turned(plainRow(one, { filter: '1' }), at),
      rungs: { C: rung, O: backwards[at] as Rung },
      most: limits,
    })),
    ...channels.map((rung, at) => ({
      row: one.turned(plainRow(one, { groups: 'depthwise' }), at),
      rungs: { C: rung },
      most: limits,
    })),
  ]
}

// the columns of the widest tile of a subgroup, and its rows
const [widest, deepest] = [64, 16]

/** The remainders that tiles of few rows and of many leave of a form's products. */
const remaindersIn = (op: OpName, direction: Direction, form: Form): readonly string[] => {
  const measured = measure(op, form)
  if (E.isLeft(measured) || measured.right.tiled === undefined) return []
  const { filters, channels, positions, pixels, filterTaps, channelTaps } = measured.right.tiled
  // kernels for few rows have smaller tiles, and rows or columns fewer than four none
  const remainders = (name: string, rows: number, columns: number): readonly string[] => {
    if (rows < 4 || columns < 4) return []
    const band = rows <= deepest / 2 ? 'few' : rows < deepest ? 'some' : 'many'
    return columns < widest
      ? [`${name}: ${band} by few: ${columns % 4}, terms ${positions % 4}`]
      : [`${name}: ${band} by many: ${columns % widest}`, `${name}: ${rows % deepest}, ${band}, by many`]
  }
  return direction === 'forward'
    ? remainders('positions', filters, positions)
    : [
        ...remainders('pixels', channels, pixels),
        ...(op === 'convTranspose2d'
          ? remainders('filter taps', channels, filterTaps)
          : remainders('channel taps', filters, channelTaps)),
      ]
}

const tileLimits = { multiplyAdds: 2 ** 22, elements: 2 ** 15 } as const

// Drawn until nothing is new for long. What is drawn stands: it is the same in every run, whatever its seed
const tilesOf = (op: OpName, direction: Direction, one: Subject, rows: readonly Row[]): readonly Form[] => {
  if (!one.factors.some(({ name }) => name === 'groups')) return []
  const rowsOfTiles = rows.filter(
    ({ groups, filter }) => ['1', '2', '3'].includes(groups ?? '') && !['7', '11'].includes(filter ?? ''),
  )
  // a filter of one tap leaves primes, which no product of taps does
  const bare = plainRow(one, { filter: '1' })
  const extents = fc.sample(
    numbers({
      ...one.drawn,
      Cg: fc.oneof(
        fc.integer({ min: 4, max: 15 }),
        fc.integer({ min: 16, max: 33 }),
        fc.integer({ min: 64, max: 127 }),
      ),
      Og: fc.oneof(fc.integer({ min: 4, max: 15 }), fc.integer({ min: 16, max: 33 })),
      // one long row of positions leaves what no rectangle of them can: a prime
      N: fc.integer({ min: 1, max: 2 }),
      down: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 })),
      across: fc.oneof(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 64, max: 127 })),
    }),
    { seed: 1, numRuns: 9000 },
  )
  const met = new Set<string>()
  return extents.flatMap((drawn, turn) => {
    // all answers are asked for: what is not wanted meets no tile
    const { wanted: _, ...form } = one.form(
      turn % 3 === 2 ? bare : (rowsOfTiles[turn % rowsOfTiles.length] as Row),
      drawn,
    )
    const fresh = remaindersIn(op, direction, form).filter((remainder) => !met.has(remainder))
    // two at once while there is much to meet
    if (fresh.length < (turn < 1000 ? 2 : 1)) return []
    const measured = measure(op, form)
    if (
      E.isLeft(measured) ||
      measured.right.multiplyAdds > tileLimits.multiplyAdds ||
      measured.right.elements > tileLimits.elements
    )
      return []
    fresh.forEach((remainder) => met.add(remainder))
    return [form]
  })
}

const once = <A>(make: () => A): (() => A) => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}

const scheduleFor = (op: OpName, direction: Direction, corners: readonly Form[]): Schedule => {
  const one = subject(op, direction, classTable[op])
  const { factors, possible, core, plainly } = one
  const wanted = {
    possible,
    seed: `${op} ${direction}`,
    ...(core === undefined ? {} : { core }),
    ...(plainly === undefined ? {} : { plainly }),
  }
  const classes = once(() => covering(factors, { ...wanted, strength: 1 }))
  const pairs = once(() => covering(factors, { ...wanted, strength: 2 }, classes().rows))
  const triples = core && once(() => covering(factors, { ...wanted, strength: 3 }, pairs().rows))
  const rows = () => (triples ?? pairs)().rows
  const usual = once(() => usualOf(op, direction, one, (fixed) => plainRow(one, fixed)))
  const wide = once(() => wideOf(op, direction, one, (fixed) => plainRow(one, fixed)))
  const mingled = once(() => mingledOf(op, direction))
  const told = once(() => [
    ...tellingOf(op, direction),
    ...classesInFours(op, one, () => classes().rows),
    ...mingled(),
    ...classesInRoom(op, one, (fixed) => plainRow(one, fixed)),
  ])
  const structured = once(() => structuredOf(op, direction, one, pairs().rows, (fixed) => plainRow(one, fixed)))
  const isOptimizer = opOf(op).inputs['g'] !== undefined
  const alike = (shape: Shape, turn: number): readonly Form[] => alikeOf(one, shape, turn)
  const laid = (): readonly Form[] => [...usual(), ...wide(), ...told()]
  return {
    subject: one,
    classes,
    pairs,
    triples,
    rows,
    tiles: once(() => tilesOf(op, direction, one, rows())),
    usual,
    wide,
    telling: once(() => [
      ...told(),
      ...turnedOf(op, direction),
      ...bandsOf(op, direction, laid()),
      ...lateOf(op, direction),
      ...withAttributes(op, mingled()),
      ...replacedOf(op, direction),
      ...grownOf(op, direction, one, () => pairs().rows),
      ...ampleOf(op, direction, isOptimizer, alike),
      ...networksOf(op, direction, isOptimizer, alike),
      ...plainOf(op, direction, smallOf(one)),
      ...remaindersOf(op, direction, alike),
      ...structured().forms,
      ...patternedOf(op, direction, smallOf(one)),
      ...structured().again,
      ...commonOf(op, direction, one, (fixed) => plainRow(one, fixed)),
      ...particularOf(op, direction, smallOf(one)),
    ]),
    climbing: once(() =>
      climbsOf(
        op,
        one,
        // a short run has the rows of the classes alone: they stay small
        [...rows().entries()].filter(([at, row]) => at >= classes().rows.length && showsAll(row)),
        corners.flatMap((form) => {
          const measured = measure(op, form)
          return E.isRight(measured) ? [measured.right] : []
        }),
      ),
    ),
  }
}

const schedules = new WeakMap<readonly Form[], Map<string, Schedule>>()

/** What is asked of an op in a direction beside its corners. Worked out once for each list of corners. */
export const scheduleOf = (op: OpName, direction: Direction, corners: readonly Form[]): Schedule => {
  const ofCorners = schedules.get(corners) ?? new Map<string, Schedule>()
  schedules.set(corners, ofCorners)
  const known = ofCorners.get(`${op} ${direction}`)
  if (known !== undefined) return known
  const made = scheduleFor(op, direction, corners)
  ofCorners.set(`${op} ${direction}`, made)
  return made
}

/** Whether a form is one that the op accepts and a run bears. */
export const bearable = (op: OpName, form: Form): boolean => acceptable(op, form) && within(op, form, limits)

/** Whether a form takes more multiply-adds, or as many comparisons, than a case of the standard run may. */
export const isHeavy = (op: OpName, form: Form): boolean => {
  const measured = measure(op, form)
  return E.isRight(measured) && measured.right.multiplyAdds > limits.multiplyAdds
}

/** The arbitrary of case number `index` behind the corners: rows, tiles, usual layers, climbs, then any classes. */
export const arbitraryAt = (op: OpName, schedule: Schedule, index: number): fc.Arbitrary<Form> => {
  const { subject: one, classes, rows, tiles, usual, climbing } = schedule
  const early = classes().rows[index]
  if (early !== undefined) return ofRow(one, early)
  const { attached, climbs } = climbing()
  const row = rows()[index]
  const taken = attached.get(index)
  if (row !== undefined) return taken === undefined ? ofRow(one, row) : ofClimb(op, one, taken)
  const tile = tiles()[index - rows().length]
  if (tile !== undefined) return fc.constant(tile)
  const laid = usual()[index - rows().length - tiles().length]
  if (laid !== undefined) return fc.constant(laid)
  const climb = climbs[index - rows().length - tiles().length - usual().length]
  return climb !== undefined ? ofClimb(op, one, climb) : ofAny(one)
}
