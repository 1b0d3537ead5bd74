import { differentiate } from '../../spec/differentiate.js'
import { getOrThrow } from '../../spec/error.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import {
  batchNorm,
  convolution,
  fullyConnected,
  initialKept,
  plainLayer,
  sequential,
  trainingBy,
} from '../../spec/networks/network.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { NodeAttribute, Program, ProgramNode } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, scalar } from '../../spec/tensor.js'
import { initialState, stepFeeds, trainingProgram } from '../../training/step.js'
import { everyValue } from '../lockstep.js'
import type { Act, Scenario } from './scenario.js'
import { scenario } from './scenario.js'

/**
 * The programs that every backend is asked. Most hold small integers, of which nothing rounds, so that what is wrong shows
 * even where a value was not asked for. Each is narrow, and then wide: more than a workgroup takes, and no multiple of it.
 */

const widths = [3, 67] as const
// of square matrices
const sides = [3, 9] as const

const node = (
  name: string,
  op: OpName,
  inputs: Readonly<Record<string, string>>,
  attrs: Readonly<Record<string, NodeAttribute>> = {},
  outputs: Readonly<Record<string, string>> = { [Object.keys(opOf(op).outputs)[0] as string]: name },
): ProgramNode => ({ name, op, direction: 'forward', attrs, inputs, cotangents: {}, outputs })

const program = (
  inputs: Readonly<Record<string, Shape>>,
  nodes: readonly ProgramNode[],
  outputs: readonly string[],
  carry: Readonly<Record<string, string>> = {},
): Program => ({ inputs, nodes, outputs, carry })

/** Integers from −2 to 2. */
const integers = (name: string, shape: Shape): Tensor => {
  const draw = draws(keyOf(name))
  return generate(shape, () => draw.integer(-2, 2))
}

/** Numbers in f32, uniform from −½ to ½ about a centre. */
const numbers = (name: string, shape: Shape, centre = 0): Tensor => {
  const draw = draws(keyOf(name))
  return generate(shape, () => Math.fround(centre + draw.uniform() - 0.5))
}

/** Integers for some names, those of a turn. */
const fed = (shapes: Readonly<Record<string, Shape>>, names: readonly string[], turn: string): Tensors =>
  Object.fromEntries(names.map((name) => [name, integers(`${turn} ${name}`, shapes[name] as Shape)]))

/** What the nodes write. */
const written = ({ nodes }: Program): readonly string[] => nodes.flatMap(({ outputs }) => Object.values(outputs))

/** Runs of a program with the feeds of each turn: all values watched, then its outputs alone, then some values. */
const runs = (of: Program, seed: string, ...some: readonly (readonly string[])[]): readonly Act[] => {
  const feeds = (turn: number): Tensors => fed(of.inputs, Object.keys(of.inputs), `${seed} ${turn}`)
  return [
    { what: 'run', program: of, feeds: feeds(1), watch: written(of) },
    { what: 'run', program: of, feeds: feeds(1) },
    { what: 'run', program: of, feeds: feeds(2) },
    ...some.map((watch, i): Act => ({ what: 'run', program: of, feeds: feeds(3 + i), watch })),
  ]
}

const first = (acts: readonly Act[]): Program => {
  const act = acts.find((one) => 'program' in one)
  if (act === undefined) throw new Error('a scenario without a program')
  return act.program
}

const inBothWidths = (
  name: string,
  about: string,
  acts: (width: number, seed: string) => readonly Act[],
  seed: number,
  of: readonly number[] = widths,
): Scenario => {
  const all = of.flatMap((width) => acts(width, `program ${name}, ${width} wide, ${seed}`))
  return scenario(name, about, first(all), all)
}

const diamond = (W: number, seed: string): readonly Act[] =>
  runs(
    program(
      { x: [2, W], y: [2, W] },
      [
        node('left', 'relu', { x: 'x' }),
        node('right', 'add', { a: 'x', b: 'y' }),
        node('bottom', 'mul', { a: 'left', b: 'right' }),
        node('again', 'add', { a: 'bottom', b: 'left' }),
      ],
      ['again'],
    ),
    seed,
    ['right', 'again'],
  )

const fanOut = (W: number, seed: string): readonly Act[] => {
  // h is read three times, w and x twice
  const forward = program(
    { x: [2, W], w: [W, W], b: [W] },
    [
      node('h', 'dense', { x: 'x', w: 'w', b: 'b' }),
      node('u', 'relu', { x: 'h' }),
      node('v', 'add', { a: 'h', b: 'u' }),
      node('s', 'add', { a: 'v', b: 'h' }),
      node('k', 'mul', { a: 's', b: 'x' }),
      node('t', 'dense', { x: 'k', w: 'w' }),
    ],
    ['t'],
  )
  const { program: both, gradients } = getOrThrow(differentiate(forward, 't', ['x', 'w', 'b']))
  return runs({ ...both, outputs: ['t', ...Object.values(gradients)] }, seed, [gradients['w'] as string])
}

