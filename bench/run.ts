import { either as E } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Portion, Timing } from './clock.js'
import { portionOf, round, warmUp } from './clock.js'
import type { Judge, Ready, Witness } from './contender.js'
import { admit } from './contender.js'
import type { Row } from './rows.js'
import type { Task, Workload } from './workloads.js'

/** Somebody who does the work; one that could not be had gives its reason. */
export interface Contender {
  readonly subject: string
  readonly adapter: string
  readonly backend: Result<Backend>
  readonly judge: Judge
}

/** A contender on a workload: what is known of it so far, and its work where it is right. */
interface Entrant {
  readonly row: Row
  readonly ready?: Ready
  readonly portion?: Portion
}

const refused = (row: Row, { code, message }: EtalonError): Row => ({
  ...row,
  outcome: 'refused',
  reason: `${code}: ${message}`,
  rounds: [],
})

const wrong = (row: Row, ratio: number): Row => ({
  ...row,
  outcome: 'wrong',
  errorOverBound: ratio,
  reason: `error ÷ bound is ${ratio}; it must not exceed 1`,
})

/** An admitted contender, warmed up; a wrong one is closed, and has no time. */
const entered = async (
  { subject, adapter, backend, judge }: Contender,
  workload: Workload,
  task: Task,
  witness: Witness | undefined,
  timing: Timing,
): Promise<{ readonly entrant: Entrant; readonly witness?: Witness }> => {
  const { multiplyAdds, bytes } = task
  const row: Row = {
    workload: workload.name,
    subject,
    adapter,
    outcome: 'timed',
    rounds: [],
    multiplyAdds,
    ...(bytes === undefined ? {} : { bytes }),
  }
  if (E.isLeft(backend)) return { entrant: { row: refused(row, backend.left) } }
  const admission = await admit(backend.right, task, judge, witness, timing.clock)
  if (E.isLeft(admission)) return { entrant: { row: refused(row, admission.left) } }
  const { ratio, coldMs, witness: own, memoryBytes, ready } = admission.right
  const seen = own === undefined ? {} : { witness: own }
  if (!(ratio <= 1)) {
    await ready.close()
    return { entrant: { row: wrong(row, ratio) } }
  }
  const warm = await warmUp(ready, timing.clock)
  if (E.isLeft(warm)) {
    await ready.close()
    return { entrant: { row: refused(row, warm.left) }, ...seen }
  }
  return {
    entrant: {
      row: { ...row, errorOverBound: ratio, coldMs, ...(memoryBytes === undefined ? {} : { memoryBytes }) },
      ready,
      portion: portionOf(warm.right, timing),
    },
    ...seen,
  }
}

/** The list begun at another place, so that nobody is always the first or always behind the same other. */
const turned = <A>(list: readonly A[], by: number): readonly A[] => [
  ...list.slice(by % Math.max(list.length, 1)),
  ...list.slice(0, by % Math.max(list.length, 1)),
]

/** A workload opened for every contender: rounds as they are asked for, the rows so far, and the end. */
export interface Race {
  /** one more round: everybody who is right, one after another */
  readonly round: () => Promise<void>
  readonly rows: () => readonly Row[]
  readonly close: () => Promise<void>
}

/**
 * Verifies: every contender's answer is held against the oracle before anybody is timed; in whole networks the first one's
 * run is judged node by node, and the others' answers against its. Where the first has none, the others have no judge.
 */
export const openRace = async (
  workload: Workload,
  contenders: readonly Contender[],
  timing: Timing,
  watch: (what: string) => void = () => undefined,
): Promise<Race> => {
  const task = workload.task()
  const entrants: Entrant[] = []
  let witness: Witness | undefined
  for (const [at, contender] of contenders.entries()) {
    watch(`${workload.name}, ${contender.subject}: checking`)
    const { subject, adapter } = contender
    const nobody: Row = { workload: workload.name, subject, adapter, outcome: 'timed', rounds: [] }
    if (E.isLeft(task)) entrants.push({ row: refused(nobody, task.left) })
    else if (at > 0 && !task.right.isSingle && witness === undefined && E.isRight(contender.backend))
      entrants.push({
        row: { ...nobody, outcome: 'refused', reason: `${contenders[0]?.subject} gave no answer to hold it against` },
      })
    else {
      const { entrant, witness: found } = await entered(contender, workload, task.right, witness, timing)
      entrants.push(entrant)
      if (at === 0) witness = found
    }
  }
  let rounds = 0
  return {
    round: async () => {
      const order = turned([...entrants.keys()], rounds)
      rounds += 1
      for (const at of order) {
        const entrant = entrants[at] as Entrant
        const { row, ready, portion } = entrant
        if (ready === undefined || portion === undefined || row.outcome !== 'timed') continue
        watch(`${row.workload}, ${row.subject}: round ${rounds}`)
        const samples = await round(ready, portion, timing.clock)
        entrants[at] = {
          ...entrant,
          row: E.isLeft(samples) ? refused(row, samples.left) : { ...row, rounds: [...row.rounds, samples.right] },
        }
      }
    },
    rows: () => entrants.map(({ row }) => row),
    close: async () => {
      for (const { ready } of entrants) await ready?.close()
    },
  }
}

/** A workload from the first check to the last round. */
export const race = async (
  workload: Workload,
  contenders: readonly Contender[],
  timing: Timing,
  watch?: (what: string) => void,
  stopped: () => boolean = () => false,
): Promise<readonly Row[]> => {
  const opened = await openRace(workload, contenders, timing, watch)
  for (let i = 0; i < timing.rounds && !stopped(); i++) await opened.round()
  await opened.close()
  return opened.rows()
}
