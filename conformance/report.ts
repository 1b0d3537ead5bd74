import { either as E } from 'fp-ts'
import type { Fingerprint } from '../spec/backend.js'
import { epsilon } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import type { Tensor } from '../spec/tensor.js'
import { indexOf, showShape } from '../spec/tensor.js'
import type { Covered, Share } from './coverage/covered.js'
import type { Case } from './form.js'
import { printCase, realise } from './form.js'
import type { Judgement } from './judge.js'
import type { Rounding } from './probe.js'
import type { NonFinite } from './nonFinite.js'
import type { Diagnosis } from './diagnosis.js'
import { dialsOf } from './dials.js'
import type { FailureGroup, Known, Line, Report, Verdict } from './line.js'
import { notItsOwn } from './line.js'

/** Colours for words; identity functions where there is no terminal. */
export interface Ink {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
  readonly strong: (text: string) => string
}

export const plain: Ink = { good: (t) => t, bad: (t) => t, faint: (t) => t, strong: (t) => t }

export const number = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return String(Math.abs(value) === 0 ? 0 : value)
  const size = Math.abs(value)
  return size < 1e-3 || size >= 1e4 ? value.toExponential(2).replace('e+', 'e') : String(Number(value.toPrecision(3)))
}

/** The shortest decimal that is this f32 number again. */
export const literal = (value: number): string =>
  Object.is(value, -0)
    ? '-0'
    : ([6, 7, 8, 9]
        .map((digits) => String(Number(value.toPrecision(digits))))
        .find((text) => Math.fround(+text) === value) ?? String(value))

const width = 80

/** Words in lines of at most `width` characters, the lines after the first under the text of the first. */
export const wrapped = (head: string, words: readonly string[]): string =>
  words
    .reduce<readonly string[]>(
      (lines, word) => {
        const last = lines.at(-1) as string
        return last.length + 1 + word.length > width
          ? [...lines, `${' '.repeat(Math.min(head.length, 24))}${head === '' ? '' : ' '}${word}`]
          : [...lines.slice(0, -1), `${last} ${word}`]
      },
      [head],
    )
    .join('\n')

/** Text without what a terminal or a reader of XML would take for a command: control characters are told by their codes. */
export const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Words behind a head, in lines of at most `width` characters; they go on below the first of them. */
export const hanging = (head: string, text: string): string =>
  text
    .split(/\s+/)
    .reduce<readonly string[]>(
      (soFar, word) => {
        const last = soFar.at(-1) as string
        return last.length + 1 + word.length > width && last.length > head.length
          ? [...soFar, `${' '.repeat(head.length)} ${word}`]
          : [...soFar.slice(0, -1), `${last} ${word}`]
      },
      [head],
    )
    .join('\n')

// limits are numbers, features a list of names: of use where a limit is met, and long
const isPlainFact = ([name, value]: readonly [string, unknown]): boolean =>
  typeof value === 'string' && value !== '' && name !== 'features'

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

const wrong: readonly Verdict[] = ['not-conformant', 'inaccurate', 'convention']

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
    line.transformed === undefined
      ? ''
      : ink.faint(`\n${' '.repeat(20)}by transforms (Winograd, FFT): integers have fractions`)
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

/** The lines that took the longest, where they were timed. */
export const printSlowest = (lines: readonly Line[], ink: Ink = plain): string => {
  const timed = lines
    .flatMap(({ op, direction, seconds }) => (seconds === undefined ? [] : [{ op, direction, seconds }]))
    .filter(({ seconds }) => seconds >= 1)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, slowest)
  return timed.length === 0
    ? ''
    : ink.faint(
        wrapped(
          'slowest:',
          timed
            .map(({ op, direction, seconds }) => `${op} ${direction} ${seconds.toFixed(1)} s`)
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

const mostShown = 32

// where all but a few numbers are one and the same, those few by their places: nothing that matters is cut
const showSparse = (name: string, { shape, data }: Tensor): string | undefined => {
  if (data.length < 8) return undefined
  const counts = new Map<number, number>()
  for (let i = 0; i < data.length; i++) counts.set(data[i] as number, (counts.get(data[i] as number) ?? 0) + 1)
  const [common, times] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0])
  if (data.length - times > mostShown || 2 * times < data.length) return undefined
  // a Map takes −0 for 0; here it is a number of its own
  const others = Array.from({ length: data.length }, (_, i) => i).filter((i) => !Object.is(data[i], common))
  return wrapped(`    ${name}${showShape(shape)} = ${common === 0 ? 'zeros' : `${literal(common)} throughout`}`, [
    ...(others.length === 0 ? [] : ['but']),
    ...others.map(
      (i, at) =>
        `${name}${showShape(indexOf(shape, i))} = ${literal(data[i] as number)}${at === others.length - 1 ? '' : ','}`,
    ),
  ])
}

