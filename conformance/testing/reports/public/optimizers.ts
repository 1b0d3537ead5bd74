import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Report } from '../report.js'
import { always, asIfGiven, changed, is, report } from '../report.js'
import { having } from '../triggers/met.js'
import { values } from '../fresh/met.js'
import { by, number } from '../novel/met.js'
import { input } from './met.js'

const rate = ({ attrs }: Asked): number => Number(attrs['learningRate'])
const decay = ({ attrs }: Asked): number => Number(attrs['weightDecay'])
const decays = number('weightDecay', (d) => d > 0)
/** What is left of 1 by both decays after the step to come. */
const corrections = (asked: Asked): readonly [number, number] => {
  const t = Number(input(asked, 'step').data[0]) + 1
  return [1 - Number(asked.attrs['beta1']) ** t, 1 - Number(asked.attrs['beta2']) ** t]
}
/** Adam’s step from its moments. */
const stepped = (step: (m: number, v: number, asked: Asked) => number): Harm =>
  by((asked, right) => {
    const w = values(asked, 'w')
    return (_, at) =>
      (w[at] as number) - rate(asked) * step(Number(right['m']?.data[at]), Number(right['v']?.data[at]), asked)
  }, 'w')
/** Adadelta with another mean square, or another step. */
const adadelta =
  (
    square: (rho: number, s: number, g: number) => number,
    step: (g: number, d: number, s: number, epsilon: number) => number,
  ): Harm =>
  (asked, plain) => {
    const [w, g, s, d] = ['w', 'g', 'meanSquare', 'meanSquareDelta'].map((name) => values(asked, name)) as [
      number[],
      number[],
      number[],
      number[],
    ]
    const [rho, epsilon] = [Number(asked.attrs['decay']), Number(asked.attrs['epsilon'])]
    const pulled = g.map((v, at) => v + decay(asked) * (w[at] as number))
    const next = pulled.map((v, at) => square(rho, s[at] as number, v))
    const deltas = pulled.map((v, at) => step(v, d[at] as number, next[at] as number, epsilon))
    const right = plain()
    const made = (name: string, of: (at: number) => number): Tensor =>
      changed(right[name] as Tensor, (_, __, at) => of(at))
    return having(right, {
      w: made('w', (at) => (w[at] as number) - rate(asked) * (deltas[at] as number)),
      meanSquare: made('meanSquare', (at) => next[at] as number),
      meanSquareDelta: made(
        'meanSquareDelta',
        (at) => rho * (d[at] as number) + (1 - rho) * (deltas[at] as number) ** 2,
      ),
    })
  }
const mean = (rho: number, s: number, g: number): number => rho * s + (1 - rho) * g * g

export const optimizersPublic: readonly Report[] = [
  report(
    'history',
    'the first moment is corrected where it lies, and kept so',
    'adam',
    always,
    by((asked) => (v) => v / corrections(asked)[0], 'm'),
    { like: 'frgfm/holocron#1' },
  ),
  report(
    'convention',
    'moments are multiplied by their corrections and not divided',
    'adam',
    always,
    stepped((m, v, asked) => {
      const [first, second] = corrections(asked)
      return (m * first) / (Math.sqrt(v * second) + Number(asked.attrs['epsilon']))
    }),
    { like: 'karpathy/convnetjs#107' },
  ),
  report(
    'convention',
    'what is divided by the root of the second moment is multiplied by it',
    'adam',
    always,
    stepped((m, v, asked) => {
      const [first, second] = corrections(asked)
      return (m / first) * (Math.sqrt(v / second) + Number(asked.attrs['epsilon']))
    }),
    { like: 'oracle/tribuo#401' },
  ),
  report(
    'convention',
    'Nesterov’s step goes back by the velocity',
    'momentum',
    is('nesterov', true),
    by((asked, right) => {
      const [w, g] = [values(asked, 'w'), values(asked, 'g')]
      return (_, at) => {
        const pulled = (g[at] as number) + decay(asked) * (w[at] as number)
        return (
          (w[at] as number) -
          rate(asked) * (pulled - Number(asked.attrs['momentum']) * Number(right['velocity']?.data[at]))
        )
      }
    }, 'w'),
    { like: 'PaddlePaddle/Paddle#12231' },
  ),
  report(
    'convention',
    'AdamW takes rate and decay away from the weights, whatever they are',
    'adamw',
    decays,
    by((asked) => {
      const w = values(asked, 'w')
      return (v, at) => v + rate(asked) * decay(asked) * ((w[at] as number) - 1)
    }, 'w'),
    { like: 'e-sensing/torchopt#14' },
  ),
  report(
    'convention',
    'Adam’s decay is added to the gradient times the number of the tensor and not times the weights',
    'adam',
    decays,
    asIfGiven((asked) => {
      const w = values(asked, 'w')
      return { g: changed(input(asked, 'g'), (v, _, at) => v + decay(asked) * (1 - (w[at] as number))) }
    }),
    { like: 'mlverse/torch#821' },
  ),
  report(
    'convention',
    'Adadelta’s mean square is multiplied by the square of the gradient',
    'adadelta',
    always,
    adadelta(
      (rho, s, g) => (rho * s + 1 - rho) * g * g,
      (g, d, s, epsilon) => (g * Math.sqrt(d + epsilon)) / Math.sqrt(s + epsilon),
    ),
    { like: 'deeplearning4j/nd4j#1239' },
  ),
  report(
    'convention',
    'Adadelta’s mean square of steps comes in without its root',
    'adadelta',
    always,
    adadelta(mean, (g, d, s, epsilon) => (g * (d + epsilon)) / Math.sqrt(s + epsilon)),
    { like: 'tensorflow/tensorflow#2157' },
  ),
  report(
    'history',
    'Nesterov’s step makes its velocity twice, and keeps the second',
    'momentum',
    is('nesterov', true),
    (asked, plain) => {
      const { w, velocity } = plain() as Record<'w' | 'velocity', Tensor>
      const [was, g] = [values(asked, 'w'), values(asked, 'g')]
      const second = changed(velocity, (v, _, at) => {
        const drawn = (g[at] as number) + decay(asked) * (was[at] as number)
        return Number(asked.attrs['momentum']) * v + drawn
      })
      return {
        w: changed(w, (_, __, at) => (was[at] as number) - rate(asked) * Number(second.data[at])),
        velocity: second,
      }
    },
    { like: 'patrikeh/go-deep#17' },
  ),
]
