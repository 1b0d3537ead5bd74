import { function as F, taskEither as TE } from 'fp-ts'
import { lenet5 } from '../../spec/networks/lenet5.js'
import { parameterCount } from '../../spec/networks/network.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, sumOf, tensor } from '../../spec/tensor.js'
import type { Evaluation } from '../../training/fit.js'
import { evaluateOn } from '../../training/fit.js'
import { examplesOf } from '../../training/training.js'
import { digitAt, imageAt, inTurn, materialOf, partOf, sized, smoothed, some, teach } from './classroom.js'
import type { Lesson, Section } from './lesson.js'
import { bars, heading, images, lines, percent, table, text } from './lesson.js'

const maps = 6
const watched = ['conv1', 'relu1', 'pool1', 'conv2', 'relu2', 'pool2', 'fc3'] as const

const counted = Array.from({ length: maps }, (_, o) => o)
const short = (value: number): string => String(Number(value.toPrecision(3)))

/** Tensors in which one map of the first layer says nothing: its filter and its bias are 0. */
const without = (tensors: Tensors, o: number): Tensors => {
  const cut = ({ shape, data }: Tensor): Tensor => {
    const each = data.length / maps
    return generate(shape, (i) => (Math.floor(i / each) === o ? 0 : (data[i] as number)))
  }
  return { ...tensors, 'conv1.w': cut(tensors['conv1.w'] as Tensor), 'conv1.b': cut(tensors['conv1.b'] as Tensor) }
}

/** How alike two filters are: the cosine of the angle between them, −1 to 1. */
const cosine = (a: Tensor, b: Tensor): number => {
  const product = (p: Tensor, q: Tensor): number =>
    Array.from(p.data).reduce((sum, value, i) => sum + value * (q.data[i] as number), 0)
  const length = Math.sqrt(product(a, a) * product(b, b))
  return length === 0 ? 0 : product(a, b) / length
}

interface Seen {
  readonly before: Tensor
  readonly after: Tensor
  readonly values: Tensors
  readonly shown: readonly number[]
  readonly whole: Evaluation
  readonly cut: readonly Evaluation[]
  readonly losses: readonly number[]
  readonly digits: readonly Tensor[]
  readonly labels: readonly number[]
}

/** The share of a watched value that is not 0. */
const alive = ({ data }: Tensor): number => sumOf(Array.from(data).map((value) => (value > 0 ? 1 : 0))) / data.length

const sectionsOf = ({ before, after, values, shown, whole, cut, losses, digits, labels }: Seen): readonly Section[] => {
  const conv1 = values['conv1'] as Tensor
  const relu1 = values['relu1'] as Tensor
  const pool2 = values['pool2'] as Tensor
  const scores = values['fc3'] as Tensor
  const filters = counted.map((o) => imageAt(after, o))
  const moved = counted.map((o) => cosine(imageAt(before, o), imageAt(after, o)))
  const sums = filters.map(({ data }) => sumOf(data))
  const lengths = filters.map(({ data }) => Math.sqrt(sumOf(Array.from(data).map((v) => v * v))))
  const costs = cut.map(({ accuracy }) => whole.accuracy - accuracy)
  const dearest = costs.indexOf(Math.max(...costs))
  const cheapest = costs.indexOf(Math.min(...costs))
  const answer = (n: number): number => {
    const row = Array.from({ length: 10 }, (_, c) => scores.data[n * 10 + c] as number)
    return row.indexOf(Math.max(...row))
  }
  const right = shown.filter((n) => answer(n) === labels[n]).length
  const isEdge = (o: number): boolean => Math.abs(sums[o] as number) < (lengths[o] as number)
  return [
    lines('Learning: the loss of each step, the mean of ten', {
      x: { label: 'step' },
      y: { label: 'loss', from: 0 },
      lines: [{ name: 'loss', points: smoothed(losses, 10).map((loss, i) => [i + 1, loss] as const) }],
    }),
    text(`${percent(whole.accuracy)} of the test digits are right afterwards.`),
    heading('The filters of the first layer'),
    images('Its six filters of 5×5 before training and after; red above 0, blue below', {
      colours: 'signed',
      zoom: 16,
      rows: [
        { label: 'before', pictures: counted.map((o) => ({ pixels: imageAt(before, o) })) },
        { label: 'after', pictures: counted.map((o) => ({ pixels: imageAt(after, o), label: `map ${o + 1}` })) },
      ],
    }),
    table(
      'The same in numbers',
      ['filter', 'like its first form (cosine)', 'sum of its numbers', 'length', 'accuracy without it'],
      counted.map((o) => [
        `map ${o + 1}`,
        short(moved[o] as number),
        short(sums[o] as number),
        short(lengths[o] as number),
        percent((cut[o] as Evaluation).accuracy),
      ]),
    ),
    text(
      `Training turned the filters from their random beginning to a cosine of ${short(Math.min(...moved))} to ${short(Math.max(...moved))}: 1 is where they were.`,
      `${counted.filter(isEdge).length} of the ${maps} have numbers that largely cancel (their sum is smaller than their length), as those of an edge filter do, which is silent on even ground; the others answer to ink as such.`,
    ),
    heading('What the maps show'),
    images('What each of the first layer’s filters makes of some digits, before its ReLU', {
      colours: 'signed',
      zoom: 3,
      rows: shown.map((n) => ({
        label: `a ${labels[n]}`,
        pictures: counted.map((o) => ({
          pixels: imageAt(conv1, n * maps + o),
          ...(n === shown.at(-1) ? { label: `map ${o + 1}` } : {}),
        })),
      })),
    }),
    images(
      'One digit through the network: image; six maps of 28×28; pooled to 14×14; sixteen maps of 10×10; pooled to 5×5',
      {
        colours: 'ink',
        zoom: 3,
        rows: [
          { label: 'x', pictures: [{ pixels: digits[0] as Tensor }] },
          { label: 'relu1', pictures: counted.map((o) => ({ pixels: imageAt(relu1, o) })) },
          {
            label: 'pool1',
            zoom: 4,
            pictures: counted.map((o) => ({ pixels: imageAt(values['pool1'] as Tensor, o) })),
          },
          ...[0, 8].map((from) => ({
            label: from === 0 ? 'relu2' : '',
            zoom: 5,
            pictures: Array.from({ length: 8 }, (_, o) => ({ pixels: imageAt(values['relu2'] as Tensor, from + o) })),
          })),
          ...[0, 8].map((from) => ({
            label: from === 0 ? 'pool2' : '',
            zoom: 10,
            pictures: Array.from({ length: 8 }, (_, o) => ({ pixels: imageAt(pool2, from + o) })),
          })),
        ],
      },
    ),
    bars(`The ten logits of that digit, a ${labels[0]}`, {
      x: { label: 'logit' },
      bars: Array.from({ length: 10 }, (_, c) => ({ name: String(c), value: scores.data[c] as number })),
    }),
    text(
      `After the first ReLU ${percent(alive(relu1))} of the numbers are above 0, after the second ${percent(alive(values['relu2'] as Tensor))}. Of the ${shown.length} digits shown, ${right} are read as what they are.`,
      `With the filter of map ${dearest + 1} set to 0, ${percent((cut[dearest] as Evaluation).accuracy)} of the test digits are still right, with that of map ${cheapest + 1} ${percent((cut[cheapest] as Evaluation).accuracy)}: the network leans on the one by ${percent(costs[dearest] as number)} and on the other by ${percent(costs[cheapest] as number)}.`,
    ),
  ]
}

