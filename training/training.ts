import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept, stepFeed } from '../spec/networks/network.js'
import { keyOf } from '../spec/philox.js'
import type { Program } from '../spec/program.js'
import { checkFeeds, checkProgram } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sameShape, scalar } from '../spec/tensor.js'
import type { Arrangement } from './arrange.js'
import { arranged } from './arrange.js'
import type { Augmentation } from './augment.js'
import { augment, augmentedShape, unaugmented } from './augment.js'
import type { Dataset, Standardisation } from './dataset.js'
import { batch, countOf, shuffle } from './dataset.js'
import type { Initializer } from './initialize.js'
import { initialParameters } from './initialize.js'
import {
  accumulatingProgram,
  inPart,
  inParts,
  microBatches,
  microBatchFits,
  partShares,
  partsKept,
} from './microBatch.js'
import type { Rates, RateState, Rhythm } from './rates.js'
import { rhythmOf } from './rates.js'
import type { Stopping } from './schedules.js'
import { earlyStopping } from './schedules.js'
import type { Method } from './step.js'
import { initialState, lossProgram, scalarFeeds, trainingProgram } from './step.js'

/** Stops a training whose validation no longer improves; the weights of its best epoch are what it gives. */
export interface Patience {
  /** epochs in a row without improvement */
  readonly patience: number
  /** what has to improve: the loss, by falling, or the accuracy, by rising; of the validation examples, where there are any */
  readonly monitor: 'loss' | 'accuracy'
  /** by more than this */
  readonly least?: number
}

/** What a training is: with the examples, all that its outcome depends on. */
export interface Description extends Method {
  /** what the network is called, so that a checkpoint of another can be told by its name */
  readonly name?: string
  /** the network that learns, for a batch of so many; its input is `x` */
  readonly network: (batch: number) => Network
  /** the same where it is only asked, if that is another: without dropout, with running statistics */
  readonly inference?: (batch: number) => Network
  readonly rates: Rates
  readonly epochs: number
  /** examples in a step; an incomplete last batch of an epoch is left out */
  readonly batch: number
  /**
   * examples that go through the network at a time, where that is fewer than the batch: their gradients are added up, and the
   * activations of one part are kept
   */
  readonly microBatch?: number
  /** of the first weights, the order of the examples and how they are augmented */
  readonly seed: number
  readonly augment?: readonly Augmentation[]
  /** how examples, which are then images and their classes, are put to the network after that; as they are by default */
  readonly arrange?: Arrangement
  /** what the first weights are drawn from; see `initialParameters` */
  readonly initializer?: Initializer
  readonly stopping?: Patience
}

/** Examples by position, ready to be fed: normalised, but not augmented. */
export interface Examples {
  readonly count: number
  /** tells these examples from others, in a checkpoint */
  readonly mark: string
  readonly at: (indices: Numbers) => { readonly x: Tensor; readonly target: Tensor }
}

/** Images as examples of ten classes, or of so many, normalised by what was fitted on the training set alone. */
export const examplesOf = (dataset: Dataset, standard: Standardisation, classes?: number): Examples => ({
  count: countOf(dataset),
  mark: `${countOf(dataset)} images of ${dataset.images.shape.slice(1).join('×')}, mean ${standard.mean}, std ${standard.std}`,
  at: (indices) => batch(dataset, indices, standard, classes),
})

/** A training, ready to start: all that follows from its description and its examples. */
export interface Training {
  readonly description: Description
  readonly network: Network
  /** the training step */
  readonly program: Program
  readonly train: Examples
  readonly validation?: Examples
  readonly batchesPerEpoch: number
  readonly steps: number
  readonly rhythm: Rhythm
  /** the state before the first step */
  readonly start: Tensors
}

/** An epoch, counted from 1, when it is over. Accuracies where the network is a classifier. */
export interface Point {
  readonly epoch: number
  /** the rate of its last step */
  readonly rate: number
  /** the mean over its steps */
  readonly loss: number
  /** of the first training examples, as they are without augmentation, where it was asked for */
  readonly accuracy?: number
  readonly validationLoss?: number
  readonly validationAccuracy?: number
}

