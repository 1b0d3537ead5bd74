import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Row } from './covering.js'
import { mingledConvolutions } from './mingled/convolutions.js'
import type { Levels, Mingled } from './mingled/levels.js'
import { formsOf, inTurn, level, named } from './mingled/levels.js'
import type { Gates } from './miniature/forms.js'
import { formOf, numbered, recurrence } from './miniature/forms.js'

/**
 * All axes at once, of each few, some or many. Networks in small have all of them of some length, a ladder and usual layers
 * have one or two; kernels are chosen by either in the company of the other as well: a batch over few channels, many channels
 * of one position, an image higher than wide, more than a thousand terms of 32 rows, windows wider than there are channels. Here every
 * triple of such levels meets, and of windows, steps and groups with them, in a covering array whose cases stay small; within
 * a level extents take turns, so that all remainders come. The same in every run, whatever its seed.
 */

const elements = (shape: Shape): number => shape.reduce((n, extent) => n * extent, 1)

// ---- products and recurrent nets ---------------------------------------------------------------------------------

const [ones, fews, somes, manies, longs] = [
  [1],
  [3, 5, 2, 6, 7, 4],
  [17, 20, 9, 24, 18, 12],
  [66, 33, 72, 130, 35, 65],
  [1030, 514, 1027, 768, 1001],
]
const products: Levels = { one: ones, some: somes, many: manies, long: longs }
const dense: Mingled = {
  factors: [
    named('N', products),
    named('I', products),
    named('O', products),
    { name: 'b', classes: ['given', 'absent'] },
  ],
  core: ['N', 'I', 'O'],
  form: (row, turn) => {
    const [N, I, O] = [
      level(products, row, 'N', turn),
      level(products, row, 'I', turn, 1),
      level(products, row, 'O', turn, 2),
    ]
    return formOf({}, { x: [N, I], w: [O, I], ...(row['b'] === 'absent' ? {} : { b: [O] }) })
  },
  cost: ({ shapes: { x = [], w = [] } }) => elements(x) * (w[0] as number),
  most: 3e5,
}

const pieces: Levels = { few: fews, many: [17, 34, 20, 66, 33] }
const maxout: Mingled = {
  factors: [
    ...['N', 'I', 'O'].map((name) => named(name, pieces)),
    { name: 'K', classes: ['2', '4'] },
    { name: 'ties', classes: ['first', 'last', 'share'] },
    { name: 'tied', classes: ['no', 'yes'] },
  ],
  core: ['N', 'I', 'O', 'K'],
  form: (row, turn) => {
    const [N, I, O] = ['N', 'I', 'O'].map((name, at) => level(pieces, row, name, turn, at)) as [number, number, number]
    const K = Number(row['K'])
    const tied: Form['fills'] =
      row['tied'] === 'yes' ? { w: { constant: 1 }, b: { constant: 0 }, x: { integers: 3 } } : {}
    return formOf({ ties: row['ties'] as string }, { x: [N, I], w: [K, O, I], b: [K, O] }, tied)
  },
  cost: ({ shapes: { x = [], w = [] } }) => elements(w) * (x[0] as number),
  most: 6e4,
}

const ofSteps: Levels = { few: [2, 1, 3], some: [9, 12, 10], many: [33, 36] }
const ofBatch: Levels = { few: [1, 2, 3, 5], many: [17, 20, 18, 33] }
const ofInputs: Levels = { few: [1, 4, 7, 6], many: [33, 66, 36, 65] }
const ofUnits: Levels = { few: [5, 3, 8, 6], some: [17, 18, 20], many: [66, 33, 40, 65] }

const recurrent = ({ gates, steps }: Gates, direction: Direction): Mingled => {
  return {
    factors: [...(steps ? [named('T', ofSteps)] : []), named('N', ofBatch), named('I', ofInputs), named('H', ofUnits)],
    core: steps ? [] : ['N', 'I', 'H'],
    form: (row, turn) => {
      const [N, I, H] = [
        level(ofBatch, row, 'N', turn),
        level(ofInputs, row, 'I', turn, 1),
        level(ofUnits, row, 'H', turn, 2),
      ]
      return recurrence({ gates, steps }, [steps ? level(ofSteps, row, 'T', turn, 3) : 1, N, I, H])
    },
    // what a bound takes along all states
    cost: ({ shapes: { x = [], wHh = [] } }) => (elements(x) / (x.at(-1) as number)) * elements(wHh),
    most: !steps ? 1.5e5 : direction === 'forward' ? 1.2e5 : 3e4,
  }
}

