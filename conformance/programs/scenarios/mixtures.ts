import { either as E } from 'fp-ts'
import { differentiate } from '../../../spec/differentiate.js'
import type { OpName } from '../../../spec/catalogue.js'
import type { NodeAttribute, Program, ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sameShape } from '../../../spec/tensor.js'
import { copies, passes } from '../passing.js'
import { exactIn } from './exact.js'
import { carryingInRange, staysInRange } from './growth.js'
import type { Named, Shapes } from './making.js'
import { node, program } from './making.js'
import type { Met, Mixture } from './mixing.js'
import { isSpecial, mixtures, moved, recent, withStep } from './mixing.js'
import { losses, penalty } from './moves.js'
import type { Optimizer } from './optimizers.js'
import { carryOf, keptShapes, optimizers, update } from './optimizers.js'
import type { Thread } from './weaving.js'

/**
 * Programs of what was mixed: run by themselves, in steps, and there and back with updates. What rounds is answered, or passed on
 * by what copies, chooses or adds, so that all of it is judged.
 */

const readIn = ({ nodes }: Program): ReadonlySet<string> =>
  new Set(nodes.flatMap(({ inputs, cotangents }) => Object.values({ ...inputs, ...cotangents })))

/** With only what is read of what is fed. */
const trimmedOf = (of: Program): Program => {
  const read = readIn(of)
  return { ...of, inputs: Object.fromEntries(Object.entries(of.inputs).filter(([name]) => read.has(name))) }
}

/** With as few answers as let all of them be judged: what nothing reads, and what rounds in front of what passes no bounds on. */
const hiding = (of: Program): Program => {
  const [read, trimmed] = [readIn(of), trimmedOf(of)]
  const exact = exactIn(trimmed)
  const isKnown = (value: string): boolean => value in trimmed.inputs || exact.has(value)
  const isPassedOn = (value: string): boolean =>
    of.nodes
      .filter(({ inputs, cotangents }) => Object.values({ ...inputs, ...cotangents }).includes(value))
      .every((one) => passes(one, isKnown))
  const outputs = of.nodes.flatMap((one) =>
    Object.values(one.outputs).filter((value) => !read.has(value) || (!exact.has(value) && !isPassedOn(value))),
  )
  return { ...trimmed, outputs }
}

/** With only what is read of what is fed, and an answer for all that rounds, but for some that only goes on by what passes it on. */
const answering = (of: Program, by: number): Program => {
  const [read, trimmed] = [readIn(of), trimmedOf(of)]
  const exact = exactIn(trimmed)
  const isPassedOn = (value: string, at: number): boolean =>
    (by + at) % 2 === 0 &&
    of.nodes
      .filter(({ inputs, cotangents }) => Object.values({ ...inputs, ...cotangents }).includes(value))
      .every(copies)
  const outputs = of.nodes.flatMap((one, at) =>
    Object.values(one.outputs).filter(
      (value) => !read.has(value) || (exact.has(value) ? (by + at) % 6 === 0 : !isPassedOn(value, at)),
    ),
  )
  return { ...trimmed, outputs: [...new Set(outputs)] }
}

