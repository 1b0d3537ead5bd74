import { either as E, function as F } from 'fp-ts'
import { cutAlong, rowOf } from '../../spec/axis.js'
import { filled, generate, mapTensor, zipTensors } from '../../spec/tensor.js'
import type { Tensor } from '../../spec/tensor.js'
import { another, equal, named } from '../laws.js'
import type { Evaluation, Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import { alongTheLastAxis, at, axisOf, classesInAnyOrder, rowCorners, rowsSumTo, shifted, unit } from './rowLaws.js'

// e^y with its error: y's own, and a rounding of the power
const shares = ({ values, slack }: Evaluation): Evaluation => {
  const [y, e] = [named(values, 'y'), named(slack, 'y')]
  return {
    values: { y: mapTensor(Math.exp, y) },
    slack: { y: zipTensors([y, e], (y, e) => Math.exp(y) * (Math.expm1(e) + 2 * unit)) },
  }
}

const sharesOfOne: Law = {
  name: 'e^y of a row sum to 1, and its gradients to 0',
  claims: (sample, ask) =>
    F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', sample.attrs, sample.inputs)),
      E.bind('dx', () => ask('backward', sample.attrs, sample.inputs, sample.cotangents)),
      E.bind('ones', ({ y }) => rowsSumTo(1, axisOf(sample), 'y', shares(y))),
      E.bind('zeros', ({ dx }) => rowsSumTo(0, axisOf(sample), 'x', dx)),
      E.map(({ ones, zeros }) => [ones, zeros]),
    ),
}

const notAboveZero: Law = {
  name: 'never above 0, nor below the distance to the largest logit less the logarithm of the row’s length',
  claims: (sample, ask) => {
    const x = named(sample.inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), x.shape)),
      E.bind('answer', () => ask('forward', sample.attrs, sample.inputs)),
      E.map(({ cut, answer: { values, slack } }) => {
        const y = named(values, 'y')
        const row = (i: number): readonly number[] => {
          const first = i - (Math.floor(i / cut.inner) % cut.extent) * cut.inner
          return Array.from({ length: cut.extent }, (_, j) => at(x.data, first + j * cut.inner))
        }
        const lowest = generate(
          x.shape,
          (i) => at(x.data, i) - row(i).reduce((a, b) => Math.max(a, b)) - Math.log(cut.extent),
        )
        return [
          {
            got: y,
            want: zipTensors([y, lowest], (y, lowest) => Math.min(Math.max(y, lowest), 0)),
            allowed: zipTensors([named(slack, 'y'), lowest], (e, lowest) => e + 4 * unit * Math.abs(lowest)),
          },
        ]
      }),
    )
  },
}

const differences: Law = {
  name: 'two classes of a row differ by what their logits differ by',
  claims: (sample, ask) => {
    const x = named(sample.inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), x.shape)),
      E.bind('answer', () => ask('forward', sample.attrs, sample.inputs)),
      E.map(({ cut, answer: { values, slack } }) => {
        const [y, e] = [named(values, 'y'), named(slack, 'y')]
        const first = (i: number): number => i - (Math.floor(i / cut.inner) % cut.extent) * cut.inner
        return [
          {
            got: generate(x.shape, (i) => at(y.data, i) - at(y.data, first(i))),
            want: generate(x.shape, (i) => at(x.data, i) - at(x.data, first(i))),
            allowed: generate(
              x.shape,
              (i) =>
                at(e.data, i) +
                at(e.data, first(i)) +
                2 * unit * (Math.abs(at(y.data, i)) + Math.abs(at(y.data, first(i)))),
            ),
          },
        ]
      }),
    )
  },
}

const onceIsEnough: Law = {
  name: 'twice is once: logarithms of shares are logits of the same shares',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', ({ once }) => ask('forward', attrs, { x: named(once.values, 'y') })),
      // logits that are each off by e at most move an answer by 2e at most
      E.map(({ once, twice }) => {
        const most = named(once.slack, 'y').data
        const largest = Array.from({ length: most.length }, (_, i) => at(most, i)).reduce((a, b) => Math.max(a, b), 0)
        const claim = equal('y', twice, once)
        return [{ ...claim, allowed: mapTensor((e) => e + 2 * largest, claim.allowed) }]
      }),
    ),
}

