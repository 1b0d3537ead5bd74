import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import { getOrThrow } from '../../../spec/error.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { scalar } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Small } from './before.js'
import { smalls } from './before.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, feedsByName, inRuns, inSteps, integers, node, opened, program, reading, written } from './making.js'
import { answeringRounded } from './waysBack.js'
import { carryOf, keptShapes, next, optimizers, update } from './optimizers.js'

/** The same once more, but for one thing: another cotangent, another attribute, another map, an array that two feeds share. */

const around = { padding: [1, 1, 1, 1] }
const normBy = (own: string): Named => ({ gamma: `gamma${own}`, beta: `beta${own}`, runningMean: 'mean', runningVar: 'variance' }) // prettier-ignore

/** All gradients of a node, each under its slot and the node's name. */
const allBack = (name: string, op: OpName, inputs: Named, cotangents: Named, attrs: Attrs = {}): ProgramNode =>
  back(
    name,
    op,
    inputs,
    cotangents,
    attrs,
    Object.fromEntries(
      opOf(op)
        .differentiable.filter((slot) => inputs[slot] !== undefined)
        .map((slot) => [slot, `d ${slot} of ${name}`]),
    ),
  )

/** Two of one op on maps of their own, joined and rectified, and back through both. */
export const bothJoined = (W: number, seed: string): readonly Act[] => {
  const maps: Shape = [2, W, 2, 4]
  const layers: Readonly<Record<string, { readonly op: OpName; readonly reads?: (own: string) => Named; readonly attrs?: Attrs }>> = {
    'norm in training': { op: 'batchNormTraining', reads: normBy },
    norm: { op: 'batchNormInference', reads: normBy },
    'local norm': { op: 'localResponseNorm', attrs: { alpha: 1 } },
    shares: { op: 'softmax', attrs: { axis: 1 } },
    largest: { op: 'maxPool2d', attrs: { window: [2, 2] } },
    mean: { op: 'avgPool2d', attrs: { window: [2, 2] } },
    filter: { op: 'conv2d', reads: (own) => ({ w: `w${own}`, b: `beta${own}` }), attrs: around },
    turned: { op: 'convTranspose2d', reads: (own) => ({ w: `w${own}` }), attrs: around },
    dropout: { op: 'dropout', attrs: { keep: 0.5, key: [3, 4] } },
    unit: { op: 'tanh' },
    factors: { op: 'scaleChannels', reads: (own) => ({ s: `s${own}` }) },
  } // prettier-ignore
  const joins: readonly OpName[] = ['add', 'mul', 'concat']
  return Object.entries(layers).flatMap(([name, { op, reads = () => ({}), attrs = {} }]) => {
    const half = ['maxPool2d', 'avgPool2d'].includes(op)
    const out: Shape = half ? [2, W, 1, 2] : maps
    const each = joins.flatMap((join): readonly ProgramNode[] => {
      const [p, q] = ['', ' too'].map((own) => ({ own, called: `${name}${own}, ${join}` })) as [Layer, Layer]
      const slots = join === 'concat' ? ['x0', 'x1'] : ['a', 'b']
      const joined = Object.fromEntries(slots.map((slot, i) => [slot, (i === 0 ? p : q).called]))
      const ofJoin: Attrs = join === 'concat' ? { axis: 1 } : {}
      return [
        ...[p, q].map(({ own, called }) => node(called, op, { x: `x${own}`, ...reads(own) }, attrs)),
        node(`${name} ${join}`, join, joined, ofJoin),
        node(`${name} ${join}, rectified`, 'relu', { x: `${name} ${join}` }),
        back(`${name} ${join} back`, 'relu', { x: `${name} ${join}` }, { y: `dy of ${join}` }),
        back(`${name} ${join} apart`, join, joined, { y: `${name} ${join} back` }, ofJoin, Object.fromEntries(slots.map((slot, i) => [slot, `d ${(i === 0 ? p : q).called}`]))), // prettier-ignore
        ...[p, q].map(({ own, called }) => allBack(`${called} back`, op, { x: `x${own}`, ...reads(own) }, { y: `d ${called}` }, attrs)), // prettier-ignore
      ]
    })
    const fed: Shapes = {
      ...Object.fromEntries(['', ' too'].flatMap((own) => [[`x${own}`, maps], [`gamma${own}`, [W]], [`beta${own}`, [W]], [`w${own}`, [W, W, 3, 3]], [`s${own}`, [2, W]]])), // prettier-ignore
      mean: [W],
      variance: [W],
      'dy of add': out,
      'dy of mul': out,
      'dy of concat': [2, 2 * W, ...out.slice(2)],
    }
    return inRuns(answeringRounded(reading(fed, each)), `${seed} ${name}`)
  })
}
interface Layer {
  readonly own: string
  readonly called: string
}

