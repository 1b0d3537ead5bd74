import type { Mutant } from '../mutant.js'
import { dense } from './dense.js'

export const plainF32: readonly Mutant[] = [...dense]
