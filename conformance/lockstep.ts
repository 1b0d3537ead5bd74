import { either as E, function as F } from 'fp-ts'
import { roundAttributes } from '../spec/attributes.js'
import { opOf } from '../spec/catalogue.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { within } from '../spec/error.js'
import type { Depth } from '../spec/op.js'
import { resolve, shapesOf } from '../spec/op.js'
import { anyOrder } from '../spec/bound.js'
import type { Oracle } from '../spec/oracle.js'
import type { Key } from '../spec/philox.js'
import { keyOf } from '../spec/philox.js'
import type { Program, ProgramNode, Question } from '../spec/program.js'
import { nodeAttributes } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { indexOf, sameShape, showShape, sizeOf } from '../spec/tensor.js'
import type { Excerpt } from './excerpt.js'
import { excerpted, excerptsOf } from './excerpt.js'
import type { Expected, Judgement } from './judge.js'
import { expect, judge, unanswered } from './judge.js'

/** One node of a run, judged on the backend's own inputs to it. */
export interface LockstepFinding {
  readonly node: string
  readonly op: OpName
  readonly direction: Direction
  readonly judgement: Judgement
  /** how many elements were judged, of how many that the node wrote */
  readonly judged: number
  readonly of: number
  /**
   * the root mean square of the bounds by that of the values wanted, of the output where it is largest: a verdict says
   * nothing about errors smaller than this share of the values
   */
  readonly looseness: number
}

/** How a run is judged, where that is not said by its values. */
export interface Judging {
  /** the feeds as they were given to the run; by default as the values have them */
  readonly feeds?: Tensors
  /** judges large nodes in part */
  readonly sampling?: Sampling
}

/** How much of a large node is judged: the oracle cannot do in minutes what a GPU does in a second. */
export interface Sampling {
  /** at least so many elements of each output, or all where there are fewer; corners and borders among them */
  readonly elements: number
  /** which ones */
  readonly seed: number
}

// a node of more products than this is judged by a sample, where its op has excerpts
const affordable = 2 ** 20

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

const loosenessOf = ({ values, bounds }: Expected): number =>
  Object.keys(values).reduce((most, name) => {
    const [value, bound] = [values[name]?.data ?? [], bounds[name]?.data ?? []]
    let [ofValues, ofBounds] = [0, 0]
    for (let i = 0; i < value.length; i++) {
      // where nothing rounds nothing is loose, and an infinity is no size
      if (!Number.isFinite(value[i])) continue
      ofValues += (value[i] as number) ** 2
      ofBounds += (bound[i] as number) ** 2
    }
    return ofBounds === 0 ? most : Math.max(most, Math.sqrt(ofBounds / ofValues))
  }, 0)

/** An excerpt's judgement, its worst element called by its place in the large answer. */
const judgeExcerpt =
  (oracle: Oracle, depth: Depth, shapes: Readonly<Record<string, Shape>>, answer: Tensors) =>
  (excerpt: Excerpt): Result<Pick<Verdict, 'judgement' | 'looseness'>> =>
    F.pipe(
      expect(oracle, excerpt.question, depth),
      E.map(({ values, bounds }) => {
        const asked = Object.keys(excerpt.places)
        const part = { values: only(asked, values), bounds: only(asked, bounds) }
        const judgement = judge(oracle, excerpt.question, part, excerpted(excerpt, values, answer), false)
        const { worst } = judgement
        const { output } = worst
        const small = values[output]?.shape ?? []
        const at = worst.index.reduce((position, i, axis) => position * (small[axis] as number) + i, 0)
        const place = excerpt.places[output]?.[at]
        const index = place === undefined ? worst.index : indexOf(shapes[output] as Shape, place)
        return { judgement: { ...judgement, worst: { ...worst, index } }, looseness: loosenessOf(part) }
      }),
    )

const worse = (a: Judgement, b: Judgement): Judgement => (b.worst.ratio > a.worst.ratio ? b : a)

const only = (names: readonly string[], all: Tensors): Tensors =>
  Object.fromEntries(names.map((name) => [name, all[name] as Tensor]))

