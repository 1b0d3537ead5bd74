import type { Root, Type } from 'protobufjs'
import type { Shape } from '../../spec/tensor.js'
import { js } from '../words.js'

/** The messages of ONNX (onnx/onnx.proto3) that a small model is made of, with the names and numbers that they have there. */
const schema = `
syntax = "proto3";
package onnx;

message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}
message OperatorSetIdProto {
  string domain = 1;
  int64 version = 2;
}
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message AttributeProto {
  enum AttributeType {
    UNDEFINED = 0;
    FLOAT = 1;
    INT = 2;
    STRING = 3;
    INTS = 7;
  }
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  repeated int64 ints = 8;
  AttributeType type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  repeated int64 int64_data = 7;
  string name = 8;
}
message ValueInfoProto {
  string name = 1;
  TypeProto type = 2;
}
message TypeProto {
  message Tensor {
    int32 elem_type = 1;
    TensorShapeProto shape = 2;
  }
  Tensor tensor_type = 1;
}
message TensorShapeProto {
  message Dimension {
    int64 dim_value = 1;
  }
  repeated Dimension dim = 1;
}
`

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

type Protobuf = typeof import('protobufjs')

/** What makes the bytes of models. */
export const encoderOf = (protobuf: Protobuf): ((model: Model) => Uint8Array) => {
  const root: Root = protobuf.parse(schema).root
  const modelProto: Type = root.lookupType('onnx.ModelProto')
  return ({ operator, inputs, reads, writes, attributes, constants = {} }) =>
    modelProto
      .encode(
        modelProto.create({
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
        }),
      )
      .finish()
}

/** A model in a line: Conv(x, w, b) with strides [2, 2]. */
export const showModel = ({ operator, reads, attributes, constants = {} }: Model): string => {
  const shown = Object.entries(attributes).map(
    ([name, attribute]) => `${name} ${js(Object.values(attribute)[0] as number)}`,
  )
  const arguments_ = reads.map((name) => (constants[name] === undefined ? name : js(constants[name])))
  return `${operator}(${arguments_.join(', ')})${shown.length === 0 ? '' : ` with ${shown.join(', ')}`}`
}
