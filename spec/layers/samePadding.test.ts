import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { opOf } from '../catalogue.js'
import { getOrThrow } from '../error.js'
import { resolve } from '../op.js'
import type { SameWindow } from './samePadding.js'
import { samePadding, sameTransposedPadding } from './samePadding.js'

// every window, stride and dilation of some sizes over every extent of some
const cases = [1, 2, 3, 4, 5, 7].flatMap((window) =>
  [1, 2, 3, 5].flatMap((stride) =>
    [1, 2, 3].flatMap((dilation) =>
      Array.from({ length: 14 }, (_, i) => ({ extent: i + 1, window, stride, dilation })),
    ),
  ),
)

const on = ({ extent, window, stride, dilation }: (typeof cases)[number]) => ({
  extents: [extent] as const,
  window: [window] as const,
  stride: [stride] as const,
  dilation: [dilation] as const,
})

// how many outputs conv1d has, asked of its contract; none where the window does not fit
const outputsOf = (each: (typeof cases)[number], padding: readonly [number, number]): number => {
  const attrs = { stride: [each.stride], dilation: [each.dilation], padding, groups: 1 }
  const resolved = resolve(opOf('conv1d'), attrs, { x: [1, 1, each.extent], w: [1, 1, each.window] })
  return E.isRight(resolved) ? ((resolved.right.outputs['y'] as readonly number[])[2] as number) : 0
}

describe('SAME padding', () => {
  test('is the least under which there is an output for every stride’s worth of inputs, by trying them all', () => {
    for (const each of cases) {
      const wanted = Math.ceil(each.extent / each.stride)
      const least = Array.from({ length: 60 }, (_, total) => total).find(
        (total) => outputsOf(each, [0, total]) >= wanted,
      )
      const [left, right] = getOrThrow(samePadding(on(each)))
      expect(left + right, JSON.stringify(each)).toBe(least)
      // nor does any side have so much that there are more
      expect(outputsOf(each, [left, right]), JSON.stringify(each)).toBe(wanted)
    }
  })

  test('has an odd element behind in the upper mode, before in the lower', () => {
    for (const each of cases) {
      const [left, right] = getOrThrow(samePadding(on(each)))
      expect([0, 1]).toContain(right - left)
      expect(getOrThrow(samePadding({ ...on(each), mode: 'lower' }))).toEqual([right, left])
    }
  })

  // TensorFlow's "Notes on padding": 13 elements, a filter of 6 and a stride of 5; and layers of networks that are trained with it
  test.each<readonly [string, SameWindow<readonly [number, number]>, readonly number[]]>([
    ['TensorFlow’s example, 13 by 6 by 5', { extents: [13, 13], window: [6, 6], stride: [5, 5] }, [1, 2, 1, 2]],
    ['Inception’s first pool, 112 by 3 by 2', { extents: [112, 112], window: [3, 3], stride: [2, 2] }, [0, 1, 0, 1]],
    ['MobileNet’s first filter, 224 by 3 by 2', { extents: [224, 224], window: [3, 3], stride: [2, 2] }, [0, 1, 0, 1]],
    ['ResNet’s first filter, 224 by 7 by 2', { extents: [224, 224], window: [7, 7], stride: [2, 2] }, [2, 3, 2, 3]],
    ['an odd image, 225 by 3 by 2', { extents: [225, 225], window: [3, 3], stride: [2, 2] }, [1, 1, 1, 1]],
    ['a filter of 3 as it is', { extents: [28, 31], window: [3, 3] }, [1, 1, 1, 1]],
    ['a dilated filter, which spans 5', { extents: [28, 28], window: [3, 3], dilation: [2, 2] }, [2, 2, 2, 2]],
    ['rows and columns apart', { extents: [10, 9], window: [4, 2], stride: [1, 3] }, [1, 2, 0, 0]],
    ['a stride above the filter: nothing', { extents: [10, 10], window: [2, 2], stride: [4, 4] }, [0, 0, 0, 0]],
  ])('%s', (_, given, wanted) => {
    expect(getOrThrow(samePadding(given))).toEqual(wanted)
  })

  test('suits pools: it is less than the window, and there is an output for every stride’s worth', () => {
    for (const { extent, window, stride } of cases) {
      const size = [extent, extent] as const
      const padding = getOrThrow(samePadding({ extents: size, window: [window, window], stride: [stride, stride] }))
      const attrs = getOrThrow(
        opOf('avgPool2d').attrs.decode({ window: [window, window], stride: [stride, stride], padding }),
      )
      const { outputs } = getOrThrow(resolve(opOf('avgPool2d'), attrs, { x: [1, 1, ...size] }))
      expect(outputs['y']).toEqual([1, 1, Math.ceil(extent / stride), Math.ceil(extent / stride)])
    }
  })

  test.each<readonly [string, unknown, string, RegExp]>([
    ['no window', { extents: [4] }, 'ShapeMismatch', /window/],
    ['three axes', { extents: [4, 4, 4], window: [2, 2, 2] }, 'ShapeMismatch', /list of 1 or 2/],
    ['an extent too few', { extents: [4], window: [2, 2] }, 'ShapeMismatch', /extents is \[4\]/],
    ['an extent of 0', { extents: [0], window: [2] }, 'ShapeMismatch', /extents is \[0\]/],
    ['half a window', { extents: [4], window: [1.5] }, 'AttributeOutOfRange', /window is \[1.5\]/],
    ['a stride of 0', { extents: [4], window: [2], stride: [0] }, 'AttributeOutOfRange', /stride is \[0\]/],
    ['a stride too many', { extents: [4], window: [2], stride: [1, 1] }, 'ShapeMismatch', /stride is \[1,1\]/],
    ['a dilation below 1', { extents: [4], window: [2], dilation: [-1] }, 'AttributeOutOfRange', /dilation/],
    ['another mode', { extents: [4], window: [2], mode: 'valid' }, 'AttributeOutOfRange', /mode is "valid"/],
    ['a word for a window', { extents: [4], window: 'same' }, 'ShapeMismatch', /window is "same"/],
  ])('refuses %s, and says why', (_, given, code, message) => {
    for (const f of [samePadding, sameTransposedPadding])
      expect(f(given as SameWindow<readonly [number]>)).toMatchObject({
        left: { code, message: expect.stringMatching(message) as string },
      })
  })
})

