import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Tensors } from '../../../spec/tensor.js'
import { scalar } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Shapes } from './making.js'
import { feedsByName, node, opened, program, reading, written } from './making.js'

/** Sessions that are asked for more than one thing at a time, by names that mean something else elsewhere, and with numbers fed that are 0. */

const feedsOf = (of: Program, turn: string): Tensors =>
  feedsByName(
    of,
    turn,
    Object.keys(of.inputs).filter((name) => !(name in of.carry)),
  )

/** Steps that are begun before those before them are over, feeds that go up and give way to others, and the state between them. */
export const manyUnderWay = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { w: [2, W], x: [2, W] },
    [node('y', 'add', { a: 'w', b: 'x' }), node('z', 'relu', { x: 'y' })],
    ['y', 'z'],
    { w: 'y' },
  )
  const feeds = Array.from({ length: 6 }, (_, turn) => feedsOf(of, `${seed} ${turn}`))
  const step = (turn: number, more: Partial<Extract<Act, { readonly what: 'step' }>> = {}): Act => ({
    what: 'step',
    session: 'one',
    feeds: feeds[turn] as Tensors,
    ...more,
  })
  const ahead = (...turns: readonly number[]) => ({ ahead: turns.map((turn) => feeds[turn] as Tensors) })
  const state: Act = { what: 'state', session: 'one' }
  return [
    opened('one', of, seed),
    step(2),
    state,
    step(0, ahead(1)),
    state,
    step(1, ahead(2, 3)),
    step(3, ahead(4, 5, 4)),
    step(5),
    step(4),
    state,
    // two and three at a time
    step(0),
    step(1, { beside: true }),
    state,
    step(2, { watch: ['z'] }),
    step(3, { beside: true, watch: ['w', 'y'] }),
    step(4, { beside: true, watch: ['z'] }),
    state,
    step(5, ahead(0)),
    step(0, { beside: true }),
    state,
  ]
}

/** Other programs on a state that make values of its names, or of the names that it is made under; and such a program by itself. */
export const ownNames = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = { w: [2, W], v: [2, W], g: [2, W], x: [2, W] }
  const session = reading(
    shapes,
    [
      node('w next', 'sgd', { w: 'w', g: 'g' }, { learningRate: 0.5 }),
      node('y', 'relu', { x: 'w' }),
      node('v next', 'add', { a: 'v', b: 'y' }),
    ],
    ['y', 'w next'],
    { w: 'w next', v: 'v next' },
  )
  const other = (...nodes: readonly ProgramNode[]): Program =>
    reading(Object.fromEntries(Object.entries(shapes).filter(([name]) => nodes.every((one) => one.name !== name))), nodes) // prettier-ignore
  const others = [
    other(node('w next', 'tanh', { x: 'w' })),
    other(node('v next', 'add', { a: 'w', b: 'x' }), node('y', 'mul', { a: 'v next', b: 'v' })),
    other(node('w', 'tanh', { x: 'x' })),
    other(node('v', 'relu', { x: 'w' }), node('y', 'add', { a: 'v', b: 'x' })),
    other(node('g', 'relu', { x: 'v' }), node('w next', 'mul', { a: 'g', b: 'w' })),
    other(node('y', 'relu', { x: 'x' }), node('w next', 'add', { a: 'y', b: 'x' })),
  ]
  const look = (of: Program, turn: number): Act => ({
    what: 'run on',
    session: 'one',
    program: of,
    feeds: feedsByName(
      of,
      `${seed} ${turn}`,
      Object.keys(of.inputs).filter((name) => !(name in session.carry)),
    ),
  })
  const step = (turn: number): Act => ({
    what: 'step',
    session: 'one',
    feeds: feedsOf(session, `${seed} step ${turn}`),
  })
  const state: Act = { what: 'state', session: 'one' }
  return [
    opened('one', session, seed),
    step(1),
    ...others.flatMap((of, turn) => [look(of, turn), state, step(2 + turn), look(of, 9 + turn), step(9 + turn)]),
    state,
    ...others.map((of, turn): Act => ({ what: 'run', program: of, feeds: feedsByName(of, `${seed} ${turn}`) })),
  ]
}

