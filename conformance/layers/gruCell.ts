import { either as E, function as F } from 'fp-ts'
import { filled, generate, mapTensor, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, at, combination, equal, equals, named, renamed } from '../vocabulary/claims.js'
import { drawn } from '../vocabulary/draws.js'
import { linearInCotangents } from '../vocabulary/laws.js'
import {
  anyWeights,
  byFormula,
  byGruGate,
  cellTiles,
  samplesApart,
  saturating,
  smallCells,
  weighsLike,
  zeroed,
} from '../vocabulary/recurrent.js'

const cell = (N: number, I: number, H: number) => ({
  x: [N, I],
  h: [N, H],
  wIh: [3 * H, I],
  wHh: [3 * H, H],
  bIh: [3 * H],
  bHh: [3 * H],
})

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a))

const gatesOfTheBiases: Law = {
  name: 'without weights the biases alone make the gates, and the reset gate multiplies the second of the new one’s',
  claims: ({ attrs, inputs }, ask) => {
    const [bIh, bHh, h] = [named(inputs, 'bIh'), named(inputs, 'bHh'), named(inputs, 'h')]
    const H = h.shape[1] as number
    const row = (block: number, i: number): number => block * H + (i % H)
    const gate = (block: number, i: number): number => sigmoid(at(bIh, row(block, i)) + at(bHh, row(block, i)))
    const fresh = (i: number): number => Math.tanh(at(bIh, row(2, i)) + gate(0, i) * at(bHh, row(2, i)))
    return F.pipe(
      ask('forward', attrs, zeroed(inputs, 'wIh', 'wHh')),
      E.map((answer) => [
        byFormula(
          'h',
          answer,
          mapTensor((v, i) => (1 - gate(1, i)) * fresh(i) + gate(1, i) * v, h),
        ),
      ]),
    )
  },
}

const kept: Law = {
  name: 'update gate saturated open keeps the state, and its gradient; shut it puts the new one in its place',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const [h, bIh] = [named(inputs, 'h'), named(inputs, 'bIh')]
    const H = h.shape[1] as number
    const still = zeroed(inputs, 'wIh', 'wHh', 'bHh')
    const keeping = { ...still, bIh: byGruGate(bIh, { z: () => 800 }) }
    const replacing = { ...still, bIh: byGruGate(bIh, { z: () => -800 }) }
    return F.pipe(
      E.Do,
      E.bind('kept', () => ask('forward', attrs, keeping)),
      E.bind('back', () => ask('backward', attrs, keeping, cotangents)),
      E.bind('replaced', () => ask('forward', attrs, replacing)),
      E.bind('lost', () => ask('backward', attrs, replacing, cotangents)),
      E.map(({ kept, back, replaced, lost }) => [
        equals('h', kept, h),
        equals('h', back, named(cotangents, 'h')),
        equals('x', back, zeros(named(inputs, 'x').shape)),
        equals(
          'h',
          replaced,
          generate(h.shape, (i) => Math.tanh(at(bIh, 2 * H + (i % H)))),
        ),
        equals('h', lost, zeros(h.shape)),
      ]),
    )
  },
}

const resetHidesTheState: Law = {
  name: 'reset gate shut: the new state does not see the old one, nor the second bias',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [bIh, bHh, wHh] = [named(inputs, 'bIh'), named(inputs, 'bHh'), named(inputs, 'wHh')]
    // the state has no weights in the gates, or they would not be shut
    const shut = {
      ...inputs,
      wIh: byGruGate(named(inputs, 'wIh'), { r: () => 0 }),
      wHh: byGruGate(wHh, { r: () => 0, z: () => 0 }),
      bIh: byGruGate(bIh, { r: () => -800 }),
      bHh: byGruGate(bHh, { r: () => 0 }),
    }
    const other = {
      ...shut,
      wHh: byGruGate(wHh, { r: () => 0, z: () => 0, g: () => Math.fround(draw.normal()) }),
      bHh: byGruGate(shut.bHh, { g: () => Math.fround(draw.normal()) }),
    }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, shut)),
      E.bind('after', () => ask('forward', attrs, other)),
      E.map(({ before, after }) => [equal('h', after, before)]),
    )
  },
}

