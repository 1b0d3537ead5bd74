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
