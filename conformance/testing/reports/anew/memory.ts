import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { between, isInput, none, onlyFrom, overwritten, stepped } from '../lately/met.js'
import { counted, runOf } from '../lastly/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import {
  back,
  isWanted,
  lastReader,
  listOf,
  outputOf,
  placeOfWriter,
  readLater,
  scaledBy,
  sides,
  textOf,
} from '../woven/met.js'
import { isElementwise } from './met.js'

/** What is written where something else lies, what is answered, and filters whose factors are read elsewhere. */

/** What is made of a view of a view lies over what is viewed, though that is read later. */
const overWhatIsViewed: Misstep = (step) => {
  const { program, node, values, at } = step
  if (!isElementwise(node)) return undefined
  for (const name of Object.values(node.inputs)) {
    const outer = writerOf(program, name)
    const inner =
      outer !== undefined && forward('reshape')(outer) ? writerOf(program, outer.inputs['x'] ?? '') : undefined
    const viewed = inner !== undefined && forward('reshape')(inner) ? (inner.inputs['x'] as string) : ''
    if (viewed === '' || isInput(program, viewed) || isWanted(step, name) || lastReader(program, name) !== at) continue
    const [z, y] = [values[viewed] as Tensor, values[outputOf(step)] as Tensor]
    if (sameShape(z.shape, y.shape) && readLater(step, viewed)) return { [viewed]: y }
  }
  return undefined
}

/** Whoever reads a state once its next value is there reads that. */
const nextAlready: Misstep = ({ program, node, values, at, anew }) => {
  const next = (names: Readonly<Record<string, string>>): Tensors =>
    Object.fromEntries(
      Object.entries(names).flatMap(([slot, name]) => {
        const value = program.carry[name] ?? name
        const place = placeOfWriter(program, value)
        return value !== name && place >= 0 && place < at ? [[slot, values[value] as Tensor] as const] : []
      }),
    )
  const [inputs, cotangents] = [next(node.inputs), next(node.cotangents)]
  return Object.keys(inputs).length + Object.keys(cotangents).length === 0 ? undefined : anew({ inputs, cotangents })
}

/** Of two padded filters of the same maps the second reads what the first has written over them. */
const writtenByTheFirst: Misstep = ({ program, node, values, at, anew }) => {
  const isPadded = (other: typeof node): boolean =>
    forward('conv2d')(other) && listOf(other, 'padding', [0]).some((p) => p > 0)
  const x = node.inputs['x'] ?? ''
  if (!isPadded(node) || isInput(program, x)) return undefined
  const first = program.nodes.slice(0, at).find((other) => isPadded(other) && other.inputs['x'] === x)
  const y = values[first?.outputs['y'] ?? '']
  return y === undefined ? undefined : anew({ inputs: { x: overwritten(values[x] as Tensor, y) } })
}

/** A state that is doubled is so twice. */
const doubledTwice: Misstep = (step) => {
  const { program, node, values } = step
  const { a = '', b = '' } = node.inputs
  const y = outputOf(step)
  if (!forward('add')(node) || a !== b || program.carry[a] !== y) return undefined
  return { [y]: scaledBy(values[y] as Tensor, 2) }
}

/** A state that keeps a gradient lies where the gradient does: from the second run on it is the new one. */
const whereTheGradientLies: Misstep = counted((step) => {
  const { program, node, values } = step
  if (!back(node) || runOf(step) < 2) return undefined
  return Object.entries(program.carry).reduce<Tensors | undefined>((soFar, [state, value]) => {
    return Object.values(node.outputs).includes(value) ? { ...soFar, [state]: values[value] as Tensor } : soFar
  }, undefined)
})

/** An answer that another node reads is not copied to where it is answered, where there are several. */
const notCopied: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) =>
    TE.map((values: Tensors) =>
      Object.fromEntries(
        watch.map((name) => {
          const value = values[name] as Tensor
          const inner =
            program.outputs.length > 1 &&
            program.outputs.includes(name) &&
            !isInput(program, name) &&
            program.nodes.some((node) => reads(node, name))
          return [name, inner ? none(value) : value]
        }),
      ),
    )(run(program, feeds, watch))
  return wrong
}

