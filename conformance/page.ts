import type { OpName } from '../spec/catalogue.js'
import { opNames, opOf } from '../spec/catalogue.js'
import { showShape } from '../spec/tensor.js'
import type { Share } from './coverage/covered.js'
import { inShort, knownText, whyNotRun } from './junit.js'
import { notItsOwn } from './line.js'
import { printDifference, printSequence } from './probeReport.js'
import type { Place, ToldGroup, ToldLine } from './failureReport.js'
import {
  boundWords,
  diagnosisWords,
  groupWords,
  partsOf,
  replaysOf,
  scaleOfWalks,
  transformWords,
  walkWords,
} from './failureReport.js'
import { failsRun, isDeclared, totalsOf } from './overall.js'
import { coveredIn } from './report.js'
import { literal, number, printable } from './text.js'
import type { Figure, WrittenLine, WrittenProgram, WrittenReport } from './written.js'
import { failureOfProgram, figure, placeOf, toldLine } from './written.js'

/** A report as one page of HTML that needs nothing else: no network, no script. */

/** Text as HTML; control characters by their codes. */
export const html = (text: string): string =>
  printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

const ratioText = (value: Figure | undefined): string => {
  if (value === undefined) return '–'
  const ratio = figure(value)
  return ratio === Infinity ? '∞' : number(ratio)
}

const anchor = ({ op, direction }: Pick<WrittenLine, 'op' | 'direction'>): string =>
  `${op}-${direction}`.replace(/[^\w-]/g, '_')

const tone = (line: WrittenLine | WrittenProgram): string =>
  failsRun(line)
    ? 'bad'
    : line.verdict === 'conformant' || line.verdict === 'convention'
      ? 'good'
      : line.verdict === 'not-deterministic' || ('expected' in line && line.expected !== undefined)
        ? 'odd'
        : 'none'

const badge = (line: WrittenLine | WrittenProgram): string =>
  `<span class="badge ${tone(line)}">${html(line.verdict.replace('-', ' '))}${'op' in line && isDeclared(line) ? ', declared' : ''}${'expected' in line && line.expected !== undefined ? ', known' : ''}</span>`

// ---- totals and the head -------------------------------------------------------------------------------------------

const fact = (value: string | number, name: string, kind = ''): string =>
  `<li${kind === '' ? '' : ` class="${kind}"`}><b>${html(typeof value === 'number' ? value.toLocaleString('en-US') : value)}</b> ${html(name)}</li>`

const head = (report: WrittenReport): string => {
  const { lines, programs, summary } = report
  const totals = totalsOf(lines)
  const { verdict } = summary
  const [kind, words] =
    verdict === 'conformant'
      ? ['good', 'conformant']
      : verdict === 'not-conformant'
        ? ['bad', 'not conformant']
        : ['none', 'no verdict: nothing was answered']
  const wrong = lines.filter(failsRun).length
  const facts = [
    fact(totals.conformant, 'conformant'),
    ...(wrong === 0 ? [] : [fact(wrong, 'wrong', 'bad')]),
    ...(totals.notDeterministic === 0 ? [] : [fact(totals.notDeterministic, 'not deterministic')]),
    ...(totals.unsupported === 0 ? [] : [fact(totals.unsupported, 'unsupported')]),
    ...(totals.notRun === 0 ? [] : [fact(totals.notRun, 'not run')]),
    fact(totals.cases, 'cases'),
    ...(totals.notItsOwn === 0 ? [] : [fact(totals.notItsOwn, 'cases not its own')]),
    ...(totals.refused === 0 ? [] : [fact(totals.refused, 'cases refused for a limit of the device')]),
    ...(programs.length === 0
      ? []
      : [
          fact(
            `${programs.filter((one) => one.verdict === 'conformant').length} of ${programs.length}`,
            'programs conformant',
          ),
        ]),
    `<li>profile <b>${html(summary.profile)}</b></li>`,
    `<li>seed <b>${summary.seed}</b></li>`,
    `<li><b>${summary.seconds.toFixed(1)} s</b></li>`,
  ]
  return `<header>
<h1>${html(summary.backend)} <span class="badge ${kind}">${words}</span></h1>
<ul class="facts">${facts.join('')}</ul>
<details><summary>What it ran on</summary>
<table class="plain"><tbody>${Object.entries(summary.fingerprint)
    .map(([name, value]) => `<tr><th scope="row">${html(name)}</th><td>${html(String(value))}</td></tr>`)
    .join('')}</tbody></table>
</details>
</header>`
}

