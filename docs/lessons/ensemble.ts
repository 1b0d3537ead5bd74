import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import { chain, fullyConnected, parameterCount, plainLayer, sequential } from '../../spec/networks/network.js'
import type { Numbers, Tensor } from '../../spec/tensor.js'
import { generate } from '../../spec/tensor.js'
import { countOf } from '../../training/dataset.js'
import { accuracy } from '../../training/metrics.js'
import type { Material, Taught } from './classroom.js'
import { digitAt, inTurn, materialOf, sized, teach } from './classroom.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { bars, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

const members = 7
const layers = chain(
  plainLayer('flat', 'flatten'),
  fullyConnected('fc1', 784, 64),
  plainLayer('relu1', 'relu'),
  fullyConnected('fc2', 64, 10),
)
const network = (batch: number): Network => sequential([batch, 1, 28, 28], [layers])
/** The same with shares for logits, which can be averaged. */
const shares = (batch: number): Network => sequential([batch, 1, 28, 28], [layers, plainLayer('shares', 'softmax')])

const opinionOf = ({ backend }: Classroom, { tensors = {} }: Taught, x: Tensor): Task<Tensor> => {
  const { program, output } = shares(x.shape[0] as number)
  return F.pipe(
    backend.run(program, { ...tensors, x }),
    TE.map((values) => values[output] as Tensor),
  )
}

/** The mean of tensors of one shape, element by element. */
const meanOf = (tensors: readonly Tensor[]): Tensor =>
  generate((tensors[0] as Tensor).shape, (i) => average(tensors.map(({ data }) => data[i] as number)))

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** The mean of −ln of the share that the right class is given. */
const lossOf = ({ shape: [, classes = 1], data }: Tensor, labels: Numbers): number =>
  average(Array.from(labels, (label, n) => -Math.log(Math.max(data[n * classes + label] as number, 2 ** -126))))

const answerOf = ({ shape: [, classes = 1], data }: Tensor, n: number): number =>
  Array.from({ length: classes }, (_, c) => c).reduce((a, b) =>
    (data[n * classes + b] as number) > (data[n * classes + a] as number) ? b : a,
  )

const sectionsOf = (
  opinions: readonly Tensor[],
  { test, pixels }: Material,
): { readonly sections: readonly Section[]; readonly figures: Readonly<Record<string, number>> } => {
  const { labels } = pixels.test
  const { target } = test.at(Array.from({ length: test.count }, (_, i) => i))
  const together = opinions.map((_, k) => meanOf(opinions.slice(0, k + 1)))
  const all = together.at(-1) as Tensor
  const own = opinions.map((opinion) => accuracy(opinion, target))
  const joint = together.map((opinion) => accuracy(opinion, target))
  const [whole, best, mean] = [joint.at(-1) ?? NaN, Math.max(...own), average(own)]
  const losses = opinions.map((opinion) => lossOf(opinion, labels))
  const lossTogether = lossOf(all, labels)
  const places = Array.from({ length: test.count }, (_, n) => n)
  const wrongAt = (n: number): number => opinions.filter((opinion) => answerOf(opinion, n) !== labels[n]).length
  const disputed = places.filter((n) => new Set(opinions.map((opinion) => answerOf(opinion, n))).size > 1)
  const allWrong = places.filter((n) => wrongAt(n) === opinions.length)
  const corrected = places
    .filter((n) => answerOf(all, n) === labels[n] && wrongAt(n) > 0)
    .toSorted((a, b) => wrongAt(b) - wrongAt(a))
  const beatenBy = own.filter((one) => one > whole).length
  return {
    figures: {
      'testAccuracy together': whole,
      'testAccuracy, mean of the members': mean,
      'testAccuracy, best member': best,
      'testLoss together': lossTogether,
      'testLoss, mean of the members': average(losses),
    },
    sections: [
      table(
        `On ${test.count} test digits`,
        ['', 'right', 'loss'],
        [
          ...opinions.map((_, k) => [`member ${k + 1}`, percent(own[k] as number), (losses[k] as number).toFixed(4)]),
          ['mean of the members', percent(mean), average(losses).toFixed(4)],
          [`all ${opinions.length} together`, percent(whole), lossTogether.toFixed(4)],
        ],
      ),
      bars('Share of the test digits that are not recognised', {
        x: { label: 'wrong', percent: true, from: 0 },
        bars: [
          ...own.map((one, k) => ({ name: `member ${k + 1}`, value: 1 - one })),
          { name: 'together', value: 1 - whole },
        ],
      }),
      text(
        `Together they are right on ${percent(whole)}; alone, on ${percent(mean)} on average.`,
        whole > best
          ? `That is more than the best of them alone, ${percent(best)}.`
          : `The best of them alone is right on ${percent(best)}: ${beatenBy === 0 ? 'as many' : `${beatenBy} of them did better than all together`}.`,
        mean < 1
          ? `Of the mistakes that a member makes on average, ${percent((whole - mean) / (1 - mean), 0)} are gone.`
          : 'There was no mistake to correct.',
      ),
      lines('Right, by how many members are asked', {
        x: { label: 'members' },
        y: { label: 'test accuracy', percent: true },
        lines: [
          { name: 'together', points: joint.map((one, k) => [k + 1, one] as const) },
          { name: 'each alone', points: own.map((one, k) => [k + 1, one] as const) },
          { name: 'mean of the members', dashed: true, points: own.map((_, k) => [k + 1, mean] as const) },
        ],
      }),
      text(
        `The loss of the mean opinion, ${lossTogether.toFixed(4)}, against the mean loss, ${average(losses).toFixed(4)}: Jensen’s inequality allows it to be no larger, and the difference is what their disagreement is worth.`,
        `They disagree about ${disputed.length} digits of ${test.count}. About ${allWrong.length} all of them are wrong; on ${allWrong.filter((n) => answerOf(all, n) === labels[n]).length} of those the mean of their shares is right all the same, where each put the right class second and they differ in what they put first.`,
      ),
      ...(corrected.length === 0
        ? []
        : [
            images('Recognised together, and how many members were wrong alone: the most first', {
              colours: 'ink',
              range: [0, 1],
              zoom: 2,
              rows: [
                {
                  pictures: corrected.slice(0, 10).map((n) => ({
                    label: `${labels[n]}: ${wrongAt(n)} wrong`,
                    pixels: digitAt(pixels.test, n),
                  })),
                },
              ],
            }),
          ]),
    ],
  }
}

