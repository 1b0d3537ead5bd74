import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, mapTensor, zipTensors } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import type { Law } from '../questions.js'
import { questionsAbout } from '../questions.js'
import {
  adjointInScaleAndShift,
  batch,
  batchCorners,
  channelSums,
  channelsInAnyOrder,
  column,
  countsOf,
  largeBatches,
  linearInScaleAndShift,
  momentIs,
  normalized as of,
  oneChannel,
  perChannel,
  standardised,
} from '../vocabulary/channels.js'
import { another, at, equals, minus, named, times, unit } from '../vocabulary/claims.js'
import { anyShape } from '../vocabulary/draws.js'
import { array } from '../vocabulary/examples.js'
import { affineIn, batchSplits } from '../vocabulary/laws.js'

const affine = affineIn('x', 'affine in x: y(2x − z) = 2y(x) − y(z)')

const adjointInX: Law = {
  name: 'backward to x is the adjoint of forward: ⟨y(x) − y(z), dy⟩ = ⟨x − z, dx⟩, channel by channel',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const [x, dy] = [named(inputs, 'x'), named(cotangents, 'y')]
    const z = another(draw, x.shape)
    const none = filled(named(inputs, 'gamma').shape, 0)
    return F.pipe(
      E.Do,
      E.bind('ofX', () => ask('forward', attrs, inputs)),
      E.bind('ofZ', () => ask('forward', attrs, { ...inputs, x: z })),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ ofX, ofZ, back }) => {
        const [first, second, third] = [
          momentIs(ofX, 'y', dy, { want: none, allowed: none }),
          momentIs(ofZ, 'y', dy, { want: none, allowed: none }),
          momentIs(back, 'x', minus(x, z), { want: none, allowed: none }),
        ]
        const difference = minus(first.got, second.got)
        return [
          {
            got: difference,
            want: third.got,
            allowed: zipTensors(
              [first.allowed, second.allowed, third.allowed, difference],
              (a, b, c, d) => a + b + c + unit * Math.abs(d),
            ),
          },
        ]
      }),
    )
  },
}

const landmarks: Law = {
  name: 'the running mean gives beta, and one deviation above it gamma more',
  claims: ({ attrs, inputs }, ask) => {
    const epsilon = attrs['epsilon'] as number
    const [gamma, beta, mean] = [named(inputs, 'gamma'), named(inputs, 'beta'), named(inputs, 'runningMean')]
    const deviation = mapTensor((v) => Math.sqrt(v + epsilon), named(inputs, 'runningVar'))
    const spread = (f: (c: number) => number) => perChannel(named(inputs, 'x'), (_, c) => f(c))
    const above = spread((c) => at(mean, c) + at(deviation, c))
    return F.pipe(
      E.Do,
      E.bind('atMean', () => ask('forward', attrs, { ...inputs, x: spread((c) => at(mean, c)) })),
      E.bind('atDeviation', () => ask('forward', attrs, { ...inputs, x: above })),
      E.map(({ atMean, atDeviation }) => [
        equals(
          'y',
          atMean,
          spread((c) => at(beta, c)),
        ),
        {
          got: named(atDeviation.values, 'y'),
          want: spread((c) => at(gamma, c) + at(beta, c)),
          // this x is rounded thrice: v + ε, its root and the sum
          allowed: perChannel(named(atDeviation.slack, 'y'), (e, c, i) => {
            const ofX = unit * (Math.abs(at(above, i)) + 2 * at(deviation, c))
            const [g, b] = [Math.abs(at(gamma, c)), Math.abs(at(beta, c))]
            return e + (g * ofX) / at(deviation, c) + unit * (g + b)
          }),
        },
      ]),
    )
  },
}

