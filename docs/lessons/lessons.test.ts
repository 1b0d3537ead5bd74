import { crc32, inflateSync } from 'node:zlib'
import { either as E } from 'fp-ts'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { reference } from '../../reference/index.js'
import { tensor } from '../../spec/tensor.js'
import { digits } from '../../training/digits.js'
import { materialOf } from './classroom.js'
import { lessons } from './index.js'
import { largestCurvature } from './learningRate.js'
import type { Classroom, Findings, Lesson } from './lesson.js'
import { bars, heading, images, lines, table, text } from './lesson.js'
import { lessonPage } from './page.js'
import { png } from './png.js'
import { lessonSummary } from './summary.js'

interface Node {
  readonly textContent: string
  querySelectorAll(selector: string): Iterable<Node>
  querySelector(selector: string): Node | null
  getAttribute(name: string): string | null
}

const parsed = (page: string): Node => (parseHTML as (html: string) => { readonly document: Node })(page).document
const textsOf = (node: Node, selector: string): readonly string[] =>
  [...node.querySelectorAll(selector)].map(({ textContent }) => textContent)

const plain = { strong: (text: string) => text, faint: (text: string) => text }

const pageOf = (lesson: Lesson, findings: Findings): string =>
  lessonPage({ lesson, findings, formulas: { sgd: 'w′ = w − ηg' }, command: 'etalon lesson it', facts: ['On paper.'] })

/** As small as a lesson gets, on the reference. */
const room: Classroom = {
  backend: reference,
  digits: { train: digits(1, 24, 'train'), test: digits(1, 5, 'test') },
  seed: 1,
  size: 0.001,
  tell: () => undefined,
}

/** A task of one shot wants two digits of every class. */
const roomFor = ({ name }: Lesson): Classroom =>
  name === 'meta-learning' ? { ...room, digits: { ...room.digits, train: digits(1, 80, 'train') } } : room

describe.each(lessons)('the lesson $name', (lesson) => {
  test('runs, and what it found fills a page', async () => {
    const parts: number[] = []
    const ran = await lesson.run({ ...roomFor(lesson), tell: (part) => parts.push(part) })()
    if (E.isLeft(ran)) throw new Error(ran.left.message)
    const findings = ran.right
    expect(findings.done.join(' ')).toMatch(/\d/)
    expect(findings.sections.map(({ kind }) => kind)).toContain('text')
    expect(Object.keys(findings.figures).length).toBeGreaterThan(1)
    expect(Object.entries(findings.figures).filter(([, value]) => !Number.isFinite(value))).toEqual([])
    // progress goes one way and comes to its end
    expect(parts).toEqual(parts.toSorted((a, b) => a - b))
    expect(parts.at(-1)).toBeCloseTo(1, 6)

    const document = parsed(pageOf(lesson, findings))
    expect(textsOf(document, 'h1')).toEqual([lesson.title])
    expect([...document.querySelectorAll('figure svg, figure img, figure table')].length).toBeGreaterThan(0)
    for (const printed of [
      document.querySelector('html')?.textContent ?? '',
      lessonSummary({ lesson, findings }, plain),
    ])
      expect(printed).not.toMatch(/undefined|NaN|\[object/)
  })
})

const readers = lessons.filter(({ readsDigits }) => readsDigits !== false)

test.each(readers)('$name refuses digits that are not of its size', async (lesson) => {
  const { images, labels } = room.digits.train
  const train = { images: { ...images, shape: [10, 56, 56] as const }, labels: Array.from(labels).slice(0, 10) }
  const ran = await lesson.run({ ...room, digits: { ...room.digits, train } })()
  expect(ran).toMatchObject({ left: { code: 'ShapeMismatch' } })
})

test('meta-learning refuses classes with fewer digits than a task has shots and questions', async () => {
  const lesson = lessons.find(({ name }) => name === 'meta-learning') as Lesson
  expect(await lesson.run(room)()).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
})

describe('the material of a lesson', () => {
  test('validates by digits that are not learnt from, and normalises by those that are', () => {
    const made = materialOf({ ...room, size: 1 }, { train: 20, validation: 6, test: 5 })
    if (E.isLeft(made)) throw new Error(made.left.message)
    const { pixels, train, validation, test } = made.right
    expect([train.count, validation.count, test.count]).toEqual([18, 6, 5])
    const start = (set: typeof pixels.train) => Array.from(set.images.bytes as Uint8Array).slice(0, 784)
    expect(start(pixels.validation)).toEqual(
      Array.from(room.digits.train.images.bytes as Uint8Array).slice(train.count * 784, (train.count + 1) * 784),
    )
    const { data } = train.at(Array.from({ length: train.count }, (_, i) => i)).x
    const mean = Array.from(data).reduce((a, b) => a + b, 0) / data.length
    expect(mean).toBeCloseTo(0, 5)
  })
})

describe('the largest curvature of a linear layer’s mean squared error', () => {
  test('is the largest eigenvalue of 2/(C·N)·Σ x̃x̃ᵀ', () => {
    // x̃ are (3, 4, 1) and its opposite but for the bias, so Σ x̃x̃ᵀ has 2·(9 + 16) along (3, 4, 0) and 2·1 along (0, 0, 1)
    const x = tensor([2, 2], [3, 4, -3, -4])
    expect(largestCurvature(x, 5)).toBeCloseTo((2 / (5 * 2)) * 50, 8)
  })
})

describe('a picture', () => {
  const bytes = png(3, 2, (row, column) => [row, column, 255])
  const view = new DataView(bytes.buffer)
  const chunks = (
    from = 8,
  ): readonly { readonly type: string; readonly data: Uint8Array; readonly sound: boolean }[] => {
    if (from >= bytes.length) return []
    const length = view.getUint32(from)
    const body = bytes.slice(from + 4, from + 8 + length)
    return [
      {
        type: String.fromCharCode(...body.slice(0, 4)),
        data: body.slice(4),
        sound: crc32(body) === view.getUint32(from + 8 + length),
      },
      ...chunks(from + 12 + length),
    ]
  }

  test('is a PNG file: its chunks in order, each with its check, and every line’s pixels in theirs', () => {
    expect([...bytes.slice(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10])
    expect(chunks().map(({ type, sound }) => [type, sound])).toEqual([
      ['IHDR', true],
      ['IDAT', true],
      ['IEND', true],
    ])
    const [head, pixels] = chunks()
    expect([...(head?.data ?? [])]).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0])
    expect([...inflateSync(pixels?.data ?? new Uint8Array())]).toEqual(
      [
        [0, 0, 0, 255, 0, 1, 255, 0, 2, 255],
        [0, 1, 0, 255, 1, 1, 255, 1, 2, 255],
      ].flat(),
    )
  })
})

