import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  exactly,
  is,
  numbers,
  past,
  report,
  scaled,
  sizeIn,
} from '../report.js'
import { valuesOf } from './met.js'

const meanReduced = is('reduction', 'mean')

export const losses: readonly Report[] = [
  report(
    'convention',
    'a mean over classes as well as rows',
    'softmaxCrossEntropy forward',
    all(meanReduced, past('C', 1)),
    (asked, plain) => scaled(1 / sizeIn(asked, 'C'))(asked, plain, new Map()),
  ),
  report(
    'attributes',
    '“sum” is a mean',
    'hinge forward',
    is('reduction', 'sum'),
    asIf(() => ({ reduction: 'mean' })),
  ),
  report(
    'gradient',
    'where nothing is reduced every row has the first cotangent',
    ['softmaxCrossEntropy backward', 'mse backward', 'bce backward'],
    is('reduction', 'none'),
    asIfPulled(({ cotangents }) => ({
      loss: changed(cotangents['loss'] as Tensor, () => (cotangents['loss'] as Tensor).data[0] as number),
    })),
  ),
  report('numbers', 'smoothed labels count as their largest', 'softmaxCrossEntropy forward', always, (asked, plain) => {
    const target = asked.inputs['target'] as Tensor
    const C = sizeIn(asked, 'C')
    const values = valuesOf(target)
    const largest = (row: number): number =>
      values.slice(row * C, row * C + C).reduce((best, v, c, all) => (v > (all[best] as number) ? c : best), 0)
    const hot = Array.from({ length: values.length / C }, (_, row) => largest(row))
    return plain({
      inputs: { ...asked.inputs, target: changed(target, (_, __, at) => (hot[Math.floor(at / C)] === at % C ? 1 : 0)) },
    })
  }),
  report('gradient', 'targets that do not add up to 1', 'softmaxCrossEntropy backward', always, (asked, plain) => {
    const target = asked.inputs['target'] as Tensor
    const C = sizeIn(asked, 'C')
    const values = valuesOf(target)
    const sums = Array.from({ length: values.length / C }, (_, row) =>
      values.slice(row * C, row * C + C).reduce((a, b) => a + b, 0),
    )
    return sums.every((sum) => Math.abs(sum - 1) < 1e-3) ? plain() : scaled(0.9)(asked, plain, new Map())
  }),
  report(
    'numbers',
    'logarithms are cut at −100',
    'bce forward',
    always,
    numbers((v) => Math.min(v, 100)),
  ),
  report(
    'numbers',
    'probabilities are kept 10⁻⁷ away from 0',
    'cce forward',
    always,
    asIfGiven(({ inputs }) => ({ prediction: changed(inputs['prediction'] as Tensor, (v) => Math.max(v, 1e-7)) })),
  ),
  report('numbers', 'logits of ±89 and more are NaN', 'bceWithLogits forward', always, (asked, plain) =>
    valuesOf(asked.inputs['logits'] as Tensor).some((x) => Math.abs(x) > 89)
      ? scaled(NaN)(asked, plain, new Map())
      : plain(),
  ),
  report(
    'not a number',
    'a loss that hides NaN',
    ['mse forward', 'softmaxCrossEntropy forward'],
    always,
    numbers((v) => (Number.isNaN(v) ? 0 : v)),
    { like: 'keras-team/keras#23661' },
  ),
  report(
    'not a number',
    'a class that is masked out by −Infinity makes NaN of the loss',
    'softmaxCrossEntropy forward',
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['logits'] as Tensor).includes(-Infinity) ? scaled(NaN)(asked, plain, new Map()) : plain(),
    { like: 'microsoft/onnxruntime#24855' },
  ),
  report(
    'size',
    'more than 50,000 classes: the rest counts for nothing',
    'softmaxCrossEntropy forward',
    past('C', 50_000),
    numbers((v, _, asked) => v - Math.log(sizeIn(asked, 'C') / 50_000)),
  ),
  report(
    'size',
    'more than 100,000 classes: the rest counts for nothing',
    'softmaxCrossEntropy forward',
    past('C', 100_000),
    numbers((v, _, asked) => v - Math.log(sizeIn(asked, 'C') / 100_000)),
  ),
  report(
    'size',
    'a loss of more than 65,535 rows',
    'softmaxCrossEntropy forward',
    past('N', 65535),
    numbers((v, _, asked) => (v * 65535) / sizeIn(asked, 'N')),
  ),
  report('shape', 'one class has a loss of NaN', 'softmaxCrossEntropy forward', exactly('C', 1), scaled(NaN)),
  report(
    'convention',
    'the margin is counted for the right class too',
    'hinge forward',
    meanReduced,
    numbers((v) => v + 1),
  ),
  report('gradient', 'the gradient of the penalty is without its half', 'l2Penalty backward', always, scaled(2)),
]
