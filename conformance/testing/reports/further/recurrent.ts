import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Met, Report } from '../report.js'
import { all, asIfGiven, asIfPulled, changed, exactly, lost, odd, past, product, report, sizeIn } from '../report.js'
import { multiple, only } from '../rare/met.js'
import { values, when } from '../fresh/met.js'
import { by, digits } from '../novel/met.js'
import { sum, turned } from './met.js'

const cells = ['rnnCell forward', 'gruCell forward', 'lstmCell forward'] as const
const scans = ['rnn forward', 'gru forward', 'lstm forward'] as const
const cellsBack = ['rnnCell backward', 'gruCell backward', 'lstmCell backward'] as const
const scansBack = ['rnn backward', 'gru backward', 'lstm backward'] as const
const state = ({ op }: Met): string => (op.endsWith('Cell') ? 'h' : 'h0')
const zeros = (asked: Asked, name: string): boolean => values(asked, name).every((v) => v === 0)
/** What a state is given as. */
const given = (change: (h: Tensor) => Tensor): Harm =>
  asIfGiven((asked) => ({ [state(asked)]: change(asked.inputs[state(asked)] as Tensor) }))
/** The new state of a plain cell. */
const after = (asked: Asked): readonly number[] => {
  const [x, h, wIh, wHh, b] = ['x', 'h', 'wIh', 'wHh', 'b'].map((name) => values(asked, name)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  const [N, I, H] = [sizeIn(asked, 'N'), sizeIn(asked, 'I'), sizeIn(asked, 'H')]
  const weighed = (w: readonly number[], v: readonly number[], n: number, j: number, length: number): number =>
    sum(Array.from({ length }, (_, i) => (w[j * length + i] as number) * (v[n * length + i] as number)))
  return Array.from({ length: N * H }, (_, at) => {
    const [n, j] = [Math.floor(at / H), at % H]
    return Math.tanh((b[j] as number) + weighed(wIh, x, n, j, I) + weighed(wHh, h, n, j, H))
  })
}

export const recurrentFurther: readonly Report[] = [
  report(
    'axis',
    'as many samples as units: the state is read by columns',
    cells,
    all(past('N', 1), (met) => sizeIn(met, 'N') === sizeIn(met, 'H')),
    given(turned),
  ),
  report(
    'numbers',
    'states that are given beyond ±1, where no tanh leads, are cut there',
    ['rnnCell forward', 'gruCell forward', 'rnn forward', 'gru forward'],
    past('H', 0),
    given((h) => changed(h, (v) => Math.max(-1, Math.min(1, v)))),
  ),
  report(
    'numbers',
    'units beyond ±0.99 count as saturated and have no slope',
    'rnnCell backward',
    past('H', 0),
    asIfPulled((asked) => {
      const next = after(asked)
      return {
        h: changed(asked.cotangents['h'] as Tensor, (v, _, at) => (Math.abs(next[at] as number) > 0.99 ? 0 : v)),
      }
    }),
  ),
  report(
    'gradient',
    'one unit of several samples: the state’s weight has the gradient of the first',
    cellsBack,
    all(exactly('H', 1), past('N', 1)),
    only(
      ['wHh'],
      asIfPulled(({ cotangents }) =>
        Object.fromEntries(
          Object.entries(cotangents).map(([name, dy]) => [name, changed(dy, (v, place) => (place()[0] === 0 ? v : 0))]),
        ),
      ),
    ),
  ),
  report(
    'convention',
    'both biases are added before the reset gate: the new one’s of the state is not reset',
    ['gruCell forward', 'gru forward'],
    past('H', 0),
    asIfGiven((asked) => {
      const [bIh, bHh] = [asked.inputs['bIh'] as Tensor, asked.inputs['bHh'] as Tensor]
      const own = 2 * sizeIn(asked, 'H')
      return {
        bIh: changed(bIh, (v, _, at) => (at < own ? v : v + Number(bHh.data[at]))),
        bHh: changed(bHh, (v, _, at) => (at < own ? v : 0)),
      }
    }),
  ),
  report(
    'gradient',
    'three steps and more: what is pulled at the last cell does not reach the first',
    'lstm backward',
    past('T', 2),
    only(
      ['c0'],
      asIfPulled(({ cotangents }) => ({ cT: changed(cotangents['cT'] as Tensor, () => 0) })),
    ),
  ),
  report(
    'numbers',
    'state weights of zeros are not multiplied, and their bias is left out with them',
    ['gruCell forward', 'gru forward'],
    past('H', 0),
    when(
      (asked) => zeros(asked, 'wHh'),
      asIfGiven(({ inputs }) => ({ bHh: changed(inputs['bHh'] as Tensor, () => 0) })),
    ),
  ),
  report(
    'numbers',
    'a step whose input is that of the step before is taken for done: it has the state before',
    ['rnn forward', 'gru forward'],
    past('T', 1),
    by((asked, right) => {
      const [x, y] = [values(asked, 'x'), right['y']?.data ?? []]
      const [N, I, H] = [sizeIn(asked, 'N'), sizeIn(asked, 'I'), sizeIn(asked, 'H')]
      const again = Array.from({ length: x.length / I }, (_, row) =>
        x.slice(row * I, row * I + I).every((v, i) => v === x[(row - N) * I + i]),
      )
      return (v, at) => (at >= N * H && again[Math.floor(at / H)] === true ? Number(y[at - N * H]) : v)
    }, 'y'),
  ),
  report(
    'shape',
    'units in eights of an odd number of inputs: the last input is not read',
    scans,
    all(multiple('H', 8), odd('I'), past('I', 1)),
    asIfGiven(({ inputs }) => {
      const x = inputs['x'] as Tensor
      return { x: changed(x, (v, place) => (place()[2] === (x.shape[2] as number) - 1 ? 0 : v)) }
    }),
  ),
  report(
    'gradient',
    'an odd number of steps of all sequences together: the inputs’ weights do without the last of them',
    scansBack,
    product(['T', 'N'], (n) => n > 1 && n % 2 === 1),
    only(
      ['wIh'],
      asIfGiven(({ inputs }) => {
        const x = inputs['x'] as Tensor
        const [T = 1, N = 1] = x.shape
        return { x: changed(x, (v, place) => (place()[0] === T - 1 && place()[1] === N - 1 ? 0 : v)) }
      }),
    ),
  ),
  report(
    'numbers',
    'the last state of units in sixteens is handed on in eleven digits',
    scans,
    multiple('H', 16),
    by(() => (v) => digits(11)(v), 'hT', 'cT'),
  ),
  report(
    'gradient',
    'a state of zeros, as before the first step, has no gradient',
    cellsBack,
    past('H', 1),
    when(
      (asked) => zeros(asked, 'h'),
      lost(() => true, 'h'),
    ),
  ),
  report(
    'gradient',
    'of a single step what is pulled at its output is left out: the last state’s is the same',
    scansBack,
    exactly('T', 1),
    asIfPulled(({ cotangents }) => ({ y: changed(cotangents['y'] as Tensor, () => 0) })),
  ),
]