// ---- the table of lines --------------------------------------------------------------------------------------------

const shareOf = (share: Share | undefined): string =>
  share === undefined || share.of === 0
    ? '<td class="n">–</td>'
    : `<td class="n"><span class="share"><i style="width:${((100 * share.met) / share.of).toFixed(1)}%"></i></span><span class="of">${share.met}/${share.of}</span></td>`

const unanswered = (line: WrittenLine): string => {
  const count = notItsOwn(line) + line.refused + (line.unasked ?? 0)
  return count === 0 ? '' : `<abbr title="${html(whyNotRun(line))}">${count}</abbr>`
}

const lineRow = (line: WrittenLine, timed: boolean): string => {
  const named =
    (line.groups ?? []).length > 0 || line.sequence !== undefined || line.repeats?.difference !== undefined
      ? `<a href="#${anchor(line)}">${html(line.op)}</a>`
      : html(line.op)
  const cells = [
    `<th scope="row">${named}</th>`,
    `<td>${html(line.direction)}</td>`,
    `<td>${badge(line)}</td>`,
    `<td>${html(line.grade ?? '–')}</td>`,
    `<td class="n">${line.failed === 0 ? '' : `<span class="wrong">${line.failed} of</span> `}${line.cases}</td>`,
    `<td class="n">${ratioText(line.worst?.ratio)}</td>`,
    `<td class="n">${ratioText(line.walk?.rms)}</td>`,
    `<td${line.nonFinite === 'lost' ? ' class="wrong"' : ''}>${line.nonFinite === 'not asked' ? '–' : html(line.nonFinite)}</td>`,
    `<td class="n">${unanswered(line)}</td>`,
    shareOf(line.covered?.classes),
    ...(timed ? [`<td class="n">${line.seconds === undefined ? '–' : `${line.seconds.toFixed(2)} s`}</td>`] : []),
  ]
  return `<tr>${cells.join('')}</tr>`
}

const lineTable = (lines: readonly WrittenLine[]): string => {
  const timed = lines.some(({ seconds }) => seconds !== undefined)
  const names: readonly (readonly [name: string, about: string, number?: boolean])[] = [
    ['op', ''],
    ['direction', ''],
    ['verdict', ''],
    ['grade', 'rms of errors ÷ plain f32’s: A to 2, B to 16, C beyond'],
    ['cases', 'failed and asked', true],
    ['worst', 'largest error ÷ bound; right up to 1', true],
    ['walk', 'rms of errors ÷ a random walk’s', true],
    ['NaN', 'whether NaN and the infinities come out as IEEE 754 has them'],
    ['not answered', 'cases that are not its own, that its device refuses, or that were not asked', true],
    ['classes', 'classes of cases that were met', true],
    ...(timed ? [['time', '', true] as const] : []),
  ]
  const heads = names.map(
    ([name, about, isNumber]) =>
      `<th scope="col"${isNumber === true ? ' class="n"' : ''}${about === '' ? '' : ` title="${html(about)}"`}>${name}</th>`,
  )
  return `<section id="lines"><h2>Ops</h2>
<p class="note">worst: largest error ÷ bound. walk: rms of errors ÷ a random walk’s. grade: rms of errors ÷ plain f32’s, A to 2, B to 16, C beyond. NaN: whether NaN and the infinities come out as IEEE 754 has them.</p>
<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead>
<tbody>${lines.map((line) => lineRow(line, timed)).join('\n')}</tbody></table></div></section>`
}

// ---- cases that are not its own ------------------------------------------------------------------------------------

