import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  depthwise,
  either,
  filter,
  given,
  holds,
  is,
  kept,
  listOf,
  lost,
  not,
  past,
  report,
  shapeIn,
  always,
} from '../report.js'
import { attribute, none, numbersOf, total } from '../lately/met.js'
import { extents, number } from '../novel/met.js'
import { axisIn, input } from '../public/met.js'
import { having } from '../triggers/met.js'
import { backThroughNorm, channelOf, inverseOf, meansOf } from './met.js'

/** Single ops, each with what its own thread names. */

const ofImages = extents('x', (shape) => shape.length === 4)

/** The answers to a question about a norm’s way back, if its deviations’ inverses were others and what was normalized with them. */
const byInverses = (asked: Asked, change: (inverse: number, epsilon: number) => number) => {
  const [x, gamma] = [input(asked, 'x'), input(asked, 'gamma')]
  const epsilon = attribute(asked, 'epsilon')
  const inverse = inverseOf(x, epsilon).map((v) => change(v, epsilon))
  const [channel, data] = [channelOf(x), numbersOf(x)]
  const mean = meansOf(x, data)
  const normalized = data.map((v, at) => (v - (mean[channel(at)] as number)) * (inverse[channel(at)] as number))
  return backThroughNorm(x, asked.cotangents['y'] as Tensor, gamma, normalized, inverse)
}

