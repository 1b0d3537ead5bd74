import { either as E, function as F } from 'fp-ts'
import type { LockstepFinding } from '../conformance/lockstep.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import type { Backend, Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Dataset, Standardisation } from '../spec/data/dataset.js'
import { batch as batchOf, countOf, shuffle, standardisationOf } from '../spec/data/dataset.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import type { Network } from '../spec/networks/network.js'
import type { Oracle } from '../spec/oracle.js'
import { keyOf } from '../spec/philox.js'
import type { Program } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import { initialParameters } from '../spec/training/initialize.js'
import { initialState, linearDecay, stepFeeds, trainingStep } from '../spec/training/step.js'

/** How to train. */
export interface Recipe {
  readonly epochs: number
  /** digits in a step; an incomplete last batch of an epoch is left out */
  readonly batch: number
  /** of the first weights and the order of the digits */
  readonly seed: number
  /** the first rate; it falls linearly to 0 */
  readonly learningRate: number
  readonly momentum: number
  readonly weightDecay: number
  /** how many of the first steps are judged node by node */
  readonly lockstep: number
}

export interface Digits {
  readonly train: Dataset
  readonly test: Dataset
}

/** A training before it starts: all that follows from the recipe and the digits. */
export interface Course {
  readonly recipe: Recipe
  readonly digits: Digits
  readonly network: Network
  readonly program: Program
  readonly standard: Standardisation
  readonly batchesPerEpoch: number
  readonly steps: number
}

/**
 * The course of a training of LeNet-5.
 *
 * Errors  ShapeMismatch – images that are not 28×28
 *         AttributeOutOfRange – a batch larger than the training set, and what `momentum` refuses
 */
