import { mutants, variants } from '../conformance/testing/mutants/index.js'
import type { Mutant } from '../conformance/testing/mutants/mutant.js'
import { families } from '../conformance/testing/mutants/mutant.js'
import type { Recorded } from '../conformance/testing/mutants/recorded.js'
import { readRecorded } from '../conformance/testing/mutants/recorded.js'
import { stands, tallies } from '../conformance/testing/mutants/table.js'

/** The page of the mutation bench, made of what is on record of its last run. */

const cell = (text: string): string => text.replace(/([|*_<])/g, '\\$1').replace(/\s+/g, ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const share = (n: number, of: number): string => (of === 0 ? '–' : `${n} (${Math.round((100 * n) / of)} %)`)

const fileOf = ({ edits }: Pick<Mutant, 'edits'>): string => edits[0]?.file ?? ''
const whatOf = ({ id }: Pick<Mutant, 'id'>): string => id.slice(id.indexOf(': ') + 2)

const familyTable = (recorded: Recorded): string =>
  table(
    [
      'family',
      'faults',
      'rejected',
      'told beside the verdict',
      'equivalent',
      'missed',
      '10⁻³ absolute',
      '10⁻³ relative',
    ],
    tallies(recorded).map(({ family, tried, rejected, told, equivalent, missed, absolute, relative }) => {
      const others = tried - equivalent
      return [
        family === 'all' ? '**all**' : `${family}: ${cell(families[family])}`,
        String(tried),
        ...[rejected, told].map(String),
        ...[equivalent, missed].map((n) => (n === 0 ? '–' : String(n))),
        share(absolute, others),
        share(relative, others),
      ]
    }),
  )

const survivors = (recorded: Recorded, reason: (mutant: Mutant) => string | undefined): string =>
  table(
    ['fault', 'file', 'why'],
    mutants
      .filter((mutant) => recorded[mutant.id]?.verdict === 'passed' && reason(mutant) !== undefined)
      .map((mutant) => [cell(whatOf(mutant)), `\`${fileOf(mutant)}\``, cell(reason(mutant) ?? '')]),
  )

const casesOf = (by: string): string => {
  const [op = '', direction = '', , number = ''] = by.split(/[/@]/)
  return `${op} ${direction}, case ${number}${by.includes(',') ? by.slice(by.indexOf(',')) : ''}`
}

const every = (recorded: Recorded): readonly string[] =>
  [...new Set(mutants.map(fileOf))].flatMap((file) => [
    `### ${file}`,
    table(
      ['family', 'fault', 'outcome', 'by', 'asked'],
      mutants
        .filter((mutant) => fileOf(mutant) === file && recorded[mutant.id] !== undefined)
        .map((mutant) => {
          const { verdict, by, asked } = recorded[mutant.id] as Recorded[string]
          const outcome = verdict !== 'passed' ? verdict : mutant.equivalent === undefined ? '**missed**' : 'equivalent'
          return [
            mutant.family,
            cell(whatOf(mutant)),
            outcome,
            by === undefined ? '' : cell(casesOf(by)),
            String(asked),
          ]
        }),
    ),
  ])

export const mutantsPage = (generated: string): string => {
  const recorded = readRecorded()
  const passed = variants.filter(({ id }) => stands(recorded, id))
  return [
    '# The mutation bench',
    generated,
    `Faults of the kinds that kernel authors commit, put one at a time into our own WGSL, lowering, plan and executor, and into
the plain f32 backend. Each is judged by what the default run asks of the ops that it touches, seed 42, ended at the first
failure: those of \`accelerated/\` on the embedded adapter, as it is or as if it had no subgroups, those of \`adapters/\`
anywhere. \`npm run mutants\` tries what is new, or whose file or suite has changed since it was tried, and keeps what came of it in
\`conformance/testing/mutants/recorded.json\`, of which this page is made. A fault whose text is gone from the sources fails
the tests, so that the bench lives as the kernels change.`,
    '## By family',
    `_Rejected_ counts faults that hang or end the process, too. _Told_ are those that lose NaN or an infinity, of which WGSL
promises nothing: the run says so beside its verdict, and \`--non-finite strict\` rejects them. The last two columns are
what two usual rules reject of the faults that are not equivalent, on one small fixed shape for each op with default
attributes and normal numbers (\`conformance/testing/mutants/usual.ts\`): |got − want| at most 10⁻³, and at most
10⁻³·|want| + 10⁻⁷.`,
    familyTable(recorded),
    '## Equivalent',
    'Faults that no answer can show.',
    survivors(recorded, ({ equivalent }) => equivalent),
    '## Missed',
    'Faults that the default run does not see, and what would have to be asked.',
    survivors(recorded, ({ unseen }) => unseen),
    '## Correct variants',
    `Right answers made in other ways: ${passed.length} of ${variants.length} pass.`,
    table(
      ['variant', 'file', 'outcome', 'cases'],
      variants
        .filter(({ id }) => recorded[id] !== undefined)
        .map((variant) => [
          cell(whatOf(variant)),
          `\`${fileOf(variant)}\``,
          recorded[variant.id]?.verdict ?? '',
          String(recorded[variant.id]?.asked),
        ]),
    ),
    '## Every fault',
    ...every(recorded),
  ].join('\n\n')
}
