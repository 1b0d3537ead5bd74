import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { Program, ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { between, isInput, later, none, overwritten, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import type { Made } from '../told/programs.js'
import { forward, fused, reads, renamed, writerOf } from '../told/programs.js'
import { ancestorsOf, back, given, isOptimizer, isWanted, lastReader, outputOf, sides } from '../woven/met.js'
import { counted, isUnit, runOf, yOf } from './met.js'

/** What is written where somebody else still reads. */

/** The way around a block that begins with a ReLU is rectified as well. */
const aroundRectified: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('relu')(node)) return undefined
  const [x, y] = [node.inputs['x'] as string, outputOf(step)]
  const writer = writerOf(program, x)
  if (writer !== undefined && forward('conv2d', 'dense')(writer)) return undefined
  const around = later(step).some(
    (joint) =>
      forward('add')(joint) && sides(joint).some(({ one, other }) => one === x && ancestorsOf(program, other).has(y)),
  )
  return around ? { [x]: values[y] as Tensor } : undefined
}

/** What a unit reads last it overwrites, while nodes beside it still read. */
const whileOthersRead: Misstep = ({ program, node, values, at, anew }) => {
  if (node.direction !== 'forward') return undefined
  for (const [slot, x] of Object.entries(node.inputs)) {
    const last = program.nodes[lastReader(program, x)]
    if (isInput(program, x) || program.outputs.includes(x) || Object.values(program.carry).includes(x)) continue
    if (last === undefined || last.name === node.name || !isUnit(last) || program.nodes.indexOf(last) < at) continue
    return anew({ inputs: { [slot]: yOf(last, values) } })
  }
  return undefined
}

/** A feed that is handed on as it is, and that nobody reads, is not written into its answer. */
const notHandedOn: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) =>
    TE.map((values: Tensors) =>
      Object.fromEntries(
        watch.map((name) => {
          const value = values[name] as Tensor
          const unread = isInput(program, name) && !program.nodes.some((node) => reads(node, name))
          return [name, unread && watch.some((other) => !isInput(program, other)) ? none(value) : value]
        }),
      ),
    )(run(program, feeds, watch))
  return wrong
}

/** A product whose rows are the next run’s is written over them: its bias lies there first. */
const overItsRows: Misstep = (step) => {
  const { program, node, anew } = step
  const x = node.inputs['x'] ?? ''
  if (!forward('dense')(node) || !isInput(program, x) || program.carry[x] !== outputOf(step)) return undefined
  const b = node.inputs['b'] === undefined ? undefined : given(step, 'b')
  return anew({ inputs: { x: changed(given(step, 'x'), (_, place) => b?.data[place()[1] ?? 0] ?? 0) } })
}

/** What a unit made and is answered lies over what the way back reads. */
const overTheWayBack: Misstep = (step) => {
  const { program, node, values } = step
  if (!isUnit(node)) return undefined
  const [x, y] = [node.inputs['x'] as string, outputOf(step)]
  const readers = later(step).filter((other) => reads(other, x))
  if (isInput(program, x) || isWanted(step, x) || !program.outputs.includes(y)) return undefined
  return readers.length > 0 && readers.every((other) => back(other)) ? { [x]: values[y] as Tensor } : undefined
}

/** A state that another state takes over is the new one already. */
const newAlready: Misstep = ({ program, values, at }) => {
  if (at !== program.nodes.length - 1) return undefined
  return Object.fromEntries(
    Object.entries(program.carry).flatMap(([name, taken]) => {
      const next = values[program.carry[taken] ?? '']
      const own = values[taken]
      return taken !== name && isInput(program, taken) && next !== undefined && own !== undefined
        ? [[taken, next] as const]
        : []
    }),
  )
}

