import { either as E } from 'fp-ts'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { kernelsBy } from '../reference/formulas.js'
import { formulas } from '../reference/table.js'
import { opNames, questions } from '../spec/catalogue.js'
import type { OpName } from '../spec/catalogue.js'
import type { KernelTable } from '../spec/fromKernels.js'
import { evaluate, fromKernels } from '../spec/fromKernels.js'
import { caseAt, caseCount } from './cases.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import type { Fault } from './questions.js'
import { questionTable } from './table.js'
import { mutant } from './testing/instrument.js'
import { ask } from './ask.js'

/** A right limit rejects a fault by at least this factor somewhere. */
const clearly = 10

const table: KernelTable = kernelsBy(formulas)
const faults = opNames.flatMap((op) => questionTable[op].faults.map((fault) => ({ op, fault })))

const right = <A>(result: E.Either<{ message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const sizeOfCase = ({ form }: Case): number =>
  Object.values(form.shapes).reduce((n, shape) => n + shape.reduce((a, b) => a * b, 1), 0)

/** The largest error ÷ bound that the suite's own cases show of a faulty backend, up to where it is clear. */
const rejection = async (op: OpName, fault: Fault): Promise<number> => {
  const faulty = fromKernels(fault.name, { ...table, [op]: mutant(op, fault) }, { dials: true })
  const count = caseCount(questionTable, op, fault.direction, 30)
  const cases = Array.from({ length: count }, (_, index) => caseAt(questionTable, op, fault.direction, 7, index))
    .filter((asked) => sizeOfCase(asked) < 1e5)
    .sort((a, b) => sizeOfCase(a) - sizeOfCase(b))
  let worst = 0
  for (const asked of cases) {
    const { judgement } = right(await ask(faulty, oracle, asked)())
    worst = Math.max(worst, judgement?.worst.ratio ?? 0)
    if (worst >= clearly) break
  }
  return worst
}

describe('planted faults', () => {
  test.each(faults.map(({ op, fault }) => [op, fault.direction, fault.name, fault] as const))(
    '%s %s: %s – is rejected by a factor of 10 or more',
    async (op, _direction, _name, fault) => {
      assert(await rejection(op, fault)).toBeGreaterThanOrEqual(clearly)
    },
  )

  test.each(
    faults.filter(({ fault }) => fault.unseenAt !== undefined).map(({ op, fault }) => [op, fault.name, fault] as const),
  )('%s: %s – passes unseen under an rtol of 1e-3 at a small fixed shape', (op, _name, fault) => {
    const form = fault.unseenAt as NonNullable<Fault['unseenAt']>
    const { attrs, inputs, cotangents } = right(realise({ op, direction: fault.direction, seed: 'unseen', form }))
    const want = right(oracle.evaluate(op, fault.direction, attrs, inputs, cotangents))
    const got = right(evaluate({ [op]: mutant(op, fault) }, op, fault.direction, attrs, inputs, cotangents))
    Object.entries(want).forEach(([name, { data }]) => {
      Array.from({ length: data.length }, (_, i) => i).forEach((i) => {
        const [g, w] = [got[name]?.data[i] as number, data[i] as number]
        assert(Math.abs(g - w), `${name}[${i}]: ${g} for ${w}`).toBeLessThanOrEqual(1e-3 * Math.abs(w) + 1e-8)
      })
    })
  })

  test('every op and direction has planted faults, and every op one that a plain tolerance lets pass', () => {
    const without = questions.filter(
      ({ op, direction }) => !questionTable[op].faults.some((fault) => fault.direction === direction),
    )
    assert(without).toEqual([])
    assert(opNames.filter((op) => !questionTable[op].faults.some(({ unseenAt }) => unseenAt !== undefined))).toEqual([])
  })
})
