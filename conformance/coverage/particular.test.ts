import { describe, expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { hasBackward, opNames, opOf } from '../../spec/catalogue.js'
import { cotangentNames, gradientNames } from '../../spec/op.js'
import { scheduled } from '../cases.js'
import type { Form } from '../form.js'
import { questionTable } from '../table.js'

const asked = (op: OpName, direction: Direction): readonly Form[] => scheduled(questionTable, op, direction).telling()
const differentiable = opNames.filter(hasBackward)
const sets = (forms: readonly Form[], of: 'given' | 'wanted'): ReadonlySet<string> =>
  new Set(forms.flatMap((form) => (form[of] === undefined ? [] : [[...form[of]].toSorted().join()])))

describe('every set of', () => {
  test.each(opNames.filter((op) => Object.keys(opOf(op).outputs).length > 1))('answers of %s is asked for', (op) => {
    const outputs = Object.keys(opOf(op).outputs)
    // more than four are asked for one by one
    const all = outputs.length > 4 ? outputs.length : 2 ** outputs.length - 1
    expect(sets(asked(op, 'forward'), 'wanted').size).toBeGreaterThanOrEqual(all)
  })

  test.each(differentiable.filter((op) => cotangentNames(opOf(op)).length > 1))(
    'cotangents of %s is given, for all gradients and for each alone',
    (op) => {
      const forms = asked(op, 'backward')
      expect(sets(forms, 'given').size).toBe(2 ** cotangentNames(opOf(op)).length - 1)
      for (const set of sets(forms, 'given')) {
        const given = forms.filter((form) => form.given !== undefined && [...form.given].toSorted().join() === set)
        const wanted = new Set(given.map(({ wanted }) => wanted?.join()))
        const [{ shapes } = { shapes: {} }] = given
        expect([...wanted]).toEqual(expect.arrayContaining([undefined, ...gradientNames(opOf(op), shapes)]))
      }
    },
  )

  test.each(['conv2d', 'conv1d', 'convTranspose2d', 'dense', 'batchNormTraining', 'maxout', 'scaleChannels'] as const)(
    'gradients of %s is asked for',
    (op) => {
      const names = opOf(op).differentiable
      expect(sets(asked(op, 'backward'), 'wanted').size).toBe(2 ** names.length - 1)
    },
  )
})

describe('attributes', () => {
  const real = opNames.flatMap((op) =>
    Object.entries(opOf(op).attrs.fields).flatMap(([name, { decode, words }]) =>
      words !== true && decode(0.12345679)._tag === 'Right' ? [[op, name] as const] : [],
    ),
  )

  test('of rates, decays, slopes and margins are numbers', () => {
    expect(real.map(([op, name]) => `${op} ${name}`)).toEqual(
      expect.arrayContaining(['adam learningRate', 'elu alpha', 'dropout keep', 'batchNormTraining epsilon']),
    )
  })

  test.each(real)('%s %s has all its digits', (op, name) => {
    const digits = asked(op, 'forward').map(({ attrs }) => String(attrs[name] ?? 0).replace(/^0\.0*|\D/g, '').length)
    expect(digits.filter((count) => count >= 7).length).toBeGreaterThanOrEqual(2)
  })
})

test('many rows of many classes have their largest late', () => {
  for (const op of ['softmax', 'logSoftmax', 'softmaxCrossEntropy'] as const) {
    const [long] = asked(op, 'forward').filter(({ shapes }) => {
      const [N = 0, C = 0] = Object.values(shapes)[0] ?? []
      return N >= 256 && C > 1024
    })
    expect(long, op).toBeDefined()
  }
})

test('of a weight a step leaves nothing by itself, as rate times decay is 1', () => {
  for (const op of ['sgd', 'momentum', 'adam', 'adamw'] as const)
    expect(asked(op, 'forward').map(({ attrs }) => Number(attrs['learningRate']) * Number(attrs['weightDecay']))).toContain(1) // prettier-ignore
})

test('axes of one place go and come in front, behind and between', () => {
  const ways = asked('reshape', 'forward').map(
    ({ attrs, shapes }) => `${String(shapes['x'])} → ${String(attrs['shape'])}`,
  )
  expect(ways).toEqual(
    expect.arrayContaining(['1,1,4 → 1,4', '1,4 → 4', '2,3,4 → 2,1,3,4', '3,4,1,1 → 3,4', '2,1,5 → 2,5,1,1']),
  )
  const images = asked('flatten', 'forward').map(({ shapes }) => String(shapes['x']))
  expect(images).toEqual(expect.arrayContaining(['1,1,1,5', '5,1,1,1', '3,1,1,4', '2,3,4,1']))
})
