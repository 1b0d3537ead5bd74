import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensor, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, combination, equal, equals, named } from '../vocabulary/claims.js'
import { drawn } from '../vocabulary/draws.js'
import { linearInCotangents } from '../vocabulary/laws.js'
import {
  anyWeights,
  byFormula,
  byGate,
  cellTiles,
  cotangentsAdd,
  rolesExchange,
  samplesApart,
  saturating,
  smallCells,
  weighsLike,
  zeroed,
} from '../vocabulary/recurrent.js'

const cell = (N: number, I: number, H: number) => ({
  x: [N, I],
  h: [N, H],
  c: [N, H],
  wIh: [4 * H, I],
  wHh: [4 * H, H],
  b: [4 * H],
})

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a))

const gatesOfTheBias: Law = {
  name: 'without weights the bias alone makes the gates: σ of its blocks 0, 1 and 3, tanh of block 2',
  claims: ({ attrs, inputs }, ask) => {
    const [b, c] = [named(inputs, 'b'), named(inputs, 'c')]
    const H = c.shape[1] as number
    const gate = (block: number, i: number): number => at(b, block * H + (i % H))
    const next = mapTensor((v, i) => sigmoid(gate(1, i)) * v + sigmoid(gate(0, i)) * Math.tanh(gate(2, i)), c)
    return F.pipe(
      ask('forward', attrs, zeroed(inputs, 'wIh', 'wHh')),
      E.map((answer) => [
        byFormula('c', answer, next),
        byFormula(
          'h',
          answer,
          mapTensor((v, i) => sigmoid(gate(3, i)) * Math.tanh(v), next),
        ),
      ]),
    )
  },
}

const kept: Law = {
  name: 'forget gate saturated open and input gate closed keep the cell, and its gradient; open and shut they replace it',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const c = named(inputs, 'c')
    const still = zeroed(inputs, 'wIh', 'wHh')
    const keeping = { ...still, b: byGate(named(inputs, 'b'), { i: () => -800, f: () => 800 }) }
    const replacing = { ...still, b: byGate(named(inputs, 'b'), { i: () => 800, f: () => -800 }) }
    const [dh, dc] = [named(cotangents, 'h'), named(cotangents, 'c')]
    const H = c.shape[1] as number
    return F.pipe(
      E.Do,
      E.bind('kept', () => ask('forward', attrs, keeping)),
      E.bind('back', () => ask('backward', attrs, keeping, { h: zeros(dh.shape), c: dc })),
      E.bind('replaced', () => ask('forward', attrs, replacing)),
      E.bind('lost', () => ask('backward', attrs, replacing, cotangents)),
      E.map(({ kept, back, replaced, lost }) => [
        equals('c', kept, c),
        equals('c', back, dc),
        equals('x', back, zeros(named(inputs, 'x').shape)),
        equals(
          'c',
          replaced,
          generate(c.shape, (i) => Math.tanh(at(named(inputs, 'b'), 2 * H + (i % H)))),
        ),
        equals('c', lost, zeros(c.shape)),
      ]),
    )
  },
}

const odd: Law = {
  name: 'the cell and the candidate of the opposite sign make the opposite cell and state',
  claims: ({ attrs, inputs }, ask) => {
    const negative = (v: number): number => -v
    const turned = {
      ...inputs,
      c: mapTensor(negative, named(inputs, 'c')),
      ...Object.fromEntries(['wIh', 'wHh', 'b'].map((name) => [name, byGate(named(inputs, name), { g: negative })])),
    }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, turned)),
      E.map(({ before, after }) => ['h', 'c'].map((name) => combination(name, after, [[-1, before]]))),
    )
  },
}

const outputGateOnlyShows: Law = {
  name: 'the rows of the output gate have no part in the cell, and shut it hides the state',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [b, c] = [named(inputs, 'b'), named(inputs, 'c')]
    const other = { ...inputs, b: byGate(b, { o: () => Math.fround(draw.normal()) }) }
    const shut = { ...inputs, b: byGate(b, { o: () => -2000 }) }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, other)),
      E.bind('hidden', () => ask('forward', attrs, shut)),
      E.map(({ before, after, hidden }) => [
        equal('c', after, before),
        equal('c', hidden, before),
        equals('h', hidden, zeros(c.shape)),
      ]),
    )
  },
}

