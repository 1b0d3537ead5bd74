import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** More of plans: launches that are split, and tensors that take several bindings. */

const kernel = mutantsOf('accelerated/kernel')
const plan = mutantsOf('accelerated/plan')
const dense = mutantsOf('accelerated/layers/dense')
const tile = mutantsOf('accelerated/tile')
const lstmCell = mutantsOf('accelerated/layers/lstmCell')
const gruCell = mutantsOf('accelerated/layers/gruCell')
const rnnCell = mutantsOf('accelerated/layers/rnnCell')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const mse = mutantsOf('accelerated/losses/mse')
const features = mutantsOf('accelerated/normalizers/features')
const inference = mutantsOf('accelerated/layers/batchNormInference')
const norm = mutantsOf('accelerated/layers/batchNormTraining')
const maxout = mutantsOf('accelerated/activations/maxout')
const max = mutantsOf('accelerated/layers/maxPool2d')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')

const small = { on: 'small bindings' } as const

export const laterPlans: readonly Mutant[] = [
  kernel(
    'extent',
    'the third binding of a tensor is the second',
    ['relu', 'softmax'],
    'const place = (s: number, index: string): string =>\n    writes',
    'const place = (of_: number, index: string, s = Math.min(of_, 1)): string =>\n    writes',
    small,
  ),
  plan(
    'tail',
    'the elements of a part of a split launch rounded down',
    ['concat', 'localResponseNorm forward'],
    'Math.round(launch.count * share)',
    'Math.floor(launch.count * share)',
    small,
  ),
  plan(
    'batch',
    'every part of a split launch is told that it is the first',
    'dropout',
    '{ [outer.first]: part.first }',
    '{ [outer.first]: 0 }',
    small,
  ),
  plan(
    'tail',
    'the last part of a split launch is as long as the others',
    ['relu', 'avgPool2d forward'],
    'Math.min(units, outer.extent - i * units)',
    'units',
    small,
  ),
  plan(
    'tail',
    'parts of a split launch count the units of the whole',
    ['batchNormTraining forward', 'dense forward'],
    '...(split ? Object.fromEntries(outer.dims.map((name) => [name, part.units])) : {}),',
    '',
    small,
  ),
  dense(
    'plan',
    'parts of dx cut cotangents by inputs',
    'dense backward',
    'slices: { dy: O, dx: I } },\n        }',
    'slices: { dy: I, dx: I } },\n        }',
    small,
  ),
  tile(
    'plan',
    'parts of a product count all rows',
    ['rnnCell forward', 'lstmCell forward', 'gruCell forward'],
    "outer: { extent: rows, dims: ['rows'], slices, count }",
    'outer: { extent: rows, dims: [], slices, count }',
    small,
  ),
  rnnCell('plan', 'parts of a cell all read the first states', 'rnnCell', '{ h: H, next: H },', '{ next: H },', small),
  lstmCell(
    'plan',
    'parts of a cell cut gates by units',
    'lstmCell',
    '{ h: H, c: H, gates: G, nextH: H, nextC: H },',
    '{ h: H, c: H, gates: H, nextH: H, nextC: H },',
    small,
  ),
  gruCell(
    'plan',
    'parts of a cell cut what the gates see of states by units',
    'gruCell backward',
    '{ h: H, gates: G, inner: G, next: H },',
    '{ h: H, gates: G, inner: H, next: H },',
    small,
  ),
  cross(
    'plan',
    'parts of rows cut what forward leaves by one number',
    ['softmaxCrossEntropy forward', 'programs'],
    'perRow: { cost: 1, left: 2 }',
    'perRow: { cost: 1, left: 1 }',
    small,
  ),
  cross(
    'batch',
    'parts of rows all read the first cotangents',
    'softmaxCrossEntropy backward',
    "perRow: each ? { left: 2, dloss: 1 } : { left: 2 },\n      shared: each ? [] : ['dloss'],",
    "perRow: { left: 2 },\n      shared: ['dloss'],",
    small,
  ),
  mse(
    'batch',
    'parts of elements all read the first cotangents',
    'mse backward',
    ', ...(each === 1 ? { dloss: 1 } : {}) }',
    ' }',
    small,
  ),
  features(
    'index',
    'parts begin in the middle of a row',
    ['minMaxNormalize', 'zScoreNormalize'],
    'outer: { extent: rows, dims: [], slices: { a: D, y: D } }',
    'outer: { extent: rows * D, dims: [], slices: { a: 1, y: 1 } }',
    small,
  ),
  inference(
    'index',
    'parts begin with any channel',
    'batchNormInference backward',
    'outer: { extent: N, dims: [], slices: { dy: C * S, dx: C * S } }',
    'outer: { extent: N * C, dims: [], slices: { dy: S, dx: S } }',
    small,
  ),
  norm(
    'index',
    'parts begin with any channel',
    ['batchNormTraining', 'batchNormInference forward'],
    'outer: { ...outer, dims: [] } }',
    'outer: { extent: N * C, dims: [], slices: Object.fromEntries(Object.keys(slices).map((name) => [name, S])) } }',
    small,
  ),
  maxout(
    'plan',
    'parts cut the number of ties by outputs',
    'maxout backward',
    "name === 'a' || name === 'tied' ? K * O : O",
    "name === 'a' ? K * O : O",
    small,
  ),
  max(
    'plan',
    'parts cut the choice by the image',
    'maxPool2d backward',
    'outer: inPlanes({ x: H * W, choice: Ho * Wo }),',
    'outer: inPlanes({ x: H * W, choice: H * W }),',
    small,
  ),
  lrn(
    'plan',
    'parts of dx fall apart by maps, not by samples',
    'localResponseNorm backward',
    'params: { ...params, slope: (2 * alpha * beta) / size },\n        outer: { extent: N, dims: [], slices },',
    'params: { ...params, slope: (2 * alpha * beta) / size },\n        outer: { extent: N * C, dims: [], slices: { x: S, dy: S, term: S, dx: S } },',
    small,
  ),
]
