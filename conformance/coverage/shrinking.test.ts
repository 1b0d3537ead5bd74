import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { oracle } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { opNames } from '../../spec/catalogue.js'
import type { PlainKernel } from '../../spec/fromKernels.js'
import type { Tensor } from '../../spec/tensor.js'
import { mapTensor, sizeOf } from '../../spec/tensor.js'
import type { Case } from '../form.js'
import { printCase, realise } from '../form.js'
import { printFailure } from '../failureReport.js'
import { questionTable } from '../table.js'
import { mutant } from '../testing/instrument.js'
import { changing, formulaTable, numbersOf, smallTable, toy } from '../testing/toys.js'
import type { Scope } from '../verify.js'
import type { Line } from '../line.js'
import { ask, wayOf } from '../ask.js'
import { shrinkAlone, shrinkEffort } from '../shrink.js'
import { verify } from '../verify.js'

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const lineOf = async (backend: Backend, scope: Partial<Scope>): Promise<Line> => {
  const report = right(await verify(backend, oracle, smallTable, { profile: 'quick', runs: 0, seed: 1, ...scope })())
  return report.lines[0] as Line
}

const told = (line: Line): string => printFailure(line, { fingerprint: { kind: 'toy' } })

const othersIn = (smallest: Case): readonly number[] => {
  const { inputs, cotangents } = right(realise(smallest))
  return [...numbersOf(inputs), ...numbersOf(cotangents)].filter((value) => !Object.is(value, 0))
}

const isPlain = (value: number): boolean =>
  (Number.isInteger(value) && Math.abs(value) <= 4) || Number.isInteger(Math.log2(Math.abs(value)))

const broken = (
  kernel: PlainKernel,
  change: (data: number[], shape: readonly number[]) => readonly number[],
): PlainKernel => changing(kernel, ({ shape, data }) => ({ shape, data: change(Array.from(data as number[]), shape) }))

