import { either as E, function as F } from 'fp-ts'
import { filled, generate, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { questionsAbout } from '../questions.js'
import { at, equals, named } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import { byGruGate, zeroed } from '../vocabulary/recurrent.js'
import {
  anyScan,
  extremeInputs,
  faultsOfTheScan,
  longScans,
  scanLaws,
  scansOf,
  shortScans,
  wideInputs,
} from '../vocabulary/sequences.js'

const scan = scansOf(3, ['h0'], ['bIh', 'bHh'])

const keptThroughout: Law = {
  name: 'update gate open keeps the state through all steps, and its gradient',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const still = zeroed(inputs, 'wIh', 'wHh', 'bHh')
    const keeping = { ...still, bIh: byGruGate(named(inputs, 'bIh'), { z: () => 800 }) }
    const [h0, dhT] = [named(inputs, 'h0'), named(cotangents, 'hT')]
    const [T, size] = [named(inputs, 'x').shape[0] as number, h0.data.length]
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, keeping)),
      E.bind('back', () => ask('backward', attrs, keeping, { hT: dhT })),
      E.map(({ ahead, back }) => [
        equals(
          'y',
          ahead,
          generate([T, ...h0.shape], (i) => at(h0, i % size)),
        ),
        equals('h0', back, dhT),
        equals('wIh', back, zeros(named(inputs, 'wIh').shape)),
      ]),
    )
  },
}

const halves = ofAnswer(
  'without weights and biases every step keeps half of the state, and the new gate says 0',
  (answer, { inputs }) => {
    const [h0, T] = [named(inputs, 'h0'), named(inputs, 'x').shape[0] as number]
    const size = h0.data.length
    return [
      equals(
        'y',
        answer,
        generate([T, ...h0.shape], (i) => at(h0, i % size) / 2 ** (Math.floor(i / size) + 1)),
      ),
    ]
  },
  ({ inputs }) => ({ inputs: zeroed(inputs, 'wIh', 'wHh', 'bIh', 'bHh') }),
)

const half = Math.log(3) / 2
const column = (r: number, z: number, g: number) => array([[r], [z], [g]])
// r = z = ½, q = 2, g = tanh(x − 1 + ½·2) = ½
const byHand = {
  x: { shape: [2, 1, 1], data: [half, half] },
  h0: { shape: [1, 1], data: [0] },
  wIh: column(0, 0, 1),
  wHh: column(0, 0, 0),
  bIh: array([0, 0, -1]),
  bHh: array([0, 0, 2]),
}
const source = 'Cho et al. 2014, eqs 5–8, by hand'

