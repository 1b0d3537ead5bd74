import { activations } from './activations.js'
import { layers } from './layers.js'
import { losses } from './losses.js'
import { normalizers, optimizers } from './others.js'
import type { Rewriting } from './rewriting.js'

/** Other ways to write the formulas of ops: those that a bound is to admit, and those that it is to refuse. */
export const rewritings: readonly Rewriting[] = [...activations, ...layers, ...losses, ...optimizers, ...normalizers]