// ---- rows, channels and classes ----------------------------------------------------------------------------------

const ofRows: Levels = { some: [17, 33, 66, 35], long: [1030, 1001, 1026] }
const besides: Levels = { one: ones, few: fews, some: [9, 20, 17, 10], many: [33, 34, 36] }
const rows: Mingled = {
  factors: [
    named('length', ofRows),
    named('before', besides),
    named('behind', besides),
    { name: 'axes', classes: ['3', '4'] },
  ],
  core: ['length', 'before', 'behind'],
  form: (row, turn) => {
    const [before, length, behind] = [
      level(besides, row, 'before', turn),
      level(ofRows, row, 'length', turn, 1),
      level(besides, row, 'behind', turn, 2),
    ]
    const [front, back] =
      row['axes'] === '4' ? [[2, before], behind === 1 ? [] : [behind]] : [[before], behind === 1 ? [] : [behind]]
    const shape = [...front, length, ...back]
    const at = front.length
    return formOf({ axis: turn % 2 === 0 ? at : at - shape.length }, { x: shape }, turn % 3 === 2 ? { x: 'wide' } : {})
  },
  cost: ({ shapes: { x = [] } }) => elements(x),
  most: 40_000,
}

const channels: Levels = { some: [17, 20, 24, 16], many: [66, 130, 97, 64], deep: [258, 514, 260] }
const batch: Levels = { one: ones, few: [2, 3, 4], many: [17, 20, 16] }
const planes: Readonly<Record<string, readonly Shape[]>> = {
  sequence: [[3], [10], [66]],
  'long sequence': [[300], [258], [515]],
  odd: [
    [7, 7],
    [5, 7],
    [9, 5],
  ],
  large: [
    [33, 32],
    [31, 35],
    [40, 27],
  ],
}
const planeOf = (row: Row, turn: number): Shape => {
  const list = planes[row['plane'] as string] as readonly Shape[]
  return inTurn(list, turn, 2)
}

const onPlanes = (op: OpName): Mingled => {
  const images = op === 'globalAvgPool' || op === 'scaleChannels'
  const lrn = op === 'localResponseNorm'
  return {
    factors: [
      named('N', batch),
      named('C', channels),
      { name: 'plane', classes: Object.keys(planes).filter((name) => !images || !name.includes('sequence')) },
      ...(lrn
        ? [
            { name: 'size', classes: ['3', '4', '5', 'wider'] },
            { name: 'beta', classes: ['0.75', '0.5', '1'] },
          ]
        : []),
    ],
    core: lrn ? [] : ['N', 'C', 'plane'],
    form: (row, turn) => {
      const C = level(channels, row, 'C', turn, 1)
      const x = [level(batch, row, 'N', turn), C, ...planeOf(row, turn)]
      const numbers: Form['fills'] = turn % 2 === 0 ? {} : { x: { mean: 3, scale: 2 } }
      if (op === 'scaleChannels') return formOf({}, { x, s: x.slice(0, 2) }, turn % 2 === 0 ? {} : { x: 'positive' })
      if (op === 'globalAvgPool') return formOf({}, { x }, turn % 2 === 0 ? {} : { x: 'positive' })
      if (lrn) {
        // a window takes all channels there are, and some beside them
        const size = row['size'] === 'wider' ? Math.min(2 * C, C + 9) : Number(row['size'])
        return formOf({ size, alpha: 0.5, beta: Number(row['beta']) }, { x })
      }
      return formOf(
        {},
        { x, gamma: [C], beta: [C], runningMean: [C], runningVar: [C] },
        { ...numbers, runningVar: 'positive' },
      )
    },
    cost: ({ shapes: { x = [] }, attrs }) => elements(x) * (lrn ? Math.max(1, Number(attrs['size']) / 4) : 1),
    most: lrn ? 7000 : 36_000,
  }
}

