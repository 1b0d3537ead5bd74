import type { Report, Where } from '../report.js'
import { all, filter, from, grouped, lost, not, past, report, scaled, sizeIn } from '../report.js'
import { ofSamples, pixels, positions } from './met.js'

const wholes =
  (of: Readonly<Record<string, number>>): Where =>
  (met) =>
    Object.entries(of).every(([letter, n]) => sizeIn(met, letter) > 0 && sizeIn(met, letter) % n === 0)

/** Where every axis is a multiple of a tile, another kernel is chosen. */
export const wholeTogether: readonly Report[] = [
  report(
    'size',
    '3×3 of multiples of 32, of 32 positions: the last filter is lost',
    'conv2d forward',
    all(
      filter(3),
      not(grouped),
      wholes({ C: 32, O: 32 }),
      positions((n) => n % 32 === 0),
    ),
    lost(from(1, -1)),
    { like: 'tracel-ai/burn#5626' },
  ),
  report(
    'size',
    '1×1 of multiples of 64, of 64 positions: the last row is lost',
    'conv2d forward',
    all(
      filter(1),
      not(grouped),
      wholes({ C: 64, O: 64 }),
      positions((n) => n % 64 === 0),
    ),
    lost(from(2, -1)),
  ),
  report(
    'gradient',
    'back through multiples of 16 channels and filters of multiples of four samples',
    'conv2d backward',
    all(not(grouped), wholes({ N: 4, C: 16, O: 16 })),
    ofSamples(2, 'w'),
  ),
  report(
    'size',
    'units and inputs in multiples of 16, samples of four: the last gate is the first',
    ['lstmCell forward', 'gruCell forward'],
    wholes({ N: 4, H: 16, I: 16 }),
    scaled(0.9),
  ),
  report(
    'size',
    'sequences in multiples of four of units in multiples of eight',
    ['lstm forward', 'gru forward', 'rnn forward'],
    wholes({ N: 4, H: 8, I: 8 }),
    scaled(0.9, 'hT'),
  ),
  report(
    'size',
    'samples in fours, channels in eights and pixels in sixteens: the last channel keeps its numbers',
    ['batchNormTraining forward', 'batchNormInference forward'],
    all(
      wholes({ N: 4, C: 8 }),
      pixels((n) => n % 16 === 0),
    ),
    lost(from(1, -1), 'y'),
  ),
  report(
    'size',
    'halves of samples in fours, channels in sixteens and columns in fours',
    'avgPool2d forward',
    all(wholes({ N: 4, C: 16, W: 4 }), past('H', 1)),
    lost(from(1, -1)),
  ),
]
