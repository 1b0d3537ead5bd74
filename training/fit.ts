import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import type { EtalonError } from '../spec/error.js'
import type { Program } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import type { Course, Examples, Measured, Point, Progress, TrainingState } from './course.js'
import {
  afterEpoch,
  afterStep,
  asking,
  begun,
  endsEpoch,
  epochOf,
  feedsAt,
  isClassifier,
  isOver,
  orderOf,
  ownTensors,
  rightBy,
} from './course.js'
import { accuracy, decisionAccuracy, topKError } from './metrics.js'

/** Why a training stopped before its end. */
export type Ended<S> =
  | { readonly why: 'error'; readonly error: EtalonError }
  /** the loss left the finite numbers. Steps count from 1 */
  | { readonly why: 'diverged'; readonly step: number; readonly loss: number }
  /** whoever watched wanted no more */
  | { readonly why: 'stopped'; readonly by: S }

/** A step just taken: its number from 1, and what was brought back of it. */
export interface Seen {
  readonly epoch: number
  readonly step: number
  readonly loss: number
  readonly feeds: Tensors
  readonly values: Tensors
  readonly session: Session
}

type Heard<S> = Promise<either.Either<Ended<S>, void>>

/** Who watches a training. Each may end it with a Left; none of them changes it. */
export interface Watcher<S> {
  /** which values to bring back of a step, counted from 0, beside its loss */
  readonly values?: (step: number) => readonly string[]
  readonly step?: (seen: Seen) => Heard<S>
  readonly epoch?: (point: Point) => Heard<S>
  /** the whole state, after every epoch */
  readonly keep?: (state: TrainingState) => Heard<S>
  /** and after every so many steps */
  readonly keepEvery?: number
}

export interface FitOptions<S> extends Watcher<S> {
  /** goes on from here; else from the start */
  readonly from?: TrainingState
  /** stops, to go on later, once so many steps were taken */
  readonly until?: number
  /** of how many training examples the accuracy is measured after an epoch; 0 if not said */
  readonly sample?: number
}

/** What a network makes of examples: the mean loss, and the shares right and not among the first five. */
export interface Evaluation {
  readonly loss: number
  readonly accuracy: number
  readonly top5Error: number
}

/** Runs a program on feeds, with the state where it lies. */
type Ask = (program: Program, feeds: Tensors, watch: readonly string[]) => taskEither.TaskEither<EtalonError, Tensors>

// so many examples go through the network at once when it is only asked
const askedAtOnce = 500

