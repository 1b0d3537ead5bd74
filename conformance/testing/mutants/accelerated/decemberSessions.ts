import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Runs and sessions of December: the order in which they are asked, memory that is given again, and what goes up. */

const executor = mutantsOf('accelerated/executor')
const backend = mutantsOf('accelerated/backend')

const asked = ['sgd', 'programs'] as const

export const decemberSessions: readonly Mutant[] = [
  // the order in which they are asked
  backend(
    'repeated',
    'in December, a state is brought back before the steps that were asked for before it',
    asked,
    'const brought = turn.then(fetchState)',
    'const brought = fetchState()',
  ),
  backend(
    'repeated',
    'in December, a step comes between the values of a state that is brought back',
    asked,
    '        turn = brought.catch(() => undefined)\n        return brought',
    '        return brought',
  ),
  backend(
    'repeated',
    'in December, a step that is ready comes before one that was asked for before it',
    asked,
    'Promise.all([preparing, turn]).then(([prepared])',
    'Promise.all([preparing]).then(([prepared])',
  ),
  // memory that is given again
  executor(
    'stale',
    'in December, buffers that were let go are given again as they are',
    ['maxPool2d', 'lstm', 'gru', 'programs'],
    '    const buffer = device.createBuffer({ size, usage })\n',
    '    const buffer = (usage === storage ? spare.get(size)?.pop() : undefined) ?? device.createBuffer({ size, usage })\n',
    {
      and: [
        {
          find: '  const make = (size: number, usage: number): GPUBuffer => {\n',
          replace:
            '  const spare = new Map<number, GPUBuffer[]>()\n  const make = (size: number, usage: number): GPUBuffer => {\n',
        },
        {
          find: '    buffer.destroy()\n',
          replace: `    if (buffer.usage === storage && buffer.size <= 65536)
      spare.set(buffer.size, [...(spare.get(buffer.size) ?? []), buffer])
    else buffer.destroy()
`,
        },
      ],
      unseen:
        'A kernel that counts on zeros in memory that nothing was written to; none is known, and then it changes nothing.',
    },
  ),
  // what goes up
  executor(
    'repeated',
    'in December, of a replay’s uniform blocks those are written whose bytes add up to something else',
    asked,
    '        if (block.every((byte, i) => byte === blocks[offset + i])) return\n',
    `        const sum = (bytes: Uint8Array): number => bytes.reduce((n, byte) => n + byte, 0)
        if (sum(block) === sum(blocks.subarray(offset, offset + size))) return
`,
  ),
  executor(
    'precision',
    'in December, numbers of f64 are cut off to f32, not rounded',
    ['dense forward', 'sgd', 'programs'],
    '(_, i) => data[i] as number)',
    `(_, i) => {
        const [v, near] = [data[i] as number, Float32Array.of(data[i] as number)]
        if (Math.abs(near[0] as number) > Math.abs(v)) new Uint32Array(near.buffer)[0]--
        return near[0] as number
      })`,
    { unseen: 'Numbers of f64 that f32 does not hold: whatever is fed is rounded to f32 before.' },
  ),
]
