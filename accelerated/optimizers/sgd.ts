import { sizeOf } from '../../spec/tensor.js'
import { input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/** w′ = w − η·(g + λ·w) */
export const sgdForward = mapping({
  name: 'sgd.forward',
  reads: ['w', 'g'],
  writes: ['next_w'],
  params: ['eta', 'lambda'],
  code: /* wgsl */ `
fn at(w: f32, g: f32) -> Values {
  let gradient = select(g + params.lambda * w, g, params.lambda == 0.0);
  return Values(w - params.eta * gradient);
}
`,
})

export const forward: Lower<'sgd'> = ({ attrs: { learningRate: eta, weightDecay: lambda }, sizes }) =>
  launches(
    mapOver(sgdForward, sizeOf(sizes.rest), { w: input('w'), g: input('g'), next_w: output('w') }, { eta, lambda }),
  )
