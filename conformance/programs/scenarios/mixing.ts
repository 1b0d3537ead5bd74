import { either as E } from 'fp-ts'
import { differentiate } from '../../../spec/differentiate.js'
import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sameShape, showShape, sizeOf } from '../../../spec/tensor.js'
import { exactIn } from './exact.js'
import { carryingInRange, staysInRange } from './growth.js'
import type { Attrs, Named, Shapes } from './making.js'
import { node, program } from './making.js'
import { passes } from '../passing.js'
import type { Thread } from './weaving.js'

/**
 * Programs of any ops: what rounds, what has several outputs, sequences, losses and updates, with the attributes that networks
 * have, each reading what was made before it. What rounds is answered, or passed on by what copies, chooses or adds, so that all
 * of it is judged.
 */

interface Value {
  readonly name: string
  readonly shape: Shape
}

/** What is mixed so far. */
interface Mixture {
  readonly inputs: Shapes
  readonly nodes: readonly ProgramNode[]
  /** what may be read, the newest last */
  readonly values: readonly Value[]
}

/** A node to be; what it reads and nothing has made is fed. */
interface Step {
  readonly op: OpName
  readonly inputs: Named
  readonly attrs?: Attrs
  readonly fed?: Shapes
}

interface Choices {
  readonly W: number
  /** one of some things, by the thread's numbers */
  readonly pick: <A>(from: readonly A[], by: 'second' | 'third', skip?: number) => A
  /** a value of a shape: one that was made or fed, or one that is fed anew under such a name */
  readonly given: (base: string, shape: Shape, by: 'second' | 'third', skip?: number) => Value
}
type Move = (x: Value, choices: Choices) => Step | undefined

const fedAs = (base: string, shape: Shape): Value => ({ name: `${base} ${showShape(shape)}`, shape })
const shapesOf = (...values: readonly Value[]): Shapes => Object.fromEntries(values.map(({ name, shape }) => [name, shape])) // prettier-ignore

const ofRank =
  (ranks: readonly number[], move: Move): Move =>
  (x, choices) =>
    ranks.includes(x.shape.length) ? move(x, choices) : undefined

const alone =
  (op: OpName, ...attrs: readonly Attrs[]): Move =>
  (x, { pick }) => ({ op, inputs: { x: x.name }, attrs: attrs.length === 0 ? {} : pick(attrs, 'third') })

/** An op of an axis, which is any that there is. */
const along =
  (op: OpName): Move =>
  (x, { pick }) => ({ op, inputs: { x: x.name }, attrs: { axis: pick(Array.from(x.shape.keys()), 'third') } })

const together =
  (op: 'add' | 'mul'): Move =>
  (x, { pick, given }) => {
    const y = given('other', x.shape, 'second')
    const [a, b] = pick([true, false], 'third') ? [x, y] : [y, x]
    return { op, inputs: { a: a.name, b: b.name }, fed: shapesOf(y) }
  }

const joined: Move = (x, { pick, given }) => {
  const parts = [x, given('other', x.shape, 'second'), ...pick([[], [given('other', x.shape, 'third')]], 'second', 8)]
  const order = pick([parts, parts.toReversed()], 'third', 8)
  return {
    op: 'concat',
    inputs: Object.fromEntries(order.map(({ name }, i) => [`x${i}`, name])),
    attrs: { axis: pick(Array.from(x.shape.keys()), 'third', 2) },
    fed: shapesOf(...parts),
  }
}

const scaled: Move = ofRank([3, 4], (x, { given }) => {
  const s = given('s', x.shape.slice(0, 2), 'second')
  return { op: 'scaleChannels', inputs: { x: x.name, s: s.name }, fed: shapesOf(s) }
})

/** A layer by weights of a shape and, half the time, a bias of so many numbers. */
const layer = (
  op: OpName,
  x: Value,
  weights: Shape,
  channels: number,
  attrs: Attrs,
  { pick, given }: Choices,
): Step => {
  const w = given('w', weights, 'second', 4)
  const b = pick([[], [given('b', [channels], 'third')]], 'third', 8)
  return {
    op,
    inputs: { x: x.name, w: w.name, ...(b[0] && { b: b[0].name }) },
    attrs,
    fed: shapesOf(w, ...b),
  }
}

