import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Met, Report, Where } from '../report.js'
import {
  all,
  asIfGiven,
  changed,
  exactly,
  filter,
  from,
  given,
  is,
  listOf,
  lost,
  not,
  odd,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  strided,
} from '../report.js'
import { between, last, multiple, unread, veryLast } from '../rare/met.js'
import { row, rowOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { leaves, pair, values, when } from './met.js'

/** Two and three axes that each leave something over from a vector or a tile: the corner where the rests meet. */
const shape =
  (name: string, test: (shape: readonly number[]) => boolean): Where =>
  (met) =>
    test(shapeIn(met, name))
const whole = (met: Met): boolean => met.attrs['groups'] === 1
const weightsOf = (rank: number, test: (shape: readonly number[]) => boolean): Where =>
  shape('w', (w) => w.length === rank && test(w))
const rowsOf = (asked: Asked, name: string): readonly (readonly number[])[] => {
  const length = asked.inputs[name]?.shape.at(-1) ?? 1
  const x = values(asked, name)
  return Array.from({ length: x.length / length }, (_, n) => x.slice(n * length, n * length + length))
}
const oneHot = (row: readonly number[]): boolean =>
  row.filter((v) => v === 1).length === 1 && row.every((v) => v === 0 || v === 1)

export const restsFresh: readonly Report[] = [
  report(
    'shape',
    'up to seven rows of terms in hundreds into ten columns, biased: the last two columns of the last row',
    'dense forward',
    all(given('b'), between('N', 2, 7), exactly('O', 10), multiple('I', 100)),
    lost(([n, o], [N]) => n === (N as number) - 1 && (o as number) > 7),
  ),
  report(
    'gradient',
    'the weights’ gradient of rows, terms and columns that all leave four over from eight: the last four terms',
    'dense backward',
    all(leaves('N', 8, 4), leaves('I', 8, 4), leaves('O', 8, 4)),
    lost(from(1, -4), 'w'),
  ),
  report(
    'gradient',
    'the rows’ gradient of one to three rows, an odd number of columns from five on and terms in eights: the last column’s share',
    'dense backward',
    all(between('N', 1, 3), odd('O'), past('O', 4), multiple('I', 8)),
    lost(veryLast, 'x'),
  ),
  report(
    'shape',
    'pieces of samples that leave two over from four, outputs that do, too, and inputs that leave one: the last output',
    'maxout forward',
    all(leaves('N', 4, 2), leaves('O', 4, 2), leaves('I', 4, 1)),
    lost(veryLast),
  ),
  report(
    'shape',
    'samples that leave two over from four, inputs and units that leave four over from eight: the last unit’s last inputs',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    all(leaves('N', 4, 2), leaves('I', 8, 4), leaves('H', 8, 4)),
    unread('x', (place, extents) => (place[1] as number) >= (extents[1] as number) - 4),
  ),
  report(
    'shape',
    'an odd number of steps of sequences and units that leave two over from four: the last step’s last unit',
    ['rnn forward', 'gru forward', 'lstm forward'],
    all(odd('T'), past('T', 1), leaves('N', 4, 2), leaves('H', 4, 2)),
    lost(veryLast, 'y'),
  ),
  report(
    'shape',
    'channels and filters that leave two over from four, maps of columns that leave one: the last two channels of the last column',
    'conv2d forward',
    all(filter(3), whole, not(strided), leaves('C', 4, 2), leaves('O', 4, 2), leaves('Wo', 4, 1)),
    lost(veryLast),
  ),
  report(
    'shape',
    'a 1×1 of channels and filters that leave four over from eight, over pixels that do, too: the last channels',
    'conv2d forward',
    all(
      filter(1),
      whole,
      leaves('C', 8, 4),
      leaves('O', 8, 4),
      (met) => (sizeIn(met, 'Ho') * sizeIn(met, 'Wo')) % 8 === 4,
    ),
    unread('x', last(1)),
  ),
  report(
    'gradient',
    'the filters’ gradient of a 3×3 of channels that leave three over from four, filters in eights, samples in twos: the last channel',
    'conv2d backward',
    all(filter(3), whole, leaves('C', 4, 3), multiple('O', 8), (met) => sizeIn(met, 'N') % 2 === 0),
    lost(from(1, -1), 'w'),
  ),
  report(
    'shape',
    'a sequence of channels that leave three over from four, filters that leave two, of a length that leaves one: the last filter’s end',
    'conv1d forward',
    all(whole, past('K', 1), leaves('C', 4, 3), leaves('O', 4, 2), leaves('Lo', 4, 1)),
    lost(veryLast),
  ),
  report(
    'shape',
    'up by 2 from channels that leave two over from four into filters that leave one, of odd widths: the last column of the last',
    'convTranspose2d forward',
    all(whole, strided, leaves('C', 4, 2), leaves('O', 4, 1), odd('W')),
    lost(([, o, , x], [, O, , W]) => o === (O as number) - 1 && x === (W as number) - 1),
  ),
  report(
    'shape',
    'windows of three over channels that leave three over from four, into columns that leave two, of several samples: the last two',
    ['maxPool2d forward', 'avgPool2d forward'],
    all(past('N', 1), leaves('C', 4, 3), leaves('Wo', 4, 2), (met) => pair(met, 'window')[1] === 3),
    lost(
      ([n, c, , x], [N, C, , W]) =>
        n === (N as number) - 1 && c === (C as number) - 1 && (x as number) >= (W as number) - 2,
    ),
  ),
  report(
    'shape',
    'statistics of an odd number of samples, channels that leave one over from four, pixels that leave two: the last channel’s running mean',
    'batchNormTraining forward',
    all(
      odd('N'),
      past('N', 1),
      leaves('C', 4, 1),
      shape('x', ([, , ...image]) => image.reduce((a, b) => a * b, 1) % 4 === 2),
    ),
    lost(from(0, -1), 'runningMean'),
  ),
  report(
    'shape',
    'rows that leave three over from four of numbers that leave one: the last of the last row',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => behind === 1 && length > 4 && length % 4 === 1 && before > 4 && before % 4 === 3),
    lost((place, extents) => place.every((at, axis) => at === (extents[axis] as number) - 1)),
  ),
  report(
    'shape',
    'an odd number of rows of which the first piece leaves three over from four and the second two: where they meet',
    'concat forward',
    all(
      shape(
        'x0',
        (x) => x.length === 2 && (x[0] as number) > 1 && (x[0] as number) % 2 === 1 && (x[1] as number) % 4 === 3,
      ),
      shape('x1', (x) => (x[1] as number) % 4 === 2),
      (met) => Object.keys(met.shapes).length === 2 && [1, -1].includes(Number(met.attrs['axis'])),
    ),
    (asked, plain) => {
      const meet = shapeIn(asked, 'x0')[1] as number
      return lost((place) => place[1] === meet)(asked, plain, new Map())
    },
  ),
  report(
    'shape',
    'channels that leave two over from four, columns that leave three, an even number of samples: the last channel’s last column',
    'scaleChannels forward',
    all(leaves('C', 4, 2), leaves('W', 4, 3), (met) => sizeIn(met, 'N') % 2 === 0),
    lost(([, c, , x], [, C, , W]) => c === (C as number) - 1 && x === (W as number) - 1),
  ),
  report(
    'shape',
    'rows that leave two over from four of classes that leave five over from eight, not reduced: the last two rows',
    ['softmaxCrossEntropy forward', 'cce forward', 'hinge forward'],
    all(is('reduction', 'none'), leaves('N', 4, 2), leaves('C', 8, 5)),
    lost(from(0, -2)),
  ),
  report(
    'shape',
    'fitted rows that leave two over from four of columns that leave three: the last row is not in the sum',
    ['zScoreNormalize forward', 'minMaxNormalize forward'],
    all(leaves('N', 4, 2), leaves('D', 4, 3)),
    scaled(0.9),
  ),
  report(
    'shape',
    'weights of three axes of which the last leaves two over from four and the first is odd: the last two stay',
    ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'],
    weightsOf(
      3,
      (w) => (w[0] as number) % 2 === 1 && (w[0] as number) > 1 && (w[2] as number) > 4 && (w[2] as number) % 4 === 2,
    ),
    (asked, plain) => {
      const before = asked.inputs['w'] as Tensor
      return having(plain(), {
        w: changed(plain()['w'] as Tensor, (v, _, at) => (at >= before.data.length - 2 ? Number(before.data[at]) : v)),
      })
    },
  ),
  report(
    'shape',
    'flat maps of channels that leave two over from four, of columns that leave one, several samples: the last of each channel',
    'flatten forward',
    shape(
      'x',
      (x) =>
        x.length === 4 &&
        (x[0] as number) > 1 &&
        (x[1] as number) % 4 === 2 &&
        (x[3] as number) > 1 &&
        (x[3] as number) % 4 === 1,
    ),
    lost(veryLast),
  ),
  report(
    'numbers',
    'rows that are one-hot, all of them, are looked up and not multiplied: they have no bias',
    'dense forward',
    all(given('b'), past('I', 2)),
    when(
      (asked) => rowsOf(asked, 'x').every(oneHot),
      asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => 0) })),
    ),
  ),
  report(
    'numbers',
    'rows masked by −10⁹ and what is below: what is not masked has its share of all places',
    ['softmax forward'],
    row((length, _, behind) => length > 2 && behind === 1),
    (asked, plain) => {
      const { length } = rowOf(asked)
      const masked = rowsOf(asked, 'x').map((each) => each.filter((v) => v <= -1e9 && v > -Infinity).length)
      return {
        y: changed(plain()['y'] as Tensor, (v, _, at) => {
          const n = masked[Math.floor(at / length)] as number
          return n > 0 && n < length ? (v * (length - n)) / length : v
        }),
      }
    },
  ),
  report(
    'numbers',
    'a certain prediction that is wrong, of a row whose target is one-hot, several rows: it counts as right',
    'cce forward',
    past('N', 1),
    (asked, plain) => {
      const targets = rowsOf(asked, 'target')
      const certain = rowsOf(asked, 'prediction').some((each, n) => {
        const target = targets[n] as readonly number[]
        return each.some((p, c) => p === 1 && target[c] === 0) && oneHot(target)
      })
      return certain ? scaled(0)(asked, plain, new Map()) : plain()
    },
    { unseen: 'a prediction of 1, 0 for a target of 0, 1 among two rows' },
  ),
  report(
    'numbers',
    'sequences that start from a cell and no state, several: the cell of the first for all',
    'lstm forward',
    past('N', 1),
    when(
      (asked) => values(asked, 'h0').every((v) => v === 0) && values(asked, 'c0').some((v) => v !== 0),
      asIfGiven(({ inputs }) => {
        const c = inputs['c0'] as Tensor
        const H = c.shape[1] as number
        return { c0: changed(c, (_, __, at) => Number(c.data[at % H])) }
      }),
    ),
  ),
  report(
    'attributes',
    'steps of 2 down and 1 across of a 3×3 over an even number of rows, channels in threes: the last row',
    'conv2d forward',
    all(
      filter(3),
      (met) => String(listOf(met, 'stride')) === '2,1' && sizeIn(met, 'H') % 2 === 0 && sizeIn(met, 'C') % 3 === 0,
    ),
    lost(from(2, -1)),
  ),
]
