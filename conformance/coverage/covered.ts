import { either as E } from 'fp-ts'
import type { OpName } from '../../spec/catalogue.js'
import type { Form } from '../form.js'
import type { Covering, Row } from './covering.js'
import { met } from './covering.js'
import { measure } from './extents.js'
import { reaches, rungs } from './ladder.js'
import type { Schedule } from './schedule.js'

/** How much of something was met, of all that can be. */
export interface Share {
  readonly met: number
  readonly of: number
}

/** What the cases that a backend answered cover of an op in a direction. */
export interface Covered {
  readonly classes: Share
  /** left out where nobody asked for pairs */
  readonly pairs?: Share
  /** where every triple is wanted: of the factors that it is wanted of */
  readonly triples?: Share
  /** per axis, the rungs of its ladder */
  readonly extents: Readonly<Record<string, Share>>
}

/** A case that was answered: its row, if it came from one, and its form. */
export interface Answered {
  readonly row?: Row
  readonly form: Form
}

/** What answered cases cover, at most up to a strength. */
export const coveredBy = (
  op: OpName,
  { subject, classes, pairs, triples }: Schedule,
  answered: readonly Answered[],
  strength: 1 | 3,
): Covered => {
  const rows = answered.flatMap(({ row }) => (row === undefined ? [] : [row]))
  // where a triple is met, what is to be plain is so
  const axes = subject.factors.find(({ name }) => name === subject.plainly)
  const plain = rows.filter((row) => axes === undefined || row[axes.name] === axes.classes[0])
  const share = ({ tuples }: Covering, core?: readonly string[]): Share => ({
    met: rows.length === 0 ? 0 : met(subject.factors, core === undefined ? rows : plain, tuples.strength, core),
    of: tuples.feasible,
  })
  const measured = answered.flatMap(({ form }) => {
    const one = measure(op, form)
    return E.isRight(one) ? [one.right.extents] : []
  })
  return {
    classes: share(classes()),
    ...(strength === 1 ? {} : { pairs: share(pairs()) }),
    ...(strength === 1 || triples === undefined ? {} : { triples: share(triples(), subject.core) }),
    extents: Object.fromEntries(
      Object.entries(subject.ladder).map(([letter, end]) => {
        const ladder = rungs.filter(({ most }) => most <= end)
        return [
          letter,
          {
            met: ladder.filter((rung) => measured.some((extents) => reaches(rung, extents[letter] ?? 0))).length,
            of: ladder.length,
          },
        ]
      }),
    ),
  }
}
