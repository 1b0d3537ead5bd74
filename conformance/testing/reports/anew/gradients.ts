import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { isInput, numbersOf, stepped, total } from '../lately/met.js'
import { counted, isRecurrent, isUnit, runOf, yOf } from '../lastly/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { back, given, isOptimizer, outputOf, placeOfWriter, sides, textOf } from '../woven/met.js'
import { backThroughNorm, channelOf, inverseOf, onlyThere, wayThere } from './met.js'

/** What comes back through layers that write in place, what is added to it, and steps. */

/** The unit that alone reads on the way there what this node on the way back made there. */
const unitInPlace = (step: Step, ...ops: readonly string[]): { readonly y: Tensor; readonly u: Tensor } | undefined => {
  if (!back(step.node, ...ops)) return undefined
  const made = wayThere(step)?.outputs['y'] ?? ''
  const unit = onlyThere(step, made)
  const [y, u] = [step.values[made], step.values[unit?.outputs['y'] ?? '']]
  return unit === undefined || !isUnit(unit) || y === undefined || u === undefined ? undefined : { y, u }
}

/** Back through a norm what was normalized is taken from what a unit behind it has written in its place. */
const normalizedByTheUnit: Misstep = (step) => {
  const { node, values, attrs } = step
  const written = unitInPlace(step, 'batchNormTraining')
  const dy = values[node.cotangents['y'] ?? '']
  if (written === undefined || dy === undefined) return undefined
  const [x, gamma, beta] = ['x', 'gamma', 'beta'].map((slot) => given(step, slot)) as [Tensor, Tensor, Tensor]
  const channel = channelOf(x)
  if (numbersOf(gamma).some((v) => Math.abs(v) < 1e-3)) return undefined
  const normalized = numbersOf(written.u).map(
    (v, at) => (v - Number(beta.data[channel(at)])) / Number(gamma.data[channel(at)]),
  )
  const wrong = backThroughNorm(x, dy, gamma, normalized, inverseOf(x, Number(attrs['epsilon'])))
  return Object.fromEntries(
    Object.entries(wrong).flatMap(([slot, tensor]) => {
      const name = node.outputs[slot]
      return name === undefined ? [] : [[name, tensor] as const]
    }),
  )
}

/** Back through a local norm its maps are what a unit behind it has written in their place. */
const mapsOfTheUnit: Misstep = (step) => {
  const { node, values, anew } = step
  const written = unitInPlace(step, 'localResponseNorm')
  const [dy, name] = [values[node.cotangents['y'] ?? ''], node.outputs['x']]
  if (written === undefined || dy === undefined || name === undefined) return undefined
  const x = given(step, 'x')
  // what a place has of itself is its cotangent over the root; the rest is of cotangents times maps
  const pulled = changed(dy, (v, _, at) => {
    const y = Number(written.y.data[at])
    return y === 0 ? v : (v * Number(written.u.data[at])) / y
  })
  const rest = anew({ cotangents: { y: pulled } })[name] as Tensor
  return {
    [name]: changed(rest, (v, _, at) => {
      const own = Number(x.data[at])
      const difference = Number(dy.data[at]) - Number(pulled.data[at])
      return own === 0 ? v : v + (difference * Number(written.y.data[at])) / own
    }),
  }
}

/** Back through a factor that is fed, in place: the factor lies where the cotangent did, and is multiplied by itself. */
const factorByItself: Misstep = (step) => {
  const { program, node, values } = step
  if (!back(node, 'mul')) return undefined
  const dy = node.cotangents['y'] ?? ''
  const side = sides(node).find(({ one, other }) => isInput(program, other) && !isInput(program, one))
  const name = side === undefined ? undefined : node.outputs[side.slot]
  if (side === undefined || name === undefined || isInput(program, dy)) return undefined
  const alone = program.nodes.filter((other) => reads(other, dy)).length === 1 && !program.outputs.includes(dy)
  if (!alone || onlyThere(step, side.one) === undefined) return undefined
  return { [name]: changed(values[side.other] as Tensor, (v) => v * v) }
}

/** A unit behind a product comes back by what it made, which lies where the product did. */
const byWhatItMade: Misstep = (step) => {
  const { program, node, values, anew } = step
  if (node.direction !== 'backward' || !isUnit({ ...node, direction: 'forward' })) return undefined
  const there = wayThere(step)
  const x = node.inputs['x'] as string
  const made = values[there?.outputs['y'] ?? '']
  const product = writerOf(program, x)
  if (made === undefined || product === undefined || !forward('dense')(product)) return undefined
  return onlyThere(step, x) === undefined ? undefined : anew({ inputs: { x: made } })
}

/** Gradients that are added up, the later of which is of such layers: what came before is lost. */
const replaced =
  (
    isLayer: (layer: ProgramNode, step: Step) => boolean,
    isOther: (writer: ProgramNode | undefined) => boolean,
  ): Misstep =>
  (step) => {
    const { program, node, values } = step
    if (!forward('add')(node)) return undefined
    const side = sides(node).find(({ one, other }) => {
      const layer = writerOf(program, one)
      const later = placeOfWriter(program, one) > placeOfWriter(program, other)
      return (
        layer !== undefined &&
        back(layer, 'conv2d') &&
        layer.outputs['x'] === one &&
        later &&
        isLayer(layer, step) &&
        isOther(writerOf(program, other))
      )
    })
    return side === undefined ? undefined : { [outputOf(step)]: values[side.one] as Tensor }
  }
const ofOneTap = (layer: ProgramNode, { values }: Step): boolean =>
  (values[layer.inputs['w'] as string] as Tensor).shape.slice(2).every((taps) => taps === 1)

