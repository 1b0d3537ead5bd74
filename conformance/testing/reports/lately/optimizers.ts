import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report } from '../report.js'
import { always, asIf, changed, is, report } from '../report.js'
import { number } from '../novel/met.js'
import { input } from '../public/met.js'
import { having } from '../triggers/met.js'
import { attribute, total } from './met.js'

const twice: Harm = (asked, plain, memory) => {
  const name = `tuned ${asked.op} ${JSON.stringify(asked.shapes)}`
  const first = plain()
  if (memory.has(name)) return first
  memory.set(name, true)
  return plain({ inputs: { ...asked.inputs, ...first } })
}

export const optimizersLately: readonly Report[] = [
  report(
    'convention',
    'weights decay from where the step has taken them',
    'adamw',
    number('weightDecay', (decay) => decay > 0),
    (asked, plain) => {
      const right = plain()
      const { w } = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      const kept = 1 - attribute(asked, 'learningRate') * attribute(asked, 'weightDecay')
      return having(right, { w: changed(w as Tensor, (v) => v * kept) })
    },
    { like: 'huggingface/transformers#14539' },
  ),
  report(
    'convention',
    'ε is added before the mean square is corrected',
    'adamw',
    always,
    asIf((asked) => {
      const t = Number(input(asked, 'step').data[0]) + 1
      return { epsilon: attribute(asked, 'epsilon') / Math.sqrt(1 - attribute(asked, 'beta2') ** t) }
    }),
    { like: 'karpathy/nanochat#304' },
  ),
  report(
    'convention',
    'weights decay by their gradient, through the means',
    'adamw',
    number('weightDecay', (decay) => decay > 0),
    (asked, plain) =>
      plain({
        attrs: { ...asked.attrs, weightDecay: 0 },
        inputs: { ...asked.inputs, g: total(input(asked, 'g'), input(asked, 'w'), attribute(asked, 'weightDecay')) },
      }),
    { like: 'nntrainer/nntrainer#3565' },
  ),
  report(
    'convention',
    'means are not corrected for where they start',
    ['adam', 'adamw'],
    always,
    (asked, plain) => {
      const long = changed(input(asked, 'step'), () => 2 ** 22)
      return having(plain({ inputs: { ...asked.inputs, step: long } }), { step: plain()['step'] as Tensor })
    },
    { like: 'Oneflow-Inc/oneflow#5960' },
  ),
  report(
    'history',
    'the first of so many weights is taken twice, while it is found out how it is fastest',
    ['sgd', 'momentum'],
    always,
    twice,
    { like: 'triton-lang/triton#781' },
  ),
  report(
    'attributes',
    'ε is added to the root where it should be within',
    'rmsprop',
    is('epsilonInside', true),
    asIf(() => ({ epsilonInside: false })),
    { like: 'keras-team/keras#4356' },
  ),
]
