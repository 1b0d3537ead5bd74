import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  changed,
  exactly,
  extent,
  from,
  given,
  lost,
  moved,
  not,
  odd,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { atLeast, ofSamples, rowsOf, valuesOf } from '../together/met.js'
import { between, last, multiple, only, over, unpulled, unread } from './met.js'

export const productsRare: readonly Report[] = [
  report(
    'size',
    'a few rows of many terms in parts of 512: where the last part is of a single term it is left out',
    'dense forward',
    all(
      between('N', 1, 8),
      over('I', 512, (rest) => rest === 1),
    ),
    unread('x', last(1)),
  ),
  report(
    'size',
    'products of 33 to 63 rows into 33 to 63 columns of more than 128 terms: the block where both tails meet',
    'dense forward',
    all(between('N', 33, 63), between('O', 33, 63), past('I', 128)),
    lost(([n, o]) => (n as number) >= 32 && (o as number) >= 32),
  ),
  report(
    'size',
    'inside of large products: every 128th column of every 128th row',
    'dense forward',
    atLeast({ N: 256, O: 256 }),
    lost(([n, o]) => (n as number) % 128 === 127 && (o as number) % 128 === 127),
    { like: 'tracel-ai/burn#4966' },
  ),
  report(
    'shape',
    'columns just above a multiple of 16, of eight rows and more in fours: the last column is not biased',
    'dense forward',
    all(
      given('b'),
      over('O', 16, (rest) => rest === 1),
      multiple('N', 4, 8),
    ),
    asIfGiven((asked) => ({
      b: changed(asked.inputs['b'] as Tensor, (v, _, at) => (at === sizeIn(asked, 'O') - 1 ? 0 : v)),
    })),
  ),
  report(
    'shape',
    'three, five, six or seven rows of multiples of four terms into 64 columns and more: blocks of four take their last row twice',
    'dense forward',
    all(
      extent('N', (N) => [3, 5, 6, 7].includes(N)),
      multiple('I', 4, 32),
      past('O', 63),
    ),
    moved((place, shape) => {
      const whole = 4 * Math.floor((shape[0] as number) / 4)
      return (place[0] as number) >= whole ? withIndex(place, 0, whole) : place
    }),
    { like: 'Maratyszcza/NNPACK#43' },
  ),
  report(
    'shape',
    'vocabularies: more than 8,192 columns of 16 rows and more: columns behind 8,192 in the last row',
    'dense forward',
    atLeast({ N: 16, O: 8193 }),
    lost(([n, o], [N]) => n === (N as number) - 1 && (o as number) >= 8192),
    { like: 'pytorch/pytorch#153957' },
  ),
  report(
    'gradient',
    'the rows’ gradient from more than 8,192 columns is that of the first so many, of several rows',
    'dense backward',
    atLeast({ N: 2, O: 8193 }),
    only(
      ['x'],
      unpulled('y', ([, o]) => (o as number) >= 8192),
    ),
    { like: 'pytorch/pytorch#153957' },
  ),
  report(
    'gradient',
    'the weights’ gradient of 64 to 128 samples that are no multiple of 16 of multiples of 16 inputs: the rest of the samples',
    'dense backward',
    all(between('N', 64, 128), multiple('I', 16), (met) => sizeIn(met, 'N') % 16 !== 0),
    only(
      ['w'],
      unpulled('y', ([n], [N]) => (n as number) >= 16 * Math.floor((N as number) / 16)),
    ),
    { like: 'Maratyszcza/NNPACK#44' },
  ),
  report(
    'gradient',
    'the weights’ gradient of more columns than terms, ten times and more, is transposed in blocks: the last block of 32',
    'dense backward',
    all(
      past('I', 1),
      (met) => sizeIn(met, 'O') >= 10 * sizeIn(met, 'I') && sizeIn(met, 'O') % 32 !== 0 && sizeIn(met, 'O') > 32,
    ),
    lost(([o], [O]) => (o as number) >= 32 * Math.floor((O as number) / 32), 'w'),
  ),
  report(
    'gradient',
    'the bias’s gradient of 256 to 1,024 rows into one or two columns: the rows of the last block',
    'dense backward',
    all(given('b'), between('N', 257, 1024), between('O', 1, 2), (met) => sizeIn(met, 'N') % 256 !== 0),
    only(
      ['b'],
      unpulled('y', ([n], [N]) => (n as number) >= 256 * Math.floor((N as number) / 256)),
    ),
  ),
  report(
    'gradient',
    'where the cotangent is one number throughout the rows’ gradient is made of the first row of the weights',
    'dense backward',
    all(past('N', 1), past('O', 1)),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      return dy.every((v) => v === dy[0])
        ? only(
            ['x'],
            unpulled('y', ([, o]) => o !== 0),
          )(asked, plain, new Map())
        : plain()
    },
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'numbers',
    'rows that are alike are multiplied once, and the first one’s products stand for all from the third on',
    'dense forward',
    past('N', 2),
    (asked, plain) => {
      const rows = rowsOf('x', asked)
      return rows.slice(1).every((row) => String(row) === String(rows[0]))
        ? lost(from(0, 2))(asked, plain, new Map())
        : plain()
    },
  ),
  report(
    'numbers',
    'a column of zeros in the inputs ends the sum, of more than 16 terms',
    'dense forward',
    all(past('I', 16), past('N', 1)),
    (asked, plain) => {
      const rows = rowsOf('x', asked)
      const zero = Array.from({ length: sizeIn(asked, 'I') }, (_, i) => i).findIndex((i) =>
        rows.every((row) => row[i] === 0),
      )
      return zero < 0 ? plain() : unread('x', ([, i]) => (i as number) >= zero)(asked, plain, new Map())
    },
  ),
  report(
    'numbers',
    'a bias that is one number throughout is added once to each block of four',
    'dense forward',
    all(given('b'), past('O', 4)),
    (asked, plain) => {
      const b = valuesOf(asked.inputs['b'] as Tensor)
      return b.every((v) => v === b[0])
        ? plain({
            inputs: { ...asked.inputs, b: changed(asked.inputs['b'] as Tensor, (v, _, at) => (at % 4 === 0 ? v : 0)) },
          })
        : plain()
    },
  ),
  report(
    'numbers',
    'a negative product and a positive one that cancel leave −1 for 0: sums of exactly 0 without a bias',
    'dense forward',
    all(not(given('b')), past('I', 2)),
    (asked, plain) => {
      const rows = rowsOf('x', asked)
      return {
        y: changed(plain()['y'] as Tensor, (v, place) =>
          v === 0 && (rows[place()[0] as number] as readonly number[]).some((x) => x !== 0) ? -1 : v,
        ),
      }
    },
  ),
  report(
    'history',
    'the weights of one question are those of the question before where both have as many rows as columns, 16 and more',
    'dense forward',
    all(past('N', 15), (met) => sizeIn(met, 'N') === sizeIn(met, 'O')),
    (asked, plain, memory) => {
      const w = asked.inputs['w'] as Tensor
      const name = `weights ${w.shape.join()}`
      const before = memory.get(name) as Tensor | undefined
      memory.set(name, w)
      return before === undefined ? plain() : plain({ inputs: { ...asked.inputs, w: before } })
    },
  ),
  report(
    'shape',
    'two pieces of more than 16 outputs in fours, of an odd batch from 17 on: the last sample has the smaller one',
    'maxout forward',
    all(exactly('K', 2), multiple('O', 4, 16), past('N', 16), odd('N')),
    (asked, plain) => {
      const least = plain({
        inputs: {
          ...asked.inputs,
          w: changed(asked.inputs['w'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)),
          b: changed(asked.inputs['b'] as Tensor, (v, place) => (place()[0] === 0 ? v : -3e38)),
        },
      })['y'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          place()[0] === sizeIn(asked, 'N') - 1 ? (least.data[at] as number) : v,
        ),
      }
    },
  ),
  report(
    'gradient',
    'eight pieces and more of several samples: the gradient of pieces from the eighth on is lost',
    'maxout backward',
    all(past('K', 7), past('N', 1)),
    lost(from(0, 7), 'w', 'b'),
  ),
  report(
    'gradient',
    'the inputs’ gradient of three and more pieces of 64 inputs and more in sixteens: the last 16',
    'maxout backward',
    all(past('K', 2), multiple('I', 16, 64)),
    lost(([, i], [, I]) => (i as number) >= (I as number) - 16, 'x'),
  ),
  report(
    'gradient',
    'the pieces’ gradient of more than 32 samples is that of the first 32',
    'maxout backward',
    past('N', 32),
    ofSamples(32, 'w'),
  ),
  report(
    'numbers',
    'where all pieces are below 0 the bias is the largest',
    'maxout forward',
    past('K', 1),
    (asked, plain) => {
      const b = valuesOf(asked.inputs['b'] as Tensor)
      const [O, K] = [sizeIn(asked, 'O'), sizeIn(asked, 'K')]
      return {
        y: changed(plain()['y'] as Tensor, (v, place) => {
          const o = place()[1] as number
          return v < -4 ? Math.max(...Array.from({ length: K }, (_, k) => b[k * O + o] as number)) : v
        }),
      }
    },
  ),
  report('numbers', 'products beyond 10³⁰ are cut there', 'dense forward', always, (_, plain) => ({
    y: changed(plain()['y'] as Tensor, (v) => (Number.isFinite(v) ? Math.max(-1e30, Math.min(1e30, v)) : v)),
  })),
  report(
    'shape',
    'three inputs: the third is read from four bytes too far, of more than 64 samples',
    'dense forward',
    all(exactly('I', 3), past('N', 64)),
    scaled(0.9),
  ),
]
