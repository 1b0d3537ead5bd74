import { getOrThrow } from '../../../spec/error.js'
import {
  batchNorm,
  convolution,
  fullyConnected,
  initialKept,
  plainLayer,
  sequential,
  trainingBy,
} from '../../../spec/networks/network.js'
import type { Program } from '../../../spec/program.js'
import type { Tensors } from '../../../spec/tensor.js'
import { generate, scalar } from '../../../spec/tensor.js'
import { initialState, stepFeeds, trainingProgram } from '../../../training/step.js'
import { everyValue } from '../../lockstep.js'
import type { Act, Scenario } from '../scenario.js'
import { scenario } from '../scenario.js'
import { fed, integers, node, numbers, opened, program, steps, written } from './making.js'

/** Programs on a state that is carried from step to step. */

// what is fed goes through three places, one a step, and is summed behind them
const delay = (W: number, order: (carry: [string, string][]) => [string, string][]): Program =>
  program(
    { x: [2, W], first: [2, W], second: [2, W], third: [2, W], total: [2, W] },
    [
      node('sum', 'add', { a: 'total', b: 'third' }),
      node('seen', 'add', { a: 'second', b: 'x' }),
      // of what has been renewed, looked at or not
      node('after', 'mul', { a: 'sum', b: 'x' }),
    ],
    ['sum'],
    Object.fromEntries(
      order([
        ['total', 'sum'],
        ['third', 'second'],
        ['second', 'first'],
        ['first', 'x'],
      ]),
    ),
  )

export const carried = (W: number, seed: string): readonly Act[] => {
  const [forth, back] = [delay(W, (carry) => carry), delay(W, (carry) => carry.reverse())]
  const state = ['first', 'second', 'third', 'total']
  const watches = [undefined, ['seen', 'after'], [...state, 'seen', 'sum'], [], undefined, ['sum', 'third']]
  return [
    opened('one', forth, seed),
    ...steps('one', forth, seed, watches),
    { what: 'state', session: 'one' },
    ...steps('one', forth, `${seed} later`, [undefined]),
    opened('its reverse', back, seed),
    ...steps('its reverse', back, seed, watches),
    { what: 'state', session: 'its reverse' },
  ]
}

export const exchanged = (W: number, seed: string): readonly Act[] => {
  // two change places, one takes another's old value, one stays, one is renewed before it is read
  const of = program(
    { a: [2, W], b: [2, W], c: [2, W], kept: [2, W], renewed: [2, W], x: [2, W] },
    [
      node('next', 'add', { a: 'renewed', b: 'x' }),
      node('before', 'mul', { a: 'renewed', b: 'kept' }),
      node('both', 'add', { a: 'a', b: 'c' }),
    ],
    ['before', 'both'],
    { a: 'b', b: 'a', c: 'a', kept: 'kept', renewed: 'next' },
  )
  return [
    opened('one', of, seed),
    ...steps('one', of, seed, [undefined, ['next'], ['renewed', 'a', 'before']]),
    { what: 'state', session: 'one' },
    ...steps('one', of, `${seed} later`, [[], undefined]),
    { what: 'state', session: 'one' },
  ]
}

export const fedAttributes = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { w: [2, W], v: [2, W], g: [2, W], rate: [], decay: [], count: [] },
    [
      node('w.next', 'sgd', { w: 'w', g: 'g' }, { learningRate: { feed: 'rate' }, weightDecay: { feed: 'decay' } }),
      node('v.next', 'sgd', { w: 'v', g: 'g' }, { learningRate: { feed: 'rate' } }),
      node('dropped', 'dropout', { x: 'g' }, { keep: 0.5, key: [3, 4], step: { feed: 'count' } }),
    ],
    ['dropped'],
    { w: 'w.next', v: 'v.next' },
  )
  const all = ['w', 'v', ...written(of)]
  // there and back; f32 does not hold every count above 2²⁴
  const settings = [
    [0.5, 0.25, 0],
    [0.25, 0.25, 1],
    [0, 0, 1],
    [0.5, 0.25, 0],
    [1, 0.5, 2 ** 24 + 1],
    [0.5, 0.25, 2 ** 24 + 2],
  ] as const
  const feeds = settings.map(([rate, decay, count], turn): Tensors => ({
    g: integers(`${seed} ${turn} g`, [2, W]),
    rate: scalar(rate),
    decay: scalar(decay),
    count: scalar(count),
  }))
  const state = { w: integers(`${seed} w`, [2, W]), v: integers(`${seed} v`, [2, W]) }
  return [
    ...feeds.slice(0, 2).map((own): Act => ({ what: 'run', program: of, feeds: { ...state, ...own }, watch: all })),
    { what: 'open', session: 'one', program: of, state },
    ...feeds.map((own): Act => ({ what: 'step', session: 'one', feeds: own, watch: all })),
    { what: 'state', session: 'one' },
  ]
}

export const optimizer = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { w: [2, W], m: [2, W], v: [2, W], taken: [], g: [2, W], rate: [] },
    [
      node(
        'update',
        'adam',
        { w: 'w', g: 'g', m: 'm', v: 'v', step: 'taken' },
        // in f32, as devices have them
        { learningRate: { feed: 'rate' }, beta1: Math.fround(0.9), beta2: Math.fround(0.999), epsilon: 2 ** -26 },
        { w: 'w.next', m: 'm.next', v: 'v.next', step: 'taken.next' },
      ),
    ],
    ['w.next'],
    { w: 'w.next', m: 'm.next', v: 'v.next', taken: 'taken.next' },
  )
  const zeros = generate([2, W], () => 0)
  return [
    {
      what: 'open',
      session: 'one',
      program: of,
      state: { w: numbers(`${seed} w`, [2, W]), m: zeros, v: zeros, taken: scalar(0) },
    },
    ...[0.5, 0.25, 0.25, 0.5, 0.125].map((rate, turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: { g: numbers(`${seed} ${turn} g`, [2, W]), rate: scalar(rate) },
      // the count is carried whether it is watched or not
      watch: turn === 2 ? ['w', 'm', 'v', 'w.next', 'm.next', 'v.next'] : everyValue(of).filter((v) => v !== 'rate'),
    })),
    { what: 'state', session: 'one' },
  ]
}