const showTensor = (name: string, tensor: Tensor): string => showSparse(name, tensor) ?? showAll(name, tensor)

const showAll = (name: string, { shape, data }: Tensor): string =>
  wrapped(`    ${name}${showShape(shape)} =`, [
    ...Array.from({ length: Math.min(data.length, mostShown) }, (_, i) => literal(data[i] as number)),
    ...(data.length > mostShown ? ['…', `(${data.length} numbers)`] : []),
  ])

/** Of a judgement, what a failure is told by. */
export interface Told extends Pick<Judgement, 'worst' | 'problem' | 'late'> {
  readonly walks: readonly Omit<Judgement['walks'][number], 'count'>[]
}

/** Where the errors of an output stray farther than sums of roundings do, in words. */
export const walkWords = ({ walks }: Told): readonly string[] =>
  walks
    .filter(({ within }) => !within)
    .map(
      ({ output, rms, max, limits }) =>
        `${output}: its errors are ${number(rms)} (rms) and ${number(max)} (largest) times a random walk's; at most ${number(limits.rms)} and ${number(limits.max)} are right`,
    )

// words below each other, a little in
const indented = (text: string): string => wrapped('   ', printable(text).split(/\s+/))

// got, want, error, bound and their ratio at the worst element
const describeWorst = (told: Told): readonly string[] => {
  const { worst, problem } = told
  return problem !== undefined
    ? [indented(problem)]
    : [
        `    ${worst.output}${showShape(worst.index)}: got ${literal(worst.got)}, want ${worst.want}`,
        `    error ${number(worst.error)}, bound ${number(worst.bound)}, error ÷ bound ${number(worst.ratio)}`,
        ...walkWords(told).map(indented),
      ]
}

/** The worst element of a judgement, in words. */
export const printJudgement = (judgement: Told): string => describeWorst(judgement).join('\n')

/** Why a bound is what it is at an element. */
export const boundWords = ({ worst }: Told): string => {
  const inEpsilons = worst.bound / (epsilon * Math.abs(worst.want))
  return !Number.isFinite(worst.got) || !Number.isFinite(worst.want)
    ? 'NaN is right only for NaN, an infinity only for itself'
    : worst.bound === 0
      ? 'nothing in it rounds: a copy, a comparison, a mask, a constant, or sums that f32 holds'
      : `it counts every rounding that f32 may make in the formula, ε = 2⁻²³ each; here ${worst.want === 0 ? 'of terms that cancel' : `${number(inEpsilons)} ε of the value wanted`}`
}

/** How far errors may stray, whose walk was too long. */
export const scaleOfWalks = 'K products added one by one in f32 err like one of scale 2⁻²⁴·√(S₂(1 + K/6)/3 + K·y²/9)'

/** Why the bound is what it is: the formula whose roundings it counts, and what it comes to here. */
export const printReason = ({ op, direction }: Case, told: Told): string => {
  const { formula, source } = opOf(op)
  return [
    ...(told.problem === undefined ? [wrapped('    the bound:', boundWords(told).split(' '))] : []),
    ...(walkWords(told).length > 0 ? [wrapped('    the walk:', scaleOfWalks.split(' '))] : []),
    wrapped(
      `    ${direction === 'forward' ? 'the formula' : 'the formula, whose gradient is asked'}:`,
      `${formula} (${source})`.split(' '),
    ),
  ].join('\n')
}

interface Parts {
  /** the op, the direction, and the name of the case where it has one */
  readonly head: string
  /** attributes that stand for conventions of libraries, as they are asked */
  readonly conventions: readonly string[]
  readonly attributes: readonly string[]
  /** the numbers, a tensor each */
  readonly tensors: readonly string[]
}

