import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, sumOf, zeros } from '../../spec/tensor.js'
import { inSums, weighted } from '../coverage/sums.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { reversed } from '../vocabulary/arrange.js'
import { another, at, claim, combination, equals, named, unit } from '../vocabulary/claims.js'
import { drawn } from '../vocabulary/draws.js'
import { array } from '../vocabulary/examples.js'
import { linearLayerLaws, rearranging } from '../vocabulary/laws.js'
import { aroundTiles } from '../vocabulary/tiles.js'

const layer = (N: number, I: number, O: number, bias = true) => ({
  x: [N, I],
  w: [O, I],
  ...(bias ? { b: [O] } : {}),
})

// Wide data is not graded as a random walk: the cases that are meant for it are, and few outputs keep its largest grade
// meaningful
const tiles = aroundTiles([8, 16, 32, 64, 128, 256], (N, I, O, k) =>
  form(`tiles: ${N} by ${I} by ${O}`, {}, layer(N, I, O, k % 2 === 0), { x: 'wide' }),
)

const biasIsAdded: Law = {
  name: 'the bias is added to every row',
  claims: ({ attrs, inputs }, ask, draw) => {
    const { x, w } = { x: named(inputs, 'x'), w: named(inputs, 'w') }
    const [N, O] = [x.shape[0] as number, w.shape[0] as number]
    const b = another(draw, [O])
    return F.pipe(
      E.Do,
      E.bind('with', () => ask('forward', attrs, { x, w, b })),
      E.bind('without', () => ask('forward', attrs, { x, w })),
      E.map(({ with: both, without }) => [
        combination('y', both, [
          [1, without],
          [1, { values: { y: generate([N, O], (i) => at(b, i % O)) }, slack: { y: zeros([N, O]) } }],
        ]),
      ]),
    )
  },
}

const biasCollects: Law = {
  name: 'the gradient of the bias is the sum of the cotangents of its output',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const dy = named(cotangents, 'y')
    const [N, O] = dy.shape as readonly [number, number]
    const columns = (f: (dy: number) => number): Tensor =>
      generate([O], (o) => sumOf(Array.from({ length: N }, (_, n) => f(at(dy, n * O + o)))))
    const [sums, sizes] = [columns((v) => v), columns(Math.abs)]
    return F.pipe(
      ask('backward', attrs, { ...inputs, b: zeros([O]) }, cotangents),
      E.map(({ values, slack }) => [
        claim(
          named(values, 'b'),
          (o) => at(sums, o),
          (o) => at(named(slack, 'b'), o) + N * unit * at(sizes, o),
        ),
      ]),
    )
  },
}

const identityCopies: Law = {
  name: 'weights of the identity give x back',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const I = x.shape[1] as number
    const w = generate([I, I], (i) => (Math.floor(i / I) === i % I ? 1 : 0))
    return F.pipe(
      ask('forward', attrs, { x, w }),
      E.map((answer) => [equals('y', answer, x)]),
    )
  },
}

const outputsPermute = rearranging('reordering the rows of w and b reorders the outputs', () => ({
  w: (w) => reversed(0, w),
  b: (b) => reversed(0, b),
  y: (y) => reversed(1, y),
}))

