import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Asked, Harm, Met, Where } from '../report.js'
import { listOf, shapeIn } from '../report.js'
import { pair } from '../fresh/met.js'
import { padding } from '../triggers/met.js'

/** As users reported them in public of the backends they use: each with the thread that it comes from. */

/** Padded by as much on every side. */
export const allRound =
  (n: number): Where =>
  (met) =>
    padding(met).every((p) => p === n)
export const unpadded: Where = (met) => padding(met).every((p) => p === 0)
export const window = (down: number, across = down): Where => {
  return (met) => String(pair(met, 'window')) === String([down, across])
}
/** Windows side by side: they step by what they see. */
export const sideBySide: Where = (met) => String(listOf(met, 'window')) === String(listOf(met, 'stride'))
/** The axis of an attribute, counted from the front. */
export const axisIn = (met: Met, input: string): number => {
  const axis = Number(met.attrs['axis'])
  return axis < 0 ? axis + shapeIn(met, input).length : axis
}
/** What is made for each number once: for a row or a column, of what all its elements are asked. */
export const once = <T>(make: (of: number) => T): ((of: number) => T) => {
  const made = new Map<number, T>()
  return (of) => {
    if (!made.has(of)) made.set(of, make(of))
    return made.get(of) as T
  }
}
/** The answer with some of its elements made anew from all of it. */
export const rewritten =
  (
    make: (asked: Asked, data: readonly number[], shape: readonly number[]) => (at: number) => number,
    ...names: readonly string[]
  ): Harm =>
  (asked, plain) =>
    Object.fromEntries(
      Object.entries(plain()).map(([name, tensor]) => {
        if (!names.includes(name)) return [name, tensor]
        const next = make(asked, Array.from(tensor.data, Number), tensor.shape)
        return [
          name,
          { shape: tensor.shape, data: Float32Array.from({ length: tensor.data.length }, (_, at) => next(at)) },
        ]
      }),
    )
/** Some steps of what has its steps first. */
export const stepsOf = ({ shape, data }: Tensor, from: number, to: number): Tensor => {
  const each = shape.slice(1).reduce((a, b) => a * b, 1)
  return {
    shape: [to - from, ...shape.slice(1)],
    data: Float32Array.from({ length: (to - from) * each }, (_, at) => Number(data[from * each + at])),
  }
}
/** Steps one behind another. */
export const joined = (parts: readonly Tensor[]): Tensor => {
  const numbers = parts.flatMap(({ data }) => Array.from(data, Number))
  const steps = parts.reduce((n, { shape }) => n + (shape[0] as number), 0)
  return { shape: [steps, ...(parts[0]?.shape.slice(1) ?? [])], data: Float32Array.from(numbers) }
}
export const added = (a: Tensor, b: Tensor): Tensor => ({
  shape: a.shape,
  data: Float32Array.from(a.data, (v, at) => v + Number(b.data[at])),
})
export const input = ({ inputs }: { readonly inputs: Tensors }, name: string): Tensor => inputs[name] as Tensor
