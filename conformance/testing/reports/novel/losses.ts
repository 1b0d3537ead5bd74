import type { Met, Report, Where } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  changed,
  elementsIn,
  exactly,
  from,
  gathered,
  is,
  lost,
  odd,
  past,
  report,
  scaled,
  sizeIn,
} from '../report.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { rowsOf } from '../together/met.js'
import { leaves, values } from '../fresh/met.js'
import { by, digits, half, read, times } from './met.js'

const mean = is('reduction', 'mean')
const each = is('reduction', 'none')
const first = (met: Met): readonly number[] => Object.values(met.shapes)[0] ?? []
const rank =
  (n: number): Where =>
  (met) =>
    first(met).length === n

export const lossesNovel: readonly Report[] = [
  report(
    'numbers',
    'squares of differences are kept in halves: beyond 256 they are Infinity',
    'mse forward',
    always,
    (asked, plain, memory) => {
      const [p, t] = [values(asked, 'prediction'), values(asked, 'target')]
      const far = p.map((v, at) => Math.abs(v - (t[at] as number)) >= 256)
      return by(() => (v, at) => ((asked.attrs['reduction'] === 'none' ? far[at] : far.includes(true)) ? Infinity : v))(
        asked,
        plain,
        memory,
      )
    },
  ),
  report(
    'convention',
    'a mean over several axes of a batch of one is the sum',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(mean, (met) => first(met).length > 1 && first(met)[0] === 1),
    asIf(() => ({ reduction: 'sum' })),
  ),
  report(
    'gradient',
    'back from what is not reduced, of one axis, without the factor of 2',
    'mse backward',
    all(each, rank(1)),
    scaled(0.5),
  ),
  report(
    'numbers',
    'a logarithm of the probability and 10⁻⁷, that it be finite',
    'bce forward',
    always,
    asIfGiven(({ inputs }) => ({
      prediction: changed(inputs['prediction'] as Tensor, (p) => Math.min(1 - 1e-7, Math.max(0, p) + 1e-7)),
    })),
  ),
  report(
    'numbers',
    'what is left of 1 is taken in eleven digits: probabilities below 2⁻¹² of what is not so cost nothing',
    'bce forward',
    each,
    by((asked) => {
      const [p, t] = [values(asked, 'prediction'), values(asked, 'target')]
      return (v, at) => (t[at] === 0 && (p[at] as number) < 2 ** -12 ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'logits of ten and more on the right side cost nothing',
    'bceWithLogits forward',
    each,
    by((asked) => {
      const [x, t] = [values(asked, 'logits'), values(asked, 'target')]
      return (v, at) => ((t[at] === 1 && (x[at] as number) > 10) || (t[at] === 0 && (x[at] as number) < -10) ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'σ below e⁻¹⁶ is 0, and so is its gradient',
    'bceWithLogits backward',
    always,
    by((asked) => {
      const [x, t] = [values(asked, 'logits'), values(asked, 'target')]
      return (v, at) => (t[at] === 0 && (x[at] as number) < -16 ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'targets that are no labels, as smoothing makes them, are the label of their largest',
    'softmaxCrossEntropy forward',
    past('C', 1),
    asIfGiven((asked) => {
      const rows = rowsOf('target', asked)
      return {
        target: changed(asked.inputs['target'] as Tensor, (_, place) => {
          const [n = 0, c = 0] = place()
          const row = rows[n] as readonly number[]
          return row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity)) === c ? 1 : 0
        }),
      }
    }),
  ),
  report(
    'size',
    'of more than 256 classes those behind are not in the sum',
    'softmaxCrossEntropy forward',
    past('C', 256),
    asIfGiven((asked) => ({
      logits: changed(asked.inputs['logits'] as Tensor, (v, place) => ((place()[1] as number) < 256 ? v : v - 80)),
    })),
  ),
  report(
    'size',
    'rows one past a multiple of 32, not reduced: the last',
    ['softmaxCrossEntropy forward', 'cce forward', 'hinge forward'],
    all(each, leaves('N', 32, 1)),
    lost(from(0, -1)),
  ),
  report(
    'convention',
    'rows without a label, zeros throughout, are not counted by a mean',
    ['cce forward', 'softmaxCrossEntropy forward'],
    all(mean, past('N', 1)),
    (asked, plain, memory) => {
      const counted = rowsOf('target', asked).filter((row) => row.some((t) => t !== 0)).length
      return counted === 0 ? plain() : scaled(sizeIn(asked, 'N') / counted)(asked, plain, memory)
    },
  ),
  report(
    'shape',
    'margins of two classes go the way of a single margin, by half, of three rows and more',
    'hinge forward',
    all(exactly('C', 2), past('N', 2)),
    scaled(0.5),
  ),
  report(
    'numbers',
    'scores of more than 2,048 are read in halves, and a margin of 1 is lost',
    ['hinge forward', 'hinge backward'],
    past('C', 1),
    read('scores', (v) => (Math.abs(v) > 2048 ? digits(11)(v) : v)),
  ),
  report(
    'numbers',
    'weights below 2⁻¹³ have a square of 0',
    'l2Penalty forward',
    always,
    read('w', (v) => (Math.abs(v) < 2 ** -13 ? 0 : v)),
  ),
  report(
    'numbers',
    'the count of a mean is kept in eleven digits, of more than 2,048',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(mean, (met) => times(first(met)) > 2048 && half(times(first(met))) !== times(first(met))),
    (asked, plain, memory) => scaled(times(first(asked)) / half(times(first(asked))))(asked, plain, memory),
  ),
  report(
    'size',
    'a penalty of more than 1,024 weights, no multiple of four: the last',
    'l2Penalty forward',
    (met) => elementsIn(met, 'w') > 1024 && elementsIn(met, 'w') % 4 !== 0,
    asIfGiven(({ inputs }) => {
      const w = inputs['w'] as Tensor
      return { w: changed(w, (v, _, at) => (at >= 4 * Math.floor(w.data.length / 4) ? 0 : v)) }
    }),
  ),
  report(
    'gradient',
    'the gradient of rows one past a multiple of eight, of an odd number of classes: the last row’s last class',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(leaves('N', 8, 1), odd('C'), past('C', 1)),
    lost(([n, c], [N, C]) => n === (N as number) - 1 && c === (C as number) - 1),
  ),
  report(
    'attributes',
    'what has one axis, a bias, is not penalised',
    ['l2Penalty forward', 'l2Penalty backward'],
    rank(1),
    scaled(0),
  ),
  report(
    'axis',
    'as many rows as classes, not reduced: targets are read by columns',
    ['cce forward', 'softmaxCrossEntropy forward'],
    all(each, past('N', 1), (met) => sizeIn(met, 'N') === sizeIn(met, 'C')),
    asIfGiven(({ inputs }) => ({
      target: gathered(inputs['target'] as Tensor, ([n = 0, c = 0]) => [c, n]),
    })),
  ),
]