const secondGradients = (W: number, seed: string): readonly Act[] => {
  // the gradient of what a step of gradient descent comes to: through gradients of products, of a smooth unit and of a loss
  const layers = (of: string, w: string): readonly ProgramNode[] => [
    node(`${of}.h`, 'dense', { x: 'x', w, b: 'b' }),
    node(`${of}.t`, 'tanh', { x: `${of}.h` }),
    node(`${of}.loss`, 'softmaxCrossEntropy', { logits: `${of}.t`, target: 'target' }),
  ]
  const forward = program({ x: [2, W], w: [W, W], b: [W], target: [2, W], rate: [W, W] }, layers('first', 'w'), [])
  const inner = getOrThrow(differentiate(forward, 'first.loss', ['w']))
  const stepped: Program = {
    ...inner.program,
    nodes: [
      ...inner.program.nodes,
      node('change', 'mul', { a: 'rate', b: inner.gradients['w'] as string }),
      node('w.next', 'add', { a: 'w', b: 'change' }),
      ...layers('second', 'w.next'),
    ],
  }
  const { program: both, gradients } = getOrThrow(differentiate(stepped, 'second.loss', ['w', 'x', 'rate']))
  const of: Program = { ...both, outputs: ['second.loss', ...Object.values(gradients)] }
  // every value is looked at: between an unrounded input and a gradient of a gradient all of them round
  return [1, 2].map((turn) => ({
    what: 'run',
    program: of,
    feeds: fed(of.inputs, Object.keys(of.inputs), `${seed} ${turn}`),
    watch: written(of),
  }))
}

const attributes = (W: number, seed: string): readonly Act[] => {
  const padded = (name: string, ...padding: readonly number[]): ProgramNode =>
    node(name, 'conv2d', { x: 'x', w: 'w' }, { padding })
  const dropped = (name: string, stream: number): ProgramNode =>
    node(name, 'dropout', { x: 'x' }, { keep: 0.5, key: [1, 2], stream })
  const nodes = [
    padded('top', 1, 0, 0, 0),
    padded('bottom', 0, 1, 0, 0),
    node('strided', 'conv2d', { x: 'x', w: 'w' }, { stride: [1, 2] }),
    node('dilated', 'conv2d', { x: 'x', w: 'w' }, { dilation: [2, 1] }),
    node('high', 'maxPool2d', { x: 'x' }, { window: [2, 1], stride: [1, 1] }),
    node('broad', 'maxPool2d', { x: 'x' }, { window: [1, 2], stride: [1, 1] }),
    dropped('one stream', 1),
    dropped('another', 2),
    node('earlier', 'add', { a: 'tall', b: 'tall' }),
    node('below', 'concat', { x0: 'p', x1: 'q' }, { axis: 0 }),
    node('beside', 'concat', { x0: 'p', x1: 'q' }, { axis: 1 }),
    // of what several launches may make, by itself and beside what was there before
    node('positive', 'relu', { x: 'beside' }),
    node('later', 'mul', { a: 'earlier', b: 'below' }),
    node('product', 'dense', { x: 'p', w: 'q' }),
    node('leaky', 'leakyRelu', { x: 'product' }, { alpha: 0.5 }),
    node('leakier', 'leakyRelu', { x: 'leaky' }, { alpha: 0.25 }),
  ]
  return runs(
    program(
      { x: [1, 2, 5, W], w: [2, 2, 2, 2], p: [W, W], q: [W, W], tall: [2 * W, W] },
      nodes,
      nodes.map(({ name }) => name),
    ),
    seed,
    ['beside', 'bottom', 'another'],
  )
}

const operands = (W: number, seed: string): readonly Act[] =>
  runs(
    program(
      { a: [W, W], b: [W, W] },
      [
        node('ab', 'dense', { x: 'a', w: 'b' }),
        node('ba', 'dense', { x: 'b', w: 'a' }),
        node('aa', 'dense', { x: 'a', w: 'a' }),
        node('joined', 'concat', { x0: 'ba', x1: 'aa', x2: 'ab' }, { axis: 0 }),
        node('sum', 'add', { a: 'ab', b: 'aa' }),
        node('y', 'mul', { a: 'sum', b: 'ba' }),
      ],
      ['joined', 'y'],
    ),
    seed,
    ['ba', 'y'],
  )

const sizes = (W: number, seed: string): readonly Act[] => {
  const norm = (name: string, x: string, C: string): ProgramNode =>
    node(
      name,
      'batchNormTraining',
      { x, gamma: `gamma ${C}`, beta: `beta ${C}`, runningMean: `mean ${C}`, runningVar: `var ${C}` },
      {},
      { y: name, runningMean: `mean after ${name}`, runningVar: `var after ${name}` },
    )
  const channels = (C: string, extent: number): Readonly<Record<string, Shape>> =>
    Object.fromEntries(['gamma', 'beta', 'mean', 'var'].map((name) => [`${name} ${C}`, [extent]]))
  const of = program(
    {
      large: [9 * W, 5],
      'its target': [9 * W, 5],
      small: [2, 3],
      'target of that': [2, 3],
      wide: [2, W, 3, 3],
      thin: [3, 2, 2, 2],
      ...channels('wide', W),
      ...channels('thin', 2),
    },
    [
      node('first loss', 'softmaxCrossEntropy', { logits: 'large', target: 'its target' }),
      node('second loss', 'softmaxCrossEntropy', { logits: 'small', target: 'target of that' }),
      node('first error', 'mse', { prediction: 'small', target: 'target of that' }),
      node('second error', 'mse', { prediction: 'large', target: 'its target' }),
      norm('first norm', 'wide', 'wide'),
      norm('second norm', 'thin', 'thin'),
      node('pooled', 'globalAvgPool', { x: 'wide' }),
      node('pooled thin', 'globalAvgPool', { x: 'thin' }),
    ],
    ['first loss', 'second error', 'second norm'],
  )
  return runs(of, seed, ['first norm', 'second loss', 'pooled'])
}

