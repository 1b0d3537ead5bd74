import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { Question } from '../spec/program.js'
import { generate } from '../spec/tensor.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import type { Case } from './form.js'
import { expect, judge, ratioOf, type Judgement } from './judge.js'
import { inArithmetic } from './testing/instrument.js'
import { arithmeticOf, formulaTable, roundTo, through } from './testing/toys.js'
import { ask, fails } from './ask.js'

const f32 = inArithmetic(arithmeticOf(Math.fround))

describe('ratioOf', () => {
  test('NaN equals only NaN, an infinity only itself, and −0 equals 0, whatever the bound', () => {
    for (const bound of [0, 1, Infinity, NaN]) {
      assert(ratioOf(NaN, NaN, bound)).toBe(0)
      assert(ratioOf(Infinity, Infinity, bound)).toBe(0)
      assert(ratioOf(-0, 0, bound)).toBe(0)
      assert(ratioOf(0, -0, bound)).toBe(0)
      for (const [got, want] of [
        [NaN, 0],
        [0, NaN],
        [NaN, Infinity],
        [Infinity, NaN],
        [Infinity, -Infinity],
        [3.4e38, Infinity],
        [Infinity, 3.4e38],
      ] as const)
        assert(ratioOf(got, want, bound), `${got} for ${want}`).toBe(Infinity)
    }
  })

  test('a bound of 0 gives 0 or Infinity, and a bound that is no number permits nothing', () => {
    assert(ratioOf(1, 1, 0)).toBe(0)
    assert(ratioOf(1, 1 + 2 ** -52, 0)).toBe(Infinity)
    assert(ratioOf(1, 2, NaN)).toBe(Infinity)
  })

  test('is error ÷ bound for finite numbers, and never NaN', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), fc.double({ min: 0 }), (got, want, bound) => {
        const ratio = ratioOf(got, want, bound)
        assert(ratio).toBeGreaterThanOrEqual(0)
        if (Number.isFinite(got) && Number.isFinite(want) && bound > 0 && got !== want)
          assert(ratio).toBe(Math.abs(got - want) / bound)
      }),
    )
  })
})

const doubled: Question = {
  op: 'relu',
  direction: 'forward',
  attrs: {},
  inputs: { x: { shape: [2, 2], data: [1, -1, 2, 3] } },
  cotangents: {},
}

const judged = (question: Question, answer: Tensors): Judgement => {
  const expected = expect(oracle, question, anyOrder)
  if (E.isLeft(expected)) throw new Error(expected.left.message)
  return judge({ oracle, question, expected: expected.right, answer })
}

describe('judge', () => {
  const right: Tensor = { shape: [2, 2], data: [1, 0, 2, 3] }

  test('passes a right answer', () => {
    assert(fails(judged(doubled, { y: right }), 'nearest')).toBe(false)
  })

  test.each([
    ['an output is missing', {}, /y is missing/],
    ['the shape is another', { y: { shape: [4], data: right.data } }, /y has shape \[4\]; it must be \[2,2\]/],
    ['numbers are missing', { y: { shape: [2, 2], data: [1, 0, 2] } }, /y has 3 numbers; its shape \[2,2\] holds 4/],
  ] as const)('names the problem where %s', (_name, answer, problem) => {
    const found = judged(doubled, answer)
    assert(found.problem).toMatch(problem)
    assert(fails(found, 'unknown')).toBe(true)
  })

  test.each([NaN, Infinity, -Infinity])('rejects %s where a finite number is wanted, and says where', (wrong) => {
    const found = judged(doubled, { y: { shape: [2, 2], data: [1, 0, wrong, 3] } })
    assert(fails(found, 'unknown')).toBe(true)
    assert(found.worst).toMatchObject({ ratio: Infinity, output: 'y', index: [1, 0], got: wrong, want: 2 })
  })

  test('an answer of NaN where NaN is wanted errs by nothing', () => {
    const question = { ...doubled, op: 'tanh' as const, inputs: { x: { shape: [1], data: [NaN] } } }
    assert(judged(question, { y: { shape: [1], data: [NaN] } }).worst).toMatchObject({ ratio: 0, error: 0 })
    assert(fails(judged(question, { y: { shape: [1], data: [0] } }), 'unknown')).toBe(true)
  })
})