/** States that become what an op by elements makes of them, beside the way back through that op, which reads them as they were. */
export const writtenOver = (W: number, seed: string): readonly Act[] => {
  const rows: Shape = [3, W]
  const ops: readonly (readonly [OpName, string, Named, Attrs?])[] = [
    ['mul', 'a', { b: 'c' }],
    ['mul', 'b', { a: 'c' }],
    ['add', 'a', { b: 'c' }],
    ['relu', 'x', {}],
    ['leakyRelu', 'x', {}, { alpha: 0.5 }],
    ['elu', 'x', {}],
    ['sigmoid', 'x', {}],
    ['tanh', 'x', {}],
    ['softplus', 'x', {}],
    ['dropout', 'x', {}, { keep: 0.5, key: [1, 2] }],
    ['softmax', 'x', {}],
    ['logSoftmax', 'x', {}],
    ['batchNormInference', 'x', { gamma: 'gamma', beta: 'gamma', runningMean: 'mean', runningVar: 'variance' }],
    ['dense', 'x', { w: 'w' }],
  ]
  const named = ops.map(([op, slot, reads, attrs = {}]) => {
    const state = `state of ${op} ${slot}`
    const inputs = { [slot]: state, ...reads }
    return { state, made: node(`next ${state}`, op, inputs, attrs), gone: allBack(`back ${state}`, op, inputs, { y: 'dy' }, attrs) } // prettier-ignore
  })
  const fed: Shapes = { c: rows, dy: rows, gamma: [W], mean: [W], variance: [W], w: [W, W], ...Object.fromEntries(named.map(({ state }) => [state, rows])) } // prettier-ignore
  return [true, false].flatMap((first) => {
    const nodes = named.flatMap(({ made, gone }) => (first ? [made, gone] : [gone, made]))
    const outputs = nodes.flatMap((one) => Object.values(one.outputs))
    const carry = Object.fromEntries(named.map(({ state, made }) => [state, made.name]))
    return inSteps(reading(fed, nodes, outputs, carry), `${seed} ${first ? 'before' : 'after'}`)
  })
}

const units: Readonly<Record<string, Attrs>> = { relu: {}, leakyRelu: { alpha: 0.25 }, elu: {}, sigmoid: {}, tanh: {}, softplus: {} } // prettier-ignore

