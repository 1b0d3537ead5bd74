import type { Report } from '../report.js'
import { all, asIf, lost, not, past, report, scaled, shapeIn, sizeIn } from '../report.js'
import { multiple } from '../rare/met.js'
import { values } from '../fresh/met.js'
import { by, number, pixelsOf } from '../novel/met.js'
import { once, rewritten } from './met.js'

const sameThroughout = (numbers: readonly number[]): boolean => numbers.every((v) => v === numbers[0])
const column = (x: readonly number[], d: number, D: number): readonly number[] =>
  Array.from({ length: x.length / D }, (_, n) => x[n * D + d] as number)
/** The numbers of a channel. */
const channel = (x: readonly number[], c: number, C: number, S: number): readonly number[] =>
  x.filter((_, at) => Math.floor(at / S) % C === c)

export const normalizersPublic: readonly Report[] = [
  report(
    'numbers',
    'a channel without any variance leaves its running variance as it was',
    'batchNormTraining forward',
    past('C', 0),
    by((asked) => {
      const [x, before] = [values(asked, 'x'), values(asked, 'runningVar')]
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      return (v, c) => (sameThroughout(channel(x, c, C, S)) ? (before[c] as number) : v)
    }, 'runningVar'),
    { like: 'apache/mxnet#14357' },
  ),
  report(
    'gradient',
    'back by given statistics of two, four and five axes: they count as those of the batch, whose mean’s share is taken away',
    'batchNormInference backward',
    (met) => [2, 4, 5].includes(shapeIn(met, 'x').length),
    rewritten((asked, data) => {
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      const means = Array.from({ length: C }, (_, c) => {
        const own = channel(data, c, C, S)
        return own.reduce((a, b) => a + b, 0) / own.length
      })
      return (at) => (data[at] as number) - (means[Math.floor(at / S) % C] as number)
    }, 'x'),
    { like: 'FluxML/NNlib.jl#548' },
  ),
  report(
    'axis',
    'what is added to maps by given statistics is taken along their columns',
    'batchNormInference forward',
    all(past('C', 1), (met) => shapeIn(met, 'x').length === 4 && pixelsOf(met) > 1),
    by((asked) => {
      const [gamma, beta, mean, variance] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((name) =>
        values(asked, name),
      ) as [number[], number[], number[], number[]]
      const shift = beta.map(
        (b, c) =>
          b -
          ((mean[c] as number) * (gamma[c] as number)) /
            Math.sqrt((variance[c] as number) + Number(asked.attrs['epsilon'])),
      )
      const [C, S] = [sizeIn(asked, 'C'), pixelsOf(asked)]
      return (v, at) => v - (shift[Math.floor(at / S) % C] as number) + (shift[at % C] as number)
    }),
    { like: 'ooples/AiDotNet.Tensors#651' },
  ),
  report(
    'size',
    'the factor’s gradient of 16 samples and more of channels in sixteens, 64 and more, of odd squares from 35 on: a half',
    'batchNormTraining backward',
    all(past('N', 15), multiple('C', 16, 64), (met) => {
      const [, , H = 1, W = 1] = shapeIn(met, 'x')
      return H === W && H >= 35 && H % 2 === 1
    }),
    scaled(0.5, 'gamma'),
    { like: 'ROCm/MIOpen#2024' },
  ),
  report(
    'attributes',
    'the running statistics are those of the last batch, whatever the momentum',
    'batchNormTraining forward',
    number('momentum', (m) => m !== 1),
    asIf(() => ({ momentum: 1 })),
    { like: 'flexflow/flexflow-train#1676' },
  ),
  report(
    'numbers',
    'a feature that is one number throughout comes out as NaN',
    'minMaxNormalize forward',
    not((met) => sizeIn(met, 'D') === 0),
    by((asked) => {
      const x = values(asked, 'x')
      const D = sizeIn(asked, 'D')
      const flat = once((d) => sameThroughout(column(x, d, D)))
      return (v, at) => (flat(at % D) ? NaN : v)
    }),
    { like: 'rasbt/mlxtend#1167' },
  ),
  report(
    'numbers',
    'a feature that is one number throughout is left out: it is not written',
    'minMaxNormalize forward',
    past('D', 1),
    (asked, plain, memory) => {
      const x = values(asked, 'x')
      const D = sizeIn(asked, 'D')
      const flat = once((d) => sameThroughout(column(x, d, D)))
      return lost(([, d]) => flat(d as number))(asked, plain, memory)
    },
    { like: 'NVIDIA-Merlin/NVTabular#99' },
  ),
]
