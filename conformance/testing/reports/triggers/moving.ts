import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  elementsIn,
  exactly,
  given,
  is,
  lost,
  past,
  report,
  scaled,
  shapeIn,
} from '../report.js'
import { valuesOf } from '../together/met.js'
import { having, noneIf0 } from './met.js'

export const movingTriggered: readonly Report[] = [
  noneIf0('a leaky slope of 0 is the usual one', ['leakyRelu forward', 'leakyRelu backward'], 'alpha', 0.1),
  report(
    'numbers',
    'tanh by exponentials: of numbers below 10⁻⁴ it is 0',
    'tanh forward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (Math.abs(x[at] as number) < 1e-4 ? 0 : v)) }
    },
    { like: 'mil-tokyo/webdnn#525' },
  ),
  report(
    'gradient',
    'four tensors and more of equal lengths, joined at their ends: the last has the first one’s gradient',
    'concat backward',
    (met) => {
      const shapes = Object.values(met.shapes)
      const axis = Number(met.attrs['axis'])
      const x = shapeIn(met, 'x0')
      return (
        shapes.length > 3 && [x.length - 1, -1].includes(axis) && shapes.every((shape) => String(shape) === String(x))
      )
    },
    (_, plain) => {
      const answer = plain()
      const last = Object.keys(answer).reduce(
        (a, name) => (Number(name.slice(1)) > Number(a.slice(1)) ? name : a),
        'x0',
      )
      return having(answer, { [last]: answer['x0'] as Tensor })
    },
  ),
  report(
    'shape',
    'a last axis in fours that becomes an odd one, of more than 256 numbers: the last number',
    'reshape forward',
    (met) => {
      const [x, y] = [shapeIn(met, 'x'), met.attrs['shape'] as readonly number[]]
      return elementsIn(met, 'x') > 256 && x.length > 0 && (x.at(-1) as number) % 4 === 0 && (y.at(-1) ?? 0) % 2 === 1
    },
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'gradient',
    'maps of one pixel of several samples: the factors’ gradient is the cotangent',
    'scaleChannels backward',
    all(past('N', 1), exactly('H', 1), exactly('W', 1)),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      const answer = plain()
      return having(answer, { s: changed(answer['s'] as Tensor, (_, __, at) => dy[at] as number) })
    },
  ),
  report('attributes', 'where all is kept nothing comes back', 'dropout backward', is('keep', 1), scaled(0)),
  report(
    'numbers',
    'steps beyond 2²⁴ are rounded as f32 does',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Math.fround(Number(attrs['step'])) !== Number(attrs['step']),
    asIf(({ attrs }) => ({ step: Math.min(Math.fround(Number(attrs['step'])), 2 ** 32 - 1) })),
  ),
  report(
    'shape',
    'one row applied is normalized by itself',
    'zScoreNormalize forward',
    all(given('apply'), exactly('M', 1)),
    scaled(0),
  ),
  report(
    'size',
    'a single column of more than a thousand rows',
    ['zScoreNormalize forward', 'minMaxNormalize forward'],
    all(exactly('D', 1), past('N', 1000)),
    scaled(0.9),
  ),
]