const evaluateBy = async (
  ask: Ask,
  course: Course,
  progress: Progress,
  examples: Examples,
  count = examples.count,
): Promise<either.Either<EtalonError, Evaluation>> => {
  let sums: Evaluation = { loss: 0, accuracy: 0, top5Error: 0 }
  for (let from = 0; from < count; from += askedAtOnce) {
    const indices = Array.from({ length: Math.min(askedAtOnce, count - from) }, (_, i) => from + i)
    const question = asking(course, progress, examples, indices)
    if (E.isLeft(question)) return question
    const { program, feeds, output } = question.right
    const answer = await ask(program, feeds, program.outputs)()
    if (E.isLeft(answer)) return answer
    const [scores, target] = [answer.right[output] as Tensor, feeds['target'] as Tensor]
    const by = rightBy(course.description)
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
    course: Course,
    tensors: Tensors,
    examples: Examples,
    count?: number,
  ): taskEither.TaskEither<EtalonError, Evaluation> =>
  () => {
    const own = (inputs: Program['inputs']): Tensors =>
      Object.fromEntries(Object.entries(tensors).filter(([name]) => name in inputs))
    const ask: Ask = (program, feeds, watch) => backend.run(program, { ...own(program.inputs), ...feeds }, watch)
    return evaluateBy(ask, course, begun(course).progress, examples, count)
  }

/** The same of the network as a session has it now. */
export const evaluateIn =
  (
    session: Session,
    course: Course,
    examples: Examples,
    count?: number,
  ): taskEither.TaskEither<EtalonError, Evaluation> =>
  () =>
    evaluateBy(session.beside, course, begun(course).progress, examples, count)

const measure = async (
  session: Session,
  course: Course,
  sample: number,
): Promise<either.Either<EtalonError, Measured>> => {
  const { train, validation } = course
  const classes = isClassifier(course)
  const held = validation === undefined ? undefined : await evaluateIn(session, course, validation)()
  if (held !== undefined && E.isLeft(held)) return held
  const seen =
    classes && sample > 0 ? await evaluateIn(session, course, train, Math.min(sample, train.count))() : undefined
  if (seen !== undefined && E.isLeft(seen)) return seen
  return E.right({
    ...(seen === undefined ? {} : { accuracy: seen.right.accuracy }),
    ...(held === undefined ? {} : { validationLoss: held.right.loss }),
    ...(held === undefined || !classes ? {} : { validationAccuracy: held.right.accuracy }),
  })
}

const failed = (error: EtalonError): Ended<never> => ({ why: 'error', error })

/** Walks an open session from one state to the last: steps, epochs, and whoever watches. */
const walk = async <S>(
  session: Session,
  course: Course,
  from: TrainingState,
  { values: watch, step: onStep, epoch: onEpoch, keep, keepEvery = 0, until = Infinity, sample = 0 }: FitOptions<S>,
): Promise<either.Either<Ended<S>, TrainingState>> => {
  let { progress, best } = from
  let order = orderOf(course, epochOf(course, progress))
  const whole = TE.map((tensors: Tensors): TrainingState => ({ tensors, best, progress }))
  while (!isOver(course, progress) && progress.step < until) {
    const epoch = epochOf(course, progress)
    const feeds = feedsAt(course, order, progress)
    const taken = await session.step(feeds, [...new Set(['loss', ...(watch?.(progress.step) ?? [])])])()
    if (E.isLeft(taken)) return E.left(failed(taken.left))
    const loss = taken.right['loss']?.data[0] ?? NaN
    const step = progress.step + 1
    const told = await onStep?.({ epoch, step, loss, feeds, values: taken.right, session })
    if (told !== undefined && E.isLeft(told)) return told
    if (!Number.isFinite(loss)) return E.left({ why: 'diverged', step, loss })
    const { rate } = progress.rate
    progress = afterStep(course, progress, loss)
    const over = endsEpoch(course, progress)
    if (over) {
      const measured = await measure(session, course, sample)
      if (E.isLeft(measured)) return E.left(failed(measured.left))
      const after = afterEpoch(course, progress, rate, measured.right)
      progress = after.progress
      order = orderOf(course, epoch + 1)
      if (after.isBest && course.description.stopping !== undefined) {
        const state = await session.state()
        if (E.isLeft(state)) return E.left(failed(state.left))
        best = ownTensors(course, state.right)
      }
      const heard = await onEpoch?.(progress.points.at(-1) as Point)
      if (heard !== undefined && E.isLeft(heard)) return heard
    }
    if (keep !== undefined && (over || (keepEvery > 0 && step % keepEvery === 0))) {
      const state = await whole(session.state)()
      if (E.isLeft(state)) return E.left(failed(state.left))
      const kept = await keep(state.right)
      if (E.isLeft(kept)) return kept
    }
  }
  return F.pipe(await whole(session.state)(), E.mapLeft(failed))
}

/**
 * Follows a course on a backend to its end: a fold of its steps over the state, which stays where the backend computes.
 * The same course makes the same bits on the same backend, whoever watches, and wherever it was interrupted.
 *
 * `outcomeOf` the state are the network's tensors that it gives.
 */
export const fit =
  <S = never>(
    course: Course,
    backend: Backend,
    options: FitOptions<S> = {},
  ): taskEither.TaskEither<Ended<S>, TrainingState> =>
  async () => {
    const from = options.from ?? begun(course)
    const opened = await sessionOf(backend, course.program, from.tensors)()
    if (E.isLeft(opened)) return E.left(failed(opened.left))
    const ended = await walk(opened.right, course, from, options)
    await opened.right.close()
    return ended
  }
