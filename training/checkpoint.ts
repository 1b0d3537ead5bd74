import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Safetensors } from '../formats/safetensors.js'
import { storedTensor, tensorsAs, unwanted } from '../formats/safetensors.js'
import { count, flag } from '../spec/attributes.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../spec/error.js'
import { keyOf } from '../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import type { RateState } from './rates.js'
import type { Training, Progress, TrainingState } from './training.js'
import { begun, ownTensors } from './training.js'

/**
 * A training's whole state as a safetensors file, and back.
 *
 * Tensors go by their names, those of the best epoch with `best/` before them; each in f32 where that holds its numbers,
 * else in f64. `__metadata__` holds `description`, what the training was, and `progress`, how far it came; numbers that
 * JSON has no form for are strings there.
 */
const kind = 'etalon training 1'
const bestName = (name: string): string => `best/${name}`

const numberCodec: t.Type<number, number | string, unknown> = new t.Type(
  'a number, or one of "NaN", "Infinity", "-Infinity"',
  t.number.is,
  (u, context) =>
    typeof u === 'number'
      ? t.success(u)
      : u === 'NaN' || u === 'Infinity' || u === '-Infinity'
        ? t.success(Number(u))
        : t.failure(u, context),
  (value) => (Number.isFinite(value) ? value : String(value)),
)

const pointCodec = t.readonly(
  t.intersection([
    t.strict({ epoch: count, rate: numberCodec, loss: numberCodec }),
    t.exact(t.partial({ accuracy: numberCodec, validationLoss: numberCodec, validationAccuracy: numberCodec })),
  ]),
)
const progressCodec = t.strict({
  step: count,
  rate: t.union([
    t.strict({ rate: numberCodec, best: numberCodec, bad: count, resting: count }),
    t.strict({ rate: numberCodec, epoch: count }),
  ]),
  lossSum: numberCodec,
  stopping: t.strict({ stop: flag, epoch: count, best: numberCodec, bestEpoch: t.number }),
  points: t.readonlyArray(pointCodec),
})

/** A text's mark, for what is too long to compare by eye. */
export const markOf = (text: string): string =>
  keyOf(text)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('')

/**
 * What a training is, field by field, as JSON. Two trainings that agree in it make the same steps. How many epochs there
 * are is told where the rates depend on it.
 */
export const descriptionOf = ({
  description,
  program,
  train,
  validation,
}: Training): Readonly<Record<string, string>> => {
  const {
    name,
    optimizer,
    loss,
    l2Penalty,
    auxiliaryWeights,
    frozen,
    rates,
    epochs,
    batch,
    microBatch,
    seed,
    augment,
    arrange,
    initializer,
    stopping,
  } = description
  const toTheEnd = rates.schedule === 'linear' || rates.schedule === 'cosine'
  const fields = {
    network: name,
    optimizer,
    loss,
    l2Penalty,
    auxiliaryWeights,
    frozen,
    rates,
    epochs: toTheEnd ? epochs : undefined,
    batch,
    microBatch: microBatch === batch ? undefined : microBatch,
    seed,
    augment,
    arrange,
    initializer,
    stopping,
    train: train.mark,
    validation: validation?.mark,
    // all that the above leaves open: layers, attributes, shapes
    program: markOf(JSON.stringify(program)),
  }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, JSON.stringify(value)]])),
  )
}

/** A state as a file's value. */
export const checkpointOf = (training: Training, { tensors, best, progress }: TrainingState): Safetensors => {
  const stored = [
    ...Object.entries(tensors).map(([name, value]) => storedTensor(name, value)),
    ...Object.entries(best).map(([name, value]) => storedTensor(bestName(name), value)),
  ]
  return {
    // the wider first, so that each begins at a multiple of its own width
    tensors: [...stored.filter(({ dtype }) => dtype === 'F64'), ...stored.filter(({ dtype }) => dtype !== 'F64')],
    metadata: {
      format: kind,
      description: JSON.stringify(descriptionOf(training)),
      progress: JSON.stringify(progressCodec.encode(progress)),
    },
  }
}

/** A field of a file's metadata: JSON of the codec's form. Errors: FormatInvalid – with where it is not. */
export const parsed = <A>(codec: t.Type<A, unknown, unknown>, what: string, text: string | undefined): Result<A> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text ?? '') as unknown,
      () => etalonError('FormatInvalid', `its ${what} is not JSON: ${show(text)}`),
    ),
    E.flatMap((value) =>
      F.pipe(
        codec.decode(value),
        E.mapLeft((errors) => {
          const last = errors[errors.length - 1]
          const path = last?.context.flatMap(({ key }) => (key === '' ? [] : [key])).join('.')
          return etalonError(
            'FormatInvalid',
            `its ${what} has ${path} ${show(last?.value)}; wanted ${last?.context.at(-1)?.type.name}`,
          )
        }),
      ),
    ),
  )

/**
 * Whether a checkpoint's description is this training's; the first field that differs is told. How many epochs there are
 * may differ: a training that was to end may go on.
 */
const sameTraining = (training: Training, found: Readonly<Record<string, string>>): Result<void> => {
  const own = descriptionOf(training)
  const names = Object.keys({ ...own, ...found })
  const other = names.find((name) => name !== 'epochs' && own[name] !== found[name])
  return ensure(
    other === undefined,
    'FormatInvalid',
    `it is of another training: ${other} is ${found[other ?? ''] ?? 'not set'} there and ${own[other ?? ''] ?? 'not set'} here`,
  )
}

