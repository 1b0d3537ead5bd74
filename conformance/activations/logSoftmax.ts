import { either as E, function as F } from 'fp-ts'
import { cutAlong, foldRows, rowOf } from '../../spec/axis.js'
import { whole } from '../../spec/field.js'
import { filled, generate, mapTensor, sumOf, zipTensors } from '../../spec/tensor.js'
import type { Evaluation, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { part } from '../vocabulary/arrange.js'
import { another, at, claim, equal, named, size, unit, within } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import {
  alongTheLastAxis,
  anyLogits,
  axisOf,
  classesInAnyOrder,
  firstOfRow,
  logitCorners,
  logits,
  ofPairs,
  ofRows,
  plainLogits,
  rowsSumTo,
  shifted,
  vanishing,
} from '../vocabulary/rows.js'

// e^y with its error: y's own, and a rounding of the power
const shares = ({ values, slack }: Evaluation): Evaluation => {
  const [y, e] = [named(values, 'y'), named(slack, 'y')]
  return {
    values: { y: mapTensor(Math.exp, y) },
    slack: { y: zipTensors([y, e], (y, e) => Math.exp(y) * (Math.expm1(e) + 2 * unit)) },
  }
}

const sharesOfOne = ofRows('e^y of a row sum to 1, and its gradients to 0', ({ ahead, back }, cut) =>
  E.right([rowsSumTo(1, cut, 'y', shares(ahead)), rowsSumTo(0, cut, 'x', back)]),
)

const notAboveZero = ofRows(
  'never above 0, nor below the distance to the largest logit less the logarithm of the row’s length',
  ({ ahead }, cut, { inputs }) => {
    const x = named(inputs, 'x')
    const most = whole(foldRows(cut, -Infinity, (most, i) => Math.max(most, at(x, i))))
    const lowest = (i: number): number => at(x, i) - at(most, rowOf(cut, i)) - Math.log(cut.extent)
    return E.right([
      within(
        'y',
        ahead,
        (y, i) => Math.min(Math.max(y, lowest(i)), 0),
        (i) => 4 * unit * Math.abs(lowest(i)),
      ),
    ])
  },
)

const differences = ofRows(
  'two classes of a row differ by what their logits differ by',
  ({ ahead: { values, slack } }, cut, { inputs }) => {
    const [x, y, e] = [named(inputs, 'x'), named(values, 'y'), named(slack, 'y')]
    const first = (i: number): number => firstOfRow(cut, i)
    return E.right([
      claim(
        generate(x.shape, (i) => at(y, i) - at(y, first(i))),
        (i) => at(x, i) - at(x, first(i)),
        (i) => at(e, i) + at(e, first(i)) + 2 * unit * (Math.abs(at(y, i)) + Math.abs(at(y, first(i)))),
      ),
    ])
  },
)

const onceIsEnough: Law = {
  name: 'twice is once: logarithms of shares are logits of the same shares',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', ({ once }) => ask('forward', attrs, { x: named(once.values, 'y') })),
      // logits that are each off by e at most move an answer by 2e at most
      E.map(({ once, twice }) => {
        const largest = Array.from(named(once.slack, 'y').data).reduce((a, b) => Math.max(a, b), 0)
        const claim = equal('y', twice, once)
        return [{ ...claim, allowed: mapTensor((e) => e + 2 * largest, claim.allowed) }]
      }),
    ),
}

const pairs = ofPairs(
  'of two classes the first has −log(1 + e^{x₁ − x₀})',
  ['x', 'y'],
  () => ({ attrs: { axis: 1 }, inputs: {} }),
  {
    place: (n) => 2 * n,
    formula: (gap) => -Math.log1p(Math.exp(gap)),
  },
)

