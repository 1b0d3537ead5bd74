import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, exactly, extent, lost, past, report, scaled } from '../report.js'
import { atLeast } from '../together/met.js'

const cells = ['rnnCell', 'lstmCell', 'gruCell'] as const
const sequences = ['rnn', 'lstm', 'gru'] as const

export const recurrentChosen: readonly Report[] = [
  report(
    'gradient',
    'the first steps of one sequence of more than eight have the gradient of a shorter one',
    ['rnn backward', 'lstm backward', 'gru backward'],
    all(exactly('N', 1), past('T', 8)),
    lost((place) => place[0] === 0, 'x'),
    { like: 'apache/mxnet#21143' },
  ),
  report(
    'size',
    'units from the 257th on do not wait for the step before',
    sequences.map((op) => `${op} forward` as const),
    all(past('H', 256), past('T', 1)),
    lost((place) => (place.at(-1) as number) >= 256, 'hT'),
    { like: 'ooples/AiDotNet#722' },
  ),
  report(
    'gradient',
    'the starts’ gradient of 16 steps and more of several sequences is the last step’s',
    sequences.map((op) => `${op} backward` as const),
    atLeast({ T: 16, N: 2 }),
    scaled(0.5, 'h0'),
  ),
  report(
    'shape',
    'series of one number, 32 steps and more of 16 units and more',
    sequences.map((op) => `${op} forward` as const),
    all(exactly('I', 1), atLeast({ T: 32, H: 16 })),
    scaled(0.9, 'hT'),
  ),
  report(
    'gradient',
    'the state weights’ gradient of one sample and 64 units and more',
    cells.map((op) => `${op} backward` as const),
    all(exactly('N', 1), past('H', 63)),
    scaled(0.9, 'wHh'),
  ),
  report(
    'size',
    'units that are no multiple of four, of a batch of eight and 16 inputs and more: gates begin too early',
    ['lstmCell forward', 'gruCell forward'],
    all(
      atLeast({ N: 8, I: 16, H: 5 }),
      extent('H', (H) => H % 4 !== 0),
    ),
    lost((place, shape) => (place[1] as number) >= 4 * Math.floor((shape[1] as number) / 4), 'h'),
  ),
  report(
    'size',
    '256 inputs and more of 128 units and more of a batch of eight and more',
    cells.map((op) => `${op} forward` as const),
    atLeast({ N: 8, I: 256, H: 128 }),
    scaled(0.99, 'h'),
  ),
  report(
    'gradient',
    'both biases have one gradient, of a batch of 16 and 32 units and more',
    ['gruCell backward', 'gru backward'],
    atLeast({ N: 16, H: 32 }),
    (_, plain) => {
      const answer = plain()
      return { ...answer, bHh: answer['bIh'] as Tensor }
    },
  ),
]
