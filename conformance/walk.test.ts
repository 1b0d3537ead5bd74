import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainF32, plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { OpName } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { generate, sizeOf } from '../spec/tensor.js'
import type { Tensor } from '../spec/tensor.js'
import { ask, fails } from './ask.js'
import { caseAt } from './cases.js'
import { form } from './questions.js'
import { printFailure } from './failureReport.js'
import { questionTable } from './table.js'
import { roundTo, smallTable, through } from './testing/toys.js'
import type { Scope } from './verify.js'
import type { Line } from './line.js'
import { verify } from './verify.js'
import type { Walked } from './walk.js'
import { graded, joinedWith, limitsAlone, limitsOf } from './walk.js'

const lineOf = async (backend: Backend, op: OpName, scope: Partial<Scope> = {}): Promise<Line> => {
  const asked = {
    ops: [op],
    direction: 'forward' as const,
    profile: 'quick' as const,
    runs: 40,
    seed: 1,
    shrinking: { cases: 20 },
    ...scope,
  }
  return getOrThrow(await verify(backend, oracle, smallTable, asked)()).lines[0] as Line
}

const withKernel = (op: OpName, kernel: PlainKernel): Backend =>
  fromKernels('toy', { ...plainF32Kernels, [op]: kernel })

const isSmall = ({ shape }: Tensor): boolean => sizeOf(shape) < 100

/**
 * dense whose running sum is rounded in a way of its own, or scaled, where its answer is small, its bound wide, and
 * its numbers are no integers, which would tell.
 */
const summedBy = (round: (exact: number) => number, scale = 1, least = 9): PlainKernel => ({
  ...(plainF32Kernels.dense as PlainKernel),
  forward: (attrs, { x, w, b }, sizes) => {
    const [N, O] = [sizes['N'] as number, sizes['O'] as number]
    const right = (plainF32Kernels.dense as PlainKernel).forward(attrs, { x, w, b }, sizes)
    const I = sizes['I'] as number
    if (!isSmall(right['y'] as Tensor) || I < least || Number.isInteger(x?.data[0])) return right
    return {
      y: generate([N, O], (at) => {
        const [n, o] = [Math.floor(at / O), at % O]
        let sum = 0
        for (let i = 0; i < I; i++)
          sum = round(sum + Math.fround((x?.data[n * I + i] ?? 0) * (w?.data[o * I + i] ?? 0)))
        return round(scale * round(sum + (b?.data[o] ?? 0)))
      }),
    }
  },
})

describe('the limits of a walk', () => {
  test('are where a right sum passes them once in 10¹², or what was measured of many elements', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 800 }), (count) => {
        const { rms, max } = limitsOf(count)
        const t = rms ** 2 / 3
        // what f64 leaves of an exponent, which e^ makes relative: some ε of each of its terms
        const off = (probability: number, terms: number) =>
          expect(Math.abs(probability * 1e12 - 1)).toBeLessThanOrEqual(8 * terms * Number.EPSILON)
        off(Math.exp((-count / 2) * (t - 1 - Math.log(t))), 1 + (count / 2) * (t + 1 + Math.log(t)))
        off(2 * count * Math.exp(-(max ** 2) / 6), 1 + max ** 2 / 6)
      }),
    )
    expect(limitsOf(1300).rms).toBe(2)
    expect(limitsOf(1e9).rms).toBe(2)
    expect(limitsAlone(256)).toEqual({ rms: 2, max: 8 })
    expect(limitsAlone(255).rms).toBeGreaterThan(2)
  })

  test('of small outputs are those of all their elements together, by the names of the outputs', () => {
    const of = (output: string, rms: number, max: number, count: number): Walked => graded(output, { rms, max, count })
    const joined = [[of('x', 3, 5, 100), of('w', 1, 1, 10)], [of('x', 0, 0, 100)], [of('x', 9, 9, 1000)]].reduce(
      joinedWith,
      [],
    )
    const x = joined.find(({ output }) => output === 'x')
    expect(x).toMatchObject({ max: 5, count: 200 })
    // three roundings, of a square, a mean and a root
    expect(Math.abs((x?.rms ?? 0) - Math.sqrt(9 / 2))).toBeLessThanOrEqual(3 * Number.EPSILON * Math.sqrt(9 / 2))
    expect(x?.limits).toEqual(limitsOf(200))
    expect(joined.find(({ output }) => output === 'w')).toMatchObject({ rms: 1, max: 1, count: 10 })
  })
})