const reasonTable = (lines: readonly WrittenLine[]): string => {
  const rows = lines.flatMap(({ op, direction, unsupported = {} }) =>
    Object.entries(unsupported)
      .sort(([, a], [, b]) => b - a)
      .map(
        ([reason, count]) =>
          `<tr><th scope="row">${html(op)}</th><td>${html(direction)}</td><td class="n">${count}</td><td class="wide">${html(reason)}</td></tr>`,
      ),
  )
  return rows.length === 0
    ? ''
    : `<section id="reasons"><details><summary><h2>Cases that are not its own</h2></summary>
<div class="scroll"><table><thead><tr><th scope="col">op</th><th scope="col">direction</th><th scope="col" class="n">cases</th><th scope="col">the reason that it gives</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details></section>`
}

// ---- errors by op --------------------------------------------------------------------------------------------------

interface Axis {
  readonly low: number
  readonly high: number
}

const decade = Math.log10

/** The decades that an axis has: those of the values, and that of the bound. */
const axisOf = (lines: readonly WrittenLine[]): Axis => {
  const values = lines
    .flatMap(({ worst, rms }) => [figure(worst?.ratio), figure(rms)])
    .filter((value) => Number.isFinite(value) && value > 0)
    .map(decade)
  // what is farther off than this lies at an end
  const low = Math.max(-9, Math.min(-2, Math.floor(Math.min(0, ...values))))
  const high = Math.min(9, Math.max(1, Math.ceil(Math.max(0, ...values))))
  return { low, high }
}

/** Where on an axis a value lies, in percent: 0 and the infinities have places of their own at its ends. */
const placeOn =
  ({ low, high }: Axis) =>
  (value: number): string => {
    const at =
      value === 0
        ? 2
        : value === Infinity
          ? 98
          : 6 + (88 * (Math.min(high, Math.max(low, decade(value))) - low)) / (high - low)
    return `${at.toFixed(2)}%`
  }

const raised = (sign: string): string => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? '⁻'

const powerText = (power: number): string =>
  power === 0 ? '1' : power === 1 ? '10' : power === -1 ? '0.1' : `10${String(power).replace(/./g, raised)}`

const decadesOf = ({ low, high }: Axis): readonly number[] => Array.from({ length: high - low + 1 }, (_, i) => low + i)

const marks = (line: WrittenLine, place: (value: number) => string, y: number): string => {
  const [worst, rms] = [figure(line.worst?.ratio), figure(line.rms)]
  if (Number.isNaN(worst)) return ''
  const said = `${line.op} ${line.direction}: worst ${ratioText(line.worst?.ratio)}${Number.isNaN(rms) ? '' : `, rms ${ratioText(line.rms)}`} of the bound`
  const kind = `${html(line.direction)}${worst > 1 ? ' over' : ''}`
  return `<g class="${kind}"><title>${html(said)}</title>${
    Number.isNaN(rms)
      ? ''
      : `<line x1="${place(rms)}" x2="${place(worst)}" y1="${y}" y2="${y}"/><circle class="rms" cx="${place(rms)}" cy="${y}" r="3.5"/>`
  }<circle cx="${place(worst)}" cy="${y}" r="4"/></g>`
}

