import { oracle } from '../../reference/index.js'
import { fieldsBy } from '../../reference/formulas.js'
import type { Formulas } from '../../reference/formulas.js'
import { anyOrder } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Field } from '../../spec/field.js'
import { mapValues } from '../../spec/field.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Question } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import { caseEffort } from '../ask.js'
import type { Profile } from '../cases.js'
import { caseAt, indicesOf } from '../cases.js'
import type { Elements } from '../elements.js'
import { elementsIn } from '../elements.js'
import { realise } from '../form.js'
import { expect, judge } from '../judge.js'
import { questionTable } from '../table.js'
import { formulasIn } from './instrument.js'
import { randomRounding } from './rounding.js'
import { right } from './shaken.js'

/**
 * False alarms: how often the suite rejects f32 arithmetic that rounds either way at random, which is right by
 * definition. It is the formulas themselves, in an arithmetic that errs by as much as WGSL permits.
 */

/** The formulas in such an arithmetic; what it draws follows from the seed. */
export const roundedEitherWay = (seed: number | string): Formulas =>
  formulasIn(randomRounding(draws(keyOf(`false alarms ${seed}`))))

// what is not judged of a large answer is never worked out, and stands as 0
const atElements = ({ shape, ...field }: Field, positions: Elements[string]): Tensor => {
  const data = new Float32Array(sizeOf(shape))
  if (positions === undefined) data.set(Float32Array.from(field.all()))
  else for (let i = 0; i < positions.length; i++) data[positions[i] as number] = field.read(positions[i] as number)
  return { shape, data }
}

const answerOf = (formulas: Formulas, question: Question, elements: Elements): Tensors => {
  const { op, direction, attrs, inputs, cotangents } = question
  const fields = right(fieldsBy(formulas, op, direction, attrs, inputs, cotangents))
  const wanted = question.wanted ?? Object.keys(fields)
  return mapValues(
    (tensor) => tensor,
    Object.fromEntries(
      Object.entries(fields)
        .filter(([name]) => wanted.includes(name))
        .map(([name, field]) => [name, atElements(field, elements[name])]),
    ),
  )
}

/** What came of the cases of an op in a direction at a seed. */
export interface Alarms {
  readonly cases: number
  /** the largest error in bounds: an alarm above 1 */
  readonly worst: number
  /** what was rejected, in words */
  readonly alarms: readonly string[]
}

/** Puts every case of a profile to the formulas as they round here, large ones at the elements that are judged. */
export const alarmsOf = (
  formulas: Formulas,
  op: OpName,
  direction: Direction,
  seed: number,
  profile: Profile,
): Alarms => {
  const alarms: string[] = []
  let worst = 0
  const indices = indicesOf(questionTable, op, direction, profile, 0)
  for (const index of indices) {
    const each = caseAt(questionTable, op, direction, seed, index)
    const question = right(realise(each))
    const elements = right(elementsIn(question, caseEffort, each.seed))
    const { worst: at, problem } = judge({
      oracle,
      question,
      expected: right(expect(oracle, question, anyOrder)),
      answer: answerOf(formulas, question, elements),
      elements,
    })
    worst = Math.max(worst, at.ratio)
    if (problem !== undefined || !(at.ratio <= 1))
      alarms.push(
        `${each.seed}: ${problem ?? `${at.output}[${at.index.join()}] is ${at.got}, not ${at.want}: ${at.ratio.toPrecision(3)} bounds`}`,
      )
  }
  return { cases: indices.length, worst, alarms }
}
