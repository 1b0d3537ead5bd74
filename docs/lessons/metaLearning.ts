import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError, Result } from '../../spec/error.js'
import { sessionOf } from '../../spec/backend.js'
import { ensure } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import {
  chain,
  convolution,
  fullyConnected,
  plainLayer,
  sequential,
  batchNorm,
  initialKept,
  trainingBy,
} from '../../spec/networks/network.js'
import type { Draws } from '../../spec/philox.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate, mapTensor } from '../../spec/tensor.js'
import type { Dataset } from '../../training/dataset.js'
import { ofClasses } from '../../training/dataset.js'
import { characters } from '../../training/digits.js'
import { initialParameters } from '../../training/initialize.js'
import type { Classes, InnerSteps, MetaAlgorithm, MetaMethod, Task as Few } from '../../training/meta.js'
import { fewShot, metaLearner, sinusoid, taskFeeds, taskProgram } from '../../training/meta.js'
import { accuracy } from '../../training/metrics.js'
import { inTurn, sized, smoothed } from './classroom.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { bars, heading, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

/** How first weights are found. `joint`: on all tasks at once, without steps of their own; `none`: as they are drawn. */
type Way = MetaAlgorithm | 'joint' | 'none'

const titles: Readonly<Record<Way, string>> = {
  maml: 'MAML',
  firstOrderMaml: 'first-order MAML',
  reptile: 'Reptile',
  joint: 'trained jointly',
  none: 'from scratch',
}

interface Learnt {
  readonly way: Way
  readonly parameters: Tensors
  /** the mean query loss of each step */
  readonly losses: readonly number[]
}

/** A kind of task, and how it is learnt. */
interface Subject {
  /** for so many examples */
  readonly network: (count: number) => Network
  readonly inner: InnerSteps
  readonly draw: (draw: Draws) => Result<Few>
  readonly tasks: number
  readonly metaRate: number
  /** parameters that start at 0 and that learning over tasks leaves alone */
  readonly frozen?: readonly string[]
}

/** β falls to 0 as a cosine. */
const rateAt = (rate: number, step: number, steps: number): number =>
  (rate / 2) * (1 + Math.cos((Math.PI * (step - 1)) / steps))

/** First weights that learn such tasks, by so many steps over batches of tasks. */
const learnt =
  (
    room: Classroom,
    { network, inner, draw, tasks, metaRate, frozen = [] }: Subject,
    way: Way,
    steps: number,
  ): Task<Learnt> =>
  async () => {
    const key = `meta ${room.seed} ${way === 'none' ? '' : 'tasks'}`
    const source = draws(keyOf(key))
    const first = draw(source)
    if (E.isLeft(first)) return first
    const [support, query] = [first.right.support, first.right.query].map(({ x }) => network(x.shape[0] as number)) as [
      Network,
      Network,
    ]
    const drawn = initialParameters(network(1), room.seed)
    const parameters = {
      ...drawn,
      ...Object.fromEntries(frozen.map((name) => [name, mapTensor(() => 0, drawn[name] as Tensor)])),
    }
    if (way === 'none') {
      room.tell(1, titles[way])
      return E.right({ way, parameters, losses: [] })
    }
    const method: MetaMethod = {
      ...inner,
      steps: way === 'joint' ? 0 : inner.steps,
      algorithm: way === 'joint' ? 'firstOrderMaml' : way,
      optimizer: { op: 'adam' },
      metaRate,
      frozen,
    }
    const made = metaLearner(support, query, method)
    if (E.isLeft(made)) return made
    const opened = await made.right.open(room.backend, made.right.begun(parameters), tasks)()
    if (E.isLeft(opened)) return opened
    const session = opened.right
    const losses: number[] = []
    for (let step = 1; step <= steps; step++) {
      const some = E.sequenceArray(Array.from({ length: tasks }, () => draw(source)))
      const loss = E.isLeft(some) ? some : await session.step(some.right, rateAt(metaRate, step, steps))()
      if (E.isLeft(loss)) {
        await session.close()
        return loss
      }
      losses.push(loss.right)
      room.tell(step / steps, `${titles[way]}: step ${step} of ${steps}, loss of the queries ${loss.right.toFixed(4)}`)
    }
    const state = await session.state()
    await session.close()
    if (E.isLeft(state)) return state
    const own = Object.fromEntries(Object.keys(parameters).map((name) => [name, state.right[name] as Tensor]))
    return E.right({ way, parameters: own, losses })
  }

