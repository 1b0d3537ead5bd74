import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensors, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { at, combination, equals, named } from '../vocabulary/claims.js'
import { drawn } from '../vocabulary/draws.js'
import { array } from '../vocabulary/examples.js'
import { linearInCotangents } from '../vocabulary/laws.js'
import {
  anyWeights,
  cellTiles,
  rolesExchange,
  samplesApart,
  saturating,
  smallCells,
  weighsLike,
  zeroed,
} from '../vocabulary/recurrent.js'

const cell = (N: number, I: number, H: number) => ({ x: [N, I], h: [N, H], wIh: [H, I], wHh: [H, H], b: [H] })

const withoutWeights: Law = {
  name: 'with weights of zeros the state is tanh b, and with those of the identity for x tanh (x + b)',
  claims: ({ attrs, inputs }, ask) => {
    const [b, h] = [named(inputs, 'b'), named(inputs, 'h')]
    const [N, H] = h.shape as readonly [number, number]
    const x = generate([N, H], (i) => at(h, N * H - 1 - i))
    const identity = generate([H, H], (i) => (Math.floor(i / H) === i % H ? 1 : 0))
    return F.pipe(
      E.Do,
      E.bind('none', () => ask('forward', attrs, zeroed(inputs, 'wIh', 'wHh'))),
      E.bind('ofX', () => ask('forward', attrs, { ...zeroed(inputs, 'wHh'), x, wIh: identity })),
      E.map(({ none, ofX }) => [
        equals(
          'h',
          none,
          generate([N, H], (i) => Math.tanh(at(b, i % H))),
        ),
        equals(
          'h',
          ofX,
          generate([N, H], (i) => Math.tanh(at(x, i) + at(b, i % H))),
        ),
      ]),
    )
  },
}

const odd: Law = {
  name: 'input, state and bias of the opposite sign make the opposite state',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => {
        const opposite = mapTensors((v) => -v, inputs)
        return ask('forward', attrs, { ...opposite, wIh: named(inputs, 'wIh'), wHh: named(inputs, 'wHh') })
      }),
      E.map(({ before, after }) => [combination('h', after, [[-1, before]])]),
    ),
}

const half = Math.log(3) / 2
const single = ({ x, h, wIh, wHh, b }: Readonly<Record<'x' | 'h' | 'wIh' | 'wHh' | 'b', number>>) => ({
  x: array([[x]]),
  h: array([[h]]),
  wIh: array([[wIh]]),
  wHh: array([[wHh]]),
  b: array([b]),
})

