import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail, within } from '../spec/error.js'
import type { Field } from '../spec/field.js'
import { cotangentNames, gradientNames, shapesOf } from '../spec/op.js'
import { opOf } from '../spec/catalogue.js'
import type { Oracle } from '../spec/oracle.js'
import type { ProgramNode, Question } from '../spec/program.js'
import { roundProgram } from '../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../spec/tensor.js'
import { tensor } from '../spec/tensor.js'
import { ask, attempt, fails, isRefusal, withoutAnswer } from './ask.js'
import type { Diagnosing, Diagnosis } from './diagnosis.js'
import { diagnose } from './diagnosis.js'
import type { Effort } from './elements.js'
import { elementsIn } from './elements.js'
import type { Case, Fill } from './form.js'
import type { TimeLimit } from './guarded.js'
import { guarded } from './guarded.js'
import type { Judgement } from './judge.js'
import { everyValue, expectOf, judgeAnswer, judgeNode, nodeEffort, outside, questionOf } from './lockstep.js'
import { shrinkAlone } from './shrink.js'
import type { Phase, Subject } from './subject.js'

/**
 * Which op of a network is wrong. Every node is asked by itself, as a program of one node, on the oracle's values: what
 * the nodes before it would have made wrong does not reach it, so that each is right or wrong on its own. Then the whole
 * is run as it comes, and every node judged on what the backend itself had: that finds what is wrong in company alone, by
 * fusion or by memory that two values share. And the values of that run, beside the oracle's, say how an error travels.
 */

/** What was found of one node. */
export interface NodeFinding {
  readonly node: string
  readonly op: OpName
  readonly direction: Direction
  readonly phase: Phase
  /** asked by itself, on the oracle's values */
  readonly alone?: Judgement
  /** why it was not: a case that is not the backend's own, or a limit of the device */
  readonly refused?: EtalonError
  /** in the run of the whole, on the backend's own values */
  readonly together?: Judgement
  /** in that run, how far what it wrote is from the oracle's: root mean square of the difference by that of the values */
  readonly strayed?: number
}

/** Of one case of a wrong node. */
export interface Shown {
  /** the node's op at its shape */
  readonly drawn: Case
  /** the smallest found that fails alike */
  readonly smallest: Case
  readonly judgement: Judgement
  readonly diagnosis?: Diagnosis
}

export interface Localized {
  readonly name: string
  readonly findings: readonly NodeFinding[]
  /** the first node that is wrong by itself, or else in the run of the whole */
  readonly first?: NodeFinding
  /** how the first one is seen by itself; nothing where no case of its op shows it */
  readonly shown?: Shown
  /** why the whole could not be run */
  readonly notRun?: EtalonError
  /** elements that were judged of the nodes by themselves, of so many */
  readonly judged: number
  readonly of: number
}

export type LocalizeMoment =
  | { readonly what: 'asking' | 'judging'; readonly node: string; readonly done: number; readonly of: number }
  | { readonly what: 'running' | 'shrinking' }

export interface LocalizeOptions extends Pick<Diagnosing, 'table' | 'faulty'> {
  /** of which elements are judged */
  readonly seed: number
  readonly effort?: Effort
  /** how long a node may take */
  readonly limit?: TimeLimit
  /** how long the whole may take */
  readonly wholeLimit?: TimeLimit
  /** how long the first wrong node's case may be made smaller, in seconds */
  readonly shrinkSeconds?: number
  readonly tell?: (moment: LocalizeMoment) => void
}

/** Whether a node is wrong, by itself or in company. */
export const isWrong = ({ alone, together }: NodeFinding): boolean =>
  (alone !== undefined && outside({ judgement: alone })) || (together !== undefined && outside({ judgement: together }))

const isWrongAlone = ({ alone }: NodeFinding): boolean => alone !== undefined && outside({ judgement: alone })

const inF32 = ({ shape, all }: Field): Tensor => {
  const values = all()
  const data = new Float32Array(values.length)
  for (let i = 0; i < data.length; i++) data[i] = values[i] as number
  return tensor(shape, data)
}

interface AskedAlone {
  readonly finding: NodeFinding
  readonly question: Question
  readonly writes: Tensors
}

