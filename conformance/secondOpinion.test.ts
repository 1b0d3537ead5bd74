import { taskEither as TE } from 'fp-ts'
import { expect, test } from 'vitest'
import { plainF32 } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { Tensors } from '../spec/tensor.js'
import { mapTensors } from '../spec/tensor.js'
import { caseAt } from './cases.js'
import { doubtsAbout } from './secondOpinion.js'
import { questionTable } from './table.js'

const opinion = (value: number): Backend => ({
  ...plainF32,
  run: (program, feeds, watch) =>
    TE.map((values: Tensors) => mapTensors(() => value, values))(plainF32.run(program, feeds, watch)),
})
const asked = caseAt(questionTable, 'relu', 'forward', 1, 0)

test('who answers otherwise than the oracle puts it in doubt, and who answers the same does not', async () => {
  expect(await doubtsAbout(opinion(-1), oracle, [asked])).toEqual([
    expect.stringMatching(/^relu forward: in .* answers -1/),
  ])
  expect(await doubtsAbout(plainF32, oracle, [asked])).toEqual([])
})

test.each([NaN, Infinity])('%d is no opinion on a finite number', async (value) => {
  expect(await doubtsAbout(opinion(value), oracle, [asked])).toEqual([])
})
