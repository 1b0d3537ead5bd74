import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Met, Report } from '../report.js'
import { always, changed, elementsIn, lost, moved, report, withIndex } from '../report.js'
import { having } from '../triggers/met.js'
import { values, when } from '../fresh/met.js'
import { by, cotangentOf, number } from './met.js'

const f32 = Math.fround
/** An answer by the number that it is made of. */
const ofX = (make: (x: number, v: number) => number): Harm =>
  by((asked) => {
    const x = values(asked, 'x')
    return (v, at) => make(x[at] as number, v)
  })
const first = (met: Met): readonly number[] => Object.values(met.shapes)[0] ?? []
const shaped =
  (test: (shape: readonly number[]) => boolean) =>
  (met: Met): boolean =>
    test(first(met))
const numbersOf = (test: (n: number) => boolean) => shaped((shape) => test(shape.reduce((a, b) => a * b, 1)))
const activations = ['sigmoid', 'tanh', 'relu', 'leakyRelu', 'elu', 'softplus', 'step'] as const
const forwards = activations.map((op) => `${op} forward` as const)

export const elementwiseNovel: readonly Report[] = [
  report(
    'numbers',
    'a power by way of exp2 in halves of its argument: sigmoids below −15 are off by a thousandth',
    'sigmoid forward',
    always,
    ofX((x, v) => (x < -15 ? 1.001 * v : v)),
  ),
  report(
    'numbers',
    'tanh as (e²ˣ − 1)/(e²ˣ + 1), which cancels near 0',
    'tanh forward',
    always,
    ofX((x, v) => {
      const e = f32(Math.exp(f32(2 * x)))
      return Math.abs(x) < 0.01 ? f32(f32(e - 1) / f32(e + 1)) : v
    }),
  ),
  report(
    'attributes',
    'a softplus is its argument from 20 on, whatever β is',
    'softplus forward',
    number('beta', (b) => b < 1),
    ofX((x, v) => (x > 20 ? x : v)),
  ),
  report(
    'attributes',
    'a softplus of a β above 1 overflows where β·x is more than 88.7',
    'softplus forward',
    number('beta', (b) => b > 1),
    (asked, plain, memory) =>
      ofX((x, v) => (Number(asked.attrs['beta']) * x > 88.73 ? Infinity : v))(asked, plain, memory),
  ),
  report(
    'attributes',
    'a negative α counts as a positive one',
    ['elu forward', 'leakyRelu forward'],
    number('alpha', (a) => a < 0),
    ofX((x, v) => (x < 0 ? -v : v)),
  ),
  report(
    'attributes',
    'a leaky slope steeper than 1 is that of the larger of both',
    'leakyRelu forward',
    number('alpha', (a) => a > 1),
    ofX((x, v) => Math.max(x, v)),
  ),
  report(
    'shape',
    'a scalar is not dispatched',
    forwards,
    shaped((shape) => shape.length === 0),
    by(() => () => -1),
  ),
  report(
    'gradient',
    'the mask is kept in words of 32 bits: of more than 32 numbers those left over have no gradient',
    ['relu backward', 'leakyRelu backward'],
    numbersOf((n) => n > 32 && n % 32 !== 0),
    by((asked) => {
      const n = elementsIn(asked, 'x')
      return (v, at) => (at >= 32 * Math.floor(n / 32) ? 0 : v)
    }),
  ),
  report(
    'not a number',
    'a ReLU as a product with the mask: −Infinity is NaN',
    'relu forward',
    always,
    ofX((x, v) => (x === -Infinity ? NaN : v)),
  ),
  report(
    'numbers',
    'a threshold with some tolerance: numbers above −10⁻⁶ are above 0',
    'step forward',
    always,
    ofX((x, v) => (x > -1e-6 ? 1 : v)),
  ),
  report(
    'shape',
    'sums of five axes leave the first of them out: its second part is the first again',
    'add forward',
    shaped((shape) => shape.length > 4 && (shape[0] as number) > 1),
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'shape',
    'an axis of one among four is taken for one that is spread: the second operand’s first column for all',
    ['add forward', 'mul forward'],
    shaped((shape) => shape.length === 4 && shape[1] === 1 && (shape[3] as number) > 1),
    (asked, plain) => {
      const b = asked.inputs['b'] as Tensor
      const W = b.shape[3] as number
      return plain({
        inputs: { ...asked.inputs, b: changed(b, (_, __, at) => Number(b.data[W * Math.floor(at / W)])) },
      })
    },
  ),
  report(
    'size',
    'numbers one past a multiple of 64: the last of all',
    [...forwards, 'add forward', 'mul forward'],
    numbersOf((n) => n > 64 && n % 64 === 1),
    by(() => (v, at, shape) => (at === shape.reduce((a, b) => a * b, 1) - 1 ? -1 : v)),
  ),
  report(
    'numbers',
    'products below 2⁻²⁵, as of gates that are all but shut, are 0',
    'mul forward',
    always,
    by(() => (v) => (Math.abs(v) < 2 ** -25 ? 0 : v)),
  ),
  report(
    'gradient',
    'back to a square, both factors the same numbers: the first has both gradients, the second none',
    'mul backward',
    numbersOf((n) => n > 1),
    when(
      (asked) => {
        const b = values(asked, 'b')
        return values(asked, 'a').every((v, at) => v === b[at])
      },
      (_, plain) => {
        const [a, b] = [plain()['a'] as Tensor, plain()['b'] as Tensor]
        return having(plain(), { a: changed(a, (v) => 2 * v), b: changed(b, () => 0) })
      },
    ),
  ),
  report(
    'numbers',
    'the slope of a sigmoid by its own half: beyond 11 it is 0',
    'sigmoid backward',
    always,
    ofX((x, v) => (x > 11 ? 0 : v)),
  ),
  report(
    'shape',
    'matrices lie in textures by twos: of odd rows and odd columns the corner',
    [...forwards, 'add forward', 'mul forward'],
    shaped((shape) => shape.length === 2 && shape.every((n) => n > 1 && n % 2 === 1)),
    lost(([n, c], [N, C]) => n === (N as number) - 1 && c === (C as number) - 1),
  ),
  report(
    'numbers',
    'infinite sums: Infinity and −Infinity are 0 and not NaN',
    'add forward',
    always,
    by(() => (v) => (Number.isNaN(v) ? 0 : v)),
  ),
  report(
    'gradient',
    'the slope of an ELU from its answer is rounded: below −7 it is 0',
    'elu backward',
    number('alpha', (a) => a === 1),
    ofX((x, v) => (x < -7 ? 0 : v)),
  ),
  report(
    'gradient',
    'the slope of tanh is 1 within a twentieth of 0',
    'tanh backward',
    always,
    by((asked) => {
      const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
      return (v, at) => (Math.abs(x[at] as number) < 0.05 ? (dy[at] as number) : v)
    }),
  ),
  report(
    'numbers',
    'numbers of magnitudes beyond 65,504 are cut there',
    ['relu forward', 'leakyRelu forward', 'add forward'],
    always,
    by(() => (v) => (Math.abs(v) > 65504 && Number.isFinite(v) ? Math.sign(v) * 65504 : v)),
  ),
  report(
    'shape',
    'rows of an odd number of columns from 17 on, padded to an even one: rows of odd index begin with the end of the row before',
    ['sigmoid forward', 'tanh forward', 'relu forward'],
    shaped(([N = 0, C = 0, ...more]) => more.length === 0 && N > 1 && C > 16 && C % 2 === 1),
    moved((place, [, C]) =>
      (place[0] as number) % 2 === 1 && place[1] === 0 ? [(place[0] as number) - 1, (C as number) - 1] : place,
    ),
  ),
]
