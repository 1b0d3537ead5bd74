import type { Network } from '../networks/network.js'
import { keyOf } from '../philox.js'
import type { Tensors } from '../tensor.js'
import { initializers } from './initializers.js'

/**
 * First values of a network's parameters, in f32: weights normal with variance gain/fan-in, which is 2/fan-in
 * before a ReLU (He et al., "Delving deep into rectifiers", 2015; "Xavier/2" on the slides), biases 0. A pure function of the seed and each parameter's name.
 */
export const initialParameters = ({ parameters }: Network, seed: number): Tensors =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, fanIn, gain }]) => {
      const key = keyOf(`initialize ${seed} ${name}`)
      return [
        name,
        shape.length === 1 ? initializers.zeros(key, shape) : initializers.normal(key, shape, Math.sqrt(gain / fanIn)),
      ]
    }),
  )
