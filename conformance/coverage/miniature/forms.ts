import type { AttributeValue } from '../../../spec/attributes.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Form } from '../../form.js'
import { inNumbers, weighted } from '../sums.js'

export type Attrs = Readonly<Record<string, AttributeValue>>

export const formOf = (attrs: Attrs, shapes: Readonly<Record<string, Shape>>, fills: Form['fills'] = {}): Form => ({
  attrs,
  shapes,
  fills,
})

/** Integers hide nothing; every third layer has numbers of one sign, which transformed convolutions are held to as well. */
export const numbered = (op: OpName, direction: Direction, forms: readonly Form[]): readonly Form[] =>
  forms.map((form, turn) => inNumbers(op, direction, weighted, turn % 3 === 2 ? 'one sign' : 'integers', form))

/** A recurrent op: how many gates it has, and whether it goes through steps or is the cell of one. */
export interface Gates {
  readonly gates: 1 | 3 | 4
  readonly steps: boolean
}

/** T steps of N samples of I numbers through H units, by weights so small that derivatives along the steps stay bounded. */
export const recurrence = (
  { gates, steps }: Gates,
  [T, N, I, H]: readonly [number, number, number, number],
  fills: Form['fills'] = {},
): Form => {
  const biases = gates === 3 ? ['bIh', 'bHh'] : ['b']
  const states = (steps ? ['h0', 'c0'] : ['h', 'c']).slice(0, gates === 4 ? 2 : 1)
  return formOf(
    {},
    {
      x: steps ? [T, N, I] : [N, I],
      ...Object.fromEntries(states.map((name) => [name, [N, H]])),
      wIh: [gates * H, I],
      wHh: [gates * H, H],
      ...Object.fromEntries(biases.map((name) => [name, [gates * H]])),
    },
    {
      wIh: { mean: 0, scale: 1 / Math.sqrt(I + 3) },
      wHh: { mean: 0, scale: 1 / (2 * H + 2) },
      ...fills,
    },
  )
}
