import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { Point } from '../training/training.js'
import type { Curves } from './curves.js'
import { curvesPage } from './curves.js'

const points: readonly Point[] = [1, 2, 3].map((epoch) => ({
  epoch,
  rate: 0.1,
  loss: 1 / epoch,
  accuracy: 1 - 0.1 / epoch,
  validationLoss: 2 / epoch,
  validationAccuracy: 0.9,
}))

const stepsOf = (losses: readonly number[], from = 1): Curves['steps'] =>
  losses.map((loss, i) => ({ step: from + i, loss }))

const page = (given: Partial<Curves>): string =>
  curvesPage({
    title: 'lenet5',
    batchesPerEpoch: 4,
    steps: stepsOf([4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1]),
    points,
    asked: [],
    ...given,
  })

interface Node {
  readonly textContent: string
  querySelectorAll(selector: string): Iterable<Node>
  getAttribute(name: string): string
}

interface Picture {
  readonly label: string
  /** points of each curve, from the left, and how far below the top they stand */
  readonly curves: readonly (readonly (readonly [number, number])[])[]
  /** the numbers on the vertical axis */
  readonly ticks: readonly string[]
  readonly legend: readonly string[]
  readonly caption: string
}

const drawn = (html: string): readonly Picture[] => {
  const { document } = (parseHTML as (html: string) => { readonly document: Node })(html)
  const texts = (node: Node, selector: string): readonly string[] =>
    [...node.querySelectorAll(selector)].map(({ textContent }) => textContent)
  return [...document.querySelectorAll('figure')].map((figure) => ({
    label: [...figure.querySelectorAll('svg')].map((svg) => svg.getAttribute('aria-label')).join(),
    curves: [...figure.querySelectorAll('[aria-label=line] path')].map((path) =>
      [...path.getAttribute('d').matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const),
    ),
    ticks: texts(figure, 'svg [aria-label="y-axis tick label"] text'),
    legend: texts(figure, 'li'),
    caption: texts(figure, 'figcaption').join(),
  }))
}

