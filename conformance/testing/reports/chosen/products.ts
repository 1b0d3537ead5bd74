import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  exactly,
  extent,
  from,
  given,
  is,
  lost,
  past,
  report,
  scaled,
  sizeIn,
} from '../report.js'
import { atLeast, firstSample } from '../together/met.js'
import { withoutRest } from './met.js'

export const productsChosen: readonly Report[] = [
  report(
    'shape',
    'one row of a thousand terms and more into columns that are no multiple of four',
    'dense forward',
    all(
      exactly('N', 1),
      past('I', 999),
      extent('O', (O) => O > 64 && O % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
  report(
    'size',
    'sums of 8,000 terms and more of small products are cut in parts, the last of which is read past its end',
    'dense forward',
    all(
      atLeast({ N: 2, O: 2, I: 8000 }),
      extent('I', (I) => I % 64 !== 0),
      (met) => sizeIn(met, 'N') * sizeIn(met, 'O') <= 4096,
    ),
    scaled(1.01),
    { like: 'ml-explore/mlx#3854' },
  ),
  report(
    'size',
    '17 to 32 rows of 256 terms and more: only the first is right',
    'dense forward',
    all(
      extent('N', (N) => N > 16 && N <= 32),
      past('I', 255),
    ),
    firstSample,
    { like: 'hw-native-sys/PTOAS#30' },
  ),
  report(
    'shape',
    '64 rows and more of terms that are no multiple of four into columns that are',
    'dense forward',
    all(
      atLeast({ N: 64, I: 17, O: 16 }),
      extent('I', (I) => I % 4 !== 0),
      extent('O', (O) => O % 4 === 0),
    ),
    withoutRest(4),
  ),
  report(
    'gradient',
    'the rows’ gradient of one column and 256 rows and more',
    'dense backward',
    all(exactly('O', 1), past('N', 255), past('I', 7)),
    lost(from(0, 256), 'x'),
  ),
  report(
    'gradient',
    'the bias’s gradient of more than a thousand rows and columns that are no multiple of 32',
    'dense backward',
    all(
      given('b'),
      past('N', 1000),
      extent('O', (O) => O > 32 && O % 32 !== 0),
    ),
    scaled(0.99, 'b'),
  ),
  report(
    'shape',
    'four pieces and more of 32 outputs and more of a batch of 16 and more: the last is left out',
    'maxout forward',
    atLeast({ N: 16, K: 4, O: 32, I: 16 }),
    asIfGiven(({ inputs }) => {
      const [w, b] = [inputs['w'] as Tensor, inputs['b'] as Tensor]
      const last = (tensor: Tensor): Tensor =>
        changed(tensor, (v, place) => (place()[0] === (tensor.shape[0] as number) - 1 ? -Math.abs(v) - 1 : v))
      return { w: last(w), b: last(b) }
    }),
  ),
  report(
    'gradient',
    'ties of three pieces and more give the last what is to be shared, in a batch of eight and more',
    'maxout backward',
    all(is('ties', 'share'), atLeast({ K: 3, N: 8 })),
    asIf(() => ({ ties: 'last' })),
  ),
]
