import type { Tensor } from '../../../../spec/tensor.js'
import type { Report, Where } from '../report.js'
import {
  all,
  always,
  changed,
  elementsIn,
  exactly,
  from,
  lost,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { valuesOf } from '../together/met.js'
import { noneIf0 } from './met.js'

const reduced = (...reductions: readonly string[]): Where => {
  return ({ attrs }) => reductions.includes(attrs['reduction'] as string)
}

export const lossesTriggered: readonly Report[] = [
  report(
    'gradient',
    'a sum’s gradient is divided by the rows',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(reduced('sum'), past('N', 1)),
    (asked, plain) => scaled(1 / sizeIn(asked, 'N'))(asked, plain, new Map()),
    { like: 'paiml/aprender#2182' },
  ),
  report(
    'numbers',
    'a logit of 0 has the gradient of a slope that is 0 there',
    'bceWithLogits backward',
    always,
    (asked, plain) => {
      const logits = valuesOf(asked.inputs['logits'] as Tensor)
      return { logits: changed(plain()['logits'] as Tensor, (v, _, at) => (logits[at] === 0 ? 0 : v)) }
    },
    { like: 'pytorch/pytorch#1792' },
  ),
  report(
    'size',
    'the mean of more than 100,000 numbers that are no multiple of 1,024 misses the last part',
    ['bceWithLogits forward', 'mse forward'],
    all(reduced('mean'), (met) => {
      const n = elementsIn(met, 'target')
      return n > 100000 && n % 1024 !== 0
    }),
    (asked, plain) => {
      const target = valuesOf(asked.inputs['target'] as Tensor)
      const whole = 1024 * Math.floor(target.length / 1024)
      // what costs nothing
      const right = asked.op === 'mse' ? (at: number) => target[at] as number : () => 1e9
      const name = asked.op === 'mse' ? 'prediction' : 'logits'
      return plain({
        inputs: {
          target: changed(asked.inputs['target'] as Tensor, (v, _, at) =>
            at < whole ? v : asked.op === 'mse' ? v : 1,
          ),
          [name]: changed(asked.inputs[name] as Tensor, (v, _, at) => (at < whole ? v : right(at))),
        },
      })
    },
    { like: 'Oneflow-Inc/oneflow#9666' },
  ),
  report(
    'gradient',
    'one row of more than 64 classes that is not reduced: the last class',
    ['hinge backward', 'cce backward', 'softmaxCrossEntropy backward'],
    all(exactly('N', 1), past('C', 64), reduced('none')),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'the gradient of a sum over a number of elements from 1,000 on that is no multiple of four: the last',
    ['mse backward', 'bce backward', 'bceWithLogits backward'],
    all(reduced('sum'), (met) => elementsIn(met, 'target') > 1000 && elementsIn(met, 'target') % 4 !== 0),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  noneIf0('a penalty of 0 is one of 10⁻⁴', ['l2Penalty forward', 'l2Penalty backward'], 'beta', 1e-4),
  report(
    'numbers',
    'a probability below 10⁻⁷ gives no gradient, as if it were cut there',
    ['cce backward', 'bce backward'],
    always,
    (asked, plain) => {
      const p = valuesOf(asked.inputs['prediction'] as Tensor)
      return {
        prediction: changed(plain()['prediction'] as Tensor, (v, _, at) => ((p[at] as number) < 1e-7 ? 0 : v)),
      }
    },
    { like: 'tensorflow/tensorflow#32039' },
  ),
  report(
    'size',
    'rows of 257 to 384 numbers, of two and more',
    'logSoftmax forward',
    all(
      (met) => shapeIn(met, 'x').length > 1,
      (met) => {
        const x = shapeIn(met, 'x')
        const axis = Number(met.attrs['axis'])
        const along = x.at(axis) as number
        return along > 256 && along <= 384 && elementsIn(met, 'x') > along
      },
    ),
    scaled(0.9),
    { like: 'intel/torch-xpu-ops#4772' },
  ),
  report(
    'size',
    'back along rows of 1,025 to 1,535 numbers',
    ['softmax backward', 'logSoftmax backward'],
    (met) => {
      const along = shapeIn(met, 'x').at(Number(met.attrs['axis'])) as number
      return along > 1024 && along < 1536
    },
    scaled(0.9),
    { like: 'intel/torch-xpu-ops#4772' },
  ),
]
