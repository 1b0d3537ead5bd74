import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import type { Program } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import { accuracy, decisionAccuracy, topKError } from './metrics.js'
import type { Training, Examples, Measured, Point, Progress, TrainingState } from './training.js'
import {
  afterEpoch,
  afterStep,
  asking,
  begun,
  endsEpoch,
  epochOf,
  examplesAt,
  feedsWith,
  isClassifier,
  isOver,
  orderOf,
  ownTensors,
  rightBy,
} from './training.js'

/** What happens in a training, in order. Epochs and steps count from 1. */
export type TrainingEvent =
  /** a step was taken: what it was fed beside its state, and what was brought back of it */
  | {
      readonly kind: 'step'
      readonly epoch: number
      readonly step: number
      readonly loss: number
      readonly feeds: Tensors
      readonly values: Tensors
    }
  /** the network was evaluated on the way, on so many examples */
  | {
      readonly kind: 'evaluation'
      readonly epoch: number
      readonly step: number
      /** the mean over the steps since the last evaluation */
      readonly loss: number
      readonly count: number
      readonly evaluation: Evaluation
    }
  | { readonly kind: 'epoch'; readonly point: Point }

/** Why a training ended before its time. */
export type Interruption<S> =
  | { readonly why: 'error'; readonly error: EtalonError }
  /** the loss left the finite numbers */
  | { readonly why: 'diverged'; readonly step: number; readonly loss: number }
  /** whoever listens wanted no more */
  | { readonly why: 'stopped'; readonly by: S }

/** Where a training is taken up and left, what is measured on the way, and who hears of it. None of this changes its bits. */
export interface FitOptions<S> {
  /** goes on from here; else from the start */
  readonly from?: TrainingState
  /** stops, to go on later, once so many steps were taken */
  readonly until?: number
  /** stops likewise once this says so; it is asked before every step */
  readonly stop?: () => boolean
  /** of how many training examples the accuracy is measured after an epoch; 0 if not said */
  readonly sample?: number
  /** the network is evaluated on these examples, or the first so many of them, after the steps that are asked for */
  readonly evaluate?: {
    readonly examples: Examples
    readonly count?: number
    readonly after: (step: number) => boolean
  }
  /** which values to bring back of a step beside its loss */
  readonly values?: (step: number) => readonly string[]
  /** hears of all that happens, and may end the training with a Left */
  readonly listen?: (event: TrainingEvent) => Promise<either.Either<Interruption<S>, void>>
  /** is handed the whole state, after every epoch and every `keepEvery` steps */
  readonly keep?: (state: TrainingState) => Promise<either.Either<EtalonError, void>>
  readonly keepEvery?: number
}

/** What a network makes of examples: the mean loss, and the shares right and not among the first five. */
export interface Evaluation {
  readonly loss: number
  readonly accuracy: number
  readonly top5Error: number
}

/** Runs a program on feeds, with the state where it lies. */
type Ask = (program: Program, feeds: Tensors, watch: readonly string[]) => taskEither.TaskEither<EtalonError, Tensors>

// so many examples go through the network at once when it is only asked, and no more than it learns from at once where memory
// is said to be short
const mostAskedAtOnce = 500

const evaluateBy = async (
  ask: Ask,
  training: Training,
  progress: Progress,
  examples: Examples,
  count = examples.count,
): Promise<either.Either<EtalonError, Evaluation>> => {
  const askedAtOnce = Math.min(mostAskedAtOnce, training.description.microBatch ?? mostAskedAtOnce)
  let sums: Evaluation = { loss: 0, accuracy: 0, top5Error: 0 }
  for (let from = 0; from < count; from += askedAtOnce) {
    const indices = Array.from({ length: Math.min(askedAtOnce, count - from) }, (_, i) => from + i)
    const question = asking(training, progress, examples, indices)
    if (E.isLeft(question)) return question
    const { program, feeds, output } = question.right
    const answer = await ask(program, feeds, program.outputs)()
    if (E.isLeft(answer)) return answer
    const [scores, target] = [answer.right[output] as Tensor, feeds['target'] as Tensor]
    const by = rightBy(training.description)
    const right = by === 'class' ? accuracy(scores, target) : by === 'decision' ? decisionAccuracy(scores, target) : NaN
    sums = {
      loss: sums.loss + (answer.right['loss']?.data[0] as number) * indices.length,
      accuracy: sums.accuracy + right * indices.length,
      top5Error: sums.top5Error + (by === 'class' ? topKError(scores, target) * indices.length : NaN),
    }
  }
  const { loss, accuracy: right, top5Error } = sums
  return E.right({ loss: loss / count, accuracy: right / count, top5Error: top5Error / count })
}

/** What the network with the given tensors makes of examples, on a backend. Accuracies are NaN of what is no classifier. */
export const evaluateOn =
  (
    backend: Backend,
    training: Training,
    tensors: Tensors,
    examples: Examples,
    count?: number,
  ): taskEither.TaskEither<EtalonError, Evaluation> =>
  () => {
    const own = (inputs: Program['inputs']): Tensors =>
      Object.fromEntries(Object.entries(tensors).filter(([name]) => name in inputs))
    const ask: Ask = (program, feeds, watch) => backend.run(program, { ...own(program.inputs), ...feeds }, watch)
    return evaluateBy(ask, training, begun(training).progress, examples, count)
  }

/** The same of the network as a session has it now. */
export const evaluateIn =
  (
    session: Session,
    training: Training,
    examples: Examples,
    count?: number,
  ): taskEither.TaskEither<EtalonError, Evaluation> =>
  () =>
    evaluateBy(session.run, training, begun(training).progress, examples, count)

