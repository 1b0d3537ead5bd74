import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { either as E } from 'fp-ts'
import type { Report } from '../conformance/line.js'
import type { Asked } from '../conformance/shards.js'
import type { Item, Progress } from '../conformance/verify.js'
import type { Fingerprint } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { FromPart, Manner, ToPart, Watch } from './partWork.js'

/**
 * A run in several processes of this machine, each with a backend of its own. Whoever is free takes the next question, so
 * that all end at about the same time; an op in a direction is asked whole by one of them, so that every line is that of
 * a run in one process.
 */

/** A backend that is to be asked, by this process or by several. */
export interface Subject {
  readonly name: string
  readonly fingerprint: Fingerprint
  /** asks all of that, and tells of every line in its turn */
  readonly ask: (items: readonly Item[], watch: Watch) => Promise<Result<Report>>
  /** tells of what is done and waits for its turn, which will not come: whoever breaks a run off wants to know */
  readonly flush?: () => void
  readonly close: () => Promise<void>
}

// what one process more would wait for is the memory, and who else is at work
const mostJobs = 8

/** So many processes as there are by default for a backend: one, unless it is one of ours, of which several do not get in each other's way. */
export const defaultJobs = (backend: string): number =>
  backend === 'webgpu' || backend === 'plain-f32' ? Math.min(availableParallelism(), mostJobs) : 1

/** Starts a process that asks a part. */
export type StartPart = () => Part

/** A process as far as it is talked with. */
export interface Part {
  /** what is said of one that is gone */
  readonly gone?: string
  readonly tell: (message: ToPart) => void
  readonly hear: (heard: (message: FromPart) => void, ended: (how: string) => void) => void
  readonly end: () => void
}

/** The command itself, once more, as it was started. */
export const startPart: StartPart = () => {
  const child: ChildProcess = fork(process.argv[1] as string, ['part'], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return {
    tell: (message) => {
      if (child.connected) child.send(message)
    },
    hear: (heard, ended) => {
      child.on('message', heard)
      child.on('error', ({ message }) => ended(message))
      child.on('exit', (code, signal) => ended(signal === null ? `exit code ${code ?? 0}` : signal))
    },
    end: () => void child.kill('SIGKILL'),
  }
}

type Ready = Extract<FromPart, { is: 'ready' }>

interface Conversation {
  readonly opening: Promise<Result<Ready>>
  /** hands over what `next` has until that is nothing, and answers what came of it */
  readonly ask: (next: () => Item | undefined, watch: Watch) => Promise<Result<Report>>
}

const nameOf = (item: Item | undefined): string =>
  item === undefined ? 'nothing yet' : item === 'programs' ? 'the programs' : `${item.op} ${item.direction}`

const conversation = ({ tell, hear, gone = 'a process ended' }: Part): Conversation => {
  let supply: (() => Item | undefined) | undefined
  let watch: Watch = () => undefined
  let [waits, at]: [boolean, Item | undefined] = [false, undefined]
  let opened: (result: Result<Ready>) => void = () => undefined
  let reported: (result: Result<Report>) => void = () => undefined
  const opening = new Promise<Result<Ready>>((resolve) => (opened = resolve))
  const report = new Promise<Result<Report>>((resolve) => (reported = resolve))
  const handOver = (): void => {
    if (!waits || supply === undefined) return
    const item = supply()
    waits = false
    at = item ?? at
    tell(item === undefined ? { is: 'end' } : { is: 'item', item })
  }
  hear(
    (message) => {
      switch (message.is) {
        case 'ready':
          return opened(E.right(message))
        case 'refused':
          return opened(E.left(message.error))
        case 'next':
          waits = true
          return handOver()
        case 'progress':
          return watch(message.progress)
        case 'report':
          return reported(message.report)
      }
    },
    (how) => {
      const lost = fail('DeviceLost', `${gone} (${how}); it was asked ${nameOf(at)}`)
      opened(lost)
      reported(lost)
    },
  )
  return {
    opening,
    ask: (next, told) => {
      ;[supply, watch] = [next, told]
      handOver()
      return report
    },
  }
}

const isQuestion = (item: Item): item is Asked => item !== 'programs'

const same = (a: Asked, b: Asked): boolean => a.op === b.op && a.direction === b.direction

interface Turns {
  readonly tell: Watch
  readonly flush: () => void
}

/** Tells of lines in the order in which they were to be asked, whichever is done first, and of all else at once. */
export const inTurn = (asked: readonly Asked[], watch: Watch): Turns => {
  const done: Progress[] = []
  let told = 0
  const next = (): Progress | undefined => {
    const turn = asked[told]
    return turn && done.find((one) => same(one, turn))
  }
  return {
    tell: (progress) => {
      if ('program' in progress || progress.line === undefined) return watch(progress)
      done.push(progress)
      for (let one = next(); one !== undefined; one = next()) {
        told++
        watch(one)
      }
    },
    flush: () => {
      const left = asked.slice(told).flatMap((turn) => done.filter((one) => same(one, turn)))
      told = asked.length
      left.forEach(watch)
    },
  }
}

/**
 * Opens a backend in each of so many processes.
 *
 * Errors  those of opening the backend; DeviceLost – a process ended
 */
export const openParts = async (jobs: number, manner: Manner, start: StartPart): Promise<Result<Subject>> => {
  const parts = Array.from({ length: jobs }, start)
  const close = (): Promise<void> => {
    parts.forEach(({ end }) => end())
    return Promise.resolve()
  }
  const conversations = parts.map(conversation)
  parts.forEach(({ tell }) => tell({ is: 'manner', manner }))
  const opened = E.sequenceArray(await Promise.all(conversations.map(({ opening }) => opening)))
  if (E.isLeft(opened)) {
    await close()
    return opened
  }
  const { name, fingerprint } = opened.right[0] as Ready
  let turns: Turns | undefined
  const ask: Subject['ask'] = async (items, watch) => {
    // the programs are one piece of work, and a long one: were they the last, all others would wait for whoever has them
    const left = [...items.filter((item) => !isQuestion(item)), ...items.filter(isQuestion)]
    const inOrder = inTurn(items.filter(isQuestion), watch)
    turns = inOrder
    let trouble: Result<Report> | undefined
    const reports = await Promise.all(
      conversations.map(async (one) => {
        const report = await one.ask(() => left.shift(), inOrder.tell)
        // what one of them cannot do, the others need not wait for
        if (E.isLeft(report) && trouble === undefined) {
          trouble = report
          await close()
        }
        return report
      }),
    )
    const reported = E.sequenceArray(reports)
    if (E.isLeft(reported)) return trouble ?? reported
    const [first, ...others] = reported.right
    const lines = reported.right.flatMap((report) => report.lines)
    const programs = reported.right.find((report) => report.programs !== undefined)?.programs
    const { programs: _, ...whole } = first as Report
    return others.some(({ rounding }) => rounding !== whole.rounding)
      ? fail('DeviceLost', 'the processes found different roundings: they are on different devices')
      : E.right({
          ...whole,
          lines: items.filter(isQuestion).flatMap((asked) => lines.filter((line) => same(line, asked))),
          ...(programs === undefined ? {} : { programs }),
        })
  }
  return E.right({ name, fingerprint, close, ask, flush: () => turns?.flush() })
}
