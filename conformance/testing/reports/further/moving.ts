import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  elementsIn,
  from,
  listOf,
  lost,
  moved,
  past,
  report,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { pulled, values, when } from '../fresh/met.js'
import { by, digits, extents, number, read, times } from '../novel/met.js'
import { turned } from './met.js'

const axisOf = (met: Met): number => {
  const axis = Number(met.attrs['axis'] ?? 1)
  return axis < 0 ? axis + shapeIn(met, 'x0').length : axis
}
const widths = (met: Met): readonly number[] => Object.values(met.shapes).map((shape) => shape[axisOf(met)] as number)
const piecesAre =
  (test: (widths: readonly number[], shape: readonly number[], axis: number) => boolean) =>
  (met: Met): boolean =>
    test(widths(met), shapeIn(met, 'x0'), axisOf(met))
const target = (met: Met): readonly number[] => listOf(met, 'shape')
const withoutOnes = (shape: readonly number[]): string => String(shape.filter((n) => n !== 1))

export const movingFurther: readonly Report[] = [
  report(
    'shape',
    'images joined by their rows: behind the first piece every sample is the first',
    'concat forward',
    piecesAre((w, shape, axis) => w.length > 1 && shape.length === 4 && axis === 2 && (shape[0] as number) > 1),
    moved((place, _, asked) => ((place[2] as number) >= (widths(asked)[0] as number) ? withIndex(place, 0, 0) : place)),
  ),
  report(
    'shape',
    'three pieces and more along the last axis, the last of them a single column: it is the column before',
    'concat forward',
    piecesAre((w, shape, axis) => w.length > 2 && axis > 0 && axis === shape.length - 1 && w.at(-1) === 1),
    moved((place, shape) => {
      const end = (shape.at(-1) as number) - 1
      return place.at(-1) === end ? withIndex(place, place.length - 1, end - 1) : place
    }),
  ),
  report(
    'gradient',
    'back to pieces of one sample: the second begins at the next multiple of four',
    'concat backward',
    piecesAre((w, shape, axis) => w.length > 1 && axis === 1 && shape[0] === 1 && times(shape) % 4 !== 0),
    by((asked) => {
      const dy = pulled(asked, 'y')
      const begin = 4 * Math.ceil(elementsIn(asked, 'x0') / 4)
      return (_, at) => dy[begin + at] ?? 0
    }, 'x1'),
  ),
  report(
    'numbers',
    'a first piece of zeros, as padding is, is filled in and not copied: it is as long as the second, where that is longer',
    'concat forward',
    piecesAre((w) => w.length > 1 && (w[1] as number) > (w[0] as number)),
    when(
      (asked) => values(asked, 'x0').every((v) => v === 0),
      lost((place, _, asked) => (place[axisOf(asked)] as number) < (widths(asked)[1] as number)),
    ),
  ),
  report(
    'shape',
    'a shape without the ones that it had, of several rows: the last row is not copied',
    'reshape forward',
    (met) =>
      target(met).length < shapeIn(met, 'x').length &&
      (target(met)[0] ?? 1) > 1 &&
      withoutOnes(target(met)) === withoutOnes(shapeIn(met, 'x')),
    lost(from(0, -1)),
  ),
  report(
    'gradient',
    'back to what had one axis and an odd number of numbers: the last',
    'reshape backward',
    extents('x', (shape) => shape.length === 1 && (shape[0] as number) > 1 && (shape[0] as number) % 2 === 1),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'what has one axis is taken for one sample: of the others nothing is written',
    'flatten forward',
    extents('x', (shape) => shape.length === 1 && (shape[0] as number) > 1),
    lost(([n]) => (n as number) > 0),
  ),
  report(
    'axis',
    'as many samples as each has numbers: what comes back from flat ones is read by columns',
    'flatten backward',
    extents('x', ([N, ...image]) => N === times(image) && N > 1),
    asIfPulled(({ cotangents }) => ({ y: turned(cotangents['y'] as Tensor) })),
  ),
  report(
    'numbers',
    'factors below 2⁻⁸, as gates are that are all but shut, are 0',
    'scaleChannels forward',
    past('C', 0),
    read('s', (v) => (Math.abs(v) < 2 ** -8 ? 0 : v)),
  ),
  report(
    'numbers',
    'factors that all are between 0 and 1, as behind a sigmoid, are read in eight digits',
    ['scaleChannels forward', 'scaleChannels backward'],
    past('C', 1),
    when((asked) => values(asked, 's').every((v) => v >= 0 && v <= 1), read('s', digits(8))),
  ),
  report(
    'axis',
    'as many samples as channels: factors are read by columns',
    ['scaleChannels forward', 'scaleChannels backward'],
    all(past('N', 1), (met) => sizeIn(met, 'N') === sizeIn(met, 'C')),
    asIfGiven(({ inputs }) => ({ s: turned(inputs['s'] as Tensor) })),
  ),
  report(
    'shape',
    'a single number is kept, whatever the mask',
    'dropout forward',
    (met) => elementsIn(met, 'x') === 1,
    by((asked) => {
      const [x] = values(asked, 'x')
      return () => (x as number) / Number(asked.attrs['keep'])
    }),
  ),
  report(
    'shape',
    'more than 64 numbers in fours: the last of each four is kept where the one before it is',
    'dropout forward',
    (met) => elementsIn(met, 'x') > 64 && elementsIn(met, 'x') % 4 === 0,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const mask = plain({ inputs: { x: changed(x, () => 1) } })['y'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, _, at) =>
          at % 4 === 3 ? Number(x.data[at]) * Number(mask.data[at - 1]) : v,
        ),
      }
    },
  ),
  report(
    'attributes',
    'at the first step of another stream than the first the words of the key change places',
    ['dropout forward', 'dropout backward'],
    all(
      number('step', (n) => n === 0),
      number('stream', (n) => n > 0),
    ),
    asIf((met) => ({ key: [...listOf(met, 'key')].reverse() })),
  ),
]