const coupledGates: Law = {
  name: 'gates that add up to 1 average: a cell that is tanh of the candidate’s bias everywhere stays',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [c, b] = [named(inputs, 'c'), named(inputs, 'b')]
    const H = c.shape[1] as number
    const a = another(draw, [H])
    const bias = generate(b.shape, (r) => {
      const v = at(a, r % H)
      return [-v, v, at(b, 2 * H + (r % H)), at(b, r)][Math.floor(r / H)] as number
    })
    const constant = generate(c.shape, (i) => Math.tanh(at(b, 2 * H + (i % H))))
    return F.pipe(
      ask('forward', attrs, { ...zeroed(inputs, 'wIh', 'wHh'), b: bias, c: constant }),
      E.map((answer) => [equals('c', answer, constant)]),
    )
  },
}

const third = Math.log(3)
const byHand = {
  x: { shape: [1, 1], data: [1] },
  h: { shape: [1, 1], data: [1] },
  c: { shape: [1, 1], data: [third - 0.75] },
  wIh: { shape: [4, 1], data: [1, 2, 3, 4] },
  wHh: { shape: [4, 1], data: [-1, -2, -3, -4] },
  b: { shape: [4], data: [third, 0, third / 2, -third] },
}
const gradientOfA = [3 / 8, third - 0.75, 9 / 4, 3 / 2]
const pulled = 3 / 8 + 2 * (third - 0.75) + 27 / 4 + 6

const tiny = form('', {}, cell(3, 4, 1))

