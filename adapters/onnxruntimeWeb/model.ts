import type { OnnxAttribute } from '../../formats/onnx/model.js'
import { encodeOnnx } from '../../formats/onnx/model.js'
import type { StoredTensor } from '../../formats/safetensors.js'
import type { Shape } from '../../spec/tensor.js'
import { js } from '../words.js'

const elementTypes = { float: 'F32', int64: 'I64' } as const
export type ElementType = keyof typeof elementTypes

/** An attribute of a node, by its type in ONNX. */
export type NodeAttribute = Extract<
  OnnxAttribute,
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string }
>

/** A model of one node: the operator, what it reads and writes – '' for an optional one that is left out. */
export interface Model {
  readonly operator: string
  readonly inputs: Readonly<Record<string, { readonly type: ElementType; readonly shape: Shape }>>
  /** the node's inputs in their order: names of `inputs`, of `constants`, or '' */
  readonly reads: readonly string[]
  /** the node's outputs in their order, '' for one that is not wanted */
  readonly writes: readonly string[]
  readonly attributes: Readonly<Record<string, NodeAttribute>>
  /** lists of integers that are part of the model */
  readonly constants?: Readonly<Record<string, readonly number[]>>
}

// what onnxruntime-web 1.20 and later read
const irVersion = 8
const opset = 17

const integers = (name: string, data: readonly number[]): StoredTensor => {
  const view = new DataView(new ArrayBuffer(8 * data.length))
  data.forEach((value, i) => view.setBigInt64(8 * i, BigInt(value), true))
  return { name, dtype: 'I64', shape: [data.length], bytes: new Uint8Array(view.buffer) }
}

/** The bytes of a model of one node. */
export const encode = ({ operator, inputs, reads, writes, attributes, constants = {} }: Model): Uint8Array =>
  encodeOnnx({
    irVersion,
    producer: 'etalon',
    opsets: { '': opset },
    functions: [],
    graph: {
      name: operator,
      nodes: [{ name: operator, domain: '', operator, inputs: reads, outputs: writes, attributes }],
      initializers: Object.entries(constants).map(([name, data]) => integers(name, data)),
      inputs: Object.entries(inputs).map(([name, { type, shape }]) => ({ name, dtype: elementTypes[type], shape })),
      outputs: writes.filter((name) => name !== '').map((name) => ({ name, dtype: 'F32' as const })),
    },
  })

/** A model in a line: Conv(x, w, b) with strides [2, 2]. */
export const showModel = ({ operator, reads, attributes, constants = {} }: Model): string => {
  const shown = Object.entries(attributes).map(
    ([name, attribute]) => `${name} ${js(Object.values(attribute)[0] as number)}`,
  )
  const arguments_ = reads.map((name) => (constants[name] === undefined ? name : js(constants[name])))
  return `${operator}(${arguments_.join(', ')})${shown.length === 0 ? '' : ` with ${shown.join(', ')}`}`
}
