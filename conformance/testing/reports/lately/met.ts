import { either as E, function as F, taskEither as TE } from 'fp-ts'
import { plainF32Kernels } from '../../../../adapters/plainF32.js'
import type { Attributes } from '../../../../spec/attributes.js'
import type { Backend } from '../../../../spec/backend.js'
import type { Result } from '../../../../spec/error.js'
import { evaluate } from '../../../../spec/fromKernels.js'
import type { Program, ProgramNode } from '../../../../spec/program.js'
import { checkFeeds, checkProgram, nodeAttributes } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { right } from '../../shaken.js'
import type { Asked, Memory, Report } from '../report.js'
import { always, changed, report } from '../report.js'
import { forward, readersOf, writerOf } from '../told/programs.js'

/** A node that has just run in a program, with all that was known by then. */
export interface Step {
  readonly program: Program
  readonly node: ProgramNode
  readonly at: number
  /** what is asked for */
  readonly watch: readonly string[]
  /** values by their names, those of this node as they should be */
  readonly values: Tensors
  readonly attrs: Attributes
  /** what the node makes of something else, by the names of its values */
  readonly anew: (given: {
    readonly attrs?: Attributes
    readonly inputs?: Tensors
    readonly cotangents?: Tensors
  }) => Tensors
  /** kept from run to run */
  readonly memory: Memory
}

/** Values by name that are other than they should be once the node has run: its own, or what lies in their place. */
export type Misstep = (step: Step) => Tensors | undefined

const read = (values: Tensors, names: Readonly<Record<string, string>>): Tensors =>
  Object.fromEntries(Object.entries(names).map(([name, value]) => [name, values[value] as Tensor]))

const byMissteps =
  (misstep: Misstep): NonNullable<Report['program']> =>
  (run) => {
    const memory: Memory = new Map()
    const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
      const sound = F.pipe(
        checkProgram(program),
        E.flatMap(() => checkFeeds(program.inputs, feeds)),
      )
      if (E.isLeft(sound)) return run(program, feeds, watch)
      const values = program.nodes.reduce<Result<Tensors>>(
        (soFar, node, at) =>
          F.pipe(
            E.Do,
            E.bind('before', () => soFar),
            E.bind('attrs', () => nodeAttributes(node, feeds)),
            E.bind('outputs', ({ before, attrs }) =>
              evaluate(
                plainF32Kernels,
                node.op,
                node.direction,
                attrs,
                read(before, node.inputs),
                read(before, node.cotangents),
              ),
            ),
            E.map(({ before, attrs, outputs }) => {
              const named = (answer: Tensors): Tensors =>
                Object.fromEntries(Object.entries(node.outputs).map(([name, value]) => [value, answer[name] as Tensor]))
              const anew: Step['anew'] = (given) =>
                named(
                  right(
                    evaluate(
                      plainF32Kernels,
                      node.op,
                      node.direction,
                      given.attrs ?? attrs,
                      { ...read(before, node.inputs), ...given.inputs },
                      { ...read(before, node.cotangents), ...given.cotangents },
                    ),
                  ),
                )
              const known = { ...before, ...named(outputs) }
              return { ...known, ...misstep({ program, node, at, watch, values: known, attrs, anew, memory }) }
            }),
          ),
        E.right(feeds),
      )
      if (E.isLeft(values) || watch.some((name) => values.right[name] === undefined)) return run(program, feeds, watch)
      return TE.right(Object.fromEntries(watch.map((name) => [name, values.right[name] as Tensor])))
    }
    return wrong
  }

export const stepped = (
  id: string,
  misstep: Misstep,
  more: { readonly like: string; readonly unseen?: string },
): Report => ({
  ...report('program', id, 'programs', always, (_, plain) => plain(), more),
  program: byMissteps(misstep),
})

/** What is between the runs of a program. */
export const between = (
  id: string,
  program: NonNullable<Report['program']>,
  more: { readonly like: string; readonly unseen?: string },
): Report => ({ ...report('program', id, 'programs', always, (_, plain) => plain(), more), program })

/** The node of such ops that writes what this one reads, if nobody else reads it. */
export const onlyFrom = (program: Program, name: string, ...ops: readonly string[]): ProgramNode | undefined => {
  const writer = writerOf(program, name)
  return writer !== undefined && forward(...ops)(writer) && readersOf(program, name) === 1 ? writer : undefined
}

export const later = ({ program, at }: Step): readonly ProgramNode[] => program.nodes.slice(at + 1)
export const isInput = ({ inputs }: Program, name: string): boolean => inputs[name] !== undefined
export const numbersOf = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => Number(data[i]))
export const none = (x: Tensor): Tensor => changed(x, () => 0)
export const sizeOf = ({ data }: Tensor): number => data.length
export const total = (a: Tensor, b: Tensor, factor = 1): Tensor =>
  changed(a, (v, _, at) => Math.fround(v + Math.fround(factor * Number(b.data[at]))))

/** A tensor of which another one has overwritten the first numbers. */
export const overwritten = (x: Tensor, by: Tensor): Tensor =>
  changed(x, (v, _, at) => (at < sizeOf(by) ? Number(by.data[at]) : v))

export const attribute = ({ attrs }: Asked, name: string): number => Number(attrs[name])
