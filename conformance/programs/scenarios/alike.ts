import type { OpName } from '../../../spec/catalogue.js'
import type { ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { alone, images } from './behind.js'
import { chained } from './idioms.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, inRuns, node, reading } from './making.js'

/** What is nearly the same: windows on windows, squares, weights that are made alike, gradients side by side. */

/** Every two pools one behind the other, whose windows lie side by side, overlap, or are the whole map. */
export const poolsInARow = (W: number, seed: string): readonly Act[] => {
  const pools: readonly Link[] = [
    alone('maxPool2d', { window: [2, 2] }),
    alone('avgPool2d', { window: [2, 2] }),
    alone('maxPool2d', { window: [3, 3], stride: [1, 1] }),
    alone('avgPool2d', { window: [1, 3] }),
    alone('avgPool2d', { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }),
    alone('maxPool2d', { window: [2, 3], padding: [0, 1, 1, 0] }),
  ]
  const last = [...pools, alone('globalAvgPool')]
  const nodes = pools.flatMap((one, i) => last.flatMap((other, j) => chained(`${i} on ${j}`, 'x', [one, other])))
  return inRuns(reading({ x: [2, W, 12, 12] }, nodes), seed)
}

/** Squares, which are the same shape the other way round, as they are, in the same shape once more, flattened or added up. */
export const squares = (W: number, seed: string): readonly Act[] => {
  const [square, row]: readonly [Shape, Shape] = [[W, W], [W]]
  const made: Readonly<Record<string, (fed: string) => ProgramNode | undefined>> = {
    fed: () => undefined,
    'same shape': (fed) => node(`same ${fed}`, 'reshape', { x: fed }, { shape: square }),
    flat: (fed) => node(`flat ${fed}`, 'flatten', { x: fed }),
    'of rows': (fed) => node(`rows ${fed}`, 'reshape', { x: `${fed} in a row` }, { shape: square }),
    sum: (fed) => node(`sum ${fed}`, 'add', { a: fed, b: 'other' }),
  }
  const readers: readonly (readonly [string, OpName, readonly string[], Named, Attrs])[] = [
    ['product', 'dense', ['x', 'w'], {}, {}],
    ['product and biases', 'dense', ['x', 'w'], { b: 'b' }, {}],
    ['times', 'mul', ['a', 'b'], {}, {}],
    ['shares of rows', 'softmax', ['x'], {}, { axis: 1 }],
    ['shares of columns', 'softmax', ['x'], {}, { axis: 0 }],
    ['joined', 'concat', ['x0', 'x1'], {}, { axis: 1 }],
    ['cell', 'rnnCell', ['x', 'h', 'wIh', 'wHh'], { b: 'b' }, {}],
  ]
  const shapes: Shapes = {
    ...Object.fromEntries(
      ['x', 'w', 'a', 'b of', 'x0', 'x1', 'h', 'wIh', 'wHh', 'other'].map((name) => [name, square] as const),
    ),
    ...Object.fromEntries(['x', 'w', 'a', 'b of', 'x0', 'x1', 'h', 'wIh', 'wHh'].map((name) => [`${name} in a row`, [W * W]] as const)), // prettier-ignore
    b: row,
  }
  const fedAs = (slot: string, op: OpName): string => (slot === 'b' && op === 'mul' ? 'b of' : slot)
  // each of what is read in turn by each maker
  return readers.flatMap(([name, op, slots, fixed, attrs]) => {
    const nodes = slots.flatMap((slot) =>
      Object.entries(made).flatMap(([kind, maker]) => {
        const one = maker(fedAs(slot, op))
        const called = `${slot} ${kind}`
        const before = one === undefined ? [] : [{ ...one, name: `${called}, made`, outputs: { y: `${called}, made` } }]
        const inputs = Object.fromEntries(slots.map((other) => [other, other === slot && one !== undefined ? `${called}, made` : fedAs(other, op)])) // prettier-ignore
        const outputs: Named | undefined = op === 'rnnCell' ? { h: called } : undefined
        return [...before, node(called, op, { ...inputs, ...fixed }, attrs, outputs)]
      }),
    )
    return inRuns(reading(shapes, nodes), `${seed} ${name}`)
  })
}

/** Weights of several layers that are made by one op each, of which some layers share the second. */
export const madeAlike = (W: number, seed: string): readonly Act[] => {
  const maps = images(W)
  const shapes: Shapes = {
    ...maps,
    ...Object.fromEntries(['p', 'q', 'r'].map((name) => [name, [W, W]] as const)),
    ...Object.fromEntries(['p', 'q', 'r'].map((name) => [`${name} of 3×3`, [W, W, 3, 3]] as const)),
    ...Object.fromEntries(['p', 'q', 'r'].map((name) => [`${name} of factors`, [2, W]] as const)),
    ...Object.fromEntries(['row', 'row too', 'row three'].map((name) => [name, [4, W]] as const)),
    'x too': maps['x'] as Shape,
    'x three': maps['x'] as Shape,
  }
  const makers: readonly Link[] = [alone('tanh'), alone('relu'), { op: 'add', inputs: (a) => ({ a, b: a }) }]
  const readers = [
    ['rows', '', ['row', 'row too', 'row three'], (x: string, w: string) => node('', 'dense', { x, w })],
    ['maps', ' of 3×3', ['x', 'x too', 'x three'], (x: string, w: string) => node('', 'conv2d', { x, w }, { padding: [1, 1, 1, 1] })], // prettier-ignore
    ['scaled', ' of factors', ['x', 'x too', 'x three'], (x: string, s: string) => node('', 'scaleChannels', { x, s })],
  ] as const
  return makers.flatMap((maker, i) => {
    const nodes = readers.flatMap(([name, suffix, given, reader]) => {
      const weights = ['p', 'q', 'r'].map((w) => node(`${name} ${w} made`, maker.op, maker.inputs(`${w}${suffix}`)))
      // the second is read by two, the others by one
      const layers = [1, 1, 0, 2].map((w, at) => {
        const called = `${name} layer ${at}`
        return { ...reader(given[at % given.length] as string, weights[w]?.name as string), name: called, outputs: { y: called } } // prettier-ignore
      })
      return [...weights, ...layers]
    })
    return inRuns(reading(shapes, nodes), `${seed} ${i}`)
  })
}

/** Gradients of two nodes of one op beside each other, of which each input is a sum of the node's own; both are answered, or added up. */
export const gradientsBeside = (W: number, seed: string): readonly Act[] => {
  const maps: Shape = [2, W, 3, 4]
  const rows: Shape = [3, W]
  const around = { padding: [1, 1, 1, 1] }
  const ops: readonly (readonly [OpName, Shapes, Shape, Attrs])[] = [
    ['mul', { a: rows, b: rows }, rows, {}],
    ['dense', { x: rows, w: [W, W] }, rows, {}],
    ['conv2d', { x: maps, w: [W, W, 3, 3] }, maps, around],
    ['convTranspose2d', { x: maps, w: [W, W, 3, 3] }, maps, around],
    ['scaleChannels', { x: maps, s: [2, W] }, maps, {}],
    ['add', { a: rows, b: rows }, rows, {}],
    ['concat', { x0: rows, x1: rows }, [6, W], { axis: 0 }],
    ['relu', { x: maps }, maps, {}],
    ['maxPool2d', { x: [2, W, 2, 4] }, [2, W, 1, 2], { window: [2, 2] }],
    ['avgPool2d', { x: [2, W, 2, 4] }, [2, W, 1, 2], { window: [2, 2] }],
  ]
  return ops.flatMap(([op, reads, dy, attrs]) => {
    const which = ['', ' too', ' three']
    const nodes = which.flatMap((one, i) => {
      const fedOf = (slot: string): string => `${slot}${one}`
      const sums = Object.keys(reads).map((slot) => node(`${slot} made${one}`, 'add', { a: fedOf(slot), b: `${slot}${which[(i + 1) % 3] as string}` })) // prettier-ignore
      const inputs = Object.fromEntries(Object.keys(reads).map((slot, k) => [slot, k === 0 || i > 0 ? `${slot} made${one}` : fedOf(slot)])) // prettier-ignore
      const outputs = Object.fromEntries(Object.keys(reads).map((slot) => [slot, `d ${slot}${one}`]))
      return [...sums, back(`back${one}`, op, inputs, { y: `dy${one}` }, attrs, outputs)]
    })
    const added = Object.keys(reads).map((slot) => node(`d ${slot} of both`, 'add', { a: `d ${slot}`, b: `d ${slot} too` })) // prettier-ignore
    const shapes: Shapes = Object.fromEntries(
      which.flatMap((one) => [
        ...Object.entries(reads).map(([slot, shape]) => [`${slot}${one}`, shape] as const),
        [`dy${one}`, dy] as const,
      ]),
    )
    const apart = reading(shapes, nodes)
    return [...inRuns(apart, `${seed} ${op}`), ...inRuns(reading(shapes, [...nodes, ...added]), `${seed} ${op} added`, 1)] // prettier-ignore
  })
}
