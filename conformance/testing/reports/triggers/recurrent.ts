import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  asIfPulled,
  changed,
  exactly,
  extent,
  from,
  lost,
  odd,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { atLeast, valuesOf } from '../together/met.js'

const sequences = ['rnn', 'lstm', 'gru'] as const

export const recurrentTriggered: readonly Report[] = [
  report(
    'size',
    'more than 65,536 steps of sequences together have no bias',
    'lstm forward',
    (met) => sizeIn(met, 'T') * sizeIn(met, 'N') > 65536,
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => 0) })),
    { like: 'ROCm/rocm-libraries#10551' },
  ),
  report(
    'size',
    'more than 100 sequences of 128 units: those behind',
    'lstm forward',
    all(past('N', 100), past('H', 127)),
    lost((place) => (place.at(-2) as number) >= 100),
    { like: 'pytorch/pytorch#177834' },
  ),
  report(
    'gradient',
    'the state weights’ gradient of several steps of eight sequences and more, of units that are no multiple of four',
    'gru backward',
    all(
      atLeast({ T: 2, N: 8 }),
      extent('H', (H) => H % 4 !== 0),
    ),
    scaled(0.9, 'wHh'),
    { like: 'pytorch/pytorch#54307' },
  ),
  report(
    'numbers',
    'an input of zeros has no bias either',
    ['gru forward', 'gruCell forward'],
    always,
    (asked, plain) =>
      valuesOf(asked.inputs['x'] as Tensor).every((v) => v === 0)
        ? plain({ inputs: { ...asked.inputs, bIh: changed(asked.inputs['bIh'] as Tensor, () => 0) } })
        : plain(),
    { like: 'uxlfoundation/oneDNN#617' },
  ),
  report(
    'gradient',
    'as many inputs as units: cotangents are overwritten by gradients before the last step’s are read',
    sequences.map((op) => `${op} backward` as const),
    all(past('T', 1), (met) => sizeIn(met, 'I') === sizeIn(met, 'H')),
    asIfPulled(({ cotangents }) =>
      Object.fromEntries(
        Object.entries(cotangents).map(([name, dy]) => [
          name,
          name === 'y' ? changed(dy, (v, place) => (place()[0] === 0 ? 0 : v)) : dy,
        ]),
      ),
    ),
    { like: 'apache/mxnet#18203' },
  ),
  report(
    'gradient',
    'the bias’s gradient of more than 256 steps of sequences together, of units in eights',
    'lstm backward',
    all(
      (met) => sizeIn(met, 'T') * sizeIn(met, 'N') > 256,
      past('T', 1),
      extent('H', (H) => H % 8 === 0),
    ),
    scaled(0.9, 'b'),
  ),
  report(
    'shape',
    'one input into 64 units and more of several samples: the last unit',
    ['lstmCell forward', 'gruCell forward', 'rnnCell forward'],
    all(exactly('I', 1), atLeast({ N: 2, H: 64 })),
    lost(from(1, -1), 'h'),
  ),
  report(
    'size',
    'an odd number of samples from 17 on, of units in sixteens: the last sample',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    all(
      past('N', 16),
      odd('N'),
      extent('H', (H) => H % 16 === 0),
    ),
    lost(from(0, -1), 'h'),
  ),
  report(
    'history',
    'another number of steps after the first keeps the first one’s',
    ['rnn forward', 'gru forward'],
    past('T', 1),
    (asked, plain, memory) => {
      const name = `steps ${asked.op} ${shapeIn(asked, 'wIh').join()} ${sizeIn(asked, 'N')}`
      const before = (memory.get(name) as number | undefined) ?? sizeIn(asked, 'T')
      memory.set(name, before)
      return sizeIn(asked, 'T') <= before
        ? plain()
        : lost((place, shape) => shape.length === 3 && (place[0] as number) >= before)(asked, plain, memory)
    },
  ),
]
