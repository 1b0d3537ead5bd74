import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { rolled, transposed } from '../vocabulary/arrange.js'
import { at, equals, named } from '../vocabulary/claims.js'
import { drawn } from '../vocabulary/draws.js'
import type { Order } from '../vocabulary/laws.js'
import { adjointIn, batchSplits, linearIn, rearranging } from '../vocabulary/laws.js'

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
          generate(s.shape, (i) => at(x, i * area)),
        ),
      ]),
    )
  },
}

// an axis rolled on, of images and scales
const rolledOn = (axis: number) => (): Order => ({
  x: (x) => rolled(axis, x),
  s: (s) => rolled(axis, s),
  y: (y) => rolled(axis, y),
})

const turned = (): Order => ({ x: (x) => transposed([0, 1, 3, 2], x), y: (y) => transposed([0, 1, 3, 2], y) })

const gated = {
  x: { shape: [1, 3, 1, 2], data: [2, 4, 6, 8, 1, 3] },
  s: { shape: [1, 3], data: [0.5, 0, 2] },
}

export const scaleChannels = questionsAbout('scaleChannels', {
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
  random: drawn({
    shapes: (draw) => images(draw.integer(1, 4), draw.integer(1, 5), draw.integer(1, 9), draw.integer(1, 9)),
    fills: { x: ['normal', 'small', 'wide'], s: ['normal', 'fraction', 'probability'] },
  }),
  laws: [
    linearIn('x'),
    linearIn('s'),
    adjointIn('x', 'y'),
    adjointIn('s', 'y'),
    batchSplits(['x', 's']),
    allOpen,
    rearranging('channels in another order are the same channels in that order', rolledOn(1)),
    rearranging('samples in another order are the same samples in that order', rolledOn(0)),
    rearranging('rows and columns exchanged are the same image, so exchanged', turned),
  ],
  worked: [
    {
      name: 'one channel halved, one shut, one doubled',
      inputs: gated,
      outputs: { y: { shape: [1, 3, 1, 2], data: [1, 2, 0, 0, 2, 6] } },
      source: slide('SENet'),
    },
    {
      name: 'and back: ds sums over the map, 1·2 + 10·4 = 42',
      inputs: gated,
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
})
