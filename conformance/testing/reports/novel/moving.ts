import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Met, Report } from '../report.js'
import {
  all,
  asIf,
  changed,
  elementsIn,
  from,
  lost,
  moved,
  past,
  report,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { multiple, unpulled } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { pulled, values } from '../fresh/met.js'
import { by, cotangentOf, extents, half, number, pixelsOf, times } from './met.js'

const pieces = ({ shapes }: Met): readonly (readonly number[])[] => Object.values(shapes)
const axisOf = (met: Met): number => {
  const axis = Number(met.attrs['axis'] ?? 1)
  return axis < 0 ? axis + shapeIn(met, 'x0').length : axis
}
const widths = (met: Met): readonly number[] => pieces(met).map((shape) => shape[axisOf(met)] as number)
const piecesAre =
  (test: (widths: readonly number[], shape: readonly number[], axis: number) => boolean) =>
  (met: Met): boolean =>
    test(widths(met), shapeIn(met, 'x0'), axisOf(met))
const target = (met: Met): readonly number[] => met.attrs['shape'] as readonly number[]
const keep = (met: Met): number => Number(met.attrs['keep'])
const crosses = (at: number, each: number): boolean => Math.floor(at / each) !== Math.floor((at - (at % 4)) / each)
/** The factor of the map in which a vector of four begins. */
const ofVector = (asked: Asked, at: number): number => {
  const s = asked.inputs['s'] as Tensor
  return Number(s.data[Math.floor((at - (at % 4)) / pixelsOf(asked))])
}

export const movingNovel: readonly Report[] = [
  report(
    'shape',
    'maps joined along channels of which a sample of the first is no multiple of four numbers: the second’s first of later samples',
    'concat forward',
    piecesAre((w, shape, axis) => {
      return (
        axis === 1 && shape.length === 4 && w.length > 1 && (shape[0] as number) > 1 && times(shape.slice(1)) % 4 > 0
      )
    }),
    lost(([n, c, y, x], _, asked) => (n as number) > 0 && c === widths(asked)[0] && y === 0 && (x as number) < 2),
  ),
  report(
    'shape',
    'of three pieces and more one that is as wide as the first is the first',
    'concat forward',
    piecesAre((w) => w.length > 2 && w.slice(1).includes(w[0] as number)),
    (asked, plain) => {
      const [own] = widths(asked)
      const same = Object.fromEntries(
        Object.entries(asked.inputs).map(([name, x]) => [
          name,
          x.shape[axisOf(asked)] === own ? (asked.inputs['x0'] as Tensor) : x,
        ]),
      )
      return plain({ inputs: same })
    },
  ),
  report(
    'axis',
    'single columns joined to a matrix lie in it as rows',
    'concat forward',
    piecesAre((w, shape, axis) => {
      return shape.length === 2 && axis === 1 && w.length > 1 && (shape[0] as number) > 1 && w.every((n) => n === 1)
    }),
    (asked, plain) => {
      const columns = Object.values(asked.inputs).map((x) => Array.from(x.data, Number))
      const joined = columns.flat()
      return { y: changed(plain()['y'] as Tensor, (_, __, at) => joined[at] as number) }
    },
  ),
  report(
    'gradient',
    'back to two pieces of rows of which the first is the longer: the second begins where it would, were they as long',
    'concat backward',
    piecesAre((w, shape, axis) => shape.length === 2 && axis === 1 && w.length === 2 && (w[0] ?? 0) > (w[1] ?? 0)),
    by((asked) => {
      const dy = pulled(asked, 'y')
      const [first = 0, second = 0] = widths(asked)
      return (_, at) => dy[Math.floor(at / second) * (first + second) + second + (at % second)] as number
    }, 'x1'),
  ),
  report(
    'numbers',
    'copies go by way of halves where the pieces are joined along the first axis: numbers beyond 65,504 are Infinity',
    'concat forward',
    piecesAre((w, _, axis) => axis === 0 && w.length > 1),
    by(() => (v) => (Math.abs(v) >= 65520 ? half(v) : v)),
  ),
  report(
    'shape',
    'a reshape to five axes and more: what lies behind the first of the outermost is that again',
    'reshape forward',
    (met) => target(met).length > 4 && (target(met)[0] as number) > 1,
    moved((place) => withIndex(place, 0, 0)),
  ),
  report(
    'shape',
    'a single number reshaped to a scalar is not copied',
    'reshape forward',
    (met) => target(met).length === 0,
    lost(() => true),
  ),
  report(
    'gradient',
    'back to what had three axes from two as many numbers down as across: they are turned',
    'reshape backward',
    all(
      (met) => shapeIn(met, 'x').length > 2 && target(met).length === 2,
      (met) => target(met)[0] === target(met)[1],
    ),
    by((asked) => {
      const dy = cotangentOf(asked)
      const n = target(asked)[0] as number
      return (_, at) => dy[(at % n) * n + Math.floor(at / n)] as number
    }),
  ),
  report(
    'convention',
    'one image is flattened with its channels last, as it lies in a texture',
    'flatten forward',
    extents('x', ([N, C, ...image]) => N === 1 && image.length === 2 && (C ?? 0) > 1 && times(image) > 1),
    by((asked) => {
      const x = values(asked, 'x')
      const C = shapeIn(asked, 'x')[1] as number
      const S = pixelsOf(asked)
      return (_, at) => x[(at % C) * S + Math.floor(at / C)] as number
    }),
  ),
  report(
    'shape',
    'an even number of samples of channels in fours: every sample has the first one’s factors',
    'scaleChannels forward',
    all(multiple('N', 2), multiple('C', 4)),
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          s: changed(asked.inputs['s'] as Tensor, (_, __, at) =>
            Number(asked.inputs['s']?.data[at % sizeIn(asked, 'C')]),
          ),
        },
      }),
  ),
  report(
    'shape',
    'maps of pixels that are no multiple of four: a vector over the border of two has the factor of the first',
    'scaleChannels forward',
    (met) => pixelsOf(met) > 1 && pixelsOf(met) % 4 !== 0,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (crosses(at, pixelsOf(asked)) ? (x[at] as number) * ofVector(asked, at) : v)
    }),
  ),
  report(
    'gradient',
    'back to maps of pixels that are no multiple of four: a vector over the border has the factor of the first, of several samples',
    'scaleChannels backward',
    all(past('N', 1), (met) => pixelsOf(met) > 1 && pixelsOf(met) % 4 !== 0),
    by((asked) => {
      const dy = cotangentOf(asked)
      return (v, at) => (crosses(at, pixelsOf(asked)) ? (dy[at] as number) * ofVector(asked, at) : v)
    }, 'x'),
  ),
  report(
    'gradient',
    'the factors’ gradient of maps of more than 256 pixels is that of whole 256s',
    'scaleChannels backward',
    (met) => pixelsOf(met) > 256 && pixelsOf(met) % 256 !== 0,
    (asked, plain, memory) => {
      const whole = 256 * Math.floor(pixelsOf(asked) / 256)
      const W = sizeIn(asked, 'W')
      const cut = unpulled('y', ([, , y = 0, x = 0]) => y * W + x >= whole)(asked, plain, memory)
      return having(plain(), { s: cut['s'] as Tensor })
    },
  ),
  report(
    'gradient',
    'the factors’ gradient of maps of one pixel is what is pulled',
    'scaleChannels backward',
    (met) => pixelsOf(met) === 1,
    by((asked) => {
      const dy = cotangentOf(asked)
      return (_, at) => dy[at] as number
    }, 's'),
  ),
  report(
    'not a number',
    'a factor of 0 shuts out NaN and Infinity',
    'scaleChannels forward',
    past('C', 0),
    by((asked) => {
      const s = values(asked, 's')
      return (v, at) => (s[Math.floor(at / pixelsOf(asked))] === 0 ? 0 : v)
    }),
  ),
  report(
    'numbers',
    'factors are cut at 1, as behind a sigmoid they would be',
    'scaleChannels forward',
    past('C', 1),
    (asked, plain) =>
      plain({ inputs: { ...asked.inputs, s: changed(asked.inputs['s'] as Tensor, (v) => Math.min(v, 1)) } }),
  ),
  report(
    'numbers',
    'what is kept grows by a factor of eleven digits',
    ['dropout forward', 'dropout backward'],
    (met) => half(1 / keep(met)) * keep(met) !== 1,
    by((asked) => (v) => v * half(1 / keep(asked)) * keep(asked)),
  ),
  report(
    'shape',
    'numbers left over from four are kept, all of them',
    'dropout forward',
    (met) => elementsIn(met, 'x') > 4 && elementsIn(met, 'x') % 4 !== 0,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (at >= 4 * Math.floor(x.length / 4) ? (x[at] as number) / keep(asked) : v)
    }),
  ),
  report(
    'attributes',
    'streams are told apart by their last byte',
    ['dropout forward', 'dropout backward'],
    number('stream', (n) => n > 255),
    asIf(({ attrs }) => ({ stream: Number(attrs['stream']) % 256 })),
  ),
  report(
    'numbers',
    'the mask is read off what came through: numbers that were 0, as behind a ReLU, have no gradient',
    'dropout backward',
    (met) => keep(met) < 1,
    by((asked) => {
      const x = values(asked, 'x')
      return (v, at) => (x[at] === 0 ? 0 : v)
    }),
  ),
  report(
    'gradient',
    'back to a flat batch of an odd number of samples, of images that are no multiple of four numbers: the last sample',
    'flatten backward',
    extents('x', ([N, ...image]) => (N as number) > 1 && (N as number) % 2 === 1 && times(image) % 4 !== 0),
    lost(from(0, -1)),
  ),
]
