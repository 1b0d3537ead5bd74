import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { embedded } from '../../../accelerated/testing/recorded.js'
import { tryAll } from './bench.js'
import { mutants, variants } from './index.js'
import { edited, linesOf, roomOf } from './mutant.js'
import { repository } from './bundled.js'
import { readRecorded } from './recorded.js'
import { stands } from './table.js'
import type { Outcome } from './trial.js'

const changes = [...mutants, ...variants]

const textOf = (file: string): string => {
  const path = join(repository, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

test('every mutant and variant finds its texts in the sources, once or as often as it says, and changes something', () => {
  const problems = changes.flatMap(({ id, edits }) => {
    try {
      const files = [...new Set(edits.map(({ file }) => file))]
      return files.every(
        (file) =>
          edited(
            textOf(file),
            edits.filter((edit) => edit.file === file),
          ) !== textOf(file),
      )
        ? []
        : [`${id}: changes nothing`]
    } catch (thrown) {
      return [`${id}: ${(thrown as Error).message}`]
    }
  })
  expect(problems).toEqual([])
})

test('every mutant and variant has a name of its own, one backend and something to be asked', () => {
  const ids = changes.map(({ id }) => id)
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  expect(changes.filter((change) => linesOf(change).length === 0).map(({ id }) => id)).toEqual([])
  expect(changes.map(roomOf)).toContain('accelerated')
})

const recorded = readRecorded()

test('of every mutant and variant it is on record what came of it, and of nothing else', () => {
  expect(Object.keys(recorded).sort()).toEqual(changes.map(({ id }) => id).sort())
})

test('of every mutant that passes it is said why, and of no other', () => {
  const passed = mutants.filter(({ id }) => recorded[id]?.verdict === 'passed')
  const explained = mutants.filter(({ equivalent, unseen }) => equivalent !== undefined || unseen !== undefined)
  expect(explained.map(({ id }) => id)).toEqual(passed.map(({ id }) => id))
})

test('no correct variant is rejected', () => {
  expect(variants.length).toBeGreaterThanOrEqual(16)
  expect(variants.filter(({ id }) => !stands(recorded, id))).toEqual([])
})

// a few of many families, of which each is found soon; all of them take `npm run mutants`
const sample = [
  'adapters/plainF32/layers/dense: terms from 512 on dropped',
  'adapters/plainF32/layers/conv1d: dilation for stride',
  'adapters/plainF32/layers/maxPool2d: ties go to the last',
  'adapters/plainF32/activations/softmax: wrong for rows of 513 to 896',
  'adapters/plainF32/layers/batchNormTraining: the variance in one pass',
  'adapters/plainF32/layers/lstmCell: forget and input gates swapped',
  'adapters/plainF32/optimizers/adam: no corrections past 2,000 steps',
  'adapters/plainF32/optimizers/adagrad: ε inside the root',
]
const onDevice = [
  'accelerated/reduction: lanes add before the others are there',
  'accelerated/layers/lstmCell: the candidate by sigmoid',
]
const right = 'adapters/plainF32/layers/dense: four sums, then their sum'

test('some mutants of many families are rejected, and a correct variant is not', async () => {
  const chosen = [...sample, right, ...(embedded ? onDevice : [])]
  const outcomes = new Map<string, Outcome>()
  const problems = await tryAll(
    changes.filter(({ id }) => chosen.includes(id)),
    1,
    (id, outcome) => outcomes.set(id, outcome),
  )
  expect(problems).toEqual([])
  expect(Object.fromEntries([...outcomes].map(([id, { verdict }]) => [id, verdict]))).toEqual(
    Object.fromEntries(chosen.map((id) => [id, id === right ? 'passed' : 'rejected'])),
  )
})
