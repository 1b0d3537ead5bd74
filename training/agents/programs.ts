import { either as E, function as F } from 'fp-ts'
import { differentiate, gradientName } from '../../spec/differentiate.js'
import type { Result } from '../../spec/error.js'
import type { Block, Network } from '../../spec/networks/network.js'
import { auxiliary, chain, convolution, fullyConnected, plainLayer, sequential } from '../../spec/networks/network.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { checkProgram } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, scalar } from '../../spec/tensor.js'
import { initialParameters } from '../initialize.js'
import type { Optimizer } from '../step.js'
import { forwardNode, initialState, nextOf, stepOf } from '../step.js'
import type { Environment } from './environment.js'

/** What an agent's network is like: the units of each hidden layer; images go through a convolution first. */
export interface Layers {
  readonly hidden: readonly number[]
  readonly activation: 'tanh' | 'relu'
}

const filters = 16

const hiddenOf = (name: string, inputs: number, { hidden, activation }: Layers): readonly Block[] =>
  hidden.flatMap((units, at) => [
    fullyConnected(`${name}${at + 1}`, at === 0 ? inputs : (hidden[at - 1] as number), units),
    plainLayer(`${name}${at + 1}.${activation}`, activation),
  ])

/** What is in front of the hidden layers, and how many numbers it gives: of images 16 maps of a 3×3 convolution. */
const eyeOf = (shape: Shape): { readonly blocks: readonly Block[]; readonly features: number } => {
  const [channels = 1, height = 1, width = 1] = shape
  return shape.length === 3
    ? {
        blocks: [
          convolution('eye', [channels, filters], [3, 3], { padding: [1, 1, 1, 1] }),
          plainLayer('eye.relu', 'relu'),
          plainLayer('eye.flat', 'flatten'),
        ],
        features: filters * height * width,
      }
    : { blocks: [], features: channels }
}

/** The value of the network of an actor and its critic that is V(s), [N,1]. */
const valueOutput = 'value'

/**
 * Actor and critic: logits of the actions [N,A], and, as its auxiliary output, the value of the state [N,1]. They share
 * nothing but the convolution that images go through.
 */
export const actorCriticNetwork = ({ shape, actions }: Environment, layers: Layers, batch: number): Network => {
  const { blocks, features } = eyeOf(shape)
  const last = layers.hidden.at(-1) ?? features
  return sequential(
    [batch, ...shape],
    [
      ...blocks,
      auxiliary(chain(...hiddenOf('critic', features, layers), fullyConnected(valueOutput, last, 1))),
      ...hiddenOf('actor', features, layers),
      fullyConnected('logits', last, actions),
    ],
  )
}

/** The values of all actions in a state, [N,A]. */
export const valueNetwork = ({ shape, actions }: Environment, layers: Layers, batch: number): Network => {
  const { blocks, features } = eyeOf(shape)
  return sequential(
    [batch, ...shape],
    [
      ...blocks,
      ...hiddenOf('hidden', features, layers),
      fullyConnected('values', layers.hidden.at(-1) ?? features, actions),
    ],
  )
}

/** First parameters; the actor's last weights a hundredth of that, so that at first it takes all actions alike. */
export const firstParameters = (network: Network, seed: number): Tensors => {
  const drawn = initialParameters(network, seed)
  return Object.fromEntries(
    Object.entries(drawn).map(([name, value]) => [
      name,
      name === 'logits.w' ? mapTensor((v) => Math.fround(v / 100), value) : value,
    ]),
  )
}

/** A network that is only asked, of so many states at once. */
export const asked = ({ program, output, auxiliaries }: Network): Program => ({
  ...program,
  outputs: [output, ...auxiliaries],
})

const withLoss = (
  { program }: Network,
  feeds: Readonly<Record<string, Shape>>,
  nodes: readonly ProgramNode[],
): Program => ({
  ...program,
  inputs: { ...program.inputs, ...feeds },
  nodes: [...program.nodes, ...nodes],
  outputs: ['loss'],
  carry: {},
})