/** Some inputs that take the place of values of their shape, from step to step. */
const carriedIn = ({ inputs, nodes }: Program, shapes: Shapes, threads: readonly Thread[]): Named => {
  // what is fed or was the state goes on as well, as in a line of delays
  const made = [...Object.keys(inputs).filter((name) => !isSpecial(name)), ...nodes.flatMap(({ outputs }) => Object.values(outputs))] // prettier-ignore
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
const mixtureOf = (
  { inputs, nodes }: Mixture,
  threads: readonly Thread[],
  answered: (of: Program, by: number) => Program,
): Program | undefined => {
  const of = answered(program(inputs, nodes, []), threads[0]?.move ?? 0)
  const checked = checkProgram(of)
  if (E.isLeft(checked) || !staysInRange(of, checked.right.shapes, 1)) return undefined
  const { shapes } = checked.right
  return carryingInRange({ ...of, carry: carriedIn(of, shapes, threads) }, shapes, steps)
}

/** What becomes of a gradient: a node, the state that it has, and what that is in the next step. */
interface Update {
  readonly made: ProgramNode
  readonly state: Shapes
  readonly carry: Named
}

/** A step of an optimizer that is carried. */
const step =
  (optimizer: Optimizer) =>
  (w: string, g: string, shape: Shape): Update => {
    const made = update(optimizer, w, g, { learningRate: 0.25 })
    return { made, state: keptShapes(optimizer, [w], { [w]: shape }), carry: carryOf(made) }
  }

/** Gradients that are added up from step to step. */
const gathered = (w: string, g: string, shape: Shape): Update => ({
  made: node(`gathered of ${w}`, 'add', { a: `sum of ${w}`, b: g }),
  state: { [`sum of ${w}`]: shape },
  carry: { [`sum of ${w}`]: `gathered of ${w}` },
})

const { sgd, momentum, rmsprop, adagrad, adam, adamw } = optimizers
// a decay of so many digits as people have by default
const updates = [...[sgd, momentum, { ...rmsprop, attrs: {} }, adagrad, adam, adamw].map(step), gathered]

/** With a loss behind what was made last, mostly, and sometimes the size of a weight added to it. */
const withLoss = (mixture: Mixture, W: number, [first, second]: readonly Thread[], met: Met): Mixture => {
  const last = mixture.values.find(({ name }) => name === Object.values(mixture.nodes.at(-1)?.outputs ?? {})[0])
  if (last === undefined || first === undefined || second === undefined) return mixture
  const lost = first.second % 4 === 0 || last.shape.length === 0 ? mixture : moved(mixture, last, losses, W, first, met)
  const result = lost.values.at(-1)
  const weights = Object.entries(lost.inputs).filter(([name, shape]) => /^[vw] /.test(name) && shape.length > 1)
  const [w] = weights.slice(second.third % Math.max(1, weights.length))
  if (second.second % 3 !== 0 || w === undefined || result?.shape.length !== 0) return lost
  const size = moved(lost, { name: w[0], shape: w[1] }, [penalty], W, second, met)
  const b = Object.values(size.nodes.at(-1)?.outputs ?? {})[0] as string
  return withStep(size, { op: 'add', inputs: { a: result.name, b } }, ['l2Penalty', 'add'])
}

/** The gradients of a value that comes of most of the others, and updates by them that are carried; none where it has no gradient. */
const trainedMixtureOf = (
  { inputs, nodes, values }: Mixture,
  threads: readonly Thread[],
  answered: (of: Program, by: number) => Program,
): Program | undefined => {
  const last = nodes.at(-1)
  const result = Object.values(last?.outputs ?? {})[0]
  const [by] = threads
  if (last === undefined || result === undefined || by === undefined) return undefined
  // with what is only looked at, or without
  const kept =
    by.move % 3 === 0
      ? nodes
      : nodes.reduceRight<readonly ProgramNode[]>((soFar, one) => {
          const read = new Set(soFar.flatMap((each) => Object.values(each.inputs)))
          return one === last || Object.values(one.outputs).some((value) => read.has(value)) ? [one, ...soFar] : soFar
        }, [])
  const read = new Set(kept.flatMap((one) => Object.values(one.inputs)))
  const forward = program(Object.fromEntries(Object.entries(inputs).filter(([name]) => read.has(name))), kept, [result]) // prettier-ignore
  // of all that is fed, or of some of it
  const all = Object.keys(forward.inputs).filter((_, i) => by.second % 3 !== 0 || (by.third + i) % 3 !== 0)
  const whole = differentiate(forward, result, all)
  // what has a gradient at all, where not everything has
  const wrt = E.isRight(whole) ? all : all.filter((name) => E.isRight(differentiate(forward, result, [name])))
  const both = E.isRight(whole) ? whole : differentiate(forward, result, wrt)
  if (wrt.length === 0 || E.isLeft(both)) return undefined
  const { program: there, gradients } = both.right
  const trained = wrt
    .filter((name) => !values.slice(0, 5).some((value) => value.name === name))
    .map((w, i) => {
      const chosen = updates[((threads[i % threads.length]?.second ?? 0) + i) % updates.length] as (typeof updates)[number] // prettier-ignore
      return chosen(w, gradients[w] as string, forward.inputs[w] as Shape)
    })
  const training: Program = {
    inputs: { ...there.inputs, ...(Object.assign({}, ...trained.map(({ state }) => state)) as Shapes) },
    nodes: [...there.nodes, ...trained.map(({ made }) => made)],
    outputs: [],
    carry: Object.assign({}, ...trained.map(({ carry }) => carry)) as Named,
  }
  const of = answered(training, by.move)
  const checked = checkProgram(of)
  if (E.isLeft(checked) || !staysInRange({ ...of, carry: {} }, checked.right.shapes, 1)) return undefined
  const carried = carryingInRange(of, checked.right.shapes, steps)
  return { ...carried, outputs: [...new Set([result, ...carried.outputs])] }
}

// of layers: powers of two, others, and one alone
const widths = [3, 8, 5, 4, 16, 1]

/** Programs of any ops, by some threads each. */
export const mixturesOf = (all: readonly (readonly Thread[])[]): readonly Program[] =>
  mixtures(all, widths, (one) => one).flatMap((one, i) => mixtureOf(one, all[i] as readonly Thread[], answering) ?? [])

/** The same, of which as little is answered as lets all of it be judged. */
export const unseenMixturesOf = (all: readonly (readonly Thread[])[]): readonly Program[] =>
  mixtures(all, widths, (one) => one).flatMap((one, i) => mixtureOf(one, all[i] as readonly Thread[], hiding) ?? [])

/** Programs of any ops there and back, and steps of what has gradients, by some threads each. */
export const trainedMixturesOf = (all: readonly (readonly Thread[])[]): readonly Program[] =>
  mixtures(all, widths, withLoss).flatMap((one, i) => trainedMixtureOf(one, all[i] as readonly Thread[], answering) ?? []) // prettier-ignore

/** The same, of which as little is answered as lets all of it be judged. */
export const unseenTrainedMixturesOf = (all: readonly (readonly Thread[])[]): readonly Program[] =>
  mixtures(all, widths, withLoss).flatMap((one, i) => trainedMixtureOf(one, all[i] as readonly Thread[], hiding) ?? [])

/** A program that is another in its constants: rates, slopes, shares that are kept, and what is drawn of them. */
export const otherwise = (of: Program): Program | undefined => {
  const changes: Readonly<Record<string, (value: number) => number>> = {
    learningRate: (rate) => rate * 2,
    momentum: (rate) => rate / 2,
    alpha: (slope) => slope / 2,
    beta: (weight) => weight * 2,
    keep: (share) => (share === 0.5 ? 0.25 : 0.5),
  }
  const changed = (name: string, value: NodeAttribute): NodeAttribute => {
    if (name === 'key') return [7, 8]
    return typeof value === 'number' ? (changes[name]?.(value) ?? value) : value
  }
  const nodes = of.nodes.map((one) => ({
    ...one,
    attrs: Object.fromEntries(Object.entries(one.attrs).map(([name, value]) => [name, changed(name, value)])),
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
