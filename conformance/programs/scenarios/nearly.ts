import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import type { NodeAttribute, Program, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensors } from '../../../spec/tensor.js'
import { generate, scalar } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { back, fed, node, numbers, opened, program, runs, steps, written } from './making.js'

/** What is nearly the same: nodes of one op that share what they read first, steps that share what is watched, rates close by. */

type Names = Readonly<Record<string, string>>

/** The gradients of an op in all that it reads, each under the node's name and its input's. */
const backToAll = (
  name: string,
  op: OpName,
  inputs: Names,
  cotangents: Names,
  attrs: Readonly<Record<string, NodeAttribute>> = {},
): ProgramNode => {
  const wanted = opOf(op).differentiable.filter((input) => inputs[input] !== undefined)
  return back(
    name,
    op,
    inputs,
    cotangents,
    attrs,
    Object.fromEntries(wanted.map((input) => [input, `${name}, ${input}`])),
  )
}

/** Forward of some inputs, backward of others, of which the first is the same, and the other way round. */
export const sameFirst = (W: number, seed: string): readonly Act[] => {
  const channels = ['gamma', 'beta', 'mean', 'var', 'other gamma', 'other beta', 'other mean', 'other var']
  const norm = (other: string): Names => ({
    x: 'image',
    gamma: `${other}gamma`,
    beta: `${other}beta`,
    runningMean: `${other}mean`,
    runningVar: `${other}var`,
  })
  const asked: readonly (readonly [op: OpName, one: Names, another: Names, dy: Names, attrs?: ProgramNode['attrs']])[] =
    [
      ...(['tall', 'broad'] as const).flatMap((shape) => {
        const [one, another, dloss] = [
          { target: `${shape} target` },
          { target: `other ${shape} target` },
          { loss: 'dloss' },
        ]
        return [
          ['softmaxCrossEntropy', { logits: shape, ...one }, { logits: shape, ...another }, dloss],
          ['hinge', { scores: shape, ...one }, { scores: shape, ...another }, dloss],
          ['mse', { prediction: shape, ...one }, { prediction: shape, ...another }, dloss],
        ] as const
      }),
      ['batchNormTraining', norm(''), norm('other '), { y: 'd image' }],
      ['batchNormInference', norm(''), norm('other '), { y: 'd image' }],
      ['conv2d', { x: 'image', w: 'w' }, { x: 'image', w: 'v' }, { y: 'd image' }, { padding: [1, 1, 1, 1] }],
      ['dense', { x: 'tall', w: 'square' }, { x: 'tall', w: 'other square' }, { y: 'tall target' }],
      ['mul', { a: 'tall', b: 'tall target' }, { a: 'tall', b: 'other tall target' }, { y: 'other tall target' }],
      ['scaleChannels', { x: 'image', s: 's' }, { x: 'image', s: 'other s' }, { y: 'd image' }],
    ]
  const nodes = asked.flatMap(([op, one, another, dy, attrs = {}], at): readonly ProgramNode[] => {
    const forward = (name: string, inputs: Names): ProgramNode => node(name, op, inputs, attrs)
    return [
      forward(`first ${at}`, one),
      backToAll(`back by another ${at}`, op, another, dy, attrs),
      forward(`second ${at}`, another),
      backToAll(`back by the first ${at}`, op, one, dy, attrs),
    ]
  })
  const image: Shape = [2, W, 4, 5]
  const [tall, broad] = [
    [17, W],
    [3, 8 * W],
  ]
  const of = program(
    {
      image,
      'd image': image,
      dloss: [],
      ...Object.fromEntries(['tall', 'tall target', 'other tall target'].map((name) => [name, tall])),
      ...Object.fromEntries(['broad', 'broad target', 'other broad target'].map((name) => [name, broad])),
      ...Object.fromEntries(['w', 'v'].map((name) => [name, [W, W, 3, 3]])),
      ...Object.fromEntries(['square', 'other square'].map((name) => [name, [W, W]])),
      ...Object.fromEntries(['s', 'other s'].map((name) => [name, [2, W]])),
      ...Object.fromEntries(channels.map((name) => [name, [W]])),
    },
    nodes,
    nodes.flatMap(({ outputs }) => Object.values(outputs)),
  )
  return runs(of, seed).map((act): Act =>
    act.what === 'run' ? { ...act, feeds: { ...act.feeds, ...variances(W) } } : act,
  )
}

// a variance is no less than 0
const variances = (W: number): Tensors =>
  Object.fromEntries(['var', 'other var'].map((name, i) => [name, generate([W], (c) => 1 + ((c + i) % 3))]))

/** Forward leaves to backward what it has of each row, of rows that are many and no vectors of four. */
export const keptRows = (_: number, seed: string): readonly Act[] =>
  [
    [9, 3],
    [33, 5],
    [70, 7],
    [300, 3],
  ].flatMap((shape, at) => {
    const scores = { logits: 'logits', target: 'target' }
    const of = program(
      { logits: shape, target: shape, factor: [] },
      [
        node('loss', 'softmaxCrossEntropy', scores),
        node('pull', 'mul', { a: 'loss', b: 'factor' }),
        backToAll('back', 'softmaxCrossEntropy', scores, { loss: 'pull' }),
      ],
      ['loss', 'pull', 'back, logits'],
    )
    return runs(of, `${seed} ${at}`).map((act): Act => {
      if (act.what !== 'run') return act
      // every row has another largest
      const logits = generate(shape, (i) => ((i * 7) % 5) + Math.floor(i / (shape[1] as number)) / 2)
      return { ...act, feeds: { ...act.feeds, logits } }
    })
  })

