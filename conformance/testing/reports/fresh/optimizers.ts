import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report, Where } from '../report.js'
import { all, always, asIf, changed, is, report, shapeIn } from '../report.js'
import { weights } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { values, when } from './met.js'

const number =
  (name: string, test: (n: number) => boolean): Where =>
  ({ attrs }) =>
    test(Number(attrs[name]))
const axes =
  (n: number): Where =>
  (met: Met) =>
    shapeIn(met, 'w').length === n
const decays = number('weightDecay', (d) => d > 0)

export const optimizersFresh: readonly Report[] = [
  report(
    'attributes',
    'Nesterov’s step of weights that decay, no multiple of four, more than eight: the last are not decayed',
    'momentum',
    all(
      is('nesterov', true),
      decays,
      weights((n) => n > 8 && n % 4 !== 0),
    ),
    (asked, plain) => {
      const other = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      const n = (asked.inputs['w'] as Tensor).data.length
      return Object.fromEntries(
        Object.entries(plain()).map(([name, x]) => [
          name,
          changed(x, (v, _, at) => (at >= 4 * Math.floor(n / 4) ? Number(other[name]?.data[at]) : v)),
        ]),
      )
    },
  ),
  report(
    'attributes',
    'ε inside the root of weights that decay and have four axes: it is outside',
    ['rmsprop', 'adagrad'],
    all(is('epsilonInside', true), decays, axes(4)),
    asIf(() => ({ epsilonInside: false })),
  ),
  report(
    'numbers',
    'ε inside the root where the state is 0 throughout: it is left out',
    ['rmsprop', 'adagrad'],
    all(is('epsilonInside', true)),
    when(
      (asked) => values(asked, asked.op === 'rmsprop' ? 'meanSquare' : 'accumulator').every((v) => v === 0),
      asIf(() => ({ epsilon: 0 })),
    ),
  ),
  report(
    'numbers',
    'beyond 1,000 steps of a second decay below 0.99 the correction is that of 0.999',
    ['adam', 'adamw'],
    number('beta2', (b) => b < 0.99),
    when(
      (asked) => (values(asked, 'step')[0] as number) > 1000,
      (asked, plain) => having(plain(), { w: plain({ attrs: { ...asked.attrs, beta2: 0.999 } })['w'] as Tensor }),
    ),
  ),
  report(
    'numbers',
    'the second step of a first decay of more than 0.95 is corrected as the first',
    ['adam', 'adamw'],
    number('beta1', (b) => b > 0.95),
    when(
      (asked) => values(asked, 'step')[0] === 1,
      (asked, plain) =>
        having(plain(), {
          w: plain({ inputs: { ...asked.inputs, step: changed(asked.inputs['step'] as Tensor, () => 0) } })[
            'w'
          ] as Tensor,
        }),
    ),
  ),
  report(
    'attributes',
    'a first decay of 0 of weights that decay, two axes: the decay is that of AdamW',
    'adam',
    all(is('beta1', 0), decays, axes(2)),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'attributes',
    'a learning rate of Adadelta other than 1 holds for the decay of the weights alone, three axes',
    'adadelta',
    all(
      number('learningRate', (r) => r !== 1),
      decays,
      axes(3),
    ),
    asIf(() => ({ learningRate: 1 })),
  ),
  report(
    'attributes',
    'AdamW with a learning rate of 0 decays its weights by a thousandth',
    'adamw',
    all(is('learningRate', 0), decays),
    (asked, plain) => having(plain(), { w: changed(asked.inputs['w'] as Tensor, (v) => 0.999 * v) }),
  ),
  report(
    'attributes',
    'a momentum of more than 0.98 with a decay is 0.98, one axis',
    'momentum',
    all(
      number('momentum', (m) => m > 0.98),
      decays,
      axes(1),
    ),
    asIf(() => ({ momentum: 0.98 })),
  ),
  report(
    'attributes',
    'a decay of mean squares of less than a half, three axes and more: it is the rest of it',
    ['rmsprop', 'adadelta'],
    all(
      number('decay', (d) => d > 0 && d < 0.5),
      (met) => shapeIn(met, 'w').length > 2,
    ),
    asIf(({ attrs }) => ({ decay: 1 - Number(attrs['decay']) })),
  ),
  report(
    'numbers',
    'weights of more than 1,000 are cut there before they are stepped',
    ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'],
    always,
    (asked, plain) =>
      plain({
        inputs: { ...asked.inputs, w: changed(asked.inputs['w'] as Tensor, (v) => Math.max(-1000, Math.min(1000, v))) },
      }),
  ),
  report('numbers', 'accumulators of more than a million take in nothing more', 'adagrad', always, (asked, plain) => {
    const before = values(asked, 'accumulator')
    return having(plain(), {
      accumulator: changed(plain()['accumulator'] as Tensor, (v, _, at) =>
        (before[at] as number) > 1e6 ? (before[at] as number) : v,
      ),
    })
  }),
  report(
    'numbers',
    'a mean square of deltas far below that of gradients is the ε',
    'adadelta',
    always,
    (asked, plain) => {
      const [s, d] = [values(asked, 'meanSquare'), values(asked, 'meanSquareDelta')]
      const delta = asked.inputs['meanSquareDelta'] as Tensor
      return having(plain(), {
        w: plain({
          inputs: {
            ...asked.inputs,
            meanSquareDelta: changed(delta, (v, _, at) => ((d[at] as number) < 1e-3 * (s[at] as number) ? 0 : v)),
          },
        })['w'] as Tensor,
      })
    },
  ),
  report(
    'numbers',
    'second moments below the square of the gradient by a thousand times, after the first step: they are that square',
    ['adam', 'adamw'],
    always,
    (asked, plain) => {
      const [g, v] = [values(asked, 'g'), asked.inputs['v'] as Tensor]
      return (values(asked, 'step')[0] as number) > 0
        ? plain({
            inputs: {
              ...asked.inputs,
              v: changed(v, (each, _, at) =>
                each > 0 && each < 1e-3 * (g[at] as number) ** 2 ? (g[at] as number) ** 2 : each,
              ),
            },
          })
        : plain()
    },
  ),
  report(
    'size',
    'two axes of which the second leaves one over from four, more than 32 weights, decaying: the last column’s weights',
    ['sgd', 'adagrad', 'rmsprop', 'adam', 'adamw'],
    all(
      decays,
      axes(2),
      weights((n) => n > 32),
      (met) => (shapeIn(met, 'w')[1] as number) % 4 === 1,
    ),
    (asked, plain) => {
      const before = asked.inputs['w'] as Tensor
      return having(plain(), {
        w: changed(plain()['w'] as Tensor, (v, place, at) =>
          place()[1] === (before.shape[1] as number) - 1 ? Number(before.data[at]) : v,
        ),
      })
    },
  ),
]
