import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import { differentiate } from '../../spec/differentiate.js'
import type { Network } from '../../spec/networks/network.js'
import { initialKept } from '../../spec/networks/network.js'
import type { LossName } from '../../spec/networks/zoo.js'
import type { Program } from '../../spec/program.js'
import { checkProgram } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { scalar } from '../../spec/tensor.js'
import { placed, same } from '../placed.js'
import type { Optimizer } from '../step.js'
import { initialState, lossProgram, stepOf } from '../step.js'

/** How a relaxed network is learnt: its weights by one optimizer, its architecture parameters by another. */
export interface Relaxation {
  readonly loss: LossName
  readonly weights: Optimizer
  readonly architecture: Optimizer
}

/** A step of both, in which the architecture moves first. */
export interface AlternatingProgram {
  /** carries the weights, the architecture parameters, and what their optimizers keep */
  readonly program: Program
  /** the losses before the step: of the examples that judge, and of those that are learnt from */
  readonly losses: { readonly architecture: string; readonly weights: string }
  readonly begun: (parameters: Tensors) => Tensors
  readonly feeds: (
    examples: { readonly judging: Some; readonly learning: Some },
    rates: { readonly architecture: number; readonly weights: number },
  ) => Tensors
}

interface Some {
  readonly x: Tensor
  readonly target: Tensor
}

const examplesAs = (prefix: string, { x, target }: Some): Tensors => ({
  [`${prefix}.x`]: x,
  [`${prefix}.target`]: target,
})

/**
 * One step of the first-order search of architectures by gradients: the architecture α by examples that the weights do not
 * learn from, then the weights w by their own, under the new α.
 *
 *   α ← α − ξ·∇_α L_judging(w, α),   w ← w − η·∇_w L_learning(w, α)
 *
 * each by its optimizer. The second-order term, of how w would follow α, is left out.
 *
 * Feeds   architecture.x, architecture.target, weights.x, weights.target, and the rates, as `feeds` makes them
 * Errors  MissingInput – an architecture parameter that the network has not; AttributeOutOfRange – none, or nothing else to
 *         learn; what `lossProgram`, `differentiate` and the optimizers refuse
 * Source  Liu, Simonyan and Yang, "DARTS: differentiable architecture search", 2019, algorithm 1 with ξ = 0
 */
export const alternatingProgram = (
  network: Network,
  architecture: readonly string[],
  { loss, ...optimizers }: Relaxation,
): Result<AlternatingProgram> => {
  const all = Object.keys(network.parameters)
  const stranger = architecture.find((name) => !all.includes(name))
  const weights = all.filter((name) => !architecture.includes(name))
  const kept = Object.keys(network.kept)
  const stepBy = (names: readonly string[], optimizer: Optimizer): Result<Program> =>
    F.pipe(
      lossProgram(network, { loss }),
      E.flatMap((withLoss) => differentiate(withLoss, 'loss', names)),
      E.flatMap((both) => stepOf({ parameters: network.parameters, kept: [] }, { loss, optimizer }, both)),
    )
  return F.pipe(
    E.Do,
    E.tap(() => ensure(stranger === undefined, 'MissingInput', `the network has no parameter ${stranger}`)),
    E.tap(() =>
      ensure(
        architecture.length > 0 && weights.length > 0,
        'AttributeOutOfRange',
        `${architecture.length} architecture parameters and ${weights.length} others; at least one of each is wanted`,
      ),
    ),
    E.bind('first', () => stepBy(architecture, optimizers.architecture)),
    E.bind('second', () => stepBy(weights, optimizers.weights)),
    E.map(({ first, second }): AlternatingProgram => {
      const state = { ...first.carry, ...second.carry }
      const own = [...new Set([...Object.keys(state), ...all, ...kept])]
      // the weights' step reads the architecture as the first left it
      const moved = Object.fromEntries(
        architecture.map((name) => [name, `architecture.${first.carry[name] as string}`]),
      )
      const inputsOf = (prefix: string, { inputs }: Program): Program['inputs'] =>
        Object.fromEntries(
          Object.entries(inputs).map(([name, shape]) => [own.includes(name) ? name : `${prefix}.${name}`, shape]),
        )
      const carried = (prefix: string, { carry }: Program): Program['carry'] =>
        Object.fromEntries(Object.entries(carry).map(([name, value]) => [name, `${prefix}.${value}`]))
      const losses = { architecture: 'architecture.loss', weights: 'weights.loss' }
      return {
        program: {
          inputs: { ...inputsOf('architecture', first), ...inputsOf('weights', second) },
          nodes: [
            ...placed('architecture', first, same(own)),
            ...placed('weights', second, { ...same(own), ...moved }),
          ],
          outputs: Object.values(losses),
          carry: {
            ...carried('architecture', first),
            ...carried('weights', second),
            ...Object.fromEntries(kept.map((name) => [name, name])),
          },
        },
        losses,
        begun: (parameters) => {
          const some = (names: readonly string[]): Tensors =>
            Object.fromEntries(names.map((name) => [name, parameters[name] as Tensor]))
          return {
            ...initialKept(network),
            ...initialState(some(architecture), optimizers.architecture),
            ...initialState(some(weights), optimizers.weights),
          }
        },
        feeds: ({ judging, learning }, rates) => ({
          ...examplesAs('architecture', judging),
          ...examplesAs('weights', learning),
          ...Object.fromEntries(
            (['architecture', 'weights'] as const).flatMap((prefix) => [
              [`${prefix}.d.loss`, scalar(1)],
              [`${prefix}.learningRate`, scalar(Math.fround(rates[prefix]))],
            ]),
          ),
        }),
      }
    }),
    E.tap(({ program }) => checkProgram(program)),
  )
}
