import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, fail, show } from '../../spec/error.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { filled, generate, mapTensor, sameShape, showShape, sizeOf, tensor, zipTensors } from '../../spec/tensor.js'
import type { StoredTensor } from '../safetensors.js'
import type { Builder, Constant, Operand, Value } from './building.js'
import { move, moveConstant, onnxNumbersOf, reshapeTo, single, turned, zerosOf } from './building.js'
import type { OnnxAttribute, OnnxNode } from './model.js'
import type { Moved } from './moves.js'
import {
  axisAmong,
  broadcast,
  expanded,
  flattened,
  gathered,
  mostPicked,
  reshaped,
  sliced,
  split,
  squeezed,
  tiled,
  transposed,
  unsqueezed,
} from './moves.js'

/** A node of a model, with what it reads, on its way into a program. */
export interface Given {
  readonly node: OnnxNode
  /** what its nodes in the program are called after */
  readonly name: string
  /** of ONNX's own operators */
  readonly opset: number
  readonly inputs: readonly (Value | undefined)[]
  readonly build: Builder
}

/** What a node answers, a value for each output that is wanted. */
type Answer = Result<readonly (Value | undefined)[]>

export interface Operator {
  /** Errors  Unsupported, or what the ops refuse: by the attribute or input that stands in the way */
  readonly translate: (given: Given) => Answer
}

const refuse = <A>(message: string): Result<A> => fail('Unsupported', message)

// ---- attributes ----------------------------------------------------------------------------------------------------

interface Kinds {
  readonly int: number
  readonly float: number
  readonly string: string
  readonly tensor: StoredTensor
  readonly floats: readonly number[]
  readonly ints: readonly number[]
  readonly strings: readonly string[]
}

interface Reader<A> {
  readonly kind: keyof Kinds
  readonly otherwise: A
}

const int = <A extends number | undefined>(otherwise: A): Reader<number | A> => ({ kind: 'int', otherwise })
const float = <A extends number | undefined>(otherwise: A): Reader<number | A> => ({ kind: 'float', otherwise })
const text = <A extends string | undefined>(otherwise: A): Reader<string | A> => ({ kind: 'string', otherwise })
const ints: Reader<readonly number[] | undefined> = { kind: 'ints', otherwise: undefined }
const floats: Reader<readonly number[] | undefined> = { kind: 'floats', otherwise: undefined }
const strings: Reader<readonly string[] | undefined> = { kind: 'strings', otherwise: undefined }
const stored: Reader<StoredTensor | undefined> = { kind: 'tensor', otherwise: undefined }

type Read<R> = { readonly [K in keyof R]: R[K] extends Reader<infer A> ? A : never }

const kindOf = (attribute: OnnxAttribute): string =>
  'unread' in attribute ? attribute.unread : (Object.keys(attribute)[0] ?? 'nothing')

const attributesOf = <R extends Readonly<Record<string, Reader<unknown>>>>(
  readers: R,
  attributes: OnnxNode['attributes'],
): Result<Read<R>> => {
  const stranger = Object.keys(attributes).find((name) => !Object.hasOwn(readers, name))
  const odd = Object.entries(attributes).find(([name, value]) => kindOf(value) !== readers[name]?.kind)
  return F.pipe(
    ensure(stranger === undefined, 'Unsupported', `attribute ${stranger} is not known of it here`),
    E.flatMap(() =>
      ensure(
        odd === undefined,
        'Unsupported',
        `attribute ${odd?.[0]} is ${odd && kindOf(odd[1])}; wanted ${readers[odd?.[0] ?? '']?.kind}`,
      ),
    ),
    E.map(
      () =>
        Object.fromEntries(
          Object.entries(readers).map(([name, { kind, otherwise }]) => {
            const found = attributes[name] as Readonly<Record<string, unknown>> | undefined
            return [name, found === undefined ? otherwise : found[kind]]
          }),
        ) as Read<R>,
    ),
  )
}

const operator = <R extends Readonly<Record<string, Reader<unknown>>>>(
  readers: R,
  translate: (attrs: Read<R>, given: Given) => Answer,
): Operator => ({
  translate: (given) =>
    F.pipe(
      attributesOf(readers, given.node.attributes),
      E.flatMap((attrs) => translate(attrs, given)),
    ),
})

/** That an attribute has the one value that is known here. */
const only = (name: string, value: unknown, ...known: readonly unknown[]): Result<void> =>
  ensure(
    known.some((each) => JSON.stringify(each) === JSON.stringify(value)),
    'Unsupported',
    `attribute ${name} is ${show(value)}; the catalogue has it with ${known.map(show).join(' or ')}`,
  )

// ---- inputs and outputs --------------------------------------------------------------------------------------------

const shapeOf = (value: Value): Shape => ('operand' in value ? value.operand.shape : value.constant.tensor.shape)

const needed = ({ inputs }: Given, at: number): Result<Value> => {
  const value = inputs[at]
  return value === undefined ? fail('MissingInput', `its input ${at + 1} is missing`) : E.right(value)
}

/** A value as something that an op reads: a constant becomes a weight that is fed. */
const operandOf = (build: Builder, value: Value): Result<Operand> => {
  if ('operand' in value) return E.right(value.operand)
  const { name, dtype, tensor, isLearned } = value.constant
  return dtype === 'F32'
    ? E.right(build.weight(name, { tensor, isLearned }))
    : refuse(`it reads ${name}, of ${dtype}; the catalogue's ops compute with F32`)
}

const read = (given: Given, at: number): Result<Operand> =>
  F.pipe(
    needed(given, at),
    E.flatMap((value) => operandOf(given.build, value)),
  )

/** An input that has to be known before the program runs. */
const constantAt = (given: Given, at: number, what: string): Result<Constant> =>
  F.pipe(
    needed(given, at),
    E.flatMap((value) =>
      'constant' in value
        ? E.right(value.constant)
        : refuse(`its ${what}, ${value.operand.name}, is computed; it has to be a constant`),
    ),
  )

