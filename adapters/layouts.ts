import type { Program, ProgramNode } from '../spec/program.js'
import type { Numbers, Shape, Tensor } from '../spec/tensor.js'
import { stridesOf } from '../spec/tensor.js'
import { gradientName } from '../spec/differentiate.js'

/**
 * How a library that has channels last holds a value: the catalogue's shape read as `split`, its axes in the order given,
 * and that read as `merged`.
 */
export interface Layout {
  readonly split: Shape
  readonly order: readonly number[]
  readonly merged: Shape
}

const of = (split: Shape, order: readonly number[], merged?: Shape): Layout => ({
  split,
  order,
  merged: merged ?? order.map((axis) => split[axis] as number),
})

const plain = (shape: Shape): Layout =>
  of(
    shape,
    shape.map((_, axis) => axis),
  )

const isPlain = ({ order }: Layout): boolean => order.every((axis, at) => axis === at)

/** The numbers of a tensor whose axes are put in another order; axis k of the result is axis order[k]. */
const permuted = (data: Numbers, shape: Shape, order: readonly number[]): Float32Array => {
  const strides = stridesOf(shape)
  const after = order.map((axis) => shape[axis] as number)
  const steps = order.map((axis) => strides[axis] as number)
  const result = new Float32Array(data.length)
  const index = after.map(() => 0)
  let from = 0
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from] as number
    // the next index, as an odometer counts
    for (let axis = after.length - 1; axis >= 0; axis--) {
      from += steps[axis] as number
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < (after[axis] as number)) break
      from -= (steps[axis] as number) * (after[axis] as number)
      index[axis] = 0
    }
  }
  return result
}

/** A tensor as the library holds it. */
export const toLayout = (layout: Layout, { data }: Tensor): { readonly shape: Shape; readonly data: Float32Array } => ({
  shape: layout.merged,
  data: isPlain(layout)
    ? Float32Array.from({ length: data.length }, (_, i) => data[i] as number)
    : permuted(data, layout.split, layout.order),
})

/** What the library holds, as the catalogue has it. */
export const fromLayout = (layout: Layout, shape: Shape, data: Numbers): Tensor => {
  if (isPlain(layout)) return { shape, data }
  const held = layout.order.map((axis) => layout.split[axis] as number)
  const back = layout.split.map((_, axis) => layout.order.indexOf(axis))
  return { shape, data: permuted(data, held, back) }
}

const filter = (shape: Shape): Layout => of(shape, [2, 3, 1, 0])
const transposed = (shape: Shape): Layout => of(shape, [1, 0])

/** The weights [O, C·H·W] of a dense layer behind a flattened image, which the library flattens as H·W·C. */
const afterImage = ([O = 1]: Shape, [, C = 1, H = 1, W = 1]: Shape): Layout =>
  of([O, C, H, W], [2, 3, 1, 0], [H * W * C, O])

/** The layouts of what a node reads by certain names. */
const ofNode = (
  { op, inputs }: ProgramNode,
  shapes: Readonly<Record<string, Shape>>,
  flattened: Readonly<Record<string, string>>,
): readonly (readonly [string, Layout])[] => {
  const put = (name: string, layout: (shape: Shape) => Layout): readonly (readonly [string, Layout])[] => {
    const value = inputs[name]
    return value === undefined ? [] : [[value, layout(shapes[value] as Shape)]]
  }
  if (op === 'conv2d') return put('w', filter)
  if (op === 'lstm' || op === 'rnn') return [...put('wIh', transposed), ...put('wHh', transposed)]
  if (op !== 'dense') return []
  const image = shapes[flattened[inputs['x'] ?? ''] ?? '']
  return put('w', (shape) => (image?.length === 4 ? afterImage(shape, image) : transposed(shape)))
}

/**
 * The layout of every value of a program: images [N,C,H,W] as [N,H,W,C], filters [O,C,KH,KW] as [KH,KW,C,O], weights [O,I]
 * as [I,O]; a gradient and what an optimizer keeps lie as their parameter does.
 */
export const layoutsOf = (
  { nodes }: Pick<Program, 'nodes'>,
  shapes: Readonly<Record<string, Shape>>,
): ((value: string) => Layout) => {
  const flattened = Object.fromEntries(
    nodes.flatMap(({ op, direction, inputs, outputs }) =>
      op === 'flatten' && direction === 'forward' ? [[outputs['y'] as string, inputs['x'] as string]] : [],
    ),
  )
  const read = new Map(nodes.flatMap((node) => ofNode(node, shapes, flattened)))
  const gradients = nodes.flatMap(({ direction, inputs, outputs }) =>
    direction === 'backward'
      ? Object.entries(outputs).map(([name, value]) => [value, inputs[name] as string] as const)
      : [],
  )
  const kept = nodes.flatMap(({ inputs, outputs }) =>
    inputs['g'] === undefined
      ? []
      : [...Object.values(inputs), ...Object.values(outputs)].map((value) => [value, inputs['w'] as string] as const),
  )
  const like = new Map([
    ...[...read.keys()].map((value) => [gradientName(value), value] as const),
    ...gradients,
    ...kept,
  ])
  return (value) => {
    const shape = shapes[value] ?? shapes[like.get(value) ?? ''] ?? []
    return (
      read.get(value) ??
      read.get(like.get(value) ?? '') ??
      (shape.length === 4 ? of(shape, [0, 2, 3, 1]) : plain(shape))
    )
  }
}
