import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames } from '../../spec/op.js'
import type { Question } from '../../spec/program.js'
import { caseAt, caseCount, scheduled } from '../cases.js'
import type { Case } from '../form.js'
import { realise } from '../form.js'
import { questionTable } from '../table.js'
import { right } from './shaken.js'

/**
 * An op's corners, and the rows that meet every class of it once for each of the seeds. Rows that meet every pair of classes
 * come behind those, and take seconds to work out.
 */
export const classCases = (op: OpName, direction: Direction, seeds: readonly number[]): readonly Case[] => {
  const corners = caseCount(questionTable, op, direction, 0)
  const count = corners + scheduled(questionTable, op, direction).classes().rows.length
  return seeds.flatMap((seed, turn) =>
    Array.from({ length: count }, (_, i) => i)
      .slice(turn === 0 ? 0 : corners)
      .map((i) => caseAt(questionTable, op, direction, seed, i)),
  )
}

/** A case's question with zeros for numbers: a plan asks for shapes and attributes alone, and drawing takes longer than planning. */
export const blankQuestion = ({ form, ...asked }: Case): Question => {
  const names = [...Object.keys(form.shapes), ...cotangentNames(opOf(asked.op)).map((name) => `d${name}`)]
  const fills = Object.fromEntries(names.map((name) => [name, { constant: 0 }]))
  return right(realise({ ...asked, form: { ...form, fills } }))
}
