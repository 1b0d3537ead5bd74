import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Session } from '../../spec/backend.js'
import { sessionOf } from '../../spec/backend.js'
import type { EtalonError, Result } from '../../spec/error.js'
import { fail } from '../../spec/error.js'
import type { Oracle } from '../../spec/oracle.js'
import type { Program } from '../../spec/program.js'
import { roundProgram } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'
import { isRefusal, problemOf } from '../ask.js'
import type { Profile } from '../cases.js'
import { messageOf } from '../guarded.js'
import type { Worst } from '../judge.js'
import { own, pick } from '../named.js'
import { probeTransforms } from '../probe.js'
import { narrowed } from './narrow.js'
import type { Knowing, Nearly } from './passing/near.js'
import { scenarios } from './scenarios.js'
import type { Heard, Wrong } from './hear.js'
import { copyProblem, hear, nearProblem } from './hear.js'
import { stepping } from './stepping.js'
import { supportedOf } from './supported.js'
import type { Act, Scenario } from './scenario.js'

/** Small programs on any backend that runs programs: what single ops cannot show, act by act. */

export interface ProgramFailure extends Wrong {
  readonly program: Program
  /** which act of the program: `run 2`, `step 3`, `the state after step 3` */
  readonly at: string
}

/** What came of one program. */
export interface ProgramLine {
  readonly program: string
  /** what it finds out */
  readonly about: string
  readonly backend: string
  /** answers asked for and judged */
  readonly cases: number
  /** refused for a limit of the device */
  readonly refused: number
  /** why the rest of it is not the backend's own */
  readonly unsupported?: string
  readonly failed: number
  readonly verdict: 'conformant' | 'not-conformant' | 'unsupported' | 'not-run'
  readonly judged: number
  readonly of: number
  readonly worst?: Worst
  /** the act and the node of the worst element */
  readonly worstAt?: string
  /** the first wrong answer; nothing is asked of the program after it */
  readonly failure?: ProgramFailure
  /** how long it took */
  readonly seconds?: number
}

/** What came of a program, and which of how many it was. */
export interface ProgramProgress {
  readonly program: ProgramLine
  readonly done: number
  readonly of: number
}

interface Opened {
  readonly session: Session
  readonly program: Program
  /** of the state, what is known */
  readonly state: Tensors
  /** and what is known nearly */
  readonly near: Nearly
  readonly steps: number
}

/** The smallest program in which a run's wrong node is wrong still; none, where it was wrong only after what came before. */
const smallest = (
  backend: Backend,
  oracle: Knowing,
  { program, feeds, watch }: Extract<Act, { readonly what: 'run' }>,
  { node }: Wrong,
  known: Tensors,
): Promise<{ readonly program: Program; readonly found: Wrong } | undefined> => {
  if (node === undefined || Object.keys(program.carry).length > 0) return Promise.resolve(undefined)
  const made = watch?.filter((name) => !Object.hasOwn(program.inputs, name))
  return narrowed({ program, feeds, ...(made && { watch: made }) }, node, known, async (asked) => {
    const named: readonly [watch?: readonly string[]] = asked.watch === undefined ? [] : [asked.watch]
    const answered = await attempted(() => backend.run(asked.program, asked.feeds, ...named))
    if (E.isLeft(answered)) return undefined
    const shown = asked.watch ?? asked.program.outputs
    const heard = hear(oracle, backend, {
      program: asked.program,
      given: asked.feeds,
      givenNearly: {},
      feeds: asked.feeds,
      watch: shown,
      answered: answered.right,
      tellState: () => '',
    })
    return E.isRight(heard) && heard.right.wrong?.node === node ? heard.right.wrong : undefined
  })
}

// a library that was wrapped may throw where it should have answered
const attempted = async <A>(ask: () => taskEither.TaskEither<EtalonError, A>): Promise<Result<A>> => {
  try {
    return await ask()()
  } catch (thrown) {
    return fail('Thrown', messageOf(thrown))
  }
}

