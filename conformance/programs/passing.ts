import { either as E, function as F } from 'fp-ts'
import { anyOrder, gamma, tau } from '../../spec/bound.js'
import { roundAttributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import type { Oracle } from '../../spec/oracle.js'
import type { ProgramNode, Question } from '../../spec/program.js'
import { nodeAttributes } from '../../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, sizeOf, zipTensors } from '../../spec/tensor.js'
import { expectWhole } from '../judge.js'
import { own, pick } from '../named.js'

/**
 * What is known of a value that a backend was not asked for: what it is in the oracle, and how far from that a right backend may
 * be. Behind it, ops that copy, choose or add pass a bound on: y of x within b is y(x) within y(b), for
 *
 *   |max(x, 0) − max(x′, 0)| ≤ |x − x′|,   |max_k x_k − max_k x′_k| ≤ max_k |x_k − x′_k|,   |(a + b) − (a′ + b′)| ≤ |a − a′| + |b − b′|
 *
 * so that a norm and a rectifier that were made one with a convolution are held to what they do together.
 */
export interface Near {
  readonly value: Tensor
  readonly bound: Tensor
}

/** Values by name, and what they may be off by. */
export type Nearly = Readonly<Record<string, Near>>

const passing: readonly OpName[] = ['relu', 'add', 'concat', 'reshape', 'flatten', 'maxPool2d']

export const passes = ({ op, direction }: ProgramNode): boolean => direction === 'forward' && passing.includes(op)

/** A node of a program with what it reads, as a question. */
const asked = (node: ProgramNode, values: Tensors, feeds: Tensors): Result<Question> =>
  F.pipe(
    nodeAttributes(node, feeds),
    E.map((attrs) => ({
      op: node.op,
      direction: node.direction,
      attrs: roundAttributes(opOf(node.op).attrs, attrs),
      inputs: pick(node.inputs, values),
      cotangents: pick(node.cotangents, values),
    })),
  )

const named = (node: ProgramNode, near: (output: string) => Near | undefined): Nearly =>
  Object.fromEntries(
    Object.entries(node.outputs).flatMap(([output, value]) => {
      const one = near(output)
      return one === undefined ? [] : [[value, one]]
    }),
  )

/** The outputs of a node, given what it reads. Errors: what the op refuses */
export const outputsNear = (oracle: Oracle, node: ProgramNode, known: Tensors, feeds: Tensors): Result<Nearly> =>
  F.pipe(
    asked(node, known, feeds),
    E.flatMap((question) => expectWhole(oracle, question, anyOrder)),
    E.map(({ values, bounds }) =>
      named(node, (output) => {
        const [value, bound] = [values[output], bounds[output]]
        return value && bound && { value, bound }
      }),
    ),
  )

// what an op rounds hangs on values that are a little off themselves
const alsoOff = 1 + 2 ** -10

/** The outputs of a node that passes bounds on, of what is known exactly and what is known nearly. Errors: what the op refuses */
export const passedOn = (
  oracle: Oracle,
  node: ProgramNode,
  known: Tensors,
  nearly: Nearly,
  feeds: Tensors,
): Result<Nearly> => {
  const read = Object.values(node.inputs)
  const of = (part: (name: string) => Tensor): Tensors => Object.fromEntries(read.map((name) => [name, part(name)]))
  const values = of((name) => own(known, name) ?? (own(nearly, name) as Near).value)
  const bounds = of((name) => own(nearly, name)?.bound ?? mapTensor(() => 0, own(known, name) as Tensor))
  return F.pipe(
    E.Do,
    E.bind('mine', () => outputsNear(oracle, node, values, feeds)),
    E.bind('passed', () => outputsNear(oracle, node, bounds, feeds)),
    E.map(({ mine, passed }) =>
      named(node, (output) => {
        const name = node.outputs[output] as string
        const [one, other] = [own(mine, name), own(passed, name)]
        return (
          one &&
          other && {
            value: one.value,
            bound: zipTensors([one.bound, other.value], (rounded, off) => alsoOff * (rounded + off)),
          }
        )
      }),
    ),
  )
}

const layers: readonly OpName[] = ['conv2d', 'conv1d', 'convTranspose2d', 'dense']

/** The layer right before a norm of known statistics, where nobody sees what is between. */
export const foldable = (
  nodes: readonly ProgramNode[],
  { op, direction, inputs }: ProgramNode,
  isSeen: (value: string) => boolean,
): ProgramNode | undefined =>
  op === 'batchNormInference' && direction === 'forward' && !isSeen(inputs['x'] as string)
    ? nodes.find(
        (layer) =>
          layer.direction === 'forward' &&
          layers.includes(layer.op) &&
          Object.values(layer.outputs).includes(inputs['x'] as string),
      )
    : undefined

const magnitude = (x: Tensor): Tensor => mapTensor(Math.abs, x)

/**
 * A layer and its norm made one by other weights, w′ = a·w and b′ = a·(b − mean) + β with a = γ/√(var + ε), as is usual where
 * nothing is learned any more. The sum of n products and the factor are rounded before they cancel: off by at most
 *
 *   γ(n + 1 + 8½ + 4)·a·(Σ|w·x| + |b| + |mean|) + γ(2)·|β| + τ
 *
 * which is more than the norm by itself may be off of an exact sum. Errors: what the ops refuse
 */
export const folded = (
  oracle: Oracle,
  layer: ProgramNode,
  norm: ProgramNode,
  known: Tensors,
  feeds: Tensors,
): Result<Tensor> => {
  const magnitudes = Object.fromEntries(
    Object.values(layer.inputs).flatMap((name) => {
      const one = own(known, name)
      return one === undefined ? [] : [[name, magnitude(one)]]
    }),
  )
  const of = (name: string): Tensor => own(known, norm.inputs[name] as string) as Tensor
  const weights = own(known, layer.inputs['w'] as string) as Tensor
  return F.pipe(
    E.Do,
    E.bind('attrs', () => nodeAttributes(norm, feeds)),
    E.bind('companion', () => outputsNear(oracle, layer, magnitudes, feeds)),
    E.map(({ attrs, companion }) => {
      const { value } = companion[norm.inputs['x'] as string] as Near
      const [, C = 1, ...rest] = value.shape
      const terms = sizeOf(weights.shape) / Math.max(1, C)
      const [gammas, betas, means, variances] = ['gamma', 'beta', 'runningMean', 'runningVar'].map((name) => of(name).data) as [Numbers, Numbers, Numbers, Numbers] // prettier-ignore
      const at = (numbers: Numbers, c: number): number => numbers[c] as number
      return generate(value.shape, (i) => {
        const c = Math.floor(i / sizeOf(rest)) % C
        const a = Math.abs(at(gammas, c)) / Math.sqrt(at(variances, c) + Number(attrs['epsilon']))
        const sum = a * ((value.data[i] as number) + Math.abs(at(means, c)))
        return gamma(terms + 13.5) * sum + gamma(2) * Math.abs(at(betas, c)) + tau
      })
    }),
  )
}
