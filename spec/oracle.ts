import type { Attributes } from './attributes.js'
import type { Direction, OpName } from './catalogue.js'
import type { Result } from './error.js'
import type { Tensors } from './tensor.js'

/** What conformance asks for right answers: the reference, handed in as a value, so that the suite imports no interpreter. */
export interface Oracle {
  readonly evaluate: (
    op: OpName,
    direction: Direction,
    attrs: Attributes,
    inputs: Tensors,
    cotangents: Tensors,
  ) => Result<Tensors>
}
