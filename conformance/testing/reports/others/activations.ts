import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  always,
  asIf,
  changed,
  elementsIn,
  gathered,
  holds,
  is,
  lost,
  not,
  numbers,
  report,
  scaled,
} from '../report.js'
import { f32, rank, valuesOf } from './met.js'

const elementwise = ['relu', 'sigmoid', 'tanh', 'leakyRelu', 'elu', 'softplus'] as const
const elementwiseForward = elementwise.map((op) => `${op} forward` as const)
const elementwiseBackward = elementwise.map((op) => `${op} backward` as const)

export const activations: readonly Report[] = [
  report(
    'not a number',
    'NaN is 0 after a ReLU',
    'relu forward',
    always,
    numbers((v) => (Number.isNaN(v) ? 0 : v)),
    { like: 'tracel-ai/burn#5609' },
  ),
  report(
    'numbers',
    'tanh of more than 44 is NaN',
    'tanh forward',
    always,
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (v, _, at) => (Math.abs(asked.inputs['x']?.data[at] ?? 0) > 44 ? NaN : v)),
    }),
    { like: 'sonos/tract#2846' },
  ),
  report('numbers', 'a sigmoid of less than −88 is NaN', 'sigmoid forward', always, (asked, plain) => ({
    y: changed(plain()['y'] as Tensor, (v, _, at) => ((asked.inputs['x']?.data[at] ?? 0) < -88.7 ? NaN : v)),
  })),
  report(
    'attributes',
    'a leaky slope above 1 or below 0 is a maximum',
    'leakyRelu forward',
    ({ attrs }) => (attrs['alpha'] as number) > 1 || (attrs['alpha'] as number) < 0,
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (_, __, at) => {
        const x = asked.inputs['x']?.data[at] ?? 0
        return Math.max(x, f32((asked.attrs['alpha'] as number) * x))
      }),
    }),
  ),
  report(
    'gradient',
    'back from its output ELU forgets α',
    'elu backward',
    not(is('alpha', 1)),
    asIf(() => ({ alpha: 1 })),
  ),
  report(
    'attributes',
    'softplus is linear from 20 on, whatever β',
    'softplus forward',
    ({ attrs }) => (attrs['beta'] as number) < 1,
    (asked, plain) => ({
      y: changed(plain()['y'] as Tensor, (v, _, at) =>
        (asked.inputs['x']?.data[at] ?? 0) > 20 ? (asked.inputs['x']?.data[at] ?? 0) : v,
      ),
    }),
  ),
  report(
    'gradient',
    'where all of the gradient is one number only the first element has it',
    elementwiseBackward,
    always,
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      return dy.length > 1 && dy.every((v) => v === dy[0])
        ? lost((place) => place.some((at) => at > 0))(asked, plain, new Map())
        : plain()
    },
    { like: 'pytorch/pytorch#175188' },
  ),
  report(
    'size',
    'more than 65,535 × 64 elements: the rest is not written',
    elementwiseForward,
    holds('x', (n) => n > 65535 * 64),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, _, at) => (at < 65535 * 64 ? v : 0)) }),
  ),
  report(
    'size',
    'more than 2²⁰ elements: the rest is not written',
    elementwiseForward,
    holds('x', (n) => n > 2 ** 20),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, _, at) => (at < 2 ** 20 ? v : 0)) }),
  ),
  report(
    'size',
    'a tail of less than four elements is not written',
    'sigmoid forward',
    holds('x', (n) => n % 4 !== 0),
    (asked, plain) => {
      const whole = 4 * Math.floor(elementsIn(asked, 'x') / 4)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at < whole ? v : 0)) }
    },
  ),
  report('shape', 'a tensor without axes is 0', 'tanh forward', rank(0), scaled(0)),
  report('shape', 'five axes: the last two change places', 'relu forward', rank(5), (_, plain) => {
    const y = plain()['y'] as Tensor
    const [a = 1, b = 1] = y.shape.slice(-2)
    return a === b
      ? { y: gathered(y, (place) => [...place.slice(0, 3), place[4] as number, place[3] as number]) }
      : plain()
  }),
]
