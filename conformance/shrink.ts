import { either as E } from 'fp-ts'
import fc from 'fast-check'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { ask, fails, wayOf } from './ask.js'
import { arbitraryOf, shrunkId } from './cases.js'
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

/** The simplest case in the shrink tree that fails alike, found from failure to failure, and the path that leads to it. */
export const shrink = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  { asked: failed, index, judgement, seed }: Found & { readonly seed: number },
  rounding: Rounding,
  effort: ShrinkEffort,
): Promise<Result<Shrunk>> => {
  const { op, direction } = failed
  const way = wayOf(judgement)
  let left = effort.cases
  let lost: EtalonError | undefined
  let found: { readonly smallest: Case; readonly judgement: Judgement } = { smallest: failed, judgement }
  const passes = async (form: Form): Promise<boolean> => {
    if (lost !== undefined || left-- <= 0) return true
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
  const { counterexamplePath } = await fc.check(
    fc.asyncProperty(arbitraryOf(table, op, direction, seed, index), passes),
    {
      seed,
      path: String(index),
      numRuns: 1,
      ...(effort.seconds === undefined ? {} : { skipAllAfterTimeLimit: 1000 * effort.seconds }),
    },
  )
  return lost === undefined
    ? E.right({ ...found, smallestId: shrunkId(op, direction, seed, counterexamplePath ?? String(index)) })
    : E.left(lost)
}
