import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromText, toText } from './wire.js'

test('what JSON has no word for comes back as it went', () => {
  const value = {
    numbers: [NaN, Infinity, -Infinity, -0, 0, 1e-45],
    nothing: undefined,
    none: null,
    data: Float32Array.of(NaN, -0, 0.1, -Infinity),
    exact: Float64Array.of(0.1, -0),
    bytes: Uint8Array.of(0, 255),
    $: 'a key of its own',
    nested: [{ $: undefined, of: [1] }, undefined],
  }
  const back = fromText(toText(value)) as typeof value
  expect(back).toStrictEqual(value)
  expect(back.data).toBeInstanceOf(Float32Array)
})

test('any value of a report comes back as it went', () => {
  const value = fc.anything({
    withSparseArray: false,
    withNullPrototype: false,
    withTypedArray: true,
    key: fc.string(),
  })
  fc.assert(
    fc.property(
      value.filter(
        (one) => !/BigInt64Array|BigUint64Array/.test(fc.stringify(one)) && !fc.stringify(one).includes('__proto__'),
      ),
      (one) => {
        expect(fromText(toText(one))).toStrictEqual(one)
      },
    ),
  )
})