const kept = (W: number, seed: string): readonly Act[] => {
  const back = (
    name: string,
    op: OpName,
    inputs: Readonly<Record<string, string>>,
    cotangents: Readonly<Record<string, string>>,
    attrs: ProgramNode['attrs'] = {},
  ): ProgramNode => {
    const [by = ''] = opOf(op).differentiable
    return { name, op, direction: 'backward', attrs, inputs, cotangents, outputs: { [by]: name } }
  }
  const pools = [
    { name: 'overlapping', x: 'image', attrs: { window: [3, 3], stride: [2, 2] } },
    { name: 'apart', x: 'image', attrs: { window: [2, 2] } },
    { name: 'tiling', x: 'even', attrs: { window: [2, 2] } },
    { name: 'overlapping, the last of ties', x: 'image', attrs: { window: [3, 3], stride: [2, 2], ties: 'last' } },
    { name: 'tiling, the last of ties', x: 'even', attrs: { window: [2, 2], ties: 'last' } },
    { name: 'overlapping, padded', x: 'image', attrs: { window: [2, 3], stride: [1, 2], padding: [1, 0, 1, 1] } },
    { name: 'overlapping, shared', x: 'even', attrs: { window: [3, 2], stride: [2, 2], ties: 'share' } },
  ] as const
  const scores = { logits: 'logits', target: 'target' }
  const norm = (name: string, x: string): readonly ProgramNode[] => {
    const inputs = { x, gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'var' }
    return [
      node(name, 'batchNormTraining', inputs, { epsilon: 0.5 }),
      node(`${name}, doubled`, 'add', { a: name, b: name }),
      {
        ...node(`d ${name}`, 'batchNormTraining', inputs, { epsilon: 0.5 }),
        direction: 'backward',
        cotangents: { y: `${name}, doubled` },
        outputs: { x: `d ${name}`, gamma: `d gamma of ${name}`, beta: `d beta of ${name}` },
      },
    ]
  }
  const of = program(
    {
      image: [2, 3, 7, W],
      even: [2, 3, 4, 4 * W],
      ...Object.fromEntries(['gamma', 'beta', 'mean', 'var'].map((name) => [name, [3]])),
      logits: [4, W],
      target: [4, W],
      broad: [4, 16 * W],
      'broad target': [4, 16 * W],
      factor: [4, 16 * W],
      pull: [],
      other: [],
    },
    [
      ...norm('norm', 'image'),
      ...norm('even norm', 'even'),
      node('bent', 'relu', { x: 'image' }, { kink: 'right' }),
      back('d bent', 'relu', { x: 'image' }, { y: 'norm' }, { kink: 'right' }),
      // all of them forward before any backward, so that each has to find its own
      ...pools.flatMap(({ name, x, attrs }) => [
        node(name, 'maxPool2d', { x }, attrs),
        node(`${name}, doubled`, 'add', { a: name, b: name }),
      ]),
      ...pools.map(({ name, x, attrs }) => back(`d ${name}`, 'maxPool2d', { x }, { y: `${name}, doubled` }, attrs)),
      node('loss', 'softmaxCrossEntropy', scores),
      node('squared', 'mul', { a: 'loss', b: 'loss' }),
      // by a number that is there before, by another one, and by one that is made of the loss
      back('for pull', 'softmaxCrossEntropy', scores, { loss: 'pull' }),
      back('for another', 'softmaxCrossEntropy', scores, { loss: 'other' }),
      node('second loss', 'softmaxCrossEntropy', { logits: 'target', target: 'logits' }),
      node('late', 'add', { a: 'second loss', b: 'pull' }),
      back('for late', 'softmaxCrossEntropy', { logits: 'target', target: 'logits' }, { loss: 'late' }),
      // both at once, and one that is made of the other
      node('third loss', 'softmaxCrossEntropy', { logits: 'broad', target: 'broad target' }),
      back('for third', 'softmaxCrossEntropy', { logits: 'broad', target: 'broad target' }, { loss: 'pull' }),
      node('scaled', 'mul', { a: 'for third', b: 'factor' }),
      node('fourth loss', 'softmaxCrossEntropy', { logits: 'broad target', target: 'broad' }),
      node('later', 'add', { a: 'fourth loss', b: 'pull' }),
      back('for fourth', 'softmaxCrossEntropy', { logits: 'broad target', target: 'broad' }, { loss: 'later' }),
    ],
    ['loss', 'squared', 'second loss', 'late', 'for late', ...pools.map(({ name }) => `d ${name}`)],
  )
  return runs(of, seed, ['second loss', 'late', 'for late', 'for pull', 'for another', 'd tiling'])
}

const watched = (W: number, seed: string): readonly Act[] => {
  const back = (name: string, outputs: Readonly<Record<string, string>>): ProgramNode => ({
    ...node(name, 'dense', { x: 'x', w: 'w' }, {}, outputs),
    direction: 'backward',
    cotangents: { y: 'r' },
  })
  const of = program(
    { x: [2, W], w: [W, W] },
    [
      node('h', 'dense', { x: 'x', w: 'w' }),
      node('spare', 'add', { a: 'h', b: 'x' }),
      node('r', 'relu', { x: 'h' }),
      back('for w', { w: 'dw' }),
      back('for x', { x: 'dx' }),
      back('for both', { w: 'dw2', x: 'dx2' }),
    ],
    // another order than that of the nodes, a value that others read, and none of some nodes
    ['dx', 'h', 'dw2'],
  )
  return runs(of, seed, ['spare'], ['x', 'r'], [...written(of)].reverse(), ['dw'])
}

