import type { Harm, Report } from '../report.js'
import { given, numbers, past, report, sizeIn } from '../report.js'
import { values } from '../fresh/met.js'
import { by, pixelsOf } from '../novel/met.js'

/** What is divided by its neighbours, and features of a table. */

/** The deviation of a column of what was fitted, D of them a row; 0 where it is one number throughout. */
const deviation = (x: readonly number[], d: number, D: number): number => {
  const own = Array.from({ length: x.length / D }, (_, n) => x[n * D + d] as number)
  if (own.every((v) => v === own[0])) return 0
  const mean = own.reduce((a, b) => a + b, 0) / own.length
  return Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length)
}
const byDeviation = (change: (v: number, deviation: number, applied: number) => number): Harm =>
  by((asked) => {
    const [x, D] = [values(asked, 'x'), sizeIn(asked, 'D')]
    const deviations = Array.from({ length: D }, (_, d) => deviation(x, d, D))
    const applied = values(asked, asked.inputs['apply'] === undefined ? 'x' : 'apply')
    return (v, at) => change(v, deviations[at % D] as number, applied[at] as number)
  })

export const featuresPublic: readonly Report[] = [
  report(
    'shape',
    'a window of more channels than there are: all is NaN',
    'localResponseNorm forward',
    (met) => Number(met.attrs['size']) > sizeIn(met, 'C'),
    numbers(() => NaN),
    { like: 'BVLC/caffe#1864' },
  ),
  report(
    'shape',
    'neighbours are counted to the end and with it: one more channel than the window has',
    'localResponseNorm forward',
    past('C', 0),
    by((asked) => {
      const x = values(asked, 'x')
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      const [size, alpha, beta, k] = ['size', 'alpha', 'beta', 'k'].map((name) => Number(asked.attrs[name])) as [
        number,
        number,
        number,
        number,
      ]
      return (_, at) => {
        const c = Math.floor(at / S) % C
        const first = c - Math.floor(size / 2)
        const reach = Array.from({ length: size + 1 }, (__, j) => first + j).filter((near) => near >= 0 && near < C)
        const squares = reach.map((near) => (x[at + (near - c) * S] as number) ** 2)
        return (x[at] as number) * (k + (alpha / size) * squares.reduce((a, b) => a + b, 0)) ** -beta
      }
    }),
    { like: 'PaddlePaddle/Paddle#9094' },
  ),
  report(
    'numbers',
    'others applied where a column was one number throughout: they come out as they are',
    'zScoreNormalize forward',
    given('apply'),
    byDeviation((v, spread, applied) => (spread === 0 ? applied : v)),
    { like: 'elixir-nx/scholar#363' },
  ),
  report(
    'numbers',
    'a column whose deviation is less than ten rounding errors of 1 counts as one number: it is not divided',
    'zScoreNormalize forward',
    past('N', 1),
    byDeviation((v, spread) => (spread < 10 * 2 ** -23 ? v * spread : v)),
    { like: 'scikit-learn/scikit-learn#19726' },
  ),
  report(
    'numbers',
    'a column that is one number throughout is divided by its deviation: NaN',
    'zScoreNormalize forward',
    past('N', 0),
    byDeviation((v, spread) => (spread === 0 ? NaN : v)),
    { like: 'deeplearning4j/deeplearning4j#1646' },
  ),
]
