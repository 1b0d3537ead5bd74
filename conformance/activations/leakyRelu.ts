import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { named } from '../laws.js'
import type { Claim, Law, Questions } from '../questions.js'
import { form } from '../questions.js'

/** One rounding to f64, in either direction. */
const unit = 2 ** -52

// where slopes are powers of two (or 0) nothing rounds
const exactly = (got: Tensor, want: Tensor): Claim => ({ got, want, allowed: zeros(want.shape) })

const opposite = (x: Tensor): Tensor => mapTensor((x) => -x, x)

const knownSlopes: Law = {
  name: 'with slope 1 it is the identity, with 0 the rectifier, with −1 the magnitude; its own slope likewise',
  claims: ({ inputs, cotangents }, ask) => {
    const [x, dy] = [named(inputs, 'x'), named(cotangents, 'y')]
    return F.pipe(
      E.Do,
      E.bind('identity', () => ask('forward', { alpha: 1 }, inputs)),
      E.bind('rectifier', () => ask('forward', { alpha: 0 }, inputs)),
      E.bind('magnitude', () => ask('forward', { alpha: -1 }, inputs)),
      E.bind('same', () => ask('backward', { alpha: 1 }, inputs, cotangents)),
      E.bind('masked', () => ask('backward', { alpha: 0 }, inputs, cotangents)),
      E.map(({ identity, rectifier, magnitude, same, masked }) => [
        exactly(named(identity.values, 'y'), x),
        exactly(
          named(rectifier.values, 'y'),
          mapTensor((x) => Math.max(x, 0), x),
        ),
        exactly(named(magnitude.values, 'y'), mapTensor(Math.abs, x)),
        exactly(named(same.values, 'x'), dy),
        exactly(
          named(masked.values, 'x'),
          zipTensors([x, dy], (x, dy) => (Math.sign(x) === 1 ? dy : 0)),
        ),
      ]),
    )
  },
}

const undone: Law = {
  name: 'slope 4 undoes slope ¼, and slope ¼ slope 4',
  claims: ({ inputs }, ask) =>
    F.pipe(
      [0.25, 4].reduce<ReturnType<Law['claims']>>(
        (soFar, alpha) =>
          F.pipe(
            E.Do,
            E.bind('claims', () => soFar),
            E.bind('once', () => ask('forward', { alpha }, inputs)),
            E.bind('back', ({ once }) => ask('forward', { alpha: 1 / alpha }, { x: named(once.values, 'y') })),
            E.map(({ claims, back }) => [...claims, exactly(named(back.values, 'y'), named(inputs, 'x'))]),
          ),
        E.right([]),
      ),
    ),
}

const homogeneous: Law = {
  name: 'of a positive multiple the multiple, and the same slope',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const larger = { x: mapTensor((x) => 4 * x, named(inputs, 'x')) }
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', attrs, inputs)),
      E.bind('largerY', () => ask('forward', attrs, larger)),
      E.bind('dx', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('largerDx', () => ask('backward', attrs, larger, cotangents)),
      E.map(({ y, largerY, dx, largerDx }) => [
        exactly(
          named(largerY.values, 'y'),
          mapTensor((y) => 4 * y, named(y.values, 'y')),
        ),
        exactly(named(largerDx.values, 'x'), named(dx.values, 'x')),
      ]),
    )
  },
}

const oddPart: Law = {
  name: 'y(x) − y(−x) is (1 + α)·x',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const alpha = attrs['alpha'] as number
    return F.pipe(
      E.Do,
      E.bind('right', () => ask('forward', attrs, inputs)),
      E.bind('left', () => ask('forward', attrs, { x: opposite(x) })),
      E.map(({ right, left }) => [
        {
          got: zipTensors([named(right.values, 'y'), named(left.values, 'y')], (a, b) => a - b),
          want: mapTensor((x) => (1 + alpha) * x, x),
          // two roundings on either side, of numbers no larger than (1 + |α|)·|x|
          allowed: zipTensors(
            [x, named(right.slack, 'y'), named(left.slack, 'y')],
            (x, a, b) => a + b + 4 * unit * (1 + Math.abs(alpha)) * Math.abs(x),
          ),
        },
      ]),
    )
  },
}

const euler: Law = {
  name: 'x·dx = y·dy, as for every function homogeneous of degree 1',
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ ahead, back }) => {
        const want = zipTensors([named(ahead.values, 'y'), named(cotangents, 'y')], (y, dy) => y * dy)
        return [
          {
            got: zipTensors([named(inputs, 'x'), named(back.values, 'x')], (x, dx) => x * dx),
            want,
            // α·x and α·dy are rounded, and the two products
            allowed: mapTensor((w) => 4 * unit * Math.abs(w), want),
          },
        ]
      }),
    ),
}

const slopes = [0.1, 0.01, 0.25, 0.99, 0, 1, 2, -0.5]
const kinks = [0, 2 ** -126, -(2 ** -126), 1e-30, -1e-30, 2 ** -20, -(2 ** -20)]

