import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  elementsIn,
  exactly,
  from,
  fromTime,
  gathered,
  given,
  is,
  lost,
  moved,
  not,
  numbers,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { f32, valuesOf } from './met.js'

// statistics per last axis in place of the channels
const transposed = (x: Tensor): Tensor =>
  gathered(x, (place) => [place[0] as number, place.at(-1) as number, ...place.slice(2, -1), place[1] as number])

export const normalizers: readonly Report[] = [
  report(
    'axis',
    'as many channels as columns: statistics of the columns',
    ['batchNormTraining forward', 'batchNormInference forward'],
    (met) => shapeIn(met, 'x').length > 2 && shapeIn(met, 'x').at(-1) === sizeIn(met, 'C') && sizeIn(met, 'C') > 1,
    (asked, plain) => {
      const other = plain({ inputs: { ...asked.inputs, x: transposed(asked.inputs['x'] as Tensor) } })
      return { ...other, y: transposed(other['y'] as Tensor) }
    },
  ),
  report(
    'axis',
    'two axes: statistics of every sample',
    'batchNormTraining forward',
    all(
      (met) => shapeIn(met, 'x').length === 2,
      (met) => sizeIn(met, 'C') === sizeIn(met, 'N'),
    ),
    (asked, plain) => {
      const flipped = (x: Tensor): Tensor => gathered(x, ([a = 0, b = 0]) => [b, a])
      const other = plain({ inputs: { ...asked.inputs, x: flipped(asked.inputs['x'] as Tensor) } })
      return { ...other, y: flipped(other['y'] as Tensor) }
    },
  ),
  report(
    'convention',
    'the running variance is the biased one',
    'batchNormTraining forward',
    always,
    asIf(() => ({ runningVariance: 'biased' })),
    { like: 'ml-explore/mlx#3817' },
  ),
  report(
    'convention',
    'momentum is the weight of what was',
    'batchNormTraining forward',
    not(is('momentum', 0.5)),
    asIf(({ attrs }) => ({ momentum: f32(1 - (attrs['momentum'] as number)) })),
  ),
  report(
    'convention',
    'ε is 10⁻³',
    'batchNormInference forward',
    is('epsilon', f32(1e-5)),
    asIf(() => ({ epsilon: f32(1e-3) })),
  ),
  report(
    'size',
    'more than 1,024 channels: the first again',
    'batchNormInference forward',
    past('C', 1024),
    moved((place) => withIndex(place, 1, (place[1] as number) % 1024)),
  ),
  report(
    'size',
    'statistics over more than 65,536 numbers stop there',
    'batchNormTraining forward',
    (met) => elementsIn(met, 'x') / sizeIn(met, 'C') > 65536,
    scaled(1.01, 'y'),
    { like: 'tinygrad/tinygrad#11782' },
  ),
  report(
    'gradient',
    'the gradient of γ is off where the image has several rows',
    'batchNormTraining backward',
    (met) => shapeIn(met, 'x').length === 4,
    scaled(1.5, 'gamma'),
    { like: 'pytorch/pytorch#175189' },
  ),
  report(
    'gradient',
    'with respect to x it is as if statistics were given',
    'batchNormTraining backward',
    always,
    (asked, plain) => ({
      ...plain(),
      ...Object.fromEntries(
        Object.entries(asIfPulled(({ cotangents }) => cotangents)(asked, plain, new Map())).map(([name, tensor]) => [
          name,
          name === 'x' ? changed(tensor, (v) => 1.1 * v) : tensor,
        ]),
      ),
    }),
  ),
  report(
    'history',
    'running statistics are taken in twice the second time',
    'batchNormTraining forward',
    always,
    fromTime(2, (asked, plain) => {
      const once = plain()
      const twice = plain({
        inputs: {
          ...asked.inputs,
          runningMean: once['runningMean'] as Tensor,
          runningVar: once['runningVar'] as Tensor,
        },
      })
      return { ...once, runningMean: twice['runningMean'] as Tensor, runningVar: twice['runningVar'] as Tensor }
    }),
  ),
  report(
    'shape',
    'one sample is normalized by itself',
    'batchNormInference forward',
    exactly('N', 1),
    asIfGiven(({ inputs }) => ({ runningMean: changed(inputs['runningMean'] as Tensor, () => 0) })),
  ),
  report(
    'shape',
    'rows of odd images miss their last pixel',
    'batchNormInference forward',
    (met) =>
      shapeIn(met, 'x').length === 4 &&
      (shapeIn(met, 'x')[3] as number) % 2 === 1 &&
      (shapeIn(met, 'x')[3] as number) > 8,
    lost(from(3, -1), 'y'),
  ),
  report(
    'convention',
    'α is not divided by the window',
    'localResponseNorm forward',
    always,
    asIf(({ attrs }) => ({ alpha: f32((attrs['alpha'] as number) * (attrs['size'] as number)) })),
  ),
  report(
    'attributes',
    'an even window lies to the other side',
    'localResponseNorm forward',
    ({ attrs }) => (attrs['size'] as number) % 2 === 0,
    (asked, plain) => {
      const flip = (x: Tensor): Tensor =>
        gathered(x, (place) => withIndex(place, 1, (x.shape[1] as number) - 1 - (place[1] as number)))
      return { y: flip(plain({ inputs: { x: flip(asked.inputs['x'] as Tensor) } })['y'] as Tensor) }
    },
  ),
  report('convention', 'the variance divides by one less', 'zScoreNormalize forward', past('N', 1), (asked, plain) => {
    const N = sizeIn(asked, 'N')
    return scaled(Math.sqrt((N - 1) / N))(asked, plain, new Map())
  }),
  report('numbers', 'a column of one number is NaN', 'minMaxNormalize forward', always, (asked, plain) => {
    const [x, D] = [valuesOf(asked.inputs['x'] as Tensor), sizeIn(asked, 'D')]
    const flat = Array.from({ length: D }, () => true)
    x.forEach((v, i) => {
      if (v !== x[i % D]) flat[i % D] = false
    })
    return numbers((v, place) => (flat[place().at(-1) as number] === true ? NaN : v))(asked, plain, new Map())
  }),
  report(
    'shape',
    'other data is normalized by its own ends',
    'minMaxNormalize forward',
    given('apply'),
    (asked, plain) => plain({ inputs: { x: asked.inputs['apply'] as Tensor, apply: asked.inputs['apply'] as Tensor } }),
  ),
]
