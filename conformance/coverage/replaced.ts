import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Fill, Form } from '../form.js'
import type { Attrs } from './miniature/forms.js'
import { formOf } from './miniature/forms.js'

/**
 * What is kept from step to step and all but replaced, being far above what is new: (1 − α)·old + α·new with α at 1 or near it.
 * Written as old + α·(new − old) it has the digits of old, and none of new. The same in every run, whatever its seed.
 */

const large: Fill = { mean: 1000, scale: 1 }
// the weight of the old
const shares = [0, 2 ** -7]

const updated = (names: readonly string[], attrs: (share: number) => Attrs): readonly Form[] =>
  shares.map((share) =>
    formOf(
      attrs(share),
      {
        ...Object.fromEntries(['w', 'g', ...names].map((name) => [name, [9]])),
        ...(names.includes('v') ? { step: [] } : {}),
      },
      {
        ...Object.fromEntries(names.map((name) => [name, large])),
        ...(names.includes('v') ? { step: { constant: 3 } } : {}),
      },
    ),
  )

const replaced: Readonly<Partial<Record<OpName, readonly Form[]>>> = {
  batchNormTraining: shares.map((share) =>
    formOf(
      { momentum: 1 - share },
      { x: [4, 9], gamma: [9], beta: [9], runningMean: [9], runningVar: [9] },
      { runningMean: large, runningVar: large },
    ),
  ),
  rmsprop: updated(['meanSquare'], (decay) => ({ learningRate: 0.125, decay })),
  adadelta: updated(['meanSquare', 'meanSquareDelta'], (decay) => ({ decay })),
  adam: updated(['m', 'v'], (share) => ({ beta1: share, beta2: share })),
  adamw: updated(['m', 'v'], (share) => ({ beta1: share, beta2: share })),
}

/** The cases of an op in a direction whose state is replaced. */
export const replacedOf = (op: OpName, direction: Direction): readonly Form[] =>
  direction === 'forward' ? (replaced[op] ?? []) : []
