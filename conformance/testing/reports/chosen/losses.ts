import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report } from '../report.js'
import { all, always, asIfGiven, changed, extent, from, is, lost, moved, past, report, scaled } from '../report.js'
import { among, atLeast, rowsOf, valuesOf } from '../together/met.js'

// −Σ t·log share as what the logarithm of the sum and the logit leave when each is rounded
const roundedApart: Harm = (asked, plain) => {
  const [logits, targets] = [rowsOf('logits', asked), rowsOf('target', asked)]
  const losses = logits.map((row, n) => {
    const most = row.reduce((a, v) => Math.max(a, v), -Infinity)
    const total = Math.fround(most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0)))
    return row.reduce(
      (loss, v, c) => loss + ((targets[n] as readonly number[])[c] as number) * Math.fround(total - v),
      0,
    )
  })
  const sum = losses.reduce((a, b) => a + b, 0)
  const loss = plain()['loss'] as Tensor
  const reduction = asked.attrs['reduction']
  return {
    loss: changed(loss, (_, __, at) =>
      reduction === 'none' ? (losses[at] as number) : reduction === 'sum' ? sum : sum / losses.length,
    ),
  }
}

export const lossesChosen: readonly Report[] = [
  report(
    'numbers',
    'logits far from 0 lose their loss to the offset',
    'softmaxCrossEntropy forward',
    always,
    roundedApart,
    {
      like: 'ml-explore/mlx#4188',
    },
  ),
  report(
    'numbers',
    'what is right for certain has a loss of NaN',
    'bce forward',
    always,
    (asked, plain) => {
      const [p, t] = ['prediction', 'target'].map((name) => valuesOf(asked.inputs[name] as Tensor)) as [
        number[],
        number[],
      ]
      return p.some((v, at) => v === t[at] && (v === 1 || v === 0)) ? scaled(NaN)(asked, plain, new Map()) : plain()
    },
    { like: 'tiny-dnn/tiny-dnn#410' },
  ),
  report(
    'numbers',
    'targets between 0 and 1 are rounded',
    ['bceWithLogits', 'bce'],
    always,
    asIfGiven(({ inputs }) => ({ target: changed(inputs['target'] as Tensor, Math.round) })),
  ),
  report(
    'gradient',
    'not reduced, 64 rows and more of classes that are no multiple of four: the last class',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(
      is('reduction', 'none'),
      past('N', 63),
      extent('C', (C) => C > 4 && C % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    '256 rows and more of 100 classes and more',
    ['cce backward', 'hinge backward', 'softmaxCrossEntropy backward'],
    atLeast({ N: 256, C: 100 }),
    lost(from(0, 255)),
  ),
  report(
    'size',
    'the margins of more than 256 classes of several rows',
    'hinge forward',
    all(past('C', 256), past('N', 1)),
    scaled(0.9),
  ),
  report(
    'shape',
    'not reduced, of five axes and more: the last two change places',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'none'), among(5)),
    moved((place, shape) => [
      ...place.slice(0, -2),
      (place.at(-1) as number) % (shape.at(-2) as number),
      (place.at(-2) as number) % (shape.at(-1) as number),
    ]),
  ),
]
