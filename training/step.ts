import { either as E, function as F } from 'fp-ts'
import type { AttributeValue, Attributes } from '../spec/attributes.js'
import { roundAttributes } from '../spec/attributes.js'
import { opOf } from '../spec/catalogue.js'
import type { Differentiated } from '../spec/differentiate.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { Result } from '../spec/error.js'
import { ensure, within } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import type { LossName } from '../spec/networks/zoo.js'
import type { NodeAttribute, Program, ProgramNode } from '../spec/program.js'
import { attributeFeeds, checkProgram } from '../spec/program.js'
import type { Shape, Tensors } from '../spec/tensor.js'
import { scalar, zeros } from '../spec/tensor.js'

/** An optimizer: its op and the attributes that are not its defaults. The rate is none of them: a step is fed it. */
export interface Optimizer {
  readonly op: 'sgd' | 'momentum' | 'adagrad' | 'rmsprop' | 'adadelta' | 'adam' | 'adamw'
  readonly attrs?: Readonly<Record<string, AttributeValue>>
}

/** The first rates at which LeNet-5 learns well, by optimizer; other networks' stand with them in the zoo. */
export const firstRates: Readonly<Record<Optimizer['op'], number>> = {
  sgd: 0.1,
  momentum: 0.015,
  adagrad: 0.01,
  rmsprop: 0.001,
  adadelta: 1,
  adam: 0.001,
  adamw: 0.001,
}

/** How a step changes a network's parameters. */
export interface Method {
  readonly optimizer: Optimizer
  readonly loss: LossName
  /** β of an `l2Penalty` that the loss has for every parameter but vectors: biases and gains go free. None by default */
  readonly l2Penalty?: number
  /**
   * How much the same loss of each auxiliary output counts: loss = main + Σ weight·auxiliary. By the output's name; those
   * left out count nothing, as they do where the network is only asked
   */
  readonly auxiliaryWeights?: Readonly<Record<string, number>>
  /** parameters that keep their values */
  readonly frozen?: readonly string[]
}

// the values that belong to a parameter, and what they are after a step
export const stateName = (parameter: string, input: string): string =>
  input === 'w' ? parameter : `${parameter}.${input}`
export const nextOf = (value: string): string => `${value}.next`

/** What an optimizer keeps of a parameter by its own input names, the parameter itself with them. */
export const keptBy = ({ op }: Optimizer): readonly string[] =>
  Object.keys(opOf(op).inputs).filter((input) => input !== 'g')

/** The shape of what an optimizer keeps: the parameter's, or none of a count of steps. */
export const keptShape = ({ op }: Optimizer, input: string, shape: Shape): Shape =>
  (opOf(op).inputs[input] as readonly string[]).length === 0 ? [] : shape

/** The optimizer's attributes with its defaults, in f32, but for the rate. */
export const attributesOf = ({ op, attrs }: Optimizer): Result<Attributes> =>
  F.pipe(
    opOf(op).attrs.decode({ ...attrs, learningRate: 1 }),
    E.mapLeft(within(op)),
    E.map((all) => roundAttributes(opOf(op).attrs, all)),
  )

/** The node that renews a parameter and what is kept of it. */
export const updateOf =
  (optimizer: Optimizer, attrs: Attributes) =>
  (parameter: string, gradient: string): ProgramNode => {
    const kept = keptBy(optimizer).map((input) => [input, stateName(parameter, input)] as const)
    return {
      name: `${parameter}.update`,
      op: optimizer.op,
      direction: 'forward',
      attrs: { ...attrs, learningRate: { feed: 'learningRate' } },
      inputs: { ...Object.fromEntries(kept), g: gradient },
      cotangents: {},
      outputs: Object.fromEntries(kept.map(([input, value]) => [input, nextOf(value)])),
    }
  }

/** A node of an op forward, as programs have it. */
export const forwardNode = (
  name: string,
  op: ProgramNode['op'],
  inputs: ProgramNode['inputs'],
  outputs: ProgramNode['outputs'],
  attrs: Readonly<Record<string, NodeAttribute>> = {},
): ProgramNode => ({ name, op, direction: 'forward', attrs, inputs, cotangents: {}, outputs })

/** The feeds of a training step beside its state. */
export interface StepFeeds {
  readonly x: Tensors[string]
  readonly target: Tensors[string]
  readonly learningRate: number
  /** the method's, where it has such */
  readonly auxiliaryWeights?: Readonly<Record<string, number>>
}

/** The feed that says how much the loss of an auxiliary output counts. */
const weightName = (value: string): string => `${value}.weight`

/** The feeds of a training step beside its state and its examples, by the names that `trainingProgram` gives them. */
export const scalarFeeds = ({
  learningRate,
  auxiliaryWeights = {},
}: Pick<StepFeeds, 'learningRate' | 'auxiliaryWeights'>): Tensors => ({
  learningRate: scalar(Math.fround(learningRate)),
  [gradientName('loss')]: scalar(1),
  ...Object.fromEntries(
    Object.entries(auxiliaryWeights).map(([value, weight]) => [weightName(value), scalar(Math.fround(weight))]),
  ),
})

