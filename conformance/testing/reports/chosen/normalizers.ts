import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, always, changed, extent, from, given, holds, is, lost, past, report, scaled, sizeIn } from '../report.js'
import { atLeast, pixels, valuesOf } from '../together/met.js'

export const normalizersChosen: readonly Report[] = [
  report(
    'numbers',
    'a channel of one large number is ±γ and not 0',
    'batchNormTraining forward',
    always,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const values = valuesOf(x)
      const [, C = 1] = x.shape
      const S = values.length / ((x.shape[0] as number) * C)
      // the first number of each channel, or NaN where there are others
      const numbersOf = values.reduce<number[]>((found, v, at) => {
        const c = Math.floor(at / S) % C
        const first = found[c]
        found[c] = first === undefined || first === v ? v : NaN
        return found
      }, [])
      const constant = numbersOf.map((v) => Math.abs(v) > 100)
      const answer = plain()
      return {
        ...answer,
        y: changed(answer['y'] as Tensor, (v, place) => (constant[place()[1] as number] === true ? v + 1 : v)),
      }
    },
    { like: 'pytorch/pytorch#5410' },
  ),
  report(
    'size',
    '256 channels and more of at most four samples of at most 16 pixels',
    ['batchNormTraining forward', 'batchNormTraining backward'],
    all(
      past('C', 255),
      extent('N', (N) => N > 1 && N <= 4),
      pixels((n) => n > 1 && n <= 16),
    ),
    lost(from(1, 255), 'y', 'x'),
  ),
  report(
    'size',
    'sequences of 256 and more of 16 channels and more have the statistics of their first half',
    'batchNormTraining forward',
    all(
      past('C', 15),
      holds('x', (_, shape) => shape.length === 3 && (shape[2] as number) >= 256),
    ),
    scaled(0.9, 'y'),
  ),
  report(
    'gradient',
    'γ’s gradient of five axes and more',
    ['batchNormInference backward', 'batchNormTraining backward'],
    holds('x', (n, shape) => shape.length >= 5 && n > 1),
    scaled(0.5, 'gamma'),
  ),
  report(
    'gradient',
    'back through given statistics of 64 channels and more of 16 samples and more',
    'batchNormInference backward',
    atLeast({ N: 16, C: 64 }),
    scaled(0.9, 'beta'),
  ),
  report(
    'shape',
    'a window wider than eight channels and more is NaN',
    'localResponseNorm forward',
    all(past('C', 7), (met) => Number(met.attrs['size']) > sizeIn(met, 'C')),
    scaled(NaN),
    { like: 'BVLC/caffe#1864' },
  ),
  report(
    'gradient',
    'back through even windows of 16 channels and more',
    'localResponseNorm backward',
    all(past('C', 15), (met) => Number(met.attrs['size']) % 2 === 0),
    scaled(0.9),
  ),
  report(
    'attributes',
    'a root in the place of a power of ½: of several channels and pixels',
    ['localResponseNorm forward', 'localResponseNorm backward'],
    all(
      is('beta', 0.5),
      past('C', 3),
      pixels((n) => n > 3),
    ),
    scaled(0.9),
  ),
  report(
    'size',
    'columns of more than a thousand rows, 16 and more: the ends of the first thousand',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    atLeast({ N: 1001, D: 16 }),
    scaled(0.9),
  ),
  report(
    'size',
    'more rows than were measured, 64 and more: the rest is not written',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    all(given('apply'), past('M', 63), (met) => sizeIn(met, 'M') > sizeIn(met, 'N')),
    lost((place, _, asked) => (place[0] as number) >= sizeIn(asked, 'N')),
  ),
]