const errorPicture = (lines: readonly WrittenLine[]): string => {
  const shown = lines.filter(({ worst }) => worst !== undefined)
  if (shown.length === 0) return ''
  const axis = axisOf(shown)
  const place = placeOn(axis)
  const decades = decadesOf(axis)
  // as many numbers as have room on a narrow screen, the bound's among them
  const every = Math.ceil(decades.length / 6)
  const grid = decades
    .map(
      (power) =>
        `<line class="${power === 0 ? 'bound' : 'grid'}" x1="${place(10 ** power)}" x2="${place(10 ** power)}" y1="0" y2="100%"/>`,
    )
    .join('')
  const labels = [
    `<text x="2%" y="15">0</text>`,
    ...decades
      // those at the ends have no room beside 0 and ∞
      .filter((power) => power % every === 0 && power > axis.low && power < axis.high)
      .map((power) => `<text x="${place(10 ** power)}" y="15">${powerText(power)}</text>`),
    `<text x="98%" y="15">∞</text>`,
  ]
  const ops = [...new Set(shown.map(({ op }) => op))]
  const rows = ops.map((op) => {
    const own = shown.filter((line) => line.op === op)
    const height = own.length === 1 ? 22 : 26
    const places = own.map((line, i) => marks(line, place, own.length === 1 ? 11 : 8 + 10 * i))
    return `<div class="row"><span title="${html(op)}">${html(op)}</span><svg width="100%" height="${height}" role="img" aria-label="${html(`errors of ${op}`)}">${grid}${places.join('')}</svg></div>`
  })
  return `<section id="errors"><h2>Errors by op</h2>
<p class="note">error ÷ bound on a scale of powers of ten; right of the line at 1 is wrong.
<span class="key"><svg width="12" height="12" aria-hidden="true"><g class="forward"><circle cx="6" cy="6" r="4"/></g></svg> forward, worst</span>
<span class="key"><svg width="12" height="12" aria-hidden="true"><g class="backward"><circle cx="6" cy="6" r="4"/></g></svg> backward, worst</span>
<span class="key"><svg width="12" height="12" aria-hidden="true"><g class="forward"><circle class="rms" cx="6" cy="6" r="3.5"/></g></svg> rms, where anything rounds</span></p>
<div class="chart"><div class="row axis"><span></span><svg width="100%" height="20" aria-hidden="true">${labels.join('')}</svg></div>
${rows.join('\n')}
</div></section>`
}

// ---- coverage ------------------------------------------------------------------------------------------------------

const coverageTable = (lines: readonly WrittenLine[]): string => {
  const covered = lines.filter((line) => line.covered !== undefined)
  if (covered.length === 0) return ''
  const all = coveredIn(covered)
  const rows = covered.map(({ op, direction, covered: of }) => {
    const extents = Object.entries(of?.extents ?? {})
    const sum = extents.reduce<Share>((total, [, one]) => ({ met: total.met + one.met, of: total.of + one.of }), {
      met: 0,
      of: 0,
    })
    return `<tr><th scope="row">${html(op)}</th><td>${html(direction)}</td>${shareOf(of?.classes)}${shareOf(of?.pairs)}${shareOf(of?.triples)}${shareOf(sum)}<td class="axes">${extents
      .map(([letter, one]) => `${html(letter)} ${one.met}/${one.of}`)
      .join(' · ')}</td></tr>`
  })
  return `<section id="coverage"><details><summary><h2>Coverage</h2></summary>
<p class="note">What the cases that were answered meet: classes of cases, pairs and triples of them, and extents of axes on a ladder of sizes.</p>
<div class="scroll"><table><thead><tr><th scope="col">op</th><th scope="col">direction</th><th scope="col" class="n">classes</th><th scope="col" class="n">pairs</th><th scope="col" class="n">triples</th><th scope="col" class="n">extents</th><th scope="col">by axis</th></tr></thead>
<tbody><tr class="sum"><th scope="row">all</th><td></td>${shareOf(all.classes)}${shareOf(all.pairs)}${shareOf(all.triples)}${shareOf(all.extents)}<td></td></tr>
${rows.join('\n')}</tbody></table></div></details></section>`
}

// ---- failures ------------------------------------------------------------------------------------------------------

const term = (name: string, value: string): string => `<dt>${name}</dt><dd>${value}</dd>`

const block = (text: string, kind = ''): string =>
  `<pre${kind === '' ? '' : ` class="${kind}"`}><code>${html(text)}</code></pre>`

const outdented = (text: string): string => text.replace(/^ {4}/gm, '')