const ofClasses: Levels = { some: [17, 10, 20, 18], many: [101, 66, 130, 102], long: [1030, 514, 1001] }
const ofSamples: Levels = { few: [1, 2, 3, 5], many: [66, 130, 72, 65], long: [258, 260, 300] }
const soft: Fill = { values: [0.125, 0.5, 0, 0.25, 0, 0.0625, 0.375] }
const byClass = (op: OpName, input: string, fill: Fill): Mingled => ({
  factors: [
    named('N', ofSamples),
    named('C', ofClasses),
    { name: 'reduction', classes: ['mean', 'sum', 'none'] },
    { name: 'target', classes: op === 'hinge' ? ['one'] : ['one', 'soft'] },
  ].filter(({ classes }) => classes.length > 1),
  core: ['N', 'C', 'reduction'],
  form: (row, turn) => {
    const shape = [level(ofSamples, row, 'N', turn), level(ofClasses, row, 'C', turn, 1)]
    return formOf(
      { reduction: row['reduction'] as string },
      { [input]: shape, target: shape },
      { [input]: fill, target: row['target'] === 'soft' ? soft : 'oneHot' },
    )
  },
  // hinge holds every class against every other
  cost: ({ shapes: { target = [] } }) => elements(target) * (op === 'hinge' ? (target[1] as number) / 10 : 1),
  most: op === 'hinge' ? 3.5e5 : 36_000,
})

// ---- windows -----------------------------------------------------------------------------------------------------

const images: Readonly<Record<string, readonly Shape[]>> = {
  tall: [
    [19, 10],
    [17, 8],
    [14, 9],
  ],
  rows: [
    [6, 66],
    [7, 35],
    [8, 65],
  ],
}
const poolChannels: Levels = { few: [3, 5, 2], some: [17, 20, 9], many: [66, 72, 130] }
const pools = (op: OpName): Mingled => ({
  factors: [
    { name: 'window', classes: ['2', '3', '5', 'flat', 'whole'] },
    { name: 'stride', classes: ['as window', 'less', 'gaps'] },
    { name: 'padding', classes: ['none', 'same', 'unequal'] },
    { name: 'ceilMode', classes: ['no', 'yes'] },
    named('N', batch),
    named('C', poolChannels),
    { name: 'image', classes: Object.keys(images) },
    ...(op === 'avgPool2d'
      ? [{ name: 'countIncludePad', classes: ['no', 'yes'] }]
      : [{ name: 'data', classes: ['apart', 'ties'] }]),
  ],
  core: ['window', 'stride', 'C', 'image'],
  possible: ({ window, stride, padding }) =>
    window !== 'whole' ||
    ((stride === undefined || stride === 'as window') && (padding === undefined || padding === 'none')),
  form: (row, turn) => {
    const list = images[row['image'] as string] as readonly Shape[]
    const image = inTurn(list, turn, 2)
    const flat = [
      [2, 1],
      [1, 3],
      [3, 2],
      [2, 5],
    ]
    const window =
      row['window'] === 'whole'
        ? image
        : row['window'] === 'flat'
          ? inTurn(flat, turn, 3)
          : [Number(row['window']), Number(row['window'])]
    const stride =
      row['stride'] === 'as window'
        ? window
        : window.map((k) => (row['stride'] === 'gaps' ? k + inTurn([1, 2], turn, 4) : inTurn([1, 2], turn, 4)))
    const padding = window.flatMap((k) =>
      row['padding'] === 'same'
        ? [Math.floor((k - 1) / 2), Math.floor((k - 1) / 2)]
        : row['padding'] === 'unequal' && k > 1
          ? turn % 2 === 0
            ? [0, Math.floor(k / 2)]
            : [Math.floor(k / 2), 0]
          : [0, 0],
    )
    return formOf(
      {
        window,
        stride,
        padding,
        ceilMode: row['ceilMode'] === 'yes',
        ...(row['countIncludePad'] === 'yes' ? { countIncludePad: true } : {}),
      },
      { x: [level(batch, row, 'N', turn), level(poolChannels, row, 'C', turn, 1), ...image] },
      row['data'] === 'ties' ? { x: 'ties' } : {},
    )
  },
  cost: ({ shapes: { x = [] } }) => elements(x),
  most: 10_000,
})

// ---- by element, and what moves ----------------------------------------------------------------------------------

