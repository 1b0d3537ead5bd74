import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { exactIn } from './exact.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, inRuns, node, reading, written } from './making.js'

/** Gradients that come back by several ways, and through what a unit reads. */

/** It answers what rounds, besides what nothing reads. */
export const answeringRounded = (of: Program): Program => {
  const exact = exactIn(of)
  return { ...of, outputs: [...new Set([...of.outputs, ...written(of).filter((value) => !exact.has(value))])] }
}

/** A way back to a value x: the op, what it reads besides, and the shape of what comes back. */
interface Way {
  readonly op: OpName
  readonly reads: Named
  readonly from: Shape
  readonly attrs?: Attrs
  /** the input that x is */
  readonly slot?: string
}

const around = { padding: [1, 1, 1, 1] }

const waysTo = (N: number, W: number, H: number, across: number): Readonly<Record<string, Way>> => {
  const x: Shape = [N, W, H, across]
  return {
    join: { op: 'concat', reads: { x1: 'other' }, from: [N, 2 * W, H, across], attrs: { axis: 1 }, slot: 'x0' },
    'join behind': { op: 'concat', reads: { x0: 'other' }, from: [N, W, 2 * H, across], attrs: { axis: 2 }, slot: 'x1' }, // prettier-ignore
    filter: { op: 'conv2d', reads: { w: 'w' }, from: x, attrs: around },
    'filter of single taps': { op: 'conv2d', reads: { w: 'w of 1×1' }, from: x },
    'filter of each map': { op: 'conv2d', reads: { w: 'w of each' }, from: x, attrs: { ...around, groups: W } },
    turned: { op: 'convTranspose2d', reads: { w: 'w' }, from: x, attrs: around },
    sum: { op: 'add', reads: { b: 'other' }, from: x, slot: 'a' },
    product: { op: 'mul', reads: { a: 'other' }, from: x, slot: 'b' },
    scaled: { op: 'scaleChannels', reads: { s: 's' }, from: x },
    rectified: { op: 'relu', reads: {}, from: x },
    squashed: { op: 'sigmoid', reads: {}, from: x },
    'largest of windows': { op: 'maxPool2d', reads: {}, from: [N, W, H / 2, across / 2], attrs: { window: [2, 2] } },
    'mean of windows': { op: 'avgPool2d', reads: {}, from: [N, W, H / 2, across / 2], attrs: { window: [2, 2] } },
    norm: { op: 'batchNormInference', reads: { gamma: 'b', beta: 'b', runningMean: 'mean', runningVar: 'variance' }, from: x }, // prettier-ignore
    'other shape': { op: 'flatten', reads: {}, from: [N, W * H * across] },
  }
}

/** Two gradients of one value by each two ways, and the one that comes first on either side of their sum. */
export const gradientsMeet = (W: number, seed: string): readonly Act[] => {
  const [N, H, across] = [2, 2, 4]
  const x: Shape = [N, W, H, across]
  const ways = Object.entries(waysTo(N, W, H, across))
  const feeds: Shapes = {
    x,
    other: x,
    w: [W, W, 3, 3],
    'w of 1×1': [W, W, 1, 1],
    'w of each': [W, 1, 3, 3],
    s: [N, W],
    b: [W],
    mean: [W],
    variance: [W],
    ...Object.fromEntries(ways.map(([name, { from }]) => [`back from ${name}`, from])),
  }
  const wayBack = (called: string, name: string, { op, reads, attrs, slot = 'x' }: Way): ProgramNode =>
    back(called, op, { [slot]: 'x', ...reads }, { [Object.keys(opOf(op).outputs)[0] as string]: `back from ${name}` }, attrs, { [slot]: called }) // prettier-ignore
  return ways.flatMap(([first, one], i) => {
    const nodes = ways.flatMap(([second, other], j) => {
      const called = `${first} and ${second}`
      const [p, q] = [wayBack(`${called}, 1`, first, one), wayBack(`${called}, 2`, second, other)]
      return [p, q, node(called, 'add', (i + j) % 2 === 0 ? { a: p.name, b: q.name } : { a: q.name, b: p.name })]
    })
    return inRuns(answeringRounded(reading(feeds, nodes)), `${seed} ${first}`, 1)
  })
}

/** What has a way back, a unit that alone reads it on the way there, and both on the way back. */
export const unitsBehind = (W: number, seed: string): readonly Act[] => {
  const maps: Shape = [2, W, 2, 4]
  const norm = { gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' }
  const layers: Readonly<Record<string, { readonly op: OpName; readonly reads?: Named; readonly attrs?: Attrs }>> = {
    'local norm': { op: 'localResponseNorm', attrs: { alpha: 1 } },
    'norm in training': { op: 'batchNormTraining', reads: norm },
    norm: { op: 'batchNormInference', reads: norm },
    shares: { op: 'softmax', attrs: { axis: 1 } },
    'logarithms of shares': { op: 'logSoftmax', attrs: { axis: 1 } },
    elu: { op: 'elu' },
    tanh: { op: 'tanh' },
    sigmoid: { op: 'sigmoid' },
    softplus: { op: 'softplus' },
    largest: { op: 'maxPool2d', attrs: { window: [1, 2] } },
    mean: { op: 'avgPool2d', attrs: { window: [1, 2] } },
    filter: { op: 'conv2d', reads: { w: 'w', b: 'beta' }, attrs: around },
    turned: { op: 'convTranspose2d', reads: { w: 'w', b: 'beta' }, attrs: around },
  }
  const units: Readonly<Record<string, Attrs>> = {
    leakyRelu: { alpha: 0.25 },
    sigmoid: {},
    tanh: {},
    elu: {},
    relu: {},
    dropout: { keep: 0.5, key: [3, 4] },
  }
  const feeds: Shapes = { x: maps, gamma: [W], beta: [W], mean: [W], variance: [W], w: [W, W, 3, 3], whole: maps, half: [2, W, 2, 2] } // prettier-ignore
  return Object.entries(layers).flatMap(([name, { op, reads = {}, attrs }]) => {
    const nodes = Object.entries(units).flatMap(([unit, ofUnit]) => {
      const called = `${name} ${unit}`
      const cotangent = ['maxPool2d', 'avgPool2d'].includes(op) ? 'half' : 'whole'
      const there = node(`${called}, layer`, op, { x: 'x', ...reads }, attrs)
      return [
        there,
        node(`${called}, unit`, unit as OpName, { x: there.name }, ofUnit),
        back(`${called}, back`, unit as OpName, { x: there.name }, { y: cotangent }, ofUnit),
        back(called, op, { x: 'x', ...reads }, { y: `${called}, back` }, attrs),
      ]
    })
    return inRuns(answeringRounded(reading(feeds, nodes)), `${seed} ${name}`, 1)
  })
}
