import * as Plot from '@observablehq/plot'
import type { Line } from '../bench/line.js'
import { head, peakText } from '../bench/markdown.js'
import type { Peak } from '../bench/rows.js'
import type { Sweep, Workload } from '../bench/workloads.js'
import { nameIsForProcessors, sweeps } from '../bench/workloads.js'
import { escaped, plot } from '../docs/lessons/picture.js'

/** A timed line, its numbers certain. */
interface Timed {
  readonly workload: string
  readonly subject: string
  readonly ms: number
  readonly low: number
  readonly high: number
  readonly error: number
  readonly line: Line
}

/** What the page has beside the lines. */
export interface About {
  readonly workloads: readonly Workload[]
  readonly peak?: Peak
}

const timedOf = (lines: readonly Line[]): readonly Timed[] =>
  lines.flatMap((line) => {
    const { workload, subject, medianMs, p10Ms, p90Ms, errorOverBound } = line
    return medianMs === null
      ? []
      : [
          {
            workload,
            subject,
            ms: medianMs,
            low: p10Ms ?? medianMs,
            high: p90Ms ?? medianMs,
            error: typeof errorOverBound === 'number' ? errorOverBound : NaN,
            line,
          },
        ]
  })

const milliseconds = (value: number): string => `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ms`

const titleOf = ({ workload, subject, ms, low, high, line }: Timed): string =>
  [
    `${workload}, ${subject}`,
    `${milliseconds(ms)}, p10–p90 ${milliseconds(low)} to ${milliseconds(high)}`,
    ...(line.gflops === null ? [] : [`${line.gflops.toPrecision(3)} GFLOP/s`]),
    ...(line.gbps === null ? [] : [`${line.gbps.toPrecision(3)} GB/s`]),
    ...(line.shareOfPeak === null ? [] : [`${(100 * line.shareOfPeak).toFixed(0)} % of the adapter's peak`]),
    ...(line.memoryBytes === null ? [] : [`${(line.memoryBytes / 1e6).toPrecision(3)} MB of device memory`]),
    ...(line.errorOverBound === null ? [] : [`error ÷ bound ${line.errorOverBound}`]),
  ].join('\n')

/** Colour and mark of each subject: who cannot tell colours apart has the marks. */
const marks = ['circle', 'triangle', 'square', 'diamond', 'star', 'cross'] as const
type Look = { readonly colour: string; readonly symbol: string; readonly glyph: string }
const glyphs = ['●', '▲', '■', '◆', '★', '✚'] as const

const looksOf = (subjects: readonly string[]): Readonly<Record<string, Look>> =>
  Object.fromEntries(
    subjects.map((subject, i) => [
      subject,
      {
        colour: `var(--s${i % marks.length})`,
        symbol: marks[i % marks.length] as string,
        glyph: glyphs[i % glyphs.length] as string,
      },
    ]),
  )

const legendOf = (looks: Readonly<Record<string, Look>>): string =>
  `<ul class="legend">${Object.entries(looks)
    .map(
      ([subject, { colour, glyph }]) =>
        `<li><span style="color:${colour}" aria-hidden="true">${glyph}</span> ${escaped(subject)}</li>`,
    )
    .join('')}</ul>`

const look = (looks: Readonly<Record<string, Look>>, subject: string): Look => looks[subject] as Look

const dots = (points: readonly Timed[], looks: Readonly<Record<string, Look>>, x: string, y: string): unknown[] =>
  Object.keys(looks).flatMap((subject) => {
    const own = points.filter((point) => point.subject === subject)
    const { colour, symbol } = look(looks, subject)
    return own.length === 0
      ? []
      : [Plot.dot(own, { x, y, fill: colour, symbol: symbol as never, r: 5, title: titleOf })]
  })

// what a power of ten is called where it is a small or a large number of milliseconds
const tick = (value: number): string =>
  value >= 1 ? value.toLocaleString('en-US') : String(Number(value.toPrecision(1)))

