import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { caseOfId } from '../conformance/cases.js'
import type { Case } from '../conformance/form.js'
import { parseCase, parseCases, printCase } from '../conformance/form.js'
import type { Judgement } from '../conformance/judge.js'
import { printBriefly } from '../conformance/probeReport.js'
import type { Rounding } from '../conformance/probe.js'
import { probeRounding } from '../conformance/probe.js'
import type { QuestionTable } from '../conformance/questions.js'
import { differenceOf } from '../conformance/repetition.js'
import type { Ink } from '../conformance/text.js'
import { printDevice, printJudgement, printQuestion, printReason } from '../conformance/failureReport.js'
import { ask, fails } from '../conformance/ask.js'
import { guarded } from '../conformance/guarded.js'
import type { Backend } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Tensors } from '../spec/tensor.js'
import { showShape } from '../spec/tensor.js'
import { closing } from './closing.js'
import type { ExitCode } from './exit.js'
import { exit, exitOfOpening } from './exit.js'
import { complainTo, inkFor } from './terminal.js'
import type { Rim } from './rim.js'
import { timeLimit } from './timeLimit.js'

/** Replaying, wherever the backend is: in this process or in a browser. Nothing here asks anything of Node. */

/** The cases that a person names: one by its id, or as the JSON that a failure prints, which may be a list of some. */
export const casesNamed = (table: QuestionTable, text: string): Result<readonly Case[]> => {
  const json = text.trim()
  return json.startsWith('[')
    ? parseCases(json)
    : F.pipe(
        json.startsWith('{') ? parseCase(json) : caseOfId(table, json),
        E.map((one) => [one]),
      )
}

/** Whether it is a failure, or why there is no saying so. */
type Outcome = 'conformant' | 'not-conformant' | 'not run' | 'unsupported'

/** The answer to one of the cases. */
interface Replayed {
  readonly asked: Case
  readonly outcome: Outcome
  readonly judgement?: Judgement
  readonly answer?: Tensors
  /** why it was not run */
  readonly reason?: string
}

const replayOne = async (
  backend: Backend,
  oracle: Oracle,
  asked: Case,
  rounding: Rounding,
): Promise<Result<Replayed>> => {
  if (!backend.supports(asked.op, asked.direction))
    return E.right({ asked, outcome: 'unsupported', reason: `${backend.name} has no ${asked.op} ${asked.direction}` })
  return F.pipe(
    await ask(backend, oracle, asked)(),
    E.map(({ judgement, refused, answer }): Replayed =>
      judgement === undefined
        ? refused?.code === 'Unsupported'
          ? { asked, outcome: 'unsupported', reason: refused.message }
          : { asked, outcome: 'not run', reason: `${refused?.code}: ${refused?.message}` }
        : {
            asked,
            outcome: fails(judgement, rounding) ? 'not-conformant' : 'conformant',
            judgement,
            ...(answer && { answer }),
          },
    ),
  )
}

const verdictOf = ({ outcome, reason }: Replayed, ink: Ink): string =>
  outcome === 'conformant'
    ? ink.good(outcome)
    : outcome === 'not-conformant'
      ? ink.bad(outcome)
      : `${outcome}: ${reason}`

/** What is new about an answer to a question that was asked before. */
const changeOf = ({ asked, answer }: Replayed, before: readonly Replayed[]): string => {
  const first = before.find((one) => printCase(one.asked) === printCase(asked))
  if (first?.answer === undefined || answer === undefined) return ''
  const difference = differenceOf(first.answer, answer)
  return difference === undefined
    ? ', the same in bits as the first time'
    : `, ${difference.output}${showShape(difference.index)} is ${difference.again}, was ${difference.first} the first time`
}

/**
 * Asks the backend that `rim` opens one case, or some in a row, and says what came of it: of the last in full, of those
 * before it in a line. It fails where any of them does.
 */
export const replayWith = async (
  rim: Pick<Rim, 'open' | 'oracle' | 'table' | 'out' | 'err'>,
  texts: string | readonly string[],
  device: DeviceChoice,
  name = 'webgpu',
  caseTimeout = 30,
): Promise<ExitCode> => {
  const complain = complainTo(rim.err)
  const ink = inkFor(rim.out)
  const say = (line: string): void => void rim.out.write(`${line}\n`)
  const found = E.traverseArray((text: string) => casesNamed(rim.table, text))([texts].flat())
  if (E.isLeft(found)) {
    complain(`${found.left.code}: ${found.left.message}`)
    return exit.usage
  }
  const opened = await rim.open(device, name)()
  if (E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exitOfOpening(opened.left)
  }
  const cases = found.right.flat()
  const backend = guarded(opened.right, { limit: timeLimit(caseTimeout), reopen: rim.open(device, name) })
  const inTurn = async (): Promise<Result<readonly Replayed[]>> => {
    // what finds out how a backend rounds is a question, too: it comes where it cannot be the one that matters
    const answers: Replayed[] = []
    for (const [i, asked] of cases.entries()) {
      const last = i === cases.length - 1
      if (last) say(printQuestion(asked, ink))
      const replayed = await replayOne(backend, rim.oracle, asked, 'unknown')
      if (E.isLeft(replayed)) return replayed
      if (!last)
        say(
          `${i + 1} of ${cases.length}: ${printBriefly(asked)}: ${verdictOf(replayed.right, ink)}${changeOf(replayed.right, answers)}`,
        )
      answers.push(replayed.right)
    }
    return E.right(answers)
  }
  const asking = async (): Promise<Result<readonly Replayed[]>> => {
    const answers = await inTurn()
    if (E.isLeft(answers)) return answers
    const rounding = F.pipe(
      await probeRounding(backend)(),
      E.getOrElse((): Rounding => 'unknown'),
    )
    return E.right(
      answers.right.map((one) =>
        one.judgement !== undefined && fails(one.judgement, rounding) ? { ...one, outcome: 'not-conformant' } : one,
      ),
    )
  }
  const replayed = await asking().finally(async () => {
    await backend.closeOthers()
    await closing(rim, opened.right)
  })
  if (E.isLeft(replayed)) {
    complain(`${replayed.left.code}: ${replayed.left.message}`)
    return replayed.left.code === 'DeviceLost' ? exit.noBackend : exit.usage
  }
  const [last, before] = [replayed.right.at(-1) as Replayed, replayed.right.slice(0, -1)]
  if (last.judgement !== undefined) {
    say(printJudgement(last.judgement))
    say(printReason(last.asked, last.judgement))
    say(printDevice(backend.fingerprint, ink))
  }
  const change = changeOf(last, before)
  say(`${verdictOf(last, ink)}${change}`)
  return replayed.right.some(({ outcome }) => outcome === 'not-conformant') ? exit.notConformant : exit.ok
}