const numbersAt = (given: Given, at: number, what: string): Result<readonly number[]> =>
  F.pipe(
    constantAt(given, at, what),
    E.map(({ tensor: { data } }) => Array.from({ length: data.length }, (_, i) => data[i] as number)),
  )

const optionalNumbersAt = (given: Given, at: number, what: string): Result<readonly number[] | undefined> =>
  given.inputs[at] === undefined ? E.right(undefined) : numbersAt(given, at, what)

/** That nothing beyond the first outputs is wanted. */
const noMore = ({ node: { outputs } }: Given, most: number): Result<void> => {
  const surplus = outputs.findIndex((name, at) => at >= most && name !== '')
  return ensure(
    surplus < 0,
    'Unsupported',
    `its output ${surplus + 1}, ${outputs[surplus]}, is wanted; it has ${most} here`,
  )
}

const outputName = ({ node: { outputs } }: Given, at = 0): string => outputs[at] as string

const answer = (made: Result<Operand>): Answer =>
  F.pipe(
    made,
    E.map((operand) => [{ operand }]),
  )

/** One node of the catalogue, whose y is the first output. */
const one = (given: Given, op: OpName, attrs: Attributes, inputs: Readonly<Record<string, Operand>>): Answer =>
  answer(single(given.build, given.name, op, attrs, inputs, outputName(given)))

const elementwise = (op: OpName): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      read(given, 0),
      E.flatMap((x) => one(given, op, {}, { x })),
    ),
  )

const elementwiseBy = (op: OpName, name: string, otherwise: number): Operator =>
  operator({ [name]: float(otherwise) }, (attrs, given) =>
    F.pipe(
      read(given, 0),
      E.flatMap((x) => one(given, op, attrs, { x })),
    ),
  )

// ---- what moves ----------------------------------------------------------------------------------------------------

/** What only moves numbers: constants are moved at once. */
const moving = (given: Given, value: Value, moved: Moved, at = 0): Result<Value> =>
  'constant' in value
    ? E.right({ constant: moveConstant(value.constant, moved, outputName(given, at)) })
    : F.pipe(
        move(
          given.build,
          at === 0 ? given.name : `${given.name}.${at + 1}`,
          value.operand,
          moved,
          outputName(given, at),
        ),
        E.map((operand) => ({ operand })),
      )

const mover = <R extends Readonly<Record<string, Reader<unknown>>>>(
  readers: R,
  moved: (attrs: Read<R>, given: Given, from: Shape) => Result<Moved>,
): Operator =>
  operator(readers, (attrs, given) =>
    F.pipe(
      needed(given, 0),
      E.bindTo('x'),
      E.bind('moved', ({ x }) => moved(attrs, given, shapeOf(x))),
      E.flatMap(({ x, moved }) => moving(given, x, moved)),
      E.map((value) => [value]),
    ),
  )

/** A list that was an attribute before a version of the operators, and an input since. */
const listOf = (
  given: Given,
  attribute: readonly number[] | undefined,
  at: number,
  since: number,
  name: string,
): Result<readonly number[] | undefined> =>
  given.opset < since
    ? E.right(attribute)
    : attribute === undefined
      ? optionalNumbersAt(given, at, name)
      : refuse(`attribute ${name} is an input since opset ${since}; the model has ${given.opset}`)

const same: Operator = operator({}, (_, given) =>
  F.pipe(
    needed(given, 0),
    E.map((value) => [value]),
  ),
)

// ---- windows -------------------------------------------------------------------------------------------------------

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

