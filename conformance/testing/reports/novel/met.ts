import type { Shape, Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Asked, Harm, Met, Where } from '../report.js'
import { asIfGiven, asIfPulled, changed, shapeIn } from '../report.js'
import { valuesOf } from '../together/met.js'

/**
 * As authors of kernels and of drivers make them: a vector that lies over the border between two channels, a kernel that is
 * chosen by extents and forgets an attribute, sums kept in halves, a product that is left out where there is nothing to
 * multiply, a mask that is read off the numbers.
 */

type Change = (value: number, at: number, shape: Shape) => number

/** Numbers of the answer, or of the outputs that are named, changed by what was asked. */
export const by =
  (make: (asked: Asked, right: Tensors) => Change, ...names: readonly string[]): Harm =>
  (asked, plain) => {
    const right = plain()
    const change = make(asked, right)
    return Object.fromEntries(
      Object.entries(right).map(([name, tensor]) => [
        name,
        names.length > 0 && !names.includes(name) ? tensor : changed(tensor, (v, _, at) => change(v, at, tensor.shape)),
      ]),
    )
  }

/** The wrong answer at some places, the right one elsewhere. */
export const partly =
  (harm: Harm, which: (place: readonly number[], shape: Shape, asked: Asked) => boolean): Harm =>
  (asked, plain, memory) => {
    const wrong = harm(asked, plain, memory)
    return Object.fromEntries(
      Object.entries(plain()).map(([name, right]) => [
        name,
        changed(right, (v, place, at) => (which(place(), right.shape, asked) ? (wrong[name]?.data[at] ?? v) : v)),
      ]),
    )
  }

/** A number of so many binary digits. */
export const digits =
  (bits: number) =>
  (v: number): number => {
    if (Math.abs(v) < 1e-30 || !Number.isFinite(v)) return v
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(v))) - bits + 1)
    return Math.round(v / unit) * unit
  }
/** The nearest number of 16 bits, and Infinity beyond them. */
export const half = (v: number): number => {
  if (Math.abs(v) >= 65520) return Math.sign(v) * Infinity
  return Math.abs(v) < 2 ** -14 ? Math.round(v * 2 ** 24) / 2 ** 24 : digits(11)(v)
}

/** An input, or a cotangent, as it is read. */
export const read = (name: string, change: (v: number) => number): Harm =>
  asIfGiven(({ inputs }) => ({ [name]: changed(inputs[name] as Tensor, (v) => change(v)) }))
export const pull = (change: (v: number) => number): Harm =>
  asIfPulled(({ cotangents }) =>
    Object.fromEntries(Object.entries(cotangents).map(([name, dy]) => [name, changed(dy, (v) => change(v))])),
  )

export const cotangentOf = (asked: Asked): readonly number[] => valuesOf(Object.values(asked.cotangents)[0] as Tensor)
export const number =
  (name: string, test: (n: number) => boolean): Where =>
  ({ attrs }) =>
    test(Number(attrs[name]))
/** The extents of an input. */
export const extents =
  (name: string, test: (shape: readonly number[]) => boolean): Where =>
  (met) =>
    test(shapeIn(met, name))
export const times = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1)
/** How many pixels a map of x has. */
export const pixelsOf = (met: Met): number => times(shapeIn(met, 'x').slice(2))