interface Filter {
  readonly sides: readonly [number, number]
  readonly attrs?: Attrs
}
const filters: readonly Filter[] = [
  { sides: [1, 1] },
  { sides: [1, 1] },
  { sides: [1, 1], attrs: { stride: [2, 2] } },
  { sides: [3, 3], attrs: { padding: [1, 1, 1, 1] } },
  { sides: [3, 3], attrs: { padding: [1, 1, 1, 1] } },
  { sides: [3, 3], attrs: { padding: [1, 1, 1, 1], stride: [2, 2] } },
  { sides: [3, 3], attrs: { padding: [2, 2, 2, 2], dilation: [2, 2] } },
  { sides: [3, 3], attrs: { padding: [0, 1, 1, 0], stride: [1, 2] } },
  { sides: [2, 2], attrs: { stride: [2, 2] } },
  { sides: [1, 3], attrs: { padding: [0, 0, 1, 1] } },
]

const convolved: Move = ofRank([4], (x, choices) => {
  const { W, pick } = choices
  const [, C = 1] = x.shape
  const { sides, attrs = {} } = pick(filters, 'second')
  const groups = pick([1, 1, 1, C], 'third')
  const channels = groups === 1 ? W : C
  return layer('conv2d', x, [channels, C / groups, ...sides], channels, { ...attrs, ...(groups > 1 && { groups }) }, choices) // prettier-ignore
})
const turned: Move = ofRank([4], (x, choices) => {
  const { sides, attrs = {} } = choices.pick(filters, 'second')
  return layer('convTranspose2d', x, [x.shape[1] as number, choices.W, ...sides], choices.W, attrs, choices)
})
const ofRows: Move = ofRank([3], (x, choices) => {
  const attrs = choices.pick<Attrs>([{ padding: [1, 1] }, { stride: 2, padding: [2, 0] }], 'second')
  return layer('conv1d', x, [choices.W, x.shape[1] as number, 3], choices.W, attrs, choices)
})
const dense: Move = ofRank([2], (x, choices) =>
  layer('dense', x, [choices.W, x.shape[1] as number], choices.W, {}, choices),
)
const maxout: Move = ofRank([2], (x, { W, given }) => {
  const [w, b] = [given('w', [2, W, x.shape[1] as number], 'second', 4), given('b', [2, W], 'third')]
  return { op: 'maxout', inputs: { x: x.name, w: w.name, b: b.name }, fed: shapesOf(w, b) }
})

const windows: readonly Attrs[] = [
  { window: [2, 2] },
  { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { window: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] },
  { window: [1, 2] },
]

/** A norm; variances are no less than 0, and only such as are said to be are taken for one. */
const norm =
  (op: 'batchNormTraining' | 'batchNormInference'): Move =>
  (x, { given }) => {
    if (x.shape.length < 2 || sizeOf(x.shape.toSpliced(1, 1)) < 2) return undefined
    const shape = [x.shape[1] as number]
    const [gamma, beta] = [given('gamma', shape, 'third'), given('beta', shape, 'second')]
    const [mean, variance] = [given('mean', shape, 'second', 4), given('variance', shape, 'third', 4)]
    return {
      op,
      inputs: { x: x.name, gamma: gamma.name, beta: beta.name, runningMean: mean.name, runningVar: variance.name },
      fed: shapesOf(gamma, beta, mean, variance),
    }
  }