const pairs: Law = {
  name: 'of two classes the first has −log(1 + e^{x₁ − x₀})',
  claims: (_, ask, draw) => {
    const x = another(draw, [12, 2])
    const gap = (n: number): number => at(x.data, 2 * n + 1) - at(x.data, 2 * n)
    return F.pipe(
      ask('forward', { axis: 1 }, { x }),
      E.map(({ values, slack }) => [
        {
          got: generate([12], (n) => at(named(values, 'y').data, 2 * n)),
          want: generate([12], (n) => -Math.log1p(Math.exp(gap(n)))),
          // e^gap errs by a rounding or two and by the gap's own; log1p is at least as well conditioned
          allowed: generate(
            [12],
            (n) => at(named(slack, 'y').data, 2 * n) + (4 + Math.abs(gap(n))) * unit * Math.log1p(Math.exp(gap(n))),
          ),
        },
      ]),
    )
  },
}

const crossEntropy: Law = {
  name: 'the gradient of the row’s own class is 1 − e^y there and −e^y elsewhere',
  claims: (sample, ask, draw) => {
    const x = named(sample.inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), x.shape)),
      E.bind('own', ({ cut }) => {
        const classes = Array.from({ length: cut.outer * cut.inner }, () => draw.integer(0, cut.extent - 1))
        return E.right(
          generate(x.shape, (i) => (Math.floor(i / cut.inner) % cut.extent === classes[rowOf(cut, i)] ? 1 : 0)),
        )
      }),
      E.bind('ahead', () => ask('forward', sample.attrs, sample.inputs)),
      E.bind('back', ({ own }) => ask('backward', sample.attrs, sample.inputs, { y: own })),
      E.map(({ own, ahead, back }) => {
        const { values, slack } = shares(ahead)
        return [
          {
            got: named(back.values, 'x'),
            want: zipTensors([own, named(values, 'y')], (one, share) => one - share),
            allowed: zipTensors([named(back.slack, 'x'), named(slack, 'y')], (a, b) => a + b + unit),
          },
        ]
      }),
    )
  },
}

const uniform: Law = {
  name: 'equal logits have −log n, and pull each class by its cotangent less the mean',
  claims: (_, ask, draw) => {
    const [n, u] = [draw.integer(1, 40), draw.integer(-8, 8)]
    const dy = another(draw, [3, n])
    const sums = Array.from({ length: 3 }, (_, row) =>
      Array.from({ length: n }, (_, j) => at(dy.data, row * n + j)).reduce((a, b) => a + b),
    )
    const sizes = (row: number): number =>
      Array.from({ length: n }, (_, j) => Math.abs(at(dy.data, row * n + j))).reduce((a, b) => a + b)
    const x: Tensor = filled([3, n], u)
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', { axis: -1 }, { x })),
      E.bind('back', () => ask('backward', { axis: -1 }, { x }, { y: dy })),
      E.map(({ ahead, back }) => [
        {
          got: named(ahead.values, 'y'),
          want: filled([3, n], -Math.log(n)),
          allowed: mapTensor((e) => e + 2 * unit * Math.log(n), named(ahead.slack, 'y')),
        },
        {
          got: named(back.values, 'x'),
          want: generate([3, n], (i) => at(dy.data, i) - (sums[Math.floor(i / n)] as number) / n),
          allowed: generate(
            [3, n],
            (i) =>
              at(named(back.slack, 'x').data, i) +
              (n + 2) * unit * (sizes(Math.floor(i / n)) / n) +
              unit * Math.abs(at(dy.data, i)),
          ),
        },
      ]),
    )
  },
}

