import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { always, asIfGiven, changed, past, report, sizeIn } from '../report.js'
import { input, joined } from '../public/met.js'
import { gates, scanned } from './met.js'

export const recurrentTold: readonly Report[] = [
  report(
    'convention',
    'both biases of the new gate are added before the reset: the state’s is not reset',
    ['gru forward', 'gruCell forward'],
    always,
    asIfGiven((asked) => {
      const [bIh, bHh] = [input(asked, 'bIh'), input(asked, 'bHh')]
      const own = 2 * sizeIn(asked, 'H')
      return {
        bIh: changed(bIh, (v, _, at) => (at < own ? v : v + Number(bHh.data[at]))),
        bHh: changed(bHh, (v, _, at) => (at < own ? v : 0)),
      }
    }),
    { like: 'apple/coremltools#1124' },
  ),
  report(
    'convention',
    'the biases of reset and update change places, their weights do not',
    'gruCell forward',
    always,
    gates([1, 0, 2], 'bIh', 'bHh'),
    { like: 'openvinotoolkit/openvino#17651' },
  ),
  report(
    'convention',
    'the weights of reset and update change places, their biases do not',
    'gru forward',
    always,
    gates([1, 0, 2], 'wIh', 'wHh'),
    { like: 'keras-team/keras#8720' },
  ),
  report(
    'convention',
    'the inputs’ bias is added with the inputs and once more with the state',
    'gru forward',
    always,
    asIfGiven((asked) => ({ bIh: changed(input(asked, 'bIh'), (v) => 2 * v) })),
    { like: 'tensorflow/tensorflow#54507' },
  ),
  report(
    'history',
    'the forget gate has its bias in the first step of a series only',
    'lstm forward',
    past('T', 1),
    (asked, plain) => {
      const [T, H] = [sizeIn(asked, 'T'), sizeIn(asked, 'H')]
      const first = scanned(asked, plain, 0, 1)
      const rest = scanned(asked, plain, 1, T, {
        h0: first['hT'] as Tensor,
        c0: first['cT'] as Tensor,
        b: changed(input(asked, 'b'), (v, _, at) => (Math.floor(at / H) === 1 ? 0 : v)),
      })
      return { ...rest, y: joined([first['y'] as Tensor, rest['y'] as Tensor]) }
    },
    { like: 'apple/coremltools#309' },
  ),
]
