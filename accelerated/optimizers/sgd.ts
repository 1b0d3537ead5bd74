import { sizeOf } from '../../spec/tensor.js'
import { elementwise, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** w′ = w − η·(g + λ·w) */
export const sgdForward = kernel({
  name: 'sgd.forward',
  reads: ['w', 'g'],
  writes: ['next_w'],
  params: ['eta', 'lambda'],
  code: /* wgsl */ `
fn element(i: u32) {
  let gradient = select(g(i) + params.lambda * w(i), g(i), params.lambda == 0.0);
  set_next_w(i, w(i) - params.eta * gradient);
}
`,
})

export const forward: Lower<'sgd'> = ({ attrs: { learningRate: eta, weightDecay: lambda }, sizes }) =>
  launches(
    elementwise(sgdForward, sizeOf(sizes.rest), { w: input('w'), g: input('g'), next_w: output('w') }, { eta, lambda }),
  )
