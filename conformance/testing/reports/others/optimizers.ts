import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Report } from '../report.js'
import { always, asIf, changed, holds, is, kept, report } from '../report.js'
import { f32 } from './met.js'

const optimizers = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const

// a step of Adam as someone else writes it
const adamAs =
  (step: (m: number, v: number, t: number, attrs: Asked['attrs']) => number): Harm =>
  (asked, plain) => {
    const answer = plain()
    const [m, v, w] = [answer['m'], answer['v'], asked.inputs['w'] as Tensor]
    if (m === undefined || v === undefined || answer['w'] === undefined) return answer
    const t = ((asked.inputs['step'] as Tensor).data[0] as number) + 1
    const decay =
      asked.op === 'adamw'
        ? f32(1 - (asked.attrs['learningRate'] as number) * (asked.attrs['weightDecay'] as number))
        : 1
    return {
      ...answer,
      w: changed(
        w,
        (value, _, at) =>
          decay * value -
          (asked.attrs['learningRate'] as number) * step(m.data[at] as number, v.data[at] as number, t, asked.attrs),
      ),
    }
  }
const correction = (beta: unknown, t: number): number => 1 - (beta as number) ** t

export const optimizing: readonly Report[] = [
  report(
    'convention',
    'Adam’s ε inside the root',
    'adam',
    always,
    adamAs(
      (m, v, t, { beta1, beta2, epsilon }) =>
        m / correction(beta1, t) / Math.sqrt(v / correction(beta2, t) + (epsilon as number)),
    ),
    { like: 'keras-team/keras#17391' },
  ),
  report(
    'convention',
    'Adam without its corrections',
    'adam',
    always,
    adamAs((m, v, _, { epsilon }) => m / (Math.sqrt(v) + (epsilon as number))),
    { like: 'ml-explore/mlx#1640' },
  ),
  report(
    'convention',
    'ε is added before the correction',
    'adamw',
    always,
    adamAs(
      (m, v, t, { beta1, beta2, epsilon }) =>
        (m / correction(beta1, t)) * (Math.sqrt(correction(beta2, t)) / (Math.sqrt(v) + (epsilon as number))),
    ),
    { like: 'ml-explore/mlx#1640' },
  ),
  report(
    'convention',
    'the first step counts as none',
    'adam',
    always,
    adamAs(
      (m, v, t, { beta1, beta2, epsilon }) =>
        m /
        Math.max(correction(beta1, t - 1), 1e-12) /
        (Math.sqrt(v / Math.max(correction(beta2, t - 1), 1e-12)) + (epsilon as number)),
    ),
  ),
  report(
    'convention',
    'AdamW’s decay is in the gradient',
    'adamw',
    ({ attrs }) => (attrs['weightDecay'] as number) > 0,
    (asked, plain) => {
      const [w, g] = [asked.inputs['w'] as Tensor, asked.inputs['g'] as Tensor]
      const decay = asked.attrs['weightDecay'] as number
      return plain({
        attrs: { ...asked.attrs, weightDecay: 0 },
        inputs: { ...asked.inputs, g: changed(g, (v, _, at) => v + decay * (w.data[at] as number)) },
      })
    },
  ),
  report(
    'convention',
    'Nesterov’s step is the usual one',
    'momentum',
    is('nesterov', true),
    asIf(() => ({ nesterov: false })),
  ),
  report(
    'convention',
    'RMSprop’s ε inside the root',
    'rmsprop',
    is('epsilonInside', false),
    asIf(() => ({ epsilonInside: true })),
  ),
  report(
    'size',
    'more than 65,536 weights: the rest stay',
    ['sgd', 'adam'],
    holds('w', (n) => n > 65536),
    (asked, plain) => {
      const answer = plain()
      const w = asked.inputs['w'] as Tensor
      return answer['w'] === undefined
        ? answer
        : { ...answer, w: changed(answer['w'], (v, _, at) => (at < 65536 ? v : (w.data[at] as number))) }
    },
  ),
  report(
    'size',
    'more than a million weights: the rest stay',
    optimizers,
    holds('w', (n) => n > 2 ** 20),
    (asked, plain) => {
      const answer = plain()
      const w = asked.inputs['w'] as Tensor
      return answer['w'] === undefined
        ? answer
        : { ...answer, w: changed(answer['w'], (v, _, at) => (at < 2 ** 20 ? v : (w.data[at] as number))) }
    },
  ),
  report(
    'numbers',
    'where all of the accumulator is 0 and so is the gradient: NaN',
    'adagrad',
    always,
    (asked, plain) => {
      const [g, G] = [asked.inputs['g'] as Tensor, asked.inputs['accumulator'] as Tensor]
      const answer = plain()
      return answer['w'] === undefined
        ? answer
        : { ...answer, w: changed(answer['w'], (v, _, at) => (g.data[at] === 0 && G.data[at] === 0 ? NaN : v)) }
    },
  ),
  report(
    'history',
    'moments are updated where they lie, so that the second step starts from the first’s',
    'adam',
    always,
    kept('m'),
  ),
]
