import { either as E } from 'fp-ts'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Form } from '../form.js'
import { acceptable } from '../form.js'
import { largeOf } from './common/large.js'
import { alongAnAxis, concat, everyExtent, farRows, rowOps } from './common/rows.js'
import { conv1d, conv2d, convTranspose2d, pool } from './common/windows.js'
import type { Row } from './covering.js'
import { measure } from './extents.js'
import type { Subject } from './subject.js'

/**
 * Small layers by what people write down of them: the very filter, step and padding, and whether an image is square, higher
 * or wider, of one channel or of eight. Classes say that a filter is one-sided and a step differs by axis; a report names four
 * or five things at once, “a 3×2 filter padded by one all round with stride 2, more than one channel”. So any four of these
 * meet. The same in every run, whatever its seed.
 */

const own: Readonly<Partial<Record<OpName, (op: OpName) => readonly Form[]>>> = {
  conv2d,
  conv1d,
  convTranspose2d,
  maxPool2d: pool,
  avgPool2d: pool,
  concat,
  softmax: alongAnAxis,
  logSoftmax: alongAnAxis,
}

// what was worked out serves both directions
const known = new Map<OpName, readonly Form[]>()

/** Small layers of an op by what people write down of them. */
export const commonOf = (
  op: OpName,
  direction: Direction,
  one: Subject,
  plain: (fixed: Row) => Row,
): readonly Form[] => {
  const made = own[op]
  const forms = made === undefined ? everyExtent(one, plain) : (known.get(op) ?? made(op))
  if (made !== undefined) known.set(op, forms)
  return [...forms, ...(rowOps.includes(op) ? farRows(op) : []), ...(largeOf[op]?.[direction] ?? [])].filter(
    (form) => acceptable(op, form) && E.isRight(measure(op, form)),
  )
}
