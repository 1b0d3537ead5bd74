import type { ReadLine, ReadProgram, ReadReport } from './reportCodec.js'
import type { Ink } from './text.js'
import { hanging, number, plain, wrapped } from './text.js'

/** Two reports side by side: what fails that did not, what passes that did not, and what has drifted. */

type State = 'right' | 'wrong' | 'known to fail' | 'unanswered'

/** An op in a direction, or a program, whose state is another than before; one that was not there has none. */
export interface Changed {
  readonly name: string
  readonly before?: string
  readonly after?: string
}

/** A worst error ÷ bound that is another than before by the factor that counts, or more. */
export interface Drift {
  readonly name: string
  readonly before: number
  readonly after: number
}

/** What is different in a report from another. */
export interface Comparison {
  /** of what was asked, and of whom: reports of different cases compare, but not one by one */
  readonly differences: readonly Changed[]
  readonly newlyFailing: readonly Changed[]
  readonly newlyPassing: readonly Changed[]
  /** answered before, and now unsupported or not run */
  readonly unanswered: readonly Changed[]
  readonly gone: readonly string[]
  readonly added: readonly string[]
  readonly worse: readonly Drift[]
  readonly better: readonly Drift[]
  readonly grades: readonly Changed[]
}

// a ratio below this is far within its bound, and what it was by chance
const least = 0.01

/** An op in a direction, or a program, as it is compared. */
interface Row {
  readonly name: string
  readonly state: State
  readonly verdict: ReadLine['verdict']
  readonly ratio?: number
  readonly grade?: string
}

const stateOf = ({ verdict, groups = [], expected }: ReadLine): State => {
  if (verdict === 'unsupported' || verdict === 'not-run') return 'unanswered'
  if (expected !== undefined) return 'known to fail'
  if (verdict === 'conformant' || verdict === 'not-deterministic') return 'right'
  return verdict === 'convention' && groups.every(({ diagnosis }) => diagnosis?.declared === true) ? 'right' : 'wrong'
}

const rowOf = (line: ReadLine): Row => ({
  name: `${line.op} ${line.direction}`,
  state: stateOf(line),
  verdict: line.verdict,
  ...(line.worst === undefined ? {} : { ratio: line.worst.ratio }),
  ...(line.grade === undefined ? {} : { grade: line.grade }),
})

const programRow = ({ program, verdict, worst }: ReadProgram): Row => ({
  name: `program ${program}`,
  state: verdict === 'conformant' ? 'right' : verdict === 'not-conformant' ? 'wrong' : 'unanswered',
  verdict,
  ...(worst === undefined ? {} : { ratio: worst.ratio }),
})

const rowsOf = ({ lines, programs }: ReadReport): readonly Row[] => [...lines.map(rowOf), ...programs.map(programRow)]

const said = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const differencesOf = ({ summary: a }: ReadReport, { summary: b }: ReadReport): readonly Changed[] => {
  const facts = ({ backend, suite, profile, seed, asked, shard, rounding, fingerprint }: typeof a) => ({
    backend,
    suite,
    profile,
    seed,
    runs: asked?.runs,
    'non-finite': asked?.nonFinite,
    shard: shard === undefined ? undefined : `${shard.index}/${shard.of}`,
    rounding,
    ...Object.fromEntries(Object.entries(fingerprint).map(([name, value]) => [`device ${name}`, value])),
  })
  const [before, after] = [facts(a), facts(b)] as readonly Readonly<Record<string, unknown>>[]
  return [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].flatMap(
    (name): readonly Changed[] => {
      const [old, now] = [before?.[name], after?.[name]]
      return said(old) === said(now)
        ? []
        : [
            {
              name,
              ...(old === undefined ? {} : { before: said(old) }),
              ...(now === undefined ? {} : { after: said(now) }),
            },
          ]
    },
  )
}

/**
 * What is different in a report from an older one. A line that is new and wrong is newly failing, too. A ratio has
 * drifted where the one is the other's `factor` times or more; below 0.01 it counts as 0.01.
 */
