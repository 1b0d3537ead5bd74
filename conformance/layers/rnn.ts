import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { generate } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import { equals, named } from '../laws.js'
import type { Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import {
  aroundTiles,
  cotangentsAdd,
  element,
  linearInCotangents,
  samplesApart,
  weighsLike,
  zeroed,
} from './recurrentLaws.js'
import { causal, endsWithItsLast, piecesInTurn, steady } from './sequenceLaws.js'

const sequence = (T: number, N: number, I: number, H: number) => ({
  x: [T, N, I],
  h0: [N, H],
  wIh: [H, I],
  wHh: [H, H],
  b: [H],
})

const scan = (
  name: string,
  [T, N, I, H]: readonly [number, number, number, number],
  fills: Readonly<Record<string, Fill>> = {},
) => form(name, {}, sequence(T, N, I, H), { wIh: { mean: 0, scale: 0.5 }, wHh: steady(H), ...fills })

const withoutMemory: Law = {
  name: 'with wHh = 0 every step is tanh (b + wIh·x) by itself, whatever the state',
  claims: ({ attrs, inputs }, ask) => {
    const [x, wIh, b] = [named(inputs, 'x'), named(inputs, 'wIh'), named(inputs, 'b')]
    const [T, N, I] = x.shape as readonly [number, number, number]
    const H = b.data.length
    const products = (at: number): number =>
      Array.from(
        { length: I },
        (_, i) => element(wIh, (at % H) * I + i) * element(x, Math.floor(at / H) * I + i),
      ).reduce((sum, product) => sum + product, element(b, at % H))
    return F.pipe(
      ask('forward', attrs, zeroed(inputs, 'wHh')),
      E.map((answer) => [
        equals(
          'y',
          answer,
          generate([T, N, H], (at) => Math.tanh(products(at))),
        ),
      ]),
    )
  },
}

const half = Math.log(3) / 2
const byHand = {
  x: { shape: [2, 1, 1], data: [0, -1] },
  h0: { shape: [1, 1], data: [0] },
  wIh: { shape: [1, 1], data: [1] },
  wHh: { shape: [1, 1], data: [2] },
  b: { shape: [1], data: [half] },
}

export const rnn: Questions = {
  corners: [
    scan('one number', [1, 1, 1, 1]),
    scan('one step', [1, 4, 5, 6]),
    scan('two steps', [2, 3, 4, 5]),
    scan('eight steps', [8, 3, 4, 5]),
    scan('one sequence', [5, 1, 4, 7]),
    scan('one input', [4, 3, 1, 5]),
    scan('one unit', [4, 5, 3, 1]),
    scan('three of each: no tiles', [3, 3, 3, 3]),
    scan('from a state of 0', [4, 5, 3, 6], { h0: { constant: 0 } }),
    scan('inputs of zeros: the state alone', [6, 4, 3, 5], { x: { constant: 0 }, b: { constant: 0 } }),
    scan('a state that is not looked at', [4, 5, 3, 6], { wHh: { constant: 0 } }),
    scan('a state that is copied: weight 1', [8, 5, 2, 1], { wHh: { constant: 1 }, x: 'small', b: { constant: 0 } }),
    scan('whole numbers', [2, 4, 3, 5], { x: 'ties', h0: 'ties', b: 'ties', dy: 'ties', dhT: 'ties' }),
    scan('small numbers', [5, 4, 3, 6], { x: 'small', h0: 'small', b: 'small' }),
    scan('wide inputs saturate', [5, 4, 6, 5], { x: 'wide', wIh: 'wide' }),
    scan('saturation from ±1 to ±10³⁰', [11, 2, 1, 3], {
      x: { values: [0, 1, -1, 20, -20, 100, -100, 1e4, -1e4, 1e30, -1e30] },
      wIh: { values: [1, 0.5, -0.25] },
    }),
    scan('only the end is pulled', [6, 4, 3, 5], { dy: { constant: 0 } }),
    scan('all but the end is pulled', [6, 4, 3, 5], { dhT: { constant: 0 } }),
    ...aroundTiles.map(([N, I, H]) =>
      scan(`tiles: two steps, ${N} by ${I} by ${H}`, [2, N, I, H], { wIh: { mean: 0, scale: 0.125 } }),
    ),
    ...[15, 16, 17, 63, 64, 65].map((T) => scan(`${T} steps`, [T, 2, 3, 4], { wHh: { mean: 0, scale: 0.0625 } })),
    scan('257 steps', [257, 5, 4, 6], { wHh: { mean: 0, scale: 0.03125 } }),
    scan('400 steps of one sequence', [400, 1, 3, 2], { wHh: { mean: 0, scale: 0.125 } }),
    scan('sums of 1024 over time and batch', [8, 128, 5, 3]),
    scan('sums of 1025 over time and batch, tiles', [5, 205, 4, 6]),
    scan('256 units', [3, 2, 3, 256], { wIh: { mean: 0, scale: 0.5 } }),
    scan('65,537 sequences', [2, 65537, 1, 1]),
  ],
  random: (draw) => {
    const H = draw.integer(1, 7)
    return {
      attrs: {},
      shapes: sequence(draw.integer(1, 8), draw.integer(1, 5), draw.integer(1, 7), H),
      fills: {
        x: draw.pick(['normal', 'normal', 'small', 'wide']),
        h0: draw.pick(['normal', 'small', { constant: 0 }]),
        wIh: draw.pick(['normal', 'small', { mean: 0, scale: 0.25 }]),
        wHh: steady(H),
      },
    }
  },
  laws: [
    withoutMemory,
    piecesInTurn({ h0: 'hT' }),
    endsWithItsLast,
    causal,
    samplesApart({ x: 1, h0: 0, y: 1, hT: 0 }),
    weighsLike('wIh', 'x'),
    linearInCotangents,
    cotangentsAdd,
  ],
  worked: [
    {
      name: 'two steps by hand: ½·log 3 both times, 2·½ of the state made up for by an input of −1, so that the state is ½',
      direction: 'forward',
      attrs: {},
      inputs: byHand,
      outputs: { y: { shape: [2, 1, 1], data: [0.5, 0.5] }, hT: { shape: [1, 1], data: [0.5] } },
      source: slide('Recurrent NN'),
    },
    {
      name: 'its gradients: (4 + 4)·¾ = 6 at the second step, (4 + 2·6)·¾ = 12 at the first',
      direction: 'backward',
      attrs: {},
      inputs: byHand,
      cotangents: { y: { shape: [2, 1, 1], data: [4, 4] }, hT: { shape: [1, 1], data: [4] } },
      outputs: {
        x: { shape: [2, 1, 1], data: [12, 6] },
        h0: { shape: [1, 1], data: [24] },
        wIh: { shape: [1, 1], data: [-6] },
        wHh: { shape: [1, 1], data: [3] },
        b: { shape: [1], data: [18] },
      },
      source: slide('Recurrent NN'),
    },
    {
      name: 'ONNX’s own example: one step, weights of 0.1, no state yet, tanh 0.3, 0.7 and 1.1',
      direction: 'forward',
      attrs: {},
      inputs: {
        x: { shape: [1, 3, 2], data: [1, 2, 3, 4, 5, 6] },
        h0: { shape: [3, 2], data: [0, 0, 0, 0, 0, 0] },
        wIh: { shape: [2, 2], data: [0.1, 0.1, 0.1, 0.1] },
        wHh: { shape: [2, 2], data: [0.1, 0.1, 0.1, 0.1] },
        b: { shape: [2], data: [0, 0] },
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
    {
      name: 'no path through the state',
      direction: 'backward',
      find: 'dh + dy',
      replace: 'dy',
      unseenAt: scan('', [1, 3, 2, 4], { dhT: { constant: 0 } }),
    },
    { name: 'only the end pulls', direction: 'backward', find: 'dh + dy', replace: 'dh' },
    {
      name: 'the pull on hT dropped',
      direction: 'backward',
      find: '{ h: dhT }',
      replace: '{ h: zip((v) => 0 * v, dhT, dhT) }',
    },
    {
      name: 'the pull on y one step late',
      direction: 'backward',
      find: 'partOf(dy, t)',
      replace: 'partOf(dy, Math.max(t - 1, 0))',
    },
    { name: 'the state after for the one before', direction: 'backward', find: 'h[t] as', replace: 'h[t + 1] as' },
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
      name: 'dh0 of the last step',
      direction: 'backward',
      find: 'steps[0]',
      replace: 'steps[sizes.T - 1]',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'dwIh of the first step alone',
      direction: 'backward',
      find: 'sumOfTensors(steps.map((step) => step.wIh))',
      replace: 'steps[0].wIh',
      unseenAt: scan('', [1, 3, 2, 4]),
    },
    {
      name: 'dwHh without the first step',
      direction: 'backward',
      find: 'sumOfTensors(steps.map((step) => step.wHh))',
      replace: 'sumOfTensors(steps.slice(sizes.T > 1 ? 1 : 0).map((step) => step.wHh))',
    },
    {
      name: 'db averaged over time',
      direction: 'backward',
      find: 'sumOfTensors(steps.map((step) => step.b))',
      replace: 'sumOfTensors(steps.map((step) => zip((v) => v / sizes.T, step.b, step.b)))',
    },
  ],
}