/** The gradients of each op by one cotangent and by another, several times over; of losses by each reduction. */
export const pulledTwice = (W: number, seed: string): readonly Act[] => {
  // of groups, which are even
  const even = W - (W % 2)
  const rows: Shape = [2, even]
  const all: readonly (readonly [string, Small])[] = [
    ...Object.entries(smalls(2, even)),
    ...Object.entries(units).map(([op, attrs]) => [op, { op: op as OpName, reads: { x: rows }, attrs }] as const),
    ['sum', { op: 'add', reads: { a: rows, b: rows } }],
    ['product', { op: 'mul', reads: { a: rows, b: rows } }],
    ...(['none', 'sum'] as const).flatMap((reduction): readonly (readonly [string, Small])[] => [
      [`squared error, ${reduction}`, { op: 'mse', reads: { prediction: rows, target: rows }, attrs: { reduction } }],
      [`error of logits, ${reduction}`, { op: 'bceWithLogits', reads: { logits: rows, target: rows }, attrs: { reduction } }], // prettier-ignore
      [`error of classes, ${reduction}`, { op: 'softmaxCrossEntropy', reads: { logits: rows, target: rows }, attrs: { reduction } }], // prettier-ignore
      [`margins, ${reduction}`, { op: 'hinge', reads: { scores: rows, target: rows }, attrs: { reduction } }],
    ]),
  ]
  return all.flatMap(([name, { op, reads, attrs = {} }]) => {
    const called = (slot: string): string => (slot === 'runningVar' ? 'variance' : slot === 'target' ? 'share' : slot)
    const inputs = Object.fromEntries(Object.keys(reads).map((slot) => [slot, called(slot)]))
    const given = Object.fromEntries(Object.entries(reads).map(([slot, shape]) => [called(slot), shape]))
    const there = node('there', op, inputs, attrs)
    const [output, value] = Object.entries(there.outputs)[0] as [string, string]
    const dy = getOrThrow(checkProgram(program(given, [there], [value]))).shapes[value] as Shape
    const pulls = ['', ' too', ' thrice'].map((own) =>
      allBack(`pull${own}`, op, inputs, { [output]: `dy${own}` }, attrs),
    )
    const fed = { ...given, ...Object.fromEntries(['', ' too', ' thrice'].map((own) => [`dy${own}`, dy])) }
    return inRuns(reading(fed, pulls), `${seed} ${name}`, 3)
  })
}

