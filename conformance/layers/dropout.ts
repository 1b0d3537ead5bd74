import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import { slide } from '../../spec/op.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { filled, generate, sumOf } from '../../spec/tensor.js'
import type { Form } from '../form.js'
import type { Ask, Claim, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { joined } from '../vocabulary/arrange.js'
import { answersTo, at, claim, equals, exactly, named, numbersAgree, unit } from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { elementwiseCorners } from '../vocabulary/elementwise.js'
import { array } from '../vocabulary/examples.js'
import { adjointIn, linearIn, ofAnswer, ofAnswers } from '../vocabulary/laws.js'

const largestWord = 2 ** 32 - 1

// ---- laws of chance ----------------------------------------------------------------------------------------------

/**
 * Hoeffding's inequality: the mean of n independent numbers from 0 to 1 is further from its expectation than this with a
 * probability of at most δ = 10⁻¹²: √(ln(2/δ)/2n). The threshold ⌈keep·2³²⌉ is off by less than one word in 2³².
 */
const chance = (n: number): number => Math.sqrt(Math.log(2e12) / (2 * n)) + 2 ** -31

const n = 2 ** 14
const ones = filled([n], 1)
const enough = 4

/** Which of n elements are kept. */
const kept = (attrs: Attributes, ask: Ask) =>
  F.pipe(
    ask('forward', attrs, { x: ones }),
    E.map(({ values }) => Array.from({ length: n }, (_, i) => at(named(values, 'y'), i) !== 0)),
  )

const shareIs = (count: number, of: number, want: number): Claim => numbersAgree(count / of, want, chance(of))

const meanKept: Law = {
  ...ofAnswer(
    'the expected value is kept: ones have the mean 1, and a share of keep is not 0',
    ({ values }, { attrs }) => {
      const keep = attrs['keep'] as number
      const y = Array.from(named(values, 'y').data)
      return [
        // a mean of numbers from 0 to 1/keep
        numbersAgree(sumOf(y) / n, 1, chance(n) / keep + n * unit),
        shareIs(y.filter((v) => v !== 0).length, n, keep),
      ]
    },
    () => ({ inputs: { x: ones } }),
  ),
  enough,
}

/** Two masks are independent: both keep an element with probability keep². */
const independent = (name: string, change: (attrs: Attributes) => Attributes): Law => ({
  name,
  enough,
  claims: ({ attrs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('one', () => kept(attrs, ask)),
      E.bind('other', () => kept(change(attrs), ask)),
      E.map(({ one, other }) => [
        shareIs(one.filter((is, i) => is && other[i]).length, n, (attrs['keep'] as number) ** 2),
      ]),
    ),
})

const neighbours: Law = {
  name: 'neighbours are independent, those of one block and those across two',
  enough,
  claims: ({ attrs }, ask) =>
    F.pipe(
      kept(attrs, ask),
      E.map((is) =>
        // pairs that share no element: of the words 0 and 1, and of 3 and the next block's 0
        [0, 3].map((word) => {
          const firsts = Array.from({ length: n / 4 - 1 }, (_, block) => 4 * block + word)
          return shareIs(firsts.filter((i) => is[i] && is[i + 1]).length, n / 4 - 1, (attrs['keep'] as number) ** 2)
        }),
      ),
    ),
}

// another word, anywhere among them
const next = (word: unknown): number => ((word as number) + 0x9e3779b9) % 2 ** 32

// ---- laws of the mask --------------------------------------------------------------------------------------------

const nothingDropped = ofAnswers(
  'keep = 1 is the identity, forward and backward',
  ({ ahead, back }, { inputs, cotangents }) => [
    exactly(named(ahead.values, 'y'), named(inputs, 'x')),
    exactly(named(back.values, 'x'), named(cotangents, 'y')),
  ],
  ({ attrs }) => ({ attrs: { ...attrs, keep: 1 } }),
)

const droppedOrScaled: Law = {
  name: 'an element is 0 or x/keep, and backward drops the ones that forward drops',
  claims: (sample, ask) => {
    const { attrs, inputs, cotangents } = sample
    const keep = attrs['keep'] as number
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('mask', () => ask('forward', attrs, { x: filled(x.shape, 1) })),
      E.bind('answers', () => answersTo(ask, sample)),
      E.map(({ mask, answers: { ahead, back } }) => {
        const through = (v: Tensor): Tensor =>
          generate(v.shape, (i) => (at(named(mask.values, 'y'), i) === 0 ? 0 : at(v, i) / keep))
        return [equals('y', ahead, through(x)), equals('x', back, through(named(cotangents, 'y')))]
      }),
    )
  },
}

const byPosition: Law = {
  name: 'the mask knows the position in memory alone: not the shape, nor what comes after',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const longer = joined({ shape: [x.data.length], data: x.data }, filled([7], 1))
    return F.pipe(
      E.Do,
      E.bind('given', () => ask('forward', attrs, inputs)),
      E.bind('flat', () => ask('forward', attrs, { x: longer })),
      E.map(({ given, flat }) => [
        claim(
          named(given.values, 'y'),
          (i) => at(named(flat.values, 'y'), i),
          () => 0,
        ),
      ]),
    )
  },
}

