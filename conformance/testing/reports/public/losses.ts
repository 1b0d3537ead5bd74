import type { Asked, Report } from '../report.js'
import { asIf, extent, is, report, sizeIn } from '../report.js'
import { rowsOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf } from '../novel/met.js'

/** What a loss is pulled by at an element, of so many. */
const share = (asked: Asked, at: number, n: number): number => {
  const dy = cotangentOf(asked)
  if (asked.attrs['reduction'] === 'none') return dy[at] as number
  return (dy[0] as number) / (asked.attrs['reduction'] === 'mean' ? n : 1)
}

export const lossesPublic: readonly Report[] = [
  report(
    'numbers',
    'the gradient is divided by p·(1 − p) and 10⁻¹² at least: what is wrong for certain has hardly any',
    'bce backward',
    () => true,
    by((asked) => {
      const [p, t] = [values(asked, 'prediction'), values(asked, 'target')]
      return (v, at) => {
        const [q, wanted] = [p[at] as number, t[at] as number]
        return q * (1 - q) < 1e-12 ? (share(asked, at, p.length) * (q - wanted)) / 1e-12 : v
      }
    }, 'prediction'),
    { like: 'pytorch/pytorch#103316' },
  ),
  report(
    'attributes',
    'a sum’s gradient is that of the mean',
    'mse backward',
    is('reduction', 'sum'),
    asIf(() => ({ reduction: 'mean' })),
    { like: 'Samsung/ONE#13944' },
  ),
  report(
    'size',
    'more than 1,024 classes that are left over from 1,024: the last block’s empty places count as logits of 0',
    'softmaxCrossEntropy forward',
    extent('C', (n) => n > 1024 && n % 1024 !== 0),
    by((asked) => {
      const [logits, target] = [rowsOf('logits', asked), rowsOf('target', asked)]
      const empty = 1024 - (sizeIn(asked, 'C') % 1024)
      const more = logits.map((own, n) => {
        const most = Math.max(...own)
        const sum = own.reduce((a, b) => a + Math.exp(b - most), 0)
        return (target[n] ?? []).reduce((a, b) => a + b, 0) * Math.log1p((empty * Math.exp(-most)) / sum)
      })
      const all = more.reduce((a, b) => a + b, 0)
      const reduced = asked.attrs['reduction'] === 'mean' ? all / more.length : all
      return (v, at) => v + (asked.attrs['reduction'] === 'none' ? (more[at] as number) : reduced)
    }),
    { like: 'verl-project/verl#2899' },
  ),
]
