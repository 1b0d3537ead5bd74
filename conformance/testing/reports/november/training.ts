import type { Attributes } from '../../../../spec/attributes.js'
import { standingAttributes } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { right } from '../../shaken.js'
import { counted, runOf } from '../lastly/met.js'
import type { Misstep } from '../lately/met.js'
import { isInput, numbersOf, stepped, total } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward } from '../told/programs.js'
import { madeBy, outputOf, sides } from '../woven/met.js'

/** Steps of several weights, and gradients that are kept between them. */

/** Gradients that are gathered over runs are those of the first one. */
const gatheredOnce: Misstep = counted((step) => {
  const { program, node, values } = step
  if (!forward('add')(node) || runOf(step) < 2) return undefined
  const y = outputOf(step)
  const kept = sides(node).find(({ one }) => isInput(program, one) && program.carry[one] === y)
  return kept === undefined ? undefined : { [y]: values[kept.one] as Tensor }
})

/** How far a step goes, and by how much its mean square is too small. */
const correctionsOf = (attrs: Attributes, t: number): { readonly rate: number; readonly square: number } => ({
  rate: Number(attrs['learningRate']) / (1 - Number(attrs['beta1']) ** t),
  square: 1 - Number(attrs['beta2']) ** t,
})

/** What is worked out of the number of steps is kept by that number alone: weights set otherwise step as the first do. */
const keptByTheStep: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!forward('adam', 'adamw')(node)) return undefined
  const first = program.nodes.find((other) => forward(node.op)(other) && other.inputs['step'] === node.inputs['step'])
  if (first === undefined || first === node) return undefined
  const t = Number(numbersOf(values[node.inputs['step'] as string] as Tensor)[0]) + 1
  const { rate, square } = correctionsOf(right(standingAttributes(first.op, first.attrs)), t)
  const own = correctionsOf(attrs, t)
  if (rate === own.rate && square === own.square) return undefined
  const { m, v } = madeBy({ ...node, attrs }, values) as { m: Tensor; v: Tensor }
  const decay = node.op === 'adamw' ? 1 - Number(attrs['learningRate']) * Number(attrs['weightDecay']) : 1
  const w = values[node.inputs['w'] as string] as Tensor
  return {
    [outputOf(step, 'w')]: changed(
      w,
      (value, _, at) =>
        value * decay -
        (rate * Number(m.data[at])) / (Math.sqrt(Number(v.data[at]) / square) + Number(attrs['epsilon'])),
    ),
  }
}

/** What decays a weight is written over its gradient, for all that read that later. */
const decayInTheGradient: Misstep = ({ node, values, attrs }) => {
  const decay = Number(attrs['weightDecay'])
  if (!forward('sgd', 'momentum')(node) || !(decay > 0)) return undefined
  const g = node.inputs['g'] as string
  return { [g]: total(values[g] as Tensor, values[node.inputs['w'] as string] as Tensor, decay) }
}

export const trainingNovember: readonly Report[] = [
  stepped('gradients that are gathered over runs are those of the first one', gatheredOnce, {
    like: 'AMD-AGI/Primus#1046',
  }),
  stepped('weights of one count of steps go by the rate and corrections of the first', keptByTheStep, {
    like: 'LiyuanLucasLiu/RAdam#36',
  }),
  stepped('what decays a weight is written over its gradient', decayInTheGradient, { like: 'ml-explore/mlx#4426' }),
]
