import { either as E, function as F } from 'fp-ts'
import type { LockstepFinding } from '../conformance/lockstep.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Dataset } from '../spec/data/dataset.js'
import { countOf, shuffle, standardisationOf, subset } from '../spec/data/dataset.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import type { Oracle } from '../spec/oracle.js'
import { keyOf } from '../spec/philox.js'
import type { Course as Fitting, Description, Examples, Point, TrainingState } from '../spec/training/course.js'
import { courseOf as fittingOf, examplesOf, outcomeOf } from '../spec/training/course.js'
import type { Ended, Evaluation, Seen } from '../spec/training/fit.js'
import { evaluateIn, evaluateOn, fit } from '../spec/training/fit.js'
import type { Rates } from '../spec/training/rates.js'
import type { Optimizer } from '../spec/training/step.js'

/** How to train. */
export interface Recipe {
  readonly epochs: number
  /** digits in a step; an incomplete last batch of an epoch is left out */
  readonly batch: number
  /** of the first weights and the order of the digits */
  readonly seed: number
  readonly optimizer: Optimizer['op']
  /** the first rate */
  readonly learningRate: number
  /** how it changes */
  readonly schedule: ScheduleChoice
  /** of `momentum` only */
  readonly momentum: number
  readonly weightDecay: number
  /** digits are shifted by up to so many pixels, each time another way; 0 for not at all */
  readonly shift: number
  /** how many of the training digits are not learned but validate; 0 for none */
  readonly validation: number
  /** epochs without a better validation after which the training stops; 0 for never */
  readonly patience: number
  /** how many of the first steps are judged node by node */
  readonly lockstep: number
}

/** A schedule but for its rate. */
export type ScheduleChoice = Rates extends infer R ? (R extends Rates ? Omit<R, 'rate'> : never) : never

export interface Digits {
  readonly train: Dataset
  readonly test: Dataset
}

/** A training before it starts: all that follows from the recipe and the digits. */
export interface Course {
  readonly recipe: Recipe
  readonly fitting: Fitting
  readonly test: Examples
  readonly counts: { readonly train: number; readonly validation: number; readonly test: number }
}

/** The first digits of a shuffled set to learn from, and so many others to validate by, whatever the training. */
const heldOut = (train: Dataset, validation: number): { readonly learned: Dataset; readonly held: Dataset } => {
  const order = Array.from(shuffle(keyOf('validation'), countOf(train)))
  return {
    learned: subset(
      train,
      order.slice(validation).toSorted((a, b) => a - b),
    ),
    held: subset(
      train,
      order.slice(0, validation).toSorted((a, b) => a - b),
    ),
  }
}

const attributesFor = ({ optimizer, momentum, weightDecay }: Recipe): NonNullable<Optimizer['attrs']> => ({
  ...(optimizer === 'momentum' ? { momentum } : {}),
  // AdamW's own default is not 0
  weightDecay,
})

/**
 * The course of a training of LeNet-5.
 *
 * Errors  ShapeMismatch – images that are not 28×28
 *         AttributeOutOfRange – a batch larger than the training set, more digits to validate than there are, patience
 *         without validation, and what the optimizer refuses
 */
export const courseOf = (recipe: Recipe, digits: Digits): Result<Course> => {
  const [, rows, columns] = digits.train.images.shape
  const { validation, patience, shift } = recipe
  return F.pipe(
    ensure(
      rows === 28 && columns === 28,
      'ShapeMismatch',
      `LeNet-5 reads images of 28×28; these are ${rows}×${columns}`,
    ),
    E.flatMap(() =>
      ensure(
        validation < countOf(digits.train),
        'AttributeOutOfRange',
        `${validation} digits to validate leave none of the ${countOf(digits.train)} to learn from`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        recipe.batch <= countOf(digits.train) - validation,
        'AttributeOutOfRange',
        `a batch of ${recipe.batch} is more than the ${countOf(digits.train) - validation} training digits`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        patience === 0 || validation > 0,
        'AttributeOutOfRange',
        '--patience wants --validation: what else improves?',
      ),
    ),
    E.flatMap(() => {
      const { learned, held } =
        validation === 0 ? { learned: digits.train, held: undefined } : heldOut(digits.train, validation)
      const standard = standardisationOf(learned)
      const description: Description = {
        network: lenet5,
        optimizer: { op: recipe.optimizer, attrs: attributesFor(recipe) },
        loss: 'softmaxCrossEntropy',
        rates: { ...recipe.schedule, rate: recipe.learningRate },
        epochs: recipe.epochs,
        batch: recipe.batch,
        seed: recipe.seed,
        // paper comes in at the edges
        ...(shift === 0
          ? {}
          : { augment: [{ kind: 'shift', most: shift, fill: Math.fround(-standard.mean / standard.std) }] }),
        ...(patience === 0 ? {} : { stopping: { patience, monitor: 'accuracy' } }),
      }
      return F.pipe(
        fittingOf(description, {
          train: examplesOf(learned, standard),
          ...(held === undefined ? {} : { validation: examplesOf(held, standard) }),
        }),
        E.map((fitting) => ({
          recipe,
          fitting,
          test: examplesOf(digits.test, standard),
          counts: { train: countOf(learned), validation, test: countOf(digits.test) },
        })),
      )
    }),
  )
}