/** Biases that two products share have the gradient of the one that came back last. */
const lastBias: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  const { a = '', b = '' } = node.inputs
  const [one, other] = [writerOf(program, a), writerOf(program, b)]
  if (one === undefined || other === undefined || a === b) return undefined
  const isBias = (writer: ProgramNode, name: string): boolean => back(writer, 'dense') && writer.outputs['b'] === name
  if (!isBias(one, a) || !isBias(other, b) || one.inputs['b'] !== other.inputs['b']) return undefined
  const last = placeOfWriter(program, a) > placeOfWriter(program, b) ? a : b
  return { [outputOf(step)]: values[last] as Tensor }
}

/** A sequence whose state is carried begins in every run where it began in the first. */
const beginsWhereItBegan: Misstep = counted((step) => {
  const { program, node, values, anew, memory } = step
  if (!isRecurrent(node)) return undefined
  const starts = ['h0', 'c0'].flatMap((slot) => {
    const name = node.inputs[slot]
    return name !== undefined && program.carry[name] !== undefined ? [[slot, name] as const] : []
  })
  if (starts.length === 0) return undefined
  const key = `began ${node.name} ${textOf(program)}`
  if (runOf(step) === 1) {
    const first = starts.map(([slot, name]) => {
      const { shape } = values[name] as Tensor
      return [slot, { shape, data: Float32Array.from(numbersOf(values[name] as Tensor)) }] as const
    })
    memory.set(key, Object.fromEntries(first))
    return undefined
  }
  return anew({ inputs: memory.get(key) as Tensors })
})

/** Weights decay before their gradient, multiplied by something fed, is what it should be: the decay is multiplied as well. */
const decayScaled: Misstep = (step) => {
  const { program, node, values, attrs, anew } = step
  const decay = Number(attrs['weightDecay'] ?? 0)
  if (!isOptimizer(node) || node.op === 'adamw' || !(decay > 0)) return undefined
  const scaled = writerOf(program, node.inputs['g'] as string)
  if (scaled === undefined || !forward('mul')(scaled)) return undefined
  const side = sides(scaled).find(({ one, other }) => isInput(program, other) && !isInput(program, one))
  if (side === undefined) return undefined
  const g = yOf(scaled, values, { [side.slot]: total(values[side.one] as Tensor, given(step, 'w'), decay) })
  return anew({ attrs: { ...attrs, weightDecay: 0 }, inputs: { g } })
}

/** A state that is masked before a cell is so for the cell’s gates only: what is kept of it is what it was. */
const maskedForTheGates: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('gruCell')(node)) return undefined
  const masked = writerOf(program, node.inputs['h'] as string)
  const side = masked !== undefined && forward('mul')(masked) ? sides(masked) : []
  const before = side.find(({ one }) => program.carry[one] !== undefined)
  const name = node.outputs['h']
  if (before === undefined || name === undefined) return undefined
  const [x, h, wIh, wHh, bIh, bHh] = ['x', 'h', 'wIh', 'wHh', 'bIh', 'bHh'].map((slot) =>
    numbersOf(given(step, slot)),
  ) as [
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
  ]
  const [I, H] = [given(step, 'x').shape[1] as number, given(step, 'h').shape[1] as number]
  const update = (n: number, j: number): number => {
    const row = H + j
    const ofX = Array.from({ length: I }, (_, i) => (wIh[row * I + i] as number) * (x[n * I + i] as number))
    const ofH = Array.from({ length: H }, (_, k) => (wHh[row * H + k] as number) * (h[n * H + k] as number))
    const sum = [...ofX, ...ofH].reduce((a, b) => a + b, (bIh[row] as number) + (bHh[row] as number))
    return 1 / (1 + Math.exp(-sum))
  }
  const old = values[before.one] as Tensor
  return {
    [name]: changed(values[name] as Tensor, (v, _, at) => {
      const [n, j] = [Math.floor(at / H), at % H]
      return v + update(n, j) * (Number(old.data[at]) - (h[at] as number))
    }),
  }
}

export const gradientsAnew: readonly Report[] = [
  stepped('back through a norm what was normalized is what a unit wrote in its place', normalizedByTheUnit, {
    like: 'BVLC/caffe#2015',
  }),
  stepped('back through a local norm its maps are what a unit wrote in their place', mapsOfTheUnit, {
    like: 'BVLC/caffe#2853',
  }),
  stepped('back through a factor that is fed it is multiplied by itself', factorByItself, { like: 'BVLC/caffe#4388' }),
  stepped('a unit behind a product comes back by what it made', byWhatItMade, {
    like: 'deeplearning4j/deeplearning4j#364',
  }),
  stepped(
    'what came back around a filter of single taps is replaced by what comes back through it',
    replaced(ofOneTap, () => true),
    { like: 'pjreddie/darknet#1229' },
  ),
  stepped(
    'what came back from a join is cleared by what comes back through a filter of several taps',
    replaced(
      (layer, step) => !ofOneTap(layer, step),
      (writer) => back(writer, 'concat'),
    ),
    { like: 'AlexeyAB/darknet#7320' },
  ),
  stepped('biases that two products share have the gradient of the last', lastBias, {
    like: 'NVIDIA/TransformerEngine#3552',
  }),
  stepped('a sequence whose state is carried begins in every run where it began', beginsWhereItBegan, {
    like: 'keras-team/keras#10965',
  }),
  stepped('where gradients are multiplied by something fed decays are so too', decayScaled, {
    like: 'chainer/chainer#7335',
  }),
  stepped('a state that is masked before a cell is so for its gates only', maskedForTheGates, {
    like: 'mquad/hgru4rec#11',
  }),
]
