import type { OpName } from '../catalogue.js'
import type { NodeAttribute } from '../program.js'
import type { Numbers, Shape } from '../tensor.js'

/**
 * A parameter of a network: its shape, how many inputs feed one output of it, and the gain that keeps a signal's
 * variance: 2 before a ReLU, which passes half of it, else 1. Initializers read both. `first` is for one that starts at
 * a constant, whatever the initializer; `recurrent` tells the weights by which a recurrent layer multiplies its input and
 * its state, of which an initializer may make something of its own.
 */
export interface Parameter {
  readonly shape: Shape
  readonly fanIn: number
  /** how many outputs one input feeds, where the shape [O,I,…window] does not tell */
  readonly fanOut?: number
  readonly gain: number
  readonly first?: number
  readonly recurrent?: 'input' | 'state'
}

/**
 * Numbers that a network keeps and does not learn, and their first value, one for all or each its own: running statistics,
 * the state before a sequence, a constant matrix.
 */
export interface Kept {
  readonly shape: Shape
  readonly first: number | Numbers
}

type Attrs = Readonly<Record<string, NodeAttribute>>

/** One op of a block: where its inputs come from, and which of its outputs is the layer's value, of the layer's name. */
export interface Layer {
  readonly name: string
  readonly op: OpName
  readonly attrs: Attrs
  /** the values that it reads, by the op's input names; parameters and kept numbers are not among them */
  readonly reads: Readonly<Record<string, string>>
  /** by the op's input names, as `kept` */
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly kept: Readonly<Record<string, Kept>>
  readonly gives: string
  /**
   * `always`: the same in training and inference. `dropout`: training only, at inference its input passes. `batchNorm`: by
   * the batch's statistics in training, which renews the running ones; by those at inference
   */
  readonly runs: 'always' | 'dropout' | 'batchNorm'
}

/**
 * A piece of a network with one way in and one way out: layers in an order in which they can run. A value: blocks are
 * put together to larger blocks, and at last to a network.
 */
export interface Block {
  readonly layers: readonly Layer[]
  /** the value that comes out: a layer's name, or `entry` */
  readonly output: string
  /** auxiliary outputs: values that the network answers with too, such as the logits of an auxiliary classifier */
  readonly auxiliaries: readonly string[]
}

/** What a block calls the value that it is given, until it is put somewhere. */
export const entry = ''

/** The block that does nothing: what goes in comes out. */
export const identity: Block = { layers: [], output: entry, auxiliaries: [] }

const renamed = (block: Block, name: (value: string) => string): Block => ({
  layers: block.layers.map((layer) => ({
    ...layer,
    name: name(layer.name),
    reads: Object.fromEntries(Object.entries(layer.reads).map(([input, value]) => [input, name(value)])),
  })),
  output: name(block.output),
  auxiliaries: block.auxiliaries.map(name),
})

/** A block given a value by name. */
export const reading = (value: string, block: Block): Block => renamed(block, (name) => (name === entry ? value : name))

/** A block whose layers have a prefix: `conv1` of `scoped('layer1.0', …)` is `layer1.0.conv1`. */
export const scoped = (prefix: string, block: Block): Block =>
  renamed(block, (name) => (name === entry ? entry : `${prefix}.${name}`))

/** Blocks one after the other: each is given what comes out of the one before it. */
export const chain = (...blocks: readonly Block[]): Block =>
  blocks.reduce((soFar, next) => {
    const placed = reading(soFar.output, next)
    return {
      layers: [...soFar.layers, ...placed.layers],
      output: placed.output,
      auxiliaries: [...soFar.auxiliaries, ...placed.auxiliaries],
    }
  }, identity)

/** A block that looks on: the value passes by, and what the block makes of it is one more answer of the network. */
export const auxiliary = (block: Block): Block => ({
  layers: block.layers,
  output: entry,
  auxiliaries: [...block.auxiliaries, block.output],
})

