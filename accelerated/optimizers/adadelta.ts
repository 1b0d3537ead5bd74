import { sizeOf } from '../../spec/tensor.js'
import { input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/**
 * g ← g + λ·w,   s′ = ρ·s + (1−ρ)·g²,   Δ = g·√(d + ε)/√(s′ + ε),   d′ = ρ·d + (1−ρ)·Δ²,   w′ = w − η·Δ;   rest = 1 − ρ
 */
export const adadeltaForward = mapping({
  name: 'adadelta.forward',
  reads: ['w', 'g', 's', 'd'],
  writes: ['next_w', 'next_s', 'next_d'],
  params: ['eta', 'rho', 'rest', 'epsilon', 'lambda'],
  code: /* wgsl */ `
fn at(w: f32, g: f32, s: f32, d: f32) -> Values {
  let gradient = select(g + params.lambda * w, g, params.lambda == 0.0);
  let square = params.rho * s + params.rest * (gradient * gradient);
  let delta = gradient * sqrt(d + params.epsilon) / sqrt(square + params.epsilon);
  return Values(w - params.eta * delta, square, params.rho * d + params.rest * (delta * delta));
}
`,
})

export const forward: Lower<'adadelta'> = ({ attrs, sizes }) => {
  const { learningRate: eta, decay: rho, epsilon, weightDecay: lambda } = attrs
  return launches(
    mapOver(
      adadeltaForward,
      sizeOf(sizes.rest),
      {
        w: input('w'),
        g: input('g'),
        s: input('meanSquare'),
        d: input('meanSquareDelta'),
        next_w: output('w'),
        next_s: output('meanSquare'),
        next_d: output('meanSquareDelta'),
      },
      { eta, rho, rest: 1 - rho, epsilon, lambda },
    ),
  )
}
