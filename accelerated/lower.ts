import type { Attributes } from '../spec/attributes.js'
import type { AttrsOf, DifferentiableName, InputsOf, OpName, SizesOf } from '../spec/catalogue.js'
import type { AnySizes } from '../spec/op.js'
import type { Lowered } from './kernel.js'

/**
 * What lowering may look at: attributes, sizes, and which tensors are given and wanted. No values, no device. Of an op that
 * is known only at run time, names and sizes are any.
 */
export interface Request<A = Attributes, S = AnySizes, I extends string = string> {
  readonly attrs: A
  readonly sizes: S
  /** whether an optional input is given */
  has(input: I): boolean
  /** whether an output's cotangent is given; one that is not counts as zeros */
  given(output: string): boolean
  /** whether an output, or an input's gradient, is asked for */
  wants(result: string): boolean
  /** backward, whether an output of the same op forward is at hand, to be read as `savedOutput` */
  saved(output: string): boolean
  /** backward, whether scratch of the same op forward is at hand, to be read as `keptScratch` */
  kept(scratch: string): boolean
  /** forward, whether the program has the same op backward, which may read what is kept */
  readonly isReversed: boolean
  /**
   * forward, whether all that the same op backward reads is there before, so that both may be done at once: what comes of it
   * then says that it `reverses`
   */
  readonly reversesAtOnce: boolean
  /** how many lanes every subgroup of the device has, where that is one number */
  readonly subgroupSize?: number
  /** whether products are made in the memory that a workgroup has, where a kernel has such a form: launches are then made so */
  readonly inWorkgroups?: boolean
}

export type RequestOf<N extends OpName> = Request<AttrsOf<N>, SizesOf<N>, keyof InputsOf<N> & string>

/** From an op to launches: pure. */
export type Lower<N extends OpName> = (request: RequestOf<N>) => Lowered

/** An op's two directions. Methods, so that those of an op's exact types fit where the op is known only at run time. */
export interface Lowering<R = Request> {
  forward(request: R): Lowered
  backward?(request: R): Lowered
}

export type LoweringOf<N extends OpName> = N extends DifferentiableName
  ? Required<Lowering<RequestOf<N>>>
  : Lowering<RequestOf<N>>
