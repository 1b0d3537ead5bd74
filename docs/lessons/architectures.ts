import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../../spec/error.js'
import { getOrThrow } from '../../spec/error.js'
import type { Architecture, Part } from '../../spec/networks/architecture.js'
import { activations, architectureName, architectureNetwork } from '../../spec/networks/architecture.js'
import { describeNetwork } from '../../spec/networks/describe.js'
import type { Cell, EdgeShares } from '../../spec/networks/cell.js'
import {
  architectureParameters,
  cellName,
  cellNetwork,
  discretized,
  operations,
  relaxedNetwork,
  sharesOf,
} from '../../spec/networks/cell.js'
import { sessionOf } from '../../spec/backend.js'
import { initialParameters } from '../../training/initialize.js'
import type { Relaxation } from '../../training/search/darts.js'
import { alternatingProgram } from '../../training/search/darts.js'
import { lenet5 } from '../../spec/networks/lenet5.js'
import type { Network } from '../../spec/networks/network.js'
import { draws, keyOf } from '../../spec/philox.js'
import { evolution, drawnAllowed, paretoFront } from '../../training/search/evolution.js'
import type { Outcome, Trial } from '../../training/search/searchers.js'
import { bestOf, lossOf } from '../../training/search/searchers.js'
import type { Setting, Space } from '../../training/search/space.js'
import type { Description } from '../../training/training.js'
import type { Material, Taught } from './classroom.js'
import { examined, inTurn, materialOf, partOf, sized, some, teach } from './classroom.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { heading, lines, percent, table, text } from './lesson.js'
import { examplesOf } from '../../training/training.js'
import { countOf, shuffle } from '../../training/dataset.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

/** What may differ: depth, widths, filter sizes, shortcuts, pools, a hidden layer, the activation. */
const space: Space = {
  activation: { kind: 'choice', values: activations.filter((name) => name !== 'sigmoid') },
  filters1: { kind: 'choice', values: [3, 4, 6, 8] },
  size1: { kind: 'choice', values: [3, 5] },
  pool1: { kind: 'choice', values: ['m', 'a'] },
  filters2: { kind: 'choice', values: [8, 12, 16, 24] },
  size2: { kind: 'choice', values: [3, 5] },
  skip2: { kind: 'choice', values: [false, true] },
  pool2: { kind: 'choice', values: ['m', 'a'] },
  // 0: no third convolution
  filters3: { kind: 'choice', values: [0, 8, 16, 24, 32] },
  skip3: { kind: 'choice', values: [false, true] },
  // 0: no hidden layer
  hidden: { kind: 'choice', values: [0, 16, 32, 64] },
}

const architectureOf = (setting: Setting): Architecture => {
  const number = (name: string): number => Number(setting[name])
  const pool = (name: string): Part => ({ kind: setting[name] === 'm' ? 'maxPool2d' : 'avgPool2d' })
  return {
    activation: activations.find((name) => name === setting['activation']) ?? 'relu',
    parts: [
      { kind: 'convolution', filters: number('filters1'), size: number('size1'), skip: false },
      pool('pool1'),
      {
        kind: 'convolution',
        filters: number('filters2'),
        size: number('size2'),
        skip: setting['skip2'] === true,
      },
      pool('pool2'),
      ...(number('filters3') === 0
        ? []
        : [
            {
              kind: 'convolution' as const,
              filters: number('filters3'),
              size: 3,
              skip: setting['skip3'] === true,
            },
          ]),
      ...(number('hidden') === 0 ? [] : [{ kind: 'dense' as const, units: number('hidden') }]),
    ],
  }
}

/** What a network costs, before anybody trains it. */
const costOf = (network: Network): { readonly parameters: number; readonly multiplyAdds: number } =>
  getOrThrow(describeNetwork('it', network)).totals

const settingCost = (setting: Setting): number => costOf(architectureNetwork(1, architectureOf(setting))).multiplyAdds

const lenetCost = costOf(lenet5(1))
/** half of LeNet-5's, and none that costs more may live */
const most = Math.floor(lenetCost.multiplyAdds / 2)
const allowed = (setting: Setting): boolean => settingCost(setting) <= most

