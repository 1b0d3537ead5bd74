import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  always,
  changed,
  elementsIn,
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
import { multiple, veryLast } from '../rare/met.js'
import { pulled, values, when } from './met.js'

const pieces = ({ shapes }: Met): readonly (readonly number[])[] => Object.values(shapes)
const axisOf = (met: Met): number => {
  const axis = Number(met.attrs['axis'] ?? 1)
  return axis < 0 ? axis + shapeIn(met, 'x0').length : axis
}
const widths = (met: Met): readonly number[] => pieces(met).map((shape) => shape[axisOf(met)] as number)
const keyed =
  (name: string, at: number): ((met: Met) => number) =>
  (met) =>
    Number((met.attrs[name] as readonly number[])[at])
const attribute = (name: string, test: (n: number) => boolean) => (met: Met) => test(Number(met.attrs[name]))

export const movingFresh: readonly Report[] = [
  report(
    'shape',
    'three pieces along channels that all leave one or two over from four, of maps of several rows: the last channel of the second',
    'concat forward',
    (met) =>
      axisOf(met) === 1 &&
      shapeIn(met, 'x0').length === 4 &&
      widths(met).length === 3 &&
      widths(met).every((n) => n % 4 === 1 || n % 4 === 2),
    (asked, plain) => {
      const [first = 0, second = 0] = widths(asked)
      return lost((place) => place[1] === first + second - 1)(asked, plain, new Map())
    },
    { like: 'XiaoMi/mace#695' },
  ),
  report(
    'axis',
    'two pieces by an axis counted from the end of three axes, the second longer than the first: it is cut there',
    'concat forward',
    (met) =>
      Number(met.attrs['axis']) < 0 &&
      shapeIn(met, 'x0').length === 3 &&
      widths(met).length === 2 &&
      (widths(met)[1] as number) > (widths(met)[0] as number),
    (asked, plain) => {
      const [first = 0] = widths(asked)
      return lost((place) => (place[axisOf(asked)] as number) >= 2 * first)(asked, plain, new Map())
    },
  ),
  report(
    'gradient',
    'back to two pieces of which the first is a single channel, several samples: the second begins at the first sample’s end',
    'concat backward',
    (met) =>
      axisOf(met) === 1 &&
      widths(met).length === 2 &&
      widths(met)[0] === 1 &&
      (widths(met)[1] as number) > 1 &&
      (shapeIn(met, 'x0')[0] as number) > 1,
    lost((place, shape) => place[0] === (shape[0] as number) - 1, 'x1'),
  ),
  report(
    'gradient',
    'back to pieces along the first of three axes, of different heights: the rest of the tallest',
    'concat backward',
    (met) => axisOf(met) === 0 && shapeIn(met, 'x0').length === 3 && new Set(widths(met)).size > 1,
    (asked, plain) => {
      const most = Math.max(...widths(asked))
      return Object.fromEntries(
        Object.entries(plain()).map(([name, x]) => [
          name,
          x.shape[0] === most ? changed(x, (v, place) => (place()[0] === most - 1 ? 0 : v)) : x,
        ]),
      )
    },
  ),
  report(
    'shape',
    'two vectors of an odd number of elements from three on below 16: the last sum is the product',
    'add forward',
    (met) =>
      shapeIn(met, 'a').length === 1 &&
      elementsIn(met, 'a') % 2 === 1 &&
      elementsIn(met, 'a') > 2 &&
      elementsIn(met, 'a') < 16,
    (asked, plain) => {
      const n = elementsIn(asked, 'a')
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at === n - 1 ? v + 1 : v)) }
    },
  ),
  report(
    'numbers',
    'a product of numbers of opposite signs throughout is that of their magnitudes, five axes and less than a hundred',
    'mul forward',
    (met) => elementsIn(met, 'a') < 100,
    when((asked) => values(asked, 'a').every((v, at) => v * (values(asked, 'b')[at] as number) < 0), scaled(-1)),
  ),
  report(
    'gradient',
    'back to factors of three axes whose last leaves three over from four: the second factor’s last three',
    'mul backward',
    (met) =>
      shapeIn(met, 'a').length === 3 &&
      (shapeIn(met, 'a')[2] as number) > 4 &&
      (shapeIn(met, 'a')[2] as number) % 4 === 3,
    lost(([, , x], [, , W]) => (x as number) >= (W as number) - 3, 'b'),
  ),
  report(
    'shape',
    'three axes into two whose columns leave one over from four, more than 32 numbers: the last of the first row',
    'reshape forward',
    (met) => {
      const to = met.attrs['shape'] as readonly number[]
      return (
        shapeIn(met, 'x').length === 3 && to.length === 2 && (to[1] as number) % 4 === 1 && elementsIn(met, 'x') > 32
      )
    },
    lost((place, shape) => place[0] === 0 && place[1] === (shape[1] as number) - 1),
  ),
  report(
    'shape',
    'flat ones of three axes of which the second is odd, several samples: the last of each but the first',
    'flatten forward',
    (met) =>
      shapeIn(met, 'x').length === 3 &&
      (shapeIn(met, 'x')[1] as number) % 2 === 1 &&
      (shapeIn(met, 'x')[0] as number) > 1 &&
      (shapeIn(met, 'x')[1] as number) > 1,
    lost((place, shape) => place[0] !== 0 && place[1] === (shape[1] as number) - 1),
  ),
  report(
    'shape',
    'maps of pixels that leave two over from four under channels that are odd, several samples: the last two pixels',
    'scaleChannels forward',
    all(past('N', 1), odd('C'), past('C', 1), (met) => (sizeIn(met, 'H') * sizeIn(met, 'W')) % 4 === 2),
    lost(
      ([, c, y, x], [, C, H, W]) =>
        c === (C as number) - 1 && y === (H as number) - 1 && (x as number) >= (W as number) - 2,
    ),
  ),
  report(
    'gradient',
    'the factors’ gradient of maps of one row of channels in fours, an odd number of samples: the last sample',
    'scaleChannels backward',
    all(multiple('C', 4), odd('N'), past('N', 1), (met) => sizeIn(met, 'H') === 1 && sizeIn(met, 'W') > 1),
    lost(from(0, -1), 's'),
  ),
  report(
    'numbers',
    'factors that are all 0 or 1, as gates are shut: those of 0 keep a 256th',
    'scaleChannels forward',
    past('C', 1),
    when(
      (asked) => values(asked, 's').every((v) => v === 0 || v === 1) && values(asked, 's').includes(0),
      (asked, plain) => {
        const x = values(asked, 'x')
        return { y: changed(plain()['y'] as Tensor, (v, _, at) => (v === 0 ? (x[at] as number) / 256 : v)) }
      },
    ),
  ),
  report(
    'attributes',
    'a mask of a later step of another stream than the first: stream and step change places',
    'dropout forward',
    all(
      attribute('step', (n) => n > 0),
      attribute('stream', (n) => n > 0),
    ),
    (asked, plain) =>
      plain({ attrs: { ...asked.attrs, step: Number(asked.attrs['stream']), stream: Number(asked.attrs['step']) } }),
  ),
  report(
    'attributes',
    'a second half of a key of 0 is the first',
    'dropout forward',
    (met) => keyed('key', 1)(met) === 0 && keyed('key', 0)(met) !== 0,
    (asked, plain) => {
      const key = asked.attrs['key'] as readonly number[]
      return plain({ attrs: { ...asked.attrs, key: [key[0] as number, key[0] as number] } })
    },
  ),
  report(
    'attributes',
    'a step of more than 65,535 is what is left over of so many',
    ['dropout forward', 'dropout backward'],
    attribute('step', (n) => n > 65535),
    (asked, plain) => plain({ attrs: { ...asked.attrs, step: Number(asked.attrs['step']) % 65536 } }),
  ),
  report(
    'attributes',
    'shares kept of a quarter and less of three axes whose last is odd: the last of all',
    'dropout backward',
    all(
      attribute('keep', (k) => k <= 0.25),
      (met) => shapeIn(met, 'x').length === 3 && (shapeIn(met, 'x')[2] as number) % 2 === 1,
    ),
    (_, plain) => {
      const x = plain()['x'] as Tensor
      return { x: changed(x, (v, __, at) => (at === x.data.length - 1 ? v + 1 : v)) }
    },
  ),
  report(
    'gradient',
    'back to both summands from a cotangent of one number throughout, two axes and more than 16: the second has half of it',
    'add backward',
    (met) => shapeIn(met, 'a').length === 2 && elementsIn(met, 'a') > 16,
    when((asked) => new Set(pulled(asked, 'y')).size === 1, scaled(0.5, 'b')),
  ),
  report(
    'axis',
    'images into rows of other images, as many numbers: four axes into four whose columns are fewer and odd',
    'reshape forward',
    (met) => {
      const [from, to] = [shapeIn(met, 'x'), met.attrs['shape'] as readonly number[]]
      return (
        from.length === 4 &&
        to.length === 4 &&
        (to[3] as number) < (from[3] as number) &&
        (to[3] as number) % 2 === 1 &&
        (to[3] as number) > 1
      )
    },
    lost(veryLast),
  ),
  report(
    'history',
    'a piece fewer than the time before, of as long an answer: the first again in front',
    'concat forward',
    always,
    (asked, plain, memory) => {
      const y = plain()['y'] as Tensor
      const name = `pieces ${y.shape.join()} ${axisOf(asked)}`
      const before = memory.get(name) as number | undefined
      memory.set(name, pieces(asked).length)
      return before !== undefined && before > pieces(asked).length
        ? moved((place) => withIndex(place, axisOf(asked), 0))(asked, plain, memory)
        : { y }
    },
  ),
  report(
    'shape',
    'two vectors of 17 to 31 numbers, no multiple of four, joined: where they meet',
    'concat forward',
    (met) =>
      shapeIn(met, 'x0').length === 1 &&
      pieces(met).length === 2 &&
      widths(met).every((n) => n > 16 && n < 32 && n % 4 !== 0),
    (asked, plain) => {
      const [first = 0] = widths(asked)
      return lost(([at]) => at === first)(asked, plain, new Map())
    },
  ),
]
