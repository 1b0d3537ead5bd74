import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

const of = mutantsOf('adapters/plainF32/layers/dense')

export const dense: readonly Mutant[] = [
  of(
    'batch',
    'the bias for the first sample only',
    'dense forward',
    'b === undefined ? sum',
    'b === undefined || n > 0 ? sum',
  ),
  of('extent', 'terms from 512 on dropped', 'dense forward', 'i < I; i++', 'i < Math.min(I, 512); i++', { nth: 0 }),
  of('index', 'dw by the input of the first sample', 'dense backward', 'd * at(x.data, input)', 'd * at(x.data, i)'),
  of('formula', 'db twice', 'dense backward', 'at(db.data, o) + d', 'at(db.data, o) + 2 * d'),
  of(
    'precision',
    'products in bf16',
    'dense forward',
    'f32(at(w.data, o * I + i) * at(x.data, n * I + i))',
    'f32(at(w.data, o * I + i) * f32(at(x.data, n * I + i) * 257 - at(x.data, n * I + i) * 256))',
    { equivalent: 'x·257 − x·256 in f64 is x' },
  ),
]