const measure = async (
  session: Session,
  training: Training,
  sample: number,
): Promise<either.Either<EtalonError, Measured>> => {
  const { train, validation } = training
  const classes = isClassifier(training)
  const held = validation === undefined ? undefined : await evaluateIn(session, training, validation)()
  if (held !== undefined && E.isLeft(held)) return held
  const seen =
    classes && sample > 0 ? await evaluateIn(session, training, train, Math.min(sample, train.count))() : undefined
  if (seen !== undefined && E.isLeft(seen)) return seen
  return E.right({
    ...(seen === undefined ? {} : { accuracy: seen.right.accuracy }),
    ...(held === undefined ? {} : { validationLoss: held.right.loss }),
    ...(held === undefined || !classes ? {} : { validationAccuracy: held.right.accuracy }),
  })
}

const failed = (error: EtalonError): Interruption<never> => ({ why: 'error', error })

/** One step, and the examples of the next, where there was time to make them. */
const stepAhead = async (
  session: Session,
  feeds: Tensors,
  watch: readonly string[],
  next: (() => Tensors) | undefined,
): Promise<{ readonly taken: either.Either<EtalonError, Tensors>; readonly coming?: Tensors }> => {
  if (session.begin === undefined || next === undefined) return { taken: await session.step(feeds, watch)() }
  const begun = await session.begin(feeds, watch)()
  if (E.isLeft(begun)) return { taken: begun }
  const coming = next()
  begun.right.ahead(coming)
  return { taken: await begun.right.values(), coming }
}

/** Takes an open session from one state to the last. */
const takeSteps = async <S>(
  session: Session,
  training: Training,
  from: TrainingState,
  { values: watch, evaluate, listen, keep, keepEvery = 0, until = Infinity, stop, sample = 0 }: FitOptions<S>,
): Promise<either.Either<Interruption<S>, TrainingState>> => {
  let { progress, best } = from
  let order = orderOf(training, epochOf(training, progress))
  let coming: Tensors | undefined
  let recent = { sum: 0, steps: 0 }
  const whole = TE.map((tensors: Tensors): TrainingState => ({ tensors, best, progress }))
  while (!isOver(training, progress) && progress.step < until && stop?.() !== true) {
    const [epoch, step] = [epochOf(training, progress), progress.step + 1]
    const feeds = feedsWith(training, progress, coming ?? examplesAt(training, order, progress.step))
    const following = (): Numbers => (step % training.batchesPerEpoch === 0 ? orderOf(training, epoch + 1) : order)
    // while a device runs a step, the examples of the next are made and go up
    const next = step < training.steps ? () => examplesAt(training, following(), step) : undefined
    const outcome = await stepAhead(session, feeds, [...new Set(['loss', ...(watch?.(step) ?? [])])], next)
    const { taken } = outcome
    coming = outcome.coming
    if (E.isLeft(taken)) return E.left(failed(taken.left))
    const loss = taken.right['loss']?.data[0] ?? NaN
    const told = await listen?.({ kind: 'step', epoch, step, loss, feeds, values: taken.right })
    if (told !== undefined && E.isLeft(told)) return told
    if (!Number.isFinite(loss)) return E.left({ why: 'diverged', step, loss })
    recent = { sum: recent.sum + loss, steps: recent.steps + 1 }
    if (evaluate?.after(step) === true) {
      const { examples, count = examples.count } = evaluate
      const made = await evaluateIn(session, training, examples, Math.min(count, examples.count))()
      if (E.isLeft(made)) return E.left(failed(made.left))
      const heard = await listen?.({
        kind: 'evaluation',
        epoch,
        step,
        loss: recent.sum / recent.steps,
        count: Math.min(count, examples.count),
        evaluation: made.right,
      })
      if (heard !== undefined && E.isLeft(heard)) return heard
      recent = { sum: 0, steps: 0 }
    }
    const { rate } = progress.rate
    progress = afterStep(training, progress, loss)
    const over = endsEpoch(training, progress)
    if (over) {
      const measured = await measure(session, training, sample)
      if (E.isLeft(measured)) return E.left(failed(measured.left))
      const after = afterEpoch(training, progress, rate, measured.right)
      progress = after.progress
      order = orderOf(training, epoch + 1)
      if (after.isBest && training.description.stopping !== undefined) {
        const state = await session.state()
        if (E.isLeft(state)) return E.left(failed(state.left))
        best = ownTensors(training, state.right)
      }
      const heard = await listen?.({ kind: 'epoch', point: progress.points.at(-1) as Point })
      if (heard !== undefined && E.isLeft(heard)) return heard
    }
    if (keep !== undefined && (over || (keepEvery > 0 && step % keepEvery === 0))) {
      const state = await whole(session.state)()
      if (E.isLeft(state)) return E.left(failed(state.left))
      const kept = await keep(state.right)
      if (E.isLeft(kept)) return E.left(failed(kept.left))
    }
  }
  return F.pipe(await whole(session.state)(), E.mapLeft(failed))
}

/**
 * Follows a training on a backend to its end: a fold of its steps over the state, which stays where the backend computes.
 * The same training makes the same bits on the same backend, whoever listens, and wherever it was interrupted.
 *
 * `outcomeOf` the state are the network's tensors that it gives.
 */
export const fit =
  <S = never>(
    training: Training,
    backend: Backend,
    options: FitOptions<S> = {},
  ): taskEither.TaskEither<Interruption<S>, TrainingState> =>
  async () => {
    const from = options.from ?? begun(training)
    const opened = await sessionOf(backend, training.program, from.tensors)()
    if (E.isLeft(opened)) return E.left(failed(opened.left))
    const ended = await takeSteps(opened.right, training, from, options)
    await opened.right.close()
    return ended
  }
