import type {
  AttrsOf,
  CotangentsOf,
  DifferentiableName,
  GradientsOf,
  InputsOf,
  OpName,
  OutputsOf,
  SizesOf,
} from '../../spec/catalogue.js'
import type { Tensor } from '../../spec/tensor.js'

/** A tensor of f32 numbers, whose elements can be written while it is made. */
export interface Tensor32 extends Tensor {
  readonly data: Float32Array
}

type In32<T> = { readonly [K in keyof T]: undefined extends T[K] ? Tensor32 | undefined : Tensor32 }

/** An op in f32: attributes and inputs come rounded to f32, and every operation rounds once more. */
export type Forward<N extends OpName> = (
  attrs: AttrsOf<N>,
  inputs: In32<InputsOf<N>>,
  sizes: SizesOf<N>,
) => In32<OutputsOf<N>>

/** The vector–Jacobian product of an op in f32: one gradient for each differentiable input given. */
export type Backward<N extends DifferentiableName> = (
  attrs: AttrsOf<N>,
  inputs: In32<InputsOf<N>>,
  cotangents: In32<CotangentsOf<N>>,
  sizes: SizesOf<N>,
) => In32<GradientsOf<N>>
