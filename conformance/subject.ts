import { either as E, function as F } from 'fp-ts'
import { opOf } from '../spec/catalogue.js'
import type { OpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, within } from '../spec/error.js'
import type { Kept, Network, Parameter } from '../spec/networks/network.js'
import { stepFeed } from '../spec/networks/network.js'
import { cotangentNames, gradientNames } from '../spec/op.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { attributeFeeds, checkFeeds, checkProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensors, scalar, showShape, sizeOf } from '../spec/tensor.js'
import type { Optimizer } from '../training/step.js'
import { withUpdates } from '../training/step.js'
import { bothWaysBy, feedsFor } from './trial.js'

/** Where in a training step a node stands. */
export type Phase = 'forward' | 'backward' | 'update'

/** A network as it is asked node by node: a training step where it can be trained, with everything that it is fed. */
export interface Subject {
  readonly name: string
  readonly program: Program
  readonly feeds: Tensors
  /** by the names of nodes */
  readonly phases: Readonly<Record<string, Phase>>
  /** what the network answers */
  readonly answers: readonly string[]
}

/** How a network is made a training step. */
export interface StepOptions {
  /** of what is drawn */
  readonly seed: number
  /** momentum unless it is told otherwise */
  readonly optimizer?: Optimizer
  /** what is given in place of what would be drawn */
  readonly given?: Tensors
}

// a rate at which f32 rounds, and a step that is neither the first nor even
const rate = Math.fround(0.05)
const stepNumber = 3

/** The most elements that a value of a network may have: the oracle makes all of them. */
export const largestValue = 2 ** 27

const ensureFits = (program: Program): Result<void> =>
  F.pipe(
    checkProgram(program),
    E.flatMap(({ shapes }) => {
      const large = Object.entries(shapes).find(([, shape]) => sizeOf(shape) > largestValue)
      return ensure(
        large === undefined,
        'TooLarge',
        `${large?.[0]} has shape ${showShape(large?.[1] ?? [])}; a value has at most ${largestValue} elements`,
      )
    }),
  )

const phasesOf = ({ nodes }: Program): Subject['phases'] => {
  const ofGradients = new Set<string>()
  return Object.fromEntries(
    nodes.map(({ name, op, direction, inputs, outputs }): readonly [string, Phase] => {
      if (opOf(op).family === 'optimizer') return [name, 'update']
      const isBackward = direction === 'backward' || Object.values(inputs).some((value) => ofGradients.has(value))
      if (isBackward) for (const value of Object.values(outputs)) ofGradients.add(value)
      return [name, isBackward ? 'backward' : 'forward']
    }),
  )
}

/** The inputs of a program that its outputs depend on by ops with gradients. */
const reaching = ({ inputs, nodes, outputs }: Program): readonly string[] => {
  const reached = new Set(outputs)
  for (const node of nodes.toReversed()) {
    const op = opOf(node.op)
    if (!cotangentNames(op).some((output) => reached.has(node.outputs[output] ?? ''))) continue
    for (const input of gradientNames(op, node.inputs)) reached.add(node.inputs[input] as string)
  }
  return Object.keys(inputs).filter((name) => reached.has(name))
}

// what an optimizer keeps of a parameter: velocities have either sign, means of squares none
const isSigned = (name: string): boolean => /\.(velocity|m)$/.test(name)

const drawnState = (name: string, shape: Shape, seed: number): Tensor => {
  if (shape.length === 0) return scalar(stepNumber)
  const draw = draws(keyOf(`state ${seed} ${name}`))
  return generate(shape, () => Math.fround((isSigned(name) ? 2 * draw.uniform() - 1 : 0.25 + draw.uniform()) / 4))
}

/**
 * A network with its losses, the gradients of their sum by its inputs and parameters, and an update of each parameter. What
 * has no gradient is asked forward alone.
 *
 * Errors  TooLarge – a value of more than 2²⁷ elements; what `bothWays`, the optimizer and `checkFeeds` refuse; with the
 *         network's name in front
 */
export const subjectOf = (
  name: string,
  network: Network,
  {
    seed,
    optimizer = { op: 'momentum', attrs: { momentum: Math.fround(0.9), weightDecay: Math.fround(1e-3) } },
    given = {},
  }: StepOptions,
): Result<Subject> => {
  const answers = [network.output, ...network.auxiliaries]
  const active = new Set(reaching({ ...network.program, outputs: answers }))
  const parameters = Object.fromEntries(Object.entries(network.parameters).filter(([value]) => active.has(value)))
  const by = [...active].filter((value) => network.kept[value] === undefined)
  const made: Result<{ readonly program: Program; readonly state: Readonly<Record<string, Shape>> }> =
    by.length === 0
      ? E.right({ program: network.program, state: {} })
      : F.pipe(
          bothWaysBy(network, by),
          E.flatMap((both) =>
            Object.keys(parameters).length === 0
              ? E.right({ program: both.program, state: {} })
              : withUpdates(both, optimizer, parameters),
          ),
        )
  return F.pipe(
    made,
    E.tap(({ program }) => ensureFits(program)),
    E.flatMap(({ program, state }) => {
      const { learningRate, ...others } = program.inputs
      const drawn = feedsFor(network, { ...program, inputs: others }, seed)
      const kept = Object.entries(state).filter(([value]) => network.parameters[value] === undefined)
      const feeds = {
        ...drawn,
        ...(learningRate === undefined ? {} : { learningRate: scalar(rate) }),
        ...Object.fromEntries(kept.map(([value, shape]) => [value, drawnState(value, shape, seed)])),
        ...given,
      }
      return subject(name, program, feeds, answers)
    }),
    E.mapLeft(within(name)),
  )
}

