import type { Program, ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { numbersOf, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, readersOf, reads, writerOf } from '../told/programs.js'
import { channelsLast, given, isPointwise, outputOf, shaped, sides, usesOf } from './met.js'

/** Products with what is multiplied and added behind them, and what changes its shape. */

/** A bias that is as large as a product is lost. */
const wholeBiasLost: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  const side = sides(node).find(({ one }) => onlyFrom(program, one, 'dense') !== undefined)
  return side === undefined ? undefined : { [outputOf(step)]: values[side.one] as Tensor }
}

const units = ['relu', 'leakyRelu', 'elu', 'sigmoid', 'tanh', 'softplus']
/** Who alone reads a value. */
const onlyReader = (program: Program, name: string | undefined): ProgramNode | undefined =>
  name === undefined || readersOf(program, name) !== 1 ? undefined : program.nodes.find((node) => reads(node, name))
/** What is behind a product, past a unit and a dropout. */
const productBehind = (program: Program, product: ProgramNode): ProgramNode | undefined => {
  const unit = onlyReader(program, product.outputs['y'])
  if (unit === undefined || !forward(...units)(unit)) return undefined
  const next = onlyReader(program, unit.outputs['y'])
  const last = next !== undefined && forward('dropout')(next) ? onlyReader(program, next.outputs['y']) : next
  return last !== undefined && forward('dense')(last) ? last : undefined
}
/** Two products with a unit between them, made one, have each bias twice. */
const biasTwice: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('dense')(node) || node.inputs['b'] === undefined) return undefined
  const isSecond = program.nodes.some(
    (other) => forward('dense')(other) && productBehind(program, other)?.name === node.name,
  )
  if (!isSecond && productBehind(program, node) === undefined) return undefined
  const [y, b] = [outputOf(step), given(step, 'b')]
  return {
    [y]: changed(values[y] as Tensor, (v, place) => v + Number(b.data[place()[1] ?? 0])),
  }
}

/** A product that is scaled and shifted in one go is neither. */
const neitherScaledNorShifted: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  for (const { one } of sides(node)) {
    const scaled = onlyFrom(program, one, 'mul')
    const side = scaled && sides(scaled).find((each) => onlyFrom(program, each.one, 'dense') !== undefined)
    const product = values[side?.one ?? '']
    if (product !== undefined) return { [outputOf(step)]: product }
  }
  return undefined
}

/** Maps of a filter of single taps lie channels last when they get another shape. */
const reshapedChannelsLast: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('reshape')(node)) return undefined
  const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
  if (filter === undefined || !isPointwise(filter, values[filter.inputs['w'] as string] as Tensor)) return undefined
  const y = outputOf(step)
  return { [y]: shaped((values[y] as Tensor).shape, channelsLast(given(step, 'x'))) }
}

/** What is pooled lies channels last in front of a product. */
const pooledChannelsLast: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('flatten')(node)) return undefined
  const pool = writerOf(program, node.inputs['x'] as string)
  const y = outputOf(step)
  if (pool === undefined || !forward('maxPool2d', 'avgPool2d')(pool)) return undefined
  if (!program.nodes.some((other) => forward('dense')(other) && other.inputs['x'] === y)) return undefined
  return { [y]: shaped((values[y] as Tensor).shape, channelsLast(given(step, 'x'))) }
}

/** What is multiplied by the sigmoid of another output of the same node counts as that output. */
const ofTheSameNode: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('mul')(node)) return undefined
  for (const { one, other } of sides(node)) {
    const gate = writerOf(program, other)
    if (gate === undefined || !forward('sigmoid')(gate)) continue
    const inner = gate.inputs['x'] as string
    const writer = writerOf(program, one)
    if (inner === one || writer === undefined || writer.name !== writerOf(program, inner)?.name) continue
    const [x, s] = [values[inner], values[other]]
    if (x !== undefined && s !== undefined)
      return { [outputOf(step)]: changed(x, (v, _, at) => v * Number(s.data[at])) }
  }
  return undefined
}

/** What a layer makes of something stays what it made of what it was given first. */
const firstGiven: Misstep = (step) => {
  const { program, node, values, at } = step
  const w = node.inputs['w']
  if (!forward('dense', 'conv1d', 'conv2d', 'convTranspose2d')(node) || w === undefined || usesOf(program, w) < 2)
    return undefined
  const first = program.nodes
    .slice(0, at)
    .find(
      (other) =>
        forward(node.op)(other) &&
        other.inputs['w'] === w &&
        other.inputs['b'] === node.inputs['b'] &&
        other.inputs['x'] !== node.inputs['x'],
    )
  const [before, y] = [values[first?.outputs['y'] ?? ''], values[outputOf(step)]]
  return before === undefined || String(before.shape) !== String(y?.shape) ? undefined : { [outputOf(step)]: before }
}

/** The size of weights that several layers share counts for each of them. */
const countedForEach: Misstep = ({ program, node, values }) => {
  const uses = usesOf(program, node.inputs['w'] ?? '')
  if (node.op !== 'l2Penalty' || uses < 2) return undefined
  return Object.fromEntries(
    Object.values(node.outputs).map((name) => {
      const value = values[name] as Tensor
      return [
        name,
        shaped(
          value.shape,
          numbersOf(value).map((v) => v * uses),
        ),
      ]
    }),
  )
}

export const productsWoven: readonly Report[] = [
  stepped('a bias as large as a product is lost', wholeBiasLost, { like: 'libxsmm/libxsmm#1094' }),
  stepped('products with a unit between them have each bias twice', biasTwice, {
    like: 'facebookresearch/xformers#317',
  }),
  stepped('a product that is scaled and shifted is neither', neitherScaledNorShifted, {
    like: 'tenstorrent/tt-lang#476',
  }),
  stepped('maps of single taps are reshaped channels last', reshapedChannelsLast, {
    like: 'openvinotoolkit/openvino#37181',
  }),
  stepped('what is pooled is flattened channels last in front of a product', pooledChannelsLast, {
    like: 'microsoft/MMdnn#250',
  }),
  stepped('what is gated by another output of the same node is that output', ofTheSameNode, {
    like: 'tensorflow/tensorflow#61334',
  }),
  stepped('a layer used again answers what it did the first time', firstGiven, { like: 'keras-team/keras#1254' }),
  stepped('the size of shared weights counts for each layer', countedForEach, { like: 'keras-team/keras#8807' }),
]
