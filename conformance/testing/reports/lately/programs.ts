import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import type { Made } from '../told/programs.js'
import { forward, fused, readersOf, reads, renamed, writerOf } from '../told/programs.js'
import type { Misstep } from './met.js'
import { isInput, none, numbersOf, onlyFrom, stepped } from './met.js'

/** Layers that are made one: norms and units that follow a filter, sums, and what is in the way of them. */

const given = (values: Tensors, node: ProgramNode, name: string): Tensor =>
  values[node.inputs[name] as string] as Tensor

/** A filter that goes up takes the factors of its norm by the rows in which its weights lie. */
const foldedUp: Misstep = ({ program, node, values, attrs }) => {
  if (!forward('batchNormInference')(node)) return undefined
  const filter = onlyFrom(program, node.inputs['x'] as string, 'convTranspose2d')
  if (filter === undefined) return undefined
  const x = given(values, node, 'x')
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((name) =>
    numbersOf(given(values, node, name)),
  ) as [readonly number[], readonly number[], readonly number[], readonly number[]]
  const factor = gamma.map((g, o) => g / Math.sqrt((variance[o] as number) + Number(attrs['epsilon'])))
  const [, O = 1, H = 1, W = 1] = x.shape
  const bias = filter.inputs['b'] === undefined ? gamma.map(() => 0) : numbersOf(given(values, filter, 'b'))
  const w = given(values, filter, 'w')
  const each = w.data.length / O
  const folded = changed(w, (v, _, at) => v * (factor[Math.floor(at / each)] as number))
  const anew = { ...filter, inputs: { ...filter.inputs, w: 'folded' } }
  const maps = stamped(anew, { ...values, folded }, x)
  return {
    [node.outputs['y'] as string]: changed(x, (_, __, at) => {
      const o = Math.floor(at / (H * W)) % O
      return (
        (maps[at] as number) + ((bias[o] as number) - (mean[o] as number)) * (factor[o] as number) + (beta[o] as number)
      )
    }),
  }
}

/** What weights stamp on maps, without their bias. */
const stamped = (filter: ProgramNode, values: Tensors, like: Tensor): readonly number[] => {
  const list = (name: string, usual: readonly number[]): readonly number[] =>
    Array.isArray(filter.attrs[name]) ? (filter.attrs[name] as readonly number[]) : usual
  const [x, w] = [given(values, filter, 'x'), given(values, filter, 'w')]
  const [N = 1, C = 1, H = 1, W = 1] = x.shape
  const [, Og = 1, KH = 1, KW = 1] = w.shape
  const [, O = 1, Ho = 1, Wo = 1] = like.shape
  const groups = Number(filter.attrs['groups'] ?? 1)
  const [sh = 1, sw = 1] = list('stride', [1, 1])
  const [dh = 1, dw = 1] = list('dilation', [1, 1])
  const [top = 0, , left = 0] = list('padding', [0, 0, 0, 0])
  const [from, weights] = [numbersOf(x), numbersOf(w)]
  const y = new Float64Array(like.data.length)
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let o = 0; o < Og; o++)
        for (let at = 0; at < H * W * KH * KW; at++) {
          const [m, k] = [at % KW, Math.floor(at / KW) % KH]
          const [j, i] = [Math.floor(at / (KW * KH)) % W, Math.floor(at / (KW * KH * W))]
          const [r, s] = [i * sh + k * dh - top, j * sw + m * dw - left]
          if (r < 0 || s < 0 || r >= Ho || s >= Wo) continue
          const map = n * O + Math.floor((c * groups) / C) * Og + o
          const place = (map * Ho + r) * Wo + s
          y[place] =
            (y[place] as number) +
            (from[((n * C + c) * H + i) * W + j] as number) * (weights[((c * Og + o) * KH + k) * KW + m] as number)
        }
  return Array.from(y)
}

/** The norm of a filter without a bias leaves its means and offsets behind. */
const withoutOffsets: Misstep = ({ program, node, values, anew }) => {
  if (!forward('batchNormInference')(node)) return undefined
  const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
  if (filter === undefined || filter.inputs['b'] !== undefined) return undefined
  const y = node.outputs['y'] as string
  const offsets = anew({ inputs: { x: none(given(values, node, 'x')) } })[y] as Tensor
  return { [y]: changed(values[y] as Tensor, (v, _, at) => v - Number(offsets.data[at])) }
}

