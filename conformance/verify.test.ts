import { either as E, taskEither as TE } from 'fp-ts'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { fail } from '../spec/error.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import { sizeOf } from '../spec/tensor.js'
import { caseOfId, indicesOf } from './cases.js'
import { parseCase, printCase } from './form.js'
import { jsonLine } from './reportJson.js'
import { mutant } from './testing/instrument.js'
import { changing, formulaTable, smallTable, toy } from './testing/toys.js'
import type { Progress, Scope } from './verify.js'
import type { Line, Report } from './line.js'
import { ask, fails } from './ask.js'
import { isNonFinite, specialCases } from './nonFinite.js'
import { questionsIn, verify } from './verify.js'

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const held = async (backend: Backend, scope: Partial<Scope>): Promise<Report> =>
  right(await verify(backend, oracle, smallTable, { profile: 'quick', runs: 0, seed: 1, ...scope })())

const oneLine = async (backend: Backend, scope: Partial<Scope>): Promise<Line> => {
  const { lines } = await held(backend, scope)
  assert(lines).toHaveLength(1)
  return lines[0] as Line
}

const swappedPadding = mutant(
  'conv2d',
  smallTable.conv2d.faults.find(({ name }) => name.startsWith('padding'))!,
)
const relu = formulaTable.relu as PlainKernel
const reluCases = indicesOf(smallTable, 'relu', 'forward', 'quick', 0).length
// −0 and subnormals, beside them
const reluSpecials = specialCases(smallTable, 'relu', 'forward', 1).filter((one) => !isNonFinite(one)).length
const reluForward = { ops: ['relu'], direction: 'forward' } as const

