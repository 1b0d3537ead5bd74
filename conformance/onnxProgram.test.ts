import { readdirSync, readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { run } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { generate, tensor } from '../spec/tensor.js'
import type { StoredTensor } from '../formats/safetensors.js'
import { decodeSafetensors, numbersOf, storedTensor } from '../formats/safetensors.js'
import type { OnnxAttribute, OnnxModel, OnnxNode } from '../formats/onnx/model.js'
import { decodeOnnx } from '../formats/onnx/model.js'
import { programOfOnnx } from '../formats/onnx/program.js'

const folder = new URL('../formats/onnx/fixtures/', import.meta.url)
const file = (name: string) => readFileSync(new URL(name, folder))
const modelsThere = readdirSync(folder).filter((name) => name.endsWith('.onnx'))
const answers = new Map(
  getOrThrow(decodeSafetensors(file('answers.safetensors'))).tensors.map((stored) => [
    stored.name,
    getOrThrow(numbersOf(stored)),
  ]),
)

const evaluated = (model: OnnxModel, x: Tensor): Tensor => {
  const made = getOrThrow(programOfOnnx(model))
  const output = made.program.outputs[0]!
  const feeds = { ...made.parameters, ...made.constants, [made.inputs[0]!]: x }
  return getOrThrow(run(made.program, feeds, [output]))[output]!
}
const list = ({ data }: Tensor): readonly number[] => Array.from({ length: data.length }, (_, i) => data[i] as number)

describe('models that PyTorch exported', () => {
  it('are all there', () => expect(modelsThere).toHaveLength(8))

  it.each(modelsThere)('%s answers what PyTorch answers', (name) => {
    const base = name.split('.')[0] ?? ''
    const [x, y] = [answers.get(`${base}.x`)!, answers.get(`${base}.y`)!]
    const found = evaluated(getOrThrow(decodeOnnx(file(name))), x)
    expect(found.shape).toEqual(y.shape)
    const largest = Math.max(...list(y).map(Math.abs))
    const error = Math.max(...list(y).map((want, i) => Math.abs(want - (found.data[i] as number))))
    // the weights are f32 alike; biases of recurrent layers are added up in f32, and so has PyTorch put batch norm into weights
    expect(error / largest).toBeLessThan(/words|gates|residual/.test(name) ? 1e-6 : 1e-12)
  })
})

// ---- models of a node or two ---------------------------------------------------------------------------------------

const node = (
  operator: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
  outputs: readonly string[] = ['y'],
  name = 'n',
): OnnxNode => ({ name, domain: '', operator, inputs, outputs, attributes })

const ints = (name: string, values: readonly number[]): StoredTensor => {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  values.forEach((value, i) => view.setBigInt64(8 * i, BigInt(value), true))
  return { name, dtype: 'I64', shape: [values.length], bytes: new Uint8Array(view.buffer) }
}
const counted = (name: string, shape: Shape): StoredTensor =>
  storedTensor(
    name,
    generate(shape, (i) => i + 1),
  )

const model = (
  nodes: readonly OnnxNode[],
  shape: Shape,
  initializers: readonly StoredTensor[] = [],
  opset = 17,
): OnnxModel => ({
  irVersion: 8,
  producer: '',
  opsets: { '': opset },
  functions: [],
  graph: {
    name: '',
    nodes,
    initializers,
    inputs: [{ name: 'x', dtype: 'F32', shape }],
    outputs: [{ name: nodes.at(-1)?.outputs[0] ?? 'x', dtype: 'F32' }],
  },
})

const x = (shape: Shape): Tensor => generate(shape, (i) => i)

describe('operators that mean what their versions say', () => {
  it('softmax before opset 13 is of all axes from its own on, and of one axis since', () => {
    const nodes = [node('Softmax', ['x'])]
    const before = list(evaluated(model(nodes, [2, 2, 2], [], 11), x([2, 2, 2])))
    expect(before.slice(0, 4).reduce((a, b) => a + b)).toBeCloseTo(1, 12)
    const since = list(evaluated(model(nodes, [2, 2, 2], [], 13), x([2, 2, 2])))
    expect((since[0] as number) + (since[1] as number)).toBeCloseTo(1, 12)
  })

  it.each([
    ['SAME_UPPER', [1, 3, 5, 3]],
    ['SAME_LOWER', [0, 1, 3, 5]],
  ] as const)('%s puts the odd column where ONNX has it', (auto_pad, wanted) => {
    const w = storedTensor('w', tensor([1, 1, 1, 2], [1, 1]))
    const nodes = [node('Conv', ['x', 'w'], { auto_pad: { string: auto_pad } })]
    expect(list(evaluated(model(nodes, [1, 1, 1, 4], [w]), x([1, 1, 1, 4])))).toEqual(wanted)
  })

  it('a matrix product and the Add of a row behind it are one dense layer', () => {
    const nodes = [node('MatMul', ['x', 'w'], {}, ['p'], 'm'), node('Add', ['b', 'p'], {}, ['y'], 'a')]
    const made = model(nodes, [2, 2], [counted('w', [2, 3]), counted('b', [3])])
    expect(getOrThrow(programOfOnnx(made)).program.nodes.map(({ op }) => op)).toEqual(['dense'])
    // [0 1; 2 3]·[1 2 3; 4 5 6] + [1 2 3]
    expect(list(evaluated(made, x([2, 2])))).toEqual([5, 7, 9, 15, 21, 27])
  })

  it('batch norm, LRN of NumPy’s formula, and a mean of maps', () => {
    const norm = [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], { epsilon: { float: 0 } })]
    const one = (name: string, value: number) => storedTensor(name, tensor([1], [value]))
    const weights = [one('g', 3), one('b', 1), one('m', 1), one('v', 4)]
    expect(list(evaluated(model(norm, [1, 1, 3], weights), x([1, 1, 3])))).toEqual([-0.5, 1, 2.5])
    const lrn = { size: { int: 3 }, alpha: { float: 3 }, beta: { float: 1 }, bias: { float: 1 } }
    // x ÷ (1 + Σ x²) over the channel and both beside it
    const normed = list(evaluated(model([node('LRN', ['x'], lrn)], [1, 3, 1, 1]), x([1, 3, 1, 1])))
    for (const [i, wanted] of [0, 1 / 6, 2 / 6].entries()) expect(normed[i]).toBeCloseTo(wanted, 14)
    const means = list(evaluated(model([node('GlobalAveragePool', ['x'])], [1, 2, 2, 2]), x([1, 2, 2, 2])))
    expect(means).toEqual([1.5, 5.5])
  })

  it('a transposition, a slice to the very end and a gather move what they move', () => {
    const turned = evaluated(model([node('Transpose', ['x'], { perm: { ints: [1, 0] } })], [2, 3]), x([2, 3]))
    expect(turned).toMatchObject({ shape: [3, 2] })
    expect(list(turned)).toEqual([0, 3, 1, 4, 2, 5])
    const most = {
      name: 'e',
      dtype: 'I64',
      shape: [1],
      bytes: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127),
    } as const
    const slice = model([node('Slice', ['x', 's', 'e', 'a'])], [2, 3], [ints('s', [-2]), most, ints('a', [1])])
    expect(list(evaluated(slice, x([2, 3])))).toEqual([1, 2, 4, 5])
    const gather = model([node('Gather', ['x', 'i'], { axis: { int: 1 } })], [2, 3], [ints('i', [-1, 0])])
    expect(list(evaluated(gather, x([2, 3])))).toEqual([2, 0, 5, 3])
  })

  it('padding puts its value around, and broadcasting of constants spells them out', () => {
    const pad = model(
      [node('Pad', ['x', 'p', 'c'])],
      [1, 2],
      [ints('p', [0, 1, 0, 2]), storedTensor('c', tensor([], [9]))],
    )
    expect(list(evaluated(pad, x([1, 2])))).toEqual([9, 0, 1, 9, 9])
    const scaled = model([node('Mul', ['x', 'c'])], [2, 2], [storedTensor('c', tensor([2, 1], [10, 100]))])
    expect(list(evaluated(scaled, x([2, 2])))).toEqual([0, 10, 200, 300])
  })
})

