import type { Direction, OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Form } from '../../form.js'
import { formOf } from '../miniature/forms.js'

/** Layers that are large in one thing, as reports name them. */

const board = (side: Shape, K: number, stride: number): Form =>
  formOf(
    { padding: [1, 1, 1, 1].map((one) => one * Math.floor(K / 2)), stride: [stride, stride] },
    { x: [1, 1, ...side], w: [1, 1, K, K], b: [1] },
  )

// one map of one channel that is large, a filter longer than a workgroup, and windows past 256 both ways
const boards = [
  board([200, 200], 3, 1),
  board([256, 256], 3, 1),
  board([250, 300], 3, 1),
  board([256, 256], 5, 1),
  board([225, 300], 3, 2),
  formOf({}, { x: [1, 1, 1, 800], w: [1, 1, 1, 257] }),
  formOf({}, { x: [1, 1, 800, 1], w: [1, 1, 257, 1] }),
]
const long = (C: number, dilation: number, stride: number): Form =>
  formOf(
    { dilation: [dilation], stride: [stride], padding: [dilation, dilation] },
    { x: [1, C, 8200], w: [2, C, 3], b: [2] },
  )
const voices = [long(128, 1, 1), long(128, 2, 1), long(130, 3, 1), long(128, 1, 2)]
// of ones, which a mean over all of them is again
const sweeping = [257, 300].map((window) =>
  formOf({ window: [window, window] }, { x: [1, 1, window, window] }, { x: { constant: 1 } }),
)
const channelsOf = (C: number): Readonly<Record<string, Shape>> =>
  Object.fromEntries(['gamma', 'beta', 'runningMean', 'runningVar'].map((name) => [name, [C]]))
const normed = [
  formOf({}, { x: [16, 64, 35, 35], ...channelsOf(64) }, { runningVar: 'positive' }),
  formOf({}, { x: [16, 64, 32, 32], ...channelsOf(64) }, { runningVar: 'positive' }),
]

const inBoth = (forms: readonly Form[]) => ({ forward: forms, backward: forms })

/** The large layers of an op in a direction. */
export const largeOf: Readonly<Partial<Record<OpName, Readonly<Partial<Record<Direction, readonly Form[]>>>>>> = {
  conv2d: inBoth(boards),
  conv1d: inBoth(voices),
  avgPool2d: inBoth(sweeping),
  maxPool2d: inBoth(sweeping),
  batchNormTraining: inBoth(normed),
  batchNormInference: inBoth(normed),
  // more rows than 21 bits count
  dense: { forward: [formOf({}, { x: [2 ** 21 + 1, 2], w: [1, 2] })] },
}
