import type { Asked, Report } from '../report.js'
import { always, asIf, asIfGiven, changed, is, report } from '../report.js'
import { having } from '../triggers/met.js'
import { values } from '../fresh/met.js'
import { by, number } from '../novel/met.js'
import { input } from '../public/met.js'

const attribute = ({ attrs }: Asked, name: string): number => Number(attrs[name])
const rate = (asked: Asked): number => attribute(asked, 'learningRate')
const decay = (asked: Asked): number => attribute(asked, 'weightDecay')
const decays = number('weightDecay', (d) => d > 0)
const taken = (asked: Asked): number => Number(input(asked, 'step').data[0])

export const optimizersTold: readonly Report[] = [
  report(
    'convention',
    'ε is scaled as the second moment is: it stands beside the root before its correction',
    'adam',
    always,
    by((asked, right) => {
      const w = values(asked, 'w')
      const t = taken(asked) + 1
      const [first, second] = [1 - attribute(asked, 'beta1') ** t, 1 - attribute(asked, 'beta2') ** t]
      return (_, at) => {
        const [m, v] = [Number(right['m']?.data[at]), Number(right['v']?.data[at])]
        const step = ((m / first) * Math.sqrt(second)) / (Math.sqrt(v) + attribute(asked, 'epsilon'))
        return (w[at] as number) - rate(asked) * step
      }
    }, 'w'),
    { like: 'aiqm/torchani#261' },
  ),
  report(
    'history',
    'Adam’s moments are made anew and not kept',
    'adam',
    always,
    (asked, plain) => having(plain(), { m: input(asked, 'm'), v: input(asked, 'v') }),
    { like: 'raskr/rust-autograd#16' },
  ),
  report(
    'history',
    'every tensor of the same step counts as a step of its own',
    'adam',
    always,
    (asked, plain, memory) => {
      const name = `step ${taken(asked)}`
      const before = (memory.get(name) as number | undefined) ?? 0
      memory.set(name, before + 1)
      const later = changed(input(asked, 'step'), (v) => v + before)
      return asIfGiven(() => ({ step: later }))(asked, plain, memory)
    },
    { like: 'DiffSharp/DiffSharp#292' },
  ),
  report(
    'convention',
    'the first step’s moments are the gradient and its square, without what is left of 1 by the decays',
    'adam',
    always,
    (asked, plain) => {
      const right = plain()
      if (taken(asked) !== 0) return right
      const [w, g] = [values(asked, 'w'), values(asked, 'g')]
      const [first, second] = [1 - attribute(asked, 'beta1'), 1 - attribute(asked, 'beta2')]
      const pulled = g.map((v, at) => v + decay(asked) * (w[at] as number))
      return having(right, {
        m: changed(input(asked, 'm'), (_, __, at) => pulled[at] as number),
        v: changed(input(asked, 'v'), (_, __, at) => (pulled[at] as number) ** 2),
        w: changed(input(asked, 'w'), (v, _, at) => {
          const own = pulled[at] as number
          return v - (rate(asked) * (own / first)) / (Math.sqrt(own ** 2 / second) + attribute(asked, 'epsilon'))
        }),
      })
    },
    { like: 'PennyLaneAI/pennylane#1928' },
  ),
  report(
    'convention',
    'AdamW takes the decay of the weights without the rate',
    'adamw',
    decays,
    by((asked) => {
      const w = values(asked, 'w')
      return (v, at) => v + (rate(asked) - 1) * decay(asked) * (w[at] as number)
    }, 'w'),
    { like: 'FluxML/Optimisers.jl#182' },
  ),
  report(
    'convention',
    'the mean square is that of the bare gradient, and the decay is taken of the weights',
    'rmsprop',
    decays,
    (asked, plain) => {
      const bare = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      const w = values(asked, 'w')
      return having(bare, {
        w: changed(bare['w'] ?? input(asked, 'w'), (v, _, at) => v - rate(asked) * decay(asked) * (w[at] as number)),
      })
    },
    { like: 'apache/mxnet#5099' },
  ),
  report(
    'convention',
    'Adagrad goes up the gradient, and adds the decay of the weights',
    'adagrad',
    always,
    (asked, plain) => {
      const bare = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      const w = values(asked, 'w')
      return having(bare, {
        w: changed(bare['w'] ?? input(asked, 'w'), (v, _, at) => {
          const was = w[at] as number
          return 2 * was - v + rate(asked) * decay(asked) * was
        }),
      })
    },
    { like: 'PaddlePaddle/Paddle#4743' },
  ),
  report(
    'history',
    'the weights step by the velocity of the step before',
    'momentum',
    is('nesterov', false),
    by((asked) => {
      const [w, velocity] = [values(asked, 'w'), values(asked, 'velocity')]
      return (_, at) => (w[at] as number) - rate(asked) * (velocity[at] as number)
    }, 'w'),
    { like: 'mdenil/dropout#4' },
  ),
  report(
    'attributes',
    'Nesterov’s step is asked for and the classical one is taken',
    'momentum',
    is('nesterov', true),
    asIf(() => ({ nesterov: false })),
    { like: 'ooples/AiDotNet.Tensors#949' },
  ),
]
