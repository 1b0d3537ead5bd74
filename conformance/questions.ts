import { either as E } from 'fp-ts'
import type { AttrsOf, CotangentsOf, Direction, GradientsOf, InputsOf, OpName, OutputsOf } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Draws } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import type { Result } from '../spec/error.js'
import type { Attributes } from '../spec/attributes.js'
import type { Question } from '../spec/program.js'
import type { Fill, Form } from './form.js'

/** An answer of the oracle, and how far f64 rounding may have driven it: the spec's bound at f64's precision. */
export interface Evaluation {
  readonly values: Tensors
  readonly slack: Tensors
}

/** Asks the oracle about the sample's op. */
export type Ask = (direction: Direction, attrs: Attributes, inputs: Tensors, cotangents?: Tensors) => Result<Evaluation>

/** Two tensors that a law says are equal, and how far rounding may drive them apart, element by element. */
export interface Claim {
  readonly got: Tensor
  readonly want: Tensor
  readonly allowed: Tensor
}

/** What holds for any right answer, whatever the formula. It is asked of the oracle, on a sample of the op's own cases. */
export interface Law {
  readonly name: string
  readonly claims: (sample: Question, ask: Ask, draw: Draws) => Result<readonly Claim[]>
  /** so many samples are enough: it asks about thousands of numbers of its own, whatever the sample's shape */
  readonly enough?: number
}

/** Numbers from outside: a slide, a paper, another library. */
export interface Worked {
  readonly name: string
  readonly direction: Direction
  readonly attrs: Attributes
  readonly inputs: Tensors
  readonly cotangents?: Tensors
  readonly outputs: Tensors
  readonly source: string
}

/** A mistake that the suite must catch: one token of the reference's formula changed. */
export interface Fault {
  readonly name: string
  readonly direction: Direction
  /** text that occurs in the op's reference file exactly once, or so many times that `nth` (from 0) says which */
  readonly find: string
  readonly replace: string
  readonly nth?: number
  /** a small fixed shape at which an rtol of 1e-3 lets this fault pass; at least one fault of each op has one */
  readonly unseenAt?: Form
}

/**
 * How far the golden vectors' witness may be off besides the spec's bound, in f32's ε, where its formula is another one
 * than the spec's and cancels. The oracle's forward answer is at hand, and the spec's bound of it.
 */
export type WitnessError = (question: Question, forward: () => Evaluation) => Tensors

/** What is asked of every backend about one op, and what holds the oracle itself. */
export interface Questions {
  /** cases that are always asked: edges of axes, attributes and values, and the sizes at which kernels change */
  readonly corners: readonly Form[]
  /** a sample for laws, of numbers in which an identity shows; shapes and attributes that the op refuses are drawn again */
  readonly random: (draw: Draws) => Form
  readonly laws: readonly Law[]
  readonly worked: readonly Worked[]
  readonly faults: readonly Fault[]
  readonly witnessError?: Readonly<Partial<Record<Direction, WitnessError>>>
}

export type QuestionTable = { readonly [N in OpName]: Questions }

/** x1, x2, … of an op that takes any number of inputs. */
type More = Readonly<Record<`x${number}`, Tensor>>

/** A worked example in the terms of its op: attributes left out have its defaults, and with cotangents it is backward. */
export type Example<N extends OpName> = {
  readonly name: string
  readonly attrs?: Partial<AttrsOf<N>>
  readonly inputs: InputsOf<N> & More
  readonly source: string
} & (
  | { readonly cotangents?: never; readonly outputs: Partial<OutputsOf<N>> }
  | { readonly cotangents: Partial<CotangentsOf<N>>; readonly outputs: Partial<GradientsOf<N>> & More }
)

const workedOf = (op: OpName, { attrs, cotangents, ...rest }: Example<OpName>): Worked => {
  const decoded = opOf(op).attrs.decode(attrs)
  if (E.isLeft(decoded)) throw new Error(`${op}: ${rest.name}: ${decoded.left.message}`)
  return {
    ...(rest as Pick<Worked, 'name' | 'inputs' | 'outputs' | 'source'>),
    attrs: decoded.right,
    ...(cotangents === undefined ? { direction: 'forward' } : { direction: 'backward', cotangents }),
  }
}

/** The questions about one op, whose worked examples are typed by it. */
export const questionsAbout = <N extends OpName>(
  op: N,
  { worked, ...rest }: Omit<Questions, 'worked'> & { readonly worked: readonly Example<N>[] },
): Questions => ({ ...rest, worked: worked.map((each) => workedOf(op, each)) })

/** A form with nothing special about its fills. */
export const form = (
  name: string,
  attrs: Form['attrs'],
  shapes: Form['shapes'],
  fills: Readonly<Record<string, Fill>> = {},
): Form => ({ name, attrs, shapes, fills })
