import type { Report } from '../report.js'
import { always, asIf, asIfGiven, gathered, lost, past, report, shapeIn } from '../report.js'
import { values } from '../fresh/met.js'
import { by, cotangentOf, extents } from '../novel/met.js'
import { input } from './met.js'

export const movingPublic: readonly Report[] = [
  report(
    'shape',
    'what has one axis is joined to zeros',
    'concat forward',
    (met) => shapeIn(met, 'x0').length === 1,
    lost(() => true),
    { like: 'intel/ipex-llm#1014' },
  ),
  report(
    'shape',
    'more than four channels: their factors are those of the first four again',
    'scaleChannels forward',
    past('C', 4),
    asIfGiven((asked) => ({ s: gathered(input(asked, 's'), ([n = 0, c = 0]) => [n, c % 4]) })),
    { like: 'XiaoMi/mace#342' },
  ),
  report(
    'gradient',
    'the mask is told from what came out over what went in: a number that was 0 has all of its gradient',
    'dropout backward',
    always,
    by((asked) => {
      const [x, dy] = [values(asked, 'x'), cotangentOf(asked)]
      return (v, at) => (x[at] === 0 ? (dy[at] as number) : v)
    }),
    { like: 'kaldi-asr/kaldi#3890' },
  ),
  report(
    'gradient',
    'the way back is scaled and not masked',
    'dropout backward',
    always,
    by((asked) => {
      const dy = cotangentOf(asked)
      return (_, at) => (dy[at] as number) / Number(asked.attrs['keep'])
    }),
    { like: 'ddbourgin/numpy-ml#94' },
  ),
  report(
    'history',
    'another shape of five axes and more after the first: what is more than the first had is not copied',
    'reshape forward',
    extents('x', (shape) => shape.length >= 5),
    (asked, plain, memory) => {
      const count = input(asked, 'x').data.length
      const first = (memory.get('count') as number | undefined) ?? count
      memory.set('count', first)
      return by(() => (v, at) => (at < first ? v : 0))(asked, plain, memory)
    },
    { like: 'microsoft/onnxruntime#9799' },
  ),
  report(
    'history',
    'the mask is drawn on from where the last one ended, whatever the key',
    'dropout forward',
    always,
    (asked, plain, memory) => {
      const before = (memory.get('drawn') as number | undefined) ?? 0
      memory.set('drawn', before + 1)
      return asIf((met) => ({ step: Number(met.attrs['step']) + before }))(asked, plain, memory)
    },
    { like: 'apache/mxnet#16705' },
  ),
]
