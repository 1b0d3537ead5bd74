import type { Attributes } from '../../../../spec/attributes.js'
import type { ProgramNode } from '../../../../spec/program.js'
import { standingAttributes } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { right } from '../../shaken.js'
import { channelOf } from '../anew/met.js'
import { biased, onlyReader, yOf } from '../lastly/met.js'
import type { Misstep } from '../lately/met.js'
import { isInput, numbersOf, onlyFrom, sizeOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed, gathered } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { isPointwise, isWanted, madeBy, outputOf, shaped, sides, sum } from '../woven/met.js'

/** Layers that are made one with what stands before or behind them, and sums and reshapes that are made simpler. */

const attributesOf = ({ op, attrs }: ProgramNode): Attributes => right(standingAttributes(op, attrs))
const pairOf = (attrs: Attributes, name: string): readonly [number, number] => {
  const [down = 1, across = down] = attrs[name] as readonly number[]
  return [down, across]
}
const times = (a: readonly [number, number], b: readonly [number, number]): readonly [number, number] => [
  a[0] * b[0],
  a[1] * b[1],
]
const isUnpadded = (attrs: Attributes): boolean => (attrs['padding'] as readonly number[]).every((p) => p === 0)

/** What scales a square product behind it goes into its weights along what they read, and not along what they make. */
const scaledAlongInputs: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!forward('batchNormInference')(node)) return undefined
  const product = onlyFrom(program, node.inputs['x'] as string, 'dense')
  const w = product?.inputs['w'] ?? ''
  if (product === undefined || !isInput(program, w)) return undefined
  const weights = values[w] as Tensor
  const [O = 0, I = 0] = weights.shape
  if (O !== I) return undefined
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((slot) =>
    numbersOf(values[node.inputs[slot] as string] as Tensor),
  ) as [readonly number[], readonly number[], readonly number[], readonly number[]]
  const factors = gamma.map((v, c) => v / Math.sqrt((variance[c] as number) + Number(attrs['epsilon'])))
  const shift = factors.map((v, c) => (beta[c] as number) - (mean[c] as number) * v)
  const b = values[product.inputs['b'] ?? '']
  const scaled = yOf(product, values, {
    w: changed(weights, (v, place) => v * (factors[place()[1] ?? 0] as number)),
    ...(b === undefined ? {} : { b: changed(b, (v, _, o) => v * (factors[o] as number)) }),
  })
  return { [outputOf(step)]: biased(scaled, shaped([O], shift)) }
}

const pools = ['maxPool2d', 'avgPool2d']

/** Pools of different kinds one behind the other are one of the latter's kind. */
const ofTheLastKind: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!forward('globalAvgPool', ...pools)(node)) return undefined
  const kind = node.op === 'globalAvgPool' ? 'avgPool2d' : node.op
  const first = onlyFrom(program, node.inputs['x'] as string, ...pools.filter((op) => op !== kind))
  if (first === undefined) return undefined
  const of = attributesOf(first)
  const [window, stride] = [pairOf(of, 'window'), pairOf(of, 'stride')]
  const x = values[first.inputs['x'] as string] as Tensor
  const [, , H = 1, W = 1] = x.shape
  const tiles = String(window) === String(stride) && H % window[0] === 0 && W % window[1] === 0
  if (!tiles || !isUnpadded(of)) return undefined
  if (node.op === 'globalAvgPool') return { [outputOf(step)]: yOf(node, values, { x }) }
  if (!isUnpadded(attrs) || attrs['ceilMode'] === true) return undefined
  const merged = {
    ...node.attrs,
    window: times(window, pairOf(attrs, 'window')),
    stride: times(window, pairOf(attrs, 'stride')),
  }
  return { [outputOf(step)]: madeBy({ ...node, attrs: merged }, values, { x })['y'] as Tensor }
}