/** Feeds by the names that `trainingProgram` gives them; the loss's own cotangent is 1. */
export const stepFeeds = ({ x, target, ...numbers }: StepFeeds): Tensors => ({ x, target, ...scalarFeeds(numbers) })

/** One weight for all auxiliary outputs of a network: 0.3 for GoogLeNet's classifiers. */
export const auxiliaryWeightsOf = ({ auxiliaries }: Network, weight: number): Readonly<Record<string, number>> =>
  Object.fromEntries(auxiliaries.map((value) => [value, weight]))

/** A summand of the loss: the value, and the nodes that make it. */
interface Term {
  readonly value: string
  readonly nodes: readonly ProgramNode[]
}

// the loss of an auxiliary output, times its weight, which is fed
const auxiliaryTerm = (loss: LossName, prediction: string, value: string): Term => {
  const [own, weighted] = [`${value}.loss`, `${value}.weighted`]
  return {
    value: weighted,
    nodes: [
      forwardNode(own, loss, { [prediction]: value, target: 'target' }, { loss: own }),
      forwardNode(weighted, 'mul', { a: own, b: weightName(value) }, { y: weighted }),
    ],
  }
}

const penaltyTerm = (parameter: string, beta: number): Term => {
  const value = `${parameter}.penalty`
  return {
    value,
    nodes: [forwardNode(value, 'l2Penalty', { w: parameter }, { loss: value }, { beta: Math.fround(beta) })],
  }
}

/**
 * A network and the loss of its output, which is fed a `target`. Scalars that some attribute is fed, such as dropout's
 * `step`, are inputs as well, and so is the weight of each auxiliary loss, as `<value>.weight`.
 *
 *   loss = loss(output) + Σ weight·loss(auxiliary) + Σ β/2 Σ w²
 *
 * Errors  MissingInput – a weight for what is no auxiliary output of the network
 *         AttributeOutOfRange – a weight that is no number of at least 0
 *         and what `checkProgram` refuses
 * Source  Szegedy et al., "Going deeper with convolutions", 2015, section 5 (weights of 0.3), and "Rethinking the
 *         Inception architecture for computer vision", 2016; slide "GoogLeNet"
 */
export const lossProgram = (
  { program, parameters, output, auxiliaries }: Network,
  { loss, l2Penalty = 0, auxiliaryWeights: weights = {} }: Pick<Method, 'loss' | 'l2Penalty' | 'auxiliaryWeights'>,
): Result<Program> => {
  const stranger = Object.keys(weights).find((value) => !auxiliaries.includes(value))
  const wrong = Object.keys(weights).find(
    (value) => !(Number.isFinite(weights[value]) && (weights[value] as number) >= 0),
  )
  return F.pipe(
    ensure(
      stranger === undefined,
      'MissingInput',
      `auxiliaryWeights: the network has no auxiliary output ${stranger}; ${auxiliaries.length === 0 ? 'it has none' : `it has ${auxiliaries.join(', ')}`}`,
    ),
    E.flatMap(() =>
      ensure(
        wrong === undefined,
        'AttributeOutOfRange',
        `auxiliaryWeights: ${wrong} has the weight ${weights[wrong ?? '']}; a number of at least 0 is wanted`,
      ),
    ),
    E.flatMap(() =>
      checkProgram({
        ...program,
        inputs: { ...program.inputs, ...Object.fromEntries(attributeFeeds(program).map((name) => [name, []])) },
      }),
    ),
    E.map(({ program: { inputs }, shapes }): Program => {
      const penalised =
        l2Penalty === 0
          ? []
          : Object.entries(parameters).flatMap(([name, { shape }]) => (shape.length > 1 ? [name] : []))
      const prediction = Object.keys(opOf(loss).inputs).find((name) => name !== 'target') as string
      const terms = [
        ...Object.keys(weights).map((value) => auxiliaryTerm(loss, prediction, value)),
        ...penalised.map((name) => penaltyTerm(name, l2Penalty)),
      ]
      const sumAfter = (i: number): string => (i === terms.length ? 'loss' : i === 0 ? 'loss.data' : `loss.sum${i}`)
      return {
        ...program,
        inputs: {
          ...inputs,
          target: shapes[output] as Shape,
          ...Object.fromEntries(Object.keys(weights).map((value) => [weightName(value), []])),
        },
        nodes: [
          ...program.nodes,
          forwardNode('loss', loss, { [prediction]: output, target: 'target' }, { loss: sumAfter(0) }),
          ...terms.flatMap(({ nodes }) => nodes),
          ...terms.map(({ value }, i) =>
            forwardNode(`loss.sum${i + 1}`, 'add', { a: sumAfter(i), b: value }, { y: sumAfter(i + 1) }),
          ),
        ],
        outputs: ['loss'],
      }
    }),
  )
}

/** A program with an update of each parameter behind its gradients, and the shapes of what the optimizer keeps. */
interface Updated {
  readonly program: Program
  readonly state: Readonly<Record<string, Shape>>
}