/** One recipe for all. */
const recipe = (network: (batch: number) => Network, epochs: number, batch: number, seed: number): Description => ({
  network,
  optimizer: { op: 'adam' },
  loss: 'softmaxCrossEntropy',
  rates: { schedule: 'cosine', rate: 0.003 },
  epochs,
  batch,
  seed,
})

// of each half of the few digits, as many as a step takes
const cellNodes = 2
const relaxation: Relaxation = {
  loss: 'softmaxCrossEntropy',
  weights: { op: 'adam' },
  architecture: { op: 'adam', attrs: { beta1: 0.5 } },
}
const architectureRate = 0.03

interface Relaxed {
  readonly cell: Cell
  readonly edges: readonly EdgeShares[]
  /** of the digits that judge, by step */
  readonly losses: readonly number[]
}

/** A search by gradients: half of the few digits for the weights, the other half for the architecture. */
const relaxed =
  (room: Classroom, few: Material['train'], { batch, relaxedSteps: steps, cellFilters }: Plan): Task<Relaxed> =>
  async () => {
    const network = relaxedNetwork(batch, { filters: cellFilters, nodes: cellNodes })
    const made = alternatingProgram(network, architectureParameters(cellNodes), relaxation)
    if (E.isLeft(made)) return made
    const { program, losses, feeds, begun } = made.right
    const opened = await sessionOf(room.backend, program, begun(initialParameters(network, room.seed)))()
    if (E.isLeft(opened)) return opened
    const session = opened.right
    const half = few.count >> 1
    const perEpoch = Math.max(1, Math.floor(half / batch))
    const some = (from: number, step: number): ReturnType<Material['train']['at']> => {
      const order = shuffle(keyOf(`relaxed ${room.seed} ${from} ${Math.floor(step / perEpoch)}`), half)
      const at = (step % perEpoch) * batch
      return few.at(Array.from({ length: batch }, (_, i) => from + (order[(at + i) % half] as number)))
    }
    const seen: number[] = []
    for (let step = 0; step < steps; step++) {
      const rate = (0.003 / 2) * (1 + Math.cos((Math.PI * step) / steps))
      const values = await session.step(
        feeds(
          { judging: some(half, step), learning: some(0, step) },
          { architecture: architectureRate, weights: rate },
        ),
      )()
      if (E.isLeft(values)) {
        await session.close()
        return values
      }
      const loss = values.right[losses.architecture]?.data[0] as number
      seen.push(loss)
      room.tell((step + 1) / steps, `by gradients: step ${step + 1} of ${steps}, loss ${loss.toFixed(4)}`)
    }
    const state = await session.state()
    await session.close()
    if (E.isLeft(state)) return state
    const edges = sharesOf(cellNodes, state.right)
    return E.right({ cell: discretized(cellFilters, edges), edges, losses: seen })
  }

interface Plan {
  readonly trials: number
  readonly population: number
  readonly batch: number
  readonly epochs: number
  readonly lastEpochs: number
  /** of the search by gradients */
  readonly relaxedSteps: number
  readonly cellFilters: number
}

type Way = 'evolution' | 'random'

interface Searched {
  readonly way: Way
  readonly outcomes: readonly Outcome[]
}

/** A search, one network after the other, each judged by validation digits after a short training. */
const search =
  (room: Classroom, material: Material, few: Material['train'], plan: Plan, way: Way): Task<Searched> =>
  async () => {
    const { trials, population, batch, epochs } = plan
    const { seed } = room
    const bred = evolution(space, {
      trials,
      budget: 1,
      seed,
      population,
      sample: Math.max(1, population >> 1),
      allowed,
    })
    if (E.isLeft(bred)) return bred
    const drawn = Array.from({ length: trials }, (_, at): Trial => ({
      id: `random ${at + 1}`,
      setting: drawnAllowed(space, draws(keyOf(`architecture ${seed} ${at}`)), allowed) ?? {},
      budget: 1,
    }))
    const next = (known: readonly Outcome[]): Trial | undefined =>
      way === 'evolution' ? bred.right.next(known)[0] : drawn[known.length]
    let known: readonly Outcome[] = []
    for (let trial = next(known); trial !== undefined; trial = next(known)) {
      const { setting } = trial
      const part = partOf(room, known.length / trials, (known.length + 1) / trials)
      const taught = await teach(
        part,
        `${trial.id} of ${trials}, ${architectureName(architectureOf(setting))}`,
        recipe((n) => architectureNetwork(n, architectureOf(setting)), epochs, batch, seed),
        { train: few },
      )()
      if (E.isLeft(taught)) return taught
      const seen = await examined(room, taught.right, material.validation)()
      if (E.isLeft(seen)) return seen
      known = [...known, { ...trial, loss: seen.right === undefined ? 'failed' : 1 - seen.right.accuracy }]
    }
    return E.right({ way, outcomes: known })
  }

