import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { Numbers, Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import { isElementwise } from '../anew/met.js'
import type { Misstep } from '../lately/met.js'
import { between, isInput, numbersOf, overwritten, sizeOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { back, isWanted, readLater, textOf } from '../woven/met.js'

/** What lies where something else is still wanted, within a run and from run to run. */

/** What a dropout draws lies where it reads, and that place counts as free: what is written next lies over it. */
const dropoutInPlace: Misstep = (step) => {
  const { program, node, values, at } = step
  const before = program.nodes[at - 1]
  if (before === undefined || !forward('dropout')(before)) return undefined
  const [x, y] = [before.inputs['x'] as string, before.outputs['y'] as string]
  if (isInput(program, x) || isWanted(step, x) || !readLater(step, y)) return undefined
  // on the way back a dropout draws again and does not read
  if (program.nodes.some((other) => other !== before && reads(other, x) && !back(other, 'dropout'))) return undefined
  const by = Object.values(node.outputs).find((name) => sizeOf(values[name] as Tensor) === sizeOf(values[y] as Tensor))
  return by === undefined ? undefined : { [y]: overwritten(values[y] as Tensor, values[by] as Tensor) }
}

/** A program answers in the same arrays every time: what it answered before is what it answers now. */
const inTheSameArrays: NonNullable<Report['program']> = (run) => {
  const arrays = new Map<string, Float32Array>()
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) =>
    TE.map((values: Tensors) =>
      Object.fromEntries(
        watch.map((name) => {
          const value = values[name] as Tensor
          if (isInput(program, name)) return [name, value]
          const key = `${name} ${textOf(program)}`
          const kept = arrays.get(key) ?? new Float32Array(sizeOf(value))
          arrays.set(key, kept)
          kept.set(numbersOf(value))
          return [name, { shape: value.shape, data: kept }]
        }),
      ),
    )(run(program, feeds, watch))
  return wrong
}

/** What is fed in the very array of the answer before is what is answered now as soon as that is there. */
const fedAsItWasAnswered: Misstep = (step) => {
  const { program, node, values, memory, at } = step
  const key = `answered ${textOf(program)}`
  const answered = (memory.get(key) ?? new Map<string, Numbers>()) as ReadonlyMap<string, Numbers>
  const own = Object.values(node.outputs)
  const fed = Object.keys(program.inputs).flatMap((name) => {
    const from = own.find((output) => answered.has(output) && answered.get(output) === values[name]?.data)
    const same = from !== undefined && sameShape((values[from] as Tensor).shape, (values[name] as Tensor).shape)
    return same ? [[name, values[from] as Tensor] as const] : []
  })
  if (at === program.nodes.length - 1) {
    const kept = program.nodes.flatMap(({ outputs }) =>
      Object.values(outputs).map((name) => [name, (values[name] as Tensor).data] as const),
    )
    memory.set(key, new Map(kept))
  }
  return fed.length === 0 ? undefined : Object.fromEntries(fed)
}

/** What is made of a sum that is a state’s next value, element by element, is made of the state before. */
const ofTheStateBefore: Misstep = ({ program, node, values, anew }) => {
  if (!isElementwise(node)) return undefined
  const inputs = Object.entries(node.inputs).flatMap(([slot, name]) => {
    const sum = writerOf(program, name)
    const state = Object.keys(program.carry).find((each) => program.carry[each] === name)
    const isSum = sum !== undefined && state !== undefined && forward('add')(sum) && reads(sum, state)
    return isSum ? [[slot, values[state] as Tensor] as const] : []
  })
  return inputs.length === 0 ? undefined : anew({ inputs: Object.fromEntries(inputs) })
}

export const memoryAfresh: readonly Report[] = [
  stepped('what a dropout drew gives way to what is written next', dropoutInPlace, { like: 'pytorch/pytorch#189735' }),
  between('a program answers in the same arrays every time', inTheSameArrays, { like: 'tinygrad/tinygrad#7020' }),
  stepped('what is fed in the array of the answer before is the answer once that is there', fedAsItWasAnswered, {
    like: 'tinygrad/tinygrad#14278',
  }),
  stepped('what is made of a sum that is kept is made of what was kept before', ofTheStateBefore, {
    like: 'pytorch/pytorch#109172',
  }),
]