/** The query's loss, and what the network answers to it, after so many steps on a new task, averaged over tasks. */
const judged =
  (
    { backend }: Classroom,
    { network, inner }: Pick<Subject, 'network' | 'inner'>,
    { parameters }: Pick<Learnt, 'parameters'>,
    tasks: readonly Few[],
    steps: number,
    rate = inner.rate,
  ): Task<{ readonly loss: number; readonly accuracy: number }> =>
  async () => {
    const [few] = tasks
    const [support, query] = [few?.support, few?.query].map((one) => network(one?.x.shape[0] ?? 1)) as [
      Network,
      Network,
    ]
    const made = taskProgram(support, query, { ...inner, steps, rate }, 'first')
    if (E.isLeft(made)) return made
    const output = `query.${query.output}`
    // first weights stay as they are, so that the program is recorded once for all tasks
    const program = { ...made.right.program, carry: Object.fromEntries(Object.keys(parameters).map((p) => [p, p])) }
    const opened = await sessionOf(backend, program, parameters)()
    if (E.isLeft(opened)) return opened
    const session = opened.right
    let [loss, right] = [0, 0]
    for (const task of tasks) {
      const ran = await session.step(taskFeeds(made.right, task, initialKept(support)), [made.right.loss, output])()
      if (E.isLeft(ran)) {
        await session.close()
        return ran
      }
      loss += ran.right[made.right.loss]?.data[0] as number
      right += inner.loss === 'mse' ? 0 : accuracy(ran.right[output] as Tensor, task.query.target)
    }
    await session.close()
    return E.right({ loss: loss / tasks.length, accuracy: right / tasks.length })
  }

const shots = 10
const waveNetwork =
  (units: number) =>
  (count: number): Network =>
    sequential(
      [count, 1],
      [
        chain(
          fullyConnected('fc1', 1, units),
          plainLayer('relu1', 'relu'),
          fullyConnected('fc2', units, units),
          plainLayer('relu2', 'relu'),
          fullyConnected('fc3', units, 1),
        ),
      ],
    )
const waves: Omit<Subject, 'network'> = {
  inner: { loss: 'mse', steps: 1, rate: 0.01 },
  draw: (draw) => E.right(sinusoid(draw, shots, shots)),
  tasks: 4,
  metaRate: 0.01,
}
const waveSteps = [0, 1, 5, 10]
const waveWays: readonly Way[] = ['maml', 'firstOrderMaml', 'reptile', 'joint']

const side = 14
const ways = 5
// learning over tasks of more classes than will be asked for teaches features that tell more apart
const learntWays = 20
// α by what one example weighs, which is 1 ÷ ways
const learntRate = 4
// on a new task all parameters move, in smaller steps: the first layers as well, which no step moved before
const newRate = 0.1
const newSteps = 3
const metaSteps = 1000
// the more characters there are, the further what tells them apart reaches
const [knownCharacters, waysToWrite] = [4000, 6]
const waveMetaSteps = 1500
const judgedTasks = 30
const digitWays: readonly Way[] = ['maml', 'none']
// how training from scratch suits best is looked for on the very tasks: what it is held against is the best of them
const scratchRates = [0.03, 0.1, 0.3]
const scratchSteps = 25

/** Batch norm goes by the statistics of the examples at hand, in the queries as well. */
const digitNetwork =
  (filters: number, classes: number) =>
  (count: number): Network =>
    sequential(
      [count, 1, side, side],
      [
        chain(
          convolution('conv1', [1, filters], [3, 3], { padding: [1, 1, 1, 1] }),
          batchNorm('bn1', filters),
          plainLayer('relu1', 'relu'),
          plainLayer('pool1', 'maxPool2d'),
          convolution('conv2', [filters, filters], [3, 3], { padding: [1, 1, 1, 1] }),
          batchNorm('bn2', filters),
          plainLayer('relu2', 'relu'),
          plainLayer('pool2', 'maxPool2d'),
          convolution('conv3', [filters, filters], [3, 3], { padding: [1, 1, 1, 1] }),
          batchNorm('bn3', filters),
          plainLayer('relu3', 'relu'),
          plainLayer('flat', 'flatten'),
          fullyConnected('fc', filters * 9, classes),
        ),
      ],
      trainingBy(1),
    )

