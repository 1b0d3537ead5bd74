import type { Program, ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { forward, readersOf, writerOf } from '../told/programs.js'
import type { Misstep } from './met.js'
import { none, stepped, total } from './met.js'

/** What comes back to a value by several ways. */

const back = (node: ProgramNode | undefined): boolean => node?.direction === 'backward'
/** Pairs of a backward node’s gradients of one value. */
const twice = (node: ProgramNode): readonly (readonly [string, string])[] =>
  Object.entries(node.outputs).flatMap(([name, value], i, all) => {
    const before = all.slice(0, i).find(([other]) => node.inputs[other] === node.inputs[name])
    return before === undefined ? [] : [[before[1], value] as const]
  })

/** Of what is added and multiplied by itself, only one place has a gradient. */
const oneOfTwo: Misstep = ({ node, values }) =>
  back(node) && ['add', 'mul'].includes(node.op)
    ? Object.fromEntries(twice(node).map(([, value]) => [value, none(values[value] as Tensor)]))
    : undefined

/** A product of something with itself: the second gradient is written over the first. */
const overTheFirst: Misstep = ({ node, values }) =>
  back(node) && node.op === 'dense'
    ? Object.fromEntries(twice(node).map(([first]) => [first, none(values[first] as Tensor)]))
    : undefined

/** What is handed over twice has the gradients of both places at each. */
const bothAtEach: Misstep = ({ node, values }) => {
  if (!back(node)) return undefined
  return Object.fromEntries(
    twice(node).flatMap(([a, b]) => {
      const sum = total(values[a] as Tensor, values[b] as Tensor)
      return [
        [a, sum],
        [b, sum],
      ]
    }),
  )
}

/** What is added up at last, where only this sum reads what is between. */
const summands = (program: Program, name: string): readonly string[] => {
  const writer = writerOf(program, name)
  if (writer === undefined || !forward('add')(writer)) return [name]
  return Object.values(writer.inputs).flatMap((part) =>
    readersOf(program, part) === 1 ? summands(program, part) : [part],
  )
}
/** Five to seven gradients are added up in place: the first counts twice. */
const fiveToSeven: Misstep = ({ program, node, values }) => {
  const y = node.outputs['y']
  if (y === undefined || !forward('add')(node)) return undefined
  const reader = program.nodes.find((other) => Object.values(other.inputs).includes(y))
  if (readersOf(program, y) === 1 && reader !== undefined && forward('add')(reader)) return undefined
  const parts = summands(program, y)
  if (parts.length < 5 || parts.length > 7 || !parts.every((name) => back(writerOf(program, name)))) return undefined
  return { [y]: total(values[y] as Tensor, values[parts[0] as string] as Tensor) }
}

/** What comes back by two ways goes on when the first has come, and once more when both have. */
const onTooEarly: Misstep = ({ program, node, values }) => {
  const [a, b, y] = [node.inputs['a'], node.inputs['b'], node.outputs['y']]
  if (a === undefined || b === undefined || y === undefined || !forward('add')(node)) return undefined
  if (!back(writerOf(program, a)) || !back(writerOf(program, b))) return undefined
  const goesOn = program.nodes.some((other) => Object.values(other.cotangents).includes(y))
  return goesOn ? { [y]: total(values[y] as Tensor, values[a] as Tensor) } : undefined
}

/** A dropout between two layers of units. */
const between = (program: Program, x: string, y: string): boolean => {
  const writer = writerOf(program, x)
  return (
    writer !== undefined &&
    forward('lstm')(writer) &&
    program.nodes.some((node) => forward('lstm')(node) && node.inputs['x'] === y)
  )
}
/** On the way back there is no dropout between layers of a long memory. */
const noDropoutBack: Misstep = ({ program, node, values, anew }) => {
  if (!back(node)) return undefined
  const x = node.inputs['x'] ?? ''
  if (node.op === 'lstm') {
    const dropout = writerOf(program, x)
    if (dropout === undefined || !forward('dropout')(dropout) || !between(program, dropout.inputs['x'] ?? '', x))
      return undefined
    return anew({ inputs: { x: values[dropout.inputs['x'] as string] as Tensor } })
  }
  const dropped = program.nodes.find((other) => forward('dropout')(other) && other.inputs['x'] === x)
  if (node.op !== 'dropout' || dropped === undefined || !between(program, x, dropped.outputs['y'] ?? ''))
    return undefined
  const [dx, dy] = [node.outputs['x'] ?? '', values[node.cotangents['y'] ?? ''] as Tensor]
  return sameShape(dy.shape, (values[dx] as Tensor).shape) ? { [dx]: dy } : undefined
}

export const gradientsLately: readonly Report[] = [
  stepped('what is added or multiplied by itself has one of two gradients', oneOfTwo, {
    like: 'pytorch/pytorch#183604',
  }),
  stepped('of a product with itself the second gradient is written over the first', overTheFirst, {
    like: 'PaddlePaddle/Paddle#11977',
  }),
  stepped('what is handed over twice has both gradients at each place', bothAtEach, {
    like: 'tensorflow/tensorflow#36999',
  }),
  stepped('five to seven gradients are added up: the first counts twice', fiveToSeven, {
    like: 'apache/mxnet#16708',
  }),
  stepped('what comes back by two ways goes on from the first of them as well', onTooEarly, {
    like: 'sebgao/cTensor#5',
  }),
  stepped('back through layers of a long memory there is no dropout between them', noDropoutBack, {
    like: 'pytorch/pytorch#190056',
  }),
]
