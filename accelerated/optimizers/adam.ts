import { sizeOf } from '../../spec/tensor.js'
import { expm1Function } from '../functions.js'
import type { Lowered } from '../kernel.js'
import { input, launches, output } from '../kernel.js'
import type { Lower, RequestOf } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/**
 * G = g + λ·w,   m′ = β₁·m + (1−β₁)·G,   v′ = β₂·v + (1−β₂)·G²
 * w′ = w·kept − η·(m′/(1−β₁ᵗ))/(√(v′/(1−β₂ᵗ)) + ε)
 *
 * `kept` is 1 but for adamw's decay. 1 − βᵗ is −expm1(t·ln β), which does not cancel where β is close to 1.
 */
export const adamForward = mapping({
  name: 'adam.forward',
  reads: ['w', 'g', 'm', 'v'],
  shared: ['taken'],
  writes: ['next_w', 'next_m', 'next_v'],
  params: ['eta', 'beta1', 'rest1', 'ln_beta1', 'beta2', 'rest2', 'ln_beta2', 'epsilon', 'lambda', 'kept'],
  code: /* wgsl */ `
${expm1Function}
fn at(w: f32, g: f32, m: f32, v: f32, taken: f32) -> Values {
  let t = taken + 1.0;
  let gradient = select(g + params.lambda * w, g, params.lambda == 0.0);
  let mean = params.beta1 * m + params.rest1 * gradient;
  let square = params.beta2 * v + params.rest2 * (gradient * gradient);
  let corrected_mean = mean / -expm1_(t * params.ln_beta1);
  let corrected_square = square / -expm1_(t * params.ln_beta2);
  let next = w * params.kept - params.eta * corrected_mean / (sqrt(corrected_square) + params.epsilon);
  return Values(next, mean, square);
}
`,
})

/** step′ = step + 1 */
export const adamStep = mapping({
  name: 'adam.step',
  reads: ['taken'],
  writes: ['next_taken'],
  code: /* wgsl */ `
fn at(taken: f32) -> Values { return Values(taken + 1.0); }
`,
})

// ln β, and for β = 0, whose logarithm no f32 is, one so small that e to it is 0
const logarithm = (beta: number): number => Math.max(Math.log(beta), -200)

interface Attrs {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** A step of Adam from w·`kept`, with a decay of `lambda` in the gradient. */
export const lowerAdam = (
  { learningRate: eta, beta1, beta2, epsilon }: Attrs,
  { rest }: RequestOf<'adam'>['sizes'],
  lambda: number,
  kept: number,
): Lowered => {
  const moments = mapOver(
    adamForward,
    sizeOf(rest),
    {
      w: input('w'),
      g: input('g'),
      m: input('m'),
      v: input('v'),
      taken: input('step'),
      next_w: output('w'),
      next_m: output('m'),
      next_v: output('v'),
    },
    {
      eta,
      beta1,
      rest1: 1 - beta1,
      ln_beta1: logarithm(beta1),
      beta2,
      rest2: 1 - beta2,
      ln_beta2: logarithm(beta2),
      epsilon,
      lambda,
      kept,
    },
  )
  return launches(moments, mapOver(adamStep, 1, { taken: input('step'), next_taken: output('step') }))
}

export const forward: Lower<'adam'> = ({ attrs, sizes }) => lowerAdam(attrs, sizes, attrs.weightDecay, 1)