/** What is judged of a node: how many elements, and how. */
type Verdict = Pick<LockstepFinding, 'judgement' | 'judged' | 'looseness'>

const judgeWhole = (
  oracle: Oracle,
  depth: Depth,
  question: Question,
  answer: Tensors,
  asked: readonly string[],
): Result<Verdict> =>
  F.pipe(
    expect(oracle, question, depth),
    E.map(({ values, bounds }): Expected => ({ values: only(asked, values), bounds: only(asked, bounds) })),
    E.map((expected) => ({
      judgement: judge(oracle, question, expected, answer, false),
      judged: asked.reduce((n, name) => n + (expected.values[name]?.data.length ?? 0), 0),
      looseness: loosenessOf(expected),
    })),
  )

const judgeSample = (
  oracle: Oracle,
  depth: Depth,
  shapes: Readonly<Record<string, Shape>>,
  answer: Tensors,
  excerpts: readonly Excerpt[],
): Result<Verdict> => {
  const unfit = Object.keys(shapes).find((name) => !sameShape(answer[name]?.shape ?? [-1], shapes[name] as Shape))
  return unfit === undefined
    ? F.pipe(
        E.traverseArray(judgeExcerpt(oracle, depth, shapes, answer))(excerpts),
        E.map((verdicts) => ({
          judgement: verdicts.map(({ judgement }) => judgement).reduce(worse),
          looseness: Math.max(...verdicts.map(({ looseness }) => looseness)),
          judged: excerpts.flatMap(({ places }) => Object.values(places)).reduce((n, { length }) => n + length, 0),
        })),
      )
    : E.right({
        judgement: unanswered(
          answer[unfit] === undefined
            ? `${unfit} is missing from the answer`
            : `${unfit} has shape ${showShape(answer[unfit].shape)}; it must be ${showShape(shapes[unfit] as Shape)}`,
        ),
        judged: 0,
        looseness: 0,
      })
}

/**
 * One node of a run, judged on the backend's own inputs to it: the whole answer, or of a large node a sample of it.
 *
 * Errors  what the op refuses of its inputs, with the node's name in front
 */
export const judgeNode =
  (oracle: Oracle, depth: Depth, values: Tensors, { feeds = values, sampling }: Judging = {}) =>
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
      E.bind('resolved', ({ question: { op, attrs, inputs } }) => resolve(opOf(op), attrs, shapesOf(inputs))),
      E.bind('verdict', ({ question, resolved: { sizes, outputs } }) => {
        const answer = pick(node.outputs, values)
        // a node may leave results out that nothing asked for
        const asked = Object.keys(node.outputs)
        const large = (opOf(node.op).multiplyAdds?.(sizes) ?? 0) > affordable
        const excerpts =
          sampling !== undefined && large
            ? excerptsOf(question, asked, sampling.elements, sampleKey(sampling, node))
            : []
        const written = node.direction === 'forward' ? outputs : shapesOf(question.inputs)
        const shapes = Object.fromEntries(asked.map((name) => [name, written[name] as Shape]))
        return excerpts.length === 0
          ? judgeWhole(oracle, depth, question, answer, asked)
          : judgeSample(oracle, depth, shapes, answer, excerpts)
      }),
      E.map(({ verdict }) => ({
        node: node.name,
        op: node.op,
        direction: node.direction,
        ...verdict,
        of: Object.values(node.outputs).reduce((n, value) => n + sizeOf(values[value]?.shape ?? []), 0),
      })),
      E.mapLeft(within(node.name)),
    )

const sampleKey = ({ seed }: Sampling, { name }: ProgramNode): Key => keyOf(`lockstep ${seed} ${name}`)

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
  how: Judging = {},
): Result<LockstepStep> => F.pipe(program.nodes, E.traverseArray(judgeNode(oracle, depth, values, how)), E.map(stepOf))

/** The findings of a run together. */
export const stepOf = (findings: readonly LockstepFinding[]): LockstepStep => {
  const guilty = findings.find(outside)
  const worst = findings.reduce((a, b) => (b.judgement.worst.ratio > a.judgement.worst.ratio ? b : a))
  return { findings, worst, ...(guilty === undefined ? {} : { guilty }) }
}
