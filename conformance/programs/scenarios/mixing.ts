import { either as E } from 'fp-ts'
import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import type { ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sameShape, sizeOf } from '../../../spec/tensor.js'
import type { Shapes } from './making.js'
import { back, node, program } from './making.js'
import type { Choices, Move, Step, Value } from './moves.js'
import { behind, fedAs, moves, shapesOf, starts } from './moves.js'
import type { Thread } from './weaving.js'

/**
 * Nodes of any ops, drawn one after the other, each reading what was made before it: what rounds, what has several outputs,
 * sequences and losses, with the attributes that networks have. Every other one goes on as networks do, every other is such that
 * what meets in it met least so far.
 */

/** What is mixed so far. */
export interface Mixture {
  readonly inputs: Shapes
  readonly nodes: readonly ProgramNode[]
  /** what may be read, the newest last */
  readonly values: readonly Value[]
  /** the ops in a row of which each node came, two and its own at most, by its place */
  readonly ways: readonly (readonly string[])[]
}

const threadsOf = 2 ** 12

/** What was made last is read most. */
export const recent = <A>(from: readonly A[], by: number): A => from[from.length - 1 - Math.floor(from.length * (by / threadsOf) ** 2)] as A // prettier-ignore

// whatever these are called, they are no less than 0
export const isSpecial = (name: string): boolean => /^(variance|share)/.test(name) || name.endsWith('runningVar')

const choicesOf = ({ values }: Mixture, x: Value, W: number, thread: Thread): Choices => {
  const pick: Choices['pick'] = (from, by, skip = 1) =>
    from[Math.floor(thread[by] / skip) % from.length] as (typeof from)[number]
  return {
    W,
    pick,
    given: (base, shape, by, skip = 1) => {
      const alike = values.filter(
        (value) => sameShape(value.shape, shape) && (base === 'variance' ? value.name.endsWith('runningVar') : !isSpecial(value.name)), // prettier-ignore
      )
      // half of what is read is fed, and little is read twice by one node
      const rest = Math.floor(thread[by] / skip)
      const others = (rest >> 1) % 4 === 0 ? alike : alike.filter(({ name }) => name !== x.name)
      return rest % 2 === 0 || others.length === 0 || base === 'share'
        ? fedAs(base, shape)
        : recent(others, ((rest >> 1) * 97) % threadsOf)
    },
  }
}

const largest = 4096

/** With one node more; as it was, where the op refuses it or it grows too large. */
export const withStep = (mixture: Mixture, given: Step, way: readonly string[]): Mixture => {
  const { op, inputs, cotangents, attrs = {}, fed = {} } = given
  const known = new Set(mixture.values.map(({ name }) => name))
  const feeds = { ...mixture.inputs, ...Object.fromEntries(Object.entries(fed).filter(([name]) => !known.has(name))) }
  const name = `${op} ${mixture.nodes.length + 1}`
  const outputs = cotangents === undefined ? Object.keys(opOf(op).outputs) : Object.keys(inputs)
  const named = Object.fromEntries(outputs.map((output, i) => [output, i === 0 ? name : `${name} ${output}`]))
  const made =
    cotangents === undefined ? node(name, op, inputs, attrs, named) : back(name, op, inputs, cotangents, attrs, named)
  const read = new Set(Object.values({ ...inputs, ...cotangents }))
  const reads = [...Object.entries(feeds), ...mixture.values.map((value) => [value.name, value.shape] as const)]
  const checked = checkProgram(
    program(Object.fromEntries(reads.filter(([one]) => read.has(one))), [made], Object.values(named)),
  )
  if (E.isLeft(checked)) return mixture
  const values = Object.values(named).map((value) => ({ name: value, shape: checked.right.shapes[value] as Shape }))
  if (values.some(({ shape }) => sizeOf(shape) > largest || shape.length > 4)) return mixture
  return {
    inputs: feeds,
    nodes: [...mixture.nodes, made],
    values: [...mixture.values, ...values],
    ways: [...mixture.ways, way],
  }
}

// of a batch, how high and how wide
const extents: readonly (readonly [number, number, number])[] = [
  [2, 4, 8],
  [1, 4, 4],
  [2, 5, 5],
  [3, 6, 4],
  [1, 7, 3],
  [2, 2, 2],
]