/**
 * A step of an actor and its critic on N states.
 *
 *   loss = −(1/N) Σ_n Σ_a t[n,a]·log π(a|s[n])                t = advantage·(1 at the action taken)
 *        + Σ_n b[n]·Σ_a π(a|s[n])·log π(a|s[n])               b = entropy's weight/N, −1 times the entropy
 *        + (1/N) Σ_n (m[n]·V(s[n]) − v[n])²                   v = m·return, m the root of the value's weight
 *
 * The first is `softmaxCrossEntropy` with targets that do not sum to 1: its gradient is −A·∇log π(a|s). Rows beyond the states
 * there are have t, b, m and v of 0, and count nothing.
 *
 * Feeds   x; advantage [N,A], entropyWeight [1,N·A], valueWeight [N,1], valueTarget [N,1]; learningRate [], d.loss [] (1)
 * Errors  what the optimizer refuses, and `checkProgram`
 * Source  Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", 1992
 *         (REINFORCE, its baseline); Mnih et al., "Asynchronous methods for deep reinforcement learning", 2016 (advantage
 *         actor-critic, entropy)
 */
export const actorCriticProgram = (network: Network, optimizer: Optimizer): Result<Program> => {
  const [N = 1] = network.program.inputs['x'] ?? []
  const actions = network.parameters['logits.b']?.shape[0] ?? 1
  const { output } = network
  const both = withLoss(
    network,
    {
      advantage: [N, actions],
      entropyWeight: [1, N * actions],
      valueWeight: [N, 1],
      valueTarget: [N, 1],
    },
    [
      forwardNode(
        'loss.policy',
        'softmaxCrossEntropy',
        { logits: output, target: 'advantage' },
        { loss: 'loss.policy' },
      ),
      forwardNode('policy', 'softmax', { x: output }, { y: 'policy' }),
      forwardNode('policy.log', 'logSoftmax', { x: output }, { y: 'policy.log' }),
      forwardNode('plogp', 'mul', { a: 'policy', b: 'policy.log' }, { y: 'plogp' }),
      forwardNode('plogp.row', 'reshape', { x: 'plogp' }, { y: 'plogp.row' }, { shape: [1, N * actions] }),
      forwardNode('entropy.sum', 'dense', { x: 'plogp.row', w: 'entropyWeight' }, { y: 'entropy.sum' }),
      forwardNode('loss.entropy', 'reshape', { x: 'entropy.sum' }, { y: 'loss.entropy' }, { shape: [] }),
      forwardNode('value.weighted', 'mul', { a: valueOutput, b: 'valueWeight' }, { y: 'value.weighted' }),
      forwardNode('loss.value', 'mse', { prediction: 'value.weighted', target: 'valueTarget' }, { loss: 'loss.value' }),
      forwardNode('loss.acting', 'add', { a: 'loss.policy', b: 'loss.entropy' }, { y: 'loss.acting' }),
      forwardNode('loss', 'add', { a: 'loss.acting', b: 'loss.value' }, { y: 'loss' }),
    ],
  )
  return F.pipe(
    differentiate(both, 'loss', Object.keys(network.parameters)),
    E.flatMap((found) =>
      stepOf({ parameters: network.parameters, kept: [] }, { optimizer, loss: 'softmaxCrossEntropy' }, found),
    ),
  )
}

/** One state as an actor and its critic learn from it. */
export interface PolicyRow {
  readonly x: Tensor['data']
  readonly action: number
  readonly advantage: number
  /** what its value should have been */
  readonly target: number
}

const rowsOf = (shape: Shape, rows: readonly Tensor['data'][], N: number): Tensor => {
  const each = shape.reduce((a, b) => a * b, 1)
  return generate([N, ...shape], (i) => rows[Math.floor(i / each)]?.[i % each] ?? 0)
}

