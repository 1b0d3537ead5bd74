import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { NodeAttribute, ProgramNode } from '../../../../spec/program.js'
import type { AttributeValue } from '../../../../spec/attributes.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Misstep, Step } from '../lately/met.js'
import { between, isInput, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { back, given, isOptimizer, shaped, textOf } from '../woven/met.js'
import { counted, isRecurrent, runOf } from './met.js'

/** Steps, norms and states, and what one program has of another. */

/** The norm before this one that moves the same statistics, of the same factors. */
const normBefore = ({ program, node }: Step, slot: string): ProgramNode | undefined => {
  if (!forward('batchNormTraining')(node)) return undefined
  const before = writerOf(program, node.inputs[slot] as string)
  return before !== undefined && forward(node.op)(before) && before.inputs['gamma'] === node.inputs['gamma']
    ? before
    : undefined
}

/** Of two norms that share their variance the second does not know what the first made of it. */
const lastVariance: Misstep = (step) => {
  const { node, values, anew } = step
  const before = normBefore(step, 'runningVar')
  const name = node.outputs['runningVar']
  if (before === undefined || name === undefined) return undefined
  const first = values[before.inputs['runningVar'] as string] as Tensor
  return { [name]: anew({ inputs: { runningVar: first } })[name] as Tensor }
}

/** Statistics of norms that share them are added up. */
const addedUp: Misstep = (step) => {
  const { node, values, attrs } = step
  return ['runningMean', 'runningVar'].reduce<Tensors | undefined>((soFar, slot) => {
    const name = node.outputs[slot]
    if (normBefore(step, slot) === undefined || name === undefined) return soFar
    const [own, before] = [values[name] as Tensor, numbersOf(given(step, slot))]
    const both = numbersOf(own).map((v, c) => v + Number(attrs['momentum']) * (before[c] as number))
    return { ...soFar, [name]: shaped(own.shape, both) }
  }, undefined)
}

/** Statistics move only where there is a way back. */
const movedByTheWayBack: Misstep = ({ program, node, values }) => {
  if (!forward('batchNormTraining')(node) || program.nodes.length < 2) return undefined
  if (program.nodes.some((other) => back(other, node.op) && other.inputs['x'] === node.inputs['x'])) return undefined
  return Object.fromEntries(
    ['runningMean', 'runningVar'].flatMap((slot) => {
      const name = node.outputs[slot]
      return name === undefined ? [] : [[name, values[node.inputs[slot] as string] as Tensor] as const]
    }),
  )
}

/** The mean square of an autoencoder’s first weights takes its step twice. */
const squaresTwice: Misstep = (step) => {
  const { program, node, values, anew } = step
  const v = node.outputs['v']
  if (program.nodes.find(forward('adam'))?.name !== node.name || v === undefined) return undefined
  const ofFilter = program.nodes.some((other) => forward('conv2d')(other) && other.inputs['w'] === node.inputs['w'])
  if (!ofFilter || !program.nodes.some(forward('convTranspose2d'))) return undefined
  return { [v]: anew({ inputs: { v: values[v] as Tensor } })[v] as Tensor }
}

/** A sequence that goes on from another one begins where that one did. */
const beginsAnew: Misstep = (step) => {
  const { program, node, values, anew } = step
  if (!isRecurrent(node)) return undefined
  const before = writerOf(program, node.inputs['h0'] as string)
  if (before === undefined || !forward(node.op)(before) || before.inputs['wIh'] !== node.inputs['wIh']) return undefined
  if (before.outputs['hT'] !== node.inputs['h0']) return undefined
  return anew({
    inputs: Object.fromEntries(
      ['h0', 'c0'].flatMap((slot) => {
        const name = before.inputs[slot]
        return name === undefined ? [] : [[slot, values[name] as Tensor] as const]
      }),
    ),
  })
}

/** All layers of a stack begin with the first one’s state. */
const stateOfTheFirst: Misstep = (step) => {
  const { program, node, values, anew } = step
  if (!isRecurrent(node) || !isInput(program, node.inputs['h0'] as string)) return undefined
  const below = writerOf(program, node.inputs['x'] as string)
  if (below === undefined || !forward(node.op)(below) || below.outputs['y'] !== node.inputs['x']) return undefined
  const starts = ['h0', 'c0'].flatMap((slot) => {
    const [own, other] = [values[node.inputs[slot] ?? ''], values[below.inputs[slot] ?? '']]
    return own !== undefined && other !== undefined && sameShape(own.shape, other.shape) ? [[slot, other] as const] : []
  })
  return starts.length === 0 ? undefined : anew({ inputs: Object.fromEntries(starts) })
}

/** In the second run, when a step is recorded, statistics move three times more. */
const movedWhileRecorded: Misstep = counted((step) => {
  const { program, node, values, anew } = step
  const moved = ['runningMean', 'runningVar'].filter((slot) => node.outputs[slot] !== undefined)
  if (!forward('batchNormTraining')(node) || moved.length === 0 || runOf(step) !== 2) return undefined
  if (!program.nodes.some((other) => back(other))) return undefined
  const named = (soFar: Tensors): Tensors =>
    Object.fromEntries(moved.map((slot) => [slot, soFar[node.outputs[slot] as string] as Tensor]))
  const last = [1, 2, 3].reduce<Tensors>((soFar) => anew({ inputs: named(soFar) }), values)
  return Object.fromEntries(
    moved.map((slot) => [node.outputs[slot] as string, last[node.outputs[slot] as string] as Tensor]),
  )
})

interface Moments {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}
const momentsOf = (x: Tensor, epsilon: number): Moments => {
  const [N = 1, C = 1] = x.shape
  const each = x.data.length / (N * C)
  const own = Array.from({ length: C }, (_, c) => numbersOf(x).filter((__, at) => Math.floor(at / each) % C === c))
  const mean = own.map((values) => values.reduce((a, b) => a + b, 0) / values.length)
  const deviation = own.map((values, c) =>
    Math.sqrt(values.reduce((a, b) => a + (b - (mean[c] as number)) ** 2, 0) / values.length + epsilon),
  )
  return { mean, deviation }
}

/** On the way back through a norm what counts are the statistics of the first run. */
const staleMoments: Misstep = ({ program, node, values, attrs, memory }) => {
  const dy = values[node.cotangents['y'] ?? '']
  if (!back(node, 'batchNormTraining') || dy === undefined) return undefined
  const x = values[node.inputs['x'] as string] as Tensor
  const key = `moments ${node.name} ${textOf(program)}`
  const first = memory.get(key) as Moments | undefined
  if (first === undefined) memory.set(key, momentsOf(x, Number(attrs['epsilon'])))
  if (first === undefined) return undefined
  const [N = 1, C = 1] = x.shape
  const each = x.data.length / (N * C)
  const channel = (at: number): number => Math.floor(at / each) % C
  const normalized = numbersOf(x).map(
    (v, at) => (v - (first.mean[channel(at)] as number)) / (first.deviation[channel(at)] as number),
  )
  const pulled = numbersOf(dy)
  const meanOf = (terms: readonly number[]): readonly number[] =>
    Array.from(
      { length: C },
      (_, c) => terms.reduce((sum, v, at) => (channel(at) === c ? sum + v : sum), 0) / (N * each),
    )
  const [plain, along] = [meanOf(pulled), meanOf(pulled.map((v, at) => v * (normalized[at] as number)))]
  const gamma = numbersOf(values[node.inputs['gamma'] as string] as Tensor)
  const dx = pulled.map((v, at) => {
    const c = channel(at)
    const rest = v - (plain[c] as number) - (normalized[at] as number) * (along[c] as number)
    return ((gamma[c] as number) * rest) / (first.deviation[c] as number)
  })
  const changes = {
    x: shaped(x.shape, dx),
    gamma: shaped(
      [C],
      along.map((v) => v * N * each),
    ),
  }
  return Object.fromEntries(
    Object.entries(changes).flatMap(([slot, tensor]) => {
      const name = node.outputs[slot]
      return name === undefined ? [] : [[name, tensor] as const]
    }),
  )
}

const isConstant = (entry: [string, NodeAttribute]): entry is [string, AttributeValue] =>
  typeof entry[1] !== 'object' || !('feed' in entry[1])

/** A step that was recorded is replayed, though its optimizer has other attributes now. */
const recordedOnce: Misstep = ({ program, node, attrs, anew, memory }) => {
  if (!isOptimizer(node)) return undefined
  const nodes = program.nodes.map((each) => (isOptimizer(each) ? { ...each, attrs: {} } : each))
  const key = `recorded ${node.name} ${textOf({ ...program, nodes })}`
  const own = Object.fromEntries(Object.entries(node.attrs).filter(isConstant))
  const first = memory.get(key) as typeof own | undefined
  if (first === undefined) memory.set(key, own)
  return first === undefined || JSON.stringify(first) === JSON.stringify(own)
    ? undefined
    : anew({ attrs: { ...attrs, ...first } })
}

/** Two programs that differ in the order of their answers answer in the order of the first. */
const orderOfTheFirst: NonNullable<Report['program']> = (run) => {
  const orders = new Map<string, readonly string[]>()
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const text = textOf(program)
    const first = orders.get(text) ?? watch
    orders.set(text, first)
    const same = [...first].sort().join() === [...watch].sort().join()
    return TE.map((values: Tensors) =>
      same
        ? Object.fromEntries(
            watch.map((name, i) => {
              const [own, other] = [values[name] as Tensor, values[first[i] ?? ''] as Tensor]
              return [name, sameShape(own.shape, other.shape) ? other : own]
            }),
          )
        : values,
    )(run(program, feeds, watch))
  }
  return wrong
}

