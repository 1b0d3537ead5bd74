import type { OpName } from '../catalogue.js'
import type { NodeAttribute, Program, ProgramNode } from '../program.js'
import type { Shape } from '../tensor.js'
import { sizeOf } from '../tensor.js'

/**
 * A parameter of a network: its shape, how many inputs feed one output of it, and the gain that keeps a signal's
 * variance: 2 before a ReLU, which passes half of it, else 1. Initializers read both.
 */
export interface Parameter {
  readonly shape: Shape
  readonly fanIn: number
  readonly gain: number
}

/** A network is a value: a forward program, the parameters among its inputs, and the value that is its answer. */
export interface Network {
  readonly program: Program
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly output: string
}

/** One layer of a chain: an op, its attributes, and its parameters by the op's input names. */
export interface Layer {
  readonly name: string
  readonly op: OpName
  readonly attrs: Readonly<Record<string, NodeAttribute>>
  readonly parameters: Readonly<Record<string, Parameter>>
}

/** Layers in the course's terms. Filters are `[height, width]`. */
export const convolution = (
  name: string,
  [inputs, outputs]: readonly [number, number],
  [KH, KW]: readonly [number, number],
  attrs: Layer['attrs'] = {},
): Layer => {
  const groups = typeof attrs['groups'] === 'number' ? attrs['groups'] : 1
  const fanIn = (inputs / groups) * KH * KW
  return {
    name,
    op: 'conv2d',
    attrs,
    parameters: {
      w: { shape: [outputs, inputs / groups, KH, KW], fanIn, gain: 1 },
      b: { shape: [outputs], fanIn, gain: 1 },
    },
  }
}

export const fullyConnected = (name: string, inputs: number, outputs: number): Layer => ({
  name,
  op: 'dense',
  attrs: {},
  parameters: {
    w: { shape: [outputs, inputs], fanIn: inputs, gain: 1 },
    b: { shape: [outputs], fanIn: inputs, gain: 1 },
  },
})

export const plainLayer = (name: string, op: OpName, attrs: Layer['attrs'] = {}): Layer => ({
  name,
  op,
  attrs,
  parameters: {},
})

/** A chain of layers from the input `x` of the given shape: each reads the one before it. */
export const sequential = (shape: Shape, layers: readonly Layer[]): Network => {
  const nodes = layers.map(({ name, op, attrs, parameters }, at): ProgramNode => ({
    name,
    op,
    direction: 'forward',
    attrs,
    inputs: {
      x: at === 0 ? 'x' : (layers[at - 1] as Layer).name,
      ...Object.fromEntries(Object.keys(parameters).map((input) => [input, `${name}.${input}`])),
    },
    cotangents: {},
    outputs: { y: name },
  }))
  const parameters = Object.fromEntries(
    layers.flatMap(({ name, parameters }, at) =>
      Object.entries(parameters).map(([input, parameter]) => [
        `${name}.${input}`,
        { ...parameter, gain: layers[at + 1]?.op === 'relu' ? 2 : 1 },
      ]),
    ),
  )
  const output = layers.at(-1)?.name ?? 'x'
  return {
    program: {
      inputs: {
        x: shape,
        ...Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape])),
      },
      nodes,
      outputs: [output],
      carry: {},
    },
    parameters,
    output,
  }
}

/** How many numbers a network learns. */
export const parameterCount = ({ parameters }: Network): number =>
  Object.values(parameters).reduce((n, { shape }) => n + sizeOf(shape), 0)