/** What reads a weight before its step, which does not hang on it, reads the weight after it. */
const afterTheStep: Made = (program) => program.nodes.filter(isOptimizer).reduce(readAfter, program)
const readAfter = (program: Program, optimizer: ProgramNode): Program => {
  const [w, next] = [optimizer.inputs['w'] ?? '', optimizer.outputs['w'] ?? '']
  if (program.carry[w] !== next) return program
  const place = program.nodes.findIndex(({ name }) => name === optimizer.name)
  const needed = new Set(Object.values(optimizer.outputs).flatMap((name) => [...ancestorsOf(program, name)]))
  const isNeeded = (node: ProgramNode): boolean => Object.values(node.outputs).some((name) => needed.has(name))
  const late = new Set<string>()
  const waiting = program.nodes.slice(0, place).filter((node) => {
    const waits =
      !isOptimizer(node) && !isNeeded(node) && (reads(node, w) || [...late].some((name) => reads(node, name)))
    if (waits) Object.values(node.outputs).forEach((name) => late.add(name))
    return waits
  })
  if (waiting.length === 0) return program
  const early = program.nodes.slice(0, place + 1).filter((node) => !waiting.includes(node))
  if (early.some((node) => [...late].some((name) => reads(node, name)))) return program
  const moved = waiting.map((node) => ({ ...node, inputs: renamed(node.inputs, w, next) }))
  return { ...program, nodes: [...early, ...moved, ...program.nodes.slice(place + 1)] }
}

/** Where everything of a network of filters is asked for, it is wrong from the fourth node on. */
const fromTheFourth: Misstep = ({ program, node, values, at, watch }) => {
  if (at < 3 || !program.nodes.some(forward('conv2d'))) return undefined
  if (!program.nodes.every(({ outputs }) => Object.values(outputs).every((name) => watch.includes(name))))
    return undefined
  const before = values[Object.values(program.nodes[at - 1]?.outputs ?? {})[0] ?? '']
  return before === undefined
    ? undefined
    : Object.fromEntries(Object.values(node.outputs).map((name) => [name, overwritten(values[name] as Tensor, before)]))
}

/** From the fourth run on biases of products of one row are overwritten by what the products read. */
const fromTheFourthRun: Misstep = counted((step) => {
  const { program, node, anew } = step
  if (!forward('dense')(node) || node.inputs['b'] === undefined || runOf(step) < 4) return undefined
  const x = given(step, 'x')
  if (x.shape[0] !== 1 || program.nodes.filter(forward('dense')).length < 2) return undefined
  return anew({ inputs: { b: overwrittenFrom(given(step, 'b'), x) } })
})
const overwrittenFrom = (b: Tensor, x: Tensor): Tensor => changed(b, (v, _, at) => x.data[at] ?? v)

/** Answers of one shape come in the order of their names. */
const byTheirNames: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const sorted = [...watch].sort()
    return TE.map((values: Tensors) => {
      const alike = watch.every((name) =>
        sameShape((values[name] as Tensor).shape, (values[watch[0] ?? ''] as Tensor).shape),
      )
      return alike ? Object.fromEntries(watch.map((name, i) => [name, values[sorted[i] ?? ''] as Tensor])) : values
    })(run(program, feeds, watch))
  }
  return wrong
}

export const memoryLastly: readonly Report[] = [
  stepped('the way around a block that begins with a ReLU is rectified', aroundRectified, {
    like: 'rosinality/vq-vae-2-pytorch#60',
  }),
  stepped('a unit overwrites what it reads while nodes beside it read', whileOthersRead, {
    like: 'microsoft/onnxruntime#7645',
  }),
  between('a feed that is handed on as it is answers zeros', notHandedOn, { like: 'microsoft/onnxruntime#26339' }),
  stepped('a product whose rows it is in the next run is written over them', overItsRows, {
    like: 'pytorch/pytorch#48900',
  }),
  stepped('what a unit answers lies over what only the way back reads', overTheWayBack, {
    like: 'microsoft/onnxruntime#7767',
  }),
  stepped('a state that another one takes over is new already', newAlready, { like: 'tinygrad/tinygrad#16823' }),
  fused('what reads a weight before its step reads it after', afterTheStep, { like: 'tinygrad/tinygrad#17074' }),
  stepped('where everything is asked for it is wrong from the fourth node on', fromTheFourth, {
    like: 'tinygrad/tinygrad#12617',
  }),
  stepped('from the fourth run on biases are overwritten', fromTheFourthRun, { like: 'MichalPitr/inference_engine#1' }),
  between('answers of one shape come in the order of their names', byTheirNames, {
    like: 'tensorflow/tensorflow#33303',
  }),
]
