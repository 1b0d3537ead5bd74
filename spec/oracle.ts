import type { Attributes } from './attributes.js'
import type { Direction, OpName } from './catalogue.js'
import type { Result } from './error.js'
import type { Fields, Readables } from './field.js'
import type { Tensors } from './tensor.js'

/** One op in one direction on given inputs. A missing cotangent counts as zeros. */
interface Answers<A> {
  (op: OpName, direction: Direction, attrs: Attributes, inputs: Readables, cotangents: Readables): Result<A>
}

/** What conformance asks for right answers: the reference, handed in as a value, so that the suite imports no interpreter. */
export interface Oracle {
  /**
   * The answer at whatever elements are read of it, however large it is: an element costs its own work.
   *
   * Errors  whatever the op refuses of shapes and attributes; NoBackward
   */
  readonly fields: Answers<Fields>
  /** The whole answer. Errors: the same, and TooLarge – an output over 2²⁴ elements */
  readonly evaluate: Answers<Tensors>
}
