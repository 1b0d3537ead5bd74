/**
 * Philox4x32-10, a counter-based random number generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011): four words out for four counter words in, under a key of two words. Ten rounds of
 *
 *   (c0, c1, c2, c3) ← (hi(M1·c2) ⊕ c1 ⊕ k0, lo(M1·c2), hi(M0·c0) ⊕ c3 ⊕ k1, lo(M0·c0)),   k0 += W0, k1 += W1
 *
 * Every draw is a pure function of (counter, key): a backend on another device, or a test that starts in the middle,
 * draws the same numbers.
 */
export type Words = readonly [number, number, number, number]
export type Key = readonly [number, number]

const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85

// the high 32 bits of a 32 × 32 bit product, from 16-bit halves
const mulHi = (a: number, b: number): number => {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const other = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0
}

export const philox4x32 = (counter: Words, key: Key): Words => {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    // one number at a time: lists of them would cost more than the arithmetic
    const high0 = mulHi(M0, c0)
    const high1 = mulHi(M1, c2)
    const low0 = Math.imul(M0, c0) >>> 0
    const low1 = Math.imul(M1, c2) >>> 0
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** Word i of a stream: word (i mod 4) of the block at counter (⌊i/4⌋, step, stream, 0). */
export const wordAt = (key: Key, index: number, step = 0, stream = 0): number =>
  philox4x32([Math.floor(index / 4) >>> 0, step, stream, 0], key)[index % 4] as number

/** A uniform f32 in [0, 1) from a word: its upper 24 bits times 2⁻²⁴, exact. */
export const uniformOf = (word: number): number => (word >>> 8) * 2 ** -24

/** A key from text (FNV-1a over its code units, twice with different offsets): seeds derived by name stay put when other names come. */
export const keyOf = (text: string): Key => {
  let [a, b] = [0x811c9dc5, 0x01234567]
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193) >>> 0
    b = Math.imul(b ^ text.charCodeAt(i), 0x01000193) >>> 0
    b = (b ^ (b >>> 15)) >>> 0
  }
  return [a, b]
}

/** A source of draws in order, each a pure function of the key and how many came before. For generators of cases and data. */
export interface Draws {
  /** a 32-bit word */
  readonly word: () => number
  /** heads or tails: a bit of a word that is drawn for 32 of them */
  readonly toss: () => boolean
  /** uniform in [0, 1) */
  readonly uniform: () => number
  /** an integer between low and high, both included */
  readonly integer: (low: number, high: number) => number
  readonly pick: <A>(choices: readonly A[]) => A
  /** standard normal, by Box and Muller */
  readonly normal: () => number
}

export const draws = (key: Key, stream = 0): Draws => {
  let drawn = 0
  let block: Words = [0, 0, 0, 0]
  const word = (): number => {
    if (drawn % 4 === 0) block = philox4x32([Math.floor(drawn / 4) >>> 0, 0, stream, 0], key)
    return block[drawn++ % 4] as number
  }
  let [tosses, left] = [0, 0]
  const toss = (): boolean => {
    if (left === 0) [tosses, left] = [word(), 32]
    const heads = (tosses & 1) === 1
    tosses >>>= 1
    left--
    return heads
  }
  const uniform = (): number => uniformOf(word())
  const integer = (low: number, high: number): number => low + Math.floor(uniform() * (high - low + 1))
  return {
    word,
    toss,
    uniform,
    integer,
    pick: (choices) => choices[integer(0, choices.length - 1)] as (typeof choices)[number],
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}
