import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyOf } from '../spec/philox.js'
import type { Numbers } from '../spec/tensor.js'
import type { Dataset } from './dataset.js'
import { batch, countOf, ofClasses, pair, shuffle, standardisationOf, subset } from './dataset.js'

const small: Dataset = {
  images: { shape: [3, 1, 2], bytes: Uint8Array.of(0, 255, 51, 102, 255, 255) },
  labels: Uint8Array.of(3, 0, 9),
}
const list = (numbers: Numbers): readonly number[] => Array.from(numbers)
const invalid = (message: RegExp) =>
  E.left({ code: 'FormatInvalid', message: expect.stringMatching(message) as string })

describe('pair', () => {
  it('images and as many labels make a data set', () => {
    expect(pair(small.images, small.labels)).toEqual(E.right(small))
    expect(countOf(small)).toBe(3)
  })
  it('counts that differ, missing pixels and labels of no class are Lefts', () => {
    expect(pair(small.images, [1, 2])).toEqual(invalid(/3 images and 2 labels/))
    expect(pair({ shape: [3, 2, 2], bytes: small.images.bytes }, [1, 2, 3])).toEqual(invalid(/6 pixels.*holds 12/))
    expect(pair(small.images, [1, 10, 3])).toEqual(invalid(/label 1 is 10/))
    expect(pair(small.images, [1, 2, 0.5])).toEqual(invalid(/label 2 is 0.5/))
  })
})

describe('subset', () => {
  it('is the images and labels at the positions, in their order', () => {
    expect(subset(small, [2, 0])).toEqual({
      images: { shape: [2, 1, 2], bytes: Uint8Array.of(255, 255, 0, 255) },
      labels: Uint8Array.of(9, 3),
    })
  })
})

describe('ofClasses', () => {
  // pixel values tell the examples apart
  const mixed: Dataset = {
    images: { shape: [6, 1, 1], bytes: Uint8Array.of(10, 11, 12, 13, 14, 15) },
    labels: Uint8Array.of(7, 5, 7, 2, 5, 7),
  }
  const right = (made: ReturnType<typeof ofClasses>): readonly (readonly [number, number])[] => {
    if (E.isLeft(made)) throw new Error(made.left.message)
    const { images, labels } = made.right
    expect(images.shape).toEqual([labels.length, 1, 1])
    return list(labels).map((label, i) => [list(images.bytes)[i] as number, label])
  }
  const refused = (message: RegExp) =>
    E.left({ code: 'AttributeOutOfRange', message: expect.stringMatching(message) as string })

  it('keeps the order of the examples and counts the classes anew, in the order named', () => {
    expect(right(ofClasses(mixed, [7, 5]))).toEqual([
      [10, 0],
      [11, 1],
      [12, 0],
      [14, 1],
      [15, 0],
    ])
  })
  it('takes the first so many of each class', () => {
    expect(right(ofClasses(mixed, [5, 7], { each: 2 }))).toEqual([
      [10, 1],
      [11, 0],
      [12, 1],
      [14, 0],
    ])
  })
  it('refuses a class that is not there, one of which there are too few, and one named twice', () => {
    expect(ofClasses(mixed, [5, 3])).toEqual(refused(/class 3 has 0 of 6 examples/))
    expect(right(ofClasses(mixed, [3, 2], { least: 0 }))).toEqual([[13, 1]])
    expect(ofClasses(mixed, [7, 2], { each: 2 })).toEqual(refused(/class 2 has 1 of 6 examples; wanted 2/))
    expect(ofClasses(mixed, [7, 5, 7])).toEqual(refused(/7 is named twice/))
    expect(ofClasses(mixed, [])).toEqual(refused(/at least one/))
    expect(ofClasses(mixed, [7], { each: 0 })).toEqual(refused(/each is 0/))
  })
})

