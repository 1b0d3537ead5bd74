import type { Fingerprint } from '../spec/backend.js'
import type { Covered, Share } from './coverage/covered.js'
import type { Rounding } from './probe.js'
import type { NonFinite } from './nonFinite.js'
import type { Known, Line, Report, Verdict } from './line.js'
import { notItsOwn } from './line.js'
import type { Ink } from './text.js'
import { hanging, isPlainFact, number, plain, wrapped } from './text.js'
import type { Stopped } from './overall.js'
import { wrong, totalsOf, isExpected, isWrong, isUnexpected, overallOf } from './overall.js'

/** A device's fingerprint, one fact a line: what it says in words, and how much more there is; or all of it. */
export const printFingerprint = (fingerprint: Fingerprint, ink: Ink = plain, all = true): string => {
  const facts = Object.entries(fingerprint)
  const shown = all ? facts : facts.filter(isPlainFact)
  const folded = facts.length - shown.length
  return [
    ...shown.map(([name, value]) => hanging(`  ${name.padEnd(34)}`, String(value)).replace(name, ink.faint(name))),
    ...(folded === 0 ? [] : [ink.faint(`  and ${folded} limits and features: --device-facts tells them`)]),
  ].join('\n')
}

export const verdictText = (verdict: Verdict, ink: Ink): string =>
  verdict === 'conformant'
    ? ink.good(verdict)
    : wrong.includes(verdict)
      ? ink.bad(verdict)
      : verdict === 'not-deterministic'
        ? ink.strong(verdict)
        : ink.faint(verdict)

const repeatsText = ({ repeats }: Line, ink: Ink): string => {
  if (repeats === undefined) return ''
  const { asked, differed, failed } = repeats
  const below = `\n${' '.repeat(20)}`
  return [
    ...(differed === 0 ? [] : [`${below}${differed} of ${asked} answers differ when asked again`]),
    ...(failed === 0 ? [] : [ink.bad(`${below}${failed} failed when asked again`)]),
  ].join('')
}

/** The head of the table that `printLine` fills. */
export const printHead = (ink: Ink = plain): string =>
  ink.faint(
    `${'op'.padEnd(19)} ${'direction'.padEnd(9)} ${'cases'.padStart(5)} ${'worst'.padStart(8)} ${'walk'.padStart(7)} grade ${'NaN'.padEnd(4)}  verdict`,
  )

/** What the columns of the table are. */
export const legend =
  'worst: largest error ÷ bound. walk: rms of errors ÷ a random walk’s. grade: rms of errors ÷ plain f32’s, A to 2, B to 16, C beyond. NaN: whether NaN and the infinities come out as IEEE 754 has them.'

const nanText: Readonly<Record<NonFinite, string>> = { kept: 'kept', lost: 'lost', 'not asked': '–' }

/** One op and direction in one line: cases, worst error ÷ bound, random-walk grade, grade, NaN, verdict. */
export const printLine = (line: Line, ink: Ink = plain): string => {
  const worst = line.worst === undefined ? '–' : number(line.worst.ratio)
  const walk = line.walk === undefined ? '' : number(line.walk.rms)
  const grade = line.grade?.letter ?? (line.verdict === 'unsupported' ? '–' : '')
  const nan = nanText[line.nonFinite].padEnd(4)
  const refused =
    line.refused === 0
      ? ''
      : ink.faint(
          `\n${' '.repeat(20)}${line.refused} of ${line.refused + line.cases + notItsOwn(line)} cases refused for a limit of the device`,
        )
  const transformed =
    line.transformed === undefined ? '' : ink.faint(`\n${' '.repeat(20)}it errs as convolutions by transforms do`)
  const others = notItsOwn(line)
  const unsupported =
    others === 0
      ? ''
      : ink.faint(`\n${' '.repeat(20)}${others} of ${others + line.cases + line.refused} cases are not its own`)
  const unasked =
    line.unasked === undefined
      ? ''
      : ink.bad(
          `\n${' '.repeat(20)}${line.unasked} cases were not asked, after\n${' '.repeat(20)}too many had no answer in time`,
        )
  const failed = line.failed === 0 ? '' : ink.bad(`\n${' '.repeat(20)}${line.failed} of ${line.cases} cases failed`)
  const ledger = [
    ...(line.expected === undefined ? [] : [ink.strong(`\n${' '.repeat(20)}as the ledger of known failures says`)]),
    ...(line.unexpected === undefined ? [] : [ink.bad(`\n${' '.repeat(20)}not as the ledger of known failures says`)]),
  ].join('')
  return `${line.op.padEnd(19)} ${line.direction.padEnd(9)} ${String(line.cases).padStart(5)} ${worst.padStart(8)} ${ink.faint(walk.padStart(7))} ${grade.padEnd(5)} ${line.nonFinite === 'lost' ? ink.bad(nan) : nan}  ${verdictText(line.verdict, ink)}${failed}${repeatsText(line, ink)}${unasked}${refused}${unsupported}${transformed}${ledger}`
}

