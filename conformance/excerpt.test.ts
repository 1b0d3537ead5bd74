import { describe, expect as check, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { anyOrder, lanesThenTree } from '../spec/bound.js'
import type { Direction } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, sizeOf } from '../spec/tensor.js'
import { caseAt, caseCount } from './cases.js'
import { excerpted, excerptsOf, sampled } from './excerpt.js'
import { realise } from './form.js'
import { expect } from './judge.js'
import { questionTable } from './table.js'

const directions: readonly Direction[] = ['forward', 'backward']
const ops = ['conv2d', 'dense'] as const

/** The cases of `verify` that the oracle answers whole in a moment: its corners, and drawn ones. */
const questions = (op: (typeof ops)[number], direction: Direction): readonly Question[] =>
  Array.from({ length: caseCount(questionTable, op, direction, 20) }, (_, i) =>
    caseAt(questionTable, op, direction, 1, i),
  )
    .filter(({ form: { shapes } }) => Object.values(shapes).every((shape) => sizeOf(shape) < 2000))
    .map((of) => getOrThrow(realise(of)))

const outputsOf = ({ direction, inputs }: Question): readonly string[] =>
  direction === 'forward' ? ['y'] : Object.keys(inputs)

describe.each(ops)('%s in excerpts', (op) => {
  describe.each(directions)('%s', (direction) => {
    const all = questions(op, direction)

    test.each([3, 100])('of %i elements has the values and the bounds of the whole, bit for bit', (count) => {
      check(all.length).toBeGreaterThan(20)
      for (const [i, question] of all.entries())
        for (const depth of [anyOrder, lanesThenTree]) {
          const whole = getOrThrow(expect(oracle, question, depth))
          const excerpts = excerptsOf(question, outputsOf(question), count, keyOf(`${i}`))
          for (const excerpt of excerpts) {
            const part = getOrThrow(expect(oracle, excerpt.question, depth))
            for (const output of Object.keys(excerpt.places)) {
              const of = (from: Tensors, all: Tensors): readonly number[] =>
                Array.from((excerpted(excerpt, from, all)[output] as Tensor).data as Float64Array)
              check(of(part.values, whole.values)).toEqual(Array.from(part.values[output]?.data as Float64Array))
              check(of(part.values, whole.bounds)).toEqual(Array.from(part.bounds[output]?.data as Float64Array))
            }
          }
        }
    })

    test('has at least as many different elements as are wanted of each output, or all', () => {
      for (const question of all) {
        const whole = getOrThrow(expect(oracle, question, anyOrder)).values
        const excerpts = excerptsOf(question, outputsOf(question), 100, keyOf('enough'))
        const places = Object.assign({}, ...excerpts.map((excerpt) => excerpt.places)) as Readonly<
          Record<string, Float64Array>
        >
        check(Object.keys(places).toSorted()).toEqual([...outputsOf(question)].toSorted())
        for (const [output, at] of Object.entries(places)) {
          const size = whole[output]?.data.length as number
          check(new Set(at).size).toBe(at.length)
          check(at.length).toBeGreaterThanOrEqual(Math.min(100, size))
          check([Math.min(...at), Math.max(...at)]).toEqual([0, size - 1])
        }
      }
    })
  })

  test('asks for nothing that the node does not give', () => {
    const question = questions(op, 'backward')[0] as Question
    const places = excerptsOf(question, ['w'], 100, keyOf('w')).flatMap((excerpt) => Object.keys(excerpt.places))
    check(places).toEqual(['w'])
  })
})

describe('sampled', () => {
  test('takes every corner, half of the others on a border, and never one twice', () => {
    const shape = [3, 40, 30, 30]
    const found = sampled(draws(keyOf('sampled')), shape, 256)
    const texts = found.map((index) => index.join())
    check(new Set(texts).size).toBe(256)
    for (let corner = 0; corner < 16; corner++)
      check(texts).toContain(shape.map((extent, axis) => ((corner >> axis) & 1) * (extent - 1)).join())
    const onBorder = found.filter((index) => index.some((at, axis) => axis > 1 && (at === 0 || at === 29)))
    check(onBorder.length).toBeGreaterThan(64)
    check(onBorder.length).toBeLessThan(192)
  })

  test('takes all where there are no more', () => {
    check(sampled(draws(keyOf('all')), [2, 3], 6)).toEqual([[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]) // prettier-ignore
    check(sampled(draws(keyOf('more')), [2], 100)).toEqual([[0], [1]])
  })

  test('depends on its key', () => {
    const of = (key: string) => sampled(draws(keyOf(key)), [1000], 10)
    check(of('a')).toEqual(of('a'))
    check(of('a')).not.toEqual(of('b'))
  })
})

test('a part of a large answer that is missing stays missing', () => {
  const question: Question = {
    op: 'dense',
    direction: 'forward',
    attrs: {},
    inputs: { x: generate([2, 3], (i) => i), w: generate([4, 3], (i) => i) },
    cotangents: {},
  }
  const [excerpt] = excerptsOf(question, ['y'], 4, keyOf('missing'))
  check(excerpted(excerpt!, {}, {})).toEqual({})
})
