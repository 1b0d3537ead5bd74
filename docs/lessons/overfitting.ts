import { function as F, taskEither as TE } from 'fp-ts'
import type { Network } from '../../spec/networks/network.js'
import { parameterCount, trainingBy } from '../../spec/networks/network.js'
import type { Evaluation } from '../../training/fit.js'
import type { Description, Patience } from '../../training/training.js'
import type { Taught } from './classroom.js'
import { examined, inTurn, materialOf, sized, teach } from './classroom.js'
import { layered, sizesOf } from './layered.js'
import type { Classroom, Lesson, Line, Section } from './lesson.js'
import { bars, heading, lines, percent, table, text } from './lesson.js'

/** One way of training, and what it changes against the plain large network. */
interface Plan {
  readonly name: string
  readonly hidden: readonly number[]
  /** how far the digit is shrunk first */
  readonly shrunk?: number
  readonly l2Penalty?: number
  /** with dropout: of hidden units and of pixels */
  readonly dropout?: true
  readonly stopping?: Patience
}

const beta = 0.03
const keeping = { keep: 0.5, keepPixels: 0.7 } as const
const patience = 5
const large = [100]
const shrunk = { shrunk: 4 } as const

const plans: readonly Plan[] = [
  { name: 'too small', hidden: [4], ...shrunk },
  { name: 'large', hidden: large },
  { name: 'early stopping', hidden: large, stopping: { patience, monitor: 'loss' } },
  { name: 'L2', hidden: large, l2Penalty: beta },
  { name: 'dropout', hidden: large, dropout: true },
]

const descriptionOf = (
  { hidden, shrunk = 1, l2Penalty, dropout, stopping }: Plan,
  { seed }: Classroom,
  batch: number,
  epochs: number,
): Description => ({
  network: (batch): Network =>
    layered(batch, hidden, { shrunk, ...(dropout === true ? keeping : {}), mode: trainingBy(seed) }),
  inference: (batch): Network => layered(batch, hidden, { shrunk }),
  optimizer: { op: 'momentum' },
  loss: 'softmaxCrossEntropy',
  rates: { schedule: 'constant', rate: 0.02 },
  epochs,
  batch,
  seed,
  ...(l2Penalty === undefined ? {} : { l2Penalty }),
  ...(stopping === undefined ? {} : { stopping }),
})

interface Run {
  readonly plan: Plan
  readonly taught: Taught
  readonly train: Evaluation
  readonly validation: Evaluation
  readonly test: Evaluation
}

const none: Evaluation = { loss: 0, accuracy: 0, top5Error: 1 }
const short = (value: number): string => String(Number(value.toPrecision(3)))
const gapOf = ({ train, test }: Run): number => train.accuracy - test.accuracy

const curvesOf = (runs: readonly Run[], of: 'loss' | 'accuracy'): readonly Line[] =>
  runs.flatMap(({ plan: { name }, taught: { points } }): readonly Line[] => [
    {
      name: `${name}, validation`,
      points: points.map((point) => [
        point.epoch,
        (of === 'loss' ? point.validationLoss : point.validationAccuracy) ?? NaN,
      ]),
    },
    {
      name: `${name}, training`,
      like: `${name}, validation`,
      dashed: true,
      points: points.map((point) => [point.epoch, (of === 'loss' ? point.loss : point.accuracy) ?? NaN]),
    },
  ])

const sectionsOf = (runs: readonly Run[]): readonly Section[] => {
  const [small, large, stopped, ...penalised] = runs as readonly [Run, Run, Run, ...Run[]]
  const lowest = large.taught.points.reduce((a, b) => ((b.validationLoss ?? NaN) < (a.validationLoss ?? NaN) ? b : a))
  const last = large.taught.points.at(-1) ?? lowest
  const remedies = [stopped, ...penalised]
  const best = runs.reduce((a, b) => (b.test.accuracy > a.test.accuracy ? b : a))
  const helped = remedies.filter(({ test }) => test.loss < large.test.loss)
  return [
    table(
      'What each network comes to',
      ['training', 'epochs', 'right: training', 'right: test', 'gap', 'loss: training', 'loss: test'],
      runs.map((run) => [
        run.plan.name,
        run.taught.points.length,
        percent(run.train.accuracy),
        percent(run.test.accuracy),
        percent(gapOf(run)),
        short(run.train.loss),
        short(run.test.loss),
      ]),
    ),
    heading('Too small, and large'),
    lines('Loss of training and validation digits after each epoch', {
      x: { label: 'epoch' },
      y: { label: 'loss', log: true },
      lines: curvesOf([small, large], 'loss'),
    }),
    text(
      `The small network gets ${percent(small.train.accuracy)} of the very digits right that it learns from, the large one ${percent(large.train.accuracy)}. ${small.train.accuracy < large.train.accuracy - 0.05 ? 'What it cannot even say of these it will say of no others: it underfits.' : 'It is not too small for these.'}`,
      `The large one falls from ${percent(large.train.accuracy)} to ${percent(large.test.accuracy)} on digits it never saw, a gap of ${percent(gapOf(large))}; the small one’s is ${percent(gapOf(small))}.`,
    ),
    text(
      lowest.epoch === last.epoch
        ? `The large network’s validation loss was lowest at the last epoch, ${short(lowest.validationLoss ?? 0)}: it does not overfit yet.`
        : `The large network’s validation loss was lowest after epoch ${lowest.epoch}, ${short(lowest.validationLoss ?? 0)}, and ${short(last.validationLoss ?? 0)} after epoch ${last.epoch}, while its training loss went on falling from ${short(lowest.loss)} to ${short(last.loss)}. From there on it learns what is true of these digits only: it overfits. Its accuracy was ${percent(lowest.validationAccuracy ?? 0)} then and is ${percent(last.validationAccuracy ?? 0)} at the end: it counts a digit that is wrong with certainty no more than one that is wrong by a hair, so it shows this less than the loss does.`,
    ),
    heading('What helps'),
    lines('Validation loss of the large network, with and without help', {
      x: { label: 'epoch' },
      y: { label: 'validation loss' },
      lines: [large, ...remedies].map(({ plan: { name }, taught: { points } }) => ({
        name,
        points: points.map(({ epoch, validationLoss }) => [epoch, validationLoss ?? NaN]),
      })),
    }),
    bars('Loss of the test digits', {
      x: { label: 'loss', from: 0 },
      bars: runs.map(({ plan: { name }, test: { loss } }) => ({ name, value: loss })),
    }),
    text(
      `Early stopping watched the validation loss, ended the training after epoch ${stopped.taught.points.length} and gave back the weights of epoch ${stopped.taught.bestEpoch}. Their loss of the validation digits is ${short(stopped.validation.loss)}; after its last epoch it had been ${short(stopped.taught.points.at(-1)?.validationLoss ?? 0)}.`,
    ),
    text(
      helped.length === 0
        ? `None of the ${remedies.length} made the loss of the test digits smaller.`
        : `Of the ${remedies.length}, ${helped.map(({ plan, test }) => `${plan.name} (${short(test.loss)})`).join(', ')} made the loss of the test digits smaller than the plain network’s ${short(large.test.loss)}.`,
      `Right of them: ${percent(large.test.accuracy)} with the plain network, ${remedies.map(({ plan, test }) => `${percent(test.accuracy)} with ${plan.name}`).join(', ')}. Most are right with ${best.plan.name === 'large' ? 'the plain large network' : best.plan.name}.`,
    ),
  ]
}

