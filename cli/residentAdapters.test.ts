import { either as E } from 'fp-ts'
import { afterAll, describe, expect, test } from 'vitest'
import { adapters } from '../adapters/index.js'
import { agreement } from '../bench/contender.js'
import { reference } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import { opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import {
  convolution,
  fullyConnected,
  initialKept,
  plainLayer,
  sequential,
  trainingBy,
} from '../spec/networks/network.js'
import { basicBlock } from '../spec/networks/resnet.js'
import { lstmClassifier } from '../spec/networks/recurrent.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Program, Question } from '../spec/program.js'
import { oneNode } from '../spec/program.js'
import type { Shape, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../training/step.js'

/*
 * The libraries as the bench times them, on the processor: whole programs in their own best usual way must come to what the
 * reference makes of the same program, or their times mean nothing.
 */

const normal = (name: string, shape: Shape) => {
  const draw = draws(keyOf(name))
  return generate(shape, () => Math.fround(draw.normal()))
}

const opened = await Promise.all(
  adapters
    .filter(({ name }) => ['tfjs-cpu', 'jax-js-wasm'].includes(name))
    .map(async ({ name, resident }) => ({ name, backend: getOrThrow(await resident!({})()) })),
)
afterAll(async () => {
  for (const { backend } of opened) await backend.close()
})

const stepsOf = async (backend: Backend, network: Network, batch: number, steps: number): Promise<Tensors> => {
  const program = getOrThrow(trainingStep(network, { momentum: 0.875, weightDecay: 0 }))
  const state = { ...initialState(initialParameters(network, 1)), ...initialKept(network) }
  const session = getOrThrow(await sessionOf(backend, program, state)())
  const feeds = stepFeeds({
    x: normal('x', network.program.inputs['x']!),
    target: generate([batch, 10], (i) => (i % 10 === Math.floor(i / 10) % 10 ? 1 : 0)),
    learningRate: 2 ** -6,
  })
  for (let i = 1; i < steps; i++) getOrThrow(await session.step(feeds, [])())
  const values = getOrThrow(await session.step(feeds, ['loss'])())
  const after = getOrThrow(await session.state())
  await session.close()
  return { ...values, ...after }
}

const asked = (op: Question['op'], direction: Question['direction'], attrs: object, inputs: Tensors, dy?: Tensors) =>
  oneNode({
    op,
    direction,
    attrs: getOrThrow(opOf(op).attrs.decode(attrs as Question['attrs'])),
    inputs,
    cotangents: dy ?? {},
  })

/** A program run where its operands were put before. */
const runKept = async (backend: Backend, program: Program, operands: Tensors): Promise<Tensors> => {
  const keeping: Program = {
    inputs: program.inputs,
    nodes: [],
    outputs: [],
    carry: Object.fromEntries(Object.keys(operands).map((name) => [name, name])),
  }
  const session = getOrThrow(await sessionOf(backend, keeping, operands)())
  getOrThrow(await session.run(program, {}, [])())
  const values = getOrThrow(await session.run(program, {})())
  await session.close()
  return values
}

const x = normal('image', [2, 3, 6, 5])
const w = normal('filter', [4, 3, 3, 3])
const padded = { padding: [1, 1, 1, 1] }
const singles: readonly (readonly [string, ReturnType<typeof asked>])[] = [
  ['a convolution', asked('conv2d', 'forward', padded, { x, w, b: normal('b', [4]) })],
  ["a convolution's gradients", asked('conv2d', 'backward', padded, { x, w }, { y: normal('dy', [2, 4, 6, 5]) })],
  ['a dense layer', asked('dense', 'forward', {}, { x: normal('row', [3, 5]), w: normal('weights', [4, 5]) })],
  ['a max pool with padding', asked('maxPool2d', 'forward', { window: [3, 3], stride: [2, 2], ...padded }, { x })],
  [
    'batch norm in training',
    asked(
      'batchNormTraining',
      'forward',
      {},
      {
        x,
        gamma: normal('gamma', [3]),
        beta: normal('beta', [3]),
        runningMean: normal('mean', [3]),
        runningVar: generate([3], (i) => i + 1),
      },
    ),
  ],
]

const networks: readonly (readonly [string, Network, number])[] = [
  [
    'a residual block with batch norm',
    sequential(
      [2, 2, 6, 6],
      [
        basicBlock({ inputs: 2, width: 3, stride: 2 }),
        plainLayer('avgpool', 'globalAvgPool'),
        fullyConnected('fc', 3, 10),
      ],
      trainingBy(1),
    ),
    2,
  ],
  ['an LSTM', lstmClassifier(3, { length: 4, inputs: 5, hidden: 6 }), 3],
  [
    'a convolution with ReLU and pool, and a dense layer behind the flattened image',
    sequential(
      [2, 1, 8, 6],
      [
        convolution('conv', [1, 3], [3, 3]),
        plainLayer('relu', 'relu'),
        plainLayer('pool', 'maxPool2d'),
        plainLayer('flat', 'flatten'),
        fullyConnected('fc', 18, 10),
      ],
    ),
    2,
  ],
]

describe.each(opened)('$name, its values resident', ({ backend }) => {
  test.each(singles)('answers %s as the reference does', async (_, { program, feeds }) => {
    const ours = getOrThrow(await reference.run(program, feeds)())
    expect(getOrThrow(agreement({ answer: ours, sway: {} }, {}, await runKept(backend, program, feeds)))).toBeLessThan(
      1,
    )
  })

  test.each(networks)('takes the same two steps of training %s', async (_, network, batch) => {
    const ours = await stepsOf(reference, network, batch, 2)
    const before = { ...initialState(initialParameters(network, 1)), ...initialKept(network) }
    expect(
      getOrThrow(agreement({ answer: ours, sway: {} }, before, await stepsOf(backend, network, batch, 2))),
    ).toBeLessThan(1)
  })

  test('refuses a program that it has no words for, and goes on', async () => {
    const { program, feeds } = asked('elu', 'forward', { alpha: 2 }, { x })
    const refused = await backend.run(program, feeds)()
    expect(E.isLeft(refused) && refused.left.code).toBe('Unsupported')
  })
})
