import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import { opOf } from '../../../../spec/catalogue.js'
import type { Misstep } from '../lately/met.js'
import { isInput, later, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import type { Made } from '../told/programs.js'
import { forward, fused, reads, writerOf } from '../told/programs.js'
import { isWanted, lastReader, outputOf, partsOf, readLater, withParts } from '../woven/met.js'
import { isUnit, readChannelsLast, yOf } from './met.js'

/** What is joined, and what counts as the same. */

/** The pieces of a join within a join, made one with it, come last. */
const piecesLast: Made = (program) => ({
  ...program,
  nodes: program.nodes.map((node) => {
    if (!forward('concat')(node)) return node
    const parts = partsOf(node)
    const inner = (name: string): readonly string[] | undefined => {
      const joint = onlyFrom(program, name, 'concat')
      return joint !== undefined && (joint.attrs['axis'] ?? 1) === (node.attrs['axis'] ?? 1)
        ? partsOf(joint)
        : undefined
    }
    return withParts(node, [
      ...parts.filter((name) => inner(name) === undefined),
      ...parts.flatMap((name) => inner(name) ?? []),
    ])
  }),
})

/** What is fed and joined to maps of a filter, down or across, is read channels last. */
const fedChannelsLast: Misstep = ({ program, node, values, attrs, anew }) => {
  if (!forward('concat')(node)) return undefined
  const parts = Object.entries(node.inputs)
  const rank = (values[parts[0]?.[1] ?? ''] as Tensor).shape.length
  const axis = Number(attrs['axis']) < 0 ? Number(attrs['axis']) + rank : Number(attrs['axis'])
  const filtered = parts.some(([, name]) => writerOf(program, name)?.op === 'conv2d')
  const fed = parts.filter(([, name]) => isInput(program, name))
  if (rank !== 4 || axis < 2 || !filtered || fed.length === 0) return undefined
  return anew({
    inputs: Object.fromEntries(fed.map(([slot, name]) => [slot, readChannelsLast(values[name] as Tensor)])),
  })
}

/** What was joined changes with a piece of it, in whose place the next sum, product or unit is written. */
const pieceGivesWay: Misstep = (step) => {
  const { program, node, values, at } = step
  if (!forward('add', 'mul')(node) && !isUnit(node)) return undefined
  const y = values[outputOf(step)] as Tensor
  for (const name of Object.values(node.inputs)) {
    const joint = program.nodes.slice(0, at).find((other) => forward('concat')(other) && reads(other, name))
    if (joint === undefined || isInput(program, name) || isWanted(step, name)) continue
    if (lastReader(program, name) !== at || !sameShape((values[name] as Tensor).shape, y.shape)) continue
    const whole = joint.outputs['y'] ?? ''
    const slots = Object.keys(joint.inputs).filter((slot) => joint.inputs[slot] === name)
    if (readLater(step, whole))
      return { [whole]: yOf(joint, values, Object.fromEntries(slots.map((slot) => [slot, y]))) }
  }
  return undefined
}

/** Nodes that read the same are the same, whatever their attributes are. */
const sameNode: Misstep = ({ program, node, values, at }) => {
  if (node.direction !== 'forward') return undefined
  const first = program.nodes
    .slice(0, at)
    .find(
      (other) =>
        forward(node.op)(other) &&
        JSON.stringify(other.inputs) === JSON.stringify(node.inputs) &&
        JSON.stringify(other.attrs) !== JSON.stringify(node.attrs),
    )
  if (first === undefined) return undefined
  return Object.entries(node.outputs).reduce<Tensors>((soFar, [slot, name]) => {
    const [own, other] = [values[name] as Tensor, values[first.outputs[slot] ?? '']]
    return other !== undefined && sameShape(own.shape, other.shape) ? { ...soFar, [name]: other } : soFar
  }, {})
}

/** Of the same shape made twice one is answered; what a unit makes of the other is written over it. */
const overTheTwin: Misstep = (step) => {
  const { program, node, values } = step
  if (!isUnit(node)) return undefined
  const shapes = forward('reshape', 'flatten')
  const twin = writerOf(program, node.inputs['x'] as string)
  if (twin === undefined || !shapes(twin) || isInput(program, twin.inputs['x'] as string)) return undefined
  const other = program.nodes.find(
    (each) =>
      each.name !== twin.name &&
      each.op === twin.op &&
      shapes(each) &&
      each.inputs['x'] === twin.inputs['x'] &&
      JSON.stringify(each.attrs) === JSON.stringify(twin.attrs),
  )
  const answered = other?.outputs['y']
  if (answered === undefined || !program.outputs.includes(answered)) return undefined
  return later(step).some((each) => each.name === other?.name)
    ? undefined
    : { [answered]: values[outputOf(step)] as Tensor }
}

/** What is answered as it is, of another than the first output of a node, is the first. */
const firstOutput: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('reshape')(node) || !program.outputs.includes(outputOf(step))) return undefined
  const x = node.inputs['x'] as string
  const writer = writerOf(program, x)
  const slots = Object.keys(opOf(writer?.op ?? node.op).outputs)
  const first = values[writer?.outputs[slots[0] ?? ''] ?? '']
  const y = values[outputOf(step)] as Tensor
  if (writer === undefined || writer.direction !== 'forward' || slots.length < 2 || first === undefined)
    return undefined
  return sameShape((values[x] as Tensor).shape, y.shape) && sameShape(first.shape, y.shape)
    ? { [outputOf(step)]: first }
    : undefined
}

export const joinsLastly: readonly Report[] = [
  fused('the pieces of a join within a join come last', piecesLast, { like: 'onnx/onnx#2447' }),
  stepped('what is fed and joined to maps down or across is read channels last', fedChannelsLast, {
    like: 'openvinotoolkit/openvino#4852',
  }),
  stepped('a piece that was joined gives way in what is joined', pieceGivesWay, { like: 'pytorch/pytorch#100314' }),
  stepped('nodes that read the same are the same in spite of their attributes', sameNode, {
    like: 'ezyang/pytorch-unattached#237',
  }),
  stepped('of the same shape made twice the answer is overwritten', overTheTwin, {
    like: 'microsoft/onnxruntime#18213',
  }),
  stepped('another output of a node than the first, answered as it is, is the first', firstOutput, {
    like: 'microsoft/onnxruntime#7312',
  }),
]