/** A network trained by the whole recipe. */
interface Whole {
  readonly name: string
  readonly parameters: number
  readonly multiplyAdds: number
  readonly validation: number
  readonly taught: Taught
}

const trainedWhole = (
  room: Classroom,
  { train, validation }: Material,
  plan: Plan,
  name: string,
  network: (batch: number) => Network,
): Task<Whole> =>
  F.pipe(
    teach(room, name, recipe(network, plan.lastEpochs, plan.batch, room.seed), { train }),
    TE.bindTo('taught'),
    TE.bind('seen', ({ taught }) => examined(room, taught, validation)),
    TE.map(({ taught, seen }) => ({ name, ...costOf(network(1)), validation: seen?.accuracy ?? 0, taught })),
  )

const nameOf = ({ setting }: Pick<Outcome, 'setting'>): string => architectureName(architectureOf(setting))
const grouped = (count: number): string => count.toLocaleString('en-US')
const ways: readonly Way[] = ['evolution', 'random']
const titles: Readonly<Record<Way, string>> = { evolution: 'regularized evolution', random: 'random search' }

const operationsInWords =
  'none passes nothing, s all as it is; c3 is a convolution of 3×3, d3 and d5 separable ones of 3×3 and 5×5; m3 and a3 the largest and the mean of 3×3'

interface Found {
  readonly searches: readonly Searched[]
  readonly relaxed: Relaxed
  readonly lenet: Whole
  readonly finalists: readonly Whole[]
  readonly chosen: Whole
  readonly lenetTest: number
  readonly chosenTest: number
  readonly counts: { readonly validation: number; readonly test: number }
}

