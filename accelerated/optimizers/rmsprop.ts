import { sizeOf } from '../../spec/tensor.js'
import { elementwise, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** g ← g + λ·w,   s′ = ρ·s + (1−ρ)·g²,   w′ = w − η·g/(√s′ + ε);   rest = 1 − ρ */
export const rmspropForward = kernel({
  name: 'rmsprop.forward',
  reads: ['w', 'g', 's'],
  writes: ['next_w', 'next_s'],
  params: ['eta', 'rho', 'rest', 'epsilon', 'lambda'],
  code: /* wgsl */ `
fn element(i: u32) {
  let gradient = select(g(i) + params.lambda * w(i), g(i), params.lambda == 0.0);
  let square = params.rho * s(i) + params.rest * (gradient * gradient);
  set_next_s(i, square);
  set_next_w(i, w(i) - params.eta * gradient / (sqrt(square) + params.epsilon));
}
`,
})

export const forward: Lower<'rmsprop'> = ({ attrs, sizes }) => {
  const { learningRate: eta, decay: rho, epsilon, weightDecay: lambda } = attrs
  return launches(
    elementwise(
      rmspropForward,
      sizeOf(sizes.rest),
      {
        w: input('w'),
        g: input('g'),
        s: input('meanSquare'),
        next_w: output('w'),
        next_s: output('meanSquare'),
      },
      { eta, rho, rest: 1 - rho, epsilon, lambda },
    ),
  )
}
