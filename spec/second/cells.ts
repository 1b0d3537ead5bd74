import type { SomeValues, Value, Values } from './values.js'
import { apply, backward, oneMinus, plus, shaped, times } from './values.js'

/** An op written out in others, whose backwards then have reverses. */
export type Composition = (inputs: Values, attrs: Readonly<Record<string, unknown>>) => Values

const affine = (x: Value, w: Value, b?: Value): Value => apply('dense', { x, w, b } satisfies SomeValues)

// rows in as many blocks, each as wide as h: what the joint of so many hands back of its cotangent
const blocks = (count: number, h: Value, rows: Value): readonly Value[] => {
  const inputs = Object.fromEntries(Array.from({ length: count }, (_, q) => [`x${q}`, h]))
  return Object.values(backward('concat', inputs, { y: rows }, { axis: 1 }))
}

const sigmoid = (x: Value): Value => apply('sigmoid', { x })
const tanh = (x: Value): Value => apply('tanh', { x })

/** h′ = tanh(wIh x + wHh h + b) */
export const rnnCell: Composition = (inputs) => {
  const { x, h, wIh, wHh, b } = inputs as Readonly<Record<'x' | 'h' | 'wIh' | 'wHh' | 'b', Value>>
  return { h: tanh(plus(affine(x, wIh, b), affine(h, wHh))) }
}

/** c′ = f·c + i·g,   h′ = o·tanh c′ */
export const lstmCell: Composition = (inputs) => {
  const { x, h, c, wIh, wHh, b } = inputs as Readonly<Record<'x' | 'h' | 'c' | 'wIh' | 'wHh' | 'b', Value>>
  const [i, f, g, o] = blocks(4, h, plus(affine(x, wIh, b), affine(h, wHh))) as readonly [Value, Value, Value, Value]
  const next = plus(times(sigmoid(f), c), times(sigmoid(i), tanh(g)))
  return { h: times(sigmoid(o), tanh(next)), c: next }
}

/** r, z = σ(s + u),   g = tanh(s + r·q),   h′ = (1 − z)·g + z·h */
export const gruCell: Composition = (inputs) => {
  const { x, h, wIh, wHh, bIh, bHh } = inputs as Readonly<Record<'x' | 'h' | 'wIh' | 'wHh' | 'bIh' | 'bHh', Value>>
  const [sr, sz, s] = blocks(3, h, affine(x, wIh, bIh)) as readonly [Value, Value, Value]
  const [ur, uz, q] = blocks(3, h, affine(h, wHh, bHh)) as readonly [Value, Value, Value]
  const [r, z] = [sigmoid(plus(sr, ur)), sigmoid(plus(sz, uz))]
  return { h: plus(times(oneMinus(z), tanh(plus(s, times(r, q)))), times(z, h)) }
}

/** All K·O pieces of every sample, and the pool over K, which has the same ties. */
export const maxout: Composition = (inputs, { ties }) => {
  const { x, w, b } = inputs as Readonly<Record<'x' | 'w' | 'b', Value>>
  const [N] = x.shape as readonly [number, number]
  const [K, O, I] = w.shape as readonly [number, number, number]
  const pieces = affine(x, shaped([K * O, I], w), shaped([K * O], b))
  const pool = { window: [K, 1], stride: [K, 1], ties: ties as string }
  return { y: shaped([N, O], apply('maxPool2d', { x: shaped([N, 1, K, O], pieces) }, pool)) }
}
