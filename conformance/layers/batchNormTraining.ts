import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Tensor } from '../../spec/tensor.js'
import { filled, generate, zeros } from '../../spec/tensor.js'
import type { Evaluation, Law } from '../questions.js'
import { questionsAbout } from '../questions.js'
import { joined, rolled } from '../vocabulary/arrange.js'
import {
  adjointInScaleAndShift,
  batch,
  batchCorners,
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
import { another, answersTo, at, claim, combination, equal, equals, named, times, unit } from '../vocabulary/claims.js'
import { anyShape } from '../vocabulary/draws.js'
import { array } from '../vocabulary/examples.js'
import { ofAnswer, rearranging } from '../vocabulary/laws.js'

const both = (a: Evaluation, b: Evaluation, output: string, c: number): number =>
  at(named(a.slack, output), c) + at(named(b.slack, output), c)

const ofTheBatch = ofAnswer(
  'each channel of y has mean beta and biased variance gamma²·σ²/(σ² + ε)',
  (answer, { attrs, inputs }) => {
    const [variance, ofVariance] = [named(answer.values, 'runningVar'), named(answer.slack, 'runningVar')]
    const [gamma, beta, epsilon] = [named(inputs, 'gamma'), named(inputs, 'beta'), attrs['epsilon'] as number]
    return standardised(
      answer,
      { gamma, beta, variance, epsilon },
      () => 0,
      // an error of σ² moves σ²/(σ² + ε) by at most twice its part of σ² + ε, being less than half of that; five roundings
      (c) => 2 * at(ofVariance, c) + 5 * unit * at(variance, c),
    )
  },
  ({ attrs }) => ({ attrs: { ...attrs, momentum: 1, runningVariance: 'biased' } }),
)

const shifted: Law = {
  name: 'a constant added to a channel moves its mean, and nothing else',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const x = named(inputs, 'x')
    // eighths up to 8: f64 holds such a number plus an f32 value
    const by = generate(named(inputs, 'gamma').shape, () => draw.integer(-64, 64) / 8)
    const moved = { ...inputs, x: perChannel(x, (value, c) => value + at(by, c)) }
    const alpha = attrs['momentum'] as number
    return F.pipe(
      E.Do,
      E.bind('before', () => answersTo(ask, { attrs, inputs, cotangents })),
      E.bind('after', () => answersTo(ask, { attrs, inputs: moved, cotangents })),
      E.map(({ before, after }) => [
        equal('y', after.ahead, before.ahead),
        equal('runningVar', after.ahead, before.ahead),
        equal('x', after.back, before.back),
        equal('gamma', after.back, before.back),
        claim(
          named(after.ahead.values, 'runningMean'),
          (c) => at(named(before.ahead.values, 'runningMean'), c) + alpha * at(by, c),
          (c) =>
            both(before.ahead, after.ahead, 'runningMean', c) +
            2 * unit * (Math.abs(alpha * at(by, c)) + Math.abs(at(named(before.ahead.values, 'runningMean'), c))),
        ),
      ]),
    )
  },
}

const roll = (x: Tensor): Tensor => rolled(0, x)

const batchInAnyOrder = rearranging('a batch in another order has the same statistics, and y in that order', () => ({
  x: roll,
  y: roll,
}))

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
        const gamma = times(2, named(inputs, 'gamma'))
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
      E.bind('ofLarger', () => ask('forward', free, { ...given, x: times(8, x) })),
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
    const given = { ...inputs, x: joined(x, x) }
    const { m } = countsOf(given.x)
    return F.pipe(
      E.Do,
      E.bind('biased', () => ask('forward', { ...attrs, momentum: 1, runningVariance: 'biased' }, given)),
      E.bind('unbiased', () => ask('forward', { ...attrs, momentum: 1, runningVariance: 'unbiased' }, given)),
      E.map(({ biased, unbiased }) => {
        const [b, u] = [named(biased.values, 'runningVar'), named(unbiased.values, 'runningVar')]
        return [
          claim(
            times(m - 1, u),
            (c) => m * at(b, c),
            (c) =>
              (m - 1) * at(named(unbiased.slack, 'runningVar'), c) +
              m * (at(named(biased.slack, 'runningVar'), c) + 2 * unit * at(b, c)),
          ),
          equal('y', unbiased, biased),
        ]
      }),
    )
  },
}

export const batchNormTraining = questionsAbout('batchNormTraining', {
  corners: [
    of('two values', {}, batch(2, 3)),
    of('two values in one sample', {}, batch(1, 2, 2)),
    of('one value in a channel', { runningVariance: 'biased' }, batch(1, 3)),
    of('three values', {}, batch(3, 1)),
    ...batchCorners,
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
    ...largeBatches,
  ],
  random: (draw) => {
    const rest = anyShape(draw, [0, 3], 4)
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
        runningVar: 'positive',
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
    ofTheBatch,
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
      attrs: { epsilon: 3, momentum: 0.5, runningVariance: 'unbiased' },
      inputs: oneChannel(1, 3),
      outputs: {
        y: column(9, 11),
        runningMean: array([3]),
        runningVar: array([4]),
      },
      source: slide('Batch-norm layer'),
    },
    {
      name: '1, 1, 5 and 5 without ε, the biased variance 4 kept by a quarter',
      attrs: { epsilon: 0, momentum: 0.25, runningVariance: 'biased' },
      inputs: oneChannel(1, 1, 5, 5),
      outputs: {
        y: column(8, 8, 12, 12),
        runningMean: array([3.75]),
        runningVar: array([5.5]),
      },
      source: slide('Batch-norm layer'),
    },
    {
      name: '0, 0, 2 and 2 with ε = 3, pulled at the first: x̂ = ∓½, dβ = 1, dγ = −½, dx = dy − ¼ + x̂/8',
      attrs: { epsilon: 3, momentum: 0.1, runningVariance: 'unbiased' },
      inputs: oneChannel(0, 0, 2, 2),
      cotangents: { y: column(1, 0, 0, 0) },
      outputs: {
        x: column(11 / 16, -5 / 16, -3 / 16, -3 / 16),
        gamma: array([-1 / 2]),
        beta: array([1]),
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
})
