import { function as F, taskEither as TE } from 'fp-ts'
import type { Network } from '../../spec/networks/network.js'
import { parameterCount } from '../../spec/networks/network.js'
import type { Tensor } from '../../spec/tensor.js'
import type { Evaluation } from '../../training/fit.js'
import type { Examples } from '../../training/training.js'
import { examplesOf } from '../../training/training.js'
import type { Taught } from './classroom.js'
import { examined, inTurn, materialOf, partOf, sized, smoothed, some, teach } from './classroom.js'
import { layered, sizesOf } from './layered.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { heading, lines, percent, table, text } from './lesson.js'

/** Fewer numbers: what a person reads. */
const about = (value: number): string => String(Number(value.toPrecision(3)))

// ---- one layer and mean squared error: a bowl whose curvature can be worked out ----------------------------------

const oneLayer = (batch: number): Network => layered(batch, [])

/**
 * The largest curvature of the mean squared error of one linear layer with bias: the largest eigenvalue of
 * 2/(C·N)·Σ_n x̃ₙx̃ₙᵀ, x̃ = (x, 1), by power iteration: v ← Σ_n x̃ₙ(x̃ₙ·v), scaled to length 1.
 *
 * Shapes  x [N,…], C outputs
 */
export const largestCurvature = ({ shape, data }: Tensor, C: number, iterations = 30): number => {
  const N = shape[0] as number
  const D = data.length / N
  let v = new Float64Array(D + 1).fill(1 / Math.sqrt(D + 1))
  let eigenvalue = 0
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = new Float64Array(D + 1)
    for (let n = 0; n < N; n++) {
      let along = v[D] as number
      for (let d = 0; d < D; d++) along += (data[n * D + d] as number) * (v[d] as number)
      for (let d = 0; d < D; d++) next[d] = (next[d] as number) + along * (data[n * D + d] as number)
      next[D] = (next[D] as number) + along
    }
    eigenvalue = Math.sqrt(next.reduce((sum, value) => sum + value * value, 0))
    const length = eigenvalue
    v = next.map((value) => value / length)
  }
  return (2 / (C * N)) * eigenvalue
}

// as shares of the limit 2/λ
const shares = [0.01, 0.1, 0.5, 0.98, 1.02, 2] as const

interface InBowl {
  readonly share: number
  readonly rate: number
  readonly taught: Taught
}

const inBowl = (room: Classroom, train: Examples, limit: number, steps: number) =>
  inTurn(room, shares, (room, share) =>
    F.pipe(
      teach(
        room,
        `one layer, ${share} of the limit`,
        {
          network: oneLayer,
          optimizer: { op: 'sgd' },
          loss: 'mse',
          rates: { schedule: 'constant', rate: share * limit },
          epochs: steps,
          batch: train.count,
          seed: room.seed,
        },
        { train },
      ),
      TE.map((taught): InBowl => ({ share, rate: share * limit, taught })),
    ),
  )

const grows = ({ taught: { losses, diverged } }: InBowl): boolean =>
  diverged !== undefined || (losses.at(-1) ?? NaN) > (losses[0] ?? NaN)

