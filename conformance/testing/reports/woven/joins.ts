import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { isInput, none, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import type { Made } from '../told/programs.js'
import { forward, fused, reads, writerOf } from '../told/programs.js'
import { fedOnly, outputOf, partsOf, placeOfWriter, withParts } from './met.js'

/** What is joined, and in which order. */

/** A norm that was made of others comes last of what is joined. */
const normLast: Made = (program) => ({
  ...program,
  nodes: program.nodes.map((node) => {
    if (!forward('concat')(node)) return node
    const parts = partsOf(node)
    const isNorm = (name: string): boolean => {
      const norm = onlyFrom(program, name, 'batchNormInference')
      return norm !== undefined && onlyFrom(program, norm.inputs['x'] as string, 'conv2d') !== undefined
    }
    return withParts(node, [...parts.filter((name) => !isNorm(name)), ...parts.filter(isNorm)])
  }),
})

/** Filters of the same maps, made one, are joined in the order in which they stand. */
const asTheyStand: Made = (program) => ({
  ...program,
  nodes: program.nodes.map((node) => {
    if (!forward('concat')(node)) return node
    const parts = partsOf(node)
    const filters = parts.map((name) => onlyFrom(program, name, 'conv2d'))
    const [first] = filters
    const alike = (filter: ProgramNode | undefined): boolean =>
      filter !== undefined &&
      filter.inputs['x'] === first?.inputs['x'] &&
      JSON.stringify(filter.attrs) === JSON.stringify(first?.attrs) &&
      String(program.inputs[filter.inputs['w'] as string]?.slice(2)) ===
        String(program.inputs[first?.inputs['w'] ?? '']?.slice(2))
    return filters.every(alike)
      ? withParts(
          node,
          [...parts].sort((a, b) => placeOfWriter(program, a) - placeOfWriter(program, b)),
        )
      : node
  }),
})

/** What is joined of feeds and asked for is squared before it is there. */
const squaredTooEarly: Misstep = ({ program, node, values, anew }) => {
  const { a = '', b = '' } = node.inputs
  if (!forward('mul')(node) || a !== b || !program.outputs.includes(a)) return undefined
  const joint = writerOf(program, a)
  if (joint === undefined || !forward('concat')(joint) || !partsOf(joint).every((name) => isInput(program, name)))
    return undefined
  const zeros = none(values[a] as Tensor)
  return anew({ inputs: { a: zeros, b: zeros } })
}

/** What is fed for a join alone is not there where the rest of it is worked out. */
const constantsMissing: Misstep = ({ program, node, values, anew }) => {
  if (!forward('concat')(node) || partsOf(node).every((name) => isInput(program, name))) return undefined
  const missing = Object.entries(node.inputs).filter(([, name]) => fedOnly(program, name))
  return missing.length === 0
    ? undefined
    : anew({ inputs: Object.fromEntries(missing.map(([slot, name]) => [slot, none(values[name] as Tensor)])) })
}

/** What is cut and joined again in another order is as it was. */
const asItWas: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!forward('concat')(node)) return undefined
  const parts = partsOf(node)
  const cut = writerOf(program, parts[0] ?? '')
  const whole = values[cut?.cotangents['y'] ?? '']
  if (cut?.op !== 'concat' || cut.direction !== 'backward' || whole === undefined) return undefined
  if (Number(cut.attrs['axis'] ?? 1) !== Number(attrs['axis'])) return undefined
  const pieces = Object.keys(cut.inputs).map((slot) => cut.outputs[slot])
  const all = pieces.length === parts.length && pieces.every((name) => name !== undefined && parts.includes(name))
  const each = parts.every((name) => program.nodes.filter((other) => reads(other, name)).length === 1)
  return all && each ? { [outputOf(step)]: whole } : undefined
}

export const joinsWoven: readonly Report[] = [
  fused('the norm of a filter comes last of what is joined', normLast, { like: 'apple/coremltools#576' }),
  fused('filters of the same maps are joined in the order in which they stand', asTheyStand, {
    like: 'Xilinx/onnx-mlir#417',
  }),
  stepped('what is joined of feeds is squared before it is there', squaredTooEarly, { like: 'pytorch/pytorch#93365' }),
  stepped('what is fed for a join of other things is not there', constantsMissing, { like: 'NVIDIA/TensorRT#2595' }),
  stepped('what is cut and joined in another order is as it was', asItWas, { like: 'pytorch/pytorch#99686' }),
]
