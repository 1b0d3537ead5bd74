import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { getOrThrow } from '../error.js'
import { checkProgram } from '../program.js'
import type { Architecture, Part } from './architecture.js'
import { activations, architectureName, architectureNetwork, parseArchitecture } from './architecture.js'
import { describeNetwork } from './describe.js'
import { networkNamed } from './zoo.js'

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({
    kind: fc.constant('convolution' as const),
    filters: fc.integer({ min: 1, max: 40 }),
    size: fc.constantFrom(1, 3, 5),
    skip: fc.boolean(),
  }),
  fc.constant({ kind: 'maxPool2d' as const }),
  fc.constant({ kind: 'avgPool2d' as const }),
)
const architecture: fc.Arbitrary<Architecture> = fc.record({
  activation: fc.constantFrom(...activations),
  parts: fc
    .tuple(
      fc.array(part, { maxLength: 4 }),
      fc.array(fc.record({ kind: fc.constant('dense' as const), units: fc.integer({ min: 1, max: 50 }) }), {
        maxLength: 2,
      }),
    )
    .map(([first, last]) => [...first, ...last]),
})

test('an architecture has a name that is read as the same, and its network is a program', () => {
  fc.assert(
    fc.property(architecture, (one) => {
      expect(parseArchitecture(architectureName(one))).toEqual(E.right(one))
      const { program, output } = architectureNetwork(2, one)
      expect(getOrThrow(checkProgram(program)).shapes[output]).toEqual([2, 10])
    }),
    { numRuns: 60 },
  )
})

test('what it costs is known before anything is trained', () => {
  const network = getOrThrow(networkNamed('net:relu-6c5-m-16c3r-a-32f'))
  const { totals } = getOrThrow(describeNetwork('it', network))
  // 28²·6·25, and of the second 14²·16·6·(9 + 1) with its shortcut of 1×1; 784·32, 32·10
  expect(totals.multiplyAdds).toBe(784 * 150 + 196 * 96 * 10 + 784 * 32 + 320)
  expect(totals.parameters).toBe(6 * 26 + 16 * (6 * 9 + 1) + 16 * 7 + 785 * 32 + 330)
})

test.each(['net:', 'net:gelu-m', 'net:relu-6c4', 'net:relu-x', 'net:relu-8f-m', 'net:relu-m-m-m-m-m', 'net:relu-0f'])(
  '%s is refused',
  (name) => {
    expect(networkNamed(name)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  },
)

test('an architecture has no variants', () => {
  expect(networkNamed('net:relu-m', { variant: 'padded' })).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
})
