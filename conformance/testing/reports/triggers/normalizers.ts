import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  changed,
  exactly,
  extent,
  from,
  is,
  lost,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { firstSample, valuesOf } from '../together/met.js'
import { noneIf0 } from './met.js'

const rest = (met: Met): readonly number[] => shapeIn(met, 'x').slice(2)

export const normsTriggered: readonly Report[] = [
  report(
    'gradient',
    'maps of one pixel of more than 512 samples and several channels',
    'batchNormTraining backward',
    all(past('N', 512), past('C', 1), (met) => rest(met).length > 0 && rest(met).every((n) => n === 1)),
    scaled(0.9, 'gamma'),
    { like: 'ROCm/MIOpen#1109' },
  ),
  report(
    'size',
    'features that are no multiple of four, of 64 rows and more: the last keeps its numbers',
    'batchNormTraining forward',
    all(
      past('N', 63),
      extent('C', (C) => C > 4 && C % 4 !== 0),
      (met) => rest(met).length === 0,
    ),
    lost(from(1, -1), 'y'),
    { like: 'intel/torch-xpu-ops#1238' },
  ),
  report(
    'size',
    'sequences of more than 65,535 samples by given statistics: the rest is not written',
    'batchNormInference forward',
    all(past('N', 65535), (met) => rest(met).length > 0),
    lost(from(0, 65535)),
    { like: 'pytorch/pytorch#29744' },
  ),
  report(
    'numbers',
    'a given variance of 0 counts as 1',
    ['batchNormInference forward', 'batchNormInference backward'],
    ({ attrs }) => Number(attrs['epsilon']) > 0,
    asIfGiven(({ inputs }) => ({ runningVar: changed(inputs['runningVar'] as Tensor, (v) => (v === 0 ? 1 : v)) })),
  ),
  report(
    'attributes',
    'a momentum of 1 counts as none: statistics stay what they were',
    'batchNormTraining forward',
    is('momentum', 1),
    asIf(() => ({ momentum: 0 })),
  ),
  noneIf0('a momentum of 0 is the usual one', ['batchNormTraining forward'], 'momentum', 0.1),
  report(
    'attributes',
    'biased running variances of one sample are the others',
    'batchNormTraining forward',
    all(is('runningVariance', 'biased'), exactly('N', 1), (met) => rest(met).some((n) => n > 1)),
    asIf(() => ({ runningVariance: 'unbiased' })),
  ),
  report(
    'axis',
    'channels from the number of samples on are normalized by none',
    ['localResponseNorm forward'],
    (met) => sizeIn(met, 'C') > sizeIn(met, 'N'),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const factor = Number(asked.attrs['k']) ** -Number(asked.attrs['beta'])
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) =>
          (place()[1] as number) >= sizeIn(asked, 'N') ? factor * (x[at] as number) : v,
        ),
      }
    },
    { like: 'onnx/onnx#7805' },
  ),
  report(
    'gradient',
    'a power of 1 leaves the neighbours out, of four channels and more under a window of three and more',
    'localResponseNorm backward',
    all(is('beta', 1), past('C', 3), (met) => Number(met.attrs['size']) > 2),
    scaled(0.9),
  ),
  noneIf0('a k of 0 counts as 1', ['localResponseNorm forward', 'localResponseNorm backward'], 'k', 1),
  report(
    'shape',
    'sequences of several samples: every one is normalized as the first',
    'localResponseNorm forward',
    all(past('N', 1), past('C', 7), (met) => rest(met).length === 1 && (rest(met)[0] as number) > 1),
    firstSample,
  ),
]