/** Images of a quarter of the pixels, each the mean of four. */
const small = ({ shape: [count, rows, columns], bytes }: Dataset['images']): Tensor =>
  generate([count, 1, side, side], (flat) => {
    const [n, p] = [Math.floor(flat / (side * side)), flat % (side * side)]
    const [row, column] = [Math.floor(p / side), p % side]
    const at = (a: number, b: number): number => bytes[(n * rows + 2 * row + a) * columns + 2 * column + b] as number
    return ((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / (4 * 255) - 0.13) / 0.3
  })

interface Pools {
  /** characters that nobody writes */
  readonly known: Classes
  readonly heldOut: Classes
}

const firstOf = (dataset: Dataset, digits: readonly number[], each: number): Result<readonly Dataset[]> =>
  F.pipe(
    digits,
    E.traverseArray((digit) =>
      F.pipe(
        ofClasses(dataset, [digit]),
        E.flatMap((all) => ofClasses(all, [0], { each: Math.min(each, all.labels.length) })),
      ),
    ),
  )

const poolsOf = (room: Classroom): Result<Pools> => {
  const [, rows, columns] = room.digits.train.images.shape
  return F.pipe(
    ensure(
      rows === 28 && columns === 28,
      'ShapeMismatch',
      `the lessons read digits of 28×28; these are ${rows}×${columns}`,
    ),
    // no network has seen one of these classes
    E.flatMap(() => firstOf(room.digits.train, [5, 6, 7, 8, 9], sized(room, 200, 4))),
    E.map((held) => ({
      known: characters(room.seed, sized(room, knownCharacters, learntWays), sized(room, waysToWrite, 2)).map(small),
      heldOut: held.map(({ images }) => small(images)),
    })),
  )
}

// which class is the first means nothing beyond a task, so that the last layer has nothing to learn over tasks
const head = ['fc.w', 'fc.b']

/** How one learns to tell characters apart: by one step from a last layer of 0, which moves that layer alone. */
const characterSubject = (known: Classes, filters: number, asked: number): Subject => ({
  network: digitNetwork(filters, learntWays),
  inner: { loss: 'softmaxCrossEntropy', steps: 1, rate: learntRate, moved: head },
  draw: (draw) => fewShot(draw, known, { ways: learntWays, shots: 1, asked }),
  tasks: 1,
  metaRate: 0.005,
  frozen: head,
})

/** How new digits are learnt, from whichever first weights: all of them move. */
const digitSubject = (filters: number): Pick<Subject, 'network' | 'inner'> => ({
  network: digitNetwork(filters, ways),
  inner: { loss: 'softmaxCrossEntropy', steps: newSteps, rate: newRate },
})

interface WaveFound {
  readonly learnt: Learnt
  readonly losses: readonly number[]
}

const wavesFound = (room: Classroom): Task<readonly WaveFound[]> => {
  const subject: Subject = { ...waves, network: waveNetwork(sized(room, 40, 4)) }
  const source = draws(keyOf(`new sinusoids ${room.seed}`))
  const tasks = Array.from({ length: sized(room, 40, 2) }, () => sinusoid(source, shots, 50))
  return inTurn(room, waveWays, (part, way) =>
    F.pipe(
      learnt(part, subject, way, sized(room, waveMetaSteps, 1)),
      TE.bindTo('learnt'),
      TE.bind('judged', ({ learnt }) =>
        F.pipe(
          waveSteps,
          TE.traverseSeqArray((steps) => judged(part, subject, learnt, tasks, steps)),
        ),
      ),
      TE.map(({ learnt, judged }) => ({ learnt, losses: judged.map(({ loss }) => loss) })),
    ),
  )
}

interface DigitsFound {
  readonly meta: number
  /** the best of the rates */
  readonly scratch: number
  readonly scratchRate: number
  readonly byRate: readonly { readonly rate: number; readonly accuracy: number }[]
  readonly losses: readonly number[]
  readonly shown: Few
  readonly count: number
  readonly steps: { readonly meta: number; readonly scratch: number }
}

const digitsFound = (room: Classroom, { known, heldOut }: Pools): Task<DigitsFound> => {
  const fewest = (classes: Classes): number => Math.min(...classes.map(({ shape: [count = 0] }) => count))
  const filters = sized(room, 32, 2)
  // at least one: a class with no more is refused with what it lacks
  const subject = characterSubject(known, filters, Math.max(1, Math.min(sized(room, 3, 1), fewest(known) - 1)))
  const asking = digitSubject(filters)
  // a last layer for fewer classes, of 0 as the other
  const fromZero = ({ parameters }: Learnt): Pick<Learnt, 'parameters'> => ({
    parameters: {
      ...parameters,
      ...Object.fromEntries(
        head.map((name) => [name, filled(asking.network(1).parameters[name]?.shape as Shape, 0)] as const),
      ),
    },
  })
  const source = draws(keyOf(`new digits ${room.seed}`))
  const asked = Math.max(1, Math.min(sized(room, 15, 1), fewest(heldOut) - 1))
  const count = sized(room, judgedTasks, 2)
  return F.pipe(
    E.sequenceArray(Array.from({ length: count }, () => fewShot(source, heldOut, { ways, shots: 1, asked }))),
    TE.fromEither,
    TE.bindTo('tasks'),
    TE.bind('learnt', () =>
      inTurn(
        room,
        digitWays,
        (part, way) => learnt(part, subject, way, sized(room, metaSteps, 1)),
        (way) => (way === 'none' ? 0.01 : 1),
      ),
    ),
    TE.bind('meta', ({ learnt, tasks }) =>
      judged(room, asking, fromZero(learnt[0] as Learnt), tasks, sized(room, newSteps, 1)),
    ),
    TE.bind('scratch', ({ learnt, tasks }) =>
      F.pipe(
        scratchRates.map((rate) => ({ steps: sized(room, scratchSteps, 1), rate })),
        TE.traverseSeqArray(({ steps, rate }) =>
          F.pipe(
            judged(room, asking, fromZero(learnt[1] as Learnt), tasks, steps, rate),
            TE.map(({ accuracy }) => ({ steps, rate, accuracy })),
          ),
        ),
      ),
    ),
    TE.map(({ learnt, tasks, meta, scratch }) => {
      const best = scratch.reduce((a, b) => (b.accuracy > a.accuracy ? b : a))
      return {
        meta: meta.accuracy,
        scratch: best.accuracy,
        scratchRate: best.rate,
        byRate: scratch,
        losses: learnt[0]?.losses ?? [],
        shown: tasks[0] as Few,
        count,
        steps: { meta: sized(room, newSteps, 1), scratch: best.steps },
      }
    }),
  )
}

const rounded = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'no number')

