import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import { getOrThrow } from '../../../spec/error.js'
import type { ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sameShape, sizeOf } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, inRuns, inSteps, node, reading } from './making.js'

/** What stands right before an op: each input of each op is a sum, a product, a rectified value, a piece, a join or another shape of something. */

/** A small question of an op: what it reads, and its attributes. */
export interface Small {
  readonly op: OpName
  readonly reads: Shapes
  readonly attrs?: Attrs
}

const around = { padding: [1, 1, 1, 1] }

/** Small questions of the ops that read more than elements, of N samples and W channels, which are even. */
export const smalls = (N: number, W: number): Readonly<Record<string, Small>> => {
  const maps = [N, W, 3, 4]
  const rows = [N, W]
  const sequence = [3, N, W]
  const norm = { gamma: [W], beta: [W], runningMean: [W], runningVar: [W] }
  const gates = (count: number, ...biases: readonly string[]): Shapes => ({
    wIh: [count * W, W],
    wHh: [count * W, W],
    ...Object.fromEntries(biases.map((b) => [b, [count * W]] as const)),
  })
  return {
    filter: { op: 'conv2d', reads: { x: maps, w: [W, W, 3, 3], b: [W] }, attrs: around },
    'filter of single taps': { op: 'conv2d', reads: { x: maps, w: [3, W, 1, 1], b: [3] } },
    'filter in groups': { op: 'conv2d', reads: { x: maps, w: [W, W / 2, 2, 1], b: [W] }, attrs: { groups: 2 } },
    'filter of each map': {
      op: 'conv2d',
      reads: { x: maps, w: [W, 1, 3, 3], b: [W] },
      attrs: { ...around, groups: W },
    },
    turned: { op: 'convTranspose2d', reads: { x: maps, w: [W, 3, 2, 2], b: [3] }, attrs: { stride: [2, 2] } },
    'filter of rows': { op: 'conv1d', reads: { x: [N, W, 5], w: [3, W, 3], b: [3] }, attrs: { padding: [1, 1] } },
    dense: { op: 'dense', reads: { x: rows, w: [5, W], b: [5] } },
    maxout: { op: 'maxout', reads: { x: rows, w: [2, 5, W], b: [2, 5] } },
    'largest of windows': { op: 'maxPool2d', reads: { x: maps }, attrs: { window: [2, 2], stride: [1, 1] } },
    'mean of windows': { op: 'avgPool2d', reads: { x: maps }, attrs: { window: [2, 2] } },
    'mean of maps': { op: 'globalAvgPool', reads: { x: maps } },
    'local norm': { op: 'localResponseNorm', reads: { x: maps }, attrs: { alpha: 1 } },
    'known norm': { op: 'batchNormInference', reads: { x: maps, ...norm } },
    'norm in training': { op: 'batchNormTraining', reads: { x: maps, ...norm } },
    'norm of rows': { op: 'batchNormInference', reads: { x: rows, ...norm } },
    shares: { op: 'softmax', reads: { x: rows } },
    'shares of channels': { op: 'logSoftmax', reads: { x: maps }, attrs: { axis: 1 } },
    scaled: { op: 'scaleChannels', reads: { x: maps, s: rows } },
    joined: { op: 'concat', reads: { x0: maps, x1: [N, 2, 3, 4] }, attrs: { axis: 1 } },
    dropout: { op: 'dropout', reads: { x: rows }, attrs: { keep: 0.5, key: [1, 2] } },
    'other shape': { op: 'reshape', reads: { x: maps }, attrs: { shape: [N, 2, W / 2, 12] } },
    flat: { op: 'flatten', reads: { x: maps } },
    'simple cell': { op: 'rnnCell', reads: { x: rows, h: rows, ...gates(1, 'b') } },
    'long cell': { op: 'lstmCell', reads: { x: rows, h: rows, c: rows, ...gates(4, 'b') } },
    'gated cell': { op: 'gruCell', reads: { x: rows, h: rows, ...gates(3, 'bIh', 'bHh') } },
    'simple sequence': { op: 'rnn', reads: { x: sequence, h0: rows, ...gates(1, 'b') } },
    'long sequence': { op: 'lstm', reads: { x: sequence, h0: rows, c0: rows, ...gates(4, 'b') } },
    'gated sequence': { op: 'gru', reads: { x: sequence, h0: rows, ...gates(3, 'bIh', 'bHh') } },
    'squared error': { op: 'mse', reads: { prediction: rows, target: rows } },
    'error of logits': { op: 'bceWithLogits', reads: { logits: rows, target: rows } },
    'error of classes': { op: 'softmaxCrossEntropy', reads: { logits: rows, target: rows } },
    margins: { op: 'hinge', reads: { scores: rows, target: rows } },
    size: { op: 'l2Penalty', reads: { w: maps }, attrs: { beta: 0.5 } },
  }
}

/** What makes a value of a shape, the names of it and of what is fed for it; none where the shape does not allow it. */
type Maker = (
  name: string,
  fed: string,
  shape: Shape,
) => { readonly made: ProgramNode; readonly fed: Shapes } | undefined

