import { reports } from '../conformance/testing/reports/index.js'
import { readRecorded } from '../conformance/testing/reports/recorded.js'
import type { Report } from '../conformance/testing/reports/report.js'
import { kinds } from '../conformance/testing/reports/report.js'
import type { Kind } from '../conformance/testing/reports/report.js'
import type { Outcome } from '../conformance/testing/reports/trial.js'

/** The page of faults as people report them, made of what is on record of their last run. */

const cell = (text: string): string => text.replace(/([|*_<])/g, '\\$1').replace(/\s+/g, ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const linkOf = ({ like }: Report): string => {
  if (like === undefined) return ''
  const [repository = '', number = ''] = like.split('#')
  return `[${like}](https://github.com/${repository}/issues/${number})`
}

const sayingOf = ({ seen, verdict, told = '', sequence, by }: Outcome): string =>
  !seen
    ? '**missed**'
    : by !== undefined
      ? `case ${by.split(/[/@]/)[3] ?? ''} is wrong`
      : verdict === 'told'
        ? `beside the verdict: ${told}`
        : sequence !== undefined && told === ''
          ? `after others: ${sequence} in a row show it`
          : told === ''
            ? verdict
            : told

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0

export const reportedFaultsPage = (generated: string): string => {
  const recorded = readRecorded()
  const tried = reports.filter(({ id }) => recorded[id] !== undefined)
  const outcomeOf = ({ id }: Report): Outcome => recorded[id] as Outcome
  const seen = tried.filter((each) => outcomeOf(each).seen)
  const brief = tried.filter((each) => outcomeOf(each).by !== undefined).length
  const sizes = seen
    .flatMap((each) => outcomeOf(each).nonZero ?? [])
    .slice()
    .sort((a, b) => a - b)
  const readable = sizes.filter((size) => size <= 16).length
  const rows = (Object.keys(kinds) as Kind[]).map((kind) => {
    const own = tried.filter((each) => each.kind === kind)
    return { kind, tried: own.length, seen: own.filter((each) => outcomeOf(each).seen).length }
  })
  return [
    '# Faults as people report them',
    generated,
    `Wrong kernels as public bug reports tell of them, by their symptom and not by a line of code: “depthwise convolutions ignore
the dilation”, “right once, wrong the second time”, “near 0 from 500 rows on”. Each is planted into the plain f32 backend,
which is right everywhere else, and put to \`verify\` of the ops that it touches: the standard run at seed 42, ended at the
first line that says something. \`npm run reports\` tries those that are not on record and keeps what came of them in
\`conformance/testing/reports/recorded.json\`, of which this page is made; \`--met\` says of each how many cases it may strike.
Where a report like it was found, it is linked. [The mutation bench](mutants.md) plants faults line by line.`,
    `${seen.length} of ${tried.length} are seen. ${brief} were tried with \`--brief\`, ended at the first case that fails, so that no
more is on record of them: neither how many fail nor the smallest. Of the ${sizes.length} that end in a smallest case, ${readable} end with 16 numbers other
than 0 or fewer in all inputs and cotangents together; the median is ${median(sizes)}, the worst ${sizes.at(-1) ?? 0}.`,
    table(
      ['what it hangs on', 'tried', 'seen'],
      [
        ...rows
          .filter((row) => row.tried > 0)
          .map((row) => [`${row.kind}: ${cell(kinds[row.kind])}`, String(row.tried), String(row.seen)]),
        ['**all**', String(tried.length), String(seen.length)],
      ],
    ),
    ...(Object.keys(kinds) as Kind[])
      .filter((kind) => tried.some((each) => each.kind === kind))
      .flatMap((kind) => [
        `## ${kind[0]?.toUpperCase()}${kind.slice(1)}`,
        table(
          ['fault', 'like', 'line', 'failed', 'the report tells', 'smallest case, numbers other than 0'],
          tried
            .filter((each) => each.kind === kind)
            .map((each) => {
              const outcome = outcomeOf(each)
              const { line = '', failed, cases, nonZero } = outcome
              const missed = outcome.seen ? '' : `: ${each.unseen ?? ''}`
              return [
                cell(each.id),
                linkOf(each),
                line,
                failed === undefined ? '' : `${failed} of ${cases}`,
                `${cell(sayingOf(outcome)).replaceAll('\\*\\*', '**')}${cell(missed)}`,
                nonZero === undefined ? '' : String(nonZero),
              ]
            }),
        ),
      ]),
  ].join('\n\n')
}
