import type { Tensor } from '../../spec/tensor.js'

type Nested = number | readonly Nested[]

const shapeOf = (nested: Nested): readonly number[] =>
  typeof nested === 'number' ? [] : [nested.length, ...shapeOf(nested[0] ?? 0)]

const flat = (nested: Nested): readonly number[] => (typeof nested === 'number' ? [nested] : nested.flatMap(flat))

/** A tensor as it is written in books and in NumPy: `array([[1, 2, 3], [4, 5, 6]])` has two rows. */
export const array = (nested: Nested): Tensor => ({ shape: shapeOf(nested), data: flat(nested) })
