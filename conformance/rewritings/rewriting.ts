import type { Attributes } from '../../spec/attributes.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { AnySizes } from '../../spec/op.js'
import type { Draws } from '../../spec/philox.js'
import type { Numbers, Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import { randomRounding } from './rounding.js'

/** f32 arithmetic: `f32` rounds an exact sum, difference or product; what else rounds has its own name. */
export interface Machine {
  readonly f32: (exact: number) => number
  readonly over: (a: number, b: number) => number
  readonly exp: (x: number) => number
  readonly expm1: (x: number) => number
  readonly log: (x: number) => number
  readonly log1p: (x: number) => number
  readonly sqrt: (x: number) => number
  readonly tanh: (x: number) => number
}

const { fround } = Math

/** Every operation rounds to nearest. */
export const toNearest: Machine = {
  f32: fround,
  over: (a, b) => fround(a / b),
  exp: (x) => fround(Math.exp(x)),
  expm1: (x) => fround(Math.expm1(x)),
  log: (x) => fround(Math.log(x)),
  log1p: (x) => fround(Math.log1p(x)),
  sqrt: (x) => fround(Math.sqrt(x)),
  tanh: (x) => fround(Math.tanh(x)),
}

/** Every operation errs as it may in WGSL, at random. */
export const asPermitted = (draw: Draws): Machine => {
  const arithmetic = randomRounding(draw)
  const functions = arithmetic.Math as Readonly<Record<keyof Omit<Machine, 'f32' | 'over'>, (x: number) => number>>
  return { ...functions, f32: (exact) => arithmetic['+'](exact, 0), over: arithmetic['/'] }
}

/** What an op is asked. */
export interface Given {
  readonly attrs: Attributes
  readonly inputs: Tensors
  readonly cotangents: Tensors
  readonly sizes: AnySizes
}

export type Evaluate = (machine: Machine, given: Given) => Tensor

/**
 * Another way to write an op's formula, as people do write it: in the words of the op's own file, and evaluated operation
 * by operation in f32. It gives one output, or one gradient.
 */
export interface Rewriting {
  readonly op: OpName
  readonly direction: Direction
  readonly words: string
  readonly output: string
  readonly evaluate: Evaluate
}

export const forward = (op: OpName, output: string, words: string, evaluate: Evaluate): Rewriting => ({
  op,
  direction: 'forward',
  words,
  output,
  evaluate,
})

export const backward = (op: OpName, output: string, words: string, evaluate: Evaluate): Rewriting => ({
  op,
  direction: 'backward',
  words,
  output,
  evaluate,
})

export const at = (data: Numbers, i: number): number => data[i] as number
export const tensorIn = (tensors: Tensors, name: string): Tensor => tensors[name] as Tensor
export const numbersIn = (tensors: Tensors, name: string): Numbers => tensorIn(tensors, name).data
export const extent = ({ sizes }: Given, letter: string): number => sizes[letter] as number
export const attribute = ({ attrs }: Given, name: string): number => attrs[name] as number

/** The tensor whose element i is f(i). */
export const made = (shape: Shape, f: (i: number) => number): Tensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
})

export const listOf = (length: number, f: (i: number) => number): readonly number[] =>
  Array.from({ length }, (_, i) => f(i))

/** Added one by one. */
export const sum = ({ f32 }: Machine, terms: readonly number[]): number => terms.reduce((a, b) => f32(a + b), 0)

/** Σ a·b from the last product to the first, each fused into the sum – one rounding for both – and the bias first of all. */
export const fused = ({ f32 }: Machine, products: readonly (readonly [a: number, b: number])[], bias: number): number =>
  products.reduceRight((soFar, [a, b]) => f32(soFar + a * b), bias)

/** How every op that sums products words it. */
export const anyOrder = 'products added in any order, fused into the sum, the bias first'

/** 1/(1 + e^{−x}) without overflow. */
export const sigmoid = ({ f32, over, exp }: Machine, x: number): number => {
  const power = exp(-Math.abs(x))
  return over(x < 0 ? power : 1, f32(1 + power))
}

export const largest = (row: readonly number[]): number => row.reduce((a, b) => Math.max(a, b), -Infinity)

/** x − max x. */
export const shifted = ({ f32 }: Machine, row: readonly number[]): readonly number[] => {
  const most = largest(row)
  return row.map((x) => f32(x - most))
}

export const softmax = (machine: Machine, row: readonly number[]): readonly number[] => {
  const powers = shifted(machine, row).map(machine.exp)
  const total = sum(machine, powers)
  return powers.map((power) => machine.over(power, total))
}
