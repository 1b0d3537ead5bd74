import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { none, onlyFrom, stepped, total } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { back, layers, madeBy, outputOf, sides, textOf } from '../woven/met.js'
import { isRecurrent, isUnit, onlyReader } from './met.js'

/** What comes back, and what is added to it. */

/** The node on the way there that reads what a node on the way back reads. */
const wayThere = ({ program, node }: Step): ProgramNode | undefined =>
  program.nodes.find((other) => forward(node.op)(other) && JSON.stringify(other.inputs) === JSON.stringify(node.inputs))

/** Maps of a filter that are rectified and added to in place: on the way back what counts is the sum. */
const signsOfTheSum: Misstep = (step) => {
  const { program, node, values, anew } = step
  const there = back(node, 'relu') ? wayThere(step) : undefined
  if (there === undefined || writerOf(program, node.inputs['x'] as string)?.op !== 'conv2d') return undefined
  const joint = onlyReader(program, there.outputs['y'])
  const sum = joint !== undefined && forward('add')(joint) ? values[joint.outputs['y'] ?? ''] : undefined
  return sum === undefined ? undefined : anew({ inputs: { x: sum } })
}

/** In a stack of layers with a memory the biases of all but the first have no gradient. */
const biasesOfTheFirstOnly: Misstep = ({ program, node, values }) => {
  if (!back(node, 'rnn', 'lstm', 'gru')) return undefined
  const below = writerOf(program, node.inputs['x'] as string)
  if (below === undefined || !forward(node.op)(below)) return undefined
  const biases = ['b', 'bIh', 'bHh'].flatMap((slot) => node.outputs[slot] ?? [])
  return Object.fromEntries(biases.map((name) => [name, none(values[name] as Tensor)]))
}

/** Nothing comes back from a sequence to the one before it. */
const notAcrossCalls: Misstep = (step) => {
  const { program, node, values, anew } = step
  const there = back(node, 'rnn', 'lstm', 'gru') ? wayThere(step) : undefined
  if (there === undefined) return undefined
  const next = program.nodes.some(
    (other) =>
      isRecurrent(other) && other.inputs['h0'] === there.outputs['hT'] && other.inputs['wIh'] === there.inputs['wIh'],
  )
  const ends = ['hT', 'cT'].flatMap((slot) => (node.cotangents[slot] === undefined ? [] : [slot]))
  if (!next || ends.length === 0) return undefined
  return anew({
    cotangents: Object.fromEntries(ends.map((slot) => [slot, none(values[node.cotangents[slot] as string] as Tensor)])),
  })
}

/** The gradient of a penalty takes the place of the one it should be added to. */
const penaltyOnly: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  const side = sides(node).find(
    ({ one, other }) => back(writerOf(program, one), 'l2Penalty') && back(writerOf(program, other), ...layers),
  )
  return side === undefined ? undefined : { [outputOf(step)]: values[side.one] as Tensor }
}

/** Gradients of weights that one way back did not ask for are added to those of the next. */
const leaked: Misstep = ({ program, node, values, at }) => {
  if (!back(node, ...layers)) return undefined
  const w = node.inputs['w']
  const before = program.nodes
    .slice(0, at)
    .find((other) => back(other, node.op) && other.inputs['w'] === w && other.outputs['w'] === undefined)
  if (before === undefined || node.outputs['w'] === undefined) return undefined
  const unasked = madeBy(before, values)
  return ['w', 'b'].reduce<Tensors>((soFar, slot) => {
    const [name, more] = [node.outputs[slot], unasked[slot]]
    return name === undefined || more === undefined ? soFar : { ...soFar, [name]: total(values[name] as Tensor, more) }
  }, {})
}

/** The weights of a layer with a unit behind it cost nothing. */
const noPenalty: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('l2Penalty')(node)) return undefined
  const active = program.nodes.some((layer) => {
    const unit = forward('dense')(layer) && layer.inputs['w'] === node.inputs['w'] ? layer.outputs['y'] : undefined
    return (
      unit !== undefined &&
      program.nodes.some(
        (other) => isUnit(other) && reads(other, unit) && onlyFrom(program, unit, 'dense') !== undefined,
      )
    )
  })
  const loss = outputOf(step, 'loss')
  return active ? { [loss]: none(values[loss] as Tensor) } : undefined
}

/** What comes back to a value by two ways is added to what came back in the runs before. */
const addedToTheRunBefore: Misstep = ({ program, node, values, memory }) => {
  if (!forward('add')(node)) return undefined
  const { a = '', b = '', ...rest } = node.inputs
  const y = node.outputs['y'] ?? ''
  const goesOn = program.nodes.some((other) => Object.values(other.cotangents).includes(y))
  if (Object.keys(rest).length > 0 || !goesOn || !back(writerOf(program, a)) || !back(writerOf(program, b)))
    return undefined
  const key = `came back ${node.name} ${textOf(program)}`
  const before = memory.get(key) as Tensor | undefined
  const sum = before === undefined ? (values[y] as Tensor) : total(values[y] as Tensor, before)
  memory.set(key, sum)
  return { [y]: sum }
}

export const gradientsLastly: readonly Report[] = [
  stepped('rectified maps that are added to in place come back by the signs of the sum', signsOfTheSum, {
    like: 'pytorch/pytorch#5687',
  }),
  stepped('in a stack of sequences the biases of all but the first have no gradient', biasesOfTheFirstOnly, {
    like: 'apache/mxnet#17872',
  }),
  stepped('nothing comes back from a sequence to the one before it', notAcrossCalls, {
    like: 'synsense/sinabs-exodus#3',
  }),
  stepped('the gradient of a penalty takes the place of the other', penaltyOnly, { like: 'open-nudge/torchlayers#18' }),
  stepped('gradients that a way back did not ask for are added to the next', leaked, {
    like: 'Lightning-AI/pytorch-lightning#666',
  }),
  stepped('weights of a layer with a unit cost nothing', noPenalty, { like: 'nntrainer/nntrainer#157' }),
  stepped('what comes back by two ways is added to what did in the run before', addedToTheRunBefore, {
    like: 'bshillingford/autobw.torch#7',
  }),
]
