import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js'
import type { Backend } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail, show } from '../spec/error.js'
import { recurrentOps } from '../spec/networks/network.js'
import { checkpointOf, stateFrom } from '../training/checkpoint.js'
import { fit } from '../training/fit.js'
import type { Outcome, Trial } from '../training/search/searchers.js'
import type { Setting, Space } from '../training/search/space.js'
import { settingAt } from '../training/search/space.js'
import type { Training, TrainingState } from '../training/training.js'
import { isClassifier } from '../training/training.js'
import type { Digits } from './dataset.js'
import { writable, writeWhole } from './file.js'
import type { Recipe } from './trainPlan.js'
import { digitTrainingOf, optimizerNames, trainableLosses } from './trainPlan.js'

/** What every trial of a search has in common. */
export interface SearchManner {
  readonly network: string
  readonly data?: string
  readonly seed: number
  readonly validation: number
  readonly device: DeviceChoice
  readonly backend: string
  /** the folder where states of trials lie, to go on from */
  readonly states: string
}

const oneOf = <A extends string>(names: readonly A[]): t.Type<A, A, unknown> =>
  new t.Type<A, A, unknown>(
    names.join(' or '),
    (value): value is A => names.some((name) => name === value),
    (value, context) => {
      const found = names.find((name) => name === value)
      return found === undefined ? t.failure(value, context) : t.success(found)
    },
    t.identity,
  )

const within = (least: number, wanted: string, whole = false): t.Type<number, number, unknown> =>
  new t.Type<number, number, unknown>(
    wanted,
    (value): value is number => typeof value === 'number',
    (value, context) =>
      typeof value === 'number' && Number.isFinite(value) && value >= least && (!whole || Number.isSafeInteger(value))
        ? t.success(value)
        : t.failure(value, context),
    t.identity,
  )

const atLeastZero = within(0, 'a number of at least 0')
const atLeastOne = within(1, 'a whole number of at least 1', true)
const codecs = {
  learningRate: atLeastZero,
  batch: atLeastOne,
  momentum: atLeastZero,
  weightDecay: atLeastZero,
  l2: atLeastZero,
  dropout: atLeastZero,
  layers: atLeastOne,
  bidirectional: t.boolean,
  optimizer: oneOf(optimizerNames),
  loss: oneOf(trainableLosses),
  cell: oneOf(recurrentOps),
  variant: t.string,
}
const settingCodec = t.partial(codecs)

/** The parameters that may be searched: options of `train` by their names in a recipe. */
export const searchable = Object.keys(codecs)

const settingOf = (setting: Setting): Result<Partial<Recipe>> =>
  F.pipe(
    Object.entries(setting),
    E.traverseArray(([name, value]) => {
      const codec: t.Mixed | undefined = Object.hasOwn(codecs, name) ? codecs[name as keyof typeof codecs] : undefined
      return codec === undefined
        ? fail('AttributeOutOfRange', `there is no parameter ${name} to search; there are ${searchable.join(', ')}`)
        : E.isRight(codec.decode(value))
          ? E.right(undefined)
          : fail('AttributeOutOfRange', `${name} is ${show(value)}; wanted ${codec.name}`)
    }),
    E.flatMap(() =>
      F.pipe(
        settingCodec.decode(setting),
        E.mapLeft((): EtalonError => ({ code: 'AttributeOutOfRange', message: 'a setting is no recipe' })),
      ),
    ),
  )

/**
 * Whether a space is one of recipes: both ends of every range, and every choice.
 *
 * Errors  AttributeOutOfRange – a parameter that `train` does not have, or a value that it does not take
 */
export const recipesOf = (space: Space): Result<void> =>
  F.pipe(
    Object.entries(space),
    E.traverseArray(([name, dimension]) =>
      F.pipe(
        dimension.kind === 'choice' ? dimension.values.map((_, i) => (i + 0.5) / dimension.values.length) : [0, 1],
        E.traverseArray((share) => settingOf(settingAt({ [name]: dimension }, [share]))),
      ),
    ),
    E.map(() => undefined),
  )

const recipeOf = ({ network, seed, validation }: SearchManner, { setting, budget }: Trial): Result<Recipe> =>
  F.pipe(
    settingOf(setting),
    E.map((own) => ({
      network,
      digit: 0,
      seed,
      // what goes on later goes on as if it had never stopped
      schedule: { schedule: 'constant' },
      momentum: 0.9,
      weightDecay: 0,
      l2: 0,
      augment: [],
      validation,
      patience: 0,
      lockstep: 0,
      ...own,
      epochs: budget,
    })),
  )

const fileOf = ({ states }: SearchManner, id: string): string =>
  join(states, `${id.replaceAll(/[^a-z0-9]+/gi, '-')}.safetensors`)

/** The state that a file holds of this training; what is none is as if it were not there, for the training can begin again. */
const kept = async (training: Training, file: string): Promise<TrainingState | undefined> => {
  const bytes = await readFile(file).catch(() => undefined)
  if (bytes === undefined) return undefined
  const state = F.pipe(
    decodeSafetensors(bytes),
    E.flatMap((found) => stateFrom(training, found)),
  )
  return E.isRight(state) ? state.right : undefined
}

/**
 * A trial: an ordinary training, that goes on where it was broken off, or where the trial of the smaller budget ended, as far as
 * their states are there. It is judged by the validation digits, and never sees a test digit. What its recipe does not allow is a failed
 * trial, and so is one that diverges.
 *
 * Errors  those of a backend that is lost or does not answer, and of writing states: nothing that says anything of the setting
 */
export const runTrial = async (
  manner: SearchManner,
  digits: Digits,
  backend: Backend,
  trial: Trial,
): Promise<Result<Outcome>> => {
  const failed = (reason: string): Result<Outcome> => E.right({ ...trial, loss: 'failed', reason })
  const planned = F.pipe(
    recipeOf(manner, trial),
    E.flatMap((recipe) => digitTrainingOf(recipe, digits)),
  )
  if (E.isLeft(planned)) return failed(`${planned.left.code}: ${planned.left.message}`)
  const { training } = planned.right
  await mkdir(manner.states, { recursive: true }).catch(() => undefined)
  const file = fileOf(manner, trial.id)
  const target = await writable(file)
  if (E.isLeft(target)) return target
  const from =
    (await kept(training, file)) ??
    (trial.from === undefined ? undefined : await kept(training, fileOf(manner, trial.from)))
  const ended = await fit(training, backend, {
    ...(from === undefined ? {} : { from }),
    keep: (state) => writeWhole(target.right, encodeSafetensors(checkpointOf(training, state))),
  })()
  if (E.isLeft(ended)) {
    if (ended.left.why !== 'error') return failed('its loss left the finite numbers')
    const { code, message } = ended.left.error
    const says = ['DeviceLost', 'BackendUnavailable', 'Died', 'FileUnreadable'].includes(code)
    return says ? E.left(ended.left.error) : failed(`${code}: ${message}`)
  }
  const last = ended.right.progress.points.at(-1)
  const loss = isClassifier(training) ? 1 - (last?.validationAccuracy ?? NaN) : (last?.validationLoss ?? NaN)
  return Number.isFinite(loss) ? E.right({ ...trial, loss }) : failed('its validation loss is no number')
}