const standardises: Law = {
  name: 'at a batch’s own statistics each channel of y has mean beta and variance gamma²·σ²/(σ² + ε)',
  claims: ({ attrs, inputs }, ask) => {
    const epsilon = Math.max(attrs['epsilon'] as number, 2 ** -10) // for channels of equal values
    const [x, gamma, beta] = [named(inputs, 'x'), named(inputs, 'gamma'), named(inputs, 'beta')]
    const { m } = countsOf(x)
    const over = (f: (v: number, c: number) => number) =>
      times(
        1 / m,
        channelSums(x, (v, _, c) => f(v, c)),
      )
    const mean = over((v) => v)
    const variance = over((v, c) => (v - at(mean, c)) ** 2)
    const magnitude = channelSums(x, Math.abs)
    return F.pipe(
      ask('forward', { ...attrs, epsilon }, { ...inputs, runningMean: mean, runningVar: variance }),
      E.map((answer) =>
        standardised(
          answer,
          { gamma, beta, variance, epsilon },
          // this mean has m roundings, and moves every y by |gamma|·r times its error
          (c) => {
            const r = 1 / Math.sqrt(at(variance, c) + epsilon)
            return Math.abs(at(gamma, c)) * r * (m + 1) * unit * at(magnitude, c)
          },
          // this variance has m + 4 roundings, and the wanted number five more
          (c) => (m + 9) * unit * at(variance, c),
        ),
      ),
    )
  },
}

