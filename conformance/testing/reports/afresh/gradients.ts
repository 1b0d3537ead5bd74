import { opOf } from '../../../../spec/catalogue.js'
import type { Program, ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { backThroughNorm, channelOf, onlyThere, wayThere } from '../anew/met.js'
import type { Misstep } from '../lately/met.js'
import { none, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { ancestorsOf, back, given, madeBy, outputOf, placeOfWriter } from '../woven/met.js'

/** What comes back through norms, losses of each sample, and dropouts. */

const norms = ['batchNormTraining', 'batchNormInference']

/** Of norms in a chain that share their factors those of a later one have no gradient. */
const ofTheFirstNorm: Misstep = (step) => {
  const { program, node, values } = step
  if (!back(node, ...norms)) return undefined
  const own = wayThere(step)
  const before = own === undefined ? new Set<string>() : ancestorsOf(program, own.inputs['x'] as string)
  // what the norm reads is among what is before it
  const isBefore = (name: string): boolean => before.has(name) || own?.inputs['x'] === name
  const shared = ['gamma', 'beta'].filter((slot) =>
    program.nodes.some(
      (other) =>
        other.name !== own?.name &&
        forward(...norms)(other) &&
        other.inputs[slot] === node.inputs[slot] &&
        isBefore(other.outputs['y'] ?? ''),
    ),
  )
  const names = shared.flatMap((slot) => (node.outputs[slot] === undefined ? [] : [node.outputs[slot]]))
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, none(values[name] as Tensor)]))
}

/** Where samples have factors of their own, a product before their losses has weights that come back by the first one’s. */
const byTheFirstSample: Misstep = (step) => {
  const { program, node, values, anew } = step
  const loss = back(node, 'dense') ? writerOf(program, node.cotangents['y'] ?? '') : undefined
  if (loss === undefined || !back(loss, 'softmaxCrossEntropy') || loss.attrs['reduction'] !== 'none') return undefined
  const name = loss.cotangents['loss'] as string
  const factors = values[name] as Tensor
  const uniform = changed(factors, () => Number(factors.data[0]))
  const wrong = madeBy(loss, { ...values, [name]: uniform })['logits'] as Tensor
  const all = anew({ cotangents: { y: wrong } })
  const names = ['w', 'b'].flatMap((slot) => (node.outputs[slot] === undefined ? [] : [node.outputs[slot]]))
  return Object.fromEntries(names.map((each) => [each, all[each] as Tensor]))
}

/** Beside a product of the same rows, what comes back through a dropout and its product is not masked. */
const notMasked: Misstep = (step) => {
  const { program, node, values } = step
  const name = node.outputs['x']
  if (!back(node, 'dropout') || name === undefined) return undefined
  const made = wayThere(step)?.outputs['y']
  const product = onlyThere(step, made)
  const beside = program.nodes.some((other) => forward('dense')(other) && other.inputs['x'] === node.inputs['x'])
  if (product === undefined || !forward('dense')(product) || !beside) return undefined
  return { [name]: values[node.cotangents['y'] as string] as Tensor }
}

/** Through a dropout that keeps all, between a product without biases and a sum that is normalized, nothing comes back. */
const nothingThroughAll: Misstep = (step) => {
  const { program, node, values, attrs } = step
  const name = node.outputs['x']
  if (!back(node, 'dropout') || name === undefined || attrs['keep'] !== 1) return undefined
  const product = writerOf(program, node.inputs['x'] as string)
  const sum = onlyThere(step, wayThere(step)?.outputs['y'])
  if (product === undefined || !forward('dense')(product) || product.inputs['b'] !== undefined) return undefined
  if (sum === undefined || !forward('add')(sum)) return undefined
  const normalized = program.nodes.some((other) => forward(...norms)(other) && reads(other, sum.outputs['y'] ?? ''))
  return normalized ? { [name]: none(values[name] as Tensor) } : undefined
}

/** Back through a norm that moves its statistics by another share than the usual one these count, not the batch’s. */
const byMovedStatistics: Misstep = (step) => {
  const { node, values, attrs } = step
  const dy = values[node.cotangents['y'] ?? '']
  if (!back(node, 'batchNormTraining') || dy === undefined || Math.abs(Number(attrs['momentum']) - 0.1) < 1e-6)
    return undefined
  const there = wayThere(step)
  const moved = ['runningMean', 'runningVar'].map((slot) => values[there?.outputs[slot] ?? ''])
  const [mean, variance] = moved
  if (mean === undefined || variance === undefined) return undefined
  const [x, gamma] = [given(step, 'x'), given(step, 'gamma')]
  const channel = channelOf(x)
  const inverse = numbersOf(variance).map((v) => 1 / Math.sqrt(v + Number(attrs['epsilon'])))
  const normalized = numbersOf(x).map(
    (v, at) => (v - Number(mean.data[channel(at)])) * (inverse[channel(at)] as number),
  )
  const wrong: Tensors = { ...backThroughNorm(x, dy, gamma, normalized, inverse) }
  return Object.fromEntries(
    Object.entries(wrong).flatMap(([slot, tensor]) => {
      const name = node.outputs[slot]
      return name === undefined ? [] : [[name, tensor] as const]
    }),
  )
}

/** The losses from which a gradient comes. */
const lossesBehind = (program: Program, name: string): readonly string[] => {
  const behind = ancestorsOf(program, name)
  const isBehind = (node: ProgramNode): boolean =>
    Object.values(node.outputs).some((output) => output === name || behind.has(output))
  return program.nodes
    .filter((node) => back(node) && opOf(node.op).family === 'loss' && isBehind(node))
    .map((node) => node.name)
}

/** What comes back from two losses is what comes back from the one that is worked out last. */
const fromTheLastLoss: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  const { a = '', b = '' } = node.inputs
  const [one, other] = [lossesBehind(program, a), lossesBehind(program, b)]
  if (one.length === 0 || other.length === 0 || one.some((name) => other.includes(name))) return undefined
  const last = placeOfWriter(program, a) > placeOfWriter(program, b) ? a : b
  return { [outputOf(step)]: values[last] as Tensor }
}

export const gradientsAfresh: readonly Report[] = [
  stepped('of norms in a chain that share their factors only the first has gradients of them', ofTheFirstNorm, {
    like: 'pytorch/pytorch#193061',
  }),
  stepped('weights before losses of each sample come back by the first one’s factor', byTheFirstSample, {
    like: 'linkedin/Liger-Kernel#1298',
  }),
  stepped('what comes back through a dropout beside a product is not masked', notMasked, {
    like: 'foundation-model-stack/fms-acceleration#97',
  }),
  stepped('through a dropout that keeps all nothing comes back to a product without biases', nothingThroughAll, {
    like: 'PaddlePaddle/Paddle#74149',
  }),
  stepped('back through a norm its moved statistics count', byMovedStatistics, {
    like: 'ROCm/tensorflow-upstream#1143',
  }),
  stepped('what comes back from two losses is what comes back from the last', fromTheLastLoss, {
    like: 'vlfeat/matconvnet#258',
  }),
]