const sectionsOf = (found: readonly WaveFound[], digits: DigitsFound): readonly Section[] => {
  const of = (way: Way): readonly number[] => found.find(({ learnt }) => learnt.way === way)?.losses ?? []
  const [maml, joint] = [of('maml'), of('joint')]
  const gain = 100 * (digits.meta - digits.scratch)
  return [
    heading('Sinusoids'),
    table(
      'Mean squared error on new sinusoids, by steps of gradient descent on ten points',
      ['first weights', ...waveSteps.map((steps) => `${steps} steps`)],
      found.map(({ learnt, losses }) => [titles[learnt.way], ...losses.map(rounded)]),
    ),
    lines('The same', {
      x: { label: 'steps on the new sinusoid' },
      y: { label: 'mean squared error', log: true },
      lines: found.map(({ learnt, losses }) => ({
        name: titles[learnt.way],
        points: losses.map((loss, i) => [waveSteps[i] as number, loss] as const),
        ...(learnt.way === 'joint' ? { dashed: true } : {}),
      })),
    }),
    text(
      `A network that learnt all sinusoids at once knows only their mean, which is 0: before any step it is off by ${rounded(joint[0] ?? 0)}, and one step on ten points takes it to ${rounded(joint[1] ?? 0)}, ten to ${rounded(joint[3] ?? 0)}.`,
      (maml[1] ?? Infinity) < (joint[1] ?? 0)
        ? `MAML's first weights are ${rounded((joint[1] as number) / (maml[1] as number))} times nearer after one step, ${rounded(maml[1] as number)}: they were learnt so that a step goes far, by differentiating the step.`
        : `MAML's first weights come to ${rounded(maml[1] ?? 0)} after one step, which is no nearer here.`,
    ),
    heading('Digits that nobody has seen'),
    images('A task: five digits to learn from, one of each class; the classes were never met before', {
      colours: 'ink',
      zoom: 4,
      rows: [
        {
          pictures: Array.from({ length: ways }, (_, n) => ({
            label: `class ${n}`,
            pixels: generate([side, side], (i) => digits.shown.support.x.data[n * side * side + i] as number),
          })),
        },
      ],
    }),
    bars(`Right on other digits of the five classes, mean of ${digits.count} tasks`, {
      x: { label: 'right', percent: true, from: 0, to: 1 },
      bars: [
        { name: `MAML, ${digits.steps.meta} steps of rate ${newRate}`, value: digits.meta },
        ...digits.byRate.map(({ rate, accuracy }) => ({
          name: `from scratch, ${digits.steps.scratch} steps of rate ${rate}`,
          value: accuracy,
        })),
        { name: 'guessing', value: 1 / ways },
      ],
    }),
    text(
      `From one example of each, ${percent(digits.meta)} are right where the first weights were learnt from characters that nobody writes, and ${percent(digits.scratch)} where they were drawn: ${gain >= 0 ? `${gain.toFixed(1)} points more` : `${(-gain).toFixed(1)} points less`}. From scratch the rate ${digits.scratchRate} is the best, by these very tasks.`,
    ),
    ...(digits.losses.length === 0
      ? []
      : [
          lines('Loss on the queries while learning to learn digits, the mean of 20 steps', {
            x: { label: 'step over a task of 20 classes' },
            y: { label: 'loss', from: 0 },
            lines: [
              {
                name: 'loss',
                points: smoothed(digits.losses, 20)
                  .map((loss, i) => [i + 1, loss] as const)
                  .filter((_, i) => i % 5 === 4 || digits.losses.length < 10),
              },
            ],
          }),
        ]),
  ]
}