/** Whether how far it says it came is a place that the training passes. */
const passes = (training: Training, progress: Progress): Result<void> => {
  const { batchesPerEpoch, steps, rhythm, description } = training
  const epochs = Math.floor(progress.step / batchesPerEpoch)
  const keys = (state: RateState): string => Object.keys(state).toSorted().join(', ')
  return F.pipe(
    ensure(
      progress.step <= steps,
      'FormatInvalid',
      `it is at step ${progress.step}; this training has ${steps}, in ${description.epochs} epochs of ${batchesPerEpoch}`,
    ),
    E.flatMap(() =>
      ensure(
        progress.points.length === epochs && progress.stopping.epoch === epochs,
        'FormatInvalid',
        `at step ${progress.step} ${epochs} epochs are over; it tells of ${progress.points.length} and judged ${progress.stopping.epoch}`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        keys(progress.rate) === keys(rhythm.start),
        'FormatInvalid',
        `the state of its schedule has ${keys(progress.rate)}; wanted ${keys(rhythm.start)}`,
      ),
    ),
  )
}

const shapesOf = (tensors: Tensors): Readonly<Record<string, Shape>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))

/** A rate that falls to its end with the last step, where the last step is no longer what it was. */
export interface Horizon {
  /** how many epochs there were to be, and how many there are */
  readonly was: number
  readonly is: number
  /** the rate of the next step, by either */
  readonly rateWas: number
  readonly rateIs: number
}

/** A training that goes on from a checkpoint. */
export interface Resumed {
  readonly state: TrainingState
  /** where the epochs are others than those that its rates were for */
  readonly horizon?: Horizon
  /** the file's tensors that nothing wants */
  readonly unwanted: readonly string[]
}

/** The horizon where it moved: the rates of all steps to come are those of a training of so many epochs from its start. */
const horizonOf = (
  { description: { epochs } }: Training,
  told: string | undefined,
  was: RateState,
  is: RateState,
): Horizon | undefined =>
  told === undefined || told === JSON.stringify(epochs)
    ? undefined
    : { was: Number(told), is: epochs, rateWas: was.rate, rateIs: is.rate }

/** The state of a schedule before the next step; what follows each step follows from how many there were. */
const rateAt = ({ rhythm }: Training, { step, rate }: Progress): RateState =>
  rhythm.per === 'epoch' ? rate : step === 0 ? rhythm.start : rhythm.next({ epoch: step - 1, rate: rate.rate })

/**
 * The state that a checkpoint holds of a training, ready to go on. It may have been for another number of epochs. Where
 * that decides the rates – `linear`, `cosine` –, those of the steps to come are by the new one, as if it had been so from
 * the first step on.
 *
 * Errors  FormatInvalid – no checkpoint, one of another training (the first field that differs), one of more steps than
 *         this training has, or one that contradicts itself
 *         MissingInput, ShapeMismatch – a tensor that is missing, or of another shape
 */
export const resumedFrom = (training: Training, file: Safetensors): Result<Resumed> => {
  const { metadata = {} } = file
  const start = begun(training)
  return F.pipe(
    metadata['format'] === kind
      ? E.right(metadata)
      : fail('FormatInvalid', `its format is ${show(metadata['format'])}; wanted "${kind}"`),
    E.flatMap(({ description }) => parsed(t.record(t.string, t.string), 'description', description)),
    E.tap((found) => sameTraining(training, found)),
    E.bindTo('found'),
    E.bind('progress', (): Result<Progress> => parsed(progressCodec, 'progress', metadata['progress'])),
    E.tap(({ progress }) => passes(training, progress)),
    E.let('wanted', ({ progress }): Readonly<Record<string, Shape>> => {
      const hasBest = progress.stopping.bestEpoch >= 0 && training.description.stopping !== undefined
      const own = Object.entries(shapesOf(start.tensors))
      const best = Object.entries(shapesOf(hasBest ? ownTensors(training, start.tensors) : {}))
      return Object.fromEntries([
        ...own,
        ...best.map(([name, shape]): readonly [string, Shape] => [bestName(name), shape]),
      ])
    }),
    E.bind('all', ({ wanted }) => tensorsAs(wanted, file)),
    E.map(({ found, progress, wanted, all }): Resumed => {
      const rate = rateAt(training, progress)
      const horizon = horizonOf(training, found['epochs'], progress.rate, rate)
      return {
        state: {
          tensors: Object.fromEntries(Object.keys(start.tensors).map((name) => [name, all[name] as Tensor])),
          best: Object.fromEntries(
            Object.entries(all).flatMap(([name, value]) => (name.startsWith('best/') ? [[name.slice(5), value]] : [])),
          ),
          progress: horizon === undefined ? progress : { ...progress, rate },
        },
        ...(horizon === undefined ? {} : { horizon }),
        unwanted: unwanted(wanted, file),
      }
    }),
    E.mapLeft(within('checkpoint')),
  )
}

/** The state alone; see `resumedFrom`. */
export const stateFrom = (training: Training, file: Safetensors): Result<TrainingState> =>
  F.pipe(
    resumedFrom(training, file),
    E.map(({ state }) => state),
  )
