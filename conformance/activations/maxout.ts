import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { generate, mapTensor, sumOf, zeros, zipTensors } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import type { Evaluation, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { joined, part, rearranged, reversed } from '../vocabulary/arrange.js'
import {
  another,
  at,
  combination,
  equal,
  exactly,
  named,
  numbersAgree,
  plus,
  product,
  size,
  times,
  unit,
} from '../vocabulary/claims.js'
import { batchSplits, invariant, ofAnswers } from '../vocabulary/laws.js'
import { aroundTiles } from '../vocabulary/tiles.js'

const layer = (N: number, I: number, O: number, K: number) => ({ x: [N, I], w: [K, O, I], b: [K, O] })

const one = (k: number, pieces: Tensor): Tensor => part(0, k, k + 1, pieces)

const countOf = (pieces: Tensor): number => pieces.shape[0] as number

const each = <A>(count: number, f: (k: number) => A): readonly A[] => Array.from({ length: count }, (_, k) => f(k))

const largestOfItsPieces: Law = {
  name: 'it is the largest of what its pieces are alone',
  claims: ({ attrs, inputs }, ask) => {
    const [x, w, b] = [named(inputs, 'x'), named(inputs, 'w'), named(inputs, 'b')]
    return F.pipe(
      E.Do,
      E.bind('together', () => ask('forward', attrs, inputs)),
      E.bind('alone', () =>
        E.sequenceArray(each(countOf(w), (k) => ask('forward', attrs, { x, w: one(k, w), b: one(k, b) }))),
      ),
      E.map(({ together, alone }) => {
        const over = (f: (answer: Evaluation) => Tensor): Tensor =>
          alone.map(f).reduce((a, b) => zipTensors([a, b], (a, b) => Math.max(a, b)))
        return [
          {
            got: named(together.values, 'y'),
            want: over(({ values }) => named(values, 'y')),
            allowed: plus(
              named(together.slack, 'y'),
              over(({ slack }) => named(slack, 'y')),
            ),
          },
        ]
      }),
    )
  },
}

const onePieceIsAffine: Law = {
  name: 'one piece is affine: f(2x + z) = 2·f(x) + f(z) with biases of 0, and a bias is added',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [x, w, b] = [named(inputs, 'x'), one(0, named(inputs, 'w')), one(0, named(inputs, 'b'))]
    const z = another(draw, x.shape)
    const without = zeros(b.shape)
    return F.pipe(
      E.Do,
      E.bind('ofX', () => ask('forward', attrs, { x, w, b: without })),
      E.bind('ofZ', () => ask('forward', attrs, { x: z, w, b: without })),
      E.bind('ofBoth', () => ask('forward', attrs, { x: zipTensors([x, z], (x, z) => 2 * x + z), w, b: without })),
      E.bind('withBias', () => ask('forward', attrs, { x, w, b })),
      E.map(({ ofX, ofZ, ofBoth, withBias }) => {
        const { shape } = named(ofX.values, 'y')
        const bias = generate(shape, (i) => at(b, i % (shape[1] as number)))
        return [
          combination('y', ofBoth, [
            [2, ofX],
            [1, ofZ],
          ]),
          combination('y', withBias, [
            [1, ofX],
            [1, { values: { y: bias }, slack: { y: zeros(shape) } }],
          ]),
        ]
      }),
    )
  },
}

const rectified: Law = {
  name: 'with a second piece of zeros it is the rectifier of the first',
  claims: ({ attrs, inputs }, ask) => {
    const [x, w, b] = [named(inputs, 'x'), one(0, named(inputs, 'w')), one(0, named(inputs, 'b'))]
    return F.pipe(
      E.Do,
      E.bind('alone', () => ask('forward', attrs, { x, w, b })),
      E.bind('rectified', () =>
        ask('forward', attrs, { x, w: joined(w, zeros(w.shape)), b: joined(b, zeros(b.shape)) }),
      ),
      E.map(({ alone, rectified }) => [
        {
          got: named(rectified.values, 'y'),
          want: mapTensor((a) => Math.max(a, 0), named(alone.values, 'y')),
          allowed: plus(named(rectified.slack, 'y'), named(alone.slack, 'y')),
        },
      ]),
    )
  },
}

