import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, show } from '../../spec/error.js'
import type { Shape } from '../../spec/tensor.js'
import { showShape } from '../../spec/tensor.js'
import type { Builder, Operand } from './building.js'
import { reshapeTo, single } from './building.js'
import type { Answer, Given, Operator, Read } from './given.js'
import { answer, int, ints, noMore, one, only, operator, outputName, read, refuse, text } from './given.js'
import { listOf } from './moving.js'

const windowReaders = { auto_pad: text('NOTSET'), dilations: ints, kernel_shape: ints, pads: ints, strides: ints }

interface Windows {
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  /** the beginnings of all axes, then the ends */
  readonly pads: readonly number[]
}

/** How windows lie on axes of these extents. */
const windowsOf = (
  { auto_pad, dilations, pads, strides }: Read<typeof windowReaders>,
  extents: Shape,
  window: readonly number[],
): Result<Windows> => {
  const ones = extents.map(() => 1)
  const [stride, dilation] = [strides ?? ones, dilations ?? ones]
  const fit = [stride, dilation, window].every(({ length }) => length === extents.length)
  if (!fit || (pads !== undefined && pads.length !== 2 * extents.length))
    return refuse(
      `kernel_shape ${showShape(window)}, strides ${showShape(stride)}, dilations ${showShape(dilation)} and pads ${showShape(pads ?? [])} are not of ${extents.length} axes`,
    )
  const none = extents.flatMap(() => [0, 0])
  if (auto_pad === 'NOTSET') return E.right({ stride, dilation, pads: pads ?? none })
  if (auto_pad === 'VALID') return E.right({ stride, dilation, pads: none })
  if (auto_pad !== 'SAME_UPPER' && auto_pad !== 'SAME_LOWER') return refuse(`attribute auto_pad is ${show(auto_pad)}`)
  const totals = extents.map((extent, axis) => {
    const [step, apart, width] = [stride[axis] as number, dilation[axis] as number, window[axis] as number]
    return Math.max(0, (Math.ceil(extent / step) - 1) * step + (width - 1) * apart + 1 - extent)
  })
  const [less, more] = [totals.map((n) => Math.floor(n / 2)), totals.map((n) => Math.ceil(n / 2))]
  return E.right({ stride, dilation, pads: auto_pad === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less] })
}

// [top, left, bottom, right] to [top, bottom, left, right]
const padding = (pads: readonly number[]): readonly number[] =>
  Array.from({ length: pads.length / 2 }, (_, axis) => [
    pads[axis] as number,
    pads[axis + pads.length / 2] as number,
  ]).flat()

// an image of one row, and back
const lifted = (build: Builder, name: string, x: Operand): Result<Operand> => {
  const [N = 1, C = 1, L = 1] = x.shape
  return reshapeTo(build, `${name}.row`, x, [N, C, 1, L])
}
const lowered = (given: Given, y: Operand): Result<Operand> => {
  const [N = 1, C = 1, , L = 1] = y.shape
  return single(given.build, `${given.name}.sequence`, 'reshape', { shape: [N, C, L] }, { x: y }, outputName(given))
}

const onImages = (
  given: Given,
  x: Operand,
  op: OpName,
  attrs: (on: { readonly rows: (list: readonly number[], one: number) => readonly number[] }) => Attributes,
  others: Readonly<Record<string, Operand>> = {},
): Answer => {
  const { build, name } = given
  if (x.shape.length === 4) return one(given, op, attrs({ rows: (list) => list }), { x, ...others })
  if (x.shape.length !== 3)
    return refuse(`${x.name} has shape ${showShape(x.shape)}; images [N,C,H,W] or sequences [N,C,L] are wanted`)
  return answer(
    F.pipe(
      lifted(build, name, x),
      E.flatMap((image) =>
        single(
          build,
          name,
          op,
          attrs({ rows: (list, one) => [one, ...list] }),
          { x: image, ...others },
          `${name}.image`,
        ),
      ),
      E.flatMap((y) => lowered(given, y)),
    ),
  )
}

// padding of sequences as that of images of one row
const imagePadding = (pads: readonly number[]): readonly number[] =>
  pads.length === 2 ? [0, 0, ...pads] : padding(pads)

