import { printJudgement, printQuestion, quoted } from '../../conformance/failureReport.js'
import { printCase, printCases } from '../../conformance/form.js'
import { totalsOf } from '../../conformance/overall.js'
import type { ReadLine } from '../../conformance/reportCodec.js'
import { number } from '../../conformance/text.js'
import { casesOf, toldLine } from '../../conformance/written.js'
import { hasBackward, opNames, opOf, questions } from '../../spec/catalogue.js'
import type { Seen, Told } from './board.js'
import {
  classNames,
  classes,
  diagnosedOf,
  gradesOf,
  libraries,
  lineOf,
  placeOf,
  shortNames,
  smallestOf,
  toldOf,
} from './board.js'
import type { CauseClass } from './causes.js'
import type { Recording, Witness } from './record.js'

/** The pages of the scoreboard, in Markdown, made of what is on record and of what people made of it. */

const cell = (text: string): string => text.replace(/([|*_<])/g, '\\$1').replace(/\s+/g, ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): string =>
  [head, head.map((_, at) => (right.includes(at) ? '--:' : '---')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
const fenced = (text: string, language = 'text'): string => `\`\`\`${language}\n${text}\n\`\`\``
const none = (count: number): string => (count === 0 ? '–' : String(count))
const shortOf = (backend: string): string => shortNames[backend] ?? backend.slice(0, 2)
const time = (seconds: number): string =>
  seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`

// prose in lines as wide as the house has them
const wide = 118
const lined = (text: string, indent = ''): string =>
  text
    .split(/\s+/)
    .reduce<readonly string[]>((lines, word) => {
      const last = lines.at(-1)
      return last !== undefined && last.length + 1 + word.length <= wide
        ? [...lines.slice(0, -1), `${last} ${word}`]
        : [...lines, lines.length === 0 ? word : indent + word]
    }, [])
    .join('\n')
const versionOf = ({ report: { summary } }: Recording): string => String(summary.fingerprint['version'] ?? 'this one')

// ---- the index ---------------------------------------------------------------------------------------------------

/** A sign for a verdict, and the grade. */
export const signOf = (line: ReadLine | undefined): string => {
  if (line === undefined) return ''
  const signs: Readonly<Record<ReadLine['verdict'], string>> = {
    conformant: '✓',
    inaccurate: '≈',
    convention: '↔',
    'not-conformant': '✗',
    'not-deterministic': '~',
    unsupported: '',
    'not-run': '–',
  }
  return `${signs[line.verdict]}${line.verdict === 'unsupported' || line.verdict === 'not-run' ? '' : (line.grade ?? '')}`
}

const plural: Readonly<Record<string, string>> = {
  activation: 'Activations',
  layer: 'Layers',
  normalizer: 'Normalizers',
  loss: 'Losses',
  optimizer: 'Optimizers',
}

// ten libraries side by side want less room than a table of Markdown takes
const matrix = (all: readonly Recording[], family: string): string => {
  const row = (name: string, way: string, cells: readonly string[]): string =>
    `${name.padEnd(20)}${way} ${cells.map((text) => `  ${text.padEnd(2)}`).join('')}`.trimEnd()
  return fenced(
    [
      row(
        '',
        ' ',
        all.map(({ backend }) => shortOf(backend)),
      ),
      ...opNames
        .filter((op) => opOf(op).family === family)
        .flatMap((op) =>
          (hasBackward(op) ? (['forward', 'backward'] as const) : (['forward'] as const)).map((direction) =>
            row(
              direction === 'forward' ? op : '',
              direction === 'forward' ? 'f' : 'b',
              all.map((one) => signOf(lineOf(one, op, direction))),
            ),
          ),
        ),
    ].join('\n'),
  )
}

const asked = (all: readonly Recording[]): string =>
  table(
    ['', 'backend', 'version', 'profile', 'cases', 'time', 'day'],
    all.map((one) => [
      shortOf(one.backend),
      one.backend,
      versionOf(one),
      one.report.summary.profile,
      one.report.summary.cases.toLocaleString('en-US'),
      time(one.report.summary.seconds),
      one.from.date,
    ]),
    [4, 5],
  )

const verdicts = (all: readonly Recording[]): string =>
  table(
    ['backend', '✓', '≈', '↔', '✗', '~', '–', 'no op', 'A/B/C', 'NaN'],
    all.map((one) => {
      const { conformant, inaccurate, convention, notConformant, notDeterministic, notRun, unsupported } = totalsOf(
        one.report.lines,
      )
      const { A, B, C } = gradesOf(one)
      const lost = one.report.lines.filter(({ nonFinite }) => nonFinite === 'lost').length
      return [
        one.backend,
        ...[conformant, inaccurate, convention, notConformant, notDeterministic, notRun, unsupported].map(none),
        [A, B, C].map(none).join('/'),
        none(lost),
      ]
    }),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  )

const headOf: Readonly<Record<CauseClass, string>> = {
  defect: 'defects',
  accuracy: 'digits',
  convention: 'conv.',
  ours: 'ours',
}

const groups = (all: readonly Recording[]): string =>
  table(
    ['backend', 'diagnosed', 'causes', ...classes.map((each) => headOf[each])],
    all.map((one) => {
      const { groups: count, diagnosed } = diagnosedOf(one)
      const told = toldOf([one])
      return [
        one.backend,
        count === 0 ? '–' : `${diagnosed} of ${count}`,
        none(told.length),
        ...classes.map((each) => none(told.filter(({ cause }) => cause.class === each).length)),
      ]
    }),
    [1, 2, 3, 4, 5, 6],
  )

const idOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

const defects = (all: readonly Recording[]): string =>
  libraries
    .flatMap(({ page, name, has }) => {
      const told = toldOf(all.filter(({ backend }) => has(backend))).filter(({ cause }) => cause.class === 'defect')
      return told.length === 0
        ? []
        : [
            `**${name}**, ${told.length}`,
            told
              .map(
                ({ cause, seen }) =>
                  `- [${cell(cause.title)}](${page}.md#${idOf(cause.title)}): ${backendsIn(seen).join(', ')}`,
              )
              .join('\n'),
          ]
    })
    .join('\n\n')

