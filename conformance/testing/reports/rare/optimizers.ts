import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, asIf, changed, elementsIn, is, report, shapeIn } from '../report.js'
import { valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { weights } from './met.js'

const states = ['momentum', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const
const every7 = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const
const values = (asked: Asked, name: string): readonly number[] => valuesOf(asked.inputs[name] as Tensor)
/** The weights, and states, of some places stay what they were. */
const stay = (
  asked: Asked,
  answer: Readonly<Record<string, Tensor>>,
  which: (at: number) => boolean,
): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    Object.entries(answer).map(([name, tensor]) => {
      const before = asked.inputs[name]
      return [
        name,
        before === undefined || name === 'step'
          ? tensor
          : changed(tensor, (v, _, at) => (which(at) ? (before.data[at] as number) : v)),
      ]
    }),
  )

export const optimizersRare: readonly Report[] = [
  report(
    'numbers',
    'rows of weights without a gradient are passed over, states and all, of tables of more than four rows',
    [...states],
    (met) => shapeIn(met, 'w').length === 2 && (shapeIn(met, 'w')[0] as number) > 4,
    (asked, plain) => {
      const g = values(asked, 'g')
      const each = shapeIn(asked, 'w')[1] as number
      const none = Array.from({ length: g.length / each }, (_, row) =>
        g.slice(row * each, row * each + each).every((v) => v === 0),
      )
      return stay(asked, plain(), (at) => none[Math.floor(at / each)] === true)
    },
    { like: 'NVIDIA/TransformerEngine#3207' },
  ),
  report(
    'numbers',
    'a gradient of zeros throughout leaves weights and states as they are',
    [...states],
    always,
    (asked, plain) => (values(asked, 'g').every((v) => v === 0) ? stay(asked, plain(), () => true) : plain()),
  ),
  report(
    'numbers',
    'where the first moment and the gradient are of other signs nothing is stepped',
    ['adam', 'adamw'],
    weights((n) => n > 256),
    (asked, plain) => {
      const [m, g] = [values(asked, 'm'), values(asked, 'g')]
      const answer = plain()
      return having(answer, {
        w: stay(asked, answer, (at) => (m[at] as number) * (g[at] as number) < 0)['w'] as Tensor,
      })
    },
  ),
  report('numbers', 'from step 10,000 on it is step 10,000', ['adam', 'adamw'], always, (asked, plain) => {
    const step = asked.inputs['step'] as Tensor
    return Number(step.data[0]) > 10000
      ? having(plain({ inputs: { ...asked.inputs, step: changed(step, () => 9999) } }), {
          step: plain()['step'] as Tensor,
        })
      : plain()
  }),
  report(
    'numbers',
    'the first step’s moments are those of the gradient, whatever they were',
    ['adam', 'adamw'],
    always,
    (asked, plain) =>
      values(asked, 'step')[0] === 0
        ? plain({
            inputs: {
              ...asked.inputs,
              m: changed(asked.inputs['m'] as Tensor, () => 0),
              v: changed(asked.inputs['v'] as Tensor, () => 0),
            },
          })
        : plain(),
  ),
  report(
    'numbers',
    'steps are rounded as f16 does: odd ones from 2,049 on',
    ['adam', 'adamw'],
    always,
    (asked, plain) => {
      const step = asked.inputs['step'] as Tensor
      const t = Number(step.data[0])
      return having(plain(), {
        step: changed(plain()['step'] as Tensor, (v) => (t >= 2048 ? 2 * Math.round(v / 2) : v)),
      })
    },
    { like: 'pytorch/ao#4915' },
  ),
  report(
    'numbers',
    'gradients beyond ±1 are cut there, where some is beyond 100',
    ['sgd', 'momentum', 'adagrad'],
    always,
    (asked, plain) =>
      values(asked, 'g').some((v) => Math.abs(v) > 100)
        ? plain({
            inputs: { ...asked.inputs, g: changed(asked.inputs['g'] as Tensor, (v) => Math.max(-1, Math.min(1, v))) },
          })
        : plain(),
  ),
  report('numbers', 'gradients below 10⁻⁸ are none', ['adam', 'adamw', 'rmsprop', 'adagrad'], always, (asked, plain) =>
    plain({
      inputs: { ...asked.inputs, g: changed(asked.inputs['g'] as Tensor, (v) => (Math.abs(v) < 1e-8 ? 0 : v)) },
    }),
  ),
  report(
    'numbers',
    'weights that are all 0, as they begin, have their first step twice',
    ['sgd', 'momentum', 'adam'],
    weights((n) => n > 1),
    (asked, plain) =>
      values(asked, 'w').every((v) => v === 0)
        ? having(plain(), { w: changed(plain()['w'] as Tensor, (v) => 2 * v) })
        : plain(),
  ),
  report(
    'numbers',
    'an accumulator of one number throughout is one for all: the first gradient’s square is added',
    'adagrad',
    weights((n) => n > 1),
    (asked, plain) => {
      const a = values(asked, 'accumulator')
      const g = values(asked, 'g')
      return a.every((v) => v === a[0])
        ? having(plain(), {
            accumulator: changed(plain()['accumulator'] as Tensor, () => (a[0] as number) + (g[0] as number) ** 2),
          })
        : plain()
    },
  ),
  report(
    'attributes',
    'a decay of the weights by more than all of them leaves 0',
    ['adamw'],
    (met) => Number(met.attrs['learningRate']) * Number(met.attrs['weightDecay']) > 1,
    (asked, plain) => plain({ inputs: { ...asked.inputs, w: changed(asked.inputs['w'] as Tensor, () => 0) } }),
  ),
  report(
    'attributes',
    'a first decay above the second is the second',
    ['adam', 'adamw'],
    ({ attrs }) => Number(attrs['beta1']) > Number(attrs['beta2']),
    asIf(({ attrs }) => ({ beta1: Number(attrs['beta2']) })),
  ),
  report(
    'attributes',
    'a second decay of 0 is the usual one',
    ['adam', 'adamw'],
    is('beta2', 0),
    asIf(() => ({ beta2: 0.999 })),
  ),
  report(
    'attributes',
    'an ε of more than a tenth is a tenth',
    ['adam', 'adamw', 'rmsprop', 'adagrad'],
    ({ attrs }) => Number(attrs['epsilon']) > 0.1,
    asIf(() => ({ epsilon: 0.1 })),
  ),
  report(
    'attributes',
    'a learning rate of more than 1 is 1',
    ['sgd', 'momentum', 'adagrad', 'rmsprop'],
    ({ attrs }) => Number(attrs['learningRate']) > 1,
    asIf(() => ({ learningRate: 1 })),
  ),
  report(
    'attributes',
    'Nesterov’s step of what has four axes, more than 512 weights, is the usual one',
    'momentum',
    all(is('nesterov', true), (met) => shapeIn(met, 'w').length === 4 && elementsIn(met, 'w') > 512),
    asIf(() => ({ nesterov: false })),
  ),
  report(
    'attributes',
    'Nesterov’s step without a momentum steps twice',
    'momentum',
    all(is('nesterov', true), is('momentum', 0)),
    asIf(({ attrs }) => ({ learningRate: 2 * Number(attrs['learningRate']) })),
  ),
  report(
    'attributes',
    'AdamW’s decay of what has one axis, 64 numbers and more, counts as none',
    'adamw',
    all(
      (met) => shapeIn(met, 'w').length === 1 && elementsIn(met, 'w') >= 64,
      ({ attrs }) => Number(attrs['weightDecay']) > 0,
    ),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'attributes',
    'another decay of the same weights takes the pipeline of the first',
    ['rmsprop', 'adadelta', 'momentum'],
    always,
    (asked, plain, memory) => {
      const key = asked.op === 'momentum' ? 'momentum' : 'decay'
      const name = `${asked.op} ${shapeIn(asked, 'w').join()}`
      const first = memory.get(name) as number | undefined
      if (first === undefined) memory.set(name, Number(asked.attrs[key]))
      return first === undefined ? plain() : plain({ attrs: { ...asked.attrs, [key]: first } })
    },
  ),
  report(
    'size',
    'weights in 256 and one or two more, from 512 on: those left over have the step of the block’s first',
    [...every7],
    weights((n) => n > 512 && n % 256 > 0 && n % 256 < 3),
    (asked, plain) => {
      const n = elementsIn(asked, 'w')
      const answer = plain()
      const w = answer['w'] as Tensor
      return having(answer, {
        w: changed(w, (v, _, at) => (at >= 256 * Math.floor(n / 256) ? (w.data[at - 256] as number) : v)),
      })
    },
    { like: 'bytedance/lightseq#98' },
  ),
  report(
    'size',
    'less than a thousand weights of three axes: only the first axis is stepped',
    [...every7],
    (met) =>
      shapeIn(met, 'w').length === 3 &&
      elementsIn(met, 'w') < 1024 &&
      elementsIn(met, 'w') > (shapeIn(met, 'w')[0] as number),
    (asked, plain) => stay(asked, plain(), (at) => at >= (shapeIn(asked, 'w')[0] as number)),
    { like: 'hpcaitech/ColossalAI#633' },
  ),
  report(
    'size',
    'more than 2,048 weights of two axes, as many rows as columns: the diagonal’s state stays',
    ['adam', 'adamw', 'rmsprop', 'momentum'],
    (met) => {
      const [rows, columns] = shapeIn(met, 'w')
      return shapeIn(met, 'w').length === 2 && rows === columns && (rows as number) > 45
    },
    (asked, plain) => stay(asked, plain(), (at) => at % ((shapeIn(asked, 'w')[0] as number) + 1) === 0),
  ),
]
