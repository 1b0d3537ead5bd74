import { function as F, taskEither as TE } from 'fp-ts'
import type { Network } from '../../spec/networks/network.js'
import { parameterCount } from '../../spec/networks/network.js'
import type { Evaluation } from '../../training/fit.js'
import { examplesOf } from '../../training/training.js'
import type { Taught } from './classroom.js'
import { examined, inTurn, materialOf, sized, some, teach } from './classroom.js'
import { layered, sizesOf } from './layered.js'
import type { Lesson, Section } from './lesson.js'
import { lines, percent, table, text } from './lesson.js'

const hidden = [32]
const network = (batch: number): Network => layered(batch, hidden)

interface Run {
  readonly name: string
  readonly batch: number
  readonly rate: number
  readonly taught: Taught
  readonly test: Evaluation | undefined
}

const short = (value: number): string => String(Number(value.toPrecision(3)))
const spread = (values: readonly number[]): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
const lastOf = ({ taught: { measured } }: Run): number => measured.at(-1)?.loss ?? 0
/** How much the losses of the last quarter of a training's steps differ from each other. */
const noiseOf = ({ taught: { losses } }: Run): number => spread(losses.slice(-Math.ceil(losses.length / 4)))
/** The trainings of which so many steps are left to compare. */
const compared = (runs: readonly Run[]): readonly Run[] => runs.filter(({ taught: { losses } }) => losses.length >= 8)

const sectionsOf = (runs: readonly Run[], seen: number): readonly Section[] => {
  const [one, full] = [runs[0] as Run, runs.at(-1) as Run]
  const best = runs.reduce((a, b) => (lastOf(b) < lastOf(a) ? b : a))
  const steps = ({ taught }: Run): number => taught.losses.length
  const byExamples = runs.toSorted((a, b) => lastOf(a) - lastOf(b))
  return [
    table(
      `After ${seen} digits seen, whatever the batch`,
      ['descent', 'rate', 'steps', 'loss', 'test accuracy', 'spread of its steps’ losses'],
      runs.map((run) => [
        run.name,
        run.rate,
        steps(run),
        short(lastOf(run)),
        run.test === undefined ? 'diverged' : percent(run.test.accuracy),
        compared([run]).length === 0 ? '–' : short(noiseOf(run)),
      ]),
    ),
    lines('Loss of all training digits, by how many were seen', {
      x: { label: 'digits seen' },
      y: { label: 'loss', from: 0 },
      lines: runs.map(({ name, batch, taught: { measured } }) => ({
        name,
        points: measured.map(({ step, loss }) => [step * batch, loss] as const),
      })),
    }),
    lines('The same by steps taken', {
      x: { label: 'steps', log: true },
      y: { label: 'loss', from: 0 },
      lines: runs.map(({ name, taught: { measured } }) => ({
        name,
        points: measured.map(({ step, loss }) => [step, loss] as const),
      })),
    }),
    lines('What each step sees: the loss of its own batch', {
      x: { label: 'digits seen' },
      y: { label: 'loss of the batch', from: 0, to: 4 },
      lines: runs
        .filter(({ batch }) => batch < full.batch)
        .toSorted((a, b) => a.batch - b.batch)
        .map(({ name, batch, taught: { losses } }) => {
          // a curve of some hundred points is as noisy, and can be drawn
          const every = Math.max(1, Math.floor(losses.length / 300))
          return {
            name,
            points: losses.flatMap((loss, i) => (i % every === 0 ? [[(i + 1) * batch, loss] as const] : [])),
          }
        }),
    }),
    text(
      `For the same ${seen} digits seen, ${best.name} comes lowest, to a loss of ${short(lastOf(best))}; in order: ${byExamples.map((run) => `${run.name} ${short(lastOf(run))}`).join(', ')}.`,
      `One step of ${full.batch} digits costs as many products as ${full.batch} steps of one, and so the full batch takes ${steps(full)} steps where single digits take ${steps(one)}: it had fewer chances to move, each well informed.`,
    ),
    text(
      `How well informed, the spread of the last steps’ losses shows: ${compared(runs)
        .map((run) => `${short(noiseOf(run))} with ${run.batch === 1 ? 'single digits' : `${run.batch} at once`}`)
        .join(
          ', ',
        )}. The mean of B digits varies 1/√B as much as one of them, so ten times less noise takes a hundred times the work.`,
    ),
  ]
}