const backendsIn = (seen: readonly Seen[]): readonly string[] => [
  ...new Set(seen.map(({ backend }) => `\`${backend}\``)),
]

const legend = `✓ conformant, ≈ inaccurate (the right formula, with too few digits), ↔ another convention, ✗ not conformant, ~ not the same when asked again, – not run, for most cases are not its own; an empty cell: there is no such op. The letter is the grade: rms of errors ÷ those of a textbook's loops in f32, A to 2, B to 16, C beyond; without one nothing rounds.`

const places: Readonly<Record<string, string>> = {
  'embedded-software': 'Dawn on the adapter that comes with the packages',
  'system-software': 'Dawn on Mesa’s',
  software: 'the embedded Chromium',
}

/** Through what WebGPU was asked of the processor. */
const adaptersOf = (all: readonly Recording[]): string =>
  Object.entries(places)
    .flatMap(([kind, place]) => {
      const there = all.filter(({ report: { summary } }) => summary.fingerprint['kind'] === kind)
      return there.length === 0 ? [] : [`${place} (${there.map(({ backend }) => `\`${backend}\``).join(', ')})`]
    })
    .join(', ')

const indexPage = (all: readonly Recording[], generated: string): string => {
  const missing = Object.keys(shortNames).filter((name) => !all.some(({ backend }) => backend === name))
  return [
    '# The scoreboard',
    generated,
    `Libraries that people ship, held against the formulas: every op and direction of the catalogue that a library has, by
