import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Met, Report } from '../report.js'
import { all, always, asIf, changed, lost, report } from '../report.js'
import { having } from '../triggers/met.js'
import { values, when } from '../fresh/met.js'
import { by, cotangentOf, digits, half, number, times } from '../novel/met.js'
import { isWhole, size, turned } from './met.js'

/** An answer by the number that it is made of, and by what is pulled. */
const ofX = (make: (x: number, v: number, dy: number) => number): Harm =>
  by((asked) => {
    const [x, dy] = [values(asked, 'x'), asked.direction === 'forward' ? [] : cotangentOf(asked)]
    return (v, at) => make(x[at] as number, v, dy[at] ?? 0)
  })
const shaped =
  (test: (shape: readonly number[]) => boolean) =>
  (met: Met): boolean =>
    test(Object.values(met.shapes)[0] ?? [])
const slope = (asked: Parameters<Harm>[0], name: string): number => Number(asked.attrs[name])

export const elementwiseFurther: readonly Report[] = [
  report(
    'numbers',
    'a sigmoid within 2⁻¹⁰ of 0 is a half',
    'sigmoid forward',
    always,
    ofX((x, v) => (Math.abs(x) < 2 ** -10 ? 0.5 : v)),
  ),
  report(
    'numbers',
    'the slope of tanh is 1 less its square in eleven digits: beyond 2 few of them are left',
    'tanh backward',
    always,
    ofX((x, v, dy) => (Math.abs(x) > 2 ? dy * (1 - digits(11)(Math.tanh(x)) ** 2) : v)),
  ),
  report(
    'numbers',
    'positive numbers below 2⁻²⁴ have the slope of 0',
    ['relu backward', 'leakyRelu backward'],
    always,
    (asked, plain, memory) => {
      const below = asked.op === 'leakyRelu' ? slope(asked, 'alpha') : 0
      return ofX((x, v, dy) => (x > 0 && x < 2 ** -24 ? below * dy : v))(asked, plain, memory)
    },
  ),
  report(
    'attributes',
    'the slope of images is a half: a tenth is 0.09998',
    ['leakyRelu forward', 'leakyRelu backward'],
    all(
      shaped((shape) => shape.length === 4),
      number('alpha', (a) => half(a) !== a),
    ),
    asIf(({ attrs }) => ({ alpha: half(Number(attrs['alpha'])) })),
  ),
  report(
    'attributes',
    'an ELU of another α than 1 is its argument within a thousandth of 0',
    'elu forward',
    number('alpha', (a) => a !== 1),
    ofX((x, v) => (x < 0 && x > -1e-3 ? x : v)),
  ),
  report(
    'attributes',
    'a softplus far below 0 is its power and is not divided by β',
    'softplus forward',
    number('beta', (b) => b !== 1),
    (asked, plain, memory) => {
      const beta = slope(asked, 'beta')
      return ofX((x, v) => (beta * x < -10 ? beta * v : v))(asked, plain, memory)
    },
  ),
  report(
    'not a number',
    'what is no number is at the threshold or above it',
    'step forward',
    always,
    ofX((x, v) => (Number.isNaN(x) ? 1 : v)),
  ),
  report(
    'numbers',
    'sums that cancel to less than 2⁻¹² of the larger summand are 0',
    'add forward',
    always,
    by((asked) => {
      const [a, b] = [values(asked, 'a'), values(asked, 'b')]
      return (v, at) =>
        Math.abs(v) < 2 ** -12 * Math.max(Math.abs(a[at] as number), Math.abs(b[at] as number)) ? 0 : v
    }),
  ),
  report(
    'numbers',
    'factors that all are whole numbers are multiplied as such: products wrap at 2³¹',
    'mul forward',
    always,
    when(
      (asked) => ['a', 'b'].every((name) => isWhole(values(asked, name)) && size(values(asked, name)) < 2 ** 31),
      by(() => (v) => (Math.abs(v) < 2 ** 31 ? v : v - 2 ** 32 * Math.round(v / 2 ** 32))),
    ),
  ),
  report(
    'axis',
    'as many rows as columns: the second factor’s gradient is that of the first numbers by columns',
    'mul backward',
    shaped((shape) => shape.length === 2 && shape[0] === shape[1] && (shape[0] as number) > 1),
    (asked, plain) => {
      const inputs = { ...asked.inputs, a: turned(asked.inputs['a'] as Tensor) }
      return having(plain(), { b: plain({ inputs })['b'] as Tensor })
    },
  ),
  report(
    'shape',
    'three axes and more of which the last is one: the last number of all',
    ['sigmoid forward', 'tanh forward', 'softplus forward', 'relu forward'],
    shaped((shape) => shape.length > 2 && shape.at(-1) === 1 && times(shape) > 1),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'numbers',
    'numbers that are pulled by themselves, as the half of a square pulls: slopes are those of what is pulled, written over',
    ['sigmoid backward', 'tanh backward', 'softplus backward'],
    shaped((shape) => times(shape) > 1),
    when(
      (asked) => {
        const dy = cotangentOf(asked)
        return values(asked, 'x').every((v, at) => v === dy[at])
      },
      (_, plain) => plain({ inputs: { x: changed(plain()['x'] as Tensor, (v) => v) } }),
    ),
  ),
  report(
    'numbers',
    'numbers in order from the least to the largest are taken for a ramp of equal steps',
    ['sigmoid forward', 'softplus forward'],
    shaped((shape) => shape.length === 1 && (shape[0] as number) > 2),
    (asked, plain) => {
      const x = values(asked, 'x')
      const [low, high] = [x[0] as number, x.at(-1) as number]
      const rises = x.every((v, at) => at === 0 || v > (x[at - 1] as number))
      return rises
        ? plain({
            inputs: {
              x: changed(asked.inputs['x'] as Tensor, (_, __, at) => low + ((high - low) * at) / (x.length - 1)),
            },
          })
        : plain()
    },
  ),
]
