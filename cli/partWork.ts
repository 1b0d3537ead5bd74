import { either as E } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { Profile } from '../conformance/cases.js'
import type { FaultyOracle } from '../conformance/diagnosis.js'
import { fingerprintOf } from '../conformance/guarded.js'
import type { TimeLimit } from '../conformance/guarded.js'
import type { Report } from '../conformance/line.js'
import { questionTable } from '../conformance/table.js'
import type { ProgramProgress } from '../conformance/programs/probe.js'
import type { Item, Progress, Scope } from '../conformance/verify.js'
import { verify } from '../conformance/verify.js'
import { oracle } from '../reference/index.js'
import type { Backend, Fingerprint } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'

/**
 * The work of whoever asks part of a run, in a process or in a browser. It is handed one question after the other, and tells
 * what came of each. Both sides are of one build, and hand each other values as they are. Nothing here asks anything of Node.
 */

/** How a part asks, whatever it asks. */
export interface Manner {
  readonly device: DeviceChoice
  readonly backend: string
  readonly profile: Profile
  readonly runs: number
  readonly seed: number
  readonly shrinkTime: number
  readonly nonFinite: 'told' | 'strict'
  readonly caseTimeout: number
}

/** What a part is told: how to ask, what to ask next, and that nothing is left. */
export type ToPart =
  | { readonly is: 'manner'; readonly manner: Manner }
  | { readonly is: 'item'; readonly item: Item }
  | { readonly is: 'end' }

/** What a part tells. It wants the next item when it is ready, and after each line and the programs. */
export type FromPart =
  | { readonly is: 'ready'; readonly name: string; readonly fingerprint: Fingerprint }
  | { readonly is: 'refused'; readonly error: EtalonError }
  | { readonly is: 'next' }
  | { readonly is: 'progress'; readonly progress: Told }
  | { readonly is: 'report'; readonly report: Result<Report> }

/** Opens a backend by its name. */
export type Open = (device: DeviceChoice, backend?: string) => taskEither.TaskEither<EtalonError, Backend>

/** What `verify` asks in a manner, but for what it asks. */
export const scopeWith = (
  { device, backend, profile, runs, seed, shrinkTime, nonFinite }: Manner,
  open: (device: DeviceChoice, backend?: string) => NonNullable<Scope['reopen']>,
  means: { readonly limit: TimeLimit; readonly faulty: FaultyOracle },
) => ({
  profile,
  runs,
  seed,
  shrinking: { cases: 20_000, seconds: shrinkTime },
  nonFinite,
  ...means,
  reopen: () => open(device, backend)(),
})

/** Messages in their order, whether or not anybody waits for them. */
export const messages = <M>(): { readonly put: (message: M) => void; readonly next: () => Promise<M> } => {
  const waiting: M[] = []
  let heard: ((message: M) => void) | undefined
  return {
    put: (message) => {
      if (heard === undefined) waiting.push(message)
      else heard(message)
      heard = undefined
    },
    next: () => {
      const first = waiting.shift()
      return first === undefined
        ? new Promise((resolve) => {
            heard = resolve
          })
        : Promise.resolve(first)
    },
  }
}

/** What a part works with, wherever it runs. */
export interface Workplace {
  readonly open: Open
  readonly limit: (seconds: number) => TimeLimit
  readonly faulty: FaultyOracle
  readonly next: () => Promise<ToPart>
  readonly tell: (message: FromPart) => Promise<void>
  readonly closing: (backend: Backend) => Promise<void>
}

/** Asks what it is handed until nothing is left. */
export const workOn = async (
  manner: Manner,
  { open, limit, faulty, next, tell, closing }: Workplace,
): Promise<void> => {
  const opened = await open(manner.device, manner.backend)()
  if (E.isLeft(opened)) return tell({ is: 'refused', error: opened.left })
  const backend: Backend = opened.right
  await tell({ is: 'ready', name: backend.name, fingerprint: fingerprintOf(backend) })
  async function* queue(): AsyncGenerator<Item> {
    for (;;) {
      await tell({ is: 'next' })
      const message = await next()
      if (message.is !== 'item') return
      yield message.item
    }
  }
  const { plainF32: plain } = await import('../adapters/plainF32.js')
  const scope = { ...scopeWith(manner, open, { limit: limit(manner.caseTimeout), faulty }), plain, queue: queue() }
  const heard = told(tell)
  const report = await verify(backend, oracle, questionTable, { ...scope, heard }, heard)()
  await tell({ is: 'report', report })
  await closing(backend)
}

// a person cannot read more of it
const often = 100

/** Of a run: how far it is with an op, or a program that is done. */
export type Told = Progress | ProgramProgress
export type Watch = (told: Told) => void

/** Progress with the time that a line or a program took, which is that since the last before it. */
export const timing = (now: () => number, watch: Watch): Watch => {
  let since = now()
  const taken = (): number => {
    const [before, at] = [since, now()]
    since = at
    return (at - before) / 1000
  }
  return (progress) => {
    if ('program' in progress) return watch({ ...progress, program: { ...progress.program, seconds: taken() } })
    const { line } = progress
    watch(line === undefined ? progress : { ...progress, line: { ...line, seconds: taken() } })
  }
}

/** Tells how far a part is, and every line and program, with the time that it took. */
const told = (tell: Workplace['tell']): Watch => {
  let last = 0
  return timing(
    () => performance.now(),
    (progress) => {
      const now = performance.now()
      if (!('program' in progress) && progress.line === undefined && now - last < often) return
      last = now
      void tell({ is: 'progress', progress })
    },
  )
}