/** A recurrent net or its cell. Layers of one width share their weights, and one goes on where another ended. */
const recurrent =
  (op: 'rnn' | 'lstm' | 'gru', cell = false): Move =>
  (x, { W, given, pick }) => {
    const [N = 1, I = 1] = x.shape.slice(-2)
    if (x.shape.length !== (cell ? 2 : 3)) return undefined
    const gates = { rnn: 1, lstm: 4, gru: 3 }[op]
    const called = pick(['', 'other '], 'second', 8)
    const states = op === 'lstm' ? ['h', 'c'] : ['h']
    const read: Readonly<Record<string, Value>> = {
      ...Object.fromEntries(
        states.map((state, i) => [cell ? state : `${state}0`, given(state, [N, W], i === 0 ? 'second' : 'third')]),
      ),
      wIh: fedAs(`${called}wIh`, [gates * W, I]),
      wHh: fedAs(`${called}wHh`, [gates * W, W]),
      ...Object.fromEntries(
        (op === 'gru' ? ['bIh', 'bHh'] : ['b']).map((b) => [b, fedAs(`${called}b`, [gates * W])] as const),
      ),
    }
    return {
      op: cell ? (`${op}Cell` as OpName) : op,
      inputs: { x: x.name, ...Object.fromEntries(Object.entries(read).map(([slot, { name }]) => [slot, name])) },
      fed: shapesOf(...Object.values(read)),
    }
  }

const reshaped: Move = ({ name, shape }, { pick }) => {
  const shapes = [shape, shape, [1, ...shape], shape.toReversed(), [shape[0] as number, sizeOf(shape.slice(1))]]
  return { op: 'reshape', inputs: { x: name }, attrs: { shape: pick(shapes, 'third').slice(-4) } }
}

/** A loss of two values; shares are from 0 to 1. */
const loss =
  (op: OpName, slot: string, target: string): Move =>
  (x, { given }) => {
    const t = given(target, x.shape, 'second')
    return { op, inputs: { [slot]: x.name, target: t.name }, fed: shapesOf(t) }
  }

const penalty: Move = (x, { pick }) => ({ op: 'l2Penalty', inputs: { w: x.name }, attrs: { beta: pick([0.5, 0.25], 'third') } }) // prettier-ignore

const times = (n: number, ...moves: readonly Move[]): readonly Move[] => moves.flatMap((move) => Array.from({ length: n }, () => move)) // prettier-ignore

/** What the next node may be; what stands more than once comes more often. */
const moves: readonly Move[] = [
  ...times(3, alone('relu'), convolved, dense),
  ...times(2, together('add'), joined, reshaped, scaled, turned),
  ...times(1, together('mul'), maxout, ofRows),
  alone('sigmoid'),
  alone('tanh'),
  alone('elu'),
  alone('softplus'),
  alone('step'),
  alone('leakyRelu', { alpha: 0.25 }, { alpha: 0.5 }),
  alone('dropout', { keep: 0.5, key: [1, 2] }, { keep: 0.75, key: [5, 6], stream: 3 }),
  along('softmax'),
  along('logSoftmax'),
  ofRank([4], alone('flatten')),
  ofRank([4], alone('maxPool2d', ...windows)),
  ofRank([4], alone('avgPool2d', ...windows)),
  ofRank([4], alone('globalAvgPool')),
  ofRank([4], alone('localResponseNorm')),
  norm('batchNormTraining'),
  norm('batchNormInference'),
  recurrent('rnn'),
  recurrent('lstm'),
  recurrent('gru'),
  recurrent('lstm', true),
  recurrent('gru', true),
  loss('mse', 'prediction', 'other'),
  loss('bceWithLogits', 'logits', 'share'),
  ofRank([2], loss('softmaxCrossEntropy', 'logits', 'share')),
  ofRank([2], loss('hinge', 'scores', 'share')),
  penalty,
]

const threadsOf = 2 ** 12

/** What was made last is read most. */
const recent = <A>(from: readonly A[], by: number): A => from[from.length - 1 - Math.floor(from.length * (by / threadsOf) ** 2)] as A // prettier-ignore

// whatever these are called, they are no less than 0
const isSpecial = (name: string): boolean => /^(variance|share)/.test(name) || name.endsWith('runningVar')

