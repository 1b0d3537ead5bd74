import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Session } from '../../spec/backend.js'
import { sessionOf } from '../../spec/backend.js'
import type { Dataset } from '../../training/dataset.js'
import { batch as pixelsOf, countOf, shuffle } from '../../training/dataset.js'
import type { EtalonError } from '../../spec/error.js'
import { discriminator, gan as pair, generator } from '../../spec/networks/gan.js'
import { inference, parameterCount, trainingBy } from '../../spec/networks/network.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate } from '../../spec/tensor.js'
import type { Adversaries } from '../../training/adversarial.js'
import { adversarialFeeds, adversarialState, adversarialStep, adversarialValues } from '../../training/adversarial.js'
import { initialParameters } from '../../training/initialize.js'
import { initializers } from '../../training/initializers.js'
import { imageAt, materialOf, sized, smoothed } from './classroom.js'
import type { Classroom, Lesson, Picture, Section } from './lesson.js'
import { heading, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

const sizes = { widths: [16, 8], noise: 16 } as const
/** 0 and 1 as the pixels of a tanh: −1 and 1 */
const signed = { mean: 0.5, std: 0.5 }
const learningRate = 0.003
const optimizer = { op: 'adam', attrs: { beta1: 0.5 } } as const
const batch = 16
/** what is drawn on the way, and after which share of the steps */
const shown = 12
const moments = [0, 0.1, 0.2, 0.4, 0.7, 1] as const

const adversariesOf = (seed: number): Adversaries => {
  const asked = { ...sizes, mode: trainingBy(seed) }
  return { generator: generator(batch, asked), discriminator: discriminator(batch, asked) }
}

/** As DCGAN starts: weights normal with standard deviation 0.02, so that the first drawings are grey. */
const startOf = (seed: number): Tensors =>
  Object.fromEntries(
    Object.entries(initialParameters(pair(1, sizes), seed)).map(([name, parameter]) => [
      name,
      parameter.shape.length > 1 ? initializers.normal(keyOf(`gan ${seed} ${name}`), parameter.shape, 0.02) : parameter,
    ]),
  )

const noiseOf = (name: string, count: number): Tensor => {
  const { normal } = draws(keyOf(`noise ${name}`))
  return generate([count, sizes.noise], () => Math.fround(normal()))
}

/** The places of the real digits of a step, counted from 0: epoch after epoch, each in an order of its own. */
const placesOf = (seed: number, count: number, step: number): Numbers => {
  const perEpoch = Math.max(1, Math.floor(count / batch))
  const order = shuffle(keyOf(`gan ${seed} ${Math.floor(step / perEpoch)}`), count)
  const from = (step % perEpoch) * batch
  return Array.from({ length: batch }, (_, i) => order[(from + i) % count] as number)
}

/** A step that was taken: both losses, and the share of the discriminator's verdicts that were right. */
interface Taken {
  readonly discriminating: number
  readonly generating: number
  readonly told: number
}

interface Moment {
  readonly step: number
  readonly drawn: Tensor
}

interface Contest {
  readonly taken: readonly Taken[]
  readonly moments: readonly Moment[]
  /** the step, from 1, after which a loss was no number */
  readonly diverged?: number
}

const drawnIn = (session: Session, seed: number): Task<Tensor> => {
  const { program, output } = generator(shown, { ...sizes, mode: inference })
  return F.pipe(
    session.run(program, { x: noiseOf(`shown ${seed}`, shown) }),
    TE.map((values) => values[output] as Tensor),
  )
}

const verdicts = 'discriminating.verdicts'

const takenOf = (values: Tensors): Taken => {
  const number = (name: string): number => values[name]?.data[0] ?? NaN
  const logits = Array.from(values[verdicts]?.data ?? [])
  const right = logits.filter((logit, n) => (n < logits.length / 2 ? logit > 0 : logit < 0)).length
  return {
    discriminating: number(adversarialValues.discriminating),
    generating: number(adversarialValues.generating),
    told: right / logits.length,
  }
}

/** The two against each other, so many steps, with drawings on the way. */
const contest =
  (room: Classroom, real: Dataset, steps: number): Task<Contest> =>
  async () => {
    const { backend, seed } = room
    const both = adversariesOf(seed)
    const program = adversarialStep(both, optimizer)
    if (E.isLeft(program)) return program
    const opened = await sessionOf(backend, program.right, adversarialState(both, startOf(seed), optimizer))()
    if (E.isLeft(opened)) return opened
    const session = opened.right
    const wanted = new Set(moments.map((share) => Math.round(share * steps)))
    const taken: Taken[] = []
    const seen: Moment[] = []
    const ended = await (async (): Promise<E.Either<EtalonError, number | undefined>> => {
      for (let step = 0; ; step++) {
        if (wanted.has(step)) {
          const drawn = await drawnIn(session, seed)()
          if (E.isLeft(drawn)) return drawn
          seen.push({ step, drawn: drawn.right })
        }
        if (step === steps) return E.right(undefined)
        const feeds = adversarialFeeds({
          noise: noiseOf(`step ${seed} ${step}`, batch),
          real: pixelsOf(real, placesOf(seed, countOf(real), step), signed).x,
          learningRate,
        })
        const values = await session.step(feeds, [...Object.values(adversarialValues), verdicts])()
        if (E.isLeft(values)) return values
        const now = takenOf(values.right)
        room.tell(
          (step + 1) / steps,
          `step ${step + 1} of ${steps}, losses ${now.discriminating.toFixed(3)} and ${now.generating.toFixed(3)}`,
        )
        if (!Number.isFinite(now.discriminating + now.generating)) return E.right(step + 1)
        taken.push(now)
      }
    })()
    await session.close()
    return F.pipe(
      ended,
      E.map((diverged) => ({ taken, moments: seen, ...(diverged === undefined ? {} : { diverged }) })),
    )
  }

interface Nearest {
  readonly at: number
  readonly distance: number
}

/** The real digit that is nearest to an image, and the mean squared difference of their pixels. */
const nearestTo = (image: Tensor, real: Tensor): Nearest => {
  const pixels = image.data.length
  const distanceTo = (n: number): number =>
    Array.from(image.data).reduce((sum, value, i) => sum + (value - (real.data[n * pixels + i] as number)) ** 2, 0) /
    pixels
  return Array.from({ length: real.shape[0] as number }, (_, at) => ({ at, distance: distanceTo(at) })).reduce(
    (a, b) => (b.distance < a.distance ? b : a),
  )
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const imagesIn = (tensor: Tensor): readonly Tensor[] =>
  Array.from({ length: tensor.shape[0] as number }, (_, at) => imageAt(tensor, at))

/** The mean squared difference between two of some images, whichever: 0 where all are one. */
const spreadOf = (these: readonly Tensor[]): number =>
  meanOf(
    these.flatMap((a, at) =>
      these
        .slice(at + 1)
        .map(({ data }) => meanOf(Array.from(a.data, (value, i) => (value - (data[i] as number)) ** 2))),
    ),
  )
const inkOf = (tensor: Tensor): number => meanOf(Array.from(tensor.data, (value) => (value + 1) / 2))
const pictures = (tensors: readonly Tensor[]): readonly Picture[] => tensors.map((pixels) => ({ pixels }))

const everyPixel = (digits: Dataset, most: number): Tensor =>
  pixelsOf(
    digits,
    Array.from({ length: Math.min(most, countOf(digits)) }, (_, i) => i),
    signed,
  ).x

const sectionsOf = (
  { taken, moments: seen, diverged }: Contest,
  sets: { readonly real: Dataset; readonly test: Dataset },
): { readonly sections: readonly Section[]; readonly figures: Readonly<Record<string, number>> } => {
  const real = everyPixel(sets.real, 1000)
  const unseen = imagesIn(everyPixel(sets.test, 24))
  const nearnessOf = (these: readonly Tensor[]): number => meanOf(these.map((image) => nearestTo(image, real).distance))
  const nearness = seen.map(({ drawn }) => nearnessOf(imagesIn(drawn)))
  const nearnessOfReal = nearnessOf(unseen)
  const inks = seen.map(({ drawn }) => inkOf(drawn))
  const spreads = seen.map(({ drawn }) => spreadOf(imagesIn(drawn)))
  const [spreadOfReal, spreadAtEnd] = [spreadOf(unseen), spreads.at(-1) as number]
  const blank = nearnessOf([filled([28, 28], -1)])
  const last = seen.at(-1) as Moment
  const [first, end] = [nearness[0] as number, nearness.at(-1) as number]
  const smooth = (of: (one: Taken) => number): readonly (readonly [number, number])[] =>
    smoothed(taken.map(of), 10).map((value, i) => [i + 1, value] as const)
  const late = taken.slice(-Math.max(1, Math.floor(taken.length / 5)))
  const told = meanOf(late.map((one) => one.told))
  const hardest =
    taken.length === 0 ? 0 : taken.reduce((a, one, i) => (one.generating > (taken[a]?.generating ?? 0) ? i : a), 0)
  return {
    figures: {
      'distance to the nearest real digit, first': first,
      'distance to the nearest real digit, last': end,
      'distance of unseen real digits': nearnessOfReal,
      'between two drawings, last': spreadAtEnd,
      'between two real digits': spreadOfReal,
      ...(taken.length === 0
        ? {}
        : {
            'discriminator right at the end': told,
            'loss of the discriminator at the end': meanOf(late.map((one) => one.discriminating)),
            'loss of the generator at the end': meanOf(late.map((one) => one.generating)),
          }),
    },
    sections: [
      images('What the generator makes of the same noise, a row at a time', {
        colours: 'ink',
        range: [-1, 1],
        zoom: 2,
        rows: [
          ...seen.map(({ step, drawn }) => ({ label: `after ${step} steps`, pictures: pictures(imagesIn(drawn)) })),
          { label: 'real', pictures: pictures(imagesIn(real).slice(0, shown)) },
        ],
      }),
      ...(diverged === undefined
        ? []
        : [text(`At step ${diverged} a loss was no number any more, and the contest ended.`)]),
      lines('Both losses, the mean of ten steps; ln 2 is what telling by a coin costs', {
        x: { label: 'step' },
        y: { label: 'loss', from: 0 },
        lines: [
          { name: 'discriminator', points: smooth((one) => one.discriminating) },
          { name: 'generator', points: smooth((one) => one.generating) },
          {
            name: 'ln 2',
            dashed: true,
            points: [
              [1, Math.LN2],
              [Math.max(2, taken.length), Math.LN2],
            ],
          },
        ],
      }),
      lines('Verdicts of the discriminator that are right, the mean of ten steps', {
        x: { label: 'step' },
        y: { label: 'right', percent: true, from: 0, to: 1 },
        lines: [{ name: 'real and drawn together', points: smooth((one) => one.told) }],
      }),
      text(
        `In the last fifth of the steps the discriminator was right on ${percent(told)} of the images: ${told > 0.75 ? 'it still tells drawn from real, and the generator has more to learn from it' : told > 0.55 ? 'it is right more often than a coin, and not by much' : 'no better than a coin'}.`,
        `The generator’s loss was at its largest at step ${hardest + 1} of ${taken.length}.`,
      ),
      table(
        'How near the drawings are to real digits: to the nearest of them, by the mean squared difference of pixels from −1 to 1',
        ['', 'distance', 'between two drawings', 'ink'],
        [
          ...seen.map(({ step }, k) => [
            `after ${step} steps`,
            (nearness[k] as number).toFixed(3),
            percent(inks[k] as number),
          ]),
          [
            'digits of the test set',
            nearnessOfReal.toFixed(3),
            spreadOfReal.toFixed(3),
            percent(meanOf(unseen.map(inkOf))),
          ],
          ['blank paper', blank.toFixed(3), '', percent(0)],
        ],
      ),
      text(
        end < first
          ? `The distance fell from ${first.toFixed(3)} to ${end.toFixed(3)}; digits that nobody has seen are ${nearnessOfReal.toFixed(3)} away, and blank paper ${blank.toFixed(3)}. ${blank < nearnessOfReal ? 'Nearness alone proves little, then: what is drawn has to be near and to differ.' : ''}`.trimEnd()
          : `The distance did not fall: ${first.toFixed(3)} at first, ${end.toFixed(3)} in the end.`,
        `Two drawings differ by ${spreadAtEnd.toFixed(3)}, two real digits by ${spreadOfReal.toFixed(3)}: ${spreadAtEnd > spreadOfReal / 2 ? 'the generator has not settled on one picture' : 'the drawings are more alike than digits are, which is how a generator collapses'}.`,
      ),
      heading('Drawn, not copied?'),
      images('The last drawings, and below each the nearest digit that the discriminator was shown', {
        colours: 'ink',
        range: [-1, 1],
        zoom: 2,
        rows: [
          { label: 'drawn', pictures: pictures(imagesIn(last.drawn)) },
          {
            label: 'nearest',
            pictures: imagesIn(last.drawn).map((image) => {
              const { at, distance } = nearestTo(image, real)
              return { label: distance.toFixed(2), pixels: imageAt(real, at) }
            }),
          },
        ],
      }),
    ],
  }
}

export const gan: Lesson = {
  name: 'gan',
  title: 'Two networks against each other: a GAN draws digits',
  question: 'Nobody can write down what makes a picture a digit. Can a network learn it as the loss of another?',
  source: 'Goodfellow et al., "Generative adversarial nets", 2014; Radford, Metz and Chintala (DCGAN), 2016',
  theory: [
    'A generator makes images of noise; a discriminator is shown real digits and drawn ones and says which is which. Each step the discriminator goes down its loss, then the generator goes down its own: that the discriminator, held still, takes its drawings for real.',
    'There is no one loss that falls. When the generator wins, the discriminator has more to learn, and the other way round; at the point that neither can leave, the discriminator is right half of the time, and both losses are ln 2.',
  ],
  ops: ['bceWithLogits', 'adam', 'convTranspose2d'],
  next: [
    { idea: 'Give them more time.', command: 'etalon lesson gan --size 3' },
    { idea: 'What the zoo’s larger pair is made of.', command: 'etalon describe gan' },
  ],
  run: (room) => {
    const steps = sized(room, 250, 3)
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 4000, validation: 0, test: 500 })),
      TE.bindTo('material'),
      TE.bind('held', ({ material: { pixels } }) => contest(room, pixels.train, steps)),
      TE.map(({ material: { pixels }, held }) => ({
        done: [
          `The zoo’s pair with ${sizes.widths.join(' and ')} channels instead of 128 and 64: a generator of ${parameterCount(generator(1, sizes))} parameters that draws of ${sizes.noise} numbers of noise, a discriminator of ${parameterCount(discriminator(1, sizes))}. In each of ${steps} steps the discriminator saw ${batch} of ${countOf(pixels.train)} real digits and ${batch} drawn ones. Both learnt by Adam with β₁ = ${optimizer.attrs.beta1}, at a rate of ${learningRate}, their step one program.`,
        ],
        ...sectionsOf(held, { real: pixels.train, test: pixels.test }),
      })),
    )
  },
}
