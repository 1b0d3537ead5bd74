import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Faults of other backends once more: the way back in particular, and pieces and steps that are alike in most cases. */

const concat = mutantsOf('adapters/plainF32/layers/concat')
const dropout = mutantsOf('adapters/plainF32/layers/dropout')
const lstm = mutantsOf('adapters/plainF32/layers/lstm')
const gru = mutantsOf('adapters/plainF32/layers/gru')
const transposed = mutantsOf('adapters/plainF32/layers/convTranspose2d')
const inference = mutantsOf('adapters/plainF32/layers/batchNormInference')
const max = mutantsOf('adapters/plainF32/layers/maxPool2d')
const lrn = mutantsOf('adapters/plainF32/layers/localResponseNorm')
const cce = mutantsOf('adapters/plainF32/losses/cce')

export const lastly: readonly Mutant[] = [
  concat(
    'index',
    'backward, pieces start where they would if all were as long',
    'concat backward',
    'at(dy.data, (o * total + start) * inner + i)',
    'at(dy.data, (o * total + Math.min(q * extent, total - extent)) * inner + i)',
  ),
  dropout(
    'attribute',
    'backward, the mask of the first stream',
    'dropout backward',
    '({ x: masked(dy, mask) })',
    '({ x: masked(dy, { ...mask, stream: 0 }) })',
  ),
  lstm(
    'time',
    'dc0 is what reaches the cell after the first step',
    'lstm backward',
    'dc = pull.dc',
    'if (t > 0 || T === 1) dc = pull.dc',
  ),
  gru(
    'time',
    'dwHh of the first step by the last state',
    'gru backward',
    'addAffineGradients(gradients.wHh, gradients.bHh, du, before, N)',
    'addAffineGradients(gradients.wHh, gradients.bHh, du, t === 0 && T > 4 ? (steps[T - 1] as GruStep).h : before, N)',
  ),
  transposed(
    'group',
    'backward, groups of one channel take the maps from the last to the first',
    'convTranspose2d backward',
    'const first = Og * Math.floor((c * groups) / C)',
    'const first = Og * (C === groups ? groups - 1 - c : Math.floor((c * groups) / C))',
    { nth: 1 },
  ),
  inference(
    'formula',
    'dx without γ',
    'batchNormInference backward',
    'dx.data[place] = f32(scale * d)',
    'dx.data[place] = f32(r * d)',
  ),
  max(
    'boundary',
    'shared only where all that tie are in one row',
    'maxPool2d backward',
    "const takers = ties === 'share' ? places",
    "const takers = ties === 'share' && Math.floor((places[0] as number) / W) === Math.floor((places.at(-1) as number) / W) ? places",
  ),
  lrn(
    'attribute',
    'backward, the factor as if β were at its default',
    'localResponseNorm backward',
    'f32(f32(f32(2 * alpha) * beta) / size)',
    'f32(f32(f32(2 * alpha) * f32(0.75)) / size)',
  ),
  cce(
    'boundary',
    'a negative target has no gradient',
    'cce backward',
    't === 0 && !Number.isNaN(p) ? 0',
    't <= 0 && !Number.isNaN(p) ? 0',
  ),
]
