import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Attributes } from './attributes.js'
import type { Backend, Fingerprint } from './backend.js'
import type { Direction, OpName } from './catalogue.js'
import { hasBackward, opOf, parseOpName } from './catalogue.js'
import type { EtalonError, Result } from './error.js'
import { ensure, fail, getOrThrow, show, within } from './error.js'
import type { AnySizes, GivenTensors } from './op.js'
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

/** A kernel's word for a case that is not its own, with the reason: such a case is counted, and neither right nor wrong. */
export interface Unsupported {
  readonly unsupported: string
}

/** What a kernel answers to a case that it does not do: `unsupported('asymmetric padding')`. */
export const unsupported = (reason: string): Unsupported => ({ unsupported: reason })

type Answer = GivenTensors | Unsupported

/** One op of another library, which may take its time, and may say that a case is not its own. */
export interface Kernel {
  forward(attrs: Attributes, inputs: GivenTensors, sizes: AnySizes): Answer | Promise<Answer>
  backward?(attrs: Attributes, inputs: GivenTensors, cotangents: Tensors, sizes: AnySizes): Answer | Promise<Answer>
}

export type Kernels = Readonly<Partial<Record<OpName, Kernel>>>

interface CallsOf<A> {
  forward(attrs: Attributes, inputs: GivenTensors, sizes: AnySizes): A
  backward?(attrs: Attributes, inputs: GivenTensors, cotangents: Tensors, sizes: AnySizes): A
}

/** The call that answers one op, ready to be made. */
const callOf = <A>(
  table: Readonly<Partial<Record<OpName, CallsOf<A>>>>,
  op: OpName,
  direction: Direction,
  attrs: Attributes,
  inputs: Tensors,
  cotangents: Tensors,
): Result<() => A> =>
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
          : E.right(() => kernel.forward(attrs, inputs, sizes))
      if (!hasBackward(op)) return fail('NoBackward', `${op} has no backward; nothing in it is differentiable`)
      if (kernel?.backward === undefined) return fail('BackendUnavailable', `there is no ${op} backward here`)
      const given = Object.fromEntries(
        cotangentNames(opOf(op)).map((name) => [name, cotangents[name] ?? zeros(outputs[name] as Shape)]),
      )
      return E.right(() => (kernel as Required<CallsOf<A>>).backward(attrs, inputs, given, sizes))
    }),
  )

/** What a table answers to one op: the outputs, or the gradients. Missing cotangents count as zeros. */
export const evaluate = (
  table: KernelTable,
  op: OpName,
  direction: Direction,
  attrs: Attributes,
  inputs: Tensors,
  cotangents: Tensors,
): Result<Tensors> =>
  F.pipe(
    callOf<GivenTensors>(table, op, direction, attrs, inputs, cotangents),
    E.map((call) => present(call())),
  )

const read = (values: Tensors, names: Readonly<Record<string, string>>): Tensors =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [name, values[value] as Tensor]))

const written = (node: ProgramNode, results: Tensors): Tensors =>
  Object.fromEntries(Object.entries(node.outputs).map(([name, value]) => [value, results[name] as Tensor]))

const runNode =
  (table: KernelTable, feeds: Tensors) =>
  (values: Tensors, node: ProgramNode): Result<Tensors> =>
    F.pipe(
      nodeAttributes(node, feeds),
      E.flatMap((attrs) =>
        evaluate(table, node.op, node.direction, attrs, read(values, node.inputs), read(values, node.cotangents)),
      ),
      E.mapLeft(within(node.name)),
      E.map((results) => ({ ...values, ...written(node, results) })),
    )

const checked = (program: Program, feeds: Tensors): Result<void> =>
  F.pipe(
    checkProgram(program),
    E.flatMap(() => checkFeeds(program.inputs, feeds)),
  )

const watched =
  (watch: readonly string[]) =>
  (values: Tensors): Result<Tensors> =>
    F.pipe(
      ((absent = watch.find((name) => values[name] === undefined)) =>
        ensure(absent === undefined, 'MissingInput', `there is no value ${absent} in the program`))(),
      E.map(() => Object.fromEntries(watch.map((name) => [name, values[name] as Tensor]))),
    )

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
    checked(program, feeds),
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
    E.flatMap(watched(watch)),
  )

const isUnsupported = (answer: Answer): answer is Unsupported => typeof (answer as Unsupported).unsupported === 'string'

/** What a kernel answered, as the outputs of its node: kernels come from outside, and need not be what their type says. */
const heard = ({ op, direction, outputs }: ProgramNode, answer: unknown): Result<Tensors> => {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer))
    return fail(
      'InvalidAnswer',
      `the kernel of ${op} ${direction} answers ${show(answer)}; it must be tensors by name, or unsupported(reason)`,
    )
  if (isUnsupported(answer as Answer)) return fail('Unsupported', (answer as Unsupported).unsupported)
  const results = present(answer as GivenTensors)
  const missing = Object.keys(outputs).find((name) => results[name] === undefined)
  return missing === undefined ? E.right(results) : fail('InvalidAnswer', `${missing} is missing from the answer`)
}

/** One node by kernels that may take their time. Whatever a kernel throws, is thrown. */
const awaitNode =
  (table: Kernels, feeds: Tensors, node: ProgramNode) =>
  (values: Tensors): taskEither.TaskEither<EtalonError, Tensors> =>
    F.pipe(
      nodeAttributes(node, feeds),
      E.flatMap((attrs) =>
        callOf<Answer | Promise<Answer>>(
          table,
          node.op,
          node.direction,
          attrs,
          read(values, node.inputs),
          read(values, node.cotangents),
        ),
      ),
      TE.fromEither,
      TE.flatMapTask((call) => async () => call()),
      TE.flatMapEither((answer) => heard(node, answer)),
      TE.map((results) => ({ ...values, ...written(node, results) })),
      TE.mapLeft((error) =>
        error.code === 'Unsupported' || error.code === 'InvalidAnswer' ? error : within(node.name)(error),
      ),
    )

/** `interpret`, by kernels that may take their time and may say that a case is not their own. */
const awaitProgram = (
  table: Kernels,
  program: Program,
  feeds: Tensors,
  watch: readonly string[],
): taskEither.TaskEither<EtalonError, Tensors> =>
  F.pipe(
    program.nodes.reduce<taskEither.TaskEither<EtalonError, Tensors>>(
      (soFar, node) => F.pipe(soFar, TE.flatMap(awaitNode(table, feeds, node))),
      F.pipe(
        checked(program, feeds),
        E.map(() => feeds),
        TE.fromEither,
      ),
    ),
    TE.flatMapEither(watched(watch)),
  )

// no type holds a table that was written in JavaScript
const ensureOps = (table: Kernels): void =>
  Object.keys(table).forEach((op) => {
    getOrThrow(parseOpName(op))
  })

/**
 * A backend from functions, for some ops or all: wrapping another library takes an afternoon. A kernel may answer a promise,
 * and `unsupported(reason)` to a case that it does not do. Throws where the table names an op that there is none of.
 */
export const fromKernels = (
  name: string,
  table: Kernels,
  about: { readonly fingerprint?: Fingerprint } & Pick<
    Backend,
    'depth' | 'translates' | 'snippet' | 'conventions' | 'dials'
  > = {},
): Backend => {
  ensureOps(table)
  return {
    name,
    fingerprint: { name },
    ...about,
    supports: (op, direction) => table[op]?.[direction] !== undefined,
    run: (program, feeds, watch) => awaitProgram(table, program, feeds, watch ?? program.outputs),
    close: () => Promise.resolve(),
  }
}
