import fc from 'fast-check'
import type { OpName } from '../../../spec/catalogue.js'
import { getOrThrow } from '../../../spec/error.js'
import type { NodeAttribute, Program, ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sameShape, showShape, sizeOf } from '../../../spec/tensor.js'
import { differentiate } from '../../../spec/differentiate.js'
import { exactIn, exactUpTo, layers, magnitudeOf } from './exact.js'
import { node, program } from './making.js'

/**
 * Programs that nobody wrote: each node reads what nodes before it have written, several read one value, some read one twice.
 * Nearly all of them add, multiply, choose and copy, so that small integers stay exact and what lies between need not be asked for.
 */

type Named = Readonly<Record<string, string>>

interface Value {
  readonly name: string
  readonly shape: Shape
}

/** What is woven so far. */
interface Web {
  readonly inputs: Readonly<Record<string, Shape>>
  readonly nodes: readonly ProgramNode[]
  readonly values: readonly Value[]
  /** no number of a value is larger, by its name, if none that is fed is larger than 2 */
  readonly most: ReadonlyMap<string, number>
}

/** One node to come, as numbers of which each chooses among what there is. */
export interface Thread {
  readonly move: number
  readonly first: number
  readonly second: number
  readonly third: number
}

interface Step {
  readonly op: OpName
  readonly inputs: Named
  readonly shape: Shape
  readonly attrs?: Readonly<Record<string, NodeAttribute>>
  /** what is fed for it */
  readonly fed?: Readonly<Record<string, Shape>>
}

interface Choices {
  readonly web: Web
  readonly W: number
  /** another value of that shape, made, fed, or the same once more */
  readonly other: (by: 'second' | 'third') => Value
  readonly by: Thread
}
type Move = (x: Value, choices: Choices) => Step | undefined

const chosen = <A>(from: readonly A[], by: number): A => from[by % from.length] as A
const fedAs = (name: string, shape: Shape): Value => ({ name: `${name} ${showShape(shape)}`, shape })
const shapesOf = (...values: readonly Value[]): Readonly<Record<string, Shape>> =>
  Object.fromEntries(values.map(({ name, shape }) => [name, shape]))

const isImage = ({ shape }: Value): boolean => shape.length === 4
const ofImages =
  (move: Move): Move =>
  (x, choices) =>
    isImage(x) ? move(x, choices) : undefined
const ofRows =
  (move: Move): Move =>
  (x, choices) =>
    x.shape.length === 2 ? move(x, choices) : undefined

const alone =
  (op: OpName, attrs: Step['attrs'] = {}): Move =>
  (x) => ({ op, inputs: { x: x.name }, shape: x.shape, attrs })

/** A sum or a product, either way round, of two values or of one with itself. */
const together =
  (op: 'add' | 'mul'): Move =>
  (x, { other, by }) => {
    const y = other('second')
    const [a, b] = by.third % 2 === 0 ? [x, y] : [y, x]
    return { op, inputs: { a: a.name, b: b.name }, shape: x.shape, fed: shapesOf(a, b) }
  }

/** Two or three values joined along an axis. */
const joined =
  (...axes: readonly number[]): Move =>
  (x, { other, by }) => {
    const axis = chosen(axes, by.third)
    const parts = by.first % 3 === 0 ? [x, other('second'), other('third')] : [x, other('second')]
    const order = by.second % 2 === 0 ? parts : parts.toReversed()
    const extent = (x.shape[axis] as number) * parts.length
    return {
      op: 'concat',
      inputs: Object.fromEntries(order.map(({ name }, i) => [`x${i}`, name])),
      shape: x.shape.with(axis, extent),
      attrs: { axis },
      fed: shapesOf(...order),
    }
  }

/** A layer with a bias or without, by weights that are fed, to it alone or to others too, or that were made. */
const layer =
  (
    op: OpName,
    weights: (x: Shape, W: number) => Shape,
    shape: (x: Shape, W: number) => Shape,
    attrs: (x: Shape) => NonNullable<Step['attrs']> = () => ({}),
  ): Move =>
  (x, { web, by, W }) => {
    const [out, ofWeights] = [shape(x.shape, W), weights(x.shape, W)]
    const made = web.values.filter((value) => sameShape(value.shape, ofWeights))
    const w = chosen([...made, fedAs('w', ofWeights), fedAs('v', ofWeights)], by.second)
    const b = by.third % 2 === 0 ? [fedAs('b', [out[1] as number])] : []
    return {
      op,
      inputs: { x: x.name, w: w.name, ...(b[0] === undefined ? {} : { b: b[0].name }) },
      shape: out,
      attrs: attrs(x.shape),
      fed: shapesOf(w, ...b),
    }
  }

