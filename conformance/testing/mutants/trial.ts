import { either as E } from 'fp-ts'
import { oracle } from '../../../reference/index.js'
import type { Backend } from '../../../spec/backend.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import { caseAt, indicesOf } from '../../cases.js'
import type { Case } from '../../form.js'
import { probeRounding } from '../../probe.js'
import { questionTable } from '../../table.js'
import { ask, fails } from '../../verify.js'
import type { linesOf } from './mutant.js'
import { usually } from './usual.js'

/** What the default run has to say of a backend, ended at the first failure. */
export interface Outcome {
  readonly verdict: 'rejected' | 'passed' | 'hung' | 'crashed'
  /** the case that failed, and how many were asked until then */
  readonly by?: string
  readonly how?: string
  readonly asked: number
  /** whether the usual two rules would have rejected it */
  readonly absolute: boolean
  readonly relative: boolean
}

const seed = 42

// a fault has to be one of numbers: a text that no compiler takes is a fault of the bench
const isNoProgram = (problem: string | undefined): boolean =>
  problem !== undefined &&
  /its shader: the device refuses it|is not defined|is not a function|is not iterable/.test(problem)

/** The cases of the default run, in its order. */
export function* casesOf(op: OpName, direction: Direction): Iterable<Case> {
  for (const index of indicesOf(questionTable, op, direction, 'standard', 0))
    yield caseAt(questionTable, op, direction, seed, index)
}

/** Asks a backend about some ops and directions until it fails; `watch` hears of every case. */
export const tried = async (
  backend: Backend,
  lines: ReturnType<typeof linesOf>,
  watch: () => void = () => undefined,
): Promise<Outcome> => {
  const { absolute, relative } = await usually(backend, oracle, lines)
  const probed = await probeRounding(backend)()
  const rounding = E.isRight(probed) ? probed.right : 'unknown'
  let asked = 0
  for (const { op, direction } of lines)
    for (const each of casesOf(op, direction)) {
      watch()
      asked++
      const answer = await ask(backend, oracle, each)()
      if (E.isLeft(answer))
        return { verdict: 'crashed', by: each.seed, how: answer.left.message, asked, absolute, relative }
      const { judgement } = answer.right
      if (judgement === undefined || !fails(judgement, rounding)) continue
      const { worst, problem } = judgement
      if (isNoProgram(problem)) throw new Error(problem)
      const how =
        problem ??
        (worst.ratio <= 1
          ? 'errors of long sums'
          : `${worst.output}[${worst.index.join()}] is ${worst.got}, not ${worst.want}: ${worst.ratio.toPrecision(3)} bounds`)
      return { verdict: 'rejected', by: each.seed, how, asked, absolute, relative }
    }
  return { verdict: 'passed', asked, absolute, relative }
}
