import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { brief, ensure, etalonError, fail, within } from '../../spec/error.js'
import type { Numbers, Shape } from '../../spec/tensor.js'
import { showShape, sizeOf } from '../../spec/tensor.js'
import { contentOf } from '../content.js'
import type { Dtype, StoredTensor } from '../safetensors.js'
import { widthOf } from '../safetensors.js'
import type { WireAttribute, WireGraph, WireModel, WireNode, WireTensor, WireValue } from './messages.js'
import { readModel, readTensor, written } from './messages.js'

/** The value of a node's attribute, by its type in ONNX; of a type that is not read here only that. */
export type OnnxAttribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly string: string }
  | { readonly tensor: StoredTensor }
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly unread: string }

/** One operator: the names of the values it reads and writes in ONNX's order, '' for an optional one that is left out. */
export interface OnnxNode {
  readonly name: string
  /** '' for ONNX's own operators */
  readonly domain: string
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}

/** What a model says of a value that it is fed or answers: an extent is a number, a name such as "batch", or not said. */
export interface OnnxValue {
  readonly name: string
  /** of its elements; undefined for what is no tensor of numbers that are read here */
  readonly dtype?: Dtype
  readonly shape?: readonly (number | string)[]
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  /** tensors that are part of the model: its weights, mostly */
  readonly initializers: readonly StoredTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

/** An ONNX model. */
export interface OnnxModel {
  /** of the file's form */
  readonly irVersion: number
  /** who wrote it */
  readonly producer: string
  /** the version of each domain's operators; ONNX's own domain is '' */
  readonly opsets: Readonly<Record<string, number>>
  /** operators that the model defines itself, by name */
  readonly functions: readonly string[]
  readonly graph: OnnxGraph
}

// the field of a TensorProto that holds elements which are not in raw_data
type Field = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data'
type Put = (view: DataView, at: number, value: number | bigint) => void

interface ElementType {
  /** its number and its name among TensorProto.DataType */
  readonly number: number
  readonly name: string
  readonly dtype: Dtype
  readonly field: Field
  /** writes an element of that field */
  readonly put: Put
}

const put8: Put = (view, at, value) => view.setUint8(at, Number(value))
const put16: Put = (view, at, value) => view.setUint16(at, Number(value), true)
const put32: Put = (view, at, value) => view.setUint32(at, Number(value), true)
const put64: Put = (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)

// 16-bit floats and 8-bit ones travel as their bits
const elementTypes: readonly ElementType[] = [
  { number: 1, name: 'FLOAT', dtype: 'F32', field: 'floatData', put: (v, at, x) => v.setFloat32(at, Number(x), true) },
  { number: 2, name: 'UINT8', dtype: 'U8', field: 'int32Data', put: put8 },
  { number: 3, name: 'INT8', dtype: 'I8', field: 'int32Data', put: put8 },
  { number: 4, name: 'UINT16', dtype: 'U16', field: 'int32Data', put: put16 },
  { number: 5, name: 'INT16', dtype: 'I16', field: 'int32Data', put: put16 },
  { number: 6, name: 'INT32', dtype: 'I32', field: 'int32Data', put: put32 },
  { number: 7, name: 'INT64', dtype: 'I64', field: 'int64Data', put: put64 },
  { number: 9, name: 'BOOL', dtype: 'BOOL', field: 'int32Data', put: put8 },
  { number: 10, name: 'FLOAT16', dtype: 'F16', field: 'int32Data', put: put16 },
  {
    number: 11,
    name: 'DOUBLE',
    dtype: 'F64',
    field: 'doubleData',
    put: (v, at, x) => v.setFloat64(at, Number(x), true),
  },
  { number: 12, name: 'UINT32', dtype: 'U32', field: 'uint64Data', put: put32 },
  { number: 13, name: 'UINT64', dtype: 'U64', field: 'uint64Data', put: put64 },
  { number: 16, name: 'BFLOAT16', dtype: 'BF16', field: 'int32Data', put: put16 },
  { number: 17, name: 'FLOAT8E4M3FN', dtype: 'F8_E4M3', field: 'int32Data', put: put8 },
  { number: 19, name: 'FLOAT8E5M2', dtype: 'F8_E5M2', field: 'int32Data', put: put8 },
]

const otherTypes: Readonly<Record<number, string>> = {
  ...{ 0: 'UNDEFINED', 8: 'STRING', 14: 'COMPLEX64', 15: 'COMPLEX128', 18: 'FLOAT8E4M3FNUZ', 20: 'FLOAT8E5M2FNUZ' },
  ...{ 21: 'UINT4', 22: 'INT4', 23: 'FLOAT4E2M1' },
}

const typeOfNumber = (number: number): ElementType | undefined => elementTypes.find((type) => type.number === number)
const typeOfDtype = (dtype: Dtype): ElementType => elementTypes.find((type) => type.dtype === dtype) as ElementType

const fields: readonly Field[] = ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data']

const invalid = (message: string): Result<never> => fail('FormatInvalid', message)

/** The elements that a field lists, as bytes. */
const bytesOf = ({ put, dtype, field }: ElementType, wire: WireTensor): Uint8Array => {
  const width = widthOf(dtype)
  const view = new DataView(new ArrayBuffer(width * wire[field].length))
  wire[field].forEach((value: number | string, i) =>
    put(view, i * width, typeof value === 'string' ? BigInt(value) : value),
  )
  return new Uint8Array(view.buffer)
}

const shapeOf = (dims: readonly string[]): Result<Shape> => {
  const shape = dims.map(Number)
  const unreal = shape.find((extent) => !Number.isSafeInteger(extent) || extent < 0)
  return unreal === undefined ? E.right(shape) : invalid(`an extent is ${unreal}; wanted an integer of at least 0`)
}

const tensorOfWire = (wire: WireTensor): Result<StoredTensor> => {
  const type = typeOfNumber(wire.dataType)
  const elsewhere = wire.dataLocation === 1 || wire.externalData.length > 0
  const file = wire.externalData.find(({ key }) => key === 'location')?.value
  const filled = fields.filter((field) => wire[field].length > 0)
  return F.pipe(
    E.Do,
    E.tap(() =>
      ensure(
        !elsewhere,
        'FormatInvalid',
        `its elements are in another file${file === undefined ? '' : `, ${brief(file)}`}; models that hold all of theirs are read`,
      ),
    ),
    E.bind('type', () =>
      type === undefined
        ? invalid(
            `its elements are ${otherTypes[wire.dataType] ?? `of type ${wire.dataType}`}, which are not read here; wanted one of ${elementTypes.map(({ name }) => name).join(', ')}`,
          )
        : E.right(type),
    ),
    E.bind('shape', () => shapeOf(wire.dims)),
    E.tap(({ type }) => {
      const stranger = filled.find((field) => field !== type.field)
      return ensure(
        stranger === undefined && (filled.length === 0 || wire.rawData.length === 0),
        'FormatInvalid',
        `its elements are in ${[...filled, ...(wire.rawData.length > 0 ? ['rawData'] : [])].join(' and in ')}; ${type.name} are in ${type.field} or in rawData`,
      )
    }),
    E.bind('bytes', ({ type }) => E.right(filled.length > 0 ? bytesOf(type, wire) : viewOf(wire.rawData))),
    E.tap(({ type: { dtype, name }, shape, bytes }) =>
      ensure(
        bytes.length === sizeOf(shape) * widthOf(dtype),
        'FormatInvalid',
        `its shape is ${showShape(shape)}, ${sizeOf(shape)} elements; the file has ${bytes.length / widthOf(dtype)} of ${name}`,
      ),
    ),
    E.map(({ type: { dtype }, shape, bytes }) => ({ name: wire.name, dtype, shape, bytes })),
    E.mapLeft(within(wire.name === '' ? 'a tensor without a name' : `tensor ${wire.name}`)),
  )
}

// bytes without Node's dress
const viewOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
const arrayOf = (bytes: Numbers): Uint8Array =>
  bytes instanceof Uint8Array ? viewOf(bytes) : Uint8Array.from({ length: bytes.length }, (_, i) => bytes[i] as number)

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

// AttributeProto.AttributeType, by number
const attributeTypes = [
  ...['UNDEFINED', 'FLOAT', 'INT', 'STRING', 'TENSOR', 'GRAPH', 'FLOATS', 'INTS', 'STRINGS', 'TENSORS', 'GRAPHS'],
  ...['SPARSE_TENSOR', 'SPARSE_TENSORS', 'TYPE_PROTO', 'TYPE_PROTOS'],
] as const

const attributeOfWire = (wire: WireAttribute): Result<OnnxAttribute> => {
  const type = attributeTypes[wire.type]
  if (wire.refAttrName !== '') return E.right({ unread: `a reference to ${brief(wire.refAttrName)}` })
  if (type === 'FLOAT') return E.right({ float: wire.f })
  if (type === 'INT') return E.right({ int: Number(wire.i) })
  if (type === 'STRING') return E.right({ string: textOf(wire.s) })
  if (type === 'FLOATS') return E.right({ floats: wire.floats })
  if (type === 'INTS') return E.right({ ints: wire.ints.map(Number) })
  if (type === 'STRINGS') return E.right({ strings: wire.strings.map(textOf) })
  if (type !== 'TENSOR') return E.right({ unread: type ?? `of type ${wire.type}` })
  return wire.t === null
    ? invalid('it is a TENSOR, and has none')
    : F.pipe(
        tensorOfWire(wire.t),
        E.map((tensor) => ({ tensor })),
      )
}

/** What messages call a node: its name, or what it writes where it has none. */
export const nodeLabel = ({ name, operator, outputs }: Pick<OnnxNode, 'name' | 'operator' | 'outputs'>): string =>
  `node ${name === '' ? `of ${outputs.find((output) => output !== '') ?? 'nothing'}` : name} (${operator})`

const nodeOfWire = ({ name, domain, opType: operator, input, output, attribute }: WireNode): Result<OnnxNode> =>
  F.pipe(
    attribute,
    E.traverseArray((each) =>
      F.pipe(
        attributeOfWire(each),
        E.map((value) => [each.name, value] as const),
        E.mapLeft(within(`attribute ${each.name}`)),
      ),
    ),
    E.filterOrElse(
      (entries) => new Set(entries.map(([each]) => each)).size === entries.length,
      () => etalonError('FormatInvalid', 'it has an attribute twice'),
    ),
    E.map((entries): OnnxNode => ({
      name,
      // both names mean ONNX's own
      domain: domain === 'ai.onnx' ? '' : domain,
      operator,
      inputs: input,
      outputs: output,
      attributes: Object.fromEntries(entries),
    })),
    E.mapLeft(within(nodeLabel({ name, operator, outputs: output }))),
  )

const valueOfWire = ({ name, type }: WireValue): OnnxValue => {
  const tensor = type?.tensorType ?? undefined
  const dtype = tensor && typeOfNumber(tensor.elemType)?.dtype
  const shape = tensor?.shape?.dim.map(({ dimValue, dimParam }) =>
    typeof dimValue === 'string' ? Number(dimValue) : (dimParam ?? ''),
  )
  return { name, ...(dtype && { dtype }), ...(shape && { shape }) }
}

const graphOfWire = (wire: WireGraph): Result<OnnxGraph> =>
  F.pipe(
    E.Do,
    E.tap(() =>
      ensure(
        wire.sparseInitializer.length === 0,
        'FormatInvalid',
        `tensor ${wire.sparseInitializer[0]?.values?.name ?? ''}: it is sparse; dense ones are read`,
      ),
    ),
    E.bind('nodes', () => E.traverseArray(nodeOfWire)(wire.node)),
    E.bind('initializers', () => E.traverseArray(tensorOfWire)(wire.initializer)),
    E.map(({ nodes, initializers }) => ({
      name: wire.name,
      nodes,
      initializers,
      inputs: wire.input.map(valueOfWire),
      outputs: wire.output.map(valueOfWire),
    })),
  )

const modelOfWire = ({ irVersion, producerName, producerVersion, opsetImport, functions, graph }: WireModel) =>
  graph === null
    ? invalid('it has no graph')
    : F.pipe(
        graphOfWire(graph),
        E.map((graph): OnnxModel => ({
          irVersion: Number(irVersion),
          producer: [producerName, producerVersion].filter((text) => text !== '').join(' '),
          opsets: Object.fromEntries(
            opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
          ),
          functions: functions.map(({ name, domain }) => (domain === '' ? name : `${domain}.${name}`)),
          graph,
        })),
      )

/** Messages of protobuf have no mark at their beginning: what does not decode is named by what else it may be. */
const decoded = <A>(what: string, read: (bytes: Uint8Array) => A, bytes: Numbers): Result<A> =>
  F.pipe(
    E.tryCatch(
      () => read(arrayOf(bytes)),
      (thrown) => {
        const content = contentOf(bytes)
        return etalonError(
          'FormatInvalid',
          content === undefined
            ? `truncated, or no protobuf: ${thrown instanceof Error ? thrown.message : String(thrown)}`
            : `it is ${content}; wanted ${what}`,
        )
      },
    ),
  )

/**
 * The value of an ONNX model's bytes. Every tensor is checked – its elements are those of its shape, wherever the message
 * has them –, and nothing is said of what the operators mean.
 *
 * Integers of 64 bits are numbers: beyond ±2⁵³ the nearest there is, which is what a Slice that ends at the largest of
 * them means. Elements of tensors are bytes, and stay what they are.
 *
 * Errors  FormatInvalid – another kind of file, by its name where it is known; truncated; no graph; a tensor, by name,
 *         whose elements are in another file, sparse, of a type that is not read here, or not those of its shape; an
 *         attribute that is there twice
 * Source  onnx/onnx.proto3
 */
export const decodeOnnx = (bytes: Numbers): Result<OnnxModel> =>
  F.pipe(
    decoded('an ONNX model', readModel, bytes),
    E.flatMap((wire) =>
      // any bytes may happen to be a message of other fields
      wire.graph === null && contentOf(bytes) !== undefined
        ? invalid(`it is ${contentOf(bytes)}; wanted an ONNX model`)
        : modelOfWire(wire),
    ),
  )

/**
 * The value of a tensor's bytes, as ONNX's test data have them (`input_0.pb`).
 *
 * Errors  FormatInvalid – as `decodeOnnx` says of a tensor
 */
export const decodeOnnxTensor = (bytes: Numbers): Result<StoredTensor> =>
  F.pipe(decoded('a tensor of ONNX', readTensor, bytes), E.flatMap(tensorOfWire))

type Message = Readonly<Record<string, unknown>>

const tensorMessage = ({ name, dtype, shape, bytes }: StoredTensor): Message => ({
  dims: shape,
  dataType: typeOfDtype(dtype).number,
  name,
  rawData: arrayOf(bytes),
})

// the largest is no number, so that it goes as text
const int64 = (value: number): number | string =>
  Number.isSafeInteger(value)
    ? value
    : String(
        BigInt.asIntN(64, value > 0 ? (BigInt(value) < 2n ** 63n ? BigInt(value) : 2n ** 63n - 1n) : BigInt(value)),
      )

const attributeMessage = (name: string, attribute: OnnxAttribute): Message => {
  const of = (type: (typeof attributeTypes)[number], value: Message): Message => ({
    name,
    type: attributeTypes.indexOf(type),
    ...value,
  })
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  if ('float' in attribute) return of('FLOAT', { f: attribute.float })
  if ('int' in attribute) return of('INT', { i: int64(attribute.int) })
  if ('string' in attribute) return of('STRING', { s: text(attribute.string) })
  if ('tensor' in attribute) return of('TENSOR', { t: tensorMessage(attribute.tensor) })
  if ('floats' in attribute) return of('FLOATS', { floats: attribute.floats })
  if ('ints' in attribute) return of('INTS', { ints: attribute.ints.map(int64) })
  if ('strings' in attribute) return of('STRINGS', { strings: attribute.strings.map(text) })
  return of(attributeTypes.find((type) => type === attribute.unread) ?? 'UNDEFINED', {})
}

const nodeMessage = ({ name, domain, operator, inputs, outputs, attributes }: OnnxNode): Message => ({
  input: inputs,
  output: outputs,
  name,
  opType: operator,
  attribute: Object.entries(attributes).map(([each, value]) => attributeMessage(each, value)),
  ...(domain === '' ? {} : { domain }),
})

const valueMessage = ({ name, dtype, shape }: OnnxValue): Message => ({
  name,
  ...(dtype && {
    type: {
      tensorType: {
        elemType: typeOfDtype(dtype).number,
        ...(shape && {
          shape: {
            dim: shape.map((extent) =>
              typeof extent === 'number' ? { dimValue: extent } : extent === '' ? {} : { dimParam: extent },
            ),
          },
        }),
      },
    },
  }),
})

/**
 * A model's bytes. `decodeOnnx` makes the same value of them again, if none of its attributes is `unread`, of which only
 * the type is written, and it has no functions, which are not.
 */
export const encodeOnnx = ({ irVersion, producer, opsets, graph }: OnnxModel): Uint8Array =>
  written('ModelProto', {
    irVersion,
    producerName: producer,
    opsetImport: Object.entries(opsets).map(([domain, version]) => ({ domain, version })),
    graph: {
      name: graph.name,
      node: graph.nodes.map(nodeMessage),
      initializer: graph.initializers.map(tensorMessage),
      input: graph.inputs.map(valueMessage),
      output: graph.outputs.map(valueMessage),
    },
  })

/** A tensor's bytes, as ONNX's test data have them. */
export const encodeOnnxTensor = (tensor: StoredTensor): Uint8Array => written('TensorProto', tensorMessage(tensor))