// ---- cases -------------------------------------------------------------------------------------------------------

const key = [0x243f6a88, 0x85a308d3] as const
const some = { key, step: 3, stream: 2 }

const of = (name: string, attrs: Form['attrs'], x: readonly number[], fills: Form['fills'] = {}): Form =>
  form(name, { key, ...attrs }, { x }, fills)

/**
 * Words that lie where a threshold could be taken wrongly, found by trying keys: word 25 of the key 60629274 is
 * ⌊keep·2³²⌋ = 2147484 for the keep that follows, so it is kept by ⌈keep·2³²⌉ only; word 9 of 337206 is 2147551, which
 * its upper 24 bits would keep; word 6 of 616 is a threshold itself, of 20 bits, and not below it; word 61 of 39896521
 * is 2³² − 1, which keep = 1 keeps.
 */
const rare = 0.00050000014016404748
const edges = {
  ceiling: of('a word just below the threshold’s ceiling', { keep: rare, key: [60629274, 0] }, [26]),
  upperBits: of('a word just above the threshold', { keep: rare, key: [337206, 0] }, [10]),
  threshold: of('a word that is the threshold', { keep: 2105499648 / 2 ** 32, key: [616, 0] }, [7]),
  largest: of('the largest word, all kept', { keep: 1, key: [39896521, 0] }, [62]),
} as const

const inPython = 'Philox4x32-10 in Python, held by Random123’s known answers'

/** What an edge makes of ones: 1/keep where it keeps. */
const ofOnes = (name: string, { attrs, shapes }: Form, kept: (i: number) => boolean) => {
  const { keep, key } = attrs as { readonly keep: number; readonly key: readonly [number, number] }
  const x = filled(shapes['x'] as Shape, 1)
  return {
    name,
    attrs: { keep, key, step: 0, stream: 0 },
    inputs: { x },
    outputs: { y: generate(x.shape, (i) => (kept(i) ? 1 / keep : 0)) },
    source: inPython,
  }
}

