import { either as E } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { Scope } from '../conformance/verify.js'
import { openBackend } from './backends.js'
import type { Subcommand } from './command.js'
import { exit } from './exit.js'
import { faultyOracle } from './faulty.js'
import type { FromPart, Manner, ToPart } from './partWork.js'
import { messages, scopeWith, workOn } from './partWork.js'
import { closing } from './rim.js'
import { breathing, timeLimit } from './timeLimit.js'

/**
 * A process that asks part of a run. Whoever started it hands it one question after the other, and hears what came of each;
 * it ends when that process does.
 */

/** What `verify` asks in a manner in this process, but for what it asks. */
export const scopeOf = (
  manner: Manner,
  open: (device: DeviceChoice, backend?: string) => NonNullable<Scope['reopen']>,
): ReturnType<typeof scopeWith> =>
  scopeWith(manner, open, { limit: breathing(timeLimit(manner.caseTimeout)), faulty: faultyOracle })

/** The textbook's loops in f32, by which answers are graded. */
export const grading = async (): Promise<Pick<Scope, 'plain'>> => {
  const plain = await openBackend('auto', 'plain-f32')()
  return E.isRight(plain) ? { plain: plain.right } : {}
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
  const { put, next } = messages<ToPart>()
  process.on('message', put)
  const first = await next()
  if (first.is !== 'manner') return
  await workOn(first.manner, {
    open: openBackend,
    limit: (seconds) => breathing(timeLimit(seconds)),
    faulty: faultyOracle,
    next,
    tell,
    closing: (backend) => closing({ err: process.stderr }, backend),
  })
}

/** Asks what the process that started this one hands over, and is for that process alone. */
export const partCommand: Subcommand = (command, end) =>
  void command.action(async () => {
    if (process.send === undefined) command.error('error: verify --jobs starts this by itself')
    await part()
    end(exit.ok)
    if (process.connected) process.disconnect()
  })
