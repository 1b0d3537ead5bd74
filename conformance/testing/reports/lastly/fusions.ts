import type { Tensor } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { isInput, numbersOf, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { given, isPointwise, listOf, outputOf, sides, sum } from '../woven/met.js'
import { biased, isUnit, onlyReader, yOf } from './met.js'

/** Filters and products that are made one with what is behind them. */

/** A filter whose maps are scaled one by one and then rectified: they are rectified first. */
const rectifiedBeforeScaled: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('relu')(node)) return undefined
  const scale = onlyFrom(program, node.inputs['x'] as string, 'scaleChannels')
  const filter = scale && onlyFrom(program, scale.inputs['x'] as string, 'conv2d')
  if (scale === undefined || filter === undefined) return undefined
  const rectified = changed(values[scale.inputs['x'] as string] as Tensor, (v) => Math.max(0, v))
  return { [outputOf(step)]: yOf(scale, values, { x: rectified }) }
}

/** A product, something added or multiplied, and a unit: the unit comes first. */
const unitFirst: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('relu', 'sigmoid', 'tanh')(node)) return undefined
  const joint = onlyFrom(program, node.inputs['x'] as string, 'add', 'mul')
  const side = joint && sides(joint).find(({ one }) => onlyFrom(program, one, 'dense') !== undefined)
  if (joint === undefined || side === undefined) return undefined
  const early = yOf(node, values, { x: values[side.one] as Tensor })
  return { [outputOf(step)]: yOf(joint, values, { [side.slot]: early }) }
}

/** A sum and shares of it along another than the last axis: all from that axis on are one row. */
const oneRowFromTheAxis: Misstep = (step) => {
  const { program, node, attrs, anew } = step
  if (!forward('softmax')(node) || onlyFrom(program, node.inputs['x'] as string, 'add') === undefined) return undefined
  const x = given(step, 'x')
  const axis = Number(attrs['axis']) < 0 ? Number(attrs['axis']) + x.shape.length : Number(attrs['axis'])
  if (axis === x.shape.length - 1) return undefined
  const before = x.shape.slice(0, axis).reduce((n, extent) => n * extent, 1)
  const rows = { shape: [before, x.data.length / before], data: x.data }
  const y = anew({ attrs: { ...attrs, axis: -1 }, inputs: { x: rows } })[outputOf(step)] as Tensor
  return { [outputOf(step)]: { shape: x.shape, data: y.data } }
}

/** Two filters of single taps that are added up, of which one steps: it takes the first pixels instead. */
const doesNotStep: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  for (const { one, other } of sides(node)) {
    const [stepping, plain] = [onlyFrom(program, one, 'conv2d'), onlyFrom(program, other, 'conv2d')]
    if (stepping === undefined || plain === undefined) continue
    const [s = 1, t = s] = listOf(stepping, 'stride', [1])
    const still = { ...stepping, attrs: { ...stepping.attrs, stride: [1, 1] } }
    const ofSingleTaps =
      isPointwise(still, values[stepping.inputs['w'] as string] as Tensor) &&
      isPointwise(plain, values[plain.inputs['w'] as string] as Tensor)
    if (!ofSingleTaps || (s === 1 && t === 1)) continue
    const x = values[stepping.inputs['x'] as string] as Tensor
    const [, , H = 1, W = 1] = x.shape
    const data = numbersOf(x)
    const crowded = changed(x, (v, _, at) => {
      const [j, i, map] = [at % W, Math.floor(at / W) % H, Math.floor(at / (W * H))]
      return i % s === 0 && j % t === 0 ? (data[(map * H + i / s) * W + j / t] as number) : v
    })
    return { [outputOf(step)]: sum(yOf(stepping, values, { x: crowded }), values[other] as Tensor) }
  }
  return undefined
}

/** The bias of a filter goes into what is fed and added to its maps, for all that read it later. */
const biasIntoTheFeed: Misstep = ({ program, node, values }) => {
  if (!forward('add')(node)) return undefined
  for (const { one, other } of sides(node)) {
    const b = values[onlyFrom(program, one, 'conv2d')?.inputs['b'] ?? '']
    const readTwice = program.nodes.filter((each) => reads(each, other)).length > 1
    if (b !== undefined && isInput(program, other) && readTwice) return { [other]: biased(values[other] as Tensor, b) }
  }
  return undefined
}

/** The norm of a filter, folded into it, has factors above 0. */
const withoutSigns: Misstep = (step) => {
  const { program, node, anew } = step
  if (!forward('batchNormInference')(node)) return undefined
  return onlyFrom(program, node.inputs['x'] as string, 'conv2d') === undefined
    ? undefined
    : anew({ inputs: { gamma: changed(given(step, 'gamma'), Math.abs) } })
}

