import { differentiate } from '../../../spec/differentiate.js'
import { getOrThrow } from '../../../spec/error.js'
import type { OpName } from '../../../spec/catalogue.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { generate, scalar, sizeOf } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { fed, integers, node, numbers, program, written } from './making.js'

/** Weights and gradients as training has them: shared, penalized, gathered over steps, and back through norms. */

type Names = Readonly<Record<string, string>>

const bothWays = (of: Program, last: string, wrt: readonly string[]) => getOrThrow(differentiate(of, last, wrt))

const drawn = (of: Program, names: readonly string[], seed: string): Tensors =>
  Object.fromEntries(names.map((name) => [name, numbers(`${seed} ${name}`, of.inputs[name] as Shape)]))

/** Steps of a session in which everything is watched, between them one in which nothing is, and the program by itself twice. */
const trained = (name: string, of: Program, seed: string, fixed: Tensors = {}): readonly Act[] => {
  const state = Object.keys(of.carry)
  const names = Object.keys(of.inputs).filter((one) => !state.includes(one))
  const feeds = (turn: number): Tensors => ({ ...drawn(of, names, `${seed} ${turn}`), ...fixed })
  const all = [...state, ...written(of)]
  const alone = (turn: number): Act => ({
    what: 'run',
    program: of,
    feeds: { ...feeds(turn), ...drawn(of, state, `${seed} ${turn}`) },
    watch: all,
  })
  return [
    alone(11),
    { what: 'open', session: name, program: of, state: drawn(of, state, seed) },
    ...[1, 2, 3].map((turn): Act => ({ what: 'step', session: name, feeds: feeds(turn), watch: all })),
    { what: 'state', session: name },
    alone(12),
  ]
}

const activated = (name: string, x: string): ProgramNode => node(name, 'relu', { x })

/** One weight in several layers: penalized, and renewed by the sum of its gradients, by each of the optimizers. */
export const sharedWeights = (W: number, seed: string): readonly Act[] =>
  [1, 2, 3].flatMap((uses) => {
    const layers = Array.from({ length: uses }, (_, i): readonly ProgramNode[] => [
      node(`layer ${i + 1}`, 'dense', { x: i === 0 ? 'x' : `unit ${i}`, w: 'w', b: 'b' }),
      activated(`unit ${i + 1}`, `layer ${i + 1}`),
    ]).flat()
    const forward = program(
      { x: [4, W], target: [4, W], w: [W, W], b: [W], rate: [] },
      [
        ...layers,
        node('error', 'mse', { prediction: `unit ${uses}`, target: 'target' }),
        node('penalty', 'l2Penalty', { w: 'w' }, { beta: 0.25 }),
        node('loss', 'add', { a: 'error', b: 'penalty' }),
      ],
      ['loss'],
    )
    const { program: both, gradients, seed: pull } = bothWays(forward, 'loss', ['w', 'b'])
    const step = (name: string): ProgramNode =>
      node(`${name} next`, 'sgd', { w: name, g: gradients[name] as string }, { learningRate: { feed: 'rate' } })
    const of: Program = {
      ...both,
      nodes: [...both.nodes, step('w'), step('b')],
      outputs: ['loss', 'penalty'],
      carry: { w: 'w next', b: 'b next' },
    }
    return trained(`${uses} uses`, of, `${seed} ${uses}`, { [pull]: scalar(1), rate: scalar(0.5) })
  })

/** Gradients that are added up over steps, and a weight that is renewed by them. */
export const gathered = (W: number, seed: string): readonly Act[] => {
  const forward = program(
    { x: [4, W], w: [W, W] },
    [node('h', 'dense', { x: 'x', w: 'w' }), activated('y', 'h')],
    ['y'],
  )
  const { program: both, gradients } = bothWays(forward, 'y', ['w'])
  const gradient = gradients['w'] as string
  const of: Program = {
    ...both,
    inputs: { ...both.inputs, sum: [W, W], 'sum turned': [W, W], rate: [] },
    nodes: [
      ...both.nodes,
      node('sum next', 'add', { a: 'sum', b: gradient }),
      node('sum turned next', 'add', { a: gradient, b: 'sum turned' }),
      node('w next', 'sgd', { w: 'w', g: 'sum next' }, { learningRate: { feed: 'rate' } }),
    ],
    outputs: ['y'],
    carry: { w: 'w next', sum: 'sum next', 'sum turned': 'sum turned next' },
  }
  return trained('one', of, seed, { rate: scalar(0.125) })
}