/** Formulas of the same values, and their gradients, that are alike in all but one number or choice. */
export const nearlyAlike = (W: number, seed: string): readonly Act[] => {
  const maps: Shape = [2, W, 2, 4]
  const rows: Shape = [2, W]
  const norm = { gamma: [W], beta: [W], runningMean: [W], runningVar: [W] }
  const ops: readonly (readonly [OpName, Shapes, Shape, readonly Attrs[]])[] = [
    ['leakyRelu', { x: maps }, maps, [{ alpha: 0.5 }, { alpha: 0.25 }, { alpha: 0.5, kink: 'right' }]],
    ['elu', { x: maps }, maps, [{ alpha: 1 }, { alpha: 0.5 }]],
    ['relu', { x: maps }, maps, [{}, { kink: 'right' }]],
    ['localResponseNorm', { x: maps }, maps, [{ alpha: 1 }, { alpha: 0.5 }, { alpha: 1, k: 1 }, { alpha: 1, beta: 0.5 }, { alpha: 1, size: 3 }]], // prettier-ignore
    ['dropout', { x: rows }, rows, [{ keep: 0.5, key: [1, 2] }, { keep: 0.25, key: [1, 2] }, { keep: 0.5, key: [2, 1] }, { keep: 0.5, key: [1, 2], step: 1 }]], // prettier-ignore
    ['batchNormInference', { x: maps, ...norm }, maps, [{ epsilon: 0.125 }, { epsilon: 0.5 }]],
    ['batchNormTraining', { x: maps, ...norm }, maps, [{ epsilon: 0.125 }, { epsilon: 0.5 }, { epsilon: 0.125, momentum: 0.5 }]], // prettier-ignore
    ['softmax', { x: [W, W] }, [W, W], [{ axis: 0 }, { axis: 1 }]],
    ['logSoftmax', { x: [W, W] }, [W, W], [{ axis: 0 }, { axis: 1 }]],
    ['l2Penalty', { w: rows }, [], [{ beta: 0.5 }, { beta: 0.25 }]],
    ['mse', { prediction: rows, target: rows }, [], [{ reduction: 'mean' }, { reduction: 'sum' }]],
    ['softmaxCrossEntropy', { logits: rows, target: rows }, [], [{ reduction: 'mean' }, { reduction: 'sum' }]],
    ['hinge', { scores: rows, target: rows }, [], [{ reduction: 'mean' }, { reduction: 'sum' }]],
    ['sgd', { w: rows, g: rows }, rows, [{ learningRate: 0.5 }, { learningRate: 0.25 }, { learningRate: 0.5, weightDecay: 0.5 }]], // prettier-ignore
    ['momentum', { w: rows, g: rows, velocity: rows }, rows, [{ learningRate: 0.5, momentum: 0.5 }, { learningRate: 0.5, momentum: 0.25 }, { learningRate: 0.5, momentum: 0.5, nesterov: true }]], // prettier-ignore
    ['maxPool2d', { x: maps }, [2, W, 1, 2], [{ window: [2, 2] }, { window: [2, 2], ties: 'last' }]],
    ['avgPool2d', { x: maps }, [2, W, 2, 3], [{ window: [2, 2], stride: [1, 1], padding: [1, 0, 0, 0] }, { window: [2, 2], stride: [1, 1], padding: [0, 1, 0, 0] }]], // prettier-ignore
  ]
  return ops.flatMap(([op, reads, dy, several]) => {
    const called = (slot: string): string => (slot === 'runningVar' ? 'variance' : slot === 'target' ? 'share' : slot)
    const inputs = Object.fromEntries(Object.keys(reads).map((slot) => [slot, called(slot)]))
    const [output] = Object.keys(opOf(op).outputs) as [string]
    const nodes = several.flatMap((attrs, i) => [
      node(`${op} ${i}`, op, inputs, attrs, Object.fromEntries(Object.keys(opOf(op).outputs).map((slot) => [slot, `${slot} of ${op} ${i}`]))), // prettier-ignore
      ...(opOf(op).differentiable.length === 0 ? [] : [allBack(`${op} ${i} back`, op, inputs, { [output]: 'dy' }, attrs)]), // prettier-ignore
    ])
    const fed = { ...Object.fromEntries(Object.entries(reads).map(([slot, shape]) => [called(slot), shape])), dy }
    return inRuns(reading(fed, nodes), `${seed} ${op}`)
  })
}

/** Feeds of one array, then of arrays of their own and back, and states that begin as one. */
export const oneArray = (W: number, seed: string): readonly Act[] => {
  const square: Shape = [W, W]
  const of = reading({ a: square, b: square, c: square }, [
    node('sum', 'add', { a: 'a', b: 'b' }),
    node('product', 'mul', { a: 'b', b: 'c' }),
    node('rows', 'dense', { x: 'a', w: 'c' }),
    node('joined', 'concat', { x0: 'c', x1: 'a', x2: 'b' }, { axis: 0 }),
    back('slope', 'relu', { x: 'a' }, { y: 'b' }),
    node('apart', 'mse', { prediction: 'a', target: 'c' }),
  ])
  const numbers = (turn: number, name: string): Tensor => integers(`${seed} ${turn} ${name}`, square)
  const alike = (turn: number, ...together: readonly string[]): Tensors => {
    const one = numbers(turn, 'one')
    return Object.fromEntries(['a', 'b', 'c'].map((name) => [name, together.includes(name) ? one : numbers(turn, name)])) // prettier-ignore
  }
  const run = (turn: number, ...together: readonly string[]): Act => ({ what: 'run', program: of, feeds: alike(turn, ...together) }) // prettier-ignore
  // the same program once more, as its first run is of feeds of their own
  const anew = { ...of, outputs: of.outputs.toReversed() }
  const delay = program(
    { s: square, t: square, u: square, x: square },
    [node('s next', 'add', { a: 's', b: 'x' }), node('t next', 'mul', { a: 't', b: 'x' }), node('seen', 'add', { a: 's next', b: 'u' })], // prettier-ignore
    ['seen'],
    { s: 's next', t: 't next', u: 's' },
  )
  const shared = integers(`${seed} shared`, square)
  const step = (turn: number): Act => ({ what: 'step', session: 'one', feeds: { x: turn === 2 ? shared : numbers(turn, 'x') } }) // prettier-ignore
  return [
    run(1, 'a', 'b'),
    run(2),
    run(3, 'b', 'c'),
    run(4, 'a', 'b', 'c'),
    run(5),
    ...[run(6), run(7, 'a', 'c'), run(8)].map((act): Act => ({ ...act, program: anew }) as Act),
    { what: 'open', session: 'one', program: delay, state: { s: shared, t: shared, u: shared } },
    step(1),
    { what: 'state', session: 'one' },
    step(2),
    step(3),
    { what: 'state', session: 'one' },
  ]
}