const stretched = (values: readonly number[]): [number, number] => {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return [10 ** Math.floor(Math.log10(least) - 0.05), 10 ** Math.ceil(Math.log10(most) + 0.05)]
}

/** Time by workload: a dot a subject, a line from p10 to p90. */
const timesPicture = (points: readonly Timed[], looks: Readonly<Record<string, Look>>): string => {
  const names = [...new Set(points.map(({ workload }) => workload))]
  return plot({
    ariaLabel: 'time of each workload',
    width: 880,
    height: 75 + 34 * names.length,
    marginLeft: 200,
    marginRight: 20,
    marginTop: 10,
    // room for the axis' label below its numbers
    marginBottom: 45,
    x: {
      type: 'log',
      grid: true,
      label: 'milliseconds a run, less is better',
      domain: stretched(points.flatMap(({ low, high }) => [low, high])),
      tickFormat: tick,
      ticks: 6,
    },
    y: { domain: names, label: null, tickSize: 0 },
    marks: [
      ...Object.keys(looks).map((subject) =>
        Plot.ruleY(
          points.filter((point) => point.subject === subject),
          {
            x1: 'low',
            x2: 'high',
            y: 'workload',
            stroke: look(looks, subject).colour,
            strokeOpacity: 0.6,
            strokeWidth: 2,
          },
        ),
      ),
      ...dots(points, looks, 'ms', 'workload'),
    ],
  })
}

// an answer that is exactly right has no place on a logarithmic axis: it stands on its edge
const leastError = 1e-4

/** Speed against accuracy: time over the fastest of the workload, error over the most that f32 may make there. */
const accuracyPicture = (points: readonly Timed[], looks: Readonly<Record<string, Look>>): string => {
  const fastest = new Map<string, number>()
  for (const { workload, ms } of points) fastest.set(workload, Math.min(ms, fastest.get(workload) ?? Infinity))
  const placed = points
    .filter(({ error }) => !Number.isNaN(error))
    .map((point) => ({
      ...point,
      times: point.ms / (fastest.get(point.workload) as number),
      error: Math.max(point.error, leastError),
    }))
  return plot({
    ariaLabel: 'speed against accuracy',
    width: 880,
    height: 420,
    marginLeft: 70,
    marginRight: 90,
    marginTop: 20,
    marginBottom: 45,
    x: {
      type: 'log',
      grid: true,
      label: 'time over that of the fastest on the same workload',
      domain: [0.9, Math.max(12, 1.3 * Math.max(...placed.map(({ times }) => times)))],
      tickFormat: (value: number) => `${tick(value)}×`,
      ticks: 5,
    },
    y: {
      type: 'log',
      grid: true,
      label: 'error ÷ bound, 1 is the most that f32 may make',
      domain: [leastError, 1.5],
      tickFormat: (value: number) => (value <= leastError ? `≤ ${tick(value)}` : tick(value)),
      ticks: 5,
    },
    marks: [
      Plot.ruleY([1], { stroke: 'var(--limit)', strokeDasharray: '4 3' }),
      ...dots(placed, looks, 'times', 'error'),
      // only who is not the fastest has room for a name beside it
      Plot.text(
        placed.filter(({ times }) => times > 1.6),
        { x: 'times', y: 'error', text: 'workload', textAnchor: 'start', dx: 8, fontSize: 10, fillOpacity: 0.75 },
      ),
    ],
  })
}

const sweepLabels: Readonly<Record<Sweep, string>> = {
  size: 'rows and columns of a square product',
  batch: 'examples in a batch',
  channels: 'channels',
  depth: 'layers',
  length: 'steps of a sequence',
}

/** A point of a curve. */
type Placed = Timed & { readonly at: number; readonly megabytes: number }

/** What grows along a curve, and how it is called. */
const measures = {
  ms: { aria: 'time', label: 'milliseconds a run' },
  megabytes: { aria: 'memory', label: 'MB of device memory' },
} as const

