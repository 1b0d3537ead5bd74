import { either as E, function as F } from 'fp-ts'
import type { Result } from './error.js'
import { ensure } from './error.js'
import type { CheckedProgram, Program, ProgramNode } from './program.js'
import { checkProgram, standingAttributes } from './program.js'
import { freeNaming, reach, readBy, reversed } from './reverse.js'
import type { Composition } from './second/cells.js'
import { secondOf } from './second/index.js'
import { constant } from './second/values.js'
import { writtenDown } from './second/written.js'
import type { Shape } from './tensor.js'

/** The name of the gradient of a value; the cotangent of the result is fed under this name. */
export const gradientName = (value: string): string => `d.${value}`

type Shapes = ReadonlyMap<string, Shape>
type Names = Readonly<Record<string, string>>

const node = (name: string, op: ProgramNode['op'], inputs: Names, outputs: Names, attrs: ProgramNode['attrs'] = {}) =>
  ({ name, op, direction: 'forward', attrs, inputs, cotangents: {}, outputs }) satisfies ProgramNode

/** Nodes that make zeros in the shape of a value, under a name. */
const zerosAs = (name: string, like: string, shapes: Shapes): readonly ProgramNode[] => {
  const shape = shapes.get(like) as Shape
  const zeros = constant(0, { name: like, shape })
  const { nodes, nameOf } = writtenDown(name, [zeros])
  return [...nodes, node(name, 'reshape', { x: nameOf(zeros) }, { y: name }, { shape })]
}

const reading = (renamed: Names, nodes: readonly ProgramNode[]): readonly ProgramNode[] => {
  const names = (of: Names): Names =>
    Object.fromEntries(Object.entries(of).map(([k, name]) => [k, renamed[name] ?? name]))
  return nodes.map((each) => ({ ...each, inputs: names(each.inputs), cotangents: names(each.cotangents) }))
}

/** A backward node of an op that is composed of others, as the reverse of the composition; its gradients keep their names. */
const writtenOut = (shapes: Shapes, composition: Composition, of: ProgramNode): Result<readonly ProgramNode[]> => {
  // an op may read one value twice: each of its inputs has a name of its own until all is written
  const inputs = Object.fromEntries(
    Object.entries(of.inputs).map(([input, value]) => [
      input,
      { name: `${of.name}.in.${input}`, shape: shapes.get(value) as Shape },
    ]),
  )
  const renamed = Object.fromEntries(
    Object.entries(of.inputs).map(([input, value]) => [`${of.name}.in.${input}`, value]),
  )
  const names = Object.values(inputs).map(({ name }) => name)
  return F.pipe(
    E.Do,
    E.bind('attrs', () => standingAttributes(of.op, of.attrs)),
    E.let('outputs', ({ attrs }) => composition(inputs, attrs)),
    E.let('written', ({ outputs }) => writtenDown(of.name, Object.values(outputs))),
    E.bind('checked', ({ written }) =>
      checkProgram({
        inputs: Object.fromEntries(Object.values(inputs).map(({ name, shape }) => [name, shape])),
        nodes: written.nodes,
        outputs: [],
        carry: {},
      }),
    ),
    E.bind('back', ({ outputs, written, checked }) =>
      reversed(
        written.nodes,
        new Map(Object.entries(checked.shapes)),
        Object.fromEntries(
          Object.entries(outputs).flatMap(([output, value]) => {
            const gradient = of.cotangents[output]
            return gradient === undefined ? [] : [[written.nameOf(value), gradient]]
          }),
        ),
        names,
        { gradient: (value) => `${value}.d`, node: (name) => `${name}.backward` },
      ),
    ),
    E.map(({ written, back }) =>
      reading(renamed, [
        ...written.nodes,
        ...back.nodes,
        ...Object.entries(of.outputs).flatMap(([input, gradient]) => {
          const value = `${of.name}.in.${input}`
          const shape = shapes.get(of.inputs[input] as string) as Shape
          const [found] = back.arrived.get(value) ?? []
          return found === undefined
            ? zerosAs(gradient, of.inputs[input] as string, shapes)
            : [node(`${of.name}.${input}`, 'reshape', { x: found }, { y: gradient }, { shape })]
        }),
      ]),
    ),
  )
}

