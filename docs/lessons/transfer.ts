import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError, Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import { lenet5, lenetFeatures } from '../../spec/networks/lenet5.js'
import type { Network } from '../../spec/networks/network.js'
import { fullyConnected, parameterCount, sequential } from '../../spec/networks/network.js'
import { keyOf } from '../../spec/philox.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { generate } from '../../spec/tensor.js'
import type { Dataset, Standardisation } from '../../training/dataset.js'
import { countOf, ofClasses, shuffle, standardisationOf } from '../../training/dataset.js'
import { initialParameters } from '../../training/initialize.js'
import type { Description, Examples } from '../../training/training.js'
import { examplesOf } from '../../training/training.js'
import type { Taught } from './classroom.js'
import { digitAt, examined, inTurn, partOf, sized, some, teach } from './classroom.js'
import type { Classroom, Images, Lesson, Section } from './lesson.js'
import { heading, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

const known = [0, 1, 2, 3, 4]
const wanted = [5, 6, 7, 8, 9]
const classes = wanted.length
/** how many digits of each new class */
const sizes = [1, 4, 16]

const whole = (batch: number): Network => lenet5(batch, { classes })
const features = (batch: number): Network => sequential([batch, 1, 28, 28], [lenetFeatures()])
const linear = (batch: number): Network => sequential([batch, 400], [fullyConnected('linear', 400, classes)])

interface Sets {
  readonly known: { readonly train: Examples; readonly test: Examples }
  /** of the new classes */
  readonly pool: Dataset
  readonly test: Examples
  readonly testDigits: Dataset
  readonly standard: Standardisation
  /** how many of each new class, in rising order */
  readonly sizes: readonly number[]
}

const setsOf = (room: Classroom): Result<Sets> => {
  const { train, test } = room.digits
  const [, rows, columns] = train.images.shape
  return F.pipe(
    E.Do,
    E.tap(() =>
      ensure(
        rows === 28 && columns === 28,
        'ShapeMismatch',
        `the lessons read digits of 28×28; these are ${rows}×${columns}`,
      ),
    ),
    E.bind('first', () => ofClasses(train, known)),
    E.bind('pool', () => ofClasses(train, wanted)),
    E.bind('firstTest', () => ofClasses(test, known, { least: 0 })),
    E.bind('secondTest', () => ofClasses(test, wanted, { least: 0 })),
    E.map(({ first, pool, firstTest, secondTest }) => {
      const learnt = some(first, 0, sized(room, 2400, 16))
      const standard = standardisationOf(learnt)
      const fewest = Math.min(...wanted.map((_, k) => Array.from(pool.labels).filter((label) => label === k).length))
      return {
        known: {
          train: examplesOf(learnt, standard, known.length),
          test: examplesOf(some(firstTest, 0, sized(room, 400, 8)), standard, known.length),
        },
        pool,
        test: examplesOf(some(secondTest, 0, sized(room, 600, 8)), standard, classes),
        testDigits: some(secondTest, 0, sized(room, 600, 8)),
        standard,
        sizes: [...new Set(sizes.map((each) => Math.min(sized(room, each), fewest)))],
      }
    }),
  )
}

const description = (
  room: Classroom,
  of: Pick<Description, 'network' | 'epochs' | 'batch'> & Partial<Description>,
): Description => ({
  optimizer: { op: 'adam' },
  loss: 'softmaxCrossEntropy',
  rates: { schedule: 'linear', rate: 0.002 },
  seed: room.seed,
  ...of,
})

/** Epochs that come to about so many steps. */
const epochsFor = (steps: number, batch: number, count: number): number =>
  Math.max(1, Math.round(steps / Math.floor(count / batch)))

const rowsOf = ({ shape: [, length = 1], data }: Tensor, indices: Numbers): Tensor =>
  generate(
    [indices.length, length],
    (i) => data[(indices[Math.floor(i / length)] as number) * length + (i % length)] as number,
  )

/** Examples whose x are what a convolutional part makes of others, each of which goes through it once. */
const coded = ({ backend }: Classroom, filters: Tensors, examples: Examples): Task<Examples> => {
  const { program, output } = features(examples.count)
  const { x, target } = examples.at(Array.from({ length: examples.count }, (_, i) => i))
  const own = Object.fromEntries(Object.entries(filters).filter(([name]) => name in program.inputs))
  return F.pipe(
    backend.run(program, { ...own, x }),
    TE.map((values) => ({
      count: examples.count,
      mark: `codes of ${examples.mark}`,
      at: (indices) => ({ x: rowsOf(values[output] as Tensor, indices), target: rowsOf(target, indices) }),
    })),
  )
}

/** The ways to learn the new digits. */
const ways = {
  softmax: 'codes, linear softmax',
  hinge: 'codes, linear SVM (hinge)',
  tuned: 'fine-tuned',
  scratch: 'from scratch',
} as const
type Way = keyof typeof ways
const wayNames = Object.keys(ways) as readonly Way[]

/** Test accuracy by way, after learning from so many digits of each class. */
interface Outcome {
  readonly each: number
  readonly accuracy: Readonly<Record<Way, number>>
}

const outcomeFor =
  (room: Classroom, sets: Sets, base: Tensors, testCodes: Examples) =>
  (part: Classroom, each: number): Task<Outcome> => {
    const few = ofClasses(sets.pool, [0, 1, 2, 3, 4], { each })
    return F.pipe(
      TE.fromEither(few),
      TE.map((digits) => examplesOf(digits, sets.standard, classes)),
      TE.bindTo('train'),
      TE.bind('codes', ({ train }) => coded(room, base, train)),
      TE.flatMap(({ train, codes }) => {
        const batch = Math.min(20, train.count)
        const learn = (way: Way): Task<Taught> => {
          const isLinear = way === 'softmax' || way === 'hinge'
          const steps = sized(room, isLinear ? 150 : 60, 2)
          const epochs = epochsFor(steps, batch, train.count)
          const { 'fc3.w': _w, 'fc3.b': _b, ...reused } = base
          return isLinear
            ? teach(
                partOf(part, way === 'softmax' ? 0 : 0.05, way === 'softmax' ? 0.05 : 0.1),
                `${ways[way]}, ${each} of each class`,
                description(room, {
                  network: linear,
                  epochs,
                  batch,
                  ...(way === 'hinge' ? { loss: 'hinge', l2Penalty: 0.001 } : {}),
                }),
                { train: codes },
              )
            : teach(
                partOf(part, way === 'tuned' ? 0.1 : 0.55, way === 'tuned' ? 0.55 : 1),
                `${ways[way]}, ${each} of each class`,
                description(room, { network: whole, epochs, batch }),
                { train },
                way === 'tuned' ? { parameters: { ...initialParameters(whole(1), room.seed), ...reused } } : {},
              )
        }
        return F.pipe(
          wayNames,
          TE.traverseSeqArray((way) =>
            F.pipe(
              learn(way),
              TE.flatMap((taught) =>
                examined(room, taught, way === 'softmax' || way === 'hinge' ? testCodes : sets.test),
              ),
              TE.map((made) => [way, made?.accuracy ?? 0] as const),
            ),
          ),
          TE.map((measured): Outcome => ({
            each,
            accuracy: Object.fromEntries(measured) as Readonly<Record<Way, number>>,
          })),
        )
      }),
    )
  }

/** The slide's four cases: a new task with few or many examples, like the old one or not. */
interface Scenario {
  readonly many: boolean
  readonly alike: boolean
}
const scenarios: readonly Scenario[] = [
  { many: false, alike: true },
  { many: true, alike: true },
  { many: false, alike: false },
  { many: true, alike: false },
]
const scenarioName = ({ many, alike }: Scenario): string =>
  `${many ? 'large' : 'small'} and ${alike ? 'similar' : 'different'}`

/**
 * Digits whose pixels stand in another order, the same for all of them: as many grey levels and as much to tell them apart
 * by, but no strokes.
 */
export const scrambled = ({ images: { shape, bytes }, labels }: Dataset, seed: number): Dataset => {
  const [, rows, columns] = shape
  const pixels = rows * columns
  const order = shuffle(keyOf(`scrambled ${seed}`), pixels)
  return {
    images: {
      shape,
      bytes: Uint8Array.from(
        { length: bytes.length },
        (_, i) => bytes[i - (i % pixels) + (order[i % pixels] as number)] as number,
      ),
    },
    labels,
  }
}

interface Scene {
  readonly scenario: Scenario
  readonly each: number
  readonly accuracy: Readonly<Record<'softmax' | 'tuned' | 'scratch', number>>
}
const sceneWays = ['softmax', 'tuned', 'scratch'] as const

/** One case: a linear classifier on the codes of frozen filters, the same network fine-tuned, and from random weights. */
const sceneOf =
  (room: Classroom, sets: Sets, base: Tensors) =>
  (part: Classroom, scenario: Scenario): Task<Scene> => {
    const asShown = (digits: Dataset): Dataset => (scenario.alike ? digits : scrambled(digits, room.seed))
    const fewest = Math.min(...wanted.map((_, k) => Array.from(sets.pool.labels).filter((label) => label === k).length))
    const each = Math.min(sized(room, scenario.many ? 200 : 4), fewest)
    const steps = sized(room, scenario.many ? 150 : 60, 2)
    return F.pipe(
      TE.fromEither(ofClasses(sets.pool, [0, 1, 2, 3, 4], { each })),
      TE.map((digits) => ({
        train: examplesOf(asShown(digits), sets.standard, classes),
        test: examplesOf(asShown(sets.testDigits), sets.standard, classes),
      })),
      TE.bindTo('examples'),
      TE.bind('codes', ({ examples: { train } }) => coded(room, base, train)),
      TE.bind('testCodes', ({ examples: { test } }) => coded(room, base, test)),
      TE.flatMap(({ examples: { train, test }, codes, testCodes }) => {
        const batch = Math.min(20, train.count)
        const epochs = epochsFor(steps, batch, train.count)
        const { 'fc3.w': _w, 'fc3.b': _b, ...reused } = base
        return inTurn(part, sceneWays, (own, way) => {
          const isLinear = way === 'softmax'
          return F.pipe(
            teach(
              own,
              `${scenarioName(scenario)}, ${ways[way]}`,
              description(room, { network: isLinear ? linear : whole, epochs, batch }),
              { train: isLinear ? codes : train },
              way === 'tuned' ? { parameters: { ...initialParameters(whole(1), room.seed), ...reused } } : {},
            ),
            TE.flatMap((taught) => examined(room, taught, isLinear ? testCodes : test)),
            TE.map((made) => [way, made?.accuracy ?? 0] as const),
          )
        })
      }),
      TE.map((measured) => ({
        scenario,
        each,
        accuracy: Object.fromEntries(measured) as Scene['accuracy'],
      })),
    )
  }

/** What the slide says to do. */
const advised: Readonly<Record<string, string>> = {
  'small and similar': 'to train a linear classifier on the codes',
  'large and similar': 'to fine-tune',
  'small and different': 'that it is hard: a linear classifier on earlier codes, or more data',
  'large and different': 'to fine-tune more layers, or all',
}

const scenesOf = (scenes: readonly Scene[], count: number): readonly Section[] => {
  const bestIn = ({ accuracy }: Scene): (typeof sceneWays)[number] =>
    sceneWays.reduce((a, b) => (accuracy[b] > accuracy[a] ? b : a))
  const gainOf = ({ accuracy: { softmax, tuned, scratch } }: Scene): number => Math.max(softmax, tuned) - scratch
  const alike = scenes.filter(({ scenario }) => scenario.alike)
  const other = scenes.filter(({ scenario }) => !scenario.alike)
  const points = (some: readonly Scene[]): string => some.map((scene) => (100 * gainOf(scene)).toFixed(1)).join(' and ')
  return [
    heading('Four cases'),
    table(
      'Test accuracy on 5–9: few or many of each, digits as they are or all their pixels in one other order',
      ['the new task', 'of each', ...sceneWays.map((way) => ways[way])],
      scenes.map((scene) => {
        const name = scenarioName(scene.scenario)
        return [name, scene.each, ...sceneWays.map((way) => percent(scene.accuracy[way]))]
      }),
    ),
    text(
      ...scenes.map((scene) => {
        const name = scenarioName(scene.scenario)
        return `${name[0]?.toUpperCase()}${name.slice(1)}: the slide says ${advised[name]}; here ${ways[bestIn(scene)]} did best.`
      }),
    ),
    text(
      `What reuse gains over random weights, with few and with many examples: ${points(alike)} points where the new digits have strokes like the old ones, ${points(other)} where they have none.`,
      ...[alike[0]].flatMap((first) =>
        first === undefined || other[0] === undefined
          ? []
          : [
              gainOf(first) > gainOf(other[0])
                ? 'With few examples the old network was worth more the more alike the tasks are.'
                : 'With few examples it was worth no more where the tasks are alike.',
            ],
      ),
      `${count} test digits tell shares apart that differ by ${(100 * 2 * Math.sqrt(0.5 / count)).toFixed(0)} points or more.`,
    ),
  ]
}

const bestOf = (accuracy: Outcome['accuracy'], among: readonly Way[]): Way =>
  among.reduce((a, b) => (accuracy[b] > accuracy[a] ? b : a))

const sentenceOf = (count: number, { each, accuracy }: Outcome): string => {
  const reused = bestOf(accuracy, ['softmax', 'hinge', 'tuned'])
  const gain = accuracy[reused] - accuracy.scratch
  const found = `With ${each} of each class, ${ways[reused]} did best of what reuses the filters: ${percent(accuracy[reused])}, against ${percent(accuracy.scratch)} from scratch`
  // two shares of so many digits differ by chance by less than this, most of the time
  const chance = 2 * Math.sqrt((2 * accuracy.scratch * (1 - accuracy.scratch)) / count)
  return gain > 0
    ? `${found}, ${(100 * gain).toFixed(1)} points more${gain < chance ? `, which ${count} test digits are too few to be sure of` : ''}.`
    : `${found}: here the old filters were ${gain === 0 ? 'no' : 'of no'} help.`
}

const sectionsOf = (sets: Sets, knownAccuracy: number, outcomes: readonly Outcome[]): readonly Section[] => {
  const gains = outcomes.map(
    ({ accuracy }) => accuracy[bestOf(accuracy, ['softmax', 'hinge', 'tuned'])] - accuracy.scratch,
  )
  const [first, last] = [gains[0] ?? 0, gains.at(-1) ?? 0]
  const hingeWins = outcomes.filter(({ accuracy: { softmax, hinge } }) => hinge > softmax).length
  const softmaxWins = outcomes.filter(({ accuracy: { softmax, hinge } }) => softmax > hinge).length
  return [
    text(
      `On the digits 0–4, which it was trained on, the first network is right on ${percent(knownAccuracy)} of the test digits.`,
    ),
    images('All that the smallest training of the new digits sees', {
      colours: 'ink',
      range: [0, 1],
      zoom: 2,
      rows: newcomers(sets),
    }),
    table(
      'Test accuracy on the digits 5–9, by how many of each were learnt from',
      ['of each class', ...wayNames.map((way) => ways[way])],
      outcomes.map(({ each, accuracy }) => [each, ...wayNames.map((way) => percent(accuracy[way]))]),
    ),
    lines('Test accuracy on the digits 5–9', {
      x: { label: 'training digits of each class', log: true },
      y: { label: 'test accuracy', percent: true, from: 0, to: 1 },
      lines: [
        ...wayNames.map((way) => ({
          name: ways[way],
          points: outcomes.map(({ each, accuracy }) => [each, accuracy[way]] as const),
          ...(way === 'scratch' ? { dashed: true } : {}),
        })),
      ],
    }),
    text(...outcomes.map((one) => sentenceOf(sets.test.count, one))),
    ...(outcomes.length < 2
      ? []
      : [
          text(
            first > last
              ? `What reuse gains fell from ${(100 * first).toFixed(1)} to ${(100 * last).toFixed(1)} points as digits were added: the fewer examples there are, the more is what was learnt elsewhere worth.`
              : `What reuse gains did not fall as digits were added: ${(100 * first).toFixed(1)} points with the fewest, ${(100 * last).toFixed(1)} with the most.`,
          ),
        ]),
    text(
      `On the same codes the SVM was ahead in ${hingeWins} and softmax in ${softmaxWins} of ${outcomes.length} comparisons.`,
    ),
  ]
}

/** The first of each new class, as they are. */
const newcomers = ({ pool, sizes: [each = 1] }: Sets): Images['rows'] => {
  const shown = ofClasses(pool, [0, 1, 2, 3, 4], { each })
  return E.isLeft(shown)
    ? []
    : [
        {
          pictures: Array.from({ length: countOf(shown.right) }, (_, at) => ({
            label: String(wanted[shown.right.labels[at] as number]),
            pixels: digitAt(shown.right, at),
          })),
        },
      ]
}

export const transfer: Lesson = {
  name: 'transfer',
  title: 'Transfer learning: filters learnt on 0–4, reused on 5–9',
  question:
    'Of some digits there are thousands of examples, of others only a few. What can the few gain from the many?',
  source: 'slide "Transfer learning"',
  theory: [
    'The first layers of a convolutional network look for strokes, edges and corners; only the last ones know what a class is. If strokes are strokes whatever the digit, a network trained on one task has most of what another one needs.',
    'Frozen, the convolutional part is a function from images to codes. Every image passes it once, its code is kept, and what is trained on the codes is a linear classifier: softmax, or a support vector machine, which is the hinge loss with an L2 penalty. Fine-tuned, the old weights are only where training starts, and all of them go on learning.',
    'Which to choose depends on two things: how many examples the new task has, and how like the old one it is. Few and alike: there is too little to tune by, so keep the codes. Many: tune, the more so the less alike. Few and different is the hard case, since neither the old filters nor the new examples say enough. Here “different” are digits whose pixels all stand in one other order: no less can be read of them, but there are no strokes.',
  ],
  ops: ['hinge', 'softmaxCrossEntropy', 'l2Penalty'],
  next: [
    { idea: 'With other digits to learn from, and other first weights.', command: 'etalon lesson transfer --seed 2' },
    { idea: 'On handwritten digits, from IDX files.', command: 'etalon lesson transfer --data FOLDER' },
  ],
  run: (room) => {
    const batch = sized(room, 32, 8)
    const epochs = 2
    return F.pipe(
      TE.fromEither(setsOf(room)),
      TE.bindTo('sets'),
      TE.bind('base', ({ sets }) =>
        teach(partOf(room, 0, 0.3), 'the digits 0–4', description(room, { network: whole, epochs, batch }), {
          train: sets.known.train,
        }),
      ),
      TE.bind('known', ({ sets, base }) => examined(room, base, sets.known.test)),
      TE.bind('testCodes', ({ sets, base }) => coded(room, base.tensors ?? {}, sets.test)),
      TE.bind('outcomes', ({ sets, base, testCodes }) =>
        inTurn(partOf(room, 0.3, 0.6), sets.sizes, outcomeFor(room, sets, base.tensors ?? {}, testCodes)),
      ),
      TE.bind('scenes', ({ sets, base }) =>
        inTurn(partOf(room, 0.6, 1), scenarios, sceneOf(room, sets, base.tensors ?? {}), ({ many }) => (many ? 3 : 1)),
      ),
      TE.map(({ sets, known, outcomes, scenes }) => ({
        done: [
          `LeNet-5 with ${classes} outputs, ${parameterCount(whole(1))} parameters, learnt ${sets.known.train.count} digits from 0 to 4, ${epochs} times over. Then the digits 5 to 9 were learnt from ${sets.sizes.join(', ')} of each, in four ways: by linear classifiers, ${parameterCount(linear(1))} parameters, on the codes that its frozen convolutional part makes; by the whole network from where it was, but for a new last layer; and by the same network from random weights. The last two took the same steps in the same order. ${sets.test.count} test digits from 5 to 9 judge. At last the four cases: few and many of each, as they are and with their pixels in another order.`,
        ],
        sections: [...sectionsOf(sets, known?.accuracy ?? 0, outcomes), ...scenesOf(scenes, sets.test.count)],
        figures: {
          'testAccuracy on 0-4': known?.accuracy ?? 0,
          ...Object.fromEntries(
            outcomes.flatMap(({ each, accuracy }) =>
              wayNames.map((way) => [`testAccuracy ${way}, ${each} of each`, accuracy[way]] as const),
            ),
          ),
          ...Object.fromEntries(
            scenes.flatMap(({ scenario, accuracy }) =>
              sceneWays.map((way) => [`testAccuracy ${way}, ${scenarioName(scenario)}`, accuracy[way]] as const),
            ),
          ),
        },
      })),
    )
  },
}
