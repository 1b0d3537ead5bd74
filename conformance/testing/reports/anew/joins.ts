import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { isInput, numbersOf, onlyFrom, sizeOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { back, given, listOf, outputOf, partsOf, shaped, sides, textOf } from '../woven/met.js'
import { axisOf, isElementwise, numbersFrom, times, yWith } from './met.js'

/** What is joined, cut, and seen under another shape. */

/** Images of windows that are joined sample by sample are joined channel by channel, and lie under the shape they should have. */
const alongChannels: Misstep = ({ program, node, values, attrs }) => {
  if (!forward('concat')(node)) return undefined
  const parts = partsOf(node)
  const first = values[parts[0] ?? ''] as Tensor
  if (first.shape.length !== 4 || axisOf(attrs['axis'], 4) !== 0) return undefined
  const alike = parts.every((name) => sameShape((values[name] as Tensor).shape, first.shape))
  const seen = parts.some((name) => forward('conv2d', 'maxPool2d', 'avgPool2d')(writerOf(program, name) ?? node))
  const y = node.outputs['y'] ?? ''
  return alike && seen && parts.length > 1
    ? { [y]: { shape: (values[y] as Tensor).shape, data: yWith(node, values, { axis: 1 }).data } }
    : undefined
}

/** What a piece was cut off, and where it began there. */
interface Cut {
  readonly whole: Tensor
  readonly axis: number
  readonly at: number
  readonly start: number
  readonly node: ProgramNode
}
const cutOf = ({ program, values }: Step, name: string): Cut | undefined => {
  const cut = writerOf(program, name)
  const whole = values[cut?.cotangents['y'] ?? '']
  if (cut === undefined || !back(cut, 'concat') || whole === undefined) return undefined
  const slots = Object.keys(cut.inputs).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  const at = slots.findIndex((slot) => cut.outputs[slot] === name)
  const axis = axisOf(cut.attrs['axis'] ?? 1, whole.shape.length)
  const start = slots
    .slice(0, at)
    .reduce((n, slot) => n + ((values[cut.inputs[slot] ?? ''] as Tensor).shape[axis] as number), 0)
  return { whole, axis, at, start, node: cut }
}

/** Pieces that get the same new shape, which splits the axis that they were cut along, lie one behind another in the whole. */
const cutWhereTheyLie: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('reshape')(node)) return undefined
  const cut = cutOf(step, node.inputs['x'] as string)
  const [x, y] = [given(step, 'x'), values[outputOf(step)] as Tensor]
  if (cut === undefined || cut.axis !== x.shape.length - 1 || y.shape.length <= x.shape.length) return undefined
  if (String(y.shape.slice(0, cut.axis)) !== String(x.shape.slice(0, cut.axis))) return undefined
  const pieces = Object.values(cut.node.outputs)
  const alike = pieces.every((piece) =>
    program.nodes.some(
      (other) =>
        forward('reshape')(other) && reads(other, piece) && String(listOf(other, 'shape', [])) === String(y.shape),
    ),
  )
  return alike && pieces.length > 1
    ? { [outputOf(step)]: numbersFrom(cut.whole, cut.at * sizeOf(x), y.shape) }
    : undefined
}

/** A piece of whole fours of a last axis that begins off a four is read from the four before. */
const fromTheFourBefore: Misstep = (step) => {
  const { node, anew } = step
  if (!isElementwise(node)) return undefined
  for (const [slot, name] of Object.entries(node.inputs)) {
    const cut = cutOf(step, name)
    const x = step.values[name] as Tensor
    const width = x.shape.at(-1) ?? 1
    if (cut === undefined || cut.axis !== x.shape.length - 1 || width % 4 !== 0 || cut.start % 4 === 0) continue
    const [all, data] = [cut.whole.shape.at(-1) as number, numbersOf(cut.whole)]
    const early = cut.start - (cut.start % 4)
    return anew({
      inputs: {
        [slot]: changed(x, (_, __, at) => data[Math.floor(at / width) * all + early + (at % width)] as number),
      },
    })
  }
  return undefined
}

/** Two of the same extents that get the same new shape: the second is made of where the first lies. */
const whereTheFirstLies: Misstep = (step) => {
  const { program, node, values, at } = step
  if (!forward('reshape')(node)) return undefined
  const x = given(step, 'x')
  const first = program.nodes
    .slice(0, at)
    .find(
      (other) =>
        forward('reshape')(other) &&
        other.inputs['x'] !== node.inputs['x'] &&
        String(listOf(other, 'shape', [])) === String(listOf(node, 'shape', [])) &&
        sameShape((values[other.inputs['x'] as string] as Tensor).shape, x.shape),
    )
  return first === undefined
    ? undefined
    : {
        [outputOf(step)]: {
          shape: (values[outputOf(step)] as Tensor).shape,
          data: given({ ...step, node: first }, 'x').data,
        },
      }
}

