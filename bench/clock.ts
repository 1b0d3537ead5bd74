import { either as E } from 'fp-ts'
import { Bench } from 'tinybench'
import type { Result } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import type { Ready } from './contender.js'

/** How long and how often. */
export interface Timing {
  /** contenders take turns, so that a noisy minute meets all of them */
  readonly rounds: number
  /** milliseconds that a round gives each */
  readonly roundMs: number
  /** milliseconds that a sample takes at least: runs that are shorter are put in a row, and waited for together */
  readonly sampleMs: number
  /** milliseconds of a clock that only goes forward */
  readonly clock: () => number
}

/** So many runs in a sample, so many samples in a round. */
export interface Portion {
  readonly runs: number
  readonly samples: number
}

const mostRuns = 1000
const mostSamples = 32

/** How a round is filled with runs that take so many milliseconds: 1 at least, however long. */
export const portionOf = (runMs: number, { roundMs, sampleMs }: Pick<Timing, 'roundMs' | 'sampleMs'>): Portion => {
  const runs = Math.min(Math.max(Math.ceil(sampleMs / Math.max(runMs, 1e-6)), 1), mostRuns)
  return { runs, samples: Math.min(Math.max(Math.floor(roundMs / Math.max(runMs * runs, 1e-6)), 1), mostSamples) }
}

/** Runs before the clock counts, and what the last of them took: caches and clocks of the machine have settled. */
export const warmUp = async (ready: Ready, clock: () => number): Promise<Result<number>> => {
  let last = 0
  for (let run = 0; run < 3; run++) {
    const start = clock()
    const outcome = await ready.repeat(1)()
    if (E.isLeft(outcome)) return outcome
    last = clock() - start
  }
  return E.right(last)
}

/**
 * One round of one contender by tinybench: milliseconds a run, a number for each sample. A Bench each, since a task of
 * tinybench runs once; it warms nothing up, and counts samples, not time.
 */
export const round = async (
  ready: Ready,
  { runs, samples }: Portion,
  clock: () => number,
): Promise<Result<readonly number[]>> => {
  let refused: Result<never> | undefined
  const bench = new Bench({ time: 0, iterations: samples, warmup: false, retainSamples: true, now: clock })
  bench.add(
    'round',
    async () => {
      const outcome = await ready.repeat(runs)()
      if (E.isLeft(outcome)) refused = outcome
    },
    // said here, or it would find out by a run of its own
    { async: true },
  )
  const [task] = await bench.run()
  if (refused !== undefined) return refused
  const result = task?.result
  return result !== undefined && 'latency' in result && result.latency.samples !== undefined
    ? E.right(result.latency.samples.map((ms) => ms / runs))
    : E.left(etalonError('Thrown', `tinybench gave no samples: ${result?.state}`))
}
