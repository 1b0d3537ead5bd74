import { opOf } from '../../spec/catalogue.js'
import type { Program, ProgramNode, Question } from '../../spec/program.js'
import { oneNode } from '../../spec/program.js'
import type { Shape, Tensors } from '../../spec/tensor.js'

/**
 * Questions backward put after the same op forward, so that a plan may let the one have what the other knows, or make both at
 * once.
 */

/** When the cotangents are there: before the op goes forward, or only after it. */
export type Cotangents = 'before' | 'after'

const result = 'forward'

/** A question's op forward, then backward as it asks: answers to it, and the first output forward, which is watched as well. */
export const askedAfterForward = (
  question: Question,
  cotangents: Cotangents,
): { readonly program: Program; readonly feeds: Tensors } => {
  const { program, feeds } = oneNode(question)
  const [node] = program.nodes as [ProgramNode]
  const [output] = Object.keys(opOf(question.op).outputs) as [string]
  const plain = { direction: 'forward', cotangents: {} } as const
  const forward: ProgramNode = { ...node, ...plain, name: result, outputs: { [output]: result } }
  const late = (value: string): string => `late ${value}`
  const copies = Object.values(node.cotangents).map((value): ProgramNode => ({
    ...plain,
    name: late(value),
    op: 'reshape',
    attrs: { shape: program.inputs[value] as Shape },
    inputs: { x: value },
    outputs: { y: late(value) },
  }))
  const backward: ProgramNode = {
    ...node,
    cotangents: Object.fromEntries(Object.entries(node.cotangents).map(([name, value]) => [name, late(value)])),
  }
  return {
    program: {
      ...program,
      nodes: cotangents === 'before' ? [forward, node] : [forward, ...copies, backward],
      outputs: [...program.outputs, result],
    },
    feeds,
  }
}

/** The question forward, and of all that was answered what answers it and what the one backward. */
export const answersApart = (
  question: Question,
  answers: Tensors,
): { readonly forward: { readonly question: Question; readonly answers: Tensors }; readonly backward: Tensors } => {
  const { [result]: value, ...backward } = answers
  const [output] = Object.keys(opOf(question.op).outputs) as [string]
  const { wanted: _, ...asked } = question
  return {
    forward: {
      question: { ...asked, direction: 'forward', cotangents: {}, wanted: [output] },
      answers: value === undefined ? {} : { [output]: value },
    },
    backward,
  }
}