describe('a right backend', () => {
  test('is conformant in every op and direction', async () => {
    const { lines } = await held(toy(), {})
    assert(lines.map(({ op, direction }) => ({ op, direction }))).toEqual(questionsIn({}))
    assert(lines.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
    assert(lines.filter(({ cases }) => cases < 3)).toEqual([])
  })

  test('tells how far it is', async () => {
    const told: Progress[] = []
    const scope = { ...reluForward, profile: 'quick', runs: 1, seed: 1 } as const
    await verify(toy(), oracle, smallTable, scope, (progress) => told.push(progress))()
    const count = reluCases + 1
    assert(told.map(({ done }) => done)).toEqual([
      ...Array.from({ length: count }, (_, i) => i + 1),
      count + reluSpecials,
    ])
    assert(told.filter(({ line }) => line !== undefined)).toHaveLength(1)
  })
})

describe('a faulty backend', () => {
  test('conv2d with the sides of the padding swapped: the failure is made small, and its id and its JSON reproduce it', async () => {
    const backend = toy({ conv2d: swappedPadding })
    const line = await oneLine(backend, { ops: ['conv2d'], direction: 'forward' })
    assert(line.verdict).toBe('not-conformant')
    assert(line.failed).toBeGreaterThan(0)
    assert(line.failed).toBeLessThan(line.cases)
    const { id, smallest, smallestId, judgement } = line.failure!
    const { shapes } = smallest.form
    assert(sizeOf(shapes['x']!) + sizeOf(shapes['w']!)).toBeLessThanOrEqual(4)
    assert(shapes['b']).toBeUndefined()
    assert(Object.keys(smallest.form.attrs)).toEqual(['padding'])
    assert(smallest.form.name).toBeUndefined()
    assert(judgement.worst.ratio).toBeGreaterThan(1)
    assert(right(caseOfId(smallTable, smallestId)).form).toEqual(smallest.form)
    for (const again of [caseOfId(smallTable, id), parseCase(printCase(smallest))]) {
      const { judgement } = right(await ask(backend, oracle, right(again))())
      assert(fails(judgement!, 'unknown')).toBe(true)
      const innocent = right(await ask(toy(), oracle, right(again))())
      assert(fails(innocent.judgement!, 'unknown')).toBe(false)
    }
  })

  test('the other ops of it are not blamed', async () => {
    const { lines } = await held(toy({ conv2d: swappedPadding }), { ops: ['conv2d', 'relu'] })
    assert(lines.map(({ op, direction, verdict }) => `${op} ${direction} ${verdict}`)).toEqual([
      'relu forward conformant',
      'relu backward conformant',
      'conv2d forward not-conformant',
      'conv2d backward conformant',
    ])
  })

  test.each([
    ['leaves its output out', changing(relu, () => undefined)],
    ['answers another shape', changing(relu, ({ data }) => ({ shape: [data.length, 1, 1], data }))],
    ['answers too few numbers', changing(relu, ({ shape }) => ({ shape, data: [] }))],
    ['answers NaN', changing(relu, ({ shape, data }) => ({ shape, data: Array.from(data as number[], () => NaN) }))],
    [
      'answers Infinity',
      changing(relu, ({ shape, data }) => ({ shape, data: Array.from(data as number[], () => Infinity) })),
    ],
    [
      'throws',
      {
        forward: () => {
          throw new Error('segmentation fault, nearly')
        },
      },
    ],
  ])('one that %s is not conformant, and nothing in its JSON is null', async (_name, kernel: PlainKernel) => {
    const line = await oneLine(toy({ relu: kernel }), reluForward)
    assert(line).toMatchObject({ verdict: 'not-conformant', failed: line.cases })
    assert(line.failure).toBeDefined()
    assert(JSON.stringify(jsonLine(line))).not.toContain('null')
    assert(jsonLine(line)['worst']).toMatchObject({ ratio: 'Infinity' })
  })

  test('an op that fails in its own words is not conformant, and the words are kept', async () => {
    const backend = { ...toy(), run: () => TE.fromEither(fail<never>('ShapeMismatch', 'I take no such x')) }
    const line = await oneLine(backend, reluForward)
    assert(line.verdict).toBe('not-conformant')
    assert(line.failure?.judgement.problem).toBe('ShapeMismatch: I take no such x')
  })
})

describe('neither right nor wrong', () => {
  test('an op that the backend does not have is unsupported', async () => {
    const { lines } = await held(fromKernels('half', { relu: { forward: relu.forward } }), { ops: ['relu', 'tanh'] })
    assert(lines.map(({ op, direction, verdict, cases }) => [op, direction, verdict, cases])).toEqual([
      ['tanh', 'forward', 'unsupported', 0],
      ['tanh', 'backward', 'unsupported', 0],
      ['relu', 'forward', 'conformant', lines[2]?.cases],
      ['relu', 'backward', 'unsupported', 0],
    ])
  })

  test('cases beyond a limit of the device are counted; where all are, the op was not run', async () => {
    const limited = (least: number): Backend => ({
      ...toy(),
      run: (program, feeds, watch) =>
        Object.values(program.inputs).some((shape) => sizeOf(shape) >= least)
          ? TE.fromEither(fail<never>('LimitExceeded', 'x is too large'))
          : toy().run(program, feeds, watch),
    })
    const some = await oneLine(limited(64), reluForward)
    assert(some.verdict).toBe('conformant')
    assert(some.refused).toBeGreaterThan(0)
    // a special value in a case that is refused is not asked
    assert(some.cases + some.refused).toBeGreaterThanOrEqual(reluCases)
    assert(some.cases + some.refused).toBeLessThanOrEqual(reluCases + reluSpecials)
    const none = await oneLine(limited(0), reluForward)
    assert(none).toMatchObject({ verdict: 'not-run', cases: 0, refused: reluCases })
    assert(none.worst).toBeUndefined()
  })

  const oneMore = changing(relu, ({ shape, data }) => ({
    shape,
    data: Array.from({ length: data.length }, (_, i) => (data[i] as number) + (data.length > 1 ? 1 : 0)),
  }))
  test.each([
    ['at the first question of all', 0],
    ['at the third case', 4],
    ['while a failure is made small', 2 + reluCases],
  ])('a device that is lost %s is a Left', async (_name, after) => {
    const faulty = toy({ relu: oneMore })
    let left = after
    const backend: Backend = {
      ...faulty,
      run: (program, feeds, watch) =>
        left-- > 0 ? faulty.run(program, feeds, watch) : TE.fromEither(fail<never>('DeviceLost', 'unplugged')),
    }
    const report = await verify(backend, oracle, smallTable, { ...reluForward, profile: 'quick', runs: 0, seed: 1 })()
    assert(report).toEqual(fail('DeviceLost', 'unplugged'))
  })
})

describe('a seed', () => {
  const faulty = toy({
    relu: mutant('relu', smallTable.relu.faults[0]!),
    tanh: mutant('tanh', smallTable.tanh.faults[0]!),
  })
  const lineOf = ({ lines }: Report, op: string, direction: string) =>
    lines.find((line) => line.op === op && line.direction === direction)

  test('gives the same lines, whatever else is asked', async () => {
    const all = await held(faulty, { ops: ['sigmoid', 'tanh', 'relu', 'dense'] })
    assert(await held(faulty, { ops: ['sigmoid', 'tanh', 'relu', 'dense'] })).toEqual(all)
    for (const op of ['tanh', 'relu'] as const)
      for (const direction of ['forward', 'backward'] as const)
        assert(await oneLine(faulty, { ops: [op], direction })).toEqual(lineOf(all, op, direction))
  })

  test('another one gives other cases', async () => {
    const one = await oneLine(toy(), { ops: ['dense'], direction: 'forward', seed: 1, runs: 20 })
    const two = await oneLine(toy(), { ops: ['dense'], direction: 'forward', seed: 2, runs: 20 })
    assert(two.cases).toBe(one.cases)
    assert(two.worstCase).not.toBe(one.worstCase)
  })
})
