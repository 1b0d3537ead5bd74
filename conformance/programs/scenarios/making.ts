import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import { draws, keyOf } from '../../../spec/philox.js'
import type { NodeAttribute, Program, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { generate } from '../../../spec/tensor.js'
import type { Act, Scenario } from '../scenario.js'
import { scenario } from '../scenario.js'

export type Named = Readonly<Record<string, string>>
export type Attrs = Readonly<Record<string, NodeAttribute>>
export type Shapes = Readonly<Record<string, Shape>>

/** What scenarios are made of: nodes and programs in a line, numbers from a seed, runs and steps with the feeds of each turn. */

const widths = [3, 67] as const
// of square matrices
export const sides = [3, 9] as const
/** Of channels: fewer than a vector has, and a multiple of what layouts in blocks take together. */
export const inBlocks = [3, 24] as const

export const node = (
  name: string,
  op: OpName,
  inputs: Readonly<Record<string, string>>,
  attrs: Readonly<Record<string, NodeAttribute>> = {},
  outputs: Readonly<Record<string, string>> = { [Object.keys(opOf(op).outputs)[0] as string]: name },
): ProgramNode => ({ name, op, direction: 'forward', attrs, inputs, cotangents: {}, outputs })

/** A node of a gradient; without outputs, that of the first input that has one, under the node's name. */
export const back = (
  name: string,
  op: OpName,
  inputs: Readonly<Record<string, string>>,
  cotangents: Readonly<Record<string, string>>,
  attrs: Readonly<Record<string, NodeAttribute>> = {},
  outputs: Readonly<Record<string, string>> = { [opOf(op).differentiable[0] as string]: name },
): ProgramNode => ({ name, op, direction: 'backward', attrs, inputs, cotangents, outputs })

export const program = (
  inputs: Readonly<Record<string, Shape>>,
  nodes: readonly ProgramNode[],
  outputs: readonly string[],
  carry: Readonly<Record<string, string>> = {},
): Program => ({ inputs, nodes, outputs, carry })

/** In an array of f32, as a library that copies nothing takes it where it lies. */
const inF32 = ({ shape, data }: Tensor): Tensor => ({ shape, data: Float32Array.from(data) })

/** Integers from −2 to 2. */
export const integers = (name: string, shape: Shape): Tensor => {
  const draw = draws(keyOf(name))
  return inF32(generate(shape, () => draw.integer(-2, 2)))
}

/** Numbers in f32, uniform from −½ to ½ about a centre. */
export const numbers = (name: string, shape: Shape, centre = 0): Tensor => {
  const draw = draws(keyOf(name))
  return inF32(generate(shape, () => centre + draw.uniform() - 0.5))
}

/** Integers for some names, those of a turn. */
export const fed = (shapes: Readonly<Record<string, Shape>>, names: readonly string[], turn: string): Tensors =>
  Object.fromEntries(names.map((name) => [name, integers(`${turn} ${name}`, shapes[name] as Shape)]))

const feedByName = (name: string, shape: Shape, turn: string): Tensor => {
  if (name.startsWith('variance')) return numbers(`${turn} ${name}`, shape, 1)
  if (name.startsWith('share')) return numbers(`${turn} ${name}`, shape, 0.5)
  // of several, each has its own
  if (name.startsWith('steps')) return inF32(generate(shape, () => draws(keyOf(`${turn} ${name}`)).integer(0, 12)))
  return integers(`${turn} ${name}`, shape)
}

/** What some names ask for: variances about 1, shares from 0 to 1, steps counted from some number on, and small integers for all others. */
export const feedsByName = ({ inputs }: Program, turn: string, names = Object.keys(inputs)): Tensors =>
  Object.fromEntries(names.map((name) => [name, feedByName(name, inputs[name] as Shape, turn)]))

/** What the nodes write. */
export const written = ({ nodes }: Program): readonly string[] => nodes.flatMap(({ outputs }) => Object.values(outputs))

/** Runs of a program with the feeds of each turn: all values watched, then its outputs alone, then some values. */
export const runs = (of: Program, seed: string, ...some: readonly (readonly string[])[]): readonly Act[] => {
  const feeds = (turn: number): Tensors => fed(of.inputs, Object.keys(of.inputs), `${seed} ${turn}`)
  return [
    { what: 'run', program: of, feeds: feeds(1), watch: written(of) },
    { what: 'run', program: of, feeds: feeds(1) },
    { what: 'run', program: of, feeds: feeds(2) },
    ...some.map((watch, i): Act => ({ what: 'run', program: of, feeds: feeds(3 + i), watch })),
  ]
}

const first = (acts: readonly Act[]): Program => {
  const act = acts.find((one) => 'program' in one)
  if (act === undefined) throw new Error('a scenario without a program')
  return act.program
}

/** Makes a scenario of its acts in all of its widths, or only in the first. */
export type InWidths = (
  name: string,
  about: string,
  acts: (width: number, seed: string) => readonly Act[],
  seed: number,
  of?: readonly number[],
) => Scenario

export const inAllWidths: InWidths = (name, about, acts, seed, of = widths) => {
  const all = of.flatMap((width) => acts(width, `program ${name}, ${width} wide, ${seed}`))
  return scenario(name, about, first(all), all)
}

export const inFirstWidth: InWidths = (name, about, acts, seed, of = widths) =>
  inAllWidths(name, about, acts, seed, of.slice(0, 1))

/** Steps of a session with the feeds of each turn, whatever is watched. */
export const steps = (
  session: string,
  of: Program,
  seed: string,
  watches: readonly (readonly string[] | undefined)[],
): readonly Act[] => {
  const names = Object.keys(of.inputs).filter((name) => !(name in of.carry))
  return watches.map((watch, turn) => ({
    what: 'step',
    session,
    feeds: fed(of.inputs, names, `${seed} ${turn}`),
    ...(watch === undefined ? {} : { watch }),
  }))
}

export const opened = (session: string, of: Program, seed: string): Act => ({
  what: 'open',
  session,
  program: of,
  state: fed(of.inputs, Object.keys(of.carry), `${seed} ${session}`),
})

/** The same for the same seed, which is asked for more than once. */
export const remembered = (of: (seed: number) => Scenario): ((seed: number) => Scenario) => {
  const known = new Map<number, Scenario>()
  return (seed) => {
    const one = known.get(seed) ?? of(seed)
    if (known.size < 8) known.set(seed, one)
    return one
  }
}

const readBy = (nodes: readonly ProgramNode[]): ReadonlySet<string> =>
  new Set(
    nodes.flatMap(({ inputs, cotangents, attrs }) => [
      ...Object.values(inputs),
      ...Object.values(cotangents),
      ...Object.values(attrs).flatMap((attr) => (typeof attr === 'object' && 'feed' in attr ? [attr.feed] : [])),
    ]),
  )

/** A program that is fed what it reads; without outputs, it answers what nothing reads. */
export const reading = (
  inputs: Shapes,
  nodes: readonly ProgramNode[],
  outputs?: readonly string[],
  carry: Named = {},
): Program => {
  const read = readBy(nodes)
  return program(
    Object.fromEntries(Object.entries(inputs).filter(([name]) => read.has(name))),
    nodes,
    outputs ?? nodes.flatMap((one) => Object.values(one.outputs)).filter((value) => !read.has(value)),
    carry,
  )
}

/** Runs of a program: all watched, then its answers alone, so many times. */
export const inRuns = (of: Program, seed: string, times = 2): readonly Act[] => [
  { what: 'run', program: of, feeds: feedsByName(of, `${seed} 1`), watch: written(of) },
  ...Array.from({ length: times }, (_, i): Act => ({
    what: 'run',
    program: of,
    feeds: feedsByName(of, `${seed} ${i + 1}`),
  })),
]

/** Steps of a session, of which the answers are watched, and all values twice, and the state at the end. */
export const inSteps = (of: Program, seed: string, fixed: Tensors = {}): readonly Act[] => {
  const state = Object.keys(of.carry)
  const fed = Object.keys(of.inputs).filter((name) => !state.includes(name))
  const step = (turn: number, watch?: readonly string[]): Act => ({
    what: 'step',
    session: seed,
    feeds: { ...feedsByName(of, `${seed} ${turn}`, fed), ...fixed },
    ...(watch && { watch }),
  })
  return [
    { what: 'open', session: seed, program: of, state: feedsByName(of, `${seed} state`, state) },
    step(1),
    step(2),
    step(3, [...state, ...written(of)]),
    step(4, [...state, ...written(of)]),
    step(5),
    { what: 'state', session: seed },
  ]
}
