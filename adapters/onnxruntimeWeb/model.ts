import type { written } from '../../formats/onnx/messages.js'
import type { Shape } from '../../spec/tensor.js'
import { js } from '../words.js'

// of TensorProto.DataType
const elementTypes = { float: 1, int64: 7 } as const
export type ElementType = keyof typeof elementTypes

/** An attribute of a node, by its type in ONNX. */
export type NodeAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string }

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

const attributeOf = (name: string, attribute: NodeAttribute): Readonly<Record<string, unknown>> =>
  'int' in attribute
    ? { name, type: 2, i: attribute.int }
    : 'float' in attribute
      ? { name, type: 1, f: attribute.float }
      : 'ints' in attribute
        ? { name, type: 7, ints: attribute.ints }
        : { name, type: 3, s: new TextEncoder().encode(attribute.string) }

const valueOf = (name: string, type: ElementType, shape?: Shape): Readonly<Record<string, unknown>> => ({
  name,
  type: {
    tensorType: {
      elemType: elementTypes[type],
      ...(shape === undefined ? {} : { shape: { dim: shape.map((extent) => ({ dimValue: extent })) } }),
    },
  },
})

/** The bytes of a model, by what writes ONNX's messages: whoever runs no models need not load it. */
export const encoded = (
  write: typeof written,
  { operator, inputs, reads, writes, attributes, constants = {} }: Model,
): Uint8Array =>
  write('ModelProto', {
    irVersion,
    producerName: 'etalon',
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: operator,
      node: [
        {
          name: operator,
          opType: operator,
          input: reads,
          output: writes,
          attribute: Object.entries(attributes).map(([name, attribute]) => attributeOf(name, attribute)),
        },
      ],
      initializer: Object.entries(constants).map(([name, data]) => ({
        name,
        dims: [data.length],
        dataType: elementTypes.int64,
        int64Data: data,
      })),
      input: Object.entries(inputs).map(([name, { type, shape }]) => valueOf(name, type, shape)),
      output: writes.filter((name) => name !== '').map((name) => valueOf(name, 'float')),
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
