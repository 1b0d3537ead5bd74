import { describe, expect, test } from 'vitest'
import { plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import { anyOrder, gamma } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import type { Field } from '../spec/field.js'
import { element } from '../spec/field.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import { resolve, shapesOf } from '../spec/op.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensor, mapTensors, tensor } from '../spec/tensor.js'
import { ask, fails } from './ask.js'
import { inNumbers, weighted } from './coverage/sums.js'
import type { Case } from './form.js'
import type { Judgement } from './judge.js'
import { expect as expectedOf, judge } from './judge.js'
import { probeTransforms } from './probe.js'
import { probeProgram } from './programs/probe.js'
import type { Scenario } from './programs/scenario.js'
import { scenarios } from './programs/scenarios.js'
import { printFailure } from './failureReport.js'
import { printLine } from './report.js'
import { smallTable } from './testing/toys.js'
import { backByTransforms, byFourier, byTransforms, transforms } from './testing/winograd.js'
import { transformBounds } from './transforms.js'
import type { Line } from './line.js'
import { verify } from './verify.js'

const kernelOf = (by: keyof typeof transforms): PlainKernel =>
  byTransforms(transforms[by], plainF32Kernels.conv2d as PlainKernel)

// among numbers of very different sizes transforms err by more than the small ones bear: few draws have them
const lineOf = async (kernel: PlainKernel, runs = 100): Promise<Line> => {
  const backend = fromKernels('transforms', { ...plainF32Kernels, conv2d: kernel })
  const scope = {
    ops: ['conv2d'] as const,
    direction: 'forward' as const,
    profile: 'quick' as const,
    runs,
    seed: 1,
  }
  return getOrThrow(await verify(backend, oracle, smallTable, { ...scope, shrinking: { cases: 10 } })())
    .lines[0] as Line
}

const asking = (numbers: string, channels: number): Case => ({
  op: 'conv2d',
  direction: 'forward',
  seed: 'transforms',
  form: inNumbers('conv2d', 'forward', weighted, numbers, {
    attrs: { padding: [1, 1, 1, 1] },
    shapes: { x: [1, channels, 13, 11], w: [5, channels, 3, 3], b: [5] },
    fills: {},
  }),
})

const judged = async (kernel: PlainKernel, numbers: string): Promise<Judgement> =>
  getOrThrow(await ask(fromKernels('transforms', { conv2d: kernel }), oracle, asking(numbers, 16))()).judgement!

const changing = (kernel: PlainKernel, change: (value: number, at: number) => number): PlainKernel => ({
  ...kernel,
  forward: (...given) => ({ y: mapTensor(change, kernel.forward(...given)['y'] as Tensor) }),
})

describe('a convolution by transforms', () => {
  test('F(2, 3) is conformant, and exact in integers: quarters are numbers of f32', async () => {
    const line = await lineOf(kernelOf('F(2,3)'), 40)
    expect(line).toMatchObject({ verdict: 'conformant', failed: 0 })
    expect(line.transformed).toBeUndefined()
    for (const numbers of ['integers', 'odd x', 'odd w'])
      expect((await judged(kernelOf('F(2,3)'), numbers)).worst.error).toBe(0)
  })

  test('F(4, 3) has fractions in integers: that is told and no failure; its walks are too long, and the report says both', async () => {
    for (const numbers of ['integers', 'odd x', 'odd w']) {
      const judgement = await judged(kernelOf('F(4,3)'), numbers)
      expect(fails(judgement, 'nearest')).toBe(false)
      expect(judgement.transformed).toBeGreaterThan(0)
      expect(judgement.transformed).toBeLessThan(0.25)
      expect(judgement.worst.error).toBe(judgement.transformed)
    }
    const line = await lineOf(kernelOf('F(4,3)'))
    expect(line.transformed).toBeGreaterThan(0)
    expect(printLine(line)).toMatch(/as convolutions by transforms do/)
    const judgement = await judged(kernelOf('F(4,3)'), 'apart')
    expect(judgement.worst.ratio).toBeLessThan(1)
    expect(judgement.walks).toMatchObject([{ output: 'y', within: false }])
    const smallest = asking('apart', 16)
    const failure = { id: 'id', smallest, smallestId: 'id', judgement }
    const groups = [{ traits: [], failed: 1, of: line.cases, failure }]
    const told = printFailure({ ...line, failed: 1, groups, failure }, { fingerprint: {} })
    expect(told).toMatch(/the kind: it errs as a convolution by transforms/)
  })

  test.each(['F(2,3)', 'F(4,3)'] as const)('%s with a mistake is wrong in integers', async (by) => {
    for (const numbers of ['integers', 'odd x', 'odd w']) {
      const offByOne = await judged(
        changing(kernelOf(by), (value, at) => (at === 37 ? value + 1 : value)),
        numbers,
      )
      expect(offByOne.worst).toMatchObject({ ratio: Infinity, bound: 0 })
      expect(offByOne.transformed).toBeUndefined()
    }
  })
})

