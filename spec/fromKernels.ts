import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { Attributes } from './attributes.js'
import type { Backend, Fingerprint } from './backend.js'
import type { OpName } from './catalogue.js'
import { hasBackward, opOf } from './catalogue.js'
import type { EtalonError, Result } from './error.js'
import { ensure, fail, within } from './error.js'
import type { AnySizes, Depth, GivenTensors } from './op.js'
import { cotangentNames, resolve, shapesOf } from './op.js'
import type { Program, ProgramNode } from './program.js'
import { checkFeeds, checkProgram, nodeAttributes } from './program.js'
import type { Shape, Tensor, Tensors } from './tensor.js'
import { largestOutput, showShape, sizeOf, zeros } from './tensor.js'

/** One op of another library as plain functions. Methods, so that functions of an op's exact types fit. */
export interface PlainKernel {
  forward(attrs: Attributes, inputs: GivenTensors, sizes: AnySizes): GivenTensors
  backward?(attrs: Attributes, inputs: GivenTensors, cotangents: Tensors, sizes: AnySizes): GivenTensors
}

export type KernelTable = Readonly<Partial<Record<OpName, PlainKernel>>>

const present = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

/** What a table answers to one op: the outputs, or the gradients. Missing cotangents count as zeros. */
export const evaluate = (
  table: KernelTable,
  op: OpName,
  direction: 'forward' | 'backward',
  attrs: Attributes,
  inputs: Tensors,
  cotangents: Tensors,
): Result<Tensors> =>
  F.pipe(
    resolve(opOf(op), attrs, shapesOf(inputs)),
    E.flatMap(({ sizes, outputs }) => {
      const tooLarge = Object.values(outputs).find((shape: Shape) => sizeOf(shape) > largestOutput)
      if (tooLarge !== undefined)
        return fail(
          'TooLarge',
          `an output would have shape ${showShape(tooLarge)}, ${sizeOf(tooLarge)} elements; at most ${largestOutput} are made`,
        )
      const kernel = table[op]
      if (direction === 'forward')
        return kernel === undefined
          ? fail('BackendUnavailable', `there is no ${op} forward here`)
          : E.right(present(kernel.forward(attrs, inputs, sizes)))
      if (!hasBackward(op)) return fail('NoBackward', `${op} has no backward; nothing in it is differentiable`)
      if (kernel?.backward === undefined) return fail('BackendUnavailable', `there is no ${op} backward here`)
      const given = Object.fromEntries(
        cotangentNames(opOf(op)).map((name) => [name, cotangents[name] ?? zeros(outputs[name] as Shape)]),
      )
      return E.right(present(kernel.backward(attrs, inputs, given, sizes)))
    }),
  )

const runNode =
  (table: KernelTable, feeds: Tensors) =>
  (values: Tensors, node: ProgramNode): Result<Tensors> => {
    const read = (names: Readonly<Record<string, string>>): Tensors =>
      Object.fromEntries(Object.entries(names).map(([name, value]) => [name, values[value] as Tensor]))
    return F.pipe(
      nodeAttributes(node, feeds),
      E.flatMap((attrs) => evaluate(table, node.op, node.direction, attrs, read(node.inputs), read(node.cotangents))),
      E.mapLeft(within(node.name)),
      E.map((results) => ({
        ...values,
        ...Object.fromEntries(Object.entries(node.outputs).map(([name, value]) => [value, results[name] as Tensor])),
      })),
    )
  }

/**
 * Runs a program with the functions of a table, node by node. Pure.
 *
 * Errors  what `checkProgram` and `checkFeeds` refuse; BackendUnavailable – an op that the table lacks; TooLarge – an
 *         output over 2²⁴ elements
 */
export const interpret = (
  table: KernelTable,
  program: Program,
  feeds: Tensors,
  watch: readonly string[] = program.outputs,
): Result<Tensors> =>
  F.pipe(
    checkProgram(program),
    E.flatMap(() => checkFeeds(program.inputs, feeds)),
    E.flatMap(() =>
      program.nodes.reduce<Result<Tensors>>(
        (soFar, node) =>
          F.pipe(
            soFar,
            E.flatMap((values) => runNode(table, feeds)(values, node)),
          ),
        E.right(feeds),
      ),
    ),
    E.tap((values) => {
      const absent = watch.find((name) => values[name] === undefined)
      return ensure(absent === undefined, 'MissingInput', `there is no value ${absent} in the program`)
    }),
    E.map((values) => Object.fromEntries(watch.map((name) => [name, values[name] as Tensor]))),
  )

/** A backend from plain functions, for some ops or all: wrapping another library takes an afternoon. */
export const fromKernels = (
  name: string,
  table: KernelTable,
  about: { readonly fingerprint?: Fingerprint; readonly depth?: Depth } = {},
): Backend => ({
  name,
  fingerprint: about.fingerprint ?? { name },
  supports: (op, direction) => table[op]?.[direction] !== undefined,
  run: (program, feeds, watch) =>
    TE.fromEither<EtalonError, Tensors>(interpret(table, program, feeds, watch ?? program.outputs)),
  ...(about.depth === undefined ? {} : { depth: about.depth }),
  close: () => Promise.resolve(),
})
