import { html, style } from '../../conformance/page.js'
import type { ReadLine } from '../../conformance/reportCodec.js'
import { number } from '../../conformance/text.js'
import { hasBackward, opNames, opOf } from '../../spec/catalogue.js'
import { classNames, lineOf, toldOf } from './board.js'
import { signOf } from './markdown.js'
import type { Recording } from './record.js'

/** The matrix of the scoreboard as a page of its own: no network, no script. */

const tones: Readonly<Record<ReadLine['verdict'], string>> = {
  conformant: 'good',
  convention: 'odd',
  inaccurate: 'odd',
  'not-conformant': 'bad',
  'not-deterministic': 'odd',
  unsupported: '',
  'not-run': 'none',
}

// what a pointer that rests on a cell is told
const titleOf = (line: ReadLine, causes: readonly string[]): string =>
  [
    `${line.backend}: ${line.op} ${line.direction}`,
    line.verdict,
    ...(line.cases === 0 ? [] : [`${line.failed} of ${line.cases} cases failed`]),
    ...(line.worst === undefined ? [] : [`worst error ÷ bound ${number(line.worst.ratio)}`]),
    ...(line.rmsByPlain === undefined ? [] : [`errors ${number(line.rmsByPlain)} times plain f32’s`]),
    ...causes,
  ].join('\n')

const cellOf = (line: ReadLine | undefined, causes: readonly string[]): string =>
  line === undefined || line.verdict === 'unsupported'
    ? '<td></td>'
    : `<td><span class="badge ${tones[line.verdict]}" title="${html(titleOf(line, causes))}">${html(signOf(line))}</span></td>`

const rows = (all: readonly Recording[], causesOf: (line: ReadLine) => readonly string[]): string =>
  opNames
    .flatMap((op, at) => {
      const { family } = opOf(op)
      const before = opNames[at - 1]
      const head =
        before === undefined || opOf(before).family !== family
          ? [`<tr class="family"><th scope="rowgroup" colspan="${all.length + 2}">${html(family)}</th></tr>`]
          : []
      return [
        ...head,
        ...(hasBackward(op) ? (['forward', 'backward'] as const) : (['forward'] as const)).map((direction) => {
          const cells = all.map((one) => {
            const line = lineOf(one, op, direction)
            return cellOf(line, line === undefined ? [] : causesOf(line))
          })
          return `<tr><th scope="row">${direction === 'forward' ? html(op) : ''}</th><td class="way">${direction}</td>${cells.join('')}</tr>`
        }),
      ]
    })
    .join('\n')

const own = `
table.board th, table.board td { padding: .15rem .5rem .15rem 0 } table.board tbody th { position: sticky; left: 0; background: var(--paper) }
table.board thead th { vertical-align: bottom; position: sticky; top: 0; background: var(--paper) } table.board thead .turned { writing-mode: vertical-rl; transform: rotate(180deg); padding: .25rem 0 }
.board .badge { min-width: 2.2em; text-align: center } .family th { color: var(--faint); font-size: .875rem; padding-top: .75rem } .way { color: var(--faint); font-size: .875rem }
.key li { margin: .1rem 0 } ul.key { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; white-space: normal; margin-left: 0 }
@media (max-width: 40rem) { .way { font-size: .75rem } table.board { font-size: .8125rem } table.board th, table.board td { padding-right: .25rem } }
`

const key: readonly (readonly [string, string, string])[] = [
  ['✓', 'good', 'conformant'],
  ['≈', 'odd', 'inaccurate: the right formula, with too few digits'],
  ['↔', 'odd', 'another convention'],
  ['✗', 'bad', 'not conformant'],
  ['~', 'odd', 'not the same when asked again'],
  ['–', 'none', 'not run: most cases are not its own'],
]

export const scoreboardHtml = (all: readonly Recording[]): string => {
  const told = toldOf(all)
  const causesOf = (line: ReadLine): readonly string[] =>
    told
      .filter(({ seen }) => seen.some(({ at }) => at === line))
      .map(({ cause }) => `${classNames[cause.class].toLowerCase()}: ${cause.title}`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Etalon: the scoreboard</title>
<style>${style}${own}</style>
</head>
<body>
<header><h1>The scoreboard</h1>
<p>Libraries held against the formulas, op by op and direction by direction. A letter is the grade: rms of errors ÷ those of a textbook’s loops in f32, A to 2, B to 16, C beyond. An empty place: there is no such op.</p>
<ul class="key">${key.map(([sign, tone, words]) => `<li><span class="badge ${tone}">${sign}</span> ${words}</li>`).join('')}</ul>
</header>
<main>
<div class="scroll"><table class="board"><thead><tr><th scope="col">op</th><th scope="col"></th>${all
    .map(
      ({ backend, report: { summary }, from }) =>
        `<th scope="col" title="${html(`${String(summary.fingerprint['version'] ?? '')} ${summary.profile}, ${from.date}`.trim())}"><span class="turned">${html(backend)}</span></th>`,
    )
    .join('')}</tr></thead>
<tbody>
${rows(all, causesOf)}
</tbody></table></div>
<h2>What the disagreements are</h2>
${told
  .map(
    ({ cause, seen }) =>
      `<p><span class="badge ${cause.class === 'defect' || cause.class === 'ours' ? 'bad' : 'odd'}">${cause.class}</span> <b>${html(cause.library)}</b>: ${html(cause.title)} <span class="note">${html([...new Set(seen.map(({ backend }) => backend))].join(', '))}</span></p>`,
  )
  .join('\n')}
</main>
</body>
</html>
`
}