/** What a case asks, in parts. */
export const partsOf = (asked: Case): Parts => {
  const question = realise(asked)
  const name = asked.form.name === undefined ? '' : ` (${asked.form.name})`
  const head = `${asked.op} ${asked.direction}${name}`
  if (E.isLeft(question)) return { head, conventions: [], attributes: [], tensors: [`    ${question.left.message}`] }
  const { attrs, inputs, cotangents } = question.right
  const dials = Object.keys(dialsOf(asked.op))
  const shown = Object.entries(attrs).map(([attribute, value]) => ({
    attribute,
    text: `${attribute}=${typeof value === 'number' ? literal(value) : JSON.stringify(value)}`,
  }))
  return {
    head,
    conventions: shown.filter(({ attribute }) => dials.includes(attribute)).map(({ text }) => text),
    attributes: shown.filter(({ attribute }) => !dials.includes(attribute)).map(({ text }) => text),
    tensors: [
      ...Object.entries(inputs).map(([input, value]) => showTensor(input, value)),
      ...Object.entries(cotangents).map(([output, value]) => showTensor(`d${output}`, value)),
    ],
  }
}

/** What a case asks: the op, its attributes and the numbers, long tensors cut short; behind the op what is said of it. */
export const printQuestion = (asked: Case, ink: Ink = plain, said: readonly string[] = []): string => {
  const { head, conventions, attributes, tensors } = partsOf(asked)
  return [
    ink.strong(head),
    ...said,
    ...(conventions.length === 0 ? [] : [wrapped('    by the convention', conventions)]),
    ...(attributes.length === 0 ? [] : [wrapped('    with', attributes)]),
    ...tensors,
  ].join('\n')
}

/** A device as a failure names it: what its fingerprint says in words. Its limits and features are told where the run begins. */
export const printDevice = (fingerprint: Fingerprint, ink: Ink = plain): string =>
  wrapped(
    '  device   ',
    Object.entries(fingerprint)
      .filter(isPlainFact)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')
      .split(' '),
  ).replace('device', ink.faint('device'))

/** JSON as a word of a shell: a quote within it would end it, and JSON can do without. */
export const quoted = (json: string): string => `'${json.replaceAll("'", '\\u0027')}'`

/** Where a failure was seen, and the command that replays a case there. */
export interface Place {
  readonly fingerprint: Fingerprint
  readonly command?: string
}

/** Of a group of failures, what it is told by. */
export interface ToldGroup extends Omit<FailureGroup, 'failure'> {
  readonly failure: { readonly id: string; readonly smallest: Case; readonly judgement: Told }
}

/** Of a line, what its failures are told with. */
export interface ToldLine extends Pick<Line, 'backend' | 'cases' | 'translates' | 'transformed'> {
  readonly groups: readonly ToldGroup[]
}

const groupText = (group: ToldGroup, line: ToldLine): string => {
  const { traits, failed, of } = group
  return traits.length > 0
    ? `${failed} of ${of} cases with ${traits.join(' and ')}`
    : failed === 0
      ? `none of ${line.cases} cases by itself, but small outputs of all together, in their errors ÷ walk; this case has the largest`
      : line.groups.length > 1
        ? `${failed} ${group === line.groups[0] ? 'cases' : 'more'}, which nothing simple tells from the others`
        : `${failed} of ${line.cases} cases`
}

const kindText: Readonly<Record<Diagnosis['kind'], string>> = {
  convention: 'another convention',
  accuracy: 'the right formula, with too few digits',
  mistake: 'a mistake',
}

/** What a group might be instead, in words: its kind, and what gives these answers. */
export const diagnosisWords = ({ diagnosis }: Pick<FailureGroup, 'diagnosis'>): readonly [kind: string, is: string] => {
  if (diagnosis === undefined) return ['', 'no convention, form or mistake that is known here gives these answers']
  const { kind, words, declared, explains } = diagnosis
  const tried = explains === 1 ? 'the one wrong answer that was tried' : `all ${explains} wrong answers that were tried`
  const said = declared === true ? ', which the backend declares' : ''
  return [
    kindText[kind],
    `the answers are as by ${kind === 'mistake' ? `“${words}”` : words}${said}; it gives ${tried}`,
  ]
}