/** How far a training has come, beside its tensors. */
export interface Progress {
  /** steps taken */
  readonly step: number
  readonly rate: RateState
  /** the sum of the losses of this epoch's steps */
  readonly lossSum: number
  readonly stopping: Stopping
  readonly points: readonly Point[]
}

/** All of a training between two steps: what goes on from it goes on to the same bits. */
export interface TrainingState {
  /** parameters, what the optimizer keeps of them, running statistics */
  readonly tensors: Tensors
  /** the network's own of the best epoch so far, where early stopping watches; else none */
  readonly best: Tensors
  readonly progress: Progress
}

const classifying: readonly string[] = ['softmaxCrossEntropy', 'hinge', 'cce']

/**
 * What makes an answer right, where that means something: the largest score is that of the one class of its row, or a
 * score is at least 0 just where yes is wanted.
 */
export const rightBy = ({ loss, arrange }: Pick<Description, 'loss' | 'arrange'>): 'class' | 'decision' | undefined => {
  if (arrange === undefined) return classifying.includes(loss) ? 'class' : undefined
  if (arrange.target === 'classes') return 'class'
  return arrange.target !== 'images' && loss === 'bceWithLogits' ? 'decision' : undefined
}

/** Whether accuracy means something. */
export const isClassifier = ({ description }: Training): boolean => rightBy(description) !== undefined

/**
 * A training, ready to start, from its description, its examples and the first values of its parameters.
 *
 * Errors  AttributeOutOfRange – a batch of more examples than there are, or early stopping by an accuracy that is not measured
 *         ShapeMismatch – examples that are not what the network reads, or targets unlike what it answers; a crop that is
 *         larger than the images, or augmentation of what is none
 *         and what `trainingProgram` and `microBatchFits` refuse
 */
export const trainingOf = (
  description: Description,
  examples: { readonly train: Examples; readonly validation?: Examples },
  parameters: Tensors = initialParameters(description.network(1), description.seed, description.initializer),
): Result<Training> => {
  const { epochs, stopping } = description
  const { train, validation } = examples
  const batchesPerEpoch = Math.floor(train.count / description.batch)
  const network = description.network(description.batch)
  const parts = partsOf(description).map(description.network)
  return F.pipe(
    ensure(
      batchesPerEpoch > 0,
      'AttributeOutOfRange',
      `a batch of ${description.batch} is more than the ${train.count} training examples`,
    ),
    E.tap(() =>
      ensure(
        stopping?.monitor !== 'accuracy' || (validation !== undefined && rightBy(description) !== undefined),
        'AttributeOutOfRange',
        'early stopping by accuracy: a classifier and validation examples are wanted',
      ),
    ),
    E.tap(() => augmentedShape(description.augment ?? [], train.at([0]).x.shape)),
    E.tap(() =>
      description.microBatch === undefined
        ? E.right(undefined)
        : microBatchFits(network, description.batch, description.microBatch),
    ),
    E.flatMap(() =>
      parts.length === 1 ? trainingProgram(network, description) : accumulatingProgram(parts, description),
    ),
    E.map((program): Training => ({
      ...examples,
      description,
      network,
      program,
      batchesPerEpoch,
      steps: batchesPerEpoch * epochs,
      rhythm: rhythmOf(description.rates, batchesPerEpoch * epochs),
      start: { ...partsKept(parts), ...stateOf(network, description, parameters) },
    })),
    E.tap((training) => {
      const fed = feedsAt(training, orderOf(training, 1), begun(training).progress)
      return checkFeeds(training.program.inputs, { ...training.start, ...fed })
    }),
  )
}

/** How many examples go through the network at a time, part by part of a batch. */
export const partsOf = ({ batch, microBatch = batch }: Pick<Description, 'batch' | 'microBatch'>): readonly number[] =>
  Number.isInteger(microBatch) && microBatch >= 1 && microBatch < batch ? microBatches(batch, microBatch) : [batch]

const stateOf = ({ parameters }: Network, { optimizer, frozen = [] }: Description, given: Tensors): Tensors => {
  const own = Object.entries(given).filter(([name]) => parameters[name] !== undefined)
  const [still, learned] = [
    own.filter(([name]) => frozen.includes(name)),
    own.filter(([name]) => !frozen.includes(name)),
  ]
  return { ...Object.fromEntries(still), ...initialState(Object.fromEntries(learned), optimizer) }
}

