import { either as E, function as F } from 'fp-ts'
import { roundAttributes } from '../spec/attributes.js'
import { opOf } from '../spec/catalogue.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { within } from '../spec/error.js'
import type { Depth } from '../spec/op.js'
import { anyOrder } from '../spec/bound.js'
import type { Oracle } from '../spec/oracle.js'
import type { Program, ProgramNode, Question } from '../spec/program.js'
import { nodeAttributes } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import type { Judgement } from './judge.js'
import { expect, judge } from './judge.js'

/** One node of a run, judged on the backend's own inputs to it. */
export interface LockstepFinding {
  readonly node: string
  readonly op: OpName
  readonly direction: Direction
  readonly judgement: Judgement
}

/** One step of a program in lockstep: every node's finding, and the node that is worst. */
export interface LockstepStep {
  readonly findings: readonly LockstepFinding[]
  readonly worst: LockstepFinding
  /** the first node, in the order of the program, that is outside its bound */
  readonly guilty?: LockstepFinding
}

const pick = (names: Readonly<Record<string, string>>, values: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, value]) => (values[value] === undefined ? [] : [[name, values[value]]])),
  )

const judgeNode =
  (oracle: Oracle, depth: Depth, values: Tensors, feeds: Tensors) =>
  (node: ProgramNode): Result<LockstepFinding> =>
    F.pipe(
      nodeAttributes(node, feeds),
      E.map((attrs): Question => ({
        op: node.op,
        direction: node.direction,
        attrs: roundAttributes(opOf(node.op).attrs, attrs),
        inputs: pick(node.inputs, values),
        cotangents: pick(node.cotangents, values),
      })),
      E.bindTo('question'),
      E.bind('expected', ({ question }) => expect(oracle, question, depth)),
      E.map(({ question, expected }) => {
        const answer = pick(node.outputs, values)
        // a node may leave results out that nothing asked for
        const asked = Object.keys(node.outputs)
        const only = (all: Tensors): Tensors =>
          Object.fromEntries(asked.map((name) => [name, all[name]] as [string, never]))
        return {
          node: node.name,
          op: node.op,
          direction: node.direction,
          judgement: judge(
            oracle,
            question,
            { values: only(expected.values), bounds: only(expected.bounds) },
            answer,
            false,
          ),
        }
      }),
      E.mapLeft(within(node.name)),
    )

/** The values that a lockstep needs of a run: all of them. */
export const everyValue = (program: Program): readonly string[] => [
  ...new Set([...Object.keys(program.inputs), ...program.nodes.flatMap(({ outputs }) => Object.values(outputs))]),
]

const outside = ({ judgement }: LockstepFinding): boolean =>
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
  feeds: Tensors = values,
): Result<LockstepStep> =>
  F.pipe(
    program.nodes.reduce<Result<readonly LockstepFinding[]>>(
      (soFar, node) =>
        F.pipe(
          E.Do,
          E.bind('before', () => soFar),
          E.bind('finding', () => judgeNode(oracle, depth, values, feeds)(node)),
          E.map(({ before, finding }) => [...before, finding]),
        ),
      E.right([]),
    ),
    E.map((findings) => {
      const guilty = findings.find(outside)
      const worst = findings.reduce((a, b) => (b.judgement.worst.ratio > a.judgement.worst.ratio ? b : a))
      return { findings, worst, ...(guilty === undefined ? {} : { guilty }) }
    }),
  )