/** There and back under another shape, after a larger one of as many axes: what lies there is the larger one’s. */
const ofTheLarger: Misstep = (step) => {
  const { program, node, values, memory } = step
  const inner = forward('reshape')(node) ? writerOf(program, node.inputs['x'] as string) : undefined
  if (inner === undefined || !forward('reshape')(inner) || !isInput(program, inner.inputs['x'] as string))
    return undefined
  const [fed, y] = [values[inner.inputs['x'] as string] as Tensor, values[outputOf(step)] as Tensor]
  if (!sameShape(fed.shape, y.shape)) return undefined
  const key = `there and back ${y.shape.length} ${program.nodes.map(({ op }) => op).join()}`
  const before = memory.get(key) as Tensor | undefined
  if (before === undefined || sizeOf(before) < sizeOf(y)) memory.set(key, shaped(y.shape, numbersOf(y)))
  return before === undefined || sizeOf(before) <= sizeOf(y)
    ? undefined
    : { [outputOf(step)]: numbersFrom(before, 0, y.shape) }
}

/** Of two copies of the same maps that are both answered the second is not written. */
const secondCopyLost: Misstep = (step) => {
  const { program, node, values, at } = step
  const isCopy = (other: ProgramNode): boolean =>
    forward('reshape')(other) &&
    other.inputs['x'] === node.inputs['x'] &&
    String(listOf(other, 'shape', [])) === String((values[other.inputs['x'] as string] as Tensor).shape) &&
    program.outputs.includes(other.outputs['y'] ?? '')
  if (!isCopy(node) || isInput(program, node.inputs['x'] as string)) return undefined
  return program.nodes.slice(0, at).some(isCopy)
    ? { [outputOf(step)]: changed(values[outputOf(step)] as Tensor, () => 0) }
    : undefined
}

/** Products of the same rows, put together, that become maps of one pixel: the second’s are cut off along columns. */
const cutAlongColumns: Misstep = (step) => {
  const { program, node, values, at } = step
  const mapsOf = (other: ProgramNode): ProgramNode | undefined => {
    const [, , ...pixels] = listOf(other, 'shape', [])
    return forward('reshape')(other) && pixels.length === 2 && times(pixels) === 1
      ? onlyFrom(program, other.inputs['x'] as string, 'dense')
      : undefined
  }
  const own = mapsOf(node)
  if (own === undefined) return undefined
  const first = program.nodes
    .slice(0, at)
    .map(mapsOf)
    .find(
      (other) =>
        other !== undefined &&
        other.inputs['x'] === own.inputs['x'] &&
        (other.inputs['b'] === undefined) === (own.inputs['b'] === undefined),
    )
  const [wide, y] = [values[first?.outputs['y'] ?? ''], values[outputOf(step)] as Tensor]
  if (wide === undefined) return undefined
  const [all, O] = [wide.shape[1] as number, y.shape[1] as number]
  const data = numbersOf(y)
  return {
    [outputOf(step)]: changed(y, (_, __, place) => {
      const [n, o] = [Math.floor(place / O), place % O]
      return o < all ? Number(wide.data[n * all + o]) : (data[n * O + o - all] as number)
    }),
  }
}

/** A larger batch than in the run before of the same nodes: what a filter reads behind it are the samples of that one again. */
const samplesAgain: Misstep = ({ program, node, values, anew, memory }) => {
  if (!forward('conv2d')(node)) return undefined
  const x = values[node.inputs['x'] as string] as Tensor
  const N = x.shape[0] as number
  const key = `batch ${node.name} ${textOf({ ...program, inputs: {} })}`
  const before = memory.get(key) as number | undefined
  memory.set(key, N)
  if (before === undefined || before >= N) return undefined
  const each = sizeOf(x) / N
  const data = numbersOf(x)
  return anew({
    inputs: { x: changed(x, (_, __, at) => data[(Math.floor(at / each) % before) * each + (at % each)] as number) },
  })
}

/** The sum of a product without a bias and of something as large: what is added is its first row, for all rows. */
const firstRowAdded: Misstep = ({ program, node, values, anew }) => {
  if (!forward('add')(node)) return undefined
  for (const { slot, one, other } of sides(node)) {
    const product = onlyFrom(program, one, 'dense')
    if (product === undefined || product.inputs['b'] !== undefined || one === other) continue
    const z = values[other] as Tensor
    return anew({
      inputs: { [slot === 'a' ? 'b' : 'a']: changed(z, (_, place) => Number(z.data[place()[1] ?? 0])) },
    })
  }
  return undefined
}

export const joinsAnew: readonly Report[] = [
  stepped('images joined sample by sample are joined channel by channel', alongChannels, {
    like: 'onnx/tensorflow-onnx#600',
  }),
  stepped('pieces that get the same new shape lie one behind another in the whole', cutWhereTheyLie, {
    like: 'ROCm/AMDMIGraphX#1496',
  }),
  stepped('a piece that begins off a four is read from the four before', fromTheFourBefore, {
    like: 'ROCm/AMDMIGraphX#1364',
  }),
  stepped('of two of the same extents under the same new shape the second is the first', whereTheFirstLies, {
    like: 'tenstorrent/tt-metal#20031',
  }),
  stepped('there and back under another shape is what a larger one left', ofTheLarger, {
    like: 'openvinotoolkit/openvino#21051',
  }),
  stepped('of two copies that are both answered the second is not written', secondCopyLost, {
    like: 'tensorflow/tensorflow#59311',
  }),
  stepped('products of the same rows that become maps of one pixel are cut off along columns', cutAlongColumns, {
    like: 'apache/tvm#13597',
  }),
  stepped('behind the batch of the run before come its samples again', samplesAgain, {
    like: 'openvinotoolkit/openvino#37103',
  }),
  stepped('what is added to a product is its first row throughout', firstRowAdded, { like: 'flagos-ai/FlagGems#553' }),
]
