import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { questionTable } from '../conformance/table.js'
import { opNames } from '../spec/catalogue.js'
import { kindsOf, leastKinds, structural, witnessesOf } from './audit.js'
import { entries } from './catalogue.js'
import { showFactor } from './render.js'

describe('the oracle', () => {
  it.each(opNames.filter((op) => !structural.includes(op)))(
    'is held to %s by witnesses of three kinds or more',
    (op) => {
      expect(kindsOf(witnessesOf(op, true)).length).toBeGreaterThanOrEqual(leastKinds)
    },
  )

  it('is not held by witnesses that are not there', () => {
    const none = { worked: [], golden: { cases: 0, gradients: 0, witness: '' }, differences: 0, laws: [], faults: [] }
    expect(kindsOf(none)).toEqual([])
    expect(kindsOf({ ...none, golden: { cases: 3, gradients: 2, witness: '' }, differences: 2 })).toHaveLength(2)
  })

  it('has planted faults whose factors are measured in full, not only up to where they are clear', () => {
    const { faults } = witnessesOf('sigmoid')
    expect(faults.map(({ fault }) => fault.name)).toEqual(questionTable.sigmoid.faults.map(({ name }) => name))
    expect(faults.every(({ factor }) => factor > 1000)).toBe(true)
  })
})

describe('a factor', () => {
  it.each([
    [10, '10'],
    [79.9, '70'],
    [8123, '8000'],
    [123456, '1·10^5'],
    [Infinity, '∞'],
  ])('of %d is printed as %s, never more than it is', (factor, text) => {
    expect(showFactor(factor)).toBe(text)
  })
})

// whether the numbers in them are up to date, `npm run docs -- --check` asks, which takes longer
describe('the pages', () => {
  const page = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

  it.each(['README.md', 'catalogue.md', 'oracle-audit.md'])('%s speaks of every op', (name) => {
    expect(opNames.filter((op) => !page(name).includes(`\`${op}\``))).toEqual([])
  })

  it('the catalogue has every attribute with its default', () => {
    const { attributes } = entries().find(({ op }) => op === 'maxPool2d') ?? { attributes: [] }
    expect(attributes).toMatchObject([
      { default: [2, 2] },
      { sameAs: 'window' },
      { default: [0, 0, 0, 0] },
      { default: false },
      { default: 'first' },
    ])
  })
})