/** One node by itself, and what the oracle makes of it, in f32, for those behind it. */
const askAlone = async (
  backend: Backend,
  oracle: Oracle,
  node: ProgramNode,
  phase: Phase,
  values: Tensors,
  feeds: Tensors,
  effort: Effort,
  seed: number,
): Promise<Result<AskedAlone>> => {
  const written = Object.keys(node.outputs)
  const planned = F.pipe(
    questionOf(node, values, feeds),
    E.map((question) => ({ ...question, wanted: written })),
    E.bindTo('question'),
    E.bind('elements', ({ question }) => elementsIn(question, effort, `${seed} ${node.name}`)),
    E.bind('expected', ({ question }) => expectOf(oracle, node, question, backend.depth ?? anyOrder)),
    E.mapLeft(within(node.name)),
  )
  if (E.isLeft(planned)) return planned
  const { question, elements, expected } = planned.right
  const writes = Object.fromEntries(
    Object.entries(expected.values).map(([name, field]) => [node.outputs[name] as string, inF32(field)]),
  )
  const about = { node: node.name, op: node.op, direction: node.direction, phase }
  const answer = backend.supports(node.op, node.direction)
    ? await attempt(backend, question)
    : fail<Tensors>('Unsupported', `${backend.name} has no ${node.op} ${node.direction}`)
  if (E.isLeft(answer) && answer.left.code === 'DeviceLost') return answer
  if (E.isLeft(answer))
    return E.right({
      finding: isRefusal(answer.left)
        ? { ...about, refused: answer.left }
        : { ...about, alone: withoutAnswer(answer.left) },
      question,
      writes,
    })
  return F.pipe(
    judgeAnswer(oracle, node, { oracle, question, expected, answer: answer.right, elements }, backend),
    E.map((alone) => ({ finding: { ...about, alone }, question, writes })),
    E.mapLeft(within(node.name)),
  )
}

// a share of the values' size; of values that are all 0 the difference itself
const strayOf = (got: Numbers, want: Numbers): number => {
  let [off, size] = [0, 0]
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] as number, want[i] as number]
    if (Object.is(g, w)) continue
    off += (g - w) ** 2
  }
  for (let i = 0; i < want.length; i++) size += (want[i] as number) ** 2
  return off === 0 ? 0 : Math.sqrt(size > 0 ? off / size : off / want.length)
}

/** The farthest that a node's values have strayed; NaN strays without end. */
const strayOfNode = ({ outputs }: ProgramNode, got: Tensors, want: Tensors): number =>
  Object.values(outputs).reduce((most, value) => {
    const stray = strayOf(got[value]?.data ?? [], want[value]?.data ?? [])
    return Math.max(most, Number.isNaN(stray) ? Infinity : stray)
  }, 0)

// ---- a case of one node --------------------------------------------------------------------------------------------

const numbersOf = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i] as number)

/** How numbers of a kind like these are drawn. */
const likeness = (given: Tensor): Fill => {
  const numbers = numbersOf(given)
  const [first = 0] = numbers
  if (numbers.every((value) => value === first)) return { constant: first }
  const width = given.shape.at(-1) ?? 1
  const isHot = numbers.every((value) => value === 0 || value === 1)
  if (isHot && numbers.filter((value) => value === 1).length * width === numbers.length) return 'oneHot'
  if (numbers.every((value) => value > 0)) return numbers.every((value) => value < 1) ? 'probability' : 'positive'
  return 'normal'
}

// a case that has its numbers written out is no longer than this
const mostWritten = 4096

const fillsOf = (question: Question, fill: (given: Tensor) => Fill): Readonly<Record<string, Fill>> =>
  Object.fromEntries([
    ...Object.entries(question.inputs).map(([name, given]) => [name, fill(given)] as const),
    ...Object.entries(question.cotangents).map(([name, given]) => [`d${name}`, fill(given)] as const),
  ])

const without = (fills: Readonly<Record<string, Fill>>): Readonly<Record<string, Fill>> =>
  Object.fromEntries(Object.entries(fills).filter(([, fill]) => fill !== 'normal'))

/** The node's op at its shapes: numbers like its own first, then, where they are few, just those. */
const casesOf = (question: Question, seed: string): readonly Case[] => {
  const { op, direction, attrs, inputs, cotangents, wanted } = question
  const count = [...Object.values(inputs), ...Object.values(cotangents)].reduce((n, { data }) => n + data.length, 0)
  const all = direction === 'forward' ? Object.keys(opOf(op).outputs) : gradientNames(opOf(op), inputs)
  const given = Object.keys(cotangents)
  const isAllGiven = direction === 'forward' || cotangentNames(opOf(op)).every((name) => given.includes(name))
  const form = {
    attrs,
    shapes: shapesOf(inputs),
    ...(isAllGiven ? {} : { given }),
    ...(wanted === undefined || wanted.length === all.length ? {} : { wanted }),
  }
  const of = (fills: Readonly<Record<string, Fill>>): Case => ({
    op,
    direction,
    seed,
    form: { ...form, fills: without(fills) },
  })
  return [
    of(fillsOf(question, likeness)),
    ...(count <= mostWritten ? [of(fillsOf(question, (given) => ({ values: numbersOf(given) })))] : []),
  ]
}

const mostShrinking = 400