const conv: Operator = operator({ ...windowReaders, group: int(1) }, (attrs, given) =>
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

const convTranspose: Operator = operator(
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

const pool = (op: 'maxPool2d' | 'avgPool2d'): Operator =>
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

const globalPool = (op: 'maxPool2d' | 'globalAvgPool'): Operator =>
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

const reduceMean: Operator = operator({ axes: ints, keepdims: int(1), noop_with_empty_axes: int(0) }, (attrs, given) =>
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

// ---- dense ---------------------------------------------------------------------------------------------------------

/** Weights [O,I]: constants turned at once, if they are [I,O]. */
const denseWeights = (given: Given, at: number, isTurned: boolean): Result<Operand> =>
  F.pipe(
    needed(given, at),
    E.flatMap((value): Result<Operand> => {
      if (isTurned) return operandOf(given.build, value)
      if ('operand' in value)
        return refuse(
          `it multiplies by ${value.operand.name}, which is computed, untransposed; dense reads rows of outputs`,
        )
      const { name, tensor, dtype, isLearned } = value.constant
      return tensor.shape.length !== 2 || dtype !== 'F32'
        ? refuse(`${name} is ${dtype} of shape ${showShape(tensor.shape)}; weights [I,O] of F32 are wanted`)
        : E.right(given.build.weight(`${name}.transposed`, { tensor: turned(tensor), isLearned }))
    }),
  )

/** A bias for each of O outputs, however its axes are spelled out. */
const biasOf = (given: Given, value: Value, O: number): Result<Operand> => {
  const shape = shapeOf(value)
  const isRow = shape.every((extent, axis) => extent === 1 || (axis === shape.length - 1 && extent === O))
  if (!isRow) return refuse(`the bias has shape ${showShape(shape)}; one for each of ${O} outputs is wanted`)
  if ('operand' in value)
    return sizeOf(shape) === O
      ? reshapeTo(given.build, `${given.name}.bias`, value.operand, [O])
      : refuse(`the bias ${value.operand.name} has shape ${showShape(shape)}; [${O}] is wanted`)
  const { constant } = value
  return sizeOf(shape) === O && shape.length === 1
    ? operandOf(given.build, value)
    : operandOf(given.build, {
        constant: {
          ...constant,
          name: `${constant.name}.row`,
          tensor: generate([O], (i) => constant.tensor.data[sizeOf(shape) === 1 ? 0 : i] as number),
        },
      })
}

const gemm: Operator = operator(
  { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
  ({ alpha, beta, transA, transB }, given) =>
    F.pipe(
      E.Do,
      E.tap(() => only('alpha', alpha, 1)),
      E.tap(() => only('transA', transA, 0)),
      E.tap(() => (given.inputs[2] === undefined ? E.right(undefined) : only('beta', beta, 1))),
      E.bind('x', () => read(given, 0)),
      E.bind('w', () => denseWeights(given, 1, transB === 1)),
      E.bind('b', ({ w }) =>
        given.inputs[2] === undefined ? E.right(undefined) : biasOf(given, given.inputs[2], w.shape[0] as number),
      ),
      E.flatMap(({ x, w, b }) => one(given, 'dense', {}, { x, w, ...(b && { b }) })),
    ),
)

/** A product with a matrix of weights; the third input is the bias of an Add that follows. */
const matMul: Operator = operator({}, (_, given) =>
  F.pipe(
    E.Do,
    E.bind('x', () => read(given, 0)),
    E.bind('w', () => denseWeights(given, 1, false)),
    E.bind('b', ({ w }) =>
      given.inputs[2] === undefined ? E.right(undefined) : biasOf(given, given.inputs[2], w.shape[0] as number),
    ),
    E.flatMap(({ x, w, b }) => {
      const { build, name } = given
      const others = { w, ...(b && { b }) }
      if (x.shape.length === 2) return one(given, 'dense', {}, { x, ...others })
      if (x.shape.length < 2) return refuse(`${x.name} has shape ${showShape(x.shape)}; two axes or more are wanted`)
      const [I = 1] = x.shape.slice(-1)
      return answer(
        F.pipe(
          reshapeTo(build, `${name}.rows`, x, [sizeOf(x.shape) / I, I]),
          E.flatMap((rows) => single(build, name, 'dense', {}, { x: rows, ...others }, `${name}.products`)),
          E.flatMap((y) =>
            single(
              build,
              `${name}.axes`,
              'reshape',
              { shape: [...x.shape.slice(0, -1), w.shape[0] as number] },
              { x: y },
              outputName(given),
            ),
          ),
        ),
      )
    }),
  ),
)

// ---- elementwise of two --------------------------------------------------------------------------------------------

const integers = ['I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8', 'BOOL']
const isInteger = ({ dtype }: Constant): boolean => integers.includes(dtype)

/** A constant as large as what it meets. */
const asLarge = (constant: Constant, shape: Shape): Result<Constant> =>
  sameShape(constant.tensor.shape, shape)
    ? E.right(constant)
    : F.pipe(
        expanded(constant.tensor.shape, shape),
        E.map((moved) => moveConstant(constant, moved, `${constant.name}.expanded`)),
      )

/** Two constants, worked out at once. */
const folded = (given: Given, f: (a: number, b: number) => number, a: Constant, b: Constant): Answer => {
  const shape = broadcast(a.tensor.shape, b.tensor.shape)
  return shape === undefined
    ? fail('ShapeMismatch', `${showShape(a.tensor.shape)} and ${showShape(b.tensor.shape)} do not broadcast`)
    : F.pipe(
        E.Do,
        E.bind('p', () => asLarge(a, shape)),
        E.bind('q', () => asLarge(b, shape)),
        E.map(({ p, q }) => [
          {
            constant: {
              name: outputName(given),
              dtype: a.dtype,
              // integers stay integers, and floats f32
              tensor: zipTensors([p.tensor, q.tensor], (x, y) =>
                isInteger(a) ? Math.trunc(f(x, y)) : Math.fround(f(x, y)),
              ),
              isLearned: false,
            },
          },
        ]),
      )
}

/** [N,C,1,1] beside [N,C,H,W]: a number for each map. */
const isOfMaps = (small: Shape, large: Shape): boolean =>
  small.length === 4 &&
  large.length === 4 &&
  small[0] === large[0] &&
  small[1] === large[1] &&
  small[2] === 1 &&
  small[3] === 1

const byMaps = (given: Given, x: Operand, s: Operand): Answer =>
  answer(
    F.pipe(
      single(given.build, `${given.name}.scale`, 'reshape', { shape: s.shape.slice(0, 2) }, { x: s }),
      E.flatMap((scale) => single(given.build, given.name, 'scaleChannels', {}, { x, s: scale }, outputName(given))),
    ),
  )

const together = (op: 'add' | 'mul', f: (a: number, b: number) => number): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      E.Do,
      E.bind('a', () => needed(given, 0)),
      E.bind('b', () => needed(given, 1)),
      E.flatMap(({ a, b }): Answer => pairOf(given, op, f, a, b)),
    ),
  )

const pairOf = (given: Given, op: 'add' | 'mul', f: (a: number, b: number) => number, a: Value, b: Value): Answer => {
  if ('constant' in a && 'constant' in b) return folded(given, f, a.constant, b.constant)
  const shape = broadcast(shapeOf(a), shapeOf(b))
  if (shape === undefined)
    return fail('ShapeMismatch', `${showShape(shapeOf(a))} and ${showShape(shapeOf(b))} do not broadcast`)
  if (op === 'mul' && 'operand' in a && 'operand' in b && !sameShape(shapeOf(a), shapeOf(b))) {
    if (isOfMaps(b.operand.shape, a.operand.shape)) return byMaps(given, a.operand, b.operand)
    if (isOfMaps(a.operand.shape, b.operand.shape)) return byMaps(given, b.operand, a.operand)
  }
  const operand = (value: Value): Result<Operand> =>
    'constant' in value
      ? F.pipe(
          asLarge(value.constant, shape),
          E.flatMap((constant) => operandOf(given.build, { constant })),
        )
      : sameShape(value.operand.shape, shape)
        ? E.right(value.operand)
        : sizeOf(value.operand.shape) === sizeOf(shape)
          ? reshapeTo(given.build, `${given.name}.${value.operand.name}`, value.operand, shape)
          : refuse(
              `it broadcasts ${value.operand.name} of ${showShape(value.operand.shape)} to ${showShape(shape)}, which the catalogue's ${op} does not`,
            )
  return F.pipe(
    E.Do,
    E.bind('a', () => operand(a)),
    E.bind('b', () => operand(b)),
    E.flatMap(({ a, b }) => one(given, op, {}, { a, b })),
  )
}

/** x − c is x + (−c), x ÷ c by a power of two x · (1/c), to the last bit. */
const instead = (
  op: 'add' | 'mul',
  f: (a: number, b: number) => number,
  other: (c: number) => number,
  isExact: (c: number) => boolean,
  words: string,
): Operator =>
  operator({}, (_, given) =>
    F.pipe(
      E.Do,
      E.bind('a', () => needed(given, 0)),
      E.bind('b', () => needed(given, 1)),
      E.flatMap(({ a, b }): Answer => {
        if ('constant' in a && 'constant' in b) return folded(given, f, a.constant, b.constant)
        if (
          !('constant' in b) ||
          !Array.from({ length: b.constant.tensor.data.length }, (_, i) => b.constant.tensor.data[i] as number).every(
            isExact,
          )
        )
          return refuse(`the catalogue has no op for it; ${words}`)
        const constant = {
          ...b.constant,
          name: `${b.constant.name}.${op === 'add' ? 'negative' : 'reciprocal'}`,
          tensor: mapTensor(other, b.constant.tensor),
        }
        return pairOf(given, op, op === 'add' ? (x, y) => x + y : (x, y) => x * y, a, { constant })
      }),
    ),
  )

const isPowerOfTwo = (value: number): boolean => {
  const exponent = Math.log2(Math.abs(value))
  return Number.isInteger(exponent) && Math.abs(exponent) < 126
}

const sum: Operator = operator({}, (_, given) => {
  const { build, name } = given
  const last = given.inputs.length - 1
  return F.pipe(
    given.inputs,
    E.traverseArray((value, at = 0) =>
      value === undefined ? fail<Operand>('MissingInput', `its input ${at + 1} is missing`) : operandOf(build, value),
    ),
    E.flatMap(([first, ...rest]) =>
      first === undefined
        ? fail<Operand>('MissingInput', 'it reads nothing')
        : rest.reduce<Result<Operand>>(
            (soFar, b, i) =>
              F.pipe(
                soFar,
                E.flatMap((a) =>
                  i === last - 1
                    ? single(build, name, 'add', {}, { a, b }, outputName(given))
                    : single(build, `${name}.sum${i + 1}`, 'add', {}, { a, b }),
                ),
              ),
            E.right(first),
          ),
    ),
    answer,
  )
})

// ---- softmax -------------------------------------------------------------------------------------------------------

const softmaxOf = (op: 'softmax' | 'logSoftmax'): Operator =>
  operator({ axis: int(undefined) }, (attrs, given) =>
    F.pipe(
      E.Do,
      E.bind('x', () => read(given, 0)),
      E.bind('axis', ({ x }) => axisAmong(attrs.axis ?? (given.opset < 13 ? 1 : -1), x.shape.length)),
      E.flatMap(({ x, axis }) => {
        const { build, name } = given
        // before opset 13 all axes from this one on are one row
        if (given.opset >= 13 || axis === x.shape.length - 1) return one(given, op, { axis }, { x })
        return answer(
          F.pipe(
            reshapeTo(build, `${name}.rows`, x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]),
            E.flatMap((rows) => single(build, name, op, { axis: 1 }, { x: rows }, `${name}.shares`)),
            E.flatMap((y) => single(build, `${name}.axes`, 'reshape', { shape: x.shape }, { x: y }, outputName(given))),
          ),
        )
      }),
    ),
  )

// ---- normalization, dropout ----------------------------------------------------------------------------------------

const batchNormalization: Operator = operator(
  { epsilon: float(Math.fround(1e-5)), momentum: float(Math.fround(0.9)), training_mode: int(0), spatial: int(1) },
  ({ epsilon, momentum, training_mode, spatial }, given) =>
    F.pipe(
      E.Do,
      E.tap(() => only('spatial', spatial, 1)),
      E.tap(() => noMore(given, training_mode === 1 ? 3 : 1)),
      E.bind('x', () => read(given, 0)),
      E.bind('gamma', () => read(given, 1)),
      E.bind('beta', () => read(given, 2)),
      E.bind('runningMean', () => read(given, 3)),
      E.bind('runningVar', () => read(given, 4)),
      E.flatMap((inputs) => {
        if (training_mode === 0) return one(given, 'batchNormInference', { epsilon }, inputs)
        const outputs = given.node.outputs
        const gives = Object.fromEntries(
          ['y', 'runningMean', 'runningVar'].flatMap((output, at) =>
            (outputs[at] ?? '') === '' ? [] : [[output, outputs[at] as string]],
          ),
        )
        // the weight of the old value is ONNX's momentum
        const attrs = { epsilon, momentum: 1 - momentum, runningVariance: 'biased' }
        return F.pipe(
          given.build.node(given.name, 'batchNormTraining', attrs, inputs, gives),
          E.map((made) =>
            ['y', 'runningMean', 'runningVar'].map((output) => made[output] && { operand: made[output] }),
          ),
        )
      }),
    ),
)

const lrn: Operator = operator(
  { size: int(undefined), alpha: float(Math.fround(1e-4)), beta: float(0.75), bias: float(1) },
  ({ size, alpha, beta, bias }, given) =>
    size === undefined || size % 2 === 0
      ? refuse(`attribute size is ${size}; of an even one the catalogue's window lies otherwise`)
      : F.pipe(
          read(given, 0),
          E.flatMap((x) => one(given, 'localResponseNorm', { size, alpha, beta, k: bias }, { x })),
        ),
)

const dropout: Operator = operator({ ratio: float(0.5), seed: int(0) }, (_, given) =>
  F.pipe(
    E.Do,
    E.tap(() => noMore(given, 1)),
    E.bind('training', () => optionalNumbersAt(given, 2, 'training_mode')),
    E.tap(({ training }) =>
      ensure(
        (training?.[0] ?? 0) === 0,
        'Unsupported',
        'it is in training mode, whose masks are drawn otherwise everywhere',
      ),
    ),
    E.flatMap(() => needed(given, 0)),
    E.map((value) => [value]),
  ),
)

// ---- concat, pad ---------------------------------------------------------------------------------------------------

const joined = (values: readonly Constant[], axis: number): Tensor => {
  const [first] = values
  const shape = first?.tensor.shape ?? []
  const inner = sizeOf(shape.slice(axis + 1))
  const widths = values.map(({ tensor }) => (tensor.shape[axis] as number) * inner)
  const width = widths.reduce((a, b) => a + b, 0)
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((a, b) => a + b, 0))
  const total = values.reduce((n, { tensor }) => n + (tensor.shape[axis] as number), 0)
  return generate(
    shape.map((extent, at) => (at === axis ? total : extent)),
    (i) => {
      const [outer, at] = [Math.floor(i / width), i % width]
      const which = starts.findLastIndex((start, q) => at >= start && (widths[q] as number) > 0)
      return values[which]?.tensor.data[outer * (widths[which] as number) + at - (starts[which] as number)] as number
    },
  )
}

