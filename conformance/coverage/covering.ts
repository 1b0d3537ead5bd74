import { draws, keyOf } from '../../spec/philox.js'

/**
 * Covering arrays: few rows of classes, one class of each factor a row, among which every pair (strength 2) or triple
 * (strength 3) of classes that can meet does. Greedy, one row at a time, by what a row newly covers (Cohen, Dalal,
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
  /** 1: every class; 2: every pair; 3: every triple */
  readonly strength: 1 | 2 | 3
  /** the factors whose triples are wanted at strength 3, if not all: of the others every pair with any */
  readonly core?: readonly string[]
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
  /** the first `ofStrength[0]` of them meet every class, the first `ofStrength[1]` every pair, and so on */
  readonly rows: readonly Row[]
  readonly ofStrength: readonly number[]
  readonly tuples: readonly Tuples[]
}

const subsets = (size: number, of: readonly number[]): readonly (readonly number[])[] =>
  size === 0 ? [[]] : of.flatMap((first, at) => subsets(size - 1, of.slice(at + 1)).map((others) => [first, ...others]))

// a class of each of a row's factors, by number; −1: none yet
type Line = readonly number[]

interface Goal {
  readonly factors: readonly number[]
  /** per combination of classes: 0 where it is met or cannot be */
  readonly left: Uint8Array
}

const codeOf = (counts: readonly number[], factors: readonly number[], line: Line): number => {
  let code = 0
  for (const factor of factors) {
    const at = line[factor] as number
    if (at < 0) return -1
    code = code * (counts[factor] as number) + at
  }
  return code
}

const lineOf = (counts: readonly number[], factors: readonly number[], code: number): Line => {
  const line = counts.map(() => -1)
  let rest = code
  for (const factor of [...factors].reverse()) {
    line[factor] = rest % (counts[factor] as number)
    rest = Math.floor(rest / (counts[factor] as number))
  }
  return line
}

/** Rows beside these are tried, and the one that covers most is taken. */
const candidates = 8

/**
 * Rows that meet whatever can be met, a pure function of the factors and the seed. Those of a lower strength come first,
 * so that a short run of them has every class already.
 */
export const covering = (factors: readonly Factor[], { strength, core, possible, seed }: Wanted): Covering => {
  const draw = draws(keyOf(`covering array ${seed}`))
  const counts = factors.map(({ classes }) => classes.length)
  const all = factors.map((_, at) => at)
  const inCore = all.filter((at) => core === undefined || core.includes((factors[at] as Factor).name))
  const rowOf = (line: Line): Partial<Row> =>
    Object.fromEntries(
      line.flatMap((at, factor) => {
        const { name, classes } = factors[factor] as Factor
        return at < 0 ? [] : [[name, classes[at] as string]]
      }),
    )
  const can = (line: Line): boolean => possible === undefined || possible(rowOf(line))
  const shuffled = (numbers: readonly number[]): readonly number[] =>
    numbers
      .map((number) => ({ number, key: draw.uniform() }))
      .sort((a, b) => a.key - b.key)
      .map(({ number }) => number)

  // the whole row that some classes can be part of: depth first, at each factor the classes in the order of `prefer`
  const completed = (
    line: Line,
    open: readonly number[],
    prefer: (line: Line, factor: number) => readonly number[],
  ): Line | undefined => {
    const [factor, ...others] = open
    if (factor === undefined) return line
    for (const at of prefer(line, factor)) {
      const next = line.map((old, other) => (other === factor ? at : old))
      const whole = can(next) ? completed(next, others, prefer) : undefined
      if (whole !== undefined) return whole
    }
    return undefined
  }
  const inOrder = (_: Line, factor: number): readonly number[] =>
    Array.from({ length: counts[factor] as number }, (_, at) => at)
  const openIn = (line: Line): readonly number[] => all.filter((factor) => (line[factor] as number) < 0)

  const rows: Line[] = []
  const ofStrength: number[] = []
  const tuples: Tuples[] = []
  for (let t = 1; t <= strength; t++) {
    const infeasible: Partial<Row>[] = []
    let feasible = 0
    const goals: readonly Goal[] = subsets(t, t === 3 ? inCore : all).map((factors) => {
      const size = factors.reduce((n, factor) => n * (counts[factor] as number), 1)
      const left = new Uint8Array(size)
      for (let code = 0; code < size; code++) {
        const line = lineOf(counts, factors, code)
        if (can(line) && completed(line, openIn(line), inOrder) !== undefined) {
          left[code] = 1
          feasible++
        } else infeasible.push(rowOf(line))
      }
      return { factors, left }
    })
    tuples.push({ strength: t, feasible, infeasible })
    const goalsOf = all.map((factor) => goals.filter(({ factors }) => factors.includes(factor)))
    let remaining = feasible
    const gain = (line: Line, among: readonly Goal[]): number => {
      let n = 0
      for (const { factors, left } of among) {
        const code = codeOf(counts, factors, line)
        if (code >= 0) n += left[code] as number
      }
      return n
    }
    const take = (line: Line): void => {
      for (const { factors, left } of goals) {
        const code = codeOf(counts, factors, line)
        remaining -= left[code] as number
        left[code] = 0
      }
    }
    rows.forEach(take)
    // classes by what they newly cover beside those chosen before, the best first
    const best = (line: Line, factor: number): readonly number[] =>
      shuffled(inOrder(line, factor))
        .map((at) => ({
          at,
          gain: gain(
            line.map((old, other) => (other === factor ? at : old)),
            goalsOf[factor] as readonly Goal[],
          ),
        }))
        .sort((a, b) => b.gain - a.gain)
        .map(({ at }) => at)
    while (remaining > 0) {
      const open = goals.filter(({ left }) => left.includes(1))
      let found: { readonly line: Line; readonly gain: number } | undefined
      for (let tried = 0; tried < candidates; tried++) {
        const { factors, left } = draw.pick(open)
        const start = lineOf(counts, factors, left.indexOf(1, 0))
        const line = completed(start, shuffled(openIn(start)), best)
        if (line === undefined) throw new Error('a tuple that was feasible is so no more')
        const gained = gain(line, goals)
        if (found === undefined || gained > found.gain) found = { line, gain: gained }
      }
      const { line } = found as { readonly line: Line }
      rows.push(line)
      take(line)
    }
    ofStrength.push(rows.length)
  }
  return { rows: rows.map((line) => rowOf(line) as Row), ofStrength, tuples }
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
