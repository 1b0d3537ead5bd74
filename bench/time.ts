import { either as E } from 'fp-ts'
import type { task, taskEither } from 'fp-ts'
import type { EtalonError, Result } from '../spec/error.js'
import { median, spread } from './statistics.js'

/** Work that is ready to run: its operands lie where the contender computes. */
export interface Ready {
  /** runs once, brings the answer back and holds it against the reference: the worst error ÷ bound */
  readonly check: taskEither.TaskEither<EtalonError, number>
  /** runs so many times, brings no answer back, and ends once the last run has */
  readonly repeat: (times: number) => taskEither.TaskEither<EtalonError, void>
  readonly close: task.Task<void>
}

/** Somebody who does a piece of work. */
export interface Contender {
  readonly workload: string
  readonly name: string
  /** multiply-adds of one run, where the work is measured in them */
  readonly multiplyAdds?: number
  readonly open: taskEither.TaskEither<EtalonError, Ready>
}

/** How a contender did. Times are milliseconds a run. */
export interface Row {
  readonly workload: string
  readonly name: string
  readonly multiplyAdds?: number
  /** timed: the answer was right; wrong: it was not, and nothing was timed; refused: it could not be had */
  readonly outcome: 'timed' | 'wrong' | 'refused'
  readonly reason?: string
  /** worst error ÷ bound of the answer */
  readonly ratio?: number
  /** the runs before the clock counts, in order */
  readonly warmUp: readonly number[]
  /** runs in a sample, and each sample's time divided by them */
  readonly runs: number
  readonly samples: readonly number[]
}

export interface Timing {
  /** samples of each contender; contenders take turns, so that a noisy minute meets all of them */
  readonly rounds: number
  /** a sample holds as many runs as fit in so many milliseconds, one at least */
  readonly sampleTime: number
  /** milliseconds of a clock that only goes forward */
  readonly clock: () => number
  readonly watch?: (what: string) => void
}

const warmUpRuns = 3
const mostRuns = 1000

interface Entrant {
  readonly contender: Contender
  readonly ready: Ready
  readonly row: Row
}

const blank = ({ workload, name, multiplyAdds }: Contender): Row => ({
  workload,
  name,
  ...(multiplyAdds === undefined ? {} : { multiplyAdds }),
  outcome: 'timed',
  warmUp: [],
  runs: 0,
  samples: [],
})

const refused = (row: Row, { code, message }: EtalonError): Row => ({
  ...row,
  outcome: 'refused',
  reason: `${code}: ${message}`,
  samples: [],
})

const timed = async (run: taskEither.TaskEither<EtalonError, void>, clock: () => number): Promise<Result<number>> => {
  const start = clock()
  const outcome = await run()
  const elapsed = clock() - start
  return E.isLeft(outcome) ? outcome : E.right(elapsed)
}

/** Right answers only: a wrong one closes the contender and leaves a row without a figure. */
const admit = async (contender: Contender): Promise<Entrant | Row> => {
  const row = blank(contender)
  const ready = await contender.open()
  if (E.isLeft(ready)) return refused(row, ready.left)
  const ratio = await ready.right.check()
  if (E.isRight(ratio) && ratio.right <= 1)
    return { contender, ready: ready.right, row: { ...row, ratio: ratio.right } }
  await ready.right.close()
  return E.isLeft(ratio)
    ? refused(row, ratio.left)
    : { ...row, outcome: 'wrong', ratio: ratio.right, reason: `error ÷ bound is ${ratio.right}; it must not exceed 1` }
}

const warmedUp = async ({ ready, row }: Entrant, { sampleTime, clock }: Timing): Promise<Row> => {
  const warmUp: number[] = []
  for (let run = 0; run < warmUpRuns; run++) {
    const took = await timed(ready.repeat(1), clock)
    if (E.isLeft(took)) return refused(row, took.left)
    warmUp.push(took.right)
  }
  const last = warmUp.at(-1) as number
  const runs = last > 0 ? Math.min(Math.max(Math.floor(sampleTime / last), 1), mostRuns) : mostRuns
  return { ...row, warmUp, runs }
}

const isEntrant = (entry: Entrant | Row): entry is Entrant => 'ready' in entry

/**
 * Verifies, then times: contenders one after another in each round, all in this process, nothing read back while the
 * clock runs. A wrong answer gets no figure.
 */
export const time = async (contenders: readonly Contender[], timing: Timing): Promise<readonly Row[]> => {
  const say = timing.watch ?? (() => undefined)
  const entries: (Entrant | Row)[] = []
  for (const contender of contenders) {
    say(`${contender.workload}, ${contender.name}: checking`)
    entries.push(await admit(contender))
  }
  const rows: Row[] = []
  for (const entry of entries) {
    if (isEntrant(entry)) say(`${entry.row.workload}, ${entry.row.name}: warming up`)
    rows.push(isEntrant(entry) ? await warmedUp(entry, timing) : entry)
  }
  for (let round = 1; round <= timing.rounds; round++) {
    for (const [at, entry] of entries.entries()) {
      const row = rows[at] as Row
      if (!isEntrant(entry) || row.outcome !== 'timed') continue
      say(`${row.workload}, ${row.name}: round ${round} of ${timing.rounds}`)
      const took = await timed(entry.ready.repeat(row.runs), timing.clock)
      rows[at] = E.isLeft(took) ? refused(row, took.left) : { ...row, samples: [...row.samples, took.right / row.runs] }
    }
  }
  for (const entry of entries) if (isEntrant(entry)) await entry.ready.close()
  return rows
}

/** What a row's samples come to. */
export interface Figures {
  /** milliseconds a run */
  readonly median: number
  readonly quartiles: readonly [number, number]
  /** millions of multiply-adds a second, and 10⁹ floating-point operations a second, two for each multiply-add */
  readonly multiplyAddsPerSecond?: number
  readonly gigaflops?: number
}

/** The figures of a row, if it has any. */
export const figuresOf = ({ outcome, samples, multiplyAdds }: Row): Figures | undefined => {
  if (outcome !== 'timed' || samples.length === 0) return undefined
  const middle = median(samples)
  return {
    median: middle,
    quartiles: spread(samples),
    ...(multiplyAdds === undefined
      ? {}
      : { multiplyAddsPerSecond: multiplyAdds / middle / 1e3, gigaflops: (2 * multiplyAdds) / middle / 1e6 }),
  }
}
