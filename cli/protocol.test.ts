import { either as E } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../spec/error.js'
import { answerLine, parseRequest, refusalLine } from './protocol.js'

const x = { shape: [1, 1, 2, 2], data: [1, 2, 3, 4] }
const w = { shape: [1, 1, 1, 1], data: [2] }
const y = { shape: [1, 1, 2, 2], data: [1, 1, 1, 1] }
const point = { shape: [], data: [1] }
const conv = { id: 1, op: 'conv2d', inputs: { x, w } }
const step = { id: 2, op: 'momentum', attrs: { learningRate: 0.1 }, inputs: { w: point, g: point, velocity: point } }
const second = {
  id: 4,
  op: 'conv2d',
  direction: 'second',
  inputs: { x, w },
  cotangents: { y },
  directions: { w },
}
const back = { id: 3, op: 'conv2d', direction: 'backward', inputs: { x, w }, cotangents: { y } }

/** The line of a request, or of the same with other members. */
const line = (request: object, change: object = {}): string => JSON.stringify({ ...request, ...change })

const refused = (text: string): { id: string; code: ErrorCode; message: string } => {
  const parsed = parseRequest(text)
  if (E.isRight(parsed)) throw new Error(`was not refused: ${text}`)
  return { id: parsed.left.id, ...parsed.left.error }
}

const accepted = (text: string) => {
  const parsed = parseRequest(text)
  if (E.isLeft(parsed)) throw new Error(`${parsed.left.error.code}: ${parsed.left.error.message}`)
  return parsed.right
}

describe('a request', () => {
  test('a request asks the reference, forward, with default attributes, unless it says otherwise', () => {
    expect(accepted(line(conv))).toEqual({
      id: '1',
      backend: 'reference',
      question: {
        op: 'conv2d',
        direction: 'forward',
        attrs: { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 },
        inputs: {
          x: { shape: [1, 1, 2, 2], data: Float64Array.of(1, 2, 3, 4) },
          w: { shape: [1, 1, 1, 1], data: Float64Array.of(2) },
        },
        cotangents: {},
      },
    })
    expect(accepted(line(back, { backend: 'webgpu' }))).toMatchObject({
      backend: 'webgpu',
      question: { direction: 'backward', cotangents: { y: { shape: [1, 1, 2, 2] } } },
    })
  })

  test('numbers stay f64 and what JSON has no number for arrives by name', () => {
    const data = [0.1, -0, 1e308, 'NaN', 'Infinity', '-Infinity']
    const { question } = accepted(line({ op: 'sigmoid', inputs: { x: { shape: [6], data } } }))
    expect([...(question.inputs['x']?.data as Float64Array)]).toEqual([0.1, 0, 1e308, NaN, Infinity, -Infinity])
  })

  test('a second derivative is a question about a backward, with directions for some of its gradients', () => {
    expect(accepted(line(second))).toMatchObject({
      question: { direction: 'backward', cotangents: { y: { shape: [1, 1, 2, 2] } } },
      directions: { w: { shape: [1, 1, 1, 1], data: Float64Array.of(2) } },
    })
    expect(accepted(line(back)).directions).toBeUndefined()
  })

  test('bounds of a precision, a depth and elements are handed on', () => {
    expect(accepted(line(conv)).bounds).toBeUndefined()
    expect(accepted(line(conv, { bounds: 'f32' })).bounds).toEqual({ precision: 'f32' })
    expect(accepted(line(back, { bounds: 'bf16', depth: 0, elements: { w: [0] } }))).toMatchObject({
      bounds: { precision: 'bf16', depth: 0 },
      elements: { w: Float64Array.of(0) },
      question: { wanted: ['w'] },
    })
  })

  test('an empty list of cotangents says nothing, so a forward request may have it', () => {
    expect(accepted(line(conv, { cotangents: {} })).question.cotangents).toEqual({})
  })

  test('the last of several members of one name counts, as in JSON.parse', () => {
    const text = '{"id":1,"id":[2, "a, b"],"op":"nope","op":"sigmoid","inputs":{"x":{"shape":[],"data":[0]}}}'
    expect(accepted(text)).toMatchObject({ id: '[2, "a, b"]', question: { op: 'sigmoid' } })
  })
})