export const rnnCell = questionsAbout('rnnCell', {
  corners: [
    ...smallCells(cell),
    form('three samples, three units: no tiles', {}, cell(3, 8, 3)),
    form('whole numbers', {}, cell(5, 6, 4), { x: 'ties', h: 'ties', wIh: 'ties', wHh: 'ties', b: 'ties', dh: 'ties' }),
    form('a first step: the state is 0', {}, cell(4, 5, 6), { h: { constant: 0 } }),
    form('inputs of zeros', {}, cell(4, 5, 6), { x: { constant: 0 } }),
    form('small numbers', {}, cell(4, 5, 6), { x: 'small', h: 'small', b: 'small' }),
    form('wide inputs saturate', {}, cell(6, 7, 5), { x: 'wide', wIh: 'wide' }),
    form('saturation from ±1 to ±10³⁰', {}, cell(11, 1, 3), {
      x: saturating,
      wIh: { values: [1, 0.5, -0.25] },
      wHh: { mean: 0, scale: 0.125 },
    }),
    form('a state of ±10⁴', {}, cell(4, 3, 1), { h: { values: [1e4, -1e4, 100, -100] }, wHh: { constant: 1 } }),
    form('products that cancel', {}, cell(4, 34, 3), {
      x: { values: [1.1, 1.1] },
      wIh: { values: [3, -3] },
      wHh: { mean: 0, scale: 0.125 },
    }),
    ...cellTiles(cell),
    form('sums of 4099 over the batch', {}, cell(4099, 5, 2)),
    form('4095 weights and a batch of 65', {}, cell(65, 1365, 3), { wIh: { mean: 0, scale: 0.03125 } }),
    form('4096 weights and a batch of 65', {}, cell(65, 4096, 1), { wIh: { mean: 0, scale: 0.015625 } }),
    form('4098 weights and a batch of 64', {}, cell(64, 1366, 3), { wIh: { mean: 0, scale: 0.03125 } }),
    form('65,535 samples', {}, cell(65535, 2, 1)),
    form('65,537 samples', {}, cell(65537, 1, 2)),
    { ...form('more samples than one row of workgroups', {}, cell(4194305, 1, 1)), only: 'forward' },
  ],
  random: drawn({
    shapes: (draw) =>
      cell(draw.integer(1, 6), draw.pick([draw.integer(1, 9), draw.integer(1, 70)]), draw.integer(1, 9)),
    fills: {
      x: ['normal', 'normal', 'small', 'wide'],
      h: ['normal', 'small', { mean: 0, scale: 0.5 }],
      wIh: anyWeights,
      wHh: anyWeights,
    },
  }),
  laws: [
    withoutWeights,
    odd,
    rolesExchange(['h']),
    samplesApart({ x: 0, h: 0 }),
    weighsLike('wIh', 'x'),
    weighsLike('wHh', 'h'),
    linearInCotangents('gradients are linear in the cotangents, one output’s and another’s alike'),
  ],
  worked: [
    {
      name: 'one unit by hand: 3·2 + 2·(−3) and a bias of ½·log 3 make tanh ½·log 3 = ½',
      inputs: single({ x: 2, h: -3, wIh: 3, wHh: 2, b: half }),
      outputs: { h: { shape: [1, 1], data: [0.5] } },
      source: slide('Recurrent NN'),
    },
    {
      name: 'its gradients: at ½ the slope is ¾, so that a pull of 4 is one of 3',
      inputs: single({ x: 2, h: -3, wIh: 3, wHh: 2, b: half }),
      cotangents: { h: { shape: [1, 1], data: [4] } },
      outputs: single({ x: 9, h: 6, wIh: 6, wHh: -9, b: 3 }),
      source: slide('Recurrent NN'),
    },
    {
      name: 'ONNX’s own example: weights of 0.1, no state yet, tanh 0.3, 0.7 and 1.1',
      inputs: {
        x: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
        h: zeros([3, 4]),
        wIh: filled([4, 2], 0.1),
        wHh: filled([4, 4], 0.1),
        b: zeros([4]),
      },
      outputs: {
        h: {
          shape: [3, 4],
          data: [0.2913126124515909, 0.6043677771171636, 0.8004990217606297].flatMap((v) => [v, v, v, v]),
        },
      },
      source: 'ONNX, operator RNN, example "defaults"; hyperbolic tangents to 16 digits',
    },
  ],
  faults: [
    { name: 'bias forgotten', direction: 'forward', find: 'at1(b, j) +', replace: '' },
    {
      name: 'one bias for all units',
      direction: 'forward',
      find: 'at1(b, j)',
      replace: 'at1(b, 0)',
      unseenAt: form('', {}, cell(3, 4, 1)),
    },
    { name: 'tanh dropped', direction: 'forward', find: 'Math.tanh(', replace: 'Number(' },
    { name: 'one input short', direction: 'forward', find: 'sum1(I, (i)', replace: 'sum1(I - 1, (i)' },
    {
      name: 'the state’s weights transposed',
      direction: 'forward',
      find: 'at2(wHh, j, k)',
      nth: 0,
      replace: 'at2(wHh, k, j)',
      unseenAt: form('', {}, cell(3, 4, 1)),
    },
    {
      name: 'the state of the first sample for all',
      direction: 'forward',
      find: 'at2(h, n, k)',
      nth: 0,
      replace: 'at2(h, 0, k)',
    },
    { name: 'the state forgotten', direction: 'forward', find: '* at2(h, n, k)', nth: 0, replace: '* 0' },
    {
      name: 'the slope of tanh forgotten',
      direction: 'backward',
      find: '* ((1 - next) * (1 + next))',
      replace: '',
    },
    { name: 'the slope 1 − h for 1 − h²', direction: 'backward', find: '* (1 + next)', replace: '' },
    {
      name: 'dh: no path to the state before',
      direction: 'backward',
      find: 'at2(wHh, j, k) * at2(da, n, j)',
      replace: '0 * at2(da, n, j)',
    },
    {
      name: 'dh: weights not transposed',
      direction: 'backward',
      find: 'at2(wHh, j, k) * at2(da, n, j)',
      replace: 'at2(wHh, k, j) * at2(da, n, j)',
      unseenAt: form('', {}, cell(3, 4, 1)),
    },
    {
      name: 'dx: the pull of the first sample',
      direction: 'backward',
      find: 'at2(wIh, j, i) * at2(da, n, j)',
      replace: 'at2(wIh, j, i) * at2(da, 0, j)',
    },
    {
      name: 'dwIh: averaged over the batch',
      direction: 'backward',
      find: 'at2(da, n, j) * at2(x, n, i)',
      replace: '(at2(da, n, j) * at2(x, n, i)) / N',
      unseenAt: form('', {}, cell(1, 4, 3)),
    },
    {
      name: 'dwHh: of the new state, not of the one before',
      direction: 'backward',
      find: 'at2(da, n, j) * at2(h, n, k)',
      replace: 'at2(da, n, j) * at2(next, n, k)',
    },
    {
      name: 'dwHh: the last sample left out',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(da, n, j) * at2(h, n, k))',
      replace: 'sum1(N - 1, (n) => at2(da, n, j) * at2(h, n, k))',
    },
    {
      name: 'db: twice, as two biases were',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(da, n, j))',
      replace: '2 * sum1(N, (n) => at2(da, n, j))',
    },
  ],
})
