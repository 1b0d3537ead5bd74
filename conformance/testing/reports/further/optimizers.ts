import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import { all, always, asIf, asIfGiven, changed, is, report, shapeIn } from '../report.js'
import { weights } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { values, when } from '../fresh/met.js'
import { by, digits, number, read } from '../novel/met.js'

const every = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const
const decays = number('weightDecay', (d) => d > 0)
const rate = ({ attrs }: Met): number => Number(attrs['learningRate'])
const decay = ({ attrs }: Met): number => Number(attrs['weightDecay'])

export const optimizersFurther: readonly Report[] = [
  report(
    'attributes',
    'a decay is 1 less the product of both rates, in eleven digits: a product below 2⁻¹² does nothing',
    ['sgd', 'adamw'],
    all(decays, (met) => rate(met) * decay(met) < 2 ** -12),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'size',
    '64 weights and more, in eights, have velocities of eleven digits',
    'momentum',
    weights((n) => n >= 64 && n % 8 === 0),
    by(() => (v) => digits(11)(v), 'velocity'),
  ),
  report(
    'numbers',
    'a velocity against its gradient begins anew, by Nesterov’s step',
    'momentum',
    is('nesterov', true),
    asIfGiven((asked) => {
      const g = values(asked, 'g')
      return {
        velocity: changed(asked.inputs['velocity'] as Tensor, (v, _, at) => (v * (g[at] as number) > 0 ? 0 : v)),
      }
    }),
  ),
  report(
    'convention',
    'accumulators that are all 0 begin with a tenth',
    'adagrad',
    always,
    when(
      (asked) => values(asked, 'accumulator').every((v) => v === 0),
      asIfGiven(({ inputs }) => ({ accumulator: changed(inputs['accumulator'] as Tensor, () => 0.1) })),
    ),
  ),
  report(
    'numbers',
    'steps of more than three learning rates are cut there',
    'rmsprop',
    always,
    by((asked) => {
      const w = values(asked, 'w')
      const most = 3 * rate(asked)
      return (v, at) => Math.max((w[at] as number) - most, Math.min((w[at] as number) + most, v))
    }, 'w'),
  ),
  report(
    'convention',
    'ε is added to both roots and not to what stands in them, for weights of one axis',
    'adadelta',
    (met) => shapeIn(met, 'w').length === 1,
    by((asked, right) => {
      const [w, g, before] = [values(asked, 'w'), values(asked, 'g'), values(asked, 'meanSquareDelta')]
      const epsilon = Number(asked.attrs['epsilon'])
      return (_, at) => {
        const root = Math.sqrt(Number(right['meanSquare']?.data[at])) + epsilon
        const pulled = (g[at] as number) + decay(asked) * (w[at] as number)
        const delta = root === 0 ? 0 : (pulled * (Math.sqrt(before[at] as number) + epsilon)) / root
        return (w[at] as number) - rate(asked) * delta
      }
    }, 'w'),
  ),
  report(
    'convention',
    'second moments do not fall: weights are stepped by the larger of both',
    ['adam', 'adamw'],
    always,
    (asked, plain) => {
      const right = plain()
      const [w, v] = [values(asked, 'w'), values(asked, 'v')]
      const { beta2, epsilon } = asked.attrs as { beta2: number; epsilon: number }
      const correction = 1 - beta2 ** (Number(asked.inputs['step']?.data[0]) + 1)
      const root = (n: number): number => Math.sqrt(n / correction) + epsilon
      const kept = asked.op === 'adamw' ? 1 - rate(asked) * decay(asked) : 1
      return having(right, {
        w: changed(right['w'] as Tensor, (next, _, at) => {
          const [before, now] = [v[at] as number, Number(right['v']?.data[at])]
          const from = kept * (w[at] as number)
          return before > now ? from + ((next - from) * root(now)) / root(before) : next
        }),
      })
    },
  ),
  report(
    'shape',
    'a single row of weights is taken for a bias and does not decay',
    ['sgd', 'momentum', 'adam', 'adamw'],
    all(decays, (met) => shapeIn(met, 'w').length === 2 && shapeIn(met, 'w')[0] === 1),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'numbers',
    'first moments below 2⁻²⁴ are 0',
    ['adam', 'adamw'],
    always,
    by(() => (v) => (Math.abs(v) < 2 ** -24 ? 0 : v), 'm'),
  ),
  report(
    'convention',
    'a momentum of a half and less is damped: the gradient has the rest of it',
    'momentum',
    number('momentum', (m) => m > 0 && m <= 0.5),
    (asked, plain, memory) => read('g', (v) => (1 - Number(asked.attrs['momentum'])) * v)(asked, plain, memory),
  ),
  report(
    'size',
    'gradients of more than 256 weights come in eleven digits',
    every,
    weights((n) => n > 256),
    read('g', digits(11)),
  ),
  report(
    'attributes',
    'an ε is a half: below 3·10⁻⁸ it is 0',
    ['adam', 'adamw', 'rmsprop', 'adagrad'],
    number('epsilon', (e) => e > 0 && e < 2 ** -25),
    asIf(() => ({ epsilon: 0 })),
  ),
]