const odd: Law = {
  name: 'the state and the new gate of the opposite sign make the opposite state',
  claims: ({ attrs, inputs }, ask) => {
    const negative = (v: number): number => -v
    const turned = {
      ...inputs,
      h: mapTensor(negative, named(inputs, 'h')),
      wIh: byGruGate(named(inputs, 'wIh'), { g: negative }),
      wHh: byGruGate(named(inputs, 'wHh'), { r: negative, z: negative }),
      bIh: byGruGate(named(inputs, 'bIh'), { g: negative }),
      bHh: byGruGate(named(inputs, 'bHh'), { g: negative }),
    }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, turned)),
      E.map(({ before, after }) => [combination('h', after, [[-1, before]])]),
    )
  },
}

const stays: Law = {
  name: 'a state that is what the new gate says stays, whatever the update gate',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [h, bIh] = [named(inputs, 'h'), named(inputs, 'bIh')]
    const H = h.shape[1] as number
    const still = {
      ...zeroed(inputs, 'wIh', 'wHh', 'bHh'),
      bIh: byGruGate(bIh, { z: () => Math.fround(draw.normal()) }),
      h: generate(h.shape, (i) => Math.tanh(at(bIh, 2 * H + (i % H)))),
    }
    return F.pipe(
      ask('forward', attrs, still),
      E.map((answer) => [equals('h', answer, still.h)]),
    )
  },
}

const biasesOfGates: Law = {
  name: 'of the two biases of the reset and the update gate only the sum counts, and their gradients are one',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const [bIh, bHh] = [named(inputs, 'bIh'), named(inputs, 'bHh')]
    const gates = (bIh.shape[0] as number) * (2 / 3)
    // whole and half numbers, so that they add up alike
    const [a, b] = [another(draw, bIh.shape), another(draw, bIh.shape)].map((x) =>
      mapTensor((v) => Math.round(4 * v) / 4, x),
    ) as [typeof bIh, typeof bIh]
    const one = {
      ...inputs,
      bIh: generate(bIh.shape, (p) => (p < gates ? at(a, p) : at(bIh, p))),
      bHh: generate(bHh.shape, (p) => (p < gates ? at(b, p) : at(bHh, p))),
    }
    const moved = {
      ...one,
      bIh: generate(bIh.shape, (p) => (p < gates ? at(a, p) + at(b, p) : at(bIh, p))),
      bHh: generate(bHh.shape, (p) => (p < gates ? 0 : at(bHh, p))),
    }
    const ofGates = (answer: Parameters<typeof renamed>[0]): Parameters<typeof renamed>[0] => {
      const first = (x: typeof bIh) => generate([gates], (p) => at(x, p))
      return {
        values: { b: first(named(answer.values, 'b')) },
        slack: { b: first(named(answer.slack, 'b')) },
      }
    }
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, one)),
      E.bind('after', () => ask('forward', attrs, moved)),
      E.bind('back', () => ask('backward', attrs, one, cotangents)),
      E.map(({ before, after, back }) => [
        equal('h', after, before),
        equal('b', ofGates(renamed(back, 'bIh', 'b')), ofGates(renamed(back, 'bHh', 'b'))),
      ]),
    )
  },
}

const third = Math.log(3)
// r = ¾, z = ¼, q = 4, g = tanh ½·log 3 = ½
const byHand = {
  x: { shape: [1, 1], data: [1] },
  h: { shape: [1, 1], data: [1] },
  wIh: { shape: [3, 1], data: [1, 2, 3] },
  wHh: { shape: [3, 1], data: [-1, -2, 2] },
  bIh: { shape: [3], data: [third, -third, third / 2 - 6] },
  bHh: { shape: [3], data: [0, 0, 2] },
}
const source = 'Cho et al. 2014, eqs 5–8, by hand'

const tiny = form('', {}, cell(3, 4, 1))