const sectionsOf = ({
  searches,
  relaxed: { cell, edges, losses },
  lenet,
  finalists,
  chosen,
  lenetTest,
  chosenTest,
  counts,
}: Found): readonly Section[] => {
  const all = searches.flatMap(({ outcomes }) => outcomes).filter(({ loss }) => loss !== 'failed')
  const front = paretoFront(all, ({ setting }) => settingCost(setting), lossOf)
  const least = (outcomes: readonly Outcome[]): number => Math.min(1, ...outcomes.map(lossOf))
  const share = chosen.multiplyAdds / lenet.multiplyAdds
  return [
    lines('The least validation error so far, by networks tried', {
      x: { label: 'networks tried' },
      y: { label: 'validation error', percent: true },
      lines: searches.map(({ way, outcomes }) => ({
        name: titles[way],
        points: outcomes.map((_, at) => [at + 1, least(outcomes.slice(0, at + 1))] as const),
      })),
    }),
    text(
      ...searches.map(
        ({ way, outcomes }) =>
          `The least error that ${titles[way]} found in ${outcomes.length} short trainings is ${percent(least(outcomes))}, of ${nameOf(outcomes.reduce((a, b) => (lossOf(b) < lossOf(a) ? b : a)))}.`,
      ),
    ),
    heading('Accuracy against multiply-adds'),
    lines('Networks that no other beats in both: the Pareto front, and what each search tried', {
      x: { label: 'multiply-adds' },
      y: { label: 'validation error after the short training', percent: true },
      lines: [
        {
          name: 'Pareto front',
          points: front.map((one) => [settingCost(one.setting), lossOf(one)] as const),
        },
        ...searches.map(({ way, outcomes }) => ({
          name: `front of ${titles[way]}`,
          dashed: true,
          points: paretoFront(
            outcomes.filter(({ loss }) => loss !== 'failed'),
            ({ setting }) => settingCost(setting),
            lossOf,
          ).map((one) => [settingCost(one.setting), lossOf(one)] as const),
        })),
      ],
    }),
    table(
      'The front',
      ['network', 'multiply-adds', 'validation error'],
      front.map((one) => [nameOf(one), grouped(settingCost(one.setting)), percent(lossOf(one))]),
    ),
    heading('By gradients'),
    table(
      `Shares of each operation on each edge of a cell, after ${losses.length} steps`,
      ['edge', ...operations],
      edges.map(({ node, from, shares }) => [
        `${from === 0 ? 'input' : `node ${from}`} to node ${node}`,
        ...operations.map((op) => percent(shares[op], 0)),
      ]),
    ),
    text(
      `All operations stood on every edge at once, ${percent(1 / operations.length, 0)} each at first, and the shares were learnt like weights, by the other half of the digits. The largest left on each edge are ${cellName(cell)}, of ${grouped(costOf(cellNetwork(1, cell)).multiplyAdds)} multiply-adds, of which this search knew nothing. The operations: ${operationsInWords}.`,
    ),
    heading('The same digits, the same recipe'),
    table(
      `Trained whole; the test digits, ${counts.test}, were shown to two networks, once`,
      ['network', 'parameters', 'multiply-adds', 'validation', 'test'],
      [lenet, ...finalists].map((one) => [
        one.name,
        grouped(one.parameters),
        grouped(one.multiplyAdds),
        percent(one.validation),
        one === lenet ? percent(lenetTest, 2) : one === chosen ? percent(chosenTest, 2) : '',
      ]),
    ),
    text(
      `${chosen.name}, chosen by the validation digits, takes ${percent(share, 0)} of LeNet-5’s multiply-adds and reads ${percent(chosenTest, 2)} of the test digits, LeNet-5 ${percent(lenetTest, 2)}:`,
      chosenTest >= lenetTest ? 'at least as many.' : 'fewer.',
      `It is a network like any other: etalon describe ${chosen.name}, etalon train ${chosen.name}.`,
    ),
  ]
}