const channels = ([N = 1, , ...rest]: Shape, W: number): Shape => [N, W, ...rest]
const around = { padding: [1, 1, 1, 1] }

const conv3x3 = ofImages(layer('conv2d', ([, C = 1], W) => [W, C, 3, 3], channels, () => around)) // prettier-ignore
const conv1x1 = ofImages(layer('conv2d', ([, C = 1], W) => [W, C, 1, 1], channels)) // prettier-ignore
const depthwise = ofImages(layer('conv2d', ([, C = 1]) => [C, 1, 3, 3], (x) => x, ([, C = 1]) => ({ ...around, groups: C }))) // prettier-ignore
const turned = ofImages(layer('convTranspose2d', ([, C = 1], W) => [C, W, 3, 3], channels, () => around)) // prettier-ignore
const dense = ofRows(layer('dense', ([, I = 1], W) => [W, I], ([N = 1], W) => [N, W])) // prettier-ignore
const pooled: Move = ofImages(({ name, shape: [N = 1, C = 1, H = 1, W = 1] }) =>
  H % 2 === 0 && W % 2 === 0
    ? { op: 'maxPool2d', inputs: { x: name }, shape: [N, C, H / 2, W / 2], attrs: { window: [2, 2] } }
    : undefined,
)
// of half an image a whole one
const raised: Move = ofImages(({ name, shape: [N = 1, C = 1, H = 1, W = 1] }, { W: O }) => {
  const w = fedAs('w', [C, O, 2, 2])
  return { op: 'convTranspose2d', inputs: { x: name, w: w.name }, shape: [N, O, 2 * H, 2 * W], attrs: { stride: [2, 2] }, fed: shapesOf(w) } // prettier-ignore
})
const halved: Move = ofImages(({ name, shape: [N = 1, C = 1, H = 1, W = 1] }, { W: O }) => {
  if (H % 2 !== 0 || W % 2 !== 0) return undefined
  const w = fedAs('w', [O, C, 3, 3])
  return { op: 'conv2d', inputs: { x: name, w: w.name }, shape: [N, O, H / 2, W / 2], attrs: { ...around, stride: [2, 2] }, fed: shapesOf(w) } // prettier-ignore
})
const scaled: Move = ofImages((x, { web, by }) => {
  const shape = x.shape.slice(0, 2)
  const factors = [...web.values.filter((value) => sameShape(value.shape, shape)), fedAs('s', shape)]
  const s = chosen(factors, by.second)
  return { op: 'scaleChannels', inputs: { x: x.name, s: s.name }, shape: x.shape, fed: shapesOf(s) }
})
const flat: Move = ofImages(({ name, shape: [N = 1, ...rest] }) => ({
  op: 'flatten',
  inputs: { x: name },
  shape: [N, sizeOf(rest)],
}))
const reshaped: Move = ({ name, shape }) => {
  const swapped = shape.length === 4 ? [...shape.slice(0, 2), shape[3] as number, shape[2] as number] : shape.toReversed() // prettier-ignore
  return { op: 'reshape', inputs: { x: name }, shape: swapped, attrs: { shape: swapped } }
}

const times = (n: number, move: Move): readonly Move[] => Array.from({ length: n }, () => move)

/** What the next node may be; what stands more than once comes more often. */
const moves: readonly Move[] = [
  ...times(4, alone('relu')),
  ...times(4, together('add')),
  ...times(3, together('mul')),
  ...times(3, conv3x3),
  ...times(2, conv1x1),
  ...times(2, turned),
  ...times(5, dense),
  ...times(3, ofImages(joined(1))),
  ...times(2, ofImages(joined(0, 2, 3))),
  ...times(2, ofRows(joined(0, 1))),
  depthwise,
  pooled,
  raised,
  halved,
  scaled,
  flat,
  reshaped,
  alone('dropout', { keep: 0.5, key: [1, 2], stream: 3 }),
]

// ---- weaving -------------------------------------------------------------------------------------------------------

// among so many numbers a thread chooses
const choices = 2 ** 12

/** Threads of a program. */
export const threads = (least: number, most: number): fc.Arbitrary<readonly Thread[]> => {
  const number = fc.nat(choices - 1)
  return fc.array(fc.record({ move: number, first: number, second: number, third: number }), {
    minLength: least,
    maxLength: most,
    size: 'max',
  })
}