/** A sum to which its only summand is added once more is doubled. */
const doubledEachTime: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  const ofOnly = (name: string, x: string): boolean => {
    const writer = writerOf(program, name)
    return (
      writer !== undefined &&
      forward('add')(writer) &&
      Object.values(writer.inputs).every((one) => one === x || ofOnly(one, x))
    )
  }
  const chain = sides(node).find(({ one, other }) => ofOnly(one, other))
  if (chain === undefined) return undefined
  const soFar = values[chain.one] as Tensor
  return { [outputOf(step)]: sum(soFar, soFar) }
}

/** A square that a reshape leaves as it is goes into a product with biases transposed. */
const transposedByReshape: Misstep = ({ program, node, values, anew }) => {
  if (!forward('dense')(node) || node.inputs['b'] === undefined) return undefined
  const squares = ['x', 'w'].flatMap((slot) => {
    const name = node.inputs[slot] as string
    const reshape = writerOf(program, name)
    if (reshape === undefined || !forward('reshape', 'flatten')(reshape)) return []
    const [after, before] = [values[name] as Tensor, values[reshape.inputs['x'] as string] as Tensor]
    const [n, m] = after.shape
    if (after.shape.length !== 2 || n !== m || String(after.shape) !== String(before.shape)) return []
    return [[slot, gathered(after, ([i = 0, j = 0]) => [j, i])] as const]
  })
  return squares.length === 0 ? undefined : anew({ inputs: Object.fromEntries(squares) })
}

/** A pointwise filter is made one with the padded one behind it: the border has the biases as well. */
const biasesInTheBorder: Misstep = (step) => {
  const { program, node, values, attrs, anew } = step
  if (!forward('conv2d')(node) || isUnpadded(attrs) || Number(attrs['groups']) > 1) return undefined
  const first = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
  const b = values[first?.inputs['b'] ?? '']
  if (first === undefined || b === undefined || !isPointwise(first, values[first.inputs['w'] as string] as Tensor))
    return undefined
  const bare = changed(b, (v) => -v)
  const x = biased(values[node.inputs['x'] as string] as Tensor, bare)
  const w = values[node.inputs['w'] as string] as Tensor
  const channel = channelOf(w)
  const each = sizeOf(w) / (w.shape[0] as number)
  const constants = Array.from({ length: w.shape[0] as number }, (_, o) =>
    numbersOf(w).reduce(
      (soFar, v, at) => (Math.floor(at / each) === o ? soFar + v * Number(b.data[channel(at)]) : soFar),
      0,
    ),
  )
  const y = outputOf(step)
  return { [y]: biased(anew({ inputs: { x } })[y] as Tensor, shaped([constants.length], constants)) }
}

/** A filter, its norm and its ReLU are one, and who asks for the norm has it rectified. */
const normRectified: Misstep = (step) => {
  const { program, node, values } = step
  const y = outputOf(step)
  if (!forward('batchNormInference')(node) || !isWanted(step, y)) return undefined
  const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
  const asked = { ...program, outputs: program.outputs.filter((name) => name !== y) }
  const relu = onlyReader(asked, y)
  if (filter === undefined || relu === undefined || !forward('relu')(relu)) return undefined
  return { [y]: changed(values[y] as Tensor, (v) => Math.max(0, v)) }
}

export const fusionsNovember: readonly Report[] = [
  stepped('what scales a square product behind it scales what its weights read', scaledAlongInputs, {
    like: 'tensorflow/tensorflow#39572',
  }),
  stepped('pools of two kinds one behind the other are one of the latter’s kind', ofTheLastKind, {
    like: 'Theano/Theano#3455',
  }),
  stepped('a sum to which its only summand is added once more is doubled', doubledEachTime, {
    like: 'apache/tvm#12305',
  }),
  stepped('a square that a reshape leaves as it is goes into a product with biases transposed', transposedByReshape, {
    like: 'microsoft/onnxruntime#32228',
  }),
  stepped('a pointwise filter’s biases stand in the border of the filter behind it', biasesInTheBorder, {
    like: 'DingXiaoH/DiverseBranchBlock#9',
  }),
  stepped('who asks for a filter’s norm has what the ReLU behind it makes', normRectified, {
    like: 'opencv/opencv#17944',
  }),
]
