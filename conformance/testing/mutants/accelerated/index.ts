import type { Mutant } from '../mutant.js'
import { choices } from './choices.js'
import { convolutions } from './convolutions.js'
import { core } from './core.js'
import { losses } from './losses.js'
import { products } from './products.js'
import { recurrent } from './recurrent.js'
import { rest } from './rest.js'
import { together } from './together.js'
import { workgroups } from './workgroups.js'

export const accelerated: readonly Mutant[] = [
  ...products,
  ...workgroups,
  ...convolutions,
  ...rest,
  ...recurrent,
  ...losses,
  ...core,
  ...together,
  ...choices,
]
