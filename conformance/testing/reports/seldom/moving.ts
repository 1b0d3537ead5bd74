import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  changed,
  elementsIn,
  holds,
  lost,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { pixels, valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { behindUsually, noGradientWhere0 } from './met.js'

const lastAxis = (met: Met): boolean => {
  const rank = shapeIn(met, 'x0').length
  return [rank - 1, -1].includes(Number(met.attrs['axis']))
}

export const movingSeldom: readonly Report[] = [
  report(
    'shape',
    'a column joined behind longer rows is its first number throughout',
    'concat forward',
    (met) =>
      lastAxis(met) &&
      shapeIn(met, 'x0').length > 1 &&
      (shapeIn(met, 'x0').at(-1) as number) > 1 &&
      shapeIn(met, 'x1').at(-1) === 1,
    (asked, plain) => {
      const first = asked.inputs['x1'] as Tensor
      return plain({ inputs: { ...asked.inputs, x1: changed(first, () => first.data[0] as number) } })
    },
  ),
  report(
    'gradient',
    'vectors joined behind one whose length is no multiple of four have gradients that begin too early',
    'concat backward',
    (met) => shapeIn(met, 'x0').length === 1 && elementsIn(met, 'x0') > 4 && elementsIn(met, 'x0') % 4 !== 0,
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      const start = 4 * Math.floor(elementsIn(asked, 'x0') / 4)
      const answer = plain()
      return having(answer, { x1: changed(answer['x1'] as Tensor, (_, __, at) => dy[start + at] as number) })
    },
  ),
  report(
    'numbers',
    'the factor’s gradient is made of the product: of a factor of 0 it is 0',
    'scaleChannels backward',
    always,
    noGradientWhere0('s'),
  ),
  report(
    'size',
    'more than 65,535 maps of all samples are not scaled',
    'scaleChannels forward',
    (met) => sizeIn(met, 'N') * sizeIn(met, 'C') > 65535,
    lost((place, shape) => (place[0] as number) * (shape[1] as number) + (place[1] as number) >= 65535),
  ),
  report(
    'gradient',
    'the second factor’s gradient of more than a thousand numbers, no multiple of four: the last',
    'mul backward',
    holds('a', (n) => n > 1000 && n % 4 !== 0),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1), 'b'),
  ),
  report(
    'gradient',
    'back from five axes and more into fewer, more than 256 numbers: the last',
    'reshape backward',
    all(
      (met) => elementsIn(met, 'x') > 256 && shapeIn(met, 'x').length < 5,
      ({ attrs }) => (attrs['shape'] as readonly number[]).length >= 5,
    ),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'attributes',
    'a share kept of more than 255 in 256 keeps all',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Number(attrs['keep']) > 255 / 256 && Number(attrs['keep']) < 1,
    (asked, plain) => {
      const keep = Number(asked.attrs['keep'])
      const all = plain({ attrs: { ...asked.attrs, keep: 1 } })
      return Object.fromEntries(Object.entries(all).map(([name, y]) => [name, changed(y, (v) => v / keep)]))
    },
  ),
  report(
    'attributes',
    'streams beyond 65,535 begin anew',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Number(attrs['stream']) > 65535,
    asIf(({ attrs }) => ({ stream: Number(attrs['stream']) % 65536 })),
  ),
  report(
    'gradient',
    'a leaky slope below 0 is told from the sign of the result',
    'leakyRelu backward',
    ({ attrs }) => Number(attrs['alpha']) < 0,
    (asked, plain) => {
      const [x, dy] = [valuesOf(asked.inputs['x'] as Tensor), valuesOf(asked.cotangents['y'] as Tensor)]
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => ((x[at] as number) < 0 ? (dy[at] as number) : v)) }
    },
  ),
  report(
    'gradient',
    'the image’s gradient of odd widths, one row high, several samples: the last column',
    'scaleChannels backward',
    all(
      past('N', 1),
      (met) => sizeIn(met, 'H') === 1 && sizeIn(met, 'W') % 2 === 1,
      pixels((n) => n > 8),
    ),
    lost((place, shape) => place[3] === (shape[3] as number) - 1, 'x'),
  ),
  report(
    'attributes',
    'a keep of less than 1 in 256 is one in 256',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => Number(attrs['keep']) < 1 / 256,
    asIf(() => ({ keep: 1 / 256 })),
  ),

  report(
    'size',
    'joined in the middle, one row each, before runs of more than a thousand: those behind the second',
    'concat forward',
    (met) => {
      const x = shapeIn(met, 'x0')
      const axis = Number(met.attrs['axis'])
      const at = axis < 0 ? axis + x.length : axis
      return (
        at > 0 &&
        Object.values(met.shapes).length > 2 &&
        Object.values(met.shapes).every((shape) => shape[at] === 1) &&
        x.slice(at + 1).reduce((a, b) => a * b, 1) > 1000
      )
    },
    (asked, plain) => {
      const x = asked.inputs['x0'] as Tensor
      const axis = Number(asked.attrs['axis'])
      return lost((place) => (place[axis < 0 ? axis + x.shape.length : axis] as number) > 1)(asked, plain, new Map())
    },
  ),
  report(
    'gradient',
    'back to what was joined in front, several rows each of different numbers: the first again',
    'concat backward',
    (met) => {
      const [a, b] = [shapeIn(met, 'x0'), shapeIn(met, 'x1')]
      return (
        a.length > 2 &&
        [0, -a.length].includes(Number(met.attrs['axis'])) &&
        (a[0] as number) > (b[0] as number) &&
        (b[0] as number) > 1
      )
    },
    (_, plain) => {
      const answer = plain()
      const first = answer['x0'] as Tensor
      return having(answer, { x1: changed(answer['x1'] as Tensor, (__, ___, at) => first.data[at] as number) })
    },
  ),
  report('numbers', 'a factor of 0 makes 0 of NaN and infinities', 'scaleChannels forward', always, (asked, plain) => {
    const s = valuesOf(asked.inputs['s'] as Tensor)
    const C = sizeIn(asked, 'C')
    return {
      y: changed(plain()['y'] as Tensor, (v, place) => {
        const [n, c] = place() as readonly [number, number]
        return s[n * C + c] === 0 ? 0 : v
      }),
    }
  }),

  report(
    'attributes',
    'behind 65,536 numbers α and β are the usual ones',
    ['elu forward', 'elu backward', 'softplus forward', 'softplus backward', 'leakyRelu forward'],
    all(
      (met) => elementsIn(met, 'x') > 65536,
      ({ attrs, op }) =>
        op === 'softplus' ? attrs['beta'] !== 1 : attrs['alpha'] !== (op === 'elu' ? 1 : Math.fround(0.1)),
    ),
    behindUsually(65536, ({ op }) => (op === 'softplus' ? { beta: 1 } : { alpha: op === 'elu' ? 1 : 0.1 })),
  ),
  report(
    'attributes',
    'behind 65,536 numbers every step has the mask of the first',
    ['dropout forward', 'dropout backward'],
    all(
      (met) => elementsIn(met, 'x') > 65536,
      ({ attrs }) => Number(attrs['step']) > 0,
    ),
    behindUsually(65536, () => ({ step: 0 })),
  ),
  report(
    'gradient',
    'back from the flat, one sample of five axes and more and more than 64 numbers: the last',
    'flatten backward',
    all(
      (met) => elementsIn(met, 'x') > 64 && shapeIn(met, 'x').length > 4,
      (met) => shapeIn(met, 'x')[0] === 1,
    ),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'gradient',
    'the second summand’s gradient of more than a thousand numbers, odd in number: the last',
    'add backward',
    holds('a', (n) => n > 1000 && n % 2 === 1),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1), 'b'),
  ),
  report(
    'gradient',
    'the factor’s gradient of a single channel one row high, more than 256 pixels',
    'scaleChannels backward',
    (met) => sizeIn(met, 'C') === 1 && sizeIn(met, 'H') === 1 && sizeIn(met, 'W') > 256,
    scaled(0.9, 's'),
  ),

  report(
    'attributes',
    'behind 65,536 numbers a corner has the slope of the catalogue',
    ['relu backward', 'elu backward', 'leakyRelu backward'],
    all(
      (met) => elementsIn(met, 'x') > 65536,
      ({ attrs }) => attrs['kink'] !== 'catalogue',
    ),
    behindUsually(65536, () => ({ kink: 'catalogue' })),
  ),
]