export const overfitting: Lesson = {
  name: 'overfitting',
  title: 'Underfitting, overfitting, and three remedies',
  question: 'A network learns from some digits and is asked about others. How large may it be?',
  source: 'slides "Regularization – Dropout", "Ridge regression"',
  theory: [
    'What is wanted is a small loss of examples that nobody has; what training makes small is the loss of those at hand. A network with too few parameters can do neither. One with many more parameters than examples can make the second 0 in countless ways, and most of them say nothing about new examples.',
    'So some examples are held out to look at while training: where their loss turns upwards, what is learnt no longer carries over. Early stopping stops there and goes back to the best epoch.',
    'L2 adds β/2·Σw² to the loss: weights must earn their size. Dropout leaves out each unit with probability 1 − keep in every step, so that none can rely on another; the rest is scaled by 1/keep, and when the network is asked, all units are there.',
  ],
  ops: ['softmaxCrossEntropy', 'l2Penalty', 'dropout', 'momentum'],
  next: [
    { idea: 'More digits are the best remedy: ten times as many.', command: 'etalon lesson overfitting --size 10' },
    {
      idea: 'Digits moved about are new digits, too: LeNet-5 with shifts, stopping early.',
      command: 'etalon train lenet5 --epochs 12 --augment shift --validation 1000 --patience 3 --curves curves.html',
    },
  ],
  run: (room) => {
    const [epochs, batch] = [Math.min(25, sized(room, 25, 1)), Math.max(8, Math.min(30, sized(room, 30)))]
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 300, validation: 500, test: 1000 })),
      TE.bindTo('material'),
      TE.bind('runs', ({ material: { train, validation, test } }) =>
        inTurn(room, plans, (room, plan) =>
          F.pipe(
            teach(
              room,
              plan.name,
              descriptionOf(plan, room, batch, epochs),
              { train, validation },
              { sample: train.count },
            ),
            TE.bindTo('taught'),
            TE.bind('own', ({ taught }) => examined(room, taught, train)),
            TE.bind('held', ({ taught }) => examined(room, taught, validation)),
            TE.bind('asked', ({ taught }) => examined(room, taught, test)),
            TE.map(({ taught, own = none, held = none, asked = none }): Run => ({
              plan,
              taught,
              train: own,
              validation: held,
              test: asked,
            })),
          ),
        ),
      ),
      TE.map(({ material: { train, validation, test }, runs }) => ({
        done: [
          `Networks of one hidden layer with ReLU learnt the same ${train.count} digits for up to ${epochs} epochs in steps of ${batch} by momentum: a small one that sees each digit shrunk to means of ${shrunk.shrunk}×${shrunk.shrunk} pixels, ${sizesOf([4], shrunk)}, ${parameterCount(layered(1, [4], shrunk))} parameters, and a large one, ${sizesOf(large)}, ${parameterCount(layered(1, large))}. ${validation.count} other digits were looked at after each epoch, and ${test.count} test digits at the end.`,
          `The large one was also trained with early stopping (after ${patience} epochs without a better validation loss), with an L2 penalty of β = ${beta}, and with dropout that keeps ${keeping.keep} of the hidden units and ${keeping.keepPixels} of the pixels.`,
        ],
        sections: sectionsOf(runs),
        figures: Object.fromEntries(
          runs.flatMap(({ plan: { name }, taught, train, validation, test }) => [
            [`${name}: training accuracy`, train.accuracy],
            [`${name}: test accuracy`, test.accuracy],
            [`${name}: training loss`, train.loss],
            [`${name}: validation loss`, validation.loss],
            [`${name}: test loss`, test.loss],
            [`${name}: epochs`, taught.points.length],
            ...(taught.bestEpoch === undefined ? [] : [[`${name}: best epoch`, taught.bestEpoch] as const]),
          ]),
        ),
      })),
    )
  },
}
