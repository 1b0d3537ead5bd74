import { either as E } from 'fp-ts'
import { createHash } from 'node:crypto'
import { oracle as reference } from '../../../reference/index.js'
import type { Field } from '../../../spec/field.js'
import { mapValues } from '../../../spec/field.js'
import type { Oracle } from '../../../spec/oracle.js'
import type { Numbers } from '../../../spec/tensor.js'
import { sizeOf } from '../../../spec/tensor.js'
import type { FailureGroup, Line, Verdict } from '../../line.js'
import { questionTable } from '../../table.js'
import type { Item } from '../../verify.js'
import { guarded } from '../../guarded.js'
import { probeUntilWrong } from '../../programs/probe.js'
import { verify } from '../../verify.js'
import { linesOf } from '../mutants/mutant.js'
import { right } from '../shaken.js'
import { ask, fails } from '../../ask.js'
import { caseAt } from '../../cases.js'
import { realise } from '../../form.js'
import { askSpecials, isNonFinite, specialCases } from '../../nonFinite.js'
import type { Backend } from '../../../spec/backend.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import { opening, planted, seed, struckBy } from './planted.js'
import type { Report } from './report.js'

/** What `verify` says of a backend with a reported fault: the first line that says something, or that none does. */
export interface Outcome {
  /** whether the run says that something is wrong: by its verdict, or beside it where only NaN or an infinity is lost */
  readonly seen: boolean
  readonly verdict: Verdict | 'told'
  /** the line: op and direction, or `programs` */
  readonly line?: string
  readonly failed?: number
  readonly cases?: number
  /** how the first group is told */
  readonly told?: string
  /** the smallest case of the first group: how many numbers it has, and how many other than 0 */
  readonly numbers?: number
  readonly nonZero?: number
  /** questions of the shortest sequence that shows it, where it takes one */
  readonly sequence?: number
  /** the first case that fails, where the run was ended there, so that no more is known */
  readonly by?: string
}

// what an oracle worked out, of answers that are not large: so many elements in all
const mostKept = 3e7
const largestKept = 3e5

const bytesOf = (tensor: { readonly data: Numbers | undefined }): Uint8Array | undefined =>
  tensor.data instanceof Float32Array || tensor.data instanceof Float64Array
    ? new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
    : undefined

/**
 * The oracle, which knows again what it was asked before: most cases of a line are the same for every fault that touches it.
 * An answer is a field, which keeps what was read of it.
 */
const remembering = (given: Oracle): Oracle => {
  const known = new Map<string, ReturnType<Oracle['fields']>>()
  let kept = 0
  const fields: Oracle['fields'] = (op, direction, attrs, inputs, cotangents) => {
    const hash = createHash('sha1').update(JSON.stringify([op, direction, attrs]))
    for (const [name, tensor] of [...Object.entries(inputs), ...Object.entries(cotangents)]) {
      const bytes = bytesOf(tensor)
      if (bytes === undefined) return given.fields(op, direction, attrs, inputs, cotangents)
      hash.update(`${name} ${tensor.shape.join()} ${bytes.length}`).update(bytes)
    }
    const key = hash.digest('base64')
    const before = known.get(key)
    if (before !== undefined) return before
    const made = given.fields(op, direction, attrs, inputs, cotangents)
    const size = E.isRight(made) ? Object.values(made.right).reduce((n, { shape }) => n + sizeOf(shape), 0) : 0
    if (size > largestKept || kept + size > mostKept) return made
    const result = E.isLeft(made) ? made : E.right(mapValues(onceWhole, made.right))
    known.set(key, result)
    kept += size
    return result
  }
  return { ...given, fields }
}

const onceWhole = (field: Field): Field => {
  let whole: Numbers | undefined
  return { ...field, all: () => (whole ??= field.all()) }
}

let asked = ''
let oracle = remembering(reference)

// what a person has to read: inputs and cotangents of the smallest case
const readIn = (line: Line): Pick<Outcome, 'numbers' | 'nonZero'> => {
  if (line.failure === undefined) return {}
  const question = realise(line.failure.smallest)
  if (E.isLeft(question)) return {}
  const data = [...Object.values(question.right.inputs), ...Object.values(question.right.cotangents)].flatMap(
    ({ data }) => Array.from({ length: data.length }, (_, i) => data[i] as number),
  )
  return { numbers: data.length, nonZero: data.filter((value) => value !== 0).length }
}

