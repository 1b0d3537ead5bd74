import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { keyOf } from '../spec/philox.js'
import type { Tensor } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import { augment, augmentedShape, unaugmented } from './augment.js'

const key = keyOf('augment')
const images = (N: number, H = 4, W = 5, C = 2): Tensor => generate([N, C, H, W], (i) => i + 1)
const rowsOf = ({ shape, data }: Tensor): readonly (readonly number[])[] => {
  const W = shape[3] as number
  return Array.from({ length: data.length / W }, (_, r) =>
    Array.from({ length: W }, (_, j) => data[r * W + j] as number),
  )
}

describe('augmentation', () => {
  test('flip: each image is itself or its mirror, all its rows and channels alike, and both happen', () => {
    const x = images(40)
    const [before, after] = [rowsOf(x), rowsOf(augment({ kind: 'flip' }, key, 3, x))]
    const flipped = Array.from({ length: 40 }, (_, n) => {
      const own = Array.from({ length: 8 }, (_, r) => 8 * n + r)
      const isMirror = own.every((r) => expectEqual(after[r], before[r]?.toReversed()))
      expect(isMirror || own.every((r) => expectEqual(after[r], before[r]))).toBe(true)
      return isMirror
    }).filter(Boolean).length
    expect(flipped).toBeGreaterThan(8)
    expect(flipped).toBeLessThan(32)
  })

  test('shift: every pixel is the one so far away, or the fill where there is none', () => {
    const x = images(30, 4, 5, 1)
    const y = augment({ kind: 'shift', most: 2, fill: -7 }, key, 0, x)
    const seen = new Set<string>()
    for (let n = 0; n < 30; n++) {
      const at = (t: Tensor, i: number, j: number): number =>
        i < 0 || i > 3 || j < 0 || j > 4 ? -7 : (t.data[n * 20 + i * 5 + j] as number)
      const places = [-2, -1, 0, 1, 2].flatMap((di) => [-2, -1, 0, 1, 2].map((dj) => [di, dj] as const))
      const found = places.filter(([di, dj]) =>
        [0, 1, 2, 3].every((i) => [0, 1, 2, 3, 4].every((j) => at(y, i, j) === at(x, i + di, j + dj))),
      )
      expect(found).toHaveLength(1)
      seen.add(String(found[0]))
    }
    expect(seen.size).toBeGreaterThan(12)
  })

  test('crop: a window of the image, and at the centre where nothing is learned', () => {
    const x = images(1, 4, 5, 1)
    const crop = { kind: 'crop', size: [2, 3] } as const
    expect(rowsOf(unaugmented(crop, x))).toEqual([
      [7, 8, 9],
      [12, 13, 14],
    ])
    const corners = new Set(Array.from({ length: 60 }, (_, step) => augment(crop, key, step, x).data[0]))
    expect([...corners].toSorted((a = 0, b = 0) => a - b)).toEqual([1, 2, 3, 6, 7, 8, 11, 12, 13])
    expect(unaugmented({ kind: 'flip' }, x)).toBe(x)
  })

  test('a crop is what changes the shape; one that does not fit, or no image, is a Left', () => {
    const crop = (size: number) => ({ kind: 'crop', size: [size, size] }) as const
    expect(augmentedShape([{ kind: 'shift', most: 1 }, crop(3), { kind: 'flip' }], [8, 2, 4, 5])).toEqual(
      E.right([8, 2, 3, 3]),
    )
    const left = (message: RegExp): unknown =>
      E.left({ code: 'ShapeMismatch', message: expect.stringMatching(message) as string })
    expect(augmentedShape([crop(5)], [8, 2, 4, 5])).toEqual(left(/a crop of 5×5 is larger than images of 4×5/))
    expect(augmentedShape([crop(3), crop(4)], [8, 2, 4, 5])).toEqual(left(/a crop of 4×4 is larger than images of 3×3/))
    expect(augmentedShape([{ kind: 'flip' }], [8, 784])).toEqual(left(/by flip: images .* wanted; .* \[8,784\]/))
  })

  test('is a function of key and step alone, and another of each', () => {
    const [x, shift] = [images(20), { kind: 'shift', most: 3 } as const]
    const seen = augment(shift, key, 5, x)
    expect(augment(shift, key, 5, x)).toEqual(seen)
    expect(augment(shift, key, 6, x)).not.toEqual(seen)
    expect(augment(shift, keyOf('another'), 5, x)).not.toEqual(seen)
  })
})

const expectEqual = (a: readonly number[] | undefined, b: readonly number[] | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b)