const choicesOf = ({ values }: Mixture, W: number, thread: Thread): Choices => {
  const pick: Choices['pick'] = (from, by, skip = 1) =>
    from[Math.floor(thread[by] / skip) % from.length] as (typeof from)[number]
  return {
    W,
    pick,
    given: (base, shape, by, skip = 1) => {
      const alike = values.filter(
        (value) => sameShape(value.shape, shape) && (base === 'variance' ? value.name.endsWith('runningVar') : !isSpecial(value.name)), // prettier-ignore
      )
      // half of what is read is fed
      const rest = Math.floor(thread[by] / skip)
      return rest % 2 === 0 || alike.length === 0 || base === 'share'
        ? fedAs(base, shape)
        : recent(alike, ((rest >> 1) * 97) % threadsOf)
    },
  }
}

const largest = 4096

/** With one node more; as it was, where the op refuses it or it grows too large. */
const withStep = (mixture: Mixture, { op, inputs, attrs = {}, fed = {} }: Step): Mixture => {
  const known = new Set(mixture.values.map(({ name }) => name))
  const feeds = { ...mixture.inputs, ...Object.fromEntries(Object.entries(fed).filter(([name]) => !known.has(name))) }
  const name = `${op} ${mixture.nodes.length + 1}`
  const outputs = Object.keys(opOf(op).outputs)
  const named = Object.fromEntries(outputs.map((output, i) => [output, i === 0 ? name : `${name} ${output}`]))
  const made = node(name, op, inputs, attrs, named)
  const read = new Set(Object.values(inputs))
  const reads = [...Object.entries(feeds), ...mixture.values.map((value) => [value.name, value.shape] as const)]
  const checked = checkProgram(
    program(Object.fromEntries(reads.filter(([one]) => read.has(one))), [made], Object.values(named)),
  )
  if (E.isLeft(checked)) return mixture
  const values = Object.values(named).map((value) => ({ name: value, shape: checked.right.shapes[value] as Shape }))
  if (values.some(({ shape }) => sizeOf(shape) > largest || shape.length > 4)) return mixture
  return { inputs: feeds, nodes: [...mixture.nodes, made], values: [...mixture.values, ...values] }
}

/** What programs begin with: images, rows, a sequence; by turns, the last of which is read most. */
const begun = (W: number, turn: number): Mixture => {
  const [images, rows, sequence]: readonly [readonly Value[], readonly Value[], readonly Value[]] = [
    [
      { name: 'x', shape: [2, W, 4, 8] },
      { name: 'z', shape: [2, W, 4, 8] },
    ],
    [
      { name: 'rows', shape: [2, W] },
      { name: 'wide', shape: [2, 32 * W] },
    ],
    [{ name: 'sequence', shape: [3, 2, W] }],
  ]
  const orders = [
    [sequence, rows, images],
    [images, sequence, rows],
    [images, rows, sequence],
  ]
  const values = (orders[turn % orders.length] ?? []).flat()
  return { inputs: shapesOf(...values), nodes: [], values }
}

const mixed = (threads: readonly Thread[], W: number): Mixture =>
  threads.reduce(
    (mixture, thread) => {
      const x = recent(
        // a number alone is read beside others only
        mixture.values.filter(({ name, shape }) => !isSpecial(name) && shape.length > 0),
        thread.first,
      )
      // the first that goes, from where the thread begins
      for (let at = 0; at < moves.length; at++) {
        const move = moves[(thread.move + at) % moves.length] as Move
        const step = move(x, choicesOf(mixture, W, thread))
        const next = step && withStep(mixture, step)
        if (next !== undefined && next !== mixture) return next
      }
      return mixture
    },
    begun(W, threads[0]?.third ?? 0),
  )

/** With only what is read of what is fed, and an answer for all that rounds, but for some that only goes on by what passes it on. */
const answering = (of: Program, by: number): Program => {
  const read = new Set(of.nodes.flatMap(({ inputs, cotangents }) => Object.values({ ...inputs, ...cotangents })))
  const trimmed = { ...of, inputs: Object.fromEntries(Object.entries(of.inputs).filter(([name]) => read.has(name))) }
  const exact = exactIn(trimmed)
  const isPassedOn = (value: string, at: number): boolean =>
    (by + at) % 2 === 0 &&
    of.nodes
      .filter(({ inputs, cotangents }) => Object.values({ ...inputs, ...cotangents }).includes(value))
      .every(passes)
  const outputs = of.nodes.flatMap((one, at) =>
    Object.values(one.outputs).filter(
      (value) => !read.has(value) || (exact.has(value) ? (by + at) % 6 === 0 : !isPassedOn(value, at)),
    ),
  )
  return { ...trimmed, outputs: [...new Set(outputs)] }
}

