import { describe, expect, test } from 'vitest'
import { plainF32 } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { fail, getOrThrow } from '../spec/error.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { taskEither as TE } from 'fp-ts'
import { mapTensor, sizeOf } from '../spec/tensor.js'
import type { Form } from './form.js'
import { gradeOf, letterOf } from './grade.js'
import { groupsOf } from './groups.js'
import { formulaTable, smallTable, toy } from './testing/toys.js'
import type { Scope } from './verify.js'
import type { Line } from './line.js'
import { verify } from './verify.js'

const pooled = (stride: number, size: number): Form => ({
  attrs: { window: [1, 1], stride: [stride, stride] },
  shapes: { x: [1, 1, size, size] },
  fills: {},
})

describe('failures in groups', () => {
  const forms = [1, 2, 3].flatMap((stride) => [1, 5, 6, 7, 8, 9].map((size) => pooled(stride, size)))
  const grouped = (fails: (form: Form) => boolean) =>
    groupsOf(
      'maxPool2d',
      forms.map((form) => ({ form, way: fails(form) ? 'a wrong number' : undefined })),
    ).map(({ traits, failures, of }) => ({ traits, failed: failures.length, of }))
  const strideOf = ({ attrs }: Form): number => (attrs['stride'] as readonly number[])[0] as number
  const sizeOfX = ({ shapes }: Form): number => shapes['x']?.[2] ?? 0

  test('are told by what they have in common, and by nothing where all fail', () => {
    expect(grouped((form) => strideOf(form) === 3)).toEqual([{ traits: ['stride > 2'], failed: 6, of: 6 }])
    expect(grouped(() => true)).toEqual([{ traits: [], failed: 18, of: 18 }])
    expect(grouped(() => false)).toEqual([])
  })

  test('one kind does not hide another', () => {
    const found = grouped((form) => strideOf(form) === 3 || sizeOfX(form) === 1)
    expect(found.map(({ traits }) => traits)).toEqual([['stride > 2'], ['H = 1']])
  })

  test('two traits together, where neither tells by itself', () => {
    const [only] = grouped((form) => strideOf(form) > 1 && sizeOfX(form) > 8)
    expect(only).toEqual({ traits: ['H = 9', 'stride > 1'], failed: 2, of: 2 })
  })
})

const lineOf = async (backend: Backend, scope: Partial<Scope>): Promise<Line> =>
  getOrThrow(await verify(backend, oracle, smallTable, { profile: 'quick', runs: 0, seed: 1, ...scope })())
    .lines[0] as Line

describe('NaN and the infinities', () => {
  const relu = formulaTable.relu as PlainKernel
  const losing = toy({
    relu: {
      ...relu,
      forward: (...given) => {
        const { y } = relu.forward(...given)
        return { y: y && mapTensor((v) => (Number.isNaN(v) ? 0 : v), y) }
      },
    },
  })
  const forward = { ops: ['relu'], direction: 'forward' } as const

  test('are told beside the verdict, and count where the scope is strict', async () => {
    const told = await lineOf(losing, forward)
    expect(told).toMatchObject({
      verdict: 'conformant',
      nonFinite: 'lost',
      lost: { special: 'NaN', into: 'x', got: 0 },
    })
    const strict = await lineOf(losing, { ...forward, nonFinite: 'strict' })
    expect(strict).toMatchObject({ verdict: 'not-conformant', nonFinite: 'lost' })
    expect(strict.groups.map(({ traits }) => traits)).toEqual([['NaN in x']])
    expect(await lineOf(toy(), { ...forward, nonFinite: 'strict' })).toMatchObject({
      verdict: 'conformant',
      nonFinite: 'kept',
    })
  })
})

describe('a line of which most was refused', () => {
  test('is not simply conformant', async () => {
    const limited: Backend = {
      ...toy(),
      run: (program, feeds, watch) =>
        Object.values(program.inputs).some((shape) => sizeOf(shape) > 1)
          ? TE.fromEither(fail<never>('LimitExceeded', 'too large'))
          : toy().run(program, feeds, watch),
    }
    const line = await lineOf(limited, { ops: ['relu'], direction: 'forward' })
    expect(line.cases).toBeGreaterThan(0)
    expect(line.verdict).toBe('not-run')
  })
})

describe('a grade', () => {
  test('is A to 2, B to 16, C beyond, and A where both err nowhere', () => {
    expect([1, 2, 2.1, 16, 17, Infinity].map(letterOf)).toEqual(['A', 'A', 'B', 'B', 'C', 'C'])
    const exact = { squares: 0, elements: 4 }
    expect(gradeOf([{ backend: exact, plain: exact }])).toEqual({ letter: 'A', ratio: 1, cases: 1 })
    expect(gradeOf([])).toBeUndefined()
    expect(gradeOf([{ backend: { squares: 36, elements: 4 }, plain: { squares: 4, elements: 4 } }])?.ratio).toBe(3)
  })

  test('of the plain backend is its own measure', async () => {
    const line = await lineOf(plainF32, { ops: ['dense'], direction: 'forward', plain: plainF32 })
    expect(line.grade).toMatchObject({ letter: 'A', ratio: 1 })
  })
})