const one = (op: string, change: object): string => line({ id: 9, op, ...change })
const sequence = { x: { shape: [1, 1, 2], data: [1, 2] }, w: { shape: [1, 1, 1], data: [1] } }
const dropped = (key: readonly number[]): string => one('dropout', { inputs: { x: point }, attrs: { key } })
const pooled = (attrs: object): string => one('maxPool2d', { inputs: { x }, attrs })
const stepAt = (op: 'adam' | 'adamw', step: unknown): string =>
  one(op, { inputs: { w: point, g: point, m: point, v: point, step: { shape: [], data: [step] } } })
const sigmoidOf = (tensor: unknown): string => one('sigmoid', { inputs: { x: tensor } })
const raw = (member: string): string => `{"id":9,${member}}`

const refusals: readonly (readonly [ErrorCode, string, string])[] = [
  ['MalformedRequest', 'text that is no JSON', '{"id":1,'],
  ['MalformedRequest', 'an empty line', ''],
  ['MalformedRequest', 'a blank line', ' \t\r'],
  ['MalformedRequest', 'a list', '[1]'],
  ['MalformedRequest', 'a number', '17'],
  ['MalformedRequest', 'null', 'null'],
  ['MalformedRequest', 'JSON after a byte order mark', `\uFEFF${line(conv)}`],
  ['MalformedRequest', 'two objects', `${line(conv)}${line(conv)}`],
  ['MalformedRequest', 'a member that requests do not have', line(conv, { dtype: 'f32' })],
  ['MalformedRequest', 'a member called __proto__', raw('"op":"sigmoid","__proto__":{}')],
  ['MalformedRequest', 'no op', line({ id: 1, inputs: { x } })],
  ['MalformedRequest', 'an op that is no string', line(conv, { op: ['conv2d'] })],
  ['MalformedRequest', 'an op that is null', line(conv, { op: null })],
  ['MalformedRequest', 'a direction that is none', line(conv, { direction: 'sideways' })],
  ['MalformedRequest', 'a direction that is inherited by objects', line(conv, { direction: 'toString' })],
  ['MalformedRequest', 'a direction that is null', line(conv, { direction: null })],
  ['MalformedRequest', 'a backend that is no string', line(conv, { backend: 1 })],
  ['MalformedRequest', 'attrs that are a list', line(conv, { attrs: [] })],
  ['MalformedRequest', 'attrs that are null', line(conv, { attrs: null })],
  ['MalformedRequest', 'inputs that are a list', line(conv, { inputs: [x, w] })],
  ['MalformedRequest', 'cotangents that are a string', line(back, { cotangents: 'y' })],
  ['MalformedRequest', 'bounds of a precision that there is not', line(conv, { bounds: 'f64' })],
  ['MalformedRequest', 'bounds that are no string', line(conv, { bounds: true })],
  ['MalformedRequest', 'a depth below 0', line(conv, { bounds: 'f32', depth: -1 })],
  ['MalformedRequest', 'a depth that is no whole number', line(conv, { bounds: 'f32', depth: 1.5 })],
  ['MalformedRequest', 'a depth that is null', line(conv, { bounds: 'f32', depth: null })],
  ['MalformedRequest', 'a depth of bounds that nobody asked for', line(conv, { depth: 3 })],
  ['MalformedRequest', 'elements that are a list', line(conv, { elements: [0] })],
  ['MalformedRequest', 'elements of nothing', line(conv, { elements: {} })],
  ['MalformedRequest', 'elements that are a number', line(conv, { elements: { y: 0 } })],
  ['MalformedRequest', 'an empty list of elements', line(conv, { elements: { y: [] } })],
  ['MalformedRequest', 'an element by its index', line(conv, { elements: { y: [[0, 0, 1, 1]] } })],
  ['MalformedRequest', 'an element below 0', line(conv, { elements: { y: [-1] } })],
  ['MalformedRequest', 'an element as a string', line(conv, { elements: { y: ['0'] } })],
  ['AttributeOutOfRange', 'an element behind the last', line(conv, { elements: { y: [0, 4] } })],
  ['UnexpectedInput', 'elements of an output that there is not', line(conv, { elements: { z: [0] } })],
  ['UnexpectedInput', 'elements of an output of a backward', line(back, { elements: { y: [0] } })],
  ['UnexpectedInput', 'elements of an input of a forward', line(conv, { elements: { x: [0] } })],
  ['UnexpectedInput', 'elements of an output that objects inherit', line(conv, { elements: { toString: [0] } })],
  ['UnknownOp', 'an op that is not in the catalogue', line(conv, { op: 'Conv2d' })],
  ['UnknownOp', 'an op that objects inherit', line(conv, { op: 'toString' })],
  ['UnknownOp', 'an op called __proto__', line(conv, { op: '__proto__' })],
  ['UnknownOp', 'an op called constructor', line(conv, { op: 'constructor' })],
  ['UnknownBackend', 'a backend that is none', line(conv, { backend: 'cuda' })],
  ['UnknownBackend', 'a backend that objects inherit', line(conv, { backend: 'constructor' })],
  ['NoBackward', 'a step of an optimizer backward', line(step, { direction: 'backward', cotangents: { w: point } })],
  ['MissingInput', 'no inputs', line(conv, { inputs: undefined })],
  ['MissingInput', 'an input that is left out', line(conv, { inputs: { x } })],
  ['MissingInput', 'backward without cotangents', line(back, { cotangents: undefined })],
  ['MissingInput', 'backward with none among its cotangents', line(back, { cotangents: {} })],
  ['UnexpectedInput', 'an input that the op does not have', line(conv, { inputs: { x, w, bias: w } })],
  ['UnexpectedInput', 'an input that objects inherit', line(conv, { inputs: { x, w, constructor: w } })],
  ['UnexpectedInput', 'an input called __proto__', raw('"op":"sigmoid","inputs":{"__proto__":{"x":1}}')],
  ['UnexpectedInput', 'a cotangent of no output', line(back, { cotangents: { y, z: y } })],
  ['UnexpectedInput', 'a cotangent that objects inherit', line(back, { cotangents: { y, valueOf: y } })],
  ['UnexpectedInput', 'a cotangent on a forward request', line(conv, { cotangents: { y } })],
  ['MalformedTensor', 'a tensor that is a bare list', sigmoidOf([1])],
  ['MalformedTensor', 'a tensor that is null', sigmoidOf(null)],
  ['MalformedTensor', 'a tensor without data', sigmoidOf({ shape: [] })],
  ['MalformedTensor', 'a tensor without a shape', sigmoidOf({ data: [1] })],
  ['MalformedTensor', 'a tensor with another member', sigmoidOf({ shape: [], data: [1], dtype: 'f32' })],
  ['MalformedTensor', 'a shape that is a number', sigmoidOf({ shape: 1, data: [1] })],
  ['MalformedTensor', 'an extent of 0', sigmoidOf({ shape: [0], data: [] })],
  ['MalformedTensor', 'an extent below 0', sigmoidOf({ shape: [-1, -1], data: [1] })],
  ['MalformedTensor', 'an extent of one and a half', sigmoidOf({ shape: [1.5, 2], data: [1, 2, 3] })],
  ['MalformedTensor', 'an extent beyond f64', raw('"op":"sigmoid","inputs":{"x":{"shape":[1e999],"data":[]}}')],
  ['MalformedTensor', 'an extent as a string', sigmoidOf({ shape: ['1'], data: [1] })],
  ['MalformedTensor', 'an extent of true', sigmoidOf({ shape: [true], data: [1] })],
  ['MalformedTensor', 'an extent as a list', sigmoidOf({ shape: [[1]], data: [1] })],
  ['MalformedTensor', 'too little data', sigmoidOf({ shape: [2], data: [1] })],
  ['MalformedTensor', 'too much data', sigmoidOf({ shape: [], data: [1, 2] })],
  ['MalformedTensor', 'nested data', sigmoidOf({ shape: [1, 1], data: [[1]] })],
  ['MalformedTensor', 'data that is a string', sigmoidOf({ shape: [1], data: '1' })],
  ['MalformedTensor', 'a number as a string', sigmoidOf({ shape: [1], data: ['1'] })],
  ['MalformedTensor', 'a NaN of another spelling', sigmoidOf({ shape: [1], data: ['nan'] })],
  ['MalformedTensor', 'an infinity with a plus sign', sigmoidOf({ shape: [1], data: ['+Infinity'] })],
  ['MalformedTensor', 'null as a number', sigmoidOf({ shape: [1], data: [null] })],
  ['MalformedTensor', 'true as a number', sigmoidOf({ shape: [1], data: [true] })],
  ['MalformedTensor', 'a number beyond f64', raw('"op":"sigmoid","inputs":{"x":{"shape":[1],"data":[1e999]}}')],
  ['MalformedTensor', 'a cotangent of wrong length', line(back, { cotangents: { y: { shape: [2], data: [1] } } })],
  ['UnknownAttribute', 'an attribute that the op does not have', line(conv, { attrs: { strides: [1, 1] } })],
  ['UnknownAttribute', 'an attribute that objects inherit', line(conv, { attrs: { toString: 1 } })],
  ['UnknownAttribute', 'an attribute called __proto__', line(conv, {}).replace('}}}', '}},"attrs":{"__proto__":1}}')],
  ['MissingAttribute', 'a required attribute left out', line(step, { attrs: {} })],
  ['AttributeOutOfRange', 'a stride of 0', line(conv, { attrs: { stride: [0, 1] } })],
  ['AttributeOutOfRange', 'a stride of one number', line(conv, { attrs: { stride: [1] } })],
  ['AttributeOutOfRange', 'a stride of three numbers', line(conv, { attrs: { stride: [1, 1, 1] } })],
  ['AttributeOutOfRange', 'a stride of none', line(conv, { attrs: { stride: [] } })],
  ['AttributeOutOfRange', 'five paddings', line(conv, { attrs: { padding: [0, 0, 0, 0, 0] } })],
  ['AttributeOutOfRange', 'two strides of a sequence', one('conv1d', { inputs: sequence, attrs: { stride: [1, 1] } })],
  ['AttributeOutOfRange', 'two dilations of it', one('conv1d', { inputs: sequence, attrs: { dilation: [1, 1] } })],
  ['AttributeOutOfRange', 'four paddings of it', one('conv1d', { inputs: sequence, attrs: { padding: [0, 0, 0, 0] } })],
  ['AttributeOutOfRange', 'a window of three numbers', pooled({ window: [2, 2, 2] })],
  ['AttributeOutOfRange', 'a pool with five paddings', pooled({ padding: [0, 0, 0, 0, 0] })],
  ['AttributeOutOfRange', 'a key of three words', dropped([1, 2, 3])],
  ['AttributeOutOfRange', 'a key of one word', dropped([1])],
  ['AttributeOutOfRange', 'a key of a word too large', dropped([1, 2 ** 32])],
  ['AttributeOutOfRange', 'a key of half a word', dropped([1, 0.5])],
  ['MalformedTensor', 'a step of −1', stepAt('adam', -1)],
  ['MalformedTensor', 'a step of ½', stepAt('adam', 0.5)],
  ['MalformedTensor', 'a step called NaN', stepAt('adam', 'NaN')],
  ['MalformedTensor', 'a step called Infinity', stepAt('adam', 'Infinity')],
  ['MalformedTensor', 'a step that no f64 counts to', stepAt('adam', 2 ** 53)],
  ['MalformedTensor', "a step of −1 of adamw's", stepAt('adamw', -1)],
  ['MalformedTensor', "a step of ½ of adamw's", stepAt('adamw', 0.5)],
  ['AttributeOutOfRange', 'a stride as strings', line(conv, { attrs: { stride: ['1', '1'] } })],
  ['AttributeOutOfRange', 'a stride nested deep', line(conv, { attrs: { stride: [[[[1]]], 1] } })],
  ['AttributeOutOfRange', 'a rate as a string', line(step, { attrs: { learningRate: '0.1' } })],
  ['AttributeOutOfRange', 'a rate called NaN', line(step, { attrs: { learningRate: 'NaN' } })],
  ['AttributeOutOfRange', 'a rate called Infinity', line(step, { attrs: { learningRate: 'Infinity' } })],
  ['AttributeOutOfRange', 'a rate that is null', line(step, { attrs: { learningRate: null } })],
  ['AttributeOutOfRange', 'a rate beyond f64', line(step).replace('0.1', '1e999')],
  ['AttributeOutOfRange', 'a rate that is an object', line(step, { attrs: { learningRate: { feed: 'w' } } })],
  ['AttributeOutOfRange', 'a flag as a number', line(step, { attrs: { learningRate: 1, nesterov: 1 } })],
  ['ShapeMismatch', 'channels that disagree', line(conv, { inputs: { x: { shape: [1, 2, 1, 1], data: [1, 2] }, w } })],
  ['ShapeMismatch', 'a rank that is wrong', line(conv, { inputs: { x: point, w } })],
  ['ShapeMismatch', 'a window larger than the image', line(conv, { inputs: { x: w, w: x } })],
  ['ShapeMismatch', "a cotangent that has not its output's shape", line(back, { cotangents: { y: point } })],
  ['TooLarge', 'an output over 2²⁴ elements', line(conv, { attrs: { padding: [4096, 4096, 4096, 4096] } })],
  ['TooLarge', 'an output beyond any memory', line(conv, { attrs: { padding: [2 ** 52, 0, 2 ** 52, 0] } })],
]