const watching = ({ description: { stopping } }: Training): ReturnType<typeof earlyStopping> =>
  earlyStopping({
    patience: stopping?.patience ?? Infinity,
    least: stopping?.least ?? 0,
    improves: stopping?.monitor === 'accuracy' ? 'rising' : 'falling',
  })

/** A training before its first step. */
export const begun = (training: Training): TrainingState => ({
  tensors: training.start,
  best: {},
  progress: { step: 0, rate: training.rhythm.start, lossSum: 0, stopping: watching(training).start, points: [] },
})

/** The epoch of the next step, from 1. */
export const epochOf = ({ batchesPerEpoch }: Training, { step }: Progress): number =>
  Math.floor(step / batchesPerEpoch) + 1

/** Whether no step is left to take. */
export const isOver = ({ steps }: Training, { step, stopping }: Progress): boolean => step >= steps || stopping.stop

/** Whether the last step taken was its epoch's last. */
export const endsEpoch = ({ batchesPerEpoch }: Training, { step }: Progress): boolean =>
  step > 0 && step % batchesPerEpoch === 0

/** The order in which an epoch, counted from 1, sees the training examples. */
export const orderOf = ({ description: { seed }, train }: Training, epoch: number): Numbers =>
  shuffle(keyOf(`shuffle ${seed} ${epoch}`), train.count)

/**
 * Scalars that the attributes of a program are fed: dropout's `step` is the number of the step, from 0, and of parts that of
 * all parts before it, so that no two of them have one mask.
 */
const countFeeds = ({ inputs }: Program, { step }: Progress, parts = 1): Tensors =>
  Object.fromEntries(
    (parts === 1
      ? [{ name: stepFeed, count: step }]
      : Array.from({ length: parts }, (_, p) => ({ name: inPart(p, stepFeed), count: step * parts + p }))
    ).flatMap(({ name, count }) => (inputs[name] === undefined ? [] : [[name, scalar(count)] as const])),
  )

const putTo = (
  { arrange }: Description,
  example: { readonly x: Tensor; readonly target: Tensor },
): { readonly x: Tensor; readonly target: Tensor } => (arrange === undefined ? example : arranged(arrange, example))

/** The examples of the step after so many, as they are fed, given the order of its epoch. */
export const examplesAt = (training: Training, order: Numbers, step: number): Tensors => {
  const { description, train, batchesPerEpoch } = training
  const { batch: B, seed } = description
  const from = (step % batchesPerEpoch) * B
  const seen = description.augment ?? []
  const some = (first: number, count: number): ReturnType<Examples['at']> =>
    train.at(Array.from({ length: count }, (_, i) => order[from + first + i] as number))
  const augmented = (): ReturnType<Examples['at']> => {
    const { x, target } = some(0, B)
    return {
      x: seen.reduce((x, one, i) => augment(one, keyOf(`augment ${seed} ${i} ${one.kind}`), step, x), x),
      target,
    }
  }
  const sizes = partsOf(description)
  // what is augmented are images, of which each has its own draw by its place in the batch
  const parts =
    seen.length > 0 ? inParts(augmented(), sizes) : sizes.map((size, p) => some(p * (sizes[0] as number), size))
  return Object.fromEntries(
    parts.flatMap((part, p) =>
      Object.entries(putTo(description, part)).map(
        ([name, value]) => [sizes.length === 1 ? name : inPart(p, name), value] as const,
      ),
    ),
  )
}

/** The feeds of the next step beside the state, given its examples. */
export const feedsWith = (training: Training, progress: Progress, examples: Tensors): Tensors => {
  const { description, program } = training
  const sizes = partsOf(description)
  return {
    ...examples,
    ...(sizes.length === 1 ? {} : partShares(sizes)),
    ...scalarFeeds({
      learningRate: progress.rate.rate,
      auxiliaryWeights: description.auxiliaryWeights ?? {},
    }),
    ...countFeeds(program, progress, sizes.length),
  }
}

/** The feeds of the next step beside the state, given the order of its epoch. */
export const feedsAt = (training: Training, order: Numbers, progress: Progress): Tensors =>
  feedsWith(training, progress, examplesAt(training, order, progress.step))

