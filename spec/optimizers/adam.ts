import { attributes, belowOne, nonNegative, withDefault } from '../attributes.js'
import { epsilon as unit, tau } from '../bound.js'
import type { Ball } from '../ball.js'
import { exact, expm1Of, minus, negative, onceRounded, over, plus, rootOf, times } from '../ball.js'
import type { Field } from '../field.js'
import { field, zipFields } from '../field.js'
import { defineOp, noGradients, nothingToDerive } from '../op.js'
import type { Tensor } from '../tensor.js'
import { decayed, mean, meanSquare } from './decayed.js'

/** The attributes that `adam` and `adamw` have in common. */
export const adamAttributes = {
  learningRate: withDefault(nonNegative, 1e-3),
  beta1: withDefault(belowOne, 0.9),
  beta2: withDefault(belowOne, 0.999),
  epsilon: withDefault(nonNegative, 1e-8),
}

/**
 * Adam: a step along the mean gradient over the root of the mean squared gradient; one pure step.
 *
 *   t = step + 1        G = g + λ·w
 *   m′ = β₁·m + (1−β₁)·G        v′ = β₂·v + (1−β₂)·G²
 *   w′ = w − η·(m′/(1−β₁ᵗ))/(√(v′/(1−β₂ᵗ)) + ε)        step′ = t
 *
 * `step` is a tensor of shape [], the number of steps already taken; m, v and step start at zero, and the divisors make
 * up for that. ε stands outside the root, behind the correction, as in the paper's algorithm 1 and in PyTorch; Keras and
 * the paper's faster form divide by √v′ + ε̂ and mean ε = ε̂/√(1−β₂ᵗ). The decay is coupled: it goes through the moments,
 * as in PyTorch's Adam; `adamw` is the op with the other. No AMSGrad.
 *
 * Shapes  w, g, m, v and their outputs share one shape; step []
 * Units   η is the largest change of w in a usual step; β₁, β₂, λ plain numbers; ε has the unit of g
 * Errors  ShapeMismatch – shapes differ, or step is no scalar; AttributeOutOfRange – η, ε or λ below 0, β outside [0, 1)
 *         MalformedTensor – step is no integer of at least 0
 * Bound   by arithmetic on balls, in the formula's own order. 1 − β is exact from ½ on and rounded once below.
 *         1 − βᵗ is −expm1(t·ln β), with ln β rounded once, t·ln β once, and the helper's 9ε: since
 *         |L|·e^L/(1 − e^L) ≤ 1 for L < 0, no more than 11ε in all, however close β is to 1. A t that f32 holds is exact
 * Admits  (η/(1−β₁ᵗ))·m′ in place of η·(m′/(1−β₁ᵗ))
 * Refuses 1 − βᵗ as a difference, which cancels for β near 1
 * Source  Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1
 */
export const adam = defineOp({
  family: 'optimizer',
  formula: String.raw`m' = \beta_1 m + (1 - \beta_1) g,\quad v' = \beta_2 v + (1 - \beta_2) g^2,\quad w' = w - \eta \frac{m' / (1 - \beta_1^t)}{\sqrt{v' / (1 - \beta_2^t)} + \epsilon}`,
  source: 'Kingma and Ba, "Adam" (2015)',
  attrs: attributes({ ...adamAttributes, weightDecay: withDefault(nonNegative, 0) }),
  inputs: { w: ['...'], g: ['...'], m: ['...'], v: ['...'], step: [] },
  outputs: { w: ['...'], m: ['...'], v: ['...'], step: [] },
  differentiable: [],
  counts: ['step'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs }) => adamBound(attrs, inputs, attrs.weightDecay, exact(1)),
  boundBackward: noGradients,
})

interface Rates {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

interface State {
  readonly w: Tensor
  readonly g: Tensor
  readonly m: Tensor
  readonly v: Tensor
  readonly step: Tensor
}

/** The bound of a step from w·`kept`, with a decay of `lambda` in the gradient. */
export const adamBound = (
  { learningRate: eta, beta1, beta2, epsilon }: Rates,
  { w, g, m, v, step }: State,
  lambda: number,
  kept: Ball,
): { readonly w: Field; readonly m: Field; readonly v: Field; readonly step: Field } => {
  const t = (step.data[0] as number) + 1
  const [correction1, correction2] = [correctionOf(beta1, t), correctionOf(beta2, t)]
  const first = (w: number, g: number, m: number): Ball => mean(beta1, exact(m), decayed(lambda, w, g))
  const second = (w: number, g: number, v: number): Ball => meanSquare(beta2, exact(v), decayed(lambda, w, g))
  const after = (w: number, g: number, m: number, v: number): Ball => {
    const along = times(exact(eta), over(first(w, g, m), correction1))
    const root = rootOf(over(second(w, g, v), correction2))
    return minus(times(exact(w), kept), over(along, plus(root, exact(epsilon))))
  }
  return {
    w: zipFields([w, g, m, v], (w, g, m, v) => after(w, g, m, v).error + tau),
    m: zipFields([w, g, m], (w, g, m) => first(w, g, m).error + tau),
    v: zipFields([w, g, v], (w, g, v) => second(w, g, v).error + tau),
    step: field([], () => (Math.fround(t) === t ? 0 : unit * Math.abs(t))),
  }
}

// 1 − βᵗ
const correctionOf = (beta: number, t: number): Ball =>
  beta === 0 ? exact(1) : negative(expm1Of(times(onceRounded(Math.log(beta)), exact(t))))
