import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report, Where } from '../report.js'
import { all, always, asIf, changed, is, lost, report, scaled } from '../report.js'
import { valuesOf } from '../together/met.js'
import { count } from './met.js'

const atStep =
  (least: number, harm: Harm): Harm =>
  (asked, plain, memory) =>
    (valuesOf(asked.inputs['step'] as Tensor)[0] as number) >= least ? harm(asked, plain, memory) : plain()
const decays: Where = ({ attrs }) => Number(attrs['weightDecay']) > 0

export const optimizersChosen: readonly Report[] = [
  report(
    'numbers',
    'from step 1,000 on nothing is corrected',
    ['adam', 'adamw'],
    always,
    atStep(999, scaled(0.5, 'w')),
  ),
  report(
    'size',
    'more than 65,536 weights: the rest keep their state',
    ['adagrad', 'adadelta', 'rmsprop'],
    count('w', (n) => n > 65536),
    (asked, plain) =>
      Object.fromEntries(
        Object.entries(plain()).map(([name, tensor]) => {
          const before = valuesOf(asked.inputs[name] as Tensor)
          return [name, changed(tensor, (v, _, at) => (at >= 65536 && name !== 'w' ? (before[at] as number) : v))]
        }),
      ),
  ),
  report(
    'size',
    'more than a thousand weights, no multiple of four: the last keep their velocity',
    'momentum',
    count('w', (n) => n > 1000 && n % 4 !== 0),
    (asked, plain) => {
      const answer = plain()
      const before = valuesOf(asked.inputs['velocity'] as Tensor)
      const whole = 4 * Math.floor(before.length / 4)
      return {
        ...answer,
        velocity: changed(answer['velocity'] as Tensor, (v, _, at) => (at >= whole ? (before[at] as number) : v)),
      }
    },
  ),
  report(
    'attributes',
    'with ε inside the root nothing decays',
    ['rmsprop', 'adagrad'],
    all(is('epsilonInside', true), decays),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'size',
    'more than 4,096 weights, no multiple of four, that decay',
    ['sgd', 'adamw'],
    all(
      decays,
      count('w', (n) => n > 4096 && n % 4 !== 0),
    ),
    lost((place, shape) => (place.at(-1) as number) === (shape.at(-1) as number) - 1, 'w'),
  ),
]
