import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  elementsIn,
  exactly,
  from,
  is,
  lost,
  odd,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { multiple, veryLast } from '../rare/met.js'
import { leaves, pulled, values, when } from './met.js'

const whole = is('reduction', 'mean')
const summed = is('reduction', 'sum')
const each = is('reduction', 'none')
const rank =
  (name: string, n: number) =>
  (met: Parameters<typeof shapeIn>[0]): boolean =>
    shapeIn(met, name).length === n
const predictions = (asked: Asked): readonly number[] =>
  values(asked, asked.op === 'bceWithLogits' ? 'logits' : 'prediction')
const everyRow = (asked: Asked, name: string, test: (row: readonly number[]) => boolean): boolean => {
  const C = sizeIn(asked, 'C')
  const numbers = values(asked, name)
  return Array.from({ length: numbers.length / C }, (_, n) => numbers.slice(n * C, n * C + C)).every(test)
}

export const lossesFresh: readonly Report[] = [
  report(
    'numbers',
    'differences of more than 1,000 are counted as those of Huber are, in their absolute value',
    'mse forward',
    each,
    (asked, plain) => {
      const [p, t] = [values(asked, 'prediction'), values(asked, 'target')]
      return {
        loss: changed(plain()['loss'] as Tensor, (v, _, at) =>
          Math.abs((p[at] as number) - (t[at] as number)) > 1000 ? Math.sqrt(v) : v,
        ),
      }
    },
  ),
  report(
    'gradient',
    'back from a negative share of the whole: the gradient of a mean of three axes and more has the other sign',
    'mse backward',
    all(whole, (met) => shapeIn(met, 'prediction').length > 2),
    when((asked) => (pulled(asked, 'loss')[0] as number) < 0, scaled(-1)),
  ),
  report(
    'gradient',
    'back from a share of the whole other than 1, summed over two axes of an odd number of columns: the last column as if it were 1',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(summed, (met) => {
      const [shape = []] = Object.values(met.shapes)
      return shape.length === 2 && (shape[1] as number) > 2 && (shape[1] as number) % 2 === 1
    }),
    (asked, plain) => {
      const share = pulled(asked, 'loss')[0] as number
      return Object.fromEntries(
        Object.entries(plain()).map(([name, x]) => [
          name,
          changed(x, (v, place) => (place()[1] === (x.shape[1] as number) - 1 && share !== 0 ? v / share : v)),
        ]),
      )
    },
  ),
  report(
    'numbers',
    'probabilities of less than a thousandth, all of them, have their logarithm from a table',
    'bce forward',
    always,
    when((asked) => predictions(asked).every((p) => p < 1e-3), scaled(1.001)),
  ),
  report(
    'numbers',
    'targets beyond 0 and 1, as labels are smoothed too far: they are cut there',
    'bceWithLogits forward',
    always,
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          target: changed(asked.inputs['target'] as Tensor, (t) => Math.min(1, Math.max(0, t))),
        },
      }),
  ),
  report(
    'shape',
    'four axes that are not reduced, of an odd number of channels and columns in fours: the last channel’s last column',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(each, (met) => {
      const [shape = []] = Object.values(met.shapes)
      return (
        shape.length === 4 &&
        (shape[1] as number) % 2 === 1 &&
        (shape[1] as number) > 1 &&
        (shape[3] as number) % 4 === 0
      )
    }),
    lost(veryLast),
  ),
  report(
    'numbers',
    'targets that add up to 2, two labels a row, count as one',
    'cce forward',
    past('C', 2),
    when((asked) => everyRow(asked, 'target', (row) => row.filter((t) => t === 1).length === 2), scaled(0.5)),
  ),
  report(
    'gradient',
    'the gradient of two labels a row and more is that of one',
    'softmaxCrossEntropy backward',
    past('C', 2),
    when(
      (asked) => everyRow(asked, 'target', (row) => row.reduce((a, b) => a + b, 0) > 1.5),
      (asked, plain) =>
        plain({
          inputs: { ...asked.inputs, target: changed(asked.inputs['target'] as Tensor, (t) => t / 2) },
        }),
    ),
  ),
  report(
    'shape',
    'two classes of an odd number of rows from three on, not reduced: the last row by the maximum of the one before',
    'softmaxCrossEntropy forward',
    all(each, exactly('C', 2), odd('N'), past('N', 2)),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'classes that leave three over from four, rows in fours, summed: the last row’s last class',
    ['softmaxCrossEntropy forward', 'cce forward'],
    all(summed, leaves('C', 4, 3), multiple('N', 4)),
    scaled(0.95),
  ),
  report(
    'gradient',
    'classes that leave three over from four, rows in fours, a mean: the last class has no gradient',
    ['softmaxCrossEntropy backward', 'cce backward'],
    all(whole, leaves('C', 4, 3), multiple('N', 4)),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'margins with the left slope at the corner, not reduced, more than two classes, several rows: the right class of the last row',
    'hinge backward',
    all(is('kink', 'left'), each, past('C', 2), past('N', 1)),
    lost(from(0, -1)),
  ),
  report(
    'numbers',
    'margins that nobody misses, in all rows, are −1 and not 0',
    'hinge forward',
    past('C', 1),
    (_, plain) => ({ loss: changed(plain()['loss'] as Tensor, (v) => (v === 0 ? -1 : v)) }),
  ),
  report(
    'attributes',
    'a penalty of more than 1 of three axes has its half twice',
    ['l2Penalty forward'],
    all((met) => Number(met.attrs['beta']) > 1, rank('w', 3)),
    scaled(0.5),
  ),
  report(
    'gradient',
    'a penalty’s gradient from a negative share, four axes: it is that of none',
    'l2Penalty backward',
    rank('w', 4),
    when((asked) => (pulled(asked, 'loss')[0] as number) < 0, scaled(0)),
  ),
  report(
    'history',
    'a mean after a sum of the same shape is a sum',
    [
      'mse forward',
      'bce forward',
      'cce forward',
      'softmaxCrossEntropy forward',
      'hinge forward',
      'bceWithLogits forward',
    ],
    always,
    (asked, plain, memory) => {
      const [first] = Object.values(asked.shapes)
      const name = `${asked.op} ${String(first)}`
      const before = memory.get(name) as string | undefined
      memory.set(name, String(asked.attrs['reduction']))
      return before === 'sum' && asked.attrs['reduction'] === 'mean'
        ? asIf(() => ({ reduction: 'sum' }))(asked, plain, memory)
        : plain()
    },
  ),
  report(
    'size',
    'from 33 to 47 rows of from five to eight classes: rows behind the 32nd count twice',
    ['hinge forward', 'softmaxCrossEntropy forward', 'cce forward'],
    all((met) => sizeIn(met, 'N') > 32 && sizeIn(met, 'N') < 48 && sizeIn(met, 'C') > 4 && sizeIn(met, 'C') < 9),
    scaled(1.2),
  ),
  report(
    'size',
    'a mean of three axes, an odd number of numbers between 33 and 255: the last',
    ['mse forward'],
    all(whole, rank('prediction', 3), (met) => {
      const n = elementsIn(met, 'prediction')
      return n > 32 && n < 256 && n % 2 === 1
    }),
    scaled(0.97),
  ),
]
