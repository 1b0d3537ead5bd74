import type { Asked, Harm, Met, Report } from '../report.js'
import { all, asIf, asIfPulled, is, odd, past, report, sizeIn } from '../report.js'
import { rank } from '../others/met.js'
import { only } from '../rare/met.js'
import { values, when } from '../fresh/met.js'
import { by, digits, half, number, pixelsOf, read } from '../novel/met.js'
import { spreadOf } from '../novel/spread.js'
import { sum, turned } from './met.js'

const epsilonOf = ({ attrs }: Met): number => Number(attrs['epsilon'])
/** The numbers of each channel. */
const channels = (asked: Asked): readonly (readonly number[])[] => {
  const x = values(asked, 'x')
  const [N, C, S] = [sizeIn(asked, 'N'), sizeIn(asked, 'C'), pixelsOf(asked)]
  return Array.from({ length: C }, (_, c) =>
    Array.from({ length: N }, (__, n) => x.slice((n * C + c) * S, (n * C + c + 1) * S)).flat(),
  )
}
/** y, made anew from the right one and the number of its channel. */
const ofChannel = (make: (asked: Asked) => (v: number, c: number, position: number) => number): Harm =>
  by((asked) => {
    const change = make(asked)
    const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
    return (v, at) => change(v, Math.floor(at / S) % C, at)
  }, 'y')
/** y by another variance than that of the batch, made of the right one and of the channel’s numbers. */
const byVariance = (make: (right: number, own: readonly number[], asked: Asked) => number): Harm =>
  ofChannel((asked) => {
    const beta = values(asked, 'beta')
    const factors = channels(asked).map((own) => {
      const { variance } = spreadOf(own)
      return Math.sqrt((variance + epsilonOf(asked)) / make(variance, own, asked))
    })
    return (v, c) => (beta[c] as number) + (v - (beta[c] as number)) * (factors[c] as number)
  })

export const normalizersFurther: readonly Report[] = [
  report(
    'convention',
    'a variance below ε is ε, and any other has nothing added',
    'batchNormTraining forward',
    past('C', 0),
    byVariance((variance, _, asked) => Math.max(variance, epsilonOf(asked))),
  ),
  report(
    'numbers',
    'factors that are all within a tenth of 1, as they begin, are read in eight digits',
    ['batchNormTraining forward', 'batchNormInference forward'],
    past('C', 1),
    when((asked) => values(asked, 'gamma').every((v) => Math.abs(v - 1) < 0.1), read('gamma', digits(8))),
  ),
  report(
    'attributes',
    'the weight of a new batch is a half: a tenth is 0.09998',
    'batchNormTraining forward',
    number('momentum', (m) => half(m) !== m),
    only(
      ['runningMean', 'runningVar'],
      asIf(({ attrs }) => ({ momentum: half(Number(attrs['momentum'])) })),
    ),
  ),
  report(
    'convention',
    'running variances of several samples of maps are unbiased by the number of samples',
    'batchNormTraining forward',
    all(past('N', 1), (met) => pixelsOf(met) > 1, is('runningVariance', 'unbiased')),
    by((asked) => {
      const before = values(asked, 'runningVar')
      const [N, m] = [sizeIn(asked, 'N'), sizeIn(asked, 'N') * pixelsOf(asked)]
      return (v, c) => {
        const kept = (1 - Number(asked.attrs['momentum'])) * (before[c] as number)
        return kept + ((v - kept) * (m - 1) * N) / (m * (N - 1))
      }
    }, 'runningVar'),
  ),
  report(
    'numbers',
    'offset and mean are folded into one number of eleven digits, of sequences',
    'batchNormInference forward',
    rank(3),
    ofChannel((asked) => {
      const [gamma, beta, mean, variance] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((name) =>
        values(asked, name),
      ) as [number[], number[], number[], number[]]
      const folded = gamma.map(
        (g, c) =>
          (beta[c] as number) - ((mean[c] as number) * g) / Math.sqrt((variance[c] as number) + epsilonOf(asked)),
      )
      return (v, c) => v - (folded[c] as number) + digits(11)(folded[c] as number)
    }),
  ),
  report(
    'numbers',
    'given variances beyond 65,504 are infinite: the offset is left',
    'batchNormInference forward',
    past('C', 0),
    ofChannel((asked) => {
      const [beta, variance] = [values(asked, 'beta'), values(asked, 'runningVar')]
      return (v, c) => ((variance[c] as number) >= 65520 ? (beta[c] as number) : v)
    }),
  ),
  report(
    'axis',
    'as many samples as features: the offset’s gradient is summed along the samples’ rows',
    ['batchNormTraining backward', 'batchNormInference backward'],
    all(rank(2), past('N', 1), (met) => sizeIn(met, 'N') === sizeIn(met, 'C')),
    only(
      ['beta'],
      asIfPulled(({ cotangents }) =>
        Object.fromEntries(Object.entries(cotangents).map(([name, dy]) => [name, name === 'y' ? turned(dy) : dy])),
      ),
    ),
  ),
  report(
    'gradient',
    'running statistics that do not move are frozen: back through those of the batch they are taken for given',
    'batchNormTraining backward',
    number('momentum', (m) => m === 0),
    by((asked) => {
      const [gamma, of, dy] = [values(asked, 'gamma'), channels(asked).map(spreadOf), asked.cotangents['y']?.data ?? []]
      return (_, at) => {
        const c = Math.floor(at / pixelsOf(asked)) % sizeIn(asked, 'C')
        return ((gamma[c] as number) * Number(dy[at])) / Math.sqrt((of[c]?.variance ?? 0) + epsilonOf(asked))
      }
    }, 'x'),
  ),
  report(
    'numbers',
    'channels of 0 and 1 alone, as masks are: their variance is made of their mean in eight digits',
    'batchNormTraining forward',
    (met) => sizeIn(met, 'N') * pixelsOf(met) > 2,
    byVariance((variance, own, asked) => {
      const mean = digits(8)(sum(own) / own.length)
      return (own.every((v) => v === 0 || v === 1) ? Math.max(0, mean - mean ** 2) : variance) + epsilonOf(asked)
    }),
  ),
  report(
    'gradient',
    'the factor’s gradient of channels whose mean is farther from 0 than their deviation is made of what was not centred',
    'batchNormTraining backward',
    all(odd('C'), past('C', 1)),
    by((asked) => {
      const [of, S, C] = [channels(asked).map(spreadOf), pixelsOf(asked), sizeIn(asked, 'C')]
      const pulls = asked.cotangents['y']?.data ?? []
      return (v, c) => {
        const { mean = 0, variance = 0 } = of[c] ?? {}
        const pulled = sum(Array.from(pulls, (dy, at) => (Math.floor(at / S) % C === c ? dy : 0)))
        return mean ** 2 > variance ? v + (pulled * mean) / Math.sqrt(variance + epsilonOf(asked)) : v
      }
    }, 'gamma'),
  ),
]