const concat: Operator = operator({ axis: int(undefined) }, (attrs, given) => {
  const { build, inputs } = given
  const [first] = inputs
  if (first === undefined || inputs.includes(undefined)) return fail('MissingInput', 'one of its inputs is missing')
  const values = inputs as readonly Value[]
  return F.pipe(
    axisAmong(attrs.axis ?? 1, shapeOf(first).length),
    E.flatMap((axis): Answer => {
      const constants = values.flatMap((value) => ('constant' in value ? [value.constant] : []))
      const agree = values.every((value) =>
        sameShape(shapeOf(value).toSpliced(axis, 1), shapeOf(first).toSpliced(axis, 1)),
      )
      if (!agree)
        return fail(
          'ShapeMismatch',
          `it joins ${values.map((value) => showShape(shapeOf(value))).join(' and ')} along axis ${axis}`,
        )
      if (constants.length === values.length)
        return E.right([
          {
            constant: {
              ...(constants[0] as Constant),
              name: outputName(given),
              tensor: joined(constants, axis),
              isLearned: false,
            },
          },
        ])
      return F.pipe(
        values,
        E.traverseArray((value) => operandOf(build, value)),
        E.flatMap((operands) =>
          one(given, 'concat', { axis }, Object.fromEntries(operands.map((each, q) => [`x${q}`, each]))),
        ),
      )
    }),
  )
})

