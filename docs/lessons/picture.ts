import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Tensor } from '../../spec/tensor.js'
import type { Bars, Images, Line, Lines, Scale } from './lesson.js'
import type { Colour } from './png.js'
import { png } from './png.js'

/** Pictures for pages that need nothing else: plots as SVG, images as PNG in the page itself. */

/** What of a document is needed here: the libraries' own types ask for a browser's, which this project does without. */
interface Drawn {
  readonly outerHTML: string
  setAttribute(name: string, value: string): void
}
type Draw = (options: Readonly<Record<string, unknown>>) => Drawn
interface Browserless {
  readonly document: object
}

/** A plot by Observable Plot's options, as SVG. */
export const plot = (options: Readonly<Record<string, unknown>>): string => {
  const { document } = (parseHTML as (html: string) => Browserless)('<html></html>')
  const svg = (Plot.plot as Draw)({ document, width: 720, ...options })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return svg.outerHTML
}

/** Text as HTML. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

// Observable Plot's own ten, the yellow darkened so that it is seen on white
const palette = ['#4269d0', '#c2410c', '#3ca951', '#a463f2', '#b8860b', '#ff8ab7', '#6cc5b0', '#9c6b4e', '#9498a0']

/** The colour of each curve, by its name. */
const coloursOf = (lines: readonly Line[]): Readonly<Record<string, string>> => {
  const own = lines.filter(({ like }) => like === undefined)
  const colours = Object.fromEntries(own.map(({ name }, i) => [name, palette[i % palette.length] as string]))
  return Object.fromEntries(
    lines.map(({ name, like }) => [name, colours[like ?? name] ?? (palette[own.length % palette.length] as string)]),
  )
}

const scaleOf = ({ label, log, percent, from, to }: Scale, data: readonly number[]) => {
  const [least, most] = [Math.min(...data), Math.max(...data)]
  const values = [...new Set(data)]
  // a few things that are counted have no halves
  const counted = values.length <= 12 && values.every(Number.isInteger) && log !== true
  return {
    label,
    nice: from === undefined && to === undefined,
    clamp: true,
    ...(log === true ? { type: 'log' } : {}),
    ...(counted ? { ticks: values, tickFormat: 'd' } : {}),
    ...(percent === true ? { tickFormat: '.0%' } : log === true ? { tickFormat: '~g' } : {}),
    ...(from === undefined && to === undefined ? {} : { domain: [from ?? least, to ?? most] }),
  }
}

const isShown =
  (x: Scale, y: Scale) =>
  ([a, b]: readonly [number, number]): boolean =>
    Number.isFinite(a) && Number.isFinite(b) && (x.log !== true || a > 0) && (y.log !== true || b > 0)

/** Curves, and above them which is which. */
export const linesPicture = ({ caption, x, y, lines }: Lines): string => {
  const colours = coloursOf(lines)
  const shown = lines.map((line) => ({ ...line, points: line.points.filter(isShown(x, y)) }))
  const all = shown.flatMap(({ points }) => points)
  const legend = lines
    .map(
      ({ name, dashed }) =>
        `<span><svg width="28" height="10" aria-hidden="true"><line x1="0" x2="28" y1="5" y2="5" stroke="${colours[name]}" stroke-width="2.5"${dashed === true ? ' stroke-dasharray="5 4"' : ''}/></svg> ${escaped(name)}</span>`,
    )
    .join('\n')
  const picture = plot({
    ariaLabel: caption,
    height: 340,
    marginLeft: 60,
    x: scaleOf(
      x,
      all.map(([a]) => a),
    ),
    y: {
      grid: true,
      ...scaleOf(
        y,
        all.map(([, b]) => b),
      ),
    },
    marks: shown.map(({ name, points, dashed }) =>
      Plot.line(
        points.map(([a, b]) => ({ a, b })),
        {
          x: 'a',
          y: 'b',
          stroke: colours[name] as string,
          strokeWidth: 2,
          ...(dashed === true ? { strokeDasharray: '5 4' } : {}),
          // few points are seen as such; many are a curve
          ...(points.length <= 30 ? { marker: 'dot' as const } : {}),
        },
      ),
    ),
  })
  return `<div class="legend">${legend}</div>\n${picture}`
}

