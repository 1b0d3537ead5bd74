import type { Shape } from '../tensor.js'
import { sizeOf } from '../tensor.js'
import type { Rule } from './rule.js'
import { bilinear, orZeros } from './rule.js'
import type { SomeValues, Value, Values } from './values.js'
import { apply, backward, constant, forward, ones, plus, pull, scaled, shaped, summed, times } from './values.js'

/** y = B(w, x) + b */
export const products: Rule = bilinear('x', 'w')
export const mul: Rule = bilinear('a', 'b')
export const scaleChannels: Rule = bilinear('x', 's')

/** da and db are dy itself. */
export const add: Rule = ({ directions }) => ({
  inputs: {},
  cotangents: { y: summed(directions['a'], directions['b']) },
})

/** y = γ·(x − μ)·r + β with μ and r from outside: as a product of γ and x − μ. */
export const batchNormInference: Rule = ({ given, inputs, cotangents, directions }) => {
  const { gamma, beta, runningMean } = inputs as Readonly<Record<string, Value>>
  const { x: vx, gamma: vGamma, beta: vBeta } = directions
  const of = (changed: SomeValues): SomeValues => ({ ...inputs, ...changed })
  const zero = constant(0, beta as Value)
  const moved: SomeValues = { x: vx, beta: zero, runningMean: zero }
  return {
    inputs: {
      x: vGamma && backward('batchNormInference', of({ gamma: vGamma }), cotangents, given)['x'],
      gamma: vx && backward('batchNormInference', of(moved), cotangents, given)['gamma'],
    },
    cotangents: {
      y: summed(
        vx && apply('batchNormInference', of(moved), given),
        (vGamma ?? vBeta) &&
          apply(
            'batchNormInference',
            of({ gamma: orZeros(vGamma, gamma as Value), beta: orZeros(vBeta, beta as Value), runningMean }),
            given,
          ),
      ),
    },
  }
}

/**
 * With x̂ = r·(x − μ), Π = 1 − 11ᵀ/m − x̂x̂ᵀ/m, and B u = r·Π u, the backward under u for γ = 1, which is symmetric:
 *
 *   dx = γ·B dy,   dγ = ⟨x̂, dy⟩,   dβ = Σ dy
 *   with respect to dy  γ·B v_x + v_γ·x̂ + v_β
 *   with respect to γ   ⟨v_x, B dy⟩
 *   with respect to x   v_γ·B dy − (γ·r/m)·(⟨v_x, B dy⟩·x̂ + ⟨x̂, dy⟩·B v_x + ⟨x̂, v_x⟩·B dy)
 *
 * since the gradient of r is −r²·x̂/m, and that of ⟨x̂, u⟩ is B u. The products are those of a channel. Every number per
 * channel enters as γ does; r comes in by `batchNormInference`, with the biased variance that running statistics of
 * momentum 1 come to.
 */
