import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Met, Report, Where } from '../report.js'
import { all, always, asIf, changed, is, report, shapeIn } from '../report.js'
import { weights } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { values, when } from '../fresh/met.js'
import { by, half, number, read } from './met.js'

const axes =
  (n: number): Where =>
  (met: Met) =>
    shapeIn(met, 'w').length === n
const decays = number('weightDecay', (d) => d > 0)
const every = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const
const states: Readonly<Record<string, readonly string[]>> = {
  momentum: ['velocity'],
  adagrad: ['accumulator'],
  rmsprop: ['meanSquare'],
  adadelta: ['meanSquare', 'meanSquareDelta'],
  adam: ['m', 'v'],
  adamw: ['m', 'v'],
}
/** Weights and states stay as they were where an input is as a test says. */
const stay =
  (name: string, test: (v: number) => boolean): Harm =>
  (asked, plain) => {
    const decides = values(asked, name)
    return Object.fromEntries(
      Object.entries(plain()).map(([output, x]) => {
        const before = asked.inputs[output]
        return [
          output,
          before === undefined || output === 'step'
            ? x
            : changed(x, (v, _, at) => (test(decides[at] as number) ? Number(before.data[at]) : v)),
        ]
      }),
    )
  }

export const optimizersNovel: readonly Report[] = [
  report(
    'convention',
    'moments decay only where there is a gradient, as of a table of words: elements whose gradient is 0 stay',
    ['adam', 'adamw'],
    always,
    stay('g', (v) => v === 0),
  ),
  report(
    'numbers',
    'velocities decay only where there is a gradient',
    'momentum',
    weights((n) => n > 1),
    stay('g', (v) => v === 0),
  ),
  report(
    'numbers',
    'squares of gradients are kept in halves: of those below 2⁻¹³ nothing comes into the second moment',
    ['adam', 'adamw'],
    always,
    (asked, plain) =>
      having(plain(), {
        v: read('g', (v) => (Math.abs(v) < 2 ** -13 ? 0 : v))(asked, plain, new Map())['v'] as Tensor,
      }),
  ),
  report(
    'numbers',
    'the first of Nesterov’s steps, from velocities of 0, is a plain one',
    'momentum',
    is('nesterov', true),
    when(
      (asked) => values(asked, 'velocity').every((v) => v === 0),
      asIf(() => ({ nesterov: false })),
    ),
  ),
  report(
    'convention',
    'what has one axis, a bias or a factor, does not decay',
    ['sgd', 'momentum', 'adamw'],
    all(decays, axes(1)),
    asIf(() => ({ weightDecay: 0 })),
  ),
  report(
    'not a number',
    'weights whose gradient is NaN or Infinity are left, as where losses are scaled',
    ['sgd', 'momentum', 'adam'],
    always,
    stay('g', (v) => !Number.isFinite(v)),
  ),
  report(
    'numbers',
    'a mean square of zeros begins as the square itself',
    'rmsprop',
    always,
    when(
      (asked) => values(asked, 'meanSquare').every((v) => v === 0),
      (asked, plain) => having(plain(), { meanSquare: changed(asked.inputs['g'] as Tensor, (v) => v * v) }),
    ),
  ),
  report(
    'convention',
    'Adadelta’s mean square of steps takes them with the learning rate',
    'adadelta',
    number('learningRate', (r) => r !== 1),
    by((asked) => {
      const before = values(asked, 'meanSquareDelta')
      const [rate, decay] = [Number(asked.attrs['learningRate']), Number(asked.attrs['decay'])]
      return (v, at) => {
        const kept = decay * (before[at] as number)
        return kept + (v - kept) * rate ** 2
      }
    }, 'meanSquareDelta'),
  ),
  report(
    'shape',
    'filters of 3×3 over channels that are no multiple of four: the last filter’s state is not written',
    ['momentum', 'rmsprop', 'adam'],
    (met) => {
      const [O = 0, C = 0, KH = 0, KW = 0] = shapeIn(met, 'w')
      return shapeIn(met, 'w').length === 4 && O > 1 && C % 4 !== 0 && KH === 3 && KW === 3
    },
    (asked, plain) => {
      const [O = 1] = shapeIn(asked, 'w')
      return Object.fromEntries(
        Object.entries(plain()).map(([name, x]) => [
          name,
          (states[asked.op] ?? []).includes(name)
            ? changed(x, (v, place, at) => (place()[0] === O - 1 ? Number(asked.inputs[name]?.data[at]) : v))
            : x,
        ]),
      )
    },
  ),
  report(
    'attributes',
    'a learning rate is a half: below 10⁻⁴ it has a few digits, and below 3·10⁻⁸ it is 0',
    every,
    number('learningRate', (r) => r > 0 && r < 1e-4),
    asIf(({ attrs }) => ({ learningRate: half(Number(attrs['learningRate'])) })),
  ),
  report(
    'convention',
    'weights decay after their step and not before, by large learning rates',
    'adamw',
    all(
      decays,
      number('learningRate', (r) => r > 0.05),
    ),
    (asked, plain) => {
      const shrink = 1 - Number(asked.attrs['learningRate']) * Number(asked.attrs['weightDecay'])
      const bare = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      return having(plain(), { w: changed(bare['w'] as Tensor, (v) => shrink * v) })
    },
  ),
  report(
    'attributes',
    'Nesterov’s step decays twice',
    'momentum',
    all(is('nesterov', true), decays),
    (asked, plain) => {
      const more = { ...asked.attrs, weightDecay: 2 * Number(asked.attrs['weightDecay']) }
      return having(plain(), { w: plain({ attrs: more })['w'] as Tensor })
    },
  ),
  report(
    'numbers',
    'weights of 0 stay there, as of a network that is pruned',
    ['sgd', 'momentum', 'adam'],
    weights((n) => n > 1),
    (asked, plain) => {
      const w = values(asked, 'w')
      return having(plain(), { w: changed(plain()['w'] as Tensor, (v, _, at) => (w[at] === 0 ? 0 : v)) })
    },
  ),
  report(
    'numbers',
    'accumulators beyond 65,504 are Infinity, and nothing is learnt any more',
    'adagrad',
    always,
    (asked, plain) => {
      const [w, G] = [values(asked, 'w'), values({ ...asked, inputs: plain() }, 'accumulator')]
      return having(plain(), {
        w: changed(plain()['w'] as Tensor, (v, _, at) => ((G[at] as number) > 65504 ? (w[at] as number) : v)),
      })
    },
  ),
  report(
    'size',
    'more than 64 weights, one past a multiple of 64: the last is stepped twice',
    ['sgd', 'rmsprop', 'adagrad'],
    weights((n) => n > 64 && n % 64 === 1),
    (asked, plain) => {
      const [w, n] = [values(asked, 'w'), values(asked, 'w').length]
      return having(plain(), {
        w: changed(plain()['w'] as Tensor, (v, _, at) => (at === n - 1 ? 2 * v - (w[at] as number) : v)),
      })
    },
  ),
  report(
    'numbers',
    'gradients of more than ten are cut there',
    ['rmsprop', 'adagrad', 'adadelta'],
    always,
    read('g', (v) => Math.max(-10, Math.min(10, v))),
  ),
  report(
    'numbers',
    'gradients that are one number throughout are read once: of more than one weight the last has none',
    ['sgd', 'momentum', 'adam', 'adamw'],
    weights((n) => n > 1),
    when(
      (asked) => new Set(values(asked, 'g')).size === 1,
      (asked, plain) => {
        const g = asked.inputs['g'] as Tensor
        return plain({
          inputs: { ...asked.inputs, g: changed(g, (v, _, at) => (at === g.data.length - 1 ? 0 : v)) },
        })
      },
    ),
  ),
  report(
    'attributes',
    'an ε of more than a thousandth, as where gradients are sparse, is one of 10⁻⁸',
    ['adam', 'adamw'],
    number('epsilon', (e) => e > 1e-3),
    asIf(() => ({ epsilon: 1e-8 })),
  ),
]
