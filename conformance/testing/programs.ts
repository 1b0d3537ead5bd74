import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { parseOpName } from '../../spec/catalogue.js'
import type { Differentiated } from '../../spec/differentiate.js'
import { differentiate, gradientName } from '../../spec/differentiate.js'
import { shapesOf } from '../../spec/op.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'
import { scalar } from '../../spec/tensor.js'
import type { GoldenNode, GoldenProgram } from '../golden/read.js'

const nodesOf = (kind: string, nodes: readonly GoldenNode[]): Result<readonly ProgramNode[]> =>
  nodes.reduce<Result<readonly ProgramNode[]>>(
    (soFar, { op: name, attrs, inputs, outputs }, i) =>
      F.pipe(
        E.Do,
        E.bind('before', () => soFar),
        E.bind('op', () => parseOpName(name)),
        E.map(({ before, op }) => [
          ...before,
          { name: `${kind} ${i}: ${op}`, op, direction: 'forward' as const, attrs, inputs, cotangents: {}, outputs },
        ]),
      ),
    E.right([]),
  )

/** A golden program as a Program, its answer `loss`. */
export const programOf = ({ description, feeds }: GoldenProgram): Result<Program> =>
  F.pipe(
    nodesOf('node', description),
    E.map((nodes) => ({ inputs: shapesOf(feeds), nodes, outputs: ['loss'], carry: {} })),
  )

/** The same and its reverse, and for a training step its optimizer nodes, which read the gradients of the reverse. */
export const differentiated = (golden: GoldenProgram): Result<Differentiated> =>
  F.pipe(
    E.Do,
    E.bind('forward', () => programOf(golden)),
    E.bind('reversed', ({ forward }) => differentiate(forward, 'loss', Object.keys(golden.gradients))),
    E.bind('updates', () => nodesOf('update', golden.updates ?? [])),
    E.map(({ reversed: { program, ...reverse }, updates }) => {
      const ofGradients = Object.fromEntries(
        Object.entries(reverse.gradients).map(([name, value]) => [`gradient of ${name}`, value]),
      )
      const wired = updates.map((node) => ({
        ...node,
        inputs: Object.fromEntries(Object.entries(node.inputs).map(([name, v]) => [name, ofGradients[v] ?? v])),
      }))
      return { ...reverse, program: { ...program, nodes: [...program.nodes, ...wired] } }
    }),
  )

/** What a differentiated program is fed: its inputs, and 1 for the gradient of the loss. */
export const feedsOf = ({ feeds }: GoldenProgram): Tensors => ({ ...feeds, [gradientName('loss')]: scalar(1) })

const renamed = (names: Readonly<Record<string, string>>, from: string, to: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [name, value === from ? to : value]))

/**
 * A planted mistake: where two gradients of `value` should be added, as where a skip connection leaves, one is dropped
 * and the other, of summand 'a' or 'b', is taken for the sum.
 */
export const keepingOnly = (
  summand: 'a' | 'b',
  value: string,
  { program, gradients, seed }: Differentiated,
): Differentiated => {
  const sum = program.nodes.find(({ op, outputs }) => op === 'add' && outputs['y'] === gradientName(value))
  if (sum === undefined) throw new Error(`the gradient of ${value} is no sum`)
  const kept = sum.inputs[summand] as string
  const nodes = program.nodes
    .filter((node) => node !== sum)
    .map((node) => ({
      ...node,
      inputs: renamed(node.inputs, gradientName(value), kept),
      cotangents: renamed(node.cotangents, gradientName(value), kept),
    }))
  return { program: { ...program, nodes }, gradients: renamed(gradients, gradientName(value), kept), seed }
}
