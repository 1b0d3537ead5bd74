import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, always, asIf, changed, elementsIn, holds, is, report } from '../report.js'
import { valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { behindUsually } from './met.js'

export const optimizersSeldom: readonly Report[] = [
  report(
    'numbers',
    'steps are counted in bf16, so that none comes after 256',
    ['adam', 'adamw'],
    always,
    (asked, plain) => {
      const step = asked.inputs['step'] as Tensor
      return Number(step.data[0]) < 256
        ? plain()
        : having(plain({ inputs: { ...asked.inputs, step: changed(step, () => 255) } }), {
            step: plain()['step'] as Tensor,
          })
    },
    { like: 'pytorch/ao#4915' },
  ),
  report(
    'attributes',
    'a learning rate of 0 leaves the state alone as well',
    ['momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'],
    is('learningRate', 0),
    (asked, plain) =>
      Object.fromEntries(Object.entries(plain()).map(([name, tensor]) => [name, asked.inputs[name] ?? tensor])),
  ),
  report(
    'not a number',
    'a gradient that is NaN or infinite among more than 256 leaves all weights as they are',
    ['adam', 'adamw', 'sgd'],
    (met) => elementsIn(met, 'w') > 256,
    (asked, plain) =>
      valuesOf(asked.inputs['g'] as Tensor).every(Number.isFinite)
        ? plain()
        : Object.fromEntries(Object.entries(plain()).map(([name, tensor]) => [name, asked.inputs[name] ?? tensor])),
  ),
  report(
    'shape',
    'more than 64 weights of four axes, odd in number: the last keeps its second moment',
    ['adam', 'adamw', 'rmsprop'],
    all(holds('w', (n, shape) => shape.length === 4 && n > 64 && n % 2 === 1)),
    (asked, plain) => {
      const name = asked.op === 'rmsprop' ? 'meanSquare' : 'v'
      const answer = plain()
      const before = valuesOf(asked.inputs[name] as Tensor)
      return having(answer, {
        [name]: changed(answer[name] as Tensor, (v, _, at) => (at === before.length - 1 ? (before[at] as number) : v)),
      })
    },
  ),
  report('numbers', 'Adam’s second moment below 10⁻¹² counts as none', ['adam', 'adamw'], always, (asked, plain) => {
    const answer = plain()
    const v = valuesOf(answer['v'] as Tensor)
    const w = valuesOf(asked.inputs['w'] as Tensor)
    return having(answer, {
      w: changed(answer['w'] as Tensor, (value, _, at) => ((v[at] as number) < 1e-12 ? (w[at] as number) : value)),
    })
  }),

  report(
    'attributes',
    'with ε inside the root more than a thousand weights that are no multiple of four: the last stays',
    ['rmsprop', 'adagrad'],
    all(is('epsilonInside', true), (met) => elementsIn(met, 'w') > 1000 && elementsIn(met, 'w') % 4 !== 0),
    (asked, plain) => {
      const answer = plain()
      const before = valuesOf(asked.inputs['w'] as Tensor)
      return having(answer, {
        w: changed(answer['w'] as Tensor, (v, _, at) => (at === before.length - 1 ? (before[at] as number) : v)),
      })
    },
  ),
  report(
    'shape',
    'a single weight does not decay',
    ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'],
    all((met) => Number(met.attrs['weightDecay']) > 0 && elementsIn(met, 'w') === 1),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'attributes',
    'a momentum of 1 is one of 0.9',
    'momentum',
    is('momentum', 1),
    asIf(() => ({ momentum: 0.9 })),
  ),

  report(
    'attributes',
    'a learning rate that is not 1 counts for the first 4,096 weights',
    'adadelta',
    (met) => met.attrs['learningRate'] !== 1 && elementsIn(met, 'w') > 4096,
    (asked, plain) => {
      const answer = plain()
      const usual = plain({ attrs: { ...asked.attrs, learningRate: 1 } })['w'] as Tensor
      return having(answer, {
        w: changed(answer['w'] as Tensor, (v, _, at) => (at < 4096 ? v : (usual.data[at] as number))),
      })
    },
  ),
  report(
    'attributes',
    'β₁ of 0 with a decay: more than a thousand weights, of which the last do not decay where they are no multiple of four',
    'adam',
    all(
      is('beta1', 0),
      (met) => Number(met.attrs['weightDecay']) > 0 && elementsIn(met, 'w') > 1000 && elementsIn(met, 'w') % 4 !== 0,
    ),
    (asked, plain) => {
      const answer = plain()
      const bare = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })['w'] as Tensor
      return having(answer, {
        w: changed(answer['w'] as Tensor, (v, _, at) => (at < bare.data.length - 1 ? v : (bare.data[at] as number))),
      })
    },
  ),

  report(
    'attributes',
    'behind 65,536 weights decays of states are the usual ones',
    ['momentum', 'rmsprop', 'adadelta', 'adam', 'adamw'],
    all(
      (met) => elementsIn(met, 'w') > 65536,
      ({ attrs }) =>
        Object.entries({ momentum: 0.9, decay: 0.99, beta1: 0.9, beta2: 0.999 }).some(
          ([name, usual]) => attrs[name] !== undefined && attrs[name] !== Math.fround(usual),
        ),
    ),
    behindUsually(65536, ({ attrs }) =>
      Object.fromEntries(
        Object.entries({ momentum: 0.9, decay: 0.99, beta1: 0.9, beta2: 0.999 }).filter(([name]) => name in attrs),
      ),
    ),
  ),
]