export const gru = questionsAbout('gru', {
  corners: [
    ...shortScans(scan),
    scan('three of each', [3, 3, 3, 3]),
    scan('from a state of 0', [4, 5, 3, 6], { h0: { constant: 0 } }),
    scan('inputs of zeros: the state alone', [6, 4, 3, 5], {
      x: { constant: 0 },
      bIh: { constant: 0 },
      bHh: { constant: 0 },
    }),
    scan('a state that is not looked at', [4, 5, 3, 6], { wHh: { constant: 0 } }),
    scan('one bias: the other is 0', [4, 5, 3, 6], { bHh: { constant: 0 } }),
    scan('whole numbers', [2, 4, 3, 5], {
      x: 'ties',
      h0: 'ties',
      bIh: 'ties',
      bHh: 'ties',
      dy: 'ties',
      dhT: 'ties',
    }),
    scan('small numbers', [5, 4, 3, 6], { x: 'small', h0: 'small', bIh: 'small', bHh: 'small' }),
    wideInputs(scan),
    scan('a wide state', [5, 4, 6, 5], { h0: 'wide' }),
    extremeInputs(scan, [1, 0.5, -0.25, -1, 0.125]),
    scan('a state kept for 65 steps: update gate open', [65, 3, 2, 1], { bIh: { values: [0, 20, 1] } }),
    scan('a new state at each of 16 steps: update gate shut', [16, 3, 2, 1], { bIh: { values: [1, -20, 0] } }),
    scan('only the end is pulled', [6, 4, 3, 5], { dy: { constant: 0 } }),
    scan('all but the end is pulled', [6, 4, 3, 5], { dhT: { constant: 0 } }),
    ...longScans(scan, 0.03125),
    scan('257 steps', [257, 2, 4, 3], { wHh: { mean: 0, scale: 0.03125 } }),
    scan('400 steps of one sequence', [400, 1, 3, 2], { wHh: { mean: 0, scale: 0.0625 } }),
    scan('sums of 1024 over time and batch', [8, 128, 3, 2]),
    scan('sums of 1025 over time and batch, tiles', [5, 205, 4, 5]),
    scan('255 units', [3, 2, 3, 255]),
    scan('65,537 sequences', [2, 65537, 1, 1]),
  ],
  random: anyScan(scan, [8, 4, 6, 6], { h0: ['normal', 'small', { constant: 0 }] }),
  laws: [keptThroughout, halves, ...scanLaws({ h0: 'hT' })],
  worked: [
    {
      name: 'gates of ½ and a new state of ½ by hand, twice: ¼ and ⅜',
      inputs: byHand,
      outputs: { y: { shape: [2, 1, 1], data: [0.25, 0.375] }, hT: { shape: [1, 1], data: [0.375] } },
      source,
    },
    {
      name: 'its gradients: a pull of 32 on the end is halved at each step, 12 and 6 reach the inputs',
      inputs: byHand,
      cotangents: { hT: { shape: [1, 1], data: [32] } },
      outputs: {
        x: { shape: [2, 1, 1], data: [6, 12] },
        h0: { shape: [1, 1], data: [8] },
        wIh: column(9 * half, -4 * half, 18 * half),
        wHh: column(1.5, -0.5, 1.5),
        bIh: array([9, -4, 18]),
        bHh: array([9, -4, 9]),
      },
      source,
    },
    {
      name: 'ONNX’s own example: one step, weights of 0.1, no state yet; (1 − σ)·tanh of 0.3, 0.7 and 1.1',
      inputs: {
        x: { shape: [1, 3, 2], data: [1, 2, 3, 4, 5, 6] },
        h0: zeros([3, 5]),
        wIh: filled([15, 2], 0.1),
        wHh: filled([15, 5], 0.1),
        bIh: zeros([15]),
        bHh: zeros([15]),
      },
      outputs: {
        hT: {
          shape: [3, 5],
          data: [0.1239702621759196, 0.20053661855501925, 0.1999165411657113].flatMap((v) => [v, v, v, v, v]),
        },
      },
      source: 'ONNX, operator GRU, example "defaults"; by decimal arithmetic to 17 digits',
    },
  ],
  faults: [
    {
      name: 'time runs backwards',
      direction: 'forward',
      find: 'partOf(x, t)',
      nth: 0,
      replace: 'partOf(x, sizes.T - 1 - t)',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'the first input at every step',
      direction: 'forward',
      find: 'partOf(x, t)',
      nth: 0,
      replace: 'partOf(x, 0)',
    },
    {
      name: 'the state is not carried on',
      direction: 'forward',
      find: 'partOf(x, t), h, wIh',
      replace: 'partOf(x, t), h: h0, wIh',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'y holds the states before the steps',
      direction: 'forward',
      find: 'h.slice(1)',
      replace: 'h.slice(0, sizes.T)',
    },
    { name: 'hT is the state before the last', direction: 'forward', find: 'h[sizes.T]', replace: 'h[sizes.T - 1]' },
    {
      name: 'the second bias forgotten at every step',
      direction: 'forward',
      find: 'wHh, bIh, bHh }, sizes).h',
      replace: 'wHh, bIh, bHh: zip((v) => 0 * v, bHh, bHh) }, sizes).h',
    },
    ...faultsOfTheScan(scan),
    {
      name: 'dbIh averaged over time',
      direction: 'backward',
      find: 'sumOfFields(steps.map((step) => step.bIh))',
      replace: 'sumOfFields(steps.map((step) => zip((v) => v / sizes.T, step.bIh, step.bIh)))',
    },
    {
      name: 'dbHh is dbIh',
      direction: 'backward',
      find: 'steps.map((step) => step.bHh)',
      replace: 'steps.map((step) => step.bIh)',
    },
  ],
})
