import { describe, expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { questionTable } from '../table.js'
import { grownOf } from './grown.js'
import { scheduleOf } from './schedule.js'

const grown = (op: OpName, direction: Direction): readonly Form[] => {
  const { subject, pairs } = scheduleOf(op, direction, questionTable[op].corners)
  return grownOf(op, direction, subject, () => pairs().rows)
}

const firstOf = ({ shapes }: Form): number => sizeOf(Object.values(shapes)[0] ?? [])
const long = (forms: readonly Form[]): readonly Form[] => forms.filter((form) => firstOf(form) > 65_536)

/** What an attribute is in such forms, told apart; none where it has its default. */
const met = (forms: readonly Form[], attribute: string): readonly string[] =>
  [...new Set(forms.map(({ attrs }) => JSON.stringify(attrs[attribute])))].sort()

describe('classes at lengths', () => {
  test.each([
    ['elu', 'forward', 'alpha', 5],
    ['leakyRelu', 'backward', 'alpha', 6],
    ['softplus', 'backward', 'beta', 4],
    ['hinge', 'forward', 'reduction', 4],
    ['cce', 'forward', 'reduction', 4],
    ['momentum', 'forward', 'nesterov', 3],
    ['batchNormTraining', 'forward', 'epsilon', 5],
  ] as const)('%s %s: more than 65,536 numbers with every class of %s', (op, direction, attribute, classes) => {
    expect(met(long(grown(op, direction)), attribute)).toHaveLength(classes)
  })

  test.each([
    ['relu', 'kink', 'x'],
    ['elu', 'kink', 'x'],
    ['maxPool2d', 'ties', 'x'],
  ] as const)('%s backward: every class of %s, where numbers tie that are more than 65,536', (op, attribute, input) => {
    const tied = long(grown(op, 'backward')).filter(({ fills }) => fills[input] === 'ties')
    expect(met(tied, attribute)).toHaveLength(3)
  })

  test('filters of an optimizer are odd in number, and more than a workgroup has invocations', () => {
    const filters = grown('adam', 'forward').filter(({ shapes }) => shapes['w']?.length === 4)
    expect(filters.filter((form) => firstOf(form) % 2 === 1 && firstOf(form) > 256).length).toBeGreaterThan(2)
  })

  test('a decay without a first moment, of more than a thousand weights', () => {
    const decaying = grown('adam', 'forward').filter(
      ({ attrs }) => attrs['beta1'] === 0 && Number(attrs['weightDecay'] ?? 0) > 0,
    )
    expect(Math.max(...decaying.map(firstOf))).toBeGreaterThan(1000)
  })

  test('shapes of five axes and more, from fewer', () => {
    const split = grown('reshape', 'backward').filter(
      ({ attrs, shapes }) => (attrs['shape'] as readonly number[]).length >= 5 && (shapes['x']?.length ?? 0) < 5,
    )
    expect(Math.max(...split.map(firstOf))).toBeGreaterThan(256)
  })
})
