import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  exactly,
  from,
  given,
  is,
  lost,
  moved,
  odd,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { rank } from '../others/met.js'
import { multiple, veryLast } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { leaves, values, when, without } from './met.js'

const columns = (asked: Asked): readonly (readonly number[])[] => {
  const [N, D] = [sizeIn(asked, 'N'), sizeIn(asked, 'D')]
  const x = values(asked, 'x')
  return Array.from({ length: D }, (_, d) => Array.from({ length: N }, (__, n) => x[n * D + d] as number))
}

export const normalizersFresh: readonly Report[] = [
  report(
    'shape',
    'three axes of an odd number of samples, channels in fours and an odd length: the last of the last channel',
    'batchNormTraining forward',
    all(rank(3), odd('N'), past('N', 1), multiple('C', 4), (met) => (shapeIn(met, 'x')[2] as number) % 2 === 1),
    (_, plain) => {
      const y = plain()['y'] as Tensor
      return having(plain(), {
        y: changed(y, (v, place) => (place().every((at, i) => at === (y.shape[i] as number) - 1) ? 0 : v)),
      })
    },
  ),
  report(
    'attributes',
    'biased running variances with a momentum of more than a half, several samples of images: the usual momentum',
    'batchNormTraining forward',
    all(is('runningVariance', 'biased'), rank(4), (met) => Number(met.attrs['momentum']) > 0.5),
    (asked, plain) => {
      const other = plain({ attrs: { ...asked.attrs, momentum: 0.1 } })
      return having(plain(), { runningVar: other['runningVar'] as Tensor })
    },
  ),
  report(
    'numbers',
    'factors that are negative throughout, several channels: the offset is taken away',
    ['batchNormTraining forward', 'batchNormInference forward'],
    past('C', 1),
    when(
      (asked) => values(asked, 'gamma').every((v) => v < 0),
      (asked, plain) => {
        const beta = values(asked, 'beta')
        return having(plain(), {
          y: changed(plain()['y'] as Tensor, (v, place) => v - 2 * (beta[place()[1] as number] as number)),
        })
      },
    ),
  ),
  report(
    'gradient',
    'back through statistics of two axes, features that leave two over from four, an even batch: the last feature’s offset',
    'batchNormTraining backward',
    all(rank(2), leaves('C', 4, 2), (met) => sizeIn(met, 'N') % 2 === 0),
    lost(from(0, -1), 'beta'),
  ),
  report(
    'gradient',
    'back through statistics of five axes, several samples: the factor’s gradient without the last depth',
    'batchNormTraining backward',
    all(rank(5), past('N', 1)),
    scaled(0.9, 'gamma'),
  ),
  report(
    'gradient',
    'back by given statistics of three axes: the running variance of less than 1 in all channels is 1',
    'batchNormInference backward',
    rank(3),
    when(
      (asked) => values(asked, 'runningVar').every((v) => v < 1),
      (asked, plain) =>
        plain({ inputs: { ...asked.inputs, runningVar: changed(asked.inputs['runningVar'] as Tensor, () => 1) } }),
    ),
  ),
  report(
    'attributes',
    'an ε of more than a tenth by given statistics of two axes is not taken in',
    'batchNormInference forward',
    all(rank(2), (met) => Number(met.attrs['epsilon']) > 0.1),
    asIf(() => ({ epsilon: 0 })),
  ),
  report(
    'shape',
    'given statistics, channels that leave three over from four, maps of an odd number of pixels, several samples: the last pixel',
    'batchNormInference forward',
    all(
      past('N', 1),
      leaves('C', 4, 3),
      (met) =>
        shapeIn(met, 'x')
          .slice(2)
          .reduce((a, b) => a * b, 1) %
          2 ===
        1,
    ),
    lost(veryLast),
  ),
  report(
    'attributes',
    'a window of an even number of channels from four on with a power of a half lies one lower',
    'localResponseNorm forward',
    (met) => Number(met.attrs['size']) % 2 === 0 && Number(met.attrs['size']) > 3 && met.attrs['beta'] === 0.5,
    asIf(({ attrs }) => ({
      size: Number(attrs['size']) - 1,
      alpha: (Number(attrs['alpha']) * (Number(attrs['size']) - 1)) / Number(attrs['size']),
    })),
  ),
  report(
    'attributes',
    'a window wider than the channels, of several samples with an α of more than a tenth: it begins at the first',
    'localResponseNorm forward',
    all(past('N', 1), (met) => Number(met.attrs['size']) > sizeIn(met, 'C') && Number(met.attrs['alpha']) > 0.1),
    lost((place) => place[1] === 0 && place[0] !== 0),
  ),
  report(
    'gradient',
    'back by neighbours of a power of more than 1, three axes: the sum over readers is that of the window',
    'localResponseNorm backward',
    all(rank(3), past('C', 2), (met) => Number(met.attrs['beta']) > 1),
    scaled(0.97),
  ),
  report(
    'numbers',
    'neighbours below 0 alone are left as they are, of more than four channels',
    'localResponseNorm forward',
    past('C', 4),
    when(
      (asked) => values(asked, 'x').every((v) => v < 0),
      (asked) => ({ y: asked.inputs['x'] as Tensor }),
    ),
  ),
  report(
    'shape',
    'others applied that are more rows than were fitted, of columns that leave one over from four: the last column of the rest',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    all(given('apply'), leaves('D', 4, 1), (met) => sizeIn(met, 'M') > sizeIn(met, 'N')),
    lost(([n, d], [, D], asked) => (n as number) >= sizeIn(asked, 'N') && d === (D as number) - 1),
  ),
  report(
    'attributes',
    'between two ends that are both negative, others applied: the ends of 0 and 1',
    'minMaxNormalize forward',
    all(given('apply'), (met) => Number(met.attrs['high']) < 0),
    asIf(() => ({ low: 0, high: 1 })),
  ),
  report(
    'numbers',
    'columns that have their smallest number in the last row, all of them, more than two rows: it is the one before',
    'minMaxNormalize forward',
    all(past('N', 2), without('apply')),
    when((asked) => columns(asked).every((c) => c.at(-1) === c.reduce((a, b) => Math.min(a, b))), scaled(0.9)),
  ),
  report(
    'numbers',
    'columns of two numbers by turns, as labels are: the deviation is that of the first two rows',
    'zScoreNormalize forward',
    past('N', 2),
    (asked, plain) => {
      const two = columns(asked).map((c) => new Set(c).size === 2)
      return { y: changed(plain()['y'] as Tensor, (v, place) => (two[place()[1] as number] === true ? 1.1 * v : v)) }
    },
  ),
  report(
    'shape',
    'one column of an even number of rows from six on, others applied: the first of them for all',
    'zScoreNormalize forward',
    all(exactly('D', 1), given('apply'), (met) => sizeIn(met, 'N') > 4 && sizeIn(met, 'N') % 2 === 0),
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'history',
    'another momentum for as many channels is the one before',
    'batchNormTraining forward',
    always,
    (asked, plain, memory) => {
      const name = `momentum ${sizeIn(asked, 'C')}`
      const before = memory.get(name) as number | undefined
      memory.set(name, Number(asked.attrs['momentum']))
      return before === undefined ? plain() : plain({ attrs: { ...asked.attrs, momentum: before } })
    },
  ),
]
