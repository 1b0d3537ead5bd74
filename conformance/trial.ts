import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Differentiated } from '../spec/differentiate.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { EtalonError, Result } from '../spec/error.js'
import { within } from '../spec/error.js'
import { describeNetwork } from '../spec/networks/describe.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept, networkOf, parameterCount, stepFeed, trainingBy } from '../spec/networks/network.js'
import type { AskedOfRecurrent, Wanted } from '../spec/networks/zoo.js'
import {
  hasAuxiliaries,
  recurrentInWords,
  isRecurrent,
  networkNamed,
  networkNames,
  trialOf,
  variantsOf,
} from '../spec/networks/zoo.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { checkProgram, roundProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { scalar, sizeOf, tensor } from '../spec/tensor.js'
import type { Effort } from './elements.js'
import type { TimeLimit } from './guarded.js'
import { guarded } from './guarded.js'
import type { LockstepFinding } from './lockstep.js'
import { everyValue, judgeNode, stepOf } from './lockstep.js'
import { pieces } from './pieces.js'

/**
 * A network, or a block of one, that a backend is held against forward and backward: `small` ones whole, `block`s of
 * the large ones on small images, `large` ones on images of full size.
 */
export interface Trial {
  readonly name: string
  readonly kind: 'small' | 'block' | 'large'
  readonly network: () => Result<Network>
}

/** What a trial of a network of the zoo is called, after what is asked of it. */
export const trialName = (name: string, { variant, aux = false, ...asked }: Wanted): string =>
  [name, ...(variant === undefined ? [] : [variant]), ...(aux ? ['aux'] : []), ...recurrentInWords(asked)].join(' ')

/**
 * Everything there is to hold a backend against, in the order in which it is done: small, blocks, then large. Recurrent
 * networks are as they are asked for, and networks whole have so many examples at once as are asked for.
 */
export const trials = (seed: number, recurrent: AskedOfRecurrent = {}, examples?: number): readonly Trial[] => {
  const mode = trainingBy(seed)
  const inForms = networkNames.flatMap((name) => {
    const [, ...others] = variantsOf(name)
    const variants = [undefined, ...others]
    return variants.flatMap((variant) =>
      (hasAuxiliaries(name) ? [false, true] : [false]).map((aux) => ({
        name,
        wanted: { ...(variant === undefined ? {} : { variant }), aux, ...(isRecurrent(name) ? recurrent : {}) },
      })),
    )
  })
  const whole = inForms.map(({ name, wanted }): Trial => {
    const { isSmall, batch } = trialOf(name, wanted)
    return {
      name: trialName(name, wanted),
      kind: isSmall ? 'small' : 'large',
      network: () => networkNamed(name, { ...wanted, batch: examples ?? batch, mode }),
    }
  })
  const blocks = Object.entries(pieces()).map(([name, { shape, block }]): Trial => ({
    name,
    kind: 'block',
    network: () => E.right(networkOf(shape, block, mode)),
  }))
  return [...whole.filter(({ kind }) => kind === 'small'), ...blocks, ...whole.filter(({ kind }) => kind === 'large')]
}

const targetOf = (answer: string): string => `target.${answer}`

const forwardNode = (
  name: string,
  op: ProgramNode['op'],
  inputs: ProgramNode['inputs'],
  output: 'y' | 'loss',
): ProgramNode => ({ name, op, direction: 'forward', attrs: {}, inputs, cotangents: {}, outputs: { [output]: name } })

// rows of several scores are a classifier's logits
const isScores = (shape: Shape): boolean => shape.length === 2 && (shape[1] as number) > 1

/**
 * A network with the sum of a loss of each of its answers, and the gradients of that by x and by every parameter. A
 * classifier's loss is its cross-entropy, any other's its mean square.
 *
 * Errors  what `checkProgram` and `differentiate` refuse
 */
export const bothWays = (network: Network): Result<Program> =>
  F.pipe(
    bothWaysBy(network, ['x', ...Object.keys(network.parameters)]),
    E.map(({ program }) => program),
  )

