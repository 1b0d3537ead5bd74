import type { Mutant } from '../mutant.js'
import { activations } from './activations.js'
import { corners } from './corners.js'
import { december } from './december.js'
import { lastly } from './lastly.js'
import { lately } from './lately.js'
import { later } from './later.js'
import { layers } from './layers.js'
import { others } from './others.js'
import { products } from './products.js'

export const plainF32: readonly Mutant[] = [
  ...products,
  ...activations,
  ...layers,
  ...others,
  ...corners,
  ...later,
  ...lately,
  ...lastly,
  ...december,
]
