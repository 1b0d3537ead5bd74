import { either as E, function as F } from 'fp-ts'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames, gradientNames } from '../../spec/op.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor } from '../../spec/tensor.js'
import { compare, directionAt, moved, pointsAround } from '../differences.js'
import type { Law } from '../questions.js'
import { named, numbersAgree } from './claims.js'

// so far apart are the points of a difference; `moved` keeps kinks further off than that
const h = 2 ** -18

// tame numbers in sixty-fourths, which `moved` takes off every kink and tie
const tame = (x: Tensor): Tensor => mapTensor((v) => Math.max(-4, Math.min(4, Math.round(64 * v) / 64)), x)

const isFinite = (tensors: Tensors): boolean =>
  Object.values(tensors).every(({ data }) => Array.from(data as ArrayLike<number>).every(Number.isFinite))

/**
 * Backward is the derivative of forward: of any op that has one, along a drawn direction, by central differences near the
 * sample. Where that is outside the op's domain, as beyond a probability of 1, nothing is claimed but that 0 is 0.
 */
export const isDerivative: Law = {
  name: 'backward is the derivative of forward',
  claims: ({ op, attrs, inputs, cotangents: given }, ask, draw) => {
    const names = gradientNames(opOf(op), inputs)
    const tamed = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, names.includes(name) ? tame(x) : x]),
    )
    const seed = draw.word().toString()
    const x = moved(seed, names, tamed)
    const points = pointsAround(x, directionAt(seed, names, x), h)
    const cotangents = Object.fromEntries(cotangentNames(opOf(op)).map((name) => [name, named(given, name)]))
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, x)),
      E.bind('back', () => ask('backward', attrs, x, cotangents)),
      E.bind('around', () => E.sequenceArray(points.map((point) => ask('forward', attrs, point)))),
      E.map(({ ahead, back, around }) => {
        const values = around.map(({ values }) => values)
        if (![ahead.values, back.values, ahead.slack, back.slack, ...values].every(isFinite))
          return [numbersAgree(0, 0, 0)]
        const trial = { ofValues: ahead.slack, cotangents, gradients: back.values, ofGradients: back.slack }
        const { claimed, measured, allowed } = compare(trial, points, values, h)
        return [numbersAgree(claimed, measured, allowed)]
      }),
    )
  },
}
