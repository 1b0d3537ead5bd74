import { describe, expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opNames, opOf } from '../../spec/catalogue.js'
import { acceptable, numbersIn } from '../form.js'
import { mingledOf } from './mingled.js'
import { inTurn } from './mingled/levels.js'

const lines = opNames.flatMap((op) =>
  (['forward', 'backward'] as const)
    .filter((direction) => direction === 'forward' || opOf(op).differentiable.length > 0)
    .map((direction) => [op, direction] as const),
)
const shapesOf = (op: OpName, direction: Direction, input: string): readonly (readonly number[])[] =>
  mingledOf(op, direction).map(({ shapes }) => shapes[input] ?? [])

describe('mingled cases', () => {
  test('are accepted, stay small and are the same each time', () => {
    for (const [op, direction] of lines) {
      const forms = mingledOf(op, direction)
      expect(forms.filter((form) => !acceptable(op, form))).toEqual([])
      expect(Math.max(0, ...forms.map(numbersIn))).toBeLessThan(1_000_000)
      expect(mingledOf(op, direction)).toEqual(forms)
    }
  })

  // each of these takes two or three axes of lengths that lie far apart, beside what a kernel of its own is chosen by
  test('bring together what neither ladders nor layers in small do', () => {
    const of3 = mingledOf('conv2d', 'forward').filter(({ shapes, attrs }) => {
      const [, C = 0] = shapes['x'] ?? []
      const [O = 0, , KH, KW] = shapes['w'] ?? []
      return KH === 3 && KW === 3 && attrs['groups'] === 1 && String(attrs['stride']) === '1,1' && C >= 8 && O >= 8
    })
    const images = of3.map(({ shapes }) => shapes['x'] ?? [])
    expect(images.some(([, , H = 0, W = 0]) => H > W && W >= 8)).toBe(true)
    expect(images.some(([, , , W = 0]) => W >= 128)).toBe(true)
    expect(
      mingledOf('conv2d', 'backward').some(({ shapes, attrs }) => {
        const [N = 0, C = 0] = shapes['x'] ?? []
        const [O = 0, , KH] = shapes['w'] ?? []
        return KH === 1 && String(attrs['stride']) === '2,2' && C < 8 && N >= 16 && O >= 16
      }),
    ).toBe(true)
    expect(
      mingledOf('softmax', 'backward').some(({ shapes: { x = [] } }) => {
        const length = Math.max(...x)
        return length > 1000 && x.reduce((n, extent) => n * extent, 1) >= 32 * length
      }),
    ).toBe(true)
    expect(
      mingledOf('localResponseNorm', 'forward').some(
        ({ shapes, attrs }) => Number(attrs['size']) > (shapes['x']?.[1] ?? 0),
      ),
    ).toBe(true)
    expect(
      shapesOf('batchNormTraining', 'forward', 'x').some(
        ([, C = 0, L = 0, ...rest]) => rest.length === 0 && C >= 16 && L >= 256,
      ),
    ).toBe(true)
  })
})

test('lists take turns apart from each other', () => {
  const pairs = new Set(
    Array.from({ length: 60 }, (_, turn) => [inTurn(['a', 'b', 'c'], turn), inTurn([1, 2, 3], turn, 1)].join()),
  )
  expect(pairs.size).toBe(9)
})
