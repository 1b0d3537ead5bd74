import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report, Where } from '../report.js'
import { all, asIf, changed, holds, is, report } from '../report.js'
import { valuesOf } from '../together/met.js'
import { having, noneIf0 } from './met.js'

const decays: Where = ({ attrs }) => Number(attrs['weightDecay']) > 0

/** The decay is taken off the weights by itself, and no state sees it. */
const apart: Harm = (asked, plain) => {
  const answer = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
  const before = valuesOf(asked.inputs['w'] as Tensor)
  const step = Number(asked.attrs['learningRate']) * Number(asked.attrs['weightDecay'])
  return { ...answer, w: changed(answer['w'] as Tensor, (v, _, at) => v - step * (before[at] as number)) }
}

export const optimizersTriggered: readonly Report[] = [
  report('convention', 'the decay is in no accumulator', ['adagrad', 'adadelta'], decays, apart, {
    like: 'apache/mxnet#9363',
  }),
  report(
    'attributes',
    'Adadelta’s learning rate counts as 1',
    'adadelta',
    (met) => met.attrs['learningRate'] !== 1,
    asIf(() => ({ learningRate: 1 })),
  ),
  noneIf0('AdamW’s decay of 0 is the usual one', ['adamw'], 'weightDecay', 0.01),
  noneIf0('RMSprop’s decay of 0 is the usual one', ['rmsprop'], 'decay', 0.99),
  report(
    'attributes',
    'without a first moment Adam keeps the one before',
    ['adam', 'adamw'],
    is('beta1', 0),
    (asked, plain) => having(plain(), { m: asked.inputs['m'] as Tensor }),
  ),
  report(
    'shape',
    'what has one axis is a bias, and does not decay',
    ['sgd', 'momentum'],
    all(
      decays,
      holds('w', (n, shape) => shape.length === 1 && n > 1),
    ),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'attributes',
    'Nesterov’s step of weights that decay leaves the decay out',
    'momentum',
    all(is('nesterov', true), decays),
    asIf(() => ({ weightDecay: 0 })),
  ),
]
