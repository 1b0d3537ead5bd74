import { differentiate } from '../../../spec/differentiate.js'
import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import { getOrThrow } from '../../../spec/error.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sizeOf } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { alone, firsts, images, inChains, link } from './behind.js'
import { exactIn } from './exact.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, inRuns, inSteps, node, reading, written } from './making.js'

/** What people write again and again: ways around that step, shares along an axis, copies that are answered, units beside losses. */

/** A program and its gradients in all that is fed and has one; it answers what rounds, the result and those gradients. */
export const bothWays = (of: Program, result: string, wrt = Object.keys(of.inputs)): Program => {
  const { program: both, gradients } = getOrThrow(differentiate(of, result, wrt))
  const exact = exactIn(both)
  const rounded = written(both).filter((value) => !exact.has(value))
  return { ...both, outputs: [...new Set([...of.outputs, ...rounded, ...Object.values(gradients)])] }
}

export const chained = (name: string, start: string, links: readonly Link[]): readonly ProgramNode[] =>
  links.reduce<readonly ProgramNode[]>(
    (nodes, { op, inputs, attrs }, i) => [
      ...nodes,
      node(`${name}, ${i}`, op, inputs(nodes.at(-1)?.name ?? start), attrs),
    ],
    [],
  )

// ---- layers --------------------------------------------------------------------------------------------------------

/** Maps that are scaled, and then cut, pooled, added to or squashed. */
export const scaledAndBent = (W: number, seed: string): readonly Act[] => {
  const ends: readonly Link[] = [
    alone('relu'),
    link('add', (a) => ({ a, b: 'other' })),
    alone('maxPool2d', { window: [2, 2] }),
    alone('sigmoid'),
  ]
  const scaled = link('scaleChannels', (x) => ({ x, s: 's' }))
  return inChains(
    images(W),
    (['3×3', '1×1', 'turned'] as const).flatMap((layer) =>
      ends.map((end, i) => chained(`${layer} ${i}`, 'x', [firsts[layer], scaled, end])),
    ),
    seed,
  )
}

/** Shares of what was added, multiplied or cut, along every axis of two, three and four. */
export const sharesAlongAxes = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = { x2: [4, W], z2: [4, W], x3: [2, 5, W], z3: [2, 5, W], x4: [2, 3, 4, W], z4: [2, 3, 4, W] }
  const nodes = [2, 3, 4].flatMap((rank) =>
    Array.from({ length: rank }, (_, axis) =>
      (['add', 'mul', 'relu'] as const).flatMap((first) =>
        (['softmax', 'logSoftmax'] as const).flatMap((shares) => {
          const name = `${first} ${rank} ${axis} ${shares}`
          const read = first === 'relu' ? { x: `x${rank}` } : { a: `x${rank}`, b: `z${rank}` }
          return [node(`${name}, before`, first, read), node(name, shares, { x: `${name}, before` }, { axis })]
        }),
      ),
    ).flat(),
  )
  return inRuns(reading(shapes, nodes), seed)
}