const lossesOf: Readonly<Partial<Record<OpName, string>>> = {
  softmaxCrossEntropy: 'logits',
  bceWithLogits: 'logits',
  mse: 'prediction',
  hinge: 'scores',
}

/** Two losses of the same scores, of which one is only looked at. */
export const lossesBeside = (W: number, seed: string): readonly Act[] => {
  const names = Object.keys(lossesOf) as readonly OpName[]
  return names.flatMap((trainedBy) =>
    names.flatMap((beside) =>
      ['before', 'behind'].flatMap((where): readonly Act[] => {
        const loss = (name: string, op: OpName, target: string): ProgramNode =>
          node(name, op, { [lossesOf[op] as string]: 'scores', target })
        const two = [loss('loss', trainedBy, 'target'), loss('looked at', beside, 'other')]
        const forward = program(
          { x: [5, W], target: [5, W], other: [5, W] },
          [activated('scores', 'x'), ...(where === 'before' ? two.toReversed() : two)],
          ['loss'],
        )
        const { program: both, gradients, seed: pull } = bothWays(forward, 'loss', ['x'])
        const of: Program = { ...both, outputs: ['loss', 'looked at', gradients['x'] as string] }
        const targets = (turn: number): Tensors =>
          Object.fromEntries(
            ['target', 'other'].map((name, i) => [name, generate([5, W], (at) => ((at + i + turn) % 3 === 0 ? 1 : 0))]),
          )
        return [1, 2].map((turn): Act => ({
          what: 'run',
          program: of,
          feeds: {
            ...fed(of.inputs, ['x'], `${seed} ${trainedBy} ${beside} ${where} ${turn}`),
            ...targets(turn),
            [pull]: scalar(turn),
          },
          watch: written(of),
        }))
      }),
    ),
  )
}

/** Back through norms: of what others read as well, by factors that two of them share, and between layers. */
export const normsBack = (W: number, seed: string): readonly Act[] => {
  const norm = (name: string, x: string, of = name): ProgramNode =>
    node(
      name,
      'batchNormTraining',
      { x, gamma: `gamma of ${of}`, beta: `beta of ${of}`, runningMean: 'mean', runningVar: 'var' },
      { epsilon: 0.125 },
      { y: name },
    )
  const conv = (name: string, x: string, w: string): ProgramNode =>
    node(name, 'conv2d', { x, w }, { padding: [1, 1, 1, 1] })
  const nets: readonly (readonly ProgramNode[])[] = [
    [norm('one', 'x'), node('bent', 'tanh', { x: 'x' }), node('last', 'mul', { a: 'one', b: 'bent' })],
    [node('bent', 'tanh', { x: 'x' }), norm('one', 'x'), node('last', 'add', { a: 'bent', b: 'one' })],
    [norm('one', 'x'), activated('bent', 'one'), norm('last', 'bent', 'one')],
    [norm('one', 'x'), norm('two', 'x'), node('last', 'mul', { a: 'one', b: 'two' })],
    [
      conv('first', 'x', 'w'),
      norm('one', 'first'),
      activated('bent', 'one'),
      conv('second', 'bent', 'v'),
      norm('two', 'second'),
      node('sum', 'add', { a: 'two', b: 'x' }),
      activated('last', 'sum'),
    ],
  ]
  return nets.flatMap((nodes, i) => {
    const read = new Set(nodes.flatMap(({ inputs }) => Object.values(inputs)))
    const maps: Shape = [3, W, 4, 5]
    const shapes: Readonly<Record<string, Shape>> = {
      x: maps,
      w: [W, W, 3, 3],
      v: [W, W, 3, 3],
      ...Object.fromEntries(
        ['gamma of one', 'beta of one', 'gamma of two', 'beta of two', 'mean', 'var'].map((name) => [name, [W]]),
      ),
    }
    const forward = program(Object.fromEntries(Object.entries(shapes).filter(([name]) => read.has(name))), nodes, [
      'last',
    ])
    const wrt = Object.keys(forward.inputs).filter((name) => !['mean', 'var'].includes(name))
    const { program: both, gradients } = bothWays(forward, 'last', wrt)
    const of: Program = { ...both, outputs: ['last', ...new Set(Object.values(gradients))] }
    return [1, 2].map((turn): Act => ({
      what: 'run',
      program: of,
      feeds: {
        ...drawn(of, Object.keys(of.inputs), `${seed} ${i} ${turn}`),
        var: generate([W], (c) => 1 + (c % 3)),
      },
      watch: written(of),
    }))
  })
}

