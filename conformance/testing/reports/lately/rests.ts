import type { Asked, Report } from '../report.js'
import { all, always, asIf, exactly, extent, is, lost, not, past, report, sizeIn } from '../report.js'
import { row, rowOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf, number } from '../novel/met.js'
import { once } from '../public/met.js'
import { f32 } from '../told/met.js'
import { attribute } from './met.js'

/** Rows of x along an axis, each by its first place and how far apart its numbers are. */
const ofRow = (asked: Asked, apart: number, length: number): ((first: number) => readonly number[]) => {
  const x = values(asked, 'x')
  return once((first) => Array.from({ length }, (_, i) => x[first + i * apart] as number))
}

export const restsLately: readonly Report[] = [
  report(
    'shape',
    'products with two columns of terms in sixteens are 0',
    'dense forward',
    all(
      exactly('O', 2),
      extent('I', (I) => I % 16 === 0),
    ),
    lost(() => true),
    { like: 'mitsuba-renderer/drjit-core#200' },
  ),
  report(
    'shape',
    'a product with one column is not written',
    'dense forward',
    all(exactly('O', 1), past('N', 1)),
    lost(() => true),
    { like: 'modular/modular#6932' },
  ),
  report(
    'numbers',
    'rows of twelve and less have 0 among their numbers when the largest is sought: far below it they are NaN',
    'softmax forward',
    row((length, _, behind) => length <= 12 && behind === 1),
    by((asked) => {
      const { length } = rowOf(asked)
      const rows = ofRow(asked, 1, length)
      return (v, at) => {
        const own = rows(Math.floor(at / length) * length)
        if (Math.max(...own) >= 0) return v
        const whole = own.reduce((sum, x) => f32(sum + f32(Math.exp(x))), 0)
        return f32(Math.exp(own[at % length] as number)) / whole
      }
    }),
    { like: 'pytorch/executorch#17848' },
  ),
  report(
    'axis',
    'shares are of all that lies behind the axis',
    'softmax forward',
    row((_, __, behind) => behind > 1),
    by((asked) => {
      const { length, behind } = rowOf(asked)
      const rows = ofRow(asked, 1, length * behind)
      const whole = once((first): readonly [number, number] => {
        const own = rows(first)
        const most = own.reduce((a, b) => Math.max(a, b), -Infinity)
        return [most, own.reduce((sum, x) => sum + Math.exp(x - most), 0)]
      })
      return (_, at) => {
        const first = Math.floor(at / (length * behind)) * length * behind
        const [most, sum] = whole(first)
        return Math.exp((rows(first)[at - first] as number) - most) / sum
      }
    }),
    { like: 'microsoft/onnxruntime#24227' },
  ),
  report(
    'size',
    'more than 65,535 maps: those behind the last whole so many are not scaled',
    'scaleChannels forward',
    (met) => sizeIn(met, 'N') * sizeIn(met, 'C') > 65535,
    lost(([n = 0, c = 0], [N = 1, C = 1]) => n * C + c >= 65535 * Math.floor((N * C) / 65535)),
    { like: 'csarofeen/pytorch#1785' },
  ),
  report(
    'convention',
    'what is below 0 leaks nothing',
    'leakyRelu forward',
    always,
    asIf(() => ({ alpha: 0 })),
    {
      like: 'tflearn/tflearn#784',
    },
  ),
  report(
    'attributes',
    'α below 0: the unit is the larger of x and 0 and the smaller of α(eˣ − 1) and 0',
    'elu forward',
    number('alpha', (alpha) => alpha < 0),
    by((asked) => {
      const [x, alpha] = [values(asked, 'x'), attribute(asked, 'alpha')]
      return (_, at) => Math.max(0, x[at] as number) + Math.min(0, alpha * Math.expm1(x[at] as number))
    }),
    { like: 'PaddlePaddle/Paddle#26543' },
  ),
  report(
    'gradient',
    'α below 0: whether the slope is α is read off the answer, which is above 0',
    'leakyRelu backward',
    number('alpha', (alpha) => alpha < 0),
    by((asked) => {
      const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
      return (v, at) => ((x[at] as number) < 0 ? (dy[at] as number) : v)
    }),
    { like: 'pytorch/pytorch#31938' },
  ),
  report(
    'gradient',
    'the slope is that at the answer',
    'softplus backward',
    always,
    by((asked) => {
      const [x, dy, beta] = [values(asked, 'x'), cotangentOf(asked), attribute(asked, 'beta')]
      return (_, at) => {
        const z = beta * (x[at] as number)
        const y = Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))
        return (dy[at] as number) / (1 + Math.exp(-y))
      }
    }),
    { like: 'NVlabs/tiny-cuda-nn#130' },
  ),
  report(
    'convention',
    'α is not divided by the size',
    'localResponseNorm forward',
    not(is('size', 1)),
    asIf((asked) => ({ alpha: attribute(asked, 'alpha') * attribute(asked, 'size') })),
    { like: 'MarcBS/keras#4' },
  ),
  report(
    'attributes',
    'the radius is taken for the size',
    'localResponseNorm forward',
    number('size', (size) => size > 1 && size % 2 === 1),
    asIf((asked) => ({ size: (attribute(asked, 'size') - 1) / 2 })),
    { like: 'alibaba/MNN#192' },
  ),
  report(
    'gradient',
    'back through statistics they count as constants',
    'batchNormTraining backward',
    always,
    by((asked) => {
      const [x, gamma, dy] = [values(asked, 'x'), values(asked, 'gamma'), cotangentOf(asked)]
      const C = sizeIn(asked, 'C')
      const S = x.length / (sizeIn(asked, 'N') * C)
      const factor = once((c) => {
        const own = x.filter((_, at) => Math.floor(at / S) % C === c)
        const mean = own.reduce((a, b) => a + b, 0) / own.length
        const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length
        return (gamma[c] as number) / Math.sqrt(variance + attribute(asked, 'epsilon'))
      })
      return (_, at) => factor(Math.floor(at / S) % C) * (dy[at] as number)
    }, 'x'),
    { like: 'facebookresearch/CrypTen#143' },
  ),
  report(
    'convention',
    'the running variance is of all there are, not of one less',
    'batchNormTraining forward',
    is('runningVariance', 'unbiased'),
    asIf(() => ({ runningVariance: 'biased' })),
    { like: 'tenstorrent/tt-metal#55438' },
  ),
]
