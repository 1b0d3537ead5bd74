import type { OpName } from '../../../spec/catalogue.js'
import type { NodeAttribute, ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { alone, firsts, images, inChains, link, normalized } from './behind.js'
import { node } from './making.js'

/** What networks are built of: layers behind layers, branches that are joined, and squeezed maps that several read. */

type Named = Readonly<Record<string, string>>
type Attrs = Readonly<Record<string, NodeAttribute>>

const made = (name: string, { op, inputs, attrs }: Link, of: string): ProgramNode => node(name, op, inputs(of), attrs)

// ---- layers in a row -----------------------------------------------------------------------------------------------

const layers = {
  ...firsts,
  'another 3×3': link('conv2d', (x) => ({ x, w: 'v', b: 'c' }), { padding: [1, 1, 1, 1] }),
  'another 1×1': link('conv2d', (x) => ({ x, w: 'v of 1×1', b: 'c' })),
  'by channel': link('conv2d', (x) => ({ x, w: 'w by channel' }), { padding: [1, 1, 1, 1] }),
  'another turned': link('convTranspose2d', (x) => ({ x, w: 'v', b: 'c' }), { padding: [1, 1, 1, 1] }),
} as const

const between: Readonly<Record<string, readonly Link[]>> = {
  'at once': [],
  'a unit between': [alone('relu')],
  'a unit and a dropout between': [alone('relu'), alone('dropout', { keep: 0.5, key: [5, 6] })],
  'a sum between': [link('add', (a) => ({ a, b: 'other' }))],
}

const shapes = (W: number, N = 2): Readonly<Record<string, Shape>> => ({
  ...images(W),
  x: [N, W, 4, 6],
  other: [N, W, 4, 6],
  third: [N, W, 4, 6],
  v: [W, W, 3, 3],
  'v of 1×1': [W, W, 1, 1],
  'w by channel': [W, 1, 3, 3],
  'w of many': [4 * W, W, 1, 1],
  'w of few': [1, 4 * W, 1, 1],
  'w of one': [W, 1, 1, 1],
  'w around one': [W, 1, 3, 3],
  c: [W],
})

/** The groups of a depthwise layer go by its width. */
const atWidth = (W: number, { op, inputs, attrs }: Link, name: string): Link =>
  name === 'by channel' ? link(op, inputs, { ...attrs, groups: W }) : link(op, inputs, attrs)

const inARow = (
  W: number,
  before: readonly (keyof typeof layers)[],
  behind: readonly (keyof typeof layers)[],
): readonly (readonly ProgramNode[])[] =>
  before.flatMap((first) =>
    behind.flatMap((second) =>
      Object.entries(between).map(([how, links]): readonly ProgramNode[] => {
        const called = `${first}, ${second}, ${how}`
        return [atWidth(W, layers[first], first), ...links, atWidth(W, layers[second], second)].reduce<
          readonly ProgramNode[]
        >((chain, one, i) => [...chain, made(`${called} ${i}`, one, chain.at(-1)?.name ?? 'x')], [])
      }),
    ),
  )

/** Two layers, one right behind the other, or with what layers have between them. */
export const layersInARow = (W: number, seed: string): readonly Act[] =>
  inChains(
    shapes(W),
    inARow(W, ['3×3', '1×1', 'by channel', 'turned'], ['another 3×3', 'another 1×1', 'by channel', 'another turned']),
    seed,
  )

export const productsInARow = (W: number, seed: string): readonly Act[] => {
  const products = { first: link('dense', (x) => ({ x, w: 'w', b: 'b' })), second: link('dense', (x) => ({ x, w: 'v', b: 'c' })) } // prettier-ignore
  const ends = [link('mul', (a) => ({ a, b: 'other' })), link('add', (a) => ({ a, b: 'other' })), alone('relu'), alone('dropout', { keep: 0.5, key: [5, 6] })] // prettier-ignore
  const last = [link('add', (a) => ({ a, b: 'third' })), link('mul', (b) => ({ a: 'third', b })), alone('relu'), alone('tanh'), products.second] // prettier-ignore
  return inChains(
    { x: [4, W], other: [4, W], third: [4, W], w: [W, W], v: [W, W], b: [W], c: [W] },
    [
      ...[[], ...ends.map((one) => [one]), [alone('relu'), alone('dropout', { keep: 0.5, key: [5, 6] })]].flatMap(
        (links, i) =>
          last.map((end, j) =>
            [products.first, ...links, end].reduce<readonly ProgramNode[]>(
              (chain, one, at) => [...chain, made(`${one.op} ${i} ${j} ${at}`, one, chain.at(-1)?.name ?? 'x')],
              [],
            ),
          ),
      ),
    ],
    seed,
  )
}

// what goes behind a norm, and moves numbers, chooses among them or adds to them
const behindNorms: readonly (readonly Link[])[] = [
  [alone('relu')],
  [link('add', (a) => ({ a, b: 'other' }))],
  [link('add', (b) => ({ a: 'other', b })), alone('relu')],
  [alone('relu'), link('add', (a) => ({ a, b: 'other' }))],
  [link('add', (a) => ({ a, b: a })), alone('relu')],
  [alone('relu'), alone('maxPool2d', { window: [2, 2] })],
  [alone('maxPool2d', { window: [2, 2] }), alone('flatten')],
  [link('concat', (x0) => ({ x0, x1: 'other' }), { axis: 1 })],
  [link('concat', (x1) => ({ x0: 'other', x1 }), { axis: 1 }), alone('relu')],
  [link('concat', (x0) => ({ x0, x1: 'other', x2: x0 }), { axis: 0 })],
  [alone('flatten')],
]

/** Layers with a norm of known statistics, and a unit, a sum, a pool or a join behind that; nothing else reads what is between. */
export const normsInARow = (W: number, seed: string): readonly Act[] =>
  inChains(
    shapes(W),
    (['3×3', '3×3 without a bias', '1×1', 'grouped', 'by channel', 'turned'] as const).flatMap((name) =>
      behindNorms.map((links, i) =>
        [atWidth(W, layers[name], name), normalized, ...links].reduce<readonly ProgramNode[]>(
          (chain, one, at) => [...chain, made(`${one.op} ${at} of ${i}, ${name}`, one, chain.at(-1)?.name ?? 'x')],
          [],
        ),
      ),
    ),
    seed,
  )

// ---- branches ------------------------------------------------------------------------------------------------------

const branches: Readonly<Record<string, readonly Link[]>> = {
  'a 3×3': [firsts['3×3']],
  'another 3×3': [layers['another 3×3']],
  'a 1×1': [firsts['1×1']],
  'another 1×1': [layers['another 1×1']],
  'a 1×1 and its unit': [firsts['1×1'], alone('relu')],
  'a norm': [firsts['1×1'], normalized],
  'a unit': [alone('relu')],
  'a sum': [link('add', (a) => ({ a, b: 'other' }))],
  'a pool': [alone('maxPool2d', { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] }), layers['another 1×1']],
  'up and down': [firsts.turned],
}

