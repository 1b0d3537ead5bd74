import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, parseOpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show, within } from '../spec/error.js'
import type { Known, Line, Report, Verdict } from './line.js'

/**
 * A ledger of known failures: what a backend is known to get wrong, why, and until when. What fails as the ledger says
 * does not fail the run, and what the ledger says fails and does not, does: so it never hides more than it was meant to.
 */

/** Something that is known to fail. */
export interface Skip extends Known {
  readonly op: OpName
  /** both, each of which must fail, where it is left out */
  readonly direction?: Direction
}

const fields = ['op', 'direction', 'reason', 'expires', 'traits'] as const

const entryCodec = t.intersection([
  t.type({ op: t.string, reason: t.string, expires: t.string }),
  t.partial({ direction: t.keyof({ forward: null, backward: null }), traits: t.readonlyArray(t.string) }),
])

// 2026-02-30 is none
const isDate = (text: string): boolean => {
  const [, year, month, day] = (/^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return false
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

const entryOf = (value: unknown, today: string): Result<Skip> =>
  F.pipe(
    entryCodec.decode(value),
    E.mapLeft((errors) => {
      const last = errors[0]
      const key = last?.context.at(-1)?.key
      return etalonError(
        'FormatInvalid',
        key === undefined || !fields.some((name) => name === key)
          ? `found ${show(value)}, wanted an object with op, reason and expires`
          : `its ${key} is ${show(last?.value)}, wanted ${last?.context.at(-1)?.type.name ?? ''}`,
      )
    }),
    E.tap((entry) => {
      const stranger = Object.keys(entry).find((name) => !fields.some((field) => field === name))
      return ensure(
        stranger === undefined,
        'FormatInvalid',
        `an entry has no field ${show(stranger)}; it has ${fields.join(', ')}`,
      )
    }),
    E.bindTo('entry'),
    E.bind('op', ({ entry }) => parseOpName(entry.op)),
    E.tap(({ op, entry }) =>
      ensure(entry.direction !== 'backward' || hasBackward(op), 'NoBackward', `${op} has no backward`),
    ),
    E.tap(({ op, entry }) => ensure(entry.reason.trim() !== '', 'FormatInvalid', `the entry of ${op} gives no reason`)),
    E.tap(({ op, entry: { expires } }) =>
      ensure(
        isDate(expires),
        'FormatInvalid',
        `the entry of ${op} expires ${show(expires)}; wanted a date such as 2030-12-31`,
      ),
    ),
    E.tap(({ op, entry: { expires, reason } }) =>
      ensure(
        expires >= today,
        'FormatInvalid',
        `the entry of ${op} (${reason}) expired on ${expires}: mend what it is about, or give it another date`,
      ),
    ),
    E.map(({ op, entry: { direction, reason, expires, traits } }): Skip => ({
      op,
      ...(direction === undefined ? {} : { direction }),
      reason,
      expires,
      ...(traits === undefined || traits.length === 0 ? {} : { traits }),
    })),
  )

/**
 * A ledger from the text of its file, a JSON list of entries, on a day, an ISO date.
 *
 * Errors  FormatInvalid – not a list of entries, a field that none has, no reason, no date, or a date that is over;
 *         UnknownOp; NoBackward – an entry of a direction that its op has not
 */
export const readSkips = (text: string, today: string): Result<readonly Skip[]> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      () => etalonError('FormatInvalid', 'a ledger is a JSON list of entries; this is no JSON'),
    ),
    E.flatMap((value) =>
      Array.isArray(value)
        ? E.right(value as readonly unknown[])
        : fail<readonly unknown[]>('FormatInvalid', `a ledger is a list of entries; found ${show(value)}`),
    ),
    E.flatMap(
      E.traverseArrayWithIndex((at, value) => F.pipe(entryOf(value, today), E.mapLeft(within(`entry ${at + 1}`)))),
    ),
  )

const wrong: readonly Verdict[] = ['not-conformant', 'inaccurate', 'convention']
const unanswered: readonly Verdict[] = ['unsupported', 'not-run']

const knownOf = ({ reason, expires, traits }: Skip): Known => ({
  reason,
  expires,
  ...(traits === undefined ? {} : { traits }),
})

/** A line as a ledger sees it. One that was not answered is neither as expected nor otherwise. */
export const withSkips =
  (skips: readonly Skip[]) =>
  (line: Line): Line => {
    const own = skips.filter(
      ({ op, direction }) => op === line.op && (direction === undefined || direction === line.direction),
    )
    if (own.length === 0 || unanswered.includes(line.verdict)) return line
    const failing = wrong.includes(line.verdict)
    const covers =
      ({ traits: wanted = [] }: Skip) =>
      ({ traits }: Pick<Line['groups'][number], 'traits'>): boolean =>
        wanted.every((trait) => traits.includes(trait))
    const applies = (skip: Skip): boolean =>
      failing && (skip.traits === undefined || line.groups.some((group) => covers(skip)(group)))
    const whole = own.some(({ traits }) => traits === undefined)
    // a failure of a sequence, or on being asked again, has no traits
    const all =
      failing &&
      (whole ||
        (line.sequence === undefined &&
          line.groups.length > 0 &&
          line.groups.every((group) => own.some((skip) => covers(skip)(group)))))
    const [met, idle] = [own.filter(applies), own.filter((skip) => !applies(skip))]
    return {
      ...line,
      ...(all ? { expected: met.map(knownOf) } : {}),
      ...(idle.length === 0 ? {} : { unexpected: idle.map(knownOf) }),
    }
  }

/** A report as a ledger sees it. */
export const reportWithSkips = (report: Report, skips: readonly Skip[]): Report => ({
  ...report,
  lines: report.lines.map(withSkips(skips)),
})
