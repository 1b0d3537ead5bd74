import { sizeOf } from '../../spec/tensor.js'
import { elementwise, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** g ← g + λ·w,   G′ = G + g²,   w′ = w − η·g/(√G′ + ε) */
export const adagradForward = kernel({
  name: 'adagrad.forward',
  reads: ['w', 'g', 'accumulator'],
  writes: ['next_w', 'next_accumulator'],
  params: ['eta', 'epsilon', 'lambda'],
  code: /* wgsl */ `
fn element(i: u32) {
  let gradient = select(g(i) + params.lambda * w(i), g(i), params.lambda == 0.0);
  let gathered = accumulator(i) + gradient * gradient;
  set_next_accumulator(i, gathered);
  set_next_w(i, w(i) - params.eta * gradient / (sqrt(gathered) + params.epsilon));
}
`,
})

export const forward: Lower<'adagrad'> = ({ attrs, sizes }) => {
  const { learningRate: eta, epsilon, weightDecay: lambda } = attrs
  return launches(
    elementwise(
      adagradForward,
      sizeOf(sizes.rest),
      {
        w: input('w'),
        g: input('g'),
        accumulator: input('accumulator'),
        next_w: output('w'),
        next_accumulator: output('accumulator'),
      },
      { eta, epsilon, lambda },
    ),
  )
}