export const training = (seed: number): Scenario => {
  const [batch, classes] = [4, 3]
  const network = sequential(
    [batch, 2, 6, 6],
    [
      convolution('conv', [2, 4], [3, 3]),
      batchNorm('norm', 4),
      plainLayer('act', 'relu'),
      plainLayer('pool', 'maxPool2d', { window: [2, 2] }),
      plainLayer('flat', 'flatten'),
      fullyConnected('scores', 16, classes),
    ],
    trainingBy(seed),
  )
  const optimizer = { op: 'momentum', attrs: { momentum: 0.9, weightDecay: 0.01, nesterov: true } } as const
  const of = getOrThrow(trainingProgram(network, { optimizer, loss: 'softmaxCrossEntropy', l2Penalty: 0.01 }))
  const parameters = Object.fromEntries(
    Object.entries(network.parameters).map(([name, { shape, first }]) => [
      name,
      numbers(`program training, ${seed} ${name}`, shape, first ?? 0),
    ]),
  )
  const all = everyValue(of).filter((name) => !(name in of.inputs) || name in of.carry)
  const feeds = (turn: number): Tensors =>
    stepFeeds({
      x: numbers(`program training, ${seed} ${turn} x`, [batch, 2, 6, 6]),
      target: generate([batch, classes], (i) => (i % classes === (Math.floor(i / classes) + turn) % classes ? 1 : 0)),
      learningRate: [0.5, 0.25, 0.25, 0.5][turn] as number,
    })
  return scenario('training', 'a training step with running statistics, a penalty and momentum, four in a row', of, [
    { what: 'open', session: 'one', program: of, state: { ...initialState(parameters), ...initialKept(network) } },
    // the third step is not looked into
    ...[0, 1, 2, 3].map((turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: feeds(turn),
      ...(turn === 2 ? {} : { watch: all }),
    })),
    { what: 'state', session: 'one' },
  ])
}

const counter = (W: number): Program =>
  program({ total: [2, W], x: [2, W] }, [node('sum', 'add', { a: 'total', b: 'x' })], ['sum'], { total: 'sum' })

export const shown = (W: number, seed: string): readonly Act[] => {
  const of = counter(W)
  const other = program({ total: [2, W], q: [2, W] }, [node('y', 'mul', { a: 'total', b: 'q' })], ['y'])
  const look = (turn: number, watch?: readonly string[]): Act => ({
    what: 'run on',
    session: 'one',
    program: other,
    feeds: { q: integers(`${seed} q ${turn}`, [2, W]) },
    ...(watch === undefined ? {} : { watch }),
  })
  return [
    opened('one', of, seed),
    look(1),
    ...steps('one', of, `${seed} 1`, [undefined]),
    look(2),
    look(3, ['total', 'y']),
    ...steps('one', of, `${seed} 2`, [[], ['total', 'sum']]),
    look(4),
    { what: 'state', session: 'one' },
  ]
}

export const sideBySide = (W: number, seed: string): readonly Act[] => {
  const of = counter(W)
  const step = (session: string, turn: number): readonly Act[] =>
    steps(session, of, `${seed} ${session} ${turn}`, [turn % 2 === 0 ? undefined : ['total', 'sum']])
  // one program on the state of each
  const other = program({ total: [2, W], q: [2, W] }, [node('y', 'mul', { a: 'total', b: 'q' })], ['y'])
  const look = (session: string, turn: number): Act => ({
    what: 'run on',
    session,
    program: other,
    feeds: { q: integers(`${seed} ${session} q ${turn}`, [2, W]) },
  })
  return [
    opened('one', of, seed),
    opened('the other', of, seed),
    ...step('one', 0),
    ...step('the other', 0),
    ...step('the other', 1),
    ...step('one', 1),
    { what: 'run', program: of, feeds: fed(of.inputs, ['total', 'x'], `${seed} alone`) },
    ...step('one', 2),
    { what: 'state', session: 'the other' },
    { what: 'state', session: 'one' },
    look('one', 1),
    look('the other', 1),
    ...step('one', 4),
    look('the other', 2),
    look('one', 2),
  ]
}

export const ahead = (W: number, seed: string): readonly Act[] => {
  const of = counter(W)
  const feeds = Array.from({ length: 8 }, (_, turn) => fed(of.inputs, ['x'], `${seed} ${turn}`))
  const both = ['total', 'sum']
  // what is fed, what goes up meanwhile, and what is watched; the same feeds once more, after others
  const turns: readonly (readonly [fed: number, ahead?: number | undefined, watch?: readonly string[]])[] = [
    [0, 1],
    [1, 2, both],
    [2],
    [3, 4],
    [4, 5],
    [5],
    [6],
    [5],
    [7, 0, both],
    [0, undefined, both],
    [7, undefined, both],
  ]
  return [
    opened('one', of, seed),
    ...turns.map(([own, next, watch]): Act => ({
      what: 'step',
      session: 'one',
      feeds: feeds[own] as Tensors,
      ...(next === undefined ? {} : { ahead: [feeds[next] as Tensors] }),
      ...(watch === undefined ? {} : { watch }),
    })),
    { what: 'state', session: 'one' },
  ]
}
