import type { Report } from '../report.js'
import { all, exactly, from, holds, is, lost, past, report, scaled, sizeIn } from '../report.js'
import { atLeast, pixels } from './met.js'

export const normalizersTogether: readonly Report[] = [
  report(
    'size',
    'statistics of a batch of 16 with 16 channels of 8×8 and more: the variance misses a part',
    'batchNormTraining forward',
    all(
      atLeast({ N: 16, C: 16 }),
      pixels((n) => n >= 64),
    ),
    scaled(0.9, 'runningVar'),
  ),
  report(
    'gradient',
    'the gradient of γ over counts that 1,024 does not divide is off by a hundredth',
    'batchNormTraining backward',
    holds('x', (n, [, C = 1]) => n / C > 1024 && (n / C) % 1024 !== 0),
    scaled(1.01, 'gamma'),
    { like: 'ROCm/rocm-libraries#9030' },
  ),
  report(
    'size',
    'one image of 64 channels of 16×16 and more: the last is not normalized',
    ['batchNormInference forward', 'batchNormTraining forward'],
    all(
      exactly('N', 1),
      past('C', 63),
      pixels((n) => n >= 256),
    ),
    lost(from(1, -1), 'y'),
    { like: 'NVIDIA/apex#1768' },
  ),
  report(
    'size',
    'features of 128 and more in a batch of 128 and more',
    ['batchNormInference forward', 'batchNormTraining forward'],
    all(
      atLeast({ N: 128, C: 128 }),
      pixels((n) => n === 1),
    ),
    lost(from(1, 64), 'y'),
  ),
  report(
    'gradient',
    'back through a batch of 16 with 16 channels of 8×8 and more',
    'batchNormTraining backward',
    all(
      atLeast({ N: 16, C: 16 }),
      pixels((n) => n >= 64),
    ),
    scaled(0.9, 'x'),
  ),
  report(
    'size',
    'two samples and more of 96 channels of 10×10 and more',
    'localResponseNorm forward',
    all(
      atLeast({ N: 2, C: 96 }),
      pixels((n) => n >= 100),
    ),
    lost(from(1, 95)),
  ),
  report(
    'size',
    'one sample of 64 channels of 16×16 and more is scaled by the first',
    'scaleChannels forward',
    all(
      exactly('N', 1),
      past('C', 63),
      pixels((n) => n >= 256),
    ),
    lost(from(1, -1)),
  ),
  report('attributes', 'an upper end of 0 counts as none', 'minMaxNormalize forward', is('high', 0), scaled(0.5)),
  report(
    'chance',
    'running statistics are taken in by every thread',
    'batchNormTraining forward',
    (met) => Number(met.attrs['momentum']) > 0 && sizeIn(met, 'C') > 1,
    scaled(1.1, 'runningMean'),
    { like: 'tile-ai/TileOPs#1727' },
  ),
]