const lifetimes = (W: number, seed: string): readonly Act[] =>
  runs(
    program(
      { x: [2, W], y: [2, W] },
      [
        node('a', 'relu', { x: 'x' }),
        node('b', 'add', { a: 'a', b: 'x' }),
        node('c', 'mul', { a: 'b', b: 'y' }),
        node('d', 'add', { a: 'c', b: 'c' }),
        node('e', 'relu', { x: 'd' }),
        node('f', 'add', { a: 'e', b: 'b' }),
        node('g', 'mul', { a: 'f', b: 'y' }),
        node('h', 'add', { a: 'g', b: 'a' }),
        node('last', 'add', { a: 'h', b: 'x' }),
      ],
      ['last'],
    ),
    seed,
    ['g', 'x'],
  )

/** Steps of a session with the feeds of each turn, whatever is watched. */
const steps = (
  session: string,
  of: Program,
  seed: string,
  watches: readonly (readonly string[] | undefined)[],
): readonly Act[] => {
  const names = Object.keys(of.inputs).filter((name) => !(name in of.carry))
  return watches.map((watch, turn) => ({
    what: 'step',
    session,
    feeds: fed(of.inputs, names, `${seed} ${turn}`),
    ...(watch === undefined ? {} : { watch }),
  }))
}

const opened = (session: string, of: Program, seed: string): Act => ({
  what: 'open',
  session,
  program: of,
  state: fed(of.inputs, Object.keys(of.carry), `${seed} ${session}`),
})

// what is fed goes through three places, one a step, and is summed behind them
const delay = (W: number, order: (carry: [string, string][]) => [string, string][]): Program =>
  program(
    { x: [2, W], first: [2, W], second: [2, W], third: [2, W], total: [2, W] },
    [
      node('sum', 'add', { a: 'total', b: 'third' }),
      node('seen', 'add', { a: 'second', b: 'x' }),
      // of what has been renewed, looked at or not
      node('after', 'mul', { a: 'sum', b: 'x' }),
    ],
    ['sum'],
    Object.fromEntries(
      order([
        ['total', 'sum'],
        ['third', 'second'],
        ['second', 'first'],
        ['first', 'x'],
      ]),
    ),
  )

const carried = (W: number, seed: string): readonly Act[] => {
  const [forth, back] = [delay(W, (carry) => carry), delay(W, (carry) => carry.reverse())]
  const state = ['first', 'second', 'third', 'total']
  const watches = [undefined, ['seen', 'after'], [...state, 'seen', 'sum'], [], undefined, ['sum', 'third']]
  return [
    opened('one', forth, seed),
    ...steps('one', forth, seed, watches),
    { what: 'state', session: 'one' },
    ...steps('one', forth, `${seed} later`, [undefined]),
    opened('its reverse', back, seed),
    ...steps('its reverse', back, seed, watches),
    { what: 'state', session: 'its reverse' },
  ]
}

const exchanged = (W: number, seed: string): readonly Act[] => {
  // two change places, one takes another's old value, one stays, one is renewed before it is read
  const of = program(
    { a: [2, W], b: [2, W], c: [2, W], kept: [2, W], renewed: [2, W], x: [2, W] },
    [
      node('next', 'add', { a: 'renewed', b: 'x' }),
      node('before', 'mul', { a: 'renewed', b: 'kept' }),
      node('both', 'add', { a: 'a', b: 'c' }),
    ],
    ['before', 'both'],
    { a: 'b', b: 'a', c: 'a', kept: 'kept', renewed: 'next' },
  )
  return [
    opened('one', of, seed),
    ...steps('one', of, seed, [undefined, ['next'], ['renewed', 'a', 'before']]),
    { what: 'state', session: 'one' },
    ...steps('one', of, `${seed} later`, [[], undefined]),
    { what: 'state', session: 'one' },
  ]
}

const fedAttributes = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { w: [2, W], v: [2, W], g: [2, W], rate: [], decay: [], count: [] },
    [
      node('w.next', 'sgd', { w: 'w', g: 'g' }, { learningRate: { feed: 'rate' }, weightDecay: { feed: 'decay' } }),
      node('v.next', 'sgd', { w: 'v', g: 'g' }, { learningRate: { feed: 'rate' } }),
      node('dropped', 'dropout', { x: 'g' }, { keep: 0.5, key: [3, 4], step: { feed: 'count' } }),
    ],
    ['dropped'],
    { w: 'w.next', v: 'v.next' },
  )
  const all = ['w', 'v', ...written(of)]
  // there and back; f32 does not hold every count above 2²⁴
  const settings = [
    [0.5, 0.25, 0],
    [0.25, 0.25, 1],
    [0, 0, 1],
    [0.5, 0.25, 0],
    [1, 0.5, 2 ** 24 + 1],
    [0.5, 0.25, 2 ** 24 + 2],
  ] as const
  const feeds = settings.map(([rate, decay, count], turn): Tensors => ({
    g: integers(`${seed} ${turn} g`, [2, W]),
    rate: scalar(rate),
    decay: scalar(decay),
    count: scalar(count),
  }))
  const state = { w: integers(`${seed} w`, [2, W]), v: integers(`${seed} v`, [2, W]) }
  return [
    ...feeds.slice(0, 2).map((own): Act => ({ what: 'run', program: of, feeds: { ...state, ...own }, watch: all })),
    { what: 'open', session: 'one', program: of, state },
    ...feeds.map((own): Act => ({ what: 'step', session: 'one', feeds: own, watch: all })),
    { what: 'state', session: 'one' },
  ]
}

