import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  always,
  asIf,
  asIfGiven,
  changed,
  elementsIn,
  exactly,
  from,
  lost,
  moved,
  odd,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { atLeast, pixels, valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { multiple, over } from './met.js'

const pieces = ({ shapes }: Met): readonly (readonly number[])[] => Object.values(shapes)
const axisOf = (met: Met): number => {
  const axis = Number(met.attrs['axis'] ?? 1)
  return axis < 0 ? axis + shapeIn(met, 'x0').length : axis
}
const widths = (met: Met): readonly number[] => pieces(met).map((shape) => shape[axisOf(met)] as number)

export const movingRare: readonly Report[] = [
  report(
    'numbers',
    'a tensor joined with itself is read once: the second is zeros',
    'concat forward',
    (met) => pieces(met).length === 2 && elementsIn(met, 'x0') > 2 && elementsIn(met, 'x0') === elementsIn(met, 'x1'),
    (asked, plain) => {
      const [a, b] = [valuesOf(asked.inputs['x0'] as Tensor), valuesOf(asked.inputs['x1'] as Tensor)]
      return a.every((v, at) => v === b[at])
        ? plain({ inputs: { ...asked.inputs, x1: changed(asked.inputs['x1'] as Tensor, () => 0) } })
        : plain()
    },
  ),
  report(
    'shape',
    'of three and more along channels the middle one is the narrowest and no multiple of four: what comes behind begins too early',
    'concat forward',
    (met) => {
      const w = widths(met)
      return (
        axisOf(met) === 1 &&
        w.length >= 3 &&
        (w[1] as number) % 4 !== 0 &&
        w.every((n, at) => at === 1 || n > (w[1] as number))
      )
    },
    moved((place, _, asked) => {
      const [first = 0, second = 0] = widths(asked)
      return (place[1] as number) === first + second ? withIndex(place, 1, first + second - 1) : place
    }),
    { like: 'Tencent/ncnn#2506' },
  ),
  report(
    'shape',
    'first a single column, then 16 and more in sixteens: the first of these is the column',
    'concat forward',
    (met) => {
      const w = widths(met)
      return w[0] === 1 && (w[1] ?? 0) >= 16 && (w[1] ?? 0) % 16 === 0
    },
    moved((place, _, asked) => (place[axisOf(asked)] === 1 ? withIndex(place, axisOf(asked), 0) : place)),
  ),
  report(
    'axis',
    'images joined by their columns, of more than one channel: the last row of the second',
    'concat forward',
    (met) =>
      shapeIn(met, 'x0').length === 4 &&
      axisOf(met) === 3 &&
      (shapeIn(met, 'x0')[1] as number) > 1 &&
      (shapeIn(met, 'x0')[2] as number) > 4,
    lost(
      (place, shape, asked) =>
        place[2] === (shape[2] as number) - 1 && (place[3] as number) >= (widths(asked)[0] as number),
    ),
    { like: 'xmartlabs/Bender#35' },
  ),
  report(
    'axis',
    'samples joined behind more than 16 of two axes and more: those behind begin at a multiple of four',
    'concat forward',
    (met) =>
      axisOf(met) === 0 &&
      shapeIn(met, 'x0').length > 1 &&
      (widths(met)[0] as number) > 16 &&
      (widths(met)[0] as number) % 4 !== 0,
    lost((place, _, asked) => place[0] === (widths(asked)[0] as number)),
  ),
  report(
    'gradient',
    'back to five pieces and more, the last the longest: its end',
    'concat backward',
    (met) => {
      const w = widths(met)
      return w.length >= 5 && w.slice(0, -1).every((n) => n < (w.at(-1) as number))
    },
    (asked, plain) => {
      const names = Object.keys(asked.inputs)
      const lastOne = names.at(-1) as string
      return having(plain(), {
        [lastOne]: changed(plain()[lastOne] as Tensor, (v, _, at) => (at === elementsIn(asked, lastOne) - 1 ? 0 : v)),
      })
    },
  ),
  report(
    'gradient',
    'back from ones to pieces of different lengths: every piece has the length of the first',
    'concat backward',
    (met) => new Set(widths(met)).size > 1,
    (asked, plain) =>
      valuesOf(asked.cotangents['y'] as Tensor).every((v) => v === 1)
        ? Object.fromEntries(
            Object.entries(plain()).map(([name, x]) => [
              name,
              changed(x, (v, place) => ((place()[axisOf(asked)] as number) < (widths(asked)[0] as number) ? v : 0)),
            ]),
          )
        : plain(),
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'numbers',
    'a factor that is one number throughout counts as a scalar: its gradient is the sum at every place',
    'mul backward',
    (met) => elementsIn(met, 'a') > 1,
    (asked, plain) => {
      const b = valuesOf(asked.inputs['b'] as Tensor)
      if (!b.every((v) => v === b[0])) return plain()
      const db = plain()['b'] as Tensor
      const sum = valuesOf(db).reduce((a, c) => a + c, 0)
      return having(plain(), { b: changed(db, () => sum) })
    },
    { like: 'alibaba/MNN#2706' },
  ),
  report(
    'numbers',
    'what is added to its negative leaves the smallest step of the larger',
    'add forward',
    always,
    (asked, plain) => {
      const a = valuesOf(asked.inputs['a'] as Tensor)
      return {
        y: changed(plain()['y'] as Tensor, (v, _, at) =>
          v === 0 && a[at] !== 0 ? Math.abs(a[at] as number) * 2 ** -20 : v,
        ),
      }
    },
  ),
  report(
    'size',
    'three axes whose middle is no multiple of eight, 64 and more of the last: the last of the middle',
    ['add forward', 'mul forward'],
    (met) => {
      const shape = shapeIn(met, 'a')
      return (
        shape.length === 3 && (shape[1] as number) > 8 && (shape[1] as number) % 8 !== 0 && (shape[2] as number) >= 64
      )
    },
    lost(from(1, -1)),
  ),
  report(
    'size',
    'images of a single channel and odd sides, several samples: the last sample’s last pixel',
    ['add forward', 'mul forward'],
    (met) => {
      const [N = 0, C = 0, H = 0, W = 0] = shapeIn(met, 'a')
      return shapeIn(met, 'a').length === 4 && N > 1 && C === 1 && H % 2 === 1 && W % 2 === 1 && H > 1 && W > 1
    },
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'numbers',
    'factors that are alike for all channels are taken from the first sample',
    'scaleChannels forward',
    past('N', 1),
    (asked, plain) => {
      const s = asked.inputs['s'] as Tensor
      const C = sizeIn(asked, 'C')
      const values = valuesOf(s)
      const alike = Array.from({ length: sizeIn(asked, 'N') }, (_, n) =>
        values.slice(n * C, n * C + C).every((v) => v === values[n * C]),
      )
      return alike.every((is) => is) && C > 1
        ? plain({ inputs: { ...asked.inputs, s: changed(s, (_, __, at) => values[at % C] as number) } })
        : plain()
    },
  ),
  report(
    'shape',
    'more samples than channels, several: factors are read by columns, of maps of one pixel and more in fours',
    'scaleChannels forward',
    all(
      past('C', 1),
      (met) => sizeIn(met, 'N') > sizeIn(met, 'C'),
      pixels((n) => n % 4 === 0),
    ),
    asIfGiven((asked) => {
      const s = asked.inputs['s'] as Tensor
      const [N, C] = [sizeIn(asked, 'N'), sizeIn(asked, 'C')]
      return { s: changed(s, (_, __, at) => s.data[(at % C) * Math.min(N, C) + (Math.floor(at / C) % C)] as number) }
    }),
  ),
  report(
    'shape',
    'channels left over from 32 where one to three are, maps of 7×7: they are scaled by 1',
    'scaleChannels forward',
    all(
      over('C', 32, (rest) => rest > 0 && rest < 4),
      exactly('H', 7),
      exactly('W', 7),
    ),
    asIfGiven((asked) => ({
      s: changed(asked.inputs['s'] as Tensor, (v, place) =>
        (place()[1] as number) >= 32 * Math.floor(sizeIn(asked, 'C') / 32) ? 1 : v,
      ),
    })),
  ),
  report(
    'gradient',
    'the factors’ gradient of maps higher than wide by four times: the last rows, two channels and more',
    'scaleChannels backward',
    all(past('C', 1), (met) => sizeIn(met, 'H') >= 4 * sizeIn(met, 'W') && sizeIn(met, 'W') > 1),
    (asked, plain) => {
      const H = sizeIn(asked, 'H')
      const dy = asked.cotangents['y'] as Tensor
      return having(plain(), {
        s: plain({
          cotangents: {
            y: changed(dy, (v, place) => ((place()[2] as number) >= H - (H % sizeIn(asked, 'W')) - 1 ? 0 : v)),
          },
        })['s'] as Tensor,
      })
    },
  ),
  report(
    'gradient',
    'the image’s gradient of 16 channels and more of 8×8 in a batch of three',
    'scaleChannels backward',
    all(exactly('N', 3), multiple('C', 16), exactly('H', 8), exactly('W', 8)),
    lost(from(0, -1), 'x'),
  ),
  report(
    'attributes',
    'a share kept of less than a tenth is a tenth, of images',
    ['dropout forward', 'dropout backward'],
    (met) => Number(met.attrs['keep']) < 0.1 && shapeIn(met, 'x').length === 4,
    asIf(() => ({ keep: 0.1 })),
  ),
  report(
    'attributes',
    'both halves of a key alike: the second is 0',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => {
      const [a, b] = attrs['key'] as readonly number[]
      return a === b && a !== 0
    },
    asIf(({ attrs }) => ({ key: [(attrs['key'] as readonly number[])[0] as number, 0] })),
  ),
  report(
    'attributes',
    'a first half of a key of 0 is one of 1',
    ['dropout forward', 'dropout backward'],
    ({ attrs }) => (attrs['key'] as readonly number[])[0] === 0,
    asIf(({ attrs }) => ({ key: [1, (attrs['key'] as readonly number[])[1] as number] })),
  ),
  report(
    'history',
    'the mask on the way back is that of the last way forward of as many numbers',
    ['dropout forward', 'dropout backward'],
    always,
    (asked, plain, memory) => {
      const name = `mask ${elementsIn(asked, 'x')}`
      if (asked.direction === 'forward') {
        memory.set(name, asked.attrs)
        return plain()
      }
      const before = memory.get(name) as Met['attrs'] | undefined
      return before === undefined ? plain() : plain({ attrs: before })
    },
  ),
  report(
    'shape',
    'three axes of which the middle is one are flattened from the second sample on by the first',
    'flatten forward',
    (met) => shapeIn(met, 'x').length === 3 && shapeIn(met, 'x')[1] === 1 && (shapeIn(met, 'x')[0] as number) > 1,
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'shape',
    'images of one pixel and more than 256 channels: flat ones end at 256 in the last sample, of several',
    ['flatten forward', 'flatten backward'],
    (met) => {
      const [N = 0, C = 0, H = 0, W = 0] = shapeIn(met, 'x')
      return shapeIn(met, 'x').length === 4 && N > 1 && C > 256 && H * W === 1
    },
    lost((place, shape) => place[0] === (shape[0] as number) - 1 && (place[1] as number) >= 256),
  ),
  report(
    'shape',
    'to as many axes of other extents, more than 64 numbers: rows become columns where it is two',
    'reshape forward',
    (met) => {
      const shape = met.attrs['shape'] as readonly number[]
      const x = shapeIn(met, 'x')
      return (
        x.length === 2 &&
        shape.length === 2 &&
        x[0] === shape[1] &&
        x[1] === shape[0] &&
        x[0] !== x[1] &&
        (x[0] as number) > 1 &&
        (x[1] as number) > 1
      )
    },
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const [R, C] = shapeIn(asked, 'x') as readonly [number, number]
      return { y: changed(plain()['y'] as Tensor, (_, __, at) => x[(at % R) * C + Math.floor(at / R)] as number) }
    },
    { like: 'tensorflow/tfjs#2205' },
  ),
  report(
    'shape',
    'to a shape with ones in front of what it was: the last number, of more than 32',
    'reshape forward',
    (met) => {
      const shape = met.attrs['shape'] as readonly number[]
      return (
        shape.length > shapeIn(met, 'x').length &&
        shape[0] === 1 &&
        String(shape.filter((n) => n > 1)) === String(shapeIn(met, 'x').filter((n) => n > 1)) &&
        elementsIn(met, 'x') > 32
      )
    },
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'history',
    'of two summands of the same shape as before the second is the one before',
    'add forward',
    always,
    (asked, plain, memory) => {
      const b = asked.inputs['b'] as Tensor
      const name = `b ${b.shape.join()}`
      const before = memory.get(name) as Tensor | undefined
      memory.set(name, b)
      return before === undefined ? plain() : plain({ inputs: { ...asked.inputs, b: before } })
    },
  ),
  report(
    'size',
    'large maps under a few factors: two channels of 256×256 and more, an odd number of samples',
    'scaleChannels forward',
    all(atLeast({ H: 256, W: 256 }), odd('N')),
    scaled(0.5),
  ),
]