/** Two ways of a block that halves its maps, which are added, joined or multiplied; filters that step, pools, and ways that do not. */
export const waysAround = (W: number, seed: string): readonly Act[] => {
  const stepping = { stride: [2, 2] }
  const single = (w: string, attrs: Attrs = {}): Link => link('conv2d', (x) => ({ x, w }), attrs)
  const ways: Readonly<Record<string, readonly [from: string, links: readonly Link[]]>> = {
    'a 1×1 that steps': ['x', [single('w of 1×1', stepping)]],
    'a 3×3 that steps': ['x', [link('conv2d', (x) => ({ x, w: 'w', b: 'b' }), { ...stepping, padding: [1, 1, 1, 1] })]],
    'a pool': ['x', [alone('maxPool2d', { window: [2, 2] })]],
    'a 1×1': ['small', [single('v of 1×1')]],
    'a 3×3': ['small', [link('conv2d', (x) => ({ x, w: 'v' }), { padding: [1, 1, 1, 1] })]],
    nothing: ['small', []],
  }
  const shapes: Shapes = { ...images(W), small: [2, W, 2, 3], 'v of 1×1': [W, W, 1, 1], v: [W, W, 3, 3] }
  const names = Object.keys(ways)
  const joins = [link('add', () => ({})), link('concat', () => ({}), { axis: 1 }), link('mul', () => ({}))]
  const nodes = names.flatMap((one, i) =>
    names.slice(0, 3).flatMap((other, j): readonly ProgramNode[] => {
      if (one === other) return []
      const called = `${one} and ${other}`
      const [first, second] = [one, other].map((way, at) => {
        const [from, links] = ways[way] as readonly [string, readonly Link[]]
        const made = chained(`${called}, ${at}`, from, links)
        return { made, last: made.at(-1)?.name ?? from }
      }) as [{ made: readonly ProgramNode[]; last: string }, { made: readonly ProgramNode[]; last: string }]
      const [a, b] = [first.last, second.last]
      // of ways that nothing else reads
      const { op, attrs } = (i < 3 ? joins[(i + j) % joins.length] : joins[0]) as Link
      const joined = node(`${called}, joined`, op, op === 'concat' ? { x0: a, x1: b } : { a, b }, attrs)
      const unit = (i + j) % 2 === 0 ? [node(`${called}, cut`, 'relu', { x: joined.name })] : []
      return [...first.made, ...second.made, joined, ...unit]
    }),
  )
  return inRuns(reading(shapes, nodes), seed)
}

/** Products of long rows, a unit or none, and a product behind that; of one row and of three. */
export const longProducts = (_: number, seed: string): readonly Act[] =>
  [1, 3].flatMap((N) => {
    const lengths = [129, 160, 257, 520]
    const nodes = lengths.flatMap((I) =>
      [[alone('relu')], [], [link('mul', (a) => ({ a, b: 'other' }))]].flatMap((between, i) =>
        chained(`${I} ${i}`, `x${I}`, [
          link('dense', (x) => ({ x, w: `w${I}`, ...(i === 1 ? {} : { b: 'b' }) })),
          ...between,
          link('dense', (x) => ({ x, w: 'last' })),
        ]),
      ),
    )
    const shapes: Shapes = {
      ...Object.fromEntries(lengths.flatMap((I) => [[`x${I}`, [N, I]] as const, [`w${I}`, [5, I]] as const])),
      b: [5],
      other: [N, 5],
      last: [2, 5],
    }
    return inRuns(reading(shapes, nodes), `${seed} ${N}`)
  })

/** Sums and products in a row, each with another operand: more than a kernel of several may read. */
export const manyOperands = (W: number, seed: string): readonly Act[] => {
  const operands = Array.from({ length: 17 }, (_, i) => `operand ${i + 1}`)
  const chain = (name: string, first: readonly Link[]): readonly ProgramNode[] =>
    chained(name, 'x', [...first, ...operands.map((b, i) => link(i % 6 === 5 ? 'mul' : 'add', (a) => ({ a, b })))])
  // each unit has a slope of its own: more numbers than a block of so many bytes holds, and a kernel behind it
  const slopes = [
    ...chained(
      'slope',
      'x',
      Array.from({ length: 70 }, (_, i) => alone('leakyRelu', { alpha: 1 + ((i % 7) - 3) / 64 })),
    ),
    node('size', 'l2Penalty', { w: 'w' }, { beta: 0.5 }),
  ]
  const rows: Shapes = { x: [4, W], w: [W, W], b: [W], ...Object.fromEntries(operands.map((name) => [name, [4, W]])) }
  const maps: Shapes = { ...images(W), ...Object.fromEntries(operands.map((name) => [name, [2, W, 4, 6]])) }
  return [
    ...inRuns(reading(rows, [...chain('alone', []), ...chain('behind dense', [firsts.dense])]), `${seed} rows`),
    ...inRuns(reading(maps, chain('behind 3×3', [firsts['3×3']])), `${seed} maps`),
    ...inRuns(reading({ x: [4, W], w: [W, W] }, slopes), `${seed} slopes`),
  ]
}