export const logSoftmax: Questions = {
  corners: [
    ...rowCorners,
    form('more than one row of workgroups', { axis: 0 }, { x: [64, 65537] }),
    form('all equal', {}, { x: [3, 10] }, { x: { constant: 3 } }),
    form('two classes', {}, { x: [40, 2] }),
    form('rows of one class', { axis: 1 }, { x: [65, 1] }, { x: 'wide' }),
    form('logits of ±10,000', {}, { x: [16, 7] }, { x: { mean: 0, scale: 1e4 } }),
    form('10,000 and its neighbours', {}, { x: [16, 7] }, { x: { mean: 1e4, scale: 1 } }),
    form('−10,000 and its neighbours', { axis: 0 }, { x: [16, 7] }, { x: { mean: -1e4, scale: 1 } }),
    form('saturated', {}, { x: [16, 8] }, { x: 'saturated' }),
    form('saturated, two classes', {}, { x: [128, 2] }, { x: 'saturated' }),
    form(
      'shares that vanish in f32, their logarithms do not',
      {},
      { x: [4, 9] },
      { x: { values: [0, -1, -50, -80, -87, -88, -103, -104, -105, -1000, 0.5] } },
    ),
    form('sure: a logarithm next to 0', {}, { x: [8, 3] }, { x: { values: [9, 0, -3, -1, 12, 0.5, 30, 0, 1] } }),
    form(
      'sums around 2, where the logarithm’s accuracy turns',
      {},
      { x: [16, 2] },
      {
        x: { values: [0, -0.01, 0, 0, 0, -0.001, 0, -0.1] },
      },
    ),
    form('wide logits, long rows', {}, { x: [4, 1000] }, { x: 'wide' }),
    form('small logits', {}, { x: [5, 20] }, { x: 'small' }),
    form('ties', {}, { x: [20, 6] }, { x: 'ties' }),
    form('a cotangent of one class', {}, { x: [12, 10] }, { dy: 'oneHot' }),
    form('a constant cotangent', {}, { x: [12, 10] }, { dy: { constant: 1 } }),
    form('cotangents that cancel', { axis: 0 }, { x: [10, 12] }, { dy: { values: [1.5, -1.5] } }),
    form('a cotangent under a large mean', {}, { x: [12, 10] }, { dy: { mean: 100, scale: 1 } }),
  ],
  random: (draw) => {
    const rank = draw.integer(0, 4)
    return {
      attrs: { axis: draw.integer(-Math.max(rank, 1), Math.max(rank, 1) - 1) },
      shapes: { x: Array.from({ length: rank }, () => draw.integer(1, 6)) },
      fills: { x: draw.pick(['normal', 'wide', 'small', 'ties', { mean: 0, scale: 100 }]) },
    }
  },
  laws: [
    sharesOfOne,
    notAboveZero,
    shifted,
    differences,
    onceIsEnough,
    pairs,
    crossEntropy,
    uniform,
    classesInAnyOrder,
    alongTheLastAxis,
  ],
  worked: [
    {
      name: 'logits 0, ln 2 and ln 5 have shares 1/8, 2/8 and 5/8, whose logarithms these are',
      direction: 'forward',
      attrs: { axis: -1 },
      inputs: { x: { shape: [3], data: [0, Math.log(2), Math.log(5)] } },
      outputs: { y: { shape: [3], data: [-Math.log(8), -Math.log(4), Math.log(5 / 8)] } },
      source: 'closed form: the logarithms of slide "Softmax"',
    },
    {
      name: 'logits −1, 0 and 1',
      direction: 'forward',
      attrs: { axis: -1 },
      inputs: { x: { shape: [1, 3], data: [-1, 0, 1] } },
      outputs: { y: { shape: [1, 3], data: [-2.4076059644443806, -1.4076059644443806, -0.4076059644443804] } },
      source:
        'ONNX’s example of LogSoftmax, which prints −2.4076061, −1.407606 and −0.407606; more digits from ln(1 + 2·cosh 1)',
    },
    {
      name: '1000 and 1 have 0 and −999, where the logarithm of the softmax would have −∞',
      direction: 'forward',
      attrs: { axis: 0 },
      inputs: { x: { shape: [2], data: [1000, 1] } },
      outputs: { y: { shape: [2], data: [0, -999] } },
      source: 'the example in SciPy’s documentation of log_softmax',
    },
    {
      name: 'a pull of 8 at shares 1/8, 2/8 and 5/8: 8·(1 − y) at its own class, −8·y′ at the others',
      direction: 'backward',
      attrs: { axis: -1 },
      inputs: { x: { shape: [3], data: [0, Math.log(2), Math.log(5)] } },
      cotangents: { y: { shape: [3], data: [8, 0, 0] } },
      outputs: { x: { shape: [3], data: [7, -2, -5] } },
      source: 'by hand: ∂yᵢ/∂xⱼ = (i = j) − e^{yⱼ}',
    },
  ],
  faults: [
    {
      name: 'no maximum subtracted',
      direction: 'forward',
      find: 'at3(rows, o, i, k) - at2(most, o, k)',
      replace: 'at3(rows, o, i, k)',
      unseenAt: form('', {}, { x: [3, 5] }),
    },
    {
      name: 'the logarithm of the softmax, share by share',
      direction: 'forward',
      find: 'at3(z, o, i, k) - at2(logSums, o, k)',
      replace: 'Math.log(Math.exp(at3(z, o, i, k)) / Math.exp(at2(logSums, o, k)))',
      unseenAt: form('', {}, { x: [3, 5] }),
    },
    {
      name: 'a guard of 10⁻⁵ in the logarithm',
      direction: 'forward',
      find: 'Math.log(sum1(extent, (j) => Math.exp(at3(z, o, j, k))))',
      replace: 'Math.log(sum1(extent, (j) => Math.exp(at3(z, o, j, k))) + 1e-5)',
      unseenAt: form('', {}, { x: [3, 5] }),
    },
    {
      name: 'last class left out of the sum',
      direction: 'forward',
      find: 'sum1(extent, (j) => Math.exp',
      replace: 'sum1(extent - 1, (j) => Math.exp',
      unseenAt: form('', {}, { x: [2, 3] }, { x: { values: [20, 18, 0] } }),
    },
    {
      name: 'logarithms to base 2',
      direction: 'forward',
      find: 'Math.log(sum1',
      replace: 'Math.log2(sum1',
      unseenAt: form('', {}, { x: [4, 1] }),
    },
    {
      name: 'another axis: the two innermost exchanged',
      direction: 'forward',
      find: 'reshaped([outer, extent, inner], x)',
      replace: 'reshaped([outer, inner, extent], x)',
      unseenAt: form('', { axis: 0 }, { x: [3, 3] }, { x: { constant: 1 } }),
    },
    {
      name: 'the sum of the first row for all',
      direction: 'forward',
      find: 'at2(logSums, o, k)',
      replace: 'at2(logSums, 0, k)',
      unseenAt: form('', {}, { x: [4] }),
    },
    { name: 'sign of the pull', direction: 'backward', find: '- Math.exp(at3(y', replace: '+ Math.exp(at3(y' },
    {
      name: 'the softmax’s own gradient: a weighted mean',
      direction: 'backward',
      find: 'sum1(extent, (j) => at3(dy, o, j, k))',
      replace: 'sum1(extent, (j) => Math.exp(at3(y, o, j, k)) * at3(dy, o, j, k))',
      unseenAt: form('', {}, { x: [4, 1] }),
    },
    {
      name: 'shares taken for their logarithms',
      direction: 'backward',
      find: 'Math.exp(at3(y, o, i, k))',
      replace: 'at3(y, o, i, k)',
    },
    {
      name: 'the mean in place of the sum',
      direction: 'backward',
      find: '* at2(pull, o, k)',
      replace: '* at2(pull, o, k) / extent',
      unseenAt: form('', {}, { x: [2, 4] }, { dy: { values: [1, -1] } }),
    },
    {
      name: 'last class left out of the pull',
      direction: 'backward',
      find: 'sum1(extent, (j) => at3(dy',
      replace: 'sum1(extent - 1, (j) => at3(dy',
      unseenAt: form('', {}, { x: [2, 3] }, { dy: { values: [1, -2, 0] } }),
    },
    {
      name: 'cotangent of the class forgotten',
      direction: 'backward',
      find: 'at3(dy, o, i, k) - Math.exp',
      replace: '- Math.exp',
    },
  ],
}