export const ensemble: Lesson = {
  name: 'ensemble',
  title: 'An ensemble: several networks are asked, and their answers averaged',
  question:
    'Networks that differ in nothing but their first weights make different mistakes. What comes of asking them all?',
  source: 'Hansen and Salamon, "Neural network ensembles", 1990; slide "Dropout", which is an ensemble in one network',
  theory: [
    'Each member answers with a share for every class; the ensemble answers with the mean of the shares. Where members are wrong in different ways, the wrong shares thin out and the right one stays.',
    '−ln is convex, so for every digit the loss of the mean opinion is at most the mean of the losses (Jensen): in cross-entropy an ensemble is never worse than its members are on average. For the share of right answers there is no such law.',
  ],
  ops: ['softmax', 'cce'],
  next: [
    { idea: 'Other first weights for all of them.', command: 'etalon lesson ensemble --seed 2' },
    { idea: 'Fewer digits make members that differ more.', command: 'etalon lesson ensemble --size 0.3' },
  ],
  run: (room) => {
    const batch = sized(room, 32, 8)
    const epochs = Math.max(2, sized(room, 6, 1))
    const seeds = Array.from({ length: members }, (_, k) => room.seed * 1000 + k)
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 2000, validation: 0, test: 2000 })),
      TE.bindTo('material'),
      TE.bind('opinions', ({ material: { train, test } }) =>
        inTurn(room, seeds, (part, seed, at) =>
          F.pipe(
            teach(
              part,
              `member ${at + 1}`,
              {
                network,
                optimizer: { op: 'adam' },
                loss: 'softmaxCrossEntropy',
                rates: { schedule: 'linear', rate: 0.003 },
                epochs,
                batch,
                seed,
              },
              { train },
            ),
            TE.flatMap((taught) => opinionOf(room, taught, test.at(Array.from({ length: test.count }, (_, i) => i)).x)),
          ),
        ),
      ),
      TE.map(({ material, opinions }) => ({
        done: [
          `${members} networks of two layers, ${parameterCount(network(1))} parameters each, learnt the same ${countOf(material.pixels.train)} digits ${epochs} times over, by Adam in steps of ${batch}; they differ in their first weights and in the order of the digits.`,
        ],
        ...sectionsOf(opinions, material),
      })),
    )
  },
}
