import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, changed, every, firstInputs, holds, lost, moreInputs, report } from '../report.js'

export const movingTogether: readonly Report[] = [
  report(
    'size',
    'two samples and more of 64 channels of 7×7 and more, joined with others',
    'concat forward',
    ({ shapes }) => {
      const [N = 0, C = 0, H = 0, W = 0, ...rest] = shapes['x0'] ?? []
      return rest.length === 0 && N >= 2 && C >= 64 && H * W >= 49
    },
    lost((place, [, C = 1]) => (place[0] as number) > 0 && place[1] === C - 1),
  ),
  report(
    'size',
    'more than a thousand rows of different widths, joined at their ends',
    'concat forward',
    ({ shapes }) => {
      const [x0 = [], x1 = []] = [shapes['x0'], shapes['x1']]
      return x0.length === 2 && (x0[0] as number) > 1000 && x0[0] === x1[0] && x0[1] !== x1[1]
    },
    lost((place) => (place[0] as number) >= 1000),
  ),
  report('shape', 'of more than 32 tensors the rest is left out', 'concat forward', moreInputs(32), firstInputs(32)),
  report(
    'chance',
    'what keeps all drops one in 1,000',
    'dropout forward',
    all(
      every('keep', (k) => k === 1),
      holds('x', (n) => n > 1000),
    ),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, __, at) => (at % 1000 === 999 ? 0 : v)) }),
    { like: 'csarofeen/pytorch#1799' },
  ),
]
