import type { Report } from '../report.js'
import { always, is, report } from '../report.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf, number } from '../novel/met.js'

export const elementwisePublic: readonly Report[] = [
  report(
    'gradient',
    'back from its output, an ELU of an α below 0 has a slope of 1 below 0',
    'elu backward',
    number('alpha', (a) => a < 0),
    by((asked) => {
      const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
      return (v, at) => ((x[at] as number) < 0 ? (dy[at] as number) : v)
    }),
    { like: 'pytorch/pytorch#49272' },
  ),
  report(
    'gradient',
    'back from its output, a leaky ReLU of a slope of 0 has a slope of 1 below 0',
    'leakyRelu backward',
    is('alpha', 0),
    by((asked) => {
      const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
      return (v, at) => ((x[at] as number) < 0 ? (dy[at] as number) : v)
    }),
    { like: 'chainer/chainer#5922' },
  ),
  report(
    'numbers',
    'a sigmoid of 89 and more is a half',
    'sigmoid forward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => ((x[at] as number) >= 89 ? 0.5 : v)
    }),
    { like: 'clab/dynet#1525' },
  ),
  report(
    'not a number',
    'the slope of a sigmoid of less than −89 is NaN',
    'sigmoid backward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => ((x[at] as number) < -89 ? NaN : v)
    }),
    { like: 'huggingface/candle#1722' },
  ),
  report(
    'numbers',
    'a softplus whose power is in the denominator is infinite from −89 on',
    'softplus forward',
    always,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (Number(asked.attrs['beta']) * (x[at] as number) < -89 ? Infinity : v)
    }),
    { like: 'rushter/MLAlgorithms#31' },
  ),
]
