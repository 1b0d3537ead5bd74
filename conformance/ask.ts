import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import type { Dialled } from './dials.js'
import { alienDial, reasonOf } from './dials.js'
import type { Effort } from './elements.js'
import { elementsIn } from './elements.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import { messageOf, mostCopied } from './guarded.js'
import type { Judgement } from './judge.js'
import { expect, judge, unanswered } from './judge.js'
import type { Rounding } from './probe.js'

export interface Asked {
  readonly judgement?: Judgement
  /** why it is neither right nor wrong: a limit of the device, a case that is not its own, or that it was not asked */
  readonly refused?: EtalonError
  /** what was answered, where that are tensors */
  readonly answer?: Tensors
}

/** What is spent on each output of a case. */
export const caseEffort: Effort = { terms: 2 ** 18, least: 256 }

/** What is spent on holding all elements of an output that is judged in part. */
const sumsTerms = 2 ** 23

const independentData = ({ form }: Case): boolean => Object.values(form.fills).every((fill) => fill === 'normal')

/** A case's question, and what a backend answered to it. */
export interface Answered {
  readonly question: Question
  readonly answer: Result<Tensors>
}

/** What a backend answers to a question. One that is not guarded may throw where it should have answered; that is its answer. */
export const attempt = async (backend: Dialled, question: Question): Promise<Answered['answer']> => {
  const alien = alienDial(backend, question)
  if (alien !== undefined) return fail('Unsupported', reasonOf(alien))
  const { program, feeds } = oneNode(question)
  try {
    return F.pipe(await backend.run(program, feeds)(), E.map(answersOf))
  } catch (thrown) {
    return fail('Thrown', messageOf(thrown))
  }
}

/** Whether an error leaves a case neither right nor wrong. */
export const isRefusal = ({ code }: EtalonError): boolean =>
  code === 'LimitExceeded' || code === 'TooLarge' || code === 'Unsupported' || code === 'NotAsked'

/** What is wrong with a case that got no answer, in the words of a failure. */
export const problemOf = ({ code, message }: EtalonError): string =>
  code === 'InvalidAnswer' || code === 'NoAnswer' || code === 'Died'
    ? message
    : code === 'BackendUnavailable'
      ? `it says that it supports this, and answers ${code}: ${message}`
      : `${code}: ${message}`

/** The judgement of a case that got no answer. */
export const withoutAnswer = (error: EtalonError): Judgement => ({
  ...unanswered(problemOf(error)),
  ...(error.code === 'NoAnswer' ? { late: true } : {}),
})

/**
 * Puts one case to a backend.
 *
 * Errors  DeviceLost; whatever the op refuses of the case
 */
export const answerOf =
  (backend: Backend, asked: Case): taskEither.TaskEither<EtalonError, Answered> =>
  async () => {
    const question = realise(asked)
    if (E.isLeft(question)) return question
    const answer = await attempt(backend, question.right)
    return E.isLeft(answer) && answer.left.code === 'DeviceLost'
      ? fail(answer.left.code, answer.left.message)
      : E.right({ question: question.right, answer })
  }

/**
 * Judges what was answered to a case. A limit of the device and a case that is not the backend's own are refusals, its other
 * failures are wrong answers.
 *
 * Errors  whatever the op or the oracle refuses of the case
 */
export const judgeAnswer = (
  oracle: Oracle,
  { depth = anyOrder }: Pick<Backend, 'depth'>,
  asked: Case,
  { question, answer }: Answered,
): Result<Asked> =>
  F.pipe(
    E.Do,
    E.bind('elements', () => elementsIn(question, caseEffort, asked.seed)),
    E.bind('expected', () => expect(oracle, question, depth)),
    E.map(({ elements, expected }) =>
      F.pipe(
        answer,
        E.match(
          (error): Asked => (isRefusal(error) ? { refused: error } : { judgement: withoutAnswer(error) }),
          (values): Asked => ({
            judgement: judge({
              oracle,
              question,
              expected,
              answer: values,
              elements,
              independent: independentData(asked),
              sums: { terms: sumsTerms, seed: asked.seed },
              transforms: true,
            }),
            answer: values,
          }),
        ),
      ),
    ),
  )

/**
 * Puts one case to a backend and judges its answer; only a lost device ends the whole run.
 *
 * Errors  DeviceLost – neither right nor wrong; whatever the op or the oracle refuses of the case
 */
export const ask =
  (backend: Backend, oracle: Oracle, asked: Case): taskEither.TaskEither<EtalonError, Asked> =>
  async () =>
    F.pipe(
      await answerOf(backend, asked)(),
      E.flatMap((answered) => judgeAnswer(oracle, backend, asked, answered)),
    )

// so many turns of promises: what waits for nothing but promises that are kept is through by then
const turns = 64

/**
 * Lets what was asked go as far as it does without waiting, which is to where a device is at work: so that something is
 * judged here meanwhile.
 */
export const letBegin = async (): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
}

/** Whether an answer is what it was when the next question has been asked: a large one may lie where that one's will. */
export const isKept = ({ answer }: Answered): boolean =>
  E.isRight(answer) && Object.values(answer.right).every(({ data }) => data.length <= mostCopied)

/** Whether a judgement fails: Gate A always; Gate S where the backend rounds to nearest. */
export const fails = ({ worst, walks, problem }: Judgement, rounding: Rounding): boolean =>
  problem !== undefined || !(worst.ratio <= 1) || (rounding === 'nearest' && walks.some(({ within }) => !within))

/** In what way an answer fails: of a case that is made small, the smaller one has to fail alike. */
export const wayOf = ({ worst, walks, problem }: Judgement): string => {
  // an error's words tell numbers of the case itself
  if (problem !== undefined) return problem.replaceAll(/\[[^\]]*\]|\d+/g, '#')
  if (!(worst.ratio <= 1)) {
    const kind = (value: number): string => (Number.isFinite(value) ? 'a number' : String(value))
    return `${worst.output}: ${kind(worst.got)} for ${kind(worst.want)}`
  }
  return `${walks.find(({ within }) => !within)?.output ?? 'nothing'}: a walk`
}

/** The same in a few words, by which failures are laid together: no answer, no number where there is one, or a wrong one. */
export const kindOfFailure = ({ worst, problem }: Judgement): string =>
  problem !== undefined
    ? 'no answer'
    : Number.isFinite(worst.want) && !Number.isFinite(worst.got)
      ? 'no number'
      : 'a wrong number'