describe('batch', () => {
  it('pixels are scaled to [0, 1], in the order of the indices', () => {
    const { x } = batch(small, [2, 0])
    expect(x.shape).toEqual([2, 1, 1, 2])
    expect(list(x.data)).toEqual([1, 1, 0, 1])
  })
  it('labels become one-hot rows', () => {
    const { target } = batch(small, [1, 2])
    expect(target.shape).toEqual([2, 10])
    expect(list(target.data)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  })
  it('of fewer classes, has rows as long, and a label beyond them is a bug', () => {
    const few: Dataset = { images: small.images, labels: [1, 0, 4] }
    expect(batch(few, [1, 0], undefined, 2).target).toEqual({ shape: [2, 2], data: Float64Array.of(1, 0, 0, 1) })
    expect(() => batch(few, [0, 2], undefined, 2)).toThrow(/label 4; there are 2 classes/)
  })
  it('pixels are standardised by the given mean and deviation, and rounded once to f32', () => {
    // (51/255 − 0.5)/0.25 = −1.2 and (102/255 − 0.5)/0.25 = −0.4
    const { x } = batch(small, [1], { mean: 0.5, std: 0.25 })
    expect(list(x.data)).toEqual([Math.fround(-1.2), Math.fround(-0.4)])
  })
  it('every pixel is an f32 value', () => {
    const levels: Dataset = {
      images: { shape: [1, 16, 16], bytes: Uint8Array.from({ length: 256 }, (_, v) => v) },
      labels: [0],
    }
    const options = { noNaN: true, min: 0.01, max: 3 }
    fc.assert(
      fc.property(fc.double(options), fc.double(options), (mean, std) => {
        const data = list(batch(levels, [0], { mean, std }).x.data)
        expect(data).toEqual(data.map(Math.fround))
      }),
    )
  })
  it('a position outside the data set is a bug and throws', () => {
    for (const index of [-1, 3, 0.5, NaN]) expect(() => batch(small, [index])).toThrow(RangeError)
  })
})

describe('standardisationOf', () => {
  it('two pixels of 0 and two of 255 have mean 1/2 and deviation 1/2', () => {
    const half: Dataset = { images: { shape: [1, 2, 2], bytes: [0, 255, 255, 0] }, labels: [0] }
    expect(standardisationOf(half)).toEqual({ mean: 0.5, std: 0.5 })
  })
  it('the deviation divides by the number of pixels, not by one less', () => {
    // 0, 1, 0.2, 0.4, 1, 1: mean 0.6, Σ(v − 0.6)² = 0.36 + 0.16 + 0.16 + 0.04 + 0.16 + 0.16 = 1.04
    const { mean, std } = standardisationOf(small)
    expect(mean).toBeCloseTo(0.6, 14)
    expect(std).toBeCloseTo(Math.sqrt(1.04 / 6), 14)
  })
  it('a standardised training set has mean 0 and deviation 1', () => {
    const data = list(batch(small, [0, 1, 2], standardisationOf(small)).x.data)
    expect(data.reduce((a, b) => a + b, 0) / data.length).toBeCloseTo(0, 6)
    expect(data.reduce((a, b) => a + b * b, 0) / data.length).toBeCloseTo(1, 6)
  })
  it('a set of one grey level is divided by 1 and becomes 0', () => {
    const plain: Dataset = { images: { shape: [1, 2, 2], bytes: [51, 51, 51, 51] }, labels: [0] }
    expect(standardisationOf(plain).std).toBe(1)
    expect(list(batch(plain, [0], standardisationOf(plain)).x.data).every((v) => Math.abs(v) < 1e-7)).toBe(true)
  })
})

describe('shuffle', () => {
  it('is a permutation', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(200), (seed, count) => {
        const order = list(shuffle(keyOf(seed), count))
        expect(order.toSorted((a, b) => a - b)).toEqual(order.map((_, i) => i))
      }),
    )
  })
  it('the same key gives the same order, another key another', () => {
    expect(shuffle(keyOf('a'), 50)).toEqual(shuffle(keyOf('a'), 50))
    expect(shuffle(keyOf('a'), 50)).not.toEqual(shuffle(keyOf('b'), 50))
  })
  it('the six orders of three come up equally often', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = list(shuffle(keyOf(`order ${i}`), 3)).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    // 1000 each; the deviation of a count is √(6000·1/6·5/6) ≈ 29
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29)
  })
})