const worstTable = ({ failure: { judgement } }: ToldGroup): string => {
  const { worst, problem } = judgement
  if (problem !== undefined) return `<p class="problem">${html(problem)}</p>`
  const cells: readonly (readonly [string, string])[] = [
    ['at', `${worst.output}${showShape(worst.index)}`],
    ['got', literal(worst.got)],
    ['want', String(worst.want)],
    ['error', number(worst.error)],
    ['bound', number(worst.bound)],
    ['error ÷ bound', ratioText(worst.ratio)],
  ]
  return `<ul class="worst">${cells
    .map(([name, value]) => `<li><span class="note">${name}</span> <code>${html(value)}</code></li>`)
    .join('')}</ul>`
}

const diagnosisOf = (group: ToldGroup): string => {
  if (group.failed === 0) return ''
  const [kind, is] = diagnosisWords(group)
  const line = group.diagnosis?.line
  const formula =
    line === undefined
      ? ''
      : `<div class="lines"><div><span class="note">the formula has</span>${block(line.right.trim())}</div><div><span class="note">as if it had</span>${block(line.wrong.trim())}</div></div>`
  return term('diagnosis', `${kind === '' ? '' : `<strong>${html(kind)}</strong>: `}${html(is)}${formula}`)
}

const opFormula = (op: OpName, direction: string): string => {
  const { formula, source } = opOf(op)
  return term(
    direction === 'forward' ? 'formula' : 'formula, whose gradient is asked',
    `<code>${html(formula)}</code> <span class="note">(${html(source)})</span>`,
  )
}

const failureCard = (group: ToldGroup, line: ToldLine, { fingerprint, command }: Place): string => {
  const among = line.groups.length > 1 ? `${line.groups.indexOf(group) + 1} of ${line.groups.length}: ` : ''
  const { failure, snippet } = group
  const { head: name, conventions, attributes, tensors } = partsOf(failure.smallest)
  const [drawn, small] = replaysOf(group, command)
  const { judgement, smallest } = failure
  const walks = walkWords(judgement)
  const device = Object.entries(fingerprint)
    .filter(([fact, value]) => typeof value === 'string' && value !== '' && fact !== 'features')
    .map(([fact, value]) => `${fact} ${String(value)}`)
    .join(', ')
  return `<article>
<h4>${among}${html(name)}</h4>
<p>${html(groupWords(group, line))}</p>
<dl>
${[
  ...(line.translates === undefined ? [] : [term('between it and the library', html(line.translates.join('; ')))]),
  ...(conventions.length === 0 ? [] : [term('by the convention', `<code>${html(conventions.join(' '))}</code>`)]),
  ...(attributes.length === 0 ? [] : [term('with', `<code>${html(attributes.join(' '))}</code>`)]),
  term('smallest case', block(tensors.map(outdented).join('\n'))),
  term('answer', worstTable(group)),
  ...(walks.length === 0 ? [] : [term('walk', html(`${walks.join('; ')}. ${scaleOfWalks}.`))]),
  diagnosisOf(group),
  ...(judgement.problem === undefined ? [term('why this bound', html(boundWords(judgement)))] : []),
  opFormula(smallest.op, smallest.direction),
  ...(line.transformed === undefined ? [] : [term('kind', html(transformWords))]),
  term('device', html(device)),
  term('replay', block(small, 'command') + `<span class="note">as drawn</span>${block(drawn, 'command')}`),
  ...(snippet === undefined ? [] : [term('by itself, in its own words', block(snippet.trimEnd()))]),
].join('\n')}
</dl>
</article>`
}

const failuresOfLine = (line: WrittenLine, place: Place): string => {
  const told = toldLine(line)
  const unread = (line.groups ?? []).length - told.groups.length
  const others = [
    printSequence(told, place),
    line.verdict === 'not-deterministic' ? printDifference(told, place) : '',
    ...(unread === 0 ? [] : [`${unread} more, of cases that this version cannot read`]),
  ].filter((text) => text !== '')
  if (told.groups.length + others.length === 0) return ''
  return `<section class="failed" id="${anchor(line)}">
<h3>${html(line.op)} ${html(line.direction)} ${badge(line)}</h3>
<p class="note">${html(line.verdict === 'not-deterministic' ? 'answers are within their bounds, and not the same when asked again' : inShort(line))}</p>
${line.expected === undefined ? '' : `<p>A ledger of known failures says: ${html(knownText(line.expected))}</p>`}
${told.groups.map((group) => failureCard(group, told, place)).join('\n')}
${others.map((text) => `<article>${block(text)}</article>`).join('\n')}
</section>`
}

