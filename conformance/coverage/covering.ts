import { draws, keyOf } from '../../spec/philox.js'

/**
 * Covering arrays: few rows of classes, one class of each factor a row, among which every pair (strength 2), triple
 * (strength 3) or four (strength 4) of classes that can meet does. Greedy, one row at a time, by what a row newly covers (Cohen, Dalal,
 * Fredman and Patton, "The AETG system: an approach to testing based on combinatorial design", 1997).
 */

/** Something that cases differ in, and the classes of it, the plainest first. */
export interface Factor {
  readonly name: string
  readonly classes: readonly string[]
}

/** A class for each factor, by the factors' names. */
export type Row = Readonly<Record<string, string>>

/** Whether classes can meet in a row. Asked of rows that are whole and of rows that have some of their factors yet. */
export type Possible = (row: Partial<Row>) => boolean

export interface Wanted {
  /** 1: every class; 2: every pair; 3: every triple; 4: every four */
  readonly strength: 1 | 2 | 3 | 4
  /** the factors whose triples are wanted at strength 3, if not all: of the others every pair with any */
  readonly core?: readonly string[]
  /** at strength 3, the factor that has its first class wherever a triple counts as met */
  readonly plainly?: string
  readonly possible?: Possible
  readonly seed: string
}

/** How many tuples of one strength can meet, and those that cannot. */
export interface Tuples {
  readonly strength: number
  readonly feasible: number
  readonly infeasible: readonly Partial<Row>[]
}

export interface Covering {
  readonly rows: readonly Row[]
  readonly tuples: Tuples
}

const subsets = (size: number, of: readonly number[]): readonly (readonly number[])[] =>
  size === 0 ? [[]] : of.flatMap((first, at) => subsets(size - 1, of.slice(at + 1)).map((others) => [first, ...others]))

// a class of each of a row's factors, by number; −1: none yet
type Line = readonly number[]

interface Goal {
  readonly factors: readonly number[]
  /** how far apart two classes of each of the factors stand in `left` */
  readonly strides: readonly number[]
  /** per combination of classes: 0 where it is met or cannot be */
  readonly left: Uint8Array
}

const lineOf = (
  counts: readonly number[],
  { factors, strides }: Pick<Goal, 'factors' | 'strides'>,
  code: number,
): Line => {
  const line = counts.map(() => -1)
  factors.forEach((factor, i) => {
    line[factor] = Math.floor(code / (strides[i] as number)) % (counts[factor] as number)
  })
  return line
}

// where a line's classes stand in a goal, but for one of its factors; −1 where one of them is open
const placeOf = ({ factors, strides }: Goal, line: Line, except = -1): number => {
  let place = 0
  for (let i = 0; i < factors.length; i++) {
    const factor = factors[i] as number
    if (factor === except) continue
    const at = line[factor] as number
    if (at < 0) return -1
    place += at * (strides[i] as number)
  }
  return place
}

/** So many rows are tried at each turn, and the one that covers most is taken. */
const candidates = 6

/**
 * Rows that, beside those that there are, meet whatever can be met at a strength. A pure function of its arguments; the
 * rows that there are come first.
 */
