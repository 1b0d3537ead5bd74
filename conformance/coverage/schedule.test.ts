import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { questions } from '../../spec/catalogue.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { questionTable } from '../table.js'
import { onRung, reaches, rungs } from './ladder.js'
import type { Schedule } from './schedule.js'
import { arbitraryAt, bearable, scheduleOf } from './schedule.js'

const scheduled = (op: OpName, direction: Direction): Schedule => scheduleOf(op, direction, questionTable[op].corners)

describe('the schedule of an op', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: rows meet every class, and what is drawn of a row is accepted, whatever the seed',
    (op, direction) => {
      const schedule = scheduled(op, direction)
      const { rows } = schedule.classes()
      const { factors } = schedule.subject
      for (const { name, classes } of factors)
        expect(new Set(rows.map((row) => row[name])), name).toEqual(new Set(classes))
      fc.assert(
        fc.property(fc.nat(2 ** 31 - 1), fc.nat(rows.length - 1), (seed, index) => {
          const [form] = fc.sample(arbitraryAt(op, schedule, index), { seed, path: String(index), numRuns: 1 })
          expect(form !== undefined && bearable(op, form)).toBe(true)
        }),
        { numRuns: 20 },
      )
    },
  )

  test('gives the same draw for the same seed and number', () => {
    const schedule = scheduled('conv2d', 'forward')
    const draw = () => fc.sample(arbitraryAt('conv2d', schedule, 5), { seed: 42, path: '5', numRuns: 1 })
    expect(draw()).toEqual(draw())
  })
})

test('the ladder of extents goes from 1 to past 65,536, and what is drawn on a rung lies on it', () => {
  expect(rungs.some((rung) => reaches(rung, 1))).toBe(true)
  expect(rungs.some((rung) => reaches(rung, 65537))).toBe(true)
  for (const rung of rungs)
    fc.assert(
      fc.property(onRung(rung), (extent) => reaches(rung, extent)),
      { numRuns: 5 },
    )
})
