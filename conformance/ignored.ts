import { either as E } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import type { Oracle } from '../spec/oracle.js'
import type { Question } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { sameShape } from '../spec/tensor.js'
import { attempt } from './ask.js'
import { caseAt, indicesOf } from './cases.js'
import { asksOthers, dialsOf, ofGradients } from './dials.js'
import type { Case } from './form.js'
import { numbersIn, realise } from './form.js'
import type { QuestionTable } from './questions.js'

/**
 * Dials that a backend does not have. Libraries lawfully differ in a slope at a kink, in who of tied maxima gets the
 * gradient and in ε's place, and most have no argument for it: one that answers the same whatever it is asked does not
 * know the dial, and is held against the catalogue's own value alone. One that answers otherwise knows it, and is held
 * against all of them.
 */

// what is answered at once
const [smallEnough, mostAsked] = [2000, 4]

type Alike = (a: number, b: number) => boolean

const alike = (a: Tensors, b: Tensors, same: Alike): boolean =>
  Object.entries(a).every(([name, { shape, data }]) => {
    const other = b[name]
    if (other === undefined || !sameShape(shape, other.shape) || data.length !== other.data.length) return false
    for (let i = 0; i < data.length; i++) if (!same(data[i] as number, other.data[i] as number)) return false
    return true
  })

// further apart than any rounding takes them
const apart = 1e-3
const nearly: Alike = (a, b) => !(Math.abs(a - b) > apart * Math.max(Math.abs(a), Math.abs(b)))

/** Small cases of an op at another value of a dial than the catalogue's, where that makes a difference. */
function* telling(
  oracle: Oracle,
  table: QuestionTable,
  op: OpName,
  direction: Direction,
  dial: string,
  seed: number,
): Generator<{ readonly question: Question; readonly own: Question; readonly asked: Case }> {
  const value = dialsOf(op)[dial]?.[0]
  const answerTo = ({ attrs, inputs, cotangents }: Question): Result<Tensors> =>
    oracle.evaluate(op, direction, attrs, inputs, cotangents)
  for (const index of indicesOf(table, op, direction, 'standard', 0)) {
    const asked = caseAt(table, op, direction, seed, index)
    const given = asked.form.attrs[dial]
    if (value === undefined || given === undefined || given === value || numbersIn(asked.form) > smallEnough) continue
    const question = realise(asked)
    if (E.isLeft(question)) continue
    const own = { ...question.right, attrs: { ...question.right.attrs, [dial]: value } }
    const [one, other] = [answerTo(question.right), answerTo(own)]
    if (E.isRight(one) && E.isRight(other) && !alike(one.right, other.right, nearly))
      yield { question: question.right, own, asked }
  }
}

/**
 * The dials of an op that a backend does not say it takes, and that make no difference to what it answers; what it was
 * asked for that is added to what it was asked so far.
 */
export const ignoredDials = async (
  backend: Backend,
  oracle: Oracle,
  table: QuestionTable,
  op: OpName,
  seed: number,
  history: Case[],
): Promise<readonly string[]> => {
  if (backend.dials !== undefined) return []
  const ignored: string[] = []
  for (const dial of Object.keys(dialsOf(op))) {
    const direction = ofGradients.includes(dial) ? 'backward' : 'forward'
    if (!asksOthers(dial) || (direction === 'backward' && !hasBackward(op)) || !backend.supports(op, direction))
      continue
    let [asked, knows] = [0, false]
    for (const { question, own, asked: one } of telling(oracle, table, op, direction, dial, seed)) {
      if (asked === mostAsked || knows) break
      asked++
      const first = await attempt(backend, question)
      const second = await attempt(backend, own)
      history.push(one, {
        ...one,
        form: { ...one.form, attrs: { ...one.form.attrs, [dial]: own.attrs[dial] as never } },
      })
      // to refuse is to know, too
      knows = E.isRight(first) ? E.isLeft(second) || !alike(first.right, second.right, Object.is) : E.isRight(second)
    }
    if (asked > 0 && !knows) ignored.push(dial)
  }
  return ignored
}