describe('the curves of a training', () => {
  test('are every step’s loss, raw and smoothed, validation after each epoch, and accuracies', () => {
    const long = Array.from({ length: 120 }, (_, i) => 2 - i / 60)
    const [losses, accuracies] = drawn(page({ batchesPerEpoch: 40, steps: stepsOf(long) }))
    expect([losses?.label, accuracies?.label]).toEqual(['loss', 'accuracy'])
    const [raw = [], mean = [], validation = []] = losses?.curves ?? []
    expect([raw.length, mean.length, validation.length]).toEqual([120, 120, 3])
    expect(losses?.legend).toEqual(['each step', 'training, mean of 3 steps: 0.03333', 'validation: 0.6667'])
    // of a loss that falls evenly the mean of three is what it was a step ago
    // paths have three digits behind the point, so that either is half of the last off, and f64 a little more
    mean.slice(2).forEach(([, y], i) => expect(Math.abs(y - (raw[i + 1]?.[1] ?? NaN))).toBeLessThanOrEqual(1.001e-3))
    // each epoch's measurement stands at its last step
    expect(validation.map(([x]) => x)).toEqual([39, 79, 119].map((i) => raw[i]?.[0]))
    expect(accuracies?.legend).toEqual(['training: 96.67\u00a0%', 'validation: 90.00\u00a0%'])
  })

  test('exaggerate nothing: a loss stands on 0, an accuracy between 0 and 100 %', () => {
    const near = points.map((point) => ({ ...point, accuracy: 0.98, validationAccuracy: 0.981 }))
    const [losses, accuracies] = drawn(page({ points: near, steps: stepsOf([2.1, 2.09, 2.08, 2.07]) }))
    expect(Number(losses?.ticks[0])).toBe(0)
    expect([accuracies?.ticks[0], accuracies?.ticks.at(-1)]).toEqual(['0\u00a0%', '100\u00a0%'])
  })

  test('of one epoch are its steps, and what was asked on the way', () => {
    const asked = [2, 4].map((step) => ({ step, accuracy: step / 5, count: 500 }))
    const [losses, accuracies] = drawn(page({ steps: stepsOf([4, 3, 2, 1]), points: points.slice(0, 1), asked }))
    expect(losses?.curves[0]).toHaveLength(4)
    expect(accuracies?.legend.at(-1)).toBe('500 test digits, on the way: 80.00\u00a0%')
    expect(page({ steps: stepsOf([1]), points: [], batchesPerEpoch: 1 })).not.toMatch(/⚠/)
  })

  test('that grow without end say where they leave the frame, and in it keep their form', () => {
    const html = page({ steps: stepsOf([4, 3, 2, 1, 1e30, 1, 1, 1e6, 1e9, NaN]), points: [], batchesPerEpoch: 100 })
    const [losses] = drawn(html)
    expect(losses?.caption).toBe(
      'At step 10 the loss is NaN. Above the frame (▲): training, each step at step 5, 1.0e+30; training, each step from step 8 to 9, up to 1.0e+9.',
    )
    expect(html.match(/▲<title>/g)).toHaveLength(2)
    const heights = losses?.curves.flat().map(([, y]) => y) ?? []
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(39)
    expect(Math.max(...heights)).toBeLessThanOrEqual(310)
    expect(Math.max(...(losses?.ticks.map(Number) ?? []))).toBe(4)
    expect(drawn(page({}))[0]?.caption).toBe('')
  })

  test('keep their frame where the first step was the one that went astray', () => {
    const [losses] = drawn(page({ steps: stepsOf([90, 3, 3, 2, 2, 1]), points: [], batchesPerEpoch: 100 }))
    expect(losses?.caption).toBe('Above the frame (▲): training, each step at step 1, 90.00.')
    expect(Math.max(...(losses?.ticks.map(Number) ?? []))).toBe(3)
  })

  test('of what is measured once an epoch have no line towards a dot that is above the frame', () => {
    const far = points.map((point) => ({ ...point, validationLoss: point.epoch === 2 ? 1e9 : 1 }))
    const [losses] = drawn(page({ points: far }))
    const [, validation = []] = losses?.curves ?? []
    // both dots that are in the frame, and nothing that leads to it
    expect(new Set(validation.map(([, y]) => y)).size).toBe(1)
    expect(losses?.caption).toBe('Above the frame (▲): validation at step 8, 1.0e+9.')
  })

  test('that go on from a file have the means of the epochs before', () => {
    const [losses] = drawn(page({ steps: stepsOf([1, 1, 1, 1], 9) }))
    expect(losses?.legend).toContain('training, mean of each epoch before this run: 0.5000')
  })

  test('of very many steps keep the least and the largest of each stretch', () => {
    const many = Array.from({ length: 30000 }, (_, i) => (i === 12345 ? 3 : i === 23456 ? 0 : 2))
    const [losses] = drawn(page({ steps: stepsOf(many), points: [], batchesPerEpoch: 30000 }))
    const raw = losses?.curves[0]?.map(([, y]) => y) ?? []
    expect(raw.length).toBeLessThanOrEqual(4000)
    expect(new Set(raw).size).toBe(3)
  })

  test('are to be read in the dark and on narrow screens, with numbers and units together', () => {
    const html = page({ title: 'lenet5: test accuracy 98.62 %, after 12 epochs' })
    expect(html).toMatch(/prefers-color-scheme: dark/)
    expect(html).toMatch(/name="viewport"/)
    expect(html).toMatch(/class="scroll" tabindex="0"/)
    expect(html).toMatch(/<h1>lenet5: test accuracy 98\.62\u00a0%, after 12\u00a0epochs<\/h1>/)
  })

  test('need nothing from elsewhere, and a title is text', () => {
    const html = page({ title: '<script>1 & 2' })
    expect(html).not.toMatch(/<script|<link|href=|src=/)
    expect(html).toMatch(/<h1>&lt;script&gt;1 &amp; 2<\/h1>/)
  })
})
