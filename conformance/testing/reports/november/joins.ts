import { checkProgram, standingAttributes } from '../../../../spec/program.js'
import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { right } from '../../shaken.js'
import { isElementwise } from '../anew/met.js'
import type { Misstep } from '../lately/met.js'
import { stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { ancestorsOf } from '../woven/met.js'

/** Nodes that go to the device together, or under one name. */

const yOfNode = (node: ProgramNode): string => node.outputs['y'] ?? ''

/** Products that share a weight which one of a batch of nodes has made read what the first of the batch has made. */
const firstOfTheBatch: Misstep = ({ program, node, values, anew }) => {
  if (!forward('dense')(node)) return undefined
  const w = node.inputs['w'] as string
  const maker = writerOf(program, w)
  if (maker === undefined || !isElementwise(maker)) return undefined
  const { shapes } = right(checkProgram(program))
  const shapeOf = (name: string | undefined): string => String(shapes[name ?? ''])
  const sharing = program.nodes.filter(
    (other) =>
      forward('dense')(other) && other.inputs['w'] === w && shapeOf(other.inputs['x']) === shapeOf(node.inputs['x']),
  )
  if (sharing.length < 2) return undefined
  const before = ancestorsOf(program, w)
  const first = program.nodes.find(
    (other) =>
      other === maker ||
      (forward(maker.op)(other) &&
        shapeOf(yOfNode(other)) === shapeOf(w) &&
        JSON.stringify(other.attrs) === JSON.stringify(maker.attrs) &&
        !before.has(yOfNode(other))),
  )
  if (first === undefined || first === maker) return undefined
  return anew({ inputs: { w: values[yOfNode(first)] as Tensor } })
}

const named = ['leakyRelu', 'elu', 'softplus', 'sigmoid', 'tanh', 'relu', 'step']

/** Units of one name are one kernel in a run: that of the first, with its numbers. */
const oneKernelForAName: Misstep = ({ program, node, attrs, anew }) => {
  if (!named.includes(node.op)) return undefined
  const first = program.nodes.find(({ op, direction }) => op === node.op && direction === node.direction)
  if (first === undefined || first === node) return undefined
  const ofFirst = right(standingAttributes(first.op, first.attrs))
  return JSON.stringify(ofFirst) === JSON.stringify(attrs) ? undefined : anew({ attrs: ofFirst })
}

export const joinsNovember: readonly Report[] = [
  stepped('products that share a weight made in a batch read what the first of the batch made', firstOfTheBatch, {
    like: 'clab/dynet#1258',
  }),
  stepped('units of one name have the numbers of the first in a run', oneKernelForAName, {
    like: 'ml-explore/mlx#3832',
  }),
]
