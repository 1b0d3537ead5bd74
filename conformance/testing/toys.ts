import { opNames } from '../../spec/catalogue.js'
import type { KernelTable, PlainKernel } from '../../spec/fromKernels.js'
import { fromKernels } from '../../spec/fromKernels.js'
import type { GivenTensors } from '../../spec/op.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensors, sizeOf } from '../../spec/tensor.js'
import { kernelsBy } from '../../reference/formulas.js'
import { formulas } from '../../reference/table.js'
import type { Form } from '../form.js'
import type { QuestionTable } from '../questions.js'
import { questionTable } from '../table.js'
import type { Arithmetic } from '../rewritings/arithmetic.js'

/** Backends made of the reference's formulas, right and wrong on purpose, for tests of the suite itself. */

/** The reference's formulas as a table of kernels. */
export const formulaTable: KernelTable = kernelsBy(formulas)

/** f32 arithmetic that rounds each exact result (as good as f64 knows it) by `round`. */
export const arithmeticOf = (round: (exact: number) => number): Arithmetic => ({
  '+': (a, b) => round(a + b),
  '-': (a, b) => round(a - b),
  '*': (a, b) => round(a * b),
  '/': (a, b) => round(a / b),
  Math: {
    ...Object.fromEntries(['abs', 'max', 'min', 'floor', 'ceil', 'sign'].map((name) => [name, Math[name as 'abs']])),
    ...Object.fromEntries(
      (['exp', 'log', 'sqrt', 'tanh', 'expm1', 'log1p'] as const).map((name) => [
        name,
        (x: number) => round(Math[name](x)),
      ]),
    ),
  },
})

/** A number with so many bits behind the leading one, the rest cut off: 10 is what tf32 keeps, 23 is f32 towards 0. */
export const cutTo =
  (bits: number) =>
  (x: number): number => {
    if (x === 0 || !Number.isFinite(x)) return x
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits)
    return Math.trunc(x / unit) * unit
  }

/** The same, rounded to nearest, ties to even, as casts do. */
export const roundTo =
  (bits: number) =>
  (x: number): number => {
    if (x === 0 || !Number.isFinite(x)) return x
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits)
    const below = Math.floor(x / unit)
    const rest = x / unit - below
    return (below + (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? 1 : 0)) * unit
  }

/** A kernel that sees its inputs and cotangents through f. */
export const through = (f: (x: number) => number, kernel: PlainKernel): PlainKernel => {
  const { forward, backward } = kernel
  return {
    forward: (attrs, inputs, sizes) => forward(attrs, mapTensors(f, inputs), sizes),
    ...(backward === undefined
      ? {}
      : {
          backward: (attrs, inputs, cotangents, sizes) =>
            backward(attrs, mapTensors(f, inputs), mapTensors(f, cotangents), sizes),
        }),
  }
}

/** A kernel whose forward answers are changed, output by output. */
export const changing = (kernel: PlainKernel, change: (y: Tensor) => Tensor | undefined): PlainKernel => ({
  ...kernel,
  forward: (attrs, inputs, sizes): GivenTensors =>
    Object.fromEntries(
      Object.entries(kernel.forward(attrs, inputs, sizes)).map(([name, y]) => [name, change(y as Tensor)]),
    ),
})

/** The reference as a backend, but for some kernels. */
export const toy = (kernels: KernelTable = {}) => fromKernels('toy', { ...formulaTable, ...kernels }, { dials: true })

const small = ({ shapes }: Form): boolean => Object.values(shapes).every((shape) => sizeOf(shape) <= 600)

/** The suite's questions with only the small ones of its corners, so that a test can ask them all. */
export const smallTable: QuestionTable = opNames.reduce<QuestionTable>(
  (table, op) => ({ ...table, [op]: { ...table[op], corners: table[op].corners.filter(small) } }),
  questionTable,
)

/** Every value of some tensors, in one list. */
export const numbersOf = (tensors: Tensors): readonly number[] =>
  Object.values(tensors).flatMap(({ data }) => Array.from({ length: data.length }, (_, i) => data[i] as number))
