import { sizeOf } from '../../spec/tensor.js'
import { elementwise, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/**
 * g ← g + λ·w,   s′ = ρ·s + (1−ρ)·g²,   Δ = g·√(d + ε)/√(s′ + ε),   d′ = ρ·d + (1−ρ)·Δ²,   w′ = w − η·Δ;   rest = 1 − ρ
 */
export const adadeltaForward = kernel({
  name: 'adadelta.forward',
  reads: ['w', 'g', 's', 'd'],
  writes: ['next_w', 'next_s', 'next_d'],
  params: ['eta', 'rho', 'rest', 'epsilon', 'lambda'],
  code: /* wgsl */ `
fn element(i: u32) {
  let gradient = select(g(i) + params.lambda * w(i), g(i), params.lambda == 0.0);
  let square = params.rho * s(i) + params.rest * (gradient * gradient);
  let delta = gradient * sqrt(d(i) + params.epsilon) / sqrt(square + params.epsilon);
  set_next_s(i, square);
  set_next_d(i, params.rho * d(i) + params.rest * (delta * delta));
  set_next_w(i, w(i) - params.eta * delta);
}
`,
})

export const forward: Lower<'adadelta'> = ({ attrs, sizes }) => {
  const { learningRate: eta, decay: rho, epsilon, weightDecay: lambda } = attrs
  return launches(
    elementwise(
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
