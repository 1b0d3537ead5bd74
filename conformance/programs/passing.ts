import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import { roundAttributes } from '../../spec/attributes.js'
import { anyOrder, gamma, tau } from '../../spec/bound.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { mapValues } from '../../spec/field.js'
import type { Oracle } from '../../spec/oracle.js'
import type { ProgramNode, Question } from '../../spec/program.js'
import { nodeAttributes } from '../../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { foldNumbers, generate, mapTensor, sizeOf, zipTensors } from '../../spec/tensor.js'
import { expectWhole } from '../judge.js'
import { own, pick } from '../named.js'

/**
 * What is known of a value that a backend was not asked for: what it is in the oracle, and how far from that a right backend may
 * be. Behind it, many ops pass a bound on. With y(x) what an op answers and x′ within b of x:
 *
 *   |y(x) − y(x′)| ≤ y(b)                             what copies, chooses, adds, averages or drops out
 *   |y(x) − y(x′)| ≤ y(|x| + b) − y(|x|)              what is linear in each of its inputs: products, convolutions
 *   |y(x) − y(x′)| ≤ L·b                              units, L being the largest slope
 *   |y(x) − y(x′)| ≤ γ/√(v + ε)·b                     a norm of known statistics
 *   |y(x) − y(x′)| ≤ y(x)·(e^2B − 1), or 2B           shares along an axis, or their logarithms, B being the largest b
 *
 * so that layers of which only the last is answered, as networks are run, are held to what they do together.
 */
export interface Near {
  readonly value: Tensor
  readonly bound: Tensor
}

/** Values by name, and what they may be off by. */
export type Nearly = Readonly<Record<string, Near>>

const copying: readonly OpName[] = ['relu', 'add', 'concat', 'reshape', 'flatten', 'maxPool2d']

/** Whether a node copies, chooses or adds: that needs no more than its own op to pass a bound on. */
export const copies = ({ op, direction }: ProgramNode): boolean => direction === 'forward' && copying.includes(op)

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

/** By the slots of a node: what it reads, and what that may be off by. */
interface Read {
  readonly values: Tensors
  readonly bounds: Tensors
  readonly attrs: Attributes
  /** the node's output of other inputs */
  readonly of: (inputs: Tensors) => Result<Near>
}

/** What a node answers and may be off by: its own roundings, at the largest magnitudes of what it reads, and what it passes on. */
type Way = (read: Read) => Result<Near>

const magnitude = (x: Tensor): Tensor => mapTensor(Math.abs, x)

// what is on no grid of f32: of integers that are a little off a sum is rounded, though a sum of integers is not
const offGrid = 1 + 2 ** -33

/** The largest magnitudes that what is read may have. */
const uppermost = ({ values, bounds }: Read): Tensors =>
  Object.fromEntries(
    Object.entries(values).map(([slot, x]) => [
      slot,
      zipTensors([x, bounds[slot] as Tensor], (v, b) => (b > 0 ? (Math.abs(v) + b) * offGrid : Math.abs(v))),
    ]),
  )

const added = (value: Tensor, rounded: Tensor, off: Tensor): Near => ({
  value,
  bound: zipTensors([rounded, off], (one, other) => alsoOff * (one + other)),
})

/** The bound of what is off by itself. */
const itself: Way = (read) =>
  F.pipe(
    E.Do,
    E.bind('own', () => read.of(read.values)),
    E.bind('upper', () => read.of(uppermost(read))),
    E.bind('off', () => read.of(read.bounds)),
    E.map(({ own, upper, off }) => added(own.value, upper.bound, off.value)),
  )

// of the difference of two sums in f64
const cancelled = 2 ** -40

const multilinear: Way = (read) =>
  F.pipe(
    E.Do,
    E.bind('own', () => read.of(read.values)),
    E.bind('upper', () => read.of(uppermost(read))),
    E.bind('lower', () => read.of(mapValues(magnitude, read.values))),
    E.map(({ own, upper, lower }) =>
      added(
        own.value,
        upper.bound,
        zipTensors([upper.value, lower.value], (most, least) => most - least + cancelled * most),
      ),
    ),
  )

/** A function of each number by itself, which is nowhere steeper than that. */
const sloping =
  (steepest: (attrs: Attributes) => number): Way =>
  (read) =>
    F.pipe(
      read.of(read.values),
      E.map(({ value, bound }) =>
        added(
          value,
          bound,
          mapTensor((b) => steepest(read.attrs) * b, read.bounds['x'] as Tensor),
        ),
      ),
    )