// Gate S: 384 sums of 1024 products of normal numbers
const dense: Case = {
  op: 'dense',
  direction: 'forward',
  seed: 'gate S',
  form: { attrs: {}, shapes: { x: [16, 1024], w: [24, 1024] }, fills: {} },
}
const conv2d: Case = {
  op: 'conv2d',
  direction: 'forward',
  seed: 'gate S',
  form: { attrs: {}, shapes: { x: [1, 64, 11, 11], w: [6, 64, 4, 4] }, fills: {} },
}

const asked = async (table: KernelTable, of: Case): Promise<Judgement> => {
  const answer = await ask(fromKernels('toy', table), oracle, of)()
  if (E.isLeft(answer) || answer.right.judgement === undefined) throw new Error('there is no judgement')
  return answer.right.judgement
}

// dense whose running sum is kept to so many bits
const summedIn = (bits: number): PlainKernel => ({
  forward: (_, { x, w }) => {
    const [N = 0, I = 0] = x?.shape ?? []
    const [O = 0] = w?.shape ?? []
    const round = roundTo(bits)
    return {
      y: generate([N, O], (at) => {
        const [n, o] = [Math.floor(at / O), at % O]
        let sum = 0
        for (let i = 0; i < I; i++) sum = round(sum + (x?.data[n * I + i] ?? 0) * (w?.data[o * I + i] ?? 0))
        return sum
      }),
    }
  },
})

describe('the random walk of a long sum', () => {
  test.each([
    ['dense', dense],
    ['conv2d', conv2d],
  ] as const)('%s: f32 that adds one product after another passes both gates', async (_name, of) => {
    const found = await asked(f32, of)
    assert(found.walks).toHaveLength(1)
    assert(found.walks[0]?.rms).toBeGreaterThan(0.3)
    assert(fails(found, 'nearest')).toBe(false)
  })

  const tf32 = (op: 'dense' | 'conv2d'): KernelTable => ({
    [op]: through(roundTo(10), formulaTable[op] as PlainKernel),
  })
  test.each([
    ['dense on operands rounded to tf32', tf32('dense'), dense],
    ['conv2d on operands rounded to tf32', tf32('conv2d'), conv2d],
    ['dense that keeps 14 bits of its sum', { dense: summedIn(14) }, dense],
  ] as const)('%s: the bound of 1024 products lets it pass, the walk does not', async (_name, table, of) => {
    const found = await asked(table, of)
    assert(found.worst.ratio).toBeLessThanOrEqual(1)
    assert(fails(found, 'nearest')).toBe(true)
    // where the backend may round otherwise the walk is told, not judged
    assert(fails(found, 'other')).toBe(false)
    assert(fails(found, 'unknown')).toBe(false)
    assert(found.walks.every(({ rms }) => rms > 100)).toBe(true)
  })

  test('is asked only where the data is independent, of fewer than 256 outputs with wider limits', async () => {
    const walks = async (form: Case['form']) => (await asked(f32, { ...dense, form })).walks
    assert(await walks({ ...dense.form, fills: { x: 'positive' } })).toEqual([])
    const [few] = await walks({ ...dense.form, shapes: { x: [15, 8], w: [17, 8] } })
    assert(few).toMatchObject({ count: 255, within: true })
    assert(few?.limits.rms).toBeGreaterThan(2.3)
    const [many] = await walks({ ...dense.form, shapes: { x: [16, 8], w: [16, 8] } })
    assert(many).toMatchObject({ count: 256, limits: { rms: 2, max: 8 } })
  })
})