export const courseOf = (recipe: Recipe, digits: Digits): Result<Course> => {
  const [, rows, columns] = digits.train.images.shape
  const count = countOf(digits.train)
  const batchesPerEpoch = Math.floor(count / recipe.batch)
  const network = lenet5(recipe.batch)
  const [momentum, weightDecay] = [Math.fround(recipe.momentum), Math.fround(recipe.weightDecay)]
  return F.pipe(
    ensure(
      rows === 28 && columns === 28,
      'ShapeMismatch',
      `LeNet-5 reads images of 28×28; these are ${rows}×${columns}`,
    ),
    E.flatMap(() =>
      ensure(
        batchesPerEpoch > 0,
        'AttributeOutOfRange',
        `a batch of ${recipe.batch} is more than the ${count} training digits`,
      ),
    ),
    E.flatMap(() => trainingStep(network, { momentum, weightDecay })),
    E.map((program) => ({
      recipe,
      digits,
      network,
      program,
      standard: standardisationOf(digits.train),
      batchesPerEpoch,
      steps: batchesPerEpoch * recipe.epochs,
    })),
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

/** Why a training stopped before its end. */
export type Stop =
  | { readonly why: 'error'; readonly error: EtalonError }
  | { readonly why: 'guilty'; readonly step: number; readonly finding: LockstepFinding }
  | { readonly why: 'diverged'; readonly step: number; readonly loss: number }

export interface Trained {
  readonly testAccuracy: number
  /** the worst error ÷ bound of the steps in lockstep */
  readonly worstRatio: number
}

type Or<A> = E.Either<Stop, A>
const orStop: <A>(result: Result<A>) => Or<A> = E.mapLeft((error) => ({ why: 'error', error }))

const classOf = (logits: Tensor, row: number): number => {
  const [, C = 1] = logits.shape
  const scores = Array.from({ length: C }, (_, c) => logits.data[row * C + c] as number)
  return scores.indexOf(Math.max(...scores))
}

// so many digits go through the network at once when it is only asked
const askedAtOnce = 500

/** How many of the first `count` test digits the network, as the session has it now, classifies rightly. */
const correct = async (session: Session, { digits, standard }: Course, count: number): Promise<Result<number>> => {
  let right = 0
  for (let from = 0; from < count; from += askedAtOnce) {
    const indices = Array.from({ length: Math.min(askedAtOnce, count - from) }, (_, i) => from + i)
    const { program, output } = lenet5(indices.length)
    const answer = await session.beside(program, { x: batchOf(digits.test, indices, standard).x })()
    if (E.isLeft(answer)) return answer
    const logits = answer.right[output] as Tensor
    right += indices.filter((index, row) => classOf(logits, row) === digits.test.labels[index]).length
  }
  return E.right(right)
}

/** The feeds of a step, counted from 0, given the order of its epoch. */
const feedsOf = (
  { recipe, digits, standard, batchesPerEpoch, steps }: Course,
  order: Numbers,
  step: number,
): Tensors => {
  const from = (step % batchesPerEpoch) * recipe.batch
  const indices = Array.from({ length: recipe.batch }, (_, i) => order[from + i] as number)
  return stepFeeds({
    ...batchOf(digits.train, indices, standard),
    learningRate: linearDecay(recipe.learningRate, steps, step),
  })
}

interface Stepped {
  readonly loss: number
  readonly judged?: { readonly nodes: number; readonly worst: LockstepFinding }
}

/** One step, counted from 0, and in lockstep what the oracle makes of each of its nodes. */
const takeStep = async (
  session: Session,
  { program, recipe }: Course,
  oracle: Oracle,
  depth: Backend['depth'],
  feeds: Tensors,
  step: number,
): Promise<Or<Stepped>> => {
  const watched = step < recipe.lockstep
  const values = await session.step(feeds, watched ? everyValue(program) : ['loss'])()
  if (E.isLeft(values)) return orStop(values)
  const loss = values.right['loss']?.data[0] ?? NaN
  const diverged = (): Or<Stepped> => E.left({ why: 'diverged', step: step + 1, loss })
  if (!watched) return Number.isFinite(loss) ? E.right({ loss }) : diverged()
  return F.pipe(
    orStop(lockstep(oracle, program, { ...feeds, ...values.right }, depth ?? anyOrder)),
    E.flatMap(({ findings, worst, guilty }): Or<Stepped> =>
      guilty !== undefined
        ? E.left({ why: 'guilty', step: step + 1, finding: guilty })
        : Number.isFinite(loss)
          ? E.right({ loss, judged: { nodes: findings.length, worst } })
          : diverged(),
    ),
  )
}

/** Follows a course on a backend, wholly where that computes, and tells what happens. */
export const follow = async (
  course: Course,
  backend: Backend,
  oracle: Oracle,
  tell: (happening: Happening) => void,
): Promise<Or<Trained>> => {
  const { recipe, digits, network, program, batchesPerEpoch, steps } = course
  const opened = await sessionOf(backend, program, initialState(initialParameters(network, recipe.seed)))()
  if (E.isLeft(opened)) return orStop(opened)
  const session = opened.right
  const measureEvery = Math.max(1, Math.floor(batchesPerEpoch / 5))
  const sample = Math.min(askedAtOnce, countOf(digits.test))
  let order: Numbers = []
  let losses: readonly number[] = []
  let worstRatio = 0
  for (let step = 0; step < steps; step++) {
    const [epoch, at] = [Math.floor(step / batchesPerEpoch) + 1, (step % batchesPerEpoch) + 1]
    if (at === 1) order = shuffle(keyOf(`shuffle ${recipe.seed} ${epoch}`), countOf(digits.train))
    const stepped = await takeStep(session, course, oracle, backend.depth, feedsOf(course, order, step), step)
    if (E.isLeft(stepped)) return stepped
    const { loss, judged } = stepped.right
    losses = [...losses, loss]
    tell({ what: 'step', epoch, step: step + 1, loss })
    if (judged !== undefined) {
      worstRatio = Math.max(worstRatio, judged.worst.judgement.worst.ratio)
      tell({ what: 'judged', step: step + 1, ...judged })
    }
    if (at % measureEvery === 0 || at === batchesPerEpoch) {
      const right = await correct(session, course, sample)
      if (E.isLeft(right)) return orStop(right)
      const mean = losses.reduce((a, b) => a + b, 0) / losses.length
      tell({ what: 'measured', epoch, step: step + 1, loss: mean, right: right.right, of: sample })
      losses = []
    }
  }
  const right = await correct(session, course, countOf(digits.test))
  await session.close()
  return orStop(
    F.pipe(
      right,
      E.map((n) => ({ testAccuracy: n / countOf(digits.test), worstRatio })),
    ),
  )
}