const anyOrder = invariant('pieces in another order have the same maximum', 'y', ({ inputs }) => ({
  inputs: { ...inputs, w: reversed(0, named(inputs, 'w')), b: reversed(0, named(inputs, 'b')) },
}))

const copiesGetNothing: Law = {
  name: 'every piece once more, behind the others, changes nothing and has no gradient: ties go to the lowest k',
  claims: ({ attrs: given, inputs, cotangents }, ask) => {
    const attrs = { ...given, ties: 'first' }
    const [w, b] = [named(inputs, 'w'), named(inputs, 'b')]
    const K = countOf(w)
    const twice = { ...inputs, w: joined(w, w), b: joined(b, b) }
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('yOfTwice', () => ask('forward', attrs, twice)),
      E.bind('gradients', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('ofTwice', () => ask('backward', attrs, twice, cotangents)),
      E.map(({ y, yOfTwice, gradients, ofTwice }) => [
        equal('y', yOfTwice, y),
        equal('x', ofTwice, gradients),
        ...['w', 'b'].flatMap((name) => {
          const [once, all] = [named(gradients.values, name), named(ofTwice.values, name)]
          return [
            { got: part(0, 0, K, all), want: once, allowed: named(gradients.slack, name) },
            exactly(part(0, K, 2 * K, all), zeros(once.shape)),
          ]
        }),
      ]),
    )
  },
}

const copiesTakeAll: Law = {
  name: 'every piece once more, behind the others, has all of the gradient if the last of ties has it, half if they share',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const [w, b] = [named(inputs, 'w'), named(inputs, 'b')]
    const K = countOf(w)
    const twice = { ...inputs, w: joined(w, w), b: joined(b, b) }
    const ofTies = (ties: string, front: number) =>
      F.pipe(
        E.Do,
        E.bind('gradients', () => ask('backward', { ...attrs, ties }, inputs, cotangents)),
        E.bind('ofTwice', () => ask('backward', { ...attrs, ties }, twice, cotangents)),
        E.map(({ gradients, ofTwice }) => [
          equal('x', ofTwice, gradients),
          ...['w', 'b'].flatMap((name) => {
            const [once, all] = [named(gradients.values, name), named(ofTwice.values, name)]
            // a share of a share is rounded once more
            const allowed = zipTensors([named(gradients.slack, name), once], (e, v) => 2 * e + 4 * unit * Math.abs(v))
            return [
              { got: part(0, 0, K, all), want: times(front, once), allowed },
              { got: part(0, K, 2 * K, all), want: times(1 - front, once), allowed },
            ]
          }),
        ]),
      )
    return F.pipe(
      E.sequenceArray([ofTies('last', 0), ofTies('share', 0.5)]),
      E.map((claims) => claims.flat()),
    )
  },
}

const lastIsFirstFromBehind: Law = {
  name: 'the last of tied pieces is the first of them in reverse order',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const order = (t: Tensor): Tensor => reversed(0, t)
    const turned = { ...inputs, w: order(named(inputs, 'w')), b: order(named(inputs, 'b')) }
    return F.pipe(
      E.Do,
      E.bind('last', () => ask('backward', { ...attrs, ties: 'last' }, inputs, cotangents)),
      E.bind('first', () => ask('backward', { ...attrs, ties: 'first' }, turned, cotangents)),
      E.map(({ last, first }) => [
        equal('x', last, first),
        equal('w', last, rearranged(order, 'w', first)),
        equal('b', last, rearranged(order, 'b', first)),
      ]),
    )
  },
}