/** conv2d with x of a lone 1 and the size of what stands beside it, and taps of which some fall beside the image. */
const beside = (taps: readonly number[]): Question => ({
  op: 'conv2d',
  direction: 'forward',
  attrs: { stride: [1, 1], dilation: [1, 1], groups: 1, padding: [1, 1, 1, 1] },
  inputs: { x: tensor([1, 1, 1, 1], [3]), w: tensor([1, 1, 3, 3], taps) },
  cotangents: {},
})

describe('what convolutions by transforms may err by', () => {
  test('is 16 γ(K + 12) of the largest pixel times all taps, and nothing of filters of one tap', () => {
    const taps = [1, -2, 0.25, 0, 5, 0, 0, 0, 1]
    const { y } = transformBounds(oracle, beside(taps)) as { y: Field }
    // two channels’ worth of terms: one, and the bias
    expect(element(y, 0)).toBeCloseTo(16 * gamma(14) * 3 * 9.25, 12)
    const one = { ...beside(taps), inputs: { x: tensor([1, 1, 2, 2], [1, 2, 3, 4]), w: tensor([1, 1, 1, 1], [2]) } }
    expect(transformBounds(oracle, one)).toEqual({})
  })

  test('is nothing where a pixel is infinite, beside which any number would do', () => {
    const question = { ...beside([1, 2, 3, 4, 5, 6, 7, 8, 9]) }
    const infinite = { ...question, inputs: { ...question.inputs, x: tensor([1, 1, 1, 1], [Infinity]) } }
    expect(element(transformBounds(oracle, infinite)['y'] as Field, 0)).toBe(0)
    expect(transformBounds(oracle, { ...question, direction: 'backward' })).toEqual({})
  })

  test('of gradients: taps by the largest cotangent for x, the largest pixel by all cotangents for w', () => {
    const inputs = { x: tensor([1, 1, 2, 2], [1, -4, 2, 3]), w: tensor([1, 1, 2, 2], [1, 2, -3, 4]) }
    const attrs = { ...beside([]).attrs, padding: [1, 1, 1, 1] }
    const y = tensor([1, 1, 3, 3], [1, 0, 0, -7, 0, 0, 0, 0, 2])
    const of = transformBounds(oracle, { op: 'conv2d', direction: 'backward', attrs, inputs, cotangents: { y } })
    expect(element(of['x'] as Field, 3)).toBeCloseTo(16 * gamma(1 + 12) * 10 * 7, 12)
    expect(element(of['w'] as Field, 0)).toBeCloseTo(16 * gamma(9 + 12) * 4 * 10, 12)
    expect(of['b']).toBeUndefined()
  })

  test('bears F(2, 3) of numbers of very different sizes, which the bound of the formula does not', async () => {
    const draw = draws(keyOf('sizes apart'))
    const wide = () => Math.fround(draw.normal() * 10 ** draw.integer(-6, 6))
    let borne = 0
    for (let n = 0; n < 60; n++) {
      const [C, O, H, W] = [1 + (n % 3), 1 + (n % 2), 1 + (n % 5), 1 + (n % 7)]
      const attrs = { stride: [1, 1], dilation: [1, 1], groups: 1, padding: [1, 1, 1, 1] }
      const inputs = { x: generate([2, C, H, W], wide), w: generate([O, C, 3, 3], wide) }
      const question: Question = { op: 'conv2d', direction: 'forward', attrs, inputs, cotangents: {} }
      const sizes = getOrThrow(resolve(opOf('conv2d'), attrs, shapesOf(inputs))).sizes
      const answer = mapTensors(Math.fround, kernelOf('F(2,3)').forward(attrs, inputs, sizes) as Tensors)
      const expected = getOrThrow(expectedOf(oracle, question, anyOrder))
      const { worst, transformed } = judge({ oracle, question, expected, answer, transforms: true })
      expect(worst.ratio).toBeLessThan(1)
      if (transformed !== undefined) borne++
      // a thousandth of the largest pixel times all taps more
      const sum = element(transformBounds(oracle, question)['y'] as Field, 0) / (16 * gamma(C + 1 + 12))
      const off = { y: mapTensor((v, i) => (i === 0 ? v + sum / 1000 : v), answer['y'] as Tensor) }
      expect(judge({ oracle, question, expected, answer: off, transforms: true }).worst.ratio).toBeGreaterThan(1)
    }
    expect(borne).toBeGreaterThan(10)
  })

  test.each([
    ['of x’s gradient', 'backward', backByTransforms(transforms['F(2,3)'], plainF32Kernels.conv2d as PlainKernel)],
    ['by Fourier’s', 'forward', byFourier(12, plainF32Kernels.conv2d as PlainKernel)],
  ] as const)('%s is conformant', async (_, direction, kernel) => {
    const backend = fromKernels('transforms', { ...plainF32Kernels, conv2d: kernel })
    const scope = { ops: ['conv2d'] as const, direction, profile: 'quick' as const, runs: 60, seed: 1 }
    const line = getOrThrow(await verify(backend, oracle, smallTable, { ...scope, shrinking: { cases: 10 } })())
      .lines[0]
    expect(line).toMatchObject({ verdict: 'conformant', failed: 0 })
  })

  test.each([
    ['F(2,3)', 'norms back'],
    ['F(2,3)', 'layers of maps'],
    ['F(4,3)', 'behind convolutions'],
    ['F(4,3)', 'twins'],
    ['F(4,3)', 'norms in a row'],
  ] as const)('%s is right in the program ‘%s’, and wrong by more in the end', async (by, name) => {
    const asked = scenarios(42, 'standard').find((one) => one.name === name) as Scenario
    const right = fromKernels('transforms', { ...plainF32Kernels, conv2d: kernelOf(by) })
    expect(getOrThrow(await probeProgram(right, oracle, asked)())).toMatchObject({ verdict: 'conformant', failed: 0 })
    const wrong = changing(kernelOf(by), (value, at) => (at === 3 ? value * 1.001 + 0.001 : value))
    const other = fromKernels('transforms', { ...plainF32Kernels, conv2d: wrong })
    expect(getOrThrow(await probeProgram(other, oracle, asked)()).verdict).toBe('not-conformant')
  })

  test('is found out by integers that come out with fractions', async () => {
    const of = (kernel: PlainKernel) => probeTransforms(fromKernels('transforms', { conv2d: kernel }))()
    expect(await of(kernelOf('F(4,3)'))).toBe(true)
    expect(await of(kernelOf('F(2,3)'))).toBe(false)
    expect(await of(plainF32Kernels.conv2d as PlainKernel)).toBe(false)
    expect(await probeTransforms(fromKernels('none', {}))()).toBe(false)
  })
})

describe('a fraction is a mistake', () => {
  test('of ½ and more', async () => {
    const kernel = plainF32Kernels.conv2d as PlainKernel
    const by = async (off: number): Promise<Judgement> =>
      judged(
        changing(kernel, (value) => value + off),
        'integers',
      )
    expect((await by(0.5)).worst.ratio).toBe(Infinity)
    expect((await by(0.25)).transformed).toBe(0.25)
  })

  test('of a product, which nobody transforms, and of filters of one tap', async () => {
    const shifted = (kernel: PlainKernel): PlainKernel => changing(kernel, (value) => value + 0.25)
    for (const [op, shapes] of [
      ['dense', { x: [4, 9], w: [3, 9] }],
      ['conv2d', { x: [1, 4, 5, 5], w: [3, 4, 1, 1] }],
    ] as const) {
      const form = inNumbers(op, 'forward', weighted, 'integers', { attrs: {}, shapes, fills: {} })
      const backend = fromKernels('shifted', { [op]: shifted(plainF32Kernels[op] as PlainKernel) })
      const asked = await ask(backend, oracle, { op, direction: 'forward', seed: 'shifted', form })()
      expect(getOrThrow(asked).judgement?.worst.ratio).toBe(Infinity)
    }
  })
})
