import type { Report } from '../report.js'
import { all, asIf, numbers, report, shapeIn } from '../report.js'
import { row, rowOf } from '../together/met.js'
import { values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { axisIn, once, rewritten } from './met.js'

const f32 = Math.fround

export const rowsPublic: readonly Report[] = [
  report(
    'axis',
    'classes of an image of one pixel, four axes: each has a share of 1',
    'softmax forward',
    all(
      row((length, _, behind) => length > 1 && behind === 1),
      (met) => shapeIn(met, 'x').length === 4 && axisIn(met, 'x') === 1,
    ),
    numbers(() => 1),
    { like: 'microsoft/onnxruntime#15949' },
  ),
  report(
    'numbers',
    'the first of a row is taken away from it and not the largest: 89 and more above it overflows',
    'softmax forward',
    row((length) => length > 1),
    by((asked) => {
      const x = values(asked, 'x')
      const { length, behind } = rowOf(asked)
      const sumOf = once((first) => {
        const own = Array.from({ length }, (_, i) => (x[first + i * behind] as number) - (x[first] as number))
        return f32(own.reduce((a, b) => a + f32(Math.exp(b)), 0))
      })
      return (v, at) => {
        const first = Math.floor(at / (length * behind)) * length * behind + (at % behind)
        const sum = sumOf(first)
        return Number.isFinite(sum) ? v : f32(Math.exp((x[at] as number) - (x[first] as number))) / sum
      }
    }),
    { like: 'ROCm/AMDMIGraphX#1290' },
  ),
  report(
    'axis',
    'rows of three axes are shares of what all rows of a sample add up to',
    'softmax forward',
    (met) => shapeIn(met, 'x').length === 3 && axisIn(met, 'x') === 2 && (shapeIn(met, 'x')[1] as number) > 1,
    numbers((v, _, __, [, rows = 1]) => v / rows),
    { like: 'ariaghora/mint#3' },
  ),
  report(
    'axis',
    'columns of a matrix are taken for its rows',
    'softmax forward',
    (met) => shapeIn(met, 'x').length === 2 && axisIn(met, 'x') === 0,
    asIf(() => ({ axis: 1 })),
    { like: 'JuliaGPU/CUDA.jl#599' },
  ),
  report(
    'axis',
    'logarithms of shares along an axis that is not the last: each row is as many numbers one behind another',
    'logSoftmax forward',
    row((length, _, behind) => length > 1 && behind > 1),
    rewritten((asked) => {
      const x = values(asked, 'x')
      const { length } = rowOf(asked)
      const logarithm = once((first) => {
        const own = x.slice(first, first + length)
        const most = own.reduce((a, b) => Math.max(a, b), -Infinity)
        return most + Math.log(own.reduce((sum, v) => sum + Math.exp(v - most), 0))
      })
      return (at) => (x[at] as number) - logarithm(at - (at % length))
    }, 'y'),
    { like: 'flagos-ai/FlagGems#4995' },
  ),
  report(
    'numbers',
    'more than 100,000 classes: the logarithm of the sum has its logarithm taken again',
    'logSoftmax forward',
    row((length, _, behind) => length > 100_000 && behind === 1),
    by((asked) => {
      const x = values(asked, 'x')
      const { length } = rowOf(asked)
      const most = once((first) => x.slice(first, first + length).reduce((a, b) => Math.max(a, b), -Infinity))
      return (v, at) => {
        const below = (x[at] as number) - most(at - (at % length))
        return below - Math.log(below - v)
      }
    }),
    { like: 'PaddlePaddle/Paddle#53654' },
  ),
]
