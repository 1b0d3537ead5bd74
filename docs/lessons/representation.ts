import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../../spec/backend.js'
import type { EtalonError } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import { fullyConnected, parameterCount, plainLayer, sequential } from '../../spec/networks/network.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate } from '../../spec/tensor.js'
import type { Examples } from '../../training/training.js'
import { inTurn, sized, teach } from './classroom.js'
import type { Classroom, Lesson, Picture, Section } from './lesson.js'
import { heading, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

/** A point of the plane: of a disc around the origin, or of a ring around that. */
interface Point {
  readonly radius: number
  readonly angle: number
  /** 1: of the ring */
  readonly label: 0 | 1
}

const disc = [0, 1] as const
const ring = [1.4, 2.4] as const
const [, rim] = ring
/** no point lies within this radius and the ring's: where a boundary should run */
const between = (disc[1] + ring[0]) / 2

/**
 * Points drawn from a seed, every other one of the ring. The angle is uniform, the radius uniform between the two of its
 * class.
 */
const pointsOf = (name: string, count: number): readonly Point[] => {
  const key = keyOf(`representation ${name}`)
  return Array.from({ length: count }, (_, n) => {
    const { uniform } = draws(key, n)
    const label = n % 2 === 0 ? 0 : 1
    const [low, high] = label === 0 ? disc : ring
    const [across, around] = [uniform(), uniform()]
    return { radius: low + (high - low) * across, angle: Math.PI * (2 * around - 1), label }
  })
}

/** The two numbers by which a point is told: (x₁, x₂) = (r cos φ, r sin φ), or (r, φ) themselves. */
const representations = {
  Cartesian: ({ radius, angle }: Pick<Point, 'radius' | 'angle'>) => [
    radius * Math.cos(angle),
    radius * Math.sin(angle),
  ],
  polar: ({ radius, angle }: Pick<Point, 'radius' | 'angle'>) => [radius, angle],
} as const satisfies Readonly<Record<string, (point: Point) => readonly [number, number] | readonly number[]>>
type Representation = keyof typeof representations

const told = (points: readonly Pick<Point, 'radius' | 'angle'>[], representation: Representation): Tensor => {
  const numbers = points.map((point) => representations[representation](point))
  return generate([points.length, 2], (i) => Math.fround(numbers[i >> 1]?.[i & 1] ?? 0))
}

const examplesOf = (name: string, representation: Representation, count: number): Examples => {
  const points = pointsOf(name, count)
  return {
    count,
    mark: `${count} points, ${representation}, ${name}`,
    at: (indices) => {
      const some = Array.from(indices, (n) => points[n] as Point)
      return {
        x: told(some, representation),
        target: generate([some.length, 1], (i) => some[i]?.label ?? 0),
      }
    },
  }
}

/** A perceptron's score, or one behind a hidden layer of so many units. */
const networkOf =
  (hidden: number) =>
  (batch: number): Network =>
    sequential(
      [batch, 2],
      hidden === 0
        ? [fullyConnected('score', 2, 1)]
        : [fullyConnected('hidden', 2, hidden), plainLayer('tanh', 'tanh'), fullyConnected('score', hidden, 1)],
    )

interface Learner {
  readonly name: string
  readonly representation: Representation
  readonly hidden: number
}

const mostHidden = 8
const learners: readonly Learner[] = [
  { name: 'perceptron, Cartesian', representation: 'Cartesian', hidden: 0 },
  { name: 'perceptron, polar', representation: 'polar', hidden: 0 },
  ...[1, 2, 3, 4, mostHidden].map((hidden) => ({
    name: `${hidden} hidden ${hidden === 1 ? 'unit' : 'units'}, Cartesian`,
    representation: 'Cartesian' as const,
    hidden,
  })),
]

/** What a network answers to points: its score, above 0 where it says ring, and the values of its hidden units. */
const answersTo = (
  backend: Backend,
  { hidden }: Learner,
  parameters: Tensors,
  x: Tensor,
): Task<{ readonly score: Tensor; readonly units?: Tensor }> => {
  const { program, output } = networkOf(hidden)(x.shape[0] ?? 1)
  const watched = hidden === 0 ? [output] : [output, 'tanh']
  return F.pipe(
    backend.run(program, { ...parameters, x }, watched),
    TE.map((values) => ({
      score: values[output] as Tensor,
      ...(hidden === 0 ? {} : { units: values['tanh'] as Tensor }),
    })),
  )
}

/** How many pixels a picture of the plane has each way. */
const side = 48

/** The middles of a picture's pixels: of the plane, top row first; or of radius, across, and angle, down. */
const gridOf = (representation: Representation): Tensor =>
  generate([side * side, 2], (i) => {
    const at = i >> 1
    const column = ((at % side) + 0.5) / side
    const row = (Math.floor(at / side) + 0.5) / side
    const across = representation === 'polar' ? rim * column : rim * (2 * column - 1)
    const down = representation === 'polar' ? Math.PI * (1 - 2 * row) : rim * (1 - 2 * row)
    return Math.fround((i & 1) === 0 ? across : down)
  })

/** Points as pixels: −1 of the disc, 1 of the ring, 0 where there is none. */
const scattered = (points: readonly Point[], representation: Representation): Tensor => {
  const marks = new Map(
    points.map((point) => {
      const [a, b] = representations[representation](point)
      const column = representation === 'polar' ? a / rim : (a / rim + 1) / 2
      const row = (1 - b / (representation === 'polar' ? Math.PI : rim)) / 2
      const pixel = (share: number): number => Math.min(side - 1, Math.max(0, Math.floor(share * side)))
      return [pixel(row) * side + pixel(column), 2 * point.label - 1]
    }),
  )
  return generate([side, side], (i) => marks.get(i) ?? 0)
}

interface Outcome {
  readonly learner: Learner
  readonly accuracy: number
  readonly losses: readonly number[]
  /** what it says of every pixel of a picture */
  readonly plane: Tensor
  /** what each hidden unit says of them */
  readonly units: readonly Tensor[]
  /** how much of its scores is a straight line of the radius: the square of their correlation over the test points */
  readonly byRadius: number
}

/** The square of the correlation of two lists of numbers; 0 where one does not vary. */
const explained = (a: readonly number[], b: readonly number[]): number => {
  const mean = (of: readonly number[]): number => of.reduce((sum, v) => sum + v, 0) / of.length
  const [ma, mb] = [mean(a), mean(b)]
  const sum = (of: (at: number) => number): number => a.reduce((total, _, at) => total + of(at), 0)
  const [da, db] = [(at: number) => (a[at] ?? 0) - ma, (at: number) => (b[at] ?? 0) - mb]
  const both = sum((at) => da(at) * db(at))
  const spread = sum((at) => da(at) ** 2) * sum((at) => db(at) ** 2)
  return spread > 0 ? both ** 2 / spread : 0
}

const batch = 32
const trainingSteps = 400

const outcomeOf =
  (room: Classroom) =>
  (part: Classroom, learner: Learner): Task<Outcome> => {
    const { backend, seed } = room
    const { name, representation, hidden } = learner
    const test = pointsOf(`test ${seed}`, sized(room, 1000, 16))
    return F.pipe(
      teach(
        part,
        name,
        {
          network: networkOf(hidden),
          optimizer: { op: 'adam' },
          loss: 'bceWithLogits',
          rates: { schedule: 'linear', rate: 0.05 },
          epochs: 1,
          batch,
          seed,
        },
        { train: examplesOf(`train ${seed}`, representation, batch * sized(room, trainingSteps, 2)) },
      ),
      TE.bindTo('taught'),
      TE.bind('answers', ({ taught: { tensors = {} } }) =>
        answersTo(backend, learner, tensors, told(test, representation)),
      ),
      TE.bind('seen', ({ taught: { tensors = {} } }) => answersTo(backend, learner, tensors, gridOf(representation))),
      TE.map(({ taught: { losses }, answers: { score }, seen }) => ({
        learner,
        losses,
        accuracy: test.filter(({ label }, at) => (score.data[at] ?? 0) > 0 === (label === 1)).length / test.length,
        plane: generate([side, side], (i) => Math.tanh((seen.score.data[i] ?? 0) / 2)),
        units: Array.from({ length: hidden }, (_, unit) =>
          generate([side, side], (i) => seen.units?.data[i * hidden + unit] ?? 0),
        ),
        byRadius: explained(
          Array.from(score.data),
          test.map(({ radius }) => radius),
        ),
      })),
    )
  }

const sectionsOf = (points: readonly Point[], outcomes: readonly Outcome[]): readonly Section[] => {
  const of = (hidden: number, representation: Representation): Outcome =>
    outcomes.find(({ learner }) => learner.hidden === hidden && learner.representation === representation) as Outcome
  const [cartesian, polar, widest] = [of(0, 'Cartesian'), of(0, 'polar'), of(mostHidden, 'Cartesian')]
  const layered = outcomes.filter(({ learner }) => learner.hidden > 0)
  const enough = layered.find(({ accuracy }) => accuracy >= 0.99)
  const planeOf = ({ learner, plane }: Outcome): Picture => ({ label: learner.name, pixels: plane })
  return [
    images(
      'The same points, drawn twice: by (x₁, x₂), and by radius, across, and angle, down. The disc blue, the ring red',
      {
        colours: 'signed',
        range: [-1, 1],
        zoom: 4,
        rows: [
          {
            pictures: (['Cartesian', 'polar'] as const).map((representation) => ({
              label: representation,
              pixels: scattered(points, representation),
            })),
          },
        ],
      },
    ),
    table(
      'Test points told rightly, and how much of the score the radius explains',
      ['network', 'parameters', 'right', 'r² of score and radius'],
      outcomes.map(({ learner, accuracy, byRadius }) => [
        learner.name,
        parameterCount(networkOf(learner.hidden)(1)),
        percent(accuracy),
        byRadius.toFixed(3),
      ]),
    ),
    text(
      `The same line, drawn through the plane, tells ${percent(cartesian.accuracy)} of the points rightly; through radius and angle ${percent(polar.accuracy)}.`,
      polar.accuracy > cartesian.accuracy
        ? 'Nothing was learnt better: the points were told otherwise.'
        : 'Here the representation made no difference.',
    ),
    images('What the perceptrons say: blue the disc, red the ring, white the line between', {
      colours: 'signed',
      range: [-1, 1],
      zoom: 4,
      rows: [{ pictures: [planeOf(cartesian), planeOf(polar)] }],
    }),
    heading('A hidden layer finds a representation'),
    text(
      enough === undefined
        ? `None of the hidden layers came to 99 %; the best, to ${percent(Math.max(...layered.map(({ accuracy }) => accuracy)))}.`
        : `From (x₁, x₂), ${enough.learner.hidden} hidden units were the fewest that told 99 % rightly: ${percent(enough.accuracy)}. Each draws a line, and it takes three lines to go around a disc.`,
      widest.byRadius > cartesian.byRadius
        ? `Behind ${mostHidden} units the score follows the radius, of which nobody told the network: r² is ${widest.byRadius.toFixed(3)}, where the perceptron's on the same two numbers is ${cartesian.byRadius.toFixed(3)}.`
        : `Behind ${mostHidden} units the score does not follow the radius: r² is ${widest.byRadius.toFixed(3)}.`,
    ),
    images('What networks with a hidden layer say of the plane', {
      colours: 'signed',
      range: [-1, 1],
      zoom: 2.5,
      rows: [{ pictures: layered.map(planeOf) }],
    }),
    images(`What each of the ${mostHidden} hidden units says: tanh of a line, so each is one step across the plane`, {
      colours: 'signed',
      range: [-1, 1],
      zoom: 1.5,
      rows: [{ pictures: widest.units.map((pixels, at) => ({ label: `unit ${at}`, pixels })) }],
    }),
    lines('Loss while learning, the mean of 20 steps', {
      x: { label: 'step' },
      y: { label: 'loss' },
      lines: outcomes.map(({ learner, losses }) => ({
        name: learner.name,
        points: losses
          .map((_, at) => {
            const near = losses.slice(Math.max(0, at - 19), at + 1)
            return [at + 1, near.reduce((a, b) => a + b, 0) / near.length] as const
          })
          .filter((_, at) => at % 5 === 4 || at === losses.length - 1),
      })),
    }),
  ]
}

export const representation: Lesson = {
  name: 'representation',
  title: 'Representation matters: one line, and two ways to tell a point',
  question: 'A perceptron can draw one straight line. Which two numbers should it be given of a point?',
  source:
    'slides "The perceptron", "Representation matters"; Goodfellow, Bengio and Courville, "Deep learning", 2016, figure 1.1',
  theory: [
    'Points of a disc and points of a ring around it: any line through the plane has both on either side. Told by radius and angle, x₁ = r cos φ and x₂ = r sin φ, the same points fall into two bands, and a line between them is at one radius.',
    'Somebody had to know that the radius matters. A hidden layer is a representation that is learnt: h = tanh(Wx + b), and the line is drawn through the space of h. One hidden unit is a step along one direction; a sum of steps from three directions or more can be high all around a place and low within.',
  ],
  ops: ['dense', 'tanh', 'bceWithLogits'],
  readsDigits: false,
  next: [
    { idea: 'Other points and other first weights.', command: 'etalon lesson representation --seed 2' },
    { idea: 'A hidden layer whose units can be looked at on images.', command: 'etalon lesson feature-maps' },
  ],
  run: (room) => {
    const points = pointsOf(`test ${room.seed}`, sized(room, 1000, 16))
    return F.pipe(
      inTurn(room, learners, outcomeOf(room)),
      TE.map((outcomes) => ({
        done: [
          `Points of a disc of radius ${disc[1]} and of a ring from ${ring[0]} to ${ring[1]}, as many of each; a boundary has to run at about ${between.toFixed(1)}. Perceptrons and networks of one hidden layer of tanh learn ${sized(room, trainingSteps, 2)} batches of ${batch} by Adam, and ${points.length} other points judge.`,
        ],
        sections: sectionsOf(points, outcomes),
        figures: Object.fromEntries(
          outcomes.flatMap(({ learner, accuracy, byRadius }) => [
            [`testAccuracy ${learner.name}`, accuracy],
            [`r2 of score and radius, ${learner.name}`, byRadius],
          ]),
        ),
      })),
    )
  },
}