const toldOf = ({ traits, failed, of }: FailureGroup): string =>
  `${failed} of ${of}${traits.length === 0 ? '' : ` with ${traits.join(' and ')}`}`

const saysSomething = ({ verdict, nonFinite }: Line): boolean =>
  !['conformant', 'unsupported'].includes(verdict) || nonFinite === 'lost'

const outcomeOf = (line: Line): Outcome => {
  const { op, direction, verdict, failed, cases, groups, sequence, lost } = line
  const name = `${op} ${direction}`
  if (verdict === 'conformant')
    return { seen: true, verdict: 'told', line: name, told: `${lost?.special ?? 'NaN'} in ${lost?.into ?? 'x'}` }
  return {
    seen: true,
    verdict,
    line: name,
    failed,
    cases,
    ...(groups[0] === undefined ? {} : { told: toldOf(groups[0]) }),
    ...readIn(line),
    ...(sequence === undefined ? {} : { sequence: sequence.cases.length }),
  }
}

/** Puts a fault of programs to the programs of a run, ended at the first that is wrong. */
const triedInPrograms = async (backend: Backend, profile: 'standard' | 'quick'): Promise<Outcome> => {
  // as verify asks
  const { line, cases } = right(await probeUntilWrong(guarded(backend), reference, seed, profile)())
  return line === undefined
    ? { seen: false, verdict: 'conformant', cases }
    : { seen: true, verdict: 'not-conformant', line: 'programs', told: line.program }
}

/** Puts a reported fault to the standard run of the ops that it touches, ended at the first line that says something. */
export const tried = async (report: Report, profile: 'standard' | 'quick' = 'standard'): Promise<Outcome> => {
  if (report.program !== undefined) return triedInPrograms(planted(report), profile)
  const queue: readonly Item[] = linesOf(report)
  // of one op after the other
  if (JSON.stringify(queue) !== asked) oracle = remembering(reference)
  asked = JSON.stringify(queue)
  let found: Line | undefined
  const { lines } = right(
    await verify(
      planted(report),
      oracle,
      questionTable,
      {
        profile,
        runs: 0,
        seed,
        queue,
        reopen: opening(report),
        shrinking: { cases: 1000 },
        stopped: () => found !== undefined,
      },
      ({ line }) => {
        if (line !== undefined && saysSomething(line)) found ??= line
      },
    )(),
  )
  if (found !== undefined) return outcomeOf(found)
  return { seen: false, verdict: 'conformant', cases: lines.reduce((n, line) => n + line.cases, 0) }
}

const failsAt = async (
  backend: Backend,
  op: OpName,
  direction: Direction,
  index: number,
): Promise<string | undefined> => {
  const asked = caseAt(questionTable, op, direction, seed, index)
  const { judgement } = right(await ask(backend, reference, asked)())
  // Gate S as well: the plain backend rounds to nearest
  return judgement !== undefined && fails(judgement, 'nearest') ? asked.seed : undefined
}

/**
 * The same, ended at the first case that fails, among those that the fault may strike; and where none does, at the first
 * special value that is lost. What hangs on other questions is seen by a whole run only.
 */
export const triedBriefly = async (report: Report): Promise<Outcome | undefined> => {
  const backend = planted(report)
  for (const { op, direction, indices } of struckBy(report)) {
    for (const index of indices) {
      const by = await failsAt(backend, op, direction, index)
      if (by !== undefined) return { seen: true, verdict: 'not-conformant', line: `${op} ${direction}`, by }
    }
    const specials = right(await askSpecials(backend, reference, specialCases(questionTable, op, direction, seed))())
    const lost = specials.find((one) => one.lost !== undefined)
    if (lost !== undefined)
      return {
        seen: true,
        verdict: isNonFinite(lost) ? 'told' : 'not-conformant',
        line: `${op} ${direction}`,
        told: `${lost.special} in ${lost.into}`,
      }
  }
  return undefined
}
