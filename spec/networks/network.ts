import type { Key } from '../philox.js'
import { keyOf } from '../philox.js'
import type { NodeAttribute, Program, ProgramNode } from '../program.js'
import type { Shape, Tensors } from '../tensor.js'
import { filled, sizeOf, tensor } from '../tensor.js'
import type { Block, Kept, Layer, Parameter } from './blocks.js'
import { chain, reading } from './blocks.js'

export {
  auxiliary,
  batchNorm,
  bidirectional,
  chain,
  convolution,
  dropout,
  fullyConnected,
  identity,
  inception,
  joined,
  keepingSize,
  plainLayer,
  recurrent,
  recurrentOps,
  recurrentStack,
  residual,
  reversed,
  scaled,
  scoped,
  squeezeExcite,
  transposedConvolution,
} from './blocks.js'
export type { Block, Kept, Layer, Parameter, RecurrentOp } from './blocks.js'

/** A network is a value: a forward program, the parameters among its inputs, and the value that is its answer. */
export interface Network {
  readonly program: Program
  readonly parameters: Readonly<Record<string, Parameter>>
  /** what it keeps beside its parameters, among its inputs too: running statistics, the state before a sequence */
  readonly kept: Readonly<Record<string, Kept>>
  /** what training differentiates and a classifier's largest entry is looked for in: logits, not shares */
  readonly output: string
  /** auxiliary outputs, by the names of their values: further answers, such as the logits of auxiliary classifiers */
  readonly auxiliaries: readonly string[]
}

/**
 * What a network is for. One description gives both: in training batch norm goes by the batch and renews its running
 * statistics, which the program carries, and dropout draws its masks under the key at the step that is fed as `step`; at
 * inference batch norm goes by the running statistics, and there is no dropout.
 */
export type Mode = { readonly training: false } | { readonly training: true; readonly key: Key }

export const inference: Mode = { training: false }

/** Training, with masks of dropout that follow from the seed. */
export const trainingBy = (seed: number): Mode => ({ training: true, key: keyOf(`dropout ${seed}`) })

/** What each network of the zoo may be asked for. */
export interface Asked {
  readonly mode?: Mode
}

/** The feed that counts training steps, for dropout. */
export const stepFeed = 'step'

const numberOf = (layer: string, input: string): string => `${layer}.${input}`
const nextOf = (value: string): string => `${value}.next`

const named = (layer: Layer, inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys(inputs).map((input) => [input, numberOf(layer.name, input)]))

const isIn = (value: string, names: Readonly<Record<string, unknown>>): boolean => Object.hasOwn(names, value)

const momentumFree = ({ momentum: _, ...attrs }: Layer['attrs']): Layer['attrs'] => attrs

const nodeOf = (layer: Layer, mode: Mode, stream: number): ProgramNode => {
  const { name, op, attrs, runs, gives } = layer
  const node = {
    name,
    op,
    direction: 'forward' as const,
    attrs,
    inputs: { ...layer.reads, ...named(layer, layer.parameters), ...named(layer, layer.kept) },
    cotangents: {},
    outputs: { [gives]: name },
  }
  if (runs === 'dropout' && mode.training) {
    const drawn: Readonly<Record<string, NodeAttribute>> = { key: mode.key, step: { feed: stepFeed }, stream }
    return { ...node, attrs: { ...attrs, ...drawn } }
  }
  if (runs !== 'batchNorm') return node
  return mode.training
    ? { ...node, outputs: { ...node.outputs, ...renewals(layer) } }
    : { ...node, op: 'batchNormInference', attrs: momentumFree(attrs) }
}

/** Where batch norm writes the new values of what it keeps, by the op's names. */
const renewals = (layer: Layer): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(named(layer, layer.kept)).map(([input, value]) => [input, nextOf(value)]))

// at inference a dropout's value is its input's
const withoutDropout = (block: Block): Block => {
  const passes = block.layers
    .filter(({ runs }) => runs === 'dropout')
    .reduce<Readonly<Record<string, string>>>((soFar, { name, reads }) => {
      const from = reads['x'] as string
      return { ...soFar, [name]: soFar[from] ?? from }
    }, {})
  const through = (value: string): string => (isIn(value, passes) ? (passes[value] as string) : value)
  return {
    layers: block.layers
      .filter(({ runs }) => runs !== 'dropout')
      .map((layer) => ({
        ...layer,
        reads: Object.fromEntries(Object.entries(layer.reads).map(([input, value]) => [input, through(value)])),
      })),
    output: through(block.output),
    auxiliaries: block.auxiliaries.map(through),
  }
}

/** The layers before a ReLU, with nothing but batch norm between: their weights have gain 2. */
const beforeRelu = (layers: readonly Layer[]): ReadonlySet<string> => {
  const normed = new Map(layers.flatMap(({ runs, name, reads }) => (runs === 'batchNorm' ? [[name, reads['x']]] : [])))
  return new Set(
    layers.flatMap(({ op, reads }) => {
      const value = reads['x'] ?? ''
      return op === 'relu' ? [value, normed.get(value) ?? value] : []
    }),
  )
}

/** A network of a block that is given images, rows or sequences of the given shape as the input `x`. */
export const networkOf = (shape: Shape, block: Block, mode: Mode = inference): Network => {
  const placed = reading('x', block)
  const { layers, output, auxiliaries } = mode.training ? placed : withoutDropout(placed)
  const rectified = beforeRelu(layers)
  const drawing = layers.filter(({ runs }) => runs === 'dropout').map(({ name }) => name)
  const parameters = Object.fromEntries(
    layers.flatMap(({ name, parameters }) =>
      Object.entries(parameters).map(([input, parameter]) => [
        numberOf(name, input),
        rectified.has(name) ? { ...parameter, gain: 2 } : parameter,
      ]),
    ),
  )
  const kept = Object.fromEntries(
    layers.flatMap(({ name, kept }) => Object.entries(kept).map(([input, of]) => [numberOf(name, input), of])),
  )
  const renewed = layers
    .filter(({ runs }) => runs === 'batchNorm')
    .flatMap((layer) => Object.values(named(layer, layer.kept)))
  const renewing = new Set(renewed)
  return {
    program: {
      inputs: {
        x: shape,
        ...Object.fromEntries(Object.entries({ ...parameters, ...kept }).map(([name, { shape }]) => [name, shape])),
        ...(drawing.length > 0 ? { [stepFeed]: [] } : {}),
      },
      nodes: layers.map((layer) => nodeOf(layer, mode, drawing.indexOf(layer.name))),
      outputs: [output, ...auxiliaries],
      carry: mode.training
        ? Object.fromEntries(Object.keys(kept).map((name) => [name, renewing.has(name) ? nextOf(name) : name]))
        : {},
    },
    parameters,
    kept,
    output,
    auxiliaries,
  }
}

/** A network of blocks one after the other, the first given the input `x` of the given shape. */
export const sequential = (shape: Shape, blocks: readonly Block[], mode: Mode = inference): Network =>
  networkOf(shape, chain(...blocks), mode)

/** How many numbers a network learns. */
export const parameterCount = ({ parameters }: Pick<Network, 'parameters'>): number =>
  Object.values(parameters).reduce((n, { shape }) => n + sizeOf(shape), 0)

/** First values of what a network keeps. */
export const initialKept = ({ kept }: Pick<Network, 'kept'>): Tensors =>
  Object.fromEntries(
    Object.entries(kept).map(([name, { shape, first }]) => [
      name,
      typeof first === 'number' ? filled(shape, first) : tensor(shape, first),
    ]),
  )
