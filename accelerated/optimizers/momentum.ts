import { sizeOf } from '../../spec/tensor.js'
import { elementwise, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** v′ = μ·v + g + λ·w,   w′ = w − η·v′   (Nesterov: w′ = w − η·(g + λ·w + μ·v′)) */
export const momentumForward = kernel({
  name: 'momentum.forward',
  reads: ['w', 'g', 'velocity'],
  writes: ['next_w', 'next_velocity'],
  dims: ['nesterov'],
  params: ['eta', 'mu', 'lambda'],
  code: /* wgsl */ `
fn element(i: u32) {
  let gradient = select(g(i) + params.lambda * w(i), g(i), params.lambda == 0.0);
  let v = params.mu * velocity(i) + gradient;
  let direction = select(v, gradient + params.mu * v, dims.nesterov == 1u);
  set_next_velocity(i, v);
  set_next_w(i, w(i) - params.eta * direction);
}
`,
})

export const forward: Lower<'momentum'> = ({ attrs, sizes }) => {
  const { learningRate: eta, momentum: mu, nesterov, weightDecay: lambda } = attrs
  return launches(
    elementwise(
      momentumForward,
      sizeOf(sizes.rest),
      {
        w: input('w'),
        g: input('g'),
        velocity: input('velocity'),
        next_w: output('w'),
        next_velocity: output('velocity'),
      },
      { eta, mu, lambda },
      { nesterov: nesterov ? 1 : 0 },
    ),
  )
}
