import { plainF32Kernels } from '../../../../adapters/plainF32.js'
import { evaluate } from '../../../../spec/fromKernels.js'
import type { Program, ProgramNode } from '../../../../spec/program.js'
import { standingAttributes } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { right } from '../../shaken.js'
import type { Step } from '../lately/met.js'
import { isInput, later, numbersOf, onlyFrom } from '../lately/met.js'
import { forward, reads, writerOf } from '../told/programs.js'

/** A node on the way back, of such ops if any are named. */
export const back = (node: ProgramNode | undefined, ...ops: readonly string[]): boolean =>
  node?.direction === 'backward' && (ops.length === 0 || ops.includes(node.op))

export const given = ({ values, node }: Step, slot: string): Tensor => values[node.inputs[slot] ?? ''] as Tensor
export const outputOf = ({ node }: Step, slot = 'y'): string => node.outputs[slot] ?? ''
export const shaped = (shape: readonly number[], data: readonly number[]): Tensor => ({
  shape,
  data: Float32Array.from(data),
})
export const scaledBy = (x: Tensor, factor: number): Tensor =>
  shaped(
    x.shape,
    numbersOf(x).map((v) => v * factor),
  )
export const sum = (a: Tensor, b: Tensor): Tensor =>
  shaped(
    a.shape,
    numbersOf(a).map((v, i) => Math.fround(v + Number(b.data[i]))),
  )
/** The elements of maps as they lie with their channels last. */
export const channelsLast = (x: Tensor): readonly number[] => {
  const [, C = 1, H = 1, W = 1] = x.shape
  const each = H * W
  const data = numbersOf(x)
  return data.map((_, at) => {
    const [c, pixel, n] = [at % C, Math.floor(at / C) % each, Math.floor(at / (C * each))]
    return data[(n * C + c) * each + pixel] as number
  })
}

/** What another node makes of its values, some of them changed, by the op’s own names. */
export const madeBy = (node: ProgramNode, values: Tensors, inputs: Tensors = {}): Tensors => {
  const read = (names: Readonly<Record<string, string>>): Tensors =>
    Object.fromEntries(Object.entries(names).map(([name, value]) => [name, values[value] as Tensor]))
  return right(
    evaluate(
      plainF32Kernels,
      node.op,
      node.direction,
      right(standingAttributes(node.op, node.attrs)),
      { ...read(node.inputs), ...inputs },
      read(node.cotangents),
    ),
  )
}

/** Pairs of a sum’s two summands: one by its slot, and the other. */
export const sides = (
  node: ProgramNode,
): readonly { readonly slot: string; readonly one: string; readonly other: string }[] => {
  const { a = '', b = '' } = node.inputs
  return [
    { slot: 'a', one: a, other: b },
    { slot: 'b', one: b, other: a },
  ]
}
export const listOf = (node: ProgramNode, name: string, usual: readonly number[]): readonly number[] => {
  const value = node.attrs[name]
  return Array.isArray(value) ? (value as readonly number[]) : usual
}
/** A filter of one tap that neither steps nor pads. */
export const isPointwise = (node: ProgramNode, w: Tensor): boolean =>
  w.shape.slice(2).every((taps) => taps === 1) &&
  listOf(node, 'stride', [1]).every((s) => s === 1) &&
  listOf(node, 'padding', [0]).every((p) => p === 0) &&
  Number(node.attrs['groups'] ?? 1) === 1

export const placeOfWriter = ({ nodes }: Program, name: string): number =>
  nodes.findIndex(({ outputs }) => Object.values(outputs).includes(name))
export const lastReader = ({ nodes }: Program, name: string): number => nodes.findLastIndex((node) => reads(node, name))
export const ancestorsOf = (program: Program, name: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (value: string): void => {
    const writer = writerOf(program, value)
    if (writer === undefined) return
    for (const read of [...Object.values(writer.inputs), ...Object.values(writer.cotangents)]) {
      if (found.has(read)) continue
      found.add(read)
      visit(read)
    }
  }
  visit(name)
  return found
}
export const readLater = (step: Step, name: string): boolean =>
  later(step).some((node) => reads(node, name)) || isWanted(step, name)
export const isWanted = ({ program, watch }: Step, name: string): boolean =>
  watch.includes(name) || program.outputs.includes(name) || Object.values(program.carry).includes(name)

/** The filter behind what only this reads, through its norm if it has one. */
export const filterBehind = (program: Program, name: string): ProgramNode | undefined => {
  const norm = onlyFrom(program, name, 'batchNormInference', 'batchNormTraining')
  return onlyFrom(program, norm?.inputs['x'] ?? name, 'conv2d')
}
export const partsOf = (node: ProgramNode): readonly string[] =>
  Object.keys(node.inputs)
    .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
    .map((slot) => node.inputs[slot] as string)
export const withParts = (node: ProgramNode, parts: readonly string[]): ProgramNode => ({
  ...node,
  inputs: Object.fromEntries(parts.map((name, q) => [`x${q}`, name])),
})
export const optimizers = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw']
export const isOptimizer = forward(...optimizers)
export const layers = ['dense', 'conv1d', 'conv2d', 'convTranspose2d']
/** How many layers use a weight. */
export const usesOf = ({ nodes }: Program, w: string): number =>
  nodes.filter((node) => forward(...layers)(node) && node.inputs['w'] === w).length
export const textOf = ({ nodes, inputs }: Program): string => JSON.stringify([nodes, inputs])
export const fedOnly = (program: Program, name: string): boolean =>
  isInput(program, name) && program.nodes.filter((node) => reads(node, name)).length === 1
