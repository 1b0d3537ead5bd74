import { describe, expect, test } from 'vitest'
import { oracleBy } from '../reference/formulas.js'
import { formulas } from '../reference/table.js'
import { opNames } from '../spec/catalogue.js'
import { checkOracle } from './selfCheck.js'
import { questionTable } from './table.js'
import { mutantFormula } from './testing/instrument.js'
import type { ReferenceFault } from './testing/referenceFaults.js'
import { findingsAbout, referenceFaults } from './testing/referenceFaults.js'

/** What ops' own questions plant into backends, as if it were in the reference; all of them by `npm run reference-faults`. */
const others: readonly ReferenceFault[] = opNames.flatMap((op, n) => {
  const { faults } = questionTable[op]
  const fault = faults[n % faults.length]
  return fault === undefined ? [] : [{ ...fault, op, name: `${fault.direction}: ${fault.name}` }]
})

describe('a reference at fault is found out before a backend is blamed', () => {
  test.each([...referenceFaults, ...others].map((fault) => [fault.op, fault.name, fault] as const))(
    '%s: %s',
    (_op, _name, fault) => {
      expect(findingsAbout(fault)).not.toEqual([])
    },
  )

  test('what a single attribute does wrong is found out at the start already', () => {
    const faulty = mutantFormula('conv2d', { find: 'kh * dh - top', replace: 'kh - top' })
    expect(checkOracle(oracleBy({ ...formulas, conv2d: faulty }), questionTable, ['conv2d'], 'brief')).not.toEqual([])
  })
})
