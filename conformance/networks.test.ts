import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { oracle, run } from '../reference/index.js'
import type { Differentiated } from '../spec/differentiate.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { Result } from '../spec/error.js'
import type { Block, Network } from '../spec/networks/network.js'
import {
  batchNorm,
  chain,
  convolution,
  dropout,
  fullyConnected,
  inference,
  initialKept,
  keepingSize,
  parameterCount,
  plainLayer,
  recurrent,
  scoped,
  sequential,
  squeezeExcite,
  stepFeed,
  trainingBy,
  transposedConvolution,
} from '../spec/networks/network.js'
import { autoencoder } from '../spec/networks/autoencoder.js'
import { googlenet, inceptionModule } from '../spec/networks/googlenet.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { mlp } from '../spec/networks/mlp.js'
import { perceptron } from '../spec/networks/perceptron.js'
import { lstmClassifier, rnnClassifier } from '../spec/networks/recurrent.js'
import { basicBlock, bottleneck } from '../spec/networks/resnet.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensors, scalar, sumOf, zipTensors } from '../spec/tensor.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../training/step.js'
import type { Trial } from './differences.js'
import { agrees, compare, directionAt, pointsAround } from './differences.js'
import { keepingOnly } from './testing/programs.js'
import { deviations } from './testing/shaken.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

const normal = (name: string, shape: Shape): Tensor => {
  const draw = draws(keyOf(name))
  return generate(shape, () => draw.normal())
}

const feedsOf = (network: Network): Tensors => ({
  x: normal('x', network.program.inputs['x'] as Shape),
  ...initialParameters(network, 1),
  ...initialKept(network),
  ...(network.program.inputs[stepFeed] === undefined ? {} : { [stepFeed]: scalar(3) }),
})

/** A network that is asked for its slopes, with what reverse-mode differentiation says of them. */
interface Asked {
  readonly network: Network
  readonly reverse: Differentiated
  readonly feeds: Tensors
  readonly cotangent: Tensor
}

const askedOf = (network: Network): Asked => {
  const reverse = right(differentiate(network.program, network.output, Object.keys(network.parameters)))
  const cotangent = normal('cotangent', reverse.program.inputs[gradientName(network.output)] as Shape)
  return { network, reverse, feeds: feedsOf(network), cotangent }
}

/**
 * Along each parameter alone, ⟨c, y(p + hd) − y(p − hd)⟩/2h against ⟨Jᵀc, d⟩, with what truncation and roundings may come
 * to; and how many ReLUs changed sides between the outermost points, where slopes jump.
 */
const slopes = (asked: Asked, { program, gradients }: Differentiated = asked.reverse) => {
  const { network, feeds, cotangent } = asked
  const values = [network.output, ...new Set(Object.values(gradients))]
  const given = { ...feeds, [gradientName(network.output)]: cotangent }
  const found = right(run(program, given, values))
  const errors = deviations(oracle, program, given, found)
  const only = (name: string, tensors: Tensors): Tensors => ({ [name]: tensors[gradients[name] as string] as Tensor })
  const looked = network.program.nodes.flatMap(({ op, inputs }) => (op === 'relu' ? [inputs['x'] as string] : []))
  return Object.keys(network.parameters).map((name) => {
    const direction = directionAt(`along ${name}`, [name], feeds)
    const trial: Trial = {
      ofValues: { [network.output]: errors[network.output] as Tensor },
      cotangents: { [network.output]: cotangent },
      gradients: only(name, found),
      ofGradients: only(name, errors),
    }
    // ε^(1/3): where rounding, ε/h, and truncation, h², meet
    const h = 2 ** -17
    const points = pointsAround(feeds, direction, h)
    const [ahead, behind] = points.slice(0, 2).map((point) => right(run(network.program, point, looked)))
    const around = points.map((point) => right(run(network.program, point, [network.output])))
    const crossed = looked.reduce(
      (n, value) =>
        n +
        sumOf(
          zipTensors([ahead?.[value] as Tensor, behind?.[value] as Tensor], (a, b) => (a > 0 === b > 0 ? 0 : 1)).data,
        ),
      0,
    )
    return { name, crossed, trial, compared: compare(trial, points, around, h), points, values: around, h }
  })
}

const modes = [
  ['at inference', inference],
  ['in training', trainingBy(1)],
] as const

/** Every parameter's slope is right, and no ReLU was driven over its kink to find that out. */
const expectSlopes = (asked: Asked): void => {
  const found = slopes(asked)
  expect(found.filter(({ crossed }) => crossed > 0).map(({ name }) => name)).toEqual([])
  expect(found.filter(({ compared }) => !agrees(compared)).map(({ name, compared }) => [name, compared])).toEqual([])
  // and the comparison is no idle one: slopes a millionth off are refused
  const refused = found.filter(({ trial, points, values, h }) => {
    const gradients = mapTensors((g) => (1 + 1e-6) * g, trial.gradients)
    return !agrees(compare({ ...trial, gradients }, points, values, h))
  })
  expect(refused.length).toBeGreaterThan(found.length / 2)
}

