import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { isRecurrent } from '../lastly/met.js'
import type { Misstep } from '../lately/met.js'
import { stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward } from '../told/programs.js'
import { isOptimizer } from '../woven/met.js'

/** Steps of several weights, and states of batches of another size. */

/** Weights whose optimizer is set otherwise than the first one stay, and so do their means. */
const ofTheFirstGroup: Misstep = ({ program, node, values }) => {
  if (!forward('momentum', 'adam', 'adamw')(node)) return undefined
  const first = program.nodes.find((other) => isOptimizer(other) && other.op === node.op)
  if (first === undefined || JSON.stringify(first.attrs) === JSON.stringify(node.attrs)) return undefined
  return Object.fromEntries(
    Object.entries(node.outputs).map(([slot, name]) => [name, values[node.inputs[slot] as string] as Tensor]),
  )
}

/** Where several weights step with momentum none decays. */
const noneDecays: Misstep = ({ program, node, attrs, anew }) => {
  const several = program.nodes.filter(forward('momentum')).length > 1
  if (!forward('momentum')(node) || !several || !(Number(attrs['weightDecay']) > 0)) return undefined
  return anew({ attrs: { ...attrs, weightDecay: 0 } })
}

/** Of a larger batch than the first the samples behind those of the first begin with no state. */
const noStateForMore: Misstep = ({ program, node, values, anew, memory }) => {
  if (!isRecurrent(node)) return undefined
  const starts = ['h0', 'c0'].flatMap((slot) => {
    const name = node.inputs[slot]
    return name === undefined ? [] : [[slot, values[name] as Tensor] as const]
  })
  const N = starts[0]?.[1].shape[0] ?? 1
  const weights = (values[node.inputs['wIh'] as string] as Tensor).shape
  const key = `batch ${node.name} ${weights.join()} ${JSON.stringify(program.nodes)}`
  const first = (memory.get(key) as number | undefined) ?? N
  memory.set(key, first)
  if (N <= first) return undefined
  const inputs: Tensors = Object.fromEntries(
    starts.map(([slot, h]) => [slot, changed(h, (v, place) => ((place()[0] ?? 0) < first ? v : 0))]),
  )
  return anew({ inputs })
}

export const trainingAfresh: readonly Report[] = [
  stepped('weights whose optimizer is set otherwise than the first stay', ofTheFirstGroup, {
    like: 'PaddlePaddle/Paddle#47352',
  }),
  stepped('where several weights step with momentum none decays', noneDecays, { like: 'PaddlePaddle/Paddle#38344' }),
  stepped('of a larger batch the samples behind those of the first begin with no state', noStateForMore, {
    like: 'intel/ipex-llm#1295',
  }),
]
