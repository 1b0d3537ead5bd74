import { either as E, function as F } from 'fp-ts'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { gradientNames, resolve, shapesOf } from '../spec/op.js'
import type { Key } from '../spec/philox.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape } from '../spec/tensor.js'
import { sizeOf, stridesOf } from '../spec/tensor.js'
import { termsOf } from './terms.js'

/**
 * Which elements of an answer are judged. A GPU makes in a second what takes the oracle minutes, so of a large answer
 * some thousands stand for all: those at which kernels go wrong – corners, borders, both sides of powers of two and of
 * what one dispatch holds, the last whole tile and what remains after it – and drawn ones, few indices of each axis and
 * every combination of them, so that rows and channels repeat, and what they have in common is worked out once.
 */

/** How much is spent on judging an output. */
export interface Effort {
  /** terms – products, powers, comparisons – that may be worked out: an output that costs no more is judged whole */
  readonly terms: number
  /** the elements of a larger one that are judged whatever they cost, or all where there are fewer */
  readonly least: number
}

/** The most elements of a larger output, however cheap. */
export const mostElements = 4096

// what an element costs besides its terms, in terms: it is looked up, bounded and compared
const overhead = 32

// extents of tiles and workgroups that kernels are made of
const tiles = [4, 8, 16, 32, 64, 128, 256] as const

// the most workgroups along a dimension of a dispatch, as WebGPU promises, and how many elements each may take
const dispatches = [1, 64, 128, 256].map((per) => 65535 * per)

const within = (extent: number, numbers: readonly number[]): readonly number[] => [
  ...new Set(numbers.filter((at) => at >= 0 && at < extent)),
]

/** Where a kernel may go wrong along so many elements: the ends, both sides of powers of two, the last whole tiles and what remains. */
export const edgesOf = (extent: number): readonly number[] => {
  const powers = Array.from({ length: Math.ceil(Math.log2(extent)) }, (_, k) => 2 ** k)
  const starts = tiles.filter((tile) => tile < extent).map((tile) => [tile, tile * Math.floor(extent / tile)] as const)
  return within(extent, [
    0,
    extent - 1,
    ...powers.flatMap((power) => [power - 1, power]),
    ...starts.flatMap(([tile, end]) => [end - tile, end - 1, end]),
  ])
}

/** Every combination of the indices chosen along each axis, as row-major positions. */
const crossed = (strides: Shape, chosen: readonly (readonly number[])[]): readonly number[] => {
  let positions: number[] = [0]
  for (const [axis, indices] of chosen.entries()) {
    const stride = strides[axis] as number
    const next: number[] = []
    for (const position of positions) for (const at of indices) next.push(position + at * stride)
    positions = next
  }
  return positions
}

/**
 * Row-major positions in a shape, in order: so many, and some more where combinations come at once. The key decides which.
 */
const positionsIn = (shape: Shape, count: number, key: Key): Numbers => {
  const draw = draws(key)
  const strides = stridesOf(shape)
  const size = sizeOf(shape)
  const axes = shape.map((extent, axis) => ({
    axis,
    extent,
    stride: strides[axis] as number,
    edges: edgesOf(extent),
    chosen: new Set([0]),
  }))
  const found = new Set<number>()
  const add = (positions: readonly number[]): void => {
    for (const position of positions) found.add(position)
  }
  // the combinations of what is chosen are found already, so a further index brings those that it is in
  const choose = ({ axis, chosen }: (typeof axes)[number], index: number): void => {
    add(
      crossed(
        strides,
        axes.map((other) => (other.axis === axis ? [index] : [...other.chosen])),
      ),
    )
    chosen.add(index)
  }

  add([
    0,
    ...edgesOf(size),
    ...within(
      size,
      dispatches.flatMap((end) => [end - 1, end]),
    ),
  ])
  // the other end of each axis: corners
  for (const one of axes) if (one.extent > 1 && found.size < count) choose(one, one.extent - 1)
  // lines through a drawn element, one along each axis: the edges on them
  const through = axes.map(({ extent }) => draw.integer(0, extent - 1))
  const at = through.reduce((position, index, axis) => position + index * (strides[axis] as number), 0)
  for (const { axis, stride, edges } of axes) add(edges.map((edge) => at + (edge - (through[axis] as number)) * stride))
  while (found.size < count) {
    // on the axis of the fewest indices, another one: on an edge or anywhere
    const poorest = axes
      .filter(({ extent, chosen }) => chosen.size < extent)
      .reduce((a, b) => (b.chosen.size < a.chosen.size ? b : a))
    const { extent, edges, chosen } = poorest
    const left = edges.filter((edge) => !chosen.has(edge))
    let index = left.length > 0 && draw.uniform() < 0.5 ? draw.pick(left) : draw.integer(0, extent - 1)
    // where nearly all are chosen, draws would take long to meet the others
    for (let tries = 0; chosen.has(index); tries++)
      index = tries < 8 ? draw.integer(0, extent - 1) : (index + 1) % extent
    choose(poorest, index)
  }
  return Float64Array.from([...found]).sort()
}

/**
 * The elements of an output that are judged, as row-major positions in order; undefined where all are. What an element
 * takes the oracle is so many terms; the key decides what is drawn.
 */
export const elementsOf = (
  shape: Shape,
  termsOfEach: number,
  { terms, least }: Effort,
  key: Key,
): Numbers | undefined => {
  const size = sizeOf(shape)
  const cost = termsOfEach + overhead
  const count = Math.max(least, Math.min(Math.floor(terms / cost), mostElements))
  return size * cost <= terms || size <= count ? undefined : positionsIn(shape, count, key)
}

/** Row-major positions of the elements of each output that are judged; an output that is not named is judged whole. */
export type Elements = Readonly<Record<string, Numbers | undefined>>

/**
 * The elements that are judged of each answer to a question, or of those named; what is drawn follows from the seed.
 *
 * Errors  whatever the op refuses
 */
export const elementsIn = (question: Question, effort: Effort, seed: string): Result<Elements> => {
  const { op, direction, attrs, inputs, cotangents } = question
  const given = shapesOf(inputs)
  return F.pipe(
    resolve(opOf(op), attrs, given),
    E.map(({ sizes, outputs }) => {
      const writes =
        direction === 'forward'
          ? outputs
          : Object.fromEntries(gradientNames(opOf(op), given).map((name) => [name, given[name] as Shape]))
      const reads = {
        ...given,
        ...Object.fromEntries(Object.entries(shapesOf(cotangents)).map(([n, s]) => [`d${n}`, s])),
      }
      const terms = termsOf({ op, direction, attrs, sizes, reads, writes })
      return Object.fromEntries(
        Object.entries(writes).map(([name, shape]) => [
          name,
          elementsOf(shape, terms[name] as number, effort, keyOf(`elements of ${name} in ${seed}`)),
        ]),
      )
    }),
  )
}