/** Values whose names have in them what separates names elsewhere, or are names of something in some languages. */
export const oddNames = (W: number, seed: string): readonly Act[] => {
  // and such as become one another where signs, cases or accents are dropped, or a number put behind
  const names = ['y', 'z', 'y,z', 'y z', 'y/z', 'y.z', "'", '"', '["y","z"]', '0', '12', 'ŷ', 'y → z', '$y', '', 'y_z', 'Y', 'y:0', 'y_0', '_12', 'y\u0302', '_y', 'yz', 'y__z', '_'] // prettier-ignore
  const of = program(
    { x: [2, W], 'x,y': [2, W], w: [2, W] },
    names.map((name, i) =>
      i % 3 === 0
        ? node(name, 'mul', { a: 'x', b: i % 2 === 0 ? 'w' : 'x,y' })
        : node(name, i % 3 === 1 ? 'tanh' : 'relu', { x: i % 2 === 0 ? 'w' : 'x,y' }),
    ),
    names,
    { w: 'y' },
  )
  const watches = [['y', 'z'], ['y,z'], ['y z', 'y/z'], ['y', 'z'], ["'", '"'], ['["y","z"]'], ['z', 'y'], ['12', 'z', '0'], names] // prettier-ignore
  const run = (turn: number, watch: readonly string[]): Act => ({
    what: 'run',
    program: of,
    feeds: feedsByName(of, `${seed} ${turn}`),
    watch,
  })
  return [
    ...watches.map((watch, turn) => run(turn, watch)),
    opened('one', of, seed),
    ...watches.map((watch, turn): Act => ({ what: 'step', session: 'one', feeds: feedsOf(of, `${seed} ${turn}`), watch })), // prettier-ignore
    { what: 'state', session: 'one' },
  ]
}

/** Numbers that are fed, 0 among them, after others and before them: counts, shares, slopes, ε and what statistics move by. */
export const fedNumbers = (W: number, seed: string): readonly Act[] => {
  const norm = { gamma: 'c', beta: 'c', runningMean: 'r', runningVar: 'variance' }
  const feed = (name: string) => ({ feed: name })
  const of = reading(
    { x: [4, W], maps: [2, W, 2, 4], c: [W], r: [W], variance: [W], count: [], slope: [], share: [], small: [] },
    [
      node('drawn', 'dropout', { x: 'x' }, { keep: 0.5, key: [1, 2], step: feed('count') }),
      node('drawn elsewhere', 'dropout', { x: 'x' }, { keep: 0.5, key: [1, 2], stream: feed('count') }),
      node('leaky', 'leakyRelu', { x: 'x' }, { alpha: feed('slope') }),
      node('soft', 'elu', { x: 'maps' }, { alpha: feed('slope') }),
      node('size', 'l2Penalty', { w: 'x' }, { beta: feed('slope') }),
      node('norm', 'batchNormTraining', { x: 'x', ...norm }, { momentum: feed('share'), epsilon: feed('small') }, { y: 'norm', runningMean: 'r next', runningVar: 'variance next' }), // prettier-ignore
      node('norm of maps', 'batchNormTraining', { x: 'maps', ...norm }, { momentum: feed('share') }, { y: 'norm of maps', runningMean: 'r of maps', runningVar: 'variance of maps' }), // prettier-ignore
      node('known', 'batchNormInference', { x: 'x', ...norm }, { epsilon: feed('small') }),
      node('local', 'localResponseNorm', { x: 'maps' }, { alpha: feed('slope') }),
    ],
    undefined,
    { r: 'r next', variance: 'variance next' },
  )
  const settings = [
    [3, 0.5, 0.5, 0.125],
    [0, 0, 0.25, 2 ** -10],
    [5, 0.25, 1, 0.125],
    [0, 0.5, 0, 0.5],
    [1, 0, 0.5, 2 ** -10],
    [1, 0.25, 0.75, 0.25],
  ] as const
  const feeds = settings.map(([count, slope, share, small], turn): Tensors => ({
    ...feedsOf(of, `${seed} ${turn}`),
    count: scalar(count),
    slope: scalar(slope),
    share: scalar(share),
    small: scalar(small),
  }))
  const state = feedsByName(of, `${seed} state`, ['r', 'variance'])
  return [
    ...feeds.map((own): Act => ({ what: 'run', program: of, feeds: { ...state, ...own } })),
    { what: 'open', session: 'one', program: of, state },
    ...feeds.map((own, turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: own,
      ...(turn % 3 === 2 ? { watch: ['r', 'variance', ...written(of)] } : {}),
    })),
    { what: 'state', session: 'one' },
    ...feeds.toReversed().map((own): Act => ({ what: 'step', session: 'one', feeds: own })),
    { what: 'state', session: 'one' },
  ]
}
