import { accelerated } from './accelerated/index.js'
import type { Mutant } from './mutant.js'
import { plainF32 } from './plainF32/index.js'

export { variants } from './variants.js'

/** Every fault that is put into a backend of ours. */
export const mutants: readonly Mutant[] = [...accelerated, ...plainF32]