const summed: Maker = (name, fed, shape) => ({
  made: node(name, 'add', { a: fed, b: `${fed} other` }),
  fed: { [fed]: shape, [`${fed} other`]: shape },
})
const multiplied: Maker = (name, fed, shape) => ({
  made: node(name, 'mul', { a: fed, b: `${fed} other` }),
  fed: { [fed]: shape, [`${fed} other`]: shape },
})
const rectified: Maker = (name, fed, shape) => ({ made: node(name, 'relu', { x: fed }), fed: { [fed]: shape } })
const scaled: Maker = (name, fed, shape) =>
  shape.length !== 4
    ? undefined
    : {
        made: node(name, 'scaleChannels', { x: fed, s: `${fed} factors` }),
        fed: { [fed]: shape, [`${fed} factors`]: shape.slice(0, 2) },
      }
const reshaped: Maker = (name, fed, shape) => ({
  made: node(name, 'reshape', { x: `${fed} flat` }, { shape }),
  fed: { [`${fed} flat`]: [sizeOf(shape)] },
})
/** Two parts along the first axis that has more than one place, or along the last. */
const joined =
  (last: boolean): Maker =>
  (name, fed, shape) => {
    const axis = last ? shape.length - 1 : shape.findIndex((extent) => extent > 1)
    const extent = shape[axis] ?? 1
    if (extent < 2) return undefined
    const parts = [shape.with(axis, 1), shape.with(axis, extent - 1)]
    const names = parts.map((_, i) => `${fed} part ${axis} ${i}`)
    return {
      made: node(name, 'concat', { x0: names[0] as string, x1: names[1] as string }, { axis }),
      fed: Object.fromEntries(names.map((one, i) => [one, parts[i] as Shape])),
    }
  }
/** The second of two pieces of something, behind so many places. */
const piece =
  (before: number): Maker =>
  (name, fed, shape) => {
    const axis = shape.length - 1
    const first = shape.with(axis, before)
    const whole = shape.with(axis, before + (shape[axis] as number))
    const names = { x0: `${fed} first ${before}`, x1: fed }
    return {
      made: back(name, 'concat', names, { y: `${fed} whole ${before}` }, { axis }, { x0: `${name} first`, x1: name }),
      fed: { [names.x0]: first, [fed]: shape, [`${fed} whole ${before}`]: whole },
    }
  }

const makers: Readonly<Record<string, Maker>> = {
  sum: summed,
  product: multiplied,
  rectified,
  scaled,
  'other shape': reshaped,
  join: joined(false),
  'join of the last': joined(true),
  piece: piece(2),
  'piece of fours': piece(4),
}
// variances and shares stay what they are
const copies = ['other shape', 'join', 'join of the last', 'piece']

const special: Named = { runningVar: 'variance', target: 'share' }

/** Each input of each op read from each maker; of one sample, and of two. What is made has the op alone for a reader. */
export const rightBefore = (W: number, seed: string): readonly Act[] =>
  [1, 2].flatMap((N) =>
    Object.entries(smalls(N, W)).flatMap(([name, { op, reads, attrs }]) => {
      const fedAs = (slot: string): string => `${special[slot] ?? ''} ${slot} of ${name}`.trim()
      const outputsOf = (made: string): Named =>
        Object.fromEntries(Object.keys(opOf(op).outputs).map((output, i) => [output, i === 0 ? made : `${made} ${output}`])) // prettier-ignore
      const all = Object.entries(reads).flatMap(([slot, shape]) =>
        Object.entries(makers).flatMap(([kind, maker]) => {
          const called = `${slot} a ${kind}`
          const one =
            special[slot] === undefined || copies.includes(kind)
              ? maker(`${called}, made`, `${special[slot] ?? ''} made of, ${slot}`.trim(), shape)
              : undefined
          if (one === undefined) return []
          const inputs = Object.fromEntries(Object.keys(reads).map((other) => [other, other === slot ? one.made.name : fedAs(other)])) // prettier-ignore
          return [{ fed: one.fed, slot, kind, nodes: [one.made, node(called, op, inputs, attrs, outputsOf(called))] }]
        }),
      )
      const feeds: Shapes = {
        ...Object.fromEntries(Object.entries(reads).map(([slot, shape]) => [fedAs(slot), shape])),
        ...(Object.assign({}, ...all.map(({ fed }) => fed)) as Shapes),
      }
      const of = reading(feeds, all.flatMap(({ nodes }) => nodes)) // prettier-ignore
      const { shapes } = getOrThrow(checkProgram(of))
      // a state that is masked, and then goes on
      const state = all.find(({ slot, kind }) => ['h', 'h0'].includes(slot) && kind === 'product')
      const [mask, cell] = state?.nodes ?? []
      const next = Object.values(cell?.outputs ?? {}).findLast((value) => sameShape(shapes[value] as Shape, reads['h'] ?? reads['h0'] ?? [])) // prettier-ignore
      const stepped =
        mask && cell && next !== undefined
          ? inSteps(reading(feeds, [mask, cell], [mask.name, next], { [mask.inputs['a'] as string]: next }), `${seed} ${N} ${name} in steps`) // prettier-ignore
          : []
      return [...inRuns(of, `${seed} ${N} ${name}`, 1), ...stepped]
    }),
  )
