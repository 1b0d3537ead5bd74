import { either as E, function as F } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, fail } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import type { Effort } from './elements.js'
import { elementsIn } from './elements.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import type { Judgement } from './judge.js'
import { expect, judge, unanswered } from './judge.js'
import type { Rounding } from './probe.js'

export interface Asked {
  readonly judgement?: Judgement
  readonly refused?: EtalonError
}

/** What is spent on each output of a case. */
export const caseEffort: Effort = { terms: 2 ** 18, least: 256 }

const independentData = ({ form }: Case): boolean => Object.values(form.fills).every((fill) => fill === 'normal')

// A library that was wrapped may throw where it should have answered; that is its answer.
export const attempt = async (
  backend: Backend,
  { program, feeds }: ReturnType<typeof oneNode>,
): Promise<either.Either<EtalonError | { readonly code: 'Thrown'; readonly message: string }, Tensors>> => {
  try {
    return await backend.run(program, feeds)()
  } catch (thrown) {
    return E.left({ code: 'Thrown', message: thrown instanceof Error ? thrown.message : String(thrown) })
  }
}

/**
 * Puts one case to a backend and judges its answer. A limit of the device is a refusal, a backend's other failures are
 * wrong answers; only a lost device ends the whole run.
 *
 * Errors  DeviceLost – neither right nor wrong; whatever the op or the oracle refuses of the case
 */
export const ask =
  (backend: Backend, oracle: Oracle, asked: Case): taskEither.TaskEither<EtalonError, Asked> =>
  async () => {
    const question = realise(asked)
    if (E.isLeft(question)) return question
    const elements = elementsIn(question.right, caseEffort, asked.seed)
    if (E.isLeft(elements)) return elements
    const expected = expect(oracle, question.right, backend.depth ?? anyOrder)
    if (E.isLeft(expected)) return expected
    return F.pipe(
      await attempt(backend, oneNode(question.right)),
      E.map((values): Asked => ({
        judgement: judge({
          oracle,
          question: question.right,
          expected: expected.right,
          answer: answersOf(values),
          elements: elements.right,
          independent: independentData(asked),
        }),
      })),
      E.orElse((error): Result<Asked> =>
        error.code === 'DeviceLost'
          ? fail(error.code, error.message)
          : error.code === 'LimitExceeded' || error.code === 'TooLarge'
            ? E.right({ refused: etalonError(error.code, error.message) })
            : E.right({ judgement: unanswered(`${error.code}: ${error.message}`) }),
      ),
    )
  }

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