/** Bars with their numbers behind them. */
export const barsPicture = ({ caption, x, bars }: Bars): string => {
  const most = Math.max(0, ...bars.map(({ value }) => value))
  const places = x.percent === true ? 1 : most < 10 ? 3 : most < 1000 ? 1 : 0
  const written = (value: number): string =>
    x.percent === true ? `${(100 * value).toFixed(places)} %` : value.toFixed(places)
  return plot({
    ariaLabel: caption,
    height: 50 + 30 * bars.length,
    marginLeft: 20 + 7 * Math.max(...bars.map(({ name }) => name.length)),
    marginRight: 60,
    x: {
      grid: true,
      ...scaleOf(
        x,
        bars.map(({ value }) => value),
      ),
    },
    y: { label: null, domain: bars.map(({ name }) => name) },
    marks: [
      Plot.barX([...bars], {
        x1: x.from ?? (x.log === true ? most / 1e4 : 0),
        x2: 'value',
        y: 'name',
        fill: palette[0] as string,
      }),
      Plot.text([...bars], {
        // behind a bar, whichever way that points
        x: ({ value }: { readonly value: number }) => Math.max(0, value),
        y: 'name',
        text: ({ value }: { readonly value: number }) => written(value),
        textAnchor: 'start',
        dx: 6,
      }),
    ],
  })
}

const mixed = (from: Colour, to: Colour, share: number): Colour => {
  const between = (at: 0 | 1 | 2): number => Math.round(from[at] + (to[at] - from[at]) * share)
  return [between(0), between(1), between(2)]
}

const paper: Colour = [255, 255, 255]
const black: Colour = [20, 20, 30]
const red: Colour = [178, 24, 43]
const blue: Colour = [33, 102, 172]

/** From 0 to 1 where a value lies between two; what is outside, or no number, at an end. */
const within = (low: number, high: number, value: number): number =>
  high > low && value > low ? Math.min(1, (value - low) / (high - low)) : 0

const inkOf =
  (low: number, high: number) =>
  (value: number): Colour =>
    mixed(paper, black, within(low, high, value))

const signOf =
  (low: number, high: number) =>
  (value: number): Colour => {
    const most = Math.max(Math.abs(low), Math.abs(high))
    return mixed(paper, value < 0 ? blue : red, within(0, most, Math.abs(value)))
  }

const endsOf = ({ data }: Tensor): readonly [number, number] => {
  const finite = Array.from(data).filter(Number.isFinite)
  return [Math.min(...finite), Math.max(...finite)]
}

const lightOf =
  (low: number, high: number) =>
  (value: number): number =>
    Math.round(255 * within(low, high, value))

/** A tensor [height, width], or [3, height, width] in three colours, as an image in the page. */
const imageOf = (pixels: Tensor, { colours, range, zoom }: Images, label: string): string => {
  const [height = 1, width = 1] = pixels.shape.slice(-2)
  const ends = range ?? endsOf(pixels)
  const valueAt = (channel: number, i: number, j: number): number =>
    pixels.data[(channel * height + i) * width + j] as number
  const light = lightOf(...ends)
  const colourOf = (colours === 'ink' ? inkOf : signOf)(...ends)
  const bytes = png(width, height, (i, j) =>
    colours === 'rgb'
      ? [light(valueAt(0, i, j)), light(valueAt(1, i, j)), light(valueAt(2, i, j))]
      : colourOf(valueAt(0, i, j)),
  )
  return `<img width="${width * zoom}" height="${height * zoom}" alt="${escaped(label)}" src="data:image/png;base64,${Buffer.from(bytes).toString('base64')}">`
}

/** Rows of images, each with its label below it. */
export const imagesPicture = (section: Images): string => {
  const labelled = section.rows.some(({ label }) => label !== undefined)
  const rows = section.rows.map(({ label, zoom = section.zoom, pictures }) => {
    const cells = pictures.map(
      ({ label: own, pixels }) =>
        `<td>${imageOf(pixels, { ...section, zoom }, [label, own].filter((part) => part !== undefined).join(', '))}${own === undefined ? '' : `<br>${escaped(own)}`}</td>`,
    )
    return `<tr>${labelled ? `<th scope="row">${escaped(label ?? '')}</th>` : ''}${cells.join('')}</tr>`
  })
  return `<table class="images">${rows.join('\n')}</table>`
}
