import type { Attributes } from '../../../../spec/attributes.js'
import type { ProgramNode } from '../../../../spec/program.js'
import { standingAttributes } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { right } from '../../shaken.js'
import { backThroughNorm, channelOf, inverseOf, isElementwise, meansOf, onlyThere, wayThere } from '../anew/met.js'
import { counted, runOf } from '../lastly/met.js'
import type { Misstep } from '../lately/met.js'
import { isInput, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { back } from '../woven/met.js'
import { backBefore, isLossBack } from './met.js'

/** What goes wrong on the way back, right node by node. */

const attributesOf = ({ op, attrs }: ProgramNode): Attributes => right(standingAttributes(op, attrs))

/** Back through the second of two norms that are added and rectified: the first one’s statistics count. */
const statisticsOfTheOther: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!back(node, 'batchNormTraining') || node.cotangents['y'] === undefined) return undefined
  const y = wayThere(step)?.outputs['y']
  const sum = onlyThere(step, y)
  if (y === undefined || sum === undefined || !forward('add')(sum) || sum.inputs['b'] !== y) return undefined
  const first = writerOf(program, sum.inputs['a'] as string)
  const relu = onlyThere(step, sum.outputs['y'])
  if (first === undefined || !forward('batchNormTraining')(first)) return undefined
  if (first.outputs['y'] !== sum.inputs['a'] || relu === undefined || !forward('relu')(relu)) return undefined
  const x = values[node.inputs['x'] as string] as Tensor
  const others = values[first.inputs['x'] as string] as Tensor
  const mean = meansOf(others, numbersOf(others))
  const inverse = inverseOf(others, Number(attrs['epsilon']))
  const channel = channelOf(x)
  const normalized = numbersOf(x).map((v, at) => (v - (mean[channel(at)] as number)) * (inverse[channel(at)] as number))
  const gamma = values[node.inputs['gamma'] as string] as Tensor
  const dy = values[node.cotangents['y']] as Tensor
  const gradients = backThroughNorm(x, dy, gamma, normalized, inverse)
  return Object.fromEntries(
    Object.entries(gradients).flatMap(([slot, gradient]) => {
      const name = node.outputs[slot]
      return name === undefined ? [] : [[name, gradient] as const]
    }),
  )
}

/** Back through one loss twice: what was worked out on the way there is multiplied in place by each cotangent. */
const multipliedInPlace: Misstep = (step) => {
  const { node, values, attrs } = step
  if (!isLossBack(node) || attrs['reduction'] === 'none') return undefined
  const factor = backBefore(step).reduce(
    (soFar, other) => soFar * (values[other.cotangents['loss'] ?? '']?.data[0] ?? 1),
    1,
  )
  if (factor === 1) return undefined
  return Object.fromEntries(
    Object.values(node.outputs).map((name) => [name, changed(values[name] as Tensor, (v) => v * factor)]),
  )
}

/** What comes back through what is written over an input of its own is handed on as it is. */
const handedOn: Misstep = (step) => {
  const { program, node, values } = step
  const there = wayThere(step)
  if (node.direction !== 'backward' || there === undefined || !isElementwise(there)) return undefined
  const dy = values[node.cotangents['y'] ?? '']
  if (dy === undefined) return undefined
  const overwritten = Object.entries(there.inputs).filter(
    ([slot, name]) =>
      isInput(program, name) && program.carry[name] === there.outputs['y'] && node.outputs[slot] !== undefined,
  )
  return overwritten.length === 0
    ? undefined
    : Object.fromEntries(overwritten.map(([slot]) => [node.outputs[slot] as string, dy]))
}

/** From the second run on, the second way back through losses of each sample is pulled by the first one’s cotangent. */
const pulledByTheFirst: Misstep = counted((step) => {
  const { node, values, attrs, anew } = step
  if (!isLossBack(node) || attrs['reduction'] !== 'none' || runOf(step) < 2) return undefined
  const first = backBefore(step)[0]
  const loss = values[first?.cotangents['loss'] ?? '']
  return loss === undefined ? undefined : anew({ cotangents: { loss } })
})

/** Back through maxima of tiles: every number is held against the maximum at its own place among the maxima. */
const againstOtherMaxima: Misstep = (step) => {
  const { program, node, values } = step
  const dx = node.outputs['x']
  const y = wayThere(step)?.outputs['y']
  const dy = values[node.cotangents['y'] ?? '']
  if (!back(node, 'maxPool2d') || dx === undefined || y === undefined || dy === undefined) return undefined
  if (program.nodes.length < 2) return undefined
  const attrs = attributesOf(node)
  const [down = 1, across = down] = attrs['window'] as readonly number[]
  const x = values[node.inputs['x'] as string] as Tensor
  const [, , H = 1, W = 1] = x.shape
  const tiles =
    String(attrs['window']) === String(attrs['stride']) &&
    (attrs['padding'] as readonly number[]).every((p) => p === 0) &&
    H % down === 0 &&
    W % across === 0
  if (!tiles) return undefined
  const maxima = numbersOf(values[y] as Tensor)
  const [ho, wo] = [H / down, W / across]
  const tileOf = (at: number): number => {
    const [map, i, j] = [Math.floor(at / (H * W)), Math.floor(at / W) % H, at % W]
    return (map * ho + Math.floor(i / down)) * wo + Math.floor(j / across)
  }
  const equal = numbersOf(x).map((v, at) => (v === maxima[at % maxima.length] ? 1 : 0))
  const counts = maxima.map(() => 0)
  equal.forEach((one, at) => {
    counts[tileOf(at)] = (counts[tileOf(at)] as number) + one
  })
  return {
    [dx]: changed(
      x,
      (_, __, at) => (Number(dy.data[tileOf(at)]) * (equal[at] as number)) / (counts[tileOf(at)] as number),
    ),
  }
}

export const gradientsDecember: readonly Report[] = [
  stepped(
    'back through the second of two norms that are added the first one’s statistics count',
    statisticsOfTheOther,
    {
      like: 'tensorflow/tensorflow#48893',
    },
  ),
  stepped('back through a loss twice: the second time both cotangents are multiplied in', multipliedInPlace, {
    like: 'unslothai/unsloth-zoo#610',
  }),
  stepped('what comes back through what is written over its own input is handed on as it is', handedOn, {
    like: 'Lightning-AI/lightning-thunder#1284',
  }),
  stepped('from the second run on the second way back through losses of each sample is the first', pulledByTheFirst, {
    like: 'tinygrad/tinygrad#16571',
  }),
  stepped('back through maxima of tiles numbers are held against other tiles’ maxima', againstOtherMaxima, {
    like: 'ml-explore/mlx#1234',
  }),
]