/** The same with the gradients by any of its inputs, and their names. Errors: the same */
export const bothWaysBy = (
  { program, output, auxiliaries }: Pick<Network, 'program' | 'output' | 'auxiliaries'>,
  by: readonly string[],
): Result<Differentiated> =>
  F.pipe(
    checkProgram(program),
    E.flatMap(({ shapes }) => {
      const answers = [output, ...auxiliaries]
      const shapeOf = (answer: string): Shape => shapes[answer] as Shape
      const losses = answers.map((answer) =>
        isScores(shapeOf(answer))
          ? forwardNode(`loss.${answer}`, 'softmaxCrossEntropy', { logits: answer, target: targetOf(answer) }, 'loss')
          : forwardNode(`loss.${answer}`, 'mse', { prediction: answer, target: targetOf(answer) }, 'loss'),
      )
      const sums = losses
        .slice(1)
        .map(({ name }, i) =>
          forwardNode(
            `loss.sum${i + 1}`,
            'add',
            { a: i === 0 ? (losses[0]?.name ?? '') : `loss.sum${i}`, b: name },
            'y',
          ),
        )
      const whole: Program = {
        ...program,
        inputs: {
          ...program.inputs,
          ...Object.fromEntries(answers.map((answer) => [targetOf(answer), shapeOf(answer)])),
        },
        nodes: [...program.nodes, ...losses, ...sums],
        carry: {},
      }
      return differentiate(whole, [...losses, ...sums].at(-1)?.name ?? '', by)
    }),
  )

/**
 * The gradients of biases that batch norm takes away again, as its mean takes away any constant: mathematically 0, so
 * that what a backend answers is rounding.
 */
const cancellingIn = ({ nodes }: Program): ((node: ProgramNode) => readonly string[]) => {
  const centred = new Set(
    nodes.flatMap(({ op, direction, outputs: { x } }) =>
      op === 'batchNormTraining' && direction === 'backward' && x !== undefined ? [x] : [],
    ),
  )
  return ({ inputs: { b }, cotangents: { y } }) => (b !== undefined && y !== undefined && centred.has(y) ? ['b'] : [])
}

// numbers have been drawn under this word since it stood for a trial: another one would draw others
const keyFor = (seed: number, name: string): string => `exhibit ${seed} ${name}`

/** Numbers in f32, uniform from −a to a about a centre. */
const drawn = (name: string, shape: Shape, a: number, centre = 0): Tensor => {
  const draw = draws(keyOf(name))
  const data = new Float32Array(sizeOf(shape))
  for (let i = 0; i < data.length; i++) data[i] = centre + a * (2 * draw.uniform() - 1)
  return tensor(shape, data)
}

/**
 * Feeds of `bothWays`: weights of variance gain/fan-in, as He et al. have it, so that signals neither die nor grow on
 * their way through the network; biases off 0 and gains off 1, so that it shows where one is left out. A row of a
 * recurrent state's weights sums to less than 1 by magnitude: else errors may grow from step to step, and their bounds
 * do, until they say nothing.
 */
export const feedsFor = (network: Network, { inputs }: Program, seed: number): Tensors => {
  const own = Object.entries(network.parameters).map(([name, { shape, fanIn, gain, first }]) => [
    name,
    drawn(
      keyFor(seed, name),
      shape,
      first !== undefined || shape.length === 1
        ? 0.25
        : name.endsWith('.wHh')
          ? 1 / (shape[1] as number)
          : Math.sqrt((3 * gain) / fanIn),
      first ?? 0,
    ),
  ])
  const kept = initialKept(network)
  const others = Object.entries(inputs).flatMap(([name, shape]) => {
    if (name in network.parameters || name in kept) return []
    if (name === stepFeed) return [[name, scalar(3)]]
    if (name.startsWith(targetOf('')) && isScores(shape)) return [[name, oneHot(keyFor(seed, name), shape)]]
    // d.loss, the end of the chain
    if (shape.length === 0 && name.startsWith(gradientName(''))) return [[name, scalar(1)]]
    return [[name, drawn(keyFor(seed, name), shape, Math.sqrt(3))]]
  })
  return Object.fromEntries([...own, ...Object.entries(kept), ...others]) as Tensors
}