const pad: Operator = operator({ mode: text('constant'), pads: ints, value: float(0) }, (attrs, given) =>
  F.pipe(
    E.Do,
    E.tap(() => only('mode', attrs.mode, 'constant')),
    E.tap(() => ensure(given.inputs[3] === undefined, 'Unsupported', 'it pads some axes, by its input axes')),
    E.bind('x', () => read(given, 0)),
    E.bind('pads', () => listOf(given, attrs.pads, 1, 11, 'pads')),
    E.bind('value', () =>
      given.opset < 11
        ? E.right(attrs.value)
        : F.pipe(
            optionalNumbersAt(given, 2, 'constant_value'),
            E.map((list) => list?.[0] ?? 0),
          ),
    ),
    E.flatMap(({ x, pads = [], value }) => {
      const { build, name } = given
      const rank = x.shape.length
      if (pads.length !== 2 * rank || pads.some((n) => n < 0))
        return refuse(`pads are ${showShape(pads)}; ${2 * rank} counts of at least 0 are wanted`)
      const padded = x.shape.map((extent, axis) => extent + (pads[axis] as number) + (pads[axis + rank] as number))
      if (sizeOf(padded) > mostPicked)
        return fail('TooLarge', `it pads to ${showShape(padded)}; at most ${mostPicked} elements are made`)
      const axes = x.shape.flatMap((_, axis) => (pads[axis] === 0 && pads[axis + rank] === 0 ? [] : [axis]))
      // numbers are put before and behind along each axis
      return answer(
        axes.reduce<Result<Operand>>(
          (soFar, axis, i) =>
            F.pipe(
              soFar,
              E.flatMap((from) => {
                const block = (end: string, count: number): readonly Operand[] =>
                  count === 0
                    ? []
                    : [
                        build.weight(`${name}.${end}${axis}`, {
                          tensor: filled(from.shape.with(axis, count), value),
                          isLearned: false,
                        }),
                      ]
                const parts = [
                  ...block('before', pads[axis] as number),
                  from,
                  ...block('behind', pads[axis + rank] as number),
                ]
                const isLast = i === axes.length - 1
                return single(
                  build,
                  isLast ? name : `${name}.axis${axis}`,
                  'concat',
                  { axis },
                  Object.fromEntries(parts.map((each, q) => [`x${q}`, each])),
                  isLast ? outputName(given) : `${name}.axis${axis}`,
                )
              }),
            ),
          E.right(x),
        ),
      )
    }),
  ),
)

// ---- recurrent -----------------------------------------------------------------------------------------------------

interface Cell {
  readonly op: 'rnn' | 'lstm' | 'gru'
  /** the catalogue's gates, each by its place among ONNX's */
  readonly gates: readonly number[]
  readonly activations: readonly string[]
}

/** Rows of a direction, gate by gate in the catalogue's order. */
const gatesOf = ({ shape, data }: Tensor, direction: number, gates: readonly number[]): Tensor => {
  const [, ...rest] = shape
  const size = sizeOf(rest)
  const block = size / gates.length
  return generate(
    rest,
    (i) => data[direction * size + (gates[Math.floor(i / block)] as number) * block + (i % block)] as number,
  )
}

