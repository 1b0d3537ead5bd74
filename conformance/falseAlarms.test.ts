import { expect, test } from 'vitest'
import { questions } from '../spec/catalogue.js'
import { falseAlarms } from './testing/falseAlarm.js'

// a slice: `npm run false-alarms` asks all cases, at many seeds
test.each(questions.map(({ op, direction }) => [op, direction] as const))(
  '%s %s: f32 arithmetic that rounds either way at random raises no alarm',
  (op, direction) => {
    const heard = falseAlarms(op, direction, 'quick', 2, 3)
    expect(heard.cases).toBeGreaterThan(1)
    expect(heard.alarms).toEqual([])
  },
)