/** Two branches of one value, in either order, joined in either order. */
export const joinedBranches = (W: number, seed: string): readonly Act[] => {
  const names = Object.keys(branches)
  const chains = names.flatMap((first) =>
    names.flatMap((second) =>
      ['in order', 'turned'].map((order): readonly ProgramNode[] => {
        const called = `${first}, ${second}, ${order}`
        const branch = (name: string, place: number): readonly ProgramNode[] =>
          (branches[name] ?? []).reduce<readonly ProgramNode[]>(
            (chain, one, i) => [...chain, made(`${place} ${called} ${i}`, one, chain.at(-1)?.name ?? 'x')],
            [],
          )
        const [one, other] = [branch(first, 1), branch(second, 2)]
        const ends = [one, other].map((chain) => chain.at(-1)?.name ?? 'x')
        const [x0, x1] = (order === 'in order' ? ends : ends.toReversed()) as [string, string]
        return [...one, ...other, node(`joined ${called}`, 'concat', { x0, x1 }, { axis: 1 })]
      }),
    ),
  )
  return inChains(shapes(W), chains, seed)
}

/** Squeezed maps that two filters read, whose maps are joined, behind wide ones that nothing reads any more; of one image and of two. */
export const squeezed = (W: number, seed: string): readonly Act[] =>
  [1, 2].flatMap((N) => {
    const chains = [false, true].flatMap((units) =>
      ['in order', 'turned'].map((order): readonly ProgramNode[] => {
        const called = `${units ? 'with units' : 'plain'}, ${order}`
        const layer = (name: string, inputs: Named, attrs: Attrs = {}): readonly ProgramNode[] => [
          node(units ? `${name} before, ${called}` : `${name}, ${called}`, 'conv2d', inputs, attrs),
          ...(units ? [node(`${name}, ${called}`, 'relu', { x: `${name} before, ${called}` })] : []),
        ]
        const parts = [`single, ${called}`, `around, ${called}`]
        const [x0, x1] = (order === 'in order' ? parts : parts.toReversed()) as [string, string]
        return [
          ...layer('wide', { x: 'x', w: 'w of many' }),
          ...layer('squeezed', { x: `wide, ${called}`, w: 'w of few' }),
          ...layer('single', { x: `squeezed, ${called}`, w: 'w of one' }),
          ...layer('around', { x: `squeezed, ${called}`, w: 'w around one' }, { padding: [1, 1, 1, 1] }),
          node(`joined, ${called}`, 'concat', { x0, x1 }, { axis: 1 }),
        ]
      }),
    )
    return inChains(shapes(W, N), chains, `${seed} ${N}`)
  })

/** What is fed, joined or made, answered as it is and squared, doubled, and read by a layer. */
export const answeredAndRead = (W: number, seed: string): readonly Act[] => {
  const values: Readonly<Record<string, Link>> = {
    'joined feeds': link('concat', () => ({ x0: 'x', x1: 'other' }), { axis: 0 }),
    'added feeds': link('add', () => ({ a: 'x', b: 'other' })),
    'multiplied feeds': link('mul', () => ({ a: 'x', b: 'other' })),
    'a rectified feed': alone('relu'),
    'a 3×3': firsts['3×3'],
    'a 1×1': firsts['1×1'],
    'a pool': alone('maxPool2d', { window: [2, 2] }),
    'a dropout': alone('dropout', { keep: 0.5, key: [5, 6] }),
  }
  const readers: readonly (readonly [name: string, op: OpName, read: (x: string) => Named, attrs?: Attrs])[] = [
    ['squared', 'mul', (a) => ({ a, b: a })],
    ['doubled', 'add', (a) => ({ a, b: a })],
    ['filtered', 'conv2d', (x) => ({ x, w: 'w of 1×1' })],
    ['rectified', 'relu', (x) => ({ x })],
    ['joined', 'concat', (x) => ({ x0: x, x1: x }), { axis: 1 }],
  ]
  const chains = Object.entries(values).flatMap(([name, value]) =>
    readers.flatMap(([how, op, read, attrs]) => {
      const called = `${name}, ${how}`
      // an answer of its own: nothing is behind it in its chain
      return [[made(called, value, 'x')], [node(`${called} read`, op, read(called), attrs)]]
    }),
  )
  return inChains(shapes(W), chains, seed)
}
