import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Attributes } from '../spec/attributes.js'
import type { OpName } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { evaluate, fromKernels, unsupported } from '../spec/fromKernels.js'
import type { Kernel, Kernels } from '../spec/fromKernels.js'
import { ignoredDials } from './ignored.js'
import type { GivenTensors } from '../spec/op.js'
import type { Tensors } from '../spec/tensor.js'
import type { Line } from './line.js'
import { questionTable } from './table.js'
import { verify } from './verify.js'

const lines = async (table: Kernels, op: OpName): Promise<readonly Line[]> => {
  const backend = fromKernels('toy', table)
  const report = await verify(backend, oracle, questionTable, { ops: [op], profile: 'quick', runs: 0, seed: 1 })()
  if (E.isLeft(report)) throw new Error(report.left.message)
  return report.right.lines
}

const plain = (op: OpName): Kernel => plainF32Kernels[op] as Kernel

const given = (inputs: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(inputs).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])))

/** The f32 kernels of an op, that are asked otherwise than they are. */
const asking = (op: OpName, instead: (attrs: Attributes) => Attributes): Kernels => ({
  [op]: {
    forward: (attrs, inputs) => getOrThrow(evaluate(plainF32Kernels, op, 'forward', instead(attrs), given(inputs), {})),
    backward: (attrs, inputs, cotangents) =>
      getOrThrow(evaluate(plainF32Kernels, op, 'backward', instead(attrs), given(inputs), cotangents)),
  } satisfies Kernel,
})

const own = { relu: ['kink', 'catalogue'], maxPool2d: ['ties', 'first'], adagrad: ['epsilonInside', false] } as const

describe('a dial that a backend says nothing of', () => {
  test.each(Object.entries(own) as readonly (readonly [keyof typeof own, readonly [string, string | boolean]])[])(
    '%s: is found to be one that it does not have, and it is conformant without it',
    async (op, [dial, value]) => {
      const table = asking(op, (attrs) => ({ ...attrs, [dial]: value }))
      expect(await ignoredDials(fromKernels('toy', table), oracle, questionTable, op, 1, [])).toEqual([dial])
      for (const line of await lines(table, op)) expect(line).toMatchObject({ verdict: 'conformant', failed: 0 })
    },
  )

  test.each(Object.keys(own) as readonly (keyof typeof own)[])(
    '%s: is found to be one that it has, and every value is asked',
    async (op) => {
      expect(await ignoredDials(fromKernels('toy', plainF32Kernels), oracle, questionTable, op, 1, [])).toEqual([])
      for (const line of await lines(plainF32Kernels, op)) expect(line.unsupported).toBeUndefined()
    },
  )

  test('is judged where it makes a difference, and a wrong one', async () => {
    const swapped = asking('maxPool2d', (attrs) => (attrs['ties'] === 'share' ? { ...attrs, ties: 'last' } : attrs))
    const [forward, backward] = await lines(swapped, 'maxPool2d')
    expect(forward?.verdict).toBe('conformant')
    expect(backward?.failed).toBeGreaterThan(0)
  })

  test('is refused in its own words where it refuses it', async () => {
    const { forward, backward } = plain('relu')
    const table: Kernels = {
      relu: {
        forward,
        backward: (attrs, ...rest) =>
          attrs['kink'] === 'catalogue' ? backward!(attrs, ...rest) : unsupported('a slope of its own'),
      },
    }
    const [, line] = await lines(table, 'relu')
    expect(line).toMatchObject({ verdict: 'conformant', failed: 0 })
    expect(Object.keys(line?.unsupported ?? {})).toEqual(['a slope of its own'])
  })

  test('ceilMode is asked of everyone: to ignore it is a mistake', async () => {
    const [forward] = await lines(
      asking('avgPool2d', (attrs) => ({ ...attrs, ceilMode: false })),
      'avgPool2d',
    )
    expect(forward?.failed).toBeGreaterThan(0)
  })
})