export const batchSize: Lesson = {
  name: 'batch-size',
  title: 'Full batch, single sample, mini-batch',
  question: 'How many examples should one look at before each step?',
  source: 'slides "Backpropagation" (4–7/7)',
  theory: [
    'The loss is a mean over all examples, and so is its gradient. Full-batch descent computes the whole mean for each step: exact, and dear. Stochastic descent steps after every single example: cheap, and right only on average. A mini-batch is in between; the step is the same for all three, w ← w − η·(mean of the gradients).',
    'The mean of B independent gradients has a standard deviation of 1/√B of one gradient’s. That is the trade: work grows as B, certainty as √B. On hardware that computes a batch at once, work does not even grow at first, and mini-batches win twice.',
  ],
  ops: ['sgd', 'softmaxCrossEntropy'],
  next: [
    {
      idea: 'LeNet-5 by single digits, and by 256 at once: compare accuracy and seconds.',
      command: 'etalon train lenet5 --batch 256 --learning-rate 0.05',
    },
    {
      idea: 'A larger batch bears a larger rate; how large, the lesson on rates finds out.',
      command: 'etalon lesson learning-rate',
    },
  ],
  run: (room) => {
    const seen = sized(room, 2000, 16)
    const count = sized(room, 1000, 16)
    // each the rate, of 0.001, 0.003, 0.01, 0.03 and so on, 0.5 among them, that came lowest at the size as taught
    const plans = [
      { name: 'single sample', batch: 1, rate: 0.01 },
      { name: 'mini-batch of 10', batch: 10, rate: 0.1 },
      { name: 'mini-batch of 100', batch: 100, rate: 0.3 },
      { name: 'full batch', batch: count, rate: 0.5 },
    ].filter(({ batch }) => batch <= count)
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 4000, validation: 0, test: 1000 })),
      TE.bindTo('material'),
      TE.bind('runs', ({ material: { pixels, standard, test } }) => {
        const train = examplesOf(some(pixels.train, 0, count), standard)
        return inTurn(
          room,
          plans,
          (room, { name, batch, rate }) => {
            const perEpoch = Math.floor(train.count / batch)
            const epochs = Math.max(1, Math.round(seen / (perEpoch * batch)))
            const every = Math.max(1, Math.floor((perEpoch * epochs) / 20))
            return F.pipe(
              teach(
                room,
                name,
                {
                  network,
                  optimizer: { op: 'sgd' },
                  loss: 'softmaxCrossEntropy',
                  rates: { schedule: 'constant', rate },
                  epochs,
                  batch,
                  seed: room.seed,
                },
                { train },
                {
                  evaluate: { examples: train, after: (step) => step % every === 0 || step === perEpoch * epochs },
                },
              ),
              TE.bindTo('taught'),
              TE.bind('test', ({ taught }) => examined(room, taught, test)),
              TE.map((of): Run => ({ name, batch, rate, ...of })),
            )
          },
          ({ batch }) => 1 / batch + 0.01,
        )
      }),
      TE.map(({ material: { test }, runs }) => ({
        done: [
          `A network ${sizesOf(hidden)} with ReLU, ${parameterCount(network(1))} parameters, learnt ${count} digits, about ${seen / count} times over, by plain gradient descent from the same first weights: once after every single digit, once after all of them, and twice in between. Each has a rate of its own: a better informed step may be longer. ${test.count} test digits judge.`,
        ],
        sections: sectionsOf(runs, seen),
        figures: Object.fromEntries(
          runs.flatMap((run) => [
            [`${run.name}: steps`, run.taught.losses.length],
            [`${run.name}: loss`, lastOf(run)],
            ...(run.test === undefined ? [] : [[`${run.name}: test accuracy`, run.test.accuracy] as const]),
            ...(compared([run]).length === 0 ? [] : [[`${run.name}: spread of its losses`, noiseOf(run)] as const]),
          ]),
        ),
      })),
    )
  },
}