/** A sum that is answered and read as well is answered as its first summand; who reads it reads the sum. */
const summandAnswered: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const sums = program.nodes.filter((node) => {
      const y = node.outputs['y'] ?? ''
      return forward('add')(node) && watch.includes(y) && program.nodes.some((other) => reads(other, y))
    })
    const summands = sums.map((node) => node.inputs['a'] as string)
    return TE.map((values: Tensors) =>
      Object.fromEntries(
        watch.map((name) => {
          const sum = sums.find((node) => node.outputs['y'] === name)
          return [name, values[sum?.inputs['a'] ?? name] as Tensor]
        }),
      ),
    )(run(program, feeds, [...new Set([...watch, ...summands])]))
  }
  return wrong
}

/** Elements’ nodes that are asked for other values than the first time answer what was asked then. */
const askedBefore: NonNullable<Report['program']> = (run) => {
  const asked = new Map<string, readonly string[]>()
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    if (!program.nodes.every(isElementwise)) return run(program, feeds, watch)
    const text = textOf(program)
    const first = asked.get(text) ?? watch
    asked.set(text, first)
    return TE.map((values: Tensors) =>
      Object.fromEntries(
        watch.map((name, i) => {
          const [own, other] = [values[name] as Tensor, values[first[i] ?? name] as Tensor]
          return [name, first.length !== watch.length && sameShape(own.shape, other.shape) ? other : own]
        }),
      ),
    )(run(program, feeds, [...new Set([...watch, ...first])]))
  }
  return wrong
}

/** Maps that are fed factors of their own and go into groups of filters: every group has the first one’s factors. */
const factorsOfTheFirstGroup: Misstep = ({ program, node, values, attrs, anew }) => {
  const groups = Number(attrs['groups'])
  const scale = forward('conv2d')(node) ? onlyFrom(program, node.inputs['x'] as string, 'scaleChannels') : undefined
  const s = values[scale?.inputs['s'] ?? '']
  if (scale === undefined || s === undefined || groups < 2 || !isInput(program, scale.inputs['s'] as string))
    return undefined
  const [N = 1, C = 1] = s.shape
  if (N !== 1) return undefined
  const x = values[scale.inputs['x'] as string] as Tensor
  return anew({
    inputs: { x: changed(x, (v, place) => v * Number(s.data[(place()[1] as number) % (C / groups)])) },
  })
}

/** Maps of a filter without a bias that are multiplied by something fed are so map by map, by what their first pixel has. */
const mapByMap: Misstep = ({ program, node, values, anew }) => {
  if (!forward('mul')(node)) return undefined
  for (const { slot, one, other } of sides(node)) {
    const filter = onlyFrom(program, one, 'conv2d')
    if (filter === undefined || filter.inputs['b'] !== undefined || !isInput(program, other)) continue
    const z = values[other] as Tensor
    const each = (z.shape[2] as number) * (z.shape[3] as number)
    const C = z.shape[1] as number
    const factor = changed(z, (_, __, at) => Number(z.data[(Math.floor(at / each) % C) * each]))
    return anew({ inputs: { [slot === 'a' ? 'b' : 'a']: factor } })
  }
  return undefined
}

export const memoryAnew: readonly Report[] = [
  stepped('what is made of a view of a view lies over what is viewed', overWhatIsViewed, {
    like: 'pytorch/pytorch#122457',
  }),
  stepped('whoever reads a state once its next value is there reads that', nextAlready, {
    like: 'pytorch/pytorch#94693',
  }),
  stepped('of two padded filters of the same maps the second reads what the first wrote', writtenByTheFirst, {
    like: 'mit-han-lab/tinyengine#109',
  }),
  stepped('a state that is doubled is so twice', doubledTwice, { like: 'pytorch/pytorch#138908' }),
  stepped('a state that keeps a gradient is the new one already', whereTheGradientLies, {
    like: 'shivram1987/diffGrad#2',
  }),
  between('an answer that another node reads is not copied', notCopied, { like: 'tensorflow/tensorflow#44802' }),
  between('a sum that is answered and read is answered as its first summand', summandAnswered, {
    like: 'google-ai-edge/LiteRT#8599',
  }),
  between('nodes of elements that are asked for more or fewer values answer those of the first time', askedBefore, {
    like: 'ml-explore/mlx#2647',
  }),
  stepped('groups of filters have the first one’s share of what scales the maps before them', factorsOfTheFirstGroup, {
    like: 'openvinotoolkit/openvino#1882',
  }),
  stepped('maps that are multiplied by something fed are so by its first pixels', mapByMap, {
    like: 'onnx/tensorflow-onnx#2152',
  }),
]