describe('small outputs', () => {
  test('whose sums are kept to 21 bits fail one by one, though the bound lets them pass', async () => {
    const line = await lineOf(withKernel('dense', summedBy(roundTo(20))), 'dense', { runs: 200, seed: 2 })
    expect(line.verdict).toBe('not-conformant')
    expect(line.failed).toBeGreaterThan(0)
    expect(line.failure?.judgement.worst.ratio).toBeLessThanOrEqual(1)
    expect(line.failure?.judgement.walks.some(({ within }) => !within)).toBe(true)
  })

  test('that stray too little to be told one by one fail all together, and the line says so', async () => {
    // many of a few elements each, so that they are most of what is joined
    const corners = Array.from({ length: 60 }, (_, i) => form(`small, ${i}`, {}, { x: [4, 5], w: [6, 5] }))
    const table = { ...questionTable, dense: { ...questionTable.dense, corners } }
    const scope = {
      ops: ['dense' as const],
      direction: 'forward' as const,
      profile: 'quick' as const,
      runs: 0,
      seed: 1,
    }
    const backend = withKernel('dense', summedBy(Math.fround, 1 + 3 * 2 ** -24, 5))
    const [line] = getOrThrow(await verify(backend, oracle, table, scope)()).lines
    if (line === undefined) throw new Error('no line')
    expect(line).toMatchObject({ verdict: 'not-conformant', failed: 0 })
    expect(line.walk?.rms).toBeGreaterThan(2)
    expect(line.walk?.rms).toBeLessThan(4)
    const told = printFailure(line, { fingerprint: {} }).replaceAll(/\s+/g, ' ')
    expect(told).toMatch(
      /y: its errors are [\d.]+ \(rms\) .* times a random walk's; at most [\d.]+ and [\d.]+ are right/,
    )
    expect(told).toMatch(/none of \d+ cases by itself, but small outputs of all together/)
  })

  test.each([
    ['tf32', 10],
    ['bf16', 7],
  ] as const)('of operands in %s fail, forward and back', async (_name, bits) => {
    const kernel = plainF32Kernels.dense as PlainKernel
    const rounded = through(roundTo(bits), kernel)
    const line = await lineOf(withKernel('dense', rounded), 'dense')
    expect(line.walk?.rms).toBeGreaterThan(100)
    const back = await lineOf(withKernel('dense', rounded), 'dense', { direction: 'backward' })
    expect(back.walk?.rms).toBeGreaterThan(100)
    expect(back.verdict).toBe('inaccurate')
  })

  test.each(['dense', 'conv2d', 'conv1d', 'convTranspose2d', 'mul', 'scaleChannels'] as const)(
    '%s: plain f32 walks well below the limits',
    async (op) => {
      for (const direction of ['forward', 'backward'] as const) {
        const line = await lineOf(fromKernels('plain', plainF32Kernels), op, { direction, runs: 60 })
        expect(line.verdict).toBe('conformant')
        expect(line.walk?.rms).toBeLessThan(1.5)
      }
    },
  )
})

test('a bias’s gradient over more numbers than are drawn apart is graded by no walk: they repeat, and so do roundings', async () => {
  const index = questionTable.conv2d.corners.findIndex(({ name }) => name === 'more outputs than one row of workgroups')
  const asked = caseAt(questionTable, 'conv2d', 'backward', 1, index)
  const { judgement } = getOrThrow(await ask(plainF32, oracle, asked)())
  expect(judgement?.walks.map(({ output }) => output).sort()).toEqual(['w', 'x'])
  expect(judgement && fails(judgement, 'nearest')).toBe(false)
})