describe('a bad second derivative', () => {
  test.each<[string, ErrorCode, object]>([
    ['of an op without', 'NoBackward', { op: 'localResponseNorm' }],
    ['of an op that is not differentiable at all', 'NoBackward', { op: 'step' }],
    ['without directions', 'MissingInput', { directions: {} }],
    ['without cotangents', 'MissingInput', { cotangents: {} }],
    ['with a direction of no gradient', 'UnexpectedInput', { directions: { y } }],
    ['with a direction of an input that is not given', 'UnexpectedInput', { directions: { b: point } }],
    ['with a direction of another shape', 'ShapeMismatch', { directions: { w: x } }],
    ['with a direction that is no tensor', 'MalformedTensor', { directions: { w: 1 } }],
    ['with directions that are no object', 'MalformedRequest', { directions: [w] }],
    ['whose bounds are asked for', 'MalformedRequest', { bounds: 'f32' }],
    ['that is a backward', 'UnexpectedInput', { direction: 'backward' }],
    ['that is a forward', 'UnexpectedInput', { direction: 'forward', cotangents: {} }],
    ['of a direction that there is not', 'MalformedRequest', { direction: 'third' }],
  ])('%s', (_, code, change) => {
    expect(refused(line(second, change))).toMatchObject({ id: '4', code })
  })

  test('with a direction of a target', () => {
    const losses = { op: 'mse', direction: 'second', inputs: { prediction: x, target: x }, cotangents: { loss: point } }
    expect(refused(line(losses, { directions: { target: x } })).code).toBe('UnexpectedInput')
    expect(accepted(line(losses, { directions: { prediction: x } })).directions).toBeDefined()
  })
})

