import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { expect, test } from 'vitest'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import { reference } from '../reference/index.js'
import { digits } from '../training/digits.js'
import type { Outcome, Trial } from '../training/search/searchers.js'
import type { SearchOptions } from './search.js'
import { searchAt } from './search.js'
import { runTrial } from './searchTrial.js'

const folder = mkdtempSync(join(tmpdir(), 'search-'))
const fileOf = (name: string, content: unknown): string => {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(content))
  return file
}
const space = fileOf('space.json', { learningRate: { kind: 'real', from: 0.01, to: 1, log: true } })

const options: SearchOptions = {
  space,
  trialsFile: join(folder, 'trials.jsonl'),
  searcher: 'hyperband',
  trials: 6,
  epochs: 3,
  eta: 3,
  seed: 1,
  validation: 10,
  jobs: 2,
  device: 'auto',
  backend: 'webgpu',
}

type Answer = Result<Outcome> | 'died'
const losing = (trial: Trial): Answer =>
  E.right({ ...trial, loss: Number(trial.setting['learningRate']) / trial.budget })

const search = async (changes: Partial<SearchOptions>, answer: (trial: Trial) => Answer = losing, network = 'mlp') => {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await searchAt(
    {
      out: { write: (text: string) => out.push(text) },
      err: { write: (text: string) => err.push(text) },
      startWorker: () =>
        Promise.resolve(E.right({ run: (trial) => Promise.resolve(answer(trial)), end: () => undefined })),
    },
    network,
    { ...options, ...changes },
  )
  return { code, out: out.join(''), err: err.join('') }
}
const sorted = (file: string): readonly unknown[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .toSorted()
    .map((line): unknown => JSON.parse(line))

test('a search is told, ends with a command that trains its best, and is wide 80 columns at most', async () => {
  const { code, out } = await search({})
  expect({ code, words: out.includes('the best of 6 trials') }).toEqual({ code: 0, words: true })
  expect(out).toMatch(/etalon train mlp --learning-rate 0\.\d+ .*--epochs 3/)
  expect(
    out
      .split('\n')
      .filter((line) => !line.includes('etalon train'))
      .every((line) => line.length <= 80),
  ).toBe(true)
})

test('one that was broken off goes on to the same, and so do shards that are merged', async () => {
  const whole = sorted(options.trialsFile)
  const half = join(folder, 'half.jsonl')
  writeFileSync(half, readFileSync(options.trialsFile, 'utf8').split('\n').slice(0, 3).join('\n'))
  await search({ trialsFile: half })
  expect(sorted(half)).toEqual(whole)

  const [one, two] = ['one.jsonl', 'two.jsonl'].map((name) => join(folder, name)) as [string, string]
  for (let turn = 0; turn < 3; turn++) {
    await search({ trialsFile: one, shard: { index: 1, of: 2 }, merge: existsSync(two) ? [two] : [] })
    await search({ trialsFile: two, shard: { index: 2, of: 2 }, merge: [one] })
  }
  expect((await search({ trialsFile: one, merge: [two] })).code).toBe(0)
  expect(sorted(one)).toEqual(whole)
})

test('a process that dies is started again, and takes no more than its trial with it', async () => {
  const deaths: string[] = []
  const { code, out } = await search({ trialsFile: join(folder, 'dying.jsonl'), searcher: 'random' }, (trial) => {
    if (trial.id === 'random 2' || (trial.id === 'random 3' && !deaths.includes(trial.id))) {
      deaths.push(trial.id)
      return 'died'
    }
    return losing(trial)
  })
  expect(code).toBe(0)
  expect(deaths.toSorted()).toEqual(['random 2', 'random 2', 'random 3'])
  expect(out).toMatch(/random 2 +failed {2}Died/)
  expect(out).toMatch(/random 3 +0\.\d+/)
})

test('one whose every trial fails says why, loses nothing, and exits with 2', async () => {
  const trialsFile = join(folder, 'failing.jsonl')
  const { code, err } = await search({ trialsFile }, (trial) =>
    E.right({ ...trial, loss: 'failed', reason: 'it diverged' }),
  )
  expect({ code, err: /every trial failed, 5 of 5; .*it diverged/.test(err) }).toEqual({ code: 2, err: true })
  expect(sorted(trialsFile)).toHaveLength(6)
})

test('a lost device ends it with 3, and what was tried stays', async () => {
  const trialsFile = join(folder, 'lost.jsonl')
  const { code, err } = await search({ trialsFile, jobs: 1 }, (trial) =>
    trial.id.includes(' 2,') ? fail('DeviceLost', 'it is gone') : losing(trial),
  )
  expect({ code, err: err.includes('nothing is lost') }).toEqual({ code: 3, err: true })
  expect(sorted(trialsFile).length).toBeGreaterThan(1)
})

test.each([
  ['an empty space', fileOf('empty.json', {}), /the search space is empty/],
  [
    'a parameter that train has not',
    fileOf('odd.json', { colour: { kind: 'choice', values: ['red'] } }),
    /no parameter colour/,
  ],
  [
    'a value that train does not take',
    fileOf('opt.json', { optimizer: { kind: 'choice', values: ['magic'] } }),
    /optimizer is "magic"/,
  ],
  ['no file', join(folder, 'none.json'), /cannot be read/],
])('%s is refused', async (_, space, message) => {
  const { code, err } = await search({ space, trialsFile: join(folder, 'refused.jsonl') })
  expect({ code, told: message.test(err) }).toEqual({ code: 2, told: true })
  expect(existsSync(join(folder, 'refused.jsonl'))).toBe(false)
})

test('outcomes of another search are refused', async () => {
  const { code, err } = await search({ seed: 2 })
  expect({ code, told: err.includes('of another search') }).toEqual({ code: 2, told: true })
})

test('a trial is an ordinary training: one that goes on from a smaller budget comes to the same as a whole one', async () => {
  const manner = { ...options, network: 'mlp', validation: 10, states: join(folder, 'states') }
  const few = { train: digits(1, 40, 'train'), test: digits(1, 5, 'test') }
  const setting = { learningRate: 0.1, batch: 10 }
  const of = (trial: Trial, states = manner.states) => runTrial({ ...manner, states }, few, reference, trial)
  expect(await of({ id: 'a, rung 1', setting, budget: 1 })).toMatchObject({ right: { budget: 1 } })
  const [further, whole] = [
    await of({ id: 'a, rung 2', setting, budget: 2, from: 'a, rung 1' }),
    await of({ id: 'b', setting, budget: 2 }, join(folder, 'others')),
  ]
  if (E.isLeft(further) || E.isLeft(whole)) throw new Error('a trial was refused')
  expect(further.right.loss).toBe(whole.right.loss)
  expect(await of({ id: 'c', setting: { batch: 1000 }, budget: 1 })).toMatchObject({ right: { loss: 'failed' } })
})