/** What programs begin with: images, rows, a sequence; by turns, the last of which is read most. */
const begun = (W: number, turn: number): Mixture => {
  const [N, H, across] = extents[Math.floor(turn / 5) % extents.length] as (typeof extents)[number]
  // of as many channels as the layers have, of one, or of three
  const C = [W, W, 1, 3][Math.floor(turn / 30) % 4] as number
  const [images, rows, sequence]: readonly [readonly Value[], readonly Value[], readonly Value[]] = [
    [
      { name: 'z', shape: [N, W, H, across] },
      { name: 'x', shape: [N, C, H, across] },
    ],
    [
      { name: 'wide', shape: [N, 32 * W] },
      { name: 'rows', shape: [N, W] },
    ],
    [{ name: 'sequence', shape: [3, N, W] }],
  ]
  const orders = [
    [sequence, rows, images],
    [images, sequence, rows],
    [rows, sequence, images],
    [sequence, images, rows],
    [images, rows, sequence],
  ]
  const values = (orders[turn % orders.length] ?? []).flat()
  return { inputs: shapesOf(...values), nodes: [], values, ways: [] }
}

/** How often what meets met so far, in all programs. */
export type Met = ReadonlyMap<string, number>

const calledBy = (way: readonly string[]): string => way.join(' → ')
const calledAs = ({ op, cotangents }: Step): string => (cotangents === undefined ? op : `${op} back`)

const kinds: readonly (readonly OpName[])[] = [
  ['conv2d', 'conv1d', 'convTranspose2d'],
  ['dense', 'maxout'],
  ['batchNormTraining', 'batchNormInference', 'localResponseNorm'],
  ['relu', 'leakyRelu', 'elu'],
  ['sigmoid', 'tanh', 'softplus', 'step'],
  ['reshape', 'flatten'],
  ['maxPool2d', 'avgPool2d', 'globalAvgPool'],
  ['softmax', 'logSoftmax'],
  ['rnn', 'lstm', 'gru', 'rnnCell', 'lstmCell', 'gruCell'],
]
const kindOfOp = new Map(kinds.flatMap((ops, i) => ops.map((op) => [op, String(i)] as const)))

/** What is known of what was made so far: the node that writes a value, what it is to what reads it, and whether something does. */
interface Survey {
  readonly writers: ReadonlyMap<string, number>
  /** of a kind of ops, which of a node's outputs, and whether it is of one sample */
  readonly kinds: ReadonlyMap<string, string>
  readonly read: ReadonlySet<string>
}

const surveyOf = ({ nodes, values }: Mixture): Survey => {
  const shapes = new Map(values.map(({ name, shape }) => [name, shape]))
  const written = nodes.flatMap(({ op, direction, outputs }, at) =>
    Object.values(outputs).map((name, i) => {
      const back = direction === 'backward' ? ' back' : ''
      const one = shapes.get(name)?.[0] === 1 ? ' of one' : ''
      return { name, at, kind: `${kindOfOp.get(op) ?? op}${back}${i === 0 ? '' : ' too'}${one}` }
    }),
  )
  return {
    writers: new Map(written.map(({ name, at }) => [name, at])),
    kinds: new Map(written.map(({ name, kind }) => [name, kind])),
    read: new Set(nodes.flatMap(({ inputs, cotangents }) => [...Object.values(inputs), ...Object.values(cotangents)])),
  }
}

/** The way to a value, as far as it goes on to what reads it: the last two ops. */
const wayTo = ({ ways }: Mixture, { writers }: Survey, name: string): readonly string[] =>
  (ways[writers.get(name) ?? -1] ?? []).slice(-2)

/** What meets in a step, were it the next. */
const meeting = ({ nodes }: Mixture, { writers, kinds, read }: Survey, given: Step): readonly string[] =>
  Object.entries({ ...given.inputs, ...given.cotangents }).flatMap(([slot, name]) => {
    const writer = nodes[writers.get(name) ?? -1]
    if (writer === undefined) return []
    const way = `${kinds.get(name) ?? ''} → ${calledAs(given)}.${slot}`
    const before = Object.values(writer.inputs).map((one) => `${kinds.get(one) ?? 'fed'} → ${way}`)
    return [way, ...(read.has(name) ? [`${way}, read before`] : []), ...before]
  })

