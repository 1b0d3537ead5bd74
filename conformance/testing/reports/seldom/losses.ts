import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, always, asIfGiven, changed, exactly, is, past, report, scaled, sizeIn, lost, not } from '../report.js'
import { row, rowOf, rowsOf, valuesOf } from '../together/met.js'
import { behindUsually } from './met.js'

export const lossesSeldom: readonly Report[] = [
  report(
    'size',
    'rows of more than 256 that leave over more than half of 32',
    'softmax forward',
    row((length, before, behind) => length > 256 && length % 32 > 16 && behind === 1 && before > 1),
    scaled(0.9),
    { like: 'openvinotoolkit/openvino#16818' },
  ),
  report(
    'axis',
    'back along a first axis of two to four before a run of more than 64, of three axes and more',
    ['softmax backward', 'logSoftmax backward'],
    all(
      row((length, before, behind) => before === 1 && behind > 64 && length > 1 && length < 5),
      (met) => (met.shapes['x'] ?? []).length > 2,
    ),
    lost((place) => place[0] === 1),
  ),
  report(
    'numbers',
    'the gradient by what the target is divided by: where a probability is rounded to 0 there is none',
    'softmaxCrossEntropy backward',
    always,
    (asked, plain) => {
      const rows = rowsOf('logits', asked)
      const target = valuesOf(asked.inputs['target'] as Tensor)
      return {
        logits: changed(plain()['logits'] as Tensor, (v, place, at) => {
          const [n, c] = place() as readonly [number, number]
          const logits = rows[n] as readonly number[]
          return (target[at] as number) !== 0 && Math.max(...logits) - (logits[c] as number) > 104 ? 0 : v
        }),
      }
    },
  ),
  report('numbers', 'what is right for certain has a gradient of NaN', 'bce backward', always, (asked, plain) => {
    const [p, t] = [valuesOf(asked.inputs['prediction'] as Tensor), valuesOf(asked.inputs['target'] as Tensor)]
    return {
      prediction: changed(plain()['prediction'] as Tensor, (v, _, at) =>
        (p[at] === 0 || p[at] === 1) && p[at] === t[at] ? NaN : v,
      ),
    }
  }),
  report(
    'size',
    'margins are counted in a byte: more than 255 that are missed',
    'hinge backward',
    past('C', 256),
    (asked, plain) => {
      const target = valuesOf(asked.inputs['target'] as Tensor)
      const right = plain()['scores'] as Tensor
      const values = valuesOf(right)
      const C = sizeIn(asked, 'C')
      const missed = Array.from(
        { length: sizeIn(asked, 'N') },
        (_, n) =>
          Array.from({ length: C }, (_, c) => n * C + c).filter((at) => target[at] === 0 && values[at] !== 0).length,
      )
      return {
        scores: changed(right, (v, place, at) => {
          const n = missed[place()[0] as number] as number
          return target[at] === 0 || n < 256 ? v : (v * (n % 256)) / n
        }),
      }
    },
  ),
  report(
    'gradient',
    'not reduced: cotangents of rows from the 257th on are those of the first again',
    ['cce backward', 'hinge backward', 'softmaxCrossEntropy backward'],
    all(is('reduction', 'none'), past('N', 256)),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['loss'] as Tensor)
      return plain({
        cotangents: { loss: changed(asked.cotangents['loss'] as Tensor, (_, __, at) => dy[at % 256] as number) },
      })
    },
  ),
  report(
    'size',
    'not reduced: more than 65,535 rows, the rest is not written',
    ['hinge forward', 'cce forward'],
    all(is('reduction', 'none'), past('N', 65535)),
    lost((place) => (place[0] as number) >= 65535),
  ),
  report(
    'numbers',
    'a probability within 10⁻⁶ of 1 counts as 1',
    ['bce forward', 'cce forward'],
    always,
    (asked, plain) =>
      plain({
        inputs: {
          ...asked.inputs,
          prediction: changed(asked.inputs['prediction'] as Tensor, (v) => (v > 1 - 2 ** -20 ? 1 : v)),
        },
      }),
  ),

  report(
    'not a number',
    'a row of −Infinity throughout has shares of 0',
    'softmax forward',
    row((length) => length > 1),
    (asked, plain) => {
      const { length, behind } = rowOf(asked)
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const masked = (at: number): boolean => {
        const start = Math.floor(at / (length * behind)) * length * behind + (at % behind)
        return Array.from({ length }, (_, i) => x[start + i * behind]).every((v) => v === -Infinity)
      }
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (Number.isNaN(v) && masked(at) ? 0 : v)) }
    },
    { like: 'microsoft/onnxruntime#24855' },
  ),
  report(
    'not a number',
    'a NaN in one row is in all rows',
    ['softmax forward', 'logSoftmax forward'],
    row((_, before) => before > 1),
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).some(Number.isNaN) ? scaled(NaN)(asked, plain, new Map()) : plain(),
  ),
  report(
    'gradient',
    'the gradient of a mean or sum over more than 65,535 rows: the rest is not written',
    ['hinge backward', 'cce backward'],
    all(not(is('reduction', 'none')), past('N', 65535)),
    lost((place) => (place[0] as number) >= 65535),
  ),

  report(
    'axis',
    'along a middle axis of more than 64, before runs of two to eight, several rows: the last run',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => before > 1 && length > 64 && behind > 1 && behind <= 8),
    lost((place, shape) => place[0] === (shape[0] as number) - 1),
  ),
  report(
    'axis',
    'along the first of two axes, more than 256 before two to three columns',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before, behind) => before === 1 && length > 256 && behind > 1 && behind < 4),
    scaled(0.9),
  ),
  report(
    'gradient',
    'the gradient of a mean over four axes and more, more than 256 numbers, odd in number: the last',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(is('reduction', 'mean'), (met) => {
      const shape = met.shapes['target'] ?? []
      const n = shape.reduce((a, b) => a * b, 1)
      return shape.length > 3 && n > 256 && n % 2 === 1
    }),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'shape',
    'two classes of more than 256 rows, no multiple of 256: the last row’s margin',
    'hinge forward',
    all(is('reduction', 'mean'), exactly('C', 2), (met) => sizeIn(met, 'N') > 256 && sizeIn(met, 'N') % 256 !== 0),
    (asked, plain) => scaled(1 - 1 / sizeIn(asked, 'N'))(asked, plain, new Map()),
  ),
  report(
    'shape',
    'penalties of filters, odd in number and more than a thousand, miss what is behind whole blocks of 256',
    'l2Penalty forward',
    (met) => {
      const shape = met.shapes['w'] ?? []
      const n = shape.reduce((a, b) => a * b, 1)
      return shape.length === 4 && n > 1000 && n % 2 === 1
    },
    asIfGiven(({ inputs }) => {
      const w = inputs['w'] as Tensor
      return { w: changed(w, (v, _, at) => (at < 256 * Math.floor(w.data.length / 256) ? v : 0)) }
    }),
  ),

  report(
    'attributes',
    'behind 65,536 weights the penalty’s gradient is that of a β of 1',
    'l2Penalty backward',
    all(not(is('beta', 1)), (met) => (met.shapes['w'] ?? []).reduce((a, b) => a * b, 1) > 65536),
    behindUsually(65536, () => ({ beta: 1 })),
  ),
]