// ---- copies --------------------------------------------------------------------------------------------------------

/** What is copied as it is, twice: one copy is answered, and a unit reads the other. */
export const copiedTwice = (W: number, seed: string): readonly Act[] => {
  const shape = [2, 3, W]
  const values: readonly Link[] = [
    link('add', (a) => ({ a, b: 'z' })),
    alone('tanh'),
    alone('relu'),
    link('concat', (x0) => ({ x0, x1: 'z' }), { axis: 0 }),
  ]
  const units = ['relu', 'step', 'tanh', 'sigmoid'] as const
  return values.flatMap((value, i) => {
    const own = value.op === 'concat' ? [4, 3, W] : shape
    const copies: readonly Link[] = [
      alone('reshape', { shape: own }),
      alone('reshape', { shape: [1, sizeOf(own)] }),
      alone('flatten'),
    ]
    return copies.flatMap((copy, j) => {
      // behind what rounds and nobody sees, a unit that passes that on
      const unit = value.op === 'tanh' ? 'relu' : (units[(i + j) % units.length] as OpName)
      const nodes = [
        node('value', value.op, value.inputs('x'), value.attrs),
        node('first', copy.op, copy.inputs('value'), copy.attrs),
        node('second', copy.op, copy.inputs('value'), copy.attrs),
        node('y', unit, { x: 'second' }),
      ]
      return [
        ['first', 'y'],
        ['first', 'value', 'y'],
        ['second', 'y', 'first'],
      ].flatMap((outputs, k) =>
        inRuns(reading({ x: shape, z: shape }, nodes, outputs), `${seed} ${i} ${j} ${k}`).slice(1),
      )
    })
  })
}

