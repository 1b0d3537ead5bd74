import type { Report } from '../report.js'
import { all, always, asIf, not, past, report, shapeIn } from '../report.js'
import { row, rowOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf, number } from '../novel/met.js'
import { axisIn, once, rewritten } from '../public/met.js'
import { f32, overflow } from './met.js'

export const activationsTold: readonly Report[] = [
  report(
    'not a number',
    'past 45 the hyperbolic tangent is NaN',
    'tanh forward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => ((x[at] as number) > 45 ? NaN : v)
    }),
    { like: 'apache/tvm#16438' },
  ),
  report(
    'numbers',
    'at −11 and below the sigmoid is 0',
    'sigmoid forward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => ((x[at] as number) <= -11 ? 0 : v)
    }),
    { like: 'tenstorrent/tt-metal#26211' },
  ),
  report(
    'gradient',
    'where β·x is past 88 softplus has a gradient of 0',
    'softplus backward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (Number(asked.attrs['beta']) * (x[at] as number) > overflow ? 0 : v)
    }, 'x'),
    { like: 'tenstorrent/tt-metal#56397' },
  ),
  report(
    'not a number',
    'softplus takes e to the power first: where β·x is past 88 it is Infinity, and NaN on the way back',
    ['softplus forward', 'softplus backward'],
    always,
    by((asked) => {
      const x = values(asked, 'x')
      const beyond = asked.direction === 'forward' ? Infinity : NaN
      return (v, at) => (Number(asked.attrs['beta']) * (x[at] as number) > overflow ? beyond : v)
    }),
    { like: 'tracel-ai/burn#5373' },
  ),
  report(
    'numbers',
    'past 20 softplus is β·x',
    'softplus forward',
    not(number('beta', (beta) => beta === 1)),
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => ((x[at] as number) > 20 ? Number(asked.attrs['beta']) * (x[at] as number) : v)
    }),
    { like: 'brainpy/BrainPy#580' },
  ),
  report(
    'attributes',
    'leaky, the larger of αx and x is taken, also where α is more than 1 or less than 0',
    'leakyRelu forward',
    number('alpha', (alpha) => alpha > 1 || alpha < 0),
    by((asked) => {
      const x = values(asked, 'x')
      return (_, at) => Math.max(Number(asked.attrs['alpha']) * (x[at] as number), x[at] as number)
    }),
    { like: 'tensorflow/tensorflow#24566' },
  ),
  report(
    'attributes',
    'leaky, the way back has a slope of its own: 0.01',
    'leakyRelu backward',
    always,
    asIf(() => ({ alpha: 0.01 })),
    { like: 'deeplearning4j/deeplearning4j#8178' },
  ),
  report(
    'attributes',
    'exponential units with α below 0 tell their slope from what came out: 1 below 0, and α at 0',
    'elu backward',
    number('alpha', (alpha) => alpha < 0),
    by((asked) => {
      const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
      return (v, at) => {
        const own = x[at] as number
        return own > 0 ? v : (dy[at] as number) * (own < 0 ? 1 : Number(asked.attrs['alpha']))
      }
    }, 'x'),
    { like: 'pytorch/pytorch#47671' },
  ),
  report(
    'not a number',
    'the gradient of an exponential unit past 88 is NaN',
    'elu backward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => ((x[at] as number) > overflow ? NaN : v)
    }, 'x'),
    { like: 'apache/mxnet#14673' },
  ),
  report(
    'shape',
    'maps of a film are rectified in the first four channels only',
    'relu forward',
    (met) => shapeIn(met, 'x').length === 5 && (shapeIn(met, 'x')[1] as number) > 4,
    by((asked) => {
      const x = values(asked, 'x')
      const [, C = 1, ...pixels] = shapeIn(asked, 'x')
      const each = pixels.reduce((a, b) => a * b, 1)
      return (v, at) => (Math.floor(at / each) % C < 4 ? v : (x[at] as number))
    }),
    { like: 'chuckcho/video-caffe#65' },
  ),
  report(
    'not a number',
    'nothing is taken away before e to the power: where a row’s sum overflows its logarithms are −Infinity',
    'logSoftmax forward',
    row((length) => length > 0),
    by((asked) => {
      const x = values(asked, 'x')
      const { length, behind } = rowOf(asked)
      const beyond = once((first) => {
        const own = Array.from({ length }, (_, i) => f32(Math.exp(x[first + i * behind] as number)))
        return !Number.isFinite(own.reduce((a, b) => f32(a + b), 0))
      })
      return (v, at) => (beyond(Math.floor(at / (length * behind)) * length * behind + (at % behind)) ? -Infinity : v)
    }),
    { like: 'tracel-ai/burn#315' },
  ),
  report(
    'not a number',
    'cotangents are divided by shares: a share that is 0 makes all of its row NaN on the way back',
    'logSoftmax backward',
    row((length) => length > 1),
    by((asked) => {
      const x = values(asked, 'x')
      const { length, behind } = rowOf(asked)
      const vanishes = once((first) => {
        const own = Array.from({ length }, (_, i) => x[first + i * behind] as number)
        const most = Math.max(...own)
        const powers = own.map((v) => f32(Math.exp(v - most)))
        const sum = powers.reduce((a, b) => a + b, 0)
        return powers.some((v) => f32(v / sum) === 0)
      })
      return (v, at) => (vanishes(Math.floor(at / (length * behind)) * length * behind + (at % behind)) ? NaN : v)
    }, 'x'),
    { like: 'FluxML/NNlib.jl#68' },
  ),
  report(
    'axis',
    'four axes, the last of one number: shares along it are those along the axis before it',
    'softmax forward',
    all(
      row((length, _, behind) => length === 1 && behind === 1),
      (met) => {
        const shape = shapeIn(met, 'x')
        return shape.length === 4 && axisIn(met, 'x') === 3 && (shape[2] as number) > 1
      },
    ),
    asIf(() => ({ axis: 2 })),
    { like: 'FluxML/Flux.jl#1425' },
  ),
  report(
    'shape',
    'means of whole maps are written in fours: those left over are not',
    'globalAvgPool forward',
    past('C', 0),
    rewritten((_, data) => (at) => (at < 4 * Math.floor(data.length / 4) ? (data[at] as number) : 0), 'y'),
    { like: 'webonnx/wonnx#34' },
  ),
]