describe('the page of a lesson', () => {
  const lesson: Lesson = {
    name: 'it',
    title: 'This & that',
    question: 'Is 1 < 2?',
    source: 'slide "It"',
    theory: ['One thing.'],
    ops: ['sgd'],
    next: [{ idea: 'Another.', command: 'etalon lesson other' }],
    run: () => () => Promise.resolve(E.right(findings)),
  }
  const findings: Findings = {
    done: ['Something was done 3 times.'],
    sections: [
      heading('Part'),
      text('It is so.', 'And so.'),
      table('Numbers', ['what', 'how much'], [['a', 1]]),
      lines('Curves', {
        x: { label: 'step' },
        y: { label: 'loss', log: true },
        lines: [
          { name: 'up', points: [[1, 1], [2, 10], [3, 100], [4, Infinity], [5, -1]] }, // prettier-ignore
          { name: 'down', dashed: true, like: 'up', points: [[1, 100], [2, 10], [3, 1]] }, // prettier-ignore
        ],
      }),
      bars('Shares', { x: { label: 'share', percent: true }, bars: [{ name: 'half', value: 0.5 }, { name: 'all', value: 1 }] }), // prettier-ignore
      images('Pixels', {
        colours: 'signed',
        zoom: 4,
        rows: [
          { label: 'row', pictures: [{ label: 'one', pixels: tensor([1, 2], [-1, 1]) }] },
          { zoom: 9, pictures: [{ pixels: tensor([1, 1], [0]) }] },
        ],
      }),
    ],
    figures: { a: 1 },
  }
  const page = pageOf(lesson, findings)
  const document = parsed(page)

  test('tells the question, the formulas, what was done, what came out and what to try, in this order', () => {
    expect(textsOf(document, 'h2')).toEqual(['The formulas', 'What was done', 'What came out', 'What to try next'])
    expect(document.querySelector('.question')?.textContent).toBe('Is 1 < 2?')
    expect(textsOf(document, 'pre')).toEqual(['w′ = w − ηg', 'etalon lesson other'])
    expect(textsOf(document, 'p')).toContain('It is so. And so.')
    expect(textsOf(document, 'td')).toEqual(expect.arrayContaining(['a', '1']))
    expect(page).toContain('This &amp; that')
  })

  test('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script|<link|href=|url\((?!#)|src="(?!data:)/)
  })

  test('draws curves on their scale, and leaves out what is on none', () => {
    const drawn = [...document.querySelectorAll('figure svg [aria-label=line]')]
    const [up = [], down = []] = drawn.map((curve) => {
      const d = curve.querySelector('path')?.getAttribute('d') ?? ''
      return [...d.matchAll(/[ML]?([\d.]+),([\d.]+)/g)].map(([, , y]) => Number(y))
    })
    expect(up).toHaveLength(3)
    // equal factors are equal distances on a logarithmic axis, which points down
    expect((up[0] ?? NaN) - (up[1] ?? NaN)).toBeCloseTo((up[1] ?? NaN) - (up[2] ?? NaN), 1)
    expect(up).toEqual(down.toReversed())
    const [one, other] = drawn.map((curve) => curve.getAttribute('stroke'))
    expect(one).toBe(other)
  })

  test('draws twice the share twice as long', () => {
    const [half, all] = [...document.querySelectorAll('[aria-label=bar] rect')].map((bar) =>
      Number(bar.getAttribute('width')),
    )
    expect((all ?? NaN) / (half ?? NaN)).toBeCloseTo(2, 5)
  })

  test('shows numbers below 0 in blue and above in red', () => {
    const [, base64 = ''] = document.querySelector('img')?.getAttribute('src')?.split(',') ?? []
    const file = Buffer.from(base64, 'base64')
    const length = file.readUInt32BE(33)
    const [, r0 = 0, , b0 = 0, r1 = 0, , b1 = 0] = inflateSync(file.subarray(41, 41 + length))
    expect(b0).toBeGreaterThan(r0)
    expect(r1).toBeGreaterThan(b1)
    expect([...document.querySelectorAll('img')].map((img) => img.getAttribute('width'))).toEqual(['8', '9'])
  })

  test('has a shorter form for the terminal, with every number and no picture', () => {
    const summary = lessonSummary({ lesson, findings }, plain, 60)
    expect(summary).toMatch(/Part\n\nIt is so\. And so\.\n\nNumbers\nwhat {2}how much\na {12}1/)
    expect(summary).toMatch(/up {4}▁▅█ {31}1 → 100/)
    expect(summary).toMatch(/half {2}■{15} {17}50\.0 %/)
    expect(summary).toMatch(/Pixels: 2 pictures, /)
    expect(summary).toMatch(/etalon lesson other\n$/)
  })
})