export const conv: Operator = operator({ ...windowReaders, group: int(1) }, (attrs, given) =>
  F.pipe(
    E.Do,
    E.bind('x', () => read(given, 0)),
    E.bind('w', () => read(given, 1)),
    E.bind('b', () => (given.inputs[2] === undefined ? E.right(undefined) : read(given, 2))),
    E.tap(({ w }) =>
      attrs.kernel_shape === undefined
        ? E.right(undefined)
        : only('kernel_shape', attrs.kernel_shape, w.shape.slice(2)),
    ),
    E.bind('windows', ({ x, w }) => windowsOf(attrs, x.shape.slice(2), w.shape.slice(2))),
    E.flatMap(({ x, w, b, windows: { stride, dilation, pads } }) => {
      const rank = x.shape.length
      if (rank !== 3 && rank !== 4)
        return refuse(`${x.name} has shape ${showShape(x.shape)}; the catalogue convolves [N,C,L] and [N,C,H,W]`)
      return one(
        given,
        rank === 3 ? 'conv1d' : 'conv2d',
        { stride, dilation, padding: padding(pads), groups: attrs.group },
        { x, w, ...(b && { b }) },
      )
    }),
  ),
)

export const convTranspose: Operator = operator(
  { ...windowReaders, group: int(1), output_padding: ints, output_shape: ints },
  (attrs, given) =>
    F.pipe(
      E.Do,
      E.bind('x', () => read(given, 0)),
      E.bind('w', () => read(given, 1)),
      E.bind('b', () => (given.inputs[2] === undefined ? E.right(undefined) : read(given, 2))),
      E.tap(({ w }) =>
        attrs.kernel_shape === undefined
          ? E.right(undefined)
          : only('kernel_shape', attrs.kernel_shape, w.shape.slice(2)),
      ),
      E.bind('windows', ({ x, w }) => windowsOf({ ...attrs, auto_pad: 'NOTSET' }, x.shape.slice(2), w.shape.slice(2))),
      E.flatMap(({ x, w, b, windows: { stride, dilation, pads } }) => {
        const extents = x.shape.slice(2)
        const more = attrs.output_padding ?? extents.map(() => 0)
        const isSame = attrs.auto_pad === 'SAME_UPPER' || attrs.auto_pad === 'SAME_LOWER'
        const wanted =
          attrs.output_shape ?? (isSame ? extents.map((n, axis) => n * (stride[axis] as number)) : undefined)
        if (wanted !== undefined && (given.opset < 11 || wanted.length !== extents.length))
          return refuse(
            `attribute ${attrs.output_shape === undefined ? 'auto_pad' : 'output_shape'} was put into words in opset 11; pads say the same`,
          )
        // what is over is taken off both ends, the odd one at the end of SAME_UPPER and else at the beginning
        const over = wanted?.map(
          (extent, axis) =>
            (stride[axis] as number) * ((extents[axis] as number) - 1) +
            (more[axis] as number) +
            ((w.shape[axis + 2] as number) - 1) * (dilation[axis] as number) +
            1 -
            extent,
        )
        if (over?.some((n) => n < 0) === true)
          return refuse(
            `attribute output_shape or auto_pad wants ${showShape(wanted ?? [])}, more than the windows reach`,
          )
        const [less, rest] = [over?.map((n) => Math.floor(n / 2)), over?.map((n) => Math.ceil(n / 2))]
        const taken =
          less === undefined || rest === undefined
            ? pads
            : attrs.auto_pad === 'SAME_UPPER'
              ? [...less, ...rest]
              : [...rest, ...less]
        return F.pipe(
          x.shape.length === 3 ? lifted(given.build, `${given.name}.w`, w) : E.right(w),
          E.flatMap((filter) =>
            onImages(
              given,
              x,
              'convTranspose2d',
              ({ rows }) => ({
                stride: rows(stride, 1),
                dilation: rows(dilation, 1),
                padding: imagePadding(taken),
                outputPadding: rows(more, 0),
                groups: attrs.group,
              }),
              { w: filter, ...(b && { b }) },
            ),
          ),
        )
      }),
    ),
)

