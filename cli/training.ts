import { either as E, function as F } from 'fp-ts'
import type { LockstepFinding } from '../conformance/lockstep.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Dataset } from '../training/dataset.js'
import { countOf, shuffle, standardisationOf, subset } from '../training/dataset.js'
import { classCount } from '../formats/idx.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, fail, getOrThrow, within } from '../spec/error.js'
import type { Mode, Network } from '../spec/networks/network.js'
import { inference, trainingBy } from '../spec/networks/network.js'
import { perceptron } from '../spec/networks/perceptron.js'
import { networkNamed } from '../spec/networks/zoo.js'
import type { Oracle } from '../spec/oracle.js'
import { keyOf } from '../spec/philox.js'
import type { Arrangement } from '../training/arrange.js'
import { arrangementFor } from '../training/arrange.js'
import type { Augmentation } from '../training/augment.js'
import { augmentedShape } from '../training/augment.js'
import type { Course as Fitting, Description, Examples, Point, TrainingState } from '../training/course.js'
import { courseOf as fittingOf, examplesOf, outcomeOf, rightBy } from '../training/course.js'
import type { Ended, Evaluation, Seen } from '../training/fit.js'
import { evaluateIn, evaluateOn, fit } from '../training/fit.js'
import type { Initializer } from '../training/initialize.js'
import type { Rates } from '../training/rates.js'
import type { LossName, Optimizer } from '../training/step.js'
import type { Digits } from './dataset.js'

/** How to train. */
export interface Recipe {
  /** by its name in the zoo */
  readonly network: string
  readonly variant?: string
  /** another than the network's first */
  readonly loss?: LossName
  /** which digit a network of one answer tells from the others */
  readonly digit: number
  readonly epochs: number
  /** digits in a step; an incomplete last batch of an epoch is left out */
  readonly batch: number
  /** of the first weights and the order of the digits */
  readonly seed: number
  /** what the first weights are drawn from */
  readonly init?: Initializer
  readonly optimizer: Optimizer['op']
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

/** A schedule but for its rate. */
export type ScheduleChoice = Rates extends infer R ? (R extends Rates ? Omit<R, 'rate'> : never) : never

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

/** The losses that a network of digits can be trained by, its own first, by what it is wanted to answer. */
const lossesFor = ({ target }: Arrangement): readonly [LossName, ...(readonly LossName[])] =>
  target === 'classes'
    ? ['softmaxCrossEntropy', 'hinge', 'mse', 'bceWithLogits']
    : target === 'images'
      ? ['mse', 'bce']
      : ['bceWithLogits']

/** All losses that some network of digits can be trained by. */
export const trainableLosses: readonly LossName[] = ['softmaxCrossEntropy', 'hinge', 'mse', 'bce', 'bceWithLogits']

/** A network for a batch, where it learns or is only asked. */
type Build = (batch: number, mode: Mode) => Network

/** The network of a recipe, as it is for digits: the perceptron has an input for each pixel. */
const builtFrom = ({ network: name, variant }: Recipe, pixels: number): Result<Build> => {
  if (name === 'gan')
    return fail(
      'AttributeOutOfRange',
      'gan is two networks that learn against each other, which one loss does not say: etalon lesson gan trains it',
    )
  const wanted = variant === undefined ? {} : { variant }
  return F.pipe(
    networkNamed(name, wanted),
    E.map((): Build =>
      name === 'perceptron'
        ? (batch, mode) => perceptron(batch, { inputs: pixels, mode })
        : (batch, mode) => getOrThrow(networkNamed(name, { ...wanted, batch, mode })),
    ),
  )
}

/** What a network is called, with its variant where it was asked for one. */
export const titleOf = ({ network, variant }: Pick<Recipe, 'network' | 'variant'>): string =>
  variant === undefined ? network : `${network} (${variant})`

// the first rates at which LeNet-5 learns well
const rates: Readonly<Record<Optimizer['op'], number>> = {
  sgd: 0.1,
  momentum: 0.015,
  adagrad: 0.01,
  rmsprop: 0.001,
  adadelta: 1,
  adam: 0.001,
  adamw: 0.001,
}
// where the rate multiplies the gradient itself, it has to suit its size: sigmoids and gates make it small, and so does a
// mean over pixels
const gentle: Readonly<Partial<Record<string, number>>> = {
  mlp: 10,
  autoencoder: 30,
  rnnClassifier: 3,
  lstmClassifier: 20,
}

export const optimizerNames = Object.keys(rates) as readonly Optimizer['op'][]

/** The rate that a network learns with unless it is given another. */
export const firstRate = ({ network, optimizer }: Pick<Recipe, 'network' | 'optimizer'>): number =>
  rates[optimizer] * (optimizer === 'sgd' || optimizer === 'momentum' ? (gentle[network] ?? 1) : 1)

/**
 * The course of a training on digits.
 *
 * Errors  ShapeMismatch – a network that digits cannot be put to, or a crop larger than they are
 *         AttributeOutOfRange – a variant that there is none of, a loss that the network's answer does not suit, a batch
 *         larger than the training set, more digits to validate than there are, patience without validation, and what the
 *         optimizer refuses
 */
export const courseOf = (recipe: Recipe, digits: Digits): Result<Course> => {
  const [, rows, columns] = digits.train.images.shape
  const { network, validation, patience, batch } = recipe
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
    E.bind('build', ({ images: [, , H = 1, W = 1] }) => builtFrom(recipe, H * W)),
    E.bind('arrange', ({ images, build }) =>
      arrangementFor(title, build(batch, inference), { images, classes: classCount, one: recipe.digit }),
    ),
    E.bind('loss', ({ arrange }) => {
      const losses = lossesFor(arrange)
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
    E.flatMap(({ build, arrange, loss }) => {
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
        rates: { ...recipe.schedule, rate: recipe.learningRate ?? firstRate(recipe) },
        epochs: recipe.epochs,
        batch,
        seed: recipe.seed,
        arrange,
        ...(recipe.init === undefined ? {} : { initializer: recipe.init }),
        // paper comes in at the edges
        ...(recipe.augment.length === 0
          ? {}
          : { augment: recipe.augment.map((one) => (one.kind === 'shift' ? { ...one, fill: paper } : one)) }),
        ...(patience === 0
          ? {}
          : { stopping: { patience, monitor: rightBy({ loss, arrange }) === undefined ? 'loss' : 'accuracy' } }),
      }
      return F.pipe(
        fittingOf(description, {
          train: examplesOf(learned, standard),
          ...(held === undefined ? {} : { validation: examplesOf(held, standard) }),
        }),
        E.mapLeft(within(network)),
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
      /** of so many test digits: how many are right, if right and wrong there is, and their loss */
      readonly of: number
      readonly right?: number
      readonly testLoss: number
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
    orStop(lockstep(oracle, program, { ...feeds, ...values }, depth ?? anyOrder, { feeds })),
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
      const { accuracy, loss: testLoss } = made.right
      const right = Number.isNaN(accuracy) ? {} : { right: Math.round(accuracy * asked) }
      tell({ what: 'measured', epoch, step, loss: mean, of: asked, testLoss, ...right })
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
