import { either as E, function as F } from 'fp-ts'
import fc from 'fast-check'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { ask, fails, wayOf } from './ask.js'
import { arbitraryOf, shrunkId } from './cases.js'
import { shrinking } from './coverage/simpler.js'
import type { Case, Form } from './form.js'
import type { Judgement } from './judge.js'
import type { Rounding } from './probe.js'
import type { QuestionTable } from './questions.js'

/** How long a failure may be made smaller. */
export interface ShrinkEffort {
  /** cases asked */
  readonly cases: number
  /** by the clock of the machine; without it the cases alone count, and the same run gives the same small case everywhere */
  readonly seconds?: number
}

export const shrinkEffort: ShrinkEffort = { cases: 2000 }

/** A case that failed, its number among the op's cases, and how it failed. */
export interface Found {
  readonly asked: Case
  readonly index: number
  readonly judgement: Judgement
}

/** The smallest case found, how it fails, and the id that leads to it in the shrink tree. */
export interface Shrunk {
  readonly smallest: Case
  readonly smallestId: string
  readonly judgement: Judgement
}

/** Where a failing case stands among the cases of an arbitrary: fast-check's seed and path. */
interface Place {
  readonly arbitrary: fc.Arbitrary<Form>
  readonly seed: number
  readonly path: string
}

/** fast-check's word for an end by the clock, at once: it looks at nothing more. */
export const timeLimit = <Values>({
  seconds,
}: Pick<ShrinkEffort, 'seconds'>): Pick<fc.Parameters<Values>, 'plugins'> =>
  seconds === undefined ? {} : { plugins: [fc.interruptAfterTimeLimit(1000 * seconds) as fc.Plugin<Values>] }

/** A property, and the end of what it asked last: at a limit of time fast-check does not wait for that. */
export const oneByOne = <A>(
  arbitrary: fc.Arbitrary<A>,
  passes: (value: A) => Promise<boolean>,
): { readonly property: fc.IAsyncProperty<[A]>; readonly settled: () => Promise<void> } => {
  let last: Promise<unknown> = Promise.resolve()
  return {
    property: fc.asyncProperty(arbitrary, (value) => {
      const asked = passes(value)
      last = asked.catch(() => undefined)
      return asked
    }),
    settled: async () => {
      await last
    },
  }
}

const simplest = async (
  backend: Backend,
  oracle: Oracle,
  { asked: failed, judgement }: Pick<Found, 'asked' | 'judgement'>,
  { arbitrary, seed, path }: Place,
  rounding: Rounding,
  effort: ShrinkEffort,
): Promise<Result<Omit<Shrunk, 'smallestId'> & { readonly path: string }>> => {
  const way = wayOf(judgement)
  let left = effort.cases
  let lost: EtalonError | undefined
  let found: { readonly smallest: Case; readonly judgement: Judgement } = { smallest: failed, judgement }
  const passes = async (form: Form): Promise<boolean> => {
    // what is simpler than a large case is more than anybody could even look through
    if (lost !== undefined || left-- <= 0) throw new fc.PreconditionFailure(true)
    const candidate = { ...failed, form }
    const asked = await ask(backend, oracle, candidate)()
    if (E.isLeft(asked)) {
      if (asked.left.code === 'DeviceLost') lost = asked.left
      return true
    }
    const here = asked.right.judgement
    if (here === undefined || !fails(here, rounding) || wayOf(here) !== way) return true
    found = { smallest: candidate, judgement: here }
    return false
  }
  const { property, settled } = oneByOne(arbitrary, passes)
  const { counterexamplePath } = await fc.check(property, {
    seed,
    path,
    numRuns: 1,
    ...timeLimit<[Form]>(effort),
  })
  await settled()
  return lost === undefined ? E.right({ ...found, path: counterexamplePath ?? path }) : E.left(lost)
}

/** The simplest case in the shrink tree that fails alike, found from failure to failure, and the path that leads to it. */
export const shrink = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  { seed, index, ...found }: Found & { readonly seed: number },
  rounding: Rounding,
  effort: ShrinkEffort,
): Promise<Result<Shrunk>> => {
  const { op, direction } = found.asked
  const place = { arbitrary: arbitraryOf(table, op, direction, seed, index), seed, path: String(index) }
  return F.pipe(
    await simplest(backend, oracle, found, place, rounding, effort),
    E.map(({ path, ...rest }) => ({ ...rest, smallestId: shrunkId(op, direction, seed, path) })),
  )
}

/** The same of a case that has no number among the op's cases. */
export const shrinkAlone = async (
  backend: Backend,
  oracle: Oracle,
  found: Pick<Found, 'asked' | 'judgement'>,
  rounding: Rounding,
  effort: ShrinkEffort,
): Promise<Result<Omit<Shrunk, 'smallestId'>>> => {
  const { op, direction, seed, form } = found.asked
  const place = { arbitrary: shrinking(fc.constant(form), { op, direction, seed }), seed: 1, path: '0' }
  return F.pipe(
    await simplest(backend, oracle, found, place, rounding, effort),
    E.map(({ smallest, judgement }) => ({ smallest, judgement })),
  )
}
