import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, asIf, listOf, lost, padded, report, sizeIn } from '../report.js'
import { padding } from '../triggers/met.js'
import { pair, values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { input } from '../public/met.js'

const windowsOf = (asked: Asked): readonly [number, number, number, number] => [
  ...pair(asked, 'window'),
  ...pair(asked, 'stride'),
]
const dividedBy = (at: number, step: number, before: number, window: number, size: number, behind: number): number =>
  Math.min(at * step - before + window, size + behind) - (at * step - before)

export const poolsLately: readonly Report[] = [
  report(
    'gradient',
    'back through windows that step by one: of those that a pixel wins, the last one’s gradient is left',
    'maxPool2d backward',
    (met) => {
      const [down, across] = pair(met, 'stride')
      const [KH, KW] = pair(met, 'window')
      return (down === 1 || across === 1) && (KH > down || KW > across) && met.attrs['ties'] !== 'share'
    },
    (asked, plain) => {
      const [x, dy] = [values(asked, 'x'), Array.from((asked.cotangents['y'] as Tensor).data, Number)]
      const [H, W, Ho, Wo] = ['H', 'W', 'Ho', 'Wo'].map((letter) => sizeIn(asked, letter)) as [
        number,
        number,
        number,
        number,
      ]
      const [KH, KW, down, across] = windowsOf(asked)
      const [top = 0, , left = 0] = padding(asked)
      const dx = new Float32Array(x.length)
      for (let at = 0; at < dy.length; at++) {
        const [j, i, own] = [at % Wo, Math.floor(at / Wo) % Ho, Math.floor(at / (Wo * Ho))]
        let best = -1
        for (let tap = 0; tap < KH * KW; tap++) {
          const [row, column] = [i * down + Math.floor(tap / KW) - top, j * across + (tap % KW) - left]
          if (row < 0 || column < 0 || row >= H || column >= W) continue
          const place = (own * H + row) * W + column
          const [v, most] = [x[place] as number, best < 0 ? -Infinity : (x[best] as number)]
          if (best < 0 || v > most || (v === most && asked.attrs['ties'] === 'last')) best = place
        }
        if (best >= 0) dx[best] = dy[at] as number
      }
      return { ...plain(), x: { shape: input(asked, 'x').shape, data: dx } }
    },
    { like: 'devitocodes/joey#5' },
  ),
  report(
    'gradient',
    'means hand nothing back',
    'avgPool2d backward',
    always,
    lost(() => true),
    { like: 'mashmawy/AlbiruniML#2' },
  ),
  report(
    'attributes',
    'means that count the border end where it would, were it as wide behind as before',
    'avgPool2d forward',
    (met) => {
      const [top, bottom, left, right] = padding(met)
      return met.attrs['countIncludePad'] === true && (top !== bottom || left !== right)
    },
    by((asked) => {
      const [top = 0, bottom = 0, left = 0, right = 0] = padding(asked)
      const [KH, KW, down, across] = windowsOf(asked)
      const [H, W] = [sizeIn(asked, 'H'), sizeIn(asked, 'W')]
      return (v, at, [, , Ho = 1, Wo = 1]) => {
        const [i, j] = [Math.floor(at / Wo) % Ho, at % Wo]
        const count = (behindRows: number, behindColumns: number): number =>
          dividedBy(i, down, top, KH, H, behindRows) * dividedBy(j, across, left, KW, W, behindColumns)
        return (v * count(bottom, right)) / count(top, left)
      }
    }),
    { like: 'ROCm/AMDMIGraphX#5007' },
  ),
  report(
    'attributes',
    'means do not count the border only where they are told to: they always do',
    'avgPool2d forward',
    all(padded, (met) => met.attrs['countIncludePad'] === false),
    asIf(() => ({ countIncludePad: true })),
    { like: 'mil-tokyo/webdnn#694' },
  ),
  report(
    'attributes',
    'means padded unequally are padded as on the left all round',
    'avgPool2d forward',
    (met) => new Set(listOf(met, 'padding')).size > 1,
    asIf((met) => ({ padding: [0, 1, 2, 3].map(() => listOf(met, 'padding')[2] ?? 0) })),
    { like: 'intel/webml-polyfill#408' },
  ),
]
