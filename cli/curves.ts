import * as Plot from '@observablehq/plot'
import { escaped, plot } from '../docs/lessons/picture.js'
import type { Point } from '../spec/training/course.js'

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

// the name of a curve stands at its end, so that no legend is needed
const picture = (label: string, data: readonly Dot[], vertical: Readonly<Record<string, unknown>>): string => {
  const places = { x: 'epoch', y: 'value' } as const
  return plot({
    ariaLabel: label,
    height: 320,
    marginRight: 80,
    color: colours,
    x: { label: 'epoch', ticks: [...new Set(data.map(({ epoch }) => epoch))].slice(0, 30), tickFormat: 'd' },
    y: { grid: true, label, ...vertical },
    marks: [
      Plot.lineY([...data], { ...places, stroke: 'of', marker: 'dot' }),
      Plot.text([...data], Plot.selectLast({ ...places, z: 'of', text: 'of', fill: 'of', textAnchor: 'start', dx: 8 })),
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
