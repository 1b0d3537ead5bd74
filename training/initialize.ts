import type { Network, Parameter } from '../spec/networks/network.js'
import type { Key } from '../spec/philox.js'
import { keyOf } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { filled } from '../spec/tensor.js'
import type { Fans } from './initializers.js'
import { fansOf, initializers } from './initializers.js'

/**
 * What first weights are drawn from, as a value; formulas stand with `initializers`.
 *
 *   scaled       normal, σ = √(gain/fanIn): He's before a ReLU, where the gain is 2, and √(1/fanIn) elsewhere
 *   he           normal, σ = √(2/fanIn), whatever follows
 *   xavier       uniform within ±√(6/(fanIn + fanOut))
 *   normal       normal, of the given σ: AlexNet's 0.01
 *   orthogonal   as scaled, but what a recurrent state is multiplied by is a random orthogonal matrix for each gate
 *   identity     likewise the identity matrix for each gate
 *
 * A state that an orthogonal matrix carries on neither grows nor dies, and it keeps what has been added to it: after T
 * inputs of variance 1 a preactivation has the variance T·I·σ², of σ that of the weights of the input. `inputs` is another
 * σ for these, where `scaled` has √(1/(I + H)): 1/√(T·I) has the last state as large as it should be.
 *
 * Source  Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
 *         networks", 2014 (orthogonal); Le, Jaitly and Hinton, "A simple way to initialize recurrent networks of rectified
 *         linear units", 2015 (identity, and 0.001 for the others); orthogonal is what Keras's recurrent layers start with
 */
export type Initializer =
  | { readonly kind: 'scaled' }
  | { readonly kind: 'he' }
  | { readonly kind: 'xavier' }
  | { readonly kind: 'normal'; readonly sigma: number }
  | { readonly kind: 'orthogonal' | 'identity'; readonly inputs?: number }

/** How many inputs and outputs a parameter joins: what its layer says, else what its shape does. */
const fansFor = ({ shape, fanIn, fanOut = fansOf(shape).fanOut }: Parameter): Fans => ({ fanIn, fanOut })

/** Weights of a recurrent layer, of its state or its input. */
const recurrentWeights = (
  { kind, inputs }: Extract<Initializer, { readonly kind: 'orthogonal' | 'identity' }>,
  key: Key,
  { shape, fanIn, gain, recurrent }: Parameter,
): Tensor => {
  if (recurrent === 'state')
    return kind === 'identity' ? initializers.identities(key, shape) : initializers.orthogonal(key, shape)
  return initializers.normal(
    key,
    shape,
    recurrent === 'input' && inputs !== undefined ? inputs : Math.sqrt(gain / fanIn),
  )
}

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
        case 'orthogonal':
        case 'identity':
          return [name, recurrentWeights(initializer, key, parameter)]
      }
    }),
  )