/** A program in which every backward node that `wrt` acts through is one of an op with a rule, or with nothing. */
export const withCompositions = (checked: CheckedProgram, wrt: readonly string[]): Result<CheckedProgram> => {
  const { program } = checked
  const shapes = new Map(Object.entries(checked.shapes))
  return F.pipe(
    reach(program.nodes, wrt),
    E.flatMap((marks) =>
      F.pipe(
        program.nodes,
        E.traverseArray((each): Result<readonly ProgramNode[]> => {
          const second = each.direction === 'forward' ? undefined : secondOf(each.op)
          return second !== undefined &&
            'composition' in second &&
            readBy(each).some((value) => marks.get(value)?.active)
            ? writtenOut(shapes, second.composition, each)
            : E.right([each])
        }),
      ),
    ),
    E.flatMap((nodes) =>
      nodes.every(({ length }) => length === 1) ? E.right(checked) : checkProgram({ ...program, nodes: nodes.flat() }),
    ),
  )
}

/** A forward program together with its reverse, and where the gradients are. */
export interface Differentiated {
  readonly program: Program
  /** the value that holds the gradient of each input asked for */
  readonly gradients: Readonly<Record<string, string>>
  /** the input that the cotangent of the result is fed to */
  readonly seed: string
}

/**
 * Reverse-mode differentiation of a program: its nodes, then for each of them in reverse order the backward node, with
 * sums where a value was read more than once. The cotangent of `result` becomes an input, `d.<result>`.
 *
 * The program may hold gradients already, to be differentiated once more: a backward node's reverse is in the catalogue's
 * ops too, and a cell's backward is written out in them first. Names are then `d2.<value>` where `d.<value>` is taken, those of
 * the seed as well. A gradient that is 0 all over – of a straight piece's slope – is zeros.
 *
 * Errors  MissingInput – the result or an input that is not in the program; NoBackward – no path of differentiable
 *         inputs leads from an input to the result, or it leads through the gradient of an op that has no second
 *         derivative, or through running statistics
 */
export const differentiate = (program: Program, result: string, wrt: readonly string[]): Result<Differentiated> =>
  F.pipe(
    E.Do,
    E.bind('given', () => checkProgram(program)),
    E.tap(({ given }) => {
      const absent = [result, ...wrt].find((name) => given.shapes[name] === undefined)
      return ensure(absent === undefined, 'MissingInput', `differentiate: there is no value ${absent}`)
    }),
    E.bind('checked', ({ given }) => withCompositions(given, wrt)),
    E.let('shapes', ({ checked }): Shapes => new Map(Object.entries(checked.shapes))),
    E.let('naming', ({ checked, shapes }) =>
      freeNaming(new Set(shapes.keys()), new Set(checked.program.nodes.map(({ name }) => name))),
    ),
    E.bind('back', ({ checked, shapes, naming }) =>
      reversed(checked.program.nodes, shapes, { [result]: naming.gradient(result) }, wrt, naming),
    ),
    E.flatMap(({ checked, shapes, naming, back }) => {
      const { nodes } = checked.program
      const seed = naming.gradient(result)
      const unreached = wrt.find((name) => !back.arrived.has(name))
      const flat = wrt.filter((name) => back.arrived.get(name)?.length === 0)
      return F.pipe(
        ensure(unreached === undefined, 'NoBackward', `differentiate: ${result} does not depend on ${unreached}`),
        E.map(() => ({
          program: {
            ...program,
            inputs: { ...program.inputs, [seed]: shapes.get(result) as Shape },
            nodes: [...nodes, ...back.nodes, ...flat.flatMap((name) => zerosAs(naming.gradient(name), name, shapes))],
          },
          gradients: Object.fromEntries(
            wrt.map((name) => [name, back.arrived.get(name)?.[0] ?? naming.gradient(name)]),
          ),
          seed,
        })),
      )
    }),
  )
