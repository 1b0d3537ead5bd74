import type { ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sizeOf } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { alone, firsts, images, link } from './behind.js'
import type { Attrs, Shapes } from './making.js'
import { back, inRuns, node, reading } from './making.js'

/** Values that lie in others: pieces of a whole, other shapes of it, and layers that read one value and become one. */

/** A whole that is cut along an axis into so many places each. */
interface Cut {
  readonly whole: Shape
  readonly axis: number
  readonly into: readonly number[]
}

const cutsOf = (W: number): readonly Cut[] => {
  const along = (rest: Shape, axis: number, ...all: readonly (readonly number[])[]): readonly Cut[] =>
    all.map((into) => ({
      whole: rest.with(
        axis,
        into.reduce((a, b) => a + b),
      ),
      axis,
      into,
    }))
  return [
    ...along([2, 0], 1, [2, 4], [4, 4], [1, 8], [4, 2, 4], [3, 5], [W, W], [W, W, W]),
    ...along([0, 3], 0, [2, 2], [1, 3]),
    ...along([3, 2, 0], 2, [4, 4], [2, 4]),
    ...along([2, 0, 2, 4], 1, [2, 4], [4, 4], [W, W], [1, 2, 1]),
    ...along([1, 0, 3, 3], 1, [2, 2], [3, 4]),
    ...along([2, 2, 2, 0], 3, [2, 4], [4, 4]),
    ...along([0, 2, 2, 2], 0, [1, 2], [2, 2]),
  ]
}

const otherShapeOf = (shape: Shape, axis: number): Shape => {
  const extent = shape[axis] as number
  const parts = extent % 2 === 0 ? [extent / 2, 2] : [extent, 1]
  return shape.length === 4 ? [shape[0] as number, sizeOf(shape.slice(1))] : shape.toSpliced(axis, 1, ...parts)
}

/** What reads a piece, by its shape. */
type Reader = (shape: Shape, axis: number) => Link | undefined
const readers: Readonly<Record<string, Reader>> = {
  rectified: () => alone('relu'),
  squashed: () => alone('sigmoid'),
  added: (shape) => link('add', (a) => ({ a, b: `other ${shape.join('×')}` })),
  multiplied: (shape) => link('mul', (b) => ({ a: `other ${shape.join('×')}`, b })),
  'in another shape': (shape, axis) => alone('reshape', { shape: otherShapeOf(shape, axis) }),
  shared: () => alone('softmax'),
  pooled: (shape) => (shape.length === 4 && (shape[2] ?? 0) > 1 ? alone('maxPool2d', { window: [2, 2] }) : undefined),
  weighted: (shape) => (shape.length === 2 ? link('dense', (x) => ({ x, w: `w ${shape[1] as number}` })) : undefined),
}

/** Pieces of what was fed and of what was made, that begin anywhere, each read by one node of a kind. */
export const pieces = (W: number, seed: string): readonly Act[] =>
  cutsOf(W).flatMap(({ whole, axis, into }, i) => {
    const shapes = into.map((extent) => whole.with(axis, extent))
    const parts = Object.fromEntries(shapes.map((_, at) => [`x${at}`, `part ${at}`]))
    const nodes = Object.entries(readers).flatMap(([name, reader], turn): readonly ProgramNode[] => {
      const read = shapes.map((shape) => reader(shape, axis))
      if (read.some((one) => one === undefined)) return []
      const made = turn % 2 === 0 ? [] : [node(`${name}, whole`, 'relu', { x: 'whole' })]
      const names = Object.fromEntries(shapes.map((_, at) => [`x${at}`, `${name} ${at}, piece`]))
      return [
        ...made,
        back(name, 'concat', parts, { y: made[0]?.name ?? 'whole' }, { axis }, names),
        ...(read as readonly Link[]).map(({ op, inputs, attrs }, at) =>
          node(`${name} ${at}`, op, inputs(names[`x${at}`] as string), attrs),
        ),
      ]
    })
    const feeds: Shapes = {
      whole,
      ...Object.fromEntries(shapes.map((shape, at) => [`part ${at}`, shape])),
      ...Object.fromEntries(shapes.map((shape) => [`other ${shape.join('×')}`, shape])),
      ...Object.fromEntries(shapes.map(([, extent = 1]) => [`w ${extent}`, [3, extent]])),
    }
    return inRuns(reading(feeds, nodes), `${seed} ${i}`, 1)
  })

