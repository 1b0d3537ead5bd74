import * as Plot from '@observablehq/plot'
import { escaped, plot } from '../docs/lessons/picture.js'
import type { Point } from '../training/training.js'

/** What there is to draw of a training. Steps and epochs count from 1. */
export interface Curves {
  readonly title: string
  readonly batchesPerEpoch: number
  /** the loss of each step that this run took, in their order; what is no finite number is the last */
  readonly steps: readonly { readonly step: number; readonly loss: number }[]
  /** all epochs that are over, those before this run too */
  readonly points: readonly Point[]
  /** what was right of so many test digits, on the way */
  readonly asked: readonly { readonly step: number; readonly accuracy: number; readonly count: number }[]
}

/** A value at a step. */
interface Dot {
  readonly step: number
  readonly value: number
}

/** One curve, and how it is drawn. */
interface Curve {
  readonly name: string
  readonly colour: 'training' | 'validation' | 'test'
  readonly dots: readonly Dot[]
  /** faint, behind the others */
  readonly faint?: true
  /** unconnected: what lies between was not measured */
  readonly apart?: true
  /** measured now and then: where it leaves the frame between two dots nobody knows */
  readonly rare?: true
}

interface Picture {
  readonly label: 'loss' | 'accuracy'
  readonly curves: readonly Curve[]
  readonly range: readonly [number, number]
  readonly written: (value: number) => string
}

// a number is not parted from its unit at the end of a line
const glued = (text: string): string => text.replace(/(\d) (?=%|s\b|steps?\b|digits?\b|epochs?\b)/g, '$1\u00a0')

/** A loss in four digits or so, of any size. */
const writtenLoss = (value: number): string =>
  Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(1) : value.toPrecision(4)
const writtenShare = (value: number): string => `${(100 * value).toFixed(2)}\u00a0%`

/** The mean of each value and of those before it, so many in all, or as many as there are. */
const smoothed = (dots: readonly Dot[], width: number): readonly Dot[] =>
  dots.map(({ step }, i) => {
    // each anew: a running sum would keep the roundings of a huge value that has left
    const some = dots.slice(Math.max(0, i + 1 - width), i + 1)
    return { step, value: some.reduce((sum, { value }) => sum + value, 0) / some.length }
  })

// more than these are not told apart on so few pixels
const mostDots = 4000

