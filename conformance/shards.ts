import type { Direction, OpName } from '../spec/catalogue.js'
import { caseCount, scheduled } from './cases.js'
import { classTable } from './coverage/classes/table.js'
import { rungs } from './coverage/ladder.js'
import type { QuestionTable } from './questions.js'

/**
 * A run in parts, for the jobs of a CI matrix. The parts share nothing and know of each other nothing but how many they
 * are: which questions are whose follows from the catalogue and the number of parts. An op in a direction is asked whole
 * by one of them, so that every line, its coverage and its verdict are those of a run in one.
 */

/** Part `index`, counted from 1, of so many. */
export interface Shard {
  readonly index: number
  readonly of: number
}

/** An op in a direction. */
export interface Asked {
  readonly op: OpName
  readonly direction: Direction
}

// sums of products take the oracle so much longer than what is done number by number
const ofProducts = 4

const product = (numbers: readonly number[]): number => numbers.reduce((n, one) => n * one, 1)

/**
 * About how much work an op in a direction is, in cases that take no sums: those that have a name, as many rows as its
 * largest classes have pairs or triples, and the rungs that its axes climb. Working out which cases there are would itself take seconds.
 */
export const costOf = (table: QuestionTable, { op, direction }: Asked): number => {
  const { factors, core, ladder } = scheduled(table, op, direction).subject
  const sizes = (names?: readonly string[]): readonly number[] =>
    factors
      .filter(({ name }) => names === undefined || names.includes(name))
      .map(({ classes }) => classes.length)
      .sort((a, b) => b - a)
  const rows = core === undefined ? product(sizes().slice(0, 2)) : 3 * product(sizes(core).slice(0, 3))
  const climbs = Object.values(ladder).flatMap((end) => rungs.filter(({ most }) => most <= end)).length
  const cases = caseCount(table, op, direction, 0) + rows + climbs
  return cases * (classTable[op].product === undefined ? 1 : ofProducts)
}

// all small programs together, beside the ops: a minute or two on the embedded adapter
export const programsCost = 10_000

/** The questions of each of so many parts, in their order, and which part has the programs. */
export interface Split {
  readonly shards: readonly (readonly Asked[])[]
  /** counted from 1 */
  readonly programs: number
}

/** Lays questions into so many parts of about equal work: the longest first, each where there is least so far. */
export const splitOf = (table: QuestionTable, questions: readonly Asked[], of: number): Split => {
  const known = questions.map((question, at) => ({ question, at, cost: costOf(table, question) }))
  const load = new Array<number>(of).fill(0)
  const place = (cost: number): number => {
    const least = load.indexOf(Math.min(...load))
    load[least] = (load[least] as number) + cost
    return least
  }
  const programs = place(programsCost)
  const placed = [...known]
    .sort((a, b) => b.cost - a.cost || a.at - b.at)
    .map(({ at, cost }) => ({ at, shard: place(cost) }))
  return {
    shards: load.map((_, shard) => {
      const own = new Set(placed.flatMap((one) => (one.shard === shard ? [one.at] : [])))
      return questions.filter((__, at) => own.has(at))
    }),
    programs: programs + 1,
  }
}
