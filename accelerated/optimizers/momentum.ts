import { sizeOf } from '../../spec/tensor.js'
import { input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/** v′ = μ·v + g + λ·w,   w′ = w − η·v′   (Nesterov: w′ = w − η·(g + λ·w + μ·v′)) */
export const momentumForward = mapping({
  name: 'momentum.forward',
  reads: ['w', 'g', 'velocity'],
  writes: ['next_w', 'next_velocity'],
  dims: ['nesterov'],
  params: ['eta', 'mu', 'lambda'],
  code: /* wgsl */ `
fn at(w: f32, g: f32, velocity: f32) -> Values {
  let gradient = select(g + params.lambda * w, g, params.lambda == 0.0);
  let v = params.mu * velocity + gradient;
  let direction = select(v, gradient + params.mu * v, dims.nesterov == 1u);
  return Values(w - params.eta * direction, v);
}
`,
})

export const forward: Lower<'momentum'> = ({ attrs, sizes }) => {
  const { learningRate: eta, momentum: mu, nesterov, weightDecay: lambda } = attrs
  return launches(
    mapOver(
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