/** Some inputs that take the place of values of their shape, from step to step. */
const carryOf = ({ inputs, nodes }: Program, shapes: Shapes, threads: readonly Thread[]): Named => {
  const made = nodes.flatMap(({ outputs }) => Object.values(outputs))
  const fitting = (name: string): readonly string[] =>
    isSpecial(name)
      ? made.filter((value) => name.startsWith('variance') && value.endsWith('runningVar') && sameShape(shapes[value] as Shape, inputs[name] as Shape)) // prettier-ignore
      : made.filter((value) => !value.endsWith('runningVar') && sameShape(shapes[value] as Shape, inputs[name] as Shape)) // prettier-ignore
  return Object.fromEntries(
    Object.keys(inputs).flatMap((name, i) => {
      const [from, by] = [fitting(name), threads[i % threads.length]?.move ?? 0]
      return from.length === 0 ? [] : [[name, recent(from, by)] as const]
    }),
  )
}

/** Of a session, and the state behind them is looked at. */
export const steps = 3

/** A program of any ops, which carries what it can; none where its numbers may grow too large. */
export const mixtureOf = (threads: readonly Thread[], W: number): Program | undefined => {
  const { inputs, nodes } = mixed(threads, W)
  const of = answering(program(inputs, nodes, []), threads[0]?.move ?? 0)
  const checked = checkProgram(of)
  if (E.isLeft(checked) || !staysInRange(of, checked.right.shapes, 1)) return undefined
  const { shapes } = checked.right
  return carryingInRange({ ...of, carry: carryOf(of, shapes, threads) }, shapes, steps)
}

/** An optimizer with the state that it has of a weight. */
type Update = (w: string, shape: Shape) => Omit<Step, 'fed'> & { readonly state: Shapes }
const updates: readonly Update[] = [
  () => ({ op: 'sgd', inputs: {}, attrs: { learningRate: 0.25 }, state: {} }),
  (w, shape) => ({ op: 'momentum', inputs: { velocity: `velocity of ${w}` }, attrs: { learningRate: 0.25, momentum: 0.5 }, state: { [`velocity of ${w}`]: shape } }), // prettier-ignore
  (w, shape) => ({ op: 'rmsprop', inputs: { meanSquare: `variance of ${w}` }, attrs: { learningRate: 0.25 }, state: { [`variance of ${w}`]: shape } }), // prettier-ignore
  (w, shape) => ({ op: 'adagrad', inputs: { accumulator: `variance of ${w}` }, attrs: { learningRate: 0.25 }, state: { [`variance of ${w}`]: shape } }), // prettier-ignore
  ...(['adam', 'adamw'] as const).map((op) => (w: string, shape: Shape) => ({
    op,
    inputs: { m: `m of ${w}`, v: `variance of ${w}`, step: `steps of ${w}` },
    attrs: { learningRate: 0.25, beta1: 0.5, beta2: 0.75 },
    state: { [`m of ${w}`]: shape, [`variance of ${w}`]: shape, [`steps of ${w}`]: [] },
  })),
]

