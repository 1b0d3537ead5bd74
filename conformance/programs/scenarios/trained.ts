import { getOrThrow } from '../../../spec/error.js'
import { differentiate, gradientName } from '../../../spec/differentiate.js'
import type { OpName } from '../../../spec/catalogue.js'
import { draws, keyOf } from '../../../spec/philox.js'
import type { NodeAttribute, Program, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { generate } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { alone, link } from './behind.js'
import { chained } from './idioms.js'
import type { Attrs, Shapes } from './making.js'
import { node, numbers, reading } from './making.js'
import type { Optimizer } from './optimizers.js'
import { carryOf, keptShapes, optimizers, update } from './optimizers.js'

/** Networks as they are trained: the loss is answered and nothing else, and after some steps the weights are looked at. */

const units: readonly Link[] = [
  alone('relu'),
  alone('tanh'),
  alone('leakyRelu', { alpha: 0.25 }),
  alone('sigmoid'),
  alone('elu'),
  alone('softplus'),
]

const around = { padding: [1, 1, 1, 1] }
const product = (w: string, b?: string): Link => link('dense', (x) => ({ x, w, ...(b !== undefined && { b }) }))
const filter = (w: string, b?: string, attrs: Attrs = around): Link => link('conv2d', (x) => ({ x, w, ...(b !== undefined && { b }) }), attrs) // prettier-ignore
const normed = link('batchNormTraining', (x) => ({ x, gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' })) // prettier-ignore
const normedBy = (epsilon: NodeAttribute): Link => ({ ...normed, attrs: { epsilon } })
const halved = { window: [2, 2] }

/** A loss, what it is told of, and whether its targets are one class of each row. */
interface Loss {
  readonly op: OpName
  readonly scores: string
  readonly ofClasses: boolean
}

const entropy: Loss = { op: 'softmaxCrossEntropy', scores: 'logits', ofClasses: true }
const squares: Loss = { op: 'mse', scores: 'prediction', ofClasses: false }
const odds: Loss = { op: 'bceWithLogits', scores: 'logits', ofClasses: false }
const likelihood: Loss = { op: 'cce', scores: 'prediction', ofClasses: true }

interface Network {
  readonly shapes: Shapes
  readonly layers: (unit: Link) => readonly Link[]
  readonly loss: Loss
  readonly target: Shape
  /** how much of its first weights is added to the loss */
  readonly penalty?: number
}

/** Of maps of W channels, and of rows of W numbers, with five classes. */
const networksOf = (W: number): Readonly<Record<string, Network>> => {
  const rows: Shapes = { x: [4, W], w: [6, W], b: [6], v: [5, 6], c: [5] }
  const maps: Shapes = { x: [3, W, 6, 4], w: [4, W, 3, 3], b: [4], 'w too': [4, 4, 3, 3], gamma: [4], beta: [4], mean: [4], variance: [4] } // prettier-ignore
  const ends: Shapes = { v: [5, 4], c: [5] }
  const flat: Shapes = { v: [5, 24], c: [5] }
  return {
    perceptron: { shapes: rows, layers: (unit) => [product('w', 'b'), unit, product('v', 'c')], loss: entropy, target: [4, 5] }, // prettier-ignore
    regression: { shapes: rows, layers: (unit) => [product('w', 'b'), unit, product('v', 'c'), alone('sigmoid')], loss: squares, target: [4, 5], penalty: 0.5 }, // prettier-ignore
    'binary answers': { shapes: rows, layers: (unit) => [product('w'), unit, alone('dropout', { key: [3, 4], keep: 0.5 }), product('v')], loss: odds, target: [4, 5] }, // prettier-ignore
    shares: { shapes: rows, layers: (unit) => [product('w', 'b'), unit, product('v', 'c'), alone('softmax', { axis: -1 })], loss: likelihood, target: [4, 5] }, // prettier-ignore
    'with pools': { shapes: { ...maps, ...flat }, layers: (unit) => [filter('w', 'b'), unit, alone('maxPool2d', halved), alone('flatten'), product('v', 'c')], loss: entropy, target: [3, 5] }, // prettier-ignore
    'with means': { shapes: { ...maps, ...flat }, layers: (unit) => [filter('w', 'b'), unit, alone('avgPool2d', halved), alone('reshape', { shape: [3, 24] }), product('v', 'c')], loss: squares, target: [3, 5], penalty: 0.25 }, // prettier-ignore
    'with norms': { shapes: { ...maps, ...ends }, layers: (unit) => [filter('w'), normed, unit, filter('w too'), alone('globalAvgPool'), product('v', 'c')], loss: entropy, target: [3, 5] }, // prettier-ignore
    'norms last': { shapes: { ...maps, ...ends }, layers: (unit) => [filter('w', 'b'), unit, normed, alone('globalAvgPool'), product('v')], loss: entropy, target: [3, 5] }, // prettier-ignore
    // few numbers of each channel, and an ε that is another in every step
    'norms of rows': { shapes: { ...rows, gamma: [6], beta: [6], mean: [6], variance: [6], epsilon: [] }, layers: (unit) => [product('w'), normedBy({ feed: 'epsilon' }), unit, product('v', 'c')], loss: entropy, target: [4, 5] }, // prettier-ignore
    'turned maps': { shapes: { ...maps, u: [4, W, 3, 3] }, layers: (unit) => [filter('w', 'b'), unit, link('convTranspose2d', (x) => ({ x, w: 'u' }), around)], loss: squares, target: [3, W, 6, 4] }, // prettier-ignore
    strided: { shapes: { ...maps, ...flat }, layers: (unit) => [filter('w', undefined, { ...around, stride: [2, 2] }), unit, alone('flatten'), product('v', 'c')], loss: odds, target: [3, 5] }, // prettier-ignore
  }
}

const classes = (shape: Shape): Tensor => {
  const C = shape[1] as number
  return {
    shape,
    data: Float32Array.from(generate(shape, (i) => (i % C === (Math.floor(i / C) * 2) % C ? 1 : 0)).data),
  }
}

const centres: Readonly<Record<string, number>> = { gamma: 1, target: 0.5 }

/** Weights and images about 0, factors and variances about 1, and targets as the loss has them. */
const feedsOf = (shapes: Shapes, loss: Loss, turn: string, names: readonly string[]): Tensors =>
  Object.fromEntries(
    names.map((name) => {
      const shape = shapes[name] as Shape
      if (name === 'target' && loss.ofClasses) return [name, classes(shape)]
      if (name.startsWith('steps')) return [name, { shape, data: Float32Array.of(2) }]
      if (name === 'epsilon') return [name, { shape, data: Float32Array.of(2 ** -draws(keyOf(turn)).integer(3, 6)) }]
      if (name === gradientName('loss')) return [name, { shape, data: Float32Array.of(1) }]
      return [name, numbers(`${turn} ${name}`, shape, name.startsWith('variance') ? 1 : (centres[name] ?? 0))]
    }),
  )

/** The loss of a network, and a penalty of its first weights where it has one. */
const forwardOf = ({ shapes, layers, loss, target, penalty }: Network, unit: Link): Program => {
  const nodes = chained('layer', 'x', layers(unit))
  const last = nodes.at(-1)?.name ?? 'x'
  const told = node('told', loss.op, { [loss.scores]: last, target: 'target' })
  const all: readonly ProgramNode[] =
    penalty === undefined
      ? [...nodes, { ...told, name: 'loss', outputs: { loss: 'loss' } }]
      : [
          ...nodes,
          told,
          node('size', 'l2Penalty', { w: 'w' }, { beta: penalty }),
          node('loss', 'add', { a: 'told', b: 'size' }),
        ]
  return reading({ ...shapes, target }, all, ['loss'])
}

const fixed = ['x', 'target', 'mean', 'variance', 'epsilon']

const kinds: readonly Optimizer[] = [
  optimizers.sgd,
  optimizers.adam,
  optimizers.momentum,
  optimizers.rmsprop,
  optimizers.adamw,
  optimizers.adagrad,
]

const trainedBy = (network: Network, unit: Link, kind: Optimizer, seed: string): readonly Act[] => {
  const forward = forwardOf(network, unit)
  const weights = Object.keys(forward.inputs).filter((name) => !fixed.includes(name))
  const { program: both, gradients } = getOrThrow(differentiate(forward, 'loss', weights))
  const updates = weights.map((w) => update(kind, w, gradients[w] as string, { learningRate: 0.25 }))
  const inputs: Shapes = { ...both.inputs, ...keptShapes(kind, weights, both.inputs) }
  const training: Program = {
    ...both,
    inputs,
    nodes: [...both.nodes, ...updates],
    outputs: ['loss'],
    carry: Object.assign({}, ...updates.map(carryOf)) as Program['carry'],
  }
  const state = Object.keys(training.carry)
  const feeds = (turn: string, names: readonly string[]): Tensors =>
    feedsOf(inputs, network.loss, `${seed} ${turn}`, names)
  const step = (turn: number): Act => ({
    what: 'step',
    session: seed,
    feeds: feeds(`step ${turn}`, Object.keys(inputs).filter((name) => !state.includes(name))), // prettier-ignore
  })
  const gradientsAlone: Program = { ...both, outputs: ['loss', ...Object.values(gradients)] }
  return [
    ...[1, 2].map((turn): Act => ({ what: 'run', program: gradientsAlone, feeds: feeds(`run ${turn}`, Object.keys(both.inputs)) })), // prettier-ignore
    { what: 'open', session: seed, program: training, state: feeds('state', state) },
    step(1),
    { what: 'state', session: seed },
    step(2),
    step(3),
    { what: 'state', session: seed },
  ]
}

/** Each network with every third unit, and the optimizers by turns. */
export const asTrained = (W: number, seed: string): readonly Act[] =>
  Object.entries(networksOf(W)).flatMap(([name, network], i) =>
    [0, 1, 2].flatMap((turn) => {
      const [unit, kind] = [units[(i + 2 * turn) % units.length] as Link, kinds[(i + turn) % kinds.length] as Optimizer]
      return trainedBy(network, unit, kind, `${seed} ${name} ${turn}`)
    }),
  )