const optimizer = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { w: [2, W], m: [2, W], v: [2, W], taken: [], g: [2, W], rate: [] },
    [
      node(
        'update',
        'adam',
        { w: 'w', g: 'g', m: 'm', v: 'v', step: 'taken' },
        // in f32, as devices have them
        { learningRate: { feed: 'rate' }, beta1: Math.fround(0.9), beta2: Math.fround(0.999), epsilon: 2 ** -26 },
        { w: 'w.next', m: 'm.next', v: 'v.next', step: 'taken.next' },
      ),
    ],
    ['w.next'],
    { w: 'w.next', m: 'm.next', v: 'v.next', taken: 'taken.next' },
  )
  const zeros = generate([2, W], () => 0)
  return [
    {
      what: 'open',
      session: 'one',
      program: of,
      state: { w: numbers(`${seed} w`, [2, W]), m: zeros, v: zeros, taken: scalar(0) },
    },
    ...[0.5, 0.25, 0.25, 0.5, 0.125].map((rate, turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: { g: numbers(`${seed} ${turn} g`, [2, W]), rate: scalar(rate) },
      // the count is carried whether it is watched or not
      watch: turn === 2 ? ['w', 'm', 'v', 'w.next', 'm.next', 'v.next'] : everyValue(of).filter((v) => v !== 'rate'),
    })),
    { what: 'state', session: 'one' },
  ]
}

/** A step of gradient descent at the rate that is fed. */
const descent = (name: string, gradient: string, weightDecay = 0): ProgramNode =>
  node(`${name}.next`, 'sgd', { w: name, g: gradient }, { learningRate: { feed: 'rate' }, weightDecay })

const carriedOn = (names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, `${name}.next`]))

// of squares and rectangles, the larger ones more than a workgroup's vectors
const updated = [3, 36] as const

/** Steps at rates that change and come back, and the state after them. */
const atRates = (
  of: Program,
  seed: string,
  rates: readonly number[],
  more: (turn: number) => Tensors = () => ({}),
): readonly Act[] => {
  const names = Object.keys(of.inputs).filter((name) => !(name in of.carry) && name !== 'rate')
  return [
    ...rates.map((rate, turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: { ...fed(of.inputs, names, `${seed} ${turn}`), rate: scalar(rate), ...more(turn) },
      // states before and after the step, and the step alone
      ...(turn % 2 === 1 ? { watch: [...Object.keys(of.carry), ...of.outputs] } : {}),
    })),
    { what: 'state', session: 'one' },
  ]
}

const updates = (W: number, seed: string): readonly Act[] => {
  const [square, broad] = [
    [W, W],
    [W, 2 * W],
  ]
  const shapes: Readonly<Record<string, Shape>> = {
    ...Object.fromEntries(['p', 'r', 's', 't', 'u', 'v', 'k', 'l', 'm', 'o', 'b', 'c'].map((name) => [name, square])),
    ...Object.fromEntries(['q', 'n'].map((name) => [name, broad])),
    ...Object.fromEntries(['i', 'j'].map((name) => [name, [W]])),
  }
  const of = program(
    { x: square, y: square, pull: square, push: square, z: [W], far: broad, near: broad, rate: [], ...shapes },
    [
      node('xy', 'mul', { a: 'x', b: 'y' }),
      node('zz', 'mul', { a: 'z', b: 'z' }),
      node('positive', 'relu', { x: 'z' }),
      node('pulls', 'add', { a: 'positive', b: 'zz' }),
      node('both', 'mul', { a: 'far', b: 'near' }),
      node('lying', 'flatten', { x: 'both' }),
      node('fresh', 'relu', { x: 'far' }),
      node('shared', 'add', { a: 'x', b: 'y' }),
      node('xx', 'mul', { a: 'x', b: 'x' }),
      node('yy', 'mul', { a: 'y', b: 'y' }),
      node('bent', 'relu', { x: 'y' }),
      node('double', 'add', { a: 'far', b: 'far' }),
      node('chained', 'dense', { x: 'bent', w: 'x' }),
      node('cubes', 'mul', { a: 'xx', b: 'x' }),
      node('another', 'relu', { x: 'x' }),
      // alike, one of them by a gradient that is a copy
      descent('p', 'xy', 0.5),
      descent('q', 'lying', 0.5),
      // of what the second has become and of what was there before
      node('with q', 'add', { a: 'fresh', b: 'q.next' }),
      // alike, both by one gradient
      descent('r', 'shared'),
      descent('s', 'shared'),
      // one is read before the other is made
      descent('t', 'xx', 0.25),
      node('seen', 'add', { a: 't.next', b: 'x' }),
      descent('u', 'yy', 0.25),
      // by gradients that are fed
      descent('b', 'pull', 4),
      descent('c', 'push', 4),
      // by what another one has become, which is one of two as well
      descent('k', 'another', 0.125),
      descent('o', 'cubes', 0.125),
      descent('l', 'k.next', 0.75),
      descent('n', 'double', 0.75),
      // by gradients of which one is made of the other
      descent('v', 'bent', 1),
      descent('m', 'chained', 1),
      // a loss between them, of which the gradient is pulled by what the first has become
      descent('i', 'zz', 2),
      node('losses', 'softmaxCrossEntropy', { logits: 'x', target: 'y' }, { reduction: 'none' }),
      descent('j', 'positive', 2),
      {
        ...node('pulled', 'softmaxCrossEntropy', { logits: 'x', target: 'y' }, { reduction: 'none' }),
        direction: 'backward',
        cotangents: { loss: 'i.next' },
        outputs: { logits: 'pulled' },
      },
    ],
    [...Object.keys(shapes).map((name) => `${name}.next`), 'seen', 'with q', 'pulls', 'pulled'],
    carriedOn(Object.keys(shapes)),
  )
  // two programs that differ in an attribute only, on states that may lie side by side
  const looking = (alpha: number): Program =>
    program(
      { p: square, q: broad, s: square, x: square, far: broad },
      [
        node('of q', 'leakyRelu', { x: 'q' }, { alpha }),
        node('q and far', 'mul', { a: 'q', b: 'far' }),
        node('s and x', 'add', { a: 's', b: 'x' }),
        node('p and s', 'mul', { a: 'p', b: 's' }),
      ],
      ['of q', 'q and far', 's and x', 'p and s'],
    )
  const looked = (alpha: number): Act => ({
    what: 'run on',
    session: 'one',
    program: looking(alpha),
    feeds: fed(of.inputs, ['x', 'far'], `${seed} ${alpha}`),
  })
  const everything: Tensors = {
    ...fed(of.inputs, Object.keys(of.inputs), `${seed} alone`),
    rate: scalar(0.5),
  }
  return [
    // a step whose state is fed, and then those of a session
    { what: 'run', program: of, feeds: everything, watch: [...Object.keys(of.carry), ...of.outputs] },
    opened('one', of, seed),
    looked(0.5),
    ...atRates(of, seed, [0.5, 0.25, 0.25, 0.5]),
    looked(0.25),
    looked(0.5),
  ]
}

