import { either as E, function as F } from 'fp-ts'
import { roundAttributes } from '../spec/attributes.js'
import { opOf } from '../spec/catalogue.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Backend } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import { within } from '../spec/error.js'
import type { Fields } from '../spec/field.js'
import type { Depth } from '../spec/op.js'
import { anyOrder } from '../spec/bound.js'
import type { Oracle } from '../spec/oracle.js'
import type { Program, ProgramNode, Question } from '../spec/program.js'
import { nodeAttributes } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { dialsOf, ownValues } from './dials.js'
import type { Effort } from './elements.js'
import { elementsIn } from './elements.js'
import type { Expected, Hearing, Judgement } from './judge.js'
import { expect, judge } from './judge.js'
import { pick } from './named.js'

/** One node of a run, judged on the backend's own inputs to it. */
export interface LockstepFinding {
  readonly node: string
  readonly op: OpName
  readonly direction: Direction
  readonly judgement: Judgement
}

/** How a run is judged, where that is not said by its values. */
export interface Judging {
  /** the feeds as they were given to the run; by default as the values have them */
  readonly feeds?: Tensors
  /** how much of a large answer is judged: the oracle cannot do in minutes what a GPU does in a second */
  readonly effort?: Effort
  /** which elements of it are drawn */
  readonly seed?: number
  /** what the backend declares to mean by attributes that stand for conventions, where the program leaves them as they are */
  readonly conventions?: Backend['conventions']
  /** outputs of a node whose terms cancel but for rounding, by the network that it stands in; by default none */
  readonly cancelling?: (node: ProgramNode) => readonly string[]
  /** whether convolutions may err as those by transforms do; by default only in integers */
  readonly transforms?: boolean
}

/** What is spent on each output of a node, unless it is said otherwise: a moment, but for the dearest. */
export const nodeEffort: Effort = { terms: 2 ** 20, least: 256 }

/** One step of a program in lockstep: every node's finding, and the node that is worst. */
export interface LockstepStep {
  readonly findings: readonly LockstepFinding[]
  readonly worst: LockstepFinding
  /** the first node, in the order of the program, that is outside its bound */
  readonly guilty?: LockstepFinding
}

const only = (names: readonly string[], all: Fields): Fields =>
  Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))

/** What a node of a program asks at these values: attributes rounded to f32, words among them from the feeds. */
export const questionOf = (node: ProgramNode, values: Tensors, feeds: Tensors): Result<Question> =>
  F.pipe(
    nodeAttributes(node, feeds),
    E.map((attrs): Question => ({
      op: node.op,
      direction: node.direction,
      attrs: roundAttributes(opOf(node.op).attrs, attrs),
      inputs: pick(node.inputs, values),
      cotangents: pick(node.cotangents, values),
    })),
  )

/** What the oracle expects of a node, of what it writes alone: it may leave results out that nothing asked for. */
export const expectOf = (oracle: Oracle, node: ProgramNode, question: Question, depth: Depth): Result<Expected> =>
  F.pipe(
    expect(oracle, question, depth),
    E.map(({ values, bounds }) => {
      const written = Object.keys(node.outputs)
      return { values: only(written, values), bounds: only(written, bounds) }
    }),
  )

/** A question by the backend's own conventions, where it declares others than the catalogue's and none is asked for. */
const asDeclared = (
  question: Question,
  conventions: Backend['conventions'],
): { readonly question: Question; readonly words: string } | undefined => {
  const { op, direction, attrs } = question
  const own = ownValues(conventions, op, direction).filter(([dial]) => attrs[dial] === dialsOf(op)[dial]?.[0])
  return own.length === 0
    ? undefined
    : {
        question: { ...question, attrs: { ...attrs, ...Object.fromEntries(own) } },
        words: own.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(', '),
      }
}

/**
 * An answer to a node's question, held by the catalogue, and if it fails there by the conventions that the backend
 * declares as its own.
 *
 * Errors  what the op refuses
 */
export const judgeAnswer = (
  oracle: Oracle,
  node: ProgramNode,
  hearing: Hearing,
  { depth = anyOrder, conventions }: Pick<Backend, 'depth' | 'conventions'>,
): Result<Judgement> => {
  const judgement = judge(hearing)
  const declared = outside({ judgement }) ? asDeclared(hearing.question, conventions) : undefined
  return declared === undefined
    ? E.right(judgement)
    : F.pipe(
        expectOf(oracle, node, declared.question, depth),
        E.map((expected) => judge({ ...hearing, question: declared.question, expected })),
        E.map((other) => (outside({ judgement: other }) ? judgement : { ...other, convention: declared.words })),
      )
}

/**
 * One node of a run, judged on the backend's own inputs to it: what is small whole, of large outputs some elements.
 *
 * Errors  what the op refuses of its inputs, with the node's name in front
 */
export const judgeNode =
  (
    oracle: Oracle,
    depth: Depth,
    values: Tensors,
    {
      feeds = values,
      effort = nodeEffort,
      seed = 1,
      cancelling = () => [],
      conventions,
      transforms = false,
    }: Judging = {},
  ) =>
  (node: ProgramNode): Result<LockstepFinding> =>
    F.pipe(
      questionOf(node, values, feeds),
      E.bindTo('question'),
      E.bind('elements', ({ question }) => elementsIn(question, effort, `${seed} ${node.name}`)),
      E.bind('expected', ({ question }) => expectOf(oracle, node, question, depth)),
      E.flatMap(({ question, elements, expected }) =>
        judgeAnswer(
          oracle,
          node,
          {
            oracle,
            question,
            expected,
            answer: pick(node.outputs, values),
            elements,
            cancelling: cancelling(node),
            transforms,
          },
          { depth, ...(conventions && { conventions }) },
        ),
      ),
      E.map((judgement): LockstepFinding => ({
        node: node.name,
        op: node.op,
        direction: node.direction,
        judgement,
      })),
      E.mapLeft(within(node.name)),
    )

/** The values that a lockstep needs of a run: all of them. */
export const everyValue = (program: Program): readonly string[] => [
  ...new Set([...Object.keys(program.inputs), ...program.nodes.flatMap(({ outputs }) => Object.values(outputs))]),
]

/** Whether a node is outside its bound. */
export const outside = ({ judgement }: Pick<LockstepFinding, 'judgement'>): boolean =>
  judgement.problem !== undefined || !(judgement.worst.ratio <= 1)

/**
 * Judges a run node by node: for each node the oracle is asked about the backend's own inputs to it. Errors cannot pile
 * up, ties and kinks cannot drive two histories apart, and a failure names its node.
 *
 * `values` holds every value of the run (`everyValue` names them), the feeds included. Attributes are rounded to f32, as
 * the backend had them, and words such as dropout's step are not: they are taken from `feeds`, as they were given to the
 * run, because a device's own copy of a feed is in f32, which holds no more than every other word above 2²⁴.
 */
export const lockstep = (
  oracle: Oracle,
  program: Program,
  values: Tensors,
  depth: Depth = anyOrder,
  how: Judging = {},
): Result<LockstepStep> => F.pipe(program.nodes, E.traverseArray(judgeNode(oracle, depth, values, how)), E.map(stepOf))

/** The findings of a run together. */
export const stepOf = (findings: readonly LockstepFinding[]): LockstepStep => {
  const guilty = findings.find(outside)
  const worst = findings.reduce((a, b) => (b.judgement.worst.ratio > a.judgement.worst.ratio ? b : a))
  return { findings, worst, ...(guilty === undefined ? {} : { guilty }) }
}
