import { describe, expect, test } from 'vitest'
import { plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { Tensor } from '../spec/tensor.js'
import { mapTensor } from '../spec/tensor.js'
import { ask, fails } from './ask.js'
import { inNumbers, weighted } from './coverage/sums.js'
import type { Case } from './form.js'
import type { Judgement } from './judge.js'
import { printFailure } from './failureReport.js'
import { printLine } from './report.js'
import { smallTable } from './testing/toys.js'
import { byTransforms, transforms } from './testing/winograd.js'
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
      expect(judgement.fractions).toBeGreaterThan(0)
      expect(judgement.fractions).toBeLessThan(0.25)
      expect(judgement.worst.error).toBe(judgement.fractions)
    }
    const line = await lineOf(kernelOf('F(4,3)'))
    expect(line.transformed).toBeGreaterThan(0)
    expect(printLine(line)).toMatch(/by transforms \(Winograd, FFT\)/)
    const judgement = await judged(kernelOf('F(4,3)'), 'apart')
    expect(judgement.worst.ratio).toBeLessThan(1)
    expect(judgement.walks).toMatchObject([{ output: 'y', within: false }])
    const smallest = asking('apart', 16)
    const failure = { id: 'id', smallest, smallestId: 'id', judgement }
    const groups = [{ traits: [], failed: 1, of: line.cases, failure }]
    const told = printFailure({ ...line, failed: 1, groups, failure }, { fingerprint: {} })
    expect(told).toMatch(/the kind: integers came out with fractions/)
  })

  test.each(['F(2,3)', 'F(4,3)'] as const)('%s with a mistake is wrong in integers', async (by) => {
    for (const numbers of ['integers', 'odd x', 'odd w']) {
      const offByOne = await judged(
        changing(kernelOf(by), (value, at) => (at === 37 ? value + 1 : value)),
        numbers,
      )
      expect(offByOne.worst).toMatchObject({ ratio: Infinity, bound: 0 })
      expect(offByOne.fractions).toBeUndefined()
    }
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
    expect((await by(0.25)).fractions).toBe(0.25)
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
