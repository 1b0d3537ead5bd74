import { describe, expect, test } from 'vitest'
import { epsilon } from './bound.js'
import type { Matrix } from './matrix.js'
import { matrixOf } from './matrix.js'
import { draws, keyOf } from './philox.js'
import type { Keep, Spread } from './spreads.js'
import { apart, certain, none, ofSpreads, sumsOfProducts } from './spreads.js'
import type { Numbers } from './tensor.js'

const draw = draws(keyOf('spreads'))
const n = 5

const listed = (x: Numbers): readonly number[] => Array.from({ length: x.length }, (_, i) => x[i]!)
const vector = (f: () => number = draw.normal): readonly number[] => Array.from({ length: n }, f)
const dot = (a: Numbers, b: Numbers): number => listed(a).reduce((sum, v, j) => sum + v * b[j]!, 0)
const matrix = (rows = n, columns = n): Matrix =>
  matrixOf(
    rows,
    columns,
    Array.from({ length: rows * columns }, () => draw.normal() / Math.sqrt(columns)),
  )
const apply = ({ rows, columns, data }: Matrix, x: Numbers): readonly number[] =>
  Array.from({ length: rows }, (_, r) => dot(listed(data).slice(r * columns, (r + 1) * columns), x))

const eitherSide = (e: number): number => (draw.uniform() < 0.5 ? -e : e)

const followed = ['ellipsoid', 'radius'] as const

/** Errors that lie together: f·e of any e from a box is one, and so a spread with an ellipsoid or a radius is made of an exact one. */
const spreadOf = (
  values: Numbers,
  size: number,
  keep: Keep,
): { readonly x: Spread; readonly some: () => readonly number[] } => {
  const widths = vector(() => size * draw.uniform())
  const [w, box] = [matrix(), { values: new Float64Array(n), errors: Float64Array.from(widths) }]
  const x = sumsOfProducts(0, [[w, box]], certain(values, 0, n), keep)
  return {
    x: { ...x, values: Float64Array.from(listed(values)) },
    some: () => apply(w, widths.map(eitherSide)),
  }
}

/** How far errors stick out of a spread: of its box, of its radius, and seen from many sides of its ellipsoid; 1 is its rim. */
const sticksOut = ({ errors, ellipsoid, radius }: Spread, e: Numbers): number => {
  const ofBox = listed(e).map((error, j) => Math.abs(error) / errors[j]!)
  const sides = Array.from({ length: 20 }, (_, side) =>
    side < n ? vector().map((_, j) => Number(j === side)) : vector(),
  )
  const ofEllipsoid = sides.map((a) => {
    if (ellipsoid === undefined) return 0
    const row = (j: number): readonly number[] => listed(ellipsoid).slice(j * n, (j + 1) * n)
    return Math.abs(dot(a, e)) / Math.sqrt(a.reduce((sum, v, j) => sum + v * dot(a, row(j)), 0))
  })
  return Math.max(...ofBox, ...ofEllipsoid, radius === undefined ? 0 : Math.sqrt(dot(e, e)) / radius)
}

const holds = (x: Spread, e: Numbers): void => expect(sticksOut(x, e)).toBeLessThanOrEqual(1 + 1e-9)

const times = 100
const sizes = [1e-6, 1e-2, 1, 30]
const add = (a: Numbers, b: Numbers): readonly number[] => listed(a).map((v, j) => v + b[j]!)
const off = (got: Numbers, { values }: Spread): readonly number[] => listed(got).map((v, j) => v - values[j]!)
const either = (v: number, k: number): number => v * (1 + (draw.uniform() < 0.5 ? -k : k) * epsilon)

