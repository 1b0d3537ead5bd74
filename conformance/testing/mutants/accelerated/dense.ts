import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

const of = mutantsOf('accelerated/layers/dense')

export const dense: readonly Mutant[] = [
  of('index', 'the first bias for every output', 'dense forward', 'sum += b(o);', 'sum += b(0u);'),
  of('attribute', 'tiles leave the bias out', 'dense forward', 'value += b(o);', ''),
  of('tail', 'the last term of a sum dropped', 'dense forward', 'i < dims.I; i++', 'i + 1u < dims.I; i++'),
  of('stale', 'a sum starts at 1', 'dense forward', 'var sum = 0.0;\n  for (var i', 'var sum = 1.0;\n  for (var i'),
  of('subset', 'dx only where dw is wanted too', 'dense backward', "wants('x') ?", "wants('x') && wants('w') ?"),
]