const inPlace = (W: number, seed: string): readonly Act[] => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const square = [W, W]
  const shapes: Readonly<Record<string, Shape>> = Object.fromEntries(
    [...names, 'speed', 'before', 'twin'].map((name) => [name, square]),
  )
  const of = program(
    { x: square, y: square, rate: [], ...shapes },
    [
      node('xy', 'mul', { a: 'x', b: 'y' }),
      node('x+y', 'add', { a: 'x', b: 'y' }),
      // under another name it is read after it was renewed
      node('same a', 'flatten', { x: 'a' }),
      descent('a', 'xy', 0.5),
      node('late', 'mul', { a: 'same a', b: 'y' }),
      // by what is made of all of it
      node('through b', 'dense', { x: 'x', w: 'b' }),
      descent('b', 'through b', 0.25),
      // read between its gradient and its renewal
      node('yy', 'mul', { a: 'y', b: 'y' }),
      node('seen', 'add', { a: 'c', b: 'x' }),
      descent('c', 'yy', 0.125),
      // what it was stays in another state, or what it becomes is two
      descent('d', 'x+y', 0.375),
      descent('e', 'x+y', 0.625),
      // twice the same, and renewed by what a product comes to
      node('f.next', 'add', { a: 'f', b: 'f' }),
      node('product', 'dense', { x: 'x', w: 'y' }),
      descent('g', 'product', 0.75),
      // of two that one step renews a third is made
      node(
        'falling',
        'momentum',
        { w: 'h', g: 'xy', velocity: 'speed' },
        { learningRate: { feed: 'rate' }, momentum: 0.5 },
        { w: 'h.next', velocity: 'speed.next' },
      ),
      node('fallen', 'mul', { a: 'h.next', b: 'speed.next' }),
    ],
    [...names.map((name) => `${name}.next`), 'speed.next', 'late', 'seen', 'fallen'],
    { ...carriedOn([...names, 'speed']), before: 'd', twin: 'e.next' },
  )
  return [opened('one', of, seed), ...atRates(of, seed, [0.5, 0.25, 0.5, 0.125])]
}

