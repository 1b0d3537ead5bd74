import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensor, scalar, zeros } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { another, answersTo, at, claim, dot, equal, exactly, named, sixteenths } from '../vocabulary/claims.js'
import { anyKink } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { batchSplits, linearIn } from '../vocabulary/laws.js'
import {
  alikeCost,
  fillsFor,
  anyRows,
  classesInAnyOrder,
  everyReduction,
  gradientsBalance,
  manyClasses,
  pairOf,
  reductions,
  unreduced,
} from '../vocabulary/losses.js'

const rows = pairOf('scores')
const against = fillsFor('scores')
const hot = against('oneHot')
const ties = against('oneHot', 'ties')

// in sixteenths of a number below 2⁷ every margin is exact
const shifted: Law = {
  name: 'a number added to every score changes nothing, forward or backward',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const scores = sixteenths(named(inputs, 'scores'))
    const less = mapTensor((s) => s - 5, scores)
    return F.pipe(
      E.Do,
      E.bind('before', () => answersTo(ask, { attrs, inputs: { ...inputs, scores }, cotangents })),
      E.bind('after', () => answersTo(ask, { attrs, inputs: { ...inputs, scores: less }, cotangents })),
      E.map(({ before, after }) => [
        equal('loss', after.ahead, before.ahead),
        equal('scores', after.back, before.back),
      ]),
    )
  },
}

const beyondTheMargin: Law = unreduced({
  name: 'a class ahead of all others by the margin costs nothing and is not pulled, at the corner either',
  claims: ({ attrs: given, inputs }, ask, draw) => {
    const attrs = { ...given, kink: draw.pick(['catalogue', 'left']) }
    const shape = named(inputs, 'scores').shape as readonly [number, number]
    const [N, C] = shape
    const classes = Array.from({ length: N }, () => draw.integer(0, C - 1))
    const isHeld = (i: number): boolean => classes[Math.floor(i / C)] === i % C
    const target = generate(shape, (i) => (isHeld(i) ? 1 : 0))
    // some of the others are behind by 1 exactly
    const scores = generate(shape, (i) => (isHeld(i) ? 3 : 2 - draw.integer(0, 2)))
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, { scores, target })),
      E.bind('back', () => ask('backward', attrs, { scores, target }, { loss: filled([N], 1) })),
      E.map(({ ahead, back }) => [
        exactly(named(ahead.values, 'loss'), zeros([N])),
        exactly(named(back.values, 'scores'), zeros(shape)),
      ]),
    )
  },
})

const equalScores = alikeCost(
  'equal scores cost the margin for each other class and each unit of target',
  ['scores', 0.7],
  (C) => C - 1,
  1,
)

const twoClasses: Law = unreduced({
  name: 'of two classes, the second costs its margin’s shortfall, and the slope is 1 in it',
  claims: ({ attrs: given }, ask, draw) => {
    const attrs = { ...given, kink: 'catalogue' }
    const scores = sixteenths(another(draw, [16, 2]))
    const target = generate([16, 2], (i) => i % 2)
    const short = (n: number): number => 1 - (at(scores, 2 * n + 1) - at(scores, 2 * n))
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, { scores, target })),
      E.bind('back', () => ask('backward', attrs, { scores, target }, { loss: filled([16], 1) })),
      E.map(({ ahead, back }) => [
        claim(
          named(ahead.values, 'loss'),
          (n) => Math.max(0, short(n)),
          () => 0,
        ),
        claim(
          named(back.values, 'scores'),
          (i) => (short(Math.floor(i / 2)) > 0 ? (i % 2 === 0 ? 1 : -1) : 0),
          () => 0,
        ),
      ]),
    )
  },
})

