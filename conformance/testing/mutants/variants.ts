import type { Variant } from './mutant.js'

/** Right answers made in other ways, none of which may be rejected. */
export const variants: readonly Variant[] = [
  {
    id: 'adapters/plainF32/layers/dense: the sum from the last term to the first',
    edits: [
      {
        file: 'adapters/plainF32/layers/dense.ts',
        find: 'for (let i = 0; i < I; i++) sum',
        replace: 'for (let i = I - 1; i >= 0; i--) sum',
      },
    ],
    touches: ['dense forward'],
  },
]
