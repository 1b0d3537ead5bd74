import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import type { Layer } from './miniature/convolutions.js'
import { around, convolution, square } from './miniature/convolutions.js'
import type { Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * Shapes with their axes in each other's place. What is kept by the number of elements, or by sides multiplied, is wrong for
 * an image on its side; sequences that are images of one row are up or down by more than images are; and a batch is
 * longer than 16 bits count where elsewhere an image is. The same in every run, whatever its seed.
 */

const swapped = (shape: Shape): Shape => [...shape.slice(0, -2), shape.at(-1) as number, shape.at(-2) as number]

// ---- on its side -------------------------------------------------------------------------------------------------

const inImages = (op: OpName): readonly Layer[] => {
  const layer = { N: 2, C: 3, O: 4, filter: square(3), padding: around(1) }
  const halved = { ...layer, ...(op === 'convTranspose2d' ? { filter: square(2) } : {}), stride: square(2) }
  return [layer, halved].flatMap((each) => [
    { ...each, image: [5, 8] },
    { ...each, image: [8, 5] },
  ])
}

/** As many channels as transformed convolutions take, padded at the left as at the top nowhere. */
const uneven: readonly Layer[] = [
  [1, 0, 0, 1],
  [0, 1, 2, 1],
  [1, 1, 0, 0],
].map((padding) => ({ N: 2, C: 18, O: 17, filter: square(3), padding, image: [8, 9] }))

const both = (form: (shape: Shape) => Form, shape: Shape): readonly Form[] => [form(shape), form(swapped(shape))]

const ofMaps = (op: OpName): readonly Form[] =>
  both(
    (x) => {
      const C = [x[1] as number]
      return op === 'scaleChannels'
        ? formOf({}, { x, s: x.slice(0, 2) })
        : op.startsWith('batchNorm')
          ? formOf({}, { x, gamma: C, beta: C, runningMean: C, runningVar: C }, { runningVar: 'positive' })
          : formOf({}, { x })
    },
    [3, 4, 5, 7],
  )

const ofClasses = (input: string): readonly Form[] =>
  both((shape) => formOf({}, { [input]: shape, target: shape }, { target: 'oneHot' }), [6, 9])

const ofSteps = (kind: Gates): readonly Form[] => [recurrence(kind, [4, 6, 3, 5]), recurrence(kind, [6, 4, 3, 5])]

const ofRows = (): readonly Form[] => both((x) => formOf({}, { x }), [6, 9])

const sides: Readonly<Partial<Record<OpName, (op: OpName) => readonly Form[]>>> = {
  ...Object.fromEntries(
    (['batchNormTraining', 'batchNormInference', 'localResponseNorm', 'globalAvgPool', 'scaleChannels'] as const).map(
      (op) => [op, ofMaps],
    ),
  ),
  maxPool2d: () => both((x) => formOf({ window: [2, 2] }, { x }), [2, 3, 6, 9]),
  avgPool2d: () => both((x) => formOf({ window: [2, 2] }, { x }), [2, 3, 6, 9]),
  dense: () => both((x) => formOf({}, { x, w: x }), [6, 9]),
  softmax: ofRows,
  logSoftmax: ofRows,
  flatten: () => both((shape) => formOf({}, { x: [...shape, 5] }), [3, 4]),
  reshape: () => both((x) => formOf({ shape: swapped(x) }, { x }), [6, 9]),
  concat: () => both((x) => formOf({}, { x0: x, x1: x }), [6, 9]),
  cce: () => ofClasses('prediction').map((form) => ({ ...form, fills: { ...form.fills, prediction: 'probability' } })),
  softmaxCrossEntropy: () => ofClasses('logits'),
  hinge: () => ofClasses('scores'),
  rnn: () => ofSteps({ gates: 1, steps: true }),
  gru: () => ofSteps({ gates: 3, steps: true }),
  lstm: () => ofSteps({ gates: 4, steps: true }),
}

// ---- of one row --------------------------------------------------------------------------------------------------

/** Filters and steps of speech networks: of encoders, and of vocoders, which are up by so much. */
const ofOneRow: readonly (readonly [K: number, stride: number, padding: number])[] = [
  [8, 4, 2],
  [16, 8, 4],
  [10, 5, 0],
]

const rowsAlone = (op: OpName): readonly Layer[] =>
  ofOneRow.flatMap(([K, stride, padding]) => {
    const long = op === 'convTranspose2d' ? 9 : 3 * stride + K + 1
    return [
      { N: 2, C: 5, O: 6, filter: [1, K], stride: [1, stride], padding: [0, 0, padding, padding], image: [1, long] },
      { N: 2, C: 5, O: 6, filter: [K, 1], stride: [stride, 1], padding: [padding, padding, 0, 0], image: [long, 1] },
    ]
  })

// ---- long ones ---------------------------------------------------------------------------------------------------

/** A batch of more samples than 16 bits count. */
const farBatches = (op: OpName): readonly Form[] => {
  const x = [65_537, 1, 2, 1]
  return op === 'scaleChannels'
    ? [formOf({}, { x, s: x.slice(0, 2) })]
    : [
        formOf(
          {},
          { x: x.slice(0, 3), gamma: [1], beta: [1], runningMean: [1], runningVar: [1] },
          { x: 'positive', runningVar: 'positive' },
        ),
      ]
}
const inMaps: readonly OpName[] = ['batchNormTraining', 'batchNormInference', 'scaleChannels']

const ofManyUnits: Readonly<Partial<Record<OpName, Gates>>> = {
  rnnCell: { gates: 1, steps: false },
  gruCell: { gates: 3, steps: false },
  lstmCell: { gates: 4, steps: false },
  lstm: { gates: 4, steps: true },
}

/** The cases of an op in a direction whose axes are in each other's place. */
export const turnedOf = (op: OpName, direction: Direction): readonly Form[] => {
  const kind = ofManyUnits[op]
  const ofImages = op === 'conv2d' || op === 'convTranspose2d'
  return [
    ...(ofImages
      ? numbered(
          op,
          direction,
          [...inImages(op), ...rowsAlone(op), ...uneven].map((layer) => convolution(op === 'convTranspose2d', layer)),
        )
      : []),
    ...(sides[op]?.(op) ?? []),
    ...(inMaps.includes(op) ? farBatches(op) : []),
    // more samples and units than tiles have rows and columns, whose bound takes too long back; and one input to many units
    ...(kind !== undefined && direction === 'forward'
      ? [recurrence(kind, [1, 104, 9, 130]), recurrence(kind, [1, 3, 1, 66])]
      : []),
  ]
}