export const batchNormInference = questionsAbout('batchNormInference', {
  corners: [
    of('one value', {}, batch(1, 1)),
    of('one value in a channel', {}, batch(1, 3)),
    ...batchCorners,
    of('a variance like ε', {}, batch(5, 4, 3), { runningVar: { values: [1e-5, 2e-5, 4e-6, 1e-6] } }),
    of('a variance of 0', {}, batch(5, 4, 3), { runningVar: { constant: 0 } }),
    of('small variances, ε of 0.1', { epsilon: 0.1 }, batch(5, 4, 3), { runningVar: 'probability' }),
    of('ε of 1', { epsilon: 1 }, batch(5, 4, 3)),
    of('no ε', { epsilon: 0 }, batch(5, 4, 3)),
    of('statistics far from the batch', {}, batch(5, 4, 3), { runningMean: { mean: -50, scale: 10 } }),
    of('x close to a large running mean', {}, batch(5, 4, 3), {
      x: { mean: 100, scale: 0.01 },
      runningMean: { mean: 100, scale: 0.01 },
    }),
    of('x is the running mean', {}, batch(5, 4, 3), { x: { constant: 2.5 }, runningMean: { constant: 2.5 } }),
    of('gamma 0', {}, batch(5, 4, 3), { gamma: { constant: 0 } }),
    of('small values', {}, batch(5, 4, 3), { x: 'small' }),
    of('wide values', {}, batch(5, 4, 3), { x: 'wide' }),
    of('1024 values', {}, batch(8, 2, 128)),
    of('4097 values', {}, batch(4097, 2)),
    of('4097 values in rows of 17', {}, batch(241, 2, 17)),
    of('a cotangent under a large mean', {}, batch(6, 3, 8), { dy: { mean: 100, scale: 1 } }),
    ...largeBatches,
  ],
  random: (draw) => {
    const epsilon = draw.pick([1e-5, 1e-3, 0.1, 1, 10, 0])
    return {
      attrs: { epsilon },
      shapes: batch(draw.integer(1, 6), draw.integer(1, 5), ...anyShape(draw, [0, 3], 4)),
      fills: {
        x: draw.pick(['normal', 'wide', 'small', 'ties', { mean: 10, scale: 1 }]),
        runningMean: draw.pick(['normal', { mean: 10, scale: 1 }]),
        runningVar: draw.pick<Fill>(['positive', 'probability', ...(epsilon === 0 ? [] : [{ constant: 0 }])]),
      },
    }
  },
  laws: [
    affine,
    adjointInX,
    landmarks,
    standardises,
    batchSplits(['x']),
    channelsInAnyOrder,
    linearInScaleAndShift,
    adjointInScaleAndShift,
  ],
  worked: [
    {
      name: 'mean 4, variance 6, ε = 3: one deviation is 3',
      attrs: { epsilon: 3 },
      inputs: oneChannel(4, 7, 1, 8.5),
      outputs: { y: column(10, 12, 8, 13) },
      source: slide('Batch-norm layer'),
    },
    {
      name: 'and back: dx = ⅔·dy, dγ = Σ dy·x̂, dβ = Σ dy',
      attrs: { epsilon: 3 },
      inputs: oneChannel(4, 7, 1, 8.5),
      cotangents: { y: column(3, 6, -3, 12) },
      outputs: {
        x: column(2, 4, -2, 8),
        gamma: array([27]),
        beta: array([18]),
      },
      source: 'by hand: x̂ is 0, 1, −1 and 3/2',
    },
  ],
  faults: [
    {
      name: 'beta forgotten',
      direction: 'forward',
      find: '+ at1(beta, c)',
      replace: '',
      unseenAt: of('', {}, batch(5, 3), { beta: { constant: 0 } }),
    },
    {
      name: 'the variance in place of the deviation',
      direction: 'forward',
      find: 'Math.sqrt(variance + epsilon)',
      replace: '(variance + epsilon)',
      unseenAt: of('', {}, batch(5, 3), { runningVar: { constant: 1 }, beta: { constant: 0 } }),
    },
    {
      name: 'ε outside the root',
      direction: 'forward',
      find: 'Math.sqrt(variance + epsilon)',
      replace: '(Math.sqrt(variance) + epsilon)',
      unseenAt: of('', {}, batch(5, 3), { beta: { constant: 0 } }),
    },
    {
      name: 'the running mean forgotten',
      direction: 'forward',
      find: '(at3(x, n, c, s) - at1(runningMean, c))',
      nth: 0,
      replace: 'at3(x, n, c, s)',
      unseenAt: of('', {}, batch(5, 3), { runningMean: { constant: 0 } }),
    },
    {
      name: 'gamma of the first channel for all',
      direction: 'forward',
      find: 'at1(gamma, c)',
      nth: 0,
      replace: 'at1(gamma, 0)',
      unseenAt: of('', {}, batch(5, 1)),
    },
    {
      name: 'ε forgotten',
      direction: 'backward',
      find: 'Math.sqrt(variance + epsilon)',
      replace: 'Math.sqrt(variance)',
      unseenAt: of('', {}, batch(5, 3)),
    },
    {
      name: 'dx: gamma forgotten',
      direction: 'backward',
      find: 'at1(gamma, c) * at1(r, c) * at3(dy',
      replace: 'at1(r, c) * at3(dy',
      unseenAt: of('', {}, batch(5, 3), { gamma: { constant: 1 } }),
    },
    {
      name: 'dx: as in training, less the mean of dy',
      direction: 'backward',
      find: 'at1(r, c) * at3(dy, n, c, s)',
      replace: 'at1(r, c) * (at3(dy, n, c, s) - sum2(N, S, (n, s) => at3(dy, n, c, s)) / (N * S))',
      unseenAt: of('', {}, batch(4, 2), { dy: { values: [1, 2, 1, 2, -1, -2, -1, -2] } }),
    },
    {
      name: 'dgamma: the running mean forgotten',
      direction: 'backward',
      find: '(at3(x, n, c, s) - at1(runningMean, c))',
      nth: 1,
      replace: 'at3(x, n, c, s)',
      unseenAt: of('', {}, batch(5, 3), { runningMean: { constant: 0 } }),
    },
    {
      name: 'dgamma: of x − runningMean, not of x̂',
      direction: 'backward',
      find: '(at3(x, n, c, s) - at1(runningMean, c)) * at1(r, c)',
      nth: 1,
      replace: '(at3(x, n, c, s) - at1(runningMean, c))',
    },
    {
      name: 'dbeta: the last sample left out',
      direction: 'backward',
      find: 'sum2(N, S, (n, s) => at3(dy, n, c, s)))',
      replace: 'sum2(N - 1, S, (n, s) => at3(dy, n, c, s)))',
    },
  ],
})
