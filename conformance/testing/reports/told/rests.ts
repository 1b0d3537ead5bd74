import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, changed, exactly, is, lost, not, odd, report, scaled, sizeIn } from '../report.js'
import { plainSteps } from '../rare/met.js'
import { row, rowOf, rowsOf, steps } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { input, once, rewritten, unpadded, window } from '../public/met.js'
import { f32, gates, reduced, share } from './met.js'

const sum = (own: readonly number[]): number => own.reduce((a, b) => a + b, 0)
const clipped = (p: number): number => Math.min(Math.max(p, 1e-7), 1 - 1e-7)
/** What the targets of a row add up to, and what its shares do. */
const totals = (asked: Asked): readonly (readonly [number, number])[] => {
  const target = rowsOf('target', asked)
  return rowsOf('prediction', asked).map((own, n) => [sum(target[n] ?? []), sum(own)])
}

export const restsTold: readonly Report[] = [
  report(
    'convention',
    'the gates of input and forgetting have the bias of the output’s',
    ['lstm forward', 'lstmCell forward'],
    always,
    gates([3, 3, 2, 3], 'b'),
    { like: 'ddbourgin/numpy-ml#42' },
  ),
  report(
    'convention',
    'the state is the cell times its gate, without its tangent',
    'lstmCell forward',
    always,
    by((_, right) => {
      const c = right['c'] as Tensor
      return (v, at) => {
        const own = Number(c.data[at])
        return own === 0 ? v : (v * own) / Math.tanh(own)
      }
    }, 'h'),
    { like: 'nicodjimenez/lstm#47' },
  ),
  report('convention', 'half of the square is the loss', 'mse forward', always, scaled(0.5), {
    like: 'tiny-dnn/tiny-dnn#159',
  }),
  report(
    'gradient',
    'reduced, the one cotangent is read as if there were one for each number: what is behind it is 0',
    'mse backward',
    not(is('reduction', 'none')),
    by(() => (v, at) => (at === 0 ? v : 0)),
    { like: 'flagos-ai/FlagGems#5213' },
  ),
  report(
    'numbers',
    'shares are divided by what they add up to',
    'cce forward',
    always,
    (asked, plain, memory) => {
      const more = totals(asked).map(([t, p]) => (t === 0 ? 0 : t * Math.log(p)))
      const whole = asked.attrs['reduction'] === 'mean' ? sum(more) / more.length : sum(more)
      return by(() => (v, at) => v + (asked.attrs['reduction'] === 'none' ? (more[at] as number) : whole))(
        asked,
        plain,
        memory,
      )
    },
    { like: 'keras-team/tf-keras#409' },
  ),
  report(
    'gradient',
    'the gradient is that of shares divided by what they add up to',
    'cce backward',
    always,
    by((asked) => {
      const own = totals(asked)
      const C = sizeIn(asked, 'C')
      return (v, at) => {
        const n = Math.floor(at / C)
        const [t, p] = own[n] as readonly [number, number]
        return v + (share(asked, n, own.length) * t) / p
      }
    }, 'prediction'),
    { like: 'Theano/Theano#3400' },
  ),
  report(
    'numbers',
    'shares are kept 10⁻⁷ away from 0 and 1, and 10⁻⁷ is added once more before the logarithm',
    'bce forward',
    always,
    reduced((asked) => {
      const [p, t] = [values(asked, 'prediction'), values(asked, 'target')]
      return p.map((v, at) => {
        const [own, wanted] = [clipped(v), t[at] as number]
        return -(wanted * Math.log(own + 1e-7) + (1 - wanted) * Math.log(1 - own + 1e-7))
      })
    }),
    { like: 'keras-team/keras#15249' },
  ),
  report(
    'shape',
    'a 3×3 maximum that steps by two, not padded, of an odd number of columns: the last is a column short',
    'maxPool2d forward',
    all(window(3), steps(2, 2), unpadded, odd('W')),
    (asked, plain) => {
      const right = plain()
      const x = input(asked, 'x')
      const last = sizeIn(asked, 'W') - 1
      const short = plain({ inputs: { x: changed(x, (v, place) => (place()[3] === last ? -Infinity : v)) } })
      return { y: changed(right['y'] as Tensor, (_, __, at) => Number(short['y']?.data[at])) }
    },
    { like: 'PaddlePaddle/Anakin#210' },
  ),
  report(
    'shape',
    'one channel under one filter of five taps in a row: all of it is 0',
    'conv2d forward',
    all(exactly('C', 1), exactly('O', 1), exactly('KH', 1), exactly('KW', 5), plainSteps),
    lost(() => true),
    {
      like: 'ARM-software/ComputeLibrary#904',
    },
  ),
  report(
    'numbers',
    'rows shorter than 32 have 0 among their numbers when the largest is sought: far below it nothing is left of them',
    'softmax forward',
    row((length) => length < 32),
    by((asked) => {
      const x = values(asked, 'x')
      const { length, behind } = rowOf(asked)
      const ofRow = once((first): readonly [number, number] => {
        const own = Array.from({ length }, (_, i) => x[first + i * behind] as number)
        const most = Math.max(...own)
        return [most, own.reduce((a, b) => f32(a + f32(Math.exp(b))), 0)]
      })
      return (v, at) => {
        const [most, whole] = ofRow(Math.floor(at / (length * behind)) * length * behind + (at % behind))
        return most >= 0 ? v : f32(Math.exp(x[at] as number)) / whole
      }
    }),
    { like: 'm0at/rvllm#1' },
  ),
  report(
    'size',
    'sums of two are written in thirty-twos: what is left over is not',
    'add forward',
    always,
    rewritten((_, data) => (at) => (at < 32 * Math.floor(data.length / 32) ? (data[at] as number) : 0), 'y'),
    { like: 'amd/IRON#198' },
  ),
  report(
    'numbers',
    'a feature’s variance is the mean of squares less the square of the mean: where nothing is left of it, its numbers are multiplied by 10⁵',
    'zScoreNormalize forward',
    always,
    by((asked) => {
      const [x, D] = [values(asked, 'x'), sizeIn(asked, 'D')]
      const apply = asked.inputs['apply'] === undefined ? x : values(asked, 'apply')
      const ofFeature = once((d): readonly [number, number, boolean] => {
        const own = x.filter((_, at) => at % D === d)
        const mean = f32(own.reduce((a, b) => f32(a + b), 0) / own.length)
        const squares = f32(own.reduce((a, b) => f32(a + f32(b * b)), 0) / own.length)
        return [mean, f32(squares - f32(mean * mean)), own.every((v) => v === own[0])]
      })
      return (v, at) => {
        const [mean, variance, flat] = ofFeature(at % D)
        if (flat) return v
        return variance > 0 ? v : ((apply[at] as number) - mean) * 1e5
      }
    }),
    { like: 'k2-fsa/sherpa-onnx#3857' },
  ),
]
