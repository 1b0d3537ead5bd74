import { differentiate } from '../../../spec/differentiate.js'
import { getOrThrow } from '../../../spec/error.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { back, fed, node, program, runs, written } from './making.js'

/** Programs that are run by themselves, whatever is watched. */

export const diamond = (W: number, seed: string): readonly Act[] =>
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

export const fanOut = (W: number, seed: string): readonly Act[] => {
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

export const secondGradients = (W: number, seed: string): readonly Act[] => {
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

export const attributes = (W: number, seed: string): readonly Act[] => {
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

export const operands = (W: number, seed: string): readonly Act[] =>
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

export const sizes = (W: number, seed: string): readonly Act[] => {
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

export const kept = (W: number, seed: string): readonly Act[] => {
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

export const watched = (W: number, seed: string): readonly Act[] => {
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

export const lifetimes = (W: number, seed: string): readonly Act[] =>
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

export const joined = (W: number, seed: string): readonly Act[] => {
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
