import { either as E, function as F } from 'fp-ts'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept } from '../spec/networks/network.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { attributeFeeds } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { sameShape, scalar, sizeOf, tensor } from '../spec/tensor.js'
import type { Method } from './step.js'
import { forwardNode, learnedOf, lossProgram, stepOf } from './step.js'

/**
 * A step whose batch goes through the network in parts, one after the other, so that it keeps the activations of one part at
 * a time. Losses are means over their examples, so that the batch's is that of its parts, each weighted by its share m/B:
 *
 *   loss = Σ_p (m_p/B)·loss_p        ∂loss/∂w = Σ_p (m_p/B)·∂loss_p/∂w
 *
 * Values of part p have `micro<p>.` before their names, p counting from 1.
 */

/** The sizes of the parts: each of so many examples, but the last, which has what is left. */
export const microBatches = (batch: number, micro: number): readonly number[] =>
  Array.from({ length: Math.ceil(batch / micro) }, (_, p) => Math.min(micro, batch - p * micro))

/** The name that a value of a part goes by. */
export const inPart = (part: number, value: string): string => `micro${part + 1}.${value}`

const shareName = (part: number): string => inPart(part, 'share')

const joined = <A>(records: readonly Readonly<Record<string, A>>[]): Readonly<Record<string, A>> =>
  Object.fromEntries(records.flatMap((record) => Object.entries(record)))

/** What a part keeps as the first does is shared; another shape, such as a smaller batch's state, is a part's own. */
const ownKept = (first: Network, other: Network): readonly string[] =>
  Object.keys(other.kept).filter((name) => !sameShape(other.kept[name]?.shape ?? [], first.kept[name]?.shape ?? []))

/** First values of what the parts keep, by the names that a step has for them. */
export const partsKept = (parts: readonly Network[]): Tensors =>
  joined(
    parts.map((network, p) => {
      const own = ownKept(parts[0] as Network, network)
      return Object.fromEntries(
        Object.entries(initialKept(network)).map(([name, value]) => [
          own.includes(name) ? inPart(p, name) : name,
          value,
        ]),
      )
    }),
  )

/** What of a network goes by the whole batch, if anything does: its node, or what it carries from step to step. */
const boundToBatch = ({ program: { nodes, carry } }: Network): string | undefined => {
  const node = nodes.find(({ op }) => op === 'batchNormTraining')
  const carried = Object.keys(carry).find((name) => carry[name] !== name)
  return node !== undefined
    ? `${node.name} is a batch norm, which goes by the mean and variance of its batch`
    : carried === undefined
      ? undefined
      : `${carried} is renewed by every batch`
}

/**
 * Whether batches can go through a network in parts of so many examples.
 *
 * Errors  AttributeOutOfRange – no whole number from 1 to the batch, or a network with batch norm, of which every part would
 *         have another mean
 */
export const microBatchFits = (network: Network, batch: number, micro: number): Result<void> => {
  const bound = boundToBatch(network)
  return F.pipe(
    ensure(
      Number.isInteger(micro) && micro >= 1 && micro <= batch,
      'AttributeOutOfRange',
      `micro-batches of ${micro}: wanted a whole number from 1 to the batch, which is ${batch}`,
    ),
    E.flatMap(() =>
      ensure(
        bound === undefined,
        'AttributeOutOfRange',
        `micro-batches of ${micro} would not give the gradient of the batch: ${bound}`,
      ),
    ),
  )
}