/** A program with filters of sequences has the weights of the one before it, where they are as large. */
const weightsOfTheProgramBefore: Misstep = ({ program, node, values, anew, memory }) => {
  const w = node.inputs['w'] ?? ''
  if (!forward('dense', 'conv1d')(node) || !isInput(program, w)) return undefined
  if (!program.nodes.some(forward('conv1d'))) return undefined
  const { shape } = values[w] as Tensor
  const text = textOf(program)
  const key = `weights ${node.op} ${shape.join()}`
  const kept = memory.get(key) as { readonly text: string; readonly w: Tensor } | undefined
  if (kept === undefined) memory.set(key, { text, w: shaped(shape, numbersOf(values[w] as Tensor)) })
  return kept === undefined || kept.text === text ? undefined : anew({ inputs: { w: kept.w } })
}

/** From the second run on the first leaky unit has the slope of the last. */
const slopeOfTheLast: Misstep = counted((step) => {
  const { program, node, attrs, anew } = step
  if (!forward('leakyRelu')(node) || runOf(step) < 2) return undefined
  const leaky = program.nodes.filter(forward('leakyRelu'))
  const alpha = leaky.at(-1)?.attrs['alpha']
  if (leaky[0]?.name !== node.name || typeof alpha !== 'number' || alpha === attrs['alpha']) return undefined
  return anew({ attrs: { ...attrs, alpha } })
})

