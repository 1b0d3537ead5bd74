import { draws, keyOf } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensor, sumOf, zipTensors } from '../spec/tensor.js'

// ---- points and directions ---------------------------------------------------------------------------------------

/**
 * A point away from kinks: golden inputs are multiples of 1/64, and every element is moved by its own fraction of half
 * of that. Then none is 0 and no two are equal, nor close: a step crosses no corner of relu and turns no tie.
 */
export const moved = (seed: string, names: readonly string[], tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, x]) => {
      if (!names.includes(name)) return [name, x]
      const draw = draws(keyOf(`${seed} ${name}`))
      const order = Array.from({ length: x.data.length }, (_, i) => ({ i, at: draw.word() })).sort(
        (a, b) => a.at - b.at,
      )
      const rank = new Map(order.map(({ i }, rank) => [i, rank + 1]))
      return [name, mapTensor((v, i) => v + (rank.get(i) as number) / (128 * (x.data.length + 1)), x)]
    }),
  )

/** A direction: ±1 or ±½ for every element of the tensors named, 0 for the others. */
export const directionAt = (seed: string, names: readonly string[], tensors: Tensors): Tensors => {
  const draw = draws(keyOf(`${seed} direction`))
  return Object.fromEntries(
    names.map((name) => [name, generate((tensors[name] as Tensor).shape, () => draw.pick([1, -1, 0.5, -0.5]))]),
  )
}

const along = (x: Tensors, v: Tensors, h: number): Tensors => ({
  ...x,
  ...Object.fromEntries(
    Object.entries(v).map(([name, v]) => [name, zipTensors([x[name] as Tensor, v], (x, v) => x + h * v)]),
  ),
})

const paired = (a: Tensors, b: Tensors, f: (a: number, b: number) => number): number =>
  Object.entries(b).reduce((sum, [name, b]) => sum + sumOf(zipTensors([a[name] as Tensor, b], f).data), 0)
const inner = (a: Tensors, b: Tensors): number => paired(a, b, (a, b) => a * b)
const size = (a: Tensors, b: Tensors): number => paired(a, b, (a, b) => Math.abs(a * b))

const elements = (tensors: Tensors): number => Object.values(tensors).reduce((n, { data }) => n + data.length, 0)

// ---- the comparison ----------------------------------------------------------------------------------------------

/** How far roundings may drive a function's values, and the gradient that is on trial. */
export interface Trial {
  readonly ofValues: Tensors
  readonly cotangents: Tensors
  readonly gradients: Tensors
  readonly ofGradients: Tensors
}

export interface Comparison {
  readonly claimed: number
  readonly measured: number
  readonly allowed: number
}

/** Where a function is to be known: at x + h·v and at x − h·v, for 2h and for h. */
const steps = [2, -2, 1, -1] as const
export const pointsAround = (x: Tensors, v: Tensors, h: number): readonly Tensors[] =>
  steps.map((times) => along(x, v, times * h))

/**
 * ⟨dx, v⟩ against (f(x + hv) − f(x − hv))/2h contracted with the cotangent. The step is the difference of the two points
 * as rounded, not 2hv. Two errors are allowed and no other:
 *
 *   truncation   is C·h² to leading order, so of the differences at 2h and h the finer one errs a third of what lies
 *                between them (Richardson); all of it is allowed
 *   rounding     of both values by their bounds, over 2h; of the gradient by its own; of the two contractions, an ε for
 *                each of their terms
 */
export const compare = (
  { ofValues, cotangents, gradients, ofGradients }: Trial,
  points: readonly Tensors[],
  values: readonly Tensors[],
  h: number,
): Comparison => {
  const lessThan = (a: Tensors, b: Tensors): Tensors =>
    Object.fromEntries(
      Object.keys(b).map((name) => [name, zipTensors([a[name] as Tensor, b[name] as Tensor], (a, b) => a - b)]),
    )
  const at = (pair: number, h: number) => {
    const change = lessThan(values[pair] as Tensors, values[pair + 1] as Tensors)
    const rounding = 2 * size(ofValues, cotangents) + 2 ** -52 * elements(cotangents) * size(change, cotangents)
    return { measured: inner(change, cotangents) / (2 * h), rounding: rounding / (2 * h) }
  }
  const [coarse, fine] = [at(0, 2 * h), at(2, h)]
  const moved = lessThan(points[2] as Tensors, points[3] as Tensors)
  const step = Object.fromEntries(Object.keys(gradients).map((name) => [name, moved[name] as Tensor]))
  const perStep = (value: number): number => value / (2 * h)
  const ofClaim = size(ofGradients, step) + 2 ** -52 * elements(step) * size(gradients, step)
  return {
    claimed: perStep(inner(gradients, step)),
    measured: fine.measured,
    allowed: Math.abs(coarse.measured - fine.measured) + coarse.rounding + fine.rounding + perStep(ofClaim),
  }
}

export const agrees = ({ claimed, measured, allowed }: Comparison): boolean => Math.abs(claimed - measured) <= allowed
