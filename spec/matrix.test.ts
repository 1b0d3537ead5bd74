import { describe, expect, test } from 'vitest'
import type { Matrix } from './matrix.js'
import { lengthOf, matrixOf, productOfRows, rowsOf, transposed } from './matrix.js'
import { draws, keyOf } from './philox.js'
import type { Numbers } from './tensor.js'

const draw = draws(keyOf('matrices'))
const listed = (x: Numbers): readonly number[] => Array.from({ length: x.length }, (_, i) => x[i]!)

test('rows of a matrix, and its columns as rows', () => {
  const w = rowsOf({ shape: [3, 2], data: [1, 2, 3, 4, 5, 6] }, 1, 2)
  expect([w.rows, w.columns, listed(w.data)]).toEqual([2, 2, [3, 4, 5, 6]])
  expect(listed(transposed(w).data)).toEqual([3, 5, 4, 6])
})

describe('a spectral norm', () => {
  // of an outer product it is the product of lengths; of a turn 1; of a diagonal the largest
  test.each([
    ['an outer product', 3, 4, (r: number, k: number) => (r + 1) * (k - 2), Math.sqrt(14 * 6)],
    ['a turn of rows', 40, 40, (r: number, k: number) => Number((r + 7) % 40 === k), 1],
    ['a diagonal', 64, 64, (r: number, k: number) => (r === k ? -r : 0), 63],
    ['a row', 1, 5, (_: number, k: number) => k, Math.sqrt(30)],
    ['zeros', 4, 3, () => 0, 0],
    ['numbers of 10⁻³⁰', 2, 2, (r: number, k: number) => (r === k ? 1e-30 : 0), 1e-30],
  ] as const)('of %s', (_, rows, columns, of, norm) => {
    const w = matrixOf(
      rows,
      columns,
      Array.from({ length: rows * columns }, (_, i) => of(Math.floor(i / columns), i % columns)),
    )
    expect(w.norm()).toBeGreaterThanOrEqual(norm)
    expect(w.norm()).toBeLessThanOrEqual(norm * Math.min(rows, columns) ** (1 / 64) * (1 + 1e-8))
    expect(transposed(w).norm()).toBe(w.norm())
  })

  test('of drawn weights is no less than any number is stretched by, and near 2/√3 at weights within ±1/√H', () => {
    const H = 128
    const w = matrixOf(
      H,
      H,
      Array.from({ length: H * H }, () => (2 * draw.uniform() - 1) / Math.sqrt(H)),
    )
    const norm = w.norm()
    const through = ({ data }: Matrix, x: Numbers): Numbers => productOfRows(H, data, x)
    const longest = Array.from({ length: 50 }).reduce<Numbers>(
      (x) => {
        const next = through(transposed(w), through(w, x))
        return listed(next).map((v) => v / lengthOf(next))
      },
      Array.from({ length: H }, draw.normal),
    )
    const stretched = lengthOf(through(w, longest))
    expect(norm).toBeGreaterThanOrEqual(stretched)
    expect(norm).toBeLessThan(1.08 * stretched)
    expect(norm).toBeGreaterThan(1.05)
    expect(norm).toBeLessThan(1.3)
  })
})