const turned = ({ move, first, second, third }: Thread, by: number): Thread => ({
  move: (move + by * 577) % threadsOf,
  first: (first + by * 1013) % threadsOf,
  second: (second + by * 1549) % threadsOf,
  third: (third + by * 2131) % threadsOf,
})

/** With the one of many steps of which least has met so far. */
const seldom = (mixture: Mixture, readable: readonly Value[], W: number, thread: Thread, met: Met): Mixture => {
  const known = surveyOf(mixture)
  const steps = [0, 1, 2, 3, 4, 5].flatMap((by) => {
    const other = turned(thread, by)
    const x = by < 2 ? (readable.at(-1) as Value) : recent(readable, other.first)
    const choices = choicesOf(mixture, x, W, other)
    return moves.flatMap((_, at) => {
      const one = moves[(other.move + at) % moves.length]?.(x, choices)
      if (one === undefined) return []
      const news = meeting(mixture, known, one).reduce((sum, each) => sum + 1 / (1 + (met.get(each) ?? 0)) ** 2, 0)
      return [{ one, news, way: [...wayTo(mixture, known, x.name), calledAs(one)] }]
    })
  })
  for (const { one, way } of steps.toSorted((a, b) => b.news - a.news)) {
    const next = withStep(mixture, one, way)
    if (next !== mixture) return next
  }
  return mixture
}

/**
 * With one of some moves: that of which ops in a row met least often so far, for how often it stands among them; the first that
 * goes, from where a thread begins.
 */
export const moved = (
  mixture: Mixture,
  x: Value,
  from: readonly Move[],
  W: number,
  thread: Thread,
  met: Met,
): Mixture => {
  const before = wayTo(mixture, surveyOf(mixture), x.name)
  const choices = choicesOf(mixture, x, W, thread)
  const steps = from.flatMap((_, at) => from[(thread.move + at) % from.length]?.(x, choices) ?? [])
  const wayOf = (one: Step): readonly string[] => [...before, calledAs(one)]
  const howMany = (one: Step): number =>
    (met.get(calledBy(wayOf(one))) ?? 0) / steps.filter(({ op }) => op === one.op).length
  for (const one of steps.toSorted((a, b) => howMany(a) - howMany(b))) {
    const next = withStep(mixture, one, wayOf(one))
    if (next !== mixture) return next
  }
  return mixture
}

const mixed = (threads: readonly Thread[], W: number, met: Met): Mixture =>
  threads.reduce(
    (mixture, thread, at) => {
      // a number alone is read beside others only
      const readable = mixture.values.filter(({ name, shape }) => !isSpecial(name) && shape.length > 0)
      // told by the place, as all bits of a thread's numbers choose something else
      if (at % 2 === 1) return seldom(mixture, readable, W, thread, met)
      const last = Object.values(mixture.nodes.at(-1)?.outputs ?? {})[0]
      const made = thread.first % 4 === 0 ? undefined : readable.find(({ name }) => name === last)
      const x = made ?? recent(readable, thread.first)
      const writer = mixture.nodes.find(({ outputs }) => Object.values(outputs).includes(x.name))
      return moved(mixture, x, writer === undefined ? starts : (behind[writer.op] ?? moves), W, thread, met)
    },
    begun(W, threads[0]?.third ?? 0),
  )

/** What meets in a mixture, step by step. */
const meetingsIn = (mixture: Mixture): readonly string[] =>
  mixture.nodes.flatMap(({ op, direction, inputs, cotangents }, at) => {
    const before = { ...mixture, nodes: mixture.nodes.slice(0, at) }
    const made = { op, inputs, ...(direction === 'backward' && { cotangents }) }
    return [calledBy(mixture.ways[at] as readonly string[]), ...meeting(before, surveyOf(before), made)]
  })

/** Mixtures by some threads each, one after the other, so that what met little so far comes next. */
export const mixtures = (
  all: readonly (readonly Thread[])[],
  widths: readonly number[],
  ended: (mixture: Mixture, W: number, threads: readonly Thread[], met: Met) => Mixture,
): readonly Mixture[] => {
  const met = new Map<string, number>()
  return all.map((threads, i) => {
    const W = widths[i % widths.length] as number
    const one = ended(mixed(threads, W, met), W, threads, met)
    for (const each of meetingsIn(one)) met.set(each, (met.get(each) ?? 0) + 1)
    return one
  })
}