/** How an act is called, in its place among those of its kind. */
const titles = (acts: readonly Act[]): readonly string[] => {
  const several = new Set(acts.flatMap((act) => (act.what === 'open' ? [act.session] : []))).size > 1
  const of = (session: string): string => (several ? ` of ${session}` : '')
  const stepsBefore = (at: number, session: string): number => {
    const own = acts.slice(0, at).filter((act) => 'session' in act && act.session === session)
    // since it was opened last
    return own.slice(own.findLastIndex(({ what }) => what === 'open')).filter(({ what }) => what === 'step').length
  }
  return acts.map((act, at) => {
    switch (act.what) {
      case 'run':
        return `run ${acts.slice(0, at).filter(({ what }) => what === 'run').length + 1}`
      case 'open':
        return `opening${of(act.session)}`
      case 'step':
        return `step ${stepsBefore(at, act.session) + 1}${of(act.session)}`
      case 'run on':
        return `another program on the state after step ${stepsBefore(at, act.session)}${of(act.session)}`
      case 'state':
        return `the state after step ${stepsBefore(at, act.session)}${of(act.session)}`
    }
  })
}

/** The same acts, of programs whose constants are numbers of f32; a program that comes again is the same one again. */
const inF32 = (acts: readonly Act[]): readonly Act[] => {
  const rounded = new Map(
    [...new Set(acts.flatMap((act) => ('program' in act ? [act.program] : [])))].map((one) => [one, roundProgram(one)]),
  )
  return acts.map((act) => ('program' in act ? { ...act, program: rounded.get(act.program) as Program } : act))
}

/** What came of a program; of one that is not there, what that is where others are. */
interface Found {
  readonly line: ProgramLine
  readonly missing?: ProgramLine
}

