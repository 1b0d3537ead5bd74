import type { AttrsOf, DifferentiableName, InputsOf, OpName, SizesOf } from '../spec/catalogue.js'
import type { Lowered } from './kernel.js'

/** What lowering may look at: attributes, sizes, and which tensors are given and wanted. No values, no device. */
export interface Request<N extends OpName> {
  readonly attrs: AttrsOf<N>
  readonly sizes: SizesOf<N>
  /** whether an optional input is given */
  has(input: keyof InputsOf<N> & string): boolean
  /** whether an output's cotangent is given; one that is not counts as zeros */
  given(output: string): boolean
  /** whether an output, or an input's gradient, is asked for */
  wants(result: string): boolean
  /** how many lanes every subgroup of the device has, where that is one number */
  readonly subgroupSize?: number
}

/** From an op to launches: pure. */
export type Lower<N extends OpName> = (request: Request<N>) => Lowered

export type Lowering<N extends OpName> = N extends DifferentiableName
  ? { readonly forward: Lower<N>; readonly backward: Lower<N> }
  : { readonly forward: Lower<N> }
