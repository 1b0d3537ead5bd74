import type { Asked, Harm, Met, Report } from '../report.js'
import { all, exactly, moved, past, report, sizeIn, withIndex } from '../report.js'
import { rank } from '../others/met.js'
import { multiple, only, unpulled } from '../rare/met.js'
import { leaves, values } from '../fresh/met.js'
import { by, pixelsOf, times } from './met.js'
import type { Spread } from './spread.js'
import { spreadOf } from './spread.js'

/** How many numbers a channel has. */
const numbersOf = (met: Met): number => sizeIn(met, 'N') * pixelsOf(met)
const epsilonOf = ({ attrs }: Met): number => Number(attrs['epsilon'])
const channels = (asked: Asked): readonly Spread[] => {
  const x = values(asked, 'x')
  const [N, C, S] = [sizeIn(asked, 'N'), sizeIn(asked, 'C'), pixelsOf(asked)]
  return Array.from({ length: C }, (_, c) =>
    spreadOf(Array.from({ length: N }, (__, n) => x.slice((n * C + c) * S, (n * C + c + 1) * S)).flat()),
  )
}
/** y, made anew from the right one and the number of its channel. */
const ofChannel = (make: (asked: Asked) => (v: number, c: number, position: number) => number): Harm =>
  by((asked) => {
    const change = make(asked)
    const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
    return (v, at) => change(v, Math.floor(at / S) % C, at)
  }, 'y')

export const normalizersNovel: readonly Report[] = [
  report(
    'numbers',
    'a variance in one pass, the mean of squares less the square of the mean, of maps: gone where the mean is large',
    'batchNormTraining forward',
    rank(4),
    ofChannel((asked) => {
      const [beta, of] = [values(asked, 'beta'), channels(asked)]
      return (v, c) => {
        const { variance, cancelled } = of[c] as Spread
        const factor = Math.sqrt((variance + epsilonOf(asked)) / (cancelled + epsilonOf(asked)))
        return (beta[c] as number) + (v - (beta[c] as number)) * factor
      }
    }),
  ),
  report(
    'convention',
    'a batch of two to eight numbers a channel is put by its unbiased variance',
    'batchNormTraining forward',
    (met) => numbersOf(met) > 1 && numbersOf(met) < 9,
    ofChannel((asked) => {
      const beta = values(asked, 'beta')
      const m = numbersOf(asked)
      return (v, c) => (beta[c] as number) + (v - (beta[c] as number)) * Math.sqrt((m - 1) / m)
    }),
  ),
  report(
    'size',
    'features one past a multiple of 32, one number each a sample: the last has the answer of the one before',
    'batchNormTraining forward',
    all(rank(2), leaves('C', 32, 1)),
    moved((place, [, C]) => (place[1] === (C as number) - 1 ? withIndex(place, 1, (C as number) - 2) : place), 'y'),
  ),
  report(
    'numbers',
    'factor and deviation are folded into one number of eleven digits, of maps of channels in fours',
    'batchNormInference forward',
    all(rank(4), multiple('C', 4)),
    ofChannel((asked) => {
      const beta = values(asked, 'beta')
      return (v, c) => (beta[c] as number) + (v - (beta[c] as number)) * (1 + 2 ** -12)
    }),
  ),
  report(
    'convention',
    'ε is added to the deviation and not to the variance, of two axes and three',
    'batchNormInference forward',
    (met) => rank(2)(met) || rank(3)(met),
    ofChannel((asked) => {
      const [beta, variance] = [values(asked, 'beta'), values(asked, 'runningVar')]
      return (v, c) => {
        const [b, s] = [beta[c] as number, variance[c] as number]
        return s > 0 ? b + ((v - b) * Math.sqrt(s + epsilonOf(asked))) / (Math.sqrt(s) + epsilonOf(asked)) : v
      }
    }),
  ),
  report(
    'shape',
    'maps of pixels that are no multiple of four: a vector that lies over the border of two channels has the statistics of the first',
    'batchNormInference forward',
    all(past('C', 1), (met) => pixelsOf(met) > 1 && pixelsOf(met) % 4 !== 0),
    by((asked) => {
      const [x, gamma, beta, mean, variance] = ['x', 'gamma', 'beta', 'runningMean', 'runningVar'].map((name) =>
        values(asked, name),
      ) as [number[], number[], number[], number[], number[]]
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      return (v, at) => {
        const [own, c] = [Math.floor(at / S) % C, Math.floor((at - (at % 4)) / S) % C]
        const r = 1 / Math.sqrt((variance[c] as number) + epsilonOf(asked))
        return own === c
          ? v
          : (gamma[c] as number) * ((x[at] as number) - (mean[c] as number)) * r + (beta[c] as number)
      }
    }),
  ),
  report(
    'gradient',
    'the factor’s gradient of maps of more than 256 pixels is that of their first 256',
    'batchNormInference backward',
    (met) => pixelsOf(met) > 256,
    (asked, plain, memory) =>
      only(
        ['gamma'],
        unpulled('y', (place, shape) => {
          const [, , ...image] = place
          return image.reduce((at, i, axis) => at + i * times(shape.slice(axis + 3)), 0) >= 256
        }),
      )(asked, plain, memory),
  ),
  report(
    'gradient',
    'back through the statistics of one image: they are taken for given',
    'batchNormTraining backward',
    all(exactly('N', 1), rank(4)),
    by((asked) => {
      const [gamma, of, dy] = [values(asked, 'gamma'), channels(asked), asked.cotangents['y']?.data ?? []]
      const S = pixelsOf(asked)
      return (_, at) => {
        const c = Math.floor(at / S) % sizeIn(asked, 'C')
        return ((gamma[c] as number) * Number(dy[at])) / Math.sqrt((of[c]?.variance ?? 0) + epsilonOf(asked))
      }
    }, 'x'),
  ),
  report(
    'numbers',
    'what was normalized is worked out from the answer: a factor of 0, as blocks of a residual network begin, has no gradient',
    ['batchNormTraining backward', 'batchNormInference backward'],
    past('C', 0),
    by((asked) => {
      const gamma = values(asked, 'gamma')
      return (v, at) => (gamma[at] === 0 ? 0 : v)
    }, 'gamma'),
  ),
  report(
    'numbers',
    'a channel that is one number throughout, as a dead unit is, is 0 and not its offset',
    'batchNormTraining forward',
    (met) => numbersOf(met) > 1,
    ofChannel((asked) => {
      const of = channels(asked)
      return (v, c) => (of[c]?.variance === 0 ? 0 : v)
    }),
  ),
]
