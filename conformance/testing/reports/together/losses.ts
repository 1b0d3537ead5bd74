import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report } from '../report.js'
import { all, always, asIfGiven, changed, from, is, lost, report, scaled } from '../report.js'
import { atLeast, rowsOf } from './met.js'

/** The rows behind the last whole 64 are not counted. */
const wholeSixties: Harm = asIfGiven(({ inputs }) => {
  const target = inputs['target'] as Tensor
  const whole = 64 * Math.floor((target.shape[0] as number) / 64)
  return { target: changed(target, (v, place) => ((place()[0] as number) < whole ? v : 0)) }
})
const lossNames = { softmaxCrossEntropy: 'logits', cce: 'prediction', hinge: 'scores' } as const

export const lossesTogether: readonly Report[] = [
  report(
    'size',
    'a mean over more than 4,000 rows of ten classes and more',
    ['softmaxCrossEntropy forward', 'cce forward'],
    all(is('reduction', 'mean'), atLeast({ N: 4000, C: 10 })),
    wholeSixties,
  ),
  report(
    'size',
    'a mean over 100 rows and more of 1,000 classes and more',
    ['softmaxCrossEntropy forward', 'cce forward'],
    all(is('reduction', 'mean'), atLeast({ N: 100, C: 1000 })),
    wholeSixties,
    { like: 'microsoft/onnxruntime#16363' },
  ),
  report(
    'gradient',
    'the gradient of a mean over more than 4,000 rows of ten classes and more',
    ['softmaxCrossEntropy backward', 'cce backward'],
    all(is('reduction', 'mean'), atLeast({ N: 4000, C: 10 })),
    lost(from(0, 4000)),
  ),
  report(
    'gradient',
    'the gradient of a sum over more than 65,536 numbers',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(is('reduction', 'sum'), (met) => Object.values(met.shapes).some((s) => s.reduce((a, b) => a * b, 1) > 65536)),
    scaled(0.99),
  ),
  report(
    'size',
    'a sum over more than 65,536 numbers',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'sum'), (met) => Object.values(met.shapes).some((s) => s.reduce((a, b) => a * b, 1) > 65536)),
    scaled(0.99),
  ),
  report(
    'size',
    'not reduced: more than 65,536 numbers',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'none'), (met) => Object.values(met.shapes).some((s) => s.reduce((a, b) => a * b, 1) > 65536)),
    (_, plain) => ({ loss: changed(plain()['loss'] as Tensor, (v, __, at) => (at >= 65536 ? 0 : v)) }),
  ),
  report(
    'convention',
    'rows without a target are not counted',
    'softmaxCrossEntropy forward',
    is('reduction', 'mean'),
    (asked, plain) => {
      const rows = rowsOf('target', asked)
      const counted = rows.filter((targets) => targets.some((t) => t !== 0)).length
      return counted === 0 ? plain() : scaled(rows.length / counted)(asked, plain, new Map())
    },
  ),
  report(
    'gradient',
    'rows without a target have a share of the gradient',
    'softmaxCrossEntropy backward',
    always,
    (asked, plain) => {
      const rows = rowsOf('target', asked)
      const empty = rows.map((targets) => targets.every((t) => t === 0))
      return empty.every(Boolean)
        ? plain()
        : {
            [lossNames.softmaxCrossEntropy]: changed(plain()['logits'] as Tensor, (v, place) =>
              empty[place()[0] as number] === true ? v + 0.01 : v,
            ),
          }
    },
    { like: 'pytorch/pytorch#73205' },
  ),
]
