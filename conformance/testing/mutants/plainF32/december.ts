import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Faults of December: of a sign, and of a quotient in place of a function. */

const lstmCell = mutantsOf('adapters/plainF32/layers/lstmCell')
const cross = mutantsOf('adapters/plainF32/losses/softmaxCrossEntropy')

export const december: readonly Mutant[] = [
  lstmCell(
    'not a number',
    'in December, the squashed cell is the state over the output gate',
    ['lstmCell backward', 'lstm backward'],
    'const squashed = tanh(at(nextC, unit))',
    'const squashed = f32(f32(o * tanh(at(nextC, unit))) / o)',
  ),
  cross(
    'formula',
    'in December, targets add up by their size',
    'softmaxCrossEntropy backward',
    'targets = f32(targets + at(target.data, n * C + c))',
    'targets = f32(targets + Math.abs(at(target.data, n * C + c)))',
  ),
]