export const dense = questionsAbout('dense', {
  corners: [
    form('one number', {}, layer(1, 1, 1)),
    form('one number, no bias', {}, layer(1, 1, 1, false)),
    form('one sample', {}, layer(1, 9, 7)),
    form('one input', {}, layer(5, 1, 6)),
    form('one output: the perceptron', {}, layer(6, 10, 1)),
    form('whole numbers', {}, layer(5, 11, 6), { x: 'ties', w: 'ties', b: 'ties', dy: 'ties' }),
    form('x of zeros: y is the bias', {}, layer(3, 5, 4), { x: { constant: 0 } }),
    form('products that cancel', {}, layer(4, 34, 3, false), { x: { values: [1.1, 1.1] }, w: { values: [3, -3] } }),
    form('small and wide', {}, layer(4, 20, 5), { x: 'small', w: 'wide' }),
    ...tiles,
    form('65 by 65 by 65', {}, layer(65, 65, 65)),
    form('129 by 127 by 128', {}, layer(129, 127, 128, false)),
    form('sums of 16, as a random walk', {}, layer(16, 16, 32, false)),
    form('sums of 128, as a random walk', {}, layer(128, 128, 16)),
    form('sums of 1024, as a random walk', {}, layer(16, 1024, 24)),
    form('sums of 1024 over the outputs', {}, layer(16, 24, 1024, false)),
    form('sums of 1024 over the batch', {}, layer(1024, 24, 16)),
    form('a batch of 4099 behind 320 weights', {}, layer(4099, 16, 20), { x: 'wide' }),
    form('4095 weights and a batch of 65', {}, layer(65, 65, 63)),
    form('4096 weights and a batch of 65', {}, layer(65, 64, 64)),
    form('4097 weights and a batch of 64', {}, layer(64, 17, 241)),
    form('65,535 samples', {}, layer(65535, 2, 1)),
    form('65,537 outputs', {}, layer(2, 1, 65537)),
    form('65,537 inputs', {}, layer(1, 65537, 2)),
    { ...form('more outputs than one row of workgroups', {}, layer(2049, 1, 2048)), only: 'forward' },
    { ...form('more weights than one row of workgroups', {}, layer(1, 2049, 2048, false)), only: 'backward' },
    ...[
      form('65,537 inputs', {}, layer(2, 65537, 2)),
      form('65,537 outputs', {}, layer(2, 2, 65537)),
      form('65,537 samples', {}, layer(65537, 2, 2)),
    ].flatMap((long) => inSums('dense', weighted, long)),
    ...inSums('dense', weighted, form('256 by 256 by 256', {}, layer(256, 256, 256)), ['integers']),
  ],
  random: drawn({
    shapes: (draw) =>
      layer(
        draw.integer(1, 7),
        draw.pick([draw.integer(1, 12), draw.integer(1, 128)]),
        draw.integer(1, 9),
        draw.uniform() < 0.7,
      ),
    fills: { x: ['normal', 'normal', 'small', 'wide'], w: ['normal', 'normal', 'small'] },
  }),
  laws: [...linearLayerLaws, biasIsAdded, biasCollects, identityCopies, outputsPermute],
  worked: [
    {
      name: 'two neurons by hand: 3·1 + 4·2 + ½ and 5·1 + 6·2 − 1',
      inputs: {
        x: { shape: [1, 2], data: [1, 2] },
        w: { shape: [2, 2], data: [3, 4, 5, 6] },
        b: array([0.5, -1]),
      },
      outputs: { y: { shape: [1, 2], data: [11.5, 16] } },
      source: slide('Fully connected layer'),
    },
    {
      name: 'the perceptron that computes AND: only 1, 1 lies above its threshold',
      inputs: {
        x: { shape: [4, 2], data: [0, 0, 0, 1, 1, 0, 1, 1] },
        w: { shape: [1, 2], data: [1, 1] },
        b: array([-1.5]),
      },
      outputs: { y: { shape: [4, 1], data: [-1.5, -0.5, -0.5, 0.5] } },
      source: slide('The perceptron'),
    },
    {
      name: 'the gradients of two samples by hand',
      inputs: {
        x: { shape: [2, 2], data: [1, 2, 3, 4] },
        w: { shape: [1, 2], data: [5, 6] },
        b: array([0]),
      },
      cotangents: { y: { shape: [2, 1], data: [1, -2] } },
      outputs: {
        x: { shape: [2, 2], data: [5, 6, -10, -12] },
        w: { shape: [1, 2], data: [-5, -6] },
        b: array([-1]),
      },
      source: slide('Fully connected layer'),
    },
  ],
  faults: [
    { name: 'bias forgotten', direction: 'forward', find: 'products + at1(b, o)', replace: 'products' },
    {
      name: 'one bias for all outputs',
      direction: 'forward',
      find: 'at1(b, o)',
      replace: 'at1(b, 0)',
      unseenAt: form('', {}, layer(3, 4, 1)),
    },
    { name: 'one input short', direction: 'forward', find: 'sum1(I, (i)', replace: 'sum1(I - 1, (i)' },
    {
      name: 'only the first sample',
      direction: 'forward',
      find: 'at2(x, n, i))',
      nth: 0,
      replace: 'at2(x, 0, i))',
      unseenAt: form('', {}, layer(1, 4, 3)),
    },
    {
      name: 'inputs in the opposite order',
      direction: 'forward',
      find: 'at2(w, o, i) * at2(x, n, i)',
      replace: 'at2(w, o, I - 1 - i) * at2(x, n, i)',
    },
    { name: 'dx: one output short', direction: 'backward', find: 'sum1(O, (o)', replace: 'sum1(O - 1, (o)' },
    {
      name: 'dx: the cotangent of the first sample',
      direction: 'backward',
      find: 'at2(w, o, i) * at2(dy, n, o)',
      replace: 'at2(w, o, i) * at2(dy, 0, o)',
      unseenAt: form('', {}, layer(1, 4, 3)),
    },
    {
      name: 'dw: averaged over the batch',
      direction: 'backward',
      find: 'at2(dy, n, o) * at2(x, n, i)',
      replace: '(at2(dy, n, o) * at2(x, n, i)) / N',
      unseenAt: form('', {}, layer(1, 4, 3)),
    },
    {
      name: 'dw: the last sample left out',
      direction: 'backward',
      find: 'sum1(N, (n)',
      nth: 0,
      replace: 'sum1(N - 1, (n)',
    },
    {
      name: 'db: averaged over the batch',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(dy, n, o))',
      replace: 'sum1(N, (n) => at2(dy, n, o) / N)',
      unseenAt: form('', {}, layer(1, 4, 3)),
    },
    {
      name: 'db: the cotangent of the first sample only',
      direction: 'backward',
      find: 'sum1(N, (n) => at2(dy, n, o))',
      replace: 'at2(dy, 0, o)',
    },
  ],
})
