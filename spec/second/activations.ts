import type { Shape } from '../tensor.js'
import { sizeOf } from '../tensor.js'
import type { Rule } from './rule.js'
import { elementwise as elementwiseBy } from './rule.js'
import type { Value } from './values.js'
import { apply, constant, minus, oneMinus, plus, pull, scaled, shaped, times } from './values.js'

const elementwise = (curve: Parameters<typeof elementwiseBy>[0]): Rule => elementwiseBy(curve, times)

/** σ″ = σ′·(1 − 2σ), and 1 − 2σ(x) = tanh(−x/2), which does not cancel. */
export const sigmoid = elementwise((_, x, weight) =>
  times(pull('sigmoid', 'x', { x }, weight()), apply('tanh', { x: scaled(-0.5, x) })),
)

/** tanh″ = −2·tanh·tanh′ */
export const tanh = elementwise((_, x, weight) =>
  times(scaled(-2, apply('tanh', { x })), pull('tanh', 'x', { x }, weight())),
)

/** Straight pieces: the slope is as it is, and where it jumps the catalogue's slope there is kept. */
export const straight = elementwise(() => undefined)

/** α·e^x below 0, which is the slope there, and 0 from 0 on, whichever slope 0 has itself: PyTorch's. */
export const elu = elementwise(({ given }, x, weight) =>
  pull('elu', 'x', { x }, times(weight(), oneMinus(apply('step', { x }))), given),
)

/** The slope is σ(βx): β·σ′(βx) */
export const softplus = elementwise(({ attrs, given }, x, weight) => {
  const beta = given['beta'] ?? (attrs['beta'] as number)
  return scaled(beta, pull('sigmoid', 'x', { x: scaled(beta, x) }, weight()))
})

/** Sums along an axis, and back. */
interface Axis {
  readonly sum: (x: Value) => Value
  readonly spread: (sums: Value) => Value
}

// a value cut along its axis, as [outer, extent, inner]: the sum is a convolution of one place with a filter of ones, and
// so is what gives it to every row again
const along = (axis: number, x: Value): Axis => {
  const shape = x.shape.length === 0 ? [1] : x.shape
  const at = axis < 0 ? axis + shape.length : axis
  const [outer, extent, inner] = [sizeOf(shape.slice(0, at)), shape[at] as number, sizeOf(shape.slice(at + 1))]
  const filter = onesAlong(outer, extent, inner, x)
  const cut: Shape = [outer, extent, inner]
  return {
    sum: (u) => apply('conv1d', { x: shaped(cut, u), w: shaped([1, extent, 1], filter) }),
    spread: (sums) => shaped(x.shape, apply('conv1d', { x: sums, w: shaped([extent, 1, 1], filter) })),
  }
}

// as many ones as the axis is long: of one row of it
const onesAlong = (outer: number, extent: number, inner: number, x: Value): Value => {
  const row = apply('maxPool2d', { x: shaped([1, 1, outer, extent * inner], x) }, { window: [outer, 1] })
  return constant(1, apply('maxPool2d', { x: shaped([1, 1, extent, inner], row) }, { window: [1, inner] }))
}

/**
 * dx = J g, with p = softmax x and J = diag p − p pᵀ, which is symmetric: the gradient with respect to g is J v. That with
 * respect to x is J (v·g − v ⟨p, g⟩ − g ⟨p, v⟩), and since J 1 = 0, J of (v − ⟨p, v⟩)·(g − ⟨p, g⟩).
 */
export const softmax: Rule = ({ attrs, given, inputs, cotangents, directions }) => {
  const [x, g, v] = [inputs['x'] as Value, cotangents['y'] as Value, directions['x'] as Value]
  const { sum, spread } = along(attrs['axis'] as number, x)
  const p = apply('softmax', { x }, given)
  const centred = (u: Value): Value => plus(u, minus(spread(sum(times(p, u)))))
  return {
    inputs: { x: pull('softmax', 'x', { x }, times(centred(v), centred(g)), given) },
    cotangents: { y: pull('softmax', 'x', { x }, v, given) },
  }
}

/** dx = g − p·Σ g: with respect to g v − ⟨p, v⟩, with respect to x −J (v·Σ g). */
export const logSoftmax: Rule = ({ attrs, given, inputs, cotangents, directions }) => {
  const [x, g, v] = [inputs['x'] as Value, cotangents['y'] as Value, directions['x'] as Value]
  const { sum, spread } = along(attrs['axis'] as number, x)
  const p = apply('softmax', { x }, given)
  return {
    inputs: { x: pull('softmax', 'x', { x }, times(v, minus(spread(sum(g)))), given) },
    cotangents: { y: plus(v, minus(spread(sum(times(p, v))))) },
  }
}
