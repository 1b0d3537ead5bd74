import { expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import { caseAt, indicesOf } from '../cases.js'
import { questionTable } from '../table.js'

/** What several axes, a shape and its turn, and the end of a long sum meet in the standard run. */

const formsOf = (op: OpName, direction: Direction): readonly Form[] =>
  indicesOf(questionTable, op, direction, 'standard', 0).map(
    (index) => caseAt(questionTable, op, direction, 1, index).form,
  )

const lies = (extents: readonly number[], ...within: readonly (readonly [number, number])[]): boolean =>
  within.every(([least, most], axis) => {
    const extent = extents[axis] ?? 0
    return least <= extent && extent <= most
  })

// a layer of a perceptron by few samples, a classifier of few classes, a long narrow product of many rows
test.each([
  [
    [2, 8],
    [33, 128],
    [33, 128],
  ],
  [
    [2, 8],
    [129, 1000],
    [33, 128],
  ],
  [
    [33, 128],
    [33, 128],
    [2, 8],
  ],
  [
    [33, 128],
    [1025, 4100],
    [9, 32],
  ],
  [
    [9, 32],
    [9, 32],
    [2, 8],
  ],
] as const)('dense meets rows of %j, terms of %j and columns of %j', (...bands) => {
  const met = formsOf('dense', 'forward').map(({ shapes: { x = [], w = [] } }) => [...x, w[0] as number])
  expect(met.some((extents) => lies(extents, ...bands))).toBe(true)
})

test.each([
  [
    'gruCell',
    [
      [33, 128],
      [2, 8],
      [2, 8],
    ],
  ],
  [
    'gruCell',
    [
      [2, 8],
      [33, 128],
      [9, 32],
    ],
  ],
  [
    'lstmCell',
    [
      [101, 128],
      [2, 32],
      [129, 256],
    ],
  ],
] as const)('%s meets samples, inputs and units of %j', (op, bands) => {
  const met = formsOf(op, 'forward').map(({ shapes: { x = [], wHh = [] } }) => [...x, wHh[1] as number])
  expect(met.some((extents) => lies(extents, ...bands))).toBe(true)
})

test('batch normalization meets many samples of one channel, and of many channels of few pixels', () => {
  const met = formsOf('batchNormTraining', 'backward').map(({ shapes: { x = [] } }) => [
    ...x.slice(0, 2),
    x.slice(2).reduce((n, extent) => n * extent, 1),
  ])
  expect(met.some((extents) => lies(extents, [33, 128], [1, 1], [33, 128]))).toBe(true)
  expect(
    met.some((extents) => lies(extents, [33, 128], [33, 128], [2, 2]) || lies(extents, [33, 128], [33, 128], [2, 8])),
  ).toBe(true)
})

const turned = (shape: Shape): Shape => [...shape.slice(0, -2), shape.at(-1) as number, shape.at(-2) as number]

test.each([
  ['conv2d', 'backward'],
  ['convTranspose2d', 'forward'],
  ['maxPool2d', 'backward'],
  ['avgPool2d', 'forward'],
  ['batchNormTraining', 'forward'],
  ['scaleChannels', 'backward'],
  ['softmax', 'forward'],
] as const)('%s %s meets an image and the same on its side, one after the other', (op, direction) => {
  const forms = formsOf(op, direction)
  const onSides = forms.filter((form, at) => {
    const { x = [], ...others } = form.shapes
    const { x: before = [], ...othersBefore } = forms[at - 1]?.shapes ?? {}
    return (
      x.at(-1) !== x.at(-2) &&
      String(turned(before)) === String(x) &&
      JSON.stringify([others, form.attrs]) === JSON.stringify([othersBefore, forms[at - 1]?.attrs])
    )
  })
  expect(onSides.length).toBeGreaterThan(0)
})

test.each(['mse', 'bce', 'bceWithLogits', 'l2Penalty', 'globalAvgPool'] as const)(
  '%s meets a sum of more than 100,000 numbers all of which comes last',
  (op) => {
    const late = formsOf(op, 'forward').filter(({ fills }) =>
      Object.values(fills).some(
        (fill) => typeof fill === 'object' && 'only' in fill && fill.only.every(([at]) => at >= 2 ** 17),
      ),
    )
    expect(late.length).toBeGreaterThan(0)
  },
)
