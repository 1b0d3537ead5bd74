import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { at, combination, equals, named } from '../vocabulary/claims.js'
import { applied, featureCorners, fit, normalizerLaws, randomRows } from '../vocabulary/features.js'
import { affineIn } from '../vocabulary/laws.js'

// each feature's least and most number, as two rows
const ends = (x: Tensor): Tensor => {
  const [N = 1, D = 1] = x.shape
  return generate([2, D], (i) => {
    const column = Array.from({ length: N }, (_, n) => at(x, n * D + (i % D)))
    return column.reduce(i < D ? (a, b) => Math.min(a, b) : (a, b) => Math.max(a, b))
  })
}

const fromLowToHigh: Law = {
  name: 'the least of a feature is low and its most is high; half way between is half way',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const [, D = 1] = x.shape
    const extremes = ends(x)
    const end = (row: number, d: number): number => at(extremes, row * D + d)
    const varies = (d: number): boolean => end(0, d) < end(1, d)
    const middle = generate([1, D], (d) => (end(0, d) + end(1, d)) / 2)
    const [low, high] = [attrs['low'] as number, attrs['high'] as number]
    return F.pipe(
      E.Do,
      E.bind('atEnds', () => ask('forward', attrs, { x, apply: extremes })),
      E.bind('atMiddle', () => ask('forward', attrs, { x, apply: middle })),
      E.map(({ atEnds, atMiddle }) => [
        equals(
          'y',
          atEnds,
          generate([2, D], (i) => (i >= D && varies(i % D) ? high : low)),
        ),
        equals(
          'y',
          atMiddle,
          generate([1, D], (d) => (varies(d) ? (low + high) / 2 : low)),
        ),
      ]),
    )
  },
}

const affine = affineIn(
  'apply',
  'affine in what it is applied to, inside the fitted range and outside: y(2a − b) = 2y(a) − y(b)',
  'x',
)

const again: Law = {
  name: 'what goes from 0 to 1 already stays as it is',
  claims: ({ inputs }, ask) => {
    const unit = { low: 0, high: 1 }
    const x = named(inputs, 'x')
    const [N = 1, D = 1] = x.shape
    // eighths, with both ends among them
    const eighths = generate([N + 2, D], (i) =>
      i < D ? 0 : i < 2 * D ? 1 : Math.round(4 * (1 + Math.tanh(at(x, i - 2 * D)))) / 8,
    )
    return F.pipe(
      ask('forward', unit, { x: eighths }),
      E.map((answer) => [equals('y', answer, eighths)]),
    )
  },
}

const anotherRange: Law = {
  name: 'another range is another scale: from low to high is low + (high − low) times from 0 to 1',
  claims: ({ attrs, inputs }, ask) => {
    const [low, high] = [attrs['low'] as number, attrs['high'] as number]
    return F.pipe(
      E.Do,
      E.bind('unit', () => ask('forward', { low: 0, high: 1 }, inputs)),
      E.bind('given', () => ask('forward', attrs, inputs)),
      E.map(({ unit, given }) => {
        const { shape } = named(unit.values, 'y')
        return [
          combination('y', given, [
            [high - low, unit],
            [low, { values: { y: filled(shape, 1) }, slack: { y: filled(shape, 0) } }],
          ]),
        ]
      }),
    )
  },
}

const fills: readonly Fill[] = ['normal', 'wide', 'ties', { mean: 10, scale: 1 }, { mean: 100, scale: 0.01 }]
const ranges = [
  [0, 1],
  [-1, 1],
  [0.25, 3],
  [-7, -2],
  [0, 255],
] as const

const scikitLearns = { shape: [4, 2], data: [-1, 2, -0.5, 6, 0, 10, 1, 18] }

