import type { Fill } from '../../form.js'
import type { Declared, Drawn } from '../subject.js'
import { between, fewOrTiles } from '../subject.js'
import { weighted } from '../sums.js'

/** Classes of matrix products: dense layers, maxout, cells and sequences. */

type Fills = Readonly<Record<string, Fill>>

const x: Fills = { normal: 'normal', small: 'small', wide: 'wide', 'one sign': 'positive', lone: 'lone', ties: 'ties' }
const w: Fills = { normal: 'normal', small: 'small', 'one sign': 'positive', negative: 'negative', lone: 'lone' }
const b: Fills = { normal: 'normal', wide: 'wide', zeros: { constant: 0 } }

export const dense: Declared = {
  data: { x, w, b },
  product: weighted,
  drawn: { N: fewOrTiles, I: fewOrTiles, O: fewOrTiles },
  few: { N: between(1, 2), I: between(1, 2), O: between(1, 2) },
  ladder: { N: 65537, I: 65537, O: 65537 },
  shapes: (_, { N = 1, I = 1, O = 1 }) => ({ shapes: { x: [N, I], w: [O, I], b: [O] } }),
}

// pieces tie where they are alike, or where whole numbers make them so
export const maxout: Declared = {
  attrs: { ties: { default: undefined, last: 'last', share: 'share' } },
  data: { x, w: { ...w, ties: 'ties', alike: { constant: 0.5 } }, b: { ...b, ties: 'ties' } },
  core: ['ties', 'data of w', 'data of b'],
  drawn: { N: between(1, 7), I: between(1, 40), O: between(1, 7), K: between(1, 5) },
  ladder: { N: 65537, I: 65537, O: 4097, K: 65 },
  shapes: (_, { N = 1, I = 1, O = 1, K = 1 }) => ({ shapes: { x: [N, I], w: [K, O, I], b: [K, O] } }),
}

// weights from a state to the next, of which so many are added, that what is carried neither grows nor vanishes at once
const steady = (H: number): Fill => ({ mean: 0, scale: 1 / (2 * H + 2) })

const state: Fills = { normal: 'normal', small: 'small', half: { mean: 0, scale: 0.5 }, zeros: { constant: 0 } }
const input: Fills = {
  normal: 'normal',
  small: 'small',
  wide: 'wide',
  lone: 'lone',
  'one sign': 'positive',
  ties: 'ties',
}
const bias: Fills = { normal: 'normal', zeros: { constant: 0 }, 'one sign': 'positive' }

// how many gates, whether there is a cell beside the state, and what the biases are called
interface Kind {
  readonly gates: number
  readonly cell: boolean
  readonly biases: readonly string[]
}
const ofRnn: Kind = { gates: 1, cell: false, biases: ['b'] }
const ofLstm: Kind = { gates: 4, cell: true, biases: ['b'] }
const ofGru: Kind = { gates: 3, cell: false, biases: ['bIh', 'bHh'] }
const each = <V>(names: readonly string[], value: V): Readonly<Record<string, V>> =>
  Object.fromEntries(names.map((name) => [name, value]))

// a wider layer has smaller weights, or its sums saturate
const scaled = (I: number, H: number): Fills => ({ wIh: { mean: 0, scale: 1 / Math.sqrt(I + 3) }, wHh: steady(H) })

const cell = ({ gates, cell, biases }: Kind): Declared => ({
  data: { x: input, h: state, ...(cell ? { c: { ...state, wide: 'wide' } } : {}), ...each(biases, bias) },
  drawn: { N: between(1, 6), I: between(1, 20), H: between(1, 9) },
  ladder: { N: 65537, I: 4097, H: gates > 1 ? 513 : 1025 },
  shapes: (_, { N = 1, I = 1, H = 1 }) => ({
    shapes: {
      x: [N, I],
      h: [N, H],
      ...(cell ? { c: [N, H] } : {}),
      wIh: [gates * H, I],
      wHh: [gates * H, H],
      ...each(biases, [gates * H]),
    },
    fills: scaled(I, H),
  }),
})
export const rnnCell = cell(ofRnn)
export const lstmCell = cell(ofLstm)
export const gruCell = cell(ofGru)

const sequence = ({ gates, cell, biases }: Kind): Declared => ({
  data: { x: input, h0: state, ...(cell ? { c0: { ...state, wide: 'wide' } } : {}), ...each(biases, bias) },
  drawn: { T: between(1, 8), N: between(1, 5), I: between(1, 7), H: between(1, 7) },
  ladder: { T: 512, N: 1025, I: 4097, H: 513 },
  shapes: (_, { T = 1, N = 1, I = 1, H = 1 }: Drawn) => ({
    shapes: {
      x: [T, N, I],
      h0: [N, H],
      ...(cell ? { c0: [N, H] } : {}),
      wIh: [gates * H, I],
      wHh: [gates * H, H],
      ...each(biases, [gates * H]),
    },
    fills: scaled(I, H),
  }),
})
export const rnn = sequence(ofRnn)
export const lstm = sequence(ofLstm)
export const gru = sequence(ofGru)