const counting = (W: number, seed: string): readonly Act[] => {
  const shapes: Readonly<Record<string, Shape>> = {
    ...Object.fromEntries(['p', 'r', 's', 't', 'u', 'v'].map((name) => [name, [W, W]])),
    q: [W, 2 * W],
  }
  const moving = ['u', 'v']
  const names = ['p', 'q', 'r', 's', 't']
  const attrs = {
    learningRate: { feed: 'rate' },
    beta1: Math.fround(0.9),
    beta2: Math.fround(0.99),
    epsilon: 2 ** -20,
    weightDecay: 0.25,
  }
  const stepOf = (name: string, op: 'adam' | 'adamw', counted: boolean): ProgramNode =>
    node(
      `update of ${name}`,
      op,
      { w: name, g: `g of ${name}`, m: `m of ${name}`, v: `v of ${name}`, step: `steps of ${name}` },
      attrs,
      {
        w: `${name}.next`,
        m: `m of ${name}.next`,
        v: `v of ${name}.next`,
        ...(counted ? { step: `steps of ${name}.next` } : {}),
      },
    )
  // three count by themselves, of two the count is fed
  const counted = ['p', 'q', 'r']
  const moments = names.flatMap((name) => [`m of ${name}`, `v of ${name}`])
  const counts = counted.map((name) => `steps of ${name}`)
  const speeds = moving.map((name) => `speed of ${name}`)
  const state = [...names, ...moving, ...moments, ...counts, ...speeds]
  const of = program(
    {
      ...shapes,
      ...Object.fromEntries(speeds.map((name) => [name, [W, W]])),
      ...Object.fromEntries(moments.map((name) => [name, shapes[name.slice(-1)] as Shape])),
      ...Object.fromEntries(names.map((name) => [`steps of ${name}`, []])),
      ...Object.fromEntries([...names, ...moving].map((name) => [`x of ${name}`, shapes[name] as Shape])),
      rate: [],
    },
    [
      ...[...names, ...moving].map((name) => node(`g of ${name}`, 'add', { a: `x of ${name}`, b: `x of ${name}` })),
      stepOf('p', 'adam', true),
      stepOf('q', 'adam', true),
      stepOf('r', 'adamw', true),
      stepOf('s', 'adam', false),
      stepOf('t', 'adam', false),
      // of one op, by other attributes
      ...moving.map((name, i) =>
        node(
          `update of ${name}`,
          'momentum',
          { w: name, g: `g of ${name}`, velocity: `speed of ${name}` },
          { learningRate: { feed: 'rate' }, momentum: [0.5, 0.25][i] as number, nesterov: i === 1 },
          { w: `${name}.next`, velocity: `speed of ${name}.next` },
        ),
      ),
    ],
    state.map((name) => `${name}.next`),
    carriedOn(state),
  )
  return [
    {
      what: 'open',
      session: 'one',
      program: of,
      state: {
        ...fed(of.inputs, [...names, ...moving, ...speeds, ...moments.filter((name) => name.startsWith('m'))], seed),
        ...Object.fromEntries(
          names.map((name) => [`v of ${name}`, generate(shapes[name] as Shape, (i) => 1 + (i % 3))]),
        ),
        ...Object.fromEntries(counts.map((name, i) => [name, scalar([0, 7, 40][i] as number)])),
      },
    },
    ...atRates(of, seed, [0.5, 0.25, 0.5], (turn) => ({
      'steps of s': scalar(turn),
      'steps of t': scalar(20 + turn),
    })),
  ]
}

const joined = (W: number, seed: string): readonly Act[] => {
  // rows of whole vectors of four, and enough of them
  const image = [2, 3, 8, 4 * W]
  const half = [2, 3, 4, 2 * W]
  const of = program(
    {
      image,
      other: image,
      pooled: half,
      ...Object.fromEntries(['gamma', 'beta', 'mean', 'var'].map((name) => [name, [3]])),
    },
    [
      node('sum', 'add', { a: 'image', b: 'other' }),
      node('positive', 'relu', { x: 'sum' }),
      node('product', 'mul', { a: 'positive', b: 'other' }),
      node('high', 'maxPool2d', { x: 'product' }, { window: [2, 2] }),
      node('plus', 'add', { a: 'high', b: 'pooled' }),
      node('end', 'relu', { x: 'plus' }),
      node('norm', 'batchNormTraining', {
        x: 'image',
        gamma: 'gamma',
        beta: 'beta',
        runningMean: 'mean',
        runningVar: 'var',
      }),
      node('gated', 'mul', { a: 'norm', b: 'other' }),
      node('leaky', 'leakyRelu', { x: 'gated' }, { alpha: 0.25 }),
      node('shares', 'softmax', { x: 'image' }),
      node('weighed', 'mul', { a: 'shares', b: 'other' }),
    ],
    ['end', 'product'],
  )
  return runs(of, seed, ['end'], ['leaky', 'gated', 'norm'])
}

const training = (seed: number): Scenario => {
  const [batch, classes] = [4, 3]
  const network = sequential(
    [batch, 2, 6, 6],
    [
      convolution('conv', [2, 4], [3, 3]),
      batchNorm('norm', 4),
      plainLayer('act', 'relu'),
      plainLayer('pool', 'maxPool2d', { window: [2, 2] }),
      plainLayer('flat', 'flatten'),
      fullyConnected('scores', 16, classes),
    ],
    trainingBy(seed),
  )
  const optimizer = { op: 'momentum', attrs: { momentum: 0.9, weightDecay: 0.01, nesterov: true } } as const
  const of = getOrThrow(trainingProgram(network, { optimizer, loss: 'softmaxCrossEntropy', l2Penalty: 0.01 }))
  const parameters = Object.fromEntries(
    Object.entries(network.parameters).map(([name, { shape, first }]) => [
      name,
      numbers(`program training, ${seed} ${name}`, shape, first ?? 0),
    ]),
  )
  const all = everyValue(of).filter((name) => !(name in of.inputs) || name in of.carry)
  const feeds = (turn: number): Tensors =>
    stepFeeds({
      x: numbers(`program training, ${seed} ${turn} x`, [batch, 2, 6, 6]),
      target: generate([batch, classes], (i) => (i % classes === (Math.floor(i / classes) + turn) % classes ? 1 : 0)),
      learningRate: [0.5, 0.25, 0.25, 0.5][turn] as number,
    })
  return scenario('training', 'a training step with running statistics, a penalty and momentum, four in a row', of, [
    { what: 'open', session: 'one', program: of, state: { ...initialState(parameters), ...initialKept(network) } },
    // the third step is not looked into
    ...[0, 1, 2, 3].map((turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: feeds(turn),
      ...(turn === 2 ? {} : { watch: all }),
    })),
    { what: 'state', session: 'one' },
  ])
}