/** Steps of which some of the same values are watched, as many, or the same in another order. */
export const watchedSteps = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { x: [2, W], w: [2, W] },
    [
      node('a', 'relu', { x: 'x' }),
      node('b', 'add', { a: 'x', b: 'x' }),
      node('c', 'mul', { a: 'x', b: 'x' }),
      node('d', 'add', { a: 'x', b: 'w' }),
      node('e', 'mul', { a: 'x', b: 'w' }),
      node('f', 'relu', { x: 'e' }),
    ],
    ['f'],
    { w: 'd' },
  )
  const watches = ['abcd', 'abce', 'abc', 'dabc', 'cbad', 'f', 'e', 'ef', 'fe', 'abcdef', 'abcdfe', 'd', 'abcd']
  return [
    opened('one', of, seed),
    ...steps(
      'one',
      of,
      seed,
      watches.map((names) => Array.from(names)),
    ),
    { what: 'state', session: 'one' },
  ]
}

/** Rates and decays that are fed and change by little, watched and not. */
export const closeBy = (W: number, seed: string): readonly Act[] => {
  const shape: Shape = [2, W]
  const names = ['w', 'u', 'p']
  const of: Program = program(
    {
      ...Object.fromEntries([...names, 'g', 'velocity', 'm', 'v'].map((name) => [name, shape])),
      taken: [],
      rate: [],
      decay: [],
    },
    [
      node('w.next', 'sgd', { w: 'w', g: 'g' }, { learningRate: { feed: 'rate' }, weightDecay: { feed: 'decay' } }),
      node(
        'u falls',
        'momentum',
        { w: 'u', g: 'g', velocity: 'velocity' },
        { learningRate: { feed: 'rate' }, momentum: { feed: 'decay' } },
        { w: 'u.next', velocity: 'velocity.next' },
      ),
      node(
        'p counts',
        'adam',
        { w: 'p', g: 'g', m: 'm', v: 'v', step: 'taken' },
        { learningRate: { feed: 'rate' }, beta1: 0.5, beta2: 0.75, epsilon: 2 ** -20 },
        { w: 'p.next', m: 'm.next', v: 'v.next', step: 'taken.next' },
      ),
      node('bent', 'leakyRelu', { x: 'g' }, { alpha: { feed: 'rate' } }),
    ],
    ['bent'],
    {
      w: 'w.next',
      u: 'u.next',
      velocity: 'velocity.next',
      p: 'p.next',
      m: 'm.next',
      v: 'v.next',
      taken: 'taken.next',
    },
  )
  const zeros = generate(shape, () => 0)
  const settings = [
    [0.01, 0.25],
    [0.0105, 0.25],
    [0.010501, 0.2501],
    [0.9995, 0.25003],
    [1, 0.25],
    [0.99999, 0.25],
    [0.01, 0.25],
    [1e-7, 0.25],
    [3e-7, 1e-4],
    [0, 0],
  ] as const
  const state = {
    ...Object.fromEntries(names.map((name) => [name, numbers(`${seed} ${name}`, shape)])),
    velocity: zeros,
    m: zeros,
    v: zeros,
    taken: scalar(0),
  }
  const all = [...Object.keys(of.carry), ...written(of)]
  return [
    { what: 'open', session: 'one', program: of, state },
    ...settings.map(([rate, decay], turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: { g: numbers(`${seed} ${turn} g`, shape), rate: scalar(Math.fround(rate)), decay: scalar(Math.fround(decay)) }, // prettier-ignore
      watch: all,
    })),
    { what: 'state', session: 'one' },
  ]
}

/** More updates of one op than go together where little room is. */
export const manyUpdates = (W: number, seed: string): readonly Act[] => {
  const names = Array.from({ length: 9 }, (_, i) => `w${i + 1}`)
  const states = (name: string): readonly string[] => [name, `m of ${name}`, `v of ${name}`]
  const of = program(
    {
      x: [W],
      rate: [],
      ...Object.fromEntries(names.flatMap((name) => states(name).map((one) => [one, [W]]))),
      ...Object.fromEntries(names.map((name) => [`steps of ${name}`, []])),
    },
    [
      ...names.map((name) => node(`g of ${name}`, 'mul', { a: 'x', b: name })),
      ...names.map((name) =>
        node(
          `update of ${name}`,
          'adam',
          { w: name, g: `g of ${name}`, m: `m of ${name}`, v: `v of ${name}`, step: `steps of ${name}` },
          { learningRate: { feed: 'rate' }, beta1: 0.5, beta2: 0.75, epsilon: 2 ** -20 },
          {
            w: `${name}.next`,
            m: `m of ${name}.next`,
            v: `v of ${name}.next`,
            step: `steps of ${name}.next`,
          },
        ),
      ),
    ],
    names.map((name) => `${name}.next`),
    Object.fromEntries(
      names.flatMap((name) => [...states(name), `steps of ${name}`].map((one) => [one, `${one}.next`])),
    ),
  )
  return [
    {
      what: 'open',
      session: 'one',
      program: of,
      state: {
        ...fed(of.inputs, names.flatMap((name) => states(name).slice(0, 2)), seed), // prettier-ignore
        ...Object.fromEntries(names.map((name) => [`v of ${name}`, generate([W], (i) => 1 + (i % 3))])),
        ...Object.fromEntries(names.map((name, i) => [`steps of ${name}`, scalar(i)])),
      },
    },
    ...[0.5, 0.25, 0.25].map((rate, turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: { ...fed(of.inputs, ['x'], `${seed} ${turn}`), rate: scalar(rate) },
      watch: [...Object.keys(of.carry), ...written(of)],
    })),
    { what: 'state', session: 'one' },
  ]
}
