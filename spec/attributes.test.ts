import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { opNames, opOf } from './catalogue.js'
import type { OpName } from './catalogue.js'
import type { Program } from './program.js'
import { checkProgram, oneNode, roundProgram } from './program.js'
import { tensor } from './tensor.js'

/** Every attribute that is a list of so many numbers: the op, its name and a list that it takes. */
const lists: readonly (readonly [OpName, string, readonly number[]])[] = opNames.flatMap((op) =>
  Object.entries(opOf(op).attrs.fields).flatMap(([name, { wanted }]) => {
    const length = /^a list of (\d)/.exec(wanted)?.[1]
    return length === undefined ? [] : [[op, name, Array.from({ length: Number(length) }, () => 1)] as const]
  }),
)

const decoded = (op: OpName, name: string, value: unknown): unknown => opOf(op).attrs.fields[name]?.decode(value)

describe('an attribute that is a list of so many numbers', () => {
  test('is what strides, paddings, dilations, windows and keys are', () => {
    expect(new Set(lists.map(([, name]) => name))).toEqual(
      new Set(['stride', 'padding', 'dilation', 'outputPadding', 'window', 'key']),
    )
  })

  test.each(lists)('%s: %s takes no list that is longer or shorter, has a hole, or is none', (op, name, list) => {
    expect(decoded(op, name, list)).toEqual(E.right(list))
    const withHole = new Array<number>(list.length)
    const alike = Object.assign({ length: list.length }, list)
    for (const wrong of [[...list, 1], list.slice(1), [...list, ...list], [], withHole, alike])
      expect(decoded(op, name, wrong)).toMatchObject({ _tag: 'Left' })
  })
})

describe('an attribute that is fed', () => {
  const x = tensor([2], [1, 2])
  const fedBy = (shape: readonly number[]) => {
    const { program } = oneNode({ op: 'leakyRelu', direction: 'forward', attrs: {}, inputs: { x }, cotangents: {} })
    const nodes = program.nodes.map((node) => ({ ...node, attrs: { alpha: { feed: 'slope' } } }))
    return checkProgram({ ...program, nodes, inputs: { ...program.inputs, slope: shape } })
  }

  test('takes a scalar, and not the first of several numbers', () => {
    expect(E.isRight(fedBy([]))).toBe(true)
    expect(fedBy([2])).toEqual(
      E.left({
        code: 'ShapeMismatch',
        message: 'leakyRelu: attribute alpha is fed by slope of shape [2]; a scalar is wanted, of shape []',
      }),
    )
    expect(E.isLeft(fedBy([1]))).toBe(true)
  })
})

describe('the constants of a program in f32', () => {
  const stepping = (attrs: Program['nodes'][number]['attrs']): Program => ({
    inputs: { w: [2], g: [2], s: [2], decay: [] },
    nodes: [
      {
        name: 'w next',
        op: 'rmsprop',
        direction: 'forward',
        attrs,
        inputs: { w: 'w', g: 'g', meanSquare: 's' },
        cotangents: {},
        outputs: { w: 'w next' },
      },
    ],
    outputs: ['w next'],
    carry: {},
  })
  const rounded = (attrs: Program['nodes'][number]['attrs']): unknown => roundProgram(stepping(attrs)).nodes[0]?.attrs

  test('are those that are given and those that stand by default', () => {
    expect(rounded({ learningRate: 0.1 })).toEqual({
      learningRate: Math.fround(0.1),
      decay: Math.fround(0.99),
      epsilon: Math.fround(1e-8),
    })
  })

  test('are left as they are where f32 holds them, or they are fed, or the op refuses them', () => {
    const held = { learningRate: 0.5, decay: 0.75, epsilon: 0.25 }
    expect(rounded(held)).toBe(held)
    expect(rounded({ ...held, decay: { feed: 'decay' } })).toEqual({ ...held, decay: { feed: 'decay' } })
    expect(rounded({ learningRate: 'fast' })).toEqual({ learningRate: 'fast' })
  })
})