const single = (layer: Pick<Layer, 'name' | 'op'> & Partial<Layer>): Block => ({
  layers: [{ attrs: {}, reads: { x: entry }, parameters: {}, kept: {}, gives: 'y', runs: 'always', ...layer }],
  output: layer.name,
  auxiliaries: [],
})

/** Branches that are all given the same value, and a layer that reads what comes out of them by the names given. */
export const joined = (
  name: string,
  op: OpName,
  branches: Readonly<Record<string, Block>>,
  attrs: Attrs = {},
): Block => {
  const blocks = Object.values(branches)
  const join = single({
    name,
    op,
    attrs,
    reads: Object.fromEntries(Object.entries(branches).map(([input, { output }]) => [input, output])),
  })
  return {
    layers: [...blocks.flatMap(({ layers }) => layers), ...join.layers],
    output: name,
    auxiliaries: blocks.flatMap(({ auxiliaries }) => auxiliaries),
  }
}

/**
 * Every element times one number that is kept and not learnt.
 *
 *   y = factor·x
 *
 * Shapes  x [N,C,H,W]  →  y [N,C,H,W]
 */
export const scaled = (name: string, [N, C]: readonly [number, number], factor: number): Block =>
  single({ name, op: 'scaleChannels', kept: { s: { shape: [N, C], first: factor } } })

/** What a convolution has beside its attributes. */
export interface Biased {
  readonly bias?: boolean
}

const weightsAndBias = (
  shape: Shape,
  outputs: number,
  { fanIn, ...fans }: Pick<Parameter, 'fanIn' | 'fanOut'>,
  { bias = true }: Biased,
): Layer['parameters'] => ({
  w: { shape, fanIn, gain: 1, ...fans },
  ...(bias ? { b: { shape: [outputs], fanIn, gain: 1 } } : {}),
})

const groupsOf = (attrs: Attrs): number => (typeof attrs['groups'] === 'number' ? attrs['groups'] : 1)

/** Layers in the course's terms. Filters are `[height, width]`. */
export const convolution = (
  name: string,
  [inputs, outputs]: readonly [number, number],
  [KH, KW]: readonly [number, number],
  attrs: Attrs = {},
  biased: Biased = {},
): Block => {
  const groups = groupsOf(attrs)
  const perGroup = inputs / groups
  // an input reaches only the outputs of its group
  const fans = { fanIn: perGroup * KH * KW, fanOut: (outputs / groups) * KH * KW }
  return single({
    name,
    op: 'conv2d',
    attrs,
    parameters: weightsAndBias([outputs, perGroup, KH, KW], outputs, fans, biased),
  })
}

/** Stamps filters, `[height, width]`, on a larger image; with stride s one pixel of it is reached by 1/s of them each way. */
export const transposedConvolution = (
  name: string,
  [inputs, outputs]: readonly [number, number],
  [KH, KW]: readonly [number, number],
  attrs: Attrs = {},
  biased: Biased = {},
): Block => {
  const groups = groupsOf(attrs)
  const [sh = 1, sw = 1] = Array.isArray(attrs['stride']) ? (attrs['stride'] as readonly number[]) : []
  const fans = { fanIn: ((inputs / groups) * KH * KW) / (sh * sw), fanOut: (outputs / groups) * KH * KW }
  return single({
    name,
    op: 'convTranspose2d',
    attrs,
    parameters: weightsAndBias([inputs, outputs / groups, KH, KW], outputs, fans, biased),
  })
}

export const fullyConnected = (name: string, inputs: number, outputs: number, biased: Biased = {}): Block =>
  single({ name, op: 'dense', parameters: weightsAndBias([outputs, inputs], outputs, { fanIn: inputs }, biased) })

/** A layer of one input and without parameters. */
export const plainLayer = (name: string, op: OpName, attrs: Attrs = {}): Block => single({ name, op, attrs })

