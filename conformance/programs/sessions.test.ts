import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import type { Backend, Begun, Session } from '../../spec/backend.js'
import { getOrThrow } from '../../spec/error.js'
import type { Program } from '../../spec/program.js'
import { mapValues } from '../../spec/field.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { guarded } from '../guarded.js'
import type { ProgramLine } from './probe.js'
import { probeProgram } from './probe.js'
import type { Scenario } from './scenario.js'
import { scenarios } from './scenarios.js'

/** A session as a library may write it that hands steps to a device: what is wrong with it, if anything is, and what was asked. */
interface Faults {
  /** feeds that went up are not replaced by others */
  readonly firstAheadStays?: boolean
  /** a step that is over answers what was made last */
  readonly lastMade?: boolean
  /** the state that was brought back is kept until a step that is not begun */
  readonly stateStays?: boolean
  /** another program writes its values where the state's have their names */
  readonly writesOver?: boolean
  /** the state is brought back into the same arrays every time */
  readonly sameArrays?: boolean
  /** the state is brought back, or another program run on it, before what was asked for earlier is over */
  readonly jumps?: 'state' | 'run'
  readonly log?: (event: string) => void
}

/** The very same tensors by the same names. */
const same = (one: Tensors | undefined, other: Tensors): boolean =>
  one !== undefined && Object.entries(other).every(([name, tensor]) => one[name] === tensor)

const opening = ({
  firstAheadStays,
  lastMade,
  stateStays,
  writesOver,
  sameArrays,
  jumps,
  log = () => undefined,
}: Faults): Backend => ({
  // prettier-ignore
  ...plainF32,
  open: (of, first) => async () => {
    const carried = Object.values(of.carry)
    let state = first
    let shown: Tensors | undefined
    let up: readonly Tensors[] = []
    let arrays: Tensors | undefined
    let made: Tensors = {}
    let last: Promise<unknown> = Promise.resolve()
    const inTurn = <A>(ask: () => Promise<A>): Promise<A> => {
      const next = last.then(ask)
      last = next
      return next
    }
    const take = async (given: Tensors, watch: readonly string[]): Promise<Tensors> => {
      const feeds = firstAheadStays === true && same(up.at(-1), given) ? (up[0] as Tensors) : given
      up = []
      const names = [...new Set([...watch, ...carried])]
      const values = getOrThrow(await plainF32.run(of, { ...state, ...feeds }, names)())
      state = Object.fromEntries(Object.entries(of.carry).map(([name, value]) => [name, values[value] as never]))
      made = values
      return values
    }
    const running = async (
      other: Program,
      feeds: Tensors,
      watch: readonly string[],
    ): Promise<E.Either<never, Tensors>> => {
      const held = Object.fromEntries(Object.entries(state).filter(([name]) => name in other.inputs))
      const all = other.nodes.flatMap(({ outputs }) => Object.values(outputs))
      const values = getOrThrow(await plainF32.run(other, { ...held, ...feeds }, [...new Set([...watch, ...all])])())
      if (writesOver === true)
        state = Object.fromEntries(
          Object.entries(of.carry).map(([name, value]) => [name, values[name] ?? values[value] ?? (state[name] as never)]), // prettier-ignore
        )
      return E.right(Object.fromEntries(watch.map((name) => [name, values[name] as never])))
    }
    const showing = (): Promise<E.Either<never, Tensors>> => {
      shown ??= state
      if (sameArrays !== true) return Promise.resolve(E.right(shown))
      arrays ??= mapValues(({ shape, data }): Tensor => ({ shape, data: Float32Array.from(data) }), shown)
      for (const [name, { data }] of Object.entries(shown)) (arrays[name]?.data as Float32Array).set(Array.from(data))
      return Promise.resolve(E.right(arrays))
    }
    const session: Session = {
      step:
        (feeds, watch = of.outputs) =>
        () => {
          log('step')
          return inTurn(async () => {
            shown = undefined
            const values = await take(feeds, watch)
            return E.right(Object.fromEntries(watch.map((name) => [name, values[name] as never])))
          })
        },
      begin:
        (feeds, watch = of.outputs) =>
        async () => {
          log('begin')
          if (stateStays !== true) shown = undefined
          const values = await take(feeds, watch)
          const begun: Begun = {
            values: () => {
              log('values')
              const from = lastMade === true ? { ...values, ...made } : values
              return Promise.resolve(E.right(Object.fromEntries(watch.map((name) => [name, from[name] as never]))))
            },
            ahead: (next) => {
              log('ahead')
              up = [...up, next]
            },
          }
          return E.right(begun)
        },
      run:
        (other: Program, feeds, watch = other.outputs) =>
        () =>
          jumps === 'run' ? running(other, feeds, watch) : inTurn(() => running(other, feeds, watch)),
      state: () => {
        log('state')
        return jumps === 'state' ? showing() : inTurn(showing)
      },
      close: () => Promise.resolve(),
    }
    return E.right(session)
  },
})