/** A padded filter and its leaky unit made one forget the slope. */
const usualSlope: Made = (program) => ({
  ...program,
  nodes: program.nodes.map((node): ProgramNode => {
    if (!forward('leakyRelu')(node)) return node
    const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
    const padding = filter?.attrs['padding']
    return Array.isArray(padding) && (padding as readonly number[]).some((p) => p > 0)
      ? { ...node, attrs: { ...node.attrs, alpha: 0.2 } }
      : node
  }),
})

/** A product and its leaky unit made one have no slope at all. */
const noSlope: Misstep = ({ program, node, values }) => {
  if (!forward('leakyRelu')(node)) return undefined
  if (onlyFrom(program, node.inputs['x'] as string, 'dense') === undefined) return undefined
  const [y, x] = [node.outputs['y'] as string, given(values, node, 'x')]
  return { [y]: changed(values[y] as Tensor, (v, _, at) => (Number(x.data[at]) < 0 ? NaN : v)) }
}

/** The norm of a filter that is used several times is folded into its weights each time. */
const foldedEachTime: Made = (program) => ({
  ...program,
  nodes: program.nodes.flatMap((node): readonly ProgramNode[] => {
    if (!forward('batchNormInference')(node)) return [node]
    const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
    const uses = program.nodes.filter(
      (other) =>
        forward('batchNormInference')(other) &&
        other.inputs['gamma'] === node.inputs['gamma'] &&
        onlyFrom(program, other.inputs['x'] as string, 'conv2d')?.inputs['w'] === filter?.inputs['w'],
    ).length
    if (filter === undefined || uses < 2) return [node]
    const y = node.outputs['y'] as string
    return [
      { ...node, outputs: { y: `${y} once` } },
      { ...node, name: `${node.name} again`, inputs: { ...node.inputs, x: `${y} once` } },
    ]
  }),
})

/** The sum of two filtered maps is rectified for all that read it. */
const sumRectified: Made = (program) => ({
  ...program,
  nodes: program.nodes.flatMap((node): readonly ProgramNode[] => {
    const y = node.outputs['y']
    if (y === undefined || !forward('add')(node) || readersOf(program, y) < 2) return [node]
    const filtered = Object.values(node.inputs).every((name) => writerOf(program, name)?.op === 'conv2d')
    if (!filtered || !program.nodes.some((other) => forward('relu')(other) && reads(other, y))) return [node]
    return [
      { ...node, outputs: { y: `${y} before` } },
      {
        name: `${node.name} rectified`,
        op: 'relu',
        direction: 'forward',
        attrs: {},
        inputs: { x: `${y} before` },
        cotangents: {},
        outputs: { y },
      },
    ]
  }),
})

/** What is fed and added to a product is the sum for all that read it later. */
const addedToFeed: Made = (program) =>
  program.nodes.filter(forward('add')).reduce((soFar, sum) => {
    const at = soFar.nodes.findIndex(({ name }) => name === sum.name)
    const product = Object.values(sum.inputs).find((name) => writerOf(soFar, name)?.op === 'dense')
    const fed = Object.values(sum.inputs).find((name) => isInput(soFar, name))
    const y = sum.outputs['y']
    if (product === undefined || fed === undefined || y === undefined) return soFar
    return {
      ...soFar,
      nodes: soFar.nodes.map((node, i) =>
        i <= at
          ? node
          : { ...node, inputs: renamed(node.inputs, fed, y), cotangents: renamed(node.cotangents, fed, y) },
      ),
    }
  }, program)

export const programsLately: readonly Report[] = [
  stepped('maps that went up are normalized by the channels that they came from', foldedUp, {
    like: 'ultralytics/ultralytics#25364',
  }),
  stepped('norms of a filter without a bias have neither means nor offsets', withoutOffsets, {
    like: 'tenstorrent/tt-metal#5317',
  }),
  fused('behind a padded filter leaky units have a slope of a fifth', usualSlope, {
    like: 'tensorflow/tensorflow#57515',
  }),
  stepped('behind a product leaky units have no slope: what is below 0 is NaN', noSlope, {
    like: 'tensorflow/tfjs#6455',
  }),
  fused('a filter used twice has its norm folded in twice', foldedEachTime, { like: 'pytorch/pytorch#124286' }),
  fused('the sum of two filters that is rectified is so for all that read it', sumRectified, {
    like: 'microsoft/onnxruntime#20282',
  }),
  fused('what is fed and added to a product is their sum for all that read it later', addedToFeed, {
    like: 'openvinotoolkit/openvino#35720',
  }),
]