const refusal = (made: OnnxModel, shapes = {}): string => {
  const found = programOfOnnx(made, { shapes })
  return E.isLeft(found) ? `${found.left.code}: ${found.left.message}` : 'read'
}

describe('what a model has that the catalogue has not is refused by name', () => {
  it.each([
    ['an operator', [node('Einsum', ['x'])], /^Unsupported: node n \(Einsum\): the catalogue has no op for Einsum/],
    [
      'another domain',
      [{ ...node('Gelu', ['x']), domain: 'com.microsoft' }],
      /node n \(Gelu\): its domain is com\.microsoft/,
    ],
    ['an attribute', [node('Relu', ['x'], { slope: { float: 1 } })], /node n \(Relu\): attribute slope is not known/],
    [
      'an attribute of another type',
      [node('Elu', ['x'], { alpha: { int: 1 } })],
      /attribute alpha is int; wanted float/,
    ],
    ['a graph in a node', [node('Elu', ['x'], { alpha: { unread: 'GRAPH' } })], /attribute alpha is GRAPH/],
    [
      'dilated pooling',
      [node('MaxPool', ['x'], { kernel_shape: { ints: [2, 2] }, dilations: { ints: [2, 2] } })],
      /attribute dilations is \[2,2\]/,
    ],
    [
      'indices of maxima',
      [node('MaxPool', ['x'], { kernel_shape: { ints: [2, 2] } }, ['y', 'at'])],
      /its output 2, at, is wanted/,
    ],
    ['an even window of LRN', [node('LRN', ['x'], { size: { int: 4 } })], /attribute size is 4/],
    [
      'a window that begins behind x',
      [
        node('AveragePool', ['x'], {
          kernel_shape: { ints: [1, 1] },
          strides: { ints: [2, 2] },
          pads: { ints: [0, 0, 1, 1] },
          ceil_mode: { int: 1 },
        }),
      ],
      /ceil_mode is 1 and the last window begins behind/,
    ],
    [
      'a value that nothing gives',
      [node('Relu', ['z'])],
      /^MissingInput: node n \(Relu\): reads z, which nothing gives/,
    ],
    [
      'a cycle',
      [node('Relu', ['y'], {}, ['z'], 'a'), node('Relu', ['z'], {}, ['y'], 'b')],
      /reads y, which comes later, from node b \(Relu\): a cycle/,
    ],
    [
      'a value twice',
      [node('Relu', ['x'], {}, ['y'], 'a'), node('Tanh', ['x'], {}, ['y'], 'b')],
      /node b \(Tanh\): writes y, which has a value already/,
    ],
    ['weights that are computed', [node('Gemm', ['x', 'x'])], /multiplies by x, which is computed/],
  ] as const)('%s', (_, nodes, wanted) => expect(refusal(model(nodes, [1, 1, 4, 4]))).toMatch(wanted))

  it('recurrent layers of other kinds, and shapes that do not fit', () => {
    const weights = [counted('w', [1, 6, 2]), counted('r', [1, 6, 2])]
    const gru = (attributes: Readonly<Record<string, OnnxAttribute>>) =>
      refusal(model([node('GRU', ['x', 'w', 'r'], attributes)], [3, 1, 2], weights))
    expect(gru({})).toMatch(/node n \(GRU\): attribute linear_before_reset is 0/)
    expect(gru({ linear_before_reset: { int: 1 }, clip: { float: 1 } })).toMatch(/attribute clip is 1/)
    expect(gru({ linear_before_reset: { int: 1 }, direction: { string: 'sideways' } })).toMatch(
      /direction is "sideways"/,
    )
    expect(gru({ linear_before_reset: { int: 1 }, hidden_size: { int: 3 } })).toMatch(/^ShapeMismatch: node n \(GRU\)/)
    expect(gru({ linear_before_reset: { int: 1 } })).toBe('read')
  })

  it('versions, open extents, and inputs of other numbers', () => {
    const relu = model([node('Relu', ['x'])], [2])
    const of = (change: Partial<OnnxModel>, graph: Partial<OnnxModel['graph']> = {}) => ({
      ...relu,
      ...change,
      graph: { ...relu.graph, ...graph },
    })
    expect(refusal(of({ opsets: { '': 6 } }))).toMatch(/opset 6; 7 to 23 are read/)
    expect(refusal(of({ opsets: { 'ai.onnx.ml': 1 } }))).toMatch(/does not say which version/)
    expect(refusal(of({ functions: ['f.G'] }))).toMatch(/operators of its own, f\.G/)
    const open = of({}, { inputs: [{ name: 'x', dtype: 'F32', shape: ['batch', 3] }] })
    expect(refusal(open)).toMatch(/^MissingInput: input x: the model leaves its shape open, \[batch,3\]/)
    expect(refusal(open, { x: [2, 4] })).toMatch(
      /^ShapeMismatch: input x: the model has it \[batch,3\]; told is \[2,4\]/,
    )
    expect(refusal(open, { x: [2, 3] })).toBe('read')
    expect(refusal(open, { z: [2, 3] })).toMatch(/the model has no input z; it has x/)
    expect(refusal(of({}, { inputs: [{ name: 'x', dtype: 'F16', shape: [2] }] }))).toMatch(/input x: it holds F16/)
    expect(refusal(of({}, { initializers: [counted('w', [1]), counted('w', [2])] }))).toMatch(/tensor w is there twice/)
    expect(refusal(of({}, { outputs: [{ name: 'z' }] }))).toMatch(/answers z, which nothing gives/)
  })

  it('sizes that would fill the memory', () => {
    const shape = ints('s', [2 ** 20, 2 ** 20])
    const huge = model(
      [node('ConstantOfShape', ['s'], {}, ['c'], 'a'), node('Mul', ['x', 'c'], {}, ['y'], 'b')],
      [1],
      [shape],
    )
    expect(refusal(huge)).toMatch(/^TooLarge: node a \(ConstantOfShape\)/)
    const turned = (shape: Shape): string => refusal(model([node('Transpose', ['x'])], shape))
    expect(turned([4096, 4096])).toMatch(/^TooLarge: node n \(Transpose\): it would move 16777216 elements/)
    expect(turned([2049, 2])).toMatch(/^Unsupported: node n \(Transpose\): it moves 4098 rows out of 4098/)
  })
})
