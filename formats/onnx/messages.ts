import protobuf from 'protobufjs'
import type { Type } from 'protobufjs'

/** The messages of ONNX (onnx/onnx.proto3) that are read and written here, with the names and numbers that they have there. */
const schema = `
syntax = "proto3";
package onnx;

message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  string producer_version = 3;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated FunctionProto functions = 25;
}
message OperatorSetIdProto {
  string domain = 1;
  int64 version = 2;
}
message FunctionProto {
  string name = 1;
  string domain = 10;
}
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated SparseTensorProto sparse_initializer = 15;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
}
message AttributeProto {
  enum AttributeType {
    UNDEFINED = 0;
    FLOAT = 1;
    INT = 2;
    STRING = 3;
    TENSOR = 4;
    GRAPH = 5;
    FLOATS = 6;
    INTS = 7;
    STRINGS = 8;
    TENSORS = 9;
    GRAPHS = 10;
    SPARSE_TENSOR = 11;
    SPARSE_TENSORS = 12;
    TYPE_PROTO = 13;
    TYPE_PROTOS = 14;
  }
  string name = 1;
  float f = 2;
  int64 i = 3;
  bytes s = 4;
  TensorProto t = 5;
  repeated float floats = 7;
  repeated int64 ints = 8;
  repeated bytes strings = 9;
  AttributeType type = 20;
  string ref_attr_name = 21;
}
message TensorProto {
  enum DataLocation {
    DEFAULT = 0;
    EXTERNAL = 1;
  }
  repeated int64 dims = 1;
  int32 data_type = 2;
  repeated float float_data = 4;
  repeated int32 int32_data = 5;
  repeated int64 int64_data = 7;
  string name = 8;
  bytes raw_data = 9;
  repeated double double_data = 10;
  repeated uint64 uint64_data = 11;
  repeated StringStringEntryProto external_data = 13;
  DataLocation data_location = 14;
}
message SparseTensorProto {
  TensorProto values = 1;
}
message StringStringEntryProto {
  string key = 1;
  string value = 2;
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
    oneof value {
      int64 dim_value = 1;
      string dim_param = 2;
    }
  }
  repeated Dimension dim = 1;
}
`

/** A message as it is read: everything that the schema leaves out passed over, integers of 64 bits as text. */
export interface WireTensor {
  readonly dims: readonly string[]
  readonly dataType: number
  readonly floatData: readonly number[]
  readonly int32Data: readonly number[]
  readonly int64Data: readonly string[]
  readonly name: string
  readonly rawData: Uint8Array
  readonly doubleData: readonly number[]
  readonly uint64Data: readonly string[]
  readonly externalData: readonly { readonly key: string; readonly value: string }[]
  readonly dataLocation: number
}
export interface WireAttribute {
  readonly name: string
  readonly f: number
  readonly i: string
  readonly s: Uint8Array
  readonly t: WireTensor | null
  readonly floats: readonly number[]
  readonly ints: readonly string[]
  readonly strings: readonly Uint8Array[]
  readonly type: number
  readonly refAttrName: string
}
export interface WireNode {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly name: string
  readonly opType: string
  readonly attribute: readonly WireAttribute[]
  readonly domain: string
}
export interface WireValue {
  readonly name: string
  readonly type: {
    readonly tensorType: {
      readonly elemType: number
      readonly shape: {
        readonly dim: readonly { readonly dimValue?: string | null; readonly dimParam?: string | null }[]
      } | null
    } | null
  } | null
}
export interface WireGraph {
  readonly node: readonly WireNode[]
  readonly name: string
  readonly initializer: readonly WireTensor[]
  readonly input: readonly WireValue[]
  readonly output: readonly WireValue[]
  readonly sparseInitializer: readonly { readonly values: WireTensor | null }[]
}
export interface WireModel {
  readonly irVersion: string
  readonly producerName: string
  readonly producerVersion: string
  readonly graph: WireGraph | null
  readonly opsetImport: readonly { readonly domain: string; readonly version: string }[]
  readonly functions: readonly { readonly name: string; readonly domain: string }[]
}

const { root } = protobuf.parse(schema)
const typeOf = (name: string): Readonly<Type> => root.lookupType(`onnx.${name}`)

const read = (message: string, bytes: Uint8Array): object => {
  const type = typeOf(message)
  return type.toObject(type.decode(bytes), { defaults: true, arrays: true, longs: String })
}

/** A message of the bytes; throws where they are none. */
export const readModel = (bytes: Uint8Array): WireModel => read('ModelProto', bytes) as WireModel
export const readTensor = (bytes: Uint8Array): WireTensor => read('TensorProto', bytes) as WireTensor

/** The bytes of a message, given in the names of the schema, without underscores. */
export const written = (
  message: 'ModelProto' | 'TensorProto',
  value: Readonly<Record<string, unknown>>,
): Uint8Array => {
  const type = typeOf(message)
  // with Node's Buffer the library makes one of those
  const bytes = type.encode(type.create(value)).finish()
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
