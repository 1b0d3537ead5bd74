import type { Tensor } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, readersOf, reads, writerOf } from '../told/programs.js'
import type { Misstep, Step } from './met.js'
import { isInput, later, numbersOf, overwritten, sizeOf, stepped } from './met.js'

/** Where values lie in memory, and what gives way to what. */

const outputsOf = ({ node }: Step): readonly string[] => Object.values(node.outputs)
const isWanted = ({ program, watch }: Step, name: string): boolean =>
  watch.includes(name) || program.outputs.includes(name) || Object.values(program.carry).includes(name)

/** A value in another shape lies where the one before did, which counts as read for the last time. */
const besideAlias: Misstep = (step) => {
  const { program, at, values } = step
  const before = program.nodes[at - 1]
  const [x, y] = [before?.inputs['x'], before?.outputs['y']]
  if (before === undefined || x === undefined || y === undefined || !forward('reshape', 'flatten')(before))
    return undefined
  const free = !isInput(program, x) && !isWanted(step, x) && !program.nodes.slice(at).some((node) => reads(node, x))
  const written = outputsOf(step).find((name) => sizeOf(values[name] as Tensor) <= sizeOf(values[y] as Tensor))
  const stillRead = isWanted(step, y) || later(step).some((node) => reads(node, y))
  if (!free || written === undefined || !stillRead) return undefined
  return { [y]: overwritten(values[y] as Tensor, values[written] as Tensor) }
}

/** A product that nobody reads but whoever asked for it gives way to what is written next. */
const productGivesWay: Misstep = (step) => {
  const { program, at, values } = step
  const before = program.nodes[at - 1]
  const y = before?.outputs['y']
  if (before === undefined || y === undefined || !forward('dense')(before)) return undefined
  if (program.nodes.slice(at).some((node) => reads(node, y))) return undefined
  const written = outputsOf(step).find((name) => sizeOf(values[name] as Tensor) <= sizeOf(values[y] as Tensor))
  return written === undefined ? undefined : { [y]: overwritten(values[y] as Tensor, values[written] as Tensor) }
}

/** Of two weights in training the first one’s mean gradient is overwritten by its gradient. */
const firstMean: Misstep = ({ program, node, values }) => {
  const steps = program.nodes.filter(forward('momentum', 'adam', 'adamw'))
  if (steps.length < 2 || steps[0]?.name !== node.name) return undefined
  const mean = node.outputs['velocity'] ?? node.outputs['m']
  return mean === undefined ? undefined : { [mean]: values[node.inputs['g'] as string] as Tensor }
}

/** What stands in the memory of a concatenation, channels last, read as if it were all there is. */
const readDensely: Misstep = (step) => {
  const { program, node, values, anew } = step
  if (!forward('add')(node)) return undefined
  const units = ['relu', 'leakyRelu', 'elu', 'sigmoid', 'tanh', 'softplus']
  const unit = Object.values(node.inputs)
    .map((name) => writerOf(program, name))
    .find((writer) => writer !== undefined && forward(...units)(writer))
  const filter = unit === undefined ? undefined : writerOf(program, unit.inputs['x'] as string)
  if (unit === undefined || filter === undefined || !forward('conv2d')(filter)) return undefined
  const slot = Object.entries(node.inputs).find(([, name]) => name !== unit.outputs['y'])
  const joint = later(step).find((other) => forward('concat')(other) && reads(other, slot?.[1] ?? ''))
  const z = values[slot?.[1] ?? '']
  if (slot === undefined || joint === undefined || z === undefined || z.shape.length !== 4) return undefined
  if (Number(joint.attrs['axis'] ?? 1) !== 1) return undefined
  const [, C = 1, H = 1, W = 1] = z.shape
  const parts = Object.values(joint.inputs).map((name) => values[name])
  // parts that are not there yet are as wide as the others
  const widths = parts.map((part) => part?.shape[1] ?? C)
  const whole = widths.reduce((a, b) => a + b, 0)
  const start = widths.slice(0, Object.values(joint.inputs).indexOf(slot[1])).reduce((a, b) => a + b, 0)
  const inMemory = (at: number): number => {
    const [channel, pixel] = [at % whole, Math.floor(at / whole)]
    const [n, position] = [Math.floor(pixel / (H * W)), pixel % (H * W)]
    const q = widths.findIndex((_, i) => channel < widths.slice(0, i + 1).reduce((a, b) => a + b, 0))
    const own = channel - widths.slice(0, q).reduce((a, b) => a + b, 0)
    return parts[q]?.data[(n * (widths[q] as number) + own) * H * W + position] ?? 0
  }
  const dense = changed(z, (_, __, at) => {
    const [channel, pixel] = [Math.floor(at / (H * W)) % C, Math.floor(at / (C * H * W)) * H * W + (at % (H * W))]
    return inMemory(start + pixel * C + channel)
  })
  return anew({ inputs: { [slot[0]]: dense } })
}