export const gruCell = questionsAbout('gruCell', {
  corners: [
    ...smallCells(cell),
    form('three samples: no tiles of rows', {}, cell(3, 8, 5)),
    form('whole numbers', {}, cell(5, 6, 4), {
      ...Object.fromEntries(['x', 'h', 'wIh', 'wHh', 'bIh', 'bHh', 'dh'].map((name) => [name, 'ties' as const])),
    }),
    form('a first step: the state is 0', {}, cell(4, 5, 6), { h: { constant: 0 } }),
    form('inputs of zeros', {}, cell(4, 5, 6), { x: { constant: 0 } }),
    form('small numbers', {}, cell(4, 5, 6), { x: 'small', h: 'small', bIh: 'small', bHh: 'small' }),
    form('one bias: the other is 0', {}, cell(4, 5, 6), { bHh: { constant: 0 } }),
    form('biases that cancel', {}, cell(4, 5, 1), {
      bIh: { values: [100, -100, 100] },
      bHh: { values: [-100, 100, -100] },
    }),
    form('wide inputs saturate', {}, cell(6, 7, 5), { x: 'wide', wIh: 'wide' }),
    form('a wide state saturates', {}, cell(6, 7, 5), { h: 'wide' }),
    form('a state of ±10⁴, kept', {}, cell(4, 3, 1), {
      h: { values: [1e4, -1e4, 100, -100] },
      wHh: { constant: 0 },
      bIh: { values: [0, 20, 1] },
    }),
    form('saturation from ±1 to ±10³⁰', {}, cell(11, 1, 3), {
      x: saturating,
      wIh: { values: [1, 0.5, -0.25, -1, 0.125] },
      wHh: { mean: 0, scale: 0.125 },
    }),
    form('gates shut and open', {}, cell(5, 2, 3), {
      bIh: { values: [100, 100, 100, -100, -100, -100, 1, 1, 1, -100, 100, 0] },
    }),
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
      wIh: anyWeights,
      wHh: anyWeights,
    },
  }),
  laws: [
    gatesOfTheBiases,
    kept,
    resetHidesTheState,
    odd,
    stays,
    biasesOfGates,
    samplesApart({ x: 0, h: 0 }),
    weighsLike('wIh', 'x'),
    linearInCotangents('gradients are linear in the cotangent'),
  ],
  worked: [
    {
      name: 'gates of ¾ and ¼ by hand, ¾·4 of the state seen by a new one of ½: ¾·½ + ¼ is ⅝',
      inputs: byHand,
      outputs: { h: { shape: [1, 1], data: [5 / 8] } },
      source,
    },
    {
      name: 'its gradients: a pull of 64 is one of 36 on the new gate, 27 on what it sees and on the reset gate, 6 on the update gate',
      inputs: byHand,
      cotangents: { h: { shape: [1, 1], data: [64] } },
      outputs: {
        x: { shape: [1, 1], data: [147] },
        h: { shape: [1, 1], data: [31] },
        wIh: { shape: [3, 1], data: [27, 6, 36] },
        wHh: { shape: [3, 1], data: [27, 6, 27] },
        bIh: { shape: [3], data: [27, 6, 36] },
        bHh: { shape: [3], data: [27, 6, 27] },
      },
      source,
    },
    {
      name: 'ONNX’s own example: weights of 0.1, no state yet; (1 − σ)·tanh of 0.3, 0.7 and 1.1',
      inputs: {
        x: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
        h: zeros([3, 5]),
        wIh: filled([15, 2], 0.1),
        wHh: filled([15, 5], 0.1),
        bIh: zeros([15]),
        bHh: zeros([15]),
      },
      outputs: {
        h: {
          shape: [3, 5],
          data: [0.1239702621759196, 0.20053661855501925, 0.1999165411657113].flatMap((v) => [v, v, v, v, v]),
        },
      },
      source: 'ONNX, operator GRU, example "defaults"; by decimal arithmetic to 17 digits',
    },
  ],
  faults: [
    { name: 'the inputs’ bias forgotten', direction: 'forward', find: 'at1(bIh, p) +', replace: '' },
    { name: 'the state’s bias forgotten', direction: 'forward', find: 'at1(bHh, p) +', replace: '' },
    {
      name: 'gate order: update before reset, as in Keras and ONNX',
      direction: 'forward',
      find: 'const r = block(0)',
      replace: 'const r = block(H)',
    },
    {
      name: 'the update gate is the reset gate',
      direction: 'forward',
      find: 'const z = block(H)',
      replace: 'const z = block(0)',
    },
    {
      name: 'update gate the other way round: 1 − z keeps',
      direction: 'forward',
      find: 'at2(z, n, j) * at2(inputs.h, n, j)',
      replace: '(1 - at2(z, n, j)) * at2(inputs.h, n, j)',
    },
    {
      name: 'the reset gate forgotten',
      direction: 'forward',
      find: 'at2(r, n, j) * at2(q, n, j)',
      nth: 0,
      replace: 'at2(q, n, j)',
    },
    {
      name: 'the reset gate multiplies the product without its bias, as with reset_after=False',
      direction: 'forward',
      find: 'at2(r, n, j) * at2(q, n, j)',
      nth: 0,
      replace: '(at2(r, n, j) * (at2(q, n, j) - at1(bHh, 2 * H + j)) + at1(bHh, 2 * H + j))',
      unseenAt: form('', {}, cell(3, 4, 2), { bHh: { constant: 0 } }),
    },
    {
      name: 'the reset gate multiplies the input’s part as well',
      direction: 'forward',
      find: 'at2(s, n, 2 * H + j) +',
      replace: 'at2(r, n, j) * at2(s, n, 2 * H + j) +',
    },
    { name: 'a new gate without tanh', direction: 'forward', find: 'Math.tanh(', replace: 'Number(' },
    {
      name: 'one unit’s row of a block for all',
      direction: 'forward',
      find: 'at2(s, n, first + j)',
      replace: 'at2(s, n, first)',
      unseenAt: tiny,
    },
    { name: 'the state forgotten', direction: 'forward', find: '* at2(h, n, k)', nth: 0, replace: '* 0' },
    {
      name: 'the state’s weights by the input’s block',
      direction: 'forward',
      find: 'at2(wHh, p, k) * at2(h, n, k)',
      nth: 0,
      replace: 'at2(wHh, (p + H) % G, k) * at2(h, n, k)',
    },
    {
      name: 'dg: the update gate for its complement',
      direction: 'backward',
      find: '(1 - at2(z, n, j)) * ((1',
      replace: 'at2(z, n, j) * ((1',
    },
    {
      name: 'the new gate’s slope that of a sigmoid',
      direction: 'backward',
      find: '((1 - at2(g, n, j)) * (1 + at2(g, n, j)))',
      replace: '((1 - at2(g, n, j)) * at2(g, n, j))',
    },
    {
      name: 'the slope of the reset gate forgotten',
      direction: 'backward',
      find: '* (at2(r, n, j) * (1 - at2(r, n, j)))',
      replace: '',
    },
    {
      name: 'dr of the state, not of what the new gate sees of it',
      direction: 'backward',
      find: 'at2(dg, n, j) * at2(q, n, j)',
      replace: 'at2(dg, n, j) * at2(h, n, j)',
    },
    {
      name: 'dz without the new gate',
      direction: 'backward',
      find: '(at2(h, n, j) - at2(g, n, j))',
      replace: 'at2(h, n, j)',
    },
    {
      name: 'the state pulled as the input is: no reset gate on its way',
      direction: 'backward',
      find: 'at2(dg, n, j) * at2(r, n, j)',
      replace: 'at2(dg, n, j)',
    },
    {
      name: 'dh: nothing straight from the new state',
      direction: 'backward',
      find: 'at2(dnext, n, k) * at2(z, n, k) +',
      replace: '',
    },
    {
      name: 'dh: weights not transposed',
      direction: 'backward',
      find: 'sum1(G, (p) => at2(wHh, p, k) * at2(du, n, p))',
      replace: 'sum1(G, (p) => at2(wHh, H * Math.floor(p / H) + k, p % H) * at2(du, n, p))',
      unseenAt: tiny,
    },
    {
      name: 'dwIh: averaged over the batch',
      direction: 'backward',
      find: 'at2(ds, n, p) * at2(x, n, i)',
      replace: '(at2(ds, n, p) * at2(x, n, i)) / N',
      unseenAt: form('', {}, cell(1, 4, 3)),
    },
    {
      name: 'dwHh: of the gates’ inputs',
      direction: 'backward',
      find: 'at2(du, n, p) * at2(h, n, k)',
      replace: 'at2(ds, n, p) * at2(h, n, k)',
    },
    {
      name: 'dbHh is dbIh',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(du, n, p))',
      replace: 'sum1(N, (n) => at2(ds, n, p))',
    },
    {
      name: 'dbIh: the last sample left out',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(ds, n, p))',
      replace: 'sum1(N - 1, (n) => at2(ds, n, p))',
    },
  ],
})