/** What a group might be instead. */
const diagnosisText = (group: ToldGroup, ink: Ink): readonly string[] => {
  // what is no answer is like none, unless another convention has just that shape
  const { problem } = group.failure.judgement
  if (group.failed === 0 || (group.diagnosis === undefined && problem !== undefined)) return []
  const [kind, is] = diagnosisWords(group)
  const line = group.diagnosis?.line
  return [
    wrapped('    diagnosis:', `${kind === '' ? '' : `${ink.strong(kind)}: `}${is}`.split(' ')),
    ...(line === undefined
      ? []
      : [
          wrapped('    the formula has', line.right.split(/\s+/)),
          wrapped('    as if it had', line.wrong.split(/\s+/)),
        ]),
  ]
}

/** Which cases a group is of, and how its smallest was come by. */
export const groupWords = (group: ToldGroup, line: ToldLine): string =>
  group.failed === 0
    ? groupText(group, line)
    : group.failure.judgement.late === true
      ? `${groupText(group, line)}; a case without an answer is not made smaller`
      : `${groupText(group, line)}; this is the smallest found that fails alike, made from ${group.failure.id}`

/** Of convolutions by transforms. */
export const transformWords =
  'integers came out with fractions of less than ½, as of a convolution by transforms (Winograd, FFT), which is told from mistakes by that: where only walks are too long it is inaccurate, not wrong'

