import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { readChannelsLast } from '../lastly/met.js'
import { numbersOf } from '../lately/met.js'
import { extents } from '../novel/met.js'
import { input } from '../public/met.js'
import type { Asked, Plain, Report } from '../report.js'
import {
  all,
  asIfGiven,
  changed,
  depthwise,
  dilated,
  extent,
  filter,
  from,
  gathered,
  grouped,
  listOf,
  lost,
  not,
  numbers,
  odd,
  past,
  report,
  sizeIn,
  strided,
  withIndex,
} from '../report.js'

/** Single ops, each with what its own thread names. */

const yFrom = (plain: Plain, change: (y: Tensor) => Tensor): Tensors => {
  const answers = plain()
  return { ...answers, y: change(answers['y'] as Tensor) }
}

/** Terms of a product of rows, each by its place along them, that are added to a number. */
const termsOf = (
  { inputs }: Asked,
  [n = 0, o = 0]: readonly number[],
  places: readonly number[],
  K: number,
): number => {
  const [x, w] = [inputs['x'] as Tensor, inputs['w'] as Tensor]
  return places.reduce((soFar, k) => soFar + (x.data[n * K + k] ?? 0) * (w.data[o * K + k] ?? 0), 0)
}
const upTo = (start: number, end: number): readonly number[] =>
  Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i)

/** Tiles of two: where the last one has one row only, every second term is not read. */
const tile = 2

/** The weights that a backend of inference has laid out the first time it met such shapes. */
const firstWeights = (asked: Asked, memory: Map<string, unknown>): Tensors => {
  const key = `weights ${JSON.stringify(asked.shapes)}`
  const now = Object.fromEntries(
    ['wIh', 'wHh'].map((name) => [name, changed(asked.inputs[name] as Tensor, (v) => v)] as const),
  )
  const kept = (memory.get(key) as Tensors | undefined) ?? now
  memory.set(key, kept)
  return kept
}

/** The channel that is taken for another where the channels of a group count as those of all groups in turn. */
const inTurn = (c: number, groups: number, each: number): number => (c % each) * groups + Math.floor(c / each)

export const opsNovember: readonly Report[] = [
  report(
    'shape',
    'as many channels as rows and columns: x is read channels last',
    'conv2d forward',
    extents('x', ([, C, H, W]) => C === H && H === W && H !== 1),
    asIfGiven((asked) => ({ x: readChannelsLast(input(asked, 'x')) })),
    { like: 'PINTO0309/onnx2tf#382' },
  ),
  report(
    'shape',
    'rows of less than eight, an odd number, into what is no multiple of four: the latter four of eight samples',
    'dense forward',
    all(
      odd('I'),
      extent('I', (n) => n < 8),
      extent('O', (n) => n % 4 !== 0),
      past('N', 4),
    ),
    (_, plain) =>
      yFrom(plain, (y) =>
        gathered(y, (place) => withIndex(place, 0, (place[0] as number) - ((place[0] as number) & 4))),
      ),
    { like: 'tracel-ai/cubecl#1636' },
  ),
  report(
    'size',
    'rows of more than 32 that are no multiple of it are read on beyond their end',
    'dense forward',
    all(
      past('I', 32),
      extent('I', (n) => n % 32 !== 0),
    ),
    numbers((v, place, asked) => {
      const K = sizeIn(asked, 'I')
      return v + termsOf(asked, place(), upTo(K, Math.ceil(K / 32) * 32), K)
    }),
    { like: 'ggml-org/llama.cpp#27450' },
  ),
  report(
    'size',
    'filters of nine taps by tiles of four: each tile begins two behind the one before',
    'conv2d forward',
    all(filter(3), not(strided), not(dilated), not(grouped), (met) =>
      ['Ho', 'Wo'].some((side) => sizeIn(met, side) > 4),
    ),
    (_, plain) =>
      yFrom(plain, (y) =>
        gathered(y, ([n = 0, o = 0, i = 0, j = 0]) => [n, o, i - 2 * Math.floor(i / 4), j - 2 * Math.floor(j / 4)]),
      ),
    { like: 'adam-dziedzic/winograd#1' },
  ),
  report(
    'size',
    'a cell of more than 128 units: the others are not written',
    'lstmCell forward',
    past('H', 128),
    lost(from(1, 128)),
    {
      like: 'flagos-ai/FlagGems#5014',
    },
  ),
  report(
    'gradient',
    'weights of groups of several channels: the channels of all groups in turn',
    ['conv2d backward', 'conv1d backward'],
    all(grouped, (met) => sizeIn(met, 'C') > Number(met.attrs['groups'])),
    (asked, plain) => {
      const groups = Number(asked.attrs['groups'])
      const each = sizeIn(asked, 'C') / groups
      const x = gathered(input(asked, 'x'), (place) => withIndex(place, 1, inTurn(place[1] as number, groups, each)))
      const { w } = plain({ inputs: { ...asked.inputs, x } })
      return { ...plain(), ...(w === undefined ? {} : { w }) }
    },
    { like: 'pytorch/pytorch#51430' },
  ),
  report(
    'history',
    'sequences of the shapes of some before: with the weights of those',
    'lstm forward',
    () => true,
    (asked, plain, memory) => plain({ inputs: { ...asked.inputs, ...firstWeights(asked, memory) } }),
    { like: 'apache/mxnet#16037' },
  ),
  report(
    'shape',
    'products by tiles of two: where one is left over every second term is not read',
    'dense forward',
    all(past('I', 1), (met) => ['N', 'O'].some((letter) => sizeIn(met, letter) % tile > 0)),
    numbers((v, place, asked) => {
      const [n = 0, o = 0] = place()
      const [N, O, K] = [sizeIn(asked, 'N'), sizeIn(asked, 'O'), sizeIn(asked, 'I')]
      const alone = (at: number, extent: number): boolean => at === extent - 1 && extent % tile > 0
      if (!alone(n, N) && !alone(o, O)) return v
      return (
        v -
        termsOf(
          asked,
          place(),
          upTo(0, K).filter((k) => k % tile > 0),
          K,
        )
      )
    }),
    { like: 'JuliaGPU/GPUArrays.jl#590' },
  ),
  report(
    'shape',
    'few rows, a power of two: what is made behind the first 128 is doubled',
    'dense forward',
    all(
      extent('N', (n) => [1, 2, 4, 8].includes(n)),
      past('O', 128),
    ),
    numbers((v, place) => ((place()[1] as number) >= 128 ? 2 * v : v)),
    { like: 'tenstorrent/tt-llk#873' },
  ),
  report(
    'gradient',
    'depthwise weights of nine taps, channels in eights, stride 2, padded, rows even: the last row of taps without the last row',
    'conv2d backward',
    all(
      depthwise,
      filter(3),
      (met) => sizeIn(met, 'C') % 8 === 0 && sizeIn(met, 'H') % 2 === 0,
      (met) => listOf(met, 'stride').every((s) => s === 2) && listOf(met, 'padding').every((p) => p === 1),
      not(dilated),
    ),
    (asked, plain) => {
      const answers = plain()
      const dy = asked.cotangents['y'] as Tensor
      const last = (dy.shape[2] as number) - 1
      const { w } = plain({
        cotangents: { y: changed(dy, (v, place) => (place()[2] === last ? 0 : v)) },
      })
      const [right, without] = [answers['w'], w]
      if (right === undefined || without === undefined) return answers
      const data = numbersOf(without)
      return { ...answers, w: changed(right, (v, place, at) => (place()[2] === 2 ? (data[at] as number) : v)) }
    },
    { like: 'pytorch/pytorch#50042' },
  ),
]
