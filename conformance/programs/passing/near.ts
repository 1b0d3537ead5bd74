import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../../spec/attributes.js'
import { anyOrder } from '../../../spec/bound.js'
import type { Result } from '../../../spec/error.js'
import type { Oracle } from '../../../spec/oracle.js'
import type { ProgramNode } from '../../../spec/program.js'
import type { Tensor, Tensors } from '../../../spec/tensor.js'
import { foldNumbers, mapTensor, zipTensors } from '../../../spec/tensor.js'
import { expectWhole } from '../../judge.js'
import { questionOf } from '../../lockstep.js'
import { bearingTransforms } from '../../transforms.js'

/** What is known of a value that a backend was not asked for: what it is in the oracle, and how far from that a right one may be. */
export interface Near {
  readonly value: Tensor
  readonly bound: Tensor
}

/** Values by name, and what they may be off by. */
export type Nearly = Readonly<Record<string, Near>>

/** Who is asked what a right backend may answer: the oracle, and whether convolutions may be taken by transforms (transforms.ts). */
export interface Knowing extends Oracle {
  readonly transforms?: boolean
}

/** The outputs of a node, given what it reads. Errors: what the op refuses */
export const outputsNear = (oracle: Knowing, node: ProgramNode, known: Tensors, feeds: Tensors): Result<Nearly> =>
  F.pipe(
    E.Do,
    E.bind('question', () => questionOf(node, known, feeds)),
    E.bind('expected', ({ question }) => expectWhole(oracle, question, anyOrder)),
    E.map(({ question, expected: { values, bounds } }) => {
      const held = oracle.transforms === true ? bearingTransforms(oracle, question, bounds) : bounds
      return Object.fromEntries(
        Object.entries(node.outputs).flatMap(([output, name]) => {
          const [value, bound] = [values[output], held[output]]
          return value && bound ? [[name, { value, bound }]] : []
        }),
      )
    }),
  )

/** A cotangent goes by the name of its output, behind this. */
export const cotangent = (output: string): string => `d ${output}`

/** By the slots of a node, cotangents among them: what it reads, and what that may be off by. */
export interface Read {
  readonly values: Tensors
  readonly bounds: Tensors
  readonly attrs: Attributes
  /** the node's outputs of other numbers, each by its slot */
  readonly of: (slots: Tensors) => Result<Nearly>
}

/**
 * What a node answers, by its slots, and may be off by: its own roundings, at the largest magnitudes of what it reads, and what
 * it passes on. None where nothing is known.
 */
export type Way = (read: Read) => Result<Nearly>

/** What is known where a way says nothing. */
export const nothing = E.right<never, Nearly>({})

/** A way, while a condition holds of what is read. */
export const where =
  (holds: (read: Read) => boolean, way: Way): Way =>
  (read) =>
    holds(read) ? way(read) : nothing

export const magnitude = (x: Tensor): Tensor => mapTensor(Math.abs, x)

export const largest = ({ data }: Tensor): number => foldNumbers((most, b) => Math.max(most, b), 0, data)

export const isExact = (bound: Tensor | undefined): boolean => bound === undefined || largest(bound) === 0

// what an op rounds hangs on values that are a little off themselves
const alsoOff = 1 + 2 ** -10

/** A value that is off by what was rounded and by what was passed on. */
export const added = (value: Tensor, rounded: Tensor, off: Tensor): Near => ({
  value,
  bound: zipTensors([rounded, off], (one, other) => alsoOff * (one + other)),
})

// anywhere between, on no grid of f32
const aside = 0.7654321

/**
 * What a node answers, with its own roundings: there, and a little aside, as of integers, or of 0, a sum may be exact that is
 * rounded of what is a little off them.
 */
export const owned = ({ values, bounds, of }: Read): Result<Nearly> =>
  F.pipe(
    E.Do,
    E.bind('here', () => of(values)),
    E.bind('beside', () =>
      of(
        Object.fromEntries(
          Object.entries(values).map(([slot, x]) => [slot, zipTensors([x, bounds[slot] as Tensor], (v, b) => v + aside * b)]), // prettier-ignore
        ),
      ),
    ),
    E.map(({ here, beside }) =>
      Object.fromEntries(
        Object.entries(here).map(([output, { value, bound }]) => [
          output,
          { value, bound: zipTensors([bound, (beside[output] as Near).bound], Math.max) },
        ]),
      ),
    ),
  )

// what is on no grid of f32: of integers that are a little off a sum is rounded, though a sum of integers is not
export const offGrid = 1 + 2 ** -33
