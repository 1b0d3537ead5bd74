import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of memory that is used again, of what steps leave to each other, and of what goes up. */

const plan = mutantsOf('accelerated/plan')
const arrange = mutantsOf('accelerated/arrange')
const executor = mutantsOf('accelerated/executor')
const max = mutantsOf('accelerated/layers/maxPool2d')
const avg = mutantsOf('accelerated/layers/avgPool2d')

export const laterMemory: readonly Mutant[] = [
  max(
    'stale',
    'what lies between windows is not set to 0',
    ['maxPool2d backward', 'programs'],
    'let bottom = min(i * dims.sh + dims.sh - dims.top, dims.H);\n  let has_window = (i < dims.Ho) & (j < dims.Wo);\n  // a cell',
    'let bottom = min(i * dims.sh + dims.KH - dims.top, dims.H);\n  let has_window = (i < dims.Ho) & (j < dims.Wo);\n  // a cell',
  ),
  max(
    'stale',
    'a gradient of 0 is not written, of windows that overlap in many',
    ['maxPool2d backward', 'programs'],
    '      if (choice(window) == f32(own)) { sum += dy(window); }\n    }\n  }\n  set_dx(flat, sum);',
    '      if (choice(window) == f32(own)) { sum += dy(window); }\n    }\n  }\n  if (sum != 0.0) { set_dx(flat, sum); }',
  ),
  avg(
    'stale',
    'what no window sees is not set to 0',
    ['avgPool2d backward', 'programs'],
    '  set_dx(flat, sum);',
    '  if (sum != 0.0) { set_dx(flat, sum); }',
  ),
  plan(
    'repeated',
    'a table of owners is gone after its last reader',
    ['adam', 'programs'],
    'const tables = [...lives.values()].filter(({ holds }) => holds !== undefined)',
    'const tables: readonly Resident[] = []',
  ),
  plan(
    'stale',
    'what is absent has room until its last reader only',
    ['dense forward', 'programs'],
    '[...always, ...tables, nothing]',
    '[...always, ...tables]',
    { equivalent: 'what is read of an absent tensor decides nothing' },
  ),
  plan(
    'plan',
    'a state in a room is where the room’s first is',
    ['adam', 'programs'],
    'a.root.key === b.root.key && a.first === b.first',
    'a.root.key === b.root.key',
    { equivalent: 'what lies in a room beside others becomes only what is renewed in its own place' },
  ),
  arrange(
    'repeated',
    'a node whose attributes are fed reads what another has left',
    ['dropout', 'programs'],
    'if (isFed(checked)) return undefined',
    '',
  ),
  executor(
    'index',
    'a feed that is part of an array goes up from the array’s start',
    ['add', 'dense', 'programs'],
    'write(buffer, offset, toFloats(data))',
    'write(buffer, offset, new Float32Array(toFloats(data).buffer, 0, data.length))',
  ),
]