const recurrent = ({ op, gates, activations }: Cell): Operator =>
  operator(
    {
      ...{ direction: text('forward'), hidden_size: int(undefined), layout: int(0), clip: float(undefined) },
      ...{ activations: strings, activation_alpha: floats, activation_beta: floats },
      ...{ input_forget: int(0), linear_before_reset: int(0), output_sequence: int(0) },
    },
    (attrs, given) => {
      const { build, name, inputs, node } = given
      const directions = attrs.direction === 'bidirectional' ? 2 : 1
      const states = op === 'lstm' ? ['h0', 'c0'] : ['h0']
      return F.pipe(
        E.Do,
        E.tap(() => only('direction', attrs.direction, 'forward', 'reverse', 'bidirectional')),
        E.tap(() => only('layout', attrs.layout, 0)),
        E.tap(() => only('clip', attrs.clip ?? null, null)),
        E.tap(() => only('input_forget', attrs.input_forget, 0)),
        E.tap(() => (op === 'gru' ? only('linear_before_reset', attrs.linear_before_reset, 1) : E.right(undefined))),
        E.tap(() => {
          const usual = Array.from({ length: directions }, () => activations).flat()
          return only('activations', attrs.activations ?? usual, usual)
        }),
        E.bind('x', () => read(given, 0)),
        E.tap(({ x }) =>
          ensure(x.shape.length === 3, 'ShapeMismatch', `X has shape ${showShape(x.shape)}; [T,N,I] is wanted`),
        ),
        E.bind('W', () => constantAt(given, 1, 'W')),
        E.bind('R', () => constantAt(given, 2, 'R')),
        E.bind('B', () => (inputs[3] === undefined ? E.right(undefined) : constantAt(given, 3, 'B'))),
        E.bind('lengths', () => optionalNumbersAt(given, 4, 'sequence_lens')),
        E.tap(({ x, lengths }) =>
          ensure(
            lengths === undefined || lengths.every((n) => n === x.shape[0]),
            'Unsupported',
            'its input sequence_lens wants sequences of several lengths',
          ),
        ),
        E.tap(() =>
          ensure(inputs[7] === undefined, 'Unsupported', 'its input P, of peepholes, is not in the catalogue'),
        ),
        E.let('H', ({ R }) => R.tensor.shape[2] ?? 0),
        E.tap(({ x, W, R, B, H }) => {
          const G = gates.length * H
          const fits =
            sameShape(W.tensor.shape, [directions, G, x.shape[2] as number]) &&
            sameShape(R.tensor.shape, [directions, G, H]) &&
            (B === undefined || sameShape(B.tensor.shape, [directions, 2 * G])) &&
            (attrs.hidden_size ?? H) === H
          return ensure(
            fits,
            'ShapeMismatch',
            `W, R${B === undefined ? '' : ' and B'} have shapes ${[W, R, ...(B ? [B] : [])].map(({ tensor }) => showShape(tensor.shape)).join(', ')}; wanted [${directions},${gates.length}·H,I], [${directions},${gates.length}·H,H]${B === undefined ? '' : ` and [${directions},${2 * gates.length}·H]`}`,
          )
        }),
        E.flatMap(({ x, W, R, B, H }) => {
          const [T = 1, N = 1] = x.shape
          const isReverse = (d: number): boolean => attrs.direction === 'reverse' || d === 1
          const turn = (label: string, value: Operand, gives = label): Result<Operand> => {
            const row = sizeOf(value.shape.slice(1))
            const picks = Float64Array.from(
              { length: T * row },
              (_, i) => (T - 1 - Math.floor(i / row)) * row + (i % row),
            )
            return move(build, label, value, { shape: value.shape, picks }, gives)
          }
          const initial = (label: string, state: string, at: number, d: number): Result<Operand> => {
            const given = inputs[at]
            if (given === undefined) return E.right(zerosOf(build, `${label}.${state}`, [N, H]))
            if (!sameShape(shapeOf(given), [directions, N, H]))
              return fail(
                'ShapeMismatch',
                `its initial state has shape ${showShape(shapeOf(given))}; wanted ${showShape([directions, N, H])}`,
              )
            if ('constant' in given)
              return E.right(
                build.weight(`${label}.${state}`, {
                  tensor: generate([N, H], (i) => given.constant.tensor.data[d * N * H + i] as number),
                  isLearned: false,
                }),
              )
            return move(build, `${label}.${state}`, given.operand, {
              shape: [N, H],
              ...(directions === 1 ? {} : { picks: Float64Array.from({ length: N * H }, (_, i) => d * N * H + i) }),
            })
          }
          const biases = (label: string, d: number): Readonly<Record<string, Operand>> => {
            const isLearned = B?.isLearned ?? false
            const G = gates.length * H
            const half = (which: number): Tensor =>
              B === undefined
                ? filled([G], 0)
                : gatesOf(
                    generate(
                      [directions, G],
                      (i) => B.tensor.data[Math.floor(i / G) * 2 * G + which * G + (i % G)] as number,
                    ),
                    d,
                    gates,
                  )
            const [ih, hh] = [half(0), half(1)]
            return op === 'gru'
              ? {
                  bIh: build.weight(`${label}.bIh`, { tensor: ih, isLearned }),
                  bHh: build.weight(`${label}.bHh`, { tensor: hh, isLearned }),
                }
              : {
                  b: build.weight(`${label}.b`, {
                    tensor: zipTensors([ih, hh], (a, b) => Math.fround(a + b)),
                    isLearned,
                  }),
                }
          }
          const layer = (d: number): Result<Readonly<Record<string, Operand>>> => {
            const label = directions === 1 ? name : d === 0 ? `${name}.forward` : `${name}.reverse`
            const gives = { y: `${label}.y`, hT: `${label}.hT`, ...(op === 'lstm' ? { cT: `${label}.cT` } : {}) }
            return F.pipe(
              E.Do,
              E.bind('from', () => (isReverse(d) ? turn(`${label}.turned`, x) : E.right(x))),
              E.bind('initial', () =>
                E.traverseArray(([i, state]: readonly [number, string]) =>
                  F.pipe(
                    initial(label, state, 5 + i, d),
                    E.map((value) => [state, value] as const),
                  ),
                )([...states.entries()]),
              ),
              E.bind('made', ({ from, initial }) =>
                build.node(
                  label,
                  op,
                  {},
                  {
                    x: from,
                    ...Object.fromEntries(initial),
                    wIh: build.weight(`${label}.wIh`, { tensor: gatesOf(W.tensor, d, gates), isLearned: W.isLearned }),
                    wHh: build.weight(`${label}.wHh`, { tensor: gatesOf(R.tensor, d, gates), isLearned: R.isLearned }),
                    ...biases(label, d),
                  },
                  gives,
                ),
              ),
              E.bind('y', ({ made }) =>
                isReverse(d) && (node.outputs[0] ?? '') !== ''
                  ? turn(`${label}.back`, made['y'] as Operand)
                  : E.right(made['y'] as Operand),
              ),
              E.map(({ made, y }) => ({ ...made, y })),
            )
          }
          // Y is [T,D,N,H], and Y_h and Y_c are [D,N,H]
          const output = (
            layers: readonly Readonly<Record<string, Operand>>[],
            at: number,
            from: string,
          ): Result<Value | undefined> => {
            const gives = node.outputs[at] ?? ''
            if (gives === '') return E.right(undefined)
            const shape = from === 'y' ? [T, 1, N, H] : [1, N, H]
            return F.pipe(
              layers,
              E.traverseArray((each) =>
                single(
                  build,
                  `${(each[from] as Operand).name}.${directions === 1 ? 'out' : 'part'}`,
                  'reshape',
                  { shape },
                  { x: each[from] as Operand },
                  directions === 1 ? gives : `${(each[from] as Operand).name}.part`,
                ),
              ),
              E.flatMap(([first, second]) =>
                second === undefined
                  ? E.right(first as Operand)
                  : single(
                      build,
                      `${name}.${from}`,
                      'concat',
                      { axis: from === 'y' ? 1 : 0 },
                      { x0: first as Operand, x1: second },
                      gives,
                    ),
              ),
              E.map((operand) => ({ operand })),
            )
          }
          return F.pipe(
            Array.from({ length: directions }, (_, d) => d),
            E.traverseArray(layer),
            E.flatMap((layers) =>
              E.traverseArray(([at, from]: readonly [number, string]) => output(layers, at, from))([
                ...['y', 'hT', ...(op === 'lstm' ? ['cT'] : [])].entries(),
              ]),
            ),
          )
        }),
      )
    },
  )