const bowlSections = (limit: number, runs: readonly InBowl[], steps: number): readonly Section[] => {
  const [below, above] = [runs.filter(({ share }) => share < 1), runs.filter(({ share }) => share > 1)]
  const best = below.reduce((a, b) => ((b.taught.losses.at(-1) ?? NaN) < (a.taught.losses.at(-1) ?? NaN) ? b : a))
  const slowest = below[0] as InBowl
  const asForetold = runs.filter((run) => grows(run) === run.share > 1).length
  const lost = above.find(({ taught }) => taught.diverged !== undefined)
  return [
    heading('A bowl: one layer, mean squared error'),
    text(
      `The largest curvature of this loss over these digits is λ = ${about(2 / limit)}, worked out from the pixels before any training. So no rate above 2/λ = ${about(limit)} may work, and every one below has to.`,
    ),
    table(
      `${steps} steps of full-batch descent`,
      ['rate', 'share of 2/λ', 'first loss', 'last loss', ''],
      runs.map(({ share, rate, taught: { losses, diverged } }) => [
        about(rate),
        share,
        about(losses[0] ?? NaN),
        diverged === undefined ? about(losses.at(-1) ?? NaN) : '–',
        diverged === undefined ? '' : `no number any more at step ${diverged.step}`,
      ]),
    ),
    lines('The loss of each step', {
      x: { label: 'step' },
      y: { label: 'loss', log: true, from: 0.03, to: 100 },
      lines: runs.map(({ share, taught: { losses } }) => ({
        name: `${share} of the limit`,
        points: losses.map((loss, i) => [i + 1, loss] as const),
      })),
    }),
    text(
      `${asForetold} of the ${runs.length} rates did what their share of the limit foretells: below 1 the loss came down, above it grew.`,
      `Of those below, ${best.share} of the limit came lowest, to ${about(best.taught.losses.at(-1) ?? NaN)}; ${slowest.share} of it was still at ${about(slowest.taught.losses.at(-1) ?? NaN)} after the same ${steps} steps.`,
      lost === undefined
        ? 'None left the finite numbers yet.'
        : `At ${lost.share} times the limit the loss left the numbers that f32 has at step ${lost.taught.diverged?.step}.`,
    ),
  ]
}

// ---- a hidden layer, where nobody can work out the limit ----------------------------------------------------------

const hidden = [64]
const network = (batch: number): Network => layered(batch, hidden)
const rates = [0.001, 0.01, 0.1, 1, 10] as const

interface Outcome {
  readonly rate: number
  readonly taught: Taught
  readonly test: Evaluation | undefined
}

const accuracyOf = ({ test }: Outcome): number => test?.accuracy ?? 0
const nameOf = ({ rate }: Pick<Outcome, 'rate'>): string => `η = ${rate}`
const lastLoss = ({ taught: { losses } }: Outcome): number => smoothed(losses, 10).at(-1) ?? NaN

const sectionsOf = (outcomes: readonly Outcome[]): readonly Section[] => {
  const best = outcomes.reduce((a, b) => (accuracyOf(b) > accuracyOf(a) ? b : a))
  const smallest = outcomes[0] as Outcome
  const larger = outcomes.filter(({ rate }) => rate > best.rate)
  return [
    heading('A network with a hidden layer'),
    table(
      'What each rate comes to after the same steps',
      ['rate', 'loss at the end', 'test accuracy'],
      outcomes.map((one) => [
        nameOf(one),
        one.taught.diverged === undefined ? about(lastLoss(one)) : `diverged at step ${one.taught.diverged.step}`,
        one.test === undefined ? '–' : percent(one.test.accuracy),
      ]),
    ),
    lines('The loss of each step, the mean of ten', {
      x: { label: 'step' },
      y: { label: 'loss', log: true, from: 0.1, to: 20 },
      lines: outcomes.map((one) => ({
        name: nameOf(one),
        points: smoothed(one.taught.losses, 10).map((loss, i) => [i + 1, loss] as const),
      })),
    }),
    text(
      `The best of these rates is ${best.rate}, with ${percent(accuracyOf(best))} of the test digits right.`,
      smallest === best
        ? 'It is the smallest that was tried.'
        : `At ${smallest.rate}, ${Math.round(best.rate / smallest.rate)} times smaller, the same steps come to ${percent(accuracyOf(smallest))} at a loss of ${about(lastLoss(smallest))}: too small a rate is not wrong, it is slow.`,
    ),
    text(
      larger.length === 0
        ? 'No larger one was tried.'
        : `The larger ones: ${larger.map((one) => `${nameOf(one)} ${one.test === undefined ? `diverged at step ${one.taught.diverged?.step}` : `${percent(accuracyOf(one))}, loss ${about(lastLoss(one))}`}`).join('; ')}. Guessing is right in 10.0 %, at a loss of ln 10 = ${Math.log(10).toFixed(2)}.`,
    ),
  ]
}

