import { slide } from '../../spec/op.js'
import { generate, sumOf } from '../../spec/tensor.js'
import { questionsAbout } from '../questions.js'
import { at, equals, named } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import { zeroed } from '../vocabulary/recurrent.js'
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

const scan = scansOf(1, ['h0'])

const withoutMemory = ofAnswer(
  'with wHh = 0 every step is tanh (b + wIh·x) by itself, whatever the state',
  (answer, { inputs }) => {
    const [x, wIh, b] = [named(inputs, 'x'), named(inputs, 'wIh'), named(inputs, 'b')]
    const [T, N, I] = x.shape as readonly [number, number, number]
    const H = b.data.length
    const term = (place: number, i: number): number =>
      at(wIh, (place % H) * I + i) * at(x, Math.floor(place / H) * I + i)
    const want = generate([T, N, H], (place) =>
      Math.tanh(sumOf([at(b, place % H), ...Array.from({ length: I }, (_, i) => term(place, i))])),
    )
    return [equals('y', answer, want)]
  },
  ({ inputs }) => ({ inputs: zeroed(inputs, 'wHh') }),
)

const half = Math.log(3) / 2
const byHand = {
  x: { shape: [2, 1, 1], data: [0, -1] },
  h0: { shape: [1, 1], data: [0] },
  wIh: { shape: [1, 1], data: [1] },
  wHh: { shape: [1, 1], data: [2] },
  b: { shape: [1], data: [half] },
}

export const rnn = questionsAbout('rnn', {
  corners: [
    ...shortScans(scan),
    scan('three of each: no tiles', [3, 3, 3, 3]),
    scan('from a state of 0', [4, 5, 3, 6], { h0: { constant: 0 } }),
    scan('inputs of zeros: the state alone', [6, 4, 3, 5], { x: { constant: 0 }, b: { constant: 0 } }),
    scan('a state that is not looked at', [4, 5, 3, 6], { wHh: { constant: 0 } }),
    scan('a state that is copied: weight 1', [8, 5, 2, 1], { wHh: { constant: 1 }, x: 'small', b: { constant: 0 } }),
    scan('whole numbers', [2, 4, 3, 5], { x: 'ties', h0: 'ties', b: 'ties', dy: 'ties', dhT: 'ties' }),
    scan('small numbers', [5, 4, 3, 6], { x: 'small', h0: 'small', b: 'small' }),
    wideInputs(scan),
    extremeInputs(scan, [1, 0.5, -0.25]),
    scan('only the end is pulled', [6, 4, 3, 5], { dy: { constant: 0 } }),
    scan('all but the end is pulled', [6, 4, 3, 5], { dhT: { constant: 0 } }),
    ...longScans(scan, 0.0625),
    scan('257 steps', [257, 5, 4, 6], { wHh: { mean: 0, scale: 0.03125 } }),
    scan('400 steps of one sequence', [400, 1, 3, 2], { wHh: { mean: 0, scale: 0.125 } }),
    scan('sums of 1024 over time and batch', [8, 128, 5, 3]),
    scan('sums of 1025 over time and batch, tiles', [5, 205, 4, 6]),
    scan('256 units', [3, 2, 3, 256], { wIh: { mean: 0, scale: 0.5 } }),
    scan('65,537 sequences', [2, 65537, 1, 1]),
  ],
  random: anyScan(scan, [8, 5, 7, 7], { h0: ['normal', 'small', { constant: 0 }] }),
  laws: [withoutMemory, ...scanLaws({ h0: 'hT' })],
  worked: [
    {
      name: 'two steps by hand: ½·log 3 both times, 2·½ of the state made up for by an input of −1, so that the state is ½',
      inputs: byHand,
      outputs: { y: { shape: [2, 1, 1], data: [0.5, 0.5] }, hT: { shape: [1, 1], data: [0.5] } },
      source: slide('Recurrent NN'),
    },
    {
      name: 'its gradients: (4 + 4)·¾ = 6 at the second step, (4 + 2·6)·¾ = 12 at the first',
      inputs: byHand,
      cotangents: { y: { shape: [2, 1, 1], data: [4, 4] }, hT: { shape: [1, 1], data: [4] } },
      outputs: {
        x: { shape: [2, 1, 1], data: [12, 6] },
        h0: { shape: [1, 1], data: [24] },
        wIh: { shape: [1, 1], data: [-6] },
        wHh: { shape: [1, 1], data: [3] },
        b: array([18]),
      },
      source: slide('Recurrent NN'),
    },
    {
      name: 'ONNX’s own example: one step, weights of 0.1, no state yet, tanh 0.3, 0.7 and 1.1',
      inputs: {
        x: { shape: [1, 3, 2], data: [1, 2, 3, 4, 5, 6] },
        h0: { shape: [3, 2], data: [0, 0, 0, 0, 0, 0] },
        wIh: { shape: [2, 2], data: [0.1, 0.1, 0.1, 0.1] },
        wHh: { shape: [2, 2], data: [0.1, 0.1, 0.1, 0.1] },
        b: array([0, 0]),
      },
      outputs: {
        hT: {
          shape: [3, 2],
          data: [0.2913126124515909, 0.6043677771171636, 0.8004990217606297].flatMap((v) => [v, v]),
        },
      },
      source: 'ONNX, operator RNN, example "defaults" with two units; hyperbolic tangents to 16 digits',
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
      name: 'the bias forgotten at every step',
      direction: 'forward',
      find: 'wHh, b }, sizes).h',
      replace: 'wHh, b: zip((v) => 0 * v, b, b) }, sizes).h',
    },
    ...faultsOfTheScan(scan),
    {
      name: 'db averaged over time',
      direction: 'backward',
      find: 'sumOfFields(steps.map((step) => step.b))',
      replace: 'sumOfFields(steps.map((step) => zip((v) => v / sizes.T, step.b, step.b)))',
    },
  ],
})
