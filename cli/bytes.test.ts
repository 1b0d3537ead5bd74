import { expect, test } from 'vitest'
import { inBytes } from './bytes.js'

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.00 kB'],
  [12345678, '12.3 MB'],
  [999499, '999 kB'],
  [999600, '1.00 MB'],
  [4.4e9, '4.40 GB'],
])('%i bytes are %s', (bytes, text) => {
  expect(inBytes(bytes)).toBe(text)
})