const winnerTakesAll: Law = {
  name: 'a piece far above the others is alone: theirs are no gradients, and the rest is its own',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const [x, w, b] = [named(inputs, 'x'), named(inputs, 'w'), named(inputs, 'b')]
    const [K, O] = b.shape as readonly [number, number]
    const k = draw.integer(0, K - 1)
    // exact: a power of two far above any sum of the samples', not so far that f64 loses their last bits
    const raised = mapTensor((b, i) => (Math.floor(i / O) === k ? b + 2 ** 20 : b), b)
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, { x, w, b: raised })),
      E.bind('yAlone', () => ask('forward', attrs, { x, w: one(k, w), b: one(k, raised) })),
      E.bind('all', () => ask('backward', attrs, { x, w, b: raised }, cotangents)),
      E.bind('alone', () => ask('backward', attrs, { x, w: one(k, w), b: one(k, raised) }, cotangents)),
      E.map(({ y, yAlone, all, alone }) => [
        equal('y', y, yAlone),
        equal('x', all, alone),
        ...['w', 'b'].flatMap((name) =>
          each(K, (j) => {
            const [got, want] = [one(j, named(all.values, name)), named(alone.values, name)]
            return j === k
              ? { got, want, allowed: mapTensor((e) => 2 * e, named(alone.slack, name)) }
              : exactly(got, zeros(want.shape))
          }),
        ),
      ]),
    )
  },
}

const nothingIsLost: Law = {
  name: 'over all pieces the gradients of the bias sum to the cotangents, and those of the weights to cotangent times x',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const [x, b, dy] = [named(inputs, 'x'), named(inputs, 'b'), named(cotangents, 'y')]
    const [N, I] = x.shape as readonly [number, number]
    const [K, O] = b.shape as readonly [number, number]
    const overPieces = (pieces: Tensor): Tensor => each(K, (k) => one(k, pieces)).reduce(plus)
    const overSamples = (shape: Shape, f: (n: number, i: number) => number): Tensor =>
      generate(shape, (i) => sumOf(each(N, (n) => f(n, i))))
    const ofB = (n: number, o: number): number => at(dy, n * O + o)
    const ofW = (n: number, i: number): number => at(dy, n * O + Math.floor(i / I)) * at(x, n * I + (i % I))
    return F.pipe(
      ask('backward', attrs, inputs, cotangents),
      E.map(({ values, slack }) =>
        (
          [
            ['b', [1, O], ofB],
            ['w', [1, O, I], ofW],
          ] as const
        ).map(([name, shape, f]) => ({
          got: overPieces(named(values, name)),
          want: overSamples(shape, f),
          // N products and sums here, K sums of parts of them there
          allowed: zipTensors(
            [overPieces(named(slack, name)), overSamples(shape, (n, i) => Math.abs(f(n, i)))],
            (e, size) => e + (N + K + 1) * unit * size,
          ),
        })),
      ),
    )
  },
}

const euler = ofAnswers(
  'w·dw + b·db = y·dy over all elements: it is homogeneous of degree 1 in its parameters',
  ({ ahead, back }, { inputs, cotangents }) => {
    const sum = (tensors: readonly Tensor[]): number => sumOf(tensors.map(({ data }) => sumOf(data)))
    const dy = named(cotangents, 'y')
    const parameters = ['w', 'b'].map((name) => product(named(inputs, name), named(back.values, name)))
    const outputs = product(named(ahead.values, 'y'), dy)
    const errors = [
      ...['w', 'b'].map((name) => product(size(named(inputs, name)), named(back.slack, name))),
      product(size(dy), named(ahead.slack, 'y')),
    ]
    const terms = sumOf([...parameters, outputs].map(({ data }) => data.length))
    return [
      numbersAgree(
        sum(parameters),
        sum([outputs]),
        sum(errors) + (terms + 1) * unit * sum([...parameters, outputs].map(size)),
      ),
    ]
  },
)