/** The cases that a backend says are not its own, by op, direction and the reason that it gives, the most first. */
export const printUnsupported = (lines: readonly Line[], ink: Ink = plain): string => {
  const rows = lines.flatMap(({ op, direction, unsupported = {} }) =>
    Object.entries(unsupported)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, count]) => ({ where: `${op} ${direction}`, reason, count })),
  )
  if (rows.length === 0) return ''
  return [
    ink.strong('cases that are not its own, by the reason that it gives'),
    ...rows.map(({ where, reason, count }, at) =>
      hanging(`    ${(rows[at - 1]?.where === where ? '' : where).padEnd(29)} ${String(count).padStart(5)} `, reason),
    ),
  ].join('\n')
}

const knownText = (line: Line, { reason, expires, traits = [] }: Known): string =>
  hanging(
    `    ${line.op} ${line.direction}`.padEnd(34),
    `${traits.length === 0 ? '' : `with ${traits.join(' and ')}: `}${reason} (until ${expires})`,
  )

/** What a ledger of known failures says of a run: what failed as expected, and what did not fail. */
export const printKnown = (lines: readonly Line[], ink: Ink = plain): string => {
  const told = (head: string, of: (line: Line) => readonly Known[] | undefined): readonly string[] => {
    const rows = lines.flatMap((line) => (of(line) ?? []).map((known) => knownText(line, known)))
    return rows.length === 0 ? [] : [head, ...rows]
  }
  return [
    ...told(ink.strong('known to fail, and failed'), ({ expected }) => expected),
    ...told(
      ink.bad(ink.strong('known to fail, and did not: take these out of the ledger')),
      ({ unexpected }) => unexpected,
    ),
  ].join('\n')
}

// so many of the lines took the longest
const slowest = 5

