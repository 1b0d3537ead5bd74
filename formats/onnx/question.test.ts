import { either as E, function as F } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import type { Tensors } from '../../spec/tensor.js'
import { filled, generate, tensor } from '../../spec/tensor.js'
import type { OnnxNode } from './model.js'
import { questionOfNode } from './question.js'

const node = (
  operator: string,
  inputs: readonly string[],
  attributes: OnnxNode['attributes'] = {},
  outputs: readonly string[] = ['y'],
): OnnxNode => ({ name: '', domain: '', operator, inputs, outputs, attributes })

const asked = (of: OnnxNode, values: Tensors, opset = 17) => getOrThrow(questionOfNode(of, opset, values))
const refused = (of: OnnxNode, values: Tensors, opset = 17) =>
  F.pipe(
    questionOfNode(of, opset, values),
    E.match(
      ({ code, message }) => `${code}: ${message}`,
      () => 'taken',
    ),
  )

const x = generate([2, 3, 4], (i) => i)

describe('a node of ONNX on given values', () => {
  it('is one op where that stands between reshapes', () => {
    // before version 13 all axes from the first one on are one row
    expect(asked(node('Softmax', ['x']), { x }, 11)).toMatchObject({
      op: 'softmax',
      inputs: { x: { shape: [2, 12], data: x.data } },
      outputs: { y: { output: 'y', shape: [2, 12] } },
    })
    expect(asked(node('MatMul', ['x', 'w']), { x, w: tensor([4, 1], [1, 2, 3, 4]) })).toMatchObject({
      op: 'dense',
      inputs: { x: { shape: [6, 4] }, w: { shape: [1, 4] } },
    })
    expect(asked(node('MaxPool', ['x'], { kernel_shape: { ints: [2] } }), { x })).toMatchObject({
      op: 'maxPool2d',
      attrs: { window: [1, 2], stride: [1, 1] },
      inputs: { x: { shape: [2, 3, 1, 4] } },
      outputs: { y: { output: 'y', shape: [2, 3, 1, 3] } },
    })
    const image = generate([1, 2, 2, 2], (i) => i)
    expect(asked(node('Mul', ['s', 'image']), { image, s: tensor([1, 2, 1, 1], [3, 4]) })).toMatchObject({
      op: 'scaleChannels',
      inputs: { x: image, s: { shape: [1, 2], data: [3, 4] } },
    })
  })

  it('is a flatten or a reshape where it only gives numbers another shape, be it their own', () => {
    expect(asked(node('Flatten', ['x']), { x })).toMatchObject({ op: 'flatten', inputs: { x } })
    expect(asked(node('Flatten', ['x'], { axis: { int: 2 } }), { x })).toMatchObject({
      op: 'reshape',
      attrs: { shape: [6, 4] },
    })
    const same = asked(node('Reshape', ['x', 'to']), { x, to: tensor([3], [2, -1, 4]) })
    expect(same).toMatchObject({ op: 'reshape', attrs: { shape: [2, 3, 4] }, inputs: { x } })
    expect(same.outputs).toEqual({ y: { output: 'y', shape: [2, 3, 4] } })
  })

  it('is none where the catalogue has more ops for it than one, or none', () => {
    expect(refused(node('Transpose', ['x']), { x })).toBe(
      'Unsupported: Transpose: it moves numbers, for which a program has a product by zeros and ones, and the catalogue no op',
    )
    expect(refused(node('Sum', ['x', 'x', 'x']), { x })).toBe(
      'Unsupported: Sum: it is add and add of the catalogue, more than one op',
    )
    expect(refused(node('Shape', ['x']), { x })).toBe(
      'Unsupported: Shape: it computes nothing that depends on its input',
    )
    expect(refused(node('PRelu', ['x', 's']), { x })).toBe('Unsupported: there is no PRelu in the catalogue')
    expect(refused(node('Relu', ['gone']), { x })).toBe('MissingInput: Relu: reads gone, which is not given')
  })

  it('has no biases added up that f32 cannot add without rounding', () => {
    const values = {
      x: filled([2, 1, 1], 1),
      w: filled([1, 1, 1], 1),
      r: filled([1, 1, 1], 1),
    }
    const rnn = node('RNN', ['x', 'w', 'r', 'b'], {}, ['y', 'last'])
    expect(asked(rnn, { ...values, b: tensor([1, 2], [0.5, 0.25]) })).toMatchObject({
      op: 'rnn',
      inputs: { b: { data: Float64Array.of(0.75) } },
      outputs: { y: { output: 'y', shape: [2, 1, 1] }, last: { output: 'hT', shape: [1, 1] } },
    })
    expect(refused(rnn, { ...values, b: tensor([1, 2], [1, 2 ** -24]) })).toBe(
      'Unsupported: RNN: its input B has two biases whose sum is no f32',
    )
  })
})
