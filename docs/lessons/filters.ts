import { function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../../spec/error.js'
import { getOrThrow } from '../../spec/error.js'
import { opOf } from '../../spec/catalogue.js'
import { keepingSize } from '../../spec/networks/network.js'
import type { Program } from '../../spec/program.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, sumOf, tensor, zipTensors } from '../../spec/tensor.js'
import { digitAt, imageAt, materialOf } from './classroom.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { heading, images, table, text } from './lesson.js'

/** A filter written by hand: rows of numbers, and what each is divided by. */
interface Filter {
  readonly name: string
  readonly rows: readonly (readonly number[])[]
  readonly over?: number
}

const identity: Filter = {
  name: 'identity',
  rows: [
    [0, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ],
}
const box: Filter = {
  name: 'blur (mean of 9)',
  rows: [
    [1, 1, 1],
    [1, 1, 1],
    [1, 1, 1],
  ],
  over: 9,
}
const binomial: Filter = {
  name: 'blur (binomial)',
  rows: [
    [1, 2, 1],
    [2, 4, 2],
    [1, 2, 1],
  ],
  over: 16,
}
const sharpen: Filter = {
  name: 'sharpen',
  rows: [
    [0, -1, 0],
    [-1, 5, -1],
    [0, -1, 0],
  ],
}
const sobelX: Filter = {
  name: 'Sobel, across',
  rows: [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ],
}
const sobelY: Filter = {
  name: 'Sobel, down',
  rows: [
    [-1, -2, -1],
    [0, 0, 0],
    [1, 2, 1],
  ],
}
const laplace: Filter = {
  name: 'Laplace',
  rows: [
    [0, 1, 0],
    [1, -4, 1],
    [0, 1, 0],
  ],
}
const filters = [identity, box, binomial, sharpen, sobelX, sobelY, laplace] as const

/** A filter turned by half a turn: what mathematics calls convolution slides this one. */
const turned = ({ name, rows, over }: Filter): Filter => ({
  name: `${name}, turned`,
  rows: rows.toReversed().map((row) => row.toReversed()),
  ...(over === undefined ? {} : { over }),
})

// the binomial blur twice is one blur by these, the products of 1 4 6 4 1
const twice: Filter = {
  name: 'blur twice',
  rows: [1, 4, 6, 4, 1].map((a) => [1, 4, 6, 4, 1].map((b) => a * b)),
  over: 256,
}

const numbersOf = ({ rows, over = 1 }: Filter): readonly number[] =>
  rows.flat().map((value) => Math.fround(value / over))

/** Slides filters of one size over images [N,1,H,W], each giving a map, [N,O,H,W]. */
const slid = (
  { backend }: Classroom,
  x: Tensor,
  filters: readonly Filter[],
): taskEither.TaskEither<EtalonError, Tensor> => {
  const side = filters[0]?.rows.length ?? 1
  const w = tensor([filters.length, 1, side, side], filters.flatMap(numbersOf))
  const program: Program = {
    inputs: { x: x.shape, w: w.shape },
    nodes: [
      {
        name: 'y',
        op: 'conv2d',
        direction: 'forward',
        attrs: getOrThrow(opOf('conv2d').attrs.decode({ padding: keepingSize(side) })),
        inputs: { x: 'x', w: 'w' },
        cotangents: {},
        outputs: { y: 'y' },
      },
    ],
    outputs: ['y'],
    carry: {},
  }
  return F.pipe(
    backend.run(program, { x, w }),
    TE.map(({ y }) => y as Tensor),
  )
}

/** Map o of every image, as images [N,1,H,W]. */
const mapOf = ({ shape, data }: Tensor, o: number): Tensor => {
  const [N = 1, O = 1, H = 1, W = 1] = shape
  return generate([N, 1, H, W], (i) => data[(Math.floor(i / (H * W)) * O + o) * H * W + (i % (H * W))] as number)
}

const furthest = (a: Tensor, b: Tensor): number => {
  const { data } = zipTensors([a, b], (x, y) => Math.abs(x - y))
  return Array.from(data).reduce((most, value) => Math.max(most, value), 0)
}

/** The mean number of a map where the digits have ink, and where they have none, edges of both left out. */
const responses = (x: Tensor, map: Tensor) => {
  const [, , H = 1, W = 1] = x.shape
  const pixel = (n: number, i: number, j: number): number => x.data[n + i * W + j] as number
  const inside = (at: number, is: (value: number) => boolean): boolean => {
    const [n, i, j] = [at - (at % (H * W)), Math.floor((at % (H * W)) / W), at % W]
    if (i < 1 || j < 1 || i > H - 2 || j > W - 2) return false
    return [-1, 0, 1].every((di) => [-1, 0, 1].every((dj) => is(pixel(n, i + di, j + dj))))
  }
  const all = Array.from({ length: map.data.length }, (_, at) => at)
  const meanOver = (places: readonly number[]): number =>
    places.length === 0 ? 0 : places.reduce((sum, at) => sum + Math.abs(map.data[at] as number), 0) / places.length
  const paper = all.filter((at) => inside(at, (value) => value === 0))
  const set = new Set(paper)
  return { onPaper: meanOver(paper), elsewhere: meanOver(all.filter((at) => !set.has(at))) }
}

const about = (value: number): string => (value === 0 ? '0' : String(Number(value.toPrecision(3))))

export const filtersByHand: Lesson = {
  name: 'filters',
  title: 'Filters by hand: blur, sharpen, edges',
  question: 'What can nine numbers do, slid over an image?',
  source: 'slide "Convolutional layer (CONV)"',
  theory: [
    'A filter is a small table of weights. At each place it is laid on the image, numbers below each other are multiplied, and the sum is the new pixel. That is all a convolutional layer computes; training only finds the numbers. Here they are written by hand.',
    'The sum of a filter’s numbers is what it answers on an even surface of ink 1. A blur has sum 1 and keeps grey levels; an edge filter has sum 0 and is silent wherever nothing changes.',
    'The operation is linear, so filters can be added, and sliding one after another is the same as sliding one larger one. Deep-learning libraries do not turn the filter before they slide it, which mathematics’ convolution does; this is called cross-correlation, and it changes the sign of what an odd filter says.',
  ],
  ops: ['conv2d'],
  next: [
    {
      idea: 'Slide the same filters over numbers of your own.',
      command: `etalon explain conv2d --input '{"inputs":{"x":{"shape":[1,1,3,3],"data":[0,0,1,0,0,1,0,0,1]},"w":{"shape":[1,1,3,3],"data":[-1,0,1,-2,0,2,-1,0,1]}}}'`,
    },
    { idea: 'See which filters a network finds when nobody writes them.', command: 'etalon lesson feature-maps' },
  ],
  run: (room) =>
    F.pipe(
      TE.fromEither(materialOf(room, { train: 32, validation: 0, test: 100 })),
      TE.flatMap(({ pixels }) => {
        const digits = pixels.test
        const [, H, W] = digits.images.shape
        const count = digits.labels.length
        const x = generate([count, 1, H, W], (i) => Math.fround((digits.images.bytes[i] as number) / 255))
        const shown = Array.from({ length: Math.min(4, count) }, (_, n) => n)
        return F.pipe(
          TE.Do,
          TE.bind('maps', () => slid(room, x, filters)),
          TE.tapIO(() => () => room.tell(0.4, 'the same filters turned')),
          TE.bind('turnedMaps', () => slid(room, x, [turned(sobelX), turned(box)])),
          TE.bind('again', ({ maps }) => slid(room, mapOf(maps, 2), [binomial])),
          TE.bind('atOnce', () => slid(room, x, [twice])),
          TE.tapIO(() => () => room.tell(1, 'looking at them')),
          TE.map(({ maps, turnedMaps, again, atOnce }) => {
            const named = filters.map((filter, o) => {
              const map = mapOf(maps, o)
              return { filter, map, sum: numbersOf(filter).reduce((a, b) => a + b, 0), ...responses(x, map) }
            })
            const silent = named.filter(({ onPaper }) => onPaper === 0)
            const [across, down] = [mapOf(maps, 4), mapOf(maps, 5)]
            const strength = zipTensors([across, down], (a, b) => Math.hypot(a, b))
            const blurred = mapOf(maps, 1)
            const inner = (map: Tensor): number => sumOf(map.data) / sumOf(x.data)
            const opposite = furthest(
              mapOf(turnedMaps, 0),
              zipTensors([across, across], (a) => -a),
            )
            const same = furthest(mapOf(turnedMaps, 1), blurred)
            // two pixels from the edge, where both ways see the same zeros around the image
            const differs = furthest(borderless(again, 2), borderless(atOnce, 2))
            const laplacian = mapOf(maps, 6)
            const difference = furthest(
              mapOf(maps, 3),
              zipTensors([x, laplacian], (a, b) => a - b),
            )
            const sections: readonly Section[] = [
              images('The filters; red above 0, blue below', {
                colours: 'signed',
                zoom: 20,
                rows: [
                  {
                    pictures: filters.map((filter) => ({
                      label: filter.name,
                      pixels: tensor([3, 3], filter.rows.flat()),
                    })),
                  },
                ],
              }),
              images('What each makes of the same digits', {
                colours: 'signed',
                zoom: 3,
                rows: named.map(({ filter, map }) => ({
                  label: filter.name,
                  pictures: shown.map((n) => ({ pixels: imageAt(map, n) })),
                })),
              }),
              images('How strong the edge is, whichever way it runs: √(across² + down²)', {
                colours: 'ink',
                zoom: 3,
                rows: [
                  { label: 'digit', pictures: shown.map((n) => ({ pixels: digitAt(digits, n) })) },
                  { label: 'edges', pictures: shown.map((n) => ({ pixels: imageAt(strength, n) })) },
                ],
              }),
              table(
                `The same in numbers, over ${count} digits`,
                ['filter', 'sum of its numbers', 'mean |answer| on blank paper', 'mean |answer| elsewhere'],
                named.map(({ filter, sum, onPaper, elsewhere }) => [
                  filter.name,
                  about(Math.abs(sum) < 1e-6 ? 0 : sum),
                  about(onPaper),
                  about(elsewhere),
                ]),
              ),
              text(
                `${silent.length} of the ${filters.length} say exactly 0 on blank paper, which is 0 itself. The blur keeps the ink: its maps have ${about(inner(blurred))} times as much as the digits, the sharpened ones ${about(inner(mapOf(maps, 3)))} times, and the edge filters’ answers add up to ${about(inner(across))}, ${about(inner(down))} and ${about(inner(laplacian))} times the ink: what they answer on one side of a stroke, they take back on the other.`,
              ),
              heading('What linear means'),
              text(
                `Sharpening is the digit minus its Laplacian: the two differ by ${about(difference)} at most. Blurring twice and blurring once by the 5×5 filter of the products of 1 4 6 4 1 differ by ${about(differs)}.`,
                `Turned by half a turn, Sobel’s filter says the opposite, to within ${about(opposite)}, and the blur, which looks the same turned, the same, to within ${about(same)}. That is all the difference between convolution and cross-correlation.`,
              ),
            ]
            return {
              done: [
                `${filters.length} filters of 3×3 were slid over ${count} test digits, pixels from 0 (paper) to 1 (ink), with a border of one pixel of paper around them, so that the answers are of the same size.`,
              ],
              sections,
              figures: {
                digits: count,
                'ink after the blur ÷ before': inner(blurred),
                'Sobel turned + Sobel, at most': opposite,
                'sharpened − (digit − Laplacian), at most': difference,
                'blurred twice − blurred at once, at most': differs,
                ...Object.fromEntries(
                  named.map(({ filter, elsewhere }) => [`${filter.name}: mean |answer|`, elsewhere]),
                ),
              },
            }
          }),
        )
      }),
    ),
}

/** Images without so many pixels at each side. */
const borderless = ({ shape, data }: Tensor, border: number): Tensor => {
  const [N = 1, C = 1, H = 1, W = 1] = shape
  const [h, w] = [H - 2 * border, W - 2 * border]
  return generate([N, C, h, w], (at) => {
    const [image, i, j] = [Math.floor(at / (h * w)), Math.floor((at % (h * w)) / w), at % w]
    return data[image * H * W + (i + border) * W + j + border] as number
  })
}