const updated = (
  { program, gradients }: Pick<Differentiated, 'program' | 'gradients'>,
  optimizer: Optimizer,
  attrs: Attributes,
  learned: readonly string[],
  parameters: Readonly<Record<string, { readonly shape: Shape }>>,
): Updated => {
  const state = Object.fromEntries(
    learned.flatMap((name) =>
      keptBy(optimizer).map((input) => [
        stateName(name, input),
        keptShape(optimizer, input, parameters[name]?.shape ?? []),
      ]),
    ),
  )
  return {
    program: {
      ...program,
      inputs: { ...program.inputs, learningRate: [], ...state },
      nodes: [...program.nodes, ...learned.map((name) => updateOf(optimizer, attrs)(name, gradients[name] as string))],
    },
    state,
  }
}

/**
 * A program and its gradients, with an update of each of these parameters, at the rate that is fed as `learningRate`; what
 * the optimizer keeps of a parameter is an input too, `<parameter>.<name>`.
 *
 * Errors  what the optimizer refuses of its attributes
 */
export const withUpdates = (
  both: Pick<Differentiated, 'program' | 'gradients'>,
  optimizer: Optimizer,
  parameters: Readonly<Record<string, { readonly shape: Shape }>>,
): Result<Updated> =>
  F.pipe(
    attributesOf(optimizer),
    E.map((attrs) => updated(both, optimizer, attrs, Object.keys(parameters), parameters)),
  )

/**
 * One step of a training, as a program: forward, its reverse, and an update of every parameter. Parameters, what the
 * optimizer keeps of them, and what the network itself carries, such as running statistics, are state; the loss is the
 * output.
 *
 * Feeds   x, target, learningRate [], d.loss [] (1), a `<value>.weight` [] of each auxiliary loss, and the scalars that the
 *         network's own attributes are fed
 * Errors  MissingInput – a frozen parameter that the network lacks; what the optimizer refuses of its attributes, and
 *         `differentiate` and `checkProgram` of the network
 */
export const trainingProgram = (network: Network, method: Method): Result<Program> =>
  F.pipe(
    learnedOf(network, method),
    E.flatMap((learned) =>
      F.pipe(
        lossProgram(network, method),
        E.flatMap((withLoss) => differentiate(withLoss, 'loss', learned)),
      ),
    ),
    E.flatMap((both) => stepOf({ ...network, kept: Object.keys(network.kept) }, method, both)),
  )

/** The parameters that a step changes. Errors: MissingInput – a frozen one that the network lacks. */
export const learnedOf = (
  { parameters }: Pick<Network, 'parameters'>,
  { frozen = [] }: Pick<Method, 'frozen'>,
): Result<readonly string[]> => {
  const stranger = frozen.find((name) => parameters[name] === undefined)
  return F.pipe(
    ensure(stranger === undefined, 'MissingInput', `frozen: the network has no parameter ${stranger}`),
    E.map(() => Object.keys(parameters).filter((name) => !frozen.includes(name))),
  )
}

/**
 * A program that makes the loss and the gradients of some parameters, with an update of each of those, as a step: what the
 * parameters and their optimizer keep is state, and so is what the network keeps.
 *
 * Errors  what the optimizer refuses of its attributes, and `checkProgram` of the whole
 */
export const stepOf = (
  { parameters, kept }: Pick<Network, 'parameters'> & { readonly kept: readonly string[] },
  { optimizer, frozen = [] }: Method,
  both: Pick<Differentiated, 'program' | 'gradients'>,
): Result<Program> => {
  const learned = Object.fromEntries(Object.entries(parameters).filter(([name]) => name in both.gradients))
  return F.pipe(
    withUpdates(both, optimizer, learned),
    E.map(({ program, state }): Program => ({
      ...program,
      outputs: ['loss'],
      carry: {
        // what is kept and not renewed, such as the state before a sequence, stays what it is
        ...Object.fromEntries(kept.map((name) => [name, name])),
        ...program.carry,
        ...Object.fromEntries(frozen.map((name) => [name, name])),
        ...Object.fromEntries(Object.keys(state).map((value) => [value, nextOf(value)])),
      },
    })),
    E.tap(checkProgram),
  )
}

/**
 * One step of gradient descent with momentum on the softmax cross-entropy of a classifier: `trainingProgram`'s most
 * used.
 *
 * Feeds   x, target [N,C], learningRate [], d.loss [] (1)
 * Errors  what `trainingProgram` refuses
 */
export const trainingStep = (
  network: Network,
  { momentum, weightDecay }: { readonly momentum: number; readonly weightDecay: number },
): Result<Program> =>
  trainingProgram(network, {
    optimizer: { op: 'momentum', attrs: { momentum, weightDecay } },
    loss: 'softmaxCrossEntropy',
  })

/** The state before the first step: the parameters given, and whatever the optimizer keeps of them 0. */
export const initialState = (parameters: Tensors, optimizer: Optimizer = { op: 'momentum' }): Tensors => ({
  ...parameters,
  ...Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { shape }]) =>
      keptBy(optimizer).flatMap((input) =>
        input === 'w' ? [] : [[stateName(name, input), zeros(keptShape(optimizer, input, shape))] as const],
      ),
    ),
  ),
})
