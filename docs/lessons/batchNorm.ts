import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import { parameterCount, trainingBy } from '../../spec/networks/network.js'
import type { Tensor } from '../../spec/tensor.js'
import type { Evaluation } from '../../training/fit.js'
import type { Examples } from '../../training/training.js'
import type { Taught } from './classroom.js'
import { examined, inTurn, materialOf, sized, smoothed, teach } from './classroom.js'
import { layered, sizesOf } from './layered.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { heading, lines, percent, table, text } from './lesson.js'

const depth = 3
const hidden = Array.from({ length: depth }, () => 40)
const activation = 'sigmoid'
const rates = [0.05, 0.5, 5] as const

interface Plan {
  readonly norm: boolean
  readonly rate: number
}
const plans: readonly Plan[] = rates.flatMap((rate) => [false, true].map((norm) => ({ norm, rate })))

interface Run extends Plan {
  readonly taught: Taught
  readonly test: Evaluation | undefined
  /** how much what goes into each hidden layer's activation varies from digit to digit, in training mode, when it is over */
  readonly spreads: readonly number[]
}

const networkOf =
  (norm: boolean, training: boolean, seed: number) =>
  (batch: number): Network =>
    layered(batch, hidden, { activation, norm, ...(training ? { mode: trainingBy(seed) } : {}) })

const nameOf = ({ norm, rate }: Plan): string => `η = ${rate}, ${norm ? 'with' : 'without'}`
const short = (value: number): string => String(Number(value.toPrecision(3)))
const accuracyOf = ({ test }: Run): number => test?.accuracy ?? 0
const lossOf = ({ taught: { losses } }: Run): number => smoothed(losses, 10).at(-1) ?? 0

/** The standard deviation of a unit over the batch, the mean of it over the units: [N,units]. */
const spreadOf = ({ shape, data }: Tensor): number => {
  const [N = 1, units = 1] = shape
  const deviations = Array.from({ length: units }, (_, u) => {
    const column = Array.from({ length: N }, (_, n) => data[n * units + u] as number)
    const mean = column.reduce((a, b) => a + b, 0) / N
    return Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / N)
  })
  return deviations.reduce((a, b) => a + b, 0) / units
}

/** What the activations of a network's hidden layers are given, of the first examples. */
const seenBy = (
  { backend, seed }: Classroom,
  { norm }: Plan,
  tensors: Readonly<Record<string, Tensor>>,
  examples: Examples,
): taskEither.TaskEither<EtalonError, readonly number[]> => {
  const count = Math.min(200, examples.count)
  const { program } = networkOf(norm, true, seed)(count)
  const names = hidden.map((_, at) => `${norm ? 'norm' : 'fc'}${at + 1}`)
  const own = Object.entries(tensors).filter(([name]) => name in program.inputs)
  const { x } = examples.at(Array.from({ length: count }, (_, i) => i))
  return F.pipe(
    backend.run(program, { ...Object.fromEntries(own), x }, names),
    TE.map((values) => names.map((name) => spreadOf(values[name] as Tensor))),
  )
}

const sectionsOf = (runs: readonly Run[]): readonly Section[] => {
  const [bare, normed] = [runs.filter(({ norm }) => !norm), runs.filter(({ norm }) => norm)]
  const best = (of: readonly Run[]): Run => of.reduce((a, b) => (accuracyOf(b) > accuracyOf(a) ? b : a))
  const [bestBare, bestNormed] = [best(bare), best(normed)]
  const learnt = (of: readonly Run[]): number => of.filter((run) => accuracyOf(run) > 0.5).length
  const atBest = bare.find(({ rate }) => rate === bestNormed.rate) ?? bestBare
  return [
    table(
      'After the same steps',
      ['rate', 'without batch norm', 'with'],
      rates.map((rate) => [
        `η = ${rate}`,
        ...[bare, normed].map((of) => {
          const run = of.find((one) => one.rate === rate)
          return run?.test === undefined ? 'diverged' : `${percent(run.test.accuracy)}, loss ${short(lossOf(run))}`
        }),
      ]),
    ),
    lines('The loss of each step, the mean of ten', {
      x: { label: 'step' },
      y: { label: 'loss', from: 0, to: 3 },
      lines: rates.flatMap((rate) =>
        runs
          .filter((run) => run.rate === rate)
          .toSorted((a, b) => Number(b.norm) - Number(a.norm))
          .map((run) => ({
            name: nameOf(run),
            points: smoothed(run.taught.losses, 10).map((loss, i) => [i + 1, loss] as const),
            ...(run.norm ? {} : { dashed: true, like: nameOf({ ...run, norm: true }) }),
          })),
      ),
    }),
    text(
      `Without batch norm the best of these rates is ${bestBare.rate}, with ${percent(accuracyOf(bestBare))} of the test digits right; with it ${bestNormed.rate}, with ${percent(accuracyOf(bestNormed))}.`,
      `More than half of the digits right: ${learnt(bare)} of ${rates.length} rates without, ${learnt(normed)} of ${rates.length} with batch norm. Guessing gets 10 %, at a loss of ln 10 = ${Math.log(10).toFixed(2)}.`,
    ),
    heading('What each layer is given'),
    lines(
      'How much a unit’s input to its sigmoid varies from digit to digit: standard deviation, the mean over a layer’s units',
      {
        x: { label: 'hidden layer' },
        y: { label: 'standard deviation', log: true },
        lines: rates.flatMap((rate) =>
          runs
            .filter((run) => run.rate === rate && run.spreads.length > 0)
            .toSorted((a, b) => Number(b.norm) - Number(a.norm))
            .map((run) => ({
              name: nameOf(run),
              points: run.spreads.map((spread, i) => [i + 1, spread] as const),
              ...(run.norm ? {} : { dashed: true, like: nameOf({ ...run, norm: true }) }),
            })),
        ),
      },
    ),
    text(
      `At η = ${bestNormed.rate}, the last hidden layer’s units vary by ${short(bestNormed.spreads.at(-1) ?? 0)} from digit to digit with batch norm, and by ${short(atBest.spreads.at(-1) ?? 0)} without, of ${short(atBest.spreads[0] ?? 0)} in the first.`,
      (atBest.spreads.at(-1) ?? 0) < 0.1 * (atBest.spreads[0] ?? 0)
        ? 'Layer by layer the digits look more alike, until the last layer can hardly tell them apart; and backwards through the same layers the gradient shrinks as well.'
        : 'There, too, the digits reach the last layer.',
    ),
  ]
}

