import type { Network } from '../networks/network.js'
import { keyOf } from '../philox.js'
import type { Tensors } from '../tensor.js'
import { filled } from '../tensor.js'
import { initializers } from './initializers.js'

/**
 * First values of a network's parameters, in f32: weights normal with variance gain/fan-in, which is 2/fan-in
 * before a ReLU (He et al., "Delving deep into rectifiers", 2015; "Xavier/2" on the slides), biases 0, batch norm's γ 1. A pure
 * function of the seed and each parameter's name.
 */
export const initialParameters = ({ parameters }: Network, seed: number): Tensors =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, fanIn, gain, first }]) => {
      const key = keyOf(`initialize ${seed} ${name}`)
      return [
        name,
        first !== undefined || shape.length === 1
          ? filled(shape, first ?? 0)
          : initializers.normal(key, shape, Math.sqrt(gain / fanIn)),
      ]
    }),
  )
