import type { NodeAttribute, ProgramNode } from '../../../spec/program.js'
import type { OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { node, program, runs } from './making.js'

/**
 * One op right behind another, in pairs of which nothing else reads the first: what makes one kernel of two does so there,
 * and adds where it should multiply, or takes the operands the wrong way round.
 */

type Named = Readonly<Record<string, string>>

/** A node by its op and what it reads; `of` is the value before it. */
export interface Link {
  readonly op: OpName
  readonly inputs: (of: string) => Named
  readonly attrs?: Readonly<Record<string, NodeAttribute>>
}

export const link = (op: OpName, inputs: Link['inputs'], attrs: Link['attrs'] = {}): Link => ({ op, inputs, attrs })
export const alone = (op: OpName, attrs: Link['attrs'] = {}): Link => link(op, (x) => ({ x }), attrs)

// what goes by element, with the other operand on either side
const byElement: readonly Link[] = [
  alone('relu'),
  link('add', (a) => ({ a, b: 'other' })),
  link('mul', (a) => ({ a, b: 'other' })),
  link('add', (b) => ({ a: 'other', b })),
  link('mul', (b) => ({ a: 'other', b })),
  link('mul', (a) => ({ a, b: a })),
  alone('leakyRelu', { alpha: 0.25 }),
  alone('sigmoid'),
  alone('tanh'),
]

export const normalized = link('batchNormInference', (x) => ({
  x,
  gamma: 'gamma',
  beta: 'beta',
  runningMean: 'mean',
  runningVar: 'square',
}))
const byChannel = (W: number): readonly Link[] => [
  link('scaleChannels', (x) => ({ x, s: 's' })),
  normalized,
  alone('maxPool2d', { window: [2, 2] }),
  alone('globalAvgPool'),
  alone('flatten'),
  link('reshape', (x) => ({ x }), { shape: [4, 12 * W] }),
  link('concat', (x0) => ({ x0, x1: 'other' }), { axis: 1 }),
  link('concat', (x1) => ({ x0: 'other', x1 }), { axis: 1 }),
]

export const firsts = {
  '3×3': link('conv2d', (x) => ({ x, w: 'w', b: 'b' }), { padding: [1, 1, 1, 1] }),
  '3×3 without a bias': link('conv2d', (x) => ({ x, w: 'w' }), { padding: [1, 1, 1, 1] }),
  '1×1': link('conv2d', (x) => ({ x, w: 'w of 1×1', b: 'b' })),
  grouped: link('conv2d', (x) => ({ x, w: 'w of thirds', b: 'b' }), { groups: 3 }),
  turned: link('convTranspose2d', (x) => ({ x, w: 'w', b: 'b' }), { padding: [1, 1, 1, 1] }),
  row: link('conv1d', (x) => ({ x, w: 'w', b: 'b' }), { padding: [1, 1] }),
  dense: link('dense', (x) => ({ x, w: 'w', b: 'b' })),
  'dense without a bias': link('dense', (x) => ({ x, w: 'w' })),
  pool: link('maxPool2d', () => ({ x: 'large' }), { window: [2, 2] }),
  sum: link('add', (a) => ({ a, b: 'w' })),
  product: link('mul', (a) => ({ a, b: 'w' })),
  positive: alone('relu'),
} as const

// a variance is no less than 0
const square = node('square', 'mul', { a: 'mean', b: 'mean' })

/** Runs of a program of such chains, whose last values are its outputs; inputs that none of them reads are left out. */
export const inChains = (
  inputs: Readonly<Record<string, Shape>>,
  chains: readonly (readonly ProgramNode[])[],
  seed: string,
): readonly Act[] => {
  const readBy = (nodes: readonly ProgramNode[]): ReadonlySet<string> =>
    new Set(nodes.flatMap((one) => Object.values(one.inputs)))
  const linked = chains.flat()
  const nodes = readBy(linked).has(square.name) ? [square, ...linked] : linked
  const read = readBy(nodes)
  return runs(
    program(
      Object.fromEntries(Object.entries(inputs).filter(([name]) => read.has(name))),
      nodes,
      chains.flatMap((chain) => chain.slice(-1).map(({ name }) => name)),
    ),
    seed,
  )
}

/** Every pair of some that come first and some behind them; the values before the last of each pair are read by nothing else. */
const pairs = (
  inputs: Readonly<Record<string, Shape>>,
  before: readonly (keyof typeof firsts)[],
  behind: readonly Link[],
  seed: string,
): readonly Act[] =>
  inChains(
    inputs,
    before.flatMap((name) =>
      behind.map(({ op, inputs: read, attrs }, at) => {
        const first: Link = firsts[name]
        const start = `${name} ${at}`
        return [
          node(start, first.op, first.inputs('x'), first.attrs),
          node(`${op} ${at} behind ${name}`, op, read(start), attrs),
        ]
      }),
    ),
    seed,
  )

const ofChannels = (W: number): Readonly<Record<string, Shape>> =>
  Object.fromEntries(['gamma', 'beta', 'mean'].map((name) => [name, [W]]))

export const images = (W: number): Readonly<Record<string, Shape>> => ({
  x: [2, W, 4, 6],
  other: [2, W, 4, 6],
  third: [2, W, 4, 6],
  w: [W, W, 3, 3],
  'w of 1×1': [W, W, 1, 1],
  'w of thirds': [W, W / 3, 1, 1],
  s: [2, W],
  b: [W],
  ...ofChannels(W),
})

export const behindConvolutions = (W: number, seed: string): readonly Act[] =>
  pairs(images(W), ['3×3', '3×3 without a bias', '1×1', 'grouped'], byElement, seed)

export const behindByChannel = (W: number, seed: string): readonly Act[] =>
  pairs(images(W), ['3×3', '3×3 without a bias', '1×1', 'grouped', 'turned'], byChannel(W), seed)

export const behindTransposed = (W: number, seed: string): readonly Act[] =>
  pairs(images(W), ['turned'], byElement, seed)

export const behindRows = (W: number, seed: string): readonly Act[] =>
  pairs(
    { x: [2, W, 8], other: [2, W, 8], w: [W, W, 3], b: [W], ...ofChannels(W) },
    ['row'],
    [...byElement, normalized],
    seed,
  )

export const behindDense = (W: number, seed: string): readonly Act[] =>
  pairs(
    { x: [4, W], other: [4, W], w: [W, W], b: [W], ...ofChannels(W) },
    ['dense', 'dense without a bias'],
    [...byElement, alone('softmax'), normalized],
    seed,
  )

export const behindElements = (W: number, seed: string): readonly Act[] =>
  pairs(
    { x: [2, W, 4, 4], other: [2, W, 4, 4], w: [2, W, 4, 4], large: [2, W, 8, 8] },
    ['pool', 'sum', 'product', 'positive'],
    byElement,
    seed,
  )

// what stands between a layer and its statistics, its summand or the next of its kind, and rounds nothing
const between: readonly Link[] = [
  alone('relu'),
  link('add', (a) => ({ a, b: 'other' })),
  link('mul', (b) => ({ a: 'other', b })),
]
const last = (W: number): readonly Link[] => [
  alone('relu'),
  link('add', (a) => ({ a, b: 'third' })),
  link('mul', (b) => ({ a: 'third', b })),
  ...byChannel(W).slice(0, 3),
]

/** Three in a row behind each other, the third of those that a kernel may take for the second. */
export const behindTwo = (W: number, seed: string): readonly Act[] => {
  return inChains(
    images(W),
    (['3×3', '1×1', 'turned'] as const).flatMap((layer) =>
      between.flatMap((middle, i) =>
        last(W).map((end, j) => {
          const first: Link = firsts[layer]
          const [start, next] = [`${layer} ${i} ${j}`, `${middle.op} ${i} ${j} behind ${layer}`]
          return [
            node(start, first.op, first.inputs('x'), first.attrs),
            node(next, middle.op, middle.inputs(start), middle.attrs),
            node(`${end.op} behind ${next}, ${i} ${j}`, end.op, end.inputs(next), end.attrs),
          ]
        }),
      ),
    ),
    seed,
  )
}

const joins: readonly (readonly ['add' | 'mul', (a: string, b: string) => Named])[] = [
  ['add', (a, b) => ({ a, b })],
  ['add', (a, b) => ({ a: b, b: a })],
  ['mul', (a, b) => ({ a, b })],
  ['mul', (a, b) => ({ a: b, b: a })],
]

/** What a layer reads is put to its answer as well, on either side, and read once more behind that: its memory is not free yet. */
export const aroundLayers = (W: number, seed: string): readonly Act[] =>
  inChains(
    images(W),
    (['3×3', '3×3 without a bias', '1×1', 'grouped'] as const).flatMap((layer) =>
      joins.map(([op, read], at) => {
        const first: Link = firsts[layer]
        const [skipped, start, joined] = [`skipped ${layer} ${at}`, `${layer} ${at}`, `joined ${layer} ${at}`]
        return [
          node(skipped, 'relu', { x: 'x' }),
          node(start, first.op, first.inputs(skipped), first.attrs),
          node(joined, op, read(start, skipped)),
          node(`again ${layer} ${at}`, 'mul', { a: joined, b: skipped }),
        ]
      }),
    ),
    seed,
  )
