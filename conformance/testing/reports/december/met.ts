import { either as E } from 'fp-ts'
import type { Program, ProgramNode } from '../../../../spec/program.js'
import { checkProgram } from '../../../../spec/program.js'
import type { Tensors } from '../../../../spec/tensor.js'
import type { Step } from '../lately/met.js'
import { forward } from '../told/programs.js'
import { back, isOptimizer } from '../woven/met.js'

/** What readers of programs ask of them. */

const losses = ['mse', 'bce', 'cce', 'softmaxCrossEntropy', 'bceWithLogits', 'hinge']
export const isLossBack = (node: ProgramNode): boolean => back(node, ...losses)

/** Nodes on the way back before this one that go back through the same node on the way there. */
export const backBefore = ({ program, node, at }: Step): readonly ProgramNode[] =>
  program.nodes
    .slice(0, at)
    .filter(
      (other) =>
        other.direction === 'backward' &&
        other.op === node.op &&
        JSON.stringify([other.inputs, other.attrs]) === JSON.stringify([node.inputs, node.attrs]),
    )

/** The nodes that read a value on the way there. */
export const readersThere = ({ nodes }: Program, name: string): readonly ProgramNode[] =>
  nodes.filter(({ direction, inputs }) => direction === 'forward' && Object.values(inputs).includes(name))

/** Inputs that some layer or norm takes for its weights. */
export const weightsOf = ({ inputs, nodes }: Program): readonly string[] => {
  const slots = ['w', 'b', 'gamma', 'beta', 'wIh', 'wHh', 'bIh', 'bHh']
  const read = new Set(
    nodes
      .filter((node) => node.direction === 'forward' && !isOptimizer(node) && !forward('l2Penalty')(node))
      .flatMap((node) => Object.entries(node.inputs).flatMap(([slot, name]) => (slots.includes(slot) ? [name] : []))),
  )
  return Object.keys(inputs).filter((name) => read.has(name))
}

/** The shapes of all values, where the program is sound. */
export const shapesOf = (program: Program): Readonly<Record<string, readonly number[]>> => {
  const checked = checkProgram(program)
  return E.isLeft(checked) ? {} : checked.right.shapes
}

export const shapeText = (feeds: Tensors, name: string): string => String(feeds[name]?.shape)

/** The name of the feed that gives an optimizer its rate. */
export const rateFeed = ({ attrs }: ProgramNode): string | undefined => {
  const rate = attrs['learningRate']
  return typeof rate === 'object' && 'feed' in rate ? rate.feed : undefined
}