describe('a bad request', () => {
  test.each(refusals)('%s: %s', (code, _what, text) => {
    expect(refused(text).code).toBe(code)
  })

  test('an output of 2²⁴ elements is not too large', () => {
    expect(accepted(line(conv, { attrs: { padding: [2047, 2047, 2047, 2047] } })).question.op).toBe('conv2d')
  })

  test('of a larger one elements can be asked for, of the reference: nothing else of it is made', () => {
    const large = { attrs: { padding: [2048, 2048, 2048, 2048] }, elements: { y: [4098 * 4098 - 1, 0] } }
    expect(accepted(line(conv, large))).toMatchObject({
      question: { wanted: ['y'] },
      elements: { y: Float64Array.of(4098 * 4098 - 1, 0) },
    })
    expect(refused(line(conv, { ...large, backend: 'webgpu' })).code).toBe('TooLarge')
    expect(refused(line(conv, { attrs: large.attrs })).code).toBe('TooLarge')
  })

  test('a message says what was found and what was wanted', () => {
    expect(refused(line(conv, { elements: { y: [4] } })).message).toBe('y has no element 4; it has 4, counted from 0')
    expect(refused(line(conv, { bounds: 'fp16' })).message).toBe(
      'bounds is "fp16"; it must be one of "f32", "f32-nearest", "tf32", "bf16", "f16"',
    )
    expect(refused(sigmoidOf({ shape: [1], data: [null] })).message).toBe(
      'input x\'s data has null at 0; wanted is a finite number or one of "NaN", "Infinity", "-Infinity"',
    )
    expect(refused(line(back, { cotangents: { y: point } })).message).toBe(
      'the cotangent of y has shape []; y has shape [1,1,2,2]',
    )
  })

  test('of several faults the first in reading order is reported: op, backend, names, tensors, attributes, shapes', () => {
    const faults = { backend: 'cuda', attrs: { strides: 1 }, inputs: { x: 1, z: 1 } }
    expect(refused(line(conv, { ...faults, op: 'nope' })).code).toBe('UnknownOp')
    expect(refused(line(conv, faults)).code).toBe('UnknownBackend')
    expect(refused(line(conv, { ...faults, backend: 'webgpu' })).code).toBe('UnexpectedInput')
    expect(refused(line(conv, { attrs: { strides: 1 }, inputs: { x: 1, w } })).code).toBe('MalformedTensor')
    expect(refused(line(conv, { attrs: { strides: 1 }, inputs: { x: point, w } })).code).toBe('UnknownAttribute')
  })
})