const shownBy = async (
  backend: Backend,
  oracle: Oracle,
  question: Question,
  seed: string,
  { table, faulty, shrinkSeconds }: LocalizeOptions,
): Promise<Result<Shown | undefined>> => {
  for (const drawn of casesOf(question, seed)) {
    const asked = await ask(backend, oracle, drawn)()
    if (E.isLeft(asked)) {
      if (asked.left.code === 'DeviceLost') return asked
      continue
    }
    const { judgement } = asked.right
    if (judgement === undefined || !fails(judgement, 'unknown')) continue
    const shrunk = await shrinkAlone(backend, oracle, { asked: drawn, judgement }, 'unknown', {
      cases: mostShrinking,
      ...(shrinkSeconds === undefined ? {} : { seconds: shrinkSeconds }),
    })
    if (E.isLeft(shrunk)) return shrunk
    const diagnosis = await diagnose({ backend, oracle, table, ...(faulty && { faulty }) }, [
      shrunk.right.smallest,
      drawn,
    ])
    return E.right({ drawn, ...shrunk.right, ...(diagnosis && { diagnosis }) })
  }
  return E.right(undefined)
}

/**
 * Asks a backend for every node of a network by itself, then for the whole, and finds the first node that is wrong.
 *
 * Errors  DeviceLost; what the oracle refuses, with the node's name in front
 */
export const localize =
  (
    backend: Backend,
    oracle: Oracle,
    { name, program: given, feeds, phases }: Subject,
    options: LocalizeOptions,
  ): taskEither.TaskEither<EtalonError, Localized> =>
  async () => {
    const { seed, effort = nodeEffort, limit, wholeLimit, tell } = options
    const program = roundProgram(given)
    const asked = guarded(backend, limit === undefined ? {} : { limit })
    let values: Tensors = feeds
    const alone: AskedAlone[] = []
    for (const node of program.nodes) {
      tell?.({ what: 'asking', node: node.name, done: alone.length, of: program.nodes.length })
      const one = await askAlone(asked, oracle, node, phases[node.name] ?? 'forward', values, feeds, effort, seed)
      if (E.isLeft(one)) return E.left(within(name)(one.left))
      values = Object.assign(values === feeds ? { ...feeds } : values, one.right.writes)
      alone.push(one.right)
    }

    tell?.({ what: 'running' })
    const written = everyValue(program).filter((value) => !(value in feeds))
    const isWhole = alone.every(({ finding }) => finding.refused === undefined)
    const whole = guarded(backend, wholeLimit === undefined ? {} : { limit: wholeLimit })
    const ran = isWhole
      ? await whole.run(program, feeds, written)()
      : fail<Tensors>('Unsupported', 'some of its nodes are not the backend’s own')
    if (E.isLeft(ran) && ran.left.code === 'DeviceLost') return E.left(within(name)(ran.left))
    const found: NodeFinding[] = []
    const judgeOwn = E.isRight(ran)
      ? judgeNode(
          oracle,
          backend.depth ?? anyOrder,
          { ...feeds, ...ran.right },
          {
            seed,
            effort,
            feeds,
            ...(backend.conventions && { conventions: backend.conventions }),
          },
        )
      : undefined
    for (const [at, node] of program.nodes.entries()) {
      const { finding } = alone[at] as AskedAlone
      tell?.({ what: 'judging', node: node.name, done: at, of: program.nodes.length })
      const together = judgeOwn?.(node)
      found.push({
        ...finding,
        // what is no answer at all leaves those behind it nothing to be judged on
        ...(together !== undefined && E.isRight(together) ? { together: together.right.judgement } : {}),
        ...(E.isRight(ran) ? { strayed: strayOfNode(node, ran.right, values) } : {}),
      })
    }

    const first = found.find(isWrongAlone) ?? found.find(isWrong)
    if (first !== undefined) tell?.({ what: 'shrinking' })
    const at = found.findIndex((finding) => finding === first)
    const shown =
      first === undefined || !isWrongAlone(first)
        ? E.right(undefined)
        : await shownBy(asked, oracle, (alone[at] as AskedAlone).question, `${seed} ${first.node}`, options)
    if (E.isLeft(shown)) return E.left(within(name)(shown.left))
    await asked.closeOthers()
    await whole.closeOthers()
    const judged = found.flatMap((finding) => (finding.alone === undefined ? [] : [finding.alone]))
    return E.right({
      name,
      findings: found,
      ...(first === undefined ? {} : { first }),
      ...(shown.right === undefined ? {} : { shown: shown.right }),
      ...(E.isLeft(ran) ? { notRun: ran.left } : {}),
      judged: judged.reduce((n, judgement) => n + judgement.judged, 0),
      of: judged.reduce((n, judgement) => n + judgement.of, 0),
    })
  }

/** What a localisation comes to: not conformant where any node is wrong, or the whole gave no answer where each node did. */
export const verdictOf = ({ findings, notRun }: Localized): 'conformant' | 'not-conformant' | 'not-run' =>
  findings.some(isWrong) || (notRun !== undefined && !isRefusal(notRun))
    ? 'not-conformant'
    : findings.some(({ alone }) => alone !== undefined)
      ? 'conformant'
      : 'not-run'