export const singlesAnew: readonly Report[] = [
  report(
    'shape',
    'of a row behind two ones that loses one of them every number is the first',
    'reshape forward',
    (met) => {
      const shape = shapeIn(met, 'x')
      return shape.length === 3 && shape[0] === 1 && shape[1] === 1 && String(met.attrs['shape']) === `1,${shape[2]}`
    },
    (_, plain) => {
      const y = plain()['y'] as Tensor
      return { y: changed(y, () => Number(y.data[0])) }
    },
    { like: 'microsoft/nnfusion#177' },
  ),
  report(
    'history',
    'another tensor of the same extents to the same shape: what lay there the first time',
    'reshape forward',
    always,
    kept('x', ({ attrs }) => String(attrs['shape'])),
    { like: 'tenstorrent/tt-metal#16982' },
  ),
  report(
    'gradient',
    'the filter’s gradient of two channels and more lies with its taps first',
    'conv2d backward',
    all(past('Cg', 1), is('groups', 1), given('w')),
    (_, plain) => {
      const right = plain()
      const w = right['w']
      if (w === undefined) return right
      const [O = 1, C = 1, KH = 1, KW = 1] = w.shape
      const data = numbersOf(w)
      const tapsFirst = changed(w, (_, __, at) => {
        const [o, c, tap] = [at % O, Math.floor(at / O) % C, Math.floor(at / (O * C))]
        return data[(o * C + c) * KH * KW + tap] as number
      })
      return having(right, { w: tapsFirst })
    },
    { like: 'apple/tensorflow_macos#230' },
  ),
  report(
    'shape',
    'a filter for each channel of 3×3 or 5×5 whose dilation is not its stride has its stride for one',
    'conv2d forward',
    all(
      depthwise,
      either(filter(3), filter(5)),
      (met) => String(listOf(met, 'stride')) !== String(listOf(met, 'dilation')),
    ),
    asIf(({ attrs }) => ({ dilation: attrs['stride'] as readonly number[] })),
    { like: 'pytorch/executorch#7595' },
  ),
  report(
    'axis',
    'images joined sample by sample are zeros',
    'concat forward',
    all(
      holds('x0', (_, shape) => shape.length === 4),
      (met) => axisIn(met, 'x0') === 0,
    ),
    lost(() => true),
    { like: 'intel/webml-polyfill#132' },
  ),
  report(
    'gradient',
    'back through the statistics of images the factor does not count',
    'batchNormTraining backward',
    ofImages,
    (asked, plain) => {
      const right = plain()
      const { x } = plain({ inputs: { ...asked.inputs, gamma: changed(input(asked, 'gamma'), () => 1) } })
      return x === undefined ? right : having(right, { x })
    },
    { like: 'denizyuret/Knet.jl#288' },
  ),
  report(
    'gradient',
    'back through the statistics of images one over the deviation is taken for the variance',
    'batchNormTraining backward',
    ofImages,
    (asked, plain) => {
      const right = plain()
      const wrong = byInverses(asked, (inverse, epsilon) => 1 / Math.sqrt(inverse + epsilon))
      return Object.fromEntries(
        Object.entries(right).map(([name, tensor]) => [
          name,
          name === 'beta' ? tensor : wrong[name as keyof typeof wrong],
        ]),
      )
    },
    { like: 'flagos-ai/FlagGems#5222' },
  ),
  report(
    'convention',
    'the running variance takes in ε as well',
    'batchNormTraining forward',
    number('epsilon', (epsilon) => epsilon > 0),
    (asked, plain) => {
      const right = plain()
      const more = attribute(asked, 'momentum') * attribute(asked, 'epsilon')
      return having(right, {
        runningVar: changed(right['runningVar'] as Tensor, (v) => v + more),
      })
    },
    { like: 'keras-team/keras-contrib#287' },
  ),
  report(
    'gradient',
    'the bias’s gradient of several samples is that of the first',
    'dense backward',
    all(past('N', 1), given('b')),
    (asked, plain) => {
      const right = plain()
      const dy = asked.cotangents['y'] as Tensor
      const b = right['b']
      return b === undefined ? right : having(right, { b: changed(b, (_, __, o) => Number(dy.data[o])) })
    },
    { like: 'mlpack/mlpack#3679' },
  ),
  report(
    'gradient',
    'what a loss is multiplied by does not come back',
    'softmaxCrossEntropy backward',
    always,
    asIfPulled(({ cotangents }) => ({ loss: changed(cotangents['loss'] as Tensor, () => 1) })),
    { like: 'SeanNaren/warp-ctc#69' },
  ),
  report(
    'convention',
    'the momentum is the weight of the gradient: the velocity keeps all it has',
    'momentum',
    not(is('nesterov', true)),
    (asked) => {
      const gradient = total(input(asked, 'g'), input(asked, 'w'), attribute(asked, 'weightDecay'))
      const velocity = total(input(asked, 'velocity'), gradient, attribute(asked, 'momentum'))
      return { w: total(input(asked, 'w'), velocity, -attribute(asked, 'learningRate')), velocity }
    },
    { like: 'ooples/AiDotNet#2008' },
  ),
  report(
    'history',
    'every step begins without a velocity',
    'momentum',
    number('momentum', (momentum) => momentum > 0),
    asIfGiven((asked) => ({ velocity: none(input(asked, 'velocity')) })),
    { like: 'kozistr/pytorch_optimizer#516' },
  ),
  report(
    'convention',
    'Nesterov’s step goes by its momentum twice',
    'momentum',
    is('nesterov', true),
    (asked, plain) => {
      const right = plain() as Record<string, Tensor>
      const more = -attribute(asked, 'learningRate') * attribute(asked, 'momentum')
      return having(right, { w: total(right['w'] as Tensor, right['velocity'] as Tensor, more) })
    },
    { like: 'oysteijo/simd_neuralnet#17' },
  ),
  report(
    'convention',
    'the gradient of weights that decay is multiplied by what they decay by',
    'adam',
    number('weightDecay', (decay) => decay > 0),
    (asked, plain) => {
      const decay = attribute(asked, 'weightDecay')
      const w = input(asked, 'w')
      return plain({
        attrs: { ...asked.attrs, weightDecay: 0 },
        inputs: { ...asked.inputs, g: changed(input(asked, 'g'), (v, _, at) => v * (1 + decay * Number(w.data[at]))) },
      })
    },
    { like: 'apache/mxnet#8925' },
  ),
]
