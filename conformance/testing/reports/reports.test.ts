import { expect, test } from 'vitest'
import { linesOf } from '../mutants/mutant.js'
import { reports } from './index.js'
import { readRecorded } from './recorded.js'
import { tried } from './trial.js'

const recorded = readRecorded()

test('every reported fault has a name of its own and something to be asked', () => {
  const names = reports.map(({ id }) => id)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  expect(reports.filter((report) => linesOf(report).length === 0 && report.program === undefined)).toEqual([])
  expect(reports.length).toBeGreaterThanOrEqual(60)
})

test('of every reported fault it is on record what came of it, and of nothing else', () => {
  expect(Object.keys(recorded).sort()).toEqual(reports.map(({ id }) => id).sort())
})

test('of every reported fault that is missed it is said what would have to be asked, and of no other', () => {
  const missed = reports.filter(({ id }) => recorded[id]?.seen === false)
  expect(reports.filter(({ unseen }) => unseen !== undefined)).toEqual(missed)
})

// one of each of several kinds, of which a line is soon asked; all of them take `npm run reports`
test.each([
  'NaN is 0 after a ReLU',
  'a tail of less than four elements is not written',
  'the state of the sequences before is where the next start',
  'RMSprop’s ε inside the root',
])('%s: the run says so', async (id) => {
  const report = reports.find((each) => each.id === id)
  expect(await tried(report!, 'quick')).toMatchObject({ seen: true })
})
