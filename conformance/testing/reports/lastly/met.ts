import type { Program, ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { numbersOf } from '../lately/met.js'
import { changed } from '../report.js'
import { forward, readersOf, reads } from '../told/programs.js'
import { madeBy, textOf } from '../woven/met.js'

export const units = ['relu', 'leakyRelu', 'elu', 'sigmoid', 'tanh', 'softplus', 'step']
export const isUnit = forward(...units)
export const isRecurrent = forward('rnn', 'lstm', 'gru')

/** Who alone reads a value. */
export const onlyReader = (program: Program, name: string | undefined): ProgramNode | undefined =>
  name === undefined || readersOf(program, name) !== 1 ? undefined : program.nodes.find((node) => reads(node, name))

/** What a node’s y would be if some of its inputs were others, by the op’s own names. */
export const yOf = (node: ProgramNode, values: Tensors, inputs: Tensors = {}): Tensor =>
  madeBy(node, values, inputs)['y'] as Tensor

/** Each map with its own number added. */
export const biased = (maps: Tensor, b: Tensor): Tensor => {
  const [, C = 1, ...rest] = maps.shape
  const each = rest.reduce((n, extent) => n * extent, 1)
  return changed(maps, (v, _, at) => v + Number(b.data[Math.floor(at / each) % C]))
}

/** Maps that lie map by map, read as if they lay channels last. */
export const readChannelsLast = (x: Tensor): Tensor => {
  const [, C = 1, H = 1, W = 1] = x.shape
  const each = H * W
  const data = numbersOf(x)
  return changed(x, (_, __, at) => {
    const [pixel, c, n] = [at % each, Math.floor(at / each) % C, Math.floor(at / (each * C))]
    return data[(n * each + pixel) * C + c] as number
  })
}

/** Which run of its program this is, from 1. */
export const runOf = ({ memory, program }: Step): number =>
  (memory.get(`run ${textOf(program)}`) as number | undefined) ?? 1

/** A misstep that knows which run of its program it is in. */
export const counted =
  (misstep: Misstep): Misstep =>
  (step) => {
    const key = `run ${textOf(step.program)}`
    if (step.at === 0) step.memory.set(key, ((step.memory.get(key) as number | undefined) ?? 0) + 1)
    return misstep(step)
  }
