import { f32 } from '../arithmetic.js'

/** g + λ·w: the gradient with weight decay coupled in; g itself where λ is 0, whatever w. */
export const decayed = (lambda: number, w: number, g: number): number => (lambda === 0 ? g : f32(g + f32(lambda * w)))

/** ρ·before + (1 − ρ)·now: a mean of the recent. */
export const mean = (rho: number, before: number, now: number): number =>
  f32(f32(rho * before) + f32(f32(1 - rho) * now))
