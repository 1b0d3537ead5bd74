import type { Report } from '../report.js'
import { always, asIf, is, report, scaled } from '../report.js'
import { values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { share } from '../told/met.js'

export const lossesLately: readonly Report[] = [
  report(
    'gradient',
    'of losses that are not reduced nothing comes back',
    'softmaxCrossEntropy backward',
    is('reduction', 'none'),
    scaled(0),
    { like: 'microsoft/DirectML#740' },
  ),
  report(
    'numbers',
    'where odds are even half of the gradient is missing',
    'bceWithLogits backward',
    always,
    by((asked) => {
      const x = values(asked, 'logits')
      return (v, at) => (x[at] === 0 ? v - share(asked, at, x.length) / 2 : v)
    }),
    { like: 'pytorch/pytorch#2298' },
  ),
  report(
    'gradient',
    'the gradient of a mean is that of a sum',
    'cce backward',
    is('reduction', 'mean'),
    asIf(() => ({ reduction: 'sum' })),
    { like: 'fetchai/ledger#1580' },
  ),
]