/** A curve of each subject along one parameter, both axes logarithmic: what grows by a power is a straight line. */
const curvePicture = (
  sweep: Sweep,
  measure: keyof typeof measures,
  points: readonly Placed[],
  looks: Readonly<Record<string, Look>>,
): string =>
  plot({
    ariaLabel: `${measures[measure].aria} along ${sweep}`,
    width: 880,
    height: 340,
    marginLeft: 70,
    marginRight: 30,
    marginTop: 20,
    marginBottom: 45,
    x: {
      type: 'log',
      label: sweepLabels[sweep],
      ticks: [...new Set(points.map(({ at }) => at))],
      tickFormat: (value: number) => String(value),
    },
    y: {
      type: 'log',
      grid: true,
      label: measures[measure].label,
      domain: stretched(points.map((point) => point[measure])),
      tickFormat: tick,
      ticks: 5,
    },
    marks: [
      ...Object.keys(looks).flatMap((subject) => {
        const own = points.filter((point) => point.subject === subject)
        return own.length < 2
          ? []
          : [Plot.line(own, { x: 'at', y: measure, stroke: look(looks, subject).colour, strokeWidth: 2 })]
      }),
      ...dots(points, looks, 'at', measure),
    ],
  })

const figure = (title: string, picture: string, said: string, looks: Readonly<Record<string, Look>>): string =>
  `<section><h2>${escaped(title)}</h2>
<p>${escaped(said)}</p>
${legendOf(looks)}
<div class="scroll" tabindex="0" role="group" aria-label="${escaped(title)}">${picture}</div>
</section>`

const orDash = (value: number | null, written: (value: number) => string): string =>
  value === null ? '–' : written(value)

const short = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

const rowOf = (line: Line, about: string): string => {
  const { errorOverBound: error } = line
  const name = `<th scope="row"><abbr title="${escaped(about)}">${escaped(line.workload)}</abbr></th><td>${escaped(line.subject)}</td>`
  const ratio = `<td class="n">${error === null ? '–' : typeof error === 'string' ? '∞' : error.toPrecision(2)}</td>`
  if (line.outcome !== 'timed')
    return `<tr>${name}${ratio}<td colspan="8" class="why">${line.outcome}: ${escaped(line.reason ?? '')}</td></tr>`
  const numbers = [
    orDash(line.coldMs, short),
    orDash(line.medianMs, short),
    `${orDash(line.p10Ms, short)}–${orDash(line.p90Ms, short)}`,
    orDash(line.gflops, short),
    orDash(line.gbps, short),
    orDash(line.shareOfPeak, (share) => `${(100 * share).toFixed(0)}\u00a0%`),
    orDash(line.memoryBytes, (bytes) => short(bytes / 1e6)),
    orDash(line.ratioToBestPeer, (value) => value.toFixed(2)),
  ]
  const behind = line.ratioToBestPeer !== null && line.ratioToBestPeer < 1
  return `<tr>${name}${ratio}${numbers
    .map((text, i) => `<td class="n${i === numbers.length - 1 && !behind ? ' ahead' : ''}">${text}</td>`)
    .join('')}</tr>`
}

const tableOf = (title: string, lines: readonly Line[], workloads: readonly Workload[]): string =>
  lines.length === 0
    ? ''
    : `<section><h2>${escaped(title)}</h2>
<div class="scroll" tabindex="0" role="group" aria-label="${escaped(title)}"><table><thead><tr>${head
        .map((name, i) => `<th scope="col"${i > 1 ? ' class="n"' : ''}>${name}</th>`)
        .join('')}</tr></thead><tbody>
${lines.map((line) => rowOf(line, workloads.find(({ name }) => name === line.workload)?.about ?? '')).join('\n')}
</tbody></table></div></section>`

// a picture keeps its size, in which it can be read, and is moved where a screen is narrower
const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1e23; --rule: #d5d9df; --limit: #b42318;
  --s0: #2f5fd0; --s1: #c2410c; --s2: #2b8a3e; --s3: #8b3fb8; --s4: #a16207; --s5: #0e7490; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --ink: #e3e6ea; --rule: #3a414b; --limit: #ff8a7d;
    --s0: #7ea6ff; --s1: #ff9a5c; --s2: #6fcf84; --s3: #d39bf5; --s4: #e5c04b; --s5: #5fd0e6; }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; background: var(--paper); color: var(--ink); }