its [adapter](../adapters.md). What is here is what \`etalon verify\` found, on the day and with the version that stands
beside it, on one machine; anyone can ask again. A verdict is the suite's; what a disagreement _is_ – a defect, a want of
digits, a lawful convention, or a mistake of our own adapter – was found out by reading, case by case, and the pages of the
libraries say how. [The same as one page with a matrix](scoreboard.html).`,
    '## Who was asked',
    asked(all),
    ...(missing.length === 0 ? [] : [`Not on record: ${missing.join(', ')}.`]),
    lined(`Each by \`etalon verify --backend NAME --profile PROFILE\`, seed 1, some in parts (\`--shard\`, \`etalon merge\`), on one
${all[0]?.from.processor ?? ''} core with other work beside it, so that times are of use for their size only. WebGPU is
on the processor: ${adaptersOf(all)}. \`quick\` asks every class of cases once, \`standard\` every pair of
them and every extent. Cases that a library does not do are not counted. Some lines were asked again and stand in their places: when the suite, or our kernel, had been mended, \`batchNormTraining\` and \`adam\` forward of \`tfjs-cpu\` and \`tfjs-wasm\`, and \`softmaxCrossEntropy\` of \`webgpu\`; with more time for an answer, beside less work, \`mse\` backward and \`adam\` of \`pytorch\`. What is there in \`quick\` takes over two hours otherwise: an eighth of \`standard\` (\`--shard 1/8\`) took \`tfjs-webgpu\` 17 minutes. Page by page: ${libraries
      .filter(({ has }) => all.some(({ backend }) => has(backend)))
      .map(({ page, name }) => `[${name}](${page}.md)`)
      .join(', ')}.`),
    '## By verdict',
    lined(`Lines of an op in a direction, of ${questions.length}. ${legend} _NaN_ counts the lines that lose a NaN or an infinity, which is told
beside the verdict.`),
    verdicts(all),
    '## What the disagreements are',
    `Failures of a line are laid in groups by what they have in common. A group is _diagnosed_ where the suite itself found
what gives just these answers: a convention, a form that loses digits, a mistake in the formula. Behind that, what we make
of them, groups of one cause together: defects, want of digits, conventions, mistakes of our adapter.`,
    groups(all),
    '## Defects',
    `Answers that no convention makes right, each found again by asking its smallest case alone of the library opened anew.`,
    defects(all),
    '## Op by op',
    lined(`${legend} f is forward, b backward.`),
    ...Object.entries(plural).flatMap(([family, name]) => [`### ${name}`, matrix(all, family)]),
    '## Where it is from',
    `\`npm run scoreboard -- record FILE\` puts a report of \`verify --json\` on record in [recorded](recorded), where it stays a
report that \`etalon report\` and \`etalon compare\` read; one that lies – a verdict that its failures do not come to, a
number wanted that the formula does not give – is refused. \`npm run scoreboard -- witness\` asks every smallest case again, of
the library and of PyTorch. [triage.json](triage.json) says of every disagreement which of the [causes](causes.ts) it is; a
test holds that none is missing or left over.`,
  ].join('\n\n')
}

// ---- the page of a library ---------------------------------------------------------------------------------------

const witnessText = (name: string, found: Witness | undefined): readonly string[] => {
  if (found === undefined) return []
  if ('unsupported' in found) return [`${name} does not do it (${found.unsupported})`]
  const verdict = found.conformant ? 'within the bound' : 'out of bounds'
  return [`${name} is ${verdict}${'problem' in found ? ` (${found.problem})` : ''}`]
}

const shown = (seen: Seen): string => {
  if ('program' in seen.at)
    return fenced(`${seen.at.program}\n${seen.at.failure?.at ?? ''}: ${seen.at.failure?.message ?? ''}`)
  const { groups, sequence } = toldLine(seen.at)
  const own = groups.find(({ failure }) => failure.id === seen.group?.failure.id)
  if (own !== undefined)
    return [
      fenced(`${printQuestion(own.failure.smallest)}\n${printJudgement(own.failure.judgement)}`),
      fenced(`${seen.replay} ${quoted(printCase(own.failure.smallest))}`, 'sh'),
    ].join('\n\n')
  const asked = sequence === undefined ? [] : casesOf(seen.at.sequence?.cases ?? [])
  if (sequence !== undefined && asked.length > 0)
    return [
      fenced(`after ${asked.length - 1} other questions\n${printJudgement(sequence.judgement)}`),
      fenced(`${seen.replay} ${quoted(printCases(asked))}`, 'sh'),
    ].join('\n\n')
  const { repeats } = seen.at
  return `${repeats?.differed ?? 0} of ${repeats?.asked ?? 0} answers differ when asked again.`
}