/** That the last window begins on x or on the padding before it: of another, versions of ONNX say different things. */
const noWindowBehind = (extents: Shape, window: readonly number[], { stride, pads }: Windows): Result<void> => {
  const odd = extents.findIndex((extent, axis) => {
    const [before, step] = [pads[axis] as number, stride[axis] as number]
    const count =
      Math.ceil((extent + before + (pads[axis + extents.length] as number) - (window[axis] as number)) / step) + 1
    return (count - 1) * step >= extent + before
  })
  return ensure(
    odd < 0,
    'Unsupported',
    'attribute ceil_mode is 1 and the last window begins behind x, which versions of ONNX take differently',
  )
}

export const pool = (op: 'maxPool2d' | 'avgPool2d'): Operator =>
  operator({ ...windowReaders, ceil_mode: int(0), storage_order: int(0), count_include_pad: int(0) }, (attrs, given) =>
    F.pipe(
      E.Do,
      E.tap(() => noMore(given, 1)),
      E.bind('x', () => read(given, 0)),
      E.let('window', () => attrs.kernel_shape ?? []),
      E.bind('windows', ({ x, window }) => windowsOf(attrs, x.shape.slice(2), window)),
      E.tap(({ windows: { dilation } }) =>
        only(
          'dilations',
          dilation,
          dilation.map(() => 1),
        ),
      ),
      E.tap(({ x, window, windows }) =>
        attrs.ceil_mode === 0 ? E.right(undefined) : noWindowBehind(x.shape.slice(2), window, windows),
      ),
      E.tap(() => (attrs.ceil_mode === 0 ? E.right(undefined) : only('auto_pad', attrs.auto_pad, 'NOTSET'))),
      E.flatMap(({ x, window, windows: { stride, pads } }) =>
        onImages(given, x, op, ({ rows }) => ({
          window: rows(window, 1),
          stride: rows(stride, 1),
          padding: imagePadding(pads),
          ceilMode: attrs.ceil_mode === 1,
          ...(op === 'avgPool2d' ? { countIncludePad: attrs.count_include_pad === 1 } : {}),
        })),
      ),
    ),
  )

/** The mean of each map, and the axes that it leaves as ONNX has them. */
const meanOfMaps = (given: Given, x: Operand, shape: Shape): Answer => {
  const { build, name } = given
  return answer(
    F.pipe(
      x.shape.length === 3 ? lifted(build, name, x) : E.right(x),
      E.flatMap((image) =>
        shape.length === 2
          ? single(build, name, 'globalAvgPool', {}, { x: image }, outputName(given))
          : F.pipe(
              single(build, name, 'globalAvgPool', {}, { x: image }, `${name}.flat`),
              E.flatMap((y) => single(build, `${name}.kept`, 'reshape', { shape }, { x: y }, outputName(given))),
            ),
      ),
    ),
  )
}

export const globalPool = (op: 'maxPool2d' | 'globalAvgPool'): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      read(given, 0),
      E.flatMap((x) => {
        const [N = 1, C = 1, ...maps] = x.shape
        if (maps.length !== 1 && maps.length !== 2)
          return refuse(`${x.name} has shape ${showShape(x.shape)}; images or sequences are wanted`)
        return op === 'globalAvgPool'
          ? meanOfMaps(given, x, [N, C, ...maps.map(() => 1)])
          : onImages(given, x, op, ({ rows }) => ({
              window: rows(maps, 1),
              stride: rows(
                maps.map(() => 1),
                1,
              ),
            }))
      }),
    ),
  )

export const reduceMean: Operator = operator(
  { axes: ints, keepdims: int(1), noop_with_empty_axes: int(0) },
  (attrs, given) =>
    F.pipe(
      E.Do,
      E.bind('x', () => read(given, 0)),
      E.bind('axes', () => listOf(given, attrs.axes, 1, 18, 'axes')),
      E.flatMap(({ x, axes = [] }) => {
        const [N = 1, C = 1, ...maps] = x.shape
        const found = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)).toSorted((a, b) => a - b)
        return x.shape.length === 4 && showShape(found) === '[2,3]'
          ? meanOfMaps(given, x, attrs.keepdims === 1 ? [N, C, ...maps.map(() => 1)] : [N, C])
          : refuse(
              `axes are ${showShape(axes)} of ${showShape(x.shape)}; the catalogue has means of the maps of images, axes [2,3]`,
            )
      }),
    ),
)
