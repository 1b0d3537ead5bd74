import type { Lower } from '../lower.js'
import { lowerAdam } from './adam.js'

// adam's kernel, from w·(1 − η·λ) with the bare gradient
export const forward: Lower<'adamw'> = ({ attrs, sizes }) =>
  lowerAdam(attrs, sizes, 0, 1 - attrs.learningRate * attrs.weightDecay)
