import { either as E } from 'fp-ts'
import { oracle } from '../../../reference/index.js'
import type { Backend } from '../../../spec/backend.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import type { Result } from '../../../spec/error.js'
import { ask, fails } from '../../ask.js'
import { caseAt, indicesOf } from '../../cases.js'
import type { Case } from '../../form.js'
import type { Judgement } from '../../judge.js'
import type { Lost } from '../../nonFinite.js'
import { askSpecials, isNonFinite, judgementOf, specialCases } from '../../nonFinite.js'
import type { Rounding } from '../../probe.js'
import { guarded } from '../../guarded.js'
import { probeUntilWrong } from '../../programs/probe.js'
import { probeRounding } from '../../probe.js'
import { questionTable } from '../../table.js'
import type { linesOf } from './mutant.js'
import { usually } from './usual.js'

/** What the default run has to say of a backend, ended at the first failure. */
export interface Outcome {
  /**
   * `told`: what is wrong is of NaN or the infinities, which the default run tells beside its verdict and a strict one
   * rejects; `hung`, `crashed`: no answer came
   */
  readonly verdict: 'rejected' | 'told' | 'passed' | 'hung' | 'crashed'
  /** the case that failed, and how many were asked until then */
  readonly by?: string
  readonly how?: string
  readonly asked: number
  /** whether the usual two rules would have rejected it */
  readonly absolute: boolean
  readonly relative: boolean
}

const seed = 42

/** The cases of the default run, in its order. */
function* casesOf(op: OpName, direction: Direction): Iterable<Case> {
  for (const index of indicesOf(questionTable, op, direction, 'standard', 0))
    yield caseAt(questionTable, op, direction, seed, index)
}

// a fault has to be one of numbers: a text that no compiler takes is a fault of the bench
const isNoProgram = (problem: string): boolean =>
  /its shader: the device refuses it|is not defined|is not a function|is not iterable/.test(problem)

const wordsFor = ({ worst, problem }: Judgement): string => {
  if (problem !== undefined && isNoProgram(problem)) throw new Error(problem)
  return (
    problem ??
    (worst.ratio <= 1
      ? 'errors of long sums'
      : `${worst.output}[${worst.index.join()}] is ${worst.got}, not ${worst.want}: ${worst.ratio.toPrecision(3)} bounds`)
  )
}

const answered = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

type Question = ReturnType<typeof linesOf>[number]
type Failed = Pick<Outcome, 'by' | 'how'>

const failureAmong = async (
  backend: Backend,
  { op, direction }: Question,
  rounding: Rounding,
  watch: () => void,
): Promise<Failed | undefined> => {
  for (const each of casesOf(op, direction)) {
    watch()
    const { judgement } = answered(await ask(backend, oracle, each)())
    if (judgement !== undefined && fails(judgement, rounding)) return { by: each.seed, how: wordsFor(judgement) }
  }
  return undefined
}

/** Special values that are lost where the backend as it is keeps them. */
const lostBy = async (
  backend: Backend,
  asItIs: () => Promise<Backend>,
  { op, direction }: Question,
): Promise<readonly Lost[]> => {
  const fared = answered(await askSpecials(backend, oracle, specialCases(questionTable, op, direction, seed))())
  const lost = fared.flatMap((one) => (one.lost === undefined ? [] : [one.lost]))
  if (lost.length === 0) return []
  const before = answered(await askSpecials(await asItIs(), oracle, lost)())
  return lost.filter((_, i) => before[i]?.lost === undefined)
}

/** The first of the small programs that fails; none is asked after it. */
const failureOfPrograms = async (backend: Backend, watch: () => void): Promise<Failed | undefined> => {
  const { line } = answered(await probeUntilWrong(guarded(backend), oracle, seed, 'standard', watch)())
  if (line?.failure === undefined) return undefined
  const { at, message, judgement } = line.failure
  return { by: `${line.program}, ${at}`, how: judgement === undefined ? message : wordsFor(judgement) }
}

/**
 * Asks a backend about some ops and directions, and the small programs, until it fails; `watch` hears of every case. What it loses of NaN and the
 * infinities counts where the backend as it is keeps it.
 */
export const tried = async (
  backend: Backend,
  asItIs: () => Promise<Backend>,
  lines: ReturnType<typeof linesOf>,
  programs: boolean,
  watch: () => void = () => undefined,
): Promise<Outcome> => {
  const usual = await usually(backend, oracle, lines)
  const probed = await probeRounding(backend)()
  const rounding = E.isRight(probed) ? probed.right : 'unknown'
  let asked = 0
  let told: Failed | undefined
  const counting = (): void => {
    asked++
    watch()
  }
  for (const line of lines) {
    const failed = await failureAmong(backend, line, rounding, counting)
    if (failed !== undefined) return { verdict: 'rejected', ...failed, asked, ...usual }
    for (const lost of await lostBy(backend, asItIs, line)) {
      const how = wordsFor(judgementOf(lost))
      const by = `${lost.asked.seed}, ${lost.special} in ${lost.into}`
      if (!isNonFinite(lost)) return { verdict: 'rejected', by, how, asked, ...usual }
      told ??= { by, how }
    }
  }
  const failed = programs ? await failureOfPrograms(backend, counting) : undefined
  if (failed !== undefined) return { verdict: 'rejected', ...failed, asked, ...usual }
  return { verdict: told === undefined ? 'passed' : 'told', ...told, asked, ...usual }
}
