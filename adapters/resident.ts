import { either as E } from 'fp-ts'
import type { OpName } from '../spec/catalogue.js'
import { gradientName } from '../spec/differentiate.js'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { Program, ProgramNode } from '../spec/program.js'

/*
 * A library that differentiates by itself is not asked for the backward nodes of a program one by one: that would make the
 * forward values twice. So a program is read as what it means: a function, its gradient, and the updates made with it.
 */

/** What a program has differentiated. */
export interface Gradient {
  /** the value that is differentiated, and the feed that is its cotangent */
  readonly of: string
  readonly cotangent: string
  /** by the value with regard to which: the name that its gradient has in the program */
  readonly to: Readonly<Record<string, string>>
}

/** A program as a library with gradients of its own runs it. */
export interface Reading {
  /** the function's nodes, in an order in which they can run */
  readonly forward: readonly ProgramNode[]
  readonly gradient?: Gradient
  /** optimizer nodes */
  readonly updates: readonly ProgramNode[]
}

const optimizers: ReadonlySet<OpName> = new Set<OpName>([
  'sgd',
  'momentum',
  'adagrad',
  'rmsprop',
  'adadelta',
  'adam',
  'adamw',
])

const sameInputs = (a: ProgramNode, b: ProgramNode): boolean =>
  Object.keys(b.inputs).every((input) => a.inputs[input] === b.inputs[input])

/** The forward node of a backward one: the program's own, or one made for it. */
const forwardOf = (backward: ProgramNode, among: readonly ProgramNode[]): ProgramNode =>
  among.find((node) => node.op === backward.op && sameInputs(node, backward)) ?? {
    ...backward,
    name: `${backward.name}.forward`,
    direction: 'forward',
    cotangents: {},
    outputs: Object.fromEntries(
      Object.keys(backward.cotangents).map((output) => [output, `${backward.name}.${output}`]),
    ),
  }

/**
 * Reads a program that is forward, backward and updates, each in part or not at all.
 *
 * Errors  Unsupported – a backward that starts at several values, or at none that is fed
 */
export const readingOf = (program: Program): Result<Reading> => {
  const firstBackward = program.nodes.findIndex(({ direction }) => direction === 'backward')
  const updates = program.nodes.filter(({ op }) => optimizers.has(op))
  const forward = program.nodes
    .slice(0, firstBackward === -1 ? undefined : firstBackward)
    .filter(({ op }) => !optimizers.has(op))
  if (firstBackward === -1) return E.right({ forward, updates })

  const backward = program.nodes.filter(({ direction }) => direction === 'backward')
  const roots = backward.flatMap((node) =>
    Object.entries(node.cotangents)
      .filter(([, value]) => Object.hasOwn(program.inputs, value))
      .map(([output, cotangent]) => ({ node, output, cotangent })),
  )
  const [root] = roots
  if (root === undefined || roots.length > 1)
    return fail('Unsupported', `${roots.length} values whose gradients are asked for; one is wanted`)
  const start = forwardOf(root.node, forward)
  const wanted = new Set([...updates.map(({ inputs }) => inputs['g'] as string), ...program.outputs])
  const written = backward.flatMap(({ inputs, outputs }) =>
    Object.entries(outputs).map(([input, value]) => [inputs[input] as string, value] as const),
  )
  // what several nodes send to one value is added up under the value's own gradient name
  const summed = written.map(([primal]) => [primal, gradientName(primal)] as const)
  return E.right({
    forward: forward.includes(start) ? forward : [...forward, start],
    gradient: {
      of: start.outputs[root.output] as string,
      cotangent: root.cotangent,
      to: Object.fromEntries([...written, ...summed].filter(([, value]) => wanted.has(value))),
    },
    updates,
  })
}

/** How often each value is read by a program's nodes, and once more where it is answered. */
export const usesOf = (nodes: readonly ProgramNode[], answered: readonly string[]): ReadonlyMap<string, number> =>
  [...nodes.flatMap(({ inputs }) => Object.values(inputs)), ...answered].reduce(
    (counts, value) => counts.set(value, (counts.get(value) ?? 0) + 1),
    new Map<string, number>(),
  )

class NoWords extends Error {}

/** For what a resident session does not put into a library's words; `answering` says so. */
export const noWords = (what: string): never => {
  throw new NoWords(what)
}

/**
 * What a library answers, whatever it throws.
 *
 * Errors  Unsupported – what there are no words for; Thrown
 */
export const answering = async <A>(act: () => Promise<A>): Promise<Result<A>> => {
  try {
    return E.right(await act())
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown)
    return thrown instanceof NoWords
      ? fail('Unsupported', `the library's bench has no words for ${said}`)
      : fail('Thrown', said)
  }
}
