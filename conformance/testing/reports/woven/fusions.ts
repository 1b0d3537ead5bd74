import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { numbersOf, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, readersOf, reads, writerOf } from '../told/programs.js'
import { ancestorsOf, filterBehind, given, outputOf, placeOfWriter, sides, sum } from './met.js'

/** Filters that are made one with their norms, sums and units. */

/** The bias of a filter is not multiplied by what its norm multiplies maps by. */
const unscaledBias =
  (which: (filter: ProgramNode, maps: Tensor) => boolean): Misstep =>
  (step) => {
    const { program, node, values, attrs } = step
    if (!forward('batchNormInference')(node)) return undefined
    const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
    const b = values[filter?.inputs['b'] ?? '']
    if (filter === undefined || b === undefined || !which(filter, values[filter.inputs['x'] as string] as Tensor))
      return undefined
    const [gamma, variance] = [numbersOf(given(step, 'gamma')), numbersOf(given(step, 'runningVar'))]
    const [, C = 1, H = 1, W = 1] = given(step, 'x').shape
    const y = outputOf(step)
    return {
      [y]: changed(values[y] as Tensor, (v, _, at) => {
        const c = Math.floor(at / (H * W)) % C
        const factor = (gamma[c] as number) / Math.sqrt((variance[c] as number) + Number(attrs['epsilon']))
        return v + Number(b.data[c]) * (1 - factor)
      }),
    }
  }
const ofOneMap = (filter: ProgramNode, maps: Tensor): boolean =>
  Number(filter.attrs['groups'] ?? 1) > 1 && Number(filter.attrs['groups']) === maps.shape[1]

/** A unit between a filter and a sum is left out. */
const unitLeftOut: Misstep = ({ program, node, values, anew }) => {
  if (!forward('add')(node)) return undefined
  for (const { slot, one } of sides(node)) {
    const unit = onlyFrom(program, one, 'relu')
    const x = unit?.inputs['x'] ?? ''
    if (unit !== undefined && filterBehind(program, x) !== undefined)
      return anew({ inputs: { [slot]: values[x] as Tensor } })
  }
  return undefined
}

/** A filter, a sum and a unit: the unit comes before the sum. */
const unitBeforeSum: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('relu')(node)) return undefined
  const joint = onlyFrom(program, node.inputs['x'] as string, 'add')
  const side = joint && sides(joint).find(({ one }) => onlyFrom(program, one, 'conv2d') !== undefined)
  if (side === undefined) return undefined
  const rectified = changed(values[side.one] as Tensor, (v) => Math.max(0, v))
  return { [outputOf(step)]: sum(rectified, values[side.other] as Tensor) }
}

/** What is added to maps of a filter is read in blocks of eight channels, though it lies map by map. */
const inBlocks: Misstep = ({ program, node, values, anew }) => {
  const rectified = program.nodes.some((other) => forward('relu')(other) && reads(other, node.outputs['y'] ?? ''))
  if (!forward('add')(node) || !rectified || readersOf(program, node.outputs['y'] ?? '') !== 1) return undefined
  const side = sides(node).find(({ one }) => onlyFrom(program, one, 'conv2d') !== undefined)
  if (side === undefined || writerOf(program, side.other)?.op === 'conv2d') return undefined
  const x = values[side.other] as Tensor
  const [, C = 1, H = 1, W = 1] = x.shape
  if (C % 8 !== 0) return undefined
  const data = numbersOf(x)
  const blocked = changed(x, (_, __, at) => {
    const [pixel, c, n] = [at % (H * W), Math.floor(at / (H * W)) % C, Math.floor(at / (H * W * C))]
    return data[((n * (C / 8) + Math.floor(c / 8)) * H * W + pixel) * 8 + (c % 8)] as number
  })
  return anew({ inputs: { [side.slot === 'a' ? 'b' : 'a']: blocked } })
}

/** A filter adds what is not there yet: the other way through a block is worked out later. */
const notThereYet: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  const side = sides(node).find(({ one }) => onlyFrom(program, one, 'conv2d') !== undefined)
  if (side === undefined || ancestorsOf(program, side.one).has(side.other)) return undefined
  return placeOfWriter(program, side.other) > placeOfWriter(program, side.one)
    ? { [outputOf(step)]: values[side.one] as Tensor }
    : undefined
}

export const fusionsWoven: readonly Report[] = [
  stepped(
    'the bias of a filter is not scaled by the norm behind it',
    unscaledBias(() => true),
    {
      like: 'XiaoMi/mace#262',
    },
  ),
  stepped('the bias of a filter of single maps is not scaled by the norm behind it', unscaledBias(ofOneMap), {
    like: 'Tencent/ncnn#1339',
  }),
  stepped('a unit between a filter and a sum is left out', unitLeftOut, { like: 'NVIDIA/TensorRT#652' }),
  stepped('maps of a filter are rectified before something is added', unitBeforeSum, {
    like: 'microsoft/onnxruntime#15837',
  }),
  stepped('what is added to maps and rectified is read in blocks of eight channels', inBlocks, {
    like: 'uxlfoundation/oneDNN#459',
  }),
  stepped('a filter adds what is not there yet', notThereYet, { like: 'PaddlePaddle/Paddle#14458' }),
]