describe('a spread', () => {
  const each = followed.flatMap((keep) => sizes.map((size) => [keep, size] as const))

  test.each(each)('holds what functions make of errors that lie together, by %s, errors of %d', (keep, size) => {
    const [tanh, sigmoid] = [(v: number) => Math.tanh(v), (v: number) => 1 / (1 + Math.exp(-v))]
    const functions = [
      [ofSpreads.tanh, (v: number) => either(tanh(v), 9)],
      [ofSpreads.sigmoid, (v: number) => either(sigmoid(v), 6)],
      [ofSpreads.oneMinusSquare, (v: number) => either((1 - v) * (1 + v), 3)],
      [ofSpreads.timesOneMinus, (v: number) => either(v * (1 - v), 2)],
    ] as const
    for (let k = 0; k < times; k++) {
      const { x, some } = spreadOf(vector(), size, keep)
      const e = some()
      for (const [ofSpread, f] of functions) {
        const y = ofSpread(x)
        holds(y, off(add(x.values, e).map(f), y))
      }
    }
  })

  test.each(each)('holds sums, products and blends of two, by %s, errors of %d', (keep, size) => {
    for (let k = 0; k < times; k++) {
      const [one, other] = [spreadOf(vector(), size, keep), spreadOf(vector(), size, keep)]
      const part = spreadOf(vector(draw.uniform), size, keep)
      const [x, y] = [add(one.x.values, one.some()), add(other.x.values, other.some())]
      const z = add(part.x.values, part.some())
      const [sum, product] = [ofSpreads.plus(one.x, other.x), ofSpreads.times(one.x, other.x)]
      holds(sum, off(add(x, y).map((v) => either(v, 1)), sum)) // prettier-ignore
      holds(product, off(x.map((v, j) => either(v * y[j]!, 1)), product)) // prettier-ignore
      const blend = ofSpreads.blended(part.x, one.x, other.x)
      if (z.every((v) => v >= 0 && v <= 1))
        holds(blend, off(x.map((v, j) => (1 - z[j]!) * v + z[j]! * y[j]!), blend)) // prettier-ignore
    }
  })

  test.each(followed)('holds sums of products, of spreads with an %s, boxes and certain numbers', (how) => {
    for (let k = 0; k < times; k++) {
      const [one, other] = [spreadOf(vector(), 1, how), spreadOf(vector(), 1e-3, how)]
      const { values, errors } = other.x
      const boxed = { values, errors }
      const [v, w, u] = [matrix(), matrix(), matrix()]
      const [exact, also] = [certain(vector(), 0, n), certain(vector(), 0, n)]
      for (const keep of ['ellipsoid', 'reach', 'radius'] as const) {
        const y = sumsOfProducts(20, [[v, one.x], [w, boxed], [u, exact]] as const, also, keep) // prettier-ignore
        const e = add(apply(v, one.some()), apply(w, listed(errors).map(eitherSide))) // prettier-ignore
        holds(y, e)
        expect(y.ellipsoid === undefined).toBe(keep !== 'ellipsoid')
      }
    }
  })

  test('goes back and forth through a turn without growing, where boxes grow by √2 each time', () => {
    const turn = matrixOf(2, 2, [Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2])
    const start: Spread = { values: new Float64Array(2), errors: Float64Array.of(1e-3, 1e-3) }
    const turned = (of: (x: Spread) => Spread): number =>
      Array.from({ length: 16 }).reduce<Spread>(of, start).errors[0]!
    for (const keep of followed) expect(turned((x) => sumsOfProducts(1, [[turn, x]], none(2), keep))).toBeLessThan(2e-3)
    expect(turned((x) => apart(sumsOfProducts(1, [[turn, x]], none(2), 'reach')))).toBeGreaterThan(0.2)
  })

  test.each(followed)('is no wider than its balls, whatever becomes of its %s', (keep) => {
    const huge: Spread = { values: vector(), errors: Float64Array.from(vector(() => 1e200)) }
    const w = matrix()
    const y = ofSpreads.tanh(sumsOfProducts(n, [[w, sumsOfProducts(n, [[w, huge]], none(n), keep)]], none(n), keep))
    listed(y.errors).forEach((error) => expect(error).toBeLessThan(2.1))
  })
})