const convex: Law = {
  name: 'convex in x: half way between two samples it is at most the mean of theirs',
  claims: ({ attrs, inputs }, ask, draw) => {
    const x = named(inputs, 'x')
    const z = another(draw, x.shape)
    const half = zipTensors([x, z], (x, z) => (x + z) / 2)
    return F.pipe(
      E.Do,
      E.bind('ofX', () => ask('forward', attrs, inputs)),
      E.bind('ofZ', () => ask('forward', attrs, { ...inputs, x: z })),
      E.bind('ofHalf', () => ask('forward', attrs, { ...inputs, x: half })),
      E.map(({ ofX, ofZ, ofHalf }) => {
        const mean = zipTensors([named(ofX.values, 'y'), named(ofZ.values, 'y')], (a, b) => (a + b) / 2)
        return [
          {
            got: zipTensors([named(ofHalf.values, 'y'), mean], (y, mean) => Math.max(y, mean)),
            want: mean,
            allowed: zipTensors(
              [named(ofHalf.slack, 'y'), named(ofX.slack, 'y'), named(ofZ.slack, 'y'), mean],
              (e, a, b, mean) => e + a + b + 2 * unit * Math.abs(mean),
            ),
          },
        ]
      }),
    )
  },
}

const ties = { x: 'ties', w: 'ties', b: 'ties' } as const satisfies Readonly<Record<string, Fill>>
const spreadPieces = { x: 'wide', b: 'wide' } as const satisfies Readonly<Record<string, Fill>>

const tiles = aroundTiles([4, 8, 16, 32, 64], (N, I, O, k) => {
  const K = 2 + (k % 3)
  return form(`tiles: ${N} by ${I} by ${O}, ${K} pieces`, {}, layer(N, I, O, K), { x: 'wide' })
})

