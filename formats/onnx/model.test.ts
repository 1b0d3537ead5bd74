import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import { numbersOf, storedTensor } from '../safetensors.js'
import { tensor } from '../../spec/tensor.js'
import { written } from './messages.js'
import type { OnnxModel } from './model.js'
import { decodeOnnx, decodeOnnxTensor, encodeOnnx, encodeOnnxTensor } from './model.js'

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)))

const everything: OnnxModel = {
  irVersion: 8,
  producer: 'a person',
  opsets: { '': 17, 'com.example': 1 },
  functions: [],
  graph: {
    name: 'all',
    nodes: [
      {
        name: '',
        domain: 'com.example',
        operator: 'Any',
        inputs: ['x', '', 'w'],
        outputs: ['y', ''],
        attributes: {
          int: { int: -3 },
          most: { int: 2 ** 63 },
          least: { int: -(2 ** 63) },
          float: { float: 0.5 },
          string: { string: 'größer' },
          ints: { ints: [0, 2 ** 40, -1] },
          floats: { floats: [-0, 2 ** -149] },
          strings: { strings: ['', 'Tanh'] },
          tensor: { tensor: storedTensor('', tensor([2], [1, -0])) },
        },
      },
    ],
    initializers: [
      storedTensor('w', tensor([2, 1], [0.5, NaN])),
      { name: 'n', dtype: 'I64', shape: [], bytes: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127) },
    ],
    inputs: [{ name: 'x', dtype: 'F32', shape: ['batch', 3, ''] }, { name: 'any' }],
    outputs: [{ name: 'y', dtype: 'F16' }],
  },
}

const messageOf = (bytes: Uint8Array): string => {
  const found = decodeOnnx(bytes)
  return E.isLeft(found) ? `${found.left.code}: ${found.left.message}` : 'read'
}
const tensorMessage = (value: Readonly<Record<string, unknown>>): string => {
  const found = decodeOnnxTensor(written('TensorProto', value))
  return E.isLeft(found) ? found.left.message : 'read'
}

describe('an ONNX model', () => {
  it('is the same after it was written and read', () => {
    expect(getOrThrow(decodeOnnx(encodeOnnx(everything)))).toEqual(everything)
  })

  it('of PyTorch is the same value after it was written and read', () => {
    const model = getOrThrow(decodeOnnx(file('words.14.onnx')))
    expect(model.producer).toBe('pytorch 1.13.0')
    expect(getOrThrow(decodeOnnx(encodeOnnx(model)))).toEqual(model)
  })

  it('cut anywhere is a typed error or another model, never thrown at', () => {
    const bytes = file('classifier.13.onnx')
    const codes = new Set(Array.from({ length: bytes.length }, (_, n) => messageOf(bytes.subarray(0, n)).split(':')[0]))
    expect([...codes].filter((code) => code !== 'read')).toEqual(['FormatInvalid'])
  })

  it.each([
    ['an empty file', new Uint8Array(), /an empty file; wanted an ONNX model/],
    ['JSON', new TextEncoder().encode('{"format":"program"}'), /JSON, beginning .*wanted an ONNX model/],
    ['safetensors', file('answers.safetensors'), /a safetensors file; wanted an ONNX model/],
    ['a model without a graph', written('ModelProto', { irVersion: 8 }), /no graph/],
  ])('that is %s is said to be that', (_, bytes, wanted) => expect(messageOf(bytes)).toMatch(wanted))

  it('with a sparse tensor, or an attribute twice, is refused by name', () => {
    const graph = { sparseInitializer: [{ values: { name: 'w' } }] }
    expect(messageOf(written('ModelProto', { graph }))).toMatch(/tensor w: it is sparse/)
    const twice = {
      node: [
        {
          opType: 'Relu',
          output: ['y'],
          attribute: [
            { name: 'a', type: 2 },
            { name: 'a', type: 2 },
          ],
        },
      ],
    }
    expect(messageOf(written('ModelProto', { graph: twice }))).toMatch(/node of y \(Relu\): it has an attribute twice/)
  })
})

describe('a tensor of ONNX', () => {
  it('is the same after it was written and read', () => {
    const stored = storedTensor('x', tensor([2, 2], [1, -0, Infinity, 2 ** -149]))
    expect(getOrThrow(decodeOnnxTensor(encodeOnnxTensor(stored)))).toEqual(stored)
  })

  it.each([
    ['floats', { dataType: 1, floatData: [0.5, -2] }, [0.5, -2]],
    ['doubles', { dataType: 11, doubleData: [0.1, -2] }, [0.1, -2]],
    ['int64', { dataType: 7, int64Data: [-1, 2 ** 40] }, [-1, 2 ** 40]],
    ['int32', { dataType: 6, int32Data: [-1, 7] }, [-1, 7]],
    ['int8, in the field of int32', { dataType: 3, int32Data: [-128, 7] }, [-128, 7]],
    ['booleans, likewise', { dataType: 9, int32Data: [1, 0] }, [1, 0]],
    ['f16 by its bits, likewise', { dataType: 10, int32Data: [0x3c00, 0xc000] }, [1, -2]],
    ['uint64', { dataType: 13, uint64Data: [2 ** 40, 0] }, [2 ** 40, 0]],
  ])('of %s is read from the field that holds them', (_, value, wanted) => {
    const read = getOrThrow(decodeOnnxTensor(written('TensorProto', { dims: [2], ...value })))
    expect(Array.from(getOrThrow(numbersOf(read)).data as Float64Array)).toEqual(wanted)
  })

  it.each([
    [{ dims: [3], dataType: 1, floatData: [1, 2] }, /its shape is \[3\], 3 elements; the file has 2 of FLOAT/],
    [{ dims: [2], dataType: 1, rawData: new Uint8Array(7) }, /2 elements; the file has 1.75 of FLOAT/],
    [{ dims: [2 ** 40, 2 ** 40], dataType: 1, rawData: new Uint8Array(8) }, /the file has 2 of FLOAT/],
    [{ dims: [-1], dataType: 1, rawData: new Uint8Array(4) }, /an extent is -1/],
    [{ dims: [1], dataType: 8 }, /STRING, which are not read here/],
    [{ dims: [1], dataType: 99 }, /of type 99, which/],
    [{ dims: [1], dataType: 7, floatData: [1] }, /elements are in floatData; INT64 are in int64Data or in rawData/],
    [{ dims: [1], dataType: 1, floatData: [1], rawData: new Uint8Array(4) }, /in floatData and in rawData/],
    [
      { name: 'w', dims: [1], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] },
      /tensor w: its elements are in another file, w\.bin/,
    ],
  ])('that lies is refused: %j', (value, wanted) => expect(tensorMessage(value)).toMatch(wanted))
})