export const dropout = questionsAbout('dropout', {
  corners: [
    ...elementwiseCorners(['x'], { ...some, keep: 0.75 }),
    of('half, unless told', {}, [33]),
    of('all kept', { keep: 1 }, [5, 13]),
    of('hardly any kept', { keep: 2 ** -32 }, [257]),
    of('next to all kept', { keep: 1 - 2 ** -24 }, [4, 65]),
    of('a quarter: nothing is rounded', { keep: 0.25 }, [130]),
    of('Hinton’s share for inputs', { keep: 0.8 }, [3, 7, 7]),
    of('the smallest words', { key: [0, 0], step: 0, stream: 0 }, [65]),
    of(
      'the largest words',
      { key: [largestWord, largestWord], step: largestWord, stream: largestWord, keep: 0.3 },
      [65],
    ),
    of('words that no f32 holds', { key: [2 ** 24 + 1, 2 ** 31 + 1], step: 2 ** 25 + 3, stream: 2 ** 26 + 5 }, [65]),
    ...Object.values(edges),
    of('small elements', { keep: 0.7 }, [129], { x: 'small', dy: 'small' }),
    of('large elements', { keep: 0.9 }, [64], { x: { mean: 0, scale: 2 ** 40 } }),
    of('zeros of either sign', { keep: 0.6 }, [16], { x: { values: [0, -0] } }),
  ],
  random: drawn({
    attrs: (draw) => ({
      keep: draw.pick([0.5, 0.8, 0.9, 0.25, 0.1, 0.99, 1, 1 - draw.uniform()]),
      key: [draw.word(), draw.word()],
      step: draw.pick([0, 1, draw.word(), largestWord]),
      stream: draw.pick([0, 1, draw.word(), largestWord]),
    }),
    shapes: (draw) => ({ x: anyShape(draw) }),
    fills: { x: ['normal', 'small', 'wide'] },
  }),
  laws: [
    linearIn('x'),
    adjointIn('x', 'y'),
    nothingDropped,
    droppedOrScaled,
    byPosition,
    meanKept,
    independent('two streams are independent', (attrs) => ({ ...attrs, stream: next(attrs['stream']) })),
    independent('two steps are independent', (attrs) => ({ ...attrs, step: next(attrs['step']) })),
    independent('two keys are independent, if they differ in one word', (attrs) => {
      const [k0, k1] = attrs['key'] as readonly [number, number]
      return { ...attrs, key: [k0, next(k1)] }
    }),
    neighbours,
  ],
  worked: [
    {
      name: 'Philox’s first known answer, 6627e8d5 e169c58d bc57ac4c 9b00dbd8: half of 2³² is above the first only',
      attrs: { keep: 0.5, key: [0, 0], step: 0, stream: 0 },
      inputs: { x: array([1, 2, 3, 4]) },
      outputs: { y: array([2, 0, 0, 0]) },
      source: 'Random123, kat_vectors: philox4x32 10 at counter 0 under key 0',
    },
    {
      name: 'and three quarters, c0000000, above all but the second; backward drops the same',
      attrs: { keep: 0.75, key: [0, 0], step: 0, stream: 0 },
      inputs: { x: { shape: [2, 2], data: [1, 2, 3, 4] } },
      cotangents: { y: { shape: [2, 2], data: [3, 6, 9, 12] } },
      outputs: { x: { shape: [2, 2], data: [4, 0, 12, 16] } },
      source: 'Random123, kat_vectors: philox4x32 10 at counter 0 under key 0',
    },
    {
      name: 'a step and a stream of their own: of the words 963f06c2 d5d3f27d 2c1cff9f cc6b6fa3, 0225b895 … those below half of 2³²',
      attrs: { keep: 0.5, key, step: 3, stream: 2 },
      inputs: { x: array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) },
      outputs: { y: array([0, 0, 6, 0, 10, 12, 14, 0, 18, 0, 22, 24]) },
      source: `${inPython}: counters (0 … 2, 3, 2, 0)`,
    },
    {
      name: 'words that no f32 holds: of c55854e4 93ad63a2 0d539ffd 5ddeb907, 59e9641f … those below half of 2³²',
      attrs: { keep: 0.5, key: [2 ** 24 + 1, 2 ** 31 + 1], step: 2 ** 25 + 3, stream: 2 ** 26 + 5 },
      inputs: { x: array([1, 2, 3, 4, 5, 6, 7, 8]) },
      outputs: { y: array([0, 0, 6, 8, 10, 0, 0, 0]) },
      source: inPython,
    },
    ofOnes('0020c49c just below the threshold’s ceiling 0020c49d, and no smaller word', edges.ceiling, (i) => i === 25),
    ofOnes('0020c4df just above the threshold 0020c49d, alike in the upper 24 bits', edges.upperBits, () => false),
    ofOnes('7d7f6000 as threshold and word', edges.threshold, (i) => i !== 0 && i !== 6),
    ofOnes('ffffffff, and all kept', edges.largest, () => true),
    {
      name: 'keep = 1: nothing dropped, nothing scaled',
      attrs: { keep: 1, key: [7, 7], step: 7, stream: 7 },
      inputs: { x: array([1, -2, 0.5]) },
      outputs: { y: array([1, -2, 0.5]) },
      source: slide('Regularization – Dropout'),
    },
  ],
  faults: [
    {
      name: 'not scaled: the paper’s dropout, not the inverted one',
      direction: 'forward',
      find: 'mask(i) * scale',
      replace: 'mask(i)',
      unseenAt: of('', { keep: 1 }, [8]),
    },
    {
      name: 'scaled by keep',
      direction: 'forward',
      find: 'mask(i) * scale',
      replace: 'mask(i) * keep',
      unseenAt: of('', { keep: 1 }, [8]),
    },
    {
      name: 'keep taken for the share that is dropped',
      direction: 'forward',
      find: 'keep * 2 ** 32',
      replace: '(1 - keep) * 2 ** 32',
      unseenAt: of('', { keep: 0.5 }, [8]),
    },
    {
      name: 'keep and drop exchanged',
      direction: 'forward',
      find: '< threshold ? 1 : 0',
      replace: '< threshold ? 0 : 1',
    },
    {
      name: 'step forgotten',
      direction: 'forward',
      find: 'i, step, stream',
      replace: 'i, 0, stream',
      unseenAt: of('', { step: 0 }, [8]),
    },
    {
      name: 'stream forgotten',
      direction: 'forward',
      find: 'i, step, stream',
      replace: 'i, step, 0',
      unseenAt: of('', { stream: 0 }, [8]),
    },
    {
      name: 'step and stream exchanged',
      direction: 'forward',
      find: 'i, step, stream',
      replace: 'i, stream, step',
      unseenAt: of('', { step: 5, stream: 5 }, [8]),
    },
    {
      name: 'the words of the key exchanged',
      direction: 'forward',
      find: 'wordAt(key,',
      replace: 'wordAt([key[1], key[0]],',
      unseenAt: of('', { key: [9, 9] }, [8]),
    },
    {
      name: 'one word for a block of four',
      direction: 'forward',
      find: 'key, i, step',
      replace: 'key, i - (i % 4), step',
    },
    { name: 'one block for each element', direction: 'forward', find: 'key, i, step', replace: 'key, 4 * i, step' },
    {
      name: 'a step through f32',
      direction: 'forward',
      find: 'i, step, stream',
      replace: 'i, Math.fround(step) % 2 ** 32, stream',
      unseenAt: of('', { step: 2 ** 24 }, [8]),
    },
    {
      name: 'a key through f32',
      direction: 'forward',
      find: 'wordAt(key,',
      replace: 'wordAt([Math.fround(key[0]) % 2 ** 32, Math.fround(key[1]) % 2 ** 32],',
      unseenAt: of('', { key: [2 ** 24, 3] }, [8]),
    },
    {
      name: 'the threshold rounded down',
      direction: 'forward',
      find: 'Math.ceil',
      replace: 'Math.floor',
      unseenAt: of('', { keep: 0.8 }, [8]),
    },
    {
      name: 'the threshold rounded to nearest',
      direction: 'forward',
      find: 'Math.ceil',
      replace: 'Math.round',
      unseenAt: of('', { keep: 0.8 }, [8]),
    },
    {
      name: 'a word at the threshold kept',
      direction: 'forward',
      find: '< threshold',
      replace: '<= threshold',
      unseenAt: of('', { keep: 0.8 }, [8]),
    },
    {
      name: 'compared by the upper 24 bits, as a uniform f32',
      direction: 'forward',
      find: 'wordAt(key, i, step, stream) < threshold',
      replace: '(wordAt(key, i, step, stream) >>> 8) * 2 ** -24 < keep',
      unseenAt: of('', { keep: 0.8 }, [8]),
    },
    {
      name: 'keep = 1 has the largest word for its threshold',
      direction: 'forward',
      find: 'Math.ceil(keep * 2 ** 32)',
      replace: 'Math.min(Math.ceil(keep * 2 ** 32), 2 ** 32 - 1)',
      unseenAt: of('', { keep: 1 }, [8]),
    },
    {
      name: 'backward under the next step’s mask',
      direction: 'backward',
      find: 'masked(attrs, dy)',
      replace: 'masked({ ...attrs, step: attrs.step + 1 }, dy)',
      unseenAt: of('', { keep: 1 }, [8]),
    },
    {
      name: 'backward without the mask',
      direction: 'backward',
      find: 'masked(attrs, dy)',
      replace: 'masked({ ...attrs, keep: 1 }, dy)',
      unseenAt: of('', { keep: 1 }, [8]),
    },
    {
      name: 'backward of x, not of its cotangent',
      direction: 'backward',
      find: '(attrs, _, { y: dy }) => ({ x: masked(attrs, dy) })',
      replace: '(attrs, { x }) => ({ x: masked(attrs, x) })',
    },
  ],
})
