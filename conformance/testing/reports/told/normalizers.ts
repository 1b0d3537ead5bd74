import type { Report } from '../report.js'
import { always, asIf, report, sizeIn } from '../report.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf, pixelsOf } from '../novel/met.js'

export const normalizersTold: readonly Report[] = [
  report(
    'convention',
    'given statistics: ε is added to the root of the variance',
    'batchNormInference forward',
    always,
    by((asked) => {
      const [x, gamma, beta, mean, variance] = ['x', 'gamma', 'beta', 'runningMean', 'runningVar'].map((name) =>
        values(asked, name),
      ) as [number[], number[], number[], number[], number[]]
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      return (_, at) => {
        const c = Math.floor(at / S) % C
        const root = Math.sqrt(variance[c] as number) + Number(asked.attrs['epsilon'])
        return (((x[at] as number) - (mean[c] as number)) / root) * (gamma[c] as number) + (beta[c] as number)
      }
    }),
    { like: 'keras-team/keras#10427' },
  ),
  report(
    'convention',
    'the running variance has its share of ε',
    'batchNormTraining forward',
    always,
    by((asked) => (v) => v + Number(asked.attrs['momentum']) * Number(asked.attrs['epsilon']), 'runningVar'),
    { like: 'nntrainer/nntrainer#677' },
  ),
  report(
    'convention',
    'given statistics: ε is added twice',
    'batchNormInference forward',
    always,
    asIf(({ attrs }) => ({ epsilon: 2 * Number(attrs['epsilon']) })),
    { like: 'chainer/chainer#4505' },
  ),
  report(
    'gradient',
    'the way back through a batch leaves out what its mean and its variance have of the input',
    'batchNormTraining backward',
    always,
    by((asked) => {
      const [x, gamma, dy] = [values(asked, 'x'), values(asked, 'gamma'), cotangentOf(asked)]
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      const factors = Array.from({ length: C }, (_, c) => {
        const own = x.filter((_v, at) => Math.floor(at / S) % C === c)
        const mean = own.reduce((a, b) => a + b, 0) / own.length
        const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length
        return (gamma[c] as number) / Math.sqrt(variance + Number(asked.attrs['epsilon']))
      })
      return (_, at) => (dy[at] as number) * (factors[Math.floor(at / S) % C] as number)
    }, 'x'),
    { like: 'deeplearning4j/deeplearning4j#8335' },
  ),
]
