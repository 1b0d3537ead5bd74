import { readFileSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { openWebGpu } from '../../accelerated/index.js'
import { embedded } from '../../accelerated/testing/recorded.js'
import { oracle, run } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { anyOrder } from '../../spec/bound.js'
import type { Differentiated } from '../../spec/differentiate.js'
import { differentiate, gradientName } from '../../spec/differentiate.js'
import { storedTensor } from '../../formats/safetensors.js'
import { weightsFrom } from '../../formats/weights.js'
import { inceptionModule } from '../../spec/networks/googlenet.js'
import type { Block, Network, RecurrentOp } from '../../spec/networks/network.js'
import {
  batchNorm,
  bidirectional,
  chain,
  convolution,
  fullyConnected,
  inception,
  keepingSize,
  plainLayer,
  recurrent,
  recurrentStack,
  residual,
  scoped,
  sequential,
  squeezeExcite,
  trainingBy,
  transposedConvolution,
} from '../../spec/networks/network.js'
import { basicBlock, bottleneck } from '../../spec/networks/resnet.js'
import { stateDictNames } from '../../formats/torch.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensors, sameShape, scalar } from '../../spec/tensor.js'
import { lossProgram } from '../../training/step.js'
import { ratioOf } from '../judge.js'
import { everyValue, lockstep } from '../lockstep.js'
import { keepingOnly } from '../testing/programs.js'
import { asF64, deviations, right } from '../testing/shaken.js'
import type { GoldenNetwork } from './read.js'
import { parseNetwork } from './read.js'

const folder = new URL('networks/', import.meta.url)
const goldens = readdirSync(folder).map((name) => right(parseNetwork(readFileSync(new URL(name, folder), 'utf8'))))

// ---- the same networks, composed of blocks ------------------------------------------------------------------------

const rectified = (name: string, layer: Block): Block => chain(layer, plainLayer(`${name}.relu`, 'relu'))
const windowed = (name: string, channels: readonly [number, number], side: number): Block =>
  rectified(name, convolution(name, channels, [side, side], { padding: keepingSize(side) }))
const mean = plainLayer('mean', 'globalAvgPool')
const stack = (op: RecurrentOp, layers: number): Block =>
  recurrentStack('cell', op, { batch: 2, inputs: 3, hidden: 4, layers })
const stackBothWays = (op: RecurrentOp, layers: number): Block =>
  recurrentStack('cell', op, { batch: 2, inputs: 3, hidden: 4, layers, bidirectional: { length: 5 } })
const cell = (name: string, op: RecurrentOp, inputs: number, hidden: number, gives: 'y' | 'hT' = 'hT'): Block =>
  recurrent(name, op, { batch: 2, inputs, hidden }, gives)

const blocks: Readonly<Record<string, readonly Block[]>> = {
  residual: [
    convolution('conv1', [2, 3], [3, 3], { padding: keepingSize(3) }, { bias: false }),
    batchNorm('bn1', 3),
    plainLayer('relu', 'relu'),
    scoped('layer1', basicBlock({ inputs: 3, width: 3, stride: 1 })),
    scoped('layer2', basicBlock({ inputs: 3, width: 4, stride: 2 })),
    scoped('layer3', bottleneck({ inputs: 4, width: 2, stride: 2 })),
    mean,
    fullyConnected('fc', 8, 3),
  ],
  inception: [
    rectified('conv1', convolution('conv1', [2, 3], [3, 3])),
    scoped('inceptionA', inceptionModule({ inputs: 3, one: 2, three: [3, 2], five: [2, 3], pool: 2 })),
    scoped(
      'inceptionB',
      inception([
        windowed('1x1', [9, 2], 1),
        chain(windowed('3x3_reduce', [9, 2], 1), windowed('3x3', [2, 3], 3)),
        chain(windowed('5x5_reduce', [9, 2], 1), windowed('5x5', [2, 2], 5)),
        chain(
          plainLayer('pool', 'avgPool2d', { window: [3, 3], stride: [1, 1], padding: keepingSize(3) }),
          windowed('pool_proj', [9, 1], 1),
        ),
      ]),
    ),
    mean,
    fullyConnected('fc', 8, 3),
  ],
  squeezeExcite: [
    rectified('conv1', convolution('conv1', [2, 6], [3, 3])),
    residual(
      chain(
        convolution('conv2', [6, 6], [3, 3], { padding: keepingSize(3), groups: 2 }),
        scoped('se', squeezeExcite(6, 2)),
      ),
    ),
    plainLayer('relu2', 'relu'),
    mean,
    fullyConnected('fc', 6, 3),
  ],
  rnn: [cell('cell', 'rnn', 3, 4), fullyConnected('fc', 4, 3)],
  lstm: [cell('cell', 'lstm', 3, 4), fullyConnected('fc', 4, 3)],
  gru: [cell('cell', 'gru', 3, 4), fullyConnected('fc', 4, 3)],
  rnnOfTwo: [stack('rnn', 2), fullyConnected('fc', 4, 3)],
  lstmOfTwo: [stack('lstm', 2), fullyConnected('fc', 4, 3)],
  gruOfThree: [stack('gru', 3), fullyConnected('fc', 4, 3)],
  lstmBelowRnn: [cell('lower', 'lstm', 3, 2, 'y'), cell('upper', 'rnn', 2, 4), fullyConnected('fc', 4, 3)],
  rnnBothWays: [stackBothWays('rnn', 1), fullyConnected('fc', 8, 3)],
  lstmOfTwoBothWays: [stackBothWays('lstm', 2), fullyConnected('fc', 8, 3)],
  gruOfThreeBothWays: [stackBothWays('gru', 3), fullyConnected('fc', 8, 3)],
  gruBothWaysBelowRnn: [
    bidirectional('lower', 'gru', { length: 5, batch: 2, inputs: 3, hidden: 2 }, 'y'),
    cell('upper', 'rnn', 4, 4),
    fullyConnected('fc', 4, 3),
  ],
  autoencoder: [
    rectified('down', convolution('down', [2, 3], [3, 3], { stride: [2, 2], padding: keepingSize(3) })),
    transposedConvolution('up', [3, 2], [3, 3], { stride: [2, 2], padding: keepingSize(3), outputPadding: [1, 1] }),
    plainLayer('y', 'sigmoid'),
  ],
}

/** A golden network as ours: with its loss, its reverse, and what is fed. */
interface Ours extends Differentiated {
  readonly network: Network
  readonly feeds: Tensors
}

const oursOf = (golden: GoldenNetwork): Ours => {
  const network = sequential(golden.x.shape, blocks[golden.network] as readonly Block[], trainingBy(1))
  const program = right(lossProgram(network, { loss: golden.loss }))
  const stored = Object.entries({ ...golden.parameters, ...golden.kept })
  const weights = right(weightsFrom(network, { tensors: stored.map(([name, value]) => storedTensor(name, value)) }))
  return {
    ...right(differentiate(program, 'loss', ['x', ...Object.keys(network.parameters)])),
    network,
    feeds: { x: golden.x, target: golden.target, ...weights, [gradientName('loss')]: scalar(1) },
  }
}

/** Everything the witness answered, under our names of it: both biases of a recurrent layer have the gradient of their sum. */
const answersOf = (golden: GoldenNetwork, { network, gradients }: Ours): readonly (readonly [string, Tensor])[] => {
  const calls = { x: ['x'], ...stateDictNames(network) }
  const under = (valueOf: (name: string) => string | undefined, tensors: Tensors) =>
    Object.entries(calls).flatMap(([name, called]) =>
      called.flatMap((each) =>
        tensors[each] === undefined ? [] : [[valueOf(name) as string, tensors[each]] as const],
      ),
    )
  return [
    [network.output, golden.output],
    ['loss', golden.value],
    ...under((name) => gradients[name], golden.gradients),
    ...under((name) => network.program.carry[name], golden.updated),
  ]
}

/**
 * Where answers differ from the witness's by more than is allowed: what roundings may come to, once for ours and once for
 * the witness's, which are f64's.
 */
const complaints = (
  golden: GoldenNetwork,
  ours: Ours,
  values: (watch: readonly string[]) => Tensors,
  rounding: 'f64' | 'f32' = 'f64',
): readonly string[] => {
  const answers = answersOf(golden, ours)
  const watch = [...new Set(answers.map(([name]) => name))]
  const [got, exact] = [values(watch), right(run(ours.program, ours.feeds, watch))]
  const allowed = deviations(oracle, ours.program, ours.feeds, exact)
  const times = rounding === 'f64' ? 2 : 1 / asF64 + 1
  return answers.flatMap(([name, want]) => {
    const [found, tolerance] = [got[name] as Tensor, allowed[name] as Tensor]
    if (!sameShape(found.shape, want.shape))
      return [`${name} has shape ${found.shape.join()}, not ${want.shape.join()}`]
    return Array.from({ length: want.data.length }, (_, i) => i).flatMap((i) => {
      const [w, g, t] = [want.data[i] as number, found.data[i] as number, times * (tolerance.data[i] as number)]
      return ratioOf(g, w, t) <= 1 ? [] : [`${name}[${i}]: the witness has ${w}, we ${g}, allowed is ${t}`]
    })
  })
}

const byReference =
  ({ program, feeds }: Ours) =>
  (watch: readonly string[]): Tensors =>
    right(run(program, feeds, watch))

const blamed = (found: readonly string[]): readonly string[] => [
  ...new Set(found.map((text) => text.replace(/\[.*/, ''))),
]

describe('the oracle agrees with another library: whole networks, forward and backward', () => {
  it.each(goldens.map((golden) => [golden.network, golden] as const))('%s', (_, golden) => {
    const ours = oursOf(golden)
    expect(complaints(golden, ours, byReference(ours))).toEqual([])
  })

  it('every network is there, and every parameter has its gradient, every running statistic its new value', () => {
    expect(goldens.map(({ network }) => network).sort()).toEqual(Object.keys(blocks).sort())
    goldens.forEach((golden) => {
      const ours = oursOf(golden)
      const { program, parameters } = ours.network
      const answered = new Set(answersOf(golden, ours).map(([name]) => name))
      const renewed = Object.entries(program.carry).flatMap(([name, value]) => (name === value ? [] : [value]))
      expect([...answered].sort()).toEqual(
        [ours.network.output, 'loss', ...['x', ...Object.keys(parameters)].map(gradientName), ...renewed].sort(),
      )
    })
  })
})

describe('golden networks: the comparison sees', () => {
  const named = (name: string): GoldenNetwork => goldens.find(({ network }) => network === name) as GoldenNetwork

  it.each([
    ['residual', 'relu', 'b', 'conv1.w', 'layer1.conv1.w'],
    ['residual', 'layer1.relu', 'a', 'layer1.conv1.w', 'layer2.conv1.w'],
    ['inception', 'conv1.relu', 'b', 'conv1.w', 'inceptionA.1x1.w'],
    ['inception', 'inceptionA.concat', 'a', 'inceptionA.1x1.w', 'inceptionB.1x1.w'],
    ['squeezeExcite', 'conv2', 'b', 'conv2.w', 'se.fc1.w'],
    ['squeezeExcite', 'conv1.relu', 'a', 'conv1.w', 'conv2.w'],
  ] as const)(
    '%s: a gradient of %s that is dropped where several meet, summand %s kept: %s is wrong, %s is not',
    (name, value, summand, before, behind) => {
      const [golden, ours] = [named(name), oursOf(named(name))]
      const planted = { ...ours, ...keepingOnly(summand, value, ours) }
      const wrong = blamed(complaints(golden, planted, byReference(planted)))
      expect(wrong).toEqual(expect.arrayContaining(['d.x', gradientName(before)]))
      expect(wrong).not.toContain(gradientName(behind))
    },
  )

  it.each(goldens.map((golden) => [golden.network, golden] as const))(
    '%s: gradients one part in a billion away',
    (_, golden) => {
      const ours = oursOf(golden)
      const moved = { ...golden, gradients: mapTensors((v) => v * (1 + 1e-9), golden.gradients) }
      expect(blamed(complaints(moved, ours, byReference(ours))).toSorted()).toEqual(
        Object.values(ours.gradients).sort(),
      )
    },
  )
})

describe.runIf(embedded)('on the embedded adapter', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = right(await openWebGpu('software')())
  })
  afterAll(() => backend.close())

  test.each(goldens.map((golden) => [golden.network, golden] as const))(
    '%s is as the witness has it to f32’s accuracy, and every node keeps its bound',
    async (_, golden) => {
      const ours = oursOf(golden)
      const values = right(await backend.run(ours.program, ours.feeds, everyValue(ours.program))())
      const { worst } = right(lockstep(oracle, ours.program, values, backend.depth ?? anyOrder))
      expect(worst.judgement.worst.ratio).toBeLessThanOrEqual(1)
      expect(complaints(golden, ours, () => values, 'f32')).toEqual([])
    },
  )
})
