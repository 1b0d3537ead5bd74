import type { ProgramNode } from '../../../../spec/program.js'
import { counted, runOf } from '../lastly/met.js'
import type { Misstep, Step } from '../lately/met.js'
import { stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { isOptimizer, textOf } from '../woven/met.js'
import { rateFeed } from './met.js'

/** Steps of several weights whose rate is fed. */

const isFirstFed = ({ program }: Step, node: ProgramNode): boolean =>
  program.nodes.find((other) => isOptimizer(other) && rateFeed(other) !== undefined) === node

/** From the second run on a rate that is fed is the first weight’s only; the others go on with that of the first run. */
const onlyTheFirstIsScheduled: Misstep = counted((step) => {
  const { program, node, attrs, anew, memory } = step
  if (!isOptimizer(node) || rateFeed(node) === undefined || isFirstFed(step, node)) return undefined
  const key = `rate ${node.name} ${textOf(program)}`
  if (runOf(step) === 1) memory.set(key, attrs['learningRate'])
  const first = memory.get(key)
  return first === attrs['learningRate'] ? undefined : anew({ attrs: { ...attrs, learningRate: Number(first) } })
})

/** The rate that stands before any schedule, in the first run of all weights but one. */
const usualRate = 1e-3

const notInTheFirstRun: Misstep = counted((step) => {
  const { node, attrs, anew } = step
  if (!isOptimizer(node) || rateFeed(node) === undefined || isFirstFed(step, node)) return undefined
  return runOf(step) > 1 ? undefined : anew({ attrs: { ...attrs, learningRate: usualRate } })
})

export const trainingDecember: readonly Report[] = [
  stepped('from the second run on a rate that is fed is the first weight’s only', onlyTheFirstIsScheduled, {
    like: 'microsoft/hi-ml#611',
  }),
  stepped('in the first run a rate that is fed is the first weight’s only', notInTheFirstRun, {
    like: 'deepspeedai/DeepSpeed#7969',
  }),
]