describe('a failure made small', () => {
  test('keeps the smallest extent that fails where the fault is tied to one, and is printed sparsely', async () => {
    // past 512 numbers of a row, the last is taken for 0
    const relu = broken(formulaTable.relu as PlainKernel, (data, shape) =>
      data.map((value, i) => ((shape.at(-1) ?? 1) > 512 && i === 512 ? 0 : value)),
    )
    const line = await lineOf(toy({ relu }), { ops: ['relu'], direction: 'forward', profile: 'standard' })
    expect(line.failure?.smallest.form.shapes).toEqual({ x: [513] })
    expect(line.failure?.smallest.form.fills).toEqual({ x: { only: [[512, 1]] } })
    expect(told(line)).toContain('x[513] = zeros but x[512] = 1')
    expect(told(line)).toContain('y[512]: got 0, want 1')
  })

  test('keeps the one special value that a fault is tied to', async () => {
    const tanh = broken(formulaTable.tanh as PlainKernel, (data) =>
      data.map((value) => (Math.abs(value) === 1 ? value * 0.999 : value)),
    )
    const line = await lineOf(toy({ tanh }), { ops: ['tanh'], direction: 'forward' })
    const others = othersIn(line.failure!.smallest)
    expect(others).toHaveLength(1)
    expect(others.every(isPlain)).toBe(true)
  })

  test('fails in the way that the first did: a wrong number is not traded for a NaN', async () => {
    const relu = broken(formulaTable.relu as PlainKernel, (data) =>
      data.length < 3 ? data.map(() => NaN) : data.map((value) => value + 1),
    )
    const line = await lineOf(toy({ relu }), { ops: ['relu'], direction: 'forward', seed: 3 })
    const { smallest, judgement } = line.failure!
    const first = right(realise(smallest)).inputs['x']
    expect(wayOf(judgement)).toBe(sizeOf(first?.shape ?? []) < 3 ? 'y: NaN for a number' : 'y: a number for a number')
  })

  test('takes fewer and larger numbers for many where it is their sum that is too large', async () => {
    const dense = broken(formulaTable.dense as PlainKernel, (data) =>
      data.map((value) => (Math.abs(value) >= 65_520 ? Infinity : value)),
    )
    const fills: Case['form']['fills'] = { x: { constant: 1 }, w: { constant: 2 } }
    const asked: Case = {
      op: 'dense',
      direction: 'forward',
      seed: 'sums',
      form: { attrs: {}, shapes: { x: [1, 40_000], w: [1, 40_000] }, fills },
    }
    const { judgement } = right(await ask(toy({ dense }), oracle, asked)())
    const small = right(
      await shrinkAlone(toy({ dense }), oracle, { asked, judgement: judgement! }, 'nearest', shrinkEffort),
    )
    expect(small.smallest.form.shapes).toEqual({ x: [1, 1], w: [1, 1] })
    expect(othersIn(small.smallest).every(isPlain)).toBe(true)
  })

  test('stops after so many cases, and after so many seconds', async () => {
    const relu = broken(formulaTable.relu as PlainKernel, (data) => data.map((value) => value + 1))
    const few = await lineOf(toy({ relu }), { ops: ['relu'], direction: 'forward', shrinking: { cases: 1 } })
    expect(few.failure?.smallestId).toMatch(/^relu\/forward\/1\/\d+@3$/)
    const none = await lineOf(toy({ relu }), {
      ops: ['relu'],
      direction: 'forward',
      shrinking: { cases: 100, seconds: 0 },
    })
    expect(none.failure?.smallest).toBeDefined()
    const many = await lineOf(toy({ relu }), { ops: ['relu'], direction: 'forward' })
    expect(many.failure?.smallest.form.shapes).toEqual({ x: [] })
  })

  test('stops so too where more is simpler than anybody could look through', async () => {
    // nothing smaller fails, and of 2¹⁷ numbers there are as many to leave out
    const wrong = (data: readonly number[]): boolean => data.length >= 2 ** 17 && data.every((value) => value !== 0)
    const relu = broken(formulaTable.relu as PlainKernel, (data) =>
      wrong(data) ? data.map((value) => value + 1) : data,
    )
    const asked: Case = {
      op: 'relu',
      direction: 'forward',
      seed: 'large',
      form: { attrs: {}, shapes: { x: [2 ** 17] }, fills: { x: 'positive' } },
    }
    const { judgement } = right(await ask(toy({ relu }), oracle, asked)())
    const small = await shrinkAlone(toy({ relu }), oracle, { asked, judgement: judgement! }, 'nearest', { cases: 40 })
    expect(right(small).smallest.form.shapes).toEqual({ x: [2 ** 17] })
  })

  test('keeps to the domain of what it changes: counts stay counts', async () => {
    const seen: number[] = []
    // wrong from the fifth step on, and of half a step
    const late: PlainKernel = {
      forward: (attrs, inputs, sizes) => {
        const answer = (formulaTable.adam as PlainKernel).forward(attrs, inputs, sizes)
        const step = Number(inputs['step']?.data[0])
        seen.push(step)
        return step < 4 && Number.isInteger(step)
          ? answer
          : { ...answer, w: mapTensor((x) => x + 1, answer['w'] as Tensor) }
      },
    }
    const line = await lineOf(toy({ adam: late }), { ops: ['adam'] })
    expect(line.verdict).toBe('not-conformant')
    expect(seen.filter((step) => !(Number.isInteger(step) && step >= 0))).toEqual([])
  })

  test('keeps to the domain of what it changes: probabilities stay probabilities', async () => {
    const line = await lineOf(
      toy({
        bce: mutant(
          'bce',
          questionTable.bce.faults.find(({ direction }) => direction === 'backward')!,
        ),
      }),
      {
        ops: ['bce'],
        direction: 'backward',
      },
    )
    const { inputs } = right(realise(line.failure!.smallest))
    expect(numbersOf(inputs).filter((value) => value < 0 || value > 1)).toEqual([])
  })
})

describe('of the planted faults', () => {
  // every so many of them; all of them take minutes
  const some = opNames
    .flatMap((op) => questionTable[op].faults.map((fault) => ({ op, fault })))
    .filter((_, at) => at % 9 === 0)

  test('four of five and more end with 16 numbers other than 0 or fewer, plain but for one', async () => {
    const ended: string[] = []
    for (const { op, fault } of some) {
      const { failure } = await lineOf(toy({ [op]: mutant(op, fault) }), { ops: [op], direction: fault.direction })
      if (failure === undefined) continue
      const others = othersIn(failure.smallest)
      if (others.length > 16 || others.filter((value) => !isPlain(value)).length > 1)
        ended.push(`${op} ${fault.direction}: ${fault.name}: ${printCase(failure.smallest)}`)
    }
    expect(ended.length, ended.join('\n')).toBeLessThanOrEqual(some.length / 5)
  })
})
