import { either as E, function as F } from 'fp-ts'
import type { Backend } from '../../spec/backend.js'
import { anyOrder } from '../../spec/bound.js'
import type { Result } from '../../spec/error.js'
import { given as fieldOf, mapValues } from '../../spec/field.js'
import type { Oracle } from '../../spec/oracle.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { foldNumbers, indexOf, sameShape, showShape, zipTensors } from '../../spec/tensor.js'
import { ownValues } from '../dials.js'
import type { Judgement } from '../judge.js'
import { judge, ratioOf } from '../judge.js'
import { judgeNode } from '../lockstep.js'
import { own, pick } from '../named.js'
import { isConvolution } from '../transforms.js'
import { passedOn, passes } from './passing.js'
import { foldable, folded } from './passing/folding.js'
import type { Knowing, Near, Nearly } from './passing/near.js'
import { outputsNear } from './passing/near.js'

/**
 * What an answer of a program says, node by node. Every node is judged on the values that the backend itself answered. A value
 * that it was not asked for counts as known where nothing that leads to it rounds: then a right backend has the oracle's,
 * whatever it fuses or leaves out; and elsewhere as nearly known, where what it may be off by can be followed (passing.ts).
 */

/** What an answer shows to be wrong, in the words of a failure. */
export interface Wrong {
  /** the node, where one is to blame */
  readonly node?: string
  readonly message: string
  readonly judgement?: Judgement
}

