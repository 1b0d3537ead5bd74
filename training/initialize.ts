import type { Network, Parameter } from '../spec/networks/network.js'
import { keyOf } from '../spec/philox.js'
import type { Tensors } from '../spec/tensor.js'
import { filled } from '../spec/tensor.js'
import type { Fans } from './initializers.js'
import { fansOf, initializers } from './initializers.js'

/**
 * What first weights are drawn from, as a value; formulas stand with `initializers`.
 *
 *   scaled   normal, σ = √(gain/fanIn): He's before a ReLU, where the gain is 2, and √(1/fanIn) elsewhere
 *   he       normal, σ = √(2/fanIn), whatever follows
 *   xavier   uniform within ±√(6/(fanIn + fanOut))
 *   normal   normal, of the given σ: AlexNet's 0.01
 */
export type Initializer =
  | { readonly kind: 'scaled' }
  | { readonly kind: 'he' }
  | { readonly kind: 'xavier' }
  | { readonly kind: 'normal'; readonly sigma: number }

/** How many inputs and outputs a parameter joins: what its layer says, else what its shape does. */
const fansFor = ({ shape, fanIn, fanOut = fansOf(shape).fanOut }: Parameter): Fans => ({ fanIn, fanOut })

/**
 * First values of a network's parameters, in f32: weights as the initializer has them, which is by default normal with
 * variance gain/fan-in, 2/fan-in before a ReLU (He et al., "Delving deep into rectifiers", 2015; "Xavier/2" on the
 * slides); biases 0, batch norm's γ 1. A pure function of the seed and each parameter's name.
 */
export const initialParameters = (
  { parameters }: Network,
  seed: number,
  initializer: Initializer = { kind: 'scaled' },
): Tensors =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const { shape, fanIn, gain, first } = parameter
      const key = keyOf(`initialize ${seed} ${name}`)
      if (first !== undefined || shape.length === 1) return [name, filled(shape, first ?? 0)]
      switch (initializer.kind) {
        case 'scaled':
          return [name, initializers.normal(key, shape, Math.sqrt(gain / fanIn))]
        case 'he':
          return [name, initializers.heNormal(key, shape, fansFor(parameter))]
        case 'xavier':
          return [name, initializers.xavierUniform(key, shape, fansFor(parameter))]
        case 'normal':
          return [name, initializers.normal(key, shape, initializer.sigma)]
      }
    }),
  )