/** The feeds of a step of `actorCriticProgram` of N rows, of which so many are states. */
export const policyFeeds = (
  { shape, actions }: Environment,
  N: number,
  rows: readonly PolicyRow[],
  { entropy, value, learningRate }: { readonly entropy: number; readonly value: number; readonly learningRate: number },
): Tensors => {
  const count = Math.max(1, rows.length)
  // every mean of the program is over N rows, and is to be over those there are
  const share = N / count
  const weight = Math.sqrt(value * share)
  return {
    x: rowsOf(
      shape,
      rows.map(({ x }) => x),
      N,
    ),
    advantage: generate([N, actions], (i) => {
      const row = rows[Math.floor(i / actions)]
      return row !== undefined && row.action === i % actions ? Math.fround(row.advantage * share) : 0
    }),
    entropyWeight: generate([1, N * actions], (i) => (i < rows.length * actions ? Math.fround(entropy / count) : 0)),
    valueWeight: generate([N, 1], (n) => (n < rows.length ? Math.fround(weight) : 0)),
    valueTarget: generate([N, 1], (n) => {
      const row = rows[n]
      return row === undefined ? 0 : Math.fround(weight * row.target)
    }),
    learningRate: scalar(Math.fround(learningRate)),
    [gradientName('loss')]: scalar(1),
  }
}

const targetName = (parameter: string): string => `target.${parameter}`

/**
 * The values of the actions in the states s′ by the target network, and by the online network where the latter chooses
 * (double Q-learning): two networks that read one x.
 */
export const nextValuesProgram = ({ program, parameters, output }: Network, double: boolean): Program => {
  const written = new Set(program.nodes.flatMap(({ outputs }) => Object.values(outputs)))
  const named = (value: string): string => (written.has(value) || value in parameters ? targetName(value) : value)
  const all = (of: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(of).map(([key, value]) => [key, named(value)]))
  return {
    inputs: {
      ...(double ? program.inputs : {}),
      ...Object.fromEntries(Object.entries(program.inputs).map(([name, shape]) => [named(name), shape])),
    },
    nodes: [
      ...program.nodes.map((node) => ({
        ...node,
        name: targetName(node.name),
        inputs: all(node.inputs),
        outputs: all(node.outputs),
      })),
      ...(double ? program.nodes : []),
    ],
    outputs: [named(output), ...(double ? [output] : [])],
    carry: {},
  }
}

/** What the target network says of actions, in a run of `nextValuesProgram`. */
export const targetValues = (output: string): string => targetName(output)

/**
 * A step of Q-learning on N transitions, and of the target network behind it.
 *
 *   d[n,a] = (Q(s[n], a) − y[n])·(1 at the action taken, 0 elsewhere)
 *   loss = A/(2N)·Σ_n Σ_a h(d),   h(d)/2 = Huber's: d² − relu(|d| − 1)², which grows as |d| beyond 1
 *   θ⁻ ← τ·θ + (1 − τ)·θ⁻,        exactly θ where τ = 1 and exactly θ⁻ where τ = 0
 *
 * All three squares are `mse`; |d| − 1 above 0 is relu(d − 1) + relu(−d − 1), of which one at most is. Rows with a chosen of
 * all 0 count nothing. The mean of `mse` is over N·A, of which one action in A was taken.
 *
 * Feeds   x; chosen [N,A], 1 at the action taken; negative [N,A], −y there; minus [N,A] (−1); share [] (A/2);
 *         learningRate [], tau [] and untau [] (1 − τ), d.loss [] (1)
 * State   parameters, what the optimizer keeps of them, and `target.<parameter>`
 * Errors  what the optimizer refuses, and `checkProgram`
 * Source  Mnih et al., "Human-level control through deep reinforcement learning", 2015 (target network; the error clipped to
 *         ±1 is the gradient of Huber's loss)
 */
