import { expect, test } from 'vitest'
// in a project of your own: from 'etalon', 'etalon/conformance' and 'etalon/reference'
import { checkIn } from '../../conformance/index.js'
import type { Precision } from '../../conformance/index.js'
import { oracle } from '../../reference/index.js'
import { getOrThrow, opOf, tensor } from '../../spec/index.js'
import type { Tensor } from '../../spec/index.js'

/*
 * A test of somebody's own kernels, with bounds in place of tolerances. What is tested stands in for a GPU's: a matrix
 * product, with operands and result in f32 or in bf16.
 */

const toBf16 = (x: number): number => {
  const bits = new Uint32Array(Float32Array.of(x).buffer)
  const [word = 0] = bits
  return new Float32Array(Uint32Array.of((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000).buffer)[0] ?? NaN
}

/** y = x·wᵀ, sums in f32. */
const product = (x: Tensor, w: Tensor, round: (value: number) => number): Tensor => {
  const [N = 0, I = 0] = x.shape
  const [O = 0] = w.shape
  const sumAt = (n: number, o: number): number =>
    Array.from({ length: I }, (_, i) => round(x.data[n * I + i] ?? NaN) * round(w.data[o * I + i] ?? NaN)).reduce(
      (sum, term) => Math.fround(sum + Math.fround(term)),
      0,
    )
  return tensor(
    [N, O],
    Array.from({ length: N * O }, (_, at) => round(sumAt(Math.floor(at / O), at % O))),
  )
}

const wave = (shape: readonly [number, number], step: number): Tensor =>
  tensor(
    shape,
    Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.fround(1.5 + Math.sin(step * i))),
  )

const [x, w] = [wave([8, 64], 0.7), wave([16, 64], 1.3)]

/** Fails with the worst element where an answer is further off than a right kernel may be. */
const expectRight = (y: Tensor, precision: Precision): void => {
  const attrs = getOrThrow(opOf('dense').attrs.decode({}))
  const question = { op: 'dense', direction: 'forward', attrs, inputs: { x, w }, cotangents: {} } as const
  const worst = getOrThrow(checkIn(oracle, question, { y }, { precision }))
  expect(worst.ratio, JSON.stringify(worst)).toBeLessThanOrEqual(1)
}

test('a product in f32 is as right as f32 allows', () => {
  expectRight(product(x, w, Math.fround), 'f32')
})

test('a product in bf16 is as right as bf16 allows', () => {
  expectRight(product(x, w, toBf16), 'bf16')
})

test('a product in bf16 is not taken for one in f32, nor one that leaves a term out for either', () => {
  expect(() => {
    expectRight(product(x, w, toBf16), 'f32')
  }).toThrow('"ratio"')
  const short = tensor(
    x.shape,
    Array.from(x.data as ArrayLike<number>, (value, i) => (i % 64 === 63 ? 0 : value)),
  )
  expect(() => {
    expectRight(product(short, w, toBf16), 'bf16')
  }).toThrow('"ratio"')
})