/** Batch normalization of channels: γ and β are learnt from 1 and 0 on, the running mean and variance kept from 0 and 1 on. */
export const batchNorm = (
  name: string,
  channels: number,
  attrs: { readonly epsilon?: number; readonly momentum?: number } = {},
): Block => {
  const shape = [channels]
  return single({
    name,
    op: 'batchNormTraining',
    attrs,
    parameters: { gamma: { shape, fanIn: 1, gain: 1, first: 1 }, beta: { shape, fanIn: 1, gain: 1, first: 0 } },
    kept: { runningMean: { shape, first: 0 }, runningVar: { shape, first: 1 } },
    runs: 'batchNorm',
  })
}

/** Dropout that keeps a share of the elements. Each of a network's draws from a stream of its own; its step is fed. */
export const dropout = (name: string, keep: number): Block =>
  single({ name, op: 'dropout', attrs: { keep }, runs: 'dropout' })

/** The ops that read a sequence step by step. */
export const recurrentOps = ['rnn', 'lstm', 'gru'] as const
export type RecurrentOp = (typeof recurrentOps)[number]

const gatesOf: Readonly<Record<RecurrentOp, number>> = { rnn: 1, lstm: 4, gru: 3 }

interface RecurrentSizes {
  readonly batch: number
  readonly inputs: number
  readonly hidden: number
}

/** A recurrent layer over a sequence [T,N,I] that starts from zeros; it gives the states of all steps, or the last, [N,H]. */
export const recurrent = (
  name: string,
  op: RecurrentOp,
  { batch, inputs, hidden }: RecurrentSizes,
  gives: 'y' | 'hT' = 'hT',
): Block => {
  const rows = gatesOf[op] * hidden
  const start = { shape: [batch, hidden], first: 0 }
  // each gate is a layer of its own, from the input and the state before together
  const fans = { fanIn: inputs + hidden, fanOut: hidden, gain: 1 }
  return single({
    name,
    op,
    parameters: {
      wIh: { shape: [rows, inputs], ...fans, recurrent: 'input' },
      wHh: { shape: [rows, hidden], ...fans, recurrent: 'state' },
      ...(op === 'gru'
        ? { bIh: { shape: [rows], ...fans }, bHh: { shape: [rows], ...fans } }
        : { b: { shape: [rows], ...fans } }),
    },
    kept: op === 'lstm' ? { h0: start, c0: start } : { h0: start },
    gives,
  })
}

/**
 * A sequence backwards, the last step first.
 *
 *   y[t,n,i] = x[T − 1 − t, n, i] = Σ_s J[t,s]·x[s,n,i],   J[t,s] = 1 if t + s = T − 1, else 0
 *
 * No op of the catalogue turns an axis round, but a convolution with one tap does, whose channels are the steps of time and
 * whose filter is the exchange matrix J, kept and not learnt. Products by 1 and sums with 0 round nothing, so that the
 * numbers are the same ones; an infinite one, by 0, makes NaN of its fellows. It takes T products an element, where a
 * recurrent layer takes I + H or more for each unit.
 *
 * Shapes  x [T,N,I]  →  y [T,N,I]
 */
export const reversed = (name: string, [T, N, I]: readonly [number, number, number]): Block => {
  const exchange = Array.from({ length: T * T }, (_, at) => (Math.floor(at / T) + (at % T) === T - 1 ? 1 : 0))
  return chain(
    plainLayer(`${name}.steps`, 'reshape', { shape: [1, T, N * I] }),
    single({ name: `${name}.exchange`, op: 'conv1d', kept: { w: { shape: [T, T, 1], first: exchange } } }),
    plainLayer(name, 'reshape', { shape: [T, N, I] }),
  )
}

/**
 * Two recurrent layers side by side, one of which reads the sequence from its end.
 *
 *   y[t] = [forward[t], backward[T − 1 − t]],   hT = [forward[T − 1], backward[T − 1]]
 *
 * backward[t] is the other layer's state after x[T − 1], …, x[T − 1 − t]; so its last state has read the whole sequence too,
 * and it is what stands last in y[0]. The layers are `name` and `name_reverse`.
 *
 * Shapes  x [T,N,I]  →  y [T,N,2H], or hT [N,2H]
 * Source  Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997; as PyTorch's bidirectional
 */