/** The lines and programs that took the longest, where they were timed. */
export const printSlowest = (
  { lines, programs = [] }: Pick<Report, 'lines' | 'programs'>,
  ink: Ink = plain,
): string => {
  const timed = [
    ...lines.map(({ op, direction, seconds }) => ({ name: `${op} ${direction}`, seconds })),
    ...programs.map(({ program, seconds }) => ({ name: `program ${program}`, seconds })),
  ]
    .flatMap(({ name, seconds }) => (seconds === undefined ? [] : [{ name, seconds }]))
    .filter(({ seconds }) => seconds >= 1)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, slowest)
  return timed.length === 0
    ? ''
    : ink.faint(
        wrapped(
          'slowest:',
          timed
            .map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`)
            .join(', ')
            .split(' '),
        ),
      )
}

/** The ops, directions and programs that fail a run, by name: the last that is said of it. */
export const printFailing = ({ lines, programs = [] }: Report, ink: Ink = plain): string => {
  const list = (head: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [ink.bad(wrapped(head, names.join(', ').split(' ')))]
  const named = ({ op, direction }: Line): string => `${op} ${direction}`
  return [
    ...list('failed:', [
      ...lines.filter(isWrong).map(named),
      ...programs.filter(isWrong).map(({ program }) => `program ${program}`),
    ]),
    ...list('known to fail, and did not:', lines.filter(isUnexpected).map(named)),
  ].join('\n')
}

const overallText = (report: Report, ink: Ink, stopped?: Stopped): string => {
  const verdict = overallOf(report, stopped)
  if (stopped === 'interrupted' && verdict === 'not-run') return ink.strong('no verdict, for the run was broken off')
  if (verdict === 'not-run') return ink.strong('no verdict, for nothing was answered')
  return verdict === 'conformant' ? ink.good(ink.strong('conformant')) : ink.bad(ink.strong('not conformant'))
}

// what Gate S was good for
const walkText: Readonly<Record<Rounding, string>> = {
  nearest: 'walk is judged, at most 2: this backend rounds to nearest',
  other: 'walk is told, not judged: this backend does not round to nearest',
  unknown: 'walk is told, not judged: how this backend rounds could not be found out',
}

const counted = (count: number): string => count.toLocaleString('en-US')
const sumOfShares = (shares: readonly (Share | undefined)[]): Share =>
  shares.reduce<Share>((sum, one) => ({ met: sum.met + (one?.met ?? 0), of: sum.of + (one?.of ?? 0) }), {
    met: 0,
    of: 0,
  })

/** What the lines of a report cover, all together. */
export const coveredIn = (lines: readonly { readonly covered?: Covered | undefined }[]) => ({
  classes: sumOfShares(lines.map(({ covered }) => covered?.classes)),
  pairs: sumOfShares(lines.map(({ covered }) => covered?.pairs)),
  triples: sumOfShares(lines.map(({ covered }) => covered?.triples)),
  extents: sumOfShares(lines.flatMap(({ covered }) => Object.values(covered?.extents ?? {}))),
})

const coveredText = (lines: readonly Line[]): string | undefined => {
  const { classes, pairs, triples, extents } = coveredIn(lines)
  if (classes.of === 0) return undefined
  const share = ({ met, of }: Share): string => (met === of ? `all ${of}` : `${met} of ${of}`)
  return `covered: ${[
    `${share(classes)} classes`,
    ...(pairs.of === 0 ? [] : [`${share(pairs)} pairs of them`]),
    ...(triples.of === 0 ? [] : [`${share(triples)} triples of convolutions and pools`]),
    `${share(extents)} extents of axes`,
  ].join(', ')}`
}

const programsText = ({ programs = [] }: Report, ink: Ink): readonly string[] => {
  const wrong = programs.filter(isWrong).length
  const right = programs.filter(({ verdict }) => verdict === 'conformant').length
  return programs.length === 0
    ? []
    : [wrong > 0 ? ink.bad(`${wrong} of ${wrong + right} programs not conformant`) : `${right} programs conformant`]
}

const stoppedText: Readonly<Record<Stopped, string>> = {
  interrupted: 'broken off: what was not asked by then is not run',
  bail: 'stopped at the first line that failed: what comes after it is not run',
}

/** The legend, what was covered and how it was judged, and the totals in a sentence: the last alone where `quiet`. */
export const printTotals = (
  report: Report,
  seconds: number,
  ink: Ink = plain,
  { quiet = false, stopped }: { readonly quiet?: boolean; readonly stopped?: Stopped } = {},
): string => {
  const totals = totalsOf(report.lines)
  const { conformant, notConformant, inaccurate, convention, notDeterministic } = totals
  const [expected, unexpected] = [report.lines.filter(isExpected).length, report.lines.filter(isUnexpected).length]
  const { unsupported, notRun, cases, refused, judged, of, held } = totals
  const parts = [
    `${conformant} conformant`,
    ...(notConformant > 0 ? [ink.bad(`${notConformant} not conformant`)] : []),
    ...(inaccurate > 0 ? [ink.bad(`${inaccurate} inaccurate`)] : []),
    ...(convention > 0 ? [ink.bad(`${convention} of another convention`)] : []),
    ...(notDeterministic > 0 ? [ink.strong(`${notDeterministic} not deterministic`)] : []),
    ...(expected > 0 ? [`${expected} known to fail`] : []),
    ...(unexpected > 0 ? [ink.bad(`${unexpected} known to fail that did not`)] : []),
    ...(unsupported > 0 ? [`${unsupported} unsupported`] : []),
    ...(notRun > 0 ? [`${notRun} not run`] : []),
    `${cases} cases`,
    ...programsText(report, ink),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(totals.notItsOwn > 0 ? [`${totals.notItsOwn} not its own`] : []),
    `seed ${report.seed}`,
    `${seconds.toFixed(1)} s`,
  ]
  const covered = coveredText(report.lines)
  const walked = report.lines.some(({ walk }) => walk !== undefined)
  const about = [
    ink.faint(wrapped('', legend.split(' ')).trimStart()),
    ...(covered === undefined ? [] : [ink.faint(wrapped('', covered.split(' ')).trimStart())]),
    ...(walked ? [ink.faint(walkText[report.rounding])] : []),
    ...(judged < of
      ? [
          ink.faint(
            wrapped(
              '',
              `large answers are judged by some of their elements: ${counted(judged)} of ${counted(of)}${held === 0 ? '' : `, and ${counted(held)} by sums over channels`}`.split(
                ' ',
              ),
            ).trimStart(),
          ),
        ]
      : []),
  ]
  return [
    ...(quiet ? [] : about),
    ...(stopped === undefined ? [] : [ink.strong(stoppedText[stopped])]),
    // a number of seconds stays with its unit
    wrapped('', `${overallText(report, ink, stopped)}: ${parts.join(', ')}`.split(/ (?!s$)/)).trimStart(),
  ].join('\n')
}
