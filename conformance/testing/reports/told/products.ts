import type { Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  exactly,
  extent,
  gathered,
  lost,
  past,
  report,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { between } from '../rare/met.js'
import { values } from '../fresh/met.js'
import { by, times } from '../novel/met.js'
import { axisIn, input, rewritten } from '../public/met.js'

/** Rows and columns of a shape: its last two axes, and what is before them as more rows. */
const matrix = (shape: readonly number[]): readonly [number, number] => [times(shape.slice(0, -1)), shape.at(-1) ?? 1]
const even = (n: number): boolean => n % 2 === 0
const to = ({ attrs }: Parameters<typeof shapeIn>[0]): readonly number[] => attrs['shape'] as readonly number[]

export const productsTold: readonly Report[] = [
  report(
    'shape',
    'fewer than four units come out as 0',
    'dense forward',
    between('O', 1, 3),
    lost(() => true),
    { like: 'webonnx/wonnx#94' },
  ),
  report(
    'shape',
    'one row of more than 16 numbers: every sixteen of them are the first',
    'dense forward',
    all(exactly('N', 1), past('I', 16)),
    asIfGiven((asked) => ({
      x: gathered(input(asked, 'x'), (place) => withIndex(place, 1, (place[1] as number) % 16)),
    })),
    { like: '1bit-MONSTER/1bit-MONSTER#1273' },
  ),
  report(
    'shape',
    'terms left over from eight are counted from the number of eights, and not from where these end',
    'dense forward',
    extent('I', (I) => I > 8 && I % 8 !== 0),
    by((asked) => {
      const [x, w] = [values(asked, 'x'), values(asked, 'w')]
      const [I, O] = [sizeIn(asked, 'I'), sizeIn(asked, 'O')]
      const eights = Math.floor(I / 8)
      return (v, at) => {
        const [n, o] = [Math.floor(at / O), at % O]
        const term = (i: number): number => (x[n * I + i] as number) * (w[o * I + i] as number)
        return Array.from({ length: I % 8 }, (_, j) => j).reduce(
          (sum, j) => sum + term(eights + j) - term(8 * eights + j),
          v,
        )
      }
    }),
    { like: 'halide/Halide#656' },
  ),
  report(
    'axis',
    'pieces are joined along the channels, whatever the axis',
    'concat forward',
    (met) => axisIn(met, 'x0') !== 1 && shapeIn(met, 'x0').length === 4,
    rewritten((asked) => {
      const pieces = Object.keys(asked.inputs).map((name) => ({
        shape: shapeIn(asked, name),
        own: values(asked, name),
      }))
      const N = pieces[0]?.shape[0] ?? 1
      const rows = Array.from({ length: N }, (_, n) =>
        pieces.flatMap(({ own }) => own.slice((n * own.length) / N, ((n + 1) * own.length) / N)),
      ).flat()
      return (at) => rows[at] ?? 0
    }, 'y'),
    { like: 'PaddlePaddle/Paddle-Lite#4241' },
  ),
  report(
    'shape',
    'in texels of two rows and two columns, an even number of columns made another even number moves nothing',
    'reshape forward',
    (met) => {
      const [[rows, columns], [otherRows, otherColumns]] = [matrix(shapeIn(met, 'x')), matrix(to(met))]
      return [rows, columns, otherRows, otherColumns].every(even) && columns !== otherColumns
    },
    rewritten((asked, data) => {
      const [[, columns], [, others]] = [matrix(shapeIn(asked, 'x')), matrix(to(asked))]
      return (at) => {
        const [r, c] = [Math.floor(at / others), at % others]
        const texel = Math.floor(r / 2) * (others / 2) + Math.floor(c / 2)
        const row = 2 * Math.floor(texel / (columns / 2)) + (r % 2)
        return data[row * columns + 2 * (texel % (columns / 2)) + (c % 2)] as number
      }
    }, 'y'),
    { like: 'tensorflow/tfjs-core#1441' },
  ),
  report(
    'shape',
    'in tiles of 32, a matrix made another has its old rows, each with the zeros behind it',
    'reshape forward',
    (met) => shapeIn(met, 'x').length === 2 && to(met).length === 2 && (shapeIn(met, 'x')[1] as number) % 32 !== 0,
    rewritten((asked, data) => {
      const [[rows, columns], [, others]] = [matrix(shapeIn(asked, 'x')), matrix(to(asked))]
      return (at) => {
        const [r, c] = [Math.floor(at / others), at % others]
        return r < rows && c < columns ? (data[r * columns + c] as number) : 0
      }
    }, 'y'),
    { like: 'tenstorrent/tt-metal#12866' },
  ),
  report(
    'numbers',
    'nothing is kept: the mask is of zeros',
    'dropout forward',
    always,
    lost(() => true),
    { like: 'ooples/AiDotNet.Tensors#732' },
  ),
  report(
    'shape',
    'twelve rows and more of two matrices are joined where the first lies: each row is written over rows still to be read',
    'concat forward',
    (met) => {
      const shapes = Object.values(met.shapes)
      return shapes.length === 2 && axisIn(met, 'x0') === 1 && shapes[0]?.length === 2 && (shapes[0][0] as number) >= 12
    },
    rewritten((asked) => {
      const [first, second] = [values(asked, 'x0'), values(asked, 'x1')]
      const [[R = 1, A = 1], [, B = 1]] = [shapeIn(asked, 'x0'), shapeIn(asked, 'x1')]
      const place = Array.from({ length: R * (A + B) }, (_, at) => first[at] ?? 0)
      for (let r = 0; r < R; r++)
        place.splice(r * (A + B), A + B, ...place.slice(r * A, r * A + A), ...second.slice(r * B, r * B + B))
      return (at) => place[at] as number
    }, 'y'),
    { like: 'hw-native-sys/pypto#2007' },
  ),
]
