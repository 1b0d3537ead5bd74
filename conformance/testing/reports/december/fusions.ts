import type { Tensor } from '../../../../spec/tensor.js'
import { biased, onlyReader, yOf } from '../lastly/met.js'
import type { Misstep } from '../lately/met.js'
import { isInput, numbersOf, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { isWanted, lastReader, outputOf, shaped, sides } from '../woven/met.js'
import { readersThere } from './met.js'

/** Layers that are made one with what stands before, behind or beside them. */

/** Maps, each times a number of its own sample, or of all of them. */
const timesFactors = (maps: Tensor, factors: Tensor): Tensor => {
  const [, C = 1, ...rest] = maps.shape
  const each = rest.reduce((n, extent) => n * extent, 1)
  const own = factors.shape.length > 1
  return changed(maps, (v, _, at) => {
    const map = Math.floor(at / each)
    return v * Number(factors.data[own ? map : map % C])
  })
}

/** What scales rectified maps of a filter, and is known before the run, scales them before they are rectified. */
const scaledBeforeTheUnit: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!forward('scaleChannels', 'batchNormInference')(node)) return undefined
  const relu = onlyFrom(program, node.inputs['x'] as string, 'relu')
  const filter = relu === undefined ? undefined : onlyFrom(program, relu.inputs['x'] as string, 'conv2d')
  if (relu === undefined || filter === undefined) return undefined
  const maps = values[relu.inputs['x'] as string] as Tensor
  if (node.op === 'scaleChannels') {
    const s = node.inputs['s'] as string
    if (!isInput(program, s)) return undefined
    return { [outputOf(step)]: yOf(relu, values, { x: timesFactors(maps, values[s] as Tensor) }) }
  }
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((slot) =>
    numbersOf(values[node.inputs[slot] as string] as Tensor),
  ) as [readonly number[], readonly number[], readonly number[], readonly number[]]
  const factors = gamma.map((v, c) => v / Math.sqrt((variance[c] as number) + Number(attrs['epsilon'])))
  const shift = factors.map((v, c) => (beta[c] as number) - (mean[c] as number) * v)
  const rectified = yOf(relu, values, { x: timesFactors(maps, shaped([factors.length], factors)) })
  return { [outputOf(step)]: biased(rectified, shaped([shift.length], shift)) }
}

/** A norm that is one with the product behind it takes its ε from there, where there is none. */
const noEpsilon: Misstep = ({ program, node, attrs, anew }) => {
  if (!forward('batchNormInference', 'batchNormTraining')(node)) return undefined
  const reader = onlyReader(program, node.outputs['y'])
  return reader !== undefined && forward('mul', 'scaleChannels')(reader)
    ? anew({ attrs: { ...attrs, epsilon: 0 } })
    : undefined
}

/** Products of the same rows are one: their square weights are joined along what they read. */
const joinedAlongTerms: Misstep = (step) => {
  const { program, node, values, anew } = step
  if (!forward('dense')(node)) return undefined
  const weights = values[node.inputs['w'] as string] as Tensor
  const [O = 0, K = 0] = weights.shape
  if (O !== K) return undefined
  const joined = readersThere(program, node.inputs['x'] as string).filter(
    (other) =>
      forward('dense')(other) &&
      other.inputs['x'] === node.inputs['x'] &&
      String(values[other.inputs['w'] as string]?.shape) === String(weights.shape),
  )
  const place = joined.indexOf(node)
  if (joined.length < 2 || place < 0) return undefined
  const all = joined.map((other) => values[other.inputs['w'] as string] as Tensor)
  const w = changed(weights, (_, index) => {
    const [n = 0, k = 0] = index()
    const row = k * joined.length + place
    return Number(all[Math.floor(row / K)]?.data[n * K + (row % K)])
  })
  return anew({ inputs: { w } })
}

/** A product of a sum is written over a summand that nobody reads later, while its rows are still being read. */
const overASummand: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('dense')(node)) return undefined
  const sum = onlyFrom(program, node.inputs['x'] as string, 'add')
  if (sum === undefined || sum.inputs['a'] === sum.inputs['b']) return undefined
  const w = values[node.inputs['w'] as string] as Tensor
  const [O = 0, K = 0] = w.shape
  const given = sides(sum).find(
    ({ one }) =>
      writerOf(program, one) !== undefined &&
      !isWanted(step, one) &&
      lastReader(program, one) === program.nodes.indexOf(sum),
  )
  if (given === undefined || O !== K) return undefined
  const [one, other] = [given.one, given.other].map((name) => numbersOf(values[name] as Tensor)) as [
    readonly number[],
    readonly number[],
  ]
  const b = values[node.inputs['b'] ?? '']
  const y = values[outputOf(step)] as Tensor
  const written: number[] = []
  for (let n = 0; n < (y.shape[0] as number); n++) {
    const row = Array.from({ length: K }, (_, k) => one[n * K + k] as number)
    for (let o = 0; o < O; o++) {
      const product = row.reduce(
        (soFar, v, k) => soFar + (v + (other[n * K + k] as number)) * Number(w.data[o * K + k]),
        b?.data[o] ?? 0,
      )
      row[o] = product
      written.push(product)
    }
  }
  return { [outputOf(step)]: shaped(y.shape, written) }
}

export const fusionsDecember: readonly Report[] = [
  stepped('what scales rectified maps of a filter scales them before they are rectified', scaledBeforeTheUnit, {
    like: 'apache/tvm#16223',
  }),
  stepped('a norm that only a product reads has no ε', noEpsilon, { like: 'ggml-org/llama.cpp#14545' }),
  stepped('square weights of products of the same rows are joined along what they read', joinedAlongTerms, {
    like: 'openvinotoolkit/openvino#36507',
  }),
  stepped('a product of a sum is written over a summand while its rows are still read', overASummand, {
    like: 'ggml-org/llama.cpp#19768',
  }),
]
