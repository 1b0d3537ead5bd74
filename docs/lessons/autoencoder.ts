import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../../spec/error.js'
import { autoencoder as network, decoder, encoder } from '../../spec/networks/autoencoder.js'
import type { Network } from '../../spec/networks/network.js'
import { parameterCount, sequential } from '../../spec/networks/network.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate, sizeOf, zipTensors } from '../../spec/tensor.js'
import type { Dataset } from '../../training/dataset.js'
import { batch as pixelsOf, countOf } from '../../training/dataset.js'
import { initialParameters } from '../../training/initialize.js'
import type { Examples } from '../../training/training.js'
import { digitAt, imageAt, materialOf, partOf, sized, teach } from './classroom.js'
import type { Classroom, Images, Lesson, Picture, Section } from './lesson.js'
import { heading, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

const codeShape = [8, 4, 4]
const codeSize = sizeOf(codeShape)
const pixelCount = 28 * 28

const coding = (count: number): Network => sequential([count, 1, 28, 28], [encoder])
const drawing = (count: number): Network => sequential([count, ...codeShape], [decoder])

/** Digits as examples whose target is the digit itself, ink from 0 to 1. */
const themselves = (digits: Dataset): Examples => ({
  count: countOf(digits),
  mark: `${countOf(digits)} digits, their own targets`,
  at: (indices) => {
    const { x } = pixelsOf(digits, indices)
    return { x, target: x }
  },
})

const all = (digits: Dataset): Tensor =>
  pixelsOf(
    digits,
    Array.from({ length: countOf(digits) }, (_, i) => i),
  ).x

/** The mean of images [N,1,H,W], pixel by pixel: [H,W]. */
const meanImage = ({ shape: [count = 1, , height = 1, width = 1], data }: Tensor): Tensor =>
  generate([height, width], (i) => {
    const values = Array.from({ length: count }, (_, n) => data[n * height * width + i] as number)
    return values.reduce((a, b) => a + b, 0) / count
  })

/** The mean squared error of each image [N,1,H,W] against another, given by the image and the pixel. */
const errorsOf = (
  { shape: [count = 1, , height = 1, width = 1], data }: Tensor,
  other: (image: number, pixel: number) => number,
): readonly number[] => {
  const pixels = height * width
  return Array.from({ length: count }, (_, n) => {
    const squares = Array.from({ length: pixels }, (_, i) => ((data[n * pixels + i] as number) - other(n, i)) ** 2)
    return squares.reduce((a, b) => a + b, 0) / pixels
  })
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

const apply = ({ backend }: Classroom, { program, output }: Network, tensors: Tensors, x: Tensor): Task<Tensor> =>
  F.pipe(
    backend.run(program, {
      ...Object.fromEntries(Object.entries(tensors).filter(([name]) => name in program.inputs)),
      x,
    }),
    TE.map((values) => values[output] as Tensor),
  )

/**
 * First weights under which the decoder draws about as much ink as digits have. From a bias of 0 it draws grey, and the
 * first steps, all of them against that much ink, leave its last sigmoid at 0, where it has no slope to learn by.
 */
const startOf = (seed: number, mean: Tensor): Tensors => {
  const ink = Math.min(0.99, Math.max(0.01, meanOf(Array.from(mean.data))))
  return {
    ...initialParameters(network(1), seed),
    'decoder.conv3.b': filled([1], Math.fround(Math.log(ink / (1 - ink)))),
  }
}

const between = (a: number, b: number, share: number): number => (1 - share) * a + share * b

interface Seen {
  readonly originals: Dataset
  readonly x: Tensor
  readonly drawn: Tensor
  readonly codes: Tensor
  readonly mean: Tensor
  /** ways from one digit to another: by what is drawn of codes between theirs */
  readonly walks: readonly { readonly from: number; readonly to: number; readonly drawn: Tensor }[]
}

const waypoints = 7

/** Pairs of digits of different classes, the first that there are. */
const pairsOf = ({ labels }: Dataset, count: number): readonly { readonly from: number; readonly to: number }[] => {
  const list = Array.from(labels)
  return Array.from({ length: Math.min(count, Math.floor(list.length / 2)) }, (_, k) => {
    const from = 2 * k
    const to = list.findIndex((label, at) => at > from && label !== list[from])
    return { from, to: to < 0 ? from + 1 : to }
  })
}

const looked = (room: Classroom, tensors: Tensors, originals: Dataset, mean: Tensor): Task<Seen> => {
  const x = all(originals)
  const count = countOf(originals)
  return F.pipe(
    TE.Do,
    TE.bind('codes', () => apply(room, coding(count), tensors, x)),
    TE.bind('drawn', ({ codes }) => apply(room, drawing(count), tensors, codes)),
    TE.bind('walks', ({ codes }) =>
      F.pipe(
        pairsOf(originals, 3),
        TE.traverseSeqArray(({ from, to }) =>
          F.pipe(
            apply(
              room,
              drawing(waypoints),
              tensors,
              generate([waypoints, ...codeShape], (i) => {
                const [step, at] = [Math.floor(i / codeSize), i % codeSize]
                const [a, b] = [codes.data[from * codeSize + at] as number, codes.data[to * codeSize + at] as number]
                return Math.fround(between(a, b, step / (waypoints - 1)))
              }),
            ),
            TE.map((drawn) => ({ from, to, drawn })),
          ),
        ),
      ),
    ),
    TE.map((made) => ({ ...made, originals, x, mean })),
  )
}

const imagesOf = (tensor: Tensor, places: readonly number[]): readonly Picture[] =>
  places.map((at) => ({ pixels: imageAt(tensor, at) }))

const grid = (caption: string, colours: Images['colours'], rows: Images['rows']): Section =>
  images(caption, { colours, range: colours === 'ink' ? [0, 1] : [-1, 1], zoom: 2, rows })

const sectionsOf = (
  { originals, x, drawn, codes, mean, walks }: Seen,
  curves: { readonly train: readonly number[]; readonly test: readonly number[] },
): { readonly sections: readonly Section[]; readonly figures: Readonly<Record<string, number>> } => {
  const own = errorsOf(x, (n, i) => drawn.data[n * pixelCount + i] as number)
  const byMean = errorsOf(x, (_, i) => mean.data[i] as number)
  const [mse, meanMse] = [meanOf(own), meanOf(byMean)]
  const ranked = own.map((_, n) => n).toSorted((a, b) => (own[a] as number) - (own[b] as number))
  const [well, badly] = [ranked.slice(0, 10), ranked.slice(-10).reverse()]
  const beaten = own.filter((error, n) => error < (byMean[n] as number)).length
  const silent = Array.from({ length: codeSize }, (_, at) =>
    own.every((_, n) => codes.data[n * codeSize + at] === 0),
  ).filter(Boolean).length
  const active = Array.from(codes.data).filter((value) => value > 0).length / codes.data.length
  const labels = Array.from(originals.labels)
  const classes = [...new Set(labels)].toSorted((a, b) => a - b)
  const errorOf = (label: number): number => meanOf(own.filter((_, n) => labels[n] === label))
  const hardest = classes.reduce((a, b) => (errorOf(b) > errorOf(a) ? b : a))
  const easiest = classes.reduce((a, b) => (errorOf(b) < errorOf(a) ? b : a))
  const shown = own.map((_, n) => n).slice(0, 10)
  const falling = curves.test.at(-1) ?? NaN
  return {
    figures: { testMse: mse, 'testMse of the mean image': meanMse, 'share of the code that is not 0': active },
    sections: [
      grid('Test digits, and what comes out of their codes', 'ink', [
        { label: 'digit', pictures: imagesOf(x, shown) },
        { label: 'from its code', pictures: imagesOf(drawn, shown) },
      ]),
      grid('The difference: red is ink too much, blue too little', 'signed', [
        {
          label: 'drawn − digit',
          pictures: imagesOf(
            zipTensors([drawn, x], (a, b) => a - b),
            shown,
          ),
        },
      ]),
      lines('Mean squared error after each epoch', {
        x: { label: 'epoch' },
        y: { label: 'mean squared error', from: 0 },
        lines: [
          { name: 'training, the mean of the epoch', points: curves.train.map((loss, i) => [i + 1, loss] as const) },
          { name: 'new digits', points: curves.test.map((loss, i) => [i + 1, loss] as const) },
          {
            name: 'the mean image instead',
            dashed: true,
            points: curves.train.map((_, i) => [i + 1, meanMse] as const),
          },
        ],
      }),
      text(
        `The mean of all training digits, drawn whatever comes, has a mean squared error of ${meanMse.toFixed(4)} on the test digits; the autoencoder has ${mse.toFixed(4)}, ${percent(mse / meanMse)} of that.`,
        `It is nearer than the mean image on ${beaten} of ${own.length} digits.`,
        curves.test.length > 1 && falling < Math.min(...curves.test.slice(0, -1))
          ? 'On new digits the error was the smallest after the last epoch: it had not stopped learning.'
          : 'On new digits the error was not the smallest after the last epoch.',
      ),
      text(
        `Of the ${codeSize} numbers of a code, ReLU leaves ${percent(active)} that are not 0, and ${silent} are 0 for every test digit.`,
      ),
      heading('The best and the worst'),
      grid('The ten that are drawn best', 'ink', [
        { label: 'digit', pictures: imagesOf(x, well) },
        { label: 'from its code', pictures: imagesOf(drawn, well) },
      ]),
      grid('The ten that are drawn worst', 'ink', [
        { label: 'digit', pictures: imagesOf(x, badly) },
        { label: 'from its code', pictures: imagesOf(drawn, badly) },
      ]),
      table(
        'Mean squared error by class',
        ['class', 'autoencoder', 'mean image'],
        classes.map((label) => [
          label,
          errorOf(label).toFixed(4),
          meanOf(byMean.filter((_, n) => labels[n] === label)).toFixed(4),
        ]),
      ),
      text(`The class that costs most is ${hardest}, the one that costs least ${easiest}.`),
      heading('From one digit to another'),
      ...walks.map(({ from, to, drawn: steps }, k) =>
        grid(
          `${labels[from]} to ${labels[to]}${k === 0 ? ', along a line between the codes, and along one between the pixels' : ''}`,
          'ink',
          [
            {
              label: 'codes',
              pictures: imagesOf(
                steps,
                Array.from({ length: waypoints }, (_, i) => i),
              ),
            },
            {
              label: 'pixels',
              pictures: Array.from({ length: waypoints }, (_, i) => ({
                pixels: zipTensors([digitAt(originals, from), digitAt(originals, to)], (a, b) =>
                  between(a, b, i / (waypoints - 1)),
                ),
              })),
            },
          ],
        ),
      ),
    ],
  }
}

export const autoencoder: Lesson = {
  name: 'autoencoder',
  title: 'An autoencoder: digits through a code of 128 numbers',
  question: 'How much of a digit is left when it has to pass through a code a sixth of its size?',
  source: 'slide "Autoencoders"',
  theory: [
    'An encoder makes a short code of an image, a decoder an image of the code; both learn, by the mean squared error between what went in and what came out. Nobody labels anything: the image is its own target.',
    'What is common to digits need not be in the code, for the decoder knows it. The simplest thing to know is the mean image, whose error is the variance of the pixels: an autoencoder is worth something as far as it is better than that. A code of the same size made linearly would be PCA; here both halves bend, by their ReLUs.',
  ],
  ops: ['convTranspose2d', 'mse'],
  next: [
    { idea: 'Longer at it.', command: 'etalon lesson autoencoder --size 2' },
    { idea: 'What the layers are, and their parameters.', command: 'etalon describe autoencoder' },
  ],
  run: (room) => {
    const batch = sized(room, 16, 4)
    const epochs = Math.max(2, sized(room, 5, 1))
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 1280, validation: 100, test: 200 })),
      TE.bindTo('material'),
      TE.let('mean', ({ material: { pixels } }) => meanImage(all(pixels.train))),
      TE.bind('taught', ({ material: { pixels }, mean }) =>
        teach(
          partOf(room, 0, 1),
          'autoencoder',
          {
            network,
            optimizer: { op: 'adam' },
            loss: 'mse',
            rates: { schedule: 'linear', rate: 0.003 },
            epochs,
            batch,
            seed: room.seed,
          },
          { train: themselves(pixels.train), validation: themselves(pixels.validation) },
          { parameters: startOf(room.seed, mean) },
        ),
      ),
      TE.bind('seen', ({ taught: { tensors = {} }, material: { pixels }, mean }) =>
        looked(room, tensors, pixels.test, mean),
      ),
      TE.map(({ seen, material: { pixels }, taught: { points } }) => ({
        done: [
          `The convolutional autoencoder of the zoo, ${parameterCount(network(1))} parameters, learnt ${countOf(pixels.train)} digits ${epochs} times over in steps of ${batch}, by Adam, from a last bias under which it draws as much ink as digits have. ${countOf(pixels.validation)} other digits were drawn after each epoch, and ${countOf(pixels.test)} test digits at the end. A digit has ${pixelCount} pixels from 0 to 1, its code ${codeSize} numbers.`,
        ],
        ...sectionsOf(seen, {
          train: points.map(({ loss }) => loss),
          test: points.map(({ validationLoss }) => validationLoss ?? NaN),
        }),
      })),
    )
  },
}