/** Text between fences, of which none is within it. */
export const fenced = (text: string, language = ''): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${printable(text.replaceAll('\r\n', '\n')).trimEnd()}\n${fence}`
}

/** The commands that replay a group's case as it was drawn, and its smallest. */
export const replaysOf = (
  { failure }: ToldGroup,
  command = 'etalon replay',
): readonly [drawn: string, small: string] => [
  `${command} ${failure.id}`,
  `${command} ${quoted(printCase(failure.smallest))}`,
]

/** A group of failures as a person can act on it. */
export const printGroup = (
  group: ToldGroup,
  line: ToldLine,
  { fingerprint, command }: Place,
  ink: Ink = plain,
  snippets = true,
): string => {
  const { failure, snippet } = group
  const [drawn, small] = replaysOf(group, command)
  const between = line.translates === undefined ? [] : [wrapped('    between:', line.translates.join('; ').split(' '))]
  return [
    printQuestion(failure.smallest, ink, between),
    printJudgement(failure.judgement),
    ...diagnosisText(group, ink),
    printReason(failure.smallest, failure.judgement),
    ...(line.transformed === undefined ? [] : [wrapped('    the kind:', transformWords.split(' '))]),
    printDevice(fingerprint, ink),
    wrapped(`  ${ink.faint('failed')}   `, groupWords(group, line).split(' ')),
    `  ${ink.faint('as drawn')}  ${drawn}`,
    `  ${ink.faint('smallest')}  ${small}`,
    ...(snippet === undefined || !snippets
      ? []
      : [`  ${ink.faint('by itself')} in ${printable(line.backend)}’s own words:`, '', fenced(snippet)]),
  ].join('\n')
}

/**
 * A line's failures as a person can act on them: for each group of cases that have something in common the op and what
 * stands between it and the backend's call, the smallest case, what came and what was wanted, what it might be instead,
 * why the bound is what it is, the device, how to see it again, and a program in the backend's own words.
 */
export const printFailure = (line: Line | ToldLine, place: Place, ink: Ink = plain): string =>
  line.groups.map((group) => printGroup(group, line, place, ink)).join('\n\n')

/** How a report's lines count. */
export interface Totals {
  readonly conformant: number
  readonly notConformant: number
  readonly inaccurate: number
  readonly convention: number
  readonly notDeterministic: number
  readonly unsupported: number
  readonly notRun: number
  readonly cases: number
  readonly refused: number
  /** cases that are not the backend's own */
  readonly notItsOwn: number
  /** elements judged, of so many that the answers have */
  readonly judged: number
  readonly of: number
  /** elements of outputs judged in part that are held all the same, by sums over their channels */
  readonly held: number
}

/** Of a line, what totals count. */
type Counted = Pick<Line, 'verdict' | 'cases' | 'refused' | 'judged' | 'of' | 'held'> & Parameters<typeof notItsOwn>[0]

export const totalsOf = (lines: readonly Counted[]): Totals => {
  const count = (verdict: Verdict): number => lines.filter((line) => line.verdict === verdict).length
  return {
    conformant: count('conformant'),
    notConformant: count('not-conformant'),
    inaccurate: count('inaccurate'),
    convention: count('convention'),
    notDeterministic: count('not-deterministic'),
    unsupported: count('unsupported'),
    notRun: count('not-run'),
    cases: lines.reduce((n, { cases }) => n + cases, 0),
    refused: lines.reduce((n, { refused }) => n + refused, 0),
    notItsOwn: lines.reduce((n, line) => n + notItsOwn(line), 0),
    judged: lines.reduce((n, { judged }) => n + judged, 0),
    of: lines.reduce((n, { of }) => n + of, 0),
    held: lines.reduce((n, { held }) => n + held, 0),
  }
}

/** Of a line or a program, what its verdict counts by. */
interface Judged {
  readonly verdict: Verdict
  readonly groups?:
    readonly { readonly diagnosis?: { readonly declared?: boolean | undefined } | undefined }[] | undefined
  /** what a ledger says of it, and is so, or is not */
  readonly expected?: unknown
  readonly unexpected?: unknown
}

interface AllJudged {
  readonly lines: readonly Judged[]
  readonly programs?: readonly Judged[]
}

/** Whether all that is wrong is a convention that the backend declares: it is its own, and no mistake. */
export const isDeclared = ({ verdict, groups = [] }: Judged): boolean =>
  verdict === 'convention' && groups.every(({ diagnosis }) => diagnosis?.declared === true)

// what a ledger says of it is no surprise
const isExpected = ({ expected }: Judged): boolean => expected !== undefined

/**
 * Whether a line, or a program, fails the run: it is wrong, and neither by a convention that the backend declares nor by
 * what a ledger expects.
 */
export const isWrong = (line: Judged): boolean => wrong.includes(line.verdict) && !isDeclared(line) && !isExpected(line)

// a ledger that expects a failure where there is none is out of date
const isUnexpected = ({ unexpected }: Judged): boolean => unexpected !== undefined

/** Whether a line fails the run, be it for what is wrong or for what is right and should not be. */
export const failsRun = (line: Judged): boolean => isWrong(line) || isUnexpected(line)
// answers that change are right as long as each is within its bound
const isRight = (line: Judged): boolean =>
  line.verdict === 'conformant' || line.verdict === 'not-deterministic' || isDeclared(line)

/** The whole report's verdict: nothing wrong, and something asked and answered. */
export const conforms = ({ lines, programs = [] }: AllJudged): boolean =>
  !lines.some(failsRun) && !programs.some(isWrong) && lines.some((line) => isRight(line) || isExpected(line))

/** The verdict on a backend as a whole. Where nothing was answered there is none. */
export const overall = (report: AllJudged): 'conformant' | 'not-conformant' | 'not-run' =>
  conforms(report)
    ? 'conformant'
    : report.lines.some(failsRun) || (report.programs ?? []).some(isWrong)
      ? 'not-conformant'
      : 'not-run'

/** Why a run ended before all was asked. */
export type Stopped = 'interrupted' | 'bail'

/** The verdict on what was asked; where a person broke a run off and nothing was wrong so far, there is none. */
export const overallOf = (report: Report, stopped?: Stopped): ReturnType<typeof overall> => {
  const verdict = overall(report)
  return stopped === 'interrupted' && verdict === 'conformant' ? 'not-run' : verdict
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
            `large answers are judged by some of their elements: ${counted(judged)} of ${counted(of)}${held === 0 ? '' : `, and ${counted(held)} by sums over channels`}`,
          ),
        ]
      : []),
  ]
  return [
    ...(quiet ? [] : about),
    ...(stopped === undefined ? [] : [ink.strong(stoppedText[stopped])]),
    wrapped('', `${overallText(report, ink, stopped)}: ${parts.join(', ')}`.split(' ')).trimStart(),
  ].join('\n')
}
