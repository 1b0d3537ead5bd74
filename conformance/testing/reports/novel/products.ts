import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  changed,
  exactly,
  extent,
  from,
  gathered,
  given,
  is,
  lost,
  odd,
  past,
  product,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { between, multiple, only, unpulled, unread } from '../rare/met.js'
import { leaves, values, when, without } from '../fresh/met.js'
import { by, digits, half, pull, read } from './met.js'

const none = (asked: Asked, name: string): boolean => values(asked, name).every((v) => v === 0)
/** The part of an input that one piece has, as an input of a single piece. */
const piece = (asked: Asked, name: string, k: number): Tensor => {
  const { shape, data } = asked.inputs[name] as Tensor
  const n = data.length / (shape[0] as number)
  return { shape: [1, ...shape.slice(1)], data: Float32Array.from({ length: n }, (_, i) => Number(data[k * n + i])) }
}

export const productsNovel: readonly Report[] = [
  report(
    'shape',
    'a matrix and a vector by fours: of more than 16 terms what is left over from four',
    'dense forward',
    all(exactly('N', 1), past('I', 16), leaves('I', 4, 1, 2, 3)),
    unread('x', ([, i], [, I]) => (i as number) >= 4 * Math.floor((I as number) / 4)),
  ),
  report(
    'size',
    'a few long sums are split in parts of 128: of 512 terms and more what is left over from them',
    'dense forward',
    all(
      product(['N', 'O'], (n) => n < 64),
      extent('I', (n) => n >= 512 && n % 128 !== 0),
    ),
    unread('x', ([, i], [, I]) => (i as number) >= 128 * Math.floor((I as number) / 128)),
  ),
  report(
    'numbers',
    'weights that are zeros throughout, as a head or an adapter begins, are not multiplied, and the bias is not added',
    'dense forward',
    given('b'),
    when((asked) => none(asked, 'w'), scaled(0)),
  ),
  report(
    'size',
    'rows, terms and columns all in eights, from 16 terms on, are multiplied with eleven digits',
    'dense forward',
    all(multiple('N', 8), multiple('I', 8, 16), multiple('O', 8)),
    read('x', digits(11)),
  ),
  report(
    'numbers',
    'sums are kept in halves: beyond 65,504 they are Infinity',
    'dense forward',
    past('I', 1),
    by(() => (v) => (Math.abs(v) >= 65520 ? half(v) : v)),
  ),
  report(
    'axis',
    'square weights in fours behind a single row lie as they are wanted already: they are transposed',
    'dense forward',
    all(exactly('N', 1), multiple('I', 4), (met) => sizeIn(met, 'I') === sizeIn(met, 'O')),
    asIfGiven(({ inputs }) => ({ w: gathered(inputs['w'] as Tensor, ([o = 0, i = 0]) => [i, o]) })),
  ),
  report(
    'shape',
    'columns that leave two over from four: the last two have the first two’s bias',
    'dense forward',
    all(given('b'), leaves('O', 4, 2)),
    asIfGiven(({ inputs }) => ({
      b: gathered(inputs['b'] as Tensor, ([o = 0]) => {
        const O = inputs['b']?.shape[0] as number
        return [o >= O - 2 ? o - (O - 2) : o]
      }),
    })),
  ),
  report(
    'size',
    'rows one past a multiple of 32: the last',
    'dense forward',
    extent('N', (n) => n > 32 && n % 32 === 1),
    lost(from(0, -1)),
  ),
  report(
    'gradient',
    'the weights’ gradient of one row without a bias is added to itself',
    'dense backward',
    all(exactly('N', 1), without('b')),
    scaled(2, 'w'),
  ),
  report(
    'gradient',
    'the bias’s gradient is summed over the first 256 rows',
    'dense backward',
    all(given('b'), past('N', 256)),
    only(
      ['b'],
      unpulled('y', ([n]) => (n as number) >= 256),
    ),
  ),
  report(
    'gradient',
    'the rows’ gradient from two or three columns, of nine rows and more: the last column is not weighed',
    'dense backward',
    all(between('O', 2, 3), past('N', 8)),
    only(
      ['x'],
      unpulled('y', ([, o], [, O]) => o === (O as number) - 1),
    ),
  ),
  report(
    'numbers',
    'rows of which half and more are zeros, as behind a ReLU, are packed: the last number of each that is none is lost',
    'dense forward',
    past('I', 8),
    asIfGiven((asked) => {
      const x = values(asked, 'x')
      const I = sizeIn(asked, 'I')
      const lastOf = Array.from({ length: sizeIn(asked, 'N') }, (_, n) => {
        const row = x.slice(n * I, n * I + I)
        return 2 * row.filter((v) => v === 0).length >= I ? row.findLastIndex((v) => v !== 0) : -1
      })
      return {
        x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I === lastOf[Math.floor(at / I)] ? 0 : v)),
      }
    }),
  ),
  report(
    'numbers',
    'cotangents of a product below 2⁻²⁴ are 0',
    'dense backward',
    always,
    pull((v) => (Math.abs(v) < 2 ** -24 ? 0 : v)),
  ),
  report(
    'shape',
    'an odd number of terms into columns in fours, of four rows and more: rows of odd index are read from one number before',
    'dense forward',
    all(odd('I'), past('I', 1), multiple('O', 4), past('N', 3)),
    asIfGiven((asked) => {
      const x = asked.inputs['x'] as Tensor
      const I = sizeIn(asked, 'I')
      return { x: changed(x, (v, _, at) => (Math.floor(at / I) % 2 === 1 ? Number(x.data[at - 1]) : v)) }
    }),
  ),
  report(
    'size',
    'more than 1,024 terms of at most four rows: from there on the first are weighed again',
    'dense forward',
    all(between('N', 1, 4), past('I', 1024)),
    asIfGiven(({ inputs }) => ({
      x: gathered(inputs['x'] as Tensor, (place) => withIndex(place, 1, (place[1] as number) % 1024)),
    })),
  ),
  report(
    'attributes',
    'the last of several winners is asked for: the weights’ gradient has the first',
    'maxout backward',
    is('ties', 'last'),
    only(
      ['w'],
      asIf(() => ({ ties: 'first' })),
    ),
  ),
  report(
    'convention',
    'of two pieces the winner is found before the biases are added',
    'maxout forward',
    exactly('K', 2),
    (asked, plain) => {
      const one = (k: number, b: Tensor): Tensor =>
        plain({ inputs: { x: asked.inputs['x'] as Tensor, w: piece(asked, 'w', k), b } })['y'] as Tensor
      const bare = [0, 1].map((k) =>
        one(
          k,
          changed(piece(asked, 'b', k), () => 0),
        ),
      )
      const full = [0, 1].map((k) => one(k, piece(asked, 'b', k)))
      return {
        y: changed(plain()['y'] as Tensor, (_, __, at) =>
          Number(full[Number(bare[0]?.data[at]) >= Number(bare[1]?.data[at]) ? 0 : 1]?.data[at]),
        ),
      }
    },
  ),
  report(
    'size',
    'more than 256 outputs of all samples together: those behind are not written',
    'maxout forward',
    product(['N', 'O'], (n) => n > 256),
    lost(([n, o], [, O]) => (n as number) * (O as number) + (o as number) >= 256),
  ),
]
