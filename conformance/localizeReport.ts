import type { Fingerprint } from '../spec/backend.js'
import { brief } from '../spec/error.js'
import { showShape } from '../spec/tensor.js'
import { diagnosisWords, printDevice, printJudgement, printQuestion, printReason, quoted } from './failureReport.js'
import { jsonText, printCase } from './form.js'
import type { Judgement } from './judge.js'
import type { Localized, NodeFinding } from './localize.js'
import { isWrong, verdictOf } from './localize.js'
import { outside } from './lockstep.js'
import type { Phase, Subject } from './subject.js'
import type { Ink } from './text.js'
import { number, plain, printable, wrapped } from './text.js'

/** What a localisation found, for people and for machines. */

const phases: readonly Phase[] = ['forward', 'backward', 'update']

const ratioOf = ({ alone }: NodeFinding): number => alone?.worst.ratio ?? -1

const isOutside = (judgement: Judgement | undefined): boolean => judgement !== undefined && outside({ judgement })

const worstOf = (findings: readonly NodeFinding[]): NodeFinding | undefined =>
  findings
    .filter(({ alone }) => alone !== undefined)
    .reduce<NodeFinding | undefined>((a, b) => (a === undefined || ratioOf(b) > ratioOf(a) ? b : a), undefined)

const labelOf = ({ node, op, direction }: NodeFinding): string => `${printable(node)} (${op} ${direction})`

const tableOf = (findings: readonly NodeFinding[], ink: Ink): readonly string[] => [
  ink.faint('  phase      nodes  wrong  not asked  error ÷ bound  of'),
  ...phases.flatMap((phase) => {
    const of = findings.filter((finding) => finding.phase === phase)
    if (of.length === 0) return []
    const wrong = of.filter(({ alone }) => isOutside(alone)).length
    const refused = of.filter((finding) => finding.refused !== undefined).length
    const worst = worstOf(of)
    return [
      `  ${phase.padEnd(9)} ${String(of.length).padStart(6)} ${String(wrong).padStart(6)} ${String(refused || '–').padStart(10)} ${(worst === undefined ? '–' : number(ratioOf(worst))).padStart(14)}  ${worst === undefined ? '' : brief(printable(worst.node), 27)}`.trimEnd(),
    ]
  }),
]

// how many of many are told one by one
const mostTold = 12

const someOf = (lines: readonly string[], all: number): readonly string[] =>
  all > lines.length ? [...lines, `    … and ${all - lines.length} more; --json has them all`] : lines

const briefly = (judgement: Judgement): string =>
  judgement.problem ??
  `error ÷ bound ${number(judgement.worst.ratio)} at ${judgement.worst.output}${showShape(judgement.worst.index)}`

/** The nodes that are wrong by themselves beside the first. */
const othersOf = ({ findings, first }: Localized, ink: Ink): readonly string[] => {
  const others = findings.filter((finding) => finding !== first && isOutside(finding.alone))
  if (others.length === 0)
    return first === undefined || !isOutside(first.alone) ? [] : ['no other node is wrong by itself']
  return [
    ink.strong(`also wrong, each by itself: ${others.length} of ${findings.length} nodes`),
    ...someOf(
      others
        .slice(0, mostTold)
        .map((finding) =>
          wrapped(`    ${labelOf(finding)}:`, printable(briefly(finding.alone as Judgement)).split(/\s+/)),
        ),
      others.length,
    ),
  ]
}

/** What is wrong in the run of the whole alone. */
const companyOf = ({ findings, notRun }: Localized, ink: Ink): readonly string[] => {
  if (notRun !== undefined)
    return [wrapped('the whole was not run:', printable(`${notRun.code}: ${notRun.message}`).split(/\s+/))]
  const only = findings.filter(({ alone, together }) => isOutside(together) && !isOutside(alone))
  return only.length === 0
    ? []
    : [
        ink.strong(
          wrapped('wrong in the run of the whole, and right by itself:', [
            `${only.length} of ${findings.length} nodes`,
          ]),
        ),
        ...someOf(
          only
            .slice(0, mostTold)
            .map((finding) =>
              wrapped(`    ${labelOf(finding)}:`, printable(briefly(finding.together as Judgement)).split(/\s+/)),
            ),
          only.length,
        ),
      ]
}

