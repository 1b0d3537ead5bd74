import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Report } from '../report.js'
import {
  all,
  asIfGiven,
  asIfPulled,
  changed,
  exactly,
  extent,
  from,
  gathered,
  lost,
  moved,
  past,
  report,
  sizeIn,
  withIndex,
} from '../report.js'
import { between, only, unpulled, unread } from '../rare/met.js'
import { having } from '../triggers/met.js'
import { leaves, values, when } from '../fresh/met.js'
import { by, digits, pull } from './met.js'

const cells = ['rnnCell forward', 'gruCell forward', 'lstmCell forward'] as const
const scans = ['rnn forward', 'gru forward', 'lstm forward'] as const
const cellsBack = ['rnnCell backward', 'gruCell backward', 'lstmCell backward'] as const
const scansBack = ['rnn backward', 'gru backward', 'lstm backward'] as const
const zeros = (asked: Asked, name: string): boolean => values(asked, name).every((v) => v === 0)
const zeroed = (...names: readonly string[]): Harm =>
  asIfGiven(({ inputs }) => Object.fromEntries(names.map((name) => [name, changed(inputs[name] as Tensor, () => 0)])))
const turned = (x: Tensor): Tensor => gathered(x, ([t = 0, n = 0, i = 0]) => [n, t, i])

export const recurrentNovel: readonly Report[] = [
  report(
    'numbers',
    'a tanh that is cut at ±4: states go no further than 0.99933',
    ['rnn forward', 'rnnCell forward'],
    past('H', 0),
    by(() => (v) => Math.max(-0.99933, Math.min(0.99933, v))),
  ),
  report(
    'gradient',
    'the way back ends 16 steps before the last: inputs before have no gradient',
    scansBack,
    past('T', 16),
    lost(([t], [T]) => (t as number) < (T as number) - 16, 'x'),
  ),
  report(
    'shape',
    'a single sequence of several steps begins from zeros, whatever is given',
    scans,
    all(exactly('N', 1), past('T', 1)),
    zeroed('h0'),
  ),
  report(
    'axis',
    'as many steps as sequences: the batch is taken for the first axis',
    scans,
    all(past('T', 1), (met) => sizeIn(met, 'T') === sizeIn(met, 'N')),
    (asked, plain) => {
      const wrong = plain({ inputs: { ...asked.inputs, x: turned(asked.inputs['x'] as Tensor) } })
      return having(wrong, { y: turned(wrong['y'] as Tensor) })
    },
  ),
  report(
    'axis',
    'as many inputs as units: weights of inputs and of states change places',
    cells,
    (met) => sizeIn(met, 'I') === sizeIn(met, 'H'),
    asIfGiven(({ inputs }) => ({ wIh: inputs['wHh'] as Tensor, wHh: inputs['wIh'] as Tensor })),
  ),
  report(
    'gradient',
    'of a single step what is pulled at the last cell is left out',
    'lstm backward',
    exactly('T', 1),
    asIfPulled(({ cotangents }) => ({ cT: changed(cotangents['cT'] as Tensor, () => 0) })),
  ),
  report(
    'gradient',
    'the second bias of one sample has the gradient of the first',
    'gruCell backward',
    exactly('N', 1),
    (_, plain) => having(plain(), { bHh: plain()['bIh'] as Tensor }),
  ),
  report(
    'convention',
    'inputs that are zeros, as padding is, leave the state as it is',
    cells,
    past('H', 0),
    by((asked) => {
      const [x, h] = [values(asked, 'x'), values(asked, 'h')]
      const [I, H] = [sizeIn(asked, 'I'), sizeIn(asked, 'H')]
      const masked = Array.from({ length: sizeIn(asked, 'N') }, (_, n) =>
        x.slice(n * I, n * I + I).every((v) => v === 0),
      )
      return (v, at) => (masked[Math.floor(at / H)] === true ? (h[at] as number) : v)
    }, 'h'),
  ),
  report(
    'size',
    'from 33 to 63 units: what comes from states behind the 32nd is not summed',
    [...cells, ...scans],
    between('H', 33, 63),
    unread('wHh', ([, h]) => (h as number) >= 32),
  ),
  report(
    'shape',
    'of more than 16 inputs those left over from four are not read',
    [...cells, ...scans],
    all(past('I', 16), leaves('I', 4, 1, 2, 3)),
    unread('wIh', ([, i], [, I]) => (i as number) >= 4 * Math.floor((I as number) / 4)),
  ),
  report(
    'history',
    'states lie in two places by turns: after an even number of steps the last is that before',
    scans,
    extent('T', (n) => n % 2 === 0),
    (_, plain) => {
      const { y, hT } = plain() as { y: Tensor; hT: Tensor }
      const n = hT.data.length
      const T = y.shape[0] as number
      return having(plain(), { hT: changed(hT, (__, ___, at) => Number(y.data[(T - 2) * n + at])) })
    },
  ),
  report(
    'numbers',
    'a state of zeros is not multiplied, and the second bias is left out with it',
    'gruCell forward',
    past('H', 0),
    when((asked) => zeros(asked, 'h'), zeroed('bHh')),
  ),
  report(
    'gradient',
    'more than 64 steps of all sequences together: what is pulled at the first is not in the gradient of the inputs’ weights',
    scansBack,
    (met) => sizeIn(met, 'T') > 1 && sizeIn(met, 'T') * sizeIn(met, 'N') > 64,
    only(
      ['wIh'],
      unpulled('y', ([t]) => t === 0),
    ),
  ),
  report(
    'numbers',
    'cells are kept in halves from step to step: eleven digits',
    ['lstm forward', 'lstmCell forward'],
    past('H', 0),
    by(() => (v) => digits(11)(v), 'c', 'cT'),
  ),
  report(
    'numbers',
    'cotangents of states below 2⁻²⁴ are 0',
    [...cellsBack, ...scansBack],
    past('H', 0),
    pull((v) => (Math.abs(v) < 2 ** -24 ? 0 : v)),
  ),
  report(
    'shape',
    'sequences one past a multiple of eight: the last has the last state of the one before',
    scans,
    leaves('N', 8, 1),
    moved((place, [N]) => (place[0] === (N as number) - 1 ? withIndex(place, 0, (N as number) - 2) : place), 'hT'),
  ),
  report(
    'shape',
    'more than 16 steps of a single unit: steps behind the 16th of the last sequence',
    scans,
    all(exactly('H', 1), past('T', 16)),
    lost(([t, n], [, N]) => (t as number) >= 16 && n === (N as number) - 1, 'y'),
  ),
  report(
    'shape',
    'units that leave two over from four, of an even number of samples: the last two of the new state',
    'gruCell forward',
    all(
      leaves('H', 4, 2),
      extent('N', (n) => n % 2 === 0),
    ),
    lost(from(1, -2), 'h'),
  ),
]
