import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { LockstepFinding } from '../conformance/lockstep.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Oracle } from '../spec/oracle.js'
import type { Evaluation, FitOptions, Interruption, TrainingEvent } from '../training/fit.js'
import { evaluateOn, fit } from '../training/fit.js'
import type { Progress, TrainingState } from '../training/training.js'
import { isOver, outcomeOf } from '../training/training.js'
import type { DigitTraining } from './trainPlan.js'

/** A step that the oracle judged, node by node: none of them is outside its bound. */
export interface Judged {
  readonly kind: 'judged'
  readonly step: number
  readonly nodes: number
  readonly worst: LockstepFinding
}

/** A node outside its bound, which ends a training. */
export interface Guilty {
  readonly step: number
  readonly finding: LockstepFinding
}

/** What came of a training. */
export interface Trained {
  readonly progress: Progress
  readonly test: Evaluation
  /** the worst error ÷ bound of the steps in lockstep */
  readonly worstRatio: number
}

/** A training that was asked to stop before its end. */
export interface Paused {
  readonly paused: TrainingState
}

// so many test digits are asked while the training goes on, so often an epoch
const askedOnTheWay = 500
const timesAnEpoch = 5

type Step = Extract<TrainingEvent, { readonly kind: 'step' }>

/** What the oracle makes of each node of a step. */
const judged = (
  { training: { program } }: DigitTraining,
  oracle: Oracle,
  { depth = anyOrder, conventions }: Pick<Backend, 'depth' | 'conventions'>,
  { step, feeds, values }: Step,
): either.Either<Interruption<Guilty>, Judged> =>
  F.pipe(
    lockstep(oracle, program, { ...feeds, ...values }, depth, {
      feeds,
      ...(conventions && { conventions }),
    }),
    E.mapLeft((error): Interruption<Guilty> => ({ why: 'error', error })),
    E.flatMap(({ findings, worst, guilty }) =>
      guilty === undefined
        ? E.right<Interruption<Guilty>, Judged>({ kind: 'judged', step, nodes: findings.length, worst })
        : E.left<Interruption<Guilty>, Judged>({ why: 'stopped', by: { step, finding: guilty } }),
    ),
  )

// a backend that never waits for anything outside would keep signals from being heard
const breath = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Trains on a backend, wholly where that computes, its first steps judged by the oracle, and tells what happens. */
export const train = (
  planned: DigitTraining,
  backend: Backend,
  oracle: Oracle,
  tell: (event: TrainingEvent | Judged) => void,
  options: Pick<FitOptions<Guilty>, 'from' | 'keep' | 'sample' | 'stop'> = {},
): taskEither.TaskEither<Interruption<Guilty>, Trained | Paused> => {
  const { recipe, training, test } = planned
  const { program, batchesPerEpoch } = training
  const every = Math.max(1, Math.floor(batchesPerEpoch / timesAnEpoch))
  let worstRatio = 0
  return F.pipe(
    fit<Guilty>(training, backend, {
      ...options,
      keepEvery: every,
      evaluate: {
        examples: test,
        count: askedOnTheWay,
        after: (step) => {
          const at = ((step - 1) % batchesPerEpoch) + 1
          return at % every === 0 || at === batchesPerEpoch
        },
      },
      values: (step) => (step <= recipe.lockstep ? everyValue(program) : []),
      listen: async (event) => {
        await breath()
        const verdict =
          event.kind === 'step' && event.step <= recipe.lockstep ? judged(planned, oracle, backend, event) : undefined
        if (verdict !== undefined && E.isLeft(verdict)) return verdict
        tell(event)
        if (verdict !== undefined) {
          worstRatio = Math.max(worstRatio, verdict.right.worst.judgement.worst.ratio)
          tell(verdict.right)
        }
        return E.right(undefined)
      },
    }),
    TE.flatMap((state): taskEither.TaskEither<Interruption<Guilty>, Trained | Paused> => {
      if (!isOver(training, state.progress)) return TE.right({ paused: state })
      return F.pipe(
        evaluateOn(backend, training, outcomeOf(training, state), test),
        TE.mapLeft((error): Interruption<Guilty> => ({ why: 'error', error })),
        TE.map((test) => ({ progress: state.progress, test, worstRatio })),
      )
    }),
  )
}