/** The gradients of a value that comes of most of the others, and updates by them that are carried; none where it has no gradient. */
export const trainedMixtureOf = (threads: readonly Thread[], W: number): Program | undefined => {
  const { inputs, nodes, values } = mixed(threads, W)
  const last = nodes.at(-1)
  const result = Object.values(last?.outputs ?? {})[0]
  if (last === undefined || result === undefined) return undefined
  const kept = nodes.reduceRight<readonly ProgramNode[]>((soFar, one) => {
    const read = new Set(soFar.flatMap((each) => Object.values(each.inputs)))
    return one === last || Object.values(one.outputs).some((value) => read.has(value)) ? [one, ...soFar] : soFar
  }, [])
  const read = new Set(kept.flatMap((one) => Object.values(one.inputs)))
  const forward = program(Object.fromEntries(Object.entries(inputs).filter(([name]) => read.has(name))), kept, [result]) // prettier-ignore
  const all = Object.keys(forward.inputs)
  const whole = differentiate(forward, result, all)
  // what has a gradient at all, where not everything has
  const wrt = E.isRight(whole) ? all : all.filter((name) => E.isRight(differentiate(forward, result, [name])))
  const both = E.isRight(whole) ? whole : differentiate(forward, result, wrt)
  if (wrt.length === 0 || E.isLeft(both)) return undefined
  const { program: there, gradients } = both.right
  const trained = wrt
    .filter((name) => !values.slice(0, 5).some((value) => value.name === name))
    .flatMap((w, i) => {
      const shape = forward.inputs[w] as Shape
      const chosen = updates[((threads[i % threads.length]?.second ?? 0) + i) % updates.length] as Update
      const of = chosen(w, shape)
      const outputs = { w: `${w} next`, ...Object.fromEntries(Object.entries(of.inputs).map(([slot, name]) => [slot, `${name} next`])) } // prettier-ignore
      const made = node(`update of ${w}`, of.op, { w, g: gradients[w] as string, ...of.inputs }, of.attrs, outputs)
      return [{ made, state: of.state, carry: { [w]: `${w} next`, ...Object.fromEntries(Object.values(of.inputs).map((name) => [name, `${name} next`])) } }] // prettier-ignore
    })
  const training: Program = {
    inputs: { ...there.inputs, ...(Object.assign({}, ...trained.map(({ state }) => state)) as Shapes) },
    nodes: [...there.nodes, ...trained.map(({ made }) => made)],
    outputs: [],
    carry: Object.assign({}, ...trained.map(({ carry }) => carry)) as Named,
  }
  const answered = answering(training, threads[0]?.move ?? 0)
  const checked = checkProgram(answered)
  if (E.isLeft(checked) || !staysInRange({ ...answered, carry: {} }, checked.right.shapes, 1)) return undefined
  const carried = carryingInRange(answered, checked.right.shapes, steps)
  return { ...carried, outputs: [...new Set([result, ...carried.outputs])] }
}

/** A program that is another in its constants: rates, slopes, shares that are kept. */
export const otherwise = (of: Program): Program | undefined => {
  const changes: Readonly<Record<string, (value: number) => number>> = {
    learningRate: (rate) => rate * 2,
    momentum: (rate) => rate / 2,
    alpha: (slope) => slope / 2,
    beta: (weight) => weight * 2,
    keep: (share) => (share === 0.5 ? 0.25 : 0.5),
  }
  const nodes = of.nodes.map((one) => ({
    ...one,
    attrs: Object.fromEntries(
      Object.entries(one.attrs).map(([name, value]) => [name, typeof value === 'number' ? (changes[name]?.(value) ?? value) : value]), // prettier-ignore
    ),
  }))
  return JSON.stringify(nodes) === JSON.stringify(of.nodes) ? undefined : { ...of, nodes }
}

/** A program that is another in one of its units. */
export const withOtherUnits = (of: Program): Program | undefined => {
  const others: Partial<Record<OpName, OpName>> = {
    relu: 'tanh',
    tanh: 'sigmoid',
    sigmoid: 'softplus',
    softplus: 'elu',
  }
  const at = of.nodes.findLastIndex(({ op, direction }) => direction === 'forward' && others[op] !== undefined)
  const twin = of.nodes.some(({ op, direction }) => direction === 'backward' && op === of.nodes[at]?.op)
  if (at < 0 || twin) return undefined
  const unit = of.nodes[at] as ProgramNode
  const op = others[unit.op] as OpName
  const nodes = of.nodes.with(at, { ...unit, op, attrs: {} })
  return answering({ ...of, nodes, outputs: [] }, 1)
}