const subject = (name: string, program: Program, feeds: Tensors, answers: readonly string[]): Result<Subject> =>
  F.pipe(
    checkFeeds(program.inputs, feeds),
    // feeds are what a backend has of them
    E.map(() => ({ name, program, feeds: mapTensors(Math.fround, feeds), phases: phasesOf(program), answers })),
  )

// what the inputs of ops are, by the names that they have there
const learned: Readonly<Record<string, Pick<Parameter, 'first'>>> = {
  ...{ w: {}, wIh: {}, wHh: {}, b: { first: 0 }, bIh: { first: 0 }, bHh: { first: 0 } },
  ...{ gamma: { first: 1 }, beta: { first: 0 } },
}
const constant: Readonly<Record<string, Kept['first']>> = { runningMean: 0, runningVar: 1, h0: 0, c0: 0 }

// add and mul have an input b that is no bias
const hasWeights = (op: OpName): boolean => ['w', 'wIh', 'gamma'].some((input) => Object.hasOwn(opOf(op).inputs, input))

const isOptimizer = (op: OpName): boolean => opOf(op).family === 'optimizer'

/** The first use of each input of a program: by which input of which op. */
const usesOf = ({ nodes }: Program): ReadonlyMap<string, { readonly input: string; readonly node: ProgramNode }> =>
  new Map(
    nodes
      .flatMap((node) => Object.entries(node.inputs).map(([input, value]) => [value, { input, node }] as const))
      .toReversed(),
  )

/**
 * A program of somebody's own as a network: what ops read as weights, biases, gains and filters are its parameters, or
 * those told; running statistics and first states are kept.
 */
export const networkOfProgram = (program: Program, told?: readonly string[]): Network => {
  const uses = usesOf(program)
  const entries = Object.entries(program.inputs).map(([name, shape]) => {
    const use = uses.get(name)
    return { name, shape, input: use !== undefined && hasWeights(use.node.op) ? use.input : '' }
  })
  const isKept = (input: string): boolean => Object.hasOwn(constant, input)
  const isLearned = (name: string, input: string): boolean => told?.includes(name) ?? Object.hasOwn(learned, input)
  const fanOf = (shape: Shape): number => Math.max(1, sizeOf(shape.slice(1)))
  const [output = '', ...auxiliaries] = program.outputs
  return {
    program,
    parameters: Object.fromEntries(
      entries
        .filter(({ name, input }) => isLearned(name, input) && !isKept(input))
        .map(({ name, shape, input }): readonly [string, Parameter] => [
          name,
          { shape, fanIn: fanOf(shape), fanOut: Math.max(1, shape[0] ?? 1), gain: 2, ...learned[input] },
        ]),
    ),
    kept: Object.fromEntries(
      entries
        .filter(({ input }) => isKept(input))
        .map(({ name, shape, input }): readonly [string, Kept] => [name, { shape, first: constant[input] as number }]),
    ),
    output,
    auxiliaries,
  }
}

/**
 * A program of somebody's own to be asked node by node: one of forward nodes alone is made a training step, as `subjectOf`
 * makes a network of the zoo; any other is asked as it is. What is not given is drawn from the seed.
 *
 * Errors  MissingInput – it answers nothing; and what `checkProgram`, `checkFeeds` and the ops refuse
 */
export const subjectOfProgram = (
  name: string,
  program: Program,
  options: StepOptions & { readonly learned?: readonly string[] },
): Result<Subject> => {
  const { seed, given = {}, learned: told } = options
  const isForward = program.nodes.every(({ op, direction }) => direction === 'forward' && !isOptimizer(op))
  const network = networkOfProgram(program, told)
  const scalars = Object.fromEntries(
    attributeFeeds(program).map((feed) => [feed, scalar(feed === stepFeed ? stepNumber : rate)]),
  )
  const stranger = Object.keys(given).find((value) => program.inputs[value] === undefined)
  return F.pipe(
    ensureFits(program),
    E.flatMap(() =>
      ensure(program.outputs.length > 0, 'MissingInput', 'it answers nothing; its outputs name what it does'),
    ),
    E.flatMap(() =>
      ensure(
        stranger === undefined,
        'UnexpectedInput',
        `the program has no input ${stranger}; it has ${Object.keys(program.inputs).join(', ')}`,
      ),
    ),
    E.mapLeft(within(name)),
    E.flatMap(() =>
      isForward
        ? subjectOf(name, network, { ...options, given: { ...scalars, ...given } })
        : F.pipe(
            subject(name, program, { ...feedsFor(network, program, seed), ...scalars, ...given }, program.outputs),
            E.mapLeft(within(name)),
          ),
    ),
  )
}