/** Rates and slopes that are fed, each of the bytes of the one before in another order. */
export const fedBytes = (W: number, seed: string): readonly Act[] => {
  const rows: Shape = [2, W]
  const feed = (name: string) => ({ feed: name })
  const of = reading(
    { w: rows, g: rows, rate: [], slope: [] },
    [
      node('w next', 'sgd', { w: 'w', g: 'g' }, { learningRate: feed('rate') }),
      node('bent', 'leakyRelu', { x: 'g' }, { alpha: feed('slope') }),
    ],
    ['bent', 'w next'],
    { w: 'w next' },
  )
  // 0.75 is 3f40 0000, 2.984375 is 403f 0000; 1.5 is 3fc0 0000
  const settings: readonly (readonly [rate: number, slope: number])[] = [
    [0.75, 1.5],
    [2.984375, -2.984375],
    [0.75, 1.5],
    [2 ** -126 * (1 + 2 ** -1), 2.984375],
    [0.5, 0.75],
  ]
  const own = (turn: number): Tensors => {
    const [rate, slope] = settings[turn] as readonly [number, number]
    return { ...feedsByName(of, `${seed} ${turn}`, ['g']), rate: scalar(rate), slope: scalar(slope) }
  }
  const state = feedsByName(of, `${seed} state`, ['w'])
  return [
    ...settings.map((_, turn): Act => ({ what: 'run', program: of, feeds: { ...state, ...own(turn) } })),
    opened('one', of, seed),
    ...settings.map((_, turn): Act => ({ what: 'step', session: 'one', feeds: own(turn) })),
    { what: 'state', session: 'one' },
  ]
}

/** Updates of which one hands its results on crosswise, of gradients that are made beside them, by every optimizer that keeps something. */
export const handedCrosswise = (W: number, seed: string): readonly Act[] => {
  const rows: Shape = [2, W]
  return (['momentum', 'rmsprop', 'adagrad', 'adam'] as const).flatMap((by) =>
    [0, 1].flatMap((crossed) => {
      const optimizer = optimizers[by]
      const weights = ['one', 'two']
      const made = weights.map((w) => node(`g of ${w}`, 'mul', { a: `x of ${w}`, b: 'y' }))
      const steps = weights.map((w) => update(optimizer, w, `g of ${w}`))
      const carry = Object.assign({}, ...steps.map(carryOf)) as Named
      const [first = ''] = Object.values(optimizer.kept)
      const w = weights[crossed] as string
      const kept = `${by === 'adam' ? 'm' : first} of ${w}`
      // what stands for a mean of squares is no less than 0, as a weight need not be
      const crosswise: Named = first === 'variance' ? { [w]: next(kept) } : { [w]: next(kept), [kept]: next(w) }
      const fed: Shapes = { 'x of one': rows, 'x of two': rows, y: rows, one: rows, two: rows, ...keptShapes(optimizer, weights, { one: rows, two: rows }) } // prettier-ignore
      const nodes = [...made, ...steps]
      return inSteps(reading(fed, nodes, written(program(fed, nodes, [])), { ...carry, ...crosswise }), `${seed} ${by} ${crossed}`) // prettier-ignore
    }),
  )
}

