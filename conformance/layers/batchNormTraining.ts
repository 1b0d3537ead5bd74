import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import { filled, generate, mapTensor, zeros, zipTensors } from '../../spec/tensor.js'
import { rearranged, rolled } from '../arrange.js'
import type { Fill, Form } from '../form.js'
import { another, combination, equal, equals, named } from '../laws.js'
import type { Evaluation, Law, Questions } from '../questions.js'
import { form } from '../questions.js'
import {
  adjointInScaleAndShift,
  at,
  batch,
  batches,
  channelSums,
  channelsInAnyOrder,
  countsOf,
  linearInScaleAndShift,
  momentIs,
  perChannel,
  unit,
} from './channels.js'

const both = (a: Evaluation, b: Evaluation, output: string, c: number): number =>
  at(named(a.slack, output).data, c) + at(named(b.slack, output).data, c)

const standardised: Law = {
  name: 'each channel of y has mean beta and biased variance gamma²·σ²/(σ² + ε)',
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      ask('forward', { ...attrs, momentum: 1, runningVariance: 'biased' }, inputs),
      E.map((answer) => {
        const [y, e] = [named(answer.values, 'y'), named(answer.slack, 'y')]
        const [gamma, beta] = [named(inputs, 'gamma'), named(inputs, 'beta')]
        const [variance, ofVariance] = [named(answer.values, 'runningVar'), named(answer.slack, 'runningVar')]
        const epsilon = attrs['epsilon'] as number
        const { m } = countsOf(y)
        const distance = (value: number, c: number): number => value - at(beta.data, c)
        return [
          momentIs(answer, 'y', filled(y.shape, 1), {
            want: mapTensor((b) => m * b, beta),
            allowed: mapTensor((b) => unit * Math.abs(m * b), beta),
          }),
          {
            got: channelSums(y, (value, _, c) => distance(value, c) ** 2),
            want: zipTensors([gamma, variance], (g, v) => (m * g * g * v) / (v + epsilon)),
            // y's errors in its squared distance from beta, and m + 3 roundings of their sum; an error of σ² moves
            // σ²/(σ² + ε) by at most twice its part of σ² + ε, being less than half of that; five roundings more
            allowed: zipTensors(
              [
                channelSums(y, (value, i, c) => {
                  const [d, error] = [Math.abs(distance(value, c)), at(e.data, i)]
                  return (2 * d + error) * error + (m + 3) * unit * d * d
                }),
                gamma,
                variance,
                ofVariance,
              ],
              (sum, g, v, ofV) => sum + (m * g * g * (2 * ofV + 5 * unit * v)) / (v + epsilon),
            ),
          },
        ]
      }),
    ),
}

const shifted: Law = {
  name: 'a constant added to a channel moves its mean, and nothing else',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const x = named(inputs, 'x')
    // eighths up to 8: f64 holds such a number plus an f32 value
    const by = generate(named(inputs, 'gamma').shape, () => draw.integer(-64, 64) / 8)
    const moved = { ...inputs, x: perChannel(x, (value, c) => value + at(by.data, c)) }
    const alpha = attrs['momentum'] as number
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, moved)),
      E.bind('dx', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('movedDx', () => ask('backward', attrs, moved, cotangents)),
      E.map(({ before, after, dx, movedDx }) => [
        equal('y', after, before),
        equal('runningVar', after, before),
        equal('x', movedDx, dx),
        equal('gamma', movedDx, dx),
        {
          got: named(after.values, 'runningMean'),
          want: zipTensors([named(before.values, 'runningMean'), by], (mean, by) => mean + alpha * by),
          allowed: mapTensor(
            (by, c) =>
              both(before, after, 'runningMean', c) +
              2 * unit * (Math.abs(alpha * by) + Math.abs(at(named(before.values, 'runningMean').data, c))),
            by,
          ),
        },
      ]),
    )
  },
}

