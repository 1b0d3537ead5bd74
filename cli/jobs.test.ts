import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import type { Item, Progress } from '../conformance/verify.js'
import { blank } from '../conformance/verify.js'
import type { Asked } from '../conformance/shards.js'
import { etalonError } from '../spec/error.js'
import type { Part, Subject } from './jobs.js'
import { defaultJobs, inTurn, openParts } from './jobs.js'
import type { FromPart, Manner, Told, Watch } from './partWork.js'
import { timing } from './partWork.js'
import { command } from './testing/bundled.js'

const manner: Manner = {
  device: 'auto',
  backend: 'toy',
  profile: 'quick',
  runs: 0,
  seed: 1,
  shrinkTime: 5,
  nonFinite: 'told',
  caseTimeout: 30,
}

const questions: readonly Asked[] = [
  { op: 'relu', direction: 'forward' },
  { op: 'relu', direction: 'backward' },
  { op: 'tanh', direction: 'forward' },
  { op: 'tanh', direction: 'backward' },
]
const items: readonly Item[] = [...questions, 'programs']

const lineOf = ({ op, direction }: Asked, name: string): Progress => ({
  op,
  direction,
  done: 1,
  of: 1,
  rounding: 'nearest',
  line: blank(op, direction, name),
})

interface Toy {
  /** what it does with the item that it gets as its n-th; unless it answers, it has a line */
  readonly at?: (nth: number, item: Item) => 'dies' | 'waits' | undefined
  readonly opening?: 'refused' | 'dies'
}

/** A process that is none. */
const toyPart = (name: string, { at = () => undefined, opening }: Toy, ended: string[] = []): Part => {
  let heard: (message: FromPart) => void = () => undefined
  let died: (how: string) => void = () => undefined
  const lines: Progress[] = []
  let [taken, programs] = [0, false]
  return {
    hear: (one, two) => ([heard, died] = [one, two]),
    end: () => {
      ended.push(name)
      died('SIGKILL')
    },
    tell: (message) =>
      void Promise.resolve().then(() => {
        if (message.is === 'manner') {
          if (opening === 'dies') return died('exit code 1')
          if (opening === 'refused')
            return heard({ is: 'refused', error: etalonError('BackendUnavailable', 'none here') })
          heard({ is: 'ready', name, fingerprint: { device: 'toy' } })
          return heard({ is: 'next' })
        }
        if (message.is === 'end')
          return heard({
            is: 'report',
            report: E.right({
              backend: name,
              fingerprint: { device: 'toy' },
              rounding: 'nearest',
              seed: 1,
              profile: 'quick',
              lines: lines.flatMap(({ line }) => line ?? []),
              ...(programs ? { programs: [] } : {}),
            }),
          })
        const does = at(taken++, message.item)
        if (does === 'dies') return died('SIGSEGV')
        if (does === 'waits') return undefined
        if (message.item === 'programs') programs = true
        else {
          lines.push(lineOf(message.item, name))
          heard({ is: 'progress', progress: lineOf(message.item, name) })
        }
        return heard({ is: 'next' })
      }),
  }
}

const opened = async (toys: readonly Toy[], ended: string[] = []): Promise<Subject> => {
  const left = toys.map((toy, at) => toyPart(`toy ${at}`, toy, ended))
  const subject = await openParts(toys.length, manner, () => left.shift() as Part)
  if (E.isLeft(subject)) throw new Error(subject.left.message)
  return subject.right
}

/** Keeps of which questions it hears, in their order. */
const hearing =
  (heard: Asked[]): Watch =>
  (told) => {
    if (!('program' in told)) heard.push({ op: told.op, direction: told.direction })
  }

