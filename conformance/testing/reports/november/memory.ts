import type { Backend } from '../../../../spec/backend.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { between, isInput, numbersOf, sizeOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward } from '../told/programs.js'
import { madeBy, outputOf, shaped, textOf } from '../woven/met.js'

/** Numbers that are kept, overwritten or moved too early. */

const copied = (x: Tensor): Tensor => shaped(x.shape, numbersOf(x))

/** What is fed in an array that was fed before has the numbers that it had then. */
const knownByItsArray: NonNullable<Report['program']> = (run) => {
  const known = new WeakMap<object, Tensor>()
  const asFirst = (x: Tensor): Tensor => {
    const before = known.get(x.data)
    if (before !== undefined && String(before.shape) === String(x.shape)) return before
    known.set(x.data, copied(x))
    return x
  }
  const wrong: Backend['run'] = (program, feeds, ...rest) =>
    run(program, Object.fromEntries(Object.entries(feeds).map(([name, x]) => [name, asFirst(x)])), ...rest)
  return wrong
}

/** A long program that is replayed has the numbers by themselves of its first run. */
const bakedIn: NonNullable<Report['program']> = (run) => {
  const firsts = new Map<string, Tensors>()
  const wrong: Backend['run'] = (program, feeds, ...rest) => {
    if (program.nodes.length < 200) return run(program, feeds, ...rest)
    const key = textOf(program)
    const alone = Object.fromEntries(
      Object.entries(feeds)
        .filter(([, x]) => sizeOf(x) === 1)
        .map(([name, x]) => [name, copied(x)]),
    )
    const first = firsts.get(key) ?? alone
    firsts.set(key, first)
    return run(program, { ...feeds, ...first }, ...rest)
  }
  return wrong
}

/** What drops numbers does so where they lie, for all that read them later. */
const droppedInPlace: Misstep = (step) => {
  const { program, node, values } = step
  const x = node.inputs['x'] as string
  if (!forward('dropout')(node) || isInput(program, x)) return undefined
  return { [x]: values[outputOf(step)] as Tensor }
}

/** Running statistics move before the batch is scaled: who gave them as its shift or scale as well has them moved. */
const movedBefore: Misstep = (step) => {
  const { node, values, anew } = step
  if (!forward('batchNormTraining')(node)) return undefined
  const shared = [
    ['beta', 'runningMean'],
    ['gamma', 'runningVar'],
  ].filter(([slot = '', running = '']) => node.inputs[slot] === node.inputs[running])
  if (shared.length === 0) return undefined
  const moved = madeBy(node, values)
  const inputs = Object.fromEntries(shared.map(([slot = '', running = '']) => [slot, moved[running] as Tensor]))
  const y = outputOf(step)
  return { [y]: anew({ inputs })[y] as Tensor }
}

export const memoryNovember: readonly Report[] = [
  between('what is fed in an array that was fed before has the numbers that it had then', knownByItsArray, {
    like: 'deeplearning4j/deeplearning4j#5419',
    unseen: 'an array that is filled with other numbers between two runs; here tensors are values',
  }),
  between('a program of 200 nodes and more has the scalars of its first run', bakedIn, { like: 'ROCm/hip#3887' }),
  stepped('what drops numbers does so for all that read them later', droppedInPlace, {
    like: 'deeplearning4j/deeplearning4j#2469',
  }),
  stepped('running statistics that are the shift or scale as well move before the batch is scaled', movedBefore, {
    like: 'tenstorrent/tt-metal#45578',
  }),
]
