import type { Ball } from '../ball.js'
import { exact, minus, plus, rootOf, times } from '../ball.js'

/** The gradient with weight decay coupled in, g + λ·w; g itself where λ is 0, whatever w. */
export const decayed = (lambda: number, w: number, g: number): Ball =>
  lambda === 0 ? exact(g) : plus(exact(g), times(exact(lambda), exact(w)))

/** 1 − ρ, exact from ½ on (Sterbenz). */
export const restOf = (rho: number): Ball => (rho >= 0.5 ? exact(1 - rho) : minus(exact(1), exact(rho)))

/** A mean of the recent, ρ·before + (1−ρ)·now, and of the recent squares. */
export const mean = (rho: number, before: Ball, now: Ball): Ball =>
  plus(times(exact(rho), before), times(restOf(rho), now))
export const meanSquare = (rho: number, before: Ball, now: Ball): Ball => mean(rho, before, times(now, now))

/** √s + ε, or √(s + ε): what a gradient is divided by. */
export const rootWith = (epsilon: number, inside: boolean, square: Ball): Ball =>
  inside ? rootOf(plus(square, exact(epsilon))) : plus(rootOf(square), exact(epsilon))