/** What is known behind an answer, and what came of each node. */
export interface Heard {
  /** every value that is known now */
  readonly known: Tensors
  /** and what is known nearly */
  readonly nearly: Nearly
  readonly findings: readonly { readonly node: string; readonly judgement: Judgement }[]
  readonly wrong?: Wrong
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

const formProblem = (value: string, got: Tensor | undefined, want: Tensor): string | undefined => {
  if (got === undefined) return `${value} is missing from the answer`
  return sameShape(got.shape, want.shape)
    ? undefined
    : `${value} has shape ${showShape(got.shape)}; it must be ${showShape(want.shape)}`
}

/** The first element in which an answer is wrong, and why; a missing one and one of another shape are wrong altogether. */
const problemIn = (
  value: string,
  got: Tensor | undefined,
  want: Tensor,
  of: (got: number, at: number) => string | undefined,
): string | undefined => {
  const problem = formProblem(value, got, want)
  if (problem !== undefined || got === undefined) return problem
  for (let i = 0; i < want.data.length; i++) {
    const wrong = of(got.data[i] as number, i)
    if (wrong !== undefined)
      return `${value}${showShape(indexOf(want.shape, i))} is ${numberText(got.data[i] as number)}, must be ${wrong}`
  }
  return undefined
}

/** What was copied is to be a copy. */
export const copyProblem = (value: string, got: Tensor | undefined, want: Tensor): string | undefined =>
  problemIn(value, got, want, (g, i) => {
    const w = Math.fround(want.data[i] as number)
    return g === w || Object.is(g, w) ? undefined : numberText(w)
  })

/** What steps have left is to be no farther off than they may leave it. */
export const nearProblem = (value: string, got: Tensor | undefined, { value: want, bound }: Near): string | undefined =>
  problemIn(value, got, want, (g, i) => {
    const w = want.data[i] as number
    const ratio = ratioOf(g, w, bound.data[i] as number)
    return ratio <= 1 ? undefined : `${numberText(w)}; error ÷ bound ${Number(ratio.toPrecision(3))}`
  })

/** Those of some values of which nothing rounds. */
const exactAmong = (near: Nearly): Tensors =>
  Object.fromEntries(
    Object.entries(near).flatMap(([name, { value, bound }]) =>
      foldNumbers((zero, b) => zero && b === 0, true, bound.data) ? [[name, value]] : [],
    ),
  )

/** An answer behind values that were not asked for, held to what those may be off by together with its own roundings. */
const judgeNear = (
  oracle: Oracle,
  { op, direction, outputs }: ProgramNode,
  value: string,
  near: Near,
  answer: Tensor,
): Judgement => {
  const output = Object.keys(outputs).find((slot) => outputs[slot] === value) as string
  return judge({
    oracle,
    question: { op, direction, attrs: {}, inputs: {}, cotangents: {} },
    expected: { values: { [output]: fieldOf(near.value) }, bounds: { [output]: fieldOf(near.bound) } },
    answer: { [output]: answer },
  })
}

const readsOf = ({ inputs, cotangents }: ProgramNode): readonly string[] => [
  ...Object.values(inputs),
  ...Object.values(cotangents),
]

/** What a norm answers behind a layer that nobody sees, and may be off by where the two were made one. */
const withFolding = (
  oracle: Knowing,
  layer: ProgramNode,
  norm: ProgramNode,
  known: Tensors,
  feeds: Tensors,
): Result<Nearly> =>
  F.pipe(
    E.Do,
    E.bind('near', () => outputsNear(oracle, norm, known, feeds)),
    E.bind('more', () => folded(oracle, layer, norm, known, feeds)),
    E.map(({ near, more }) =>
      Object.fromEntries(
        Object.entries(near).map(([name, { value, bound }]) => [
          name,
          { value, bound: zipTensors([bound, more], (one, other) => Math.max(one, other)) },
        ]),
      ),
    ),
  )

/** What a node passes on, and what a norm may be off by beside that where it was made one with the layer before it. */
const passedThrough = (
  oracle: Knowing,
  layer: ProgramNode | undefined,
  node: ProgramNode,
  known: Tensors,
  nearly: Nearly,
  feeds: Tensors,
): Result<Nearly> =>
  F.pipe(
    passedOn(oracle, node, known, nearly, feeds),
    E.flatMap((near) => {
      if (layer === undefined) return E.right(near)
      const most = mapValues(({ value, bound }) => zipTensors([value, bound], (v, b) => Math.abs(v) + b), nearly)
      return F.pipe(
        folded(oracle, layer, node, { ...most, ...known }, feeds),
        E.map((more) =>
          mapValues(
            ({ value, bound }) => ({ value, bound: zipTensors([bound, more], (one, other) => one + other) }),
            near,
          ),
        ),
      )
    }),
  )

const without = (near: Nearly, names: Readonly<Record<string, unknown>>): Nearly =>
  Object.fromEntries(Object.entries(near).filter(([name]) => !Object.hasOwn(names, name)))

const mapToSelf = (names: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.values(names).map((value) => [value, value]))

const wordsOf = ({ name, op, direction, outputs }: ProgramNode, { problem, worst }: Judgement): string =>
  `node ${name} (${op} ${direction}): ${
    problem ??
    `${outputs[worst.output]}${showShape(worst.index)} is ${numberText(worst.got)}, must be ${numberText(worst.want)}; error ÷ bound ${Number(worst.ratio.toPrecision(3))}`
  }`

/** An answer, and what it is held against. */
export interface Answered {
  readonly program: Program
  /** what was fed and carried, as far as it is known */
  readonly given: Tensors
  /** and what of that is known nearly */
  readonly givenNearly: Nearly
  readonly feeds: Tensors
  readonly watch: readonly string[]
  readonly answered: Tensors
  /** what stands before a complaint of a value that is state */
  readonly tellState: (name: string) => string
}

type Ways = Pick<Backend, 'depth' | 'conventions'>

/** Holds an answer against what is known before it: feeds, state, and then every node that can be judged. */
const heldTo = (
  oracle: Knowing,
  { depth = anyOrder, conventions }: Ways,
  { program, given, givenNearly, feeds, watch, answered, tellState }: Answered,
): Result<Heard> => {
  const wrongAt = (message: string): Result<Heard> =>
    E.right({ known: {}, nearly: {}, findings: [], wrong: { message } })
  const missing = watch.find((value) => own(answered, value) === undefined)
  if (missing !== undefined) return wrongAt(`${missing} is missing from the answer`)
  // of what was fed and carried, the copies that are shown
  for (const name of watch) {
    const [fed, left, got] = [own(given, name), own(givenNearly, name), own(answered, name)]
    const problem = fed !== undefined ? copyProblem(name, got, fed) : left && nearProblem(name, got, left)
    if (problem !== undefined) return wrongAt(tellState(name) + problem)
  }
  const visible: Tensors = Object.fromEntries(watch.map((value) => [value, own(answered, value) as Tensor]))
  let known: Tensors = {
    ...given,
    ...Object.fromEntries(
      Object.entries(visible).filter(([name]) => Object.hasOwn(program.inputs, name) && !Object.hasOwn(feeds, name)),
    ),
  }
  let nearly: Nearly = without(givenNearly, { ...visible, ...given })
  const findings: { readonly node: string; readonly judgement: Judgement }[] = []
  for (const node of program.nodes) {
    const reads = readsOf(node)
    const shown = Object.fromEntries(Object.entries(node.outputs).filter(([, value]) => Object.hasOwn(visible, value)))
    const ownWay = ownValues(conventions, node.op, node.direction).length > 0
    const judged = (judgement: Judgement): Heard | undefined => {
      findings.push({ node: node.name, judgement })
      return judgement.problem !== undefined || !(judgement.worst.ratio <= 1)
        ? { known, nearly, findings, wrong: { node: node.name, message: wordsOf(node, judgement), judgement } }
        : undefined
    }
    const layer = ownWay ? undefined : foldable(program.nodes, node, (value) => Object.hasOwn(visible, value))
    if (
      layer !== undefined &&
      reads.every((value) => Object.hasOwn(known, value)) &&
      readsOf(layer).every((name) => Object.hasOwn(known, name))
    ) {
      const near = withFolding(oracle, layer, node, known, feeds)
      if (E.isLeft(near)) return near
      const [[value, one] = ['', undefined]] = Object.entries(near.right)
      const answer = own(visible, value)
      const wrong = one && answer && judged(judgeNear(oracle, node, value, one, answer))
      if (wrong !== undefined) return E.right(wrong)
      nearly = { ...nearly, ...without(near.right, visible) }
    } else if (reads.every((value) => Object.hasOwn(known, value))) {
      if (Object.keys(shown).length > 0) {
        const finding = judgeNode(
          oracle,
          depth,
          { ...known, ...pick(mapToSelf(shown), visible) },
          { feeds, transforms: true, ...(conventions && { conventions }) },
        )({
          ...node,
          outputs: shown,
        })
        if (E.isLeft(finding)) return finding
        const wrong = judged(finding.right.judgement)
        if (wrong !== undefined) return E.right(wrong)
      }
      if (Object.keys(shown).length < Object.keys(node.outputs).length && !ownWay) {
        const near = outputsNear(oracle, node, known, feeds)
        if (E.isLeft(near)) return near
        const exact = exactAmong(near.right)
        known = { ...known, ...exact }
        nearly = { ...nearly, ...without(near.right, { ...exact, ...visible }) }
      }
    } else if (
      passes(node, (value) => Object.hasOwn(known, value)) &&
      !ownWay &&
      [...reads, ...(layer === undefined ? [] : readsOf(layer))].every(
        (value) => Object.hasOwn(known, value) || Object.hasOwn(nearly, value),
      )
    ) {
      const near = passedThrough(oracle, layer, node, known, nearly, feeds)
      if (E.isLeft(near)) return near
      for (const [value, one] of Object.entries(near.right)) {
        const answer = own(visible, value)
        const wrong = answer === undefined ? undefined : judged(judgeNear(oracle, node, value, one, answer))
        if (wrong !== undefined) return E.right(wrong)
      }
      nearly = { ...nearly, ...without(near.right, visible) }
    }
    known = { ...known, ...pick(mapToSelf(shown), visible) }
  }
  return E.right({ known, nearly, findings })
}

/**
 * What an answer says. Where it is wrong behind convolutions, and would be right were these taken by transforms, it is: the node
 * must be judged then as well. Of who is known to take them so they are at once.
 */
export const hear = (oracle: Knowing, ways: Ways, asked: Answered): Result<Heard> => {
  const heard = heldTo(oracle, ways, asked)
  if (E.isLeft(heard) || oracle.transforms === true) return heard
  const { wrong } = heard.right
  if (wrong?.node === undefined || !asked.program.nodes.some(({ op }) => isConvolution(op))) return heard
  return F.pipe(
    heldTo({ ...oracle, transforms: true }, ways, asked),
    E.map((other) =>
      other.wrong === undefined && other.findings.some(({ node }) => node === wrong.node) ? other : heard.right,
    ),
  )
}
