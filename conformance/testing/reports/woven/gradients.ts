import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { isInput, none, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { back, outputOf, sides } from './met.js'

/** What comes back, and what is worked out once more on the way. */

const gradientWriter = ({ program }: Step, name: string | undefined): ProgramNode | undefined => {
  const writer = name === undefined ? undefined : writerOf(program, name)
  return back(writer) ? writer : undefined
}
const slotOf = (node: ProgramNode, value: string): string | undefined =>
  Object.keys(node.outputs).find((slot) => node.outputs[slot] === value)
/** Whether a value is a gradient, or a sum of gradients. */
const comesBack = (step: Step, name: string): boolean => {
  const writer = writerOf(step.program, name)
  if (back(writer)) return true
  return (
    writer !== undefined &&
    forward('add')(writer) &&
    Object.values(writer.inputs).every((part) => comesBack(step, part))
  )
}
const firstOf = (step: Step, name: string): string => {
  const writer = writerOf(step.program, name)
  return writer !== undefined && forward('add')(writer) ? firstOf(step, writer.inputs['a'] as string) : name
}

/** What comes back to a value by several ways goes on from the first of them only. */
const onFromFirst: Misstep = (step) => {
  const { program, node, values } = step
  const y = outputOf(step)
  if (!forward('add')(node) || !comesBack(step, y)) return undefined
  const goesOn = program.nodes.some((other) => Object.values(other.cotangents).includes(y))
  return goesOn ? { [y]: values[firstOf(step, y)] as Tensor } : undefined
}

/** Weights of two products have the gradient of the one that comes last. */
const lastOfShared: Misstep = (step) => {
  const { node, values } = step
  if (!forward('add')(node)) return undefined
  const [a, b] = [gradientWriter(step, node.inputs['a']), gradientWriter(step, node.inputs['b'])]
  const ofWeights = (writer: ProgramNode | undefined, name: string): boolean =>
    writer?.op === 'dense' && slotOf(writer, name) === 'w'
  if (!ofWeights(a, node.inputs['a'] ?? '') || !ofWeights(b, node.inputs['b'] ?? '')) return undefined
  return a?.inputs['w'] === b?.inputs['w'] ? { [outputOf(step)]: values[node.inputs['b'] ?? ''] as Tensor } : undefined
}

/** Gradients of a sum are one in memory: what is added to one of them is added to the other. */
const oneInMemory: Misstep = (step) => {
  const { node, values } = step
  const y = outputOf(step)
  if (!forward('add')(node) || !comesBack(step, y)) return undefined
  for (const { one } of sides(node)) {
    const writer = gradientWriter(step, one)
    if (writer?.op !== 'add') continue
    const same = [...Object.values(writer.outputs), writer.cotangents['y'] ?? ''].filter((name) => name !== one)
    return Object.fromEntries(same.map((name) => [name, values[y] as Tensor]))
  }
  return undefined
}

/** What each row loses, as it stands while a loss is worked out. */
const scratchOf = (loss: ProgramNode, values: Tensors): readonly number[] => {
  const [x, t] = [values[loss.inputs['logits'] ?? ''] as Tensor, values[loss.inputs['target'] ?? ''] as Tensor]
  const [N = 1, C = 1] = x.shape
  const at = (of: Tensor, n: number, c: number): number => Number(of.data[n * C + c])
  if (loss.op === 'bceWithLogits')
    return numbersOf(x).map((v, i) => Math.max(v, 0) - v * Number(t.data[i]) + Math.log1p(Math.exp(-Math.abs(v))))
  return Array.from({ length: N }, (_, n) => {
    const row = Array.from({ length: C }, (_, c) => at(x, n, c))
    const most = Math.max(...row)
    const all = Math.log(row.reduce((soFar, v) => soFar + Math.exp(v - most), 0)) + most
    return row.reduce((soFar, v, c) => soFar + at(t, n, c) * (all - v), 0)
  })
}
const scored = ['softmaxCrossEntropy', 'bceWithLogits']
/** What another loss of the same logits leaves behind, which has no way back itself, is added to their gradient. */
const leftBehind: Misstep = (step) => {
  const { program, node, values } = step
  const [logits, gradient] = [node.inputs['logits'], node.outputs['logits']]
  if (!back(node, ...scored) || logits === undefined || gradient === undefined) return undefined
  const other = program.nodes.find(
    (loss) =>
      forward(...scored)(loss) &&
      loss.inputs['logits'] === logits &&
      !program.nodes.some(
        (way) =>
          back(way, loss.op) && way.inputs['logits'] === logits && way.inputs['target'] === loss.inputs['target'],
      ),
  )
  if (other === undefined) return undefined
  const scratch = scratchOf(other, values)
  return { [gradient]: changed(values[gradient] as Tensor, (v, _, at) => v + (scratch[at] ?? 0)) }
}

/** A mask that is drawn again on the way back is another one. */
const anotherMask: Misstep = ({ program, node, anew, attrs }) => {
  const there = program.nodes.some((other) => forward('dropout')(other) && other.inputs['x'] === node.inputs['x'])
  return back(node, 'dropout') && there
    ? anew({ attrs: { ...attrs, stream: (Number(attrs['stream']) + 1) % 2 ** 32 } })
    : undefined
}

/** Statistics move once more when a norm is worked out again on the way back. */
const movedTwice: Misstep = ({ program, node, values, anew }) => {
  if (!forward('batchNormTraining')(node)) return undefined
  const again = program.nodes.some((other) => back(other, node.op) && other.inputs['x'] === node.inputs['x'])
  const moved = ['runningMean', 'runningVar'].filter((slot) => node.outputs[slot] !== undefined)
  if (!again || moved.length === 0) return undefined
  const once = Object.fromEntries(moved.map((slot) => [slot, values[node.outputs[slot] as string] as Tensor]))
  const twice = anew({ inputs: once })
  return Object.fromEntries(
    moved.map((slot) => [node.outputs[slot] as string, twice[node.outputs[slot] as string] as Tensor]),
  )
}

/** Gradients that are gathered over steps are those of the last one. */
const notGathered: Misstep = (step) => {
  const { program, node, values } = step
  const y = outputOf(step)
  if (!forward('add')(node)) return undefined
  const side = sides(node).find(
    ({ one, other }) => isInput(program, one) && program.carry[one] === y && comesBack(step, other),
  )
  return side === undefined ? undefined : { [y]: values[side.other] as Tensor }
}

/** The gradient that a norm adds to another is written over it, and those of its factors are not written at all. */
const overTheOther: Misstep = (step) => {
  const { node, values } = step
  if (!forward('add')(node)) return undefined
  const { a = '', b = '' } = node.inputs
  const [first, last] = [gradientWriter(step, a), gradientWriter(step, b)]
  const y = outputOf(step)
  if (last?.op !== 'batchNormTraining') return undefined
  if (slotOf(last, b) === 'x') return { [y]: values[b] as Tensor }
  return first?.op === 'batchNormTraining' ? { [y]: none(values[y] as Tensor) } : undefined
}

export const gradientsWoven: readonly Report[] = [
  stepped('what comes back by several ways goes on from the first only', onFromFirst, {
    like: 'TrenTorch/TrenTorch#182',
  }),
  stepped('weights of two products have the gradient of the last', lastOfShared, {
    like: 'NVIDIA/TransformerEngine#3437',
  }),
  stepped('what is added to one gradient of a sum is added to the other', oneInMemory, {
    like: 'Oneflow-Inc/oneflow#8248',
  }),
  stepped('what a loss without a way back leaves behind is added to the gradient', leftBehind, {
    like: 'BVLC/caffe#6202',
  }),
  stepped('on the way back a dropout draws another mask', anotherMask, { like: 'pytorch/pytorch#190717' }),
  stepped('statistics move twice where there is a way back', movedTwice, { like: 'pytorch/pytorch#96136' }),
  stepped('gradients gathered over steps are those of the last', notGathered, { like: 'pytorch/pytorch#96693' }),
  stepped('the gradient of a norm is written over what came back before', overTheOther, { like: 'apache/mxnet#18499' }),
]
