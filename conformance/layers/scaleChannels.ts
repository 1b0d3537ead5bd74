import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate } from '../../spec/tensor.js'
import { rearranged, rolled, transposed } from '../arrange.js'
import { adjointIn, batchSplits, equal, equals, linearIn, named } from '../laws.js'
import type { Evaluation, Law, Questions } from '../questions.js'
import { form } from '../questions.js'

const images = (N: number, C: number, H: number, W: number) => ({ x: [N, C, H, W], s: [N, C] })

const allOpen: Law = {
  name: 'with every scale 1 the image stays, and ds sums dy·x over each map',
  claims: ({ attrs, inputs }, ask) => {
    const [x, s] = [named(inputs, 'x'), named(inputs, 's')]
    const area = x.data.length / s.data.length
    // dy = 1 on the first pixel of each map and 0 elsewhere picks that pixel of x
    const first = generate(x.shape, (i) => (i % area === 0 ? 1 : 0))
    return F.pipe(
      E.Do,
      E.bind('open', () => ask('forward', attrs, { x, s: filled(s.shape, 1) })),
      E.bind('back', () => ask('backward', attrs, inputs, { y: first })),
      E.map(({ open, back }) => [
        equals('y', open, x),
        equals(
          's',
          back,
          generate(s.shape, (i) => x.data[i * area] as number),
        ),
      ]),
    )
  },
}

// what is true of images is true of them with an axis rolled on, or with rows and columns exchanged
const rearranging = (name: string, ofImage: (x: Tensor) => Tensor, ofScale: (s: Tensor) => Tensor): Law => ({
  name,
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const moved: Tensors = { x: ofImage(named(inputs, 'x')), s: ofScale(named(inputs, 's')) }
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('aheadMoved', () => ask('forward', attrs, moved)),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('backMoved', () => ask('backward', attrs, moved, { y: ofImage(named(cotangents, 'y')) })),
      E.map(({ ahead, aheadMoved, back, backMoved }) => {
        const same = (f: (x: Tensor) => Tensor, output: string, got: Evaluation, want: Evaluation) =>
          equal(output, got, rearranged(f, output, want))
        return [
          same(ofImage, 'y', aheadMoved, ahead),
          same(ofImage, 'x', backMoved, back),
          same(ofScale, 's', backMoved, back),
        ]
      }),
    )
  },
})