export const qLearningProgram = (network: Network, optimizer: Optimizer): Result<Program> => {
  const [N = 1] = network.program.inputs['x'] ?? []
  const actions = network.parameters['values.b']?.shape[0] ?? 1
  const { output, parameters } = network
  const shape = [N, actions]
  const two = (name: string, op: 'add' | 'mul', a: string, b: string): ProgramNode =>
    forwardNode(name, op, { a, b }, { y: name })
  const square = (name: string, y: string): ProgramNode =>
    forwardNode(name, 'mse', { prediction: y, target: 'nothing' }, { loss: name })
  const beyond = (name: string, value: string): readonly ProgramNode[] => [
    two(`${name}.less`, 'add', value, 'minus'),
    forwardNode(name, 'relu', { x: `${name}.less` }, { y: name }),
    square(`${name}.square`, name),
  ]
  const whole = withLoss(
    network,
    {
      chosen: shape,
      negative: shape,
      minus: shape,
      nothing: shape,
      share: [],
      minusOne: [],
    },
    [
      two('taken', 'mul', output, 'chosen'),
      two('error', 'add', 'taken', 'negative'),
      two('opposite', 'mul', 'error', 'minus'),
      square('error.square', 'error'),
      ...beyond('above', 'error'),
      ...beyond('below', 'opposite'),
      two('beyond', 'add', 'above.square', 'below.square'),
      two('beyond.negative', 'mul', 'beyond', 'minusOne'),
      two('huber', 'add', 'error.square', 'beyond.negative'),
      two('loss', 'mul', 'huber', 'share'),
    ],
  )
  return F.pipe(
    differentiate(whole, 'loss', Object.keys(parameters)),
    E.flatMap((found) => stepOf({ parameters, kept: [] }, { optimizer, loss: 'mse' }, found)),
    E.map((program): Program => {
      const names = Object.keys(parameters)
      const rest = (name: string, w: string, feed: string, y: string): ProgramNode =>
        forwardNode(name, 'sgd', { w, g: w }, { w: y }, { learningRate: { feed }, weightDecay: 0 })
      return {
        ...program,
        inputs: {
          ...program.inputs,
          ...Object.fromEntries(names.map((name) => [targetName(name), parameters[name]?.shape ?? []])),
          tau: [],
          untau: [],
        },
        nodes: [
          ...program.nodes,
          // sgd with a value as its own gradient is a share of it: w − η·w
          ...names.flatMap((name) => [
            rest(`${targetName(name)}.old`, targetName(name), 'tau', `${targetName(name)}.old`),
            rest(`${targetName(name)}.new`, nextOf(name), 'untau', `${targetName(name)}.new`),
            two(`${targetName(name)}.update`, 'add', `${targetName(name)}.old`, `${targetName(name)}.new`),
          ]),
        ],
        carry: {
          ...program.carry,
          ...Object.fromEntries(names.map((name) => [targetName(name), `${targetName(name)}.update`])),
        },
      }
    }),
    E.tap(checkProgram),
  )
}

/** A transition as Q-learning learns from it. */
export interface QRow {
  readonly x: Tensor['data']
  readonly action: number
  /** y */
  readonly target: number
}

/** The feeds of a step of `qLearningProgram`; τ is 1 where the target network becomes what the online one is, else 0. */
export const qFeeds = (
  { shape, actions }: Environment,
  rows: readonly QRow[],
  { tau, learningRate }: { readonly tau: number; readonly learningRate: number },
): Tensors => {
  const N = rows.length
  const taken = (i: number): QRow | undefined => {
    const row = rows[Math.floor(i / actions)]
    return row?.action === i % actions ? row : undefined
  }
  return {
    x: rowsOf(
      shape,
      rows.map(({ x }) => x),
      N,
    ),
    chosen: generate([N, actions], (i) => (taken(i) === undefined ? 0 : 1)),
    negative: generate([N, actions], (i) => -Math.fround(taken(i)?.target ?? 0)),
    minus: generate([N, actions], () => -1),
    nothing: generate([N, actions], () => 0),
    share: scalar(actions / 2),
    minusOne: scalar(-1),
    learningRate: scalar(Math.fround(learningRate)),
    tau: scalar(Math.fround(tau)),
    untau: scalar(Math.fround(1 - tau)),
    [gradientName('loss')]: scalar(1),
  }
}

/** The state before the first step of Q-learning: the target network is the online one. */
export const qState = (parameters: Tensors, optimizer: Optimizer): Tensors => ({
  ...initialState(parameters, optimizer),
  ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [targetName(name), value])),
})

/** States as a network is asked about them; rows beyond them are 0. */
export const stateFeeds = ({ shape }: Environment, states: readonly Tensor['data'][], N: number): Tensors => ({
  x: rowsOf(shape, states, N),
})
