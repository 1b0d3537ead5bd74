import { either as E, function as F } from 'fp-ts'
import { classCount } from '../formats/idx.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, etalonError, getOrThrow, within } from '../spec/error.js'
import type { Mode, Network } from '../spec/networks/network.js'
import { inference, trainingBy } from '../spec/networks/network.js'
import { perceptron } from '../spec/networks/perceptron.js'
import type { AskedOfRecurrent, LossName, NetworkName } from '../spec/networks/zoo.js'
import {
  askedOfRecurrent,
  isWrittenDown,
  recurrentInWords,
  learningOf,
  learnsAs,
  networkNamed,
  networkNames,
} from '../spec/networks/zoo.js'
import { keyOf } from '../spec/philox.js'
import { arrangementFor } from '../training/arrange.js'
import type { Augmentation } from '../training/augment.js'
import { augmentedShape } from '../training/augment.js'
import type { Dataset } from '../training/dataset.js'
import { countOf, shuffle, standardisationOf, subset } from '../training/dataset.js'
import type { Initializer } from '../training/initialize.js'
import type { Rates } from '../training/rates.js'
import type { Optimizer } from '../training/step.js'
import { firstRates } from '../training/step.js'
import type { Description, Examples, Training } from '../training/training.js'
import { examplesOf, rightBy, trainingOf } from '../training/training.js'
import type { Digits } from './dataset.js'

/** The networks that digits can be put to. */
export const digitNetworks = networkNames.filter((name) => learningOf(name).readsDigits)

// what to train instead, where it is the network that does not suit
const readersTold = ({ code, message }: EtalonError): EtalonError =>
  etalonError(code, `${message}; digits can be put to ${digitNetworks.join(', ')}`)

/** How to train; what is left out is as the network learns best. */
export interface Recipe extends AskedOfRecurrent {
  /** by its name in the zoo */
  readonly network: string
  readonly variant?: string
  /** another than the network's first */
  readonly loss?: LossName
  /** which digit a network of one answer tells from the others */
  readonly digit: number
  readonly epochs: number
  /** digits in a step; an incomplete last batch of an epoch is left out */
  readonly batch?: number
  /** digits that go through the network at a time, where that is fewer */
  readonly microBatch?: number
  /** of the first weights and the order of the digits */
  readonly seed: number
  /** what the first weights are drawn from */
  readonly init?: Initializer
  readonly optimizer?: Optimizer['op']
  /** the first rate; without it `firstRate` */
  readonly learningRate?: number
  /** how it changes */
  readonly schedule: ScheduleChoice
  /** of `momentum` only */
  readonly momentum: number
  readonly weightDecay: number
  /** β of a penalty that the loss has for weights; 0 for none */
  readonly l2: number
  /** what is done to each digit, each time another way */
  readonly augment: readonly Augmentation[]
  /** how many of the training digits are not learned but validate; 0 for none */
  readonly validation: number
  /** epochs without a better validation after which the training stops; 0 for never */
  readonly patience: number
  /** how many of the first steps are judged node by node */
  readonly lockstep: number
}

/** A recipe with nothing left out. */
export type WholeRecipe = Recipe & Required<Pick<Recipe, 'optimizer' | 'batch' | 'init' | 'learningRate'>>

/** What a network is trained with where a recipe leaves it out. */
export const wholeRecipe = (name: NetworkName, recipe: Recipe): WholeRecipe => {
  const own = learningOf(name, askedOfRecurrent(recipe)).recipe
  const { optimizer = own.optimizer, batch = own.batch, init = own.init } = recipe
  return {
    ...recipe,
    ...{ optimizer, batch, init },
    learningRate: recipe.learningRate ?? firstRate(name, optimizer, askedOfRecurrent(recipe)),
  }
}

/** A schedule but for its rate. */
export type ScheduleChoice = Rates extends infer R ? (R extends Rates ? Omit<R, 'rate'> : never) : never

