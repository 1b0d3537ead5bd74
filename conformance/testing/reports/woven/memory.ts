import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { between, isInput, later, numbersOf, onlyFrom, overwritten, sizeOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, readersOf, reads, writerOf } from '../told/programs.js'
import { back, isWanted, lastReader, outputOf, placeOfWriter, readLater, sides } from './met.js'

/** What gives way in memory while somebody still wants it. */

const writtenBy = ({ node }: Step): readonly string[] => Object.values(node.outputs)
/** A value in whose place the first of what a node writes now lies, if it fits. */
const givesWay = (step: Step, name: string | undefined): Tensors | undefined => {
  const value = step.values[name ?? '']
  if (name === undefined || value === undefined) return undefined
  const by = writtenBy(step).find((other) => other !== name && sizeOf(step.values[other] as Tensor) <= sizeOf(value))
  return by === undefined ? undefined : { [name]: overwritten(value, step.values[by] as Tensor) }
}

/** Two filters of narrow maps whose outputs are joined: the first one’s lie where the narrow maps do. */
const expandedOverSqueezed: Misstep = (step) => {
  const { program, node, values, at } = step
  if (!forward('conv2d')(node)) return undefined
  const squeezed = node.inputs['x'] as string
  const unit = onlyUnit(step, squeezed)
  const squeeze = writerOf(program, unit ?? squeezed)
  const second = later(step).find((other) => forward('conv2d')(other) && other.inputs['x'] === squeezed)
  if (squeeze === undefined || !forward('conv2d')(squeeze) || second === undefined) return undefined
  const ends = [outputOf(step), second.outputs['y'] ?? ''].map((name) => rectifiedOf(step, name))
  const joint = program.nodes.find((other) => forward('concat')(other) && ends.every((name) => reads(other, name)))
  const y = values[outputOf(step)] as Tensor
  if (joint === undefined || joint.inputs['x0'] !== ends[0] || y.shape[0] !== 1) return undefined
  // a place that was free when the narrow maps were made, and holds all that is joined
  const place = program.nodes.slice(0, at).find((other) => {
    const name = other.outputs['y'] ?? ''
    const value = values[name]
    const free = lastReader(program, name) <= program.nodes.indexOf(squeeze) && !isWanted(step, name)
    return forward('conv2d')(other) && other.name !== squeeze.name && free && sizeOf(value as Tensor) >= 2 * sizeOf(y)
  })
  return place === undefined ? undefined : { [squeezed]: overwritten(values[squeezed] as Tensor, y) }
}
/** What the unit reads that wrote a value. */
const onlyUnit = ({ program }: Step, name: string): string | undefined => {
  const unit = writerOf(program, name)
  return unit !== undefined && forward('relu')(unit) ? unit.inputs['x'] : undefined
}
const rectifiedOf = ({ program }: Step, name: string): string =>
  program.nodes.find((node) => forward('relu')(node) && node.inputs['x'] === name)?.outputs['y'] ?? name

/** What another shape of something is made into lies where that shape does, though it is joined later. */
const overItsShape: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('mul', 'add')(node)) return undefined
  const isShape = (name: string): boolean => {
    const writer = writerOf(program, name)
    return writer !== undefined && forward('reshape', 'flatten')(writer)
  }
  const name = Object.values(node.inputs).find(
    (each) => isShape(each) && later(step).some((other) => forward('concat')(other) && reads(other, each)),
  )
  return name === undefined ? undefined : { [name]: values[outputOf(step)] as Tensor }
}

/** A unit beside a filter rectifies what the filter reads. */
const rectifiedBeside: Misstep = (step) => {
  const { node, values } = step
  if (!forward('relu')(node)) return undefined
  const [x, y] = [node.inputs['x'] as string, outputOf(step)]
  const filter = later(step).find((other) => forward('conv2d')(other) && other.inputs['x'] === x)
  const joint = later(step).find(
    (other) => forward('concat')(other) && reads(other, y) && reads(other, filter?.outputs['y'] ?? ''),
  )
  return joint === undefined ? undefined : { [x]: values[y] as Tensor }
}

/** Rectified maps of a filter with a bias give way to what is written next. */
const fusedGivesWay: Misstep = (step) => {
  const { program, at } = step
  const before = program.nodes[at - 1]
  if (before === undefined || !forward('relu')(before)) return undefined
  const filter = onlyFrom(program, before.inputs['x'] as string, 'conv2d')
  const y = before.outputs['y']
  return filter?.inputs['b'] !== undefined && y !== undefined && readLater(step, y) ? givesWay(step, y) : undefined
}

