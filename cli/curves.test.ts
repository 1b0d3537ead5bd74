import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import type { Point } from '../training/training.js'
import { curvesPage } from './curves.js'

const points: readonly Point[] = [1, 2, 3].map((epoch) => ({
  epoch,
  rate: 0.1,
  loss: 1 / epoch,
  accuracy: 1 - 0.1 / epoch,
  validationLoss: 2 / epoch,
  validationAccuracy: 0.9,
}))
const lossesAlone = points.map(({ epoch, rate, loss }): Point => ({ epoch, rate, loss }))

interface Node {
  readonly textContent: string
  querySelectorAll(selector: string): Iterable<Node>
  getAttribute(name: string): string
}

interface Picture {
  readonly label: string
  /** how far below the top the dots of each curve stand */
  readonly curves: readonly (readonly number[])[]
  readonly names: readonly string[]
}

const drawn = (page: string): readonly Picture[] => {
  const { document } = (parseHTML as (html: string) => { readonly document: Node })(page)
  return [...document.querySelectorAll('svg')].map((svg) => ({
    label: svg.getAttribute('aria-label'),
    curves: [...svg.querySelectorAll('[aria-label=line] path')]
      .map((path) => path.getAttribute('d'))
      .filter((d) => d.includes('L'))
      .map((d) => [...d.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y))),
    names: [...svg.querySelectorAll('[aria-label=text] text')].map(({ textContent }) => textContent),
  }))
}

describe('the curves of a training', () => {
  test('are a picture of losses and one of accuracies, a curve each for training and validation', () => {
    const [losses, accuracies] = drawn(curvesPage('LeNet-5', points))
    expect(losses?.label).toBe('loss')
    expect(accuracies?.label).toBe('accuracy')
    expect(losses?.names).toEqual(['training', 'validation'])
    const [training = [], validation = []] = losses?.curves ?? []
    // a smaller loss stands lower, and the vertical axis points down; twice the loss is twice as high above 0
    expect(training).toEqual(training.toSorted((a = 0, b = 0) => a - b))
    expect(training).toHaveLength(3)
    const zero = 2 * (training[0] ?? NaN) - (validation[0] ?? NaN)
    training.forEach((y, i) => expect(zero - (validation[i] ?? NaN)).toBeCloseTo(2 * (zero - y), 1))
  })

  test('leave out what was not measured', () => {
    const [losses, ...rest] = drawn(curvesPage('LeNet-5', lossesAlone))
    expect(rest).toEqual([])
    expect(losses?.names).toEqual(['training'])
  })

  test('keep their names apart where they end together, and number only as many epochs as have room', () => {
    const many = Array.from({ length: 60 }, (_, i): Point => {
      const value = 1 / (i + 1)
      return { epoch: i + 1, rate: 0.1, loss: value, validationLoss: value }
    })
    const { document } = (parseHTML as (html: string) => { readonly document: Node })(curvesPage('', many))
    const named = [...document.querySelectorAll('svg [aria-label=text]')].map((mark) =>
      Number(/translate\([\d.]+,(-?[\d.]+)\)/.exec(mark.getAttribute('transform'))?.[1]),
    )
    expect(Math.abs((named[0] ?? NaN) - (named[1] ?? NaN))).toBeGreaterThan(10)
    const numbers = [...document.querySelectorAll('svg [aria-label="x-axis tick label"] text')]
    expect(numbers.map(({ textContent }) => Number(textContent))).toEqual(
      Array.from({ length: 20 }, (_, i) => 3 * (i + 1)),
    )
  })

  test('of a single epoch are dots, about which the library has nothing to warn', () => {
    const page = curvesPage('', points.slice(0, 1))
    expect(drawn(page).map(({ names }) => names)).toEqual([
      ['training', 'validation'],
      ['training', 'validation'],
    ])
    expect(page).not.toMatch(/⚠/)
  })

  test('need nothing from elsewhere, and a title is text', () => {
    const page = curvesPage('<script>1 & 2', points)
    expect(page).not.toMatch(/<script|<link|href=|src=/)
    expect(page).toMatch(/<h1>&lt;script&gt;1 &amp; 2<\/h1>/)
  })
})