const counter = (W: number): Program =>
  program({ total: [2, W], x: [2, W] }, [node('sum', 'add', { a: 'total', b: 'x' })], ['sum'], { total: 'sum' })

const shown = (W: number, seed: string): readonly Act[] => {
  const of = counter(W)
  const other = program({ total: [2, W], q: [2, W] }, [node('y', 'mul', { a: 'total', b: 'q' })], ['y'])
  const look = (turn: number, watch?: readonly string[]): Act => ({
    what: 'run on',
    session: 'one',
    program: other,
    feeds: { q: integers(`${seed} q ${turn}`, [2, W]) },
    ...(watch === undefined ? {} : { watch }),
  })
  return [
    opened('one', of, seed),
    look(1),
    ...steps('one', of, `${seed} 1`, [undefined]),
    look(2),
    look(3, ['total', 'y']),
    ...steps('one', of, `${seed} 2`, [[], ['total', 'sum']]),
    look(4),
    { what: 'state', session: 'one' },
  ]
}

const sideBySide = (W: number, seed: string): readonly Act[] => {
  const of = counter(W)
  const step = (session: string, turn: number): readonly Act[] =>
    steps(session, of, `${seed} ${session} ${turn}`, [turn % 2 === 0 ? undefined : ['total', 'sum']])
  return [
    opened('one', of, seed),
    opened('the other', of, seed),
    ...step('one', 0),
    ...step('the other', 0),
    ...step('the other', 1),
    ...step('one', 1),
    { what: 'run', program: of, feeds: fed(of.inputs, ['total', 'x'], `${seed} alone`) },
    ...step('one', 2),
    { what: 'state', session: 'the other' },
    { what: 'state', session: 'one' },
  ]
}

const ahead = (W: number, seed: string): readonly Act[] => {
  const of = counter(W)
  const feeds = Array.from({ length: 8 }, (_, turn) => fed(of.inputs, ['x'], `${seed} ${turn}`))
  const both = ['total', 'sum']
  // what is fed, what goes up meanwhile, and what is watched; the same feeds once more, after others
  const turns: readonly (readonly [fed: number, ahead?: number | undefined, watch?: readonly string[]])[] = [
    [0, 1],
    [1, 2, both],
    [2],
    [3, 4],
    [4, 5],
    [5],
    [6],
    [5],
    [7, 0, both],
    [0, undefined, both],
    [7, undefined, both],
  ]
  return [
    opened('one', of, seed),
    ...turns.map(([own, next, watch]): Act => ({
      what: 'step',
      session: 'one',
      feeds: feeds[own] as Tensors,
      ...(next === undefined ? {} : { ahead: feeds[next] as Tensors }),
      ...(watch === undefined ? {} : { watch }),
    })),
    { what: 'state', session: 'one' },
  ]
}

/** All scenarios; their numbers follow from the seed. */
export const scenarios = (seed: number): readonly Scenario[] => [
  inBothWidths('diamond', 'a value that several nodes read, and branches that meet again', diamond, seed),
  inBothWidths(
    'fan-out',
    'gradients added up where a value, a weight or an input is read more than once',
    fanOut,
    seed,
    sides,
  ),
  inBothWidths(
    'second gradients',
    'the gradient of a step of gradient descent, which reverses gradients once more',
    secondGradients,
    seed,
    sides,
  ),
  inBothWidths('attributes', 'one op several times, on the same values with other attributes', attributes, seed, sides),
  inBothWidths(
    'operands',
    'one op several times, with operands of the same shape in other places',
    operands,
    seed,
    sides,
  ),
  inBothWidths(
    'watched',
    'whatever values are watched, outputs that others read, gradients not asked for',
    watched,
    seed,
    sides,
  ),
  inBothWidths('lifetimes', 'values that are read again long after they were made', lifetimes, seed),
  inBothWidths('carry', 'state that is carried from place to place, in any order of the carries', carried, seed),
  inBothWidths('exchange', 'states that change places, stay, or are renewed before they are read', exchanged, seed),
  inBothWidths(
    'fed attributes',
    'rates and counts that are fed, and change from step to step and back',
    fedAttributes,
    seed,
  ),
  inBothWidths('adam', 'an optimizer that counts its steps', optimizer, seed),
  training(seed),
  inBothWidths('state shown', 'another program on the state of a session, which stays as it is', shown, seed),
  inBothWidths('sizes', 'one op several times, on tensors of other sizes', sizes, seed),
  inBothWidths('kept', 'gradients that may read what forward has left: of pools, and of losses', kept, seed),
  inBothWidths(
    'updates',
    'steps that may be made together: alike and unlike, by one gradient, with a value read between',
    updates,
    seed,
    updated,
  ),
  inBothWidths('in place', 'states that are read before, while and after they are renewed', inPlace, seed, updated),
  inBothWidths(
    'counted updates',
    'updates that count their steps, each for itself, and some by other attributes',
    counting,
    seed,
    updated,
  ),
  inBothWidths('ahead', 'feeds that go up while the step before them runs', ahead, seed),
  inBothWidths('joined', 'nodes that may be one, over whole vectors of numbers', joined, seed, [3, 9]),
  inBothWidths('side by side', 'two sessions of one program, and the program by itself between them', sideBySide, seed),
]
