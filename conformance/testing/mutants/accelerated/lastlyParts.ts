import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Once more what is split for small bindings: windows, counts of parts, and tensors that every part begins anew. */

const plan = mutantsOf('accelerated/plan')
const fuse = mutantsOf('accelerated/fuse')
const pool = mutantsOf('accelerated/layers/pool')
const concat = mutantsOf('accelerated/layers/concat')
const scale = mutantsOf('accelerated/layers/scaleChannels')
const lstmCell = mutantsOf('accelerated/layers/lstmCell')
const lrn = mutantsOf('accelerated/layers/localResponseNorm')
const penalty = mutantsOf('accelerated/losses/l2Penalty')
const conv = mutantsOf('accelerated/layers/conv2d')

const small = { on: 'small bindings' } as const

export const lastlyParts: readonly Mutant[] = [
  plan(
    'tail',
    'a window ends as much too early as it begins before its part',
    ['dense forward', 'avgPool2d', 'softmax'],
    'length: length + from - aligned / 4,',
    'length,',
    small,
  ),
  plan(
    'tail',
    'of a split launch as many tiles as is its part of all',
    ['dense forward', 'conv2d forward', 'rnnCell forward'],
    'const count = split && outer.count !== undefined ? outer.count(part.units) :',
    'const count =',
    small,
  ),
  plan(
    'plan',
    'vectors are seen in several bindings',
    ['dense', 'lstmCell forward', 'conv2d backward'],
    'parts.every((part) => E.isRight(part) && part.right.bindings.length === tensors) &&',
    'parts.every(E.isRight) &&',
    small,
  ),
  fuse(
    'plan',
    'what is seen in no vectors is not renewed in its place',
    ['sgd', 'momentum', 'programs'],
    '  ...(launch.orElse === undefined ? {} : { orElse: putInPlace(launch.orElse, inPlace) }),\n',
    '',
    small,
  ),
  pool(
    'plan',
    'parts of dx all read the first cotangents',
    ['avgPool2d backward'],
    'slices: { x: H * W, dy: Ho * Wo, dx: H * W }',
    'slices: { x: H * W, dx: H * W }',
    small,
  ),
  concat(
    'plan',
    'parts of what is joined as long as those of a piece',
    'concat',
    '{ [piece]: width, [joined]: row }',
    '{ [piece]: width, [joined]: width }',
    small,
  ),
  scale(
    'plan',
    'parts of ds are written where the first is',
    'scaleChannels backward',
    'slices: { x: H * W, dy: H * W, ds: 1 }',
    'slices: { x: H * W, dy: H * W }',
    small,
  ),
  lstmCell(
    'plan',
    'parts of a cell’s gradients all read the first cotangents of cells',
    'lstmCell backward',
    'dnextH: H, dnextC: H, dc: H }',
    'dnextH: H, dc: H }',
    small,
  ),
  lrn(
    'plan',
    'parts of dx all read the first terms',
    'localResponseNorm backward',
    'const slices = { x: C * S, dy: C * S, term: C * S, dx: C * S }',
    'const slices = { x: C * S, dy: C * S, dx: C * S }',
    small,
  ),
  penalty(
    'plan',
    'parts of dw each have a cotangent of their own',
    'l2Penalty backward',
    'outer: { extent: n, dims: [], slices: { w: 1, dw: 1 } },',
    '',
    small,
  ),
  conv(
    'plan',
    'parts of dx all read the first cotangents',
    ['conv2d backward', 'convTranspose2d forward', 'conv1d backward'],
    'slices: { dx: C * H * W, dy: O * Ho * Wo }, count }',
    'slices: { dx: C * H * W }, count }',
    small,
  ),
]
