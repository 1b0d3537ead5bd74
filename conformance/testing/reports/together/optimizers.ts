import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report, Where } from '../report.js'
import { all, asIf, changed, holds, is, report } from '../report.js'
import { valuesOf } from './met.js'

const byOwnEpsilon: Readonly<Record<string, number>> = {
  adam: 1e-8,
  adamw: 1e-8,
  rmsprop: 1e-8,
  adagrad: 1e-10,
  adadelta: 1e-6,
}

const decoupled =
  (late: boolean): Harm =>
  (asked, plain) => {
    const attrs = { ...asked.attrs, weightDecay: 0 }
    const bare = plain({ attrs })
    const decay = Number(asked.attrs['learningRate']) * Number(asked.attrs['weightDecay'])
    const w = valuesOf(asked.inputs['w'] as Tensor)
    return {
      ...bare,
      w: changed(bare['w'] as Tensor, (v, _, at) => (late ? v * (1 - decay) : v - decay * (w[at] as number))),
    }
  }
const decays: Where = ({ attrs }) => Number(attrs['weightDecay']) !== 0

export const optimizersTogether: readonly Report[] = [
  report(
    'attributes',
    'an ε of 0 is the usual one',
    ['adam', 'rmsprop', 'adagrad', 'adadelta'],
    is('epsilon', 0),
    asIf(({ op }) => ({ epsilon: byOwnEpsilon[op] as number })),
  ),
  report('convention', 'Adam’s decay is AdamW’s', 'adam', decays, decoupled(false), {
    like: 'flagos-ai/FlagGems#4988',
  }),
  report('convention', 'AdamW decays after its step', 'adamw', decays, decoupled(true), {
    like: 'bitsandbytes-foundation/bitsandbytes#2010',
  }),
  report(
    'size',
    'more than 65,536 weights that decay: the rest do not',
    ['adam', 'momentum', 'rmsprop', 'adadelta'],
    all(
      decays,
      holds('w', (n) => n > 65536),
    ),
    (asked, plain) => {
      const bare = plain({ attrs: { ...asked.attrs, weightDecay: 0 } })
      const answer = plain()
      return Object.fromEntries(
        Object.entries(answer).map(([name, tensor]) => [
          name,
          changed(tensor, (v, _, at) => (at < 65536 ? v : ((bare[name] as Tensor).data[at] as number))),
        ]),
      )
    },
  ),
  report(
    'size',
    'more than 4,096 weights by Nesterov’s step: the rest have the usual one',
    'momentum',
    all(
      is('nesterov', true),
      holds('w', (n) => n > 4096),
    ),
    (asked, plain) => {
      const usual = plain({ attrs: { ...asked.attrs, nesterov: false } })['w'] as Tensor
      const answer = plain()
      return {
        ...answer,
        w: changed(answer['w'] as Tensor, (v, _, at) => (at < 4096 ? v : (usual.data[at] as number))),
      }
    },
  ),
  report(
    'attributes',
    'a momentum of 0 leaves the velocity as it was',
    'momentum',
    is('momentum', 0),
    (asked, plain) => ({ ...plain(), velocity: asked.inputs['velocity'] as Tensor }),
  ),
]
