import type { OpName } from '../../../spec/catalogue.js'
import type { Form } from '../../form.js'
import { acceptable } from '../../form.js'
import type { Factor, Row } from '../covering.js'
import { covering } from '../covering.js'
import { factor } from '../subject.js'

/** Covering arrays of what people write down: not classes, but the very values by their names. */

export type Table<A> = Readonly<Record<string, A>>

/** A factor of the names of a table. */
export const named = <A>(name: string, table: Table<A>): Factor => factor(name, ...Object.keys(table))
/** What a row says of a factor. */
export const of = <A>(table: Table<A>, row: Partial<Row>, name: string): A => table[row[name] as string] as A

/** Forms of rows in which any four values meet, or any three, as far as the op accepts them. */
export const rowsOf = (
  op: OpName,
  strength: 3 | 4,
  factors: readonly Factor[],
  form: (row: Row, turn: number) => Form,
): readonly Form[] => {
  const whole = (row: Partial<Row>): row is Row => factors.every(({ name }) => row[name] !== undefined)
  const { rows } = covering(factors, {
    strength,
    seed: `common ${op}`,
    possible: (row) => !whole(row) || acceptable(op, form(row, 0)),
  })
  return rows.map(form)
}
