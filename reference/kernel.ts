import type {
  AttrsOf,
  CotangentsOf,
  DifferentiableName,
  GradientsOf,
  InputsOf,
  OpName,
  OutputsOf,
  SizesOf,
} from '../spec/catalogue.js'
import type { Field } from '../spec/field.js'

type AsFields<T> = { readonly [K in keyof T]: undefined extends T[K] ? Field | undefined : Field }

/** An op's inputs as its formula reads them; what the formula gives; the gradients that its reverse gives. */
export type InputFields<N extends OpName> = AsFields<InputsOf<N>>
export type OutputFields<N extends OpName> = AsFields<OutputsOf<N>>
export type GradientFields<N extends OpName> = AsFields<GradientsOf<N>>

/** An op's formula. Shapes and attributes were checked before: there is no failure here, only the formula. */
export type Forward<N extends OpName> = (
  attrs: AttrsOf<N>,
  inputs: InputFields<N>,
  sizes: SizesOf<N>,
) => OutputFields<N>

/** The vector–Jacobian product of an op: one gradient for each differentiable input given. */
export type Backward<N extends DifferentiableName> = (
  attrs: AttrsOf<N>,
  inputs: InputFields<N>,
  cotangents: AsFields<CotangentsOf<N>>,
  sizes: SizesOf<N>,
) => GradientFields<N>
