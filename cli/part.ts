import { either as E } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { Profile } from '../conformance/cases.js'
import { fingerprintOf } from '../conformance/guarded.js'
import type { Report } from '../conformance/line.js'
import { questionTable } from '../conformance/table.js'
import type { Item, Progress, Scope } from '../conformance/verify.js'
import { verify } from '../conformance/verify.js'
import { oracle } from '../reference/index.js'
import type { Backend, Fingerprint } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { openBackend } from './backends.js'
import type { Subcommand } from './command.js'
import { exit } from './exit.js'
import { faultyOracle } from './faulty.js'
import { closing } from './rim.js'
import { breathing, timeLimit } from './timeLimit.js'

/**
 * A process that asks part of a run. Whoever started it hands it one question after the other, and hears what came of each;
 * it ends when that process does. Both are of one build, and hand each other values as they are.
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
  | { readonly is: 'progress'; readonly progress: Progress }
  | { readonly is: 'report'; readonly report: Result<Report> }

/** What `verify` asks in a manner, but for what it asks. */
export const scopeOf = (
  { device, backend, profile, runs, seed, shrinkTime, nonFinite, caseTimeout }: Manner,
  open: (device: DeviceChoice, backend?: string) => NonNullable<Scope['reopen']>,
) => ({
  profile,
  runs,
  seed,
  shrinking: { cases: 20_000, seconds: shrinkTime },
  nonFinite,
  limit: breathing(timeLimit(caseTimeout)),
  reopen: () => open(device, backend)(),
  faulty: faultyOracle,
})

/** The textbook's loops in f32, by which answers are graded. */
export const grading = async (): Promise<Pick<Scope, 'plain'>> => {
  const plain = await openBackend('auto', 'plain-f32')()
  return E.isRight(plain) ? { plain: plain.right } : {}
}

/** What the other process hands over, in its order. */
const messages = () => {
  const waiting: ToPart[] = []
  let heard: ((message: ToPart) => void) | undefined
  process.on('message', (message: ToPart) => {
    if (heard === undefined) waiting.push(message)
    else heard(message)
    heard = undefined
  })
  return (): Promise<ToPart> => {
    const first = waiting.shift()
    return first === undefined
      ? new Promise((resolve) => {
          heard = resolve
        })
      : Promise.resolve(first)
  }
}

const tell = (message: FromPart): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) resolve()
    else process.send(message, undefined, {}, () => resolve())
  })

const part = async (): Promise<void> => {
  // a Ctrl-C reaches all processes of a terminal: the one that started this says what becomes of it
  process.on('SIGINT', () => undefined)
  process.on('disconnect', () => process.exit())
  const next = messages()
  const first = await next()
  if (first.is !== 'manner') return
  const { manner } = first
  const opened = await openBackend(manner.device, manner.backend)()
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
  const scope = { ...scopeOf(manner, openBackend), ...(await grading()), queue: queue() }
  const report = await verify(backend, oracle, questionTable, scope, told())()
  await tell({ is: 'report', report })
  await closing({ err: process.stderr }, backend)
}

// a person cannot read more of it
const often = 100

/** Tells how far a part is, and every line, with the time that it took. */
const told = (): ((progress: Progress) => void) => {
  let [last, since] = [0, performance.now()]
  return (progress) => {
    const now = performance.now()
    const { line } = progress
    if (line === undefined && now - last < often) return
    last = now
    const timed = line && { line: { ...line, seconds: (now - since) / 1000 } }
    if (line !== undefined) since = now
    void tell({ is: 'progress', progress: { ...progress, ...timed } })
  }
}

/** Asks what the process that started this one hands over, and is for that process alone. */
export const partCommand: Subcommand = (command, end) =>
  void command.action(async () => {
    if (process.send === undefined) command.error('error: verify --jobs starts this by itself')
    await part()
    end(exit.ok)
    if (process.connected) process.disconnect()
  })