describe('a run in several processes', () => {
  test('hands over the programs first: nobody else waits for whoever has them', async () => {
    const handed: Item[] = []
    const { ask } = await opened([{ at: (_, item) => void handed.push(item) }])
    await ask(items, () => undefined)
    expect(handed).toEqual(['programs', ...questions])
  })

  test('asks everything once, and tells of it in its order', async () => {
    const told: Asked[] = []
    const { ask, name, fingerprint } = await opened([{}, {}, {}])
    const report = await ask(items, hearing(told))
    expect([name, fingerprint]).toEqual(['toy 0', { device: 'toy' }])
    expect(told).toEqual(questions)
    if (E.isLeft(report)) throw new Error(report.left.message)
    expect(report.right.lines.map(({ op, direction }) => ({ op, direction }))).toEqual(questions)
    expect(report.right.programs).toEqual([])
  })

  test('ends whole where one process ends, and names what that was asked', async () => {
    const ended: string[] = []
    const { ask } = await opened([{ at: () => 'waits' }, { at: (nth) => (nth === 1 ? 'dies' : undefined) }], ended)
    const report = await ask(items, () => undefined)
    expect(report).toEqual(E.left(etalonError('DeviceLost', 'a process ended (SIGSEGV); it was asked relu backward')))
    expect(ended).toEqual(['toy 0', 'toy 1'])
  })

  test.each([
    ['refused', 'BackendUnavailable', 'none here'],
    ['dies', 'DeviceLost', 'a process ended (exit code 1); it was asked nothing yet'],
  ] as const)('is refused where opening is: %s', async (opening, code, message) => {
    const ended: string[] = []
    const left = [toyPart('a', {}, ended), toyPart('b', { opening }, ended)]
    const subject = await openParts(2, manner, () => left.shift() as Part)
    expect(subject).toEqual(E.left(etalonError(code, message)))
    expect(ended).toEqual(['a', 'b'])
  })

  test('is in one process by default for a backend that is not ours', () => {
    expect(defaultJobs('tfjs-cpu')).toBe(1)
    expect(defaultJobs('exec:python3 mine.py')).toBe(1)
    expect(defaultJobs('webgpu')).toBeGreaterThanOrEqual(1)
  })

  test('tells of a line that is done early after those before it', () => {
    const told: Asked[] = []
    const { tell } = inTurn(questions, hearing(told))
    for (const at of [2, 1, 0, 3]) tell(lineOf(questions[at] as Asked, 'toy'))
    expect(told).toEqual(questions)
  })
})

describe('how long something took', () => {
  test('is the time since the line or the program before it', () => {
    const times = [0, 1500, 4000]
    const heard: Told[] = []
    const watch = timing(
      () => times.shift() as number,
      (told) => heard.push(told),
    )
    const { line: _, ...before } = lineOf(questions[0] as Asked, 'toy')
    watch(before)
    watch(lineOf(questions[0] as Asked, 'toy'))
    watch({ program: { program: 'diamond' }, done: 1, of: 2 } as Told)
    expect(heard).toMatchObject([{ op: 'relu' }, { line: { seconds: 1.5 } }, { program: { seconds: 2.5 } }])
  })
})

describe('a run that is broken off', () => {
  test('tells of the lines that are done before their turn, and of none again', async () => {
    const told: Asked[] = []
    const { ask, flush, close } = await opened([{}, { at: (nth) => (nth === 0 ? 'waits' : undefined) }])
    const asking = ask(items, hearing(told))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told).toEqual([])
    flush?.()
    expect(told).toEqual(questions.slice(1))
    await close()
    await asking
    expect(told).toEqual(questions.slice(1))
  })
})

/** A quick run of three ops, without what differs from run to run. */
const quick = async (jobs: number): Promise<unknown> => {
  const args = ['verify', '--backend', 'plain-f32', '--ops', 'relu,tanh,mse', '--profile', 'quick']
  const child = spawn(process.execPath, [...command, ...args, '--jobs', String(jobs), '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, GITHUB_ACTIONS: '' },
  })
  const out: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  expect(await once(child, 'close')).toEqual([0, null])
  return JSON.parse(`[${Buffer.concat(out).toString().trim().replaceAll('\n', ',')}]`, (name, value: unknown) =>
    name === 'seconds' ? undefined : value,
  )
}

test('two processes and one answer the same', async () => {
  const [one, two] = await Promise.all([quick(1), quick(2)])
  expect(two).toEqual(one)
})