const long = 'a'.repeat(1e7)
const ones = Array.from({ length: 1e6 }, () => 1)
const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x${i}`, { shape: [1, 1], data: [1] }]))
const longRefusals: readonly (readonly [ErrorCode, string, () => string])[] = [
  ['UnknownOp', 'the name of an op', () => one(long, {})],
  ['UnknownBackend', 'the name of a backend', () => line(conv, { backend: long })],
  ['MalformedRequest', 'a direction', () => line(conv, { direction: long })],
  ['MalformedRequest', 'the name of a member', () => line(conv, { [long]: 1 })],
  ['MalformedRequest', 'a member that is a string', () => line(conv, { attrs: long })],
  ['MalformedRequest', 'text that is no JSON', () => long],
  ['MalformedRequest', 'a string', () => `"${long}"`],
  ['MalformedRequest', 'a string that does not end', () => `{"op":"${long}`],
  ['UnexpectedInput', 'the name of an input', () => line(conv, { inputs: { x, w, [long]: x } })],
  ['UnexpectedInput', 'the name of a cotangent', () => line(back, { cotangents: { [long]: y } })],
  ['UnexpectedInput', 'a name beside thousands', () => one('concat', { inputs: { ...many, z: point } })],
  ['MissingInput', 'one name left out of thousands', () => one('concat', { inputs: { ...many, x7: undefined } })],
  ['MalformedTensor', 'the name of a member of a tensor', () => sigmoidOf({ shape: [], data: [1], [long]: 1 })],
  ['MalformedTensor', 'a string among the data', () => sigmoidOf({ shape: [1], data: [long] })],
  ['MalformedTensor', 'a string for a shape', () => sigmoidOf({ shape: long, data: [1] })],
  ['MalformedTensor', 'a shape of a million axes, one of them 0', () => sigmoidOf({ shape: [...ones, 0], data: [] })],
  ['MalformedTensor', 'a shape of a million axes without data', () => sigmoidOf({ shape: ones, data: [] })],
  ['ShapeMismatch', 'a rank of a million', () => line(conv, { inputs: { x: { shape: ones, data: [1] }, w } })],
  ['UnknownAttribute', 'the name of an attribute', () => line(conv, { attrs: { [long]: 1 } })],
  ['AttributeOutOfRange', 'an attribute that is a string', () => line(conv, { attrs: { groups: long } })],
  ['AttributeOutOfRange', 'an attribute of a million numbers', () => line(conv, { attrs: { stride: ones } })],
  [
    'ShapeMismatch',
    'a shape asked for, of a million axes',
    () => one('reshape', { inputs: { x: { shape: [2], data: [1, 2] } }, attrs: { shape: ones } }),
  ],
]