/** Of several answers one that was read for the last time gives way to what is written next. */
const answerGivesWay: Misstep = (step) => {
  const { program, at } = step
  if (program.outputs.length < 2) return undefined
  const name = program.outputs.find(
    (each) => !isInput(program, each) && lastReader(program, each) === at - 1 && placeOfWriter(program, each) < at - 1,
  )
  return givesWay(step, name)
}

/** What comes after an output that nobody reads shares a place with what comes next. */
const placeGivenTwice: Misstep = (step) => {
  const { program, values, at } = step
  const [first, second] = [program.nodes[at - 2], program.nodes[at - 1]]
  if (first === undefined || second === undefined) return undefined
  const unread = Object.values(first.outputs).find((name) => readersOf(program, name) === 0 && !isWanted(step, name))
  const size = (name: string): number => sizeOf(values[name] as Tensor)
  if (unread === undefined) return undefined
  const shared = Object.values(second.outputs).find((name) => size(name) === size(unread) && readLater(step, name))
  const by = writtenBy(step).find((name) => size(name) === size(unread))
  return shared === undefined || by === undefined
    ? undefined
    : { [shared]: overwritten(values[shared] as Tensor, values[by] as Tensor) }
}

/** In a long way back a gradient that is read later gives way to what is written next. */
const longWayBack: Misstep = (step) => {
  const { program, at } = step
  if (program.nodes.filter((node) => back(node)).length < 200) return undefined
  const before = program.nodes[at - 1]
  const name = Object.values(before?.outputs ?? {}).find((each) => later(step).some((node) => reads(node, each)))
  return back(before) ? givesWay(step, name) : undefined
}

/** Three states that are handed on as they are, asked for behind three answers of their shape, get mixed up with these. */
const mixedUp: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const states = watch.filter((name) => isInput(program, name))
    const answers = watch.slice(0, watch.length - states.length)
    const alike = (names: readonly string[], values: Tensors): boolean =>
      names.length >= 3 &&
      names.every((name) => sameShape((values[name] as Tensor).shape, (values[states[0] ?? ''] as Tensor).shape))
    return TE.map((values: Tensors) => {
      const behind = states.every((name, i) => watch[answers.length + i] === name)
      if (!behind || !alike(states, values) || !alike(answers, values)) return values
      const second = values[states[1] as string] as Tensor
      return { ...values, [answers[1] as string]: second, [states[2] as string]: second }
    })(run(program, feeds, watch))
  }
  return wrong
}

/** The sum of a filter and of what is fed is written where the feed lies, and stays there. */
const intoTheFeed: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const sums = program.nodes.filter(forward('add')).flatMap((node) => {
      const side = sides(node).find(
        ({ one, other }) => onlyFrom(program, one, 'conv2d') !== undefined && isInput(program, other),
      )
      return side === undefined ? [] : [{ fed: side.other, y: node.outputs['y'] as string }]
    })
    return TE.map((values: Tensors) => {
      for (const { fed, y } of sums) {
        const data = feeds[fed]?.data
        if (data instanceof Float32Array) data.set(numbersOf(values[y] as Tensor))
      }
      return Object.fromEntries(watch.map((name) => [name, values[name] as Tensor]))
    })(run(program, feeds, [...new Set([...watch, ...sums.map(({ y }) => y)])]))
  }
  return wrong
}

export const memoryWoven: readonly Report[] = [
  stepped('of filters whose maps are joined the first writes over what both read', expandedOverSqueezed, {
    like: 'opencv/opencv#10456',
  }),
  stepped('what is made of another shape lies over it, though it is joined later', overItsShape, {
    like: 'apache/tvm#19577',
  }),
  stepped('a unit beside a filter rectifies what the filter reads', rectifiedBeside, { like: 'opencv/opencv#9384' }),
  stepped('rectified maps of a filter give way to what is written next', fusedGivesWay, {
    like: 'ROCm/AMDMIGraphX#1076',
  }),
  stepped('of several answers one that is read no more gives way', answerGivesWay, { like: 'alibaba/MNN#1431' }),
  stepped('behind an output that nobody reads a place is given twice', placeGivenTwice, {
    like: 'microsoft/onnxruntime#21019',
  }),
  stepped('in a long way back gradients give way that are read later', longWayBack, { like: 'ggml-org/ggml#1501' }),
  between('states that are handed on behind answers are mixed up with them', mixedUp, { like: 'jax-ml/jax#39625' }),
  between('the sum of a filter and a feed is written into the feed', intoTheFeed, { like: 'intel/ideep#8' }),
]