const oneHot = (name: string, shape: Shape): Tensor => {
  const [rows, classes] = shape as readonly [number, number]
  const draw = draws(keyOf(name))
  const data = new Float32Array(rows * classes)
  for (let n = 0; n < rows; n++) data[n * classes + draw.integer(0, classes - 1)] = 1
  return tensor(shape, data)
}

/** What came out of a trial. */
export interface TrialResult {
  readonly name: string
  readonly parameters: number
  /** forward, as `describe` counts them */
  readonly multiplyAdds: number
  readonly nodes: number
  /** elements that were judged, of those that all nodes wrote */
  readonly judged: number
  readonly of: number
  readonly worst: LockstepFinding
  /** where the bounds are widest, measured by the values */
  readonly loosest: LockstepFinding
  /** the first node outside its bound */
  readonly guilty?: LockstepFinding
}

/** What happens meanwhile. */
export type Moment =
  | { readonly what: 'drawing' | 'running' }
  | { readonly what: 'judging'; readonly node: string; readonly done: number; readonly of: number }

export interface TrialOptions {
  /** of the weights, the images and which elements are judged */
  readonly seed: number
  /** how much of a large answer is judged; by default as in any lockstep */
  readonly effort?: Effort
  /** how long the backend may take over the network; without it, as long as it likes */
  readonly limit?: TimeLimit
  readonly tell?: (moment: Moment) => void
}

/**
 * Runs a network on a backend, forward and backward, and judges every node of it in lockstep, large outputs by some of
 * their elements. All values come back to be judged, so it takes as much memory as the network's values and gradients.
 *
 * Errors  what the backend answers, such as LimitExceeded, and what the oracle refuses, with the trial's name in front
 */
export const runTrial =
  (
    backend: Backend,
    oracle: Oracle,
    { name, kind, network: make }: Trial,
    { seed, effort, limit, tell }: TrialOptions,
  ): taskEither.TaskEither<EtalonError, TrialResult> =>
  async () => {
    tell?.({ what: 'drawing' })
    const planned = F.pipe(
      E.Do,
      E.bind('network', make),
      E.bind('program', ({ network }) => F.pipe(bothWays(network), E.map(roundProgram))),
      E.bind('figures', ({ network }) => describeNetwork(name, network)),
      E.mapLeft(within(name)),
    )
    if (E.isLeft(planned)) return planned
    const { network, program, figures } = planned.right
    const feeds = feedsFor(network, program, seed)
    tell?.({ what: 'running' })
    const written = everyValue(program).filter((value) => !(value in feeds))
    // copies of a large network's weights would take as much memory again
    const asked = guarded(backend, { copying: kind !== 'large', ...(limit && { limit }) })
    const ran = await F.pipe(asked.run(program, feeds, written), TE.mapLeft(within(name)))()
    if (E.isLeft(ran)) return ran
    // feeds are in f32, so what a backend has of them are these numbers
    const values = { ...feeds, ...ran.right }
    const judge = judgeNode(oracle, backend.depth ?? anyOrder, values, {
      seed,
      cancelling: cancellingIn(program),
      ...(backend.conventions && { conventions: backend.conventions }),
      ...(effort === undefined ? {} : { effort }),
    })
    const findings: LockstepFinding[] = []
    for (const node of program.nodes) {
      tell?.({ what: 'judging', node: node.name, done: findings.length, of: program.nodes.length })
      const finding = judge(node)
      if (E.isLeft(finding)) return E.left(within(name)(finding.left))
      findings.push(finding.right)
    }
    const { worst, guilty } = stepOf(findings)
    return E.right({
      name,
      parameters: parameterCount(network),
      multiplyAdds: figures.totals.multiplyAdds,
      nodes: findings.length,
      judged: findings.reduce((n, { judgement }) => n + judgement.judged, 0),
      of: findings.reduce((n, { judgement }) => n + judgement.of, 0),
      worst,
      loosest: findings.reduce((a, b) => (b.judgement.looseness > a.judgement.looseness ? b : a)),
      ...(guilty === undefined ? {} : { guilty }),
    })
  }