describe('the answer to a bad request is short where the request was long in', () => {
  test.each(longRefusals)('%s: %s', (code, _what, text) => {
    const parsed = parseRequest(text())
    if (E.isRight(parsed)) throw new Error('was not refused')
    expect(parsed.left.error.code).toBe(code)
    expect(refusalLine(parsed.left).length).toBeLessThan(2500)
  })

  test('what a backend complains of', () => {
    expect(refusalLine({ id: '1', error: { code: 'LimitExceeded', message: long } }).length).toBeLessThan(2500)
  })

  test('its id: that is the asker’s, who has no other way to know the answer by, and comes back whole', () => {
    const parsed = parseRequest(line({ id: long, op: 'nope' }))
    const answer = E.isLeft(parsed) ? refusalLine(parsed.left) : ''
    expect(answer.startsWith(`{"id":"${long}","ok":false,`)).toBe(true)
    expect(answer.length).toBeLessThan(long.length + 2500)
  })
})

describe('the id', () => {
  const echo = (id: string): string => refused(`{"op" : "nope" , "id" :${id}, "inputs":{"id":0}}`).id

  test.each([
    ['a string', '"a\\"b\\\\"'],
    ['a string with a line separator', '"\u2028"'],
    ['a fraction', '0.10'],
    ['an integer of 64 bits', '9223372036854775807'],
    ['a number beyond f64', '1e999'],
    ['a list', '[1,{"id":[2,"}]"]},null]'],
    ['an object', '{"id":{"id":9007199254740993}}'],
    ['an empty list', '[]'],
    ['true', 'true'],
    ['zero', '0'],
    ['null', 'null'],
  ])('%s comes back as it went', (_what, id) => {
    expect(echo(id)).toBe(id)
  })

  test('an id nested deeper than JSON.stringify can follow comes back as it went', () => {
    const id = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    expect(echo(id) === id).toBe(true)
  })

  test('an id without a value is null: no id, no object, no JSON', () => {
    expect(refused('{"op":"nope"}').id).toBe('null')
    expect(refused('[{"id":1}]').id).toBe('null')
    expect(refused('{"id":1').id).toBe('null')
    expect(refused('{"inputs":{"id":1},"op":"nope"}').id).toBe('null')
  })
})

