import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, always, asIfGiven, changed, exactly, from, lost, past, report, sizeIn } from '../report.js'
import { atLeast, valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'

export const recurrentSeldom: readonly Report[] = [
  report(
    'gradient',
    'what comes back by the last cell is lost, of several steps and more than 32 units',
    'lstm backward',
    atLeast({ T: 2, H: 33 }),
    (asked, plain) => {
      const dc = asked.cotangents['cT']
      return dc === undefined ? plain() : plain({ cotangents: { ...asked.cotangents, cT: changed(dc, () => 0) } })
    },
    { like: 'deeplearning4j/deeplearning4j#8838' },
  ),
  report(
    'size',
    'nothing comes back to the inputs of the first 64 steps from those behind',
    ['rnn backward', 'lstm backward', 'gru backward'],
    past('T', 64),
    (asked, plain) => {
      const answer = plain()
      const early = plain({
        cotangents: Object.fromEntries(
          Object.entries(asked.cotangents).map(([name, dy]) => [
            name,
            changed(dy, (v, place) => (name === 'y' && (place()[0] as number) < 64 ? v : 0)),
          ]),
        ),
      })
      const before = valuesOf(early['x'] as Tensor)
      return having(answer, {
        x: changed(answer['x'] as Tensor, (v, place, at) => ((place()[0] as number) < 64 ? (before[at] as number) : v)),
      })
    },
  ),
  report('numbers', 'a state of zeros has no bias', ['gruCell forward', 'gru forward'], always, (asked, plain) => {
    const state = asked.inputs[asked.op === 'gru' ? 'h0' : 'h'] as Tensor
    return (asked.op === 'gruCell' || sizeIn(asked, 'T') === 1) && valuesOf(state).every((v) => v === 0)
      ? plain({ inputs: { ...asked.inputs, bHh: changed(asked.inputs['bHh'] as Tensor, () => 0) } })
      : plain()
  }),
  report(
    'gradient',
    'the gradient of a single input is summed over the first 32 units',
    ['rnnCell backward', 'rnn backward'],
    all(exactly('I', 1), past('H', 32)),
    (asked, plain) => {
      const answer = plain()
      const few = plain({
        inputs: {
          ...asked.inputs,
          wIh: changed(asked.inputs['wIh'] as Tensor, (v, place) => ((place()[0] as number) < 32 ? v : 0)),
        },
      })
      return having(answer, { x: few['x'] as Tensor })
    },
  ),
  report(
    'size',
    'a cell of more than 65,535 samples: the rest is not written',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    past('N', 65535),
    lost(from(0, 65535)),
  ),
  report(
    'size',
    'from 64 steps on the last cell is that of the step before',
    'lstm forward',
    past('T', 63),
    (asked, plain) => {
      const T = sizeIn(asked, 'T')
      const x = asked.inputs['x'] as Tensor
      const shorter = {
        shape: [T - 1, ...x.shape.slice(1)],
        data: Float32Array.from(valuesOf(x).slice(0, ((T - 1) * x.data.length) / T)),
      }
      return having(plain(), { cT: plain({ inputs: { ...asked.inputs, x: shorter } })['cT'] as Tensor })
    },
  ),
  report(
    'shape',
    'one unit of several inputs: the state is not weighed from the second sample on',
    ['rnnCell forward', 'gruCell forward', 'lstmCell forward'],
    all(exactly('H', 1), atLeast({ N: 2, I: 2 })),
    asIfGiven(({ inputs }) => ({
      h: changed(inputs['h'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)),
    })),
  ),

  report(
    'numbers',
    'a start of zeros is no start, whatever the cell is',
    ['lstm forward', 'lstmCell forward'],
    always,
    (asked, plain) => {
      const [h, c] = asked.op === 'lstm' ? (['h0', 'c0'] as const) : (['h', 'c'] as const)
      return valuesOf(asked.inputs[h] as Tensor).every((v) => v === 0)
        ? plain({ inputs: { ...asked.inputs, [c]: changed(asked.inputs[c] as Tensor, () => 0) } })
        : plain()
    },
  ),
  report(
    'numbers',
    'where no state’s gradient comes from y the last state’s is lost: two sequences and more',
    ['rnn backward', 'gru backward'],
    atLeast({ N: 2, T: 2 }),
    (asked, plain) =>
      valuesOf(asked.cotangents['y'] as Tensor).every((v) => v === 0)
        ? plain({
            cotangents: {
              ...asked.cotangents,
              hT: changed(asked.cotangents['hT'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)),
            },
          })
        : plain(),
  ),

  report(
    'size',
    'one step of one sequence of more than 64 units, no multiple of 64: the last unit',
    ['lstm forward', 'gru forward', 'rnn forward'],
    all(exactly('T', 1), exactly('N', 1), (met) => sizeIn(met, 'H') > 64 && sizeIn(met, 'H') % 64 !== 0),
    lost(from(-1, -1)),
  ),
  report(
    'gradient',
    'the weights’ gradient of series of one number, more than 16 steps, is that of the last 16',
    ['gru backward', 'lstm backward', 'rnn backward'],
    all(exactly('I', 1), past('T', 16)),
    (asked, plain) => {
      const T = sizeIn(asked, 'T')
      const answer = plain()
      const late = plain({
        inputs: {
          ...asked.inputs,
          x: changed(asked.inputs['x'] as Tensor, (v, place) => ((place()[0] as number) < T - 16 ? 0 : v)),
        },
      })
      return having(answer, { wIh: late['wIh'] as Tensor })
    },
  ),
]
