import type { Ball } from '../ball.js'
import { exact, plus, times } from '../ball.js'

/** The gradient with weight decay coupled in, g + λ·w; g itself where λ is 0, whatever w. */
export const decayed = (lambda: number, w: number, g: number): Ball =>
  lambda === 0 ? exact(g) : plus(exact(g), times(exact(lambda), exact(w)))