export const architectures: Lesson = {
  name: 'architectures',
  title: 'Architecture search: a network that nobody drew',
  question: 'LeNet-5 was drawn by people. Is there one as good for half the work?',
  source:
    'Real, Aggarwal, Huang and Le, "Regularized evolution for image classifier architecture search", 2019; Li and Talwalkar, "Random search and reproducibility for neural architecture search", 2019; Liu, Simonyan and Yang, "DARTS: differentiable architecture search", 2019',
  theory: [
    'What a network costs is known before it is trained: its multiply-adds are a sum over its layers. What it is worth is not, and a short training on few digits is a cheap guess.',
    'Regularized evolution keeps a population. Of a few drawn from it the best has a child, which differs in one choice, and the oldest dies, however good it is: a network that was lucky once has to prove itself in its children. Random search draws as many, and is what any search has to beat.',
    'A choice can be learnt by gradients where it is relaxed: on each edge of a cell stands the sum of all operations, each times its share softmax(α), and α goes down the slope of the loss of digits that the weights do not learn from. In the end the largest share is the choice.',
    'Two things are wanted, accuracy and little work. The networks that no other beats in both are the Pareto front.',
  ],
  ops: ['conv2d', 'maxPool2d', 'avgPool2d', 'add', 'softmax'],
  next: [
    { idea: 'What LeNet-5 costs, layer by layer.', command: 'etalon describe lenet5' },
    { idea: 'A network of your own, written down.', command: 'etalon train net:relu-4c5-m-16c3r-m-32f --data DIR' },
  ],
  run: (room) => {
    const population = sized(room, 8, 2)
    const plan: Plan = {
      trials: sized(room, 24, 2),
      population,
      batch: sized(room, 32, 4),
      epochs: sized(room, 2, 1),
      lastEpochs: sized(room, 4, 1),
      relaxedSteps: sized(room, 120, 1),
      cellFilters: sized(room, 8, 1),
    }
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 9500, validation: 500, test: 10000 })),
      TE.bindTo('material'),
      TE.let('few', ({ material: { pixels } }) => some(pixels.train, 0, sized(room, 2000, 4))),
      TE.bind('searches', ({ material, few }) =>
        inTurn(partOf(room, 0, 0.5), ways, (part, way) =>
          search(part, material, examplesOf(few, material.standard), plan, way),
        ),
      ),
      TE.bind('relaxed', ({ material, few }) =>
        relaxed(partOf(room, 0.5, 0.6), examplesOf(few, material.standard), plan),
      ),
      TE.bind('best', ({ searches }): Task<readonly Outcome[]> => {
        const all = searches.flatMap(({ outcomes }) => outcomes)
        const different = [...new Map(all.map((one) => [nameOf(one), one])).values()]
        return TE.fromEither(
          F.pipe(
            bestOf(all),
            E.map(() => different.toSorted((a, b) => lossOf(a) - lossOf(b)).slice(0, sized(room, 2, 1))),
          ),
        )
      }),
      TE.bind('whole', ({ best, relaxed: { cell }, material }) =>
        inTurn(
          partOf(room, 0.6, 1),
          [
            ['lenet5', (n: number) => lenet5(n)] as const,
            ...best.map(
              (one) => [nameOf(one), (n: number) => architectureNetwork(n, architectureOf(one.setting))] as const,
            ),
            [cellName(cell), (n: number) => cellNetwork(n, cell)] as const,
          ],
          (part, [name, network]): Task<Whole> => trainedWhole(part, material, plan, name, network),
        ),
      ),
      TE.let('lenet', ({ whole }) => whole[0] as Whole),
      TE.let('finalists', ({ whole }) => whole.slice(1)),
      // the search by gradients knew of no cost, and what it found may be too dear
      TE.let('chosen', ({ finalists }) =>
        finalists
          .filter(({ multiplyAdds }) => multiplyAdds <= most)
          .reduce((a, b) => (b.validation > a.validation ? b : a)),
      ),
      TE.bind('lenetSeen', ({ material, lenet }) => examined(room, lenet.taught, material.test)),
      TE.bind('chosenSeen', ({ material, chosen }) => examined(room, chosen.taught, material.test)),
      TE.map(({ material, few, searches, relaxed, lenet, finalists, chosen, lenetSeen, chosenSeen }) => {
        const [lenetTest, chosenTest] = [lenetSeen?.accuracy ?? 0, chosenSeen?.accuracy ?? 0]
        return {
          done: [
            `Networks of two or three convolutions, ${grouped(Object.values(space).reduce((count, one) => count * (one.kind === 'choice' ? one.values.length : 1), 1))} of them, of which only those lived that take at most ${grouped(most)} multiply-adds, half of LeNet-5’s ${grouped(lenetCost.multiplyAdds)}. Each search tried ${plan.trials}: ${countOf(few)} digits, ${plan.epochs} epochs, judged by ${material.validation.count} others. The population was ${population}.`,
            `By gradients: a cell of ${cellNodes} nodes and ${plan.cellFilters} filters, ${plan.relaxedSteps} steps of ${plan.batch} digits for its weights and as many for its architecture, α by Adam at ${architectureRate}.`,
            `The ${finalists.length - 1} best of both, the cell and LeNet-5 learnt ${material.train.count} digits for ${plan.lastEpochs} epochs. One recipe for all: Adam at 0.003, falling as a cosine, batches of ${plan.batch}.`,
          ],
          sections: sectionsOf({
            searches,
            relaxed,
            lenet,
            finalists,
            chosen,
            lenetTest,
            chosenTest,
            counts: { validation: material.validation.count, test: material.test.count },
          }),
          figures: {
            'testAccuracy lenet5': lenetTest,
            'testAccuracy of the found': chosenTest,
            'multiplyAdds lenet5': lenet.multiplyAdds,
            'multiplyAdds of the found': chosen.multiplyAdds,
            ...Object.fromEntries(
              searches.map(({ way, outcomes }) => [`validationError ${way}`, Math.min(1, ...outcomes.map(lossOf))]),
            ),
          },
        }
      }),
    )
  },
}
