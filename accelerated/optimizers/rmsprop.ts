import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Lowered } from '../kernel.js'
import { input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/** g ← g + λ·w,   s′ = ρ·s + rest·g²,   w′ = w − η·g/(√s′ + ε), or w − η·g/√(s′ + ε) with ε inside */
export const rmspropForward = mapping({
  name: 'rmsprop.forward',
  reads: ['w', 'g', 's'],
  writes: ['next_w', 'next_s'],
  dims: ['inside'],
  params: ['eta', 'rho', 'rest', 'epsilon', 'lambda'],
  code: /* wgsl */ `
fn at(w: f32, g: f32, s: f32) -> Values {
  let gradient = select(g + params.lambda * w, g, params.lambda == 0.0);
  let square = params.rho * s + params.rest * (gradient * gradient);
  let is_inside = dims.inside == 1u;
  let root = sqrt(square + select(0.0, params.epsilon, is_inside)) + select(params.epsilon, 0.0, is_inside);
  return Values(w - params.eta * gradient / root, square);
}
`,
})

interface Numbers {
  readonly learningRate: number
  readonly epsilon: number
  readonly weightDecay: number
  readonly epsilonInside: boolean
}

/** A step by the root of squares that `state` gathers: new ones weigh `rest` and old ones ρ. */
export const scaledByRoot = (
  state: 'meanSquare' | 'accumulator',
  { learningRate: eta, epsilon, weightDecay: lambda, epsilonInside }: Numbers,
  { rest: shape }: { readonly rest: Shape },
  rho: number,
  rest: number,
): Lowered =>
  launches(
    mapOver(
      rmspropForward,
      sizeOf(shape),
      { w: input('w'), g: input('g'), s: input(state), next_w: output('w'), next_s: output(state) },
      { eta, rho, rest, epsilon, lambda },
      { inside: epsilonInside ? 1 : 0 },
    ),
  )

export const forward: Lower<'rmsprop'> = ({ attrs, sizes }) =>
  scaledByRoot('meanSquare', attrs, sizes, attrs.decay, 1 - attrs.decay)
