import { either as E } from 'fp-ts'
import { expect, test } from 'vitest'
import { getOrThrow } from '../spec/error.js'
import { draws, keyOf } from '../spec/philox.js'
import { generate } from '../spec/tensor.js'
import { fewShot } from './meta.js'

// the pixel of example n of class c is 100c + n
const classes = [4, 6, 5].map((count, c) => generate([count, 1, 1, 1], (n) => 100 * c + n))

test('a few-shot task has examples of each class to learn from, and others of the same to be asked', () => {
  Array.from({ length: 20 }, (_, i) => {
    const { support, query } = getOrThrow(fewShot(draws(keyOf(`${i}`)), classes, { ways: 2, shots: 1, asked: 3 }))
    expect([support.x.shape, support.target.shape, query.x.shape, query.target.shape]).toEqual([
      [2, 1, 1, 1],
      [2, 2],
      [6, 1, 1, 1],
      [6, 2],
    ])
    const all = [...Array.from(support.x.data), ...Array.from(query.x.data)]
    expect(new Set(all).size).toBe(8)
    const classOf = (value: number | undefined): number => Math.floor((value ?? NaN) / 100)
    Array.from(query.x.data).forEach((value, n) => {
      const label = [0, 1].find((k) => query.target.data[2 * n + k] === 1) as number
      expect(classOf(value)).toBe(classOf(support.x.data[label]))
    })
  })
})

test.each([
  ['fewer examples than shots and questions', { ways: 2, shots: 2, asked: 3 }],
  ['fewer classes than ways', { ways: 4, shots: 1, asked: 1 }],
  ['no shots', { ways: 2, shots: 0, asked: 1 }],
])('%s are refused', (_, form) => {
  expect(E.isLeft(fewShot(draws(keyOf('it')), classes, form))).toBe(true)
})
