import { taskEither as TE } from 'fp-ts'
import { function as F } from 'fp-ts'
import type { Network } from '../../spec/networks/network.js'
import { fullyConnected, parameterCount, plainLayer, sequential } from '../../spec/networks/network.js'
import type { Evaluation } from '../../spec/training/fit.js'
import type { Taught } from './classroom.js'
import { examined, inTurn, materialOf, sized, smoothed, teach } from './classroom.js'
import type { Lesson, Section } from './lesson.js'
import { bars, lines, percent, table, text } from './lesson.js'

const network = (batch: number): Network =>
  sequential(
    [batch, 1, 28, 28],
    [
      plainLayer('flat', 'flatten'),
      fullyConnected('fc1', 784, 64),
      plainLayer('relu1', 'relu'),
      fullyConnected('fc2', 64, 10),
    ],
  )

const rates = [0.0003, 0.003, 0.03, 0.3, 3, 30] as const

interface Outcome {
  readonly rate: number
  readonly taught: Taught
  readonly test: Evaluation | undefined
}

const nameOf = ({ rate }: Outcome): string => `η = ${rate}`
const accuracyOf = ({ test }: Outcome): number => test?.accuracy ?? 0

const endOf = ({ taught: { diverged, losses } }: Outcome): string =>
  diverged === undefined
    ? (smoothed(losses, 10).at(-1) ?? NaN).toFixed(3)
    : `diverged: ${diverged.loss} at step ${diverged.step}`

const sectionsOf = (outcomes: readonly Outcome[]): readonly Section[] => {
  const best = outcomes.reduce((a, b) => (accuracyOf(b) > accuracyOf(a) ? b : a))
  const smallest = outcomes[0] as Outcome
  const diverged = outcomes.filter(({ taught }) => taught.diverged !== undefined)
  const worse = outcomes.filter((one) => one.rate > best.rate && one.taught.diverged === undefined)
  return [
    table(
      'What each rate comes to after the same steps',
      ['rate', 'loss at the end', 'test accuracy'],
      outcomes.map((one) => [nameOf(one), endOf(one), one.test === undefined ? '–' : percent(one.test.accuracy)]),
    ),
    lines('The loss of each step, the mean of ten', {
      x: { label: 'step' },
      y: { label: 'loss', log: true, from: 0.05, to: 10 },
      lines: outcomes.map((one) => ({
        name: nameOf(one),
        points: smoothed(one.taught.losses, 10).map((loss, i) => [i + 1, loss] as const),
      })),
    }),
    bars('Test accuracy by rate; a training that diverged has none', {
      x: { label: 'test accuracy', percent: true, from: 0, to: 1 },
      bars: outcomes.map((one) => ({ name: nameOf(one), value: accuracyOf(one) })),
    }),
    text(
      `The best of these rates is ${best.rate}: ${percent(accuracyOf(best))} of the test digits.`,
      smallest === best
        ? 'No smaller one was tried.'
        : `At ${smallest.rate} the weights went the same number of steps, each ${Math.round(best.rate / smallest.rate)} times as short for the same gradient, and came to ${percent(accuracyOf(smallest))}: too small is not wrong, it is slow.`,
    ),
    ...(worse.length === 0
      ? []
      : [
          text(
            `Larger ones that stayed finite did worse: ${worse.map((one) => `${nameOf(one)} ${percent(accuracyOf(one))}`).join(', ')}.`,
          ),
        ]),
    text(
      diverged.length === 0
        ? 'None of them diverged.'
        : `${diverged.map((one) => `${nameOf(one)} diverged at step ${one.taught.diverged?.step}, its loss ${one.taught.diverged?.loss}`).join('; ')}: a step so long lands higher on the other side, where the gradient is larger still.`,
    ),
  ]
}

export const learningRate: Lesson = {
  name: 'learning-rate',
  title: 'The learning rate: too small, right, too large',
  question: 'The gradient says in which direction the loss falls. How far should one go?',
  source: 'slides "Backpropagation" (4–7/7)',
  theory: [
    'Gradient descent knows the slope where it stands and nothing else. A step is the rate η times the gradient: along it the loss falls by about η·|g|², as long as the step is so short that the slope does not change on the way.',
    'Across a valley of curvature λ, a step multiplies the distance from the bottom by 1 − ηλ. Below η = 1/λ it creeps down one side, between 1/λ and 2/λ it jumps across and still comes down, above 2/λ every jump lands higher than the one before: it diverges. The largest curvature sets the limit, the smallest one the time it takes.',
  ],
  ops: ['sgd', 'softmaxCrossEntropy'],
  next: [
    {
      idea: 'Find the limit of LeNet-5 in the same way: raise the rate until the loss is no number any more.',
      command: 'etalon train lenet5 --optimizer sgd --learning-rate 1 --schedule constant',
    },
    {
      idea: 'A rate that falls while one goes may start higher.',
      command: 'etalon train lenet5 --optimizer sgd --learning-rate 0.2 --schedule cosine',
    },
    { idea: 'Batch norm widens the range of rates that work.', command: 'etalon lesson batch-norm' },
  ],
  run: (room) => {
    const batch = sized(room, 32, 8)
    const epochs = 2
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 4000, validation: 0, test: 1000 })),
      TE.bindTo('material'),
      TE.bind('outcomes', ({ material: { train, test } }) =>
        inTurn(room, rates, (room, rate) =>
          F.pipe(
            teach(
              room,
              `η = ${rate}`,
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
            ),
            TE.bindTo('taught'),
            TE.bind('test', ({ taught }) => examined(room, taught, test)),
            TE.map((of): Outcome => ({ rate, ...of })),
          ),
        ),
      ),
      TE.map(({ material: { train, test }, outcomes }) => ({
        done: [
          `A network of two layers, ${parameterCount(network(1))} parameters, learnt ${train.count} digits ${epochs} times over in steps of ${batch}, by plain gradient descent, from the same first weights and in the same order, once with each of ${rates.length} rates. ${test.count} test digits judge.`,
        ],
        sections: sectionsOf(outcomes),
        figures: Object.fromEntries(
          outcomes.flatMap(({ rate, taught: { diverged }, test }) => [
            ...(test === undefined ? [] : [[`testAccuracy at ${rate}`, test.accuracy] as const]),
            ...(diverged === undefined ? [] : [[`diverged at ${rate}, step`, diverged.step] as const]),
          ]),
        ),
      })),
    )
  },
}
