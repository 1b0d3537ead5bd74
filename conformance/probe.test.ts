import { either as E, taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { fromKernels } from '../spec/fromKernels.js'
import { fail } from '../spec/error.js'
import { probeRounding } from './probe.js'
import { inArithmetic } from './testing/instrument.js'
import { arithmeticOf, changing, cutTo, formulaTable, toy } from './testing/toys.js'

describe('probeRounding', () => {
  test.each([
    ['f32 to nearest', arithmeticOf(Math.fround), 'nearest'],
    ['f32 towards 0', arithmeticOf(cutTo(23)), 'other'],
    ['tf32', arithmeticOf(cutTo(10)), 'other'],
    ['f64, not rounded at all', arithmeticOf((x) => x), 'other'],
  ] as const)('%s', async (_name, arithmetic, rounding) => {
    expect(await probeRounding(fromKernels('toy', inArithmetic(arithmetic)))()).toEqual(E.right(rounding))
  })

  test('is unknown without dense', async () => {
    const { dense: _, ...others } = formulaTable
    expect(await probeRounding(fromKernels('toy', others))()).toEqual(E.right('unknown'))
  })

  test('an answer of another length is no rounding to nearest', async () => {
    const short = changing(formulaTable.dense!, () => ({ shape: [1], data: [0] }))
    expect(await probeRounding(toy({ dense: short }))()).toEqual(E.right('other'))
  })

  test('a failing or throwing backend gives a Left, never a throw', async () => {
    const lost = { ...toy(), run: () => TE.fromEither(fail<never>('DeviceLost', 'gone')) }
    expect(await probeRounding(lost)()).toEqual(fail('DeviceLost', 'gone'))
    const throws = toy({
      dense: {
        forward: () => {
          throw new Error('not today')
        },
      },
    })
    expect(E.isLeft(await probeRounding(throws)())).toBe(true)
  })
})
