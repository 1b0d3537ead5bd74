import { taskEither as TE } from 'fp-ts'
import type { Attributes } from '../../../../spec/attributes.js'
import type { Backend } from '../../../../spec/backend.js'
import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { between, isInput, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, reads } from '../told/programs.js'
import { back, given, isOptimizer, outputOf, partsOf, scaledBy, textOf, usesOf } from './met.js'

/** Steps of several weights at once, and what one run has of another. */

const counting = forward('adam', 'adamw')
const stepOf = ({ values }: Step, node: ProgramNode): Tensor | undefined => values[node.inputs['step'] ?? '']

/** All weights are corrected by the count of the last, and no other count goes on. */
const byTheLastCount: Misstep = (step) => {
  const { program, node, anew } = step
  const last = program.nodes.filter(counting).at(-1)
  const count = last && stepOf(step, last)
  if (!counting(node) || last === undefined || last.name === node.name || count === undefined) return undefined
  if (last.inputs['step'] === node.inputs['step']) return undefined
  const next = anew({ inputs: { step: count } })
  const own = node.outputs['step']
  return own === undefined ? next : { ...next, [own]: given(step, 'step') }
}

/** All weights are corrected by the largest count. */
const byTheLargestCount: Misstep = (step) => {
  const { program, node, anew } = step
  const counts = program.nodes.filter(counting).flatMap((other) => stepOf(step, other) ?? [])
  const largest = counts.reduce<Tensor | undefined>(
    (soFar, count) => (soFar === undefined || Number(count.data[0]) > Number(soFar.data[0]) ? count : soFar),
    undefined,
  )
  return counting(node) && largest !== undefined ? anew({ inputs: { step: largest } }) : undefined
}

/** Weights that several layers share take a step for each of them. */
const stepForEach: Misstep = (step) => {
  const { program, node, anew } = step
  const uses = usesOf(program, node.inputs['w'] ?? '')
  return forward('sgd')(node) && uses > 1 ? anew({ inputs: { g: scaledBy(given(step, 'g'), uses) } }) : undefined
}

/** A second optimizer takes over what the first was given under the same names. */
const takenOver: Misstep = (step) => {
  const { program, node, attrs, anew, memory } = step
  if (!isOptimizer(node)) return undefined
  const key = `options ${textOf(program)}`
  if (program.nodes.find(isOptimizer)?.name === node.name) {
    memory.set(key, attrs)
    return undefined
  }
  const first = memory.get(key) as Attributes | undefined
  const same = Object.entries(first ?? {}).filter(([name, value]) => name in attrs && attrs[name] !== value)
  return same.length === 0 ? undefined : anew({ attrs: { ...attrs, ...Object.fromEntries(same) } })
}

/** What a dropout drew in the first run of a program it draws in every other. */
const drawnOnce: Misstep = ({ program, node, attrs, anew, memory }) => {
  if (!forward('dropout')(node) && !back(node, 'dropout')) return undefined
  const key = `mask ${node.name} ${textOf(program)}`
  const first = memory.get(key) as Attributes | undefined
  if (first === undefined) memory.set(key, attrs)
  return first === undefined || JSON.stringify(first) === JSON.stringify(attrs) ? undefined : anew({ attrs: first })
}

/** Every dropout of a program draws what its first does. */
const drawnByTheFirst: Misstep = ({ program, node, attrs, anew, memory }) => {
  if (!forward('dropout')(node) && !back(node, 'dropout')) return undefined
  const key = `seed ${textOf(program)}`
  if (program.nodes.find(forward('dropout'))?.name === node.name) {
    memory.set(key, attrs)
    return undefined
  }
  const first = memory.get(key) as Attributes | undefined
  if (first === undefined) return undefined
  const seed = Object.fromEntries(['key', 'step', 'stream'].map((name) => [name, first[name] as Attributes[string]]))
  return anew({ attrs: { ...attrs, ...seed } })
}

/** From the third run on a state that is no answer stays what it is fed. */
const stateStays: NonNullable<Report['program']> = (run) => {
  const runs = new Map<string, number>()
  const wrong: Backend['run'] = (program, feeds, watch) => {
    const text = textOf(program)
    const times = (runs.get(text) ?? 0) + 1
    runs.set(text, times)
    const states = Object.entries(program.carry).filter(
      ([name, value]) => !program.outputs.includes(value) && !isInput(program, value) && feeds[name] !== undefined,
    )
    return TE.map((values: Tensors) =>
      times < 3
        ? values
        : Object.fromEntries(
            Object.entries(values).map(([value, tensor]) => [
              value,
              feeds[states.find(([, state]) => state === value)?.[0] ?? ''] ?? tensor,
            ]),
          ),
    )(run(program, feeds, watch))
  }
  return wrong
}

/** Weights of a product and its unit that are trained are those of the first run. */
const packedOnce: Misstep = (step) => {
  const { program, node, values, anew, memory } = step
  const w = node.inputs['w'] ?? ''
  if (!forward('dense')(node) || program.carry[w] === undefined) return undefined
  if (!program.nodes.some((other) => forward('relu')(other) && reads(other, outputOf(step)))) return undefined
  const key = `packed ${w} ${textOf(program)}`
  const packed = memory.get(key) as Tensor | undefined
  if (packed === undefined) {
    const { shape } = values[w] as Tensor
    memory.set(key, { shape, data: Float32Array.from(numbersOf(values[w] as Tensor)) })
  }
  return packed === undefined ? undefined : anew({ inputs: { w: packed } })
}

/** A program that joins what it joined before with more answers what it did the first time. */
const denseOnce: NonNullable<Report['program']> = (run) => {
  const first = new Map<string, Tensor>()
  const wrong: Backend['run'] = (program, feeds, watch) => {
    const joints = program.nodes.filter(forward('concat'))
    const joined = new Set(joints.map((node) => node.outputs['y']))
    const dense = joints.some((node) => partsOf(node).some((name) => joined.has(name)))
    return TE.map((values: Tensors) =>
      dense
        ? Object.fromEntries(
            Object.entries(values).map(([name, tensor]) => {
              const key = `${name} ${textOf(program)}`
              const before = first.get(key) ?? tensor
              first.set(key, before)
              return [name, before]
            }),
          )
        : values,
    )(run(program, feeds, watch))
  }
  return wrong
}

export const trainingWoven: readonly Report[] = [
  stepped('all weights are corrected by the count of the last', byTheLastCount, { like: 'deepspeedai/DeepSpeed#8471' }),
  stepped('all weights are corrected by the largest count', byTheLargestCount, {
    like: 'InfiniTensor/InfiniTrain#235',
  }),
  stepped('shared weights take a step for each layer', stepForEach, { like: 'torch/torch7#716' }),
  stepped('a second optimizer takes over what the first was given', takenOver, { like: 'pytorch/pytorch#51794' }),
  stepped('a dropout draws in every run what it drew in the first', drawnOnce, { like: 'tinygrad/tinygrad#1957' }),
  stepped('every dropout of a program draws what the first does', drawnByTheFirst, {
    like: 'PaddlePaddle/Paddle#7796',
  }),
  between('from the third run on states that are no answers stay', stateStays, { like: 'tinygrad/tinygrad#16618' }),
  stepped('trained weights of a product and its unit are those of the first run', packedOnce, {
    like: 'ooples/AiDotNet.Tensors#583',
  }),
  between('a program of joined joins answers what it did first', denseOnce, { like: 'intel/caffe#275' }),
]