const widths: Levels = { fours: [8, 12, 16], odd: [9, 13, 11], long: [131, 130, 66] }
const ofSamplesOfMaps: Levels = { one: ones, many: [2, 3, 5, 17] }
const ofMaps: Levels = { few: fews, many: [17, 20, 34, 66, 16] }
const byElement = (names: readonly string[], attrs: Form['attrs'] = {}): Mingled => ({
  factors: [named('N', ofSamplesOfMaps), named('C', ofMaps), named('W', widths)],
  core: ['N', 'C', 'W'],
  form: (row, turn) => {
    const shape = [
      level(ofSamplesOfMaps, row, 'N', turn),
      level(ofMaps, row, 'C', turn, 1),
      inTurn([2, 3, 4, 5], turn, 2),
      level(widths, row, 'W', turn, 3),
    ]
    return formOf(attrs, Object.fromEntries(names.map((name) => [name, shape])))
  },
  cost: ({ shapes }) => elements(Object.values(shapes)[0] as Shape),
  most: 12_000,
})

const extents: Levels = { eights: [8, 24, 40, 72], some: [5, 17, 20, 3, 9], many: [130, 180, 150, 133] }
const besidesThem: Levels = { few: fews, some: somes }
// how many axes there are, and along which of them is joined
const places: Readonly<Record<string, readonly [number, number]>> = {
  'channels of images': [4, 1],
  'columns of images': [4, 3],
  sequences: [3, 1],
  'ends of sequences': [3, 2],
  'ends of rows': [2, 1],
  first: [3, 0],
}
const concat: Mingled = {
  factors: [
    { name: 'count', classes: ['2', '3', '4', 'several'] },
    { name: 'place', classes: Object.keys(places) },
    named('length', extents),
    { name: 'others', classes: ['alike', 'a whole sum', 'unlike'] },
    named('rest', besidesThem),
  ],
  core: ['count', 'place', 'length', 'others'],
  form: (row, turn) => {
    const [rank, axis] = places[row['place'] as string] as readonly [number, number]
    const length = level(extents, row, 'length', turn)
    const around = Array.from({ length: rank }, (_, at) => level(besidesThem, row, 'rest', turn + at, 1))
    // what two of them come to together is a multiple of 16
    const sum = 16 * Math.ceil((length + 1) / 16)
    const lengthOf = (i: number): number =>
      i === 0 || row['others'] === 'alike'
        ? length
        : row['others'] === 'unlike'
          ? inTurn([length + i, 1], turn, 2)
          : i % 2 === 1
            ? sum - length
            : length
    const count = row['count'] === 'several' ? inTurn([5, 9, 6], turn, 3) : Number(row['count'])
    const shapes = Array.from({ length: count }, (_, i) =>
      around.map((extent, at) => (at === axis ? lengthOf(i) : extent)),
    )
    return formOf(
      { axis: turn % 2 === 0 ? axis : axis - rank },
      Object.fromEntries(shapes.map((shape, i) => [`x${i}`, shape])),
    )
  },
  cost: ({ shapes }) => Object.values(shapes).reduce((n, shape) => n + elements(shape), 0),
  most: 16_000,
}

// ---- numbers of a class ------------------------------------------------------------------------------------------

/** Channels of one number each that is large beside their spread, which is 0. */
const constant = (): readonly Form[] =>
  [1000, -4097].flatMap((value) =>
    [
      [4, 3],
      [2, 3, 5],
    ].map((x) => {
      const C = [x[1] as number]
      return formOf(
        {},
        { x, gamma: C, beta: C, runningMean: C, runningVar: C },
        { x: { constant: value }, runningVar: 'positive' },
      )
    }),
  )

/** Probabilities of exactly 0 and 1 that are what is wanted, among others. */
const certain = (): readonly Form[] =>
  (['none', 'sum', 'mean'] as const).map((reduction) =>
    formOf(
      { reduction },
      { prediction: [7], target: [7] },
      {
        prediction: { values: [1, 0, 0.5, 0.25, 1, 0, 0.75] },
        target: { values: [1, 0, 0.25, 1, 1, 0, 0] },
      },
    ),
  )

