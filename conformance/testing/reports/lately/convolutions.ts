import type { Asked, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  depthwise,
  either,
  exactly,
  filter,
  grouped,
  lost,
  not,
  padded,
  past,
  report,
  sizeIn,
  strided,
} from '../report.js'
import { only, plainSteps, unread } from '../rare/met.js'
import { padding } from '../triggers/met.js'
import { groupsOf, pair, values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { input, rewritten } from '../public/met.js'
import { map } from '../chosen/met.js'

/** Rows and columns as their answer is cut into tiles of so many columns. */
const tile = 6
/** What the taps beyond the sides of a row find there, channels last: the rows before and behind. */
const beyondTheRow = (asked: Asked): ((o: number, n: number, i: number, j: number) => number) => {
  const [x, w] = [values(asked, 'x'), values(asked, 'w')]
  const [C, H, W, KH, KW] = ['C', 'H', 'W', 'KH', 'KW'].map((letter) => sizeIn(asked, letter)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const [top = 0, , left = 0] = padding(asked)
  return (o, n, i, j) => {
    let more = 0
    for (let k = 0; k < KH; k++)
      for (let m = 0; m < KW; m++) {
        const [row, column] = [i + k - top, j + m - left]
        if (row < 0 || row >= H || (column >= 0 && column < W)) continue
        const pixel = (n * H + row) * W + column
        const sample = Math.floor(pixel / (H * W))
        for (let c = 0; c < C; c++)
          more +=
            (w[((o * C + c) * KH + k) * KW + m] as number) *
            (x[(sample * C + c) * H * W + (pixel - sample * H * W)] ?? 0)
      }
    return more
  }
}

/** How many rows and columns a filter going up is cropped by at both ends together. */
const cropped = (met: Parameters<typeof padding>[0]): string => {
  const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
  return top + bottom === left + right ? 'alike' : 'not alike'
}

export const convolutionsLately: readonly Report[] = [
  report(
    'shape',
    'padded by more than six columns: what lies between the outer tiles and them reads beyond its row',
    'conv2d forward',
    all(not(grouped), plainSteps, (met) => {
      const [, , left = 0, right = 0] = padding(met)
      return (left > tile || right > tile) && sizeIn(met, 'Wo') > 2 * tile
    }),
    by((asked) => {
      const more = beyondTheRow(asked)
      return (v, at, [, O = 1, Ho = 1, Wo = 1]) => {
        const [j, i] = [at % Wo, Math.floor(at / Wo) % Ho]
        const [o, n] = [Math.floor(at / (Wo * Ho)) % O, Math.floor(at / (Wo * Ho * O))]
        return j < tile || j >= Wo - tile ? v : v + more(o, n, i, j)
      }
    }, 'y'),
    { like: 'modular/modular#6712' },
  ),
  report(
    'size',
    'a 1×1 of 96 channels over 32,768 places and more: the last third of them is not added',
    'conv2d forward',
    all(
      filter(1),
      not(grouped),
      exactly('C', 96),
      map((positions) => positions >= 32768),
    ),
    unread('x', ([, c]) => (c as number) >= 64),
    { like: 'tracel-ai/cubek#519' },
  ),
  report(
    'shape',
    'padded, in steps: windows that begin outside are taken to begin far behind, and see nothing',
    'conv2d forward',
    all(padded, strided),
    by((asked) => {
      const [top = 0, , left = 0] = padding(asked)
      const [down, across] = pair(asked, 'stride')
      const bias = asked.inputs['b'] === undefined ? [] : values(asked, 'b')
      return (v, at, [, O = 1, Ho = 1, Wo = 1]) => {
        const outside = (Math.floor(at / Wo) % Ho) * down < top || (at % Wo) * across < left
        return outside ? (bias[Math.floor(at / (Wo * Ho)) % O] ?? 0) : v
      }
    }, 'y'),
    { like: 'arm/ai-ml-emulation-layer-for-vulkan#252' },
  ),
  report(
    'attributes',
    'going up, what is cropped off rows is cropped off columns',
    'convTranspose2d forward',
    (met) => {
      const [top, bottom, left, right] = padding(met)
      return cropped(met) === 'alike' && (top !== left || bottom !== right)
    },
    asIf((met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return { padding: [left, right, top, bottom] }
    }),
    { like: 'tinygrad/tinygrad#840' },
  ),
  report(
    'attributes',
    'going up, unequal crops change ends',
    'convTranspose2d forward',
    (met) => {
      const [top, bottom, left, right] = padding(met)
      return top !== bottom || left !== right
    },
    asIf((met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return { padding: [bottom, top, right, left] }
    }),
    { like: 'pytorch/glow#4585' },
  ),
  report(
    'attributes',
    'a row padded unequally is padded on the left as on the right',
    'conv1d forward',
    (met) => padding(met)[0] !== padding(met)[1],
    asIf((met) => ({ padding: [padding(met)[1] ?? 0, padding(met)[1] ?? 0] })),
    { like: 'PaddlePaddle/Paddle#26921' },
  ),
  report(
    'shape',
    'a filter for each channel of a single row: the last tap takes the place of the sum',
    ['conv1d forward', 'conv2d forward'],
    all(
      depthwise,
      either((met) => met.op === 'conv1d', exactly('H', 1)),
      (met) => (met.op === 'conv1d' ? past('K', 1)(met) : past('KW', 1)(met)),
    ),
    asIfGiven((asked) => {
      const w = input(asked, 'w')
      const last = (w.shape.at(-1) ?? 1) - 1
      return { w: changed(w, (v, place) => (place().at(-1) === last ? v : 0)) }
    }),
    { like: 'tenstorrent/tt-mlir#9276' },
  ),
  report(
    'shape',
    'several filters for each channel: only as many maps as channels are made',
    'conv2d forward',
    all(grouped, (met) => groupsOf(met) === sizeIn(met, 'C') && sizeIn(met, 'O') > sizeIn(met, 'C')),
    lost(([, o], _, asked) => (o as number) >= sizeIn(asked, 'C')),
    { like: 'intel/webml-polyfill#105' },
  ),
  report(
    'gradient',
    'back to an image whose map is not square: columns are shifted by what rows are padded by',
    'conv2d backward',
    (met) => Math.floor((sizeIn(met, 'Wo') - sizeIn(met, 'Ho')) / 2) !== 0,
    rewritten((asked, data, [, , , W = 1]) => {
      const by = Math.floor((sizeIn(asked, 'Wo') - sizeIn(asked, 'Ho')) / 2)
      return (at) => {
        const column = (at % W) + by
        return column < 0 || column >= W ? 0 : (data[at + by] as number)
      }
    }, 'x'),
    { like: 'renmengye/np-conv2d#2' },
  ),
  report(
    'gradient',
    'the way back does not know of steps',
    'conv2d backward',
    strided,
    only(
      ['x', 'w'],
      asIf(() => ({ stride: [1, 1] })),
    ),
    { like: 'Kulbear/deep-learning-coursera#34' },
  ),
]
