import { describe, expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf, questions } from '../../spec/catalogue.js'
import { getOrThrow } from '../../spec/error.js'
import type { Tensor } from '../../spec/tensor.js'
import { scheduled } from '../cases.js'
import type { Form } from '../form.js'
import { numbersIn, realise } from '../form.js'
import { questionTable } from '../table.js'

// of what comes late in a standard run, what is small
const standardOf = (op: OpName, direction: Direction) =>
  scheduled(questionTable, op, direction)
    .telling()
    .filter((form) => numbersIn(form) < 5000)
    .map((form) => getOrThrow(realise({ op, direction, seed: `structured ${op} ${direction}`, form })))

const numbersOf = ({ data }: Tensor): readonly number[] => Array.from(data as ArrayLike<number>)
const all = (x: Tensor | undefined, test: (v: number) => boolean): boolean =>
  x !== undefined && x.data.length > 0 && numbersOf(x).every(test)

// a gradient of means over many samples; 2⁻²⁴ is the least that f16 has
test('every way back is asked of cotangents that are all less than 2⁻²⁴ and not 0', () => {
  const without = questions
    .filter(({ direction }) => direction === 'backward')
    .filter(
      ({ op }) =>
        !standardOf(op, 'backward').some(({ cotangents }) =>
          Object.values(cotangents).every((dy) => all(dy, (v) => v !== 0 && Math.abs(v) < 2 ** -24)),
        ),
    )
  expect(without).toEqual([])
})

const isOptimizer = (op: OpName): boolean => opOf(op).inputs['g'] !== undefined
const states = ['velocity', 'm', 'v', 'accumulator', 'meanSquare', 'meanSquareDelta']

test('the first step of every optimizer is asked under every attribute that is not its default', () => {
  const optimizers = questions.filter(({ op }) => isOptimizer(op) && states.some((name) => name in opOf(op).inputs))
  expect(optimizers.length).toBeGreaterThan(4)
  for (const { op } of optimizers) {
    const begun = standardOf(op, 'forward').filter(
      ({ inputs, attrs, wanted }) =>
        wanted === undefined &&
        attrs['learningRate'] !== 0 &&
        states.every((name) => inputs[name] === undefined || all(inputs[name], (v) => v === 0)) &&
        !all(inputs['g'], (v) => v === 0),
    )
    for (const name of opOf(op).attrs.names)
      expect({ op, name, asked: begun.some(({ attrs }) => attrs[name] !== undefined) }).toMatchObject({ asked: true })
  }
})

describe.each(['softmax', 'logSoftmax', 'softmaxCrossEntropy', 'hinge'] as const)('rows of %s', (op) => {
  const rows = standardOf(op, 'forward').flatMap(({ inputs }) => {
    const x = Object.values(inputs)[0] as Tensor
    const width = x.shape.at(-1) as number
    return x.shape.length === 2 && width > 4 ? [numbersOf(x).slice(0, width)] : []
  })

  // what is sought among the first 32, or the first 1,024, overflows
  test.each([33, 48, 63, 66, 100, 129, 257, 513, 1025])('of %i: the last exceeds all others by 200', (width) => {
    expect(
      rows.some((row) => row.length === width && row.slice(0, -1).every((v) => (row.at(-1) as number) - v >= 200)),
    ).toBe(true)
  })

  test.each([33, 48, 63, 100, 257])('of %i: the first half is masked, and each that rises or falls', (width) => {
    const here = rows.filter(({ length }) => length === width)
    expect(
      here.some((row) => row.slice(0, Math.floor(width / 2)).every((v) => v <= -1e9) && (row.at(-1) as number) >= 0),
    ).toBe(true)
    expect(here.some((row) => row.every((v, i) => i === 0 || v > (row[i - 1] as number)))).toBe(true)
    expect(here.some((row) => row.every((v, i) => i === 0 || v < (row[i - 1] as number)))).toBe(true)
  })
})

test('what has three axes and more becomes a table as high as wide', () => {
  expect(
    standardOf('reshape', 'backward').filter(({ attrs, inputs }) => {
      const shape = attrs['shape'] as readonly number[]
      return (inputs['x']?.shape.length ?? 0) > 2 && shape.length === 2 && shape[0] === shape[1] && (shape[0] ?? 0) > 1
    }).length,
  ).toBeGreaterThan(3)
})

// rows of classes run out before all is met once
test.each([
  ['batchNormTraining', 'forward', 'epsilon'],
  ['dropout', 'backward', 'keep'],
  ['localResponseNorm', 'backward', 'beta'],
  ['momentum', 'forward', 'weightDecay'],
] as const)('%s %s is asked of rising numbers under every class of %s', (op, direction, attribute) => {
  const { subject, classes, telling } = scheduled(questionTable, op, direction)
  const least = Object.fromEntries(Object.keys(subject.drawn).map((name) => [name, 2]))
  const valueOf = ({ attrs }: Form): string => JSON.stringify(attrs[attribute] ?? null)
  const rising = telling().filter(({ fills }) => {
    const [fill] = Object.values(fills).filter((fill) => typeof fill === 'object' && 'values' in fill)
    return (
      fill !== undefined &&
      fill.values.length > 9 &&
      fill.values.every((v, i) => i === 0 || v > (fill.values[i - 1] as number))
    )
  })
  const wanted = new Set(classes().rows.map((row) => valueOf(subject.form(row, least))))
  expect(wanted.size).toBeGreaterThan(2)
  expect([...wanted].filter((value) => !rising.some((form) => valueOf(form) === value))).toEqual([])
})