/** A cell as networks have it: a batch, inputs and units that are all past a tile; what its bound takes grows with their product. */
const cell =
  (gates: Gates['gates']) =>
  (direction: Direction): readonly Form[] => [
    direction === 'forward'
      ? recurrence({ gates, steps: false }, [1, 9, 260, 130])
      : recurrence({ gates, steps: false }, [1, 9, 130, 66]),
  ]

/** The same shapes along every axis: what is kept by shapes alone is wrong from the second on. */
const cubes = (): readonly Form[] => [0, 1, 2, 0].map((axis) => formOf({ axis }, { x0: [5, 5, 5], x1: [5, 5, 5] }))

const laid: Readonly<Partial<Record<OpName, (direction: Direction) => readonly Form[]>>> = {
  batchNormTraining: constant,
  batchNormInference: constant,
  bce: certain,
  concat: cubes,
  rnnCell: cell(1),
  gruCell: cell(3),
  lstmCell: cell(4),
}

const table: Readonly<Partial<Record<OpName, (direction: Direction) => Mingled>>> = {
  ...mingledConvolutions,
  dense: () => dense,
  maxout: () => maxout,
  rnnCell: (direction) => recurrent({ gates: 1, steps: false }, direction),
  rnn: (direction) => recurrent({ gates: 1, steps: true }, direction),
  gruCell: (direction) => recurrent({ gates: 3, steps: false }, direction),
  gru: (direction) => recurrent({ gates: 3, steps: true }, direction),
  lstmCell: (direction) => recurrent({ gates: 4, steps: false }, direction),
  lstm: (direction) => recurrent({ gates: 4, steps: true }, direction),
  softmax: () => rows,
  logSoftmax: () => rows,
  ...Object.fromEntries(
    (['batchNormTraining', 'batchNormInference', 'localResponseNorm', 'globalAvgPool', 'scaleChannels'] as const).map(
      (op) => [op, () => onPlanes(op)],
    ),
  ),
  cce: () => byClass('cce', 'prediction', 'probability'),
  softmaxCrossEntropy: () => byClass('softmaxCrossEntropy', 'logits', 'normal'),
  hinge: () => byClass('hinge', 'scores', 'normal'),
  maxPool2d: () => pools('maxPool2d'),
  avgPool2d: () => pools('avgPool2d'),
  ...Object.fromEntries(
    (['sigmoid', 'tanh', 'relu', 'leakyRelu', 'elu', 'softplus', 'step'] as const).map((op) => [
      op,
      () => byElement(['x']),
    ]),
  ),
  dropout: () => byElement(['x'], { key: [7, 4_000_000_011], step: 3, stream: 2 }),
  add: () => byElement(['a', 'b']),
  mul: () => byElement(['a', 'b']),
  concat: () => concat,
}

const numbersTogether: readonly OpName[] = ['dense', 'conv1d', 'conv2d', 'convTranspose2d']

/** The cases of an op in a direction in which levels of all axes mingle. */
export const mingledOf = (op: OpName, direction: Direction): readonly Form[] => {
  const beside = laid[op]?.(direction) ?? []
  const made = table[op]?.(direction)
  if (made === undefined) return beside
  const forms = formsOf(made, `mingled ${op} ${direction}`)
  return [...(numbersTogether.includes(op) ? numbered(op, direction, forms) : forms), ...beside]
}

/** What ops have beside their defaults, by turns. */
const attributes: Readonly<Partial<Record<OpName, readonly Form['attrs'][]>>> = {
  leakyRelu: [{ alpha: -0.5 }],
  elu: [{ alpha: 0.75 }],
  softplus: [{ beta: 2 }],
  dropout: [{ keep: 0.8 }],
  localResponseNorm: [{ k: 2 }],
  batchNormTraining: [{ epsilon: 1e-3, momentum: 0.9 }, { runningVariance: 'biased' }],
  batchNormInference: [{ epsilon: 1e-3 }],
}

/** Every other one of an op's mingled cases once more, with attributes off their defaults. */
export const withAttributes = (op: OpName, mingled: readonly Form[]): readonly Form[] => {
  const all = attributes[op]
  return all === undefined
    ? []
    : mingled
        .filter((_, at) => at % 2 === 0)
        .map((form, turn) => ({ ...form, attrs: { ...form.attrs, ...(all[turn % all.length] as Form['attrs']) } }))
}
