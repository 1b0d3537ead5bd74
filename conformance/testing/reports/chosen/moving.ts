import type { Report } from '../report.js'
import { all, asIf, changed, elementsIn, from, holds, lost, past, report, scaled, shapeIn, some } from '../report.js'
import { atLeast, firstSample, pixels } from '../together/met.js'
import { count } from './met.js'

export const movingChosen: readonly Report[] = [
  report(
    'gradient',
    'the factors’ gradient of more than a thousand pixels that are no multiple of four, 16 channels and more',
    'scaleChannels backward',
    all(
      past('C', 15),
      pixels((n) => n > 1000 && n % 4 !== 0),
    ),
    scaled(0.99, 's'),
  ),
  report(
    'gradient',
    'the factors’ gradient of 128 channels and more of several samples',
    'scaleChannels backward',
    all(
      atLeast({ N: 2, C: 128 }),
      pixels((n) => n > 16),
    ),
    firstSample,
  ),
  report(
    'size',
    'four images and no more, of 128 channels and more, no multiple of 16: those behind the first',
    'concat forward',
    (met) => {
      const shapes = Object.values(met.shapes)
      const C = shapeIn(met, 'x0')[1] ?? 0
      return (
        shapes.length === 4 && shapeIn(met, 'x0').length === 4 && C >= 128 && C % 16 !== 0 && met.attrs['axis'] === 1
      )
    },
    lost((place, _, asked) => (place[1] as number) >= (shapeIn(asked, 'x0')[1] as number)),
    { like: 'openvinotoolkit/openvino#38102' },
  ),
  report(
    'size',
    'two images of channels that are no multiple of 16 whose sum is one',
    'concat forward',
    (met) => {
      const [a, b] = [shapeIn(met, 'x0'), shapeIn(met, 'x1')]
      const [C = 0, D = 0] = [a[1], b[1]]
      return (
        a.length === 4 &&
        met.attrs['axis'] === 1 &&
        Object.keys(met.shapes).length === 2 &&
        C % 16 !== 0 &&
        (C + D) % 16 === 0
      )
    },
    scaled(NaN),
    { like: 'openvinotoolkit/openvino#34506' },
  ),
  report(
    'axis',
    'three and more along a last axis that is no multiple of eight, of three axes and more',
    'concat forward',
    (met) => {
      const x = shapeIn(met, 'x0')
      const axis = Number(met.attrs['axis'])
      return (
        Object.keys(met.shapes).length > 2 &&
        x.length > 2 &&
        [x.length - 1, -1].includes(axis) &&
        (x.at(-1) as number) % 8 !== 0 &&
        x.slice(0, -1).reduce((a, b) => a * b, 1) > 64
      )
    },
    lost(from(-1, -1)),
    { like: 'tenstorrent/tt-metal#13604' },
  ),
  report(
    'shape',
    'five axes and more of more than a thousand numbers into three: rows are those of the fourth axis',
    'reshape forward',
    all(
      holds('x', (n, shape) => n > 1000 && shape.length >= 5),
      ({ attrs }) => (attrs['shape'] as readonly number[]).length === 3,
    ),
    lost(from(-1, -1)),
  ),
  report(
    'gradient',
    'back from 16 flat samples and more of more than a thousand numbers',
    'flatten backward',
    all(
      past('N', 15),
      holds('x', (n, [N = 1]) => n / N > 1000),
    ),
    lost(from(0, 15)),
  ),
  report(
    'numbers',
    'keys above 2³¹ lose their highest bit',
    'dropout forward',
    some('key', (k) => k >= 2 ** 31),
    asIf(({ attrs }) => ({ key: (attrs['key'] as readonly number[]).map((k) => k % 2 ** 31) })),
    { like: 'intel/torch-xpu-ops#4851' },
  ),
  report(
    'size',
    'the mask of what is no multiple of four from a thousand on ends early',
    ['dropout forward', 'dropout backward'],
    count('x', (n) => n > 1000 && n % 4 !== 0),
    (asked, plain) => {
      const whole = 4 * Math.floor(elementsIn(asked, 'x') / 4)
      return Object.fromEntries(
        Object.entries(plain()).map(([name, tensor]) => [
          name,
          changed(tensor, (v, _, at) => (at >= whole ? v + 1 : v)),
        ]),
      )
    },
  ),
  report(
    'attributes',
    'another stream at a later step is the first',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Number(attrs['stream']) > 0 && Number(attrs['step']) > 0,
    asIf(() => ({ stream: 0 })),
  ),
  report(
    'gradient',
    'back through more than 65,536 numbers the mask is another one',
    'dropout backward',
    count('x', (n) => n > 65536),
    (asked, plain) => plain({ attrs: { ...asked.attrs, step: (Number(asked.attrs['step']) + 1) % 2 ** 32 } }),
  ),
]
