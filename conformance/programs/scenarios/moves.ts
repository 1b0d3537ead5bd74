import type { OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import { showShape, sizeOf } from '../../../spec/tensor.js'
import type { Attrs, Named, Shapes } from './making.js'

/** What a node of a drawn program may be, with the attributes that networks have, and what stands behind what in networks. */

export interface Value {
  readonly name: string
  readonly shape: Shape
}

/** A node to be; what it reads and nothing has made is fed. */
export interface Step {
  readonly op: OpName
  readonly inputs: Named
  readonly attrs?: Attrs
  readonly fed?: Shapes
  /** of a step backward, what comes back */
  readonly cotangents?: Named
}

export interface Choices {
  readonly W: number
  /** one of some things, by the thread's numbers */
  readonly pick: <A>(from: readonly A[], by: 'second' | 'third', skip?: number) => A
  /** a value of a shape: one that was made or fed, or one that is fed anew under such a name */
  readonly given: (base: string, shape: Shape, by: 'second' | 'third', skip?: number) => Value
}
export type Move = (x: Value, choices: Choices) => Step | undefined

export const fedAs = (base: string, shape: Shape): Value => ({ name: `${base} ${showShape(shape)}`, shape })
export const shapesOf = (...values: readonly Value[]): Shapes => Object.fromEntries(values.map(({ name, shape }) => [name, shape])) // prettier-ignore

const ofRank =
  (ranks: readonly number[], move: Move): Move =>
  (x, choices) =>
    ranks.includes(x.shape.length) ? move(x, choices) : undefined

const alone =
  (op: OpName, ...attrs: readonly Attrs[]): Move =>
  (x, { pick }) => ({ op, inputs: { x: x.name }, attrs: attrs.length === 0 ? {} : pick(attrs, 'third') })

/** An op of an axis, which is any that there is. */
const along =
  (op: OpName): Move =>
  (x, { pick }) => ({ op, inputs: { x: x.name }, attrs: { axis: pick(Array.from(x.shape.keys()), 'third') } })

const together =
  (op: 'add' | 'mul'): Move =>
  (x, { pick, given }) => {
    const y = given('other', x.shape, 'second')
    const [a, b] = pick([true, false], 'third') ? [x, y] : [y, x]
    return { op, inputs: { a: a.name, b: b.name }, fed: shapesOf(y) }
  }

const joined: Move = (x, { pick, given }) => {
  const parts = [x, given('other', x.shape, 'second'), ...pick([[], [given('other', x.shape, 'third')]], 'second', 8)]
  const order = pick([parts, parts.toReversed()], 'third', 8)
  return {
    op: 'concat',
    inputs: Object.fromEntries(order.map(({ name }, i) => [`x${i}`, name])),
    attrs: { axis: pick(Array.from(x.shape.keys()), 'third', 2) },
    fed: shapesOf(...parts),
  }
}

/** A value cut in two along an axis: the way back of a join. */
const cut: Move = (x, { pick, given }) => {
  const axes = Array.from(x.shape.keys()).filter((axis) => (x.shape[axis] as number) > 1)
  if (axes.length === 0) return undefined
  const axis = pick(axes, 'third', 2)
  const extent = x.shape[axis] as number
  const first = pick([Math.floor(extent / 2), 1, Math.min(2, extent - 1), extent - 1], 'second', 2)
  const pieces = [first, extent - first].map((n) => x.shape.with(axis, n))
  const parts = pieces.map((shape, i) => given('piece', shape, i === 0 ? 'second' : 'third', 16))
  return {
    op: 'concat',
    inputs: Object.fromEntries(parts.map(({ name }, i) => [`x${i}`, name])),
    cotangents: { y: x.name },
    attrs: { axis },
    fed: shapesOf(...parts),
  }
}

const scaled: Move = ofRank([4], (x, { given }) => {
  const s = given('s', x.shape.slice(0, 2), 'second')
  return { op: 'scaleChannels', inputs: { x: x.name, s: s.name }, fed: shapesOf(s) }
})

/** A layer by weights of a shape and, half the time, a bias of so many numbers. */
const layer = (
  op: OpName,
  x: Value,
  weights: Shape,
  channels: number,
  attrs: Attrs,
  { pick, given }: Choices,
): Step => {
  // layers of one shape share their weights half the time
  const w = given(pick(['w', 'v'], 'third', 4), weights, 'second', 4)
  const b = pick([[], [given('b', [channels], 'third')]], 'third', 8)
  return {
    op,
    inputs: { x: x.name, w: w.name, ...(b[0] && { b: b[0].name }) },
    attrs,
    fed: shapesOf(w, ...b),
  }
}

interface Filter {
  readonly sides: readonly [number, number]
  readonly attrs?: Attrs
}
const filters: readonly Filter[] = [
  { sides: [1, 1] },
  { sides: [1, 1] },
  { sides: [1, 1], attrs: { stride: [2, 2] } },
  { sides: [3, 3], attrs: { padding: [1, 1, 1, 1] } },
  { sides: [3, 3], attrs: { padding: [1, 1, 1, 1] } },
  { sides: [3, 3], attrs: { padding: [1, 1, 1, 1], stride: [2, 2] } },
  { sides: [3, 3], attrs: { padding: [2, 2, 2, 2], dilation: [2, 2] } },
  { sides: [3, 3], attrs: { padding: [0, 1, 1, 0], stride: [1, 2] } },
  { sides: [2, 2], attrs: { stride: [2, 2] } },
  { sides: [1, 3], attrs: { padding: [0, 0, 1, 1] } },
]

const convolved: Move = ofRank([4], (x, choices) => {
  const { W, pick } = choices
  const [, C = 1] = x.shape
  const { sides, attrs = {} } = pick(filters, 'second')
  const groups = pick([1, 1, 1, C], 'third')
  const channels = groups === 1 ? W : C
  return layer('conv2d', x, [channels, C / groups, ...sides], channels, { ...attrs, ...(groups > 1 && { groups }) }, choices) // prettier-ignore
})
const turned: Move = ofRank([4], (x, choices) => {
  const { sides, attrs = {} } = choices.pick(filters, 'second')
  return layer('convTranspose2d', x, [x.shape[1] as number, choices.W, ...sides], choices.W, attrs, choices)
})
const ofRows: Move = ofRank([3], (x, choices) => {
  const attrs = choices.pick<Attrs>([{ padding: [1, 1] }, { stride: 2, padding: [2, 0] }], 'second')
  return layer('conv1d', x, [choices.W, x.shape[1] as number, 3], choices.W, attrs, choices)
})
const dense: Move = ofRank([2], (x, choices) =>
  layer('dense', x, [choices.W, x.shape[1] as number], choices.W, {}, choices),
)
const maxout: Move = ofRank([2], (x, { W, given }) => {
  const [w, b] = [given('w', [2, W, x.shape[1] as number], 'second', 4), given('b', [2, W], 'third')]
  return { op: 'maxout', inputs: { x: x.name, w: w.name, b: b.name }, fed: shapesOf(w, b) }
})

const windows: readonly Attrs[] = [
  { window: [2, 2] },
  { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
  { window: [1, 2] },
]

/** A norm; variances are no less than 0, and only such as are said to be are taken for one. */
const norm =
  (op: 'batchNormTraining' | 'batchNormInference'): Move =>
  (x, { given }) => {
    if (x.shape.length < 2 || sizeOf(x.shape.toSpliced(1, 1)) < 2) return undefined
    const shape = [x.shape[1] as number]
    const [gamma, beta] = [given('gamma', shape, 'third'), given('beta', shape, 'second')]
    const [mean, variance] = [given('mean', shape, 'second', 4), given('variance', shape, 'third', 4)]
    return {
      op,
      inputs: { x: x.name, gamma: gamma.name, beta: beta.name, runningMean: mean.name, runningVar: variance.name },
      fed: shapesOf(gamma, beta, mean, variance),
    }
  }

/** A recurrent net or its cell. Layers of one width share their weights, and one goes on where another ended. */
const recurrent =
  (op: 'rnn' | 'lstm' | 'gru', cell = false): Move =>
  (x, { W, given, pick }) => {
    const [N = 1, I = 1] = x.shape.slice(-2)
    if (x.shape.length !== (cell ? 2 : 3)) return undefined
    const gates = { rnn: 1, lstm: 4, gru: 3 }[op]
    const called = pick(['', 'other '], 'second', 8)
    const states = op === 'lstm' ? ['h', 'c'] : ['h']
    // each begins with its own state, or all with one
    const own = pick(['', `${called}${I} `], 'third', 8)
    const read: Readonly<Record<string, Value>> = {
      ...Object.fromEntries(
        states.map((state, i) => [
          cell ? state : `${state}0`,
          given(`${own}${state}`, [N, W], i === 0 ? 'second' : 'third'),
        ]),
      ),
      wIh: fedAs(`${called}wIh`, [gates * W, I]),
      wHh: fedAs(`${called}wHh`, [gates * W, W]),
      ...Object.fromEntries(
        (op === 'gru' ? ['bIh', 'bHh'] : ['b']).map((b) => [b, fedAs(`${called}b`, [gates * W])] as const),
      ),
    }
    return {
      op: cell ? (`${op}Cell` as OpName) : op,
      inputs: { x: x.name, ...Object.fromEntries(Object.entries(read).map(([slot, { name }]) => [slot, name])) },
      fed: shapesOf(...Object.values(read)),
    }
  }

const reshaped: Move = ({ name, shape }, { pick }) => {
  const shapes = [shape, shape, [1, ...shape], shape.toReversed(), [shape[0] as number, sizeOf(shape.slice(1))]]
  return { op: 'reshape', inputs: { x: name }, attrs: { shape: pick(shapes, 'third').slice(-4) } }
}

/** A loss of two values; shares are from 0 to 1. */
const loss =
  (op: OpName, slot: string, target: string): Move =>
  (x, { given }) => {
    const t = given(target, x.shape, 'second')
    return { op, inputs: { [slot]: x.name, target: t.name }, fed: shapesOf(t) }
  }

export const penalty: Move = (x, { pick }) => ({ op: 'l2Penalty', inputs: { w: x.name }, attrs: { beta: pick([0.5, 0.25], 'third') } }) // prettier-ignore

const times = (n: number, ...moves: readonly Move[]): readonly Move[] => moves.flatMap((move) => Array.from({ length: n }, () => move)) // prettier-ignore

const anyOf =
  (...some: readonly Move[]): Move =>
  (x, choices) =>
    choices.pick(some, 'second', 16)(x, choices)

const relu = alone('relu')
const add = together('add')
const mul = together('mul')
const leaky = alone('leakyRelu', { alpha: 0.25 }, { alpha: 0.5 })
const unit = anyOf(leaky, alone('sigmoid'), alone('tanh'), alone('elu'), alone('softplus'), leaky, alone('step'))
const dropout = alone('dropout', { keep: 0.5, key: [1, 2] }, { keep: 0.75, key: [5, 6], stream: 3 })
const flatten = ofRank([4], alone('flatten'))
const average = ofRank([4], alone('globalAvgPool'))
const largest = ofRank([4], alone('maxPool2d', ...windows))
const pooled = ofRank([4], anyOf(alone('maxPool2d', ...windows), alone('maxPool2d', ...windows), alone('avgPool2d', ...windows))) // prettier-ignore
const normed = anyOf(norm('batchNormInference'), norm('batchNormInference'), norm('batchNormTraining'))
const shares = anyOf(along('softmax'), along('softmax'), along('logSoftmax'))
/** What a network is trained by. */
export const losses: readonly Move[] = [
  loss('mse', 'prediction', 'other'),
  loss('bceWithLogits', 'logits', 'share'),
  ...times(2, ofRank([2], loss('softmaxCrossEntropy', 'logits', 'share'))),
  ofRank([2], loss('hinge', 'scores', 'share')),
]
const lossOfRows = ofRank([2], anyOf(...losses))
const sequence = anyOf(recurrent('rnn'), recurrent('lstm'), recurrent('gru'))
const cell = anyOf(recurrent('lstm', true), recurrent('gru', true))

/** What the next node may be; what stands more than once comes more often. */
export const moves: readonly Move[] = [
  ...times(3, relu, convolved, dense),
  ...times(2, add, joined, cut, reshaped, scaled, turned),
  mul,
  maxout,
  ofRows,
  alone('sigmoid'),
  alone('tanh'),
  alone('elu'),
  alone('softplus'),
  alone('step'),
  leaky,
  dropout,
  along('softmax'),
  along('logSoftmax'),
  flatten,
  largest,
  ofRank([4], alone('avgPool2d', ...windows)),
  average,
  ofRank([4], alone('localResponseNorm')),
  norm('batchNormTraining'),
  norm('batchNormInference'),
  recurrent('rnn'),
  recurrent('lstm'),
  recurrent('gru'),
  recurrent('lstm', true),
  recurrent('gru', true),
  loss('mse', 'prediction', 'other'),
  loss('bceWithLogits', 'logits', 'share'),
  ofRank([2], loss('softmaxCrossEntropy', 'logits', 'share')),
  ofRank([2], loss('hinge', 'scores', 'share')),
  penalty,
]

/** What networks begin with. */
export const starts: readonly Move[] = [
  ...times(12, convolved, dense),
  ...times(6, sequence),
  ...times(3, turned, ofRows, cell),
  relu,
  unit,
  add,
  mul,
  joined,
  normed,
  pooled,
  reshaped,
  scaled,
  shares,
]

const ofMaps = [...times(5, relu), ...times(4, normed, add), ...times(2, unit, convolved, joined, scaled), cut, pooled, mul, average, dropout, turned] // prettier-ignore
const ofUnits = [...times(8, convolved, dense), ...times(2, pooled, add, joined, normed, mul), average, dropout, flatten, scaled, turned, ofRows, maxout] // prettier-ignore
const ofPools = [...times(6, convolved), ...times(3, flatten), ...times(2, relu, normed, add, joined), average, turned, mul] // prettier-ignore
const ofCopies = [...times(6, dense, convolved), ...times(3, relu), ...times(2, joined, unit, add, normed, shares), reshaped, mul, sequence, pooled, average] // prettier-ignore

/** What stands right behind an op in networks, that what is likely in them meets often, and several times in a row. */
export const behind: Readonly<Partial<Record<OpName, readonly Move[]>>> = {
  conv2d: ofMaps,
  convTranspose2d: ofMaps,
  conv1d: [...times(2, relu, normed, add, unit), joined, ofRows, scaled, mul, sequence],
  dense: [...times(5, relu), ...times(3, unit, add), ...times(2, mul, dense, normed), shares, dropout, joined, cut, cut, maxout, lossOfRows, reshaped, cell, shares], // prettier-ignore
  maxout: [dense, dropout, add, lossOfRows, normed],
  batchNormInference: [...times(4, relu), ...times(2, unit, add, convolved), joined, scaled, pooled, mul, dense],
  batchNormTraining: [...times(4, relu), ...times(2, unit, add, convolved), joined, scaled, pooled, mul, dense],
  scaleChannels: [...times(2, relu, add), unit, convolved, average, mul, joined],
  relu: ofUnits,
  leakyRelu: ofUnits,
  elu: ofUnits,
  sigmoid: [...times(3, mul, scaled), dense, convolved, add],
  tanh: [...times(2, mul, dense), convolved, add, joined],
  softplus: [mul, dense, add],
  dropout: [...times(2, dense, convolved), add, relu, flatten, sequence],
  add: [...times(4, relu), ...times(2, normed, convolved, dense, add, unit), joined, mul, pooled, shares, reshaped, average], // prettier-ignore
  mul: [...times(3, add), ...times(2, relu, dense, joined, mul), shares, convolved, reshaped, unit],
  maxPool2d: ofPools,
  avgPool2d: ofPools,
  localResponseNorm: ofPools,
  globalAvgPool: [...times(3, dense), relu, joined, reshaped, unit, scaled, mul],
  flatten: ofCopies,
  reshape: ofCopies,
  concat: ofCopies,
  softmax: [...times(2, mul, dense), add, joined, reshaped],
  rnn: [...times(2, sequence, dropout, reshaped), add, joined],
  lstm: [...times(2, sequence, dropout, reshaped), add, joined],
  gru: [...times(2, sequence, dropout, reshaped), add, joined],
  lstmCell: [...times(2, cell, dense), add, joined, dropout],
  gruCell: [...times(2, cell, dense), add, joined, dropout],
}