// a part's forward, loss and reverse, every value but the parameters and what all parts share under the part's name
const passOf = (
  parts: readonly Network[],
  p: number,
  method: Method,
  learned: readonly string[],
): Result<{ readonly program: Program; readonly gradients: Readonly<Record<string, string>> }> => {
  const network = parts[p] as Network
  const own = ownKept(parts[0] as Network, network)
  return F.pipe(
    lossProgram(network, method),
    E.map((forward): Program => ({
      ...forward,
      inputs: { ...forward.inputs, share: [] },
      nodes: [...forward.nodes, forwardNode('weighted', 'mul', { a: 'loss', b: 'share' }, { y: 'weighted' })],
      outputs: ['weighted'],
    })),
    E.flatMap((forward) =>
      F.pipe(
        differentiate(forward, 'weighted', learned),
        E.map(({ program, gradients }) => ({ forward, program, gradients })),
      ),
    ),
    E.map(({ forward, program, gradients }) => {
      const fed = attributeFeeds(forward)
      const apart = new Set(['x', 'target', 'share', ...fed, ...own])
      const named = (value: string): string =>
        value === gradientName('weighted')
          ? gradientName('loss')
          : program.inputs[value] !== undefined && !apart.has(value)
            ? value
            : inPart(p, value)
      const renamed = (names: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
        Object.fromEntries(Object.entries(names).map(([input, value]) => [input, named(value)]))
      return {
        program: {
          inputs: Object.fromEntries(Object.entries(program.inputs).map(([name, shape]) => [named(name), shape])),
          nodes: program.nodes.map((node): ProgramNode => ({
            ...node,
            name: inPart(p, node.name),
            attrs: Object.fromEntries(
              Object.entries(node.attrs).map(([name, value]) => [
                name,
                typeof value === 'object' && 'feed' in value ? { feed: named(value.feed) } : value,
              ]),
            ),
            inputs: renamed(node.inputs),
            cotangents: renamed(node.cotangents),
            outputs: renamed(node.outputs),
          })),
          outputs: [inPart(p, 'weighted')],
          carry: renamedCarry(program.carry, named),
        },
        gradients: renamed(gradients),
      }
    }),
  )
}

const renamedCarry = (carry: Program['carry'], named: (value: string) => string): Program['carry'] =>
  Object.fromEntries(Object.entries(carry).map(([to, from]) => [named(to), named(from)]))

/**
 * One step of a training, as `trainingProgram` has it, in parts. A part's gradient of a parameter is added to those before it
 * as soon as it is there.
 *
 * Feeds   micro<p>.x, micro<p>.target, micro<p>.share [] and micro<p>.<feed> [] of each scalar that some attribute is fed, for
 *         every part; learningRate [], d.loss [] (1), and a `<value>.weight` [] of each auxiliary loss
 * Errors  what `trainingProgram` refuses
 */
export const accumulatingProgram = (parts: readonly Network[], method: Method): Result<Program> =>
  F.pipe(
    learnedOf(parts[0] as Network, method),
    E.flatMap((learned) =>
      F.pipe(
        parts.map((_, p) => passOf(parts, p, method, learned)),
        E.sequenceArray,
        E.flatMap((passes) => {
          const last = passes.length - 1
          // the sum over parts 0 … p of what each has of a value
          const sumTo = (value: string, p: number, own: (p: number) => string): string =>
            p === 0 ? own(0) : p === last ? value : `${value}.to${p + 1}`
          const summed = (value: string, p: number, own: (p: number) => string): ProgramNode => {
            const name = sumTo(value, p, own)
            return forwardNode(name, 'add', { a: sumTo(value, p - 1, own), b: own(p) }, { y: name })
          }
          const gradientIn =
            (parameter: string) =>
            (p: number): string =>
              passes[p]?.gradients[parameter] as string
          const lossIn = (p: number): string => inPart(p, 'weighted')
          const nodes = passes.flatMap(({ program, gradients }, p) => {
            const parameterOf = new Map(Object.entries(gradients).map(([parameter, value]) => [value, parameter]))
            return program.nodes.flatMap((node) => [
              node,
              ...(p === 0 ? [] : Object.values(node.outputs)).flatMap((value) => {
                const parameter = parameterOf.get(value)
                return parameter === undefined ? [] : [summed(gradientName(parameter), p, gradientIn(parameter))]
              }),
            ])
          })
          const whole: Program = {
            inputs: joined(passes.map(({ program }) => program.inputs)),
            nodes: [...nodes, ...passes.slice(1).map((_, p) => summed('loss', p + 1, lossIn))],
            outputs: ['loss'],
            carry: joined(passes.map(({ program }) => program.carry)),
          }
          return stepOf({ parameters: (parts[0] as Network).parameters, kept: Object.keys(partsKept(parts)) }, method, {
            program: whole,
            gradients: Object.fromEntries(
              learned.map((name) => [name, sumTo(gradientName(name), last, gradientIn(name))]),
            ),
          })
        }),
      ),
    ),
  )

/** Rows first … first + count − 1 of a tensor. */
const rowsOf = ({ shape: [, ...row], data }: Tensor, first: number, count: number): Tensor => {
  const size = sizeOf(row)
  const all = data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data)
  return tensor([count, ...row], all.subarray(first * size, (first + count) * size))
}

/** A batch of examples in parts: rows of images or vectors, and of what is wanted of them. */
export const inParts = (
  example: { readonly x: Tensor; readonly target: Tensor },
  sizes: readonly number[],
): readonly { readonly x: Tensor; readonly target: Tensor }[] =>
  sizes.map((size, p) => {
    const first = sizes.slice(0, p).reduce((n, one) => n + one, 0)
    return { x: rowsOf(example.x, first, size), target: rowsOf(example.target, first, size) }
  })

/** Each part's share of the batch. */
export const partShares = (sizes: readonly number[]): Tensors => {
  const batch = sizes.reduce((n, one) => n + one, 0)
  return Object.fromEntries(sizes.map((size, p) => [shareName(p), scalar(Math.fround(size / batch))]))
}
