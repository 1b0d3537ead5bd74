import { either as E, function as F } from 'fp-ts'
import fc from 'fast-check'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, parseOpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, fail, show } from '../spec/error.js'
import { classTable } from './coverage/classes/table.js'
import type { Schedule } from './coverage/schedule.js'
import type { Covered } from './coverage/covered.js'
import { coveredBy } from './coverage/covered.js'
import { layersOf, soonOf } from './coverage/layers.js'
import { arbitraryAt, isHeavy, scheduleOf } from './coverage/schedule.js'
import { shrinking } from './coverage/simpler.js'
import { inNumbers } from './coverage/sums.js'
import { ofGradients } from './dials.js'
import type { Case, Form } from './form.js'
import { acceptable, numbersIn } from './form.js'
import type { QuestionTable, Questions } from './questions.js'

/**
 * The version of the suite's cases: a number counts among those of one version only. It goes up whenever a change moves
 * or changes cases that an id named before.
 */
export const suiteVersion = 3

/**
 * From here on are the numbers of the telling cases: they came to the others later, and none of those was to move. Nobody
 * draws so many.
 */
const later = 1_000_000

/** `conv2d/forward/42/17@3`: the op, the direction, the seed, the number of the case and the suite's version. Also the key of its numbers. */
export const caseId = (op: OpName, direction: Direction, seed: number, index: number): string =>
  `${op}/${direction}/${seed}/${index}@${suiteVersion}`

/** The id of a case that was made small: the steps of its shrink tree stand behind the number of the case. */
export const shrunkId = (op: OpName, direction: Direction, seed: number, path: string): string =>
  `${op}/${direction}/${seed}/${path}@${suiteVersion}`

const corners = new WeakMap<Questions, Readonly<Record<Direction, readonly Form[]>>>()

// one list for each of the questions, so that what follows from it is worked out once
const cornersOf = (questions: Questions, direction: Direction): readonly Form[] => {
  const known = corners.get(questions)
  if (known !== undefined) return known[direction]
  const among = (direction: Direction): readonly Form[] =>
    questions.corners.filter(
      ({ only, attrs }) =>
        (only === undefined || only === direction) &&
        (direction === 'backward' || !ofGradients.some((name) => attrs[name] !== undefined)),
    )
  const made = { forward: among('forward'), backward: among('backward') }
  corners.set(questions, made)
  return made[direction]
}

/** What is asked of an op beside its corners. */
export const scheduled = (table: QuestionTable, op: OpName, direction: Direction): Schedule =>
  scheduleOf(op, direction, cornersOf(table[op], direction))

/**
 * How many cases come before the layers, how many layers there are, how many wide cases behind them, and where those
 * drawn at will begin.
 */
const partsOf = (table: QuestionTable, op: OpName, direction: Direction) => {
  const corners = cornersOf(table[op], direction).length
  const { rows, tiles, usual, climbing, wide } = scheduled(table, op, direction)
  const before = corners + rows().length + tiles().length + usual().length + climbing().climbs.length
  const layers = layersOf(op).length
  return { before, layers, wide: wide().length, fixed: before + layers + wide().length }
}

/**
 * How much is asked: `quick` has every class once, `standard` every pair of classes or triple, and every rung of the ladder
 * of extents, and layers of networks as far as they are soon made, `wild` all of those layers.
 */
export type Profile = 'quick' | 'standard' | 'wild'
export const profiles: readonly Profile[] = ['quick', 'standard', 'wild']

// corners of so many elements are quick
const quickElements = 100

const range = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i)

/** The numbers of the cases of a profile, and of so many drawn at will. */
export const indicesOf = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  profile: Profile,
  runs: number,
): readonly number[] => {
  const edges = cornersOf(table[op], direction)
  const drawn = (): readonly number[] => (runs === 0 ? [] : range(partsOf(table, op, direction).fixed, runs))
  if (profile === 'quick') {
    const small = edges.flatMap((form, index) => (numbersIn(form) <= quickElements ? [index] : []))
    return [...small, ...range(edges.length, scheduled(table, op, direction).classes().rows.length), ...drawn()]
  }
  const { before, layers, wide, fixed } = partsOf(table, op, direction)
  const telling = range(later, scheduled(table, op, direction).telling().length)
  if (profile === 'wild') return [...range(0, fixed), ...telling, ...drawn()]
  const usual = edges.flatMap((form, index) => (isHeavy(op, form) ? [] : [index]))
  return [
    ...usual,
    ...range(edges.length, before - edges.length),
    ...range(before + layers, wide),
    ...telling,
    ...soonOf(op).map((at) => before + at),
    ...drawn(),
  ]
}

/** What the cases of some numbers and forms cover. */
export const coverageOf = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  profile: Profile,
  answered: readonly { readonly index: number; readonly form: Form }[],
): Covered => {
  const corners = cornersOf(table[op], direction).length
  const schedule = scheduled(table, op, direction)
  const quick = profile === 'quick'
  const rows = quick ? schedule.classes().rows : schedule.rows()
  return coveredBy(
    op,
    schedule,
    answered.map(({ index, form }) => {
      const row = rows[index - corners]
      return { form, ...(row === undefined ? {} : { row }) }
    }),
    quick ? 1 : 3,
  )
}