/** The nodes that are right by a convention of the backend's own, which it declares. */
const conventionsOf = ({ findings }: Localized): readonly string[] => {
  const own = findings.flatMap((finding) => {
    const { alone, together } = finding
    const words = alone?.convention ?? together?.convention
    return words === undefined ? [] : [{ finding, words }]
  })
  return own.length === 0
    ? []
    : [
        'right by the backend’s own conventions, which it declares',
        ...someOf(
          own
            .slice(0, mostTold)
            .map(({ finding, words }) => wrapped(`    ${labelOf(finding)}:`, printable(words).split(/\s+/))),
          own.length,
        ),
      ]
}

const strayText = (strayed: number): string => (Number.isFinite(strayed) ? number(strayed) : 'no numbers')

/** Nodes whose values say how an error travels: the first wrong one, those behind it where it grows, answers, losses, ends. */
const milestones = (
  { findings, first }: Localized,
  { answers, program }: Pick<Subject, 'answers' | 'program'>,
): readonly NodeFinding[] => {
  const writing = new Set(
    program.nodes
      .filter(({ outputs }) => Object.values(outputs).some((value) => answers.includes(value)))
      .map(({ name }) => name),
  )
  const at = first === undefined ? -1 : findings.indexOf(first)
  const isLoss = ({ node, phase }: NodeFinding): boolean => phase === 'forward' && /^loss(\.|$)/.test(node)
  const farthest = (phase: Phase): NodeFinding | undefined =>
    findings
      .filter((finding) => finding.phase === phase && finding.strayed !== undefined)
      .reduce<NodeFinding | undefined>(
        (a, b) => (a === undefined || (b.strayed ?? 0) > (a.strayed ?? 0) ? b : a),
        undefined,
      )
  const ends = phases.map(farthest)
  const chosen = new Set<NodeFinding | undefined>([
    ...findings.slice(Math.max(0, at - 1), at + 3).filter(() => at >= 0),
    ...findings.filter((finding) => writing.has(finding.node) || isLoss(finding)),
    ...ends,
  ])
  return findings.filter((finding) => chosen.has(finding) && finding.strayed !== undefined)
}

const travelOf = (found: Localized, subject: Pick<Subject, 'answers' | 'program'>, ink: Ink): readonly string[] => {
  const told = milestones(found, subject)
  if (told.length === 0) return []
  const width = Math.min(44, Math.max(...told.map((finding) => labelOf(finding).length)))
  return [
    ink.strong('how far the run of the whole is from the oracle’s, nothing corrected'),
    ink.faint('    rms of the difference ÷ rms of the values'),
    ...told.map(
      (finding) =>
        `    ${labelOf(finding).padEnd(width)}  ${strayText(finding.strayed ?? 0).padStart(10)}${finding === found.first ? '  first wrong' : ''}`,
    ),
  ]
}

/** Where a localisation was made, and what replays a case there. */
export interface LocalizePlace {
  readonly backend: string
  readonly fingerprint: Fingerprint
  readonly command: string
}

const shownOf = ({ first, shown }: Localized, { command, fingerprint }: LocalizePlace, ink: Ink): readonly string[] => {
  if (first === undefined) return []
  if (shown === undefined)
    return isOutside(first.alone)
      ? [
          wrapped(
            '   ',
            'no case of its op at that shape, with numbers drawn alike, shows it: it hangs on the very numbers, or on what was asked before'.split(
              ' ',
            ),
          ),
        ]
      : [
          wrapped(
            '   ',
            'its op is right by itself on the oracle’s values: look at what is fused with it, and at memory that values share'.split(
              ' ',
            ),
          ),
        ]
  const { drawn, smallest, judgement, diagnosis } = shown
  const [kind, is] = diagnosisWords(diagnosis === undefined ? {} : { diagnosis })
  return [
    '',
    ink.strong('the smallest case found that fails alike'),
    printQuestion(smallest, ink),
    printJudgement(judgement),
    ...(diagnosis === undefined && judgement.problem !== undefined
      ? []
      : [wrapped('    diagnosis:', `${kind === '' ? '' : `${kind}: `}${is}`.split(' '))]),
    printReason(smallest, judgement),
    printDevice(fingerprint, ink),
    ...(printCase(drawn).length > 1000 ? [] : [`  ${ink.faint('its shape')}  ${command} ${quoted(printCase(drawn))}`]),
    `  ${ink.faint('smallest')}   ${command} ${quoted(printCase(smallest))}`,
  ]
}