export const minMaxNormalize = questionsAbout('minMaxNormalize', {
  corners: [
    ...featureCorners({}),
    form('from −1 to 1', { low: -1 }, fit(17, 3)),
    form('from 0 to 255', { high: 255 }, applied(17, 9, 3)),
    form('below 0', { low: -3, high: -2.5 }, applied(17, 9, 3)),
    form('a range that no f32 difference gives exactly', { low: -0.1, high: 2 ** 20 }, fit(17, 3)),
    form('constant features under another range', { low: -3, high: 5 }, applied(6, 4, 3), { x: { constant: 7.25 } }),
    form('a small range under a large offset', {}, fit(65, 3), { x: { mean: 1000, scale: 0.001 } }),
    form('neighbours in f32', {}, applied(4, 4, 1), {
      x: { values: [1, 1 + 2 ** -23, 1 + 2 ** -22, 1] },
      apply: { values: [1, 1 + 2 ** -23, 2, -1] },
    }),
  ],
  random: (draw) => {
    const [low, high] = draw.pick(ranges)
    return { attrs: { low, high }, ...randomRows(draw, fills) }
  },
  laws: [
    fromLowToHigh,
    affine,
    again,
    ...normalizerLaws('a constant feature is low everywhere, whatever it is applied to', ({ low }) => low as number),
    anotherRange,
  ],
  worked: [
    {
      name: 'two features from −1 to 1 and from 2 to 18',
      attrs: { low: 0, high: 1 },
      inputs: { x: scikitLearns },
      outputs: { y: { shape: [4, 2], data: [0, 0, 0.25, 0.25, 0.5, 0.5, 1, 1] } },
      source: 'documentation of sklearn.preprocessing.MinMaxScaler, its example',
    },
    {
      name: 'the same fit applied to (2, 2): the first feature extrapolates',
      attrs: { low: 0, high: 1 },
      inputs: {
        x: scikitLearns,
        apply: { shape: [1, 2], data: [2, 2] },
      },
      outputs: { y: { shape: [1, 2], data: [1.5, 0] } },
      source: 'documentation of sklearn.preprocessing.MinMaxScaler, its example',
    },
    {
      name: 'pixels from 0 to 255 to numbers from −1 to 1',
      attrs: { low: -1, high: 1 },
      inputs: { x: { shape: [3, 1], data: [0, 51, 255] } },
      outputs: { y: { shape: [3, 1], data: [-1, -0.6, 1] } },
      source: slide('Normalization'),
    },
  ],
  faults: [
    {
      name: 'the sum of low and high for the range',
      direction: 'forward',
      find: '(high - low)',
      replace: '(high + low)',
      unseenAt: form('', {}, fit(4, 2)),
    },
    {
      name: 'low forgotten',
      direction: 'forward',
      find: 'low + (high - low) *',
      replace: '(high - low) *',
      unseenAt: form('', {}, fit(4, 2)),
    },
    {
      name: 'the least not taken away',
      direction: 'forward',
      find: '(at2(a, n, d) - at1(min, d))',
      replace: 'at2(a, n, d)',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [0, 1, 2, 3] } }),
    },
    {
      name: 'divided by the most',
      direction: 'forward',
      find: '(at1(max, d) - at1(min, d))',
      replace: 'at1(max, d)',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [0, 1, 2, 3] } }),
    },
    {
      name: 'fitted to what it is applied to',
      direction: 'forward',
      find: 'smallest(N, (n) => at2(x, n, d))',
      replace: 'smallest(rows, (n) => at2(a, n, d))',
      unseenAt: form('', {}, fit(4, 2)),
    },
    {
      name: 'a constant feature divided by 1, as scikit-learn does',
      direction: 'forward',
      find: '? low',
      replace: '? low + (high - low) * (at2(a, n, d) - at1(min, d))',
      unseenAt: form('', {}, fit(4, 2), { x: { constant: 5 } }),
    },
    {
      name: 'a constant feature not looked for',
      direction: 'forward',
      find: 'at1(max, d) === at1(min, d)',
      replace: 'max === min',
      unseenAt: form('', {}, fit(4, 2)),
    },
    {
      name: 'clipped to the range',
      direction: 'forward',
      find: '((at2(a, n, d) - at1(min, d)) / (at1(max, d) - at1(min, d)))',
      replace: 'Math.min(1, Math.max(0, (at2(a, n, d) - at1(min, d)) / (at1(max, d) - at1(min, d))))',
      unseenAt: form('', {}, fit(4, 2)),
    },
    {
      name: 'the last row not fitted',
      direction: 'forward',
      find: 'largest(N,',
      replace: 'largest(N - 1,',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [0, 3, 2, 1] } }),
    },
    {
      name: 'one range for all features',
      direction: 'forward',
      find: 'largest(N, (n) => at2(x, n, d))',
      replace: 'largest(N * D, (i) => x.data[i])',
      unseenAt: form('', {}, fit(4, 1)),
    },
    {
      name: 'folded into a·scale + offset at 24 bits, which cancels under an offset',
      direction: 'forward',
      find: '((at2(a, n, d) - at1(min, d)) / (at1(max, d) - at1(min, d)))',
      replace:
        '(Math.fround(at2(a, n, d) / (at1(max, d) - at1(min, d))) - Math.fround(at1(min, d) / (at1(max, d) - at1(min, d))))',
      unseenAt: form('', {}, fit(4, 1), { x: { values: [1, 3, 6, 11] } }),
    },
  ],
})
