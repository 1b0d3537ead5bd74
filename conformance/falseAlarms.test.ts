import { expect, test } from 'vitest'
import { questions } from '../spec/catalogue.js'
import { fieldsBy } from '../reference/formulas.js'
import { getOrThrow } from '../spec/error.js'
import type { Field } from '../spec/field.js'
import { draws, keyOf } from '../spec/philox.js'
import { tensor } from '../spec/tensor.js'
import { randomRounding } from './rewritings/rounding.js'
import { falseAlarms, falseAlarmsOfPrograms } from './testing/falseAlarm.js'
import { formulasIn } from './testing/instrument.js'

// a slice: `npm run false-alarms` asks all cases, at many seeds
test.each(questions.map(({ op, direction }) => [op, direction] as const))(
  '%s %s: f32 arithmetic that rounds either way at random raises no alarm',
  (op, direction) => {
    const heard = falseAlarms(op, direction, 'quick', 2, 3)
    expect(heard.cases).toBeGreaterThan(1)
    expect(heard.alarms).toEqual([])
  },
)

test('programs: the same', async () => {
  const heard = await falseAlarmsOfPrograms('quick', 2, 3)
  expect(heard.cases).toBeGreaterThan(1)
  expect(heard.alarms).toEqual([])
})

// positions past 2²³ are no longer told apart by an f32 quotient rounded either way; no device reckons its indices so
test('other arithmetic does not reach the positions of elements', () => {
  // no power of two: quotients by one are exact
  const [rows, columns] = [10_050, 836]
  const x = tensor(
    [1, 1, rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => i % 65_521),
  )
  const formulas = formulasIn(randomRounding(draws(keyOf('positions'))))
  const { y } = getOrThrow(fieldsBy(formulas, 'scaleChannels', 'forward', {}, { x, s: tensor([1, 1], [1]) }, {})) as {
    readonly y: Field
  }
  for (let at = 2 ** 23; at < rows * columns; at++) expect(y.read(at)).toBe(x.data[at])
})
