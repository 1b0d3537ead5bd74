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

/** An op's formula. Shapes and attributes were checked before: there is no failure here, only the formula. */
export type Forward<N extends OpName> = (attrs: AttrsOf<N>, inputs: InputsOf<N>, sizes: SizesOf<N>) => OutputsOf<N>

/** The vector–Jacobian product of an op: one gradient for each differentiable input given. */
export type Backward<N extends DifferentiableName> = (
  attrs: AttrsOf<N>,
  inputs: InputsOf<N>,
  cotangents: CotangentsOf<N>,
  sizes: SizesOf<N>,
) => GradientsOf<N>