// ---- constants -----------------------------------------------------------------------------------------------------

const constantOf = (name: string, stored: StoredTensor): Result<Constant> =>
  F.pipe(
    onnxNumbersOf({ ...stored, name }),
    E.map((tensor) => ({ name, dtype: stored.dtype, tensor, isLearned: false })),
  )

const listed = (name: string, dtype: 'F32' | 'I64', shape: Shape, data: readonly number[]): Constant => ({
  name,
  dtype,
  tensor: tensor(shape, data),
  isLearned: false,
})

const constant: Operator = operator(
  { value: stored, value_float: float(undefined), value_floats: floats, value_int: int(undefined), value_ints: ints },
  ({ value, value_float, value_floats, value_int, value_ints }, given) => {
    const name = outputName(given)
    const found: Result<Constant> =
      value !== undefined
        ? constantOf(name, value)
        : value_float !== undefined
          ? E.right(listed(name, 'F32', [], [value_float]))
          : value_floats !== undefined
            ? E.right(listed(name, 'F32', [value_floats.length], value_floats))
            : value_int !== undefined
              ? E.right(listed(name, 'I64', [], [value_int]))
              : value_ints !== undefined
                ? E.right(listed(name, 'I64', [value_ints.length], value_ints))
                : refuse('it has no value')
    return F.pipe(
      found,
      E.map((constant) => [{ constant }]),
    )
  },
)

const constantOfShape: Operator = operator({ value: stored }, ({ value }, given) =>
  F.pipe(
    E.Do,
    E.bind('shape', () => numbersAt(given, 0, 'shape')),
    E.tap(({ shape }) =>
      ensure(
        shape.every((n) => Number.isInteger(n) && n >= 0) && sizeOf(shape) <= mostPicked,
        'TooLarge',
        `shape ${showShape(shape)} is wanted; at most ${mostPicked} elements are made`,
      ),
    ),
    E.bind('filled', () => (value === undefined ? E.right(listed('', 'F32', [1], [0])) : constantOf('', value))),
    E.map(({ shape, filled: { dtype, tensor } }) => [
      { constant: { name: outputName(given), dtype, tensor: filled(shape, tensor.data[0] ?? 0), isLearned: false } },
    ]),
  ),
)

const shape: Operator = operator({ start: int(0), end: int(undefined) }, ({ start, end }, given) =>
  F.pipe(
    needed(given, 0),
    E.map((value) => {
      const extents = shapeOf(value).slice(start, end)
      return [{ constant: listed(outputName(given), 'I64', [extents.length], extents) }]
    }),
  ),
)

// of TensorProto.DataType
const floatType = 1
const integerTypes: readonly number[] = [6, 7]

const cast: Operator = operator({ to: int(undefined), saturate: int(1) }, ({ to }, given) =>
  F.pipe(
    needed(given, 0),
    E.flatMap((value): Answer => {
      if ('operand' in value)
        return to === floatType ? E.right([value]) : refuse(`attribute to is ${to}; values stay F32, ${floatType}`)
      const { constant } = value
      if (to === floatType)
        return E.right([
          {
            constant: {
              ...constant,
              name: outputName(given),
              dtype: 'F32',
              tensor: mapTensor(Math.fround, constant.tensor),
            },
          },
        ])
      return integerTypes.includes(to ?? 0)
        ? E.right([
            {
              constant: {
                ...constant,
                name: outputName(given),
                dtype: 'I64',
                tensor: mapTensor(Math.trunc, constant.tensor),
                isLearned: false,
              },
            },
          ])
        : refuse(`attribute to is ${to}; constants are cast to FLOAT, INT32 and INT64`)
    }),
  ),
)

