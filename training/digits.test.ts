import { describe, expect, it } from 'vitest'
import type { Numbers } from '../spec/tensor.js'
import type { Dataset } from './dataset.js'
import { pair } from './dataset.js'
import { characters, digits } from './digits.js'

const pixels = 28 * 28
const list = (numbers: Numbers): readonly number[] => Array.from(numbers)
const imageOf = ({ images }: Dataset, n: number): readonly number[] =>
  list(images.bytes).slice(n * pixels, (n + 1) * pixels)
const imagesOf = (set: Dataset): readonly (readonly number[])[] => {
  const bytes = list(set.images.bytes)
  return list(set.labels).map((_, n) => bytes.slice(n * pixels, (n + 1) * pixels))
}

// FNV-1a, 32 bits
const hash = (bytes: readonly number[]): string =>
  bytes.reduce((h, byte) => Math.imul(h ^ byte, 0x01000193) >>> 0, 0x811c9dc5).toString(16)

const distance = (a: readonly number[], b: readonly number[]): number => {
  let total = 0
  for (let i = 0; i < a.length; i++) total += ((a[i] as number) - (b[i] as number)) ** 2
  return total
}

// which of the places is nearest
const nearest = (image: readonly number[], places: readonly (readonly number[])[]): number => {
  const distances = places.map((place) => distance(image, place))
  return distances.indexOf(Math.min(...distances))
}

describe('digits', () => {
  it('the first digits of seed 1 are the ones they always were', () => {
    const train = digits(1, 64, 'train')
    const test = digits(1, 64, 'test')
    expect(list(train.labels).slice(0, 10)).toEqual([2, 1, 2, 4, 8, 0, 9, 0, 6, 0])
    expect(hash(imageOf(train, 0))).toBe('a2cba213')
    expect(hash(list(train.images.bytes))).toBe('6c7b3a1b')
    expect(hash(list(test.images.bytes))).toBe('f7b6b554')
  })

  it('make a data set of 28 × 28 images', () => {
    const set = digits(5, 30, 'train')
    expect(set.images.shape).toEqual([30, 28, 28])
    expect(pair(set.images, set.labels)._tag).toBe('Right')
  })

  it('digit i does not depend on how many are made', () => {
    const [few, many] = [digits(3, 7, 'train'), digits(3, 20, 'train')]
    expect(list(many.labels).slice(0, 7)).toEqual(list(few.labels))
    expect(list(many.images.bytes).slice(0, 7 * pixels)).toEqual(list(few.images.bytes))
  })

  it('no image is made twice, in one split or in both, or under another seed', () => {
    const all = [digits(1, 300, 'train'), digits(1, 300, 'test'), digits(2, 300, 'train')].flatMap(imagesOf)
    expect(new Set(all.map((image) => image.join())).size).toBe(900)
  })

  it('every class comes up about equally often', () => {
    const { labels } = digits(1, 3000, 'train')
    const counts = Array.from({ length: 10 }, (_, label) => list(labels).filter((l) => l === label).length)
    // 300 each; the deviation of a count is √(3000·0.1·0.9) ≈ 16.4
    for (const count of counts) expect(Math.abs(count - 300)).toBeLessThan(5 * 16.4)
  })

  it('every image has ink and paper, and little of the ink at its border', () => {
    for (const image of imagesOf(digits(4, 500, 'train'))) {
      const inked = image.filter((v) => v > 64).length
      expect(inked).toBeGreaterThan(12)
      expect(inked).toBeLessThan(pixels / 2)
      const border = image.filter(
        (v, at) => v > 64 && (at < 28 || at >= pixels - 28 || at % 28 === 0 || at % 28 === 27),
      )
      expect(border.length).toBeLessThan(inked / 4)
    }
  })

  it('can be told apart, though not by how a class looks on average', () => {
    const [train, test] = [digits(1, 2000, 'train'), digits(1, 200, 'test')]
    const [known, asked] = [imagesOf(train), imagesOf(test)]
    const means = Array.from({ length: 10 }, (_, label) => {
      const ofClass = known.filter((_, n) => train.labels[n] === label)
      return Array.from(
        { length: pixels },
        (_, at) => ofClass.reduce((s, im) => s + (im[at] as number), 0) / ofClass.length,
      )
    })
    const share = (guess: (image: readonly number[]) => number | undefined): number =>
      asked.filter((image, n) => guess(image) === test.labels[n]).length / asked.length
    const byMean = share((image) => nearest(image, means))
    const byNeighbour = share((image) => train.labels[nearest(image, known)])
    expect(byMean).toBeGreaterThan(0.5)
    expect(byMean).toBeLessThan(0.8)
    expect(byNeighbour).toBeGreaterThan(byMean + 0.05)
  })
})

it('characters of a class are alike, and those of another class are not', () => {
  const some = characters(1, 12, 2)
  expect(some.slice(0, 2)).toEqual(characters(1, 2, 2))
  const apart = (a: number, b: number, i: number, j: number): number => {
    const at = (c: number, n: number, p: number): number => some[c]?.bytes[n * pixels + p] as number
    return Array.from({ length: pixels }, (_, p) => (at(a, i, p) - at(b, j, p)) ** 2).reduce((x, y) => x + y)
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length
  const classes = Array.from({ length: 12 }, (_, c) => c)
  const within = mean(classes.map((c) => apart(c, c, 0, 1)))
  const between = mean(classes.map((c) => apart(c, (c + 1) % 12, 0, 1)))
  expect(within).toBeLessThan(between)
  some.forEach(({ shape }) => expect(shape).toEqual([2, 28, 28]))
})

it('characters are laid out as MNIST’s digits: 20 pixels along the longer side, the ink’s mass in the middle', () => {
  // ink that counts lies within half a pixel of the pen's edge, the blur spreads some of it to a pixel more on each side
  const [box, edge] = [20, 2]
  for (const { shape, bytes } of characters(3, 40, 2)) {
    for (let n = 0; n < shape[0]; n++) {
      const image = list(bytes).slice(n * pixels, (n + 1) * pixels)
      const places = image.map((ink, p) => ({ ink, row: Math.floor(p / 28), column: p % 28 }))
      const mass = places.reduce((sum, { ink }) => sum + ink, 0)
      const extents = (['row', 'column'] as const).map((axis) => {
        const along = places.filter(({ ink }) => ink > 64).map((place) => place[axis])
        const middle = places.reduce((sum, place) => sum + place.ink * place[axis], 0) / mass
        // moved by 0.7 at most; where strokes cross, the pen's way is longer than the ink that it leaves
        expect(Math.abs(middle - 13.5)).toBeLessThan(3)
        return Math.max(...along) - Math.min(...along) + 1
      })
      expect(Math.abs(Math.max(...extents) - box)).toBeLessThanOrEqual(edge)
    }
  }
})