/** Two layers of one value that differ in their weights, and what of one kind is behind each of them alone. */
export const twins = (W: number, seed: string): readonly Act[] => {
  const maps = images(W)
  const weights: Shapes = { ...maps, ...Object.fromEntries(Object.entries(maps).map(([name, shape]) => [`${name} too`, shape])) } // prettier-ignore
  const behind = (name: string, rank: number): readonly Link[] => {
    const flat: Attrs = { shape: rank === 2 ? [4, W, 1, 1] : [2, W * 24] }
    return [
      alone('relu'),
      alone('reshape', flat),
      link('add', (a) => ({ a, b: rank === 2 ? 'x' : 'other' })),
      link('mul', (a) => ({ a, b: rank === 2 ? 'x' : 'other' })),
      alone('leakyRelu', { alpha: 0.25 }),
      alone('softmax', { axis: 1 }),
      ...(rank === 4 ? [alone('maxPool2d', { window: [2, 2] }), alone('globalAvgPool')] : []),
      ...(name === 'dense' ? [link('dense', (x) => ({ x, w: 'w' }))] : []),
    ]
  }
  const chainsOf = (name: string, layer: Link, rank: number): readonly ProgramNode[] =>
    behind(name, rank).flatMap(({ op, inputs, attrs }, i) =>
      ['', ' too'].flatMap((which) => {
        const read = Object.entries(layer.inputs('x')).filter(([slot]) => slot !== 'b' || i % 2 === 0)
        const own = Object.fromEntries(read.map(([slot, value]) => [slot, slot === 'x' ? value : `${value}${which}`]))
        const made = node(`${name} ${i}${which}, before`, layer.op, own, layer.attrs)
        return [made, node(`${name} ${i}${which}`, op, inputs(made.name), attrs)]
      }),
    )
  const rows: Shapes = { x: [4, W], w: [W, W], 'w too': [W, W], b: [W], 'b too': [W] }
  return [
    ...inRuns(reading(rows, chainsOf('dense', firsts.dense, 2)), `${seed} rows`),
    ...(['1×1', '3×3', 'turned'] as const).flatMap((name) =>
      inRuns(reading(weights, chainsOf(name, firsts[name], 4)), `${seed} ${name}`),
    ),
  ]
}

/** Other shapes of a value, and others of those, which something reads last; the value itself is read later, or answered. */
export const views = (W: number, seed: string): readonly Act[] => {
  const shapes: readonly Shape[] = [
    [2, W],
    [W, W],
    [2, W, 2, 4],
  ]
  return shapes.flatMap((shape, i) => {
    const size = sizeOf(shape)
    const swapped = shape.toReversed()
    const ways: readonly (readonly Shape[])[] = [[shape], [[size], shape], [swapped, [size], shape], [[1, size], shape], [swapped]] // prettier-ignore
    const nodes = ways.flatMap((way, w) => {
      const last = way.at(-1) as Shape
      const other = `other ${last.join('×')}`
      const reads: readonly Link[] = [
        link('add', (a) => ({ a, b: other })),
        link('mul', (a) => ({ a: other, b: a })),
        alone('relu'),
        alone('tanh'),
        link('concat', (x0) => ({ x0, x1: other }), { axis: 0 }),
      ]
      return reads.flatMap(({ op, inputs, attrs }, r): readonly ProgramNode[] => {
        const name = `${w} ${r}`
        const z = node(`${name}, value`, r % 2 === 0 ? 'relu' : 'add', r % 2 === 0 ? { x: 'x' } : { a: 'x', b: 'y' })
        const seen = way.map((to, at) => node(`${name}, view ${at}`, 'reshape', { x: at === 0 ? z.name : `${name}, view ${at - 1}` }, { shape: to })) // prettier-ignore
        const made = node(`${name}, made`, op, inputs(seen.at(-1)?.name ?? ''), attrs)
        return [z, ...seen, made, node(`${name}, later`, 'add', { a: z.name, b: 'y' })]
      })
    })
    const feeds: Shapes = { x: shape, y: shape, ...Object.fromEntries([shape, swapped].map((one) => [`other ${one.join('×')}`, one])) } // prettier-ignore
    const later = reading(feeds, nodes)
    const answered = nodes.filter(({ name }) => !name.endsWith('later'))
    const values = answered.filter(({ name }) => /(value|made)$/.test(name)).map(({ name }) => name)
    return [
      ...inRuns(later, `${seed} ${i}`, 2),
      ...inRuns(reading(feeds, answered, values), `${seed} ${i} answered`, 1),
    ]
  })
}