const asked = async (name: string, faults: Faults): Promise<ProgramLine> => {
  const one = scenarios(1).find((each) => each.name === name)
  // as verify asks
  return getOrThrow(await probeProgram(guarded(opening(faults)), oracle, one as Scenario)())
}

describe('sessions that are asked for several things at a time', () => {
  test.each([
    'many under way',
    'own names',
    'odd names',
    'fed numbers',
    'ahead',
    'looked at',
    'partly carried',
    'asked at once',
    'one array',
    'handed crosswise',
  ])('%s: a right backend is conformant', async (name) => {
    expect(await asked(name, {})).toMatchObject({ verdict: 'conformant', failed: 0 })
  })

  test.each<readonly [string, string, Faults, RegExp]>([
    ['feeds that go up for a second time and do not', 'many under way', { firstAheadStays: true }, /^step/],
    ['steps that each answer what the last one made', 'many under way', { lastMade: true }, /^step/],
    ['a state that stays as it was brought back', 'many under way', { stateStays: true }, /^the state after/],
    ['values of another program in the place of the state', 'own names', { writesOver: true }, /after step 1/],
    [
      'a state that is brought back before the steps that were asked for earlier',
      'asked at once',
      { jumps: 'state' },
      /^the state after/,
    ],
    [
      'another program that is run before the steps that were asked for earlier',
      'asked at once',
      { jumps: 'run' },
      /^another program on the state/,
    ],
    ['a state that is brought back into the same arrays', 'many under way', { sameArrays: true }, /^the state after/],
  ])('%s: are found', async (_, name, faults, at) => {
    const { verdict, failure } = await asked(name, faults)
    expect(verdict).toBe('not-conformant')
    expect(failure?.at).toMatch(at)
  })

  test('are asked for all that is to be asked at once before any of it is answered', async () => {
    const events: string[] = []
    await asked('asked at once', { log: (event) => events.push(event) })
    expect(events.slice(0, 6)).toEqual(['step', 'state', 'step', 'step', 'step', 'state'])
  })

  test('of a backend without any of its own do in order what they are asked for', async () => {
    const of = scenarios(1).find((each) => each.name === 'asked at once') as Scenario
    const { open: _, ...stateless } = plainF32
    // later runs are over sooner
    let runs = 0
    const slow: Backend = {
      ...stateless,
      run:
        (...given) =>
        async () => {
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, 20 - 5 * runs++)))
          return plainF32.run(...given)()
        },
    }
    expect(getOrThrow(await probeProgram(slow, oracle, of)())).toMatchObject({ verdict: 'conformant', failed: 0 })
  })

  test('begin all that is beside each other before any of it is asked for', async () => {
    const events: string[] = []
    await asked('many under way', { log: (event) => events.push(event) })
    const told = events.join(' ')
    expect(told).toContain('begin begin values values')
    expect(told).toContain('begin begin begin values values values')
    expect(told).toContain('begin ahead ahead ahead values')
    expect(told).toContain('step')
  })
})
