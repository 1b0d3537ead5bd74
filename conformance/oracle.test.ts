import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { oracleBy } from '../reference/formulas.js'
import { formulas } from '../reference/table.js'
import type { OpName } from '../spec/catalogue.js'
import { opNames } from '../spec/catalogue.js'
import type { Case } from './form.js'
import { samplesOf } from './samples.js'
import { checkLaw, checkOracle, checkWorked, lawsOf } from './selfCheck.js'
import { questionTable } from './table.js'
import { mutantFormula } from './testing/instrument.js'

const laws = opNames.flatMap((op) => lawsOf(questionTable, op).map((law) => [op, law.name, law] as const))
const worked = opNames.flatMap((op) => questionTable[op].worked.map((example) => [op, example.name, example] as const))

const drawn = new Map<OpName, readonly Case[]>()

/** What an op's laws are all asked on. */
const samplesFor = (op: OpName): readonly Case[] => {
  const known = drawn.get(op)
  if (known !== undefined) return known
  const samples = samplesOf(oracle, questionTable, op, 29, {
    drawn: 20,
    apart: 8,
    classes: 32,
    corners: Infinity,
    numbers: Infinity,
  })
  drawn.set(op, samples)
  return samples
}

describe('laws that the oracle keeps', () => {
  test.each(laws)('%s: %s', (op, _name, law) => {
    const findings = samplesFor(op).map((sample) => checkLaw(oracle, law, sample))
    assert(findings.filter((finding) => finding !== undefined)).toEqual([])
  })
})

describe('numbers from outside', () => {
  test.each(worked)('%s: %s', (op, _name, example) => {
    assert(checkWorked(oracle, op, example)).toBeUndefined()
  })
})

describe('the check of the oracle', () => {
  test('finds nothing wrong with the reference', () => {
    assert(checkOracle(oracle, questionTable)).toEqual([])
  })

  test('finds a reference that takes a difference for a sum', () => {
    const faulty = mutantFormula('add', { find: 'a + b, a, b', replace: 'a - b, a, b' })
    const findings = checkOracle(oracleBy({ ...formulas, add: faulty }), questionTable, ['add'])
    assert(findings.join('\n')).toMatch(/the order of the two/)
  })

  test('says of a worked example and of a law which element is wrong, what it is, was to be, and may be off by', () => {
    const faulty = mutantFormula('relu', { find: 'Math.max(0, x)', replace: 'Math.max(0.25 * x, x)' })
    const findings = checkOracle(oracleBy({ ...formulas, relu: faulty }), questionTable, ['relu'])
    assert(findings[0]).toMatch(/^relu forward: negative .*: y\[0\] is -2\.5, not 0 within 0 \(off by ∞ times that\)$/)
    assert(findings[1]).toMatch(/^relu: .*: in relu\/backward\/23\/law \d+ claim 1 at \[.*\] is .*, not .* within 0 /)
  })
})