/** A training on digits, ready to start: all that follows from the recipe and the digits. */
export interface DigitTraining {
  readonly recipe: WholeRecipe
  readonly training: Training
  readonly test: Examples
  readonly counts: { readonly train: number; readonly validation: number; readonly test: number }
  /** what to ask for beside, where the network alone reads fewer than nine digits of ten after an epoch; see the zoo */
  readonly beside: readonly string[]
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

const attributesFor = ({ optimizer, momentum, weightDecay }: WholeRecipe): NonNullable<Optimizer['attrs']> => ({
  ...(optimizer === 'momentum' ? { momentum } : {}),
  // AdamW's own default is not 0
  weightDecay,
})

/** All losses that some network of digits can be trained by. */
export const trainableLosses: readonly LossName[] = [
  ...new Set(digitNetworks.flatMap((name) => learningOf(name).losses)),
]

/** A network of the zoo as it is for digits: made for a batch, where it learns or is only asked. */
interface Learner {
  readonly build: (batch: number, mode: Mode) => Network
  /** its own first */
  readonly losses: readonly [LossName, ...LossName[]]
}

/** The network of a recipe: the perceptron has an input for each pixel. */
const learnerOf = (name: NetworkName, { variant, ...recipe }: WholeRecipe, pixels: number): Result<Learner> => {
  const wanted = { ...(variant === undefined ? {} : { variant }), ...askedOfRecurrent(recipe) }
  const [own, ...others] = learningOf(name).losses
  const called = isWrittenDown(recipe.network) ? recipe.network : name
  return F.pipe(
    networkNamed(called, wanted),
    E.flatMap(() =>
      own === undefined
        ? E.left(
            readersTold(
              etalonError(
                'AttributeOutOfRange',
                `${name} is two networks that learn against each other, which one loss does not say: etalon lesson ${name} trains it`,
              ),
            ),
          )
        : E.right({
            losses: [own, ...others] as const,
            build:
              name === 'perceptron'
                ? (batch: number, mode: Mode) => perceptron(batch, { inputs: pixels, mode })
                : (batch: number, mode: Mode) => getOrThrow(networkNamed(called, { ...wanted, batch, mode })),
          }),
    ),
  )
}

/** What a network is called, with what was asked for of it. */
export const titleOf = ({
  network,
  variant,
  ...asked
}: Pick<Recipe, 'network' | 'variant' | keyof AskedOfRecurrent>): string => {
  const said = [...(variant === undefined ? [] : [variant]), ...recurrentInWords(asked)]
  return said.length === 0 ? network : `${network} (${said.join(', ')})`
}

export const optimizerNames = Object.keys(firstRates) as readonly Optimizer['op'][]

/** The rate that a network learns with unless it is given another. */
export const firstRate = (network: NetworkName, optimizer: Optimizer['op'], asked: AskedOfRecurrent = {}): number => {
  const { recipe, rateFactor } = learningOf(network, asked)
  return optimizer === recipe.optimizer
    ? recipe.learningRate
    : firstRates[optimizer] * (optimizer === 'sgd' || optimizer === 'momentum' ? rateFactor : 1)
}

/**
 * A training on digits, ready to start.
 *
 * Errors  ShapeMismatch – a network that digits cannot be put to, or a crop larger than they are
 *         AttributeOutOfRange – a network or a variant that there is none of, a loss that the network's answer does not suit,
 *         a batch larger than the training set, more digits to validate than there are, patience without validation, and
 *         what the optimizer refuses
 */
export const digitTrainingOf = (recipe: Recipe, digits: Digits): Result<DigitTraining> =>
  F.pipe(
    learnsAs(recipe.network),
    E.mapLeft(readersTold),
    E.flatMap((name) => plannedBy(name, wholeRecipe(name, recipe), digits)),
  )

const plannedBy = (name: NetworkName, recipe: WholeRecipe, digits: Digits): Result<DigitTraining> => {
  const [, rows, columns] = digits.train.images.shape
  const { validation, patience, batch } = recipe
  const title = titleOf(recipe)
  return F.pipe(
    ensure(
      validation < countOf(digits.train),
      'AttributeOutOfRange',
      `${validation} digits to validate leave none of the ${countOf(digits.train)} to learn from`,
    ),
    E.flatMap(() =>
      ensure(
        batch <= countOf(digits.train) - validation,
        'AttributeOutOfRange',
        `a batch of ${batch} is more than the ${countOf(digits.train) - validation} training digits`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        patience === 0 || validation > 0,
        'AttributeOutOfRange',
        '--patience wants --validation: what else improves?',
      ),
    ),
    E.flatMap(() => augmentedShape(recipe.augment, [batch, 1, rows, columns])),
    E.bindTo('images'),
    E.bind('learner', ({ images: [, , H = 1, W = 1] }) => learnerOf(name, recipe, H * W)),
    E.bind('arrange', ({ images, learner: { build } }) =>
      F.pipe(
        arrangementFor(title, build(batch, inference), { images, classes: classCount, one: recipe.digit }),
        // of those that read digits it is these digits that do not suit
        E.mapLeft(digitNetworks.includes(name) ? F.identity : readersTold),
      ),
    ),
    E.bind('loss', ({ learner: { losses } }) => {
      const loss = recipe.loss ?? losses[0]
      return F.pipe(
        ensure(
          losses.includes(loss),
          'AttributeOutOfRange',
          `--loss ${loss} does not suit what ${title} answers; wanted ${losses.join(', ')}`,
        ),
        E.map(() => loss),
      )
    }),
    E.flatMap(({ learner: { build }, arrange, loss }) => {
      const { learned, held } =
        validation === 0 ? { learned: digits.train, held: undefined } : heldOut(digits.train, validation)
      // what is to be drawn again stays what it is, from paper, 0, to ink, 1
      const standard = arrange.target === 'images' ? { mean: 0, std: 1 } : standardisationOf(learned)
      const paper = Math.fround(-standard.mean / standard.std)
      const description: Description = {
        name: title,
        network: (batch) => build(batch, trainingBy(recipe.seed)),
        inference: (batch) => build(batch, inference),
        optimizer: { op: recipe.optimizer, attrs: attributesFor(recipe) },
        loss,
        ...(recipe.l2 === 0 ? {} : { l2Penalty: recipe.l2 }),
        rates: { ...recipe.schedule, rate: recipe.learningRate },
        epochs: recipe.epochs,
        batch,
        ...(recipe.microBatch === undefined ? {} : { microBatch: recipe.microBatch }),
        seed: recipe.seed,
        arrange,
        // the usual one goes without saying
        ...(recipe.init.kind === 'scaled' ? {} : { initializer: recipe.init }),
        // paper comes in at the edges
        ...(recipe.augment.length === 0
          ? {}
          : { augment: recipe.augment.map((one) => (one.kind === 'shift' ? { ...one, fill: paper } : one)) }),
        ...(patience === 0
          ? {}
          : { stopping: { patience, monitor: rightBy({ loss, arrange }) === undefined ? 'loss' : 'accuracy' } }),
      }
      return F.pipe(
        trainingOf(description, {
          train: examplesOf(learned, standard),
          ...(held === undefined ? {} : { validation: examplesOf(held, standard) }),
        }),
        E.mapLeft(within(name)),
        E.map((training) => ({
          recipe,
          training,
          test: examplesOf(digits.test, standard),
          counts: { train: countOf(learned), validation, test: countOf(digits.test) },
          beside: learningOf(name, askedOfRecurrent(recipe)).recipe.beside ?? [],
        })),
      )
    }),
  )
}
