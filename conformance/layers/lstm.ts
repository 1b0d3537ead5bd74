import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { questionsAbout } from '../questions.js'
import { at, equals, named } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer } from '../vocabulary/laws.js'
import { byGate, zeroed } from '../vocabulary/recurrent.js'
import {
  anyScan,
  extremeInputs,
  faultsOfThePull,
  longScans,
  scanLaws,
  scansOf,
  shortScans,
  wideInputs,
} from '../vocabulary/sequences.js'

const scan = scansOf(4, ['h0', 'c0'])

const keptThroughout: Law = {
  name: 'forget gate open and input gate shut keep the cell through all steps, and its gradient',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const still = zeroed(inputs, 'wIh', 'wHh')
    const keeping = { ...still, b: byGate(named(inputs, 'b'), { i: () => -800, f: () => 800 }) }
    const dcT = named(cotangents, 'cT')
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, keeping)),
      E.bind('back', () => ask('backward', attrs, keeping, { cT: dcT })),
      E.map(({ ahead, back }) => [
        equals('cT', ahead, named(inputs, 'c0')),
        equals('c0', back, dcT),
        equals('h0', back, zeros(dcT.shape)),
      ]),
    )
  },
}

const open = (): number => 800
const counts = ofAnswer(
  'all gates open, the cell adds up the candidates: c0 + T·tanh of the candidate’s bias, and y shows its tanh',
  (answer, { inputs }) => {
    const [c0, b, x] = [named(inputs, 'c0'), named(inputs, 'b'), named(inputs, 'x')]
    const [T, N, H] = [x.shape[0] as number, c0.shape[0] as number, c0.shape[1] as number]
    const cell = (t: number, i: number): number => at(c0, i) + t * Math.tanh(at(b, 2 * H + (i % H)))
    return [
      equals(
        'cT',
        answer,
        generate([N, H], (i) => cell(T, i)),
      ),
      equals(
        'y',
        answer,
        generate([T, N, H], (i) => Math.tanh(cell(Math.floor(i / (N * H)) + 1, i % (N * H)))),
      ),
    ]
  },
  ({ inputs }) => ({
    inputs: { ...zeroed(inputs, 'wIh', 'wHh'), b: byGate(named(inputs, 'b'), { i: open, f: open, o: open }) },
  }),
)

const half = Math.log(3) / 2
const row = (g: number) => array([[0], [0], [g], [0]])
const adding = {
  x: { shape: [2, 1, 1], data: [half, half] },
  h0: { shape: [1, 1], data: [0] },
  c0: { shape: [1, 1], data: [0] },
  wIh: row(1),
  wHh: row(0),
  b: { shape: [4], data: [800, 800, 0, 800] },
}
const tanhOfHalf = 0.46211715726000975

