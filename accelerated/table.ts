import type { OpName } from '../spec/catalogue.js'
import * as sigmoid from './activations/sigmoid.js'
import * as add from './layers/add.js'
import * as conv2d from './layers/conv2d.js'
import * as mse from './losses/mse.js'
import type { Lowering } from './lower.js'
import * as momentum from './optimizers/momentum.js'

/** The lowering of every op, forward and backward. */
export const lowerings = {
  sigmoid,
  conv2d,
  add,
  mse,
  momentum,
} satisfies { readonly [N in OpName]: Lowering<N> }
