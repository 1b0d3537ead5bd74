import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  elementsIn,
  exactly,
  extent,
  given,
  holds,
  is,
  lost,
  not,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { pixels, valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { behindUsually, noGradientWhere0 } from './met.js'

const f32 = Math.fround

export const normalizersSeldom: readonly Report[] = [
  report(
    'numbers',
    'what was normalized is made again from the result, so that a γ of 0 has no gradient',
    'batchNormTraining backward',
    always,
    noGradientWhere0('gamma'),
  ),
  report(
    'numbers',
    'a mean of squares less the square of the mean over more than 1,024 numbers a channel',
    'batchNormTraining forward',
    (met) => elementsIn(met, 'x') / sizeIn(met, 'C') > 1024,
    (asked, plain) => {
      const answer = plain()
      const x = asked.inputs['x'] as Tensor
      const [gamma, beta] = [valuesOf(asked.inputs['gamma'] as Tensor), valuesOf(asked.inputs['beta'] as Tensor)]
      const C = sizeIn(asked, 'C')
      const inner = x.shape.slice(2).reduce((a, b) => a * b, 1)
      const values = valuesOf(x)
      const n = values.length / C
      const sums = Array.from({ length: C }, () => [0, 0] as [number, number])
      values.forEach((v, at) => {
        const sum = sums[Math.floor(at / inner) % C] as [number, number]
        sum[0] += v
        sum[1] += v * v
      })
      const epsilon = Number(asked.attrs['epsilon'])
      const scales = sums.map(([s, q]) => {
        const mean = f32(s / n)
        return [mean, Math.sqrt(Math.max(0, f32(f32(q / n) - f32(mean * mean))) + epsilon)] as const
      })
      return having(answer, {
        y: changed(answer['y'] as Tensor, (_, __, at) => {
          const c = Math.floor(at / inner) % C
          const [mean, deviation] = scales[c] as readonly [number, number]
          return (((values[at] as number) - mean) / deviation) * (gamma[c] as number) + (beta[c] as number)
        }),
      })
    },
    { like: 'tenstorrent/tt-metal#45968' },
  ),
  report(
    'gradient',
    'β’s gradient by given statistics of one feature, rows alone, is that of the first 64 rows',
    'batchNormInference backward',
    all(
      exactly('C', 1),
      past('N', 64),
      holds('x', (_, shape) => shape.length === 2),
    ),
    (asked, plain) => {
      const answer = plain()
      const few = plain({
        cotangents: {
          y: changed(asked.cotangents['y'] as Tensor, (v, place) => ((place()[0] as number) < 64 ? v : 0)),
        },
      })
      return having(answer, { beta: few['beta'] as Tensor })
    },
  ),
  report(
    'gradient',
    'back through a window of one channel only the factor counts',
    'localResponseNorm backward',
    is('size', 1),
    (asked) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      const { alpha, beta, k } = asked.attrs as Readonly<Record<string, number>>
      return {
        x: changed(
          asked.inputs['x'] as Tensor,
          (v, _, at) => (dy[at] as number) * ((k as number) + (alpha as number) * v * v) ** -(beta as number),
        ),
      }
    },
  ),
  report(
    'size',
    'volumes whose voxels are no multiple of four, more than 64: the last',
    'localResponseNorm forward',
    all(
      holds('x', (_, shape) => shape.length === 5),
      pixels((n) => n > 64 && n % 4 !== 0),
    ),
    lost((place, shape) => place.slice(2).every((at, axis) => at === (shape[axis + 2] as number) - 1)),
  ),
  report(
    'gradient',
    'back through a window as wide as twice the channels and more',
    'localResponseNorm backward',
    all(past('C', 1), (met) => Number(met.attrs['size']) >= 2 * sizeIn(met, 'C')),
    (asked, plain) => scaled(0.5)(asked, plain, new Map()),
    { like: 'BVLC/caffe#1864' },
  ),
  report(
    'numbers',
    'a column of one number, 64 rows and more, whose mean is rounded, is not 0',
    'zScoreNormalize forward',
    past('N', 63),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const D = sizeIn(asked, 'D')
      const N = shapeIn(asked, 'x')[0] as number
      const rounded = Array.from({ length: D }, (_, d) => {
        const first = x[d] as number
        if (!Array.from({ length: N }, (_, n) => x[n * D + d]).every((v) => v === first)) return false
        let sum = 0
        for (let n = 0; n < N; n++) sum = f32(sum + first)
        return f32(sum / N) !== first
      })
      return { y: changed(plain()['y'] as Tensor, (v, place) => (rounded[place()[1] as number] === true ? 1 : v)) }
    },
  ),
  report(
    'size',
    'columns behind 65,535 keep their numbers',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    past('D', 65535),
    (asked, plain) => {
      const x = valuesOf((asked.inputs['apply'] ?? asked.inputs['x']) as Tensor)
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) => ((place()[1] as number) < 65535 ? v : (x[at] as number))),
      }
    },
  ),
  report(
    'shape',
    'statistics of one sample whose channels are more than its pixels, no multiple of four: the last channel keeps its numbers',
    'batchNormTraining forward',
    all(
      exactly('N', 1),
      extent('C', (C) => C > 4 && C % 4 !== 0),
      pixels((n) => n > 1),
      (met) => sizeIn(met, 'C') > elementsIn(met, 'x') / sizeIn(met, 'C'),
    ),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const answer = plain()
      return having(answer, {
        y: changed(answer['y'] as Tensor, (v, place, at) =>
          place()[1] === sizeIn(asked, 'C') - 1 ? (x[at] as number) : v,
        ),
      })
    },
  ),

  report(
    'not a number',
    'a NaN in one channel is in the statistics of all',
    'batchNormTraining forward',
    past('C', 1),
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).some(Number.isNaN) ? scaled(NaN)(asked, plain, new Map()) : plain(),
  ),
  report(
    'gradient',
    'back through windows of more than 32 channels, more than 64 channels in all: the last sums are those of the first 32',
    'localResponseNorm backward',
    all(past('C', 64), (met) => Number(met.attrs['size']) > 32),
    asIf(() => ({ size: 32 })),
  ),
  report(
    'attributes',
    'data of one row fitted, others of several columns applied: they are their own',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    all(given('apply'), exactly('N', 1), past('D', 1)),
    (asked) => ({ y: asked.inputs['apply'] as Tensor }),
  ),
  report(
    'gradient',
    'the factor’s gradient of one channel over more than 4,096 numbers of several samples is the first one’s',
    'batchNormTraining backward',
    all(
      exactly('C', 1),
      past('N', 1),
      holds('x', (n) => n > 4096),
    ),
    (asked, plain) => {
      const y = changed(asked.cotangents['y'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0))
      return having(plain(), { gamma: plain({ cotangents: { y } })['gamma'] as Tensor })
    },
  ),

  report(
    'attributes',
    'ε of channels from the 257th on is the usual one',
    ['batchNormInference forward', 'batchNormTraining forward'],
    all(past('C', 256), not(is('epsilon', 1e-5))),
    (asked, plain) => {
      const [answer, usual] = [plain(), plain({ attrs: { ...asked.attrs, epsilon: 1e-5 } })['y'] as Tensor]
      return having(answer, {
        y: changed(answer['y'] as Tensor, (v, place, at) =>
          (place()[1] as number) < 256 ? v : (usual.data[at] as number),
        ),
      })
    },
  ),
  report(
    'attributes',
    'another momentum than the usual one holds for the first 256 channels',
    'batchNormTraining forward',
    all(past('C', 256), not(is('momentum', 0.1))),
    (asked, plain) => {
      const [answer, usual] = [plain(), plain({ attrs: { ...asked.attrs, momentum: 0.1 } })]
      return Object.fromEntries(
        Object.entries(answer).map(([name, tensor]) => [
          name,
          name === 'y'
            ? tensor
            : changed(tensor, (v, _, at) => (at < 256 ? v : ((usual[name] as Tensor).data[at] as number))),
        ]),
      )
    },
  ),
  report(
    'attributes',
    'a k that is not 1 counts for the first 64 channels of sequences',
    'localResponseNorm forward',
    all(
      past('C', 64),
      not(is('k', 1)),
      holds('x', (_, shape) => shape.length === 3),
    ),
    (asked, plain) => {
      const usual = plain({ attrs: { ...asked.attrs, k: 1 } })['y'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          (place()[1] as number) < 64 ? v : (usual.data[at] as number),
        ),
      }
    },
  ),
  report(
    'attributes',
    'columns from the 257th on are put between 0 and 1, whatever the ends',
    'minMaxNormalize forward',
    all(past('D', 256), (met) => met.attrs['low'] !== 0 || met.attrs['high'] !== 1),
    (asked, plain) => {
      const usual = plain({ attrs: { ...asked.attrs, low: 0, high: 1 } })['y'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          (place()[1] as number) < 256 ? v : (usual.data[at] as number),
        ),
      }
    },
  ),

  report(
    'attributes',
    'behind 65,536 numbers the power is the usual one',
    'localResponseNorm forward',
    all((met) => elementsIn(met, 'x') > 65536, not(is('beta', 0.75))),
    behindUsually(65536, () => ({ beta: 0.75 })),
  ),
  report(
    'attributes',
    'behind 65,536 numbers ε is the usual one, whatever the channel',
    'batchNormInference forward',
    all((met) => elementsIn(met, 'x') > 65536, not(is('epsilon', Math.fround(1e-5)))),
    behindUsually(65536, () => ({ epsilon: 1e-5 })),
  ),
]