export const lstm = questionsAbout('lstm', {
  corners: [
    ...shortScans(scan),
    scan('three of each', [3, 3, 3, 3]),
    scan('from a state and a cell of 0', [4, 5, 3, 6], { h0: { constant: 0 }, c0: { constant: 0 } }),
    scan('inputs of zeros: state and cell alone', [6, 4, 3, 5], { x: { constant: 0 }, b: { constant: 0 } }),
    scan('a state that is not looked at', [4, 5, 3, 6], { wHh: { constant: 0 } }),
    scan('whole numbers', [2, 4, 3, 5], {
      x: 'ties',
      h0: 'ties',
      c0: 'ties',
      b: 'ties',
      dy: 'ties',
      dhT: 'ties',
      dcT: 'ties',
    }),
    scan('small numbers', [5, 4, 3, 6], { x: 'small', h0: 'small', c0: 'small', b: 'small' }),
    wideInputs(scan),
    scan('a wide cell', [5, 4, 6, 5], { c0: 'wide' }),
    extremeInputs(scan, [1, 0.5, -0.25, -1, 0.125]),
    scan('a cell kept for 65 steps: forget gate open, input gate shut', [65, 3, 2, 1], {
      b: { values: [-20, 20, 1, 0] },
    }),
    scan('a cell that fills for 16 steps: all gates open', [16, 3, 2, 1], { b: { values: [20, 20, 1, 20] } }),
    scan('only the end of the states is pulled', [6, 4, 3, 5], { dy: { constant: 0 }, dcT: { constant: 0 } }),
    scan('only the end of the cells is pulled', [6, 4, 3, 5], { dy: { constant: 0 }, dhT: { constant: 0 } }),
    scan('only the states are pulled', [6, 4, 3, 5], { dhT: { constant: 0 }, dcT: { constant: 0 } }),
    ...longScans(scan, 0.03125),
    scan('257 steps', [257, 2, 4, 3], { wHh: { mean: 0, scale: 0.03125 } }),
    scan('400 steps of one sequence', [400, 1, 3, 2], { wHh: { mean: 0, scale: 0.0625 } }),
    scan('sums of 1024 over time and batch', [8, 128, 3, 2]),
    scan('sums of 1025 over time and batch, tiles', [5, 205, 4, 5]),
    scan('255 units', [3, 2, 3, 255]),
    scan('65,537 sequences', [2, 65537, 1, 1]),
  ],
  random: anyScan(scan, [8, 4, 6, 6], {
    h0: ['normal', 'small', { constant: 0 }],
    c0: ['normal', 'small', 'wide', { constant: 0 }],
  }),
  laws: [keptThroughout, counts, ...scanLaws({ h0: 'hT', c0: 'cT' })],
  worked: [
    {
      name: 'all gates open, two candidates of ½ by hand: cells ½ and 1',
      inputs: adding,
      outputs: {
        y: { shape: [2, 1, 1], data: [tanhOfHalf, 0.7615941559557649] },
        hT: { shape: [1, 1], data: [0.7615941559557649] },
        cT: { shape: [1, 1], data: [1] },
      },
      source: slide('LSTM nets'),
    },
    {
      name: 'its gradients: a pull on the last cell reaches both inputs as ¾, and the first cell whole',
      inputs: adding,
      cotangents: { cT: { shape: [1, 1], data: [1] } },
      outputs: {
        x: { shape: [2, 1, 1], data: [0.75, 0.75] },
        h0: { shape: [1, 1], data: [0] },
        c0: { shape: [1, 1], data: [1] },
        wIh: row(1.5 * half),
        wHh: row(0.75 * tanhOfHalf),
        b: array([0, 0, 1.5, 0]),
      },
      source: slide('LSTM nets'),
    },
    {
      name: 'ONNX’s own example: one step, weights of 0.1, no state yet; σ and tanh of 0.3, 0.7 and 1.1',
      inputs: {
        x: { shape: [1, 3, 2], data: [1, 2, 3, 4, 5, 6] },
        h0: zeros([3, 3]),
        c0: zeros([3, 3]),
        wIh: filled([12, 2], 0.1),
        wHh: filled([12, 3], 0.1),
        b: zeros([12]),
      },
      outputs: {
        hT: {
          shape: [3, 3],
          data: [0.09524118849708929, 0.2560644343885228, 0.40323773555122151].flatMap((v) => [v, v, v]),
        },
      },
      source: 'ONNX, operator LSTM, example "defaults"; by decimal arithmetic to 17 digits',
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
      name: 'the state is not carried on',
      direction: 'forward',
      find: 'partOf(x, t), h, c, wIh',
      nth: 0,
      replace: 'partOf(x, t), h: h0, c, wIh',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'the cell is not carried on',
      direction: 'forward',
      find: 'partOf(x, t), h, c, wIh',
      nth: 0,
      replace: 'partOf(x, t), h, c: c0, wIh',
    },
    {
      name: 'state and cell exchanged from step to step',
      direction: 'forward',
      find: 'partOf(x, t), h, c, wIh',
      nth: 0,
      replace: 'partOf(x, t), h: c, c: h, wIh',
    },
    { name: 'y holds the cells', direction: 'forward', find: 'map(({ h }) => h)', replace: 'map(({ c }) => c)' },
    {
      name: 'y holds the states before the steps',
      direction: 'forward',
      find: 'states.slice(1)',
      replace: 'states.slice(0, sizes.T)',
    },
    { name: 'cT is hT', direction: 'forward', find: 'cT: last.c', replace: 'cT: last.h' },
    {
      name: 'the ends are those before the last step',
      direction: 'forward',
      find: 'states[sizes.T]',
      replace: 'states[sizes.T - 1]',
    },
    {
      name: 'the bias forgotten at every step',
      direction: 'forward',
      find: 'wHh, b }, sizes)',
      nth: 0,
      replace: 'wHh, b: zip((v) => 0 * v, b, b) }, sizes)',
    },
    ...faultsOfThePull(scan),
    {
      name: 'no path through the cell',
      direction: 'backward',
      find: 'c: after.c',
      replace: 'c: dcT',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'the pull on cT dropped',
      direction: 'backward',
      find: 'c: dcT }, (after',
      replace: 'c: zip((v) => 0 * v, dcT, dcT) }, (after',
    },
    {
      name: 'the pull on hT dropped',
      direction: 'backward',
      find: 'h: dhT, c',
      replace: 'h: zip((v) => 0 * v, dhT, dhT), c',
    },
    {
      name: 'the state and cell after for those before',
      direction: 'backward',
      find: 'states[t]',
      replace: 'states[t + 1]',
    },
    {
      name: 'inputs in the wrong direction of time',
      direction: 'backward',
      find: 'partOf(x, t)',
      nth: 1,
      replace: 'partOf(x, sizes.T - 1 - t)',
    },
    {
      name: 'dx in the wrong direction of time',
      direction: 'backward',
      find: 'steps.map((step) => step.x)',
      replace: 'steps.map((step) => step.x).reverse()',
    },
    {
      name: 'dc0 of the last step',
      direction: 'backward',
      find: 'c0: first.c',
      replace: 'c0: steps[sizes.T - 1].c',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'dwIh of the first step alone',
      direction: 'backward',
      find: 'sumOfFields(steps.map((step) => step.wIh))',
      replace: 'first.wIh',
    },
    {
      name: 'dwHh without the first step',
      direction: 'backward',
      find: 'sumOfFields(steps.map((step) => step.wHh))',
      replace: 'sumOfFields(steps.slice(sizes.T > 1 ? 1 : 0).map((step) => step.wHh))',
    },
    {
      name: 'db averaged over time',
      direction: 'backward',
      find: 'sumOfFields(steps.map((step) => step.b))',
      replace: 'sumOfFields(steps.map((step) => zip((v) => v / sizes.T, step.b, step.b)))',
    },
  ],
})