const batchInAnyOrder: Law = {
  name: 'a batch in another order has the same statistics, and y in that order',
  claims: ({ attrs, inputs }, ask) => {
    const roll = (x: ReturnType<typeof zeros>) => rolled(0, x)
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, inputs)),
      E.bind('after', () => ask('forward', attrs, { ...inputs, x: roll(named(inputs, 'x')) })),
      E.map(({ before, after }) => [
        equal('y', after, rearranged(roll, 'y', before)),
        equal('runningMean', after, before),
        equal('runningVar', after, before),
      ]),
    )
  },
}

const gradientsOfAStandardisedBatch: Law = {
  name: 'the gradients of a channel sum to 0, its Jacobian is symmetric, and grows with gamma',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const dy = named(cotangents, 'y')
    const u = another(draw, dy.shape)
    return F.pipe(
      E.Do,
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('ofU', () => ask('backward', attrs, inputs, { y: u })),
      E.bind('steeper', () => {
        const gamma = mapTensor((g) => 2 * g, named(inputs, 'gamma'))
        return ask('backward', attrs, { ...inputs, gamma }, cotangents)
      }),
      E.map(({ back, ofU, steeper }) => {
        const none = zeros(named(inputs, 'gamma').shape)
        const { got, allowed } = momentIs(ofU, 'x', dy, { want: none, allowed: none })
        return [
          momentIs(back, 'x', filled(dy.shape, 1), { want: none, allowed: none }),
          momentIs(back, 'x', u, { want: got, allowed }),
          combination('x', steeper, [[2, back]]),
        ]
      }),
    )
  },
}

const withoutEpsilon: Law = {
  name: 'without ε the scale of x does not matter, so that its gradient is orthogonal to it',
  claims: ({ attrs, inputs }, ask, draw) => {
    const [, C = 1] = named(inputs, 'x').shape
    const free = { ...attrs, epsilon: 0 }
    const x = another(draw, [4, C, 3])
    const given = { ...inputs, x }
    const none = zeros([C])
    return F.pipe(
      E.Do,
      E.bind('y', () => ask('forward', free, given)),
      E.bind('ofLarger', () => ask('forward', free, { ...given, x: mapTensor((v) => 8 * v, x) })),
      E.bind('back', () => ask('backward', free, given, { y: another(draw, x.shape) })),
      E.map(({ y, ofLarger, back }) => [
        equal('y', ofLarger, y),
        momentIs(back, 'x', x, { want: none, allowed: none }),
      ]),
    )
  },
}

const runningStatistics: Law = {
  name: 'running statistics: momentum 0 keeps the old, 1 takes the batch’s, α weighs the batch’s by α',
  claims: ({ attrs, inputs }, ask) => {
    const alpha = attrs['momentum'] as number
    return F.pipe(
      E.Do,
      E.bind('old', () => ask('forward', { ...attrs, momentum: 0 }, inputs)),
      E.bind('fresh', () => ask('forward', { ...attrs, momentum: 1 }, inputs)),
      E.bind('mixed', () => ask('forward', attrs, inputs)),
      E.map(({ old, fresh, mixed }) =>
        ['runningMean', 'runningVar'].flatMap((name) => [
          equals(name, old, named(inputs, name)),
          combination(name, mixed, [
            [1 - alpha, old],
            [alpha, fresh],
          ]),
        ]),
      ),
    )
  },
}

const besselsFactor: Law = {
  name: 'the unbiased variance times m − 1 is the biased one times m',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    // two copies of the batch, for a batch of one value has no unbiased variance
    const given = {
      ...inputs,
      x: generate([2 * (x.shape[0] as number), ...x.shape.slice(1)], (i) => at(x.data, i % x.data.length)),
    }
    const { m } = countsOf(given.x)
    return F.pipe(
      E.Do,
      E.bind('biased', () => ask('forward', { ...attrs, momentum: 1, runningVariance: 'biased' }, given)),
      E.bind('unbiased', () => ask('forward', { ...attrs, momentum: 1, runningVariance: 'unbiased' }, given)),
      E.map(({ biased, unbiased }) => {
        const [b, u] = [named(biased.values, 'runningVar'), named(unbiased.values, 'runningVar')]
        return [
          {
            got: mapTensor((v) => v * (m - 1), u),
            want: mapTensor((v) => v * m, b),
            allowed: mapTensor(
              (v, c) =>
                (m - 1) * at(named(unbiased.slack, 'runningVar').data, c) +
                m * (at(named(biased.slack, 'runningVar').data, c) + 2 * unit * v),
              b,
            ),
          },
          equal('y', unbiased, biased),
        ]
      }),
    )
  },
}

