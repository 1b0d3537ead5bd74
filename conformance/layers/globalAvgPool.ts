import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensor } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { part, transposed } from '../vocabulary/arrange.js'
import { another, combination, equals, named } from '../vocabulary/claims.js'
import { drawn } from '../vocabulary/draws.js'
import { adjointIn, batchSplits, invariant, linearIn } from '../vocabulary/laws.js'
import { image, planesAreAlike } from '../vocabulary/windows.js'

const transposing = invariant('rows and columns may be exchanged', 'y', ({ inputs }) => ({
  inputs: { x: transposed([0, 1, 3, 2], named(inputs, 'x')) },
}))

const shifting: Law = {
  name: 'a number added to every pixel is added to the mean',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('plain', () => ask('forward', attrs, { x })),
      E.bind('ofOnes', () => ask('forward', attrs, { x: filled(x.shape, 1) })),
      E.bind('moved', () => ask('forward', attrs, { x: mapTensor((v) => v + 4, x) })),
      E.map(({ plain, ofOnes, moved }) => [
        equals('y', ofOnes, filled(named(ofOnes.values, 'y').shape, 1)),
        combination('y', moved, [
          [1, plain],
          [4, ofOnes],
        ]),
      ]),
    )
  },
}

const halves: Law = {
  name: 'the mean of an image is the mean of its two halves’ means',
  claims: ({ attrs }, ask, draw) => {
    const x = another(draw, [2, 3, 6, 5])
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', attrs, { x })),
      E.bind('upper', () => ask('forward', attrs, { x: part(2, 0, 3, x) })),
      E.bind('lower', () => ask('forward', attrs, { x: part(2, 3, 6, x) })),
      E.map(({ all, upper, lower }) => [
        combination('y', all, [
          [0.5, upper],
          [0.5, lower],
        ]),
      ]),
    )
  },
}

export const globalAvgPool = questionsAbout('globalAvgPool', {
  corners: [
    form('one pixel', {}, image(1, 1, 1, 1)),
    form('a batch of single pixels', {}, image(3, 5, 1, 1)),
    form('one row', {}, image(2, 3, 1, 9)),
    form('one column', {}, image(3, 2, 7, 1)),
    form('GoogLeNet’s last maps: 7×7', {}, image(2, 10, 7, 7)),
    form('a sum of 15, 17 of them', {}, image(1, 17, 3, 5)),
    form('a sum of 16', {}, image(5, 3, 4, 4)),
    form('a sum of 17, 15 of them', {}, image(3, 5, 17, 1)),
    form('a sum of 63', {}, image(2, 3, 7, 9)),
    form('a sum of 64', {}, image(2, 3, 8, 8)),
    form('a sum of 65', {}, image(2, 3, 5, 13)),
    form('a sum of 255', {}, image(1, 2, 15, 17)),
    form('a sum of 256', {}, image(3, 1, 16, 16)),
    form('a sum of 257', {}, image(1, 1, 1, 257)),
    form('63 planes', {}, image(7, 9, 2, 3)),
    form('64 planes', {}, image(8, 8, 3, 2)),
    form('65 planes', {}, image(5, 13, 1, 2)),
    form('many planes of long sums', {}, image(33, 125, 1, 65)),
    form('a plane of 65,535 pixels', {}, image(1, 1, 255, 257)),
    form('two planes of 65,537 pixels', {}, image(2, 1, 65537, 1)),
    form('65,536 planes', {}, image(256, 256, 1, 2)),
    form('more pixels than one row of workgroups', {}, image(1, 2, 1024, 2049)),
    form('pixels that cancel', {}, image(2, 2, 6, 8), { x: { values: [1.1, -1.1, 1.1, -1.1000001] } }),
    form('a constant plane', {}, image(2, 3, 5, 7), { x: { constant: 0.7 } }),
    form('small', {}, image(2, 2, 6, 7), { x: 'small', dy: 'small' }),
    form('whole numbers', {}, image(2, 2, 4, 8), { x: 'ties', dy: 'ties' }),
    form('all-negative planes', {}, image(2, 2, 5, 3), { x: 'negative' }),
    form('saturated', {}, image(2, 2, 3, 3), { x: 'saturated', dy: 'saturated' }),
  ],
  random: drawn({
    shapes: (draw) => image(draw.integer(1, 5), draw.integer(1, 6), draw.integer(1, 14), draw.integer(1, 14)),
    fills: { x: ['normal', 'normal', 'small', 'wide'] },
  }),
  laws: [linearIn('x'), adjointIn('x', 'y'), batchSplits(['x']), planesAreAlike, transposing, shifting, halves],
  worked: [
    {
      name: 'the mean of 1 … 4 is 2.5, of 1 … 100 is 50.5',
      inputs: { x: generate([1, 1, 10, 10], (i) => i + 1) },
      outputs: { y: { shape: [1, 1], data: [50.5] } },
      source: 'n(n + 1)/2',
    },
    {
      name: 'two samples of two channels, each by itself',
      inputs: { x: { shape: [2, 2, 1, 2], data: [1, 3, 10, 30, -1, 1, 0, 5] } },
      outputs: { y: { shape: [2, 2], data: [2, 20, 0, 2.5] } },
      source: slide('GoogLeNet'),
    },
    {
      name: 'each pixel gets its share of the cotangent',
      inputs: { x: { shape: [1, 2, 2, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] } },
      cotangents: { y: { shape: [1, 2], data: [6, -2] } },
      outputs: { x: { shape: [1, 2, 2, 2], data: [1.5, 1.5, 1.5, 1.5, -0.5, -0.5, -0.5, -0.5] } },
      source: slide('GoogLeNet'),
    },
  ],
  faults: [
    {
      name: 'sum in place of mean',
      direction: 'forward',
      find: '/ (H * W)',
      nth: 0,
      replace: '',
      unseenAt: form('', {}, image(2, 3, 1, 1)),
    },
    {
      name: 'divided by the square of one side',
      direction: 'forward',
      find: '/ (H * W)',
      nth: 0,
      replace: '/ (H * H)',
      unseenAt: form('', {}, image(2, 2, 3, 3)),
    },
    {
      name: 'the last column left out',
      direction: 'forward',
      find: 'sum2(H, W, (r, s)',
      replace: 'sum2(H, W - 1, (r, s)',
    },
    {
      name: 'sample and channel exchanged',
      direction: 'forward',
      find: 'at4(x, n, c, r, s)',
      replace: 'at4(x, c % N, n % C, r, s)',
      unseenAt: form('', {}, image(1, 1, 2, 2)),
    },
    {
      name: 'dx: not shared out',
      direction: 'backward',
      find: 'at2(dy, n, c) / (H * W)',
      replace: 'at2(dy, n, c)',
      unseenAt: form('', {}, image(2, 3, 1, 1)),
    },
    {
      name: 'dx: shared over one side only',
      direction: 'backward',
      find: 'at2(dy, n, c) / (H * W)',
      replace: 'at2(dy, n, c) / W',
      unseenAt: form('', {}, image(2, 3, 1, 4)),
    },
    {
      name: 'dx: of the first channel for all',
      direction: 'backward',
      find: 'at2(dy, n, c)',
      replace: 'at2(dy, n, 0)',
    },
  ],
})