/** Outputs of one node beside each other: added, multiplied, one gating the other, joined. */
export const severalOutputs = (W: number, seed: string): readonly Act[] => {
  const N = 3
  const cell = (op: OpName, outputs: readonly string[], inputs: Names): ProgramNode =>
    node(op, op, inputs, {}, Object.fromEntries(outputs.map((output) => [output, `${op} ${output}`])))
  const made: readonly ProgramNode[] = [
    cell('lstmCell', ['h', 'c'], { x: 'x', h: 'h', c: 'c', wIh: 'w of 4', wHh: 'v of 4', b: 'b of 4' }),
    cell('momentum', ['w', 'velocity'], { w: 'x', g: 'h', velocity: 'c' }),
    cell('rmsprop', ['w', 'meanSquare'], { w: 'x', g: 'h', meanSquare: 'positive' }),
  ].map((one) => (one.op === 'lstmCell' ? one : { ...one, attrs: { learningRate: 0.5 } }))
  const pairs = made.flatMap(({ outputs }) => {
    const [a, b] = Object.values(outputs) as [string, string]
    return [
      [a, b],
      [b, a],
    ] as const
  })
  const nodes = pairs.flatMap(([a, b]): readonly ProgramNode[] => [
    node(`gate of ${b}`, 'sigmoid', { x: b }),
    node(`${a} gated by ${b}`, 'mul', { a, b: `gate of ${b}` }),
    node(`${a} gating turned by ${b}`, 'mul', { a: `gate of ${b}`, b: a }),
    node(`${a} and ${b} added`, 'add', { a, b }),
    node(`${a} and ${b} multiplied`, 'mul', { a, b }),
    node(`${a} and ${b} joined`, 'concat', { x0: a, x1: b }, { axis: 1 }),
    node(`${a} with itself`, 'mul', { a, b: a }),
  ])
  const of = program(
    {
      ...Object.fromEntries(['x', 'h', 'c', 'positive'].map((name) => [name, [N, W]])),
      ...Object.fromEntries(['w of 4', 'v of 4'].map((name) => [name, [4 * W, W]])),
      'b of 4': [4 * W],
    },
    [...made, ...nodes],
    nodes.map(({ name }) => name),
  )
  return [1, 2].map((turn): Act => ({
    what: 'run',
    program: of,
    feeds: {
      ...drawn(of, Object.keys(of.inputs), `${seed} ${turn}`),
      positive: numbers(`${seed} ${turn} positive`, [N, W], 1),
    },
    watch: written(of),
  }))
}

/** What comes back of a join is its parts: added, and joined once more in their order and in another. */
export const cutAndJoined = (W: number, seed: string): readonly Act[] => {
  const orders = ['01', '10', '012', '021', '102', '120', '201', '210']
  const chains = [0, 1, 2].flatMap((axis) =>
    orders.flatMap((order): readonly ProgramNode[] => {
      const parts = Array.from({ length: order.length }, (_, i) => i)
      const called = `${order} along ${axis}`
      const inputs = Object.fromEntries(parts.map((i) => [`x${i}`, `part ${i}`]))
      return [
        {
          name: `cut ${called}`,
          op: 'concat',
          direction: 'backward',
          attrs: { axis },
          inputs,
          cotangents: { y: `whole of ${order.length} along ${axis}` },
          outputs: Object.fromEntries(parts.map((i) => [`x${i}`, `piece ${i} of ${called}`])),
        },
        node(`joined ${called}`, 'concat', Object.fromEntries(parts.map((i) => [`x${i}`, `piece ${order[i] ?? ''} of ${called}`])), { axis }), // prettier-ignore
      ]
    }),
  )
  const part: Shape = [2, W, 4]
  const of = program(
    {
      ...Object.fromEntries([0, 1, 2].map((i) => [`part ${i}`, part])),
      ...Object.fromEntries(
        [2, 3].flatMap((count) =>
          [0, 1, 2].map((axis) => [`whole of ${count} along ${axis}`, part.with(axis, count * (part[axis] as number))]),
        ),
      ),
    },
    chains,
    chains.flatMap(({ name }) => (name.startsWith('joined') ? [name] : [])),
  )
  return [1, 2].map((turn): Act => ({ what: 'run', program: of, feeds: fed(of.inputs, Object.keys(of.inputs), `${seed} ${turn}`) })) // prettier-ignore
}