const failures = ({ lines }: WrittenReport, place: Place): string => {
  const told = lines.map((line) => failuresOfLine(line, place)).filter((text) => text !== '')
  return told.length === 0 ? '' : `<section id="failures"><h2>Failures</h2>\n${told.join('\n')}\n</section>`
}

// ---- programs ------------------------------------------------------------------------------------------------------

const programTable = ({ programs }: WrittenReport, place: Place): string =>
  programs.length === 0
    ? ''
    : `<section id="programs"><h2>Programs</h2>
<div class="scroll"><table><thead><tr><th scope="col">program</th><th scope="col">verdict</th><th scope="col" class="n">cases</th><th scope="col" class="n">worst</th><th scope="col">what it finds out</th></tr></thead>
<tbody>${programs
        .map(
          (line) =>
            `<tr><th scope="row">${html(line.program)}</th><td>${badge(line)}</td><td class="n">${line.cases}</td><td class="n">${ratioText(line.worst?.ratio)}</td><td class="wide">${html(line.about)}${line.unsupported === undefined ? '' : ` <span class="note">not its own: ${html(line.unsupported)}</span>`}</td></tr>`,
        )
        .join('\n')}</tbody></table></div>
${programs
  .filter(({ failure }) => failure !== undefined)
  .map((line) => `<article>${block(failureOfProgram(line, place))}</article>`)
  .join('\n')}
</section>`

