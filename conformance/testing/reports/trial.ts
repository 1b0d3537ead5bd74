import { either as E } from 'fp-ts'
import { oracle } from '../../../reference/index.js'
import type { FailureGroup, Line, Verdict } from '../../line.js'
import { questionTable } from '../../table.js'
import type { Item } from '../../verify.js'
import { verify } from '../../verify.js'
import { linesOf } from '../mutants/mutant.js'
import { right } from '../shaken.js'
import { realise } from '../../form.js'
import { opening, planted } from './planted.js'
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
}

const seed = 42

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

/** Puts a reported fault to the standard run of the ops that it touches, ended at the first line that says something. */
export const tried = async (report: Report, profile: 'standard' | 'quick' = 'standard'): Promise<Outcome> => {
  const queue: readonly Item[] = report.program === undefined ? linesOf(report) : ['programs']
  let found: Line | undefined
  const { lines, programs } = right(
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
        shrinking: { cases: 20_000, seconds: 5 },
        stopped: () => found !== undefined,
      },
      ({ line }) => {
        if (line !== undefined && saysSomething(line)) found ??= line
      },
    )(),
  )
  if (found !== undefined) return outcomeOf(found)
  const wrong = programs?.find(({ verdict }) => verdict === 'not-conformant')
  if (wrong !== undefined) return { seen: true, verdict: 'not-conformant', line: 'programs', told: wrong.program }
  return { seen: false, verdict: 'conformant', cases: lines.reduce((n, line) => n + line.cases, 0) }
}