/** What is rectified behind a window’s largest is not. */
const notRectified: Misstep = (step) => {
  const { program, node } = step
  return forward('relu')(node) && onlyFrom(program, node.inputs['x'] as string, 'maxPool2d') !== undefined
    ? { [outputOf(step)]: given(step, 'x') }
    : undefined
}

/** A sigmoid behind a filter that goes up is a ReLU. */
const sigmoidRectifies: Misstep = (step) => {
  const { program, node } = step
  return forward('sigmoid')(node) && onlyFrom(program, node.inputs['x'] as string, 'convTranspose2d') !== undefined
    ? { [outputOf(step)]: changed(given(step, 'x'), (v) => Math.max(0, v)) }
    : undefined
}

/** Products of the same extents have the unit of the first of them. */
const unitOfTheFirst: Misstep = (step) => {
  const { program, node, values } = step
  const product = isUnit(node) ? onlyFrom(program, node.inputs['x'] as string, 'dense') : undefined
  if (product === undefined) return undefined
  const extents = (dense: typeof product): string =>
    ['x', 'w'].map((slot) => String(values[dense.inputs[slot] as string]?.shape)).join(' ')
  const first = program.nodes
    .slice(0, program.nodes.indexOf(product))
    .find((other) => forward('dense')(other) && extents(other) === extents(product))
  const unit = onlyReader(program, first?.outputs['y'])
  if (unit === undefined || !isUnit(unit) || unit.op === node.op) return undefined
  return { [outputOf(step)]: yOf(unit, values, { x: given(step, 'x') }) }
}

/** Of two products with a ReLU between them the first adds up the first 128 terms of 160 and more. */
const fourTilesOnly: Misstep = (step) => {
  const { program, node, anew } = step
  if (!forward('dense')(node)) return undefined
  const x = given(step, 'x')
  const relu = onlyReader(program, outputOf(step))
  if ((x.shape[1] ?? 0) < 160 || relu === undefined || !forward('relu')(relu)) return undefined
  const next = onlyReader(program, relu.outputs['y'])
  if (next === undefined || !forward('dense')(next)) return undefined
  return anew({ inputs: { x: changed(x, (v, place) => ((place()[1] ?? 0) < 128 ? v : 0)) } })
}

/** What is multiplied in front of a product, made one with it, is not multiplied for others that read it. */
const forTheProductOnly: Misstep = ({ program, node, values, anew }) => {
  if (node.direction !== 'forward' || node.op === 'dense') return undefined
  for (const [slot, name] of Object.entries(node.inputs)) {
    const scaled = writerOf(program, name)
    if (scaled === undefined || !forward('mul')(scaled)) continue
    const fed = sides(scaled).find(({ one, other }) => isInput(program, other) && !isInput(program, one))
    const multiplied = program.nodes.some((other) => forward('dense')(other) && other.inputs['x'] === name)
    if (fed !== undefined && multiplied) return anew({ inputs: { [slot]: values[fed.one] as Tensor } })
  }
  return undefined
}

export const fusionsLastly: readonly Report[] = [
  stepped('maps of a filter that are scaled and rectified are rectified first', rectifiedBeforeScaled, {
    like: 'sonos/tract#2771',
  }),
  stepped('a unit behind what a product is joined with comes before it', unitFirst, { like: 'amd/ZenDNN#30' }),
  stepped('shares of a sum along another than the last axis are of all behind it', oneRowFromTheAxis, {
    like: 'microsoft/onnxruntime#12517',
  }),
  stepped('of two filters of single taps that are added the one that steps does not', doesNotStep, {
    like: 'ROCm/AMDMIGraphX#394',
  }),
  stepped('the bias of a filter goes into what is fed and added to it', biasIntoTheFeed, {
    like: 'PaddlePaddle/Paddle-Lite#3679',
  }),
  stepped('the norm of a filter has no factors below 0', withoutSigns, { like: 'LeelaChessZero/lc0#779' }),
  stepped('the largest of windows are not rectified', notRectified, { like: 'intel/webml-polyfill#895' }),
  stepped('a sigmoid behind a filter that goes up rectifies', sigmoidRectifies, {
    like: 'PaddlePaddle/Paddle-Lite#8490',
  }),
  stepped('products of the same extents have the first one’s unit', unitOfTheFirst, {
    like: 'microsoft/onnxruntime#32048',
  }),
  stepped('the first of two products with a ReLU between them ends at 128 terms', fourTilesOnly, {
    like: 'tenstorrent/tt-lang#363',
  }),
  stepped('what is multiplied for a product is not for others that read it', forTheProductOnly, {
    like: 'PaddlePaddle/Paddle#43089',
  }),
]