export const featureMaps: Lesson = {
  name: 'feature-maps',
  title: 'What a convolutional network looks at',
  question: 'Which filters does LeNet-5 find when nobody writes them, and what do its maps show?',
  source: 'slides "Convolutional layer (CONV)", "LeNet"',
  theory: [
    'The first layer of LeNet-5 has six filters of 5×5. Each is slid over the image and gives a map: where what it looks for is, and how much. The filters begin as random numbers; nothing but the loss at the other end tells them what to look for.',
    'The second layer looks at all six maps at once, so its filters have no picture of their own, but its maps do. Pooling halves them, so that each number answers for more of the image.',
    'A program on any backend can be watched: every value in it has a name, and a run brings back those that are asked for.',
  ],
  ops: ['conv2d', 'relu', 'maxPool2d'],
  next: [
    { idea: 'Write filters by hand, and compare.', command: 'etalon lesson filters' },
    { idea: 'See the shapes of all layers, and what each costs.', command: 'etalon describe lenet5' },
    { idea: 'Train it in earnest.', command: 'etalon train lenet5 --epochs 12 --augment shift' },
  ],
  run: (room) => {
    const batch = sized(room, 32, 8)
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 4000, validation: 0, test: 500 })),
      TE.bindTo('material'),
      TE.bind('taught', ({ material: { train } }) =>
        teach(
          partOf(room, 0, 0.8),
          'LeNet-5',
          {
            network: lenet5,
            optimizer: { op: 'momentum' },
            loss: 'softmaxCrossEntropy',
            rates: { schedule: 'linear', rate: 0.015 },
            epochs: 1,
            batch,
            seed: room.seed,
          },
          { train },
        ),
      ),
      TE.bind('cut', ({ material: { test }, taught: { training, tensors } }) =>
        inTurn(partOf(room, 0.8, 1), [undefined, ...counted], (room, o) =>
          F.pipe(
            evaluateOn(
              room.backend,
              training,
              o === undefined ? (tensors ?? training.start) : without(tensors ?? training.start, o),
              test,
            ),
            TE.tapIO(() => () => room.tell(1, o === undefined ? 'testing' : `testing without map ${o + 1}`)),
          ),
        ),
      ),
      TE.bind('seen', ({ material: { pixels, standard }, taught: { training, tensors = training.start } }) => {
        const few = some(pixels.test, 0, 5)
        const shown = Array.from({ length: few.labels.length }, (_, n) => n)
        const { program } = lenet5(shown.length)
        const own = Object.entries(tensors).filter(([name]) => name in program.inputs)
        return F.pipe(
          room.backend.run(program, { ...Object.fromEntries(own), x: examplesOf(few, standard).at(shown).x }, watched),
          TE.map((values) => ({
            values,
            shown,
            digits: shown.map((n) => digitAt(few, n)),
            labels: shown.map((n) => few.labels[n] as number),
          })),
        )
      }),
      TE.map(({ material: { train, test }, taught, cut: [whole, ...cut], seen }) => {
        const { training, tensors = training.start, losses } = taught
        const of = (from: Tensors): Tensor => tensor([maps, 1, 5, 5], (from['conv1.w'] as Tensor).data)
        return {
          done: [
            `LeNet-5, ${parameterCount(training.network)} parameters, learnt ${train.count} digits once in steps of ${batch}. Then ${seen.shown.length} digits it had not seen ran through it while the values of its layers were watched, and ${test.count} test digits were read seven times: once by the whole network, and once without each of the first layer’s filters.`,
          ],
          sections: sectionsOf({
            before: of(training.start),
            after: of(tensors),
            whole: whole as Evaluation,
            cut,
            losses,
            ...seen,
          }),
          figures: {
            'test accuracy': (whole as Evaluation).accuracy,
            ...Object.fromEntries(cut.map(({ accuracy }, o) => [`test accuracy without map ${o + 1}`, accuracy])),
          },
        }
      }),
    )
  },
}
