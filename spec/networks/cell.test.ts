import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { getOrThrow } from '../error.js'
import { checkProgram } from '../program.js'
import type { Cell } from './cell.js'
import { cellName, cellNetwork, chosen, discretized, operations, parseCell, sharesOf } from './cell.js'
import { describeNetwork } from './describe.js'
import { networkNamed } from './zoo.js'

const cell: fc.Arbitrary<Cell> = fc.record({
  filters: fc.integer({ min: 1, max: 12 }),
  nodes: fc.integer({ min: 1, max: 4 }).chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, at) =>
        fc.array(fc.record({ from: fc.integer({ min: 0, max: at }), op: fc.constantFrom(...chosen) }), {
          minLength: 1,
          maxLength: 3,
        }),
      ),
    ),
  ),
})

test('a cell has a name that is read as the same, and its network is a program', () => {
  fc.assert(
    fc.property(cell, (one) => {
      expect(parseCell(cellName(one))).toEqual(E.right(one))
      const { program, output } = cellNetwork(2, one)
      expect(getOrThrow(checkProgram(program)).shapes[output]).toEqual([2, 10])
    }),
    { numRuns: 40 },
  )
})

test('what it costs is known before anything is trained', () => {
  const { totals } = getOrThrow(describeNetwork('it', getOrThrow(networkNamed('cell:6-0c3+0d5-0s+1d3'))))
  // 28²·6·9; on 14² pixels 6·6·9, 6·(25 + 6) and 6·(9 + 6); 2·6·7²·10
  expect(totals.multiplyAdds).toBe(784 * 54 + 196 * (324 + 186 + 90) + 5880)
  expect(totals.parameters).toBe(60 + (6 * 54 + 6) + (6 * 25 + 42) + (6 * 9 + 42) + 5890)
})

test.each(['cell:', 'cell:8', 'cell:0-0s', 'cell:8-1s', 'cell:8-0none', 'cell:8-0c4', 'cell:8-0s+', 'cell:8-0s-2s'])(
  '%s is refused',
  (name) => {
    expect(networkNamed(name)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  },
)

test('of a relaxation each node keeps the two edges whose operation has the largest share, none left aside', () => {
  const alpha = (at: Partial<Record<(typeof operations)[number], number>>) => ({
    shape: [1, operations.length],
    data: operations.map((op) => at[op] ?? 0),
  })
  const shares = sharesOf(3, {
    'edge0to1.share.x': alpha({ none: 9, d5: 1 }),
    'edge0to2.share.x': alpha({ m3: 1 }),
    'edge1to2.share.x': alpha({ s: 2 }),
    'edge0to3.share.x': alpha({ a3: 1 }),
    'edge1to3.share.x': alpha({ c3: 3 }),
    'edge2to3.share.x': alpha({ d3: 2 }),
  })
  // n quotients, each with the roundings of its exponential, of a sum of n and of a division, and their own sum
  const most = 2 * (operations.length + 2) * 2 ** -53
  shares.forEach((edge) =>
    expect(Math.abs(Object.values(edge.shares).reduce((a, b) => a + b) - 1)).toBeLessThanOrEqual(most),
  )
  expect(cellName(discretized(8, shares))).toBe('cell:8-0d5-0m3+1s-1c3+2d3')
})