const probe =
  (backend: Backend, oracle: Knowing, asked: Scenario): taskEither.TaskEither<EtalonError, Found> =>
  async () => {
    let line: ProgramLine = {
      program: asked.name,
      about: asked.about,
      backend: backend.name,
      cases: 0,
      refused: 0,
      failed: 0,
      verdict: 'not-run',
      judged: 0,
      of: 0,
    }
    const supported = supportedOf(backend, asked)
    if (supported.acts.length === 0) return E.right({ line: { ...line, verdict: 'unsupported' } })
    if (supported.lacking !== undefined) line = { ...line, unsupported: supported.lacking }
    const sessions = new Map<string, Opened>()
    // of those that say that a program is not their own nothing more is asked
    const foreign = new Set<string>()
    const acts = inF32(supported.acts)
    const step = stepping(acts)
    const called = titles(acts)

    const failing = (program: Program, at: string, wrong: Wrong): ProgramLine => ({
      ...line,
      cases: line.cases + 1,
      failed: line.failed + 1,
      verdict: 'not-conformant',
      failure: { program, at, ...wrong },
    })
    const counted = ({ findings }: Heard, at: string): ProgramLine =>
      findings.reduce<ProgramLine>((soFar, { node, judgement }) => {
        const worse = soFar.worst === undefined || judgement.worst.ratio > soFar.worst.ratio
        return {
          ...soFar,
          judged: soFar.judged + judgement.judged,
          of: soFar.of + judgement.of,
          ...(worse ? { worst: judgement.worst, worstAt: `${at}, ${node}` } : {}),
        }
      }, line)

    let missing: ProgramLine | undefined
    const acting = async (): Promise<Result<ProgramLine>> => {
      for (const [i, act] of acts.entries()) {
        const at = called[i] as string
        if (act.what === 'open') foreign.delete(act.session)
        if ('session' in act && foreign.has(act.session)) continue
        const opened = act.what === 'run' || act.what === 'open' ? undefined : sessions.get(act.session)
        const program = 'program' in act ? act.program : (opened?.program ?? asked.program)
        // a program on a state may have values of its own by the state's names
        const state = Object.entries(opened?.state ?? {}).filter(([name]) => Object.hasOwn(program.inputs, name))
        const given = { ...Object.fromEntries(state), ...('feeds' in act ? act.feeds : {}) }
        const asks = 'watch' in act ? act.watch : undefined
        const watch = asks ?? program.outputs
        // watched values are named only where they are others than the program's outputs
        const named: readonly [watch?: readonly string[]] = asks === undefined ? [] : [asks]
        const answered = await attempted<Tensors | Session>(() =>
          act.what === 'run'
            ? backend.run(act.program, act.feeds, ...named)
            : act.what === 'open'
              ? sessionOf(backend, act.program, act.state)
              : step((opened as Opened).session, i),
        )
        if (E.isLeft(answered)) {
          const { code, message } = answered.left
          if (code === 'DeviceLost') return answered
          if (code === 'Unsupported') {
            line = { ...line, unsupported: line.unsupported ?? message }
            if ('session' in act) foreign.add(act.session)
            continue
          }
          if (isRefusal(answered.left)) {
            line = { ...line, refused: line.refused + 1 }
            return E.right({ ...line, verdict: line.cases === 0 ? 'not-run' : 'conformant' })
          }
          if (code === 'BackendUnavailable' && line.cases === 0) {
            missing = failing(program, at, { message: problemOf(answered.left) })
            return E.right({ ...line, verdict: 'unsupported' })
          }
          return E.right(failing(program, at, { message: problemOf(answered.left) }))
        }
        if (act.what === 'open') {
          await sessions.get(act.session)?.session.close()
          sessions.set(act.session, {
            session: answered.right as Session,
            program,
            state: act.state,
            near: {},
            steps: 0,
          })
          continue
        }
        const values = answered.right as Tensors
        const tellState = (name: string): string =>
          opened === undefined || !(name in opened.program.carry)
            ? ''
            : opened.steps === 0
              ? `the state is not what it was opened with: `
              : `the state ${name} is not what step ${opened.steps} left in ${opened.program.carry[name]}: `
        if (act.what === 'state') {
          const wrong = Object.keys(program.carry)
            .map((name) => {
              const [want, left] = [opened && own(opened.state, name), opened && own(opened.near, name)]
              const problem =
                want !== undefined
                  ? copyProblem(name, own(values, name), want)
                  : left !== undefined
                    ? nearProblem(name, own(values, name), left)
                    : own(values, name) === undefined
                      ? `${name} is missing from the state`
                      : undefined
              return problem === undefined ? undefined : tellState(name) + problem
            })
            .find((problem) => problem !== undefined)
          if (wrong !== undefined) return E.right(failing(program, at, { message: wrong }))
          line = { ...line, cases: line.cases + 1 }
          // what was shown is known from now on
          const shown = pick(Object.fromEntries(Object.keys(program.carry).map((name) => [name, name])), values)
          if (opened !== undefined)
            sessions.set(act.session, { ...opened, state: { ...shown, ...opened.state }, near: {} })
          continue
        }
        const left = Object.entries(opened?.near ?? {}).filter(([name]) => Object.hasOwn(program.inputs, name))
        const heard = hear(oracle, backend, {
          program,
          given,
          givenNearly: Object.fromEntries(left),
          feeds: act.feeds,
          watch,
          answered: values,
          tellState,
        })
        if (E.isLeft(heard)) return heard
        line = counted(heard.right, at)
        const { wrong, known } = heard.right
        if (wrong !== undefined) {
          const smaller = act.what === 'run' ? await smallest(backend, oracle, act, wrong, known) : undefined
          return E.right(failing(smaller?.program ?? program, at, smaller?.found ?? wrong))
        }
        line = { ...line, cases: line.cases + 1 }
        if (act.what === 'step' && opened !== undefined) {
          const carried = <A>(values: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
            Object.fromEntries(
              Object.entries(program.carry).flatMap(([name, value]) => {
                const one = own(values, value)
                return one === undefined ? [] : [[name, one]]
              }),
            )
          const { known, nearly } = heard.right
          sessions.set(act.session, {
            ...opened,
            steps: opened.steps + 1,
            state: carried(known),
            near: carried(nearly),
          })
        }
      }
      return E.right({ ...line, verdict: line.cases === 0 ? 'unsupported' : 'conformant' })
    }
    const acted = await acting().finally(async () => {
      for (const { session } of sessions.values()) await session.close()
    })
    return F.pipe(
      acted,
      E.map((line): Found => ({ line, ...(missing === undefined ? {} : { missing }) })),
    )
  }

/**
 * Does with a program what a scenario says.
 *
 * Errors  DeviceLost; what the oracle refuses, which is a bug of ours
 */
export const probeProgram = (
  backend: Backend,
  oracle: Oracle,
  asked: Scenario,
): taskEither.TaskEither<EtalonError, ProgramLine> =>
  F.pipe(
    probe(backend, oracle, asked),
    TE.map(({ line }) => line),
  )

/** Whether a program that the backend says it does not have is wrong, as it runs others and supports all of that one's ops. */
const toldOf = ({ line, missing }: Found, runsPrograms: boolean): ProgramLine =>
  runsPrograms ? (missing ?? line) : line

/** Which programs are asked. */
export interface ProgramScope {
  readonly seed: number
  readonly profile?: Profile
  /** so many more of each kind that is drawn */
  readonly runs?: number
}

/** Who hears of programs as they are done, and whether no further one is to be asked. */
export interface ProgramWatch {
  readonly heard?: (progress: ProgramProgress) => void
  readonly stopped?: () => boolean
}

const knownOf = async (backend: Backend, oracle: Oracle): Promise<Knowing> => ({
  ...oracle,
  transforms: await probeTransforms(backend)(),
})

/**
 * Does with a backend what every scenario says. One that answers to none of them that it has them does not run programs; one
 * that answers it to some of them, though it supports all of their ops, is wrong there. A quick run asks each in one width.
 *
 * Errors  DeviceLost; what the oracle refuses, which is a bug of ours
 */
export const probePrograms =
  (
    backend: Backend,
    oracle: Oracle,
    { seed, profile, runs }: ProgramScope,
    { heard = () => undefined, stopped = () => false }: ProgramWatch = {},
  ): taskEither.TaskEither<EtalonError, readonly ProgramLine[]> =>
  async () => {
    const found: Found[] = []
    const all = scenarios(seed, profile, runs)
    const knowing = await knownOf(backend, oracle)
    for (const asked of all) {
      if (stopped()) break
      const one = await probe(backend, knowing, asked)()
      if (E.isLeft(one)) return one
      found.push(one.right)
      heard({ program: one.right.line, done: found.length, of: all.length })
    }
    const runsPrograms = found.some(({ line }) => line.cases > 0)
    return E.right(found.map((one) => toldOf(one, runsPrograms)))
  }

/** What is known when the first program was wrong: its line, if there was one, and how many acts were asked up to it. */
export interface FirstWrong {
  readonly line?: ProgramLine
  readonly cases: number
}

/**
 * Does with a backend what the scenarios say, ended at the first in which it is wrong; `watch` hears of each before it is asked.
 *
 * Errors  DeviceLost; what the oracle refuses, which is a bug of ours
 */
export const probeUntilWrong =
  (
    backend: Backend,
    oracle: Oracle,
    seed: number,
    profile: Profile = 'standard',
    watch: () => void = () => undefined,
  ): taskEither.TaskEither<EtalonError, FirstWrong> =>
  async () => {
    const found: Found[] = []
    const knowing = await knownOf(backend, oracle)
    let cases = 0
    for (const asked of scenarios(seed, profile)) {
      watch()
      const one = await probe(backend, knowing, asked)()
      if (E.isLeft(one)) return one
      found.push(one.right)
      cases += one.right.line.cases
      // one that is missing is wrong as soon as another is there
      const line = found.map((each) => toldOf(each, cases > 0)).find(({ failed }) => failed > 0)
      if (line !== undefined) return E.right({ line, cases })
    }
    return E.right({ cases })
  }
