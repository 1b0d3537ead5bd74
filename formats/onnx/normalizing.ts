import { either as E, function as F } from 'fp-ts'
import { ensure } from '../../spec/error.js'
import { sizeOf } from '../../spec/tensor.js'
import { reshapeTo, single } from './building.js'
import type { Operator } from './given.js'
import {
  answer,
  float,
  int,
  needed,
  noMore,
  one,
  only,
  operator,
  optionalNumbersAt,
  outputName,
  read,
  refuse,
} from './given.js'
import { axisAmong } from './moves.js'

export const softmaxOf = (op: 'softmax' | 'logSoftmax'): Operator =>
  operator({ axis: int(undefined) }, (attrs, given) =>
    F.pipe(
      E.Do,
      E.bind('x', () => read(given, 0)),
      E.bind('axis', ({ x }) => axisAmong(attrs.axis ?? (given.opset < 13 ? 1 : -1), x.shape.length)),
      E.flatMap(({ x, axis }) => {
        const { build, name } = given
        // before opset 13 all axes from this one on are one row
        if (given.opset >= 13 || axis === x.shape.length - 1) return one(given, op, { axis }, { x })
        return answer(
          F.pipe(
            reshapeTo(build, `${name}.rows`, x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]),
            E.flatMap((rows) => single(build, name, op, { axis: 1 }, { x: rows }, `${name}.shares`)),
            E.flatMap((y) => single(build, `${name}.axes`, 'reshape', { shape: x.shape }, { x: y }, outputName(given))),
          ),
        )
      }),
    ),
  )

export const batchNormalization: Operator = operator(
  {
    ...{ epsilon: float(Math.fround(1e-5)), momentum: float(Math.fround(0.9)), training_mode: int(0) },
    // of versions before 9 and 7
    ...{ spatial: int(1), is_test: int(1) },
  },
  ({ epsilon, momentum, training_mode, spatial, is_test }, given) =>
    F.pipe(
      E.Do,
      E.tap(() => only('spatial', spatial, 1)),
      E.tap(() => only('is_test', is_test, 1)),
      E.tap(() => noMore(given, training_mode === 1 ? 3 : 1)),
      E.bind('x', () => read(given, 0)),
      E.bind('gamma', () => read(given, 1)),
      E.bind('beta', () => read(given, 2)),
      E.bind('runningMean', () => read(given, 3)),
      E.bind('runningVar', () => read(given, 4)),
      E.flatMap((inputs) => {
        if (training_mode === 0) return one(given, 'batchNormInference', { epsilon }, inputs)
        const outputs = given.node.outputs
        const gives = Object.fromEntries(
          ['y', 'runningMean', 'runningVar'].flatMap((output, at) =>
            (outputs[at] ?? '') === '' ? [] : [[output, outputs[at] as string]],
          ),
        )
        // the weight of the old value is ONNX's momentum
        const attrs = { epsilon, momentum: 1 - momentum, runningVariance: 'biased' }
        return F.pipe(
          given.build.node(given.name, 'batchNormTraining', attrs, inputs, gives),
          E.map((made) =>
            ['y', 'runningMean', 'runningVar'].map((output) => made[output] && { operand: made[output] }),
          ),
        )
      }),
    ),
)

export const lrn: Operator = operator(
  { size: int(undefined), alpha: float(Math.fround(1e-4)), beta: float(0.75), bias: float(1) },
  ({ size, alpha, beta, bias }, given) =>
    size === undefined || size % 2 === 0
      ? refuse(`attribute size is ${size}; of an even one the catalogue's window lies otherwise`)
      : F.pipe(
          read(given, 0),
          E.flatMap((x) => one(given, 'localResponseNorm', { size, alpha, beta, k: bias }, { x })),
        ),
)

export const dropout: Operator = operator({ ratio: float(0.5), seed: int(0) }, (_, given) =>
  F.pipe(
    E.Do,
    E.tap(() => noMore(given, 1)),
    E.bind('training', () => optionalNumbersAt(given, 2, 'training_mode')),
    E.tap(({ training }) =>
      ensure(
        (training?.[0] ?? 0) === 0,
        'Unsupported',
        'it is in training mode, whose masks are drawn otherwise everywhere',
      ),
    ),
    E.flatMap(() => needed(given, 0)),
    E.map((value) => [value]),
  ),
)