/** How pages look, in light and dark. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --raised: #f6f7f9; --ink: #1b1f24; --faint: #5b6470; --rule: #d8dde3; --link: #0b5cad;
  --good: #17693a; --good-paper: #ddf3e4; --bad: #b3261e; --bad-paper: #fde4e1; --odd: #7a5200; --odd-paper: #fdf0cf; --none: #545d68; --none-paper: #e9ecf0;
  --forward: #2f62c4; --backward: #a2540b }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --raised: #1d2127; --ink: #e4e7eb; --faint: #9aa4b0; --rule: #343b44; --link: #7db7f5;
  --good: #7ddba0; --good-paper: #173724; --bad: #ff9d94; --bad-paper: #4a1c19; --odd: #f2cb6c; --odd-paper: #40320f; --none: #aeb7c2; --none-paper: #2b3139;
  --forward: #83abf7; --backward: #eda55c } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 1rem clamp(.75rem, 3vw, 2rem) 4rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; margin: .5rem 0 } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem } h3 { font-size: 1.05rem; margin: 1.75rem 0 .25rem } h4 { font-size: 1rem; margin: 0 0 .25rem }
summary { cursor: pointer } summary h2 { display: inline-block }
a { color: var(--link) } p { margin: .25rem 0 .6rem } nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0; padding: .5rem 0; border-block: 1px solid var(--rule) }
.note { color: var(--faint); font-size: .875rem } .key { white-space: nowrap; margin-left: .75rem } .key svg { vertical-align: -1px }
.facts { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: .25rem 0 .75rem } .facts .bad b { color: var(--bad) }
.badge { display: inline-block; padding: 0 .5em; border-radius: .6em; font-size: .8125rem; font-weight: 600; line-height: 1.6; white-space: nowrap; vertical-align: middle }
h1 .badge { font-size: 1rem }
.good { color: var(--good); background: var(--good-paper) } .badge.bad { color: var(--bad); background: var(--bad-paper) } .odd { color: var(--odd); background: var(--odd-paper) } .none { color: var(--none); background: var(--none-paper) }
.wrong { color: var(--bad); font-weight: 600 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal } th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--rule); white-space: nowrap; vertical-align: top }
thead th { color: var(--faint); font-weight: 600; font-size: .875rem } tbody th { font-weight: 500 } .n { text-align: right } .sum * { font-weight: 700 }
td.wide { white-space: normal; min-width: 16rem } td.axes { color: var(--faint); font-size: .875rem; white-space: normal; min-width: 14rem }
table.plain td { white-space: normal; overflow-wrap: anywhere } table.plain th { color: var(--faint); font-weight: 400 }
.worst { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin: 0; padding: 0 }
.share { display: inline-block; width: 3rem; height: .5rem; background: var(--none-paper); border-radius: .25rem; overflow: hidden } .of { display: inline-block; min-width: 4.2em } .share i { display: block; height: 100%; background: var(--forward) }
.row { display: grid; grid-template-columns: minmax(7rem, 12rem) 1fr; align-items: center; font-size: .875rem; line-height: 1.25 } .row > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-right: .5rem } .row svg { display: block; overflow: visible }
.axis { position: sticky; top: 0; background: var(--paper); z-index: 1 } svg text { fill: var(--faint); font-size: 12px; text-anchor: middle }
svg .grid { stroke: var(--rule) } svg .bound { stroke: var(--bad); stroke-width: 1.5 }
svg .forward { fill: var(--forward); stroke: var(--forward) } svg .backward { fill: var(--backward); stroke: var(--backward) } svg .over { fill: var(--bad); stroke: var(--bad) } svg .rms { fill: var(--paper); stroke-width: 1.5 }
article { border: 1px solid var(--rule); border-radius: .5rem; padding: .75rem 1rem; margin: .75rem 0 } section.failed:target h3 { outline: 2px solid var(--link); outline-offset: .25rem }
dl { display: grid; grid-template-columns: 10rem minmax(0, 1fr); gap: .4rem 1rem; margin: .5rem 0 0 } dt { color: var(--faint); font-size: .875rem } dd { margin: 0; min-width: 0 }
pre { margin: .15rem 0; padding: .5rem .7rem; background: var(--raised); border-radius: .35rem; overflow-x: auto; font: .8125rem/1.5 ui-monospace, monospace; overflow-wrap: normal } pre.command { white-space: pre-wrap; overflow-wrap: anywhere }
code { font-family: ui-monospace, monospace; font-size: .875rem } pre code { font-size: inherit }
.problem { color: var(--bad); margin: 0; white-space: pre-wrap } .lines { display: grid; gap: .25rem; margin-top: .25rem }
@media (max-width: 40rem) { dl { grid-template-columns: minmax(0, 1fr); gap: 0 } dd { margin-bottom: .5rem } .row { grid-template-columns: 8.75rem 1fr } .row > span { font-size: .75rem } article { padding: .6rem } }
`

// what a backend calls its ops may be none of ours: those come in the order in which they were asked
const ordered = (lines: readonly WrittenLine[]): readonly WrittenLine[] => {
  const rank = new Map<string, number>(opNames.map((name, i) => [name, i]))
  return lines
    .map((line, i) => ({ line, i }))
    .sort((a, b) => (rank.get(a.line.op) ?? Infinity) - (rank.get(b.line.op) ?? Infinity) || a.i - b.i)
    .map(({ line }) => line)
}

/** A report as a page of its own. */
export const reportPage = (report: WrittenReport): string => {
  const { summary } = report
  const lines = ordered(report.lines)
  const place = placeOf(report)
  const sections: readonly (readonly [id: string, name: string, text: string])[] = [
    ['lines', 'Ops', lineTable(lines)],
    ['errors', 'Errors', errorPicture(lines)],
    ['failures', 'Failures', failures({ ...report, lines }, place)],
    ['programs', 'Programs', programTable(report, place)],
    ['coverage', 'Coverage', coverageTable(lines)],
    ['reasons', 'Not its own', reasonTable(lines)],
  ]
  const there = sections.filter(([, , text]) => text !== '')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(summary.backend)}: ${summary.verdict.replace('-', ' ')}</title>
<style>${style}</style>
</head>
<body>
${head(report)}
<nav>${there.map(([id, name]) => `<a href="#${id}">${name}</a>`).join('')}</nav>
<main>
${there.map(([, , text]) => text).join('\n')}
</main>
</body>
</html>
`
}