const splitter: Operator = operator({ axis: int(0), split: ints, num_outputs: int(undefined) }, (attrs, given) =>
  F.pipe(
    E.Do,
    E.bind('x', () => needed(given, 0)),
    E.bind('axis', ({ x }) => axisAmong(attrs.axis, shapeOf(x).length)),
    E.bind('sizes', () => listOf(given, attrs.split, 1, 13, 'split')),
    E.bind('parts', ({ x, axis, sizes }) => {
      const extent = shapeOf(x)[axis] as number
      const count = attrs.num_outputs ?? given.node.outputs.length
      const each = Math.ceil(extent / count)
      return split(
        shapeOf(x),
        axis,
        sizes ?? Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, extent - i * each))),
      )
    }),
    E.flatMap(({ x, parts }) =>
      E.traverseArray(([at, part]: readonly [number, Moved]) =>
        (given.node.outputs[at] ?? '') === '' ? E.right(undefined) : moving(given, x, part, at),
      )([...parts.entries()]),
    ),
  ),
)

/** ONNX's operators that the catalogue's ops can be put for, and those on constants alone that shapes are worked out by. */
export const operators: Readonly<Record<string, Operator>> = {
  Sigmoid: elementwise('sigmoid'),
  Tanh: elementwise('tanh'),
  Relu: elementwise('relu'),
  Softplus: elementwise('softplus'),
  LeakyRelu: elementwiseBy('leakyRelu', 'alpha', Math.fround(0.01)),
  Elu: elementwiseBy('elu', 'alpha', 1),
  Softmax: softmaxOf('softmax'),
  LogSoftmax: softmaxOf('logSoftmax'),
  Gemm: gemm,
  MatMul: matMul,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool('maxPool2d'),
  AveragePool: pool('avgPool2d'),
  GlobalAveragePool: globalPool('globalAvgPool'),
  GlobalMaxPool: globalPool('maxPool2d'),
  ReduceMean: reduceMean,
  BatchNormalization: batchNormalization,
  LRN: lrn,
  Dropout: dropout,
  Identity: same,
  Add: together('add', (a, b) => a + b),
  Mul: together('mul', (a, b) => a * b),
  Sum: sum,
  Sub: instead(
    'add',
    (a, b) => a - b,
    (c) => -c,
    () => true,
    'what is subtracted has to be a constant',
  ),
  Div: instead(
    'mul',
    (a, b) => a / b,
    (c) => 1 / c,
    isPowerOfTwo,
    'what is divided by has to be a constant, of powers of two',
  ),
  Concat: concat,
  Pad: pad,
  RNN: recurrent({ op: 'rnn', gates: [0], activations: ['Tanh'] }),
  LSTM: recurrent({ op: 'lstm', gates: [0, 2, 3, 1], activations: ['Sigmoid', 'Tanh', 'Tanh'] }),
  GRU: recurrent({ op: 'gru', gates: [1, 0, 2], activations: ['Sigmoid', 'Tanh'] }),
  Flatten: mover({ axis: int(1) }, ({ axis }, _, from) => flattened(from, axis)),
  Reshape: mover({ shape: ints, allowzero: int(0) }, ({ shape, allowzero }, given, from) =>
    F.pipe(
      listOf(given, shape, 1, 5, 'shape'),
      E.flatMap((wanted) => reshaped(from, wanted ?? [], allowzero === 1)),
    ),
  ),
  Transpose: mover({ perm: ints }, ({ perm }, _, from) => transposed(from, perm)),
  Squeeze: mover({ axes: ints }, ({ axes }, given, from) =>
    F.pipe(
      listOf(given, axes, 1, 13, 'axes'),
      E.flatMap((found) => squeezed(from, found)),
    ),
  ),
  Unsqueeze: mover({ axes: ints }, ({ axes }, given, from) =>
    F.pipe(
      listOf(given, axes, 1, 13, 'axes'),
      E.flatMap((found) => unsqueezed(from, found ?? [])),
    ),
  ),
  Slice: mover({ starts: ints, ends: ints, axes: ints }, (attrs, given, from) =>
    F.pipe(
      E.Do,
      E.bind('starts', () => listOf(given, attrs.starts, 1, 10, 'starts')),
      E.bind('ends', () => listOf(given, attrs.ends, 2, 10, 'ends')),
      E.bind('axes', () => listOf(given, attrs.axes, 3, 10, 'axes')),
      E.bind('steps', () => listOf(given, undefined, 4, 10, 'steps')),
      E.flatMap(({ starts = [], ends = [], axes, steps }) => sliced(from, { starts, ends, axes, steps })),
    ),
  ),
  Split: splitter,
  Gather: mover({ axis: int(0) }, ({ axis }, given, from) =>
    F.pipe(
      constantAt(given, 1, 'indices'),
      E.flatMap(({ tensor }) => gathered(from, axis, tensor)),
    ),
  ),
  Expand: mover({}, (_, given, from) =>
    F.pipe(
      numbersAt(given, 1, 'shape'),
      E.flatMap((wanted) => expanded(from, wanted)),
    ),
  ),
  Tile: mover({}, (_, given, from) =>
    F.pipe(
      numbersAt(given, 1, 'repeats'),
      E.flatMap((repeats) => tiled(from, repeats)),
    ),
  ),
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Cast: cast,
}

/** A node of a model put into ops of the catalogue. */
export const translate = (given: Given): Answer => {
  const { domain, operator } = given.node
  const found = domain === '' && Object.hasOwn(operators, operator) ? operators[operator] : undefined
  if (domain !== '') return refuse(`its domain is ${domain}; ONNX’s own operators are read`)
  return found === undefined
    ? refuse(`the catalogue has no op for ${operator}; read are ${Object.keys(operators).join(', ')}`)
    : found.translate(given)
}
