import * as Plot from '@observablehq/plot'
import { escaped, plot } from '../docs/lessons/picture.js'
import type { Point } from '../training/training.js'

/** A measurement after an epoch, of one of the curves in a picture. */
interface Dot {
  readonly epoch: number
  readonly value: number
  readonly of: 'training' | 'validation'
}

const dots = (
  points: readonly Point[],
  of: Dot['of'],
  measured: (point: Point) => number | undefined,
): readonly Dot[] =>
  points.flatMap((point) => {
    const value = measured(point)
    return value === undefined ? [] : [{ epoch: point.epoch, value, of }]
  })

const colours = { domain: ['training', 'validation'], range: ['#4269d0', '#c2410c'] }

// names that would lie on each other are moved apart, by half a line each
const namesOf = (data: readonly Dot[]): readonly (Dot & { readonly down: number })[] => {
  const last = colours.domain.flatMap((name) => data.filter(({ of }) => of === name).slice(-1))
  const values = data.map(({ value }) => value)
  const close = 0.05 * (Math.max(...values) - Math.min(...values))
  const [a, b] = last
  return last.map((dot) => {
    const other = dot === a ? b : a
    if (other === undefined || Math.abs(dot.value - other.value) > close) return { ...dot, down: 0 }
    return { ...dot, down: dot.value < other.value || (dot.value === other.value && dot === b) ? 6 : -6 }
  })
}

// as many epochs as have room for their numbers
const ticksOf = (data: readonly Dot[]): readonly number[] => {
  const epochs = [...new Set(data.map(({ epoch }) => epoch))]
  const every = Math.ceil(epochs.length / 20)
  return every === 1 ? epochs : epochs.filter((epoch) => epoch % every === 0)
}

// the name of a curve stands at its end, so that no legend is needed
const picture = (label: string, data: readonly Dot[], vertical: Readonly<Record<string, unknown>>): string => {
  const places = { x: 'epoch', y: 'value' } as const
  return plot({
    ariaLabel: label,
    height: 320,
    marginLeft: 52,
    marginRight: 80,
    color: colours,
    x: { label: 'epoch', ticks: ticksOf(data), tickFormat: 'd' },
    y: { grid: true, nice: true, label, ...vertical },
    marks: [
      Plot.lineY([...data], { ...places, z: 'of', stroke: 'of', marker: 'dot' }),
      ...namesOf(data).map((dot) =>
        Plot.text([dot], { ...places, text: 'of', fill: 'of', textAnchor: 'start', dx: 8, dy: dot.down }),
      ),
    ],
  })
}

/**
 * A training's curves as a page that needs nothing else: the loss and, where it was measured, the accuracy, of training
 * and validation, after each epoch.
 */
export const curvesPage = (title: string, points: readonly Point[]): string => {
  const losses = [
    ...dots(points, 'training', ({ loss }) => loss),
    ...dots(points, 'validation', ({ validationLoss }) => validationLoss),
  ]
  const accuracies = [
    ...dots(points, 'training', ({ accuracy }) => accuracy),
    ...dots(points, 'validation', ({ validationAccuracy }) => validationAccuracy),
  ]
  const figures = [
    picture('loss', losses, { zero: true }),
    ...(accuracies.length === 0 ? [] : [picture('accuracy', accuracies, { tickFormat: '.1%' })]),
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>body { font: 16px system-ui, sans-serif; max-width: 760px; margin: 2rem auto; } svg { overflow: visible; }</style>
<h1>${escaped(title)}</h1>
${figures.map((svg) => `<figure>${svg}</figure>`).join('\n')}
</html>
`
}