const atTheCorner: Law = unreduced({
  name: 'a margin of 0 pulls nowhere, but with the slope on its right as one that is short does',
  claims: ({ attrs }, ask, draw) => {
    const [N, C] = [8, 5]
    const classes = Array.from({ length: N }, () => draw.integer(0, C - 1))
    const held = (n: number): number => classes[n] as number
    // whole scores, of which many are behind by 1 exactly
    const scores = generate([N, C], () => draw.integer(0, 2))
    const target = generate([N, C], (i) => (held(Math.floor(i / C)) === i % C ? 1 : 0))
    const slope = (kink: string, n: number, j: number): number => {
      const behind = at(scores, n * C + held(n)) - at(scores, n * C + j)
      return j !== held(n) && (behind < 1 || (behind === 1 && kink === 'right')) ? 1 : 0
    }
    return E.sequenceArray(
      ['catalogue', 'left', 'right'].map((kink) =>
        F.pipe(
          ask('backward', { ...attrs, kink }, { scores, target }, { loss: filled([N], 1) }),
          E.map(({ values }) => {
            const want = generate([N, C], (i) => {
              const [n, j] = [Math.floor(i / C), i % C]
              const all = Array.from({ length: C }, (_, k) => slope(kink, n, k)).reduce((a, b) => a + b, 0)
              return j === held(n) ? -all : slope(kink, n, j)
            })
            return exactly(named(values, 'scores'), want)
          }),
        ),
      ),
    )
  },
})

const linearBetweenCorners: Law = {
  name: 'the cost is the scores along their gradient, and 1 for each margin that is short',
  claims: ({ inputs }, ask, draw) => {
    const scores = sixteenths(named(inputs, 'scores'))
    const [N, C] = scores.shape as readonly [number, number]
    const target = generate([N, C], (i) => (draw.integer(0, C - 1) === i % C ? 1 : 0))
    const given = { scores, target }
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', { reduction: 'sum' }, given)),
      E.bind('back', () => ask('backward', { reduction: 'sum' }, given, { loss: scalar(1) })),
      E.map(({ ahead, back }) => {
        const short = Array.from({ length: N * C }, (_, i) => i)
          .filter((i) => at(target, i) === 1)
          .reduce((sum, i) => {
            const n = Math.floor(i / C)
            const others = Array.from({ length: C }, (_, j) => n * C + j).filter((j) => j !== i)
            return sum + others.filter((j) => at(scores, j) - at(scores, i) > -1).length
          }, 0)
        const along = dot(scores, named(back.values, 'scores'))
        return [exactly(named(ahead.values, 'loss'), scalar(along + short))]
      }),
    )
  },
}

const catCarFrog = {
  scores: { shape: [3, 3], data: [3.2, 5.1, -1.7, 1.3, 4.9, 2.0, 2.2, 2.5, -3.1] },
  target: { shape: [3, 3], data: [1, 0, 0, 0, 1, 0, 0, 0, 1] },
}