const seenList = (seen: readonly Seen[]): string =>
  [...new Map(seen.map((one) => [`${one.backend} ${placeOf(one)}`, one])).values()]
    .map((one) => {
      const same = seen.filter((other) => other.backend === one.backend && placeOf(other) === placeOf(one))
      const failed = same.reduce((n, { group }) => n + (group?.failed ?? 0), 0)
      const cases = 'cases' in one.at ? one.at.cases : 0
      return `- \`${one.backend}\` ${placeOf(one)}${failed === 0 ? '' : `, ${failed} of ${cases} cases`}${
        one.group === undefined ? '' : `: \`${one.replay} ${one.group.failure.id}\``
      }`
    })
    .join('\n')

const causeSection = (told: Told): string => {
  const { cause, seen } = told
  const small = smallestOf(told)
  const { again, pytorch } = small.witnesses ?? {}
  const said = [...witnessText('Asked again, alone, it', again), ...witnessText('PyTorch', pytorch)]
  const snippet = small.group?.snippet
  return [
    `### ${cause.title}`,
    lined(cause.reason),
    ...(cause.links === undefined || cause.links.length === 0
      ? []
      : [cause.links.map((link) => `- <${link}>`).join('\n')]),
    shown(small),
    ...(said.length === 0 ? [] : [lined(`${said.join('; ')}.`)]),
    ...(snippet === undefined
      ? []
      : [
          '<details><summary>In the library’s own words</summary>',
          fenced(snippet.trimEnd(), small.backend === 'pytorch' ? 'python' : 'js'),
          '</details>',
        ]),
    `Seen in`,
    seenList(seen),
  ].join('\n\n')
}

const lineRows = (own: readonly Recording[]): readonly (readonly string[])[] =>
  own.flatMap(({ backend, report }) =>
    report.lines
      .filter(({ verdict }) => !['conformant', 'unsupported', 'not-run'].includes(verdict))
      .map((line) => [
        shortOf(backend),
        `${line.op} ${line.direction}`,
        signOf(line),
        `${line.failed} of ${line.cases}`,
        line.worst === undefined ? '–' : Number.isFinite(line.worst.ratio) ? number(line.worst.ratio) : '∞',
      ]),
  )

const lostRows = (own: readonly Recording[]): readonly (readonly string[])[] =>
  own.flatMap(({ backend, report }) =>
    report.lines.flatMap(({ op, direction, lost }) =>
      lost === undefined
        ? []
        : [
            [
              shortOf(backend),
              `${op} ${direction}`,
              `${lost.special} in ${lost.into}`,
              lost.problem === undefined ? String(lost.got) : 'no answer',
              String(lost.want),
            ],
          ],
    ),
  )

const libraryPage = (name: string, own: readonly Recording[], generated: string): string => {
  const told = toldOf(own)
  const [lines, lost] = [lineRows(own), lostRows(own)]
  return [
    `# ${name}: the scoreboard`,
    generated,
    own
      .map(({ backend, report: { summary }, from }) => {
        const facts = Object.entries(summary.fingerprint)
          .filter(([fact]) => fact !== 'name')
          .map(([fact, value]) => `${fact} ${String(value)}`)
          .join(', ')
        return lined(
          `- \`${backend}\` (${shortOf(backend)}), ${from.date}: \`${from.command}\`, at ${from.commit}${from.parts === 1 ? '' : `, in ${from.parts} parts`}, suite ${summary.suite}, ${time(summary.seconds)}${facts === '' ? '' : `; ${facts}`}`,
          '  ',
        )
      })
      .join('\n'),
    told.length === 0 ? 'Every op and direction that it has agrees with the formula.' : '',
    ...classes.flatMap((each) => {
      const mine = told.filter(({ cause }) => cause.class === each)
      return mine.length === 0 ? [] : [`## ${classNames[each]}`, ...mine.map(causeSection)]
    }),
    ...(lines.length === 0
      ? []
      : ['## Lines that disagree', table(['', 'line', '', 'failed', 'worst'], lines, [3, 4])]),
    ...(lost.length === 0
      ? []
      : [
          '## NaN and the infinities that are lost',
          'Told beside the verdict, the first of each line: what was put in, what came and what IEEE 754 has.',
          table(['', 'line', 'put in', 'got', 'want'], lost),
        ]),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
}

/** The pages by their paths. */
export const scoreboardPages = (all: readonly Recording[], generated: string): Readonly<Record<string, string>> => {
  return {
    'docs/scoreboard/README.md': indexPage(all, generated),
    ...Object.fromEntries(
      libraries.flatMap(({ page, name, has }) => {
        const own = all.filter(({ backend }) => has(backend))
        return own.length === 0 ? [] : [[`docs/scoreboard/${page}.md`, libraryPage(name, own, generated)] as const]
      }),
    ),
  }
}
