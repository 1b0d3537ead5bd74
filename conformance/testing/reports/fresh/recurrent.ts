import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Met, Report, Where } from '../report.js'
import {
  all,
  asIfGiven,
  changed,
  exactly,
  from,
  lost,
  moved,
  odd,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { multiple, only, unpulled } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { leaves, pulled, values, when } from './met.js'

const state = ({ op }: Met): string => (op.endsWith('Cell') ? 'h' : 'h0')
const zeros = (asked: Asked, name: string): boolean => values(asked, name).every((v) => v === 0)
const pulls = (asked: Asked, ...names: readonly string[]): boolean =>
  Object.keys(asked.cotangents).every((name) => names.includes(name) || pulled(asked, name).every((v) => v === 0))
/** More inputs than units, or less. */
const inputs =
  (test: (inputs: number, units: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'I'), sizeIn(met, 'H'))

export const recurrentFresh: readonly Report[] = [
  report(
    'shape',
    'several steps of several sequences of one input into an odd number of units from three on: the last unit’s last step',
    ['rnn forward', 'gru forward', 'lstm forward'],
    all(past('T', 1), past('N', 1), exactly('I', 1), odd('H'), past('H', 2)),
    lost(([t, , h], [T, , H]) => t === (T as number) - 1 && h === (H as number) - 1, 'y'),
  ),
  report(
    'gradient',
    'pulled at the last cell alone, several steps: the first step’s inputs have none',
    'lstm backward',
    past('T', 2),
    when(
      (asked) => pulls(asked, 'cT'),
      lost((place) => place[0] === 0, 'x'),
    ),
    { like: 'tensorflow/tfjs#8590' },
  ),
  report(
    'gradient',
    'pulled at the last state alone, more units than inputs: the state’s weights have half their gradient',
    ['lstm backward', 'gru backward', 'rnn backward'],
    all(
      past('T', 1),
      inputs((I, H) => H > I),
    ),
    when((asked) => pulls(asked, 'hT'), scaled(0.5, 'wHh')),
  ),
  report(
    'gradient',
    'pulled at the cell and not at the state, several samples: the output gate has a gradient',
    'lstmCell backward',
    past('N', 1),
    when(
      (asked) => pulls(asked, 'c'),
      (_, plain) => {
        const b = plain()['b'] as Tensor
        const H = (b.shape[0] as number) / 4
        return having(plain(), { b: changed(b, (v, _place, at) => (at >= 3 * H ? Number(b.data[at - 3 * H]) : v)) })
      },
    ),
  ),
  report(
    'numbers',
    'a start that is not 0 of a single step, several sequences, units that leave one over from four: the last unit starts from 0',
    ['rnn forward', 'gru forward', 'lstm forward'],
    all(exactly('T', 1), past('N', 1), leaves('H', 4, 1)),
    asIfGiven(({ inputs }) => ({
      h0: changed(inputs['h0'] as Tensor, (v, place) =>
        place()[1] === (inputs['h0']?.shape[1] as number) - 1 ? 0 : v,
      ),
    })),
  ),
  report('numbers', 'a cell of 8 and more times its gate keeps 8', 'lstmCell forward', past('H', 1), (_, plain) =>
    having(plain(), { c: changed(plain()['c'] as Tensor, (v) => Math.max(-8, Math.min(8, v))) }),
  ),
  report(
    'numbers',
    'states of exactly 1 and −1, as they saturate, stay, several units',
    ['rnnCell forward', 'gruCell forward'],
    past('H', 1),
    (asked, plain) => {
      const h = values(asked, 'h')
      return {
        h: changed(plain()['h'] as Tensor, (v, _, at) => (Math.abs(h[at] as number) === 1 ? (h[at] as number) : v)),
      }
    },
  ),
  report(
    'shape',
    'an odd number of samples of inputs that leave two over from four into units in fours: the last two inputs',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    all(odd('N'), past('N', 1), leaves('I', 4, 2), multiple('H', 4)),
    asIfGiven(({ inputs }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) =>
        (place()[1] as number) >= (inputs['x']?.shape[1] as number) - 2 ? 0 : v,
      ),
    })),
  ),
  report(
    'gradient',
    'back through one step of several samples, units that leave three over from four and no start: the state’s weights have that of the inputs',
    ['gruCell backward', 'lstmCell backward', 'rnnCell backward'],
    all(past('N', 1), leaves('H', 4, 3)),
    when(
      (asked) => zeros(asked, state(asked)),
      (_, plain) => having(plain(), { wHh: changed(plain()['wHh'] as Tensor, () => 0.5) }),
    ),
  ),
  report(
    'gradient',
    'the new gate’s bias of the state from an odd number of samples, units in fours: the last sample’s share',
    'gruCell backward',
    all(odd('N'), past('N', 1), multiple('H', 4)),
    only(
      ['bHh'],
      unpulled('h', ([n], [N]) => n === (N as number) - 1),
    ),
  ),
  report(
    'gradient',
    'the starts’ gradient of three and more steps of sequences in fours of an odd number of units: the last unit',
    ['rnn backward', 'gru backward', 'lstm backward'],
    all(past('T', 2), multiple('N', 4), odd('H'), past('H', 1)),
    lost(from(1, -1), 'h0', 'c0'),
  ),
  report(
    'shape',
    'more steps than eight of two or three sequences and more inputs than twice the units: the last state is that of the first sequence',
    ['rnn forward', 'gru forward', 'lstm forward'],
    all(past('T', 8), past('N', 1), (met) => sizeIn(met, 'N') < 4 && sizeIn(met, 'I') > 2 * sizeIn(met, 'H')),
    moved((place) => withIndex(place, 0, 0), 'hT'),
  ),
  report(
    'size',
    'from 17 to 31 units of nine to 15 inputs, several samples: units behind the 16th leave the state out',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    all(
      past('N', 1),
      (met) => sizeIn(met, 'H') > 16 && sizeIn(met, 'H') < 32 && sizeIn(met, 'I') > 8 && sizeIn(met, 'I') < 16,
    ),
    lost(from(1, 16), 'h'),
  ),
  report(
    'size',
    'from 17 to 31 units of several steps and sequences: the weights’ gradient of units behind the 16th',
    ['rnn backward', 'gru backward', 'lstm backward'],
    all(past('N', 1), past('T', 2), (met) => sizeIn(met, 'H') > 16 && sizeIn(met, 'H') < 32),
    lost(from(1, 16), 'wHh'),
  ),
  report(
    'numbers',
    'a start that is alike for all sequences, and not 0, is that of the first step of all steps',
    ['rnn forward', 'gru forward'],
    all(past('N', 1), past('T', 1)),
    when(
      (asked) => {
        const h = values(asked, 'h0')
        const H = sizeIn(asked, 'H')
        return h.some((v) => v !== 0) && h.every((v, at) => v === h[at % H])
      },
      scaled(0.9, 'y'),
    ),
  ),
  report(
    'numbers',
    'forget gates that are shut throughout, by a bias below −16: the cell keeps a thousandth',
    ['lstmCell forward', 'lstm forward'],
    past('H', 1),
    when(
      (asked) => {
        const b = values(asked, 'b')
        const H = sizeIn(asked, 'H')
        return b.slice(H, 2 * H).every((v) => v < -16)
      },
      scaled(1.001, 'c', 'cT'),
    ),
  ),
]
