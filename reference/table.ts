import type { DifferentiableName, OpName } from '../spec/catalogue.js'
import * as sigmoid from './activations/sigmoid.js'
import type { Backward, Forward } from './kernel.js'
import * as add from './layers/add.js'
import * as conv2d from './layers/conv2d.js'
import * as mse from './losses/mse.js'
import * as momentum from './optimizers/momentum.js'

/** The formula of every op, and of its gradient where it has one. */
export const formulas = {
  sigmoid,
  conv2d,
  add,
  mse,
  momentum,
} satisfies {
  readonly [N in OpName]: N extends DifferentiableName
    ? { readonly forward: Forward<N>; readonly backward: Backward<N> }
    : { readonly forward: Forward<N> }
}