const firstOf = ({ first }: Localized, ink: Ink): readonly string[] => {
  if (first === undefined) return []
  const judgement = isOutside(first.alone) ? first.alone : first.together
  return [
    `${ink.bad('first outside its bound:')} ${ink.strong(labelOf(first))}, ${first.phase}`,
    ...(judgement === undefined ? [] : [printJudgement(judgement)]),
  ]
}

/** What was found, the first wrong node before everything else. */
export const printLocalized = (
  found: Localized,
  subject: Pick<Subject, 'answers' | 'program'>,
  place: LocalizePlace,
  ink: Ink = plain,
): string => {
  const { findings, judged, of, name } = found
  const verdict = verdictOf(found)
  const refused = findings.filter((finding) => finding.refused !== undefined)
  const reasons = [
    ...new Set(refused.map((finding) => `${finding.op} ${finding.direction}: ${finding.refused?.message ?? ''}`)),
  ]
  const paint = { conformant: ink.good, 'not-conformant': ink.bad, 'not-run': ink.faint }[verdict]
  const sections: readonly (readonly string[])[] = [
    [
      ink.strong(`${printable(name)} on ${printable(place.backend)}`),
      wrapped(
        `${findings.length} nodes,`,
        `each by itself on the oracle’s values; ${judged.toLocaleString('en-US')} of ${of.toLocaleString('en-US')} elements judged`.split(
          ' ',
        ),
      ),
      '',
      ...tableOf(findings, ink),
    ],
    [...firstOf(found, ink), ...shownOf(found, place, ink)],
    othersOf(found, ink),
    companyOf(found, ink),
    conventionsOf(found),
    travelOf(found, subject, ink),
    reasons.length === 0
      ? []
      : [
          'not asked, as they are not the backend’s own',
          ...someOf(
            reasons.slice(0, mostTold).map((reason) => wrapped('   ', printable(reason).split(/\s+/))),
            reasons.length,
          ),
        ],
    [paint(verdict)],
  ]
  return sections
    .filter(({ length }) => length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

const finiteOr = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const jsonJudgement = ({ worst, problem, convention }: Judgement): Readonly<Record<string, unknown>> =>
  problem === undefined
    ? {
        ratio: finiteOr(worst.ratio),
        error: finiteOr(worst.error),
        bound: finiteOr(worst.bound),
        output: worst.output,
        index: worst.index,
        got: finiteOr(worst.got),
        want: finiteOr(worst.want),
        ...(convention !== undefined && { convention }),
      }
    : { problem }

const jsonFinding = (finding: NodeFinding): Readonly<Record<string, unknown>> => {
  const { node, op, direction, phase, alone, refused, together, strayed } = finding
  return {
    node,
    op,
    direction,
    phase,
    wrong: isWrong(finding),
    ...(alone && { alone: jsonJudgement(alone) }),
    ...(refused && { refused }),
    ...(together && { together: jsonJudgement(together) }),
    ...(strayed === undefined ? {} : { strayed: finiteOr(strayed) }),
  }
}

/** The same as one line of JSON; NaN and the infinities are words. */
export const writeLocalized = (
  found: Localized,
  { backend, fingerprint, command }: LocalizePlace,
  seed: number,
): string => {
  const { name, findings, first, shown, notRun, judged, of } = found
  return jsonText({
    format: 'etalon localize',
    version: 1,
    name,
    backend,
    fingerprint,
    seed,
    verdict: verdictOf(found),
    judged,
    of,
    ...(first && { first: jsonFinding(first) }),
    ...(shown && {
      shown: {
        drawn: JSON.parse(printCase(shown.drawn)) as unknown,
        smallest: JSON.parse(printCase(shown.smallest)) as unknown,
        ...jsonJudgement(shown.judgement),
        ...(shown.diagnosis && { diagnosis: shown.diagnosis }),
        replay: `${command} ${quoted(printCase(shown.smallest))}`,
      },
    }),
    ...(notRun && { notRun }),
    nodes: findings.map(jsonFinding),
  })
}