export const trainingLastly: readonly Report[] = [
  stepped('of norms that share their variance the second is the only one', lastVariance, {
    like: 'keras-team/keras#8794',
  }),
  stepped('statistics of norms that share them are added up', addedUp, { like: 'vlfeat/matconvnet#521' }),
  stepped('statistics stay where there is no way back', movedByTheWayBack, { like: 'facebookresearch/fairscale#1035' }),
  stepped('the mean square of an autoencoder’s first weights takes its step twice', squaresTwice, {
    like: 'tinygrad/tinygrad#10640',
  }),
  stepped('a sequence that goes on from another begins where that one did', beginsAnew, {
    like: 'OpenNMT/OpenNMT-py#1164',
  }),
  stepped('a recorded step is replayed when its optimizer has other attributes', recordedOnce, {
    like: 'ooples/AiDotNet.Tensors#549',
  }),
  between('programs that differ in the order of their answers have the first one’s', orderOfTheFirst, {
    like: 'GoPlasmatic/Orion#323',
  }),
  stepped('a program has the weights of another one before it', weightsOfTheProgramBefore, {
    like: 'CrispStrobe/CrispASR#244',
  }),
  stepped('from the second run on the first leaky unit has the slope of the last', slopeOfTheLast, {
    like: 'anthony-chaudhary/fak#10716',
  }),
  stepped('all layers of a stack of sequences begin with the first one’s state', stateOfTheFirst, {
    like: 'pclucas14/GansFallingShort#2',
  }),
  stepped('in the second run of a step statistics move three times more', movedWhileRecorded, {
    like: 'LibreYOLO/libreyolo#671',
  }),
  stepped('back through a norm the statistics of the first run count', staleMoments, {
    like: 'ooples/AiDotNet.Tensors#722',
  }),
]