export const scaleChannels: Questions = {
  corners: [
    form('one pixel', {}, images(1, 1, 1, 1)),
    form('a column', {}, images(2, 3, 17, 1)),
    form('a row', {}, images(3, 2, 1, 15)),
    form('a squeezed image', {}, images(5, 7, 1, 1)),
    form('16 pixels', {}, images(2, 5, 4, 4)),
    form('63', {}, images(2, 3, 7, 9)),
    form('64', {}, images(2, 3, 8, 8)),
    form('65', {}, images(2, 3, 5, 13)),
    form('255', {}, images(3, 1, 15, 17)),
    form('256', {}, images(1, 3, 16, 16)),
    form('257', {}, images(2, 1, 257, 1)),
    form('64 channels of 64', {}, images(1, 64, 8, 8)),
    form('257 channels', {}, images(1, 257, 2, 3)),
    form('4,100 maps of 65', {}, images(10, 410, 5, 13)),
    form('65,535 maps of one', {}, images(257, 255, 1, 1)),
    form('65,537 pixels', {}, images(1, 1, 65537, 1)),
    form('more than one row of workgroups', {}, images(2, 3, 837, 836)),
    form('channels shut and open', {}, images(3, 4, 3, 5), { s: { values: [0, 1] } }),
    form('excitations: from 0 to 1', {}, images(3, 6, 5, 7), { s: 'probability' }),
    form('small pixels', {}, images(2, 3, 5, 7), { x: 'small' }),
    form('a gradient that cancels over each map', {}, images(2, 3, 6, 6), {
      x: { constant: 1 },
      dy: { values: [1.5, -1.5] },
    }),
  ],
  random: (draw) => ({
    attrs: {},
    shapes: images(draw.integer(1, 4), draw.integer(1, 5), draw.integer(1, 9), draw.integer(1, 9)),
    fills: { x: draw.pick(['normal', 'small', 'wide']), s: draw.pick(['normal', 'fraction', 'probability']) },
  }),
  laws: [
    linearIn('x'),
    linearIn('s'),
    adjointIn('x', 'y'),
    adjointIn('s', 'y'),
    batchSplits(['x', 's']),
    allOpen,
    rearranging(
      'channels in another order are the same channels in that order',
      (x) => rolled(1, x),
      (s) => rolled(1, s),
    ),
    rearranging(
      'samples in another order are the same samples in that order',
      (x) => rolled(0, x),
      (s) => rolled(0, s),
    ),
    rearranging(
      'rows and columns exchanged are the same image, so exchanged',
      (x) => transposed([0, 1, 3, 2], x),
      (s) => s,
    ),
  ],
  worked: [
    {
      name: 'one channel halved, one shut, one doubled',
      direction: 'forward',
      attrs: {},
      inputs: {
        x: { shape: [1, 3, 1, 2], data: [2, 4, 6, 8, 1, 3] },
        s: { shape: [1, 3], data: [0.5, 0, 2] },
      },
      outputs: { y: { shape: [1, 3, 1, 2], data: [1, 2, 0, 0, 2, 6] } },
      source: slide('SENet'),
    },
    {
      name: 'and back: ds sums over the map, 1·2 + 10·4 = 42',
      direction: 'backward',
      attrs: {},
      inputs: {
        x: { shape: [1, 3, 1, 2], data: [2, 4, 6, 8, 1, 3] },
        s: { shape: [1, 3], data: [0.5, 0, 2] },
      },
      cotangents: { y: { shape: [1, 3, 1, 2], data: [1, 10, 1, 10, 1, 10] } },
      outputs: {
        x: { shape: [1, 3, 1, 2], data: [0.5, 5, 0, 0, 2, 20] },
        s: { shape: [1, 3], data: [42, 86, 31] },
      },
      source: 'by hand: the rule for products, a scale being in every pixel of its map',
    },
  ],
  faults: [
    {
      name: 'one scale for all channels',
      direction: 'forward',
      find: 'at2(s, n, c)',
      nth: 0,
      replace: 'at2(s, n, 0)',
      unseenAt: form('', {}, images(2, 1, 2, 3)),
    },
    {
      name: 'the first sample’s scales for all',
      direction: 'forward',
      find: 'at2(s, n, c)',
      nth: 0,
      replace: 'at2(s, 0, c)',
      unseenAt: form('', {}, images(1, 3, 2, 2)),
    },
    {
      name: 'added, not multiplied',
      direction: 'forward',
      find: 'at2(s, n, c) * at4(x, n',
      replace: 'at2(s, n, c) + at4(x, n',
      unseenAt: form('', {}, images(1, 2, 2, 2), { x: { constant: 2 }, s: { constant: 2 } }),
    },
    {
      name: 'dx: dy as it is',
      direction: 'backward',
      find: 'at2(s, n, c) * at4(dy',
      replace: 'at4(dy',
      unseenAt: form('', {}, images(2, 2, 2, 2), { s: { constant: 1 } }),
    },
    {
      name: 'ds: the mean of a map, not its sum',
      direction: 'backward',
      find: 'sum2(H, W, (h, w) => at4(dy, n, c, h, w) * at4(x, n, c, h, w))',
      replace: 'sum2(H, W, (h, w) => at4(dy, n, c, h, w) * at4(x, n, c, h, w)) / (H * W)',
      unseenAt: form('', {}, images(2, 3, 1, 1)),
    },
    {
      name: 'ds: the last row left out',
      direction: 'backward',
      find: 'sum2(H, W',
      replace: 'sum2(H - 1, W',
    },
    {
      name: 'ds: the last column left out',
      direction: 'backward',
      find: 'sum2(H, W',
      replace: 'sum2(H, W - 1',
    },
    {
      name: 'ds: of y, not of x',
      direction: 'backward',
      find: '* at4(x, n, c, h, w)))',
      replace: '* at2(s, n, c) * at4(x, n, c, h, w)))',
      unseenAt: form('', {}, images(2, 2, 2, 2), { s: { constant: 1 } }),
    },
    {
      name: 'ds: rows and columns of x exchanged',
      direction: 'backward',
      find: '* at4(x, n, c, h, w)))',
      replace: '* at4(x, n, c, (h * W + w) % H, Math.floor((h * W + w) / H))))',
      unseenAt: form('', {}, images(2, 2, 1, 3)),
    },
  ],
}
