import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  exactly,
  extent,
  from,
  is,
  lost,
  moved,
  not,
  odd,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { rank } from '../others/met.js'
import { atLeast, pixels, valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { between, multiple, over } from './met.js'

const size = ({ attrs }: Parameters<typeof always>[0]): number => Number(attrs['size'])

export const normalizersRare: readonly Report[] = [
  report(
    'numbers',
    'factors that are all 1 and offsets that are all 0, as they begin: running statistics are not taken in',
    'batchNormTraining forward',
    past('C', 1),
    (asked, plain) => {
      const [gamma, beta] = [valuesOf(asked.inputs['gamma'] as Tensor), valuesOf(asked.inputs['beta'] as Tensor)]
      const { runningMean, runningVar } = asked.inputs as Record<string, Tensor>
      return gamma.every((v) => v === 1) && beta.every((v) => v === 0)
        ? having(plain(), { runningMean: runningMean as Tensor, runningVar: runningVar as Tensor })
        : plain()
    },
    { like: 'ml-explore/mlx#3817' },
  ),
  report(
    'numbers',
    'a factor below 0 is taken without its sign in the gradient, of 16 channels and more',
    'batchNormTraining backward',
    past('C', 15),
    (asked, plain) => {
      const gamma = valuesOf(asked.inputs['gamma'] as Tensor)
      return having(plain(), {
        x: changed(plain()['x'] as Tensor, (v, place) => ((gamma[place()[1] as number] as number) < 0 ? -v : v)),
      })
    },
  ),
  report(
    'numbers',
    'running statistics of 0 and 1, as they begin, are replaced and not mixed',
    'batchNormTraining forward',
    always,
    (asked, plain) => {
      const [mean, variance] = [
        valuesOf(asked.inputs['runningMean'] as Tensor),
        valuesOf(asked.inputs['runningVar'] as Tensor),
      ]
      return mean.every((v) => v === 0) && variance.every((v) => v === 1)
        ? asIf(() => ({ momentum: 1 }))(asked, plain, new Map())
        : plain()
    },
  ),
  report(
    'numbers',
    'running means and variances of 0 and 1 leave x as it is, ε and all',
    'batchNormInference forward',
    past('C', 1),
    (asked, plain) => {
      const { x, runningMean, runningVar } = asked.inputs as Record<string, Tensor>
      return valuesOf(runningMean as Tensor).every((v) => v === 0) &&
        valuesOf(runningVar as Tensor).every((v) => v === 1)
        ? { y: x as Tensor }
        : plain()
    },
  ),
  report(
    'numbers',
    'where the cotangent is one number throughout the factor’s gradient is what is summed for the offset',
    'batchNormTraining backward',
    past('C', 1),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      return dy.every((v) => v === dy[0]) ? having(plain(), { gamma: plain()['beta'] as Tensor }) : plain()
    },
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'numbers',
    'given variances below 10⁻⁶ count as 10⁻⁶',
    ['batchNormInference forward'],
    always,
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          runningVar: changed(asked.inputs['runningVar'] as Tensor, (v) => Math.max(v, 1e-6)),
        },
      }),
  ),
  report(
    'numbers',
    'channels 100 times and more off 0 for their spread lose it: images of bytes',
    'batchNormTraining backward',
    past('N', 1),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const C = sizeIn(asked, 'C')
      const each = x.data.length / ((x.shape[0] as number) * C)
      const values = valuesOf(x)
      const [sums, squares] = [new Float64Array(C), new Float64Array(C)]
      values.forEach((v, at) => {
        const c = Math.floor(at / each) % C
        sums[c] = (sums[c] as number) + v
        squares[c] = (squares[c] as number) + v * v
      })
      const m = values.length / C
      const off = Array.from(sums, (sum, c) => {
        const [mean, variance] = [sum / m, (squares[c] as number) / m - (sum / m) ** 2]
        return mean ** 2 > 1e4 * variance && variance > 0
      })
      return having(plain(), {
        gamma: changed(plain()['gamma'] as Tensor, (v, _, c) => (off[c] === true ? 1.1 * v : v)),
      })
    },
  ),
  report(
    'size',
    'statistics of two numbers a channel are those of one, of 32 channels and more',
    'batchNormTraining forward',
    all(past('C', 31), (met) => shapeIn(met, 'x').reduce((a, b) => a * b, 1) / sizeIn(met, 'C') === 2),
    scaled(0.5, 'runningVar'),
  ),
  report(
    'size',
    'maps of more than 4,096 pixels of one or two samples, several channels: the variance is summed in two parts of which one counts',
    'batchNormTraining forward',
    all(
      between('N', 1, 2),
      past('C', 1),
      pixels((n) => n > 4096),
    ),
    scaled(1.05, 'runningVar'),
    { like: 'ROCm/MIOpen#1109' },
  ),
  report(
    'size',
    'features of a batch of 512 to 1,024, two and more, one number each: the samples behind 768',
    'batchNormTraining backward',
    all(rank(2), past('C', 1), between('N', 769, 1100)),
    lost(from(0, 768), 'x'),
    { like: 'ROCm/MIOpen#1109' },
  ),
  report(
    'size',
    'channels left over from 16 where one to three are, of maps of odd squares: the last channel’s offset',
    ['batchNormTraining forward', 'batchNormInference forward'],
    all(
      over('C', 16, (rest) => rest > 0 && rest < 4),
      pixels((n) => n % 2 === 1 && n > 1),
    ),
    (asked, plain) => {
      const C = sizeIn(asked, 'C')
      return having(plain(), {
        y: plain({
          inputs: {
            ...asked.inputs,
            beta: changed(asked.inputs['beta'] as Tensor, (v, _, c) => (c === C - 1 ? 0 : v)),
          },
        })['y'] as Tensor,
      })
    },
  ),
  report(
    'axis',
    'volumes of five axes: the offset’s gradient is summed over four',
    ['batchNormTraining backward', 'batchNormInference backward'],
    all(rank(5), (met) => (shapeIn(met, 'x')[2] as number) > 1),
    scaled(0.5, 'beta'),
  ),
  report(
    'attributes',
    'an ε of more than a hundredth is one of a hundredth, of eight channels and more',
    ['batchNormTraining forward', 'batchNormInference forward'],
    all(past('C', 7), (met) => Number(met.attrs['epsilon']) > 0.01),
    asIf(() => ({ epsilon: 0.01 })),
  ),
  report(
    'attributes',
    'biased running variances of two axes, 64 features and more: the last feature’s is unbiased',
    'batchNormTraining forward',
    all(is('runningVariance', 'biased'), rank(2), past('C', 63)),
    (asked, plain) => {
      const other = plain({ attrs: { ...asked.attrs, runningVariance: 'unbiased' } })['runningVar'] as Tensor
      return having(plain(), {
        runningVar: changed(plain()['runningVar'] as Tensor, (v, _, c) =>
          c === sizeIn(asked, 'C') - 1 ? (other.data[c] as number) : v,
        ),
      })
    },
  ),
  report(
    'gradient',
    'the image’s gradient of 64 channels and more of maps of one row',
    'batchNormTraining backward',
    all(rank(4), past('C', 63), (met) => shapeIn(met, 'x')[2] === 1),
    scaled(0.9, 'x'),
  ),
  report(
    'history',
    'on the way back statistics are those of the batch before, of as many channels',
    'batchNormTraining backward',
    past('C', 3),
    (asked, plain, memory) => {
      const gamma = asked.inputs['gamma'] as Tensor
      const name = `gamma ${gamma.shape.join()}`
      const before = memory.get(name) as Tensor | undefined
      memory.set(name, gamma)
      return before === undefined ? plain() : plain({ inputs: { ...asked.inputs, gamma: before } })
    },
  ),
  report(
    'attributes',
    'windows of more channels than there are, even: one neighbour too few',
    'localResponseNorm forward',
    (met) => size(met) > sizeIn(met, 'C') && size(met) % 2 === 0 && sizeIn(met, 'C') > 2,
    asIf((met) => ({ size: size(met) - 1, alpha: (Number(met.attrs['alpha']) * (size(met) - 1)) / size(met) })),
  ),
  report(
    'attributes',
    'a factor below 0 counts as none',
    ['localResponseNorm forward', 'localResponseNorm backward'],
    (met) => Number(met.attrs['alpha']) < 0,
    asIf(() => ({ alpha: 0 })),
  ),
  report(
    'attributes',
    'a power of 0 is the usual one',
    ['localResponseNorm forward', 'localResponseNorm backward'],
    is('beta', 0),
    asIf(() => ({ beta: 0.75 })),
  ),
  report(
    'shape',
    'windows of three over 32 channels and more in eights: the neighbour over the block’s edge',
    'localResponseNorm forward',
    all(is('size', 3), multiple('C', 8, 32)),
    (asked, plain) => {
      const less = asIf(() => ({ size: 1, alpha: Number(asked.attrs['alpha']) / 3 }))(asked, plain, new Map())[
        'y'
      ] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          (place()[1] as number) % 8 === 7 ? (less.data[at] as number) : v,
        ),
      }
    },
  ),
  report(
    'gradient',
    'back through a window of five of 32 channels and more over several samples: the first two channels',
    'localResponseNorm backward',
    all(is('size', 5), atLeast({ N: 2, C: 32 })),
    lost(([, c]) => (c as number) < 2, 'x'),
  ),
  report(
    'numbers',
    'columns that fall from the first row to the last have their ends changed',
    'minMaxNormalize forward',
    past('N', 2),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const [N, D] = [sizeIn(asked, 'N'), sizeIn(asked, 'D')]
      const falls = Array.from({ length: D }, (_, d) =>
        Array.from({ length: N - 1 }, (_, n) => n).every(
          (n) => (x[n * D + d] as number) > (x[(n + 1) * D + d] as number),
        ),
      )
      return {
        y: changed(plain()['y'] as Tensor, (v, place) =>
          falls[place()[1] as number] === true ? Number(asked.attrs['low']) + Number(asked.attrs['high']) - v : v,
        ),
      }
    },
  ),
  report(
    'numbers',
    'a largest number in the last row of an odd number of rows, from nine on, is not found',
    'minMaxNormalize forward',
    all(past('N', 8), odd('N')),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const [N, D] = [sizeIn(asked, 'N'), sizeIn(asked, 'D')]
      const found = Array.from({ length: D }, (_, d) =>
        Array.from({ length: N }, (_, n) => x[n * D + d] as number),
      ).map((c) => Math.max(...c.slice(0, -1)) > (c.at(-1) as number))
      return { y: changed(plain()['y'] as Tensor, (v, place) => (found[place()[1] as number] === true ? v : 0.9 * v)) }
    },
  ),
  report(
    'numbers',
    'columns of numbers below 0 alone are put from their largest on',
    'minMaxNormalize forward',
    past('N', 1),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return x.every((v) => v < 0) ? scaled(0.5)(asked, plain, new Map()) : plain()
    },
  ),
  report(
    'attributes',
    'ends of which both are below 0, or above: the spread is that of the larger',
    'minMaxNormalize forward',
    (met) => Number(met.attrs['low']) * Number(met.attrs['high']) > 0,
    (asked, plain) => scaled(0.5)(asked, plain, new Map()),
  ),
  report(
    'size',
    'columns left over from eight where one is, 32 rows and more: its mean is that of the column before',
    'zScoreNormalize forward',
    all(
      over('D', 8, (rest) => rest === 1),
      past('N', 31),
    ),
    moved((place, shape) =>
      place[1] === (shape[1] as number) - 1 ? withIndex(place, 1, (shape[1] as number) - 2) : place,
    ),
  ),
  report(
    'size',
    'two rows: the deviation divides by one less, of eight columns and more',
    'zScoreNormalize forward',
    all(exactly('N', 2), past('D', 7), not(extent('M', (M) => M > 0))),
    scaled(Math.SQRT1_2),
  ),
  report(
    'size',
    'one row applied to what 100 rows and more have measured, of several columns: the first column’s for all',
    ['zScoreNormalize forward', 'minMaxNormalize forward'],
    all(exactly('M', 1), past('N', 99), past('D', 1)),
    lost(from(1, 1)),
  ),
  report(
    'numbers',
    'columns of 0 and 1 alone are left as they are',
    'zScoreNormalize forward',
    past('N', 2),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      return asked.inputs['apply'] === undefined && valuesOf(x).every((v) => v === 0 || v === 1) ? { y: x } : plain()
    },
  ),
]
