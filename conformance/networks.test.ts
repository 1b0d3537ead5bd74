import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { run } from '../reference/index.js'
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
  parameterCount,
  plainLayer,
  sequential,
  squeezeExcite,
  stepFeed,
  trainingBy,
} from '../spec/networks/network.js'
import { autoencoder } from '../spec/networks/autoencoder.js'
import { googlenet, inceptionModule } from '../spec/networks/googlenet.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { mlp } from '../spec/networks/mlp.js'
import { perceptron } from '../spec/networks/perceptron.js'
import { lstmClassifier, rnnClassifier } from '../spec/networks/recurrent.js'
import { bottleneck } from '../spec/networks/resnet.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar, sizeOf, zipTensors } from '../spec/tensor.js'
import { initialParameters } from '../spec/training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../spec/training/step.js'

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

const inner = (a: Tensor, b: Tensor): number =>
  Array.from({ length: sizeOf(a.shape) }, (_, i) => a.data[i]! * b.data[i]!).reduce((s, v) => s + v, 0)

// ⟨c, y(p + hd) − y(p − hd)⟩/2h against ⟨Jᵀc, d⟩, for all parameters at once along one direction
const slopes = (network: Network) => {
  const feeds = feedsOf(network)
  const names = Object.keys(network.parameters)
  const { program, gradients } = right(differentiate(network.program, network.output, names))
  const y = right(run(network.program, feeds, [network.output]))[network.output]!
  const cotangent = normal('cotangent', y.shape)
  const along = Object.fromEntries(names.map((name) => [name, normal(`along ${name}`, feeds[name]!.shape)]))
  const moved = (h: number): number => {
    const there = names.map((name) => [name, zipTensors([feeds[name]!, along[name]!], (p, d) => p + h * d)] as const)
    const values = right(run(network.program, { ...feeds, ...Object.fromEntries(there) }, [network.output]))
    return inner(values[network.output]!, cotangent)
  }
  const back = right(run(program, { ...feeds, [gradientName(network.output)]: cotangent }, Object.values(gradients)))
  const h = 1e-6
  return {
    y,
    difference: (moved(h) - moved(-h)) / (2 * h),
    derivative: names.reduce((sum, name) => sum + inner(back[gradients[name]!]!, along[name]!), 0),
  }
}

const modes = [
  ['at inference', inference],
  ['in training', trainingBy(1)],
] as const

describe.each(modes)('the small networks, whole, %s', (_, mode) => {
  it.each([
    ['perceptron', perceptron(2, { mode }), [2, 1]],
    ['mlp', mlp(2, { mode }), [2, 10]],
    ['lenet5', lenet5(2, { mode }), [2, 10]],
    ['autoencoder', autoencoder(2, { mode }), [2, 1, 28, 28]],
    ['rnnClassifier', rnnClassifier(2, { steps: 4, inputs: 3, hidden: 5, classes: 3, mode }), [2, 3]],
    ['lstmClassifier', lstmClassifier(2, { steps: 4, inputs: 3, hidden: 5, classes: 3, mode }), [2, 3]],
  ] as const)('%s answers, and its gradients are the slopes of its answer', (_, network, shape) => {
    const { y, difference, derivative } = slopes(network)
    expect(y.shape).toEqual(shape)
    expect(derivative / difference).toBeCloseTo(1, 4)
  })

  // a few maps and pixels of each: what the large networks are built of
  // behind a layer that learns, whose gradient is the sum over all branches
  const images = (channels: number, blocks: readonly Block[]) =>
    sequential([2, channels, 5, 5], [convolution('before', [channels, channels], [1, 1]), ...blocks], mode)
  it.each([
    ['a bottleneck', images(3, [bottleneck({ inputs: 3, width: 2, stride: 2 }, 'first')])],
    ['an Inception module', images(3, [inceptionModule({ inputs: 3, one: 2, three: [2, 3], five: [1, 2], pool: 2 })])],
    ['squeeze and excitation', images(4, [squeezeExcite(4, 2)])],
    [
      'batch norm and dropout',
      images(2, [
        chain(convolution('conv', [2, 3], [3, 3]), batchNorm('bn', 3), dropout('first', 0.5), dropout('second', 0.75)),
        plainLayer('flat', 'flatten'),
        fullyConnected('fc', 27, 2),
      ]),
    ],
  ] as const)('%s has gradients that are slopes', (_, network) => {
    const { difference, derivative } = slopes(network)
    expect(derivative / difference).toBeCloseTo(1, 4)
  })
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
