import { scan } from '../scan.js'
import { sizeOf } from '../tensor.js'
import type { SomeValues, Value, Values } from './values.js'
import { apply, backward, oneMinus, plus, rowMaxima, shaped, times } from './values.js'

/** An op written out in others, whose backwards then have reverses. */
export type Composition = (inputs: Values, attrs: Readonly<Record<string, unknown>>) => Values

const affine = (x: Value, w: Value, b?: Value): Value => apply('dense', { x, w, b } satisfies SomeValues)

const numbered = (values: readonly Value[]): Values => Object.fromEntries(values.map((value, q) => [`x${q}`, value]))

// as many parts along an axis, each in the shape of one: what the joint of so many hands back of its cotangent
const parts = (count: number, one: Value, joined: Value, axis: number): readonly Value[] =>
  Object.values(backward('concat', numbered(Array.from({ length: count }, () => one)), { y: joined }, { axis }))

// rows in as many blocks, each as wide as h
const blocks = (count: number, h: Value, rows: Value): readonly Value[] => parts(count, h, rows, 1)

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

/** A scan of a cell over the steps of x [T,N,I]; its states of all steps [T,N,H], and each state after the last. */
const scanned =
  (cell: Composition, ofCell: readonly string[], weights: readonly string[]): Composition =>
  (inputs, attrs) => {
    const x = inputs['x'] as Value
    const [T, N, I] = x.shape as readonly [number, number, number]
    const step = shaped([1, N, I], rowMaxima(N * I, x))
    const steps = parts(T, step, x, 0).map((part) => shaped([N, I], part))
    const constants = Object.fromEntries(weights.map((name) => [name, inputs[name] as Value]))
    const first = Object.fromEntries(ofCell.map((name) => [name, inputs[`${name}0`] as Value]))
    const states = scan(T, first, (before: Values, t): Values =>
      cell({ ...constants, ...before, x: steps[t] as Value }, attrs),
    )
    const rows = states.map(({ h }) => shaped([1, N, sizeOf((h as Value).shape) / N], h as Value))
    const last = states.at(-1) as Values
    return {
      y: apply('concat', numbered(rows), { axis: 0 }),
      ...Object.fromEntries(ofCell.map((name) => [`${name}T`, last[name] as Value])),
    }
  }

export const rnn = scanned(rnnCell, ['h'], ['wIh', 'wHh', 'b'])
export const lstm = scanned(lstmCell, ['h', 'c'], ['wIh', 'wHh', 'b'])
export const gru = scanned(gruCell, ['h'], ['wIh', 'wHh', 'bIh', 'bHh'])
