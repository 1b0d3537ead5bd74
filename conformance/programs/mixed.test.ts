import { either as E, taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import { opNames } from '../../spec/catalogue.js'
import { getOrThrow } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { checkProgram } from '../../spec/program.js'
import type { Backend } from '../../spec/backend.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, scalar, zipTensors } from '../../spec/tensor.js'
import { probeProgram, probeUntilWrong } from './probe.js'
import type { Scenario } from './scenario.js'
import { scenario } from './scenario.js'
import { carryingInRange, staysInRange } from './scenarios/growth.js'
import { node, program } from './scenarios/making.js'
import { mixed, mixedFurther } from './scenarios/mixed.js'
import { scenarios } from './scenarios.js'

const programsOf = ({ acts }: Scenario): readonly Program[] =>
  acts.flatMap((act) => ('program' in act ? [act.program] : []))

describe('programs of any ops', () => {
  test.each([3, 77])('are right whatever the seed: %i', async (seed) => {
    for (const asked of [...mixed(seed), ...mixedFurther(seed, 5)])
      expect(getOrThrow(await probeProgram(plainF32, oracle, asked)())).toMatchObject({ verdict: 'conformant' })
  })

  test('have nearly every op in them, most of them there and back, and carry states', () => {
    const nodes = mixed(1).flatMap((asked) => programsOf(asked).flatMap((of) => of.nodes))
    const directions = (op: string): readonly string[] => [...new Set(nodes.filter((one) => one.op === op).map(({ direction }) => direction))] // prettier-ignore
    // those of whole data sets, of shares that a network ends with, and two of the optimizers stand by themselves
    const absent = opNames.filter((op) => directions(op).length === 0)
    expect(absent).toEqual(['rnnCell', 'bce', 'cce', 'adadelta', 'zScoreNormalize'])
    expect(opNames.filter((op) => directions(op).length === 2).length).toBeGreaterThan(25)
    const carried = mixed(1)
      .flatMap(programsOf)
      .filter(({ carry }) => Object.keys(carry).length > 0)
    expect(carried.length).toBeGreaterThan(50)
    for (const of of carried) expect(E.isRight(checkProgram(of))).toBe(true)
  })

  test('are the same for the same seed, and others for another', () => {
    const told = (seed: number): string => JSON.stringify(mixed(seed).map(programsOf))
    expect(told(5)).toBe(told(5))
    expect(told(5)).not.toBe(told(6))
  })

  test('so many more are drawn of each kind as cases are, none of which was there before', () => {
    const drawnBeside = (runs: number): readonly Scenario[] =>
      scenarios(2, 'quick', runs).filter(({ name }) => name.startsWith('further'))
    const [few, more] = [drawnBeside(1), drawnBeside(7)]
    expect(few.map(({ name }) => name)).toEqual([
      'further mixed',
      'further mixed back',
      'further mixed unseen',
      'further mixed unseen back',
    ])
    const drawn = (of: readonly Scenario[]): readonly string[] =>
      of.flatMap(({ acts }) => acts.flatMap((act) => (act.what === 'run' && act.watch ? [JSON.stringify(act.program)] : []))) // prettier-ignore
    expect(drawn(few).length).toBe(4)
    expect(drawn(more).length).toBe(28)
    const before = new Set(drawn(mixed(2)))
    expect(drawn(more).filter((one) => before.has(one))).toEqual([])
  })
})

describe('numbers that grow', () => {
  const shapes = { x: [2, 2], w: [2, 2], y: [2, 2] }
  const of = (op: 'mul' | 'tanh' | 'add', inputs: Readonly<Record<string, string>>): Program =>
    program({ x: [2, 2], w: [2, 2] }, [node('y', op, inputs)], ['y'], { x: 'y' })

  test('past the range of f32 in some steps are told, from a square, and not from what is squashed or added up', () => {
    expect(staysInRange(of('mul', { a: 'x', b: 'x' }), shapes, 4)).toBe(true)
    expect(staysInRange(of('mul', { a: 'x', b: 'x' }), shapes, 8)).toBe(false)
    expect(staysInRange(of('add', { a: 'x', b: 'w' }), shapes, 100)).toBe(true)
    expect(staysInRange(of('tanh', { x: 'x' }), shapes, 100)).toBe(true)
  })

  test('so are not carried', () => {
    expect(carryingInRange(of('mul', { a: 'x', b: 'x' }), shapes, 8).carry).toEqual({})
    expect(carryingInRange(of('mul', { a: 'x', b: 'w' }), shapes, 8).carry).toEqual({ x: 'y' })
  })
})

// ---- faults that only such programs show ----------------------------------------------------------------------------

/** plain-f32, with another program in the place of each; what it answers goes by the names that were asked for. */
const instead = (other: (of: Program) => Program): Backend => ({
  ...plainF32,
  run: (of, feeds, watch = of.outputs) => plainF32.run(other(of), feeds, watch),
})

const withNodes = (of: Program, nodes: (node: ProgramNode) => ProgramNode): Program => ({ ...of, nodes: of.nodes.map(nodes) }) // prettier-ignore

const writer = ({ nodes }: Program, value: string | undefined): ProgramNode | undefined =>
  nodes.find(({ outputs }) => Object.values(outputs).includes(value ?? ''))

/** What is wrong, the program that shows it, and the backend. */
const faults: readonly (readonly [string, string, Backend])[] = [
  [
    'shares of a sum along the last axis whatever the axis is',
    'shares along axes',
    instead((of) =>
      withNodes(of, (one) =>
        one.op === 'softmax' && writer(of, one.inputs['x'])?.op === 'add'
          ? { ...one, attrs: { axis: (checked(of).shapes[one.inputs['x'] ?? ''] ?? []).length - 1 } }
          : one,
      ),
    ),
  ],
  [
    'a copy of a later output that is the first one',
    'outputs handed on',
    instead((of) =>
      withNodes(of, (one) => {
        const from = one.op === 'reshape' ? writer(of, one.inputs['x']) : undefined
        const first = Object.values(from?.outputs ?? {})[0]
        const { shapes } = checked(of)
        return first !== undefined && String(shapes[first]) === String(shapes[one.inputs['x'] ?? ''])
          ? { ...one, inputs: { x: first } }
          : one
      }),
    ),
  ],
  [
    'a sequence that goes on from another and begins where that one did',
    'sequences joined',
    instead((of) =>
      withNodes(of, (one) => {
        const before = one.op === 'gru' && one.direction === 'forward' ? writer(of, one.inputs['h0']) : undefined
        return before === undefined ? one : { ...one, inputs: { ...one.inputs, h0: before.inputs['h0'] ?? '' } }
      }),
    ),
  ],
  [
    'losses of one score of which the way back is the other’s',
    'losses both ways',
    instead((of) => {
      const losses = of.nodes.filter(({ op, direction }) => direction === 'forward' && op !== 'hinge')
      return withNodes(of, (one) => {
        const other = one.direction === 'backward' && one.op === 'bceWithLogits' ? losses.find(({ op }) => op === 'softmaxCrossEntropy') : undefined // prettier-ignore
        return other === undefined ? one : { ...one, op: other.op }
      })
    }),
  ],
]

const checked = (of: Program) => getOrThrow(checkProgram(of))

test.each(faults)('%s: is found', async (_, name, backend) => {
  const asked = scenarios(1).find((one) => one.name === name)
  expect(asked).toBeDefined()
  const line = getOrThrow(await probeProgram(backend, oracle, asked as Scenario)())
  expect(line.verdict).toBe('not-conformant')
  expect(line.failure?.program.nodes.length).toBeLessThanOrEqual(5)
})

test('numbers that are fed to another program on a state, and stay those of its first run: is found', async () => {
  const first = new Map<string, number>()
  const backend: Backend = {
    ...plainF32,
    open: (of, state) => async () => {
      let current = state
      const whole = { ...of, outputs: [...new Set([...of.outputs, ...Object.values(of.carry)])] }
      return E.right({
        step:
          (feeds, watch = of.outputs) =>
          async () => {
            const values = getOrThrow(await plainF32.run(whole, { ...current, ...feeds }, [...new Set([...watch, ...Object.values(of.carry)])])()) // prettier-ignore
            current = Object.fromEntries(
              Object.entries(of.carry).map(([name, value]) => [name, values[value] as never]),
            )
            return E.right(Object.fromEntries(watch.map((name) => [name, values[name] as never])))
          },
        run: (other, feeds, watch = other.outputs) => {
          const slope = feeds['slope']?.data[0]
          const known = slope === undefined ? undefined : (first.get('slope') ?? slope)
          if (known !== undefined) first.set('slope', known)
          const held = Object.fromEntries(Object.entries(current).filter(([name]) => name in other.inputs))
          return plainF32.run(other, { ...held, ...feeds, ...(known === undefined ? {} : { slope: scalar(known) }) }, watch) // prettier-ignore
        },
        state: () => Promise.resolve(E.right(current)),
        close: () => Promise.resolve(),
      })
    },
  }
  const asked = scenarios(1).find(({ name }) => name === 'looked at') as Scenario
  const line = getOrThrow(await probeProgram(backend, oracle, asked)())
  expect(line).toMatchObject({ verdict: 'not-conformant', failure: { at: expect.stringContaining('another program on the state') as string } }) // prettier-ignore
})

test('a backend that makes 1 − ρ on its host in f64 is given ρ in f32, and is right', async () => {
  // as a library does that keeps an attribute as it was given until it makes something of it
  const decay = 0.99
  const asGiven = { w: [2, 3], g: [2, 3], s: [2, 3] }
  const of = program(asGiven, [node('next', 'rmsprop', { w: 'w', g: 'g', meanSquare: 's' }, { learningRate: 0.5, decay }, { w: 'next', meanSquare: 's next' })], ['s next']) // prettier-ignore
  const backend: Backend = {
    ...plainF32,
    run: ({ nodes }, feeds) => {
      const rho = nodes[0]?.attrs['decay'] as number
      const [g, s] = [feeds['g'], feeds['s']] as [Tensor, Tensor]
      const next = zipTensors([s, g], (square, by) => Math.fround(Math.fround(rho) * square + Math.fround(1 - rho) * by * by)) // prettier-ignore
      return TE.right({ 's next': next })
    },
  }
  const large = (name: string): Tensor => generate([2, 3], (i) => (name === 'g' ? 1000 + i : 0))
  const feeds = Object.fromEntries(Object.keys(asGiven).map((name) => [name, large(name)]))
  const asked = scenario('one step', 'a step', of, [{ what: 'run', program: of, feeds }])
  expect(getOrThrow(await probeProgram(backend, oracle, asked)())).toMatchObject({ verdict: 'conformant', cases: 1 })
})

describe('a run of programs that ends at the first wrong one', () => {
  test('asks nothing behind it', async () => {
    let asked = 0
    const wrong: Backend = { ...plainF32, run: () => TE.right({}) }
    const { line, cases } = getOrThrow(await probeUntilWrong(wrong, oracle, 1, 'quick', () => asked++)())
    expect([line?.program, line?.verdict, asked, cases]).toEqual(['diamond', 'not-conformant', 1, 1])
  })

  test('takes one for wrong that is said not to be there, where others are', async () => {
    const missing: Backend = {
      ...plainF32,
      run: (of, ...rest) =>
        of.nodes.some(({ op }) => op === 'concat')
          ? TE.left({ code: 'BackendUnavailable', message: 'the driver refuses it' })
          : plainF32.run(of, ...rest),
    }
    const { line } = getOrThrow(await probeUntilWrong(missing, oracle, 1, 'quick')())
    expect(line?.failure?.message).toMatch(/answers BackendUnavailable: the driver refuses it/)
  })

  test('has no line of a right backend', async () => {
    const { line, cases } = getOrThrow(await probeUntilWrong(plainF32, oracle, 1, 'quick')())
    expect(line).toBeUndefined()
    expect(cases).toBeGreaterThan(100)
  })
})