export const compareReports = (older: ReadReport, newer: ReadReport, factor = 2): Comparison => {
  const byName = (report: ReadReport): ReadonlyMap<string, Row> => new Map(rowsOf(report).map((row) => [row.name, row]))
  const [before, after] = [byName(older), byName(newer)]
  const pairs = [...after.values()].map((now) => ({ now, old: before.get(now.name) }))
  const changed = ({ now, old }: (typeof pairs)[number]): Changed => ({
    name: now.name,
    ...(old === undefined ? {} : { before: old.state === 'known to fail' ? old.state : old.verdict }),
    after: now.verdict,
  })
  const both = pairs.flatMap(({ now, old }) => (old === undefined ? [] : [{ now, old }]))
  const drifts = both.flatMap(({ now, old }): readonly Drift[] =>
    now.ratio === undefined || old.ratio === undefined ? [] : [{ name: now.name, before: old.ratio, after: now.ratio }],
  )
  const grown = (from: number, to: number): boolean => to > least && to !== from && to >= factor * Math.max(from, least)
  return {
    differences: differencesOf(older, newer),
    newlyFailing: pairs.filter(({ now, old }) => now.state === 'wrong' && old?.state !== 'wrong').map(changed),
    newlyPassing: both
      .filter(({ now, old }) => now.state === 'right' && (old.state === 'wrong' || old.state === 'known to fail'))
      .map(changed),
    unanswered: both.filter(({ now, old }) => now.state === 'unanswered' && old.state !== 'unanswered').map(changed),
    gone: [...before.keys()].filter((name) => !after.has(name)),
    added: [...after.keys()].filter((name) => !before.has(name)),
    worse: drifts.filter(({ before: from, after: to }) => grown(from, to)),
    better: drifts.filter(({ before: from, after: to }) => grown(to, from)),
    grades: both
      .filter(({ now, old }) => now.grade !== undefined && old.grade !== undefined && now.grade !== old.grade)
      .map(({ now, old }) => ({ name: now.name, before: old.grade as string, after: now.grade as string })),
  }
}

const changeText = ({ name, before = '–', after = '–' }: Changed): string =>
  hanging(`    ${name.padEnd(30)}`, `${before} → ${after}`)

const driftText = ({ name, before, after }: Drift): string => {
  const times = Math.max(before, after) / Math.max(Math.min(before, after), least)
  return `    ${name.padEnd(30)} ${number(before)} → ${number(after)}${Number.isFinite(times) ? ` (${number(times)}×)` : ''}`
}

/** A comparison in words: what is worse first, and what it comes to last. */
export const printComparison = (comparison: Comparison, factor = 2, ink: Ink = plain): string => {
  const { differences, newlyFailing, newlyPassing, unanswered, gone, added, worse, better, grades } = comparison
  const block = (head: string, rows: readonly string[]): readonly string[] =>
    rows.length === 0 ? [] : [head, ...rows, '']
  const names = (all: readonly string[]): readonly string[] =>
    all.length === 0 ? [] : [wrapped('   ', all.join(', ').split(' '))]
  const verdicts = (changes: readonly Changed[]): readonly string[] => changes.map(changeText)
  const total =
    newlyFailing.length === 0
      ? ink.good(ink.strong('nothing fails that did not fail before'))
      : ink.bad(ink.strong(`${newlyFailing.length} newly failing`))
  const counts = [
    total,
    ...(newlyPassing.length === 0 ? [] : [`${newlyPassing.length} newly passing`]),
    ...(unanswered.length === 0 ? [] : [`${unanswered.length} no longer answered`]),
    ...(worse.length === 0 ? [] : [`${worse.length} worse by ${number(factor)}× or more`]),
    ...(better.length === 0 ? [] : [`${better.length} better`]),
    ...(grades.length === 0 ? [] : [`${grades.length} of another grade`]),
  ]
  return [
    ...block('not the same in both', differences.map(changeText)),
    ...block(ink.bad('newly failing'), verdicts(newlyFailing)),
    ...block(ink.good('newly passing'), verdicts(newlyPassing)),
    ...block('no longer answered', verdicts(unanswered)),
    ...block(`worst error ÷ bound, ${number(factor)}× or more up`, worse.map(driftText)),
    ...block(`worst error ÷ bound, ${number(factor)}× or more down`, better.map(driftText)),
    ...block('another grade', grades.map(changeText)),
    ...block('no longer there', names(gone)),
    ...block('new', names(added)),
    wrapped('', counts.join(', ').split(' ')).trimStart(),
  ].join('\n')
}

/** A comparison as a value for JSON, which has neither NaN nor an infinity. */
export const jsonComparison = (comparison: Comparison): Readonly<Record<string, unknown>> => {
  const finite = (drifts: readonly Drift[]) =>
    drifts.map(({ name, before, after }) => ({
      name,
      before: Number.isFinite(before) ? before : String(before),
      after: Number.isFinite(after) ? after : String(after),
    }))
  return { version: 1, ...comparison, worse: finite(comparison.worse), better: finite(comparison.better) }
}