describe.each(modes)('the small networks, whole, %s', (_, mode) => {
  it.each([
    ['perceptron', perceptron(2, { mode }), [2, 1]],
    ['mlp', mlp(2, { mode }), [2, 10]],
    ['lenet5', lenet5(2, { mode }), [2, 10]],
    ['autoencoder', autoencoder(2, { mode }), [2, 1, 28, 28]],
    ['rnnClassifier', rnnClassifier(2, { length: 4, inputs: 3, hidden: 5, classes: 3, mode }), [2, 3]],
    ['lstmClassifier', lstmClassifier(2, { length: 4, inputs: 3, hidden: 5, classes: 3, mode }), [2, 3]],
  ] as const)('%s answers in its shape', (_, network, shape) => {
    const y = right(run(network.program, feedsOf(network), [network.output]))[network.output]
    expect(y?.shape).toEqual(shape)
  })

  // a few maps and pixels of each: what the large networks are built of
  // behind a layer that learns, whose gradient is the sum over all branches
  const images = (channels: number, blocks: readonly Block[]) =>
    sequential([2, channels, 5, 5], [convolution('before', [channels, channels], [1, 1]), ...blocks], mode)
  const half = { stride: [2, 2], padding: keepingSize(3) } as const
  const small: readonly (readonly [string, Network])[] = [
    ['a perceptron', perceptron(2, { mode })],
    ['a recurrent classifier', rnnClassifier(2, { length: 4, inputs: 3, hidden: 5, classes: 3, mode })],
    [
      'one of three gated recurrent layers, with dropout between them',
      rnnClassifier(2, { length: 3, inputs: 2, hidden: 3, classes: 3, cell: 'gru', layers: 3, keep: 0.5, mode }),
    ],
    [
      'one of two recurrent layers in both directions',
      rnnClassifier(2, { length: 3, inputs: 2, hidden: 3, classes: 3, layers: 2, bidirectional: true, mode }),
    ],
    ['one with a long short-term memory', lstmClassifier(2, { length: 4, inputs: 3, hidden: 5, classes: 3, mode })],
    [
      'an LSTM below an RNN',
      sequential(
        [3, 2, 2],
        [
          recurrent('lower', 'lstm', { batch: 2, inputs: 2, hidden: 3 }, 'y'),
          recurrent('upper', 'rnn', { batch: 2, inputs: 3, hidden: 2 }),
        ],
        mode,
      ),
    ],
    ['a basic block', images(3, [basicBlock({ inputs: 3, width: 3, stride: 1 })])],
    ['a bottleneck', images(3, [bottleneck({ inputs: 3, width: 2, stride: 2 }, 'first')])],
    ['an Inception module', images(3, [inceptionModule({ inputs: 3, one: 2, three: [2, 3], five: [1, 2], pool: 2 })])],
    ['squeeze and excitation', images(4, [squeezeExcite(4, 2)])],
    [
      'a bottleneck with it',
      images(2, [bottleneck({ inputs: 2, width: 2, stride: 1 }, 'middle', scoped('se', squeezeExcite(8, 2)))]),
    ],
    [
      'batch norm and dropout',
      images(2, [
        chain(convolution('conv', [2, 3], [3, 3]), batchNorm('bn', 3), dropout('first', 0.5), dropout('second', 0.75)),
        plainLayer('flat', 'flatten'),
        fullyConnected('fc', 27, 2),
      ]),
    ],
    [
      'a LeNet in small',
      sequential(
        [2, 1, 8, 8],
        [
          convolution('conv1', [1, 2], [3, 3]),
          plainLayer('tanh1', 'tanh'),
          plainLayer('pool1', 'avgPool2d'),
          convolution('conv2', [2, 3], [2, 2]),
          plainLayer('relu2', 'relu'),
          plainLayer('pool2', 'maxPool2d'),
          plainLayer('flat', 'flatten'),
          fullyConnected('fc', 3, 2),
        ],
        mode,
      ),
    ],
    [
      'an autoencoder',
      sequential(
        [2, 1, 6, 6],
        [
          convolution('down', [1, 3], [3, 3], half),
          plainLayer('code', 'relu'),
          transposedConvolution('up', [3, 1], [3, 3], { ...half, outputPadding: [1, 1] }),
          plainLayer('y', 'sigmoid'),
        ],
        mode,
      ),
    ],
  ]
  it.each(small)('%s has gradients that are slopes, along every parameter alone', (_, network) => {
    expectSlopes(askedOf(network))
  })

  it.each([
    ['a basic block', 'before', ['before.w', 'before.b']],
    ['an Inception module', 'before', ['before.w', 'before.b']],
    ['squeeze and excitation', 'before', ['before.w', 'before.b']],
  ] as const)(
    '%s: a branch that is left out of a sum of gradients is refused there and nowhere else',
    (name, value, wrong) => {
      const asked = askedOf((small.find(([each]) => each === name) as (typeof small)[number])[1])
      const planted = keepingOnly('a', value, asked.reverse)
      expect(slopes(asked, planted).flatMap(({ name, compared }) => (agrees(compared) ? [] : [name]))).toEqual(wrong)
    },
  )
})

