import { describe, expect, test } from 'vitest'
import type { Key, Words } from './philox.js'
import { draws, philox4x32, wordAt } from './philox.js'

/** Random123, kat_vectors, philox4x32 10: counter, key, answer. */
const known: readonly (readonly [Words, Key, Words])[] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
]

describe('Philox4x32-10', () => {
  test.each(known)('gives the known answer at %j under %j', (counter, key, answer) => {
    expect(philox4x32(counter, key)).toEqual(answer)
  })

  test('gives word i mod 4 of block ⌊i/4⌋, the step and the stream behind it in the counter', () => {
    const key: Key = [1, 2]
    const words = Array.from({ length: 12 }, (_, i) => wordAt(key, i, 5, 7))
    expect(words).toEqual([0, 1, 2].flatMap((block) => philox4x32([block, 5, 7, 0], key)))
  })

  test('tells apart words of a key that only 32 bits hold', () => {
    expect(wordAt([0xffffffff, 0], 0)).not.toBe(wordAt([0xfffffffe, 0], 0))
    expect(wordAt([0, 0xffffffff], 0)).not.toBe(wordAt([0, 0xfffffffe], 0))
    expect(wordAt([0, 0], 0, 0xffffffff)).not.toBe(wordAt([0, 0], 0, 0xfffffffe))
    expect(wordAt([0, 0], 0, 0, 0xffffffff)).not.toBe(wordAt([0, 0], 0, 0, 0xfffffffe))
  })

  test('tosses a coin with each bit of a word, the lowest first', () => {
    const [toss, { word }] = [draws([1, 2]).toss, draws([1, 2])]
    const tossed = Array.from({ length: 64 }, toss)
    expect(tossed).toEqual([word(), word()].flatMap((bits) => Array.from({ length: 32 }, (_, i) => ((bits >>> i) & 1) === 1))) // prettier-ignore
  })
})
