import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, asIf, changed, exactly, from, given, is, lost, odd, past, report, sizeIn } from '../report.js'
import { multiple } from '../rare/met.js'
import { leaves, values, without } from '../fresh/met.js'
import { by, number, partly } from './met.js'
import type { Spread } from './spread.js'
import { spreadOf } from './spread.js'

/** By neighbours, and of columns. */

const columns = (asked: Asked): readonly Spread[] => {
  const x = values(asked, 'x')
  const [N, D] = [sizeIn(asked, 'N'), sizeIn(asked, 'D')]
  return Array.from({ length: D }, (_, d) => spreadOf(Array.from({ length: N }, (__, n) => x[n * D + d] as number)))
}

export const featuresNovel: readonly Report[] = [
  report(
    'convention',
    'an α is not divided by a window of an even number of channels',
    'localResponseNorm forward',
    number('size', (n) => n % 2 === 0),
    asIf(({ attrs }) => ({ alpha: Number(attrs['alpha']) * Number(attrs['size']) })),
  ),
  report(
    'shape',
    'channels that are no multiple of four: the last is divided by half as much again',
    'localResponseNorm forward',
    leaves('C', 4, 1, 2, 3),
    partly(
      asIf(({ attrs }) => ({ alpha: 1.5 * Number(attrs['alpha']) })),
      (place, shape) => place[1] === (shape[1] as number) - 1,
    ),
  ),
  report(
    'attributes',
    'a power of ¾ is made of two roots, for a k of 1',
    'localResponseNorm forward',
    all(
      is('beta', 0.75),
      number('k', (k) => k !== 1),
    ),
    asIf(() => ({ k: 1 })),
  ),
  report(
    'gradient',
    'back through windows of seven channels and more, of channels in eights: they reach as far as five',
    'localResponseNorm backward',
    all(
      multiple('C', 8),
      number('size', (n) => n > 6),
    ),
    asIf(({ attrs }) => ({ size: 5, alpha: (5 * Number(attrs['alpha'])) / Number(attrs['size']) })),
  ),
  report(
    'numbers',
    'squares are kept in halves: numbers beyond 256 are divided by Infinity',
    'localResponseNorm forward',
    past('C', 1),
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (Math.abs(x[at] as number) >= 256 ? 0 : v)
    }),
  ),
  report(
    'size',
    'one column of more than 64 rows: the ends are those of whole 64s',
    'minMaxNormalize forward',
    all(exactly('D', 1), past('N', 64), (met) => sizeIn(met, 'N') % 64 !== 0),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const whole = 64 * Math.floor(sizeIn(asked, 'N') / 64)
      const cut = changed(x, (v, _, at) => (at < whole ? v : Number(x.data[0])))
      return plain({ inputs: { x: cut, apply: asked.inputs['apply'] ?? x } })
    },
  ),
  report(
    'convention',
    'between ends of which the lower is not 0 it is added before the range is multiplied',
    'minMaxNormalize forward',
    number('low', (low) => low !== 0),
    by(({ attrs }) => {
      const [low, high] = [Number(attrs['low']), Number(attrs['high'])]
      return (v) => v - low + low * (high - low)
    }),
  ),
  report(
    'numbers',
    'a variance in one pass: columns far from 0 for their spread, as years are',
    'zScoreNormalize forward',
    all(past('N', 2), without('apply')),
    by((asked) => {
      const of = columns(asked)
      return (v, at) => {
        const { variance, cancelled } = of[at % of.length] as Spread
        return variance === 0 ? v : v * Math.sqrt(variance / (cancelled === 0 ? 1 : cancelled))
      }
    }),
  ),
  report(
    'shape',
    'one row of an odd number of columns, applied to what others have measured: the last column',
    'zScoreNormalize forward',
    all(given('apply'), exactly('M', 1), odd('D'), past('D', 1)),
    lost(from(1, -1)),
  ),
]
