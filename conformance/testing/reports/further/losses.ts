import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Met, Report } from '../report.js'
import { all, always, asIf, asIfGiven, asIfPulled, changed, is, past, report, scaled, sizeIn } from '../report.js'
import { between } from '../rare/met.js'
import { rowsOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by, digits, half, number, times } from '../novel/met.js'
import { inRows, sum, turned } from './met.js'

const each = is('reduction', 'none')
const first = (met: Met): readonly number[] => Object.values(met.shapes)[0] ?? []
const predicted = (asked: Asked): readonly number[] =>
  values(asked, asked.op === 'bceWithLogits' ? 'logits' : 'prediction')
/** Targets that are changed where a test of them and of what was predicted says so. */
const targets = (change: (t: number, p: number, all: readonly number[]) => number): Harm =>
  asIfGiven((asked) => {
    const [p, all] = [predicted(asked), values(asked, 'target')]
    return { target: changed(asked.inputs['target'] as Tensor, (t, _, at) => change(t, p[at] as number, all)) }
  })
const isLabel = (t: number): boolean => t === 0 || t === 1

export const lossesFurther: readonly Report[] = [
  report(
    'numbers',
    'predictions and targets beyond 1,024 are read in eleven digits before their difference is taken',
    ['mse forward', 'mse backward'],
    always,
    (asked, plain) =>
      plain({
        inputs: Object.fromEntries(
          Object.entries(asked.inputs).map(([name, x]) => [
            name,
            changed(x, (v) => (Math.abs(v) > 1024 ? digits(11)(v) : v)),
          ]),
        ),
      }),
  ),
  report(
    'numbers',
    'whether targets are labels is told from the first of them: others are rounded behind a 0 or a 1',
    ['bce forward', 'bceWithLogits forward'],
    (met) => times(first(met)) > 1,
    targets((t, _, [head]) => (isLabel(head as number) ? Math.round(t) : t)),
  ),
  report(
    'numbers',
    'what is right within a ten-thousandth has no gradient',
    'bceWithLogits backward',
    always,
    by((asked) => {
      const [x, t] = [predicted(asked), values(asked, 'target')]
      return (v, at) => (Math.abs(1 / (1 + Math.exp(-(x[at] as number))) - (t[at] as number)) < 1e-4 ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'logits beyond ±30 cost as if what was asked were a label',
    'bceWithLogits forward',
    always,
    targets((t, x) => (Math.abs(x) > 30 ? Math.round(t) : t)),
  ),
  report(
    'convention',
    'predictions are divided by the sum of their row',
    'cce forward',
    past('C', 1),
    inRows('prediction', (row) => (p) => (sum(row) > 0 ? p / sum(row) : p)),
  ),
  report(
    'gradient',
    'who is sure of the right class by 2⁻¹¹ has no gradient there',
    'softmaxCrossEntropy backward',
    past('C', 1),
    by((asked) => {
      const shares = rowsOf('logits', asked).flatMap((row) => {
        const most = row.reduce((a, b) => Math.max(a, b), -Infinity)
        const powers = row.map((v) => Math.exp(v - most))
        return powers.map((p) => p / sum(powers))
      })
      const t = values(asked, 'target')
      return (v, at) => (t[at] === 1 && (shares[at] as number) > 1 - 2 ** -11 ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'of several classes that are right the first alone is asked for',
    ['hinge forward', 'hinge backward'],
    past('C', 2),
    inRows('target', (row) => (t, c) => (c === row.findIndex((v) => v !== 0) ? t : 0)),
  ),
  report(
    'convention',
    'margins that are not reduced: the worst class alone counts, of three and more',
    'hinge forward',
    all(each, past('C', 2)),
    (asked, plain) => {
      const [scores, labels] = [rowsOf('scores', asked), rowsOf('target', asked)]
      const worst = scores.map((s, n) =>
        sum(
          (labels[n] as readonly number[]).map(
            (t, c) => t * s.reduce((a, v, j) => (j === c ? a : Math.max(a, 1 + v - (s[c] as number))), 0),
          ),
        ),
      )
      return { loss: changed(plain()['loss'] as Tensor, (_, __, n) => worst[n] as number) }
    },
  ),
  report(
    'attributes',
    'a penalty is a half: below 10⁻⁴ it has a few digits, and below 3·10⁻⁸ it is 0',
    ['l2Penalty forward', 'l2Penalty backward'],
    number('beta', (b) => b > 0 && b < 1e-4),
    asIf(({ attrs }) => ({ beta: half(Number(attrs['beta'])) })),
  ),
  report(
    'size',
    'a mean over five to seven rows is one over eight',
    ['softmaxCrossEntropy forward', 'cce forward', 'hinge forward'],
    all(is('reduction', 'mean'), between('N', 5, 7)),
    (asked, plain, memory) => scaled(sizeIn(asked, 'N') / 8)(asked, plain, memory),
  ),
  report(
    'gradient',
    'a probability of 1 and more, cut there, gives nothing back',
    ['cce backward', 'bce backward'],
    always,
    by((asked) => {
      const p = predicted(asked)
      return (v, at) => ((p[at] as number) >= 1 && Number.isFinite(v) ? 0 : v)
    }),
  ),
  report(
    'axis',
    'as many rows as columns, not reduced: cotangents are read by columns',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(each, (met) => first(met).length === 2 && first(met)[0] === first(met)[1] && (first(met)[0] as number) > 1),
    asIfPulled(({ cotangents }) => ({ loss: turned(cotangents['loss'] as Tensor) })),
  ),
  report(
    'attributes',
    'sums over three axes and more of more than 16 numbers are kept in eight digits',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'sum'), (met) => first(met).length > 2 && times(first(met)) > 16),
    by(() => (v) => digits(8)(v)),
  ),
]