export const batchNormalization: Lesson = {
  name: 'batch-norm',
  title: 'Batch norm, on and off',
  question: 'What does it change if every layer is given numbers of mean 0 and variance 1?',
  source: 'slide "Batch-norm layer"',
  theory: [
    'A layer’s input is what the layers before it make, and they change with every step. Behind several sigmoids the numbers come out nearly the same for every digit, σ′ is at most 1/4, and a product of many such factors leaves no gradient for the first layers.',
    'Batch norm subtracts from every unit its mean over the batch and divides by its standard deviation, then gives it a scale γ and a shift β that are learnt. Whatever the weights before it do to the scale, it undoes: if they double, the output stays, and their gradient halves. That is why larger rates do less harm.',
    'In training the batch’s own mean and variance count, and running ones are kept for later; when the network is asked, those are used, so that an answer does not depend on who else asks.',
  ],
  ops: ['batchNormTraining', 'batchNormInference', 'sigmoid'],
  next: [
    {
      idea: 'See how large a rate may be without any of this.',
      command: 'etalon lesson learning-rate',
    },
    {
      idea: 'Follow the numbers through a batch of your own.',
      command: `etalon explain batchNormTraining --input '{"inputs":{"x":{"shape":[4,1],"data":[1,2,3,6]},"gamma":{"shape":[1],"data":[1]},"beta":{"shape":[1],"data":[0]},"runningMean":{"shape":[1],"data":[0]},"runningVar":{"shape":[1],"data":[1]}}}'`,
    },
  ],
  run: (room) => {
    const batch = sized(room, 50, 8)
    const epochs = Math.max(1, Math.min(2, Math.round(2 * room.size)))
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 4000, validation: 0, test: 1000 })),
      TE.bindTo('material'),
      TE.bind('runs', ({ material: { train, test } }) =>
        inTurn(room, plans, (room, plan) =>
          F.pipe(
            teach(
              room,
              nameOf(plan),
              {
                network: networkOf(plan.norm, true, room.seed),
                inference: networkOf(plan.norm, false, room.seed),
                optimizer: { op: 'sgd' },
                loss: 'softmaxCrossEntropy',
                rates: { schedule: 'constant', rate: plan.rate },
                epochs,
                batch,
                seed: room.seed,
              },
              { train },
            ),
            TE.bindTo('taught'),
            TE.bind('test', ({ taught }) => examined(room, taught, test)),
            TE.bind('spreads', ({ taught: { tensors } }) =>
              tensors === undefined ? TE.right([]) : seenBy(room, plan, tensors, train),
            ),
            TE.map((of): Run => ({ ...plan, ...of })),
          ),
        ),
      ),
      TE.map(({ material: { train, test }, runs }) => ({
        done: [
          `A network of ${depth} hidden layers, ${sizesOf(hidden)} with sigmoid units, learnt ${train.count} digits ${epochs} times over in steps of ${batch} by plain gradient descent at each of ${rates.length} rates, without batch norm (${parameterCount(networkOf(false, true, 1)(1))} parameters) and with it before each sigmoid (${parameterCount(networkOf(true, true, 1)(1))}). ${test.count} test digits judge.`,
        ],
        sections: sectionsOf(runs),
        figures: Object.fromEntries(
          runs.flatMap((run) => [
            ...(run.test === undefined ? [] : [[`${nameOf(run)}: test accuracy`, run.test.accuracy] as const]),
            [`${nameOf(run)}: last loss`, Number.isFinite(lossOf(run)) ? lossOf(run) : 0],
            ...(run.spreads.length === 0
              ? []
              : [[`${nameOf(run)}: spread in the last layer`, run.spreads.at(-1) ?? 0] as const]),
          ]),
        ),
      })),
    )
  },
}
