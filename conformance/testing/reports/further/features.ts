import type { Asked, Harm, Report } from '../report.js'
import { all, asIf, exactly, given, past, report, sizeIn } from '../report.js'
import { multiple } from '../rare/met.js'
import { leaves, values, without } from '../fresh/met.js'
import { by, cotangentOf, number, pixelsOf } from '../novel/met.js'
import { spreadOf } from '../novel/spread.js'
import { isWhole, sum } from './met.js'

/** By neighbours, and of columns. */

/** y by the sum over other channels than those of the window: from one to another. */
const bySum = (which: (c: number, C: number, window: number) => readonly [number, number] | undefined): Harm =>
  by((asked) => {
    const x = values(asked, 'x')
    const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
    const [window, alpha, beta, k] = ['size', 'alpha', 'beta', 'k'].map((name) => Number(asked.attrs[name])) as [
      number,
      number,
      number,
      number,
    ]
    return (v, at) => {
      const c = Math.floor(at / S) % C
      const reach = which(c, C, window)
      if (reach === undefined) return v
      const [first, last] = reach
      const squares = Array.from({ length: last - first + 1 }, (_, j) => (x[at + (first + j - c) * S] as number) ** 2)
      return (x[at] as number) * (k + (alpha / window) * sum(squares)) ** -beta
    }
  })
const columns = (asked: Asked): readonly (readonly number[])[] => {
  const x = values(asked, 'x')
  const [N, D] = [sizeIn(asked, 'N'), sizeIn(asked, 'D')]
  return Array.from({ length: D }, (_, d) => Array.from({ length: N }, (__, n) => x[n * D + d] as number))
}

export const featuresFurther: readonly Report[] = [
  report(
    'shape',
    'windows that reach over the first channel are pushed in and not cut',
    'localResponseNorm forward',
    all(
      number('size', (n) => n > 2),
      (met) => sizeIn(met, 'C') >= Number(met.attrs['size']),
    ),
    bySum((c, _, window) => (c < Math.floor(window / 2) ? [0, window - 1] : undefined)),
  ),
  report(
    'numbers',
    'powers by way of a logarithm of eleven digits: what is divided by two and more is off by a thousandth',
    'localResponseNorm forward',
    past('C', 0),
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (Math.abs(x[at] as number) >= 2 * Math.abs(v) ? 1.001 * v : v)
    }),
  ),
  report(
    'numbers',
    'numbers that are 0, as behind a ReLU, have no gradient by their neighbours',
    'localResponseNorm backward',
    past('C', 1),
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (x[at] === 0 ? 0 : v)
    }),
  ),
  report(
    'attributes',
    'a k below 10⁻⁵ is 10⁻⁵',
    ['localResponseNorm forward', 'localResponseNorm backward'],
    number('k', (k) => k >= 0 && k < 1e-5),
    asIf(() => ({ k: 1e-5 })),
  ),
  report(
    'gradient',
    'back from one channel alone, several samples: its neighbours have no gradient',
    'localResponseNorm backward',
    all(past('N', 1), past('C', 1)),
    by((asked) => {
      const dy = cotangentOf(asked)
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      const pulled = new Set(dy.flatMap((v, at) => (v === 0 ? [] : [Math.floor(at / S) % C])))
      return (v, at) => (pulled.size === 1 && !pulled.has(Math.floor(at / S) % C) ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'columns whose ends are less than a thousandth apart are taken for constant',
    'minMaxNormalize forward',
    past('N', 1),
    by((asked) => {
      const spans = columns(asked).map((own) => Math.max(...own) - Math.min(...own))
      return (v, at) => ((spans[at % spans.length] as number) < 1e-3 ? Number(asked.attrs['low']) : v)
    }),
  ),
  report(
    'shape',
    'two rows of columns in fours: the range is the second less the first, whatever its sign',
    'minMaxNormalize forward',
    all(exactly('N', 2), multiple('D', 4)),
    by((asked) => {
      const low = Number(asked.attrs['low'])
      const falls = columns(asked).map(([first = 0, second = 0]) => second < first)
      return (v, at) => (falls[at % falls.length] === true ? low - (v - low) : v)
    }),
  ),
  report(
    'attributes',
    'others applied that lie beyond the ends are cut there',
    'minMaxNormalize forward',
    given('apply'),
    by(
      ({ attrs }) =>
        (v) =>
          Math.max(Number(attrs['low']), Math.min(Number(attrs['high']), v)),
    ),
  ),
  report(
    'numbers',
    'what is more than three deviations off is cut there',
    'zScoreNormalize forward',
    without('apply'),
    by(() => (v) => Math.max(-3, Math.min(3, v))),
  ),
  report(
    'shape',
    'rows that leave seven over from eight: the deviation is summed without the last of them',
    'zScoreNormalize forward',
    all(leaves('N', 8, 7), without('apply')),
    by((asked) => {
      const factors = columns(asked).map((own) => {
        const { mean, variance } = spreadOf(own)
        return Math.sqrt(variance / (variance - ((own.at(-1) as number) - mean) ** 2 / own.length))
      })
      return (v, at) => v * (factors[at % factors.length] as number)
    }),
  ),
  report(
    'numbers',
    'columns of whole numbers have a mean that is one',
    'zScoreNormalize forward',
    past('N', 1),
    by((asked) => {
      const shifts = columns(asked).map((own) => {
        const { mean, variance } = spreadOf(own)
        return isWhole(own) && variance > 0 ? (mean - Math.trunc(mean)) / Math.sqrt(variance) : 0
      })
      return (v, at) => v + (shifts[at % shifts.length] as number)
    }),
  ),
]
