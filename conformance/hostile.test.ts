import { either as E, option as O, taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { plainF32 } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { fail, getOrThrow } from '../spec/error.js'
import { fromKernels, unsupported } from '../spec/fromKernels.js'
import type { Program } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import type { TimeLimit } from './guarded.js'
import { closed, fingerprintOf, guarded, mostInARow } from './guarded.js'
import type { Line, Report } from './line.js'
import { probeRounding } from './probe.js'
import { printLine, printUnsupported } from './report.js'
import { jsonLine } from './reportJson.js'
import { questionTable } from './table.js'
import type { Scope } from './verify.js'
import { verify } from './verify.js'
import { probePrograms } from './programs/probe.js'
import { node, program } from './programs/scenarios/making.js'

/** A backend that is whatever a person in a hurry, or a machine gone wrong, may make of one. */
type Run = Backend['run']

const scope: Scope = { ops: ['relu', 'tanh'], profile: 'quick', runs: 0, seed: 1, shrinking: { cases: 200 } }

const verified = async (backend: Backend, given: Partial<Scope> = {}): Promise<Report> =>
  getOrThrow(await verify(backend, oracle, questionTable, { ...scope, ...given })())

const lineOf = ({ lines }: Report, op: string, direction = 'forward'): Line =>
  lines.find((line) => line.op === op && line.direction === direction)!

const isRelu = ({ nodes }: Program): boolean =>
  nodes.some(({ op, direction }) => op === 'relu' && direction === 'forward')

/** plain-f32, but for relu forward, which is answered by what no type allows. */
const hostile = (run: (...asked: Parameters<Run>) => unknown, about: Partial<Backend> = {}): Backend => ({
  ...plainF32,
  name: 'hostile',
  run: (program, feeds, watch) =>
    isRelu(program) ? (run(program, feeds, watch) as ReturnType<Run>) : plainF32.run(program, feeds, watch),
  ...about,
})

/** What it answers where it should answer an Either. */
const answering = (answer: unknown): Backend => hostile(() => () => Promise.resolve(answer))
/** Right, but with another tensor for y. */
const saying = (y: (right: Tensor) => unknown, more: object = {}): Backend =>
  hostile((program, feeds) => async () => {
    const values = getOrThrow(await plainF32.run(program, feeds)())
    return E.right({
      ...Object.fromEntries(Object.entries(values).map(([name, tensor]) => [name, y(tensor)])),
      ...more,
    })
  })
const right = (program: Program, feeds: Tensors): ReturnType<ReturnType<Run>> => plainF32.run(program, feeds)()
const numbersOf = ({ x }: Tensors): number[] => x!.data as unknown as number[]

const kinds: readonly (readonly [string, Backend, RegExp])[] = [
  ['throws at once', hostile(() => { throw new Error('no time') }), /^Thrown: no time$/],
  ['throws from its task', hostile(() => () => { throw new Error('no time') }), /^Thrown: no time$/],
  ['throws nothing at all', hostile(() => { throw undefined as unknown as Error }), /^Thrown: undefined$/],
  ['throws what cannot be read', hostile(() => { throw { get message() { throw new Error() }, toString: 3, valueOf: 3 } as unknown as Error }), /^Thrown: something that cannot be told$/],
  ['rejects', hostile(() => () => Promise.reject(new Error('lost'))), /^Thrown: lost$/],
  ['answers undefined', answering(undefined), /^answers undefined; it must be an Either/],
  ['answers null', answering(null), /^answers null; it must be an Either/],
  ['answers NaN', answering(NaN), /^answers NaN; it must be an Either/],
  ['answers a number', answering(7), /^answers 7; it must be an Either/],
  ['answers a string', answering('done'), /^answers "done"; it must be an Either/],
  ['answers what is neither Left nor Right', answering({ _tag: 'Middle' }), /^answers {"_tag":"Middle"}; it must be an Either/],
  ['answers tensors without an Either', hostile((p, f) => async () => getOrThrow(await right(p, f))), /it must be an Either/],
  ['fails with no error', answering(E.left('oops')), /^fails with "oops"; an error has a code and a message$/],
  ['answers a list', answering(E.right([1, 2])), /^answers \[1,2\]; it must be tensors by name$/],
  ['answers nothing by name', answering(E.right(null)), /^answers null; it must be tensors by name$/],
  ['answers too few outputs', answering(E.right({})), /^y is missing from the answer$/],
  ['answers too many outputs', saying((y) => y, { z: { shape: [], data: [1] } }), /^answers z, which was not asked for; asked for was y$/],
  ['answers a number for a tensor', saying(() => 3), /^y is 3; it must be a tensor, of shape and data$/],
  ['answers a tensor without data', saying(({ shape }) => ({ shape })), /^y has no data; it must be a list of numbers$/],
  ['answers a tensor without a shape', saying(({ data }) => ({ data })), /^y has no shape; it must be a list of numbers$/],
  ['answers strings for numbers', saying(({ shape, data }) => ({ shape, data: Array.from(data as ArrayLike<number>, String) })), /^y has "[^"]*" among its data, at 0; they must be numbers$/],
  ['answers integers of 64 bits', saying(({ shape, data }) => ({ shape, data: new BigInt64Array(data.length) })), /^y has data object; it must be a list of numbers$/],
  ['answers the wrong shape', saying(({ shape, data }) => ({ shape: [...shape, 1], data })), /^y has shape \[.*\]; it must be \[.*\]$/],
  ['answers the wrong length', saying(({ shape }) => ({ shape, data: new Float32Array(70_001) })), /^y has 70001 numbers; its shape \[.*\] holds \d+$/],
  ['answers what cannot be read', answering(E.right({ get 'out.y'(): never { throw new Error('mine') } })), /^its answer cannot be read: mine$/],
  ['changes its inputs', hostile((p, f) => async () => { const made = await right(p, f); numbersOf(f)[0] = 1e9; return made }), /^changes its inputs: x is not what it was$/],
  ['changes a zero’s sign in its inputs', hostile((p, f) => async () => { const made = await right(p, f); const x = numbersOf(f); for (let i = 0; i < x.length; i++) x[i] = -x[i]!; return made }), /^changes its inputs: x/],
  ['takes an input away', hostile((p, f) => async () => { const made = await right(p, f); delete (f as Record<string, unknown>)['x']; return made }), /^changes its inputs: the names of what it was given/],
  ['says that it has what it has not', hostile(() => TE.fromEither(fail('BackendUnavailable', 'not yet'))), /^it says that it supports this, and answers BackendUnavailable: not yet$/],
  ['throws when it is asked what it supports', hostile(right, { supports: (op, direction) => { if (op === 'relu' && direction === 'forward') throw new Error('what?'); return true } }), /^Thrown: supports\("relu", "forward"\): what\?$/],
  ['does not say yes or no when it is asked what it supports', hostile(right, { supports: ((op: string, direction: string) => (op === 'relu' && direction === 'forward' ? 'perhaps' : true)) as never }), /^supports\("relu", "forward"\) answers "perhaps"; it must be true or false$/],
] // prettier-ignore

describe('a backend that', () => {
  test.each(kinds)('%s is told so, and the other lines are what they are', async (_, backend, problem) => {
    const report = await verified(backend)
    expect(report.lines.map(({ op, direction }) => `${op} ${direction}`)).toEqual(
      ['relu forward', 'relu backward', 'tanh forward', 'tanh backward'].sort((a, b) => report.lines.findIndex((l) => `${l.op} ${l.direction}` === a) - report.lines.findIndex((l) => `${l.op} ${l.direction}` === b)), // prettier-ignore
    )
    const relu = lineOf(report, 'relu')
    expect(relu.verdict).toBe('not-conformant')
    expect(relu.failure?.judgement.problem).toMatch(problem)
    expect(relu.failed).toBe(relu.cases)
    for (const line of report.lines) if (line !== relu) expect(line.verdict).toBe('conformant')
  })

  test('answers plain lists of numbers, of the right length, is as right as any', async () => {
    const report = await verified(saying(({ shape, data }) => ({ shape, data: Array.from(data as ArrayLike<number>) })))
    expect(lineOf(report, 'relu').verdict).toBe('conformant')
  })

  test('changes its inputs after it has answered is told so at the next question, and by the two that show it', async () => {
    let kept: number[] | undefined
    const backend = hostile((program, feeds) => () => {
      if (kept !== undefined && kept.length > 0) kept[0] = 1e9
      kept = numbersOf(feeds)
      return right(program, feeds)
    })
    const report = await verified(
      { ...backend, run: (program, feeds, watch) => backend.run(program, feeds, watch) },
      { reopen: () => { kept = undefined; return TE.right(backend)() } }, // prettier-ignore
    )
    const relu = lineOf(report, 'relu')
    expect(relu.verdict).toBe('not-conformant')
    const told = relu.sequence?.judgement.problem ?? relu.failure?.judgement.problem
    expect(told).toMatch(/^changes its inputs after it has answered: x of the question before this one$/)
  })

  test('is random is not deterministic, or wrong', async () => {
    let turn = 0
    const report = await verified(saying(({ shape, data }) => ({ shape, data: Array.from(data as ArrayLike<number>, (v) => v + turn++) }))) // prettier-ignore
    expect(lineOf(report, 'relu').verdict).toBe('not-conformant')
  })

  test('writes its next answer where the last one lies does not change what was judged', async () => {
    const place = new Float32Array(2 ** 20)
    const report = await verified(
      saying(({ shape, data }) => {
        place.set(data)
        return { shape, data: place.subarray(0, data.length) }
      }),
    )
    expect(lineOf(report, 'relu').verdict).toBe('conformant')
    expect(lineOf(report, 'relu').repeats).toMatchObject({ differed: 0, failed: 0 })
  })

  test('writes the answers of a program where those of the last one lie is told so: they are kept from run to run', async () => {
    const places = new Map<string, Float32Array>()
    const run: Backend['run'] = (program, feeds, watch) => async () => {
      const made = getOrThrow(await plainF32.run(program, feeds, watch)())
      return E.right(
        Object.fromEntries(
          Object.entries(made).map(([name, { shape, data }]) => {
            const place = places.get(`${name} ${shape.join()}`) ?? new Float32Array(data.length)
            places.set(`${name} ${shape.join()}`, place)
            place.set(data)
            return [name, { shape, data: place }]
          }),
        ),
      )
    }
    const lines = getOrThrow(
      await probePrograms(guarded({ ...plainF32, run }), oracle, { seed: 1, profile: 'quick' })(),
    )
    const told = lines.flatMap(({ failure }) => (failure === undefined ? [] : [failure.message]))
    expect(told.length).toBeGreaterThan(5)
    for (const message of told)
      expect(message).toMatch(/^changes what it has answered: .* of a question before this one$/)
  })

  test('is fed what it answered to a program as it answered it, and anything else as a copy', async () => {
    const seen: { readonly fed: unknown; readonly made: unknown }[] = []
    const run: Backend['run'] = (program, feeds, watch) => async () => {
      const made = await plainF32.run(program, feeds, watch)()
      seen.push({ fed: feeds['x']?.data, made: getOrThrow(made)['y']?.data })
      return made
    }
    const { run: ask } = guarded({ ...plainF32, run })
    const nodes = [node('half', 'relu', { x: 'x' }), node('y', 'relu', { x: 'half' })]
    const of = program({ x: [2] }, nodes, ['y'])
    const x = { shape: [2], data: Float32Array.of(1, 2) }
    const { y } = getOrThrow(await ask(of, { x })())
    getOrThrow(await ask(of, { x: y as Tensor })())
    expect(seen[0]?.fed).not.toBe(x.data)
    expect(y?.data).not.toBe(seen[0]?.made)
    expect(seen[1]?.fed).toBe(seen[0]?.made)
  })

  test('is not told apart by the probe of rounding is no rounding to nearest', async () => {
    for (const run of [
      () => () => Promise.resolve(E.right({ 'out.y': 7 })),
      () => () => Promise.reject(new Error('no')),
      () => {
        throw new Error('no')
      },
    ]) {
      // prettier-ignore
      const rounding = await probeRounding(guarded({ ...plainF32, run: run as never }))()
      expect(E.isRight(rounding) ? rounding.right : 'unknown').toBe('unknown')
    }
    expect(getOrThrow(await probeRounding(guarded(plainF32))())).toBe('nearest')
  })

  test.each([
    ['opens what is no session', () => TE.right(3 as never), /^opens 3; it must be a session, of step, run, state and close$/], // prettier-ignore
    ['answers a step with what is none', () => TE.right({ step: () => () => Promise.resolve(5), run: () => 0, state: () => 0, close: () => Promise.reject(new Error('no')) } as never), /^answers [05]; it must be an Either/], // prettier-ignore
    ['begins what is no step', () => TE.right({ step: () => () => Promise.resolve(5), begin: () => TE.right(3), run: () => 0, state: () => 0, close: () => Promise.resolve() } as never), /^(answers [05]; it must be an Either|begins 3; it must be a step on its way)/], // prettier-ignore
  ] satisfies readonly (readonly [string, NonNullable<Backend['open']>, RegExp])[])(
    '%s fails the programs that need one',
    async (_, open, message) => {
      const lines = getOrThrow(
        await probePrograms(guarded({ ...plainF32, open }), oracle, { seed: 1, profile: 'quick' })(),
      )
      const failures = lines.flatMap(({ failure }) => (failure === undefined ? [] : [failure.message]))
      expect(failures.length).toBeGreaterThan(0)
      for (const failure of failures) expect(failure).toMatch(message)
    },
  )

  test('answers what is none to a program fails that program, and the others go on', async () => {
    const lines = getOrThrow(
      await probePrograms(guarded(hostile(() => () => Promise.resolve(4))), oracle, { seed: 1, profile: 'quick' })(),
    )
    const [wrong, fine] = [true, false].map((failing) => lines.filter(({ verdict }) => (verdict === 'not-conformant') === failing)) // prettier-ignore
    expect(wrong!.length).toBeGreaterThan(0)
    expect(fine!.length).toBeGreaterThan(0)
    for (const { failure } of wrong!) expect(failure?.message).toMatch(/^answers 4; it must be an Either/)
  })
})

describe('what a backend says of itself', () => {
  test('is made flat, and told where it cannot be read', () => {
    const fingerprint = { a: 1, b: 'x', c: { deep: true }, d: null, e: () => 1 } as never
    expect(fingerprintOf({ fingerprint })).toEqual({ a: 1, b: 'x', c: '{"deep":true}', d: 'null', e: 'function' })
    const throwing = { get fingerprint(): never { throw new Error('secret') } } // prettier-ignore
    expect(fingerprintOf(throwing)).toEqual({ fingerprint: 'cannot be read: secret' })
  })

  test('when it is closed stops nobody', async () => {
    const limit: TimeLimit = { seconds: 1, wait: () => Promise.resolve(O.none) }
    expect(await closed({ close: () => { throw new Error('stuck') } })).toBe('it could not be closed: stuck') // prettier-ignore
    expect(await closed({ close: () => Promise.reject(new Error('stuck')) })).toBe('it could not be closed: stuck')
    expect(await closed({ close: () => new Promise(() => undefined) }, limit)).toBe('it did not close within 1 s')
    expect(await closed({ close: () => Promise.resolve() })).toBeUndefined()
  })
})

describe('an answer that never comes', () => {
  // no clock: work that is not over after some turns of the event loop is late
  const turns = async (): Promise<O.Option<never>> => {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    return O.none
  }
  const limit: TimeLimit = { seconds: 30, wait: (work) => Promise.race([work.then(O.some), turns()]) }
  const never = (): Promise<never> => new Promise(() => undefined)

  test('is a failure, three of them end a line, and the other lines go on', async () => {
    let asked = 0
    const backend = hostile(() => () => { asked++; return never() }) // prettier-ignore
    const report = await verified(backend, { limit })
    const relu = lineOf(report, 'relu')
    expect(relu.failure?.judgement.problem).toBe('no answer within 30 s')
    expect(relu).toMatchObject({ verdict: 'not-conformant', cases: 3, failed: 3, unasked: 26 })
    expect(asked).toBe(3)
    expect(printLine(relu)).toMatch(/26 cases were not asked, after\n +too many had no answer in time/)
    expect(jsonLine(relu)).toMatchObject({ unasked: 26 })
    for (const line of report.lines) if (line !== relu) expect(line.verdict).toBe('conformant')
  })

  test('opens the backend anew, and closes what it took the place of', async () => {
    const events: string[] = []
    const opened = (which: string, stuck: boolean): Backend =>
      hostile((program, feeds) => (stuck ? never : () => right(program, feeds)), {
        close: () => {
          events.push(`${which} closed`)
          return Promise.resolve()
        },
      })
    let count = 0
    const report = await verified(opened('first', true), {
      limit,
      reopen: () => Promise.resolve(E.right(opened(`anew ${++count}`, false))),
    })
    expect(lineOf(report, 'relu')).toMatchObject({ failed: 1, verdict: 'not-conformant' })
    expect(lineOf(report, 'relu').unasked).toBeUndefined()
    expect(events).toContain('first closed')
    expect(events).toContain('anew 1 closed')
  })

  test('of every op ends the run soon: no more is asked after twelve in a row', async () => {
    let asked = 0
    const report = await verified({ ...plainF32, run: () => () => { asked++; return never() } }, { limit, ops: ['relu', 'tanh', 'sigmoid', 'elu', 'softplus'] }) // prettier-ignore
    expect(asked).toBe(mostInARow)
    expect(report.lines.length).toBe(10)
    expect(report.lines.at(-1)).toMatchObject({ verdict: 'not-run', cases: 0 })
  })
})

describe('cases that are not a backend’s own', () => {
  const { forward } = fromKernelsOfRelu()
  const partial = (mine: (x: Tensor) => boolean): Backend =>
    fromKernels('partial', {
      relu: {
        forward: (_, { x }) => (mine(x!) ? forward(x!) : unsupported(`${x!.shape.length > 2 ? 'many' : 'few'} axes`)),
      },
    })

  test('are counted by reason, and the line is conformant over what it took', async () => {
    const line = lineOf(
      await verified(
        partial(({ shape }) => shape.length > 0),
        { ops: ['relu'] },
      ),
      'relu',
    )
    expect(line.verdict).toBe('conformant')
    expect(line.unsupported).toEqual({ 'few axes': 31 - line.cases })
    expect(jsonLine(line)).toMatchObject({ unsupported: line.unsupported, refused: 0 })
    expect(printLine(line)).toMatch(new RegExp(`\n +${31 - line.cases} of 31 cases are not its own`))
    expect(printUnsupported([line])).toMatch(/relu forward +\d+ {2}few axes$/)
  })

  test('leave a line unsupported where they are all, and not run where they are most', async () => {
    const all = lineOf(
      await verified(
        partial(() => false),
        { ops: ['relu'] },
      ),
      'relu',
    )
    expect(all).toMatchObject({ verdict: 'unsupported', cases: 0, refused: 0 })
    expect(Object.keys(all.unsupported ?? {}).sort()).toEqual(['few axes', 'many axes'])
    const most = lineOf(
      await verified(
        partial(({ shape }) => shape.length === 0),
        { ops: ['relu'] },
      ),
      'relu',
    )
    expect(most.verdict).toBe('not-run')
    expect(most.cases).toBeGreaterThan(0)
  })

  test('hide no wrong answer', async () => {
    const backend = fromKernels('wrong', {
      relu: { forward: (_, { x }) => (x!.shape.length > 1 ? unsupported('many axes') : { y: x }) },
    })
    expect(lineOf(await verified(backend, { ops: ['relu'] }), 'relu').verdict).toBe('not-conformant')
  })
})

function fromKernelsOfRelu() {
  return {
    forward: ({ shape, data }: Tensor) => ({
      y: { shape, data: Array.from(data as ArrayLike<number>, (v) => (Number.isNaN(v) ? v : Math.max(0, v))) },
    }),
  }
}

describe('a kernel', () => {
  test.each([
    [undefined, /^the kernel of relu forward answers undefined; it must be tensors by name/],
    [null, /^the kernel of relu forward answers null/],
    [[], /^the kernel of relu forward answers \[\]/],
    [{}, /^y is missing from the answer$/],
  ])('that answers %j is told so', async (answer, problem) => {
    const report = await verified(fromKernels('k', { relu: { forward: () => answer as never } }), { ops: ['relu'] })
    expect(lineOf(report, 'relu').failure?.judgement.problem).toMatch(problem)
  })

  test('of an op that there is none of is refused when the backend is made', () => {
    expect(() => fromKernels('k', { reluu: { forward: () => ({}) } } as never)).toThrow(
      /UnknownOp: there is no op "reluu"/,
    )
  })
})

test('a part of a larger array is handed on as a part, of a copy that is not much larger', async () => {
  const given = new Float32Array(1000).fill(9).subarray(500, 503).fill(-1)
  let handed: Tensor | undefined
  const curious: Backend = {
    ...plainF32,
    run: (program, feeds) => {
      handed = feeds['x']
      return plainF32.run(program, feeds)
    },
  }
  const program: Program = {
    inputs: { x: [3] },
    nodes: [
      {
        name: 'y',
        op: 'relu',
        direction: 'forward',
        attrs: {},
        inputs: { x: 'x' },
        cotangents: {},
        outputs: { y: 'y' },
      },
    ],
    outputs: ['y'],
    carry: {},
  }
  getOrThrow(await guarded(curious).run(program, { x: { shape: [3], data: given } })())
  const data = handed?.data as Float32Array
  expect([...data]).toEqual([-1, -1, -1])
  expect(data.byteOffset).toBeGreaterThan(0)
  expect(data.buffer).not.toBe(given.buffer)
  expect(data.buffer.byteLength).toBeLessThan(100)
})

test('what is one array under two names is handed on as one, in a copy', async () => {
  const seen: Tensors[] = []
  const backend: Backend = {
    ...plainF32,
    run: (of, feeds, ...rest) => {
      seen.push(feeds)
      return plainF32.run(of, feeds, ...rest)
    },
  }
  const shared = Float32Array.of(1, 2, 3)
  const [a, b, c] = [
    { shape: [3], data: shared },
    { shape: [3], data: shared },
    { shape: [3], data: Float32Array.of(1, 2, 3) },
  ]
  const nodes = [
    node('sum', 'add', { a: 'a', b: 'b' }),
    node('sums', 'add', { a: 'sum', b: 'c' }),
    node('twice', 'add', { a: 'sums', b: 'again' }),
  ]
  const of = { inputs: { a: [3], b: [3], c: [3], again: [3] }, nodes, outputs: ['twice'], carry: {} }
  getOrThrow(await guarded(backend).run(of, { a, b, c, again: a })())
  const [feeds] = seen as [Tensors]
  expect(feeds['a']?.data).not.toBe(shared)
  expect(feeds['b']?.data).toBe(feeds['a']?.data)
  expect(feeds['c']?.data).not.toBe(feeds['a']?.data)
  expect(feeds['again']).toBe(feeds['a'])
})
