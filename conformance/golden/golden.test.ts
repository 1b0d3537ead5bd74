import { function as F } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { oracle } from '../../reference/index.js'
import { anyOrder } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { isOpName, opNames, opOf } from '../../spec/catalogue.js'
import type { Question } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor, mapTensors, sameShape } from '../../spec/tensor.js'
import { expectWhole as expected, ratioOf } from '../judge.js'
import { questionTable } from '../table.js'
import { goldenOf, howToMake, namesInFolder } from '../testing/golden.js'
import { asF64, right } from '../testing/shaken.js'
import type { GoldenCase } from './read.js'

const known = opNames.flatMap((op) => {
  const file = goldenOf(op)
  return file === undefined ? [] : [{ op, cases: file.cases }]
})

// The spec's bound, at finite inputs: where one is an infinity and an answer is finite all the same, the infinity acts
// through a share of 0 or a slope of 0, as a huge number does.
const boundsOf = (question: Question): Tensors => {
  const finite = (v: number): number => (Number.isNaN(v) ? 0 : Math.max(-(2 ** 100), Math.min(2 ** 100, v)))
  return right(expected(oracle, { ...question, inputs: mapTensors(finite, question.inputs) }, anyOrder)).bounds
}

const questionOf = (op: OpName, direction: Direction, { attrs, inputs, cotangents = {} }: GoldenCase): Question => ({
  op,
  direction,
  attrs: right(opOf(op).attrs.decode(attrs)),
  inputs,
  cotangents,
})

/** What is wrong with an answer from outside: the oracle's rounding and the witness's are allowed, and nothing else. */
const complaints = (question: Question, golden: Tensors): readonly string[] => {
  const { op, direction, attrs, inputs, cotangents } = question
  const values = right(oracle.evaluate(op, direction, attrs, inputs, cotangents))
  const bounds = boundsOf(question)
  const witness = questionTable[op].witnessError?.[direction]?.(question, () => {
    const forward: Question = { ...question, direction: 'forward' }
    return { values: right(expected(oracle, forward, anyOrder)).values, slack: boundsOf(forward) }
  })
  if (Object.keys(golden).sort().join() !== Object.keys(values).sort().join())
    return [`the witness speaks of ${Object.keys(golden).join()}, the oracle of ${Object.keys(values).join()}`]
  return Object.entries(golden).flatMap(([name, theirs]) => {
    const [ours, bound] = [values[name] as Tensor, bounds[name] as Tensor]
    if (!sameShape(ours.shape, theirs.shape)) return [`${name}: ${theirs.shape.join()} against ${ours.shape.join()}`]
    return Array.from({ length: ours.data.length }, (_, i) => i).flatMap((i) => {
      const [want, got] = [theirs.data[i] as number, ours.data[i] as number]
      const tolerance = asF64 * (2 * (bound.data[i] as number) + (witness?.[name]?.data[i] ?? 0))
      return ratioOf(got, want, tolerance) <= 1
        ? []
        : [`${name}[${i}]: the witness has ${want}, the oracle ${got}, allowed is ${tolerance}`]
    })
  })
}

const directionsOf = ({ gradients }: GoldenCase): readonly Direction[] =>
  gradients === undefined ? ['forward'] : ['forward', 'backward']
const answerOf = ({ outputs, gradients = {} }: GoldenCase, direction: Direction): Tensors =>
  direction === 'forward' ? outputs : gradients

describe('golden vectors', () => {
  it.each(opNames)('there are some of %s', (op) => {
    expect(goldenOf(op)?.op ?? howToMake(op)).toBe(op)
  })

  it.each(['json', 'py'] as const)('every %s file speaks of an op of the catalogue', (extension) => {
    expect(namesInFolder(extension).filter((name) => !isOpName(name))).toEqual([])
  })
})

for (const { op, cases } of known) {
  describe(`the oracle agrees with another library: ${op}`, () => {
    for (const each of cases)
      it(each.name, () => {
        expect(
          directionsOf(each).flatMap((direction) =>
            complaints(questionOf(op, direction, each), answerOf(each, direction)),
          ),
        ).toEqual([])
      })
  })
}

describe('golden vectors: the comparison sees', () => {
  // every value a billionth part away, in one case of each op and direction at least
  const shifted = (tensors: Tensors): Tensors => mapTensors((v) => v * (1 + 1e-9), tensors)
  const asked = known.flatMap(({ op, cases }) =>
    [...new Set(cases.flatMap(directionsOf))].map((direction) => ({
      op,
      direction,
      cases: cases.filter((each) => directionsOf(each).includes(direction)),
    })),
  )
  it.each(asked)('a billionth part more in $op $direction', ({ op, direction, cases }) => {
    const seen = cases.filter(
      (each) => complaints(questionOf(op, direction, each), shifted(answerOf(each, direction))).length > 0,
    )
    expect(seen.length).toBeGreaterThan(cases.length / 2)
  })

  const relu = known.find(({ op }) => op === 'relu')?.cases.find(({ name }) => name.includes('NaN'))
  it.each([
    ['an infinity for NaN', (v: number) => (Number.isNaN(v) ? Infinity : v)],
    ['0 for NaN', (v: number) => (Number.isNaN(v) ? 0 : v)],
    ['NaN for a number', (v: number) => (v === 1 ? NaN : v)],
  ])('%s', (_, change) => {
    const each = relu as GoldenCase
    const changed = F.pipe(each.outputs['y'] as Tensor, (y) => mapTensor(change, y))
    expect(complaints(questionOf('relu', 'forward', each), { y: changed })).toHaveLength(1)
  })

  it('another shape, and another name', () => {
    const each = relu as GoldenCase
    const { y } = each.outputs
    const asRow = { shape: [1, 2], data: (y as Tensor).data }
    expect(complaints(questionOf('relu', 'forward', each), { y: asRow })).toHaveLength(1)
    expect(complaints(questionOf('relu', 'forward', each), { z: y as Tensor })).toHaveLength(1)
  })
})
