import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Tensor32 } from './kernel.js'

/**
 * Arithmetic in f32, and the few loops that many ops have. Files whose loops run long take `at` and `f32` as constants of
 * their own: a test runner that reaches imports through getters takes six times as long over them otherwise.
 */

/** The f32 nearest to a number: what a machine with f32 registers has after each operation. */
export const f32 = Math.fround

export const exp = (x: number): number => f32(Math.exp(x))
export const expm1 = (x: number): number => f32(Math.expm1(x))
export const log = (x: number): number => f32(Math.log(x))
export const log1p = (x: number): number => f32(Math.log1p(x))
export const sqrt = (x: number): number => f32(Math.sqrt(x))
export const tanh = (x: number): number => f32(Math.tanh(x))

/** The number at a place that is known to be there. */
export const at = (numbers: Float32Array, i: number): number => numbers[i] as number

export const zeros = (shape: Shape): Tensor32 => ({ shape, data: new Float32Array(sizeOf(shape)) })

/** f of every number of x. */
export const map = (x: Tensor32, f: (value: number) => number): Tensor32 => {
  const y = zeros(x.shape)
  for (let i = 0; i < y.data.length; i++) y.data[i] = f(at(x.data, i))
  return y
}

/** f of the numbers at the same place of two tensors of one shape. */
export const zip = (a: Tensor32, b: Tensor32, f: (a: number, b: number) => number): Tensor32 => {
  const y = zeros(a.shape)
  for (let i = 0; i < y.data.length; i++) y.data[i] = f(at(a.data, i), at(b.data, i))
  return y
}

export const copied = (shape: Shape, { data }: Tensor32): Tensor32 => ({ shape, data: data.slice() })
