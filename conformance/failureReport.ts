import { either as E } from 'fp-ts'
import type { Fingerprint } from '../spec/backend.js'
import { epsilon } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import type { Tensor } from '../spec/tensor.js'
import { indexOf, showShape } from '../spec/tensor.js'
import type { Case } from './form.js'
import { printCase, realise } from './form.js'
import type { Judgement } from './judge.js'
import type { Diagnosis } from './diagnosis.js'
import { dialsOf } from './dials.js'
import type { FailureGroup, Line } from './line.js'
import type { Ink } from './text.js'
import { isPlainFact, literal, number, plain, printable, wrapped } from './text.js'

/** A failure as a person can act on it, in the order in which a maintainer reads it. */

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
  'it errs as a convolution by transforms (Winograd, FFT) does, by fractions of less than ½ among integers and by what large numbers round where small ones stand beside them, which is told from mistakes by that: where only walks are too long it is inaccurate, not wrong'

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
