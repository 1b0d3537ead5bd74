import type { OpName } from '../../../spec/catalogue.js'
import type { ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { alone, images, link } from './behind.js'
import { bothWays, chained } from './idioms.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, inRuns, node, reading } from './making.js'

/** Layers as networks run them: only the last is answered. And what is joined, cut or dropped beside a product. */

const units: readonly Link[] = [
  alone('relu'),
  alone('sigmoid'),
  alone('leakyRelu', { alpha: 0.25 }),
  alone('tanh'),
  alone('elu'),
  alone('softplus'),
]
const factors = { gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' }
const normed = link('batchNormInference', (x) => ({ x, ...factors }))
const around = { padding: [1, 1, 1, 1] }
const filter = (w: string, attrs: Attrs = {}, b?: string): Link => link('conv2d', (x) => ({ x, w, ...(b !== undefined && { b }) }), attrs) // prettier-ignore
const turned = link('convTranspose2d', (x) => ({ x, w: 'w', b: 'b' }), around)
const scaled = link('scaleChannels', (x) => ({ x, s: 's' }))

/** What stands first and last among maps with each unit between in turn, or none: a norm in front of a filter, a filter in front of a norm. */
export const layersOfMaps = (W: number, seed: string): readonly Act[] => {
  const first: Readonly<Record<string, Link>> = {
    norm: normed,
    filter: filter('w', around, 'b'),
    'single taps': filter('w of 1×1'),
    turned,
    scaled,
    average: alone('avgPool2d', { window: [1, 2], stride: [1, 1] }),
  }
  const last: readonly Link[] = [
    filter('w', around),
    filter('w of 1×1', {}, 'b'),
    filter('w of each', { ...around, groups: W }),
    turned,
    scaled,
    normed,
    alone('avgPool2d', { window: [2, 2] }),
    alone('globalAvgPool'),
    alone('maxPool2d', { window: [2, 2] }),
    alone('softmax', { axis: 1 }),
  ]
  const shapes: Shapes = { ...images(W), variance: [W], 'w of each': [W, 1, 3, 3] }
  return Object.entries(first).flatMap(([name, one], i) => {
    const nodes = last.flatMap((end, j) =>
      [[], [units[(i + j) % units.length] as Link]].flatMap((between, k) =>
        chained(`${name} ${j} ${k}`, 'x', [one, ...between, end]),
      ),
    )
    return inRuns(reading(shapes, nodes), `${seed} ${name}`)
  })
}

/** Rows: pooled maps in front of a product, products on each other, shares in front of one; of one sample and of three. */
export const layersOfRows = (W: number, seed: string): readonly Act[] =>
  [1, 3].flatMap((N) => {
    const maps: Shape = [N, W, 4, 6]
    // each pool leaves 2 × 3 of each map
    const I = 6 * W
    const pools: readonly Link[] = [
      alone('avgPool2d', { window: [2, 2] }),
      alone('maxPool2d', { window: [2, 2] }),
      alone('avgPool2d', { window: [3, 3], stride: [2, 2], padding: [0, 1, 1, 0] }),
    ]
    const ofPools = pools.flatMap((pool, i) => {
      return [alone('flatten'), alone('reshape', { shape: [N, I] })].flatMap((copy, j) =>
        [[], [filter('w', around, 'b')], [units[(2 * i + j) % units.length] as Link]].flatMap((before, k) =>
          chained(`pool ${i} ${j} ${k}`, 'maps', [...before, pool, copy, link('dense', (x) => ({ x, w: `to ${I}` }))]),
        ),
      )
    })
    const product = (w: string, b?: string): Link => link('dense', (x) => ({ x, w, ...(b !== undefined && { b }) }))
    const shares: readonly Link[] = [
      alone('softmax', { axis: -1 }),
      alone('logSoftmax', { axis: -1 }),
      alone('sigmoid'),
    ]
    const ofRows = [...units, ...shares].flatMap((unit, i) => [
      ...chained(`rows ${i}`, 'rows', [product('v', 'b'), unit, product('v')]),
      ...chained(`rows ${i}, multiplied`, 'rows', [product('v'), unit, link('mul', (a) => ({ a, b: 'others' }))]),
    ])
    // a unit of itself, times itself
    const gated = (['dense', 'add'] as const).flatMap((op, i) => [
      node(`gate ${i}`, op, op === 'dense' ? { x: 'rows', w: 'v' } : { a: 'rows', b: 'others' }),
      node(`gate ${i}, open`, 'sigmoid', { x: `gate ${i}` }),
      node(`gate ${i}, times`, 'mul', { a: `gate ${i}`, b: `gate ${i}, open` }),
      node(`gate ${i}, last`, 'dense', { x: `gate ${i}, times`, w: 'v' }),
    ])
    const shapes: Shapes = {
      maps,
      w: [W, W, 3, 3],
      b: [W],
      v: [W, W],
      rows: [N, W],
      others: [N, W],
      [`to ${I}`]: [3, W * 6],
    }
    return inRuns(reading(shapes, [...ofPools, ...ofRows, ...gated]), `${seed} ${N}`)
  })

/** A layer over what was joined, and a part of that beside it; chains that end where they are joined; joins that are cut and joined again. */
export const joinedAgain = (W: number, seed: string): readonly Act[] => {
  const [maps, rows]: readonly [Shape, Shape] = [
    [2, W, 2, 4],
    [3, W],
  ]
  const shapes: Shapes = {
    x: maps,
    z: maps,
    row: rows,
    other: rows,
    v: [W, W],
    'v of two': [W, 2 * W],
    w: [W, W, 3, 3],
    'w of two': [W, 2 * W, 3, 3],
    b: [W],
  }
  const part = (name: string, of: readonly [string, string], unit: OpName): ProgramNode =>
    node(name, unit, unit === 'add' ? { a: of[0], b: of[1] } : { x: of[0] })
  const layers = [
    {
      of: ['x', 'z'],
      layer: link('conv2d', (x) => ({ x, w: 'w of two', b: 'b' }), around),
      inner: filter('w', around),
    },
    { of: ['row', 'other'], layer: link('dense', (x) => ({ x, w: 'v of two', b: 'b' })), inner: link('dense', (x) => ({ x, w: 'v' })) }, // prettier-ignore
  ] as const
  const fused = layers.flatMap(({ of, layer }, i) =>
    ([0, 1] as const).flatMap((which) =>
      (['add', 'mul'] as const).flatMap((op) => {
        const name = `over ${i} ${which} ${op}`
        const parts = [`${name}, p`, `${name}, q`] as const
        return [
          part(parts[0], of, 'relu'),
          part(parts[1], of, 'add'),
          node(`${name}, joined`, 'concat', { x0: parts[0], x1: parts[1] }, { axis: 1 }),
          node(`${name}, layer`, layer.op, layer.inputs(`${name}, joined`), layer.attrs),
          node(name, op, { a: `${name}, layer`, b: parts[which] }),
        ]
      }),
    ),
  )
  const links: readonly (readonly Link[])[] = [
    [link('mul', (a) => ({ a, b: '' })), alone('sigmoid')],
    [link('add', (a) => ({ a, b: '' })), alone('relu')],
    [alone('relu'), alone('tanh')],
    [link('mul', (a) => ({ a, b: '' })), link('add', (a) => ({ a, b: '' })), alone('leakyRelu', { alpha: 0.25 })],
  ]
  const chains = layers.flatMap(({ of, inner }, i) =>
    links.flatMap((chain, j) =>
      (['behind', 'before', 'beside'] as const).flatMap((place, k) => {
        const name = `chain ${i} ${j} ${place}`
        const own = chain.map((one): Link => ({ ...one, inputs: (x) => Object.fromEntries(Object.entries(one.inputs(x)).map(([slot, value]) => [slot, value === '' ? of[1] : value])) })) // prettier-ignore
        const made = chained(name, of[0], [inner, ...own])
        const other = place === 'beside' ? chained(`${name}, other`, of[1], [inner, ...own]) : []
        const [a, b] = [made.at(-1)?.name ?? '', other.at(-1)?.name ?? of[1]]
        return [...made, ...other, node(`${name}, joined`, 'concat', place === 'before' ? { x0: a, x1: b } : { x0: b, x1: a }, { axis: (i + j + k) % 2 })] // prettier-ignore
      }),
    ),
  )
  const cut = layers.flatMap(({ of, inner }, i) =>
    [[], [alone('relu')], [inner]].flatMap((way, j) => {
      const name = `cut ${i} ${j}`
      const first = [part(`${name}, p`, of, 'relu'), node(`${name}, whole`, 'concat', { x0: `${name}, p`, x1: of[1] }, { axis: 1 })] // prettier-ignore
      const pieces = back(name, 'concat', { x0: of[0], x1: of[1] }, { y: `${name}, whole` }, { axis: 1 }, { x0: `${name}, left`, x1: `${name}, right` }) // prettier-ignore
      const second = chained(`${name}, way`, `${name}, right`, way)
      const end = second.at(-1)?.name ?? `${name}, right`
      return [...first, pieces, ...second, node(`${name}, again`, 'concat', j === 1 ? { x0: end, x1: `${name}, left` } : { x0: `${name}, left`, x1: end }, { axis: 1 })] // prettier-ignore
    }),
  )
  return [fused, chains, cut].flatMap((nodes, i) => inRuns(reading(shapes, nodes), `${seed} ${i}`))
}

/** Gradients of a product and of what goes to another one beside it, by a dropout, a unit or a norm; and of a block that ends in a norm. */
export const besideProducts = (W: number, seed: string): readonly Act[] => {
  const dropout = (keep: number): Link => alone('dropout', { keep, key: [1, 2] })
  const ways: readonly Link[] = [
    dropout(0.5),
    dropout(1),
    alone('tanh'),
    alone('relu'),
    link('batchNormTraining', (x) => ({ x, ...factors })),
    alone('softmax', { axis: 1 }),
  ]
  const shapes: Shapes = { k: [3, W], v: [W, W], w: [W, W], a: [2, W], c: [W, 2], b: [W], target: [3, W], gamma: [W], beta: [W], mean: [W], variance: [W] } // prettier-ignore
  const wrt = ['k', 'v', 'w', 'a', 'c', 'b', 'gamma', 'beta']
  const trained = (called: string, nodes: readonly ProgramNode[], y: string): readonly Act[] => {
    const of = reading(shapes, [...nodes, node('loss', 'mse', { prediction: y, target: 'target' })])
    return inRuns(bothWays(of, 'loss', wrt.filter((name) => name in of.inputs)), `${seed} ${called}`, 1) // prettier-ignore
  }
  const beside = ways.flatMap((way, i) => {
    const x = node('x', 'dense', { x: 'k', w: 'v' })
    const low = chained('low', 'x', [way, link('dense', (value) => ({ x: value, w: 'a' })), link('dense', (value) => ({ x: value, w: 'c' }))]) // prettier-ignore
    const main = node('main', 'dense', { x: 'x', w: 'w', b: 'b' })
    const both = node('y', 'add', i % 2 === 0 ? { a: 'main', b: low.at(-1)?.name ?? '' } : { a: low.at(-1)?.name ?? '', b: 'main' }) // prettier-ignore
    return trained(`beside ${i}`, i % 2 === 0 ? [x, main, ...low, both] : [x, ...low, main, both], 'y')
  })
  const norms: readonly OpName[] = ['batchNormTraining', 'batchNormInference']
  const ending = [0.5, 1].flatMap((keep, i) =>
    norms.flatMap((norm, j) =>
      [false, true].flatMap((biased) =>
        trained(
          `ending ${i} ${j} ${String(biased)}`,
          [
            node('p', 'dense', { x: 'k', w: 'v', ...(biased && { b: 'b' }) }),
            node('d', 'dropout', { x: 'p' }, { keep, key: [1, 2] }),
            node('s', 'add', { a: 'd', b: 'k' }),
            node('y', norm, { x: 's', ...factors }, {}, { y: 'y' }),
          ],
          'y',
        ),
      ),
    ),
  )
  return [...beside, ...ending]
}

/** Losses of each sample or number, each with a factor of its own, fed or made on the way back, behind a product; back to its weights. */
export const ofEachSample = (W: number, seed: string): readonly Act[] => {
  const N = 3
  const losses: readonly (readonly [op: OpName, slot: string, target: string, each: Shape])[] = [
    ['softmaxCrossEntropy', 'logits', 'share', [N]],
    ['hinge', 'scores', 'share', [N]],
    ['mse', 'prediction', 'target', [N, W]],
    ['bceWithLogits', 'logits', 'share', [N, W]],
  ]
  const shapes: Shapes = { x: [N, 4], w: [W, 4], b: [W], share: [N, W], target: [N, W], 'factor 1': [N], 'factor 2': [N, W], 'pull 1': [N], 'pull 2': [N, W] } // prettier-ignore
  const nodes = losses.flatMap(([op, slot, target, each]) =>
    [true, false].flatMap((biased) => {
      const name = `${op} ${String(biased)}`
      const reads: Named = { x: 'x', w: 'w', ...(biased && { b: 'b' }) }
      const loss: Named = { [slot]: `${name}, made`, target }
      // a factor that is fed, or one that comes back itself
      const factor = `factor ${each.length}`
      const pull = biased ? factor : `${name}, pull`
      return [
        node(`${name}, made`, 'dense', reads),
        node(`${name}, loss`, op, loss, { reduction: 'none' }),
        ...(biased ? [] : [back(pull, 'mul', { a: `${name}, loss`, b: factor }, { y: `pull ${each.length}` }, {}, { a: pull })]), // prettier-ignore
        back(`${name}, back`, op, loss, { loss: pull }, { reduction: 'none' }, { [slot]: `${name}, back` }),
        back(name, 'dense', reads, { y: `${name}, back` }, {}, Object.fromEntries(Object.keys(reads).map((input) => [input, `${name}, d.${input}`]))), // prettier-ignore
      ]
    }),
  )
  const answered = reading(shapes, nodes)
  const rounded = nodes.filter(({ name }) => /, (back|loss|pull)$/.test(name)).map(({ name }) => name)
  return inRuns({ ...answered, outputs: [...new Set([...answered.outputs, ...rounded])] }, seed)
}