describe('SAME of a transposed convolution', () => {
  test('takes off so much that there are a stride’s worth of outputs for every input', () => {
    for (const each of cases) {
      const size = [each.extent, each.extent + 1] as const
      const [window, stride, dilation] = [each.window, each.stride, each.dilation].map((n) => [n, n] as const) as [
        readonly [number, number],
        readonly [number, number],
        readonly [number, number],
      ]
      const { padding, outputPadding } = getOrThrow(sameTransposedPadding({ extents: size, window, stride, dilation }))
      const attrs = { stride, dilation, padding, outputPadding, groups: 1 }
      const { outputs } = getOrThrow(
        resolve(opOf('convTranspose2d'), getOrThrow(opOf('convTranspose2d').attrs.decode(attrs)), {
          x: [1, 1, ...size],
          w: [1, 1, ...window],
        }),
      )
      expect(outputs['y'], JSON.stringify(each)).toEqual([1, 1, size[0] * each.stride, size[1] * each.stride])
    }
  })

  test('is the padding of the convolution that it is the adjoint of', () => {
    for (const each of cases) {
      const { padding, outputPadding } = getOrThrow(sameTransposedPadding(on(each)))
      const forward = getOrThrow(samePadding({ ...on(each), extents: [each.extent * each.stride] }))
      // an image of extent·stride has extent outputs, and the same padding
      expect(padding).toEqual(forward)
      expect(outputPadding[0] === 0 || (padding[0] === 0 && padding[1] === 0)).toBe(true)
    }
  })
})