export const metaLearning: Lesson = {
  name: 'meta-learning',
  title: 'Learning to learn: first weights from which few steps go far',
  question: 'Ten points of a curve, one example of a digit: from which weights are so few enough?',
  source:
    'Finn, Abbeel and Levine, "Model-agnostic meta-learning", 2017; Nichol, Achiam and Schulman, "On first-order meta-learning algorithms", 2018; Vinyals et al., "Matching networks", 2016',
  theory: [
    'A task is learnt by gradient descent on a few examples, θ′ = θ − α·∇L(θ), and judged by others of the same task. What is learnt over many tasks is θ itself: θ ← θ − β·∇_θ L_query(θ′). The gradient goes through the step, so the gradient of a gradient is wanted.',
    'First-order MAML takes ∇L_query at θ′ as if the step were a constant shift. Reptile looks at no query: it moves θ towards where the steps ended, θ ← θ + β·(θ′ − θ).',
    'Where the last layer starts from 0, no gradient reaches the layers before it: a first step moves the last layer alone. What MAML learns then are features by which one step tells classes apart.',
    'Trained jointly, a network learns what is best for all tasks at once without any step. Where tasks contradict each other, that is their mean.',
  ],
  ops: ['mse', 'softmaxCrossEntropy', 'adam'],
  next: [
    { idea: 'Other tasks, other first weights.', command: 'etalon lesson meta-learning --seed 2' },
    { idea: 'What one class of digits gains of another by plain reuse.', command: 'etalon lesson transfer' },
  ],
  run: (room) =>
    F.pipe(
      TE.fromEither(poolsOf(room)),
      TE.bindTo('pools'),
      // what the digits are too few for is refused before anything is learnt
      TE.tap(({ pools: { known, heldOut } }) =>
        F.pipe(
          [
            [known, learntWays],
            [heldOut, ways],
          ] as const,
          TE.traverseArray(([classes, ways]) =>
            TE.fromEither(fewShot(draws(keyOf('first')), classes, { ways, shots: 1, asked: 1 })),
          ),
        ),
      ),
      TE.bind('found', () => wavesFound({ ...room, tell: (part, what) => room.tell(0.6 * part, what) })),
      TE.bind('digits', ({ pools }) =>
        digitsFound({ ...room, tell: (part, what) => room.tell(0.6 + 0.4 * part, what) }, pools),
      ),
      TE.map(({ pools, found, digits }) => ({
        done: [
          `A network 1–${sized(room, 40, 4)}–${sized(room, 40, 4)}–1 with ReLU learnt sinusoids y = A·sin(x − φ), A from 0.1 to 5, φ from 0 to π, x from −5 to 5: ${sized(room, waveMetaSteps, 1)} steps of Adam over ${waves.tasks} of them each, ${shots} points to learn from and as many to be asked; α = ${waves.inner.rate}, ${waves.inner.steps} step. ${sized(room, 40, 2)} new ones judged.`,
          `A network of three convolutions, of 14×14 pixels, learnt by MAML to tell ${learntWays} classes from one example of each: ${sized(room, metaSteps, 1)} tasks, one step of rate ${learntRate} in each. Its classes were ${pools.known.length} characters that nobody writes; of real digits it saw none. The last layer starts from 0 in every task, so that this step moves it alone: what is learnt are the layers before it. On ${ways} new classes all layers take steps of rate ${newRate}. How, was chosen by the digits 0 to 4; judged by 5 to 9.`,
        ],
        sections: sectionsOf(found, digits),
        figures: {
          ...Object.fromEntries(
            found.flatMap(({ learnt, losses }) =>
              losses.flatMap((loss, i) =>
                // steps that went too far end in no number
                Number.isFinite(loss) ? [[`error ${titles[learnt.way]}, ${waveSteps[i]} steps`, loss] as const] : [],
              ),
            ),
          ),
          'accuracy MAML, 5-way 1-shot': digits.meta,
          'accuracy from scratch, 5-way 1-shot': digits.scratch,
        },
      })),
    ),
}