export const bidirectional = (
  name: string,
  op: RecurrentOp,
  { length, ...sizes }: RecurrentSizes & { readonly length: number },
  gives: 'y' | 'hT' = 'hT',
): Block => {
  const { batch, inputs, hidden } = sizes
  const back = `${name}_reverse`
  return joined(
    `${name}.both`,
    'concat',
    {
      x0: recurrent(name, op, sizes, gives),
      x1: chain(
        reversed(`${back}.x`, [length, batch, inputs]),
        recurrent(back, op, sizes, gives),
        ...(gives === 'y' ? [reversed(`${back}.y`, [length, batch, hidden])] : []),
      ),
    },
    { axis: gives === 'y' ? 2 : 1 },
  )
}

interface StackSizes extends RecurrentSizes {
  readonly layers: number
  /** the share that dropout keeps between layers in training: 1, all */
  readonly keep?: number
  /** each layer reads the sequence from its end as well; how long it is has to be known then */
  readonly bidirectional?: { readonly length: number }
}

/**
 * Recurrent layers on top of each other, as PyTorch's num_layers: each but the first reads the states of all steps of the
 * one below, of which dropout keeps a share in training. One layer alone has the name itself, several name.l0, name.l1, …;
 * of both directions the one from the end is called so too, with _reverse behind, and each step has 2H numbers.
 */
export const recurrentStack = (
  name: string,
  op: RecurrentOp,
  { layers, keep = 1, bidirectional: both, ...sizes }: StackSizes,
  gives: 'y' | 'hT' = 'hT',
): Block =>
  chain(
    ...Array.from({ length: layers }, (_, layer) => {
      const called = layers === 1 ? name : `${name}.l${layer}`
      const inputs = layer === 0 ? sizes.inputs : (both === undefined ? 1 : 2) * sizes.hidden
      const given = layer === layers - 1 ? gives : 'y'
      return [
        both === undefined
          ? recurrent(called, op, { ...sizes, inputs }, given)
          : bidirectional(called, op, { ...sizes, ...both, inputs }, given),
        ...(keep < 1 && layer < layers - 1 ? [dropout(`${name}.dropout${layer}`, keep)] : []),
      ]
    }).flat(),
  )

/** A block beside a shortcut, their values added: y = main(x) + shortcut(x). */
export const residual = (main: Block, shortcut: Block = identity, name = 'add'): Block =>
  joined(name, 'add', { a: main, b: shortcut })

/** Branches side by side, their channels joined in order: what GoogLeNet calls an Inception module. */
export const inception = (branches: readonly Block[], name = 'concat'): Block =>
  joined(name, 'concat', Object.fromEntries(branches.map((branch, at) => [`x${at}`, branch])))

/**
 * Squeeze and excitation: every channel times a number from 0 to 1 that all channels decide on together.
 *
 *   s = σ(W₂·relu(W₁·mean x)),   y[n,c,h,w] = s[n,c]·x[n,c,h,w],   W₁ [C/r,C]  W₂ [C,C/r]
 *
 * Source  Hu, Shen and Sun, "Squeeze-and-excitation networks", 2018; slide "SENet"
 */
export const squeezeExcite = (channels: number, reduction = 16, biased: Biased = {}): Block =>
  joined('scale', 'scaleChannels', {
    x: identity,
    s: chain(
      plainLayer('squeeze', 'globalAvgPool'),
      fullyConnected('fc1', channels, channels / reduction, biased),
      plainLayer('relu', 'relu'),
      fullyConnected('fc2', channels / reduction, channels, biased),
      plainLayer('sigmoid', 'sigmoid'),
    ),
  })

/** Padding by which a window of odd sides and stride 1 keeps an image's size: `[top, bottom, left, right]`. */
export const keepingSize = (KH: number, KW: number = KH): readonly [number, number, number, number] => [
  (KH - 1) / 2,
  (KH - 1) / 2,
  (KW - 1) / 2,
  (KW - 1) / 2,
]