export const batchNormTraining: Rule = ({ given, attrs, inputs, cotangents, directions }) => {
  const [x, gamma, dy] = [inputs['x'] as Value, inputs['gamma'] as Value, cotangents['y'] as Value]
  const { x: v, gamma: vGamma, beta: vBeta } = directions
  const [N, C] = x.shape as readonly [number, number]
  const m = sizeOf(x.shape) / C
  const [zero, one] = [constant(0, gamma), constant(1, gamma)]
  const pulled = (weight: Value, u: Value): Values =>
    backward('batchNormTraining', { ...inputs, gamma: weight }, { y: u }, given)
  const normalized = (weight: Value, offset: Value): Value =>
    apply('batchNormTraining', { ...inputs, gamma: weight, beta: offset }, given)
  const ofDy = pulled(one, dy) as Readonly<Record<'x' | 'gamma', Value>>
  const cut: Shape = [N, C, m / N]
  // Σ a·b of each channel: the gradient of filters of one place, a channel each
  const product = (a: Value, b: Value): Value =>
    shaped([C], pull('conv1d', 'w', { x: shaped(cut, a), w: shaped([C, 1, 1], gamma) }, shaped(cut, b), { groups: C }))
  const bent = (v: Value): Value => {
    const ofV = pulled(one, v) as Readonly<Record<'x' | 'gamma', Value>>
    const parts = plus(
      normalized(product(v, ofDy.x), zero),
      plus(pulled(ofDy.gamma, v)['x'] as Value, pulled(ofV.gamma, dy)['x'] as Value),
    )
    const runningVar = forward(
      'batchNormTraining',
      { ...inputs, runningMean: zero, runningVar: zero },
      { ...given, momentum: 1, runningVariance: 'biased' },
    )['runningVar']
    return apply(
      'batchNormInference',
      { x: parts, gamma: scaled(-1 / m, gamma), beta: zero, runningMean: zero, runningVar },
      { epsilon: given['epsilon'] ?? (attrs['epsilon'] as number) },
    )
  }
  return {
    inputs: {
      x: summed(vGamma && pulled(vGamma, dy)['x'], v && bent(v)),
      gamma: v && product(v, ofDy.x),
    },
    cotangents: {
      y: summed(
        v && pulled(gamma, v)['x'],
        (vGamma ?? vBeta) && normalized(orZeros(vGamma, gamma), orZeros(vBeta, gamma)),
      ),
    },
  }
}

// −∞ as far as f32 has it
const lowest = -3.4028234663852886e38

/**
 * dx hands each dy to where its window's maximum is, so that Σ ⟨v, dx⟩ pairs dy with v at those places: Σ over a window of
 * v·mark, where mark is 1 at the maximum, or its share of a tie. Windows may overlap, so they are laid out side by side:
 * a convolution with the K unit filters makes [K, Ho·Wo] of an image, and what is padding there counts as −∞. Of that the
 * pool over K gives the marks.
 */
export const maxPool2d: Rule = ({ attrs, inputs, cotangents, directions }) => {
  const [x, dy, v] = [inputs['x'] as Value, cotangents['y'] as Value, directions['x'] as Value]
  const [N, C, H, W] = x.shape as Shape4
  const [, , Ho, Wo] = dy.shape as Shape4
  const [[KH, KW], [sh, sw]] = [attrs['window'] as Pair, attrs['stride'] as Pair]
  const [top, , left] = attrs['padding'] as Shape4
  const [M, K, P] = [N * C, KH * KW, Ho * Wo]
  const behind = (count: number, stride: number, window: number, before: number, size: number): number =>
    Math.max((count - 1) * stride + window - before - size, 0)
  const padding = [top, behind(Ho, sh, KH, top, H), left, behind(Wo, sw, KW, left, W)]
  // a row of ones with K zeros between each two is the unit matrix of K rows
  const diagonal = apply('convTranspose2d', { x: ones(K, x), w: ones(1, x) }, { stride: [1, K + 1] })
  const units = shaped([K, 1, KH, KW], diagonal)
  const laidOut = (image: Value): Value =>
    apply('conv2d', { x: shaped([M, 1, H, W], image), w: units }, { stride: [sh, sw], padding })
  const outside = scaled(-lowest, plus(laidOut(constant(1, x)), constant(-1, laidOut(x))))
  const candidates = padding.some((pixels) => pixels > 0) ? plus(laidOut(x), outside) : laidOut(x)
  const side: Shape = [M, 1, K, P]
  const pool = { window: [K, 1], stride: [K, 1], ties: attrs['ties'] as string }
  const marks = pull('maxPool2d', 'x', { x: shaped(side, candidates) }, constant(1, shaped([M, 1, 1, P], dy)), pool)
  const marked = shaped([M, K, P], times(marks, shaped(side, laidOut(v))))
  return {
    inputs: {},
    cotangents: { y: shaped(dy.shape, apply('conv1d', { x: marked, w: shaped([1, K, 1], ones(K, x)) })) },
  }
}

type Pair = readonly [number, number]
type Shape4 = readonly [number, number, number, number]
