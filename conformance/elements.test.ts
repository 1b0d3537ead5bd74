import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { getOrThrow } from '../spec/error.js'
import { keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape } from '../spec/tensor.js'
import { indexOf, sizeOf, zeros } from '../spec/tensor.js'
import { edgesOf, elementsIn, elementsOf, mostElements } from './elements.js'

/** So many elements of whatever is larger. */
const some = (count: number) => ({ terms: 0, least: count })

const chosen = (shape: Shape, count: number, key = 'elements'): readonly number[] =>
  Array.from((elementsOf(shape, 1, some(count), keyOf(key)) ?? []) as Float64Array)

const indicesOn = (shape: Shape, positions: readonly number[], axis: number): ReadonlySet<number> =>
  new Set(positions.map((position) => indexOf(shape, position)[axis] as number))

const shapes = fc
  .array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 })
  .filter((shape) => sizeOf(shape) > 2000)

describe('the elements of a large answer', () => {
  test('are different ones of it, in order, as many as are wanted and at most half as many more', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 300, max: 1500 }), fc.string(), (shape, count, key) => {
        const positions = chosen(shape, count, key)
        expect(positions.every((at, i) => Number.isInteger(at) && at > (positions[i - 1] ?? -1))).toBe(true)
        expect(positions.at(-1)).toBe(sizeOf(shape) - 1)
        expect(positions.length).toBeGreaterThanOrEqual(count)
        expect(positions.length).toBeLessThanOrEqual(1.5 * count + 200)
      }),
      { numRuns: 60 },
    )
  })

  test('are its corners, and on each axis both ends, both sides of powers of two, last whole tiles and what remains', () => {
    fc.assert(
      fc.property(shapes, fc.string(), (shape, key) => {
        const positions = chosen(shape, 1000, key)
        for (let corner = 0; corner < 2 ** shape.length; corner++) {
          const index = shape.map((extent, axis) => ((corner >> axis) & 1) * (extent - 1))
          expect(positions).toContain(index.reduce((at, i, axis) => at * (shape[axis] as number) + i, 0))
        }
        shape.forEach((extent, axis) => {
          const met = indicesOn(shape, positions, axis)
          expect(edgesOf(extent).filter((edge) => !met.has(edge))).toEqual([])
        })
      }),
      { numRuns: 60 },
    )
  })

  test('are, counted through, both sides of powers of two and of what 65,535 workgroups of 64 hold', () => {
    for (const shape of [[5_000_000], [20, 500, 25, 20], [2237, 2236]]) {
      const positions = new Set(chosen(shape, 300))
      const wanted = [1024, 2 ** 16, 2 ** 22, 65535 * 64, 65535].flatMap((end) => [end - 1, end])
      expect(wanted.filter((at) => !positions.has(at))).toEqual([])
    }
  })

  test('are combinations of few drawn indices of each axis, so that rows and channels repeat', () => {
    const shape = [64, 512, 28, 28]
    const positions = chosen(shape, 4096)
    const channels = new Map<number, number>()
    for (const position of positions) {
      const [, channel = -1] = indexOf(shape, position)
      channels.set(channel, (channels.get(channel) ?? 0) + 1)
    }
    const often = [...channels.values()].filter((times) => times > 1)
    expect(often.length).toBeLessThan(512 / 16)
    // all but the edges along one line, and those counted through the whole
    expect(often.reduce((n, times) => n + times, 0)).toBeGreaterThan(0.95 * positions.length)
  })

  test('follow from the key', () => {
    expect(chosen([1000, 1000], 400, 'a')).toEqual(chosen([1000, 1000], 400, 'a'))
    expect(chosen([1000, 1000], 400, 'a')).not.toEqual(chosen([1000, 1000], 400, 'b'))
  })

  test('are found where nearly all are wanted', () => {
    expect(chosen([2, 3, 50], 299).length).toBeGreaterThanOrEqual(299)
    expect(chosen([301], 300).length).toBe(300)
  })
})

describe('the edges of an axis', () => {
  test('of 1000 are where tiles and powers of two end', () => {
    // 1000 = 125·8 = 62·16 + 8 = 31·32 + 8 = 15·64 + 40 = 7·128 + 104 = 3·256 + 232
    const tiles = [992, 999, 976, 991, 992, 960, 991, 896, 959, 960, 768, 895, 896, 512, 767, 768]
    const powers = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512]
    expect([...edgesOf(1000)].sort((a, b) => a - b)).toEqual(
      [...new Set([...tiles, ...powers, 996])].sort((a, b) => a - b),
    )
  })

  test('of few are all', () => {
    expect(edgesOf(1)).toEqual([0])
    expect([...edgesOf(5)].sort()).toEqual([0, 1, 2, 3, 4])
  })
})

describe('small means work', () => {
  const effort = { terms: 2 ** 18, least: 256 }
  const of = (shape: Shape, terms: number): Numbers | undefined => elementsOf(shape, terms, effort, keyOf('work'))

  test('so elements that cost little are judged whole by thousands, and dear ones in part though they are few', () => {
    expect(of([7000], 1)).toBeUndefined()
    expect(of([64, 64, 3, 3], 2)).toBeDefined()
    expect(of([512], 1e6)?.length).toBe(256)
    expect(of([256], 1e6)).toBeUndefined()
    expect(of([], 1e9)).toBeUndefined()
  })

  test('and of what is large some thousands are judged, the fewer the dearer they are', () => {
    const lengths = [1, 50, 100, 1000].map((terms) => of([1000, 1000], terms)?.length ?? 0)
    expect(lengths[0]).toBeGreaterThanOrEqual(mostElements)
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a))
    expect(lengths.at(-1)).toBeGreaterThanOrEqual(effort.least)
  })
})

test('each output of a question has elements by its own work', () => {
  const question: Question = {
    op: 'conv2d',
    direction: 'backward',
    attrs: { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 },
    inputs: { x: zeros([2, 8, 40, 40]), w: zeros([16, 8, 3, 3]), b: zeros([16]) },
    cotangents: { y: zeros([2, 16, 40, 40]) },
  }
  const { x, w, b, ...others } = getOrThrow(elementsIn(question, { terms: 2 ** 18, least: 256 }, 'case'))
  // 16·9 terms each, 2·40·40 each, and the same for each of few
  expect(x?.length).toBeGreaterThanOrEqual(2 ** 18 / 200)
  expect(w?.length).toBeGreaterThanOrEqual(256)
  expect(w?.length).toBeLessThan(512)
  expect(b).toBeUndefined()
  expect(others).toEqual({})
  expect(getOrThrow(elementsIn(question, { terms: 2 ** 18, least: 256 }, 'other'))['x']).not.toEqual(x)
})