/** Numbers that are fed to what goes over more than a small binding holds, one after the other. */
export const fedOverMuch = (W: number, seed: string): readonly Act[] => {
  const maps: Shape = [16, 16, 2 * W + 2]
  const norm = { gamma: 'c', beta: 'c', runningMean: 'r', runningVar: 'variance' }
  const feed = (name: string) => ({ feed: name })
  const of = reading(
    { x: maps, g: maps, c: [16], r: [16], variance: [16], share: [], small: [], rate: [], count: [] },
    [
      node('norm', 'batchNormTraining', { x: 'x', ...norm }, { momentum: feed('share'), epsilon: feed('small') }, { y: 'norm', runningMean: 'r next', runningVar: 'variance next' }), // prettier-ignore
      node('known', 'batchNormInference', { x: 'x', ...norm }, { epsilon: feed('small') }),
      node('w next', 'sgd', { w: 'x', g: 'g' }, { learningRate: feed('rate'), weightDecay: feed('small') }),
      node('bent', 'leakyRelu', { x: 'g' }, { alpha: feed('rate') }),
      node('dropped', 'dropout', { x: 'g' }, { keep: 0.5, key: [1, 2], step: feed('count') }),
      back('bent back', 'leakyRelu', { x: 'g' }, { y: 'x' }, { alpha: feed('rate') }),
      back('norm back', 'batchNormTraining', { x: 'x', ...norm }, { y: 'g' }, { epsilon: feed('small') }),
    ],
  )
  const settings = [
    [0.5, 0.125, 0.5, 1],
    [0.25, 0.5, 0.25, 2],
    [0.5, 0.125, 0.5, 1],
  ] as const
  return settings.map(([share, small, rate, count], turn): Act => ({
    what: 'run',
    program: of,
    feeds: {
      ...feedsByName(of, `${seed} ${turn}`, ['x', 'g', 'c', 'r', 'variance']),
      share: scalar(share),
      small: scalar(small),
      rate: scalar(rate),
      count: scalar(count),
    },
  }))
}

/** Steps, the state and another program on it, all asked for before the first is answered. */
export const askedAtOnce = (W: number, seed: string): readonly Act[] => {
  const rows: Shape = [2, W]
  const of = program(
    { p: rows, q: rows, x: rows },
    [node('p next', 'add', { a: 'p', b: 'x' }), node('q next', 'add', { a: 'q', b: 'p next' }), node('y', 'relu', { x: 'q next' })], // prettier-ignore
    ['y'],
    { p: 'p next', q: 'q next' },
  )
  const other: Program = program({ p: rows, q: rows, r: rows }, [node('z', 'mul', { a: 'p', b: 'r' }), node('v', 'add', { a: 'z', b: 'q' })], ['v']) // prettier-ignore
  const atOnce = true
  const step = (turn: number, watch?: readonly string[]): Act => ({ what: 'step', session: 'one', feeds: { x: integers(`${seed} ${turn} x`, rows) }, ...(watch && { watch }) }) // prettier-ignore
  const state: Act = { what: 'state', session: 'one' }
  const look = (turn: number): Act => ({ what: 'run on', session: 'one', program: other, feeds: { r: integers(`${seed} ${turn} r`, rows) } }) // prettier-ignore
  const behind = (...acts: readonly Act[]): readonly Act[] => acts.map((act) => ({ ...act, atOnce }) as Act)
  return [
    opened('one', of, seed),
    step(1),
    ...behind(state, step(2), step(3, ['p']), step(4), state),
    step(5, ['p', 'y']),
    ...behind(step(6), look(1), step(7), look(2), state),
    state,
    ...behind(step(8), step(9, ['q next', 'p']), look(3), step(10, ['p next']), step(11)),
    state,
  ]
}