h1 { font-size: clamp(1.2rem, 4vw, 1.7rem); line-height: 1.3; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .3rem; }
p { margin: .3rem 0 .6rem; max-width: 44rem; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0 0 .5rem; padding: 0; }
.scroll { overflow-x: auto; } .scroll svg { display: block; max-width: none; font-size: 12px; background: none; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--rule); white-space: nowrap; font-weight: normal; }
thead th { font-weight: 600; } .n { text-align: right; } .ahead { font-weight: 600; } .why { white-space: normal; opacity: .85; }
abbr { text-decoration: none; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9rem; } dd { margin: 0; overflow-wrap: anywhere; }
`

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

const factsOf = (summary: Readonly<Record<string, unknown>>): string => {
  const fingerprint = summary['fingerprint']
  const facts = { ...summary, ...(typeof fingerprint === 'object' ? fingerprint : {}) }
  return `<details><summary>What it ran on</summary><dl>${Object.entries(facts)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(textOf(value))}</dd>`)
    .join('')}</dl></details>`
}

/**
 * A run of `bench` as a page that needs nothing else: no network, no script. Times by workload, speed against accuracy, the
 * curves that were asked for, and every figure in tables, processors apart.
 */
export const benchPage = (
  lines: readonly Line[],
  summary: Readonly<Record<string, unknown>>,
  { workloads, peak }: About,
): string => {
  const placeOf = new Map(workloads.map(({ name, on }) => [name, on]))
  const device = lines.filter(({ workload }) => !nameIsForProcessors(workload))
  const points = timedOf(device)
  const single = points.filter(({ workload }) => placeOf.get(workload) === undefined)
  const looks = looksOf([...new Set(device.map(({ subject }) => subject))])
  const curves = sweeps.flatMap((sweep) => {
    const own = points.flatMap((point) => {
      const on = placeOf.get(point.workload)
      return on?.sweep === sweep ? [{ ...point, at: on.at, megabytes: (point.line.memoryBytes ?? NaN) / 1e6 }] : []
    })
    return own.length === 0 ? [] : [{ sweep, own }]
  })
  const title = `etalon bench on ${textOf(summary['adapter'])}`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<h1>${escaped(title)}</h1>
<p>${escaped(`Every answer was held against the oracle before its clock started. Version ${textOf(summary['version'])}, ${textOf(summary['rounds'])} rounds in turn${peak === undefined ? '' : `; ${peakText(peak)}`}.`)}</p>
${
  single.length === 0
    ? ''
    : figure(
        'Time',
        timesPicture(single, looks),
        'The median of each, and a line from the tenth to the ninetieth percentile.',
        looks,
      )
}
${
  points.length === 0
    ? ''
    : figure(
        'Speed against accuracy',
        accuracyPicture(single.length > 0 ? single : points, looks),
        'To the left is fast, below is exact. Whole networks of peers are held against ours, within 2⁻¹⁰ of a norm; all else by the bound of each element.',
        looks,
      )
}
${curves
  .flatMap(({ sweep, own }) => {
    const known = own.filter(({ megabytes }) => megabytes > 0)
    return [
      figure(`Along ${sweep}`, curvePicture(sweep, 'ms', own, looks), 'Both axes are logarithmic.', looks),
      ...(known.length === 0
        ? []
        : [
            figure(
              `Memory along ${sweep}`,
              curvePicture(sweep, 'megabytes', known, looks),
              'What is held at once, of those who say so. Both axes are logarithmic.',
              looks,
            ),
          ]),
    ]
  })
  .join('\n')}
${tableOf('All figures', device, workloads)}
${tableOf(
  'On the processor',
  lines.filter(({ workload }) => nameIsForProcessors(workload)),
  workloads,
)}
${factsOf(summary)}
</html>
`
}