export const maxout = questionsAbout('maxout', {
  corners: [
    form('one number, one piece', {}, layer(1, 1, 1, 1)),
    form('one number, two pieces', {}, layer(1, 1, 1, 2)),
    form('one piece is dense', {}, layer(5, 7, 6, 1)),
    form('one sample', {}, layer(1, 9, 7, 3)),
    form('one input', {}, layer(5, 1, 6, 4)),
    form('one output', {}, layer(6, 10, 1, 3)),
    form('five pieces', {}, layer(7, 6, 4, 5), spreadPieces),
    ...[15, 16, 17, 64, 65, 257].map((K) => form(`${K} pieces`, {}, layer(6, 3, 2, K), spreadPieces)),
    form('often tied', {}, layer(40, 1, 3, 4), ties),
    form('often tied, two inputs', {}, layer(33, 2, 5, 3), { ...ties, dy: 'ties' }),
    form('often tied, tiles', {}, layer(65, 3, 17, 3), ties),
    form('all tied: pieces of zeros', {}, layer(6, 4, 5, 3), { w: { constant: 0 }, b: { constant: 0 } }),
    form('all tied: equal pieces', {}, layer(5, 3, 2, 4), {
      x: 'ties',
      w: { values: [1, -2, 0.5, 3, 1, -1] },
      b: { values: [0.25, -1] },
    }),
    form('equal pieces of numbers that round: one gradient for x, whichever has it', {}, layer(5, 3, 2, 2), {
      w: { values: [0.1, -0.2, 0.3, 0.7, 1.1, -1.3] },
      b: { values: [0.6, -0.9] },
    }),
    form('tied but for the last bit', {}, layer(4, 1, 2, 3), {
      x: { constant: 1 },
      w: { values: [1, 1, 1 + 2 ** -23, 1 - 2 ** -24, 1 + 2 ** -22, 1] },
      b: { constant: 0 },
    }),
    ...(['last', 'share'] as const).flatMap((by) => [
      form(`often tied: ${by}`, { ties: by }, layer(40, 1, 3, 4), ties),
      form(`often tied, two inputs: ${by}`, { ties: by }, layer(33, 2, 5, 3), { ...ties, dy: 'ties' }),
      form(`often tied, tiles: ${by}`, { ties: by }, layer(65, 3, 17, 3), ties),
      form(`all tied: pieces of zeros: ${by}`, { ties: by }, layer(6, 4, 5, 3), {
        w: { constant: 0 },
        b: { constant: 0 },
      }),
      form(`no ties: ${by}`, { ties: by }, layer(7, 6, 4, 5), spreadPieces),
      form(`sums of 1024 over the batch, often tied: ${by}`, { ties: by }, layer(1024, 2, 3, 3), ties),
    ]),
    form('all pieces below 0', {}, layer(5, 6, 4, 3), { x: 'positive', w: 'negative', b: 'negative' }),
    form('decided by the bias', {}, layer(8, 4, 6, 3), { x: 'small', b: 'wide' }),
    form('decided by the weights', {}, layer(8, 4, 6, 3), { x: 'wide', b: 'small' }),
    form('x of zeros: the largest bias', {}, layer(3, 5, 4, 3), { x: { constant: 0 } }),
    form('products that cancel', {}, layer(4, 34, 3, 2), { x: { values: [1.1, 1.1] }, w: { values: [3, -3] } }),
    form('saturated', {}, layer(9, 4, 5, 3), { x: 'saturated' }),
    form('a cotangent of one output', {}, layer(12, 5, 6, 3), { ...spreadPieces, dy: 'oneHot' }),
    ...tiles,
    form('sums of 1024', {}, layer(16, 1024, 5, 3), spreadPieces),
    form('sums of 1024 over the outputs', {}, layer(9, 5, 1024, 2), spreadPieces),
    form('sums of 1024 over the batch', {}, layer(1024, 5, 6, 3), spreadPieces),
    form('sums of 255 over the batch, few weights', {}, layer(255, 2, 3, 2), spreadPieces),
    form('65,535 samples', {}, layer(65535, 2, 1, 2), { x: 'wide' }),
    form('65,537 samples, often tied', {}, layer(65537, 1, 2, 2), ties),
    form('65,537 outputs', {}, layer(2, 1, 65537, 2)),
    form('65,537 inputs, whole numbers', {}, layer(1, 65537, 2, 2), ties),
    { ...form('65,537 inputs', {}, layer(1, 65537, 2, 2)), only: 'forward' },
    { ...form('more outputs than one row of workgroups', {}, layer(2097217, 1, 2, 2)), only: 'forward' },
    { ...form('more cotangents than one row of workgroups', {}, layer(2097217, 1, 2, 1)), only: 'backward' },
  ],
  random: (draw) => {
    const whole = draw.uniform() < 0.25
    return {
      attrs: draw.pick([{}, {}, { ties: 'last' }, { ties: 'share' }]),
      shapes: layer(
        draw.integer(1, 7),
        draw.pick([draw.integer(1, 9), draw.integer(1, 40)]),
        draw.integer(1, 7),
        draw.integer(1, 5),
      ),
      fills: whole
        ? ties
        : {
            x: draw.pick(['normal', 'normal', 'small', 'wide']),
            w: draw.pick(['normal', 'normal', 'small']),
            b: draw.pick(['normal', 'wide', 'small']),
          },
    }
  },
  laws: [
    largestOfItsPieces,
    onePieceIsAffine,
    rectified,
    anyOrder,
    copiesGetNothing,
    copiesTakeAll,
    lastIsFirstFromBehind,
    winnerTakesAll,
    nothingIsLost,
    euler,
    convex,
    batchSplits(['x']),
  ],
  worked: [
    {
      name: 'two pieces by hand: max(x₁ + 2x₂ + ½, 3x₁ − x₂)',
      inputs: {
        x: { shape: [3, 2], data: [1, 2, 2, 1, -1, -1] },
        w: { shape: [2, 1, 2], data: [1, 2, 3, -1] },
        b: { shape: [2, 1], data: [0.5, 0] },
      },
      outputs: { y: { shape: [3, 1], data: [5.5, 5, -2] } },
      source: `${slide('Activation functions')}: max(w₁ᵀx + b₁, w₂ᵀx + b₂)`,
    },
    {
      name: 'the rectifier and the magnitude as maxima of two lines',
      inputs: {
        x: { shape: [3, 1], data: [-3, 0, 2] },
        w: { shape: [2, 2, 1], data: [1, 1, 0, -1] },
        b: { shape: [2, 2], data: [0, 0, 0, 0] },
      },
      outputs: { y: { shape: [3, 2], data: [0, 3, 0, 0, 2, 2] } },
      source: 'Goodfellow et al., "Maxout Networks" (2013), figure 1',
    },
    {
      name: 'x² by its tangents at −2 … 2, which touch it there and lie below it elsewhere',
      inputs: {
        x: { shape: [7, 1], data: [-2, -1, 0, 1, 2, 0.5, 3] },
        w: { shape: [5, 1, 1], data: [-4, -2, 0, 2, 4] },
        b: { shape: [5, 1], data: [-4, -1, 0, -1, -4] },
      },
      outputs: { y: { shape: [7, 1], data: [4, 1, 0, 1, 4, 0, 8] } },
      source:
        'Goodfellow et al., "Maxout Networks" (2013), figure 1: a quadratic, in pieces; the tangent at c is 2cx − c²',
    },
    {
      name: 'the gradients of two samples by hand, each to the piece that was larger',
      inputs: {
        x: { shape: [2, 2], data: [1, 2, 2, 1] },
        w: { shape: [2, 1, 2], data: [1, 2, 3, -1] },
        b: { shape: [2, 1], data: [0.5, 0] },
      },
      cotangents: { y: { shape: [2, 1], data: [10, -4] } },
      outputs: {
        x: { shape: [2, 2], data: [10, 20, -12, 4] },
        w: { shape: [2, 1, 2], data: [10, 20, -8, -4] },
        b: { shape: [2, 1], data: [10, -4] },
      },
      source: slide('Activation functions'),
    },
    {
      name: 'at the corner of |x| the first piece has the whole gradient',
      inputs: {
        x: { shape: [1, 1], data: [0] },
        w: { shape: [2, 1, 1], data: [1, -1] },
        b: { shape: [2, 1], data: [3, 3] },
      },
      cotangents: { y: { shape: [1, 1], data: [5] } },
      outputs: {
        x: { shape: [1, 1], data: [5] },
        w: { shape: [2, 1, 1], data: [0, 0] },
        b: { shape: [2, 1], data: [5, 0] },
      },
      source: 'by hand; ties as PyTorch’s max has them',
    },
    ...(
      [
        ['last', 0, [0, 6, 0]],
        ['share', 3, [3, 3, 0]],
      ] as const
    ).map(([by, dx, db]) => ({
      name: `of two tied pieces and a lower one the gradient is for: ${by}`,
      attrs: { ties: by },
      inputs: {
        x: { shape: [1, 1], data: [0] },
        w: { shape: [3, 1, 1], data: [1, 0, 7] },
        b: { shape: [3, 1], data: [3, 3, 2] },
      },
      cotangents: { y: { shape: [1, 1], data: [6] } },
      outputs: {
        x: { shape: [1, 1], data: [dx] },
        w: { shape: [3, 1, 1], data: [0, 0, 0] },
        b: { shape: [3, 1], data: db },
      },
      source: 'by hand',
    })),
  ],
  faults: [
    {
      name: 'the smallest piece',
      direction: 'forward',
      find: 'largest(K, (k) => piece(inputs, I, n, k, o))',
      replace: '-largest(K, (k) => -piece(inputs, I, n, k, o))',
      unseenAt: form('', {}, layer(3, 4, 2, 1)),
    },
    {
      name: 'the sum of the pieces',
      direction: 'forward',
      find: 'largest(K, (k)',
      replace: 'sum1(K, (k)',
      unseenAt: form('', {}, layer(3, 4, 2, 1)),
    },
    {
      name: 'the largest magnitude',
      direction: 'forward',
      find: 'largest(K, (k) => piece(inputs, I, n, k, o))',
      replace: 'largest(K, (k) => Math.abs(piece(inputs, I, n, k, o)))',
      unseenAt: form('', {}, layer(3, 4, 2, 2), { x: 'positive', w: 'positive', b: 'positive' }),
    },
    {
      name: 'the last piece left out',
      direction: 'forward',
      find: 'largest(K, (k)',
      replace: 'largest(K - 1, (k)',
      unseenAt: form('', {}, layer(2, 1, 1, 2), { x: 'small', b: { values: [100, 0] } }),
    },
    {
      name: 'cut off at 0',
      direction: 'forward',
      find: 'largest(K, (k) => piece(inputs, I, n, k, o))',
      replace: 'Math.max(0, largest(K, (k) => piece(inputs, I, n, k, o)))',
      unseenAt: form('', {}, layer(3, 4, 2, 2), { x: 'positive', w: 'positive', b: 'positive' }),
    },
    { name: 'bias forgotten', direction: 'forward', find: '+ at2(b, k, o)', replace: '' },
    {
      name: 'the bias of the first piece for all',
      direction: 'forward',
      find: 'at2(b, k, o)',
      replace: 'at2(b, 0, o)',
      unseenAt: form('', {}, layer(3, 4, 2, 1)),
    },
    { name: 'one input short', direction: 'forward', find: 'sum1(I, (i)', replace: 'sum1(I - 1, (i)' },
    {
      name: 'ties to the highest k',
      direction: 'backward',
      find: "ties === 'last' ?",
      replace: 'true ?',
      unseenAt: form('', {}, layer(3, 4, 2, 3)),
    },
    {
      name: 'a tied piece has the gradient too',
      direction: 'backward',
      find: 'takes(n, k, o) ? at2(part, n, o) * at2(x',
      replace: 'isLargest(n, k, o) ? at2(part, n, o) * at2(x',
      unseenAt: form('', {}, layer(3, 4, 2, 3)),
    },
    {
      name: 'decided before the bias is added',
      direction: 'backward',
      find: '+ at2(b, k, o)',
      replace: '',
      unseenAt: form('', {}, layer(3, 4, 2, 3), { b: { constant: 1 } }),
    },
    {
      name: 'decided by the first sample for all',
      direction: 'backward',
      find: 'at2(x, n, i)) + at2(b',
      replace: 'at2(x, 0, i)) + at2(b',
      unseenAt: form('', {}, layer(1, 4, 2, 3)),
    },
    {
      name: 'dx: the weights of the first piece',
      direction: 'backward',
      find: 'at3(w, at2(one, n, o), o, i)',
      replace: 'at3(w, 0, o, i)',
      unseenAt: form('', {}, layer(3, 4, 2, 1)),
    },
    { name: 'dx: one output short', direction: 'backward', find: 'sum1(O, (o)', replace: 'sum1(O - 1, (o)' },
    {
      name: 'shared, dx: one piece short',
      direction: 'backward',
      find: 'sum2(O, K,',
      replace: 'sum2(O, K - 1,',
    },
    {
      name: 'dw: every piece has the gradient',
      direction: 'backward',
      find: 'takes(n, k, o) ? at2(part, n, o) * at2(x',
      replace: 'true ? at2(part, n, o) * at2(x',
      unseenAt: form('', {}, layer(3, 4, 2, 1)),
    },
    {
      name: 'dw: averaged over the batch',
      direction: 'backward',
      find: 'at2(part, n, o) * at2(x, n, i)',
      replace: '(at2(part, n, o) * at2(x, n, i)) / N',
      unseenAt: form('', {}, layer(1, 4, 2, 3)),
    },
    {
      name: 'db: the last sample left out',
      direction: 'backward',
      find: 'sum1(N, (n)',
      nth: 1,
      replace: 'sum1(N - 1, (n)',
    },
    {
      name: 'db: decided by the first sample',
      direction: 'backward',
      find: 'takes(n, k, o) ? at2(part, n, o) : 0',
      replace: 'takes(0, k, o) ? at2(part, n, o) : 0',
      unseenAt: form('', {}, layer(1, 4, 2, 3)),
    },
    {
      name: 'shared, but not divided',
      direction: 'backward',
      find: 'at2(dy, n, o) / at2(tied, n, o)',
      replace: 'at2(dy, n, o)',
      unseenAt: form('', { ties: 'share' }, layer(3, 4, 2, 3)),
    },
    {
      name: 'divided by all pieces, tied or not',
      direction: 'backward',
      find: 'at2(dy, n, o) / at2(tied, n, o)',
      replace: 'at2(dy, n, o) / K',
      unseenAt: form('', { ties: 'share' }, layer(3, 4, 2, 1)),
    },
  ],
})