export const learningRate: Lesson = {
  name: 'learning-rate',
  title: 'The learning rate: too small, right, too large',
  question: 'The gradient says in which direction the loss falls. How far should one go?',
  source: 'slides "Backpropagation" (4–7/7)',
  theory: [
    'Gradient descent knows the slope where it stands and nothing else. A step goes η times the gradient: the loss falls by about η·|g|², if the step is so short that the slope does not change on the way.',
    'Across a valley of curvature λ, one step multiplies the distance from the bottom by 1 − ηλ. Up to η = 1/λ it creeps down one side; up to 2/λ it jumps across and still comes down; above 2/λ every jump lands higher than the one before. The largest curvature sets the limit, the smallest one how long it takes.',
    'Of one linear layer and mean squared error the curvature is the same everywhere and follows from the data. Behind a hidden layer it changes with the weights, and rates are found by trying.',
  ],
  ops: ['sgd', 'mse', 'softmaxCrossEntropy'],
  next: [
    {
      idea: 'Find the limit of LeNet-5: raise the rate until it learns nothing any more.',
      command: 'etalon train lenet5 --optimizer sgd --learning-rate 0.5 --schedule constant',
    },
    {
      idea: 'A rate that falls on the way may start higher.',
      command: 'etalon train lenet5 --optimizer sgd --learning-rate 0.2 --schedule cosine',
    },
    { idea: 'Batch norm widens the range of rates that work.', command: 'etalon lesson batch-norm' },
  ],
  run: (room) => {
    const [batch, steps] = [sized(room, 32, 8), sized(room, 60, 2)]
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 4000, validation: 0, test: 1000 })),
      TE.bindTo('material'),
      TE.bind('bowl', ({ material: { pixels, standard } }) => {
        const train = examplesOf(some(pixels.train, 0, sized(room, 1000, 16)), standard)
        const all = Array.from({ length: train.count }, (_, i) => i)
        const limit = 2 / largestCurvature(train.at(all).x, 10)
        return F.pipe(
          inBowl(partOf(room, 0, 0.4), train, limit, steps),
          TE.map((runs) => ({ limit, runs, count: train.count })),
        )
      }),
      TE.bind('outcomes', ({ material: { train, test } }) =>
        inTurn(partOf(room, 0.4, 1), rates, (room, rate) =>
          F.pipe(
            teach(
              room,
              `${sizesOf(hidden)}, η = ${rate}`,
              {
                network,
                optimizer: { op: 'sgd' },
                loss: 'softmaxCrossEntropy',
                rates: { schedule: 'constant', rate },
                epochs: 1,
                batch,
                seed: room.seed,
              },
              { train },
            ),
            TE.bindTo('taught'),
            TE.bind('test', ({ taught }) => examined(room, taught, test)),
            TE.map((of): Outcome => ({ rate, ...of })),
          ),
        ),
      ),
      TE.map(({ material: { train, test }, bowl: { limit, runs, count }, outcomes }) => ({
        done: [
          `One linear layer, ${parameterCount(oneLayer(1))} parameters, went ${steps} steps down its mean squared error over ${count} digits, all of them in every step, once with each of ${shares.length} rates from the same first weights.`,
          `A network ${sizesOf(hidden)} with ReLU, ${parameterCount(network(1))} parameters, learnt ${train.count} digits once in steps of ${batch} by cross-entropy, once with each of ${rates.length} rates from the same first weights and in the same order; ${test.count} test digits judge.`,
        ],
        sections: [...bowlSections(limit, runs, steps), ...sectionsOf(outcomes)],
        figures: {
          'limit 2/λ': limit,
          ...Object.fromEntries(
            runs.flatMap(({ share, taught: { losses, diverged } }) => [
              [`bowl ${share}: first loss`, losses[0] ?? 0],
              diverged === undefined
                ? [`bowl ${share}: last loss`, losses.at(-1) ?? 0]
                : [`bowl ${share}: diverged at step`, diverged.step],
            ]),
          ),
          ...Object.fromEntries(
            outcomes.map(({ rate, taught: { diverged }, test }) =>
              test === undefined
                ? [`η ${rate}: diverged at step`, diverged?.step ?? 0]
                : [`η ${rate}: test accuracy`, test.accuracy],
            ),
          ),
        },
      })),
    )
  },
}
