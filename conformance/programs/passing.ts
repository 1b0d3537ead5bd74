import { either as E, function as F } from 'fp-ts'
import { roundAttributes } from '../../spec/attributes.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { mapValues } from '../../spec/field.js'
import type { ProgramNode } from '../../spec/program.js'
import { nodeAttributes } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor, sumOf } from '../../spec/tensor.js'
import { own } from '../named.js'
import type { Knowing, Near, Nearly } from './passing/near.js'
import { cotangent, largest, magnitude, outputsNear } from './passing/near.js'
import type { Passing } from './passing/ways.js'
import { isCopying, passingOf } from './passing/ways.js'

/**
 * What is known of values that a backend was not asked for: what they are in the oracle, and how far from that a right backend
 * may be. Behind them, many ops pass a bound on. With y(x) what an op answers and x′ within b of x:
 *
 *   |y(x) − y(x′)| ≤ y(b)                             what copies, chooses, adds, averages or drops out
 *   |y(x) − y(x′)| ≤ y(|x| + b) − y(|x|)              what is linear in each of its inputs: products, convolutions
 *   |y(x) − y(x′)| ≤ L·b                              units, L being the largest slope
 *   |y(x) − y(x′)| ≤ max |y(x) − y(x ± b)|            what goes by element, up or down: gradients of units, updates
 *   |y(x) − y(x′)| ≤ γ/√(v + ε)·b                     a norm of known statistics
 *   |y(x) − y(x′)| ≤ y(x)·(e^2B − 1), or 2B           shares along an axis, or their logarithms, B being the largest b
 *
 * and norms of a batch, losses and their gradients as told where they stand, so that networks of which only the last layer is
 * answered, as they are run, and steps of which only the loss is, as they are trained, are held to what they do together.
 */

/** Whether a node copies, chooses or adds. */
export const copies = ({ op, direction }: ProgramNode): boolean => direction === 'forward' && isCopying(op)

/** What a node reads by its slots. */
const slotsOf = ({ inputs, cotangents }: ProgramNode): Readonly<Record<string, string>> => ({
  ...inputs,
  ...Object.fromEntries(Object.entries(cotangents).map(([output, value]) => [cotangent(output), value])),
})

/** Whether a node passes on what may be wrong with what it reads, given of what that is known exactly. */
export const passes = (node: ProgramNode, isExact: (value: string) => boolean): boolean => {
  const passing = passingOf(node.op, node.direction)
  return (
    passing !== undefined &&
    Object.entries(slotsOf(node)).every(([slot, value]) => (passing.off?.includes(slot) ?? true) || isExact(value))
  )
}

// where so much of a value may be wrong nothing is learned of it
const vague = 2 ** -6

/** Whether a bound says nothing of most of a value. */
const isVague = ({ value, bound }: Near): boolean => {
  const mean = sumOf(bound.data) / Math.max(1, bound.data.length)
  return !Number.isFinite(mean) || mean > vague * Math.max(1, largest(magnitude(value)))
}

/**
 * The outputs of a node that passes bounds on, of what is known exactly and what is known nearly; without those whose bounds grow
 * to what says nothing. Errors: what the op refuses
 */
export const passedOn = (
  oracle: Knowing,
  node: ProgramNode,
  known: Tensors,
  nearly: Nearly,
  feeds: Tensors,
): Result<Nearly> => {
  const slots = slotsOf(node)
  const bySlot = (part: (value: string) => Tensor): Tensors => mapValues(part, slots)
  const toSelf = (names: Readonly<Record<string, string>>, called: (slot: string) => string = (slot) => slot) =>
    Object.fromEntries(Object.keys(names).map((slot) => [slot, called(slot)]))
  const bare: ProgramNode = {
    ...node,
    inputs: toSelf(node.inputs),
    cotangents: toSelf(node.cotangents, cotangent),
    outputs: toSelf(node.outputs),
  }
  return F.pipe(
    nodeAttributes(node, feeds),
    E.flatMap((attrs) =>
      (passingOf(node.op, node.direction) as Passing).way({
        attrs: roundAttributes(opOf(node.op).attrs, attrs),
        values: bySlot((value) => own(known, value) ?? (own(nearly, value) as Near).value),
        bounds: bySlot((value) => own(nearly, value)?.bound ?? mapTensor(() => 0, own(known, value) as Tensor)),
        of: (numbers) => outputsNear(oracle, bare, numbers, feeds),
      }),
    ),
    E.map((answers) =>
      Object.fromEntries(
        Object.entries(node.outputs).flatMap(([slot, name]) => {
          const near = own(answers, slot)
          return near === undefined || isVague(near) ? [] : [[name, near]]
        }),
      ),
    ),
  )
}