// what was made last is read most
const recent = (values: readonly Value[], by: number): Value =>
  values[values.length - 1 - Math.floor(values.length * (by / choices) ** 2)] as Value

/** What is fed has one name for all that read it in that shape, the same at every width. */
const named = (web: Web, fed: NonNullable<Step['fed']>): { readonly names: Named; readonly inputs: Web['inputs'] } => {
  const made = new Set(web.nodes.map(({ name }) => name))
  return Object.entries(fed).reduce<{ readonly names: Named; readonly inputs: Web['inputs'] }>(
    ({ names, inputs }, [asked, shape]) => {
      if (made.has(asked) || asked in inputs) return { names, inputs }
      const base = asked.replace(/ \[.*/, '')
      const alike = Object.keys(inputs).filter((name) => name.replace(/ \d+$/, '') === base)
      const name = alike.find((one) => sameShape(inputs[one] as Shape, shape)) ?? `${base} ${alike.length + 1}`
      return { names: { ...names, [asked]: name }, inputs: { ...inputs, [name]: shape } }
    },
    { names: {}, inputs: web.inputs },
  )
}

/** With one node more, unless sums may grow too long by it. */
const withStep = (web: Web, { op, inputs, shape, attrs = {}, fed = {} }: Step, mostAllowed: number): Web => {
  const { names, inputs: feeds } = named(web, fed)
  const read = Object.fromEntries(Object.entries(inputs).map(([input, name]) => [input, names[name] ?? name]))
  const made = node(`${op} ${web.nodes.length + 1}`, op, read, attrs)
  const shapes = new Map([...Object.entries(feeds), ...web.values.map((value) => [value.name, value.shape] as const)])
  const magnitude = magnitudeOf(made, 'y', web.most, (name) => shapes.get(name) as Shape)
  if (magnitude > mostAllowed) return web
  return {
    inputs: feeds,
    nodes: [...web.nodes, made],
    values: [...web.values, { name: made.name, shape }],
    most: new Map([...web.most, [made.name, magnitude]]),
  }
}

const stepBy = (web: Web, from: readonly Move[], x: Value, by: Thread, W: number): Step | undefined => {
  const alike = web.values.filter(({ shape }) => sameShape(shape, x.shape))
  const other = (which: 'second' | 'third'): Value => {
    const rest = Math.floor(by[which] / 4)
    // one in four is fed, one any of those that are alike, the others one of the last
    if (by[which] % 4 === 0) return fedAs('fed', x.shape)
    return by[which] % 4 === 1 ? chosen(alike, rest) : recent(alike, rest * 4)
  }
  const steps = from.flatMap((move) => {
    const step = move(x, { web, W, other, by })
    return step === undefined || sizeOf(step.shape) > largestOf(W) ? [] : [step]
  })
  return steps.length === 0 ? undefined : chosen(steps, by.move)
}

const [samples, height, width] = [2, 4, 8]
/** No value has more numbers. */
const largestOf = (W: number): number => 4 * samples * W * height * width

const begun = (W: number): Web => {
  const values: readonly Value[] = [
    { name: 'x', shape: [samples, W, height, width] },
    { name: 'z', shape: [samples, W, height, width] },
    { name: 'rows', shape: [W, W] },
  ]
  return { inputs: shapesOf(...values), nodes: [], values, most: new Map() }
}

const units: readonly Move[] = [alone('relu')]
const joints: readonly Move[] = [
  together('add'),
  together('add'),
  together('mul'),
  ofImages(joined(1)),
  ofRows(joined(1)),
]

/**
 * A thread's node; behind a layer often a unit, and behind that what joins it with something else. In all widths at once: what is
 * too long in one of them is left out of all.
 */
const wovenOf = (by: readonly Thread[], widths: readonly number[], mostAllowed: number): readonly Web[] => {
  const grown = (
    webs: readonly Web[],
    from: readonly Move[],
    at: (web: Web) => Value,
    thread: Thread,
  ): readonly Web[] => {
    const next = webs.map((web, i) => {
      const step = stepBy(web, from, at(web), thread, widths[i] as number)
      return step === undefined ? web : withStep(web, step, mostAllowed)
    })
    return next.some((web, i) => web === webs[i]) ? webs : next
  }
  const behind = (web: Web): Value => web.values.at(-1) as Value
  return by.reduce<readonly Web[]>((webs, thread) => {
    const first = grown(webs, moves, (web) => recent(web.values, thread.first), thread)
    const last = first[0]?.nodes.at(-1)
    if (first === webs || last === undefined || !layers.includes(last.op)) return first
    const { move, second, third } = thread
    const next: Thread = { ...thread, second: third, third: second }
    const unit = move % 3 === 0 ? first : grown(first, units, behind, next)
    return third % 2 === 0 ? unit : grown(unit, joints, behind, next)
  }, widths.map(begun))
}

const readIn = (nodes: readonly ProgramNode[]): ReadonlySet<string> =>
  new Set(nodes.flatMap(({ inputs, cotangents }) => [...Object.values(inputs), ...Object.values(cotangents)]))

/** Only what is read of what is fed. */
const trimmed = ({ inputs, nodes, ...rest }: Program): Program => {
  const read = readIn(nodes)
  return { ...rest, nodes, inputs: Object.fromEntries(Object.entries(inputs).filter(([name]) => read.has(name))) }
}

/** What rounds, or is a number alone, behind what does not. */
const ends: readonly Move[] = [
  alone('sigmoid'),
  alone('tanh'),
  alone('leakyRelu', { alpha: 0.25 }),
  alone('elu'),
  alone('softplus'),
  (x, { by }) => {
    const target = fedAs('target', x.shape)
    const ofOne: Step = { op: 'l2Penalty', inputs: { w: x.name }, shape: [], attrs: { beta: 0.5 } }
    return by.second % 2 === 0 ? ofOne : { op: 'mse', inputs: { prediction: x.name, target: target.name }, shape: [], fed: shapesOf(target) } // prettier-ignore
  },
  ofRows(alone('softmax')),
  ofRows(alone('logSoftmax')),
  ofImages((x) => {
    const [gamma, beta, runningMean] = ['gamma', 'beta', 'mean'].map((name) => fedAs(name, [x.shape[1] as number])) as [Value, Value, Value] // prettier-ignore
    const variance = fedAs('variance', [x.shape[1] as number])
    const inputs = { x: x.name, gamma: gamma.name, beta: beta.name, runningMean: runningMean.name, runningVar: variance.name } // prettier-ignore
    return { op: 'batchNormInference', inputs, shape: x.shape, fed: shapesOf(gamma, beta, runningMean, variance) }
  }),
  ofImages(alone('globalAvgPool')),
  ofImages(alone('localResponseNorm')),
]

/** What nobody else reads is an answer, and so are some of the others; some have an end behind them that rounds. By widths. */
export const forwardOf = (by: readonly Thread[], widths: readonly number[]): readonly Program[] =>
  wovenOf(by, widths, exactUpTo).map((web, at) => {
    const ended = by.slice(0, 3).reduce((soFar, thread) => {
      const behind = web.values.filter(({ name }) => web.most.has(name))
      if (behind.length === 0) return soFar
      const step = stepBy(web, ends, recent(behind, thread.third), thread, widths[at] as number)
      return step === undefined ? soFar : withStep(soFar, step, Infinity)
    }, web)
    const read = readIn(ended.nodes)
    const answered = new Set([
      ...ended.nodes.flatMap(({ name }) => (read.has(name) ? [] : [name])),
      ...web.nodes.flatMap(({ name }, i) => ((by[i % by.length]?.move ?? 0) % 5 === 0 ? [name] : [])),
    ])
    return trimmed(program(ended.inputs, ended.nodes, [...answered]))
  })

// what comes back multiplies what went there
const mostOfGradients = 2 ** 9

/** A value that comes of most of the others, and its gradients in all that is fed. By widths. */
export const bothWaysOf = (by: readonly Thread[], widths: readonly number[]): readonly Program[] =>
  wovenOf(by, widths, mostOfGradients).map((web) => {
    const last = web.nodes.at(-1)?.name ?? ''
    const nodes = web.nodes.reduceRight<readonly ProgramNode[]>(
      (kept, one) => (one.name === last || readIn(kept).has(one.name) ? [one, ...kept] : kept),
      [],
    )
    return reversedFrom(trimmed(program(web.inputs, nodes, [last])), last)
  })

/** A program and the gradients of one of its values in all that is fed; the exact ones are answered. */
export const reversedFrom = (of: Program, last: string): Program => {
  const { program: both, gradients } = getOrThrow(differentiate(of, last, Object.keys(of.inputs)))
  const exact = exactIn(both)
  return { ...both, outputs: [last, ...new Set(Object.values(gradients).filter((name) => exact.has(name)))] }
}
