import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError, Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate } from '../../spec/tensor.js'
import type { Dataset, Standardisation } from '../../training/dataset.js'
import { countOf, standardisationOf, subset } from '../../training/dataset.js'
import type { Evaluation, FitOptions } from '../../training/fit.js'
import { evaluateOn, fit } from '../../training/fit.js'
import type { Training, Description, Examples, Point } from '../../training/training.js'
import { trainingOf, examplesOf, outcomeOf } from '../../training/training.js'
import type { Classroom } from './lesson.js'

/** What lessons have in common: their digits, trainings one after the other, and what is seen of them. */

type Task<A> = taskEither.TaskEither<EtalonError, A>

/** So many as taught, scaled to the size of the room, at least `least`. */
export const sized = ({ size }: Classroom, count: number, least = 1): number =>
  Math.max(least, Math.round(count * size))

/** Digits from a place on, so many or as many as there are. */
export const some = (digits: Dataset, from: number, count: number): Dataset =>
  subset(
    digits,
    Array.from({ length: Math.max(0, Math.min(count, countOf(digits) - from)) }, (_, i) => from + i),
  )

/** Digits to learn from, others of the training set to validate by, and digits of the test set. */
export interface Material {
  readonly train: Examples
  readonly validation: Examples
  readonly test: Examples
  /** the same as pixels */
  readonly pixels: { readonly train: Dataset; readonly validation: Dataset; readonly test: Dataset }
  /** fitted on `train` alone */
  readonly standard: Standardisation
}

/**
 * The material of a lesson, scaled to the room's size.
 *
 * Errors  ShapeMismatch – digits that are not 28×28
 *         AttributeOutOfRange – too few of them
 */
export const materialOf = (
  room: Classroom,
  wanted: { readonly train: number; readonly validation: number; readonly test: number },
): Result<Material> => {
  const { train, test } = room.digits
  const [, rows, columns] = train.images.shape
  const validates =
    wanted.validation === 0 ? 0 : Math.min(sized(room, wanted.validation, 5), Math.floor(countOf(train) / 4))
  const learns = Math.min(sized(room, wanted.train, 16), countOf(train) - validates)
  return F.pipe(
    ensure(
      rows === 28 && columns === 28,
      'ShapeMismatch',
      `the lessons read digits of 28×28; these are ${rows}×${columns}`,
    ),
    E.flatMap(() =>
      ensure(
        countOf(train) >= 24,
        'AttributeOutOfRange',
        `a lesson wants 24 training digits or more; these are ${countOf(train)}`,
      ),
    ),
    E.map(() => {
      const pixels = {
        train: some(train, 0, learns),
        validation: some(train, learns, validates),
        test: some(test, 0, sized(room, wanted.test, 5)),
      }
      const standard = standardisationOf(pixels.train)
      return {
        train: examplesOf(pixels.train, standard),
        validation: examplesOf(pixels.validation, standard),
        test: examplesOf(pixels.test, standard),
        pixels,
        standard,
      }
    }),
  )
}

/** A training that is over, well or badly. */
export interface Taught {
  readonly training: Training
  /** the loss of each step */
  readonly losses: readonly number[]
  readonly points: readonly Point[]
  /** the network's tensors that it gives; none of one that diverged */
  readonly tensors?: Tensors
  /** the step, from 1, whose loss was no number any more */
  readonly diverged?: { readonly step: number; readonly loss: number }
  /** what it made on the way of the examples that it was asked about */
  readonly measured: readonly (Evaluation & { readonly step: number })[]
  /** the epoch, from 1, whose tensors these are, where early stopping watched */
  readonly bestEpoch?: number
}

/** Trains in a room. A training that diverges is a result as well. */
export const teach =
  (
    room: Classroom,
    name: string,
    description: Description,
    examples: { readonly train: Examples; readonly validation?: Examples },
    options: Pick<FitOptions<never>, 'sample' | 'evaluate'> & {
      /** first values of the parameters; else drawn from the description's seed */
      readonly parameters?: Tensors
    } = {},
  ): Task<Taught> =>
  async () => {
    const planned = trainingOf(description, examples, options.parameters)
    if (E.isLeft(planned)) return planned
    const training = planned.right
    const losses: number[] = []
    const points: Point[] = []
    const measured: (Evaluation & { readonly step: number })[] = []
    const ended = await fit<never>(training, room.backend, {
      ...(options.sample === undefined ? {} : { sample: options.sample }),
      ...(options.evaluate === undefined ? {} : { evaluate: options.evaluate }),
      listen: async (event) => {
        if (event.kind === 'epoch') points.push(event.point)
        else if (event.kind === 'evaluation') measured.push({ ...event.evaluation, step: event.step })
        else {
          const { step, loss } = event
          losses.push(loss)
          room.tell(step / training.steps, `${name}: step ${step} of ${training.steps}, loss ${loss.toFixed(4)}`)
        }
        return E.right(undefined)
      },
    })()
    const seen = { training, losses, points, measured }
    if (E.isRight(ended)) {
      const { stopping } = ended.right.progress
      return E.right({
        ...seen,
        tensors: outcomeOf(training, ended.right),
        ...(description.stopping === undefined ? {} : { bestEpoch: stopping.bestEpoch + 1 }),
      })
    }
    if (ended.left.why === 'diverged') return E.right({ ...seen, diverged: ended.left })
    // nobody who listens stops it
    return ended.left.why === 'error' ? E.left(ended.left.error) : E.right(seen)
  }

/** What a taught network makes of examples; nothing, of one that diverged. */
export const examined = (
  { backend }: Classroom,
  { training, tensors }: Taught,
  examples: Examples,
): Task<Evaluation | undefined> =>
  tensors === undefined ? TE.right(undefined) : evaluateOn(backend, training, tensors, examples)

/** A part of a lesson, as a room whose progress is a part of the whole's. */
export const partOf = (room: Classroom, from: number, to: number): Classroom => ({
  ...room,
  tell: (part, what) => room.tell(from + (to - from) * part, what),
})

/** One after the other, each in an equal part of the lesson, or by the given weights. */
export const inTurn =
  <A, B>(
    room: Classroom,
    items: readonly A[],
    run: (room: Classroom, item: A, at: number) => Task<B>,
    weightOf: (item: A) => number = () => 1,
  ): Task<readonly B[]> =>
  async () => {
    const total = items.reduce((sum, item) => sum + weightOf(item), 0)
    const results: B[] = []
    let before = 0
    for (const [at, item] of items.entries()) {
      const share = weightOf(item) / total
      const made = await run(partOf(room, before, before + share), item, at)()
      if (E.isLeft(made)) return made
      results.push(made.right)
      before += share
    }
    return E.right(results)
  }

/** The mean of each value and those before it, as many as `window`: a curve that can be read. */
export const smoothed = (values: readonly number[], window: number): readonly number[] =>
  values.map((_, at) => {
    const near = values.slice(Math.max(0, at + 1 - window), at + 1)
    return near.reduce((a, b) => a + b, 0) / near.length
  })

/** One image, [height, width], of a tensor whose last two axes are those. */
export const imageAt = ({ shape, data }: Tensor, at: number): Tensor => {
  const [height = 1, width = 1] = shape.slice(-2)
  return generate([height, width], (i) => data[at * height * width + i] as number)
}

/** The digit at a place of a data set: 0 paper to 1 ink. */
export const digitAt = ({ images: { shape, bytes } }: Dataset, at: number): Tensor => {
  const [, rows, columns] = shape
  return generate([rows, columns], (i) => (bytes[at * rows * columns + i] as number) / 255)
}