export const covering = (
  factors: readonly Factor[],
  { strength, core, plainly, possible, seed }: Wanted,
  before: readonly Row[] = [],
): Covering => {
  const draw = draws(keyOf(`covering array ${strength} ${seed}`))
  const counts = factors.map(({ classes }) => classes.length)
  const all = factors.map((_, at) => at)
  const among =
    core === undefined || strength < 3 ? all : all.filter((at) => core.includes((factors[at] as Factor).name))
  // beside each triple, as its last factor
  const beside = strength < 3 ? [] : all.filter((at) => (factors[at] as Factor).name === plainly)
  const rowOf = (line: Line): Partial<Row> => {
    const row: Record<string, string> = {}
    for (const factor of all) {
      const at = line[factor] as number
      const { name, classes } = factors[factor] as Factor
      if (at >= 0) row[name] = classes[at] as string
    }
    return row
  }
  const can = (line: Line): boolean => possible === undefined || possible(rowOf(line))
  const shuffled = (numbers: readonly number[]): readonly number[] => {
    const list = [...numbers]
    for (let i = list.length - 1; i > 0; i--) {
      const j = draw.integer(0, i)
      const kept = list[i] as number
      list[i] = list[j] as number
      list[j] = kept
    }
    return list
  }

  // the whole row that some classes can be part of: depth first, at each factor the classes in the order of `prefer`
  const completed = (
    line: Line,
    open: readonly number[],
    prefer: (line: Line, factor: number) => readonly number[],
  ): Line | undefined => {
    const [factor, ...others] = open
    if (factor === undefined) return line
    for (const at of prefer(line, factor)) {
      const next = [...line]
      next[factor] = at
      const whole = can(next) ? completed(next, others, prefer) : undefined
      if (whole !== undefined) return whole
    }
    return undefined
  }
  const numbered = counts.map((count) => Array.from({ length: count }, (_, at) => at))
  const inOrder = (_: Line, factor: number): readonly number[] => numbered[factor] as readonly number[]
  const openIn = (line: Line): readonly number[] => all.filter((factor) => (line[factor] as number) < 0)

  const infeasible: Partial<Row>[] = []
  let feasible = 0
  const goals: readonly Goal[] = subsets(strength, among).map((triple) => {
    const chosen = [...triple, ...beside]
    const strides = chosen.map((_, i) => chosen.slice(i + 1).reduce((n, factor) => n * (counts[factor] as number), 1))
    const size = chosen.reduce((n, factor) => n * (counts[factor] as number), 1)
    const left = new Uint8Array(size)
    const plain = beside.reduce((n, factor) => n * (counts[factor] as number), 1)
    for (let code = 0; code < size; code += plain) {
      const line = lineOf(counts, { factors: chosen, strides }, code)
      if (can(line) && completed(line, openIn(line), inOrder) !== undefined) {
        left[code] = 1
        feasible++
      } else infeasible.push(rowOf(line))
    }
    return { factors: chosen, strides, left }
  })
  const goalsOf = all.map((factor) => goals.filter(({ factors }) => factors.includes(factor)))
  let remaining = feasible
  const gain = (line: Line): number => goals.reduce((n, goal) => n + (goal.left[placeOf(goal, line)] ?? 0), 0)
  const take = (line: Line): void => {
    for (const goal of goals) {
      const place = placeOf(goal, line)
      remaining -= goal.left[place] as number
      goal.left[place] = 0
    }
  }
  // classes by what they newly cover beside those chosen before, the best first
  const best = (line: Line, factor: number): readonly number[] => {
    const gains = new Uint32Array(counts[factor] as number)
    for (const goal of goalsOf[factor] as readonly Goal[]) {
      const place = placeOf(goal, line, factor)
      if (place < 0) continue
      const stride = goal.strides[goal.factors.indexOf(factor)] as number
      for (let at = 0; at < gains.length; at++)
        gains[at] = (gains[at] as number) + (goal.left[place + at * stride] as number)
    }
    return [...shuffled(numbered[factor] as readonly number[])].sort(
      (a, b) => (gains[b] as number) - (gains[a] as number),
    )
  }

  const lines = before.map((row) => factors.map(({ name, classes }) => classes.indexOf(row[name] as string)))
  lines.forEach(take)
  const added: Line[] = []
  while (remaining > 0) {
    const open = goals.filter(({ left }) => left.includes(1))
    let found: { readonly line: Line; readonly gain: number } | undefined
    for (let tried = 0; tried < candidates; tried++) {
      const goal = draw.pick(open)
      const start = lineOf(counts, goal, goal.left.indexOf(1))
      const line = completed(start, shuffled(openIn(start)), best)
      if (line === undefined) throw new Error('a tuple that was feasible is so no more')
      const gained = gain(line)
      if (found === undefined || gained > found.gain) found = { line, gain: gained }
    }
    const { line } = found as { readonly line: Line }
    added.push(line)
    take(line)
  }
  return { rows: [...before, ...added.map((line) => rowOf(line) as Row)], tuples: { strength, feasible, infeasible } }
}

/** How many different tuples of a strength some rows meet, among all factors or those of a core. */
export const met = (
  factors: readonly Factor[],
  rows: readonly Row[],
  strength: number,
  core?: readonly string[],
): number => {
  const names = factors.map(({ name }) => name).filter((name) => core === undefined || core.includes(name))
  return subsets(
    strength,
    names.map((_, at) => at),
  ).reduce(
    (n, chosen) => n + new Set(rows.map((row) => chosen.map((at) => row[names[at] as string]).join('\u0000'))).size,
    0,
  )
}