describe('a response', () => {
  const answer = (data: readonly number[]): string =>
    [...answerLine('7', { y: { shape: [data.length], data: Float64Array.from(data) } })].join('')

  test('an answer is one line with shape and data of every output', () => {
    const lines = [...answerLine('"a"', { h: { shape: [], data: [1] }, c: { shape: [1, 2], data: [2, 3] } })].join('')
    expect(lines).toBe(
      '{"id":"a","ok":true,"outputs":{"h":{"shape":[],"data":[1]},"c":{"shape":[1,2],"data":[2,3]}}}\n',
    )
  })

  test('what JSON has no number for goes by name', () => {
    expect(answer([NaN, Infinity, -Infinity, -0, 1e21])).toContain('["NaN","Infinity","-Infinity",-0,1e+21]')
  })

  test('every number reads back as itself, −0 too', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (numbers) => {
        const { outputs } = JSON.parse(answer(numbers)) as { outputs: { y: { data: number[] } } }
        expect(outputs.y.data).toEqual(numbers)
      }),
    )
  })

  test('bounds stand beside the outputs, in the same shapes', () => {
    const pieces = [...answerLine('1', { y: { shape: [1], data: [2] } }, { y: { shape: [1], data: [Infinity] } })]
    expect(pieces.join('')).toBe(
      '{"id":1,"ok":true,"outputs":{"y":{"shape":[1],"data":[2]}},"bounds":{"y":{"shape":[1],"data":["Infinity"]}}}\n',
    )
  })

  test('a long answer comes in pieces that make one line', () => {
    const numbers = Array.from({ length: 150_000 }, (_, i) => i)
    const pieces = [...answerLine('1', { y: { shape: [150_000], data: numbers } })]
    expect(pieces.length).toBeGreaterThan(3)
    expect(JSON.parse(pieces.join(''))).toEqual({
      id: 1,
      ok: true,
      outputs: { y: { shape: [150_000], data: numbers } },
    })
  })

  test('a refusal is one line, whatever its message holds', () => {
    expect(refusalLine({ id: '1', error: { code: 'UnknownOp', message: 'a\nb"' } })).toBe(
      '{"id":1,"ok":false,"error":{"code":"UnknownOp","message":"a\\nb\\""}}\n',
    )
  })

  test("a device's own limit is to the asker a request too large", () => {
    expect(refusalLine({ id: '1', error: { code: 'LimitExceeded', message: '' } })).toContain('"code":"TooLarge"')
  })
})

