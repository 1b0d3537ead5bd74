import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWebGpu } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle, reference } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { getOrThrow } from '../spec/error.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { auxiliary, chain, convolution, fullyConnected, networkOf, plainLayer } from '../spec/networks/network.js'
import type { Tensor } from '../spec/tensor.js'
import { generate, indexOf } from '../spec/tensor.js'
import type { Effort } from './elements.js'
import { formulaTable } from './testing/toys.js'
import type { Trial, TrialResult } from './trial.js'
import { bothWays, feedsFor, runTrial, trials } from './trial.js'

const all = trials(1)

// a quarter of what `etalon zoo` spends: some thousands of elements of each answer all the same
const usual: Effort = { terms: 2 ** 18, least: 256 }

const shown = async (backend: Backend, one: Trial, effort = usual): Promise<TrialResult> =>
  getOrThrow(await runTrial(backend, oracle, one, { seed: 1, effort })())

const holds = ({ worst, guilty, judged, nodes, loosest }: TrialResult): void => {
  expect(guilty).toBeUndefined()
  // bounds as wide as the values would hold nobody
  expect(loosest.judgement.looseness).toBeLessThan(1)
  expect(worst.judgement.worst.ratio).toBeLessThanOrEqual(1)
  expect(judged).toBeGreaterThan(nodes)
}

describe.runIf(embedded)('on the embedded adapter, forward and backward', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = getOrThrow(await openWebGpu('software')())
  })
  afterAll(() => backend.close())

  test.each(all.filter(({ kind }) => kind !== 'large'))('$name', async (one) => {
    holds(await shown(backend, one))
  })

  // large networks one and all take minutes: `etalon zoo --full`
  test('resnet18 whole', async () => {
    holds(await shown(backend, all.find(({ name }) => name === 'resnet18') as Trial))
  })
})

test.each(all.filter(({ kind }) => kind === 'small'))('the reference runs $name both ways', async (one) => {
  holds(await shown(reference, one))
})

describe('a large node that is judged by elements', () => {
  // 32·32·9·14·14 = 1.8M products
  const effort = { terms: 2 ** 16, least: 256 }
  const one: Trial = {
    name: 'one',
    kind: 'block',
    network: () =>
      E.right(networkOf([1, 32, 14, 14], convolution('conv', [32, 32], [3, 3], { padding: [1, 1, 1, 1] }))),
  }
  const conv2d = formulaTable.conv2d as PlainKernel
  const off = (x: Tensor, wrong: (index: readonly number[]) => boolean): Tensor =>
    generate(x.shape, (i) => (x.data[i] as number) * (wrong(indexOf(x.shape, i)) ? 1 + 2 ** -8 : 1))

  const withFault = (output: string, wrong: (index: readonly number[]) => boolean): Backend =>
    fromKernels('faulty', {
      ...formulaTable,
      conv2d: {
        forward: (attrs, inputs, sizes) => {
          const all = conv2d.forward(attrs, inputs, sizes)
          return output === 'y' ? { y: off(all['y'] as Tensor, wrong) } : all
        },
        backward: (attrs, inputs, cotangents, sizes) => {
          const all = conv2d.backward!(attrs, inputs, cotangents, sizes)
          return output === 'y' ? all : { ...all, [output]: off(all[output] as Tensor, wrong) }
        },
      },
    })

  test('keeps its bound where it is right, and counts what was judged', async () => {
    const { worst, nodes, judged, of } = await shown(reference, one, effort)
    expect(worst.judgement.worst.ratio).toBe(0)
    expect(nodes).toBe(4)
    // the loss and db whole; of y, of the loss's gradient, of dx and of dw at least what the effort says
    expect(judged).toBeGreaterThanOrEqual(1 + 32 + 4 * effort.least)
    expect(judged).toBeLessThan(of / 2)
  })

  test.each([
    ['the last row of y', 'y', ([, , row]) => row === 13],
    ['one corner of dx in every channel', 'x', ([, , row, column]) => row === 0 && column === 13],
    ['one filter of dw in sixteen', 'w', ([filter = 0]) => filter % 16 === 15],
    ['the last number of db', 'b', ([filter]) => filter === 31],
  ] as const satisfies readonly (readonly [string, string, (index: readonly number[]) => boolean])[])(
    'shows a fault in %s, with its place in the whole answer',
    async (_, output, wrong) => {
      const { guilty } = await shown(withFault(output, wrong), one, effort)
      expect(guilty?.node).toBe(output === 'y' ? 'conv' : 'conv.backward')
      expect(guilty?.judgement.worst.output).toBe(output)
      expect(wrong(guilty?.judgement.worst.index ?? [])).toBe(true)
    },
  )

  test('of a wrong shape is guilty before a number is looked at', async () => {
    const flat: Backend = {
      ...reference,
      run: (program, feeds, watch) => async () =>
        E.map((values: Readonly<Record<string, Tensor>>) => ({
          ...values,
          conv: { shape: [6272], data: (values['conv'] as Tensor).data },
        }))(await reference.run(program, feeds, watch)()),
    }
    const answered = await runTrial(flat, oracle, one, { seed: 1, effort })()
    expect(answered).toMatchObject({ left: { message: /^one: loss.conv/ } })
  })
})

describe('a network both ways', () => {
  const network = networkOf(
    [2, 4],
    chain(fullyConnected('a', 4, 3), auxiliary(fullyConnected('side', 3, 2)), plainLayer('act', 'tanh')),
  )

  test('sums a loss of every answer and has the gradient of every parameter and of x', () => {
    const program = getOrThrow(bothWays(network))
    const written = program.nodes.flatMap(({ outputs }) => Object.values(outputs))
    expect(written).toEqual(expect.arrayContaining(['d.x', 'd.a.w', 'd.a.b', 'd.side.w', 'd.side.b', 'loss.sum1']))
  })

  test('is fed numbers of f32 that depend on the seed', () => {
    const program = getOrThrow(bothWays(network))
    const feeds = feedsFor(network, program, 1)
    expect(Object.keys(feeds).toSorted()).toEqual(Object.keys(program.inputs).toSorted())
    for (const { data } of Object.values(feeds))
      for (const value of Array.from(data as Float32Array)) expect(Math.fround(value)).toBe(value)
    expect(feedsFor(network, program, 1)).toEqual(feeds)
    expect(feedsFor(network, program, 2)['a.w']).not.toEqual(feeds['a.w'])
  })
})

test('what a trial cannot be asked is a Left with its name', async () => {
  const unfit: Trial = {
    name: 'unfit',
    kind: 'small',
    network: () => E.right(networkOf([2, 4], chain(fullyConnected('a', 4, 3), fullyConnected('b', 4, 3)))),
  }
  expect(await runTrial(reference, oracle, unfit, { seed: 1 })()).toMatchObject({
    left: { code: 'ShapeMismatch', message: expect.stringMatching(/^unfit: b: /) as string },
  })
})