const slope = ({ alpha }: Attributes): number => Math.max(1, Math.abs(Number(alpha ?? 0)))

/** A norm by statistics, factors and offsets that are known. */
const normed: Way = (read) => {
  const { values, bounds } = read
  const none = (slot: string): Tensor => mapTensor(() => 0, values[slot] as Tensor)
  const upper = uppermost(read)
  return F.pipe(
    E.Do,
    E.bind('own', () => read.of(values)),
    E.bind('upper', () => read.of({ ...values, x: upper['x'] as Tensor })),
    E.bind('off', () =>
      read.of({
        ...values,
        x: bounds['x'] as Tensor,
        gamma: magnitude(values['gamma'] as Tensor),
        beta: none('beta'),
        runningMean: none('runningMean'),
      }),
    ),
    E.map(({ own, upper, off }) => added(own.value, upper.bound, off.value)),
  )
}

const largest = ({ data }: Tensor): number => foldNumbers((most, b) => Math.max(most, b), 0, data)

const sharing =
  (off: (share: number, most: number) => number): Way =>
  (read) =>
    F.pipe(
      read.of(read.values),
      E.map(({ value, bound }) => {
        const most = largest(read.bounds['x'] as Tensor)
        return added(
          value,
          bound,
          mapTensor((share) => off(share, most), value),
        )
      }),
    )

const ways: Partial<Record<OpName, Way>> = {
  ...Object.fromEntries([...copying, 'avgPool2d', 'globalAvgPool', 'dropout'].map((op) => [op, itself])),
  ...Object.fromEntries(
    ['dense', 'conv2d', 'conv1d', 'convTranspose2d', 'mul', 'scaleChannels'].map((op) => [op, multilinear]),
  ),
  leakyRelu: sloping(slope),
  elu: sloping(slope),
  tanh: sloping(() => 1),
  softplus: sloping(() => 1),
  sigmoid: sloping(() => 1 / 4),
  batchNormInference: normed,
  softmax: sharing((share, most) => share * Math.expm1(2 * most)),
  logSoftmax: sharing((_, most) => 2 * most),
}

/** What else a node reads has to be known exactly. */
const isOfOneInput = (op: OpName): boolean => op === 'batchNormInference'

/** Whether a node passes on what may be wrong with what it reads, given of what that is known exactly. */
export const passes = ({ op, direction, inputs }: ProgramNode, isExact: (value: string) => boolean): boolean =>
  direction === 'forward' &&
  ways[op] !== undefined &&
  (!isOfOneInput(op) || Object.entries(inputs).every(([slot, value]) => slot === 'x' || isExact(value)))

// where so much of a value may be wrong nothing is learned of it
const vague = 2 ** -6

/** Whether a bound says nothing of most of a value. */
const isVague = ({ value, bound }: Near): boolean => !(largest(bound) <= vague * Math.max(1, largest(magnitude(value))))

/**
 * The outputs of a node that passes bounds on, of what is known exactly and what is known nearly; none where a bound grows to
 * what says nothing. Errors: what the op refuses
 */
export const passedOn = (
  oracle: Oracle,
  node: ProgramNode,
  known: Tensors,
  nearly: Nearly,
  feeds: Tensors,
): Result<Nearly> => {
  const [output = '', name = ''] = Object.entries(node.outputs)[0] ?? []
  const bySlot = (part: (value: string) => Tensor): Tensors => mapValues(part, node.inputs)
  const slots = Object.fromEntries(Object.keys(node.inputs).map((slot) => [slot, slot]))
  const bare: ProgramNode = { ...node, inputs: slots, outputs: { [output]: output } }
  return F.pipe(
    nodeAttributes(node, feeds),
    E.flatMap((attrs) =>
      (ways[node.op] as Way)({
        attrs,
        values: bySlot((value) => own(known, value) ?? (own(nearly, value) as Near).value),
        bounds: bySlot((value) => own(nearly, value)?.bound ?? mapTensor(() => 0, own(known, value) as Tensor)),
        of: (inputs) =>
          F.pipe(
            outputsNear(oracle, bare, inputs, feeds),
            E.map((near) => near[output] as Near),
          ),
      }),
    ),
    E.map((near) => (isVague(near) ? {} : { [name]: near })),
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