export const lstmCell = questionsAbout('lstmCell', {
  corners: [
    ...smallCells(cell),
    form('three samples: no tiles of rows', {}, cell(3, 8, 5)),
    form('whole numbers', {}, cell(5, 6, 4), {
      ...Object.fromEntries(['x', 'h', 'c', 'wIh', 'wHh', 'b', 'dh', 'dc'].map((name) => [name, 'ties' as const])),
    }),
    form('a first step: state and cell are 0', {}, cell(4, 5, 6), { h: { constant: 0 }, c: { constant: 0 } }),
    form('inputs of zeros', {}, cell(4, 5, 6), { x: { constant: 0 } }),
    form('small numbers', {}, cell(4, 5, 6), { x: 'small', h: 'small', c: 'small', b: 'small' }),
    form('wide inputs saturate', {}, cell(6, 7, 5), { x: 'wide', wIh: 'wide' }),
    form('a wide cell saturates', {}, cell(6, 7, 5), { c: 'wide' }),
    form('a cell of ±10⁴, kept', {}, cell(4, 3, 1), {
      c: { values: [1e4, -1e4, 100, -100] },
      b: { values: [-20, 20, 1, 0] },
    }),
    form('saturation from ±1 to ±10³⁰', {}, cell(11, 1, 3), {
      x: saturating,
      wIh: { values: [1, 0.5, -0.25, -1, 0.125] },
      wHh: { mean: 0, scale: 0.125 },
    }),
    form('gates shut and open', {}, cell(5, 2, 3), {
      b: { values: [100, 100, 100, -100, -100, -100, 1, 1, 1, -100, 100, 0] },
    }),
    form('only the state is pulled', {}, cell(4, 5, 6), { dc: { constant: 0 } }),
    form('only the cell is pulled', {}, cell(4, 5, 6), { dh: { constant: 0 } }),
    ...cellTiles(cell),
    form('sums of 4099 over the batch', {}, cell(4099, 2, 1)),
    form('65,535 samples', {}, cell(65535, 2, 1)),
    form('65,537 samples', {}, cell(65537, 1, 2)),
  ],
  random: drawn({
    shapes: (draw) =>
      cell(draw.integer(1, 6), draw.pick([draw.integer(1, 9), draw.integer(1, 40)]), draw.integer(1, 7)),
    fills: {
      x: ['normal', 'normal', 'small', 'wide'],
      h: ['normal', 'small', { mean: 0, scale: 0.5 }],
      c: ['normal', 'normal', 'small', 'wide'],
      wIh: anyWeights,
      wHh: anyWeights,
    },
  }),
  laws: [
    gatesOfTheBias,
    kept,
    odd,
    outputGateOnlyShows,
    coupledGates,
    rolesExchange(['h', 'c']),
    samplesApart({ x: 0, h: 0, c: 0 }),
    weighsLike('wIh', 'x'),
    weighsLike('wHh', 'h'),
    linearInCotangents('gradients are linear in the cotangents, one output’s and another’s alike'),
    cotangentsAdd,
  ],
  worked: [
    {
      name: 'gates of ¾, ½ and ¼ by hand: ½·c + ¾·½ is ½·log 3, so that the state is ¼·½',
      inputs: byHand,
      outputs: { h: { shape: [1, 1], data: [1 / 8] }, c: { shape: [1, 1], data: [third / 2] } },
      source: slide('LSTM nets'),
    },
    {
      name: 'its gradients: a pull of 16 on the state and 1 on the cell is one of 16·¼·¾ + 1 on the cell',
      inputs: byHand,
      cotangents: { h: { shape: [1, 1], data: [16] }, c: { shape: [1, 1], data: [1] } },
      outputs: {
        x: { shape: [1, 1], data: [pulled] },
        h: { shape: [1, 1], data: [-pulled] },
        c: { shape: [1, 1], data: [2] },
        wIh: { shape: [4, 1], data: gradientOfA },
        wHh: { shape: [4, 1], data: gradientOfA },
        b: { shape: [4], data: gradientOfA },
      },
      source: slide('LSTM nets'),
    },
    {
      name: 'ONNX’s own example: weights of 0.1, no state yet; σ and tanh of 0.3, 0.7 and 1.1',
      inputs: {
        x: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
        h: zeros([3, 3]),
        c: zeros([3, 3]),
        wIh: filled([12, 2], 0.1),
        wHh: filled([12, 3], 0.1),
        b: zeros([12]),
      },
      outputs: {
        h: {
          shape: [3, 3],
          data: [0.09524118849708929, 0.2560644343885228, 0.40323773555122151].flatMap((v) => [v, v, v]),
        },
        c: {
          shape: [3, 3],
          data: [0.1673423502756713, 0.40383115856214423, 0.60058248059491838].flatMap((v) => [v, v, v]),
        },
      },
      source: 'ONNX, operator LSTM, example "defaults"; by decimal arithmetic to 17 digits',
    },
  ],
  faults: [
    { name: 'bias forgotten', direction: 'forward', find: 'at1(b, r) +', replace: '' },
    {
      name: 'gate order: candidate and output exchanged, half of ONNX’s',
      direction: 'forward',
      find: 'block(tanh, 2 * H), o: block(sigmoid, 3 * H)',
      replace: 'block(tanh, 3 * H), o: block(sigmoid, 2 * H)',
    },
    {
      name: 'gate order: input and forget exchanged',
      direction: 'forward',
      find: 'i: block(sigmoid, 0), f: block(sigmoid, H)',
      replace: 'f: block(sigmoid, 0), i: block(sigmoid, H)',
    },
    {
      name: '1 added to the forget gate, as in TensorFlow 1',
      direction: 'forward',
      find: 'f: block(sigmoid, H)',
      replace: 'f: block((a) => sigmoid(a + 1), H)',
    },
    {
      name: 'a hard sigmoid, as in tfjs',
      direction: 'forward',
      find: 'o: block(sigmoid, 3 * H)',
      replace: 'o: block((a) => Math.min(1, Math.max(0, 0.2 * a + 0.5)), 3 * H)',
    },
    {
      name: 'a candidate without tanh',
      direction: 'forward',
      find: 'block(tanh, 2 * H)',
      replace: 'block(Number, 2 * H)',
    },
    {
      name: 'the cell shown without tanh',
      direction: 'forward',
      find: 'tanh(at2(next, n, j))',
      nth: 0,
      replace: 'at2(next, n, j)',
    },
    {
      name: 'the cell before shown',
      direction: 'forward',
      find: 'tanh(at2(next, n, j))',
      nth: 0,
      replace: 'tanh(at2(inputs.c, n, j))',
    },
    {
      name: 'the input gate forgotten',
      direction: 'forward',
      find: 'at2(i, n, j) * at2(g, n, j)',
      nth: 0,
      replace: 'at2(g, n, j)',
    },
    {
      name: 'gates coupled: 1 − f for i',
      direction: 'forward',
      find: 'at2(i, n, j) * at2(g, n, j)',
      nth: 0,
      replace: '(1 - at2(f, n, j)) * at2(g, n, j)',
    },
    {
      name: 'one unit’s row of a block for all',
      direction: 'forward',
      find: 'first + j',
      replace: 'first',
      unseenAt: tiny,
    },
    { name: 'the state forgotten', direction: 'forward', find: '* at2(h, n, k)', nth: 0, replace: '* 0' },
    {
      name: 'no path from the state to the cell',
      direction: 'backward',
      find: 'at2(dnextC, n, j) + at2(dnextH, n, j) * at2(o, n, j) * ((1 - at2(t, n, j)) * (1 + at2(t, n, j)))',
      replace: 'at2(dnextC, n, j)',
    },
    { name: 'the cell’s own cotangent dropped', direction: 'backward', find: 'at2(dnextC, n, j) +', replace: '' },
    {
      name: 'the slope of the cell’s tanh forgotten',
      direction: 'backward',
      find: '* ((1 - at2(t, n, j)) * (1 + at2(t, n, j)))',
      replace: '',
    },
    {
      name: 'the slope of the input gate forgotten',
      direction: 'backward',
      find: '* (at2(i, n, j) * (1 - at2(i, n, j)))',
      replace: '',
    },
    {
      name: 'df of the new cell',
      direction: 'backward',
      find: 'at2(dc, n, j) * at2(c, n, j)',
      replace: 'at2(dc, n, j) * at2(next, n, j)',
    },
    {
      name: 'the candidate’s slope that of a sigmoid',
      direction: 'backward',
      find: '((1 - at2(g, n, j)) * (1 + at2(g, n, j)))',
      replace: '((1 - at2(g, n, j)) * at2(g, n, j))',
    },
    {
      name: 'do of the cell without tanh',
      direction: 'backward',
      find: 'at2(dnextH, n, j) * at2(t, n, j)',
      replace: 'at2(dnextH, n, j) * at2(next, n, j)',
    },
    {
      name: 'gradients of forget gate and candidate exchanged',
      direction: 'backward',
      find: '[di, df, dg, dO]',
      replace: '[di, dg, df, dO]',
    },
    {
      name: 'dc: the forget gate forgotten',
      direction: 'backward',
      find: 'at2(dc, n, j) * at2(f, n, j)',
      replace: 'at2(dc, n, j)',
    },
    {
      name: 'dh: without the output gate’s rows',
      direction: 'backward',
      find: 'sum1(G, (r) => at2(wHh',
      replace: 'sum1(3 * H, (r) => at2(wHh',
    },
    {
      name: 'dwIh: averaged over the batch',
      direction: 'backward',
      find: 'at2(da, n, r) * at2(x, n, i)',
      replace: '(at2(da, n, r) * at2(x, n, i)) / N',
      unseenAt: form('', {}, cell(1, 4, 3)),
    },
    {
      name: 'dwHh: the state of the first sample',
      direction: 'backward',
      find: 'at2(da, n, r) * at2(h, n, k)',
      replace: 'at2(da, n, r) * at2(h, 0, k)',
      unseenAt: form('', {}, cell(1, 4, 3)),
    },
    {
      name: 'db: the last sample left out',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(da, n, r))',
      replace: 'sum1(N - 1, (n) => at2(da, n, r))',
    },
  ],
})
