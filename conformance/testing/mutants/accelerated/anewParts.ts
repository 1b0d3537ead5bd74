import type { Mutant } from '../mutant.js'
import { mutantsOf } from '../mutant.js'

/** Anew what is split for small bindings: where a part begins, and which tensors every part begins anew. */

const kernel = mutantsOf('accelerated/kernel')
const plan = mutantsOf('accelerated/plan')
const fuse = mutantsOf('accelerated/fuse')
const max = mutantsOf('accelerated/layers/maxPool2d')
const cross = mutantsOf('accelerated/losses/softmaxCrossEntropy')
const gruCell = mutantsOf('accelerated/layers/gruCell')
const lstmCell = mutantsOf('accelerated/layers/lstmCell')

const asked = ['sgd', 'programs'] as const
const small = { on: 'small bindings' } as const

export const anewParts: readonly Mutant[] = [
  fuse(
    'plan',
    'parts of a fused launch all read beside what the first does',
    asked,
    '[...others.map(name), ...formula.writes.map(name), ...(kept',
    '[...formula.writes.map(name), ...(kept',
    {
      ...small,
      equivalent: 'a launch is fused only where each of its tensors lies in one binding, and none such is split',
    },
  ),
  fuse(
    'plan',
    'parts of a fused launch all keep what they make where the first does',
    asked,
    '...formula.writes.map(name), ...(kept ? [keptName(prefix)] : [])].map(\n',
    '...formula.writes.map(name)].map(\n',
    {
      ...small,
      equivalent: 'a launch is fused only where each of its tensors lies in one binding, and none such is split',
    },
  ),
  kernel(
    'plan',
    'what is written begins where its binding does',
    ['softmax', 'batchNormTraining', 'mse', 'concat', 'programs'],
    "const at = access.based ? `i + dims.base_${of}` : 'i'",
    "const at = access.based && !writes ? `i + dims.base_${of}` : 'i'",
    small,
  ),
  kernel(
    'plan',
    'a part that takes several bindings begins where the first of them does',
    ['softmax', 'batchNormTraining', 'dense', 'concat', 'programs'],
    'const inside = `(${at}) % ${segment}u`',
    'const inside = `i % ${segment}u`',
    small,
  ),
  plan(
    'plan',
    'vectors are seen in several bindings where some part of a launch takes one',
    ['dense', 'lstmCell forward', 'conv2d backward'],
    'parts.every((part) => E.isRight(part) && part.right.bindings.length === tensors) &&',
    'parts.some((part) => E.isRight(part) && part.right.bindings.length === tensors) &&',
    {
      ...small,
      equivalent:
        'where one part of a product by vectors takes several bindings its weights do, which are in every part',
    },
  ),
  max(
    'plan',
    'parts of windows all keep their choice where the first does',
    ['maxPool2d', 'programs'],
    '...(keeps ? { choice: Ho * Wo } : {}) },\n    },',
    '},\n    },',
    small,
  ),
  max(
    'plan',
    'parts of dx of windows that overlap all read the first choice',
    ['maxPool2d backward', 'programs'],
    'count: planes * H * W,\n    dims: numbers,\n    params: {},\n    outer: inPlanes({ choice: Ho * Wo, dy: Ho * Wo, dx: H * W }),',
    'count: planes * H * W,\n    dims: numbers,\n    params: {},\n    outer: inPlanes({ dy: Ho * Wo, dx: H * W }),',
    small,
  ),
  max(
    'plan',
    'parts of dx that is shared all read the first shares',
    'maxPool2d backward',
    'outer: inPlanes({ x: H * W, most: Ho * Wo, part: Ho * Wo, dx: H * W }),',
    'outer: inPlanes({ x: H * W, most: Ho * Wo, dx: H * W }),',
    small,
  ),
  cross(
    'plan',
    'parts of rows whose both directions are made at once write costs as far apart as rows',
    ['softmaxCrossEntropy', 'programs'],
    'perRow: { cost: 1, dloss: 1 },',
    'perRow: { dloss: 1 },',
    small,
  ),
  gruCell(
    'plan',
    'parts of dh all read the first gradients of what the gates see',
    'gruCell backward',
    '{ inner: 3 * H, dh: H },',
    '{ dh: H },',
    small,
  ),
  lstmCell(
    'plan',
    'parts of a cell’s gradients all read the first cells',
    'lstmCell backward',
    'slices: { gates: G, c: H, nextC: H,',
    'slices: { gates: G, nextC: H,',
    small,
  ),
]
