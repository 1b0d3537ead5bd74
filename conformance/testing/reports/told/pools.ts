import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, asIf, asIfGiven, changed, gathered, is, not, report, sizeIn, some, strided } from '../report.js'
import { steps } from '../together/met.js'
import { padding } from '../triggers/met.js'
import { pair, values } from '../fresh/met.js'
import { by, cotangentOf } from '../novel/met.js'
import { input, rewritten, window } from '../public/met.js'

const both = (op: 'maxPool2d' | 'avgPool2d') => `${op} forward` as const
const pools = [both('maxPool2d'), both('avgPool2d')]

/** Back through maxima: each number has the cotangents of all its windows where it is the maximum of the last of them. */
const lastWindow = (asked: Asked): ((at: number) => number) => {
  const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
  const [H, W, Ho, Wo] = ['H', 'W', 'Ho', 'Wo'].map((letter) => sizeIn(asked, letter)) as [
    number,
    number,
    number,
    number,
  ]
  const [top = 0, , left = 0] = padding(asked)
  const [[KH, KW], [down, across]] = [pair(asked, 'window'), pair(asked, 'stride')]
  const sums = new Float64Array(x.length)
  const wins = new Uint8Array(x.length)
  for (let out = 0; out < dy.length; out++) {
    const [map, y, z] = [
      Math.floor(out / (Ho * Wo)),
      (Math.floor(out / Wo) % Ho) * down - top,
      (out % Wo) * across - left,
    ]
    const own: number[] = []
    for (let r = Math.max(0, y); r < Math.min(H, y + KH); r++)
      for (let c = Math.max(0, z); c < Math.min(W, z + KW); c++) own.push((map * H + r) * W + c)
    const most = own.reduce((a, at) => Math.max(a, x[at] as number), -Infinity)
    for (const at of own) {
      sums[at] = (sums[at] as number) + (dy[out] as number)
      wins[at] = x[at] === most ? 1 : 0
    }
  }
  return (at) => (wins[at] === 1 ? (sums[at] as number) : 0)
}

export const poolsTold: readonly Report[] = [
  report(
    'history',
    'back through maxima: what is not a maximum keeps what the last way back left there',
    'maxPool2d backward',
    always,
    (_, plain, memory) => {
      const right = plain()
      const x = right['x'] as Tensor
      const before = memory.get('left') as Tensor | undefined
      memory.set('left', x)
      return { ...right, x: changed(x, (v, __, at) => v + (before?.data[at] ?? 0)) }
    },
    { like: 'pytorch/executorch#21686' },
  ),
  report(
    'gradient',
    'back through maxima of windows that overlap: the last window of a number decides for all of them',
    'maxPool2d backward',
    (met) => pair(met, 'stride')[0] < pair(met, 'window')[0] || pair(met, 'stride')[1] < pair(met, 'window')[1],
    rewritten(lastWindow, 'x'),
    { like: 'ahrefs/ocannl#512' },
  ),
  report(
    'attributes',
    'counted means that may hang over the end are divided by all of the window',
    'avgPool2d forward',
    all(is('countIncludePad', true), is('ceilMode', true)),
    by((asked) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(asked)
      const [[KH, KW], [down, across]] = [pair(asked, 'window'), pair(asked, 'stride')]
      const [H, W] = [sizeIn(asked, 'H'), sizeIn(asked, 'W')]
      return (v, at, [, , Ho = 1, Wo = 1]) => {
        const [y, x] = [(Math.floor(at / Wo) % Ho) * down - top, (at % Wo) * across - left]
        return (v * (Math.min(y + KH, H + bottom) - y) * (Math.min(x + KW, W + right) - x)) / (KH * KW)
      }
    }),
    { like: 'microsoft/onnxruntime#16203' },
  ),
  report(
    'attributes',
    'that the padding counts is lost on the way',
    'avgPool2d forward',
    is('countIncludePad', true),
    asIf(() => ({ countIncludePad: false })),
    { like: 'sonos/tract#2654' },
  ),
  report(
    'attributes',
    'the padding counts where it should not',
    'avgPool2d forward',
    is('countIncludePad', false),
    asIf(() => ({ countIncludePad: true })),
    { like: 'VeriSilicon/TIM-VX#423' },
  ),
  report(
    'attributes',
    'windows of one number that step by two take the numbers one behind another',
    pools,
    all(window(1), steps(2, 2)),
    asIf(() => ({ stride: [1, 1] })),
    { like: 'fastmachinelearning/hls4ml#995' },
  ),
  report(
    'attributes',
    'padded at the top or at the left, windows read as far further in',
    pools,
    (met) => (padding(met)[0] as number) > 0 || (padding(met)[2] as number) > 0,
    asIfGiven((asked) => {
      const [top = 0, , left = 0] = padding(asked)
      const [H, W] = [sizeIn(asked, 'H'), sizeIn(asked, 'W')]
      return {
        x: gathered(input(asked, 'x'), ([n = 0, c = 0, y = 0, x = 0]) => [
          n,
          c,
          Math.min(y + top, H - 1),
          Math.min(x + left, W - 1),
        ]),
      }
    }),
    { like: 'fastmachinelearning/hls4ml#757' },
  ),
  report(
    'attributes',
    'windows step by one, whatever the stride',
    pools,
    strided,
    asIf(() => ({ stride: [1, 1] })),
    { like: 'deeplearning4j/libnd4j#793' },
  ),
  report(
    'attributes',
    'maxima that are padded as much on both sides start at the first pixel',
    'maxPool2d forward',
    all(
      some('padding', (p) => p > 0),
      (met) => padding(met)[0] === padding(met)[1] && padding(met)[2] === padding(met)[3],
    ),
    asIf((met) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(met)
      return { padding: [0, top + bottom, 0, left + right] }
    }),
    { like: 'alibaba/MNN#361' },
  ),
  report(
    'axis',
    'columns of windows step as far as their rows',
    'maxPool2d forward',
    not((met) => pair(met, 'stride')[0] === pair(met, 'stride')[1]),
    asIf((met) => ({ stride: [pair(met, 'stride')[0], pair(met, 'stride')[0]] })),
    { like: 'Maratyszcza/NNPACK#16' },
  ),
]