/** How far a training is after a step with such a loss. */
export const afterStep = ({ rhythm }: Training, progress: Progress, loss: number): Progress => ({
  ...progress,
  step: progress.step + 1,
  lossSum: progress.lossSum + loss,
  rate: rhythm.per === 'step' ? rhythm.next(progress.rate) : progress.rate,
})

/** What was measured after an epoch. */
export type Measured = Pick<Point, 'accuracy' | 'validationLoss' | 'validationAccuracy'>

/** How far a training is after an epoch, and whether it was the best so far. */
export const afterEpoch = (
  training: Training,
  progress: Progress,
  rate: number,
  measured: Measured,
): { readonly progress: Progress; readonly isBest: boolean } => {
  const { description, rhythm, batchesPerEpoch } = training
  const loss = progress.lossSum / batchesPerEpoch
  const point: Point = { epoch: progress.points.length + 1, rate, loss, ...measured }
  const metric =
    description.stopping?.monitor === 'accuracy'
      ? (measured.validationAccuracy ?? NaN)
      : (measured.validationLoss ?? loss)
  const rising = description.rates.schedule === 'reduceOnPlateau' && description.rates.improves === 'rising'
  const stopping = watching(training).next(progress.stopping, metric)
  return {
    progress: {
      ...progress,
      lossSum: 0,
      points: [...progress.points, point],
      rate:
        rhythm.per === 'epoch'
          ? rhythm.next(
              progress.rate,
              rising ? (measured.validationAccuracy ?? NaN) : (measured.validationLoss ?? loss),
            )
          : progress.rate,
      stopping,
    },
    isBest: stopping.bestEpoch === stopping.epoch - 1,
  }
}

/** The tensors that are the network's own, without what the optimizer keeps. */
export const ownTensors = ({ network: { program, parameters } }: Training, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => name in parameters || name in program.carry))

/** The network's tensors that a training gives: of the best epoch where early stopping watched, else the last. */
export const outcomeOf = (training: Training, { tensors, best }: TrainingState): Tensors =>
  Object.keys(best).length > 0 ? best : ownTensors(training, tensors)

/**
 * A program beside a training, where some of what the network keeps has another shape: a state before a sequence, which
 * has the batch's. Such a number is fed its first value, under a name of its own.
 */
const withOwnKept = (
  { program: { inputs: known } }: Training,
  asked: Network,
  program: Program,
): { readonly program: Program; readonly feeds: Tensors } => {
  const isShared = (name: string): boolean =>
    known[name] !== undefined && sameShape(known[name], program.inputs[name] as Shape)
  const own = Object.keys(asked.kept).filter((name) => !isShared(name))
  const renamed = (name: string): string => (own.includes(name) ? `${name}.asked` : name)
  const first = initialKept(asked)
  return {
    program: {
      ...program,
      inputs: Object.fromEntries(Object.entries(program.inputs).map(([name, shape]) => [renamed(name), shape])),
      nodes: program.nodes.map((node) => ({
        ...node,
        inputs: Object.fromEntries(Object.entries(node.inputs).map(([input, value]) => [input, renamed(value)])),
      })),
    },
    feeds: Object.fromEntries(own.map((name) => [renamed(name), first[name] as Tensor])),
  }
}

/** A question to the network about some examples: a program without state of its own, and its feeds. */
export const asking = (
  training: Training,
  progress: Progress,
  examples: Examples,
  indices: Numbers,
): Result<{ readonly program: Program; readonly feeds: Tensors; readonly output: string }> => {
  const { description } = training
  const { x, target } = examples.at(indices)
  const asked = (description.inference ?? description.network)(indices.length)
  return F.pipe(
    lossProgram(asked, { loss: description.loss }),
    E.map((withLoss) => {
      const { program, feeds } = withOwnKept(training, asked, withLoss)
      const whole: Program = { ...program, outputs: [asked.output, 'loss'], carry: {} }
      const seen = (description.augment ?? []).reduce((x, one) => unaugmented(one, x), x)
      return {
        program: whole,
        feeds: { ...putTo(description, { x: seen, target }), ...countFeeds(whole, progress), ...feeds },
        output: asked.output,
      }
    }),
    E.tap(({ program }) => checkProgram(program)),
  )
}