describe('a network in its two modes', () => {
  const blocks = [plainLayer('flat', 'flatten'), dropout('drop', 0.5), fullyConnected('fc', 8, 4), batchNorm('bn', 4)]
  const [training, asked] = [sequential([6, 8], blocks, trainingBy(1)), sequential([6, 8], blocks)]

  it('drops at random in training, by the step that it is fed, and not at inference', () => {
    const at = (step: number) =>
      right(run(training.program, { ...feedsOf(training), [stepFeed]: scalar(step) }, ['drop']))['drop']!
    expect(Array.from(at(1).data)).not.toEqual(Array.from(at(2).data))
    expect(Array.from(at(1).data)).toEqual(Array.from(at(1).data))
    expect(asked.program.nodes.map(({ op }) => op)).toEqual(['flatten', 'dense', 'batchNormInference'])
    expect(asked.program.nodes[1]?.inputs['x']).toBe('flat')
  })

  it('has the same parameters and keeps the same numbers', () => {
    expect(asked.parameters).toEqual(training.parameters)
    expect(asked.kept).toEqual(training.kept)
  })

  it('in training renews the running statistics that inference reads', () => {
    const step = right(trainingStep(training, { momentum: 0.9, weightDecay: 0 }))
    const state = { ...initialState(initialParameters(training, 1)), ...initialKept(training) }
    const target = generate([6, 4], (i) => (i % 4 === 0 ? 1 : 0))
    const feeds = { ...stepFeeds({ x: feedsOf(training)['x']!, target, learningRate: 0.1 }), [stepFeed]: scalar(0) }
    const after = right(run(step, { ...state, ...feeds }, Object.values(step.carry)))
    const next = Object.fromEntries(Object.entries(step.carry).map(([name, value]) => [name, after[value]!]))
    expect(Object.keys(next).sort()).toEqual(Object.keys(state).sort())
    expect(Array.from(next['bn.runningMean']!.data)).not.toEqual([0, 0, 0, 0])
    const needed = Object.keys(asked.program.inputs).filter((name) => name !== 'x')
    expect(needed.every((name) => next[name] !== undefined)).toBe(true)
  })

  it("the auxiliary classifiers of torchvision's GoogLeNet read the means that its adaptive pool has", () => {
    const { program } = googlenet(2, { variant: 'torchvision', aux: true })
    const nodes = program.nodes.filter(({ name }) => /^aux1\.(rows|columns|means|rowMeans|columnMeans)$/.test(name))
    const x = normal('maps', [2, 512, 14, 14])
    const means = right(
      run(
        { inputs: { 'inception4a.concat': [2, 512, 14, 14] }, nodes, outputs: ['aux1.means'], carry: {} },
        { 'inception4a.concat': x },
      ),
    )['aux1.means']!
    // PyTorch's windows go from ⌊14i/4⌋ to ⌈14(i + 1)/4⌉
    const [from, to] = [(i: number) => Math.floor((14 * i) / 4), (i: number) => Math.ceil((14 * (i + 1)) / 4)]
    const expected = (n: number, c: number, i: number, j: number): number => {
      const rows = Array.from({ length: to(i) - from(i) }, (_, k) => from(i) + k)
      const columns = Array.from({ length: to(j) - from(j) }, (_, k) => from(j) + k)
      const values = rows.flatMap((r) => columns.map((s) => x.data[((n * 512 + c) * 14 + r) * 14 + s]!))
      return values.reduce((a, b) => a + b, 0) / values.length
    }
    for (const [n, c, i, j] of [
      [0, 0, 0, 0],
      [0, 3, 1, 2],
      [1, 511, 3, 3],
      [1, 100, 2, 1],
    ] as const)
      expect(means.data[((n * 512 + c) * 4 + i) * 4 + j]).toBeCloseTo(expected(n, c, i, j), 12)
  })

  it('is composed in a few lines', () => {
    const network = sequential(
      [2, 3, 8, 8],
      [
        convolution('conv', [3, 8], [3, 3], { padding: [1, 1, 1, 1] }),
        bottleneck({ inputs: 8, width: 2, stride: 1 }),
        plainLayer('mean', 'globalAvgPool'),
        fullyConnected('fc', 8, 2),
      ],
    )
    expect(parameterCount(network)).toBe(3 * 8 * 9 + 8 + (8 * 2 + 4 + 2 * 2 * 9 + 4 + 2 * 8 + 16) + (8 * 2 + 2))
  })
})
