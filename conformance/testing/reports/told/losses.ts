import type { Report } from '../report.js'
import { always, is, lost, report, sizeIn } from '../report.js'
import { rowsOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { f32, overflow, reduced, share } from './met.js'

export const lossesTold: readonly Report[] = [
  report(
    'numbers',
    'the largest logit and the logarithm of the sum are added first: what is left of 10⁸ is lost',
    'softmaxCrossEntropy forward',
    always,
    reduced((asked) => {
      const [logits, target] = [rowsOf('logits', asked), rowsOf('target', asked)]
      return logits.map((own, n) => {
        const most = Math.max(...own)
        const sum = own.reduce((a, b) => a + Math.exp(b - most), 0)
        const whole = f32(most + f32(Math.log(sum)))
        return (target[n] ?? []).reduce((a, t, c) => a + (t === 0 ? 0 : t * f32(whole - (own[c] as number))), 0)
      })
    }),
    { like: 'pytorch/pytorch#11752' },
  ),
  report(
    'attributes',
    'losses of rows that are not reduced have no gradient',
    'softmaxCrossEntropy backward',
    is('reduction', 'none'),
    lost(() => true),
    { like: 'microsoft/DirectML#739' },
  ),
  report(
    'gradient',
    'the gradient is share less target, whatever the targets of a row add up to',
    'softmaxCrossEntropy backward',
    always,
    by((asked) => {
      const [logits, target] = [rowsOf('logits', asked), rowsOf('target', asked)]
      const C = sizeIn(asked, 'C')
      const shares = logits.map((own) => {
        const most = Math.max(...own)
        const powers = own.map((v) => Math.exp(v - most))
        const sum = powers.reduce((a, b) => a + b, 0)
        return powers.map((v) => v / sum)
      })
      const totals = target.map((own) => own.reduce((a, b) => a + b, 0))
      return (v, at) => {
        const n = Math.floor(at / C)
        const more = 1 - (totals[n] as number)
        return more === 0 ? v : v + share(asked, n, logits.length) * (shares[n]?.[at % C] as number) * more
      }
    }, 'logits'),
    { like: 'kvark/meganeura#102' },
  ),
  report(
    'numbers',
    'the sigmoid is made first and its logarithms then: a logit from 17 on makes NaN or Infinity',
    'bceWithLogits forward',
    always,
    reduced((asked) => {
      const [x, t] = [values(asked, 'logits'), values(asked, 'target')]
      return x.map((v, at) => {
        const [p, wanted] = [f32(1 / (1 + Math.exp(-v))), t[at] as number]
        return -(wanted * Math.log(p) + (1 - wanted) * Math.log(f32(1 - p)))
      })
    }),
    { like: 'huggingface/candle#2561' },
  ),
  report(
    'not a number',
    'the gradient of a logit below −88 is NaN',
    'bceWithLogits backward',
    always,
    by((asked) => {
      const x = values(asked, 'logits')
      return (v, at) => ((x[at] as number) < -overflow ? NaN : v)
    }, 'logits'),
    { like: 'scikit-learn/scikit-learn#28046' },
  ),
  report(
    'not a number',
    'the loss of a logit below −88 is Infinity, whatever was wanted',
    'bceWithLogits forward',
    always,
    (asked, plain, memory) => {
      const x = values(asked, 'logits')
      const beyond = x.map((v) => v < -overflow)
      const struck = asked.attrs['reduction'] === 'none' ? beyond : x.map(() => beyond.includes(true))
      return by(() => (v, at) => (struck[at] === true ? Infinity : v))(asked, plain, memory)
    },
    { like: 'pytorch/pytorch#2221' },
  ),
]