const running: Readonly<Record<string, Fill>> = { runningVar: 'positive' }

const of = (
  name: string,
  attrs: Form['attrs'],
  shapes: Form['shapes'],
  fills: Readonly<Record<string, Fill>> = {},
): Form => form(name, attrs, shapes, { ...running, ...fills })

// one channel, all that is not under test plain
const oneChannel = (...values: readonly number[]) => ({
  x: { shape: [values.length, 1], data: values },
  gamma: { shape: [1], data: [2] },
  beta: { shape: [1], data: [10] },
  runningMean: { shape: [1], data: [4] },
  runningVar: { shape: [1], data: [6] },
})

export const batchNormTraining: Questions = {
  corners: [
    of('two values', {}, batch(2, 3)),
    of('two values in one sample', {}, batch(1, 2, 2)),
    of('one value in a channel', { runningVariance: 'biased' }, batch(1, 3)),
    of('three values', {}, batch(3, 1)),
    ...batches.map(({ name, shapes }) => of(name, {}, shapes)),
    of('rank 3', {}, batch(3, 2, 21)),
    of('rank 4', {}, batch(3, 2, 5, 7)),
    of('rank 5', {}, batch(2, 3, 2, 3, 4)),
    of('axes of 1', {}, batch(5, 1, 1, 1)),
    of('one sample', {}, batch(1, 4, 6, 5)),
    of('biased', { runningVariance: 'biased' }, batch(3, 4, 5)),
    of('momentum 0: the running statistics stay', { momentum: 0 }, batch(3, 4, 5)),
    of('momentum 1: the running statistics are the batch’s', { momentum: 1 }, batch(3, 4, 5)),
    of('momentum 1, biased', { momentum: 1, runningVariance: 'biased' }, batch(3, 4, 5)),
    of('momentum ½, two values', { momentum: 0.5 }, batch(2, 5)),
    of('a variance like ε', {}, batch(8, 3, 4), { x: { mean: 0, scale: 0.003 } }),
    of('a variance far below ε', { epsilon: 0.1 }, batch(8, 3, 4), { x: { mean: 0, scale: 0.01 } }),
    of('ε of 1', { epsilon: 1 }, batch(8, 3, 4)),
    of('no ε', { epsilon: 0 }, batch(8, 3, 4)),
    of('a mean of 10 deviations, 64 values', {}, batch(64, 2), { x: { mean: 10, scale: 1 } }),
    of('a mean of 100 deviations, 64 values', {}, batch(64, 2), { x: { mean: 100, scale: 1 } }),
    of('1024 values', {}, batch(8, 2, 128)),
    of('1024 values, a mean of 10 deviations', {}, batch(8, 2, 128), { x: { mean: 10, scale: 1 } }),
    of('1024 values, a mean of 100 deviations', {}, batch(8, 2, 128), { x: { mean: 100, scale: 1 } }),
    of('1024 small values under a large mean', {}, batch(8, 2, 128), { x: { mean: 1, scale: 0.01 } }),
    of('4097 values', {}, batch(4097, 2)),
    of('4097 values in rows of 17', {}, batch(241, 2, 17)),
    // 48 values of 1.5 sum exactly, and so does 0: y is beta
    of('constant channels', {}, batch(6, 3, 8), { x: { constant: 1.5 } }),
    of('channels of 0', {}, batch(6, 3, 8), { x: { constant: 0 } }),
    of('ties', {}, batch(6, 3, 8), { x: 'ties' }),
    of('small values', {}, batch(6, 3, 8), { x: 'small' }),
    of('wide values', {}, batch(6, 3, 8), { x: 'wide' }),
    of('a constant cotangent pulls nowhere', {}, batch(6, 3, 8), { dy: { constant: 1 } }),
    of('a cotangent under a large mean', {}, batch(6, 3, 8), { dy: { mean: 100, scale: 1 } }),
    of('gamma 0', {}, batch(6, 3, 8), { gamma: { constant: 0 } }),
    of('4095 channels', {}, batch(5, 4095, 13)),
    of('4096 channels', {}, batch(5, 4096, 13)),
    of('65,535 values', {}, batch(65535, 1)),
    of('65,537 values', {}, batch(1, 2, 65537)),
    of('65,536 channels', {}, batch(2, 65536)),
    of('more than one row of workgroups', {}, batch(3, 2, 699051)),
  ],
  random: (draw) => {
    const rest = Array.from({ length: draw.integer(0, 3) }, () => draw.integer(1, 4))
    const epsilon = draw.pick([1e-5, 1e-3, 0.1, 1, 10, 0])
    return {
      attrs: {
        epsilon,
        momentum: draw.pick([0, 0.1, 0.5, 0.9, 1, draw.uniform()]),
        runningVariance: draw.pick(['unbiased', 'biased']),
      },
      // without ε a channel of equal values has no answer, so there are then enough values that differ
      shapes: batch(draw.integer(epsilon === 0 ? 4 : 1, 6), draw.integer(1, 5), ...rest),
      fills: {
        ...running,
        x: draw.pick([
          'normal',
          'wide',
          { mean: 10, scale: 1 },
          { mean: 100, scale: 1 },
          { mean: 0, scale: 0.003 },
          ...(epsilon === 0 ? [] : (['ties', 'small'] as const)),
        ]),
      },
    }
  },
  laws: [
    standardised,
    shifted,
    batchInAnyOrder,
    channelsInAnyOrder,
    linearInScaleAndShift,
    adjointInScaleAndShift,
    gradientsOfAStandardisedBatch,
    withoutEpsilon,
    runningStatistics,
    besselsFactor,
  ],
  worked: [
    {
      name: '1 and 3: mean 2, variance 1, deviation 2 with ε = 3; unbiased variance 2',
      direction: 'forward',
      attrs: { epsilon: 3, momentum: 0.5, runningVariance: 'unbiased' },
      inputs: oneChannel(1, 3),
      outputs: {
        y: { shape: [2, 1], data: [9, 11] },
        runningMean: { shape: [1], data: [3] },
        runningVar: { shape: [1], data: [4] },
      },
      source: slide('Batch-norm layer'),
    },
    {
      name: '1, 1, 5 and 5 without ε, the biased variance 4 kept by a quarter',
      direction: 'forward',
      attrs: { epsilon: 0, momentum: 0.25, runningVariance: 'biased' },
      inputs: oneChannel(1, 1, 5, 5),
      outputs: {
        y: { shape: [4, 1], data: [8, 8, 12, 12] },
        runningMean: { shape: [1], data: [3.75] },
        runningVar: { shape: [1], data: [5.5] },
      },
      source: slide('Batch-norm layer'),
    },
    {
      name: '0, 0, 2 and 2 with ε = 3, pulled at the first: x̂ = ∓½, dβ = 1, dγ = −½, dx = dy − ¼ + x̂/8',
      direction: 'backward',
      attrs: { epsilon: 3, momentum: 0.1, runningVariance: 'unbiased' },
      inputs: oneChannel(0, 0, 2, 2),
      cotangents: { y: { shape: [4, 1], data: [1, 0, 0, 0] } },
      outputs: {
        x: { shape: [4, 1], data: [11 / 16, -5 / 16, -3 / 16, -3 / 16] },
        gamma: { shape: [1], data: [-1 / 2] },
        beta: { shape: [1], data: [1] },
      },
      source: 'by hand: the chain rule through mean and variance',
    },
  ],
  faults: [
    {
      name: 'biased and unbiased exchanged',
      direction: 'forward',
      find: `runningVariance === 'unbiased'`,
      replace: `runningVariance === 'biased'`,
      unseenAt: of('', {}, batch(4096, 1)),
    },
    {
      name: 'y by the unbiased variance',
      direction: 'forward',
      find: 'reciprocalDeviation(epsilon, variance)',
      nth: 0,
      replace: 'reciprocalDeviation(epsilon, map((v) => v * (m / (m - 1)), variance))',
      unseenAt: of('', {}, batch(4096, 1), { beta: { constant: 0 } }),
    },
    {
      name: 'ε outside the root',
      direction: 'forward',
      find: 'Math.sqrt(variance + epsilon)',
      replace: '(Math.sqrt(variance) + epsilon)',
      unseenAt: of('', {}, batch(8, 2), { beta: { constant: 0 } }),
    },
    {
      name: 'running mean: the weights exchanged',
      direction: 'forward',
      find: '(1 - alpha) * old + alpha * batch, runningMean',
      replace: 'alpha * old + (1 - alpha) * batch, runningMean',
      unseenAt: of('', { momentum: 0.5 }, batch(8, 2)),
    },
    {
      name: 'running variance: the weights exchanged',
      direction: 'forward',
      find: '(1 - alpha) * old + alpha * batch, runningVar',
      replace: 'alpha * old + (1 - alpha) * batch, runningVar',
      unseenAt: of('', { momentum: 0.5 }, batch(8, 2)),
    },
    {
      name: 'the mean over samples, and not over positions',
      direction: 'forward',
      find: 'at3(x, n, c, s)) / m',
      replace: 'at3(x, n, c, s)) / N',
      unseenAt: of('', {}, batch(5, 3)),
    },
    {
      name: 'beta forgotten',
      direction: 'forward',
      find: '* at1(r, c)) + at1(beta, c)',
      replace: '* at1(r, c))',
      unseenAt: of('', {}, batch(5, 3), { beta: { constant: 0 } }),
    },
    {
      name: 'dx: the mean of dy forgotten',
      direction: 'backward',
      find: '- at1(dbeta, c) / m',
      replace: '',
      unseenAt: of('', {}, batch(4, 2), { dy: { values: [1, 2, 1, 2, -1, -2, -1, -2] } }),
    },
    {
      name: 'dx: the term of the variance forgotten',
      direction: 'backward',
      find: '- at3(xhat, n, c, s) * (at1(dgamma, c) / m)',
      replace: '',
    },
    {
      name: 'dx: 1/(m − 1)',
      direction: 'backward',
      find: 'at1(dgamma, c) / m',
      replace: 'at1(dgamma, c) / (m - 1)',
    },
    {
      name: 'dx: gamma forgotten',
      direction: 'backward',
      find: 'at1(gamma, c) * at1(r, c) * (at3(dy',
      replace: 'at1(r, c) * (at3(dy',
      unseenAt: of('', {}, batch(5, 3), { gamma: { constant: 1 } }),
    },
    {
      name: 'ε outside the root',
      direction: 'backward',
      find: 'Math.sqrt(variance + epsilon)',
      replace: '(Math.sqrt(variance) + epsilon)',
    },
    {
      name: 'dgamma: of x − μ, not of x̂',
      direction: 'backward',
      find: 'at3(dy, n, c, s) * at3(xhat, n, c, s)',
      replace: 'at3(dy, n, c, s) * (at3(x, n, c, s) - at1(mean, c))',
    },
    {
      name: 'dbeta: the last sample left out',
      direction: 'backward',
      find: 'const dbeta = tabulate1([C], (c) => sum2(N, S,',
      replace: 'const dbeta = tabulate1([C], (c) => sum2(N - 1, S,',
    },
  ],
}
