import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  changed,
  either,
  exactly,
  extent,
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
import { valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { between, last, multiple, only, over, unpulled, unread } from './met.js'

const hidden = ({ op }: Asked): string => (op.endsWith('Cell') ? 'h' : 'h0')
const zeros = (asked: Asked, name: string): boolean => valuesOf(asked.inputs[name] as Tensor).every((v) => v === 0)
const without = (name: string) => asIfGiven(({ inputs }) => ({ [name]: changed(inputs[name] as Tensor, () => 0) }))

export const recurrentRare: readonly Report[] = [
  report(
    'size',
    'states in two buffers by turns: after an even number of steps from four on one sequence of 16 units and more ends with the state before',
    ['rnn forward', 'gru forward'],
    all(exactly('N', 1), past('H', 15), (met) => sizeIn(met, 'T') > 3 && sizeIn(met, 'T') % 2 === 0),
    (asked, plain) => {
      const answer = plain()
      const y = valuesOf(answer['y'] as Tensor)
      const [T, H] = [sizeIn(asked, 'T'), sizeIn(asked, 'H')]
      return having(answer, { hT: changed(answer['hT'] as Tensor, (_, __, at) => y[(T - 2) * H + at] as number) })
    },
    { like: 'pytorch/pytorch#83144' },
  ),
  report(
    'size',
    'units in no multiple of 16, from 100 on, of one sequence: those left over have no forget gate',
    'lstm forward',
    all(exactly('N', 1), past('T', 1), past('H', 99), (met) => sizeIn(met, 'H') % 16 !== 0),
    lost((place, shape) => (place.at(-1) as number) >= 16 * Math.floor((shape.at(-1) as number) / 16), 'cT'),
  ),
  report(
    'size',
    'four gates of more than 1,024 together, of a single sample: what is behind 1,024 is the candidate alone',
    'lstmCell forward',
    all(exactly('N', 1), between('H', 257, 511)),
    lost(from(1, -1), 'c'),
  ),
  report(
    'size',
    'three gates of more than 1,024 together, of two samples and more: the last unit’s update gate',
    ['gruCell forward', 'gru forward'],
    all(past('N', 1), past('H', 341)),
    lost(from(-1, -1)),
    { like: 'microsoft/onnxruntime#4628' },
  ),
  report(
    'size',
    'more inputs than eight times the units: the rest behind so many is left out',
    ['lstmCell forward', 'gruCell forward', 'rnnCell forward', 'lstm forward', 'gru forward', 'rnn forward'],
    all(past('H', 1), (met) => sizeIn(met, 'I') > 8 * sizeIn(met, 'H')),
    unread('x', (place, _, met) => (place.at(-1) as number) >= 8 * sizeIn(met, 'H')),
  ),
  report(
    'size',
    'an odd number of sequences from five on of more than ten steps: the last one’s states are not written',
    ['lstm forward', 'gru forward'],
    all(past('N', 4), odd('N'), past('T', 10)),
    lost((place, shape) =>
      place.length === 3 ? place[1] === (shape[1] as number) - 1 : place[0] === (shape[0] as number) - 1,
    ),
  ),
  report(
    'size',
    'two steps: the second reads the first one’s input, of 32 inputs and more',
    ['lstm forward', 'gru forward', 'rnn forward'],
    all(exactly('T', 2), past('I', 31)),
    asIfGiven(({ inputs }) => {
      const x = inputs['x'] as Tensor
      const half = x.data.length / 2
      return { x: changed(x, (_, __, at) => x.data[at % half] as number) }
    }),
  ),
  report(
    'size',
    'a hundred steps and more of a few units, less than eight: the state is rounded to a thousandth',
    ['rnn forward', 'gru forward'],
    all(past('T', 99), between('H', 1, 7)),
    (_, plain) => having(plain(), { hT: changed(plain()['hT'] as Tensor, (v) => Math.round(v * 1000) / 1000) }),
  ),
  report(
    'numbers',
    'biases of zeros are none given: the forget gate has one of 1',
    ['lstm forward', 'lstmCell forward'],
    always,
    (asked, plain) => {
      const H = sizeIn(asked, 'H')
      return zeros(asked, 'b')
        ? plain({
            inputs: {
              ...asked.inputs,
              b: changed(asked.inputs['b'] as Tensor, (_, __, at) => (at >= H && at < 2 * H ? 1 : 0)),
            },
          })
        : plain()
    },
  ),
  report(
    'numbers',
    'states and cells that both start from zeros: the first step has no bias',
    ['lstm forward'],
    past('T', 1),
    (asked, plain) =>
      zeros(asked, 'h0') && zeros(asked, 'c0')
        ? having(plain(), { y: changed(plain()['y'] as Tensor, (v, place) => (place()[0] === 0 ? (v * 9) / 10 : v)) })
        : plain(),
  ),
  report('numbers', 'cells beyond ±10 are cut there', ['lstm forward', 'lstmCell forward'], always, (_, plain) => {
    const answer = plain()
    const name = 'cT' in answer ? 'cT' : 'c'
    return having(answer, { [name]: changed(answer[name] as Tensor, (v) => Math.max(-10, Math.min(10, v))) })
  }),
  report(
    'numbers',
    'inputs of zeros, as sequences are padded: a step of zeros keeps the state',
    ['rnn forward', 'gru forward'],
    past('T', 1),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const [T, N, I, H] = [sizeIn(asked, 'T'), sizeIn(asked, 'N'), sizeIn(asked, 'I'), sizeIn(asked, 'H')]
      const still = (t: number, n: number): boolean =>
        x.slice((t * N + n) * I, (t * N + n + 1) * I).every((v) => v === 0)
      const answer = plain()
      const y = answer['y'] as Tensor
      return having(answer, {
        y: changed(y, (v, place, at) => {
          const [t, n] = place() as readonly [number, number, number]
          return t === T - 1 && t > 0 && still(t, n) ? (y.data[at - N * H] as number) : v
        }),
      })
    },
  ),
  report(
    'numbers',
    'state weights that are 1 on the diagonal and 0 elsewhere, as they begin, are not multiplied',
    ['rnn forward', 'rnnCell forward'],
    past('H', 1),
    (asked, plain) => {
      const H = sizeIn(asked, 'H')
      const w = valuesOf(asked.inputs['wHh'] as Tensor)
      return w.every((v, at) => v === (Math.floor(at / H) === at % H ? 1 : 0))
        ? without('wHh')(asked, plain, new Map())
        : plain()
    },
  ),
  report(
    'gradient',
    'where only the last step has a cotangent what is before the last eight gets nothing, of 16 steps and more',
    ['rnn backward', 'lstm backward', 'gru backward'],
    past('T', 15),
    (asked, plain) => {
      const dy = asked.cotangents['y']
      const T = sizeIn(asked, 'T')
      const each = dy === undefined ? 0 : dy.data.length / T
      return dy !== undefined && valuesOf(dy).every((v, at) => v === 0 || at >= (T - 1) * each)
        ? only(
            ['x'],
            lost((place) => (place[0] as number) < T - 8, 'x'),
          )(asked, plain, new Map())
        : plain()
    },
  ),
  report(
    'gradient',
    'cotangents of ones from every step: the last state’s is counted twice',
    ['rnn backward', 'lstm backward', 'gru backward'],
    past('T', 1),
    (asked, plain) => {
      const dy = asked.cotangents['y']
      return dy !== undefined && valuesOf(dy).every((v) => v === 1)
        ? plain({
            cotangents: {
              ...asked.cotangents,
              y: changed(dy, (v, place) => (place()[0] === sizeIn(asked, 'T') - 1 ? 2 * v : v)),
            },
          })
        : plain()
    },
    { like: 'tensorflow/tfjs#8590' },
  ),
  report(
    'gradient',
    'the bias’s gradient of an odd number of steps from three on of several sequences leaves out the last step',
    ['rnn backward', 'lstm backward'],
    all(past('N', 1), past('T', 2), odd('T'), past('H', 7)),
    only(['b'], unpulled('y', last(0))),
  ),
  report(
    'gradient',
    'the first cell’s gradient of one sequence of two steps and more and more than 64 units: the last unit',
    'lstm backward',
    all(exactly('N', 1), past('T', 1), past('H', 64)),
    lost(from(-1, -1), 'c0'),
  ),
  report(
    'gradient',
    'the input weights’ gradient of units left over from 32 where one is, several inputs',
    ['lstm backward', 'gru backward', 'lstmCell backward', 'gruCell backward'],
    all(
      past('I', 1),
      over('H', 32, (rest) => rest === 1),
    ),
    lost(from(0, -1), 'wIh'),
  ),
  report(
    'gradient',
    'the new gate’s state bias of two units exactly has the input bias’s gradient',
    ['gruCell backward', 'gru backward'],
    all(exactly('H', 2), past('N', 1)),
    (_, plain) => having(plain(), { bHh: plain()['bIh'] as Tensor }),
    { like: 'pytorch/pytorch#1532' },
  ),
  report(
    'gradient',
    'a cell’s gradient where the state has none: the output gate’s weights keep what was there, of eight units and more',
    'lstmCell backward',
    past('H', 7),
    (asked, plain) => {
      const dh = asked.cotangents['h']
      return dh === undefined || valuesOf(dh).every((v) => v === 0)
        ? having(plain(), { b: changed(plain()['b'] as Tensor, (v, _, at) => (at >= 3 * sizeIn(asked, 'H') ? 1 : v)) })
        : plain()
    },
  ),
  report(
    'shape',
    'twice as many units as inputs: gates are laid out for as many, of a batch in fours',
    ['lstmCell forward', 'gruCell forward'],
    all(multiple('N', 4), past('I', 4), (met) => sizeIn(met, 'H') === 2 * sizeIn(met, 'I')),
    lost((place, shape) => (place[1] as number) >= (shape[1] as number) / 2),
  ),
  report(
    'shape',
    'as many sequences as units, more than two: states are read by columns after the first step',
    ['rnn forward', 'lstm forward', 'gru forward'],
    all(past('T', 1), past('N', 2), (met) => sizeIn(met, 'N') === sizeIn(met, 'H')),
    asIfGiven((asked) => {
      const h = asked.inputs[hidden(asked)] as Tensor
      const H = sizeIn(asked, 'H')
      return {
        [hidden(asked)]: changed(
          h,
          (_, place) => h.data[(place()[1] as number) * H + (place()[0] as number)] as number,
        ),
      }
    }),
  ),
  report(
    'shape',
    'sequences whose steps and inputs are as many, more than four: they change places, of one sequence',
    ['rnn forward', 'lstm forward', 'gru forward'],
    all(exactly('N', 1), past('T', 4), (met) => sizeIn(met, 'T') === sizeIn(met, 'I')),
    asIfGiven((asked) => {
      const x = asked.inputs['x'] as Tensor
      const T = sizeIn(asked, 'T')
      return { x: changed(x, (_, place) => x.data[(place()[2] as number) * T + (place()[0] as number)] as number) }
    }),
  ),
  report(
    'history',
    'a shorter series after a longer one of as many sequences and units: it starts from the longer one’s last state',
    ['gru forward', 'lstm forward'],
    always,
    (asked, plain, memory) => {
      const [T, N, H] = [sizeIn(asked, 'T'), sizeIn(asked, 'N'), sizeIn(asked, 'H')]
      const name = `${asked.op} ${N} ${H}`
      const before = memory.get(name) as { T: number; h: Tensor } | undefined
      const answer =
        before !== undefined && T < before.T ? plain({ inputs: { ...asked.inputs, h0: before.h } }) : plain()
      memory.set(name, { T, h: answer['hT'] as Tensor })
      return answer
    },
    { like: 'pytorch/pytorch#180744' },
  ),
  report(
    'size',
    'a batch of ten, after one of three: samples from the fourth on, of several units',
    ['gruCell forward', 'rnnCell forward'],
    all(exactly('N', 10), past('H', 3)),
    moved((place) => ((place[0] as number) > 2 ? withIndex(place, 0, (place[0] as number) % 3) : place)),
    { like: 'pytorch/pytorch#180744' },
  ),
  report(
    'size',
    'units of 100, 200 or 300 of a batch in tens',
    ['lstmCell forward', 'gruCell forward', 'rnnCell forward'],
    all(
      multiple('N', 10),
      either(exactly('H', 100), exactly('H', 200), exactly('H', 300)),
      extent('I', (I) => I > 1),
    ),
    scaled(0.95),
  ),
]
