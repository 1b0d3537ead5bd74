import { oracle } from '../../reference/index.js'
import type { Formulas } from '../../reference/formulas.js'
import { fieldsBy } from '../../reference/formulas.js'
import { anyOrder } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { fromKernels } from '../../spec/fromKernels.js'
import type { Field } from '../../spec/field.js'
import { mapValues } from '../../spec/field.js'
import type { Numbers, Tensor } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import { caseEffort } from '../ask.js'
import type { Profile } from '../cases.js'
import { caseAt, indicesOf } from '../cases.js'
import { elementsIn } from '../elements.js'
import type { Case } from '../form.js'
import { realise } from '../form.js'
import { expect, judge } from '../judge.js'
import { probeProgram } from '../programs/probe.js'
import { scenarios } from '../programs/scenarios.js'
import { questionTable } from '../table.js'
import { formulasIn, inArithmetic } from './instrument.js'
import { randomRounding } from '../rewritings/rounding.js'
import { reseeded } from './reseeded.js'
import { right } from './shaken.js'

/**
 * False alarms: whether the suite rejects f32 arithmetic that rounds either way at random, which is right by definition.
 * The formulas of the reference are worked out in it, whole where an answer is judged whole, and at the judged elements
 * where it is large.
 */

/** What came of a line of cases at one seed. */
export interface Heard {
  readonly cases: number
  readonly worst: number
  readonly alarms: readonly string[]
}

// only the elements that are judged: nobody looks at the others
const answerAt = (field: Field, positions: Numbers | undefined): Tensor => {
  if (positions === undefined) return { shape: field.shape, data: field.all() }
  const data = new Float32Array(sizeOf(field.shape))
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i] as number
    data[position] = field.read(position)
  }
  return { shape: field.shape, data }
}

const hear = (formulas: Formulas, asked: Case): { readonly ratio: number; readonly said: string | undefined } => {
  const question = right(realise(asked))
  const { op, direction, attrs, inputs, cotangents, wanted } = question
  const elements = right(elementsIn(question, caseEffort, asked.seed))
  const fields = right(fieldsBy(formulas, op, direction, attrs, inputs, cotangents))
  const asWanted = Object.fromEntries(Object.entries(fields).filter(([name]) => wanted?.includes(name) ?? true))
  const answer = Object.fromEntries(
    Object.entries(mapValues((field) => field, asWanted)).map(([name, field]) => [
      name,
      answerAt(field, elements[name]),
    ]),
  )
  const expected = right(expect(oracle, question, anyOrder))
  const { worst, problem } = judge({ oracle, question, expected, answer, elements })
  const said =
    problem ?? (worst.ratio <= 1 ? undefined : `${worst.output}[${worst.index.join()}] is off by ${worst.ratio} bounds`)
  return { ratio: worst.ratio, said: said === undefined ? undefined : `${asked.seed}: ${said}` }
}

/** The formulas in arithmetic that rounds either way, as a seed says. */
const roundingFrom = reseeded((draw): Formulas => formulasIn(randomRounding(draw)))

/**
 * Every case of a profile, of one op in a direction, at one seed, in arithmetic whose roundings follow from the seed; or one
 * in so many, others at other seeds.
 */
export const falseAlarms = (op: OpName, direction: Direction, profile: Profile, seed: number, every = 1): Heard => {
  const formulas = roundingFrom(`false alarms ${seed} ${op} ${direction}`)
  return indicesOf(questionTable, op, direction, profile, 0)
    .filter((_, at) => at % every === seed % every)
    .reduce<Heard>(
      (heard, index) => {
        const { ratio, said } = hear(formulas, caseAt(questionTable, op, direction, seed, index))
        return {
          cases: heard.cases + 1,
          worst: Math.max(heard.worst, ratio),
          alarms: said === undefined ? heard.alarms : [...heard.alarms, said],
        }
      },
      { cases: 0, worst: 0, alarms: [] },
    )
}

/** The backend of that arithmetic. */
const roundingBackendFrom = reseeded((draw) => fromKernels('either neighbour', inArithmetic(randomRounding(draw))))

/** The same of programs: every one of a profile, or one in so many. */
export const falseAlarmsOfPrograms = async (profile: Profile, seed: number, every = 1): Promise<Heard> => {
  let heard: Heard = { cases: 0, worst: 0, alarms: [] }
  for (const [at, asked] of scenarios(seed, profile).entries()) {
    if (at % every !== seed % every) continue
    const backend = roundingBackendFrom(`false alarms ${seed} ${asked.name}`)
    const { cases, worst, failed, failure } = right(await probeProgram(backend, oracle, asked)())
    heard = {
      cases: heard.cases + cases,
      worst: Math.max(heard.worst, worst?.ratio ?? 0),
      alarms:
        failed === 0 ? heard.alarms : [...heard.alarms, `program '${asked.name}', ${failure?.at}: ${failure?.message}`],
    }
  }
  return heard
}