/** So many blocks one behind the other that gradients of hundreds of nodes are in memory, some of them for long. */
export const longWayBack = (W: number, seed: string): readonly Act[] => {
  const blocks = 56
  const nodes = Array.from({ length: blocks }, (_, i): readonly ProgramNode[] => {
    const u = i === 0 ? 'x' : `block ${i}`
    const at = i + 1
    // max(u, 0) − max(−u, 0) is u
    return [
      node(`turned ${at}`, 'mul', { a: u, b: 'minus' }),
      activated(`above ${at}`, u),
      activated(`below ${at}`, `turned ${at}`),
      node(`turned back ${at}`, 'mul', { a: `below ${at}`, b: 'minus' }),
      node(`block ${at}`, 'add', { a: `above ${at}`, b: `turned back ${at}` }),
    ]
  }).flat()
  const last = `block ${blocks}`
  const forward = program({ x: [2, W], minus: [2, W] }, nodes, [last])
  const { program: both, gradients } = bothWays(forward, last, ['x'])
  const of: Program = { ...both, outputs: [last, gradients['x'] as string] }
  const minus = { shape: [2, W], data: new Float32Array(sizeOf([2, W])).fill(-1) }
  return [1, 2].map((turn): Act => ({
    what: 'run',
    program: of,
    feeds: { ...fed(of.inputs, Object.keys(of.inputs), `${seed} ${turn}`), minus },
  }))
}

/** Hundreds of nodes, and rates, counts and slopes that are fed and others in every run and step. */
export const longSteps = (W: number, seed: string): readonly Act[] => {
  const shape: Shape = [2, W]
  const length = 260
  // −(−x), with a slope that is fed at either end
  const turned = Array.from({ length }, (_, i) =>
    node(`turned ${i + 1}`, 'mul', { a: i === 0 ? 'bent' : `turned ${i}`, b: 'minus' }),
  )
  const nodes = [
    node('bent', 'leakyRelu', { x: 'x' }, { alpha: { feed: 'slope' } }),
    ...turned,
    node('g', 'leakyRelu', { x: `turned ${length}` }, { alpha: { feed: 'slope' } }),
    node('w next', 'sgd', { w: 'w', g: 'g' }, { learningRate: { feed: 'rate' } }),
    node(
      'u next',
      'adam',
      { w: 'u', g: 'g', m: 'm', v: 'v', step: 'count' },
      { learningRate: { feed: 'rate' } },
      { w: 'u next', m: 'm next', v: 'v next' },
    ),
  ]
  const inputs = { x: shape, minus: shape, w: shape, u: shape, m: shape, v: shape, slope: [], rate: [], count: [] }
  const state = { w: 'w next', u: 'u next', m: 'm next', v: 'v next' }
  const of = program(inputs, nodes, ['w next', 'u next'], state)
  const ones = (value: number): Tensor => ({ shape, data: new Float32Array(2 * W).fill(value) })
  const feeds = (turn: number): Tensors => ({
    x: integers(`${seed} x ${turn}`, shape),
    minus: ones(-1),
    slope: scalar([0.5, 0.25, 2][turn % 3] as number),
    rate: scalar([0.5, 0.125, 0.25, 0.5][turn % 4] as number),
    count: scalar(turn),
  })
  const states: Tensors = { w: integers(`${seed} w`, shape), u: integers(`${seed} u`, shape), m: ones(0.5), v: ones(2) }
  return [
    ...[0, 1, 2].map((turn): Act => ({ what: 'run', program: of, feeds: { ...feeds(turn), ...states } })),
    { what: 'open', session: 'one', program: of, state: states },
    ...[3, 4, 5].map((turn): Act => ({ what: 'step', session: 'one', feeds: feeds(turn) })),
    { what: 'state', session: 'one' },
  ]
}