const crossEntropy: Law = {
  name: 'the gradient of the row’s own class is 1 − e^y there and −e^y elsewhere',
  claims: (sample, ask, draw) => {
    const x = named(sample.inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('cut', () => cutAlong(axisOf(sample), x.shape)),
      E.let('own', ({ cut }) => {
        const classes = Array.from({ length: cut.outer * cut.inner }, () => draw.integer(0, cut.extent - 1))
        return generate(x.shape, (i) => (Math.floor(i / cut.inner) % cut.extent === classes[rowOf(cut, i)] ? 1 : 0))
      }),
      E.bind('ahead', () => ask('forward', sample.attrs, sample.inputs)),
      E.bind('back', ({ own }) => ask('backward', sample.attrs, sample.inputs, { y: own })),
      E.map(({ own, ahead, back }) => {
        const { values, slack } = shares(ahead)
        return [
          claim(
            named(back.values, 'x'),
            (i) => at(own, i) - at(named(values, 'y'), i),
            (i) => at(named(back.slack, 'x'), i) + at(named(slack, 'y'), i) + unit,
          ),
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
    const mean = (x: typeof dy, i: number): number => {
      const row = Math.floor(i / n)
      return sumOf(part(0, row, row + 1, x).data) / n
    }
    const x = filled([3, n], u)
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', { axis: -1 }, { x })),
      E.bind('back', () => ask('backward', { axis: -1 }, { x }, { y: dy })),
      E.map(({ ahead, back }) => [
        claim(
          named(ahead.values, 'y'),
          () => -Math.log(n),
          (i) => at(named(ahead.slack, 'y'), i) + 2 * unit * Math.log(n),
        ),
        claim(
          named(back.values, 'x'),
          (i) => at(dy, i) - mean(dy, i),
          (i) => at(named(back.slack, 'x'), i) + (n + 2) * unit * mean(size(dy), i) + unit * Math.abs(at(dy, i)),
        ),
      ]),
    )
  },
}

const x = array([0, Math.log(2), Math.log(5)])

export const logSoftmax = questionsAbout('logSoftmax', {
  corners: [
    ...logitCorners,
    logits('shares that vanish in f32, their logarithms do not', [4, 9], vanishing),
    logits('sure: a logarithm next to 0', [8, 3], { values: [9, 0, -3, -1, 12, 0.5, 30, 0, 1] }),
    logits('sums around 2, where the logarithm’s accuracy turns', [16, 2], {
      values: [0, -0.01, 0, 0, 0, -0.001, 0, -0.1],
    }),
    ...plainLogits,
    form('a constant cotangent', {}, { x: [12, 10] }, { dy: { constant: 1 } }),
    form('cotangents that cancel', { axis: 0 }, { x: [10, 12] }, { dy: { values: [1.5, -1.5] } }),
    form('a cotangent under a large mean', {}, { x: [12, 10] }, { dy: { mean: 100, scale: 1 } }),
  ],
  random: anyLogits,
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
      inputs: { x },
      outputs: { y: array([-Math.log(8), -Math.log(4), Math.log(5 / 8)]) },
      source: 'closed form: the logarithms of slide "Softmax"',
    },
    {
      name: 'logits −1, 0 and 1',
      inputs: { x: array([[-1, 0, 1]]) },
      outputs: { y: array([[-2.4076059644443806, -1.4076059644443806, -0.4076059644443804]]) },
      source:
        'ONNX’s example of LogSoftmax, which prints −2.4076061, −1.407606 and −0.407606; more digits from ln(1 + 2·cosh 1)',
    },
    {
      name: '1000 and 1 have 0 and −999, where the logarithm of the softmax would have −∞',
      attrs: { axis: 0 },
      inputs: { x: array([1000, 1]) },
      outputs: { y: array([0, -999]) },
      source: 'the example in SciPy’s documentation of log_softmax',
    },
    {
      name: 'a pull of 8 at shares 1/8, 2/8 and 5/8: 8·(1 − y) at its own class, −8·y′ at the others',
      inputs: { x },
      cotangents: { y: array([8, 0, 0]) },
      outputs: { x: array([7, -2, -5]) },
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
})
