import type { Mutant } from '../mutant.js'
import { dense } from './dense.js'

export const accelerated: readonly Mutant[] = [...dense]