export const leakyRelu: Questions = {
  corners: [
    ...elementwiseCorners(['x']),
    ...[7, 8, 9, 16, 31, 32, 33, 65536].map((n) => form(`${n}`, { alpha: 0.25 }, { x: [n] })),
    ...slopes.map((alpha) => form(`slope ${alpha}`, { alpha }, { x: [65] })),
    form('exactly at the kink', { alpha: 0.5 }, { x: [3, 7] }, { x: { constant: 0 } }),
    form('often at the kink', {}, { x: [130] }, { x: 'ties' }),
    form('on either side of the kink', { alpha: 2 }, { x: [16] }, { x: { values: kinks } }),
    form('all of it leaks', {}, { x: [65] }, { x: 'negative' }),
    form('nothing leaks', {}, { x: [65] }, { x: 'positive' }),
    form('small', {}, { x: [64] }, { x: 'small' }),
    form('saturated', {}, { x: [64] }, { x: 'saturated' }),
    form('saturated, a slope above 1', { alpha: 3 }, { x: [64] }, { x: 'saturated' }),
  ],
  random: (draw) => ({
    attrs: draw.uniform() < 0.3 ? {} : { alpha: draw.pick([...slopes, draw.normal()]) },
    shapes: { x: Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 6)) },
    fills: { x: draw.pick(['normal', 'small', 'wide', 'ties']) },
  }),
  laws: [knownSlopes, undone, homogeneous, oddPart, euler],
  worked: [
    {
      name: 'a tenth of what is below 0: −1, 0 and 1 give −0.1, 0 and 1',
      direction: 'forward',
      attrs: { alpha: 0.1 },
      inputs: { x: { shape: [3], data: [-1, 0, 1] } },
      outputs: { y: { shape: [3], data: [-0.1, 0, 1] } },
      source: `${slide('Activation functions')}; ONNX’s example of LeakyRelu has the same numbers`,
    },
    {
      name: 'PyTorch’s default of 0.01, handed over',
      direction: 'forward',
      attrs: { alpha: 0.01 },
      inputs: { x: { shape: [3], data: [-100, -1, 100] } },
      outputs: { y: { shape: [3], data: [-1, -0.01, 100] } },
      source: 'by hand, from the formula in PyTorch’s documentation of LeakyReLU',
    },
    {
      name: 'above 1 the slope still belongs to what is below 0, which max(αx, x) has the other way round',
      direction: 'forward',
      attrs: { alpha: 2 },
      inputs: { x: { shape: [4], data: [-3, -1, 1, 3] } },
      outputs: { y: { shape: [4], data: [-6, -2, 1, 3] } },
      source: 'by hand: PyTorch’s LeakyReLU(2)',
    },
    {
      name: 'the slope is α, α at 0, and 1',
      direction: 'backward',
      attrs: { alpha: 0.25 },
      inputs: { x: { shape: [5], data: [-10, -0.5, 0, 0.5, 10] } },
      cotangents: { y: { shape: [5], data: [1, 2, 3, 4, -5] } },
      outputs: { x: { shape: [5], data: [0.25, 0.5, 0.75, 4, -5] } },
      source: 'slide "Activation functions"; the slope at 0 as in PyTorch',
    },
  ],
  faults: [
    {
      name: 'the slide’s maximum, which turns round above slope 1',
      direction: 'forward',
      find: 'x > 0 ? x : alpha * x',
      replace: 'Math.max(alpha * x, x)',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'nothing leaks',
      direction: 'forward',
      find: 'x > 0 ? x : alpha * x',
      replace: 'x > 0 ? x : 0',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'another library’s slope of 0.01, whatever alpha is',
      direction: 'forward',
      find: ': alpha * x',
      replace: ': 0.01 * x',
      unseenAt: form('', { alpha: 0.01 }, { x: [8] }),
    },
    {
      name: 'a slope of one part in 20,000 more',
      direction: 'forward',
      find: ': alpha * x',
      replace: ': alpha * 1.00005 * x',
      unseenAt: form('', {}, { x: [8] }),
    },
    { name: 'the slope on both sides', direction: 'forward', find: '? x :', replace: '? alpha * x :' },
    {
      name: 'slope 1 at 0',
      direction: 'backward',
      find: 'x > 0 ? dy',
      replace: 'x >= 0 ? dy',
      unseenAt: form('', {}, { x: [8] }),
    },
    {
      name: 'sides exchanged',
      direction: 'backward',
      find: 'x > 0 ? dy',
      replace: 'x <= 0 ? dy',
      unseenAt: form('', { alpha: 1 }, { x: [4] }),
    },
    {
      name: 'nothing flows back below 0',
      direction: 'backward',
      find: 'alpha * dy',
      replace: '0',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive' }),
    },
    {
      name: 'decided by the cotangent',
      direction: 'backward',
      find: 'x > 0 ? dy',
      replace: 'dy > 0 ? dy',
      unseenAt: form('', {}, { x: [4] }, { x: 'positive', dy: 'positive' }),
    },
    { name: 'cotangent forgotten', direction: 'backward', find: 'alpha * dy', replace: 'alpha' },
    {
      name: 'the value for the slope',
      direction: 'backward',
      find: '? dy : alpha * dy',
      replace: '? dy * x : alpha * dy * x',
    },
  ],
}