export const hinge = questionsAbout('hinge', {
  corners: [
    form('one row, one class', {}, rows(1, 1), hot),
    form('one class', { reduction: 'none' }, rows(6, 1), hot),
    form('one row', {}, rows(1, 10), hot),
    form('two classes', { reduction: 'none' }, rows(9, 2), hot),
    ...(['left', 'right'] as const).flatMap((kink) => [
      form(`whole scores: margins at the corner, kink ${kink}`, { kink, reduction: 'none' }, rows(8, 9), ties),
      form(`weights and whole scores, kink ${kink}`, { kink }, rows(7, 8), against('fraction', 'ties')),
      form(`no margin at the corner, kink ${kink}`, { kink, reduction: 'sum' }, rows(6, 7), hot),
    ]),
    ...everyReduction.flatMap((reduction) => [
      form(`one-hot targets, ${reduction}`, { reduction }, rows(9, 7), hot),
      form(`whole scores: margins at the corner, ${reduction}`, { reduction }, rows(7, 9), ties),
      form(`weights for targets, ${reduction}`, { reduction }, rows(7, 9), against('fraction')),
      form(`weights with zeros among them, ${reduction}`, { reduction }, rows(8, 11), against('distribution')),
      form(`scores of up to ±10³⁰, ${reduction}`, { reduction }, rows(9, 5), against('oneHot', 'saturated')),
    ]),
    form('weights and whole scores', { reduction: 'none' }, rows(9, 8), against('fraction', 'ties')),
    form('targets of either sign', { reduction: 'none' }, rows(5, 8), against('normal')),
    form('targets of zero cost nothing', {}, rows(5, 8), against({ constant: 0 })),
    form('all targets one', { reduction: 'none' }, rows(5, 8), against({ constant: 1 })),
    form('equal scores', { reduction: 'none' }, rows(5, 8), against('oneHot', { constant: 2.5 })),
    form('scores near the corner', { reduction: 'none' }, rows(9, 8), {
      scores: { values: [0.1, 1.1, 2.1, 0.10000001, 1.0999999, 0.3, 1.3, 7.7, 8.7] },
      target: 'oneHot',
    }),
    form('all beyond the margin', { reduction: 'none' }, rows(6, 4), {
      scores: { values: [5, 1, -2, 0.5] },
      target: { values: [1, 0, 0, 0] },
    }),
    form('small scores', {}, rows(6, 7), against('oneHot', 'small')),
    form('wide scores', {}, rows(6, 7), against('oneHot', 'wide')),
    ...manyClasses(rows, {
      hot,
      soft: hot,
      weights: hot,
      rowByRow: hot,
      more: [form('1000 classes by weight', { reduction: 'none' }, rows(2, 1000), against('distribution', 'wide'))],
    }),
  ],
  random: (draw) => {
    const drawn = anyRows(rows, {
      scores: ['normal', 'wide', 'small', 'ties'],
      target: ['oneHot', 'oneHot', 'oneHot', 'distribution', 'fraction'],
    })(draw)
    return { ...drawn, attrs: { ...drawn.attrs, ...anyKink(draw) } }
  },
  laws: [
    reductions('scores'),
    linearIn('target'),
    unreduced(batchSplits(['scores', 'target'], 'loss')),
    classesInAnyOrder('scores'),
    shifted,
    gradientsBalance('the gradient of a row sums to nothing: no shift of its scores pays', 'scores', sixteenths),
    beyondTheMargin,
    atTheCorner,
    equalScores,
    twoClasses,
    linearBetweenCorners,
  ],
  worked: [
    {
      name: 'cat, car and frog cost 2.9, 0 and 12.9, 5.27 on average',
      attrs: { reduction: 'mean' },
      inputs: catCarFrog,
      outputs: { loss: array(15.8 / 3) },
      source: 'Stanford CS231n, lecture 3, "Multiclass SVM loss"',
    },
    {
      name: 'cat, car and frog, row by row',
      attrs: { reduction: 'none' },
      inputs: catCarFrog,
      outputs: { loss: array([2.9, 0, 12.9]) },
      source: 'Stanford CS231n, lecture 3, "Multiclass SVM loss"',
    },
    {
      name: 'each short margin pulls its class down by one and its target up by one; a margin of 0 pulls nowhere',
      attrs: { reduction: 'mean' },
      inputs: {
        scores: { shape: [2, 4], data: [2, 1, 1.5, 4, 0, 0, 0, 0] },
        target: { shape: [2, 4], data: [1, 0, 0, 0, 0, 0, 1, 0] },
      },
      cotangents: { loss: array(2) },
      outputs: { scores: { shape: [2, 4], data: [-2, 0, 1, 1, 1, 1, -3, 1] } },
      source: slide('Transfer learning'),
    },
    {
      name: 'with the slope on the right of the corner a margin of 0 pulls as the short ones do',
      attrs: { reduction: 'mean', kink: 'right' },
      inputs: {
        scores: { shape: [2, 4], data: [2, 1, 1.5, 4, 0, 0, 0, 0] },
        target: { shape: [2, 4], data: [1, 0, 0, 0, 0, 0, 1, 0] },
      },
      cotangents: { loss: array(2) },
      outputs: { scores: { shape: [2, 4], data: [-3, 1, 1, 1, 1, 1, -3, 1] } },
      source: `${slide('Transfer learning')}; by hand`,
    },
    {
      name: 'a target of two halves costs half of either',
      attrs: { reduction: 'none' },
      inputs: {
        scores: { shape: [1, 3], data: [2, 1, 0.5] },
        target: { shape: [1, 3], data: [0.5, 0.5, 0] },
      },
      // of the first 0 + 0, of the second 2 + ½
      outputs: { loss: array([1.25]) },
      source: 'by hand',
    },
  ],
  faults: [
    {
      name: 'the class itself not left out',
      direction: 'forward',
      find: 'j === c ? 0 :',
      replace: 'j === -1 ? 0 :',
    },
    { name: 'sign of the margin', direction: 'forward', find: '1 + (at2', replace: '-1 + (at2' },
    { name: 'no margin, as a perceptron', direction: 'forward', find: '1 + (at2', replace: '(at2' },
    {
      name: 'the scores exchanged',
      direction: 'forward',
      find: 'at2(s, n, j) - at2(s, n, c)',
      replace: 'at2(s, n, c) - at2(s, n, j)',
      unseenAt: form('', {}, rows(4, 3), against('oneHot', { constant: 1 })),
    },
    {
      name: 'squared',
      direction: 'forward',
      find: 'Math.max(0, margin(s, n, j, c))',
      replace: 'Math.max(0, margin(s, n, j, c)) ** 2',
      unseenAt: form('', {}, rows(4, 3), against('oneHot', { constant: 1 })),
    },
    {
      name: 'divided by the number of classes, as PyTorch does',
      direction: 'forward',
      find: 'total(each) / N',
      replace: 'total(each) / N / C',
      unseenAt: form('', {}, rows(4, 1), hot),
    },
    {
      name: 'sum in place of mean',
      direction: 'forward',
      find: 'total(each) / N',
      replace: 'total(each)',
      unseenAt: form('', {}, rows(1, 4), hot),
    },
    {
      name: 'the worst class only, as Keras does',
      direction: 'forward',
      find: 'sum1(C, (j) => (j === c ? 0 : at2(t, n, c) * Math.max(0, margin(s, n, j, c))))',
      replace:
        'at2(t, n, c) * Array.from({ length: C }, (_, j) => (j === c ? 0 : Math.max(0, margin(s, n, j, c)))).reduce((a, b) => Math.max(a, b))',
      unseenAt: form('', {}, rows(4, 2), hot),
    },
    {
      name: 'the weight of the target forgotten',
      direction: 'forward',
      find: 'at2(t, n, c) * Math.max(0',
      replace: 'Math.max(0',
      unseenAt: form('', {}, rows(4, 3), hot),
    },
    {
      name: 'a slope of 1 at the corner',
      direction: 'backward',
      find: "kink === 'right' && m === 0",
      replace: 'm === 0',
      unseenAt: form('', {}, rows(4, 3), hot),
    },
    {
      name: 'a slope of 0 at the corner, whichever is asked for',
      direction: 'backward',
      find: "kink === 'right' && m === 0",
      replace: 'false',
      unseenAt: form('', { kink: 'right' }, rows(4, 3), hot),
    },
    {
      name: 'the target not pulled',
      direction: 'backward',
      find: 'up - down',
      replace: 'up',
    },
    { name: 'the target pulled the other way', direction: 'backward', find: 'up - down', replace: 'up + down' },
    {
      name: 'the target pulled once, however many margins are short',
      direction: 'backward',
      find: 'sum1(C, (k) => slope(n, k, j))',
      replace: 'Math.min(1, sum1(C, (k) => slope(n, k, j)))',
      unseenAt: form('', {}, rows(4, 2), hot),
    },
    {
      name: 'missing 1/N',
      direction: 'backward',
      find: "'mean' ? N : 1",
      replace: "'mean' ? 1 : 1",
      unseenAt: form('', {}, rows(1, 4), hot),
    },
    {
      name: 'the first row’s cotangent for all',
      direction: 'backward',
      find: "'none' ? n : 0",
      replace: "'none' ? 0 : 0",
      unseenAt: form('', {}, rows(4, 3), hot),
    },
  ],
})