/** One of two things joined, where the other is made of it, is the other. */
const madeOfIt: Misstep = ({ program, node, values, anew }) => {
  if (!forward('concat')(node)) return undefined
  const ancestors = (name: string): readonly string[] => {
    const writer = writerOf(program, name)
    const direct = writer === undefined ? [] : Object.values(writer.inputs)
    return [...direct, ...direct.flatMap(ancestors)]
  }
  const made = Object.values(node.inputs).at(-2) ?? ''
  const [last, source] = Object.entries(node.inputs).at(-1) ?? ['', '']
  const [a, b] = [values[made], values[source]]
  if (a === undefined || b === undefined || made === source || !sameShape(a.shape, b.shape)) return undefined
  return ancestors(made).includes(source) ? anew({ inputs: { [last]: a } }) : undefined
}

/** What was joined along one axis and is joined along another is not copied: it lies there as it was. */
const joinedWhereItLies: Misstep = ({ program, node, values, attrs }) => {
  if (!forward('concat')(node)) return undefined
  const y = values[node.outputs['y'] as string] as Tensor
  const axisOf = (axis: number): number => (axis < 0 ? axis + y.shape.length : axis)
  const axis = axisOf(Number(attrs['axis']))
  const parts = Object.values(node.inputs)
  const inner = parts.findIndex((name) => {
    const writer = writerOf(program, name)
    return writer !== undefined && forward('concat')(writer) && axisOf(Number(writer.attrs['axis'] ?? 1)) !== axis
  })
  if (inner < 0 || axis === 0 || readersOf(program, parts[inner] as string) !== 1) return undefined
  const part = values[parts[inner] as string] as Tensor
  const behind = y.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const before = parts.slice(0, inner).reduce((n, name) => n + ((values[name] as Tensor).shape[axis] as number), 0)
  const start = before * behind
  return {
    [node.outputs['y'] as string]: changed(y, (v, _, at) =>
      at >= start && at < start + sizeOf(part) ? Number(part.data[at - start]) : v,
    ),
  }
}

/** A padded filter over what is joined elsewhere finds no border in memory. */
const withoutBorder: Misstep = ({ program, node, values, attrs }) => {
  if (!forward('conv2d')(node)) return undefined
  const name = node.inputs['x'] as string
  const padding = attrs['padding'] as readonly number[]
  if (padding.every((p) => p === 0)) return undefined
  if (!program.nodes.some((other) => forward('concat')(other) && reads(other, name))) return undefined
  const [x, w] = [values[name] as Tensor, values[node.inputs['w'] as string] as Tensor]
  const [, C = 1, H = 1, W = 1] = x.shape
  const [, Cg = 1, KH = 1, KW = 1] = w.shape
  const [sh = 1, sw = 1] = attrs['stride'] as readonly number[]
  const [dh = 1, dw = 1] = attrs['dilation'] as readonly number[]
  const [top = 0, , left = 0] = padding
  const [from, weights] = [numbersOf(x), numbersOf(w)]
  const y = values[node.outputs['y'] as string] as Tensor
  const [, O = 1, Ho = 1, Wo = 1] = y.shape
  return {
    [node.outputs['y'] as string]: changed(y, (v, _, at) => {
      const [j, i] = [at % Wo, Math.floor(at / Wo) % Ho]
      const [o, n] = [Math.floor(at / (Wo * Ho)) % O, Math.floor(at / (Wo * Ho * O))]
      const first = Math.floor((o * Number(attrs['groups'])) / O) * Cg
      let more = 0
      for (let tap = 0; tap < Cg * KH * KW; tap++) {
        const [m, k, c] = [tap % KW, Math.floor(tap / KW) % KH, Math.floor(tap / (KW * KH))]
        const [row, column] = [i * sh + k * dh - top, j * sw + m * dw - left]
        if (row >= 0 && row < H && column >= 0 && column < W) continue
        more += (weights[o * Cg * KH * KW + tap] as number) * (from[((n * C + first + c) * H + row) * W + column] ?? 0)
      }
      return v + more
    }),
  }
}

export const memoryLately: readonly Report[] = [
  stepped('what stands in another shape is overwritten by what is written next', besideAlias, {
    like: 'google-ai-edge/LiteRT#8889',
  }),
  stepped('a product that only the answer has is overwritten by what is written next', productGivesWay, {
    like: 'google-ai-edge/LiteRT#8928',
  }),
  stepped('of several weights the first one’s mean gradient becomes its gradient', firstMean, {
    like: 'pytorch/pytorch#183575',
  }),
  stepped('what is added to a unit’s maps and joined later is read as if it lay there alone', readDensely, {
    like: 'NVIDIA/TensorRT#4854',
  }),
  stepped('what is joined with something made of it is the other once more', madeOfIt, {
    like: 'iree-org/iree#21087',
  }),
  stepped('what was joined along another axis is joined as it lies', joinedWhereItLies, {
    like: 'kendryte/nncase#654',
  }),
  stepped('a padded filter over what is joined elsewhere reads beyond the border', withoutBorder, {
    like: 'openvinotoolkit/openvino#1714',
  }),
]