/** What happens in a training, as it happens. Steps and epochs count from 1. */
export type Happening =
  | { readonly what: 'step'; readonly epoch: number; readonly step: number; readonly loss: number }
  | { readonly what: 'judged'; readonly step: number; readonly nodes: number; readonly worst: LockstepFinding }
  | {
      readonly what: 'measured'
      readonly epoch: number
      readonly step: number
      /** the mean of the losses since the last time */
      readonly loss: number
      readonly right: number
      readonly of: number
    }
  | { readonly what: 'epoch'; readonly point: Point }

/** Why a training stopped before its end. */
export type Stop =
  | { readonly why: 'error'; readonly error: EtalonError }
  | { readonly why: 'guilty'; readonly step: number; readonly finding: LockstepFinding }
  | { readonly why: 'diverged'; readonly step: number; readonly loss: number }

export interface Trained {
  readonly state: TrainingState
  readonly test: Evaluation
  /** the worst error ÷ bound of the steps in lockstep */
  readonly worstRatio: number
}

/** What there is beside the course: where to go on from, and who keeps the state. */
export interface Keeping {
  readonly from?: TrainingState
  readonly keep?: (state: TrainingState) => Promise<Result<void>>
  /** of how many training digits the accuracy is measured after an epoch */
  readonly sample?: number
}

type Or<A> = E.Either<Stop, A>
const orStop: <A>(result: Result<A>) => Or<A> = E.mapLeft((error) => ({ why: 'error', error }))
const endedBy: <A>(result: Or<A>) => E.Either<Ended<Stop>, A> = E.mapLeft((stop) =>
  stop.why === 'guilty' ? { why: 'stopped', by: stop } : stop,
)

// so many test digits are asked while the training goes on
const askedOnTheWay = 500

/** What the oracle makes of each node of a step. */
const judged = (
  { program }: Fitting,
  oracle: Oracle,
  depth: Backend['depth'],
  { feeds, values, step }: Seen,
): Or<{ readonly nodes: number; readonly worst: LockstepFinding }> =>
  F.pipe(
    orStop(lockstep(oracle, program, { ...feeds, ...values }, depth ?? anyOrder, feeds)),
    E.flatMap(({ findings, worst, guilty }): Or<{ readonly nodes: number; readonly worst: LockstepFinding }> =>
      guilty !== undefined
        ? E.left({ why: 'guilty', step, finding: guilty })
        : E.right({ nodes: findings.length, worst }),
    ),
  )

/** Follows a course on a backend, wholly where that computes, and tells what happens. */
export const follow = async (
  { recipe, fitting, test }: Course,
  backend: Backend,
  oracle: Oracle,
  tell: (happening: Happening) => void,
  { from, keep, sample = 0 }: Keeping = {},
): Promise<Or<Trained>> => {
  const { batchesPerEpoch, program } = fitting
  const measureEvery = Math.max(1, Math.floor(batchesPerEpoch / 5))
  const asked = Math.min(askedOnTheWay, test.count)
  let losses: readonly number[] = []
  let worstRatio = 0
  const stepped = async (seen: Seen): Promise<Or<void>> => {
    const { epoch, step, loss, session } = seen
    if (step <= recipe.lockstep) {
      const verdict = judged(fitting, oracle, backend.depth, seen)
      if (E.isLeft(verdict)) return verdict
      const { worst } = verdict.right
      worstRatio = Math.max(worstRatio, worst.judgement.worst.ratio)
      tell({ what: 'step', epoch, step, loss })
      tell({ what: 'judged', step, ...verdict.right })
    } else tell({ what: 'step', epoch, step, loss })
    losses = [...losses, loss]
    const at = ((step - 1) % batchesPerEpoch) + 1
    if (Number.isFinite(loss) && (at % measureEvery === 0 || at === batchesPerEpoch)) {
      const made = await evaluateIn(session, fitting, test, asked)()
      if (E.isLeft(made)) return orStop(made)
      const mean = losses.reduce((a, b) => a + b, 0) / losses.length
      tell({ what: 'measured', epoch, step, loss: mean, right: Math.round(made.right.accuracy * asked), of: asked })
      losses = []
    }
    return E.right(undefined)
  }
  const ended = await fit<Stop>(fitting, backend, {
    ...(from === undefined ? {} : { from }),
    sample,
    values: (step) => (step < recipe.lockstep ? everyValue(program) : []),
    step: async (seen) => endedBy(await stepped(seen)),
    epoch: async (point) => {
      tell({ what: 'epoch', point })
      return E.right(undefined)
    },
    ...(keep === undefined ? {} : { keep: async (state) => endedBy(orStop(await keep(state))) }),
  })()
  if (E.isLeft(ended)) return E.left(ended.left.why === 'stopped' ? ended.left.by : ended.left)
  const state = ended.right
  const made = await evaluateOn(backend, fitting, outcomeOf(fitting, state), test)()
  return orStop(
    F.pipe(
      made,
      E.map((test) => ({ state, test, worstRatio })),
    ),
  )
}
