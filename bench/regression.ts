import type { Line } from './line.js'
import { mannWhitney, median, pairedPermutation } from './statistics.js'

/*
 * Is this version slower than that one? Both take their turns on one machine, round by round; a round's medians are a pair.
 * What is tested is not whether they differ – two processes always do, in where their memory lies if in nothing else – but
 * whether this one is slower by more than is tolerated.
 */

/** What is tolerated, and how sure one must be. */
export interface Test {
  /** a slowdown that does not matter, as a share: 0.05 */
  readonly tolerated: number
  /** the chance that a run of no change at all is called slower in any workload */
  readonly level: number
}

export const usualTest: Test = { tolerated: 0.05, level: 0.01 }

/** How a workload fares beside a baseline. */
export interface Comparison {
  readonly workload: string
  /** the median over the rounds of this one's time over the baseline's: above 1 this one is slower */
  readonly slowdown: number
  /** the chance of a slowdown as large where it is what is tolerated */
  readonly p: number
  readonly verdict: 'slower' | 'faster' | 'the same'
  readonly rounds: number
}

/** The rounds of two versions of a workload, in milliseconds a run. */
export interface Paired {
  readonly workload: string
  readonly ours: readonly (readonly number[])[]
  readonly theirs: readonly (readonly number[])[]
}

/**
 * Of so many workloads each is tested at level ÷ their number (Bonferroni), so that all together the chance of a false alarm
 * is at most the level, however they depend on each other.
 */
const levelOfEach = ({ level }: Test, workloads: number): number => level / Math.max(workloads, 1)

/** The least rounds in which a permutation test can be sure enough of any of so many workloads: 2⁻ⁿ ≤ level ÷ workloads. */
export const roundsNeeded = (test: Test, workloads: number): number =>
  Math.ceil(Math.log2(1 / levelOfEach(test, workloads)))

/** Compares by the permutation test of the rounds' pairs, on logarithms, so that twice and half are equally far. */
export const compared = (pairs: readonly Paired[], test: Test): readonly Comparison[] =>
  pairs.map(({ workload, ours, theirs }): Comparison => {
    const logs = ours.flatMap((own, i) => {
      const other = theirs[i] ?? []
      return own.length === 0 || other.length === 0 ? [] : [Math.log(median(own) / median(other))]
    })
    const margin = Math.log1p(test.tolerated)
    const slower = pairedPermutation(logs.map((log) => log - margin))
    const faster = pairedPermutation(logs.map((log) => -log - margin))
    const level = levelOfEach(test, pairs.length)
    return {
      workload,
      slowdown: Math.exp(median(logs)),
      p: slower,
      verdict: slower <= level ? 'slower' : faster <= level ? 'faster' : 'the same',
      rounds: logs.length,
    }
  })

/**
 * Compares this run's ratios to the best peer with those recorded of another, by Mann and Whitney's test of the rounds: the
 * peer has done the same work on the same machine, so that the machine's speed is none of it. Workloads that one of the two
 * has no ratio of are left out.
 */
export const comparedToRecord = (now: readonly Line[], then: readonly Line[], test: Test): readonly Comparison[] => {
  const both = now.flatMap((line) => {
    const old = then.find(({ workload, subject }) => workload === line.workload && subject === line.subject)
    return line.roundRatios.length === 0 || old === undefined || old.roundRatios.length === 0 ? [] : [{ line, old }]
  })
  const level = levelOfEach(test, both.length)
  return both.map(({ line, old }): Comparison => {
    const tolerant = 1 + test.tolerated
    const { p } = mannWhitney(
      old.roundRatios,
      line.roundRatios.map((ratio) => ratio * tolerant),
    )
    const faster = mannWhitney(
      line.roundRatios,
      old.roundRatios.map((ratio) => ratio * tolerant),
    ).p
    return {
      workload: line.workload,
      slowdown: median(old.roundRatios) / median(line.roundRatios),
      p,
      verdict: p <= level ? 'slower' : faster <= level ? 'faster' : 'the same',
      rounds: line.roundRatios.length,
    }
  })
}
