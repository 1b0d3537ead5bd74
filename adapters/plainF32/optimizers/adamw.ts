import { f32 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'
import { adamStep } from './adam.js'

// w ← w·(1 − η·λ), then adam with the bare gradient
export const forward: Forward<'adamw'> = (attrs, inputs) =>
  adamStep(attrs, inputs, 0, f32(1 - f32(attrs.learningRate * attrs.weightDecay)))