/** The response to a line where every op answers with its inputs. */
const respond = (text: string): string => {
  const parsed = parseRequest(text)
  return E.isLeft(parsed)
    ? refusalLine(parsed.left)
    : [...answerLine(parsed.right.id, parsed.right.question.inputs)].join('')
}

const isOneResponse = (text: string): boolean => {
  const response = respond(text)
  const { ok } = JSON.parse(response) as { ok: boolean }
  return response.indexOf('\n') === response.length - 1 && typeof ok === 'boolean'
}

const nasty = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'NaN', 'Infinity', '', '\u2028')
const value = fc.oneof(fc.jsonValue(), nasty, fc.constantFrom(-1, 0, 0.5, 2 ** 53, true, null))
const dictionary = fc.dictionary(fc.oneof(nasty, fc.constantFrom('x', 'w', 'y', 'stride', 'padding', 'groups')), value)
const tensorLike = fc.oneof(
  fc.record({ shape: fc.array(fc.oneof(fc.nat(3), value)), data: fc.array(value) }, { requiredKeys: [] }),
  fc.constantFrom(x, w, y),
  value,
)
const requestLike = fc.record(
  {
    id: value,
    op: fc.oneof(fc.constantFrom('conv2d', 'sigmoid', 'momentum', 'mse'), value),
    direction: fc.oneof(fc.constantFrom('forward', 'backward'), value),
    backend: fc.oneof(fc.constantFrom('reference', 'webgpu'), value),
    attrs: fc.oneof(fc.constant({}), dictionary, value),
    inputs: fc.oneof(fc.record({ x: tensorLike, w: tensorLike }, { requiredKeys: [] }), dictionary, value),
    cotangents: fc.oneof(fc.record({ y: tensorLike }, { requiredKeys: [] }), dictionary, value),
    bounds: fc.oneof(fc.constantFrom('f32', 'f16'), value),
    depth: value,
    elements: fc.oneof(fc.record({ y: fc.array(value) }), dictionary, value),
  },
  { requiredKeys: ['op', 'inputs'] },
)

describe('any line', () => {
  test('any string gets one response of one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isOneResponse(text)).toBe(true)
      }),
    )
  })

  test('any JSON value gets one response of one line', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(isOneResponse(text)).toBe(true)
      }),
    )
  })

  test('anything like a request gets one response of one line, with its id', () => {
    fc.assert(
      fc.property(requestLike, (request) => {
        const text = JSON.stringify(request)
        expect(isOneResponse(text)).toBe(true)
        expect((JSON.parse(respond(text)) as { id: unknown }).id).toEqual(
          (JSON.parse(text) as { id?: unknown }).id ?? null,
        )
      }),
      { numRuns: 2000 },
    )
  })

  test('a good line with one character changed gets one response of one line', () => {
    const good = line(back, { attrs: { stride: [1, 1] } })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ unit: 'binary', maxLength: 2 }), (at, other) => {
        expect(isOneResponse(good.slice(0, at) + other + good.slice(at + 1))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})