// of the layers of networks every other one has integers, so that sums of full size hide nothing
const numbered = (op: OpName, direction: Direction, layer: Form, index: number): Form => {
  const { product } = classTable[op]
  return product === undefined || index % 2 === 1 ? layer : inNumbers(op, direction, product, 'integers', layer)
}

/**
 * Where case number `index` comes from: the corners come first, then rows that cover the classes, then axes that climb the
 * ladder of extents, then layers of networks, then wide cases, then those of any classes, and far behind them the telling
 * ones. Draw 17 of seed 42 is `fc.sample(…, { seed: 42, path: '17' })`.
 */
export const arbitraryOf = (
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  seed: number,
  index: number,
): fc.Arbitrary<Form> => {
  const corners = cornersOf(table[op], direction)
  const schedule = scheduled(table, op, direction)
  const telling = index < later ? undefined : schedule.telling()[index - later]
  // behind the corners, the rows need not know of what comes after them, and those of the classes of no others
  const behind = index - corners.length
  const early = telling !== undefined || behind < schedule.classes().rows.length || behind < schedule.rows().length
  const layers = early ? [] : layersOf(op)
  const before = early ? index + 1 : partsOf(table, op, direction).before
  const layer = index < before ? undefined : layers[index - before]
  const wide = index < before + layers.length ? undefined : schedule.wide()[index - before - layers.length]
  const known = telling ?? corners[index] ?? (layer && numbered(op, direction, layer, index - before)) ?? wide
  const base = known === undefined ? arbitraryAt(op, schedule, index - corners.length) : fc.constant(known)
  return shrinking(base, { op, direction, seed: caseId(op, direction, seed, index) })
}

// of a draw far behind fast-check makes all those before it
const fromTheFirst = (path: string): string =>
  path.replace(/^\d+/, (number) => String(Number(number) < later ? Number(number) : Number(number) - later))

const drawn = (arbitrary: fc.Arbitrary<Form>, seed: number, path: string): Form | undefined => {
  try {
    return fc.sample(arbitrary, { seed, path: fromTheFirst(path), numRuns: 1 })[0]
  } catch {
    // a path that leads nowhere
    return undefined
  }
}

/** Case number `index`. A pure function of its arguments. */
export const caseAt = (table: QuestionTable, op: OpName, direction: Direction, seed: number, index: number): Case => {
  const form = drawn(arbitraryOf(table, op, direction, seed, index), seed, String(index))
  if (form === undefined || !acceptable(op, form))
    throw new Error(`case ${index} of ${op} is one that it does not accept`)
  return { op, direction, seed: caseId(op, direction, seed, index), form }
}

/** The number behind the corners and so many cases more: of the rows that cover the classes, and what comes after them. */
export const caseCount = (table: QuestionTable, op: OpName, direction: Direction, runs: number): number =>
  cornersOf(table[op], direction).length + runs

const isCount = (text: string): boolean => /^\d+$/.test(text) && Number.isSafeInteger(Number(text))
const isPath = (text: string): boolean => text.split(':').every(isCount) && text.split(':').length <= 1000

/**
 * The case that an id names; without a version it is this one's.
 *
 * Errors  MalformedRequest – not of the form op/direction/seed/number[@version], of another version, or of a shrink path
 *         that leads nowhere; UnknownOp; NoBackward
 */
export const caseOfId = (table: QuestionTable, id: string): Result<Case> => {
  const [name = '', direction = '', seed = '', last = ''] = id.split('/')
  const [path = '', version] = last.split('@')
  return F.pipe(
    ensure(
      id.split('/').length === 4 &&
        last.split('@').length <= 2 &&
        isCount(seed) &&
        isPath(path) &&
        (direction === 'forward' || direction === 'backward'),
      'MalformedRequest',
      `a case is named OP/DIRECTION/SEED/NUMBER@VERSION, such as conv2d/forward/42/17@${suiteVersion}; this is ${show(id)}`,
    ),
    E.flatMap(() =>
      ensure(
        version === undefined || version === String(suiteVersion),
        'MalformedRequest',
        `${show(id)} names a case of version ${version ?? ''} of the suite; this is version ${suiteVersion}, whose numbers mean other cases. A report’s JSON of the case replays in any version`,
      ),
    ),
    E.flatMap(() => parseOpName(name)),
    E.flatMap((op): Result<Case> => {
      if (direction === 'backward' && !hasBackward(op)) return fail('NoBackward', `${op} has no backward`)
      const [towards, index, number] = [direction as Direction, Number(path.split(':')[0]), Number(seed)]
      const form = drawn(arbitraryOf(table, op, towards, number, index), number, path)
      return form === undefined
        ? fail('MalformedRequest', `${show(id)} leads nowhere: there is no such step to a simpler case`)
        : E.right({ op, direction: towards, seed: caseId(op, towards, number, index), form })
    }),
  )
}
