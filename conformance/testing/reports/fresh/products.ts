import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  changed,
  exactly,
  extent,
  from,
  given,
  is,
  lost,
  moved,
  odd,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { between, last, multiple, only, unpulled, unread, veryLast } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { leaves, values, when, without } from './met.js'

const sorted = (row: readonly number[]): boolean =>
  row.length > 2 && row.every((v, i) => i === 0 || v > (row[i - 1] as number))

export const productsFresh: readonly Report[] = [
  report(
    'shape',
    'rows that leave two over from four, terms in fours, columns that leave three: the corner block without a bias',
    'dense forward',
    all(leaves('N', 4, 2), multiple('I', 4), leaves('O', 4, 3), without('b')),
    lost(veryLast),
    { like: 'Tencent/ncnn#4430' },
  ),
  report(
    'shape',
    'two or three rows of terms in fours that are no eights, more than 64: the last four terms of the last row',
    'dense forward',
    all(between('N', 2, 3), (met) => sizeIn(met, 'I') > 64 && sizeIn(met, 'I') % 8 === 4),
    unread('x', ([n, i], [N, I]) => n === (N as number) - 1 && (i as number) >= (I as number) - 4),
  ),
  report(
    'axis',
    'a bias of as many columns as there are rows is added by rows, of more than four',
    'dense forward',
    all(given('b'), past('N', 4), (met) => sizeIn(met, 'N') === sizeIn(met, 'O')),
    (asked, plain) => {
      const b = values(asked, 'b')
      return {
        y: changed(
          plain()['y'] as Tensor,
          (v, place) => v - (b[place()[1] as number] as number) + (b[place()[0] as number] as number),
        ),
      }
    },
    { like: 'openxla/xla#46897' },
  ),
  report(
    'shape',
    'up to eight rows of an odd number of terms into one column: the last term is weighed by the one before',
    'dense forward',
    all(exactly('O', 1), between('N', 2, 8), odd('I'), past('I', 2)),
    (asked, plain) => {
      const w = asked.inputs['w'] as Tensor
      const I = sizeIn(asked, 'I')
      return plain({
        inputs: { ...asked.inputs, w: changed(w, (v, _, at) => (at === I - 1 ? Number(w.data[I - 2]) : v)) },
      })
    },
    { like: 'tracel-ai/burn#5122' },
  ),
  report(
    'gradient',
    'the weights’ gradient of one row of terms and columns that both leave two over from four: the last two of both',
    'dense backward',
    all(exactly('N', 1), leaves('I', 4, 2), leaves('O', 4, 2)),
    lost(([o, i], [O, I]) => (o as number) >= (O as number) - 2 && (i as number) >= (I as number) - 2, 'w'),
  ),
  report(
    'gradient',
    'the rows’ gradient from one column of terms that leave three over from four, several rows and a bias: the last term',
    'dense backward',
    all(exactly('O', 1), past('N', 1), leaves('I', 4, 3), given('b')),
    lost(from(1, -1), 'x'),
  ),
  report(
    'gradient',
    'the weights’ gradient of rows that leave one over from eight, into two columns: that one',
    'dense backward',
    all(exactly('O', 2), leaves('N', 8, 1)),
    only(['w'], unpulled('y', last(0))),
  ),
  report(
    'numbers',
    'rows that grow from term to term have their last term twice, of more than two',
    'dense forward',
    past('I', 2),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const all = values(asked, 'x')
      const I = sizeIn(asked, 'I')
      const grows = Array.from({ length: sizeIn(asked, 'N') }, (_, n) => sorted(all.slice(n * I, n * I + I)))
      return plain({
        inputs: {
          ...asked.inputs,
          x: changed(x, (v, place) => (grows[place()[0] as number] === true && place()[1] === I - 1 ? 2 * v : v)),
        },
      })
    },
  ),
  report(
    'shape',
    'of an odd number of pieces from three on of outputs in fours, several samples: the last is left out',
    'maxout forward',
    all(odd('K'), past('K', 2), multiple('O', 4), past('N', 1)),
    (asked, plain) => {
      const drop = (name: string): Tensor =>
        changed(asked.inputs[name] as Tensor, (v, place) =>
          place()[0] === sizeIn(asked, 'K') - 1 ? (name === 'b' ? -1e4 : 0) : v,
        )
      return plain({ inputs: { ...asked.inputs, w: drop('w'), b: drop('b') } })
    },
  ),
  report(
    'attributes',
    'shared ties of three pieces and more: only two of them share',
    'maxout backward',
    all(is('ties', 'share'), past('K', 2)),
    when((asked) => new Set(values(asked, 'w')).size === 1 && new Set(values(asked, 'b')).size === 1, scaled(1.5, 'x')),
  ),
  report(
    'gradient',
    'the winners’ gradients of one input, an odd number of samples, more than four pieces: the biases’ of the last piece',
    'maxout backward',
    all(past('K', 4), odd('N'), past('N', 1)),
    lost((place, shape) => place[0] === (shape[0] as number) - 1, 'b'),
  ),
  report(
    'numbers',
    'where all pieces are below 0 the largest is 0: it starts there, of more than four pieces',
    'maxout forward',
    past('K', 4),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => Math.max(v, 0)) }),
  ),
  report(
    'history',
    'a product of fewer rows than the one before, of as many terms and columns, has that one’s bias',
    'dense forward',
    given('b'),
    (asked, plain, memory) => {
      const name = `rows ${sizeIn(asked, 'I')} ${sizeIn(asked, 'O')}`
      const before = memory.get(name) as { readonly N: number; readonly b: Tensor } | undefined
      memory.set(name, { N: sizeIn(asked, 'N'), b: asked.inputs['b'] as Tensor })
      return before !== undefined && before.N > sizeIn(asked, 'N')
        ? plain({ inputs: { ...asked.inputs, b: before.b } })
        : plain()
    },
    { like: 'pytorch/pytorch#177116' },
  ),
  report(
    'size',
    'from 17 to 31 rows of 17 to 31 terms into 17 to 31 columns, biased: the column behind 16 has the bias of the one before',
    'dense forward',
    all(given('b'), between('N', 17, 31), between('I', 17, 31), between('O', 17, 31)),
    (asked, plain) => {
      const b = values(asked, 'b')
      return {
        y: changed(plain()['y'] as Tensor, (v, place) =>
          place()[1] === 16 ? v - (b[16] as number) + (b[15] as number) : v,
        ),
      }
    },
  ),
  report(
    'gradient',
    'the rows’ gradient of fewer columns than rows and more terms than both, none in fours: the last row’s last term',
    'dense backward',
    all(leaves('N', 4, 1, 2, 3), leaves('I', 4, 1, 2, 3), leaves('O', 4, 1, 2, 3), (met) => {
      return sizeIn(met, 'O') < sizeIn(met, 'N') && sizeIn(met, 'N') < sizeIn(met, 'I')
    }),
    lost(veryLast, 'x'),
  ),
  report(
    'shape',
    'a single row into columns that leave seven over from eight, of terms that are no fours: the last of them',
    'dense forward',
    all(
      exactly('N', 1),
      leaves('O', 8, 7),
      extent('I', (n) => n > 4 && n % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'no bias and more rows than 16, terms in sixteens and three columns: the weights’ gradient of the third',
    'dense backward',
    all(without('b'), past('N', 16), multiple('I', 16), exactly('O', 3)),
    lost(from(0, -1), 'w'),
  ),
  report(
    'numbers',
    'a bias a million times its product is the product’s largest: what is less than 1 is lost',
    'dense forward',
    given('b'),
    (asked, plain) => {
      const b = values(asked, 'b')
      return {
        y: changed(plain()['y'] as Tensor, (v, place) =>
          Math.abs(b[place()[1] as number] as number) > 1000 ? Math.round(v) : v,
        ),
      }
    },
  ),
  report(
    'history',
    'back from a product after its own way forward of other rows: the weights’ gradient is made of those',
    'dense',
    always,
    (asked, plain, memory) => {
      const x = asked.inputs['x'] as Tensor
      const name = `x ${x.shape.join()} ${sizeIn(asked, 'O')}`
      if (asked.direction === 'forward') {
        memory.set(name, x)
        return plain()
      }
      const before = memory.get(name) as Tensor | undefined
      return before === undefined
        ? plain()
        : having(plain(), { w: plain({ inputs: { ...asked.inputs, x: before } })['w'] as Tensor })
    },
  ),
  report(
    'shape',
    'more than four pieces of a single output over several samples: samples from the second on have the first one’s',
    'maxout forward',
    all(past('K', 4), exactly('O', 1), past('N', 1)),
    moved((place) => withIndex(place, 0, 0)),
  ),
]