/** A node of several outputs with what it reads, by the width. */
const several = (W: number): readonly (readonly [op: OpName, inputs: Named, shapes: Shapes])[] => {
  const [N, T] = [2, 3]
  const itself = (shapes: Shapes): Named => Object.fromEntries(Object.keys(shapes).map((name) => [name, name]))
  const gated = (gates: number): Shapes => ({ wIh: [gates * W, W], wHh: [gates * W, W] })
  const nets: readonly (readonly [OpName, Shapes])[] = [
    ['lstmCell', { x: [N, W], h: [N, W], c: [N, W], ...gated(4), b: [4 * W] }],
    ['rnn', { x: [T, N, W], h0: [N, W], ...gated(1), b: [W] }],
    ['lstm', { x: [T, N, W], h0: [N, W], c0: [N, W], ...gated(4), b: [4 * W] }],
    ['gru', { x: [T, N, W], h0: [N, W], ...gated(3), bIh: [3 * W], bHh: [3 * W] }],
    ['momentum', { w: [N, W], g: [N, W], velocity: [N, W] }],
  ]
  const norm = { x: 'x', gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' }
  return [
    ...nets.map(([op, shapes]) => [op, itself(shapes), shapes] as const),
    ['batchNormTraining', norm, { x: [4, W], gamma: [W], beta: [W], mean: [W], variance: [W] }],
    ['adam', { w: 'w', g: 'g', m: 'm', v: 'variance', step: 'steps' }, { w: [N, W], g: [N, W], m: [N, W], variance: [N, W], steps: [] }], // prettier-ignore
  ]
}

const attributesOf: Partial<Record<OpName, Attrs>> = {
  adam: { learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 2 ** -20 },
  momentum: { learningRate: 0.5, momentum: 0.5 },
  batchNormTraining: { momentum: 0.25, epsilon: 0.125 },
}

/** Each output of a node that has several, copied as it is, cut or doubled, and answered beside the others. */
export const outputsHandedOn = (W: number, seed: string): readonly Act[] =>
  several(W).flatMap(([op, inputs, shapes]) => {
    const names = Object.keys(opOf(op).outputs)
    const attrs = attributesOf[op] ?? {}
    const made = node(op, op, inputs, attrs, Object.fromEntries(names.map((name) => [name, `made ${name}`])))
    const { shapes: known } = checked(reading(shapes, [made]))
    return names.flatMap((name) => {
      const value = `made ${name}`
      const shape = known[value] as Shape
      const readers = [
        node('copied', 'reshape', { x: value }, { shape: [...shape] }),
        node('cut', 'relu', { x: value }),
        node('doubled', 'add', { a: value, b: value }),
      ]
      const others = names.filter((other) => other !== name).map((other) => `made ${other}`)
      return readers.flatMap((reader) =>
        inRuns(reading(shapes, [made, reader], [...others, reader.name]), `${seed} ${op} ${name}`).slice(0, 2),
      )
    })
  })

const checked = (of: Program) => getOrThrow(checkProgram(of))

// ---- state ---------------------------------------------------------------------------------------------------------

/** What a layer reads is what it answered in the step before; with a unit behind it that is answered in its place. */
export const carriedThrough = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = { x: [W, W], w: [W, W], b: [W], z: [W, W], gamma: [W], beta: [W], mean: [W], variance: [W] }
  const maps: Shapes = { ...images(W), variance: [W] }
  const norm: Link = link('batchNormInference', (x) => ({ x, gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' })) // prettier-ignore
  const layers: readonly (readonly [Link, Shapes])[] = [
    [firsts.dense, shapes],
    [firsts['dense without a bias'], shapes],
    [firsts['3×3'], maps],
    [firsts['1×1'], maps],
    [firsts.turned, maps],
    [norm, shapes],
    [alone('softmax'), shapes],
    [alone('tanh'), shapes],
    [link('add', (a) => ({ a, b: 'z' })), shapes],
    [link('mul', (a) => ({ a, b: 'z' })), shapes],
  ]
  return layers.flatMap(([layer, given], i) => {
    const first = node('made', layer.op, layer.inputs('x'), layer.attrs)
    const unit = node('y', 'relu', { x: 'made' })
    return [
      ...inRuns(reading(given, [first], ['made'], { x: 'made' }), `${seed} ${i} by itself`).slice(1),
      ...inSteps(reading(given, [first], ['made'], { x: 'made' }), `${seed} ${i}`),
      ...inSteps(reading(given, [first, unit], ['y'], { x: 'made' }), `${seed} ${i}, behind`),
      ...inSteps(reading(given, [first, unit], ['y'], { x: 'y' }), `${seed} ${i}, cut`),
    ]
  })
}

/** Small networks, run six times over, on other numbers each time. */
export const againAndAgain = (W: number, seed: string): readonly Act[] => {
  const net = (N: number): Program =>
    reading(
      { x: [N, W], w: [5, W], b: [5], v: [2, 5], c: [2] },
      chained('y', 'x', [firsts.dense, alone('relu'), link('dense', (x) => ({ x, w: 'v', b: 'c' }))]),
    )
  const filtered = reading({ ...images(W), v: [W, W, 3, 3] }, chained('y', 'x', [firsts['3×3'], alone('relu'), alone('maxPool2d', { window: [2, 2] }), link('conv2d', (x) => ({ x, w: 'v' }), { padding: [1, 1, 1, 1] })])) // prettier-ignore
  const [gru] = several(W).filter(([op]) => op === 'gru')
  const sequence = gru && reading(gru[2], [node('y', 'gru', gru[1], {}, { y: 'y', hT: 'last' })])
  const back = bothWays(net(3), 'y, 2')
  return [net(1), net(3), filtered, ...(sequence ? [sequence] : []), back].flatMap((of, i) =>
    inRuns(of, `${seed} ${i}`, 6).slice(1),
  )
}

// ---- ways back -----------------------------------------------------------------------------------------------------

const units = ['sigmoid', 'tanh', 'relu', 'elu', 'softplus', 'leakyRelu', 'softmax', 'logSoftmax'] as const
const losses = { bceWithLogits: 'logits', softmaxCrossEntropy: 'logits', hinge: 'scores', mse: 'prediction' } as const

/** Scores that a unit reads, which is answered, and a loss, whose way back reads them last. */
export const unitsBesideLosses = (W: number, seed: string): readonly Act[] =>
  units.flatMap((unit) =>
    Object.entries(losses).flatMap(([loss, slot]) => {
      const of = reading(
        { x: [3, W], w: [4, W], share: [3, 4] },
        [
          node('scores', 'dense', { x: 'x', w: 'w' }),
          node('p', unit, { x: 'scores' }),
          node('loss', loss as OpName, { [slot]: 'scores', target: 'share' }),
        ],
        ['p', 'loss'],
      )
      return inRuns(bothWays(of, 'loss', ['w']), `${seed} ${unit} ${loss}`).slice(1)
    }),
  )

/** A layer and its unit with what goes around them, and the weights’ penalty; there, and there and back. */
export const aroundUnits = (W: number, seed: string): readonly Act[] =>
  units.slice(0, 6).flatMap((unit, i) =>
    (['dense', '3×3'] as const).flatMap((layer) =>
      (layer === 'dense' || unit === 'relu' ? (['add', 'mul'] as const) : (['add'] as const)).flatMap((joint) => {
        const shapes: Shapes = layer === 'dense' ? { x: [4, W], w: [W, W], b: [W] } : images(W)
        const first: Link = firsts[layer]
        const nodes = [
          node('a', first.op, first.inputs('x'), first.attrs),
          node('c', unit, { x: 'a' }),
          node('y', joint, i % 2 === 0 ? { a: 'c', b: 'x' } : { a: 'x', b: 'c' }),
          node('penalty', 'l2Penalty', { w: 'w' }, { beta: 0.5 }),
        ]
        const there = reading(shapes, nodes)
        const exact = exactIn(there)
        const rounded = written(there).filter((value) => !exact.has(value))
        // what comes back of a sum is what came to it: the shortest way back
        const shortly = reading({ ...shapes, dy: shapes['x'] as Shape }, [...nodes, back('da', unit, { x: 'a' }, { y: 'dy' })], [...new Set(['y', 'da', ...rounded])]) // prettier-ignore
        return [
          ...(joint === 'add' ? inRuns(shortly, `${seed} ${unit} ${layer} shortly`).slice(2) : []),
          ...inRuns({ ...there, outputs: [...new Set([...there.outputs, ...rounded])] }, `${seed} ${unit} ${layer} ${joint} there`).slice(2), // prettier-ignore
          ...inRuns(bothWays(there, 'y', ['x', 'w', 'b']), `${seed} ${unit} ${layer} ${joint}`).slice(0, 2),
        ]
      }),
    ),
  )

const recurrentNode = (
  op: 'rnn' | 'lstm' | 'gru',
  name: string,
  x: string,
  weights: string,
  from: string,
): ProgramNode => {
  // prettier-ignore
  const states = op === 'lstm' ? ['h', 'c'] : ['h']
  const biases = op === 'gru' ? ['bIh', 'bHh'] : ['b']
  return node(
    name,
    op,
    {
      x,
      ...Object.fromEntries(states.map((state) => [`${state}0`, `${from}${state}T`])),
      ...Object.fromEntries(['wIh', 'wHh', ...biases].map((weight) => [weight, `${weights} ${weight}`])),
    },
    {},
    { y: name, ...Object.fromEntries(states.map((state) => [`${state}T`, `${name} ${state}T`])) },
  )
}

/** Recurrent nets on each other and after each other, each from states of its own or from where one ended; there and back. */
export const sequencesJoined = (W: number, seed: string): readonly Act[] =>
  (['rnn', 'lstm', 'gru'] as const).flatMap((op) => {
    const gates = { rnn: 1, lstm: 4, gru: 3 }[op]
    const weights = ['one', 'two'].flatMap((name): readonly (readonly [string, Shape])[] => [
      [`${name} wIh`, [gates * W, W]],
      [`${name} wHh`, [gates * W, W]],
      ...['b', 'bIh', 'bHh'].map((b) => [`${name} ${b}`, [gates * W]] as const),
    ])
    const states = ['first ', 'second '].flatMap((name) => ['hT', 'cT'].map((state) => [`${name}${state}`, [2, W]] as const)) // prettier-ignore
    const shapes: Shapes = { x: [3, 2, W], z: [3, 2, W], ...Object.fromEntries(weights), ...Object.fromEntries(states) }
    const nets: Readonly<Record<string, readonly ProgramNode[]>> = {
      'on each other': [recurrentNode(op, 'lower', 'x', 'one', 'first '), recurrentNode(op, 'upper', 'lower', 'two', 'second ')], // prettier-ignore
      'from one state': [recurrentNode(op, 'lower', 'x', 'one', 'first '), recurrentNode(op, 'upper', 'lower', 'two', 'first ')], // prettier-ignore
      'after each other': [recurrentNode(op, 'lower', 'x', 'one', 'first '), recurrentNode(op, 'upper', 'z', 'one', 'lower ')], // prettier-ignore
      both: [recurrentNode(op, 'lower', 'x', 'one', 'first '), recurrentNode(op, 'upper', 'lower', 'two', 'lower ')],
    }
    return Object.entries(nets).flatMap(([name, nodes]) =>
      inRuns(bothWays(reading(shapes, nodes), 'upper'), `${seed} ${op} ${name}`),
    )
  })

/** Each loss there and back in one program, by every reduction, pulled by what is fed or by itself; and two of one score. */
export const lossesBothWays = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = { x: [3, W], z: [3, W], share: [3, W], 'share of it': [3, W], pull: [], 'pull of rows': [3] }
  const named = Object.entries(losses) as readonly (readonly [OpName, string])[]
  const one = (op: OpName, slot: string, name: string, attrs: Attrs): ProgramNode =>
    node(name, op, { [slot]: 'x', target: 'share' }, attrs)
  const reversed = (op: OpName, slot: string, name: string, attrs: Attrs, pull: string): ProgramNode =>
    back(name, op, { [slot]: 'x', target: 'share' }, { loss: pull }, attrs, { [slot]: name })
  const single = named.flatMap(([op, slot]) =>
    reductionsOf(op).flatMap((attrs) => {
      const { shapes: known } = checked(reading(shapes, [one(op, slot, 'loss', attrs)]))
      const fed = ({ 0: 'pull', 1: 'pull of rows', 2: 'z' } as const)[(known['loss'] ?? []).length] ?? 'pull'
      return [fed, 'loss'].flatMap((pull, i) =>
        inRuns(
          reading(shapes, [one(op, slot, 'loss', attrs), reversed(op, slot, 'dx', attrs, pull)], ['loss', 'dx']),
          `${seed} ${op} ${JSON.stringify(attrs)} ${i}`,
        ).slice(1),
      )
    }),
  )
  const pairs = named.flatMap(([op, slot]) =>
    named
      .filter(([other]) => other !== op)
      .flatMap(([other, slotOfOther]) =>
        [0, 1, 2].flatMap((which) => {
          const there = [one(op, slot, 'loss', {}), one(other, slotOfOther, 'other loss', {})]
          const backAgain = [reversed(op, slot, 'dx', {}, 'pull'), reversed(other, slotOfOther, 'other dx', {}, 'pull')]
          // both, or one of them, behind both losses
          const nodes = [...there, ...(which === 0 ? backAgain : backAgain.slice(which - 1, which))]
          return inRuns(reading(shapes, nodes), `${seed} ${op} ${other} ${which}`).slice(1)
        }),
      ),
  )
  return [...single, ...pairs]
}

const reductionsOf = (op: OpName): readonly Attrs[] => {
  const { reduction } = opOf(op).attrs.fields as { readonly reduction?: unknown }
  return reduction === undefined ? [{}] : ['mean', 'sum', 'none'].map((each) => ({ reduction: each }))
}