/** Of very many values the least and the largest of each stretch, in their order: what is seen of them all. */
const thinned = (dots: readonly Dot[]): readonly Dot[] => {
  if (dots.length <= mostDots) return dots
  const stretch = Math.ceil((2 * dots.length) / mostDots)
  return Array.from({ length: Math.ceil(dots.length / stretch) }, (_, i) => {
    const some = dots.slice(i * stretch, (i + 1) * stretch)
    const [least, most] = some.reduce(
      ([least, most], dot) => [dot.value < least.value ? dot : least, dot.value > most.value ? dot : most],
      [some[0] as Dot, some[0] as Dot],
    )
    return least === most ? [least] : least.step < most.step ? [least, most] : [most, least]
  }).flat()
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

/**
 * How high the frame is: the largest of the values that are at most three times the median of all, or of the first few,
 * whichever is more. So a few steps that went astray, be one of them the first, or a loss that grows without end, do not
 * press all others to the ground.
 */
const frameOf = (curves: readonly Curve[]): number => {
  const values = curves.flatMap(({ dots }) => dots.map(({ value }) => value))
  const first = median(curves[0]?.dots.slice(0, 5).map(({ value }) => value) ?? [1])
  const most = 3 * Math.max(first, median(values))
  return values.filter((value) => value <= most).reduce((top, value) => Math.max(top, value), 0)
}

/** Steps in a row at which a curve is above the frame. */
interface Excursion {
  readonly curve: Curve
  readonly from: number
  readonly to: number
  readonly most: number
}

const excursionsOf = (curve: Curve, top: number): readonly Excursion[] =>
  curve.dots.reduce<readonly Excursion[]>((found, { step, value }, i) => {
    if (value <= top) return found
    const [last, before] = [found.at(-1), curve.dots[i - 1]]
    return last !== undefined && before !== undefined && last.to === before.step
      ? [...found.slice(0, -1), { ...last, to: step, most: Math.max(last.most, value) }]
      : [...found, { curve, from: step, to: step, most: value }]
  }, [])

// the ends of epochs, as many as have room for their numbers
const endsOf = (batchesPerEpoch: number, last: number): readonly number[] => {
  const epochs = Math.floor(last / batchesPerEpoch)
  const every = Math.ceil(epochs / 12)
  return Array.from({ length: Math.floor(epochs / Math.max(1, every)) }, (_, i) => (i + 1) * every)
}

/** What of a curve lies in the frame: it ends where it leaves at the top, and begins again where it comes back. */
const framed = (dots: readonly Dot[], top: number, rare = false): readonly Dot[] =>
  dots.flatMap((dot, i) => {
    const before = dots[i - 1]
    const crosses = !rare && before !== undefined && before.value > top !== dot.value > top
    const share = crosses ? (top - before.value) / (dot.value - before.value) : NaN
    const edge = crosses ? [{ step: before.step + share * (dot.step - before.step), value: top }] : []
    // no number parts a line in two
    return dot.value > top ? [...edge, { step: dot.step, value: NaN }] : [...edge, dot]
  })

const isFew = ({ dots }: Curve): boolean => dots.length <= 40

const drawn = ({ label, curves, range, written }: Picture, batchesPerEpoch: number, last: number): string => {
  const [, top] = range
  const places = { x: 'step', y: 'value' } as const
  const colourOf = ({ colour }: Curve): string => `var(--${colour})`
  const ends = endsOf(batchesPerEpoch, last).map((epoch) => ({
    epoch: `epoch ${epoch}`,
    step: epoch * batchesPerEpoch,
  }))
  const astray = curves.flatMap((curve) => excursionsOf(curve, top))
  return plot({
    ariaLabel: label,
    width: 880,
    height: 350,
    marginTop: 40,
    marginLeft: 60,
    marginRight: 30,
    marginBottom: 45,
    x: { label: 'step', labelOffset: 42, domain: [0, last], ...(last <= 12 ? { ticks: last } : {}), tickFormat: ',d' },
    y: {
      grid: true,
      label,
      domain: range,
      ...(label === 'accuracy' ? { tickFormat: (v: number) => `${Math.round(100 * v)}\u00a0%` } : {}),
    },
    marks: [
      Plot.ruleX(ends, { x: 'step', stroke: 'currentColor', strokeOpacity: 0.2, strokeDasharray: '3 3' }),
      Plot.text(ends, {
        x: 'step',
        text: 'epoch',
        frameAnchor: 'top',
        dy: -12,
        textAnchor: 'end',
      }),
      ...curves.flatMap((curve) => {
        const dots = framed(thinned(curve.dots), top, curve.rare)
        const stroke = {
          stroke: colourOf(curve),
          ...(curve.faint === true ? { strokeOpacity: 0.5, strokeWidth: 1 } : { strokeWidth: 2 }),
        }
        return [
          ...(curve.apart === true ? [] : [Plot.line([...dots], { ...places, ...stroke })]),
          ...(curve.faint !== true && isFew(curve)
            ? [
                Plot.dot([...curve.dots.filter(({ value }) => value <= top)], {
                  ...places,
                  fill: colourOf(curve),
                  r: 3.5,
                }),
              ]
            : []),
        ]
      }),
      Plot.text(
        astray
          .slice(0, 40)
          .map(({ curve, from, most }) => ({ from, colour: colourOf(curve), title: `step ${from}: ${written(most)}` })),
        {
          x: 'from',
          text: () => '▲',
          fill: 'colour',
          title: 'title',
          frameAnchor: 'top',
          dy: -1,
        },
      ),
    ],
  })
}

/** Where curves leave the frame, in words; nothing where none does. */
const astrayText = ({ curves, range: [, top], written }: Picture): string => {
  const all = curves.flatMap((curve) => excursionsOf(curve, top))
  const told = all
    .slice(0, 4)
    .map(({ curve, from, to, most }) =>
      from === to
        ? `${curve.name} at step ${from}, ${written(most)}`
        : `${curve.name} from step ${from} to ${to}, up to ${written(most)}`,
    )
  const more = all.length > told.length ? `, and ${all.length - told.length} times more` : ''
  return all.length === 0 ? '' : `Above the frame (▲): ${told.join('; ')}${more}.`
}

const legendOf = ({ curves, written }: Picture): string =>
  curves
    .map(({ name, colour, dots, faint }) => {
      const end = faint === true ? undefined : dots.at(-1)
      return `<li><span class="${colour}${faint === true ? ' faint' : ''}" aria-hidden="true"></span>${escaped(name)}${end === undefined ? '' : `: <b>${written(end.value)}</b>`}</li>`
    })
    .join('\n')

const figureOf = (picture: Picture, batchesPerEpoch: number, last: number, notes: readonly string[]): string => {
  const said = [...notes, astrayText(picture)].filter((text) => text !== '')
  return `<figure>
<ul>${legendOf(picture)}</ul>
<div class="scroll" tabindex="0" role="group" aria-label="${picture.label}">${drawn(picture, batchesPerEpoch, last)}</div>
${said.length === 0 ? '' : `<figcaption>${escaped(glued(said.join(' ')))}</figcaption>`}
</figure>`
}

// a picture keeps its size, in which it can be read, and is moved where a screen is narrower
const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1e23; --training: #2f5fd0; --validation: #c2410c; --test: #2b8a3e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --ink: #e3e6ea; --training: #7ea6ff; --validation: #ff9a5c; --test: #6fcf84; }
}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 880px; margin: 2rem auto; padding: 0 1rem; background: var(--paper); color: var(--ink); }
h1 { font-size: clamp(1.15rem, 4vw, 1.6rem); line-height: 1.3; }
figure { margin: 2rem 0; }
figure ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; margin: 0 0 .5rem; padding: 0; }
figure li span { display: inline-block; width: 1.6em; height: 3px; margin-right: .5em; vertical-align: middle; }
.training { background: var(--training); } .validation { background: var(--validation); } .test { background: var(--test); }
.faint { opacity: .5; }
/* a shadow at either edge beyond which there is more */
.scroll {
  overflow-x: auto;
  background:
    linear-gradient(to right, var(--paper) 40%, transparent) left / 2.5rem 100% no-repeat local,
    linear-gradient(to left, var(--paper) 40%, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(to right, rgb(128 128 128 / .45), transparent) left / .8rem 100% no-repeat scroll,
    linear-gradient(to left, rgb(128 128 128 / .45), transparent) right / .8rem 100% no-repeat scroll;
}
.scroll svg { display: block; max-width: none; font-size: 12px; }
figcaption { font-size: .9rem; opacity: .85; }
`

/**
 * A training's curves as a page that needs nothing else: the loss of every step as it was and as the mean of the last few,
 * the validation loss after each epoch, and the accuracies that were measured. Losses stand on 0 and accuracies between 0
 * and 1, so that no difference looks larger than it is; what is above the frame is marked and told.
 */
export const curvesPage = ({ title, batchesPerEpoch, steps, points, asked }: Curves): string => {
  const [first, end] = [steps[0]?.step ?? Infinity, steps.at(-1)]
  const raw = steps.flatMap(({ step, loss }) => (Number.isFinite(loss) ? [{ step, value: loss }] : []))
  const width = Math.min(batchesPerEpoch, Math.max(1, Math.round(raw.length / 40)))
  const last = Math.max(1, end?.step ?? 0, points.length * batchesPerEpoch)
  const perEpoch = (measured: (point: Point) => number | undefined, at = 0): readonly Dot[] =>
    points.flatMap((point) => {
      const value = measured(point)
      return value === undefined || !Number.isFinite(value)
        ? []
        : [{ step: (point.epoch - at) * batchesPerEpoch, value }]
    })
  const earlier = perEpoch(({ epoch, loss }) => (epoch * batchesPerEpoch < first ? loss : undefined), 0.5)
  const some = (curves: readonly Curve[]): readonly Curve[] => curves.filter(({ dots }) => dots.length > 0)
  const losses = some([
    {
      name: width === 1 ? 'training, each step' : 'each step',
      colour: 'training',
      dots: raw,
      ...(width === 1 ? {} : { faint: true }),
    },
    {
      name: `training, mean of ${width} steps`,
      colour: 'training',
      dots: width === 1 ? [] : smoothed(raw, width),
    },
    { name: 'training, mean of each epoch before this run', colour: 'training', apart: true, dots: earlier },
    { name: 'validation', colour: 'validation', rare: true, dots: perEpoch(({ validationLoss }) => validationLoss) },
  ])
  const accuracies = some([
    { name: 'training', colour: 'training', dots: perEpoch(({ accuracy }) => accuracy) },
    { name: 'validation', colour: 'validation', dots: perEpoch(({ validationAccuracy }) => validationAccuracy) },
    {
      name: `${asked[0]?.count} test digits, on the way`,
      colour: 'test',
      dots: asked.flatMap(({ step, accuracy }) => (Number.isFinite(accuracy) ? [{ step, value: accuracy }] : [])),
    },
  ])
  const ended = end === undefined || Number.isFinite(end.loss) ? [] : [`At step ${end.step} the loss is ${end.loss}.`]
  const top = frameOf(losses)
  const pictures: readonly (readonly [Picture, readonly string[]])[] = [
    [{ label: 'loss', curves: losses, range: [0, top > 0 ? 1.05 * top : 1], written: writtenLoss }, ended],
    [{ label: 'accuracy', curves: accuracies, range: [0, 1], written: writtenShare }, []],
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<h1>${escaped(glued(title))}</h1>
${pictures
  .filter(([{ label, curves }]) => label === 'loss' || curves.length > 0)
  .map(([picture, notes]) => figureOf(picture, batchesPerEpoch, last, notes))
  .join('\n')}
</html>
`
}
