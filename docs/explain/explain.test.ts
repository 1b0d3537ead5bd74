import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { caseAt } from '../../conformance/cases.js'
import { realise } from '../../conformance/form.js'
import { questionTable } from '../../conformance/table.js'
import { oracle } from '../../reference/index.js'
import { roles } from '../../reference/words.js'
import { questions } from '../../spec/catalogue.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Question } from '../../spec/program.js'
import type { Field, Readables } from '../../spec/field.js'
import { element } from '../../spec/field.js'
import type { Numbers } from '../../spec/tensor.js'
import { generate, sizeOf, sumOf } from '../../spec/tensor.js'
import { exampleOf } from './example.js'
import { number } from './notation.js'
import type { Chosen } from './page.js'
import { compute, formulaText, page, wrapped } from './page.js'
import { parseModule, readFormulas } from './read.js'

const formulas = readFormulas()
const plain = { strong: (text: string) => text, faint: (text: string) => text }

const right = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

const pageOf = (question: Question, chosen: Chosen = {}): string =>
  right(page(formulas, question, { chosen, pen: plain }))
const examplePage = (op: OpName, direction: Direction, chosen: Chosen = {}): string =>
  pageOf(right(exampleOf(questionTable, op, direction)).question, chosen)
const numbersOf = (answers: Readables): readonly (readonly [string, readonly number[]])[] =>
  Object.entries(answers).map(([name, x]) => [name, Array.from({ length: sizeOf(x.shape) }, (_, i) => element(x, i))])

const small = (index: number, op: OpName, direction: Direction): boolean =>
  sumOf(Object.values(caseAt(questionTable, op, direction, 3, index).form.shapes).map(sizeOf)) < 500

describe('a formula computed by way of its tree', () => {
  it.each(questions)('gives the very numbers of the reference: $op $direction', ({ op, direction }) => {
    const indices = Array.from({ length: questionTable[op].corners.length }, (_, i) => i)
    const cases = indices.filter((index) => small(index, op, direction)).slice(0, 8)
    const asked = [
      right(exampleOf(questionTable, op, direction)).question,
      ...cases.map((index) => right(realise(caseAt(questionTable, op, direction, 3, index)))),
    ]
    asked.forEach((question) => {
      const { attrs, inputs, cotangents } = question
      const want = right(oracle.evaluate(op, direction, attrs, inputs, cotangents))
      expect(numbersOf(right(compute(formulas, question)).outputs)).toEqual(numbersOf(want))
    })
  })

  it('works out no more than is told: an element of a convolution of half a billion multiply-adds', () => {
    const ones = (shape: readonly number[]) => generate(shape, () => 1)
    const inputs = { x: ones([4, 64, 56, 56]), w: ones([64, 64, 3, 3]) }
    const attrs = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 }
    const ask = { op: 'conv2d', direction: 'forward', attrs, inputs, cotangents: {} } as const
    expect(pageOf(ask, { index: [3, 63, 55, 55] })).toContain('= 256')
  })

  it('reads one row of the states before, not all of them, for an element of a later one', () => {
    const [T, N, I, H] = [3, 40, 2, 8]
    const read = new Set<unknown>()
    const h0 = {
      shape: [N, H],
      data: new Proxy<Numbers>(new Float64Array(N * H).fill(0.5), {
        get: (data, key) => {
          read.add(key)
          return Reflect.get(data, key) as unknown
        },
      }),
    }
    const inputs = {
      x: generate([T, N, I], (i) => i % 3),
      h0,
      wIh: generate([H, I], () => 0.25),
      wHh: generate([H, H], (i) => (i % 5) / 8),
      b: generate([H], () => 0),
    }
    const question = { op: 'rnn', direction: 'forward', attrs: {}, inputs, cotangents: {} } as const
    const { outputs } = right(compute(formulas, question))
    const found = element(outputs['y'] as Field, T * N * H - 1)
    expect([...read]).toEqual(Array.from({ length: H }, (_, k) => String((N - 1) * H + k)))
    expect(found).toBe(right(oracle.evaluate('rnn', 'forward', {}, inputs, {}))['y']?.data[T * N * H - 1])
  })

  it('goes through a thousand steps in the order of time', () => {
    const [T, N, I, H] = [1000, 1, 1, 2]
    const inputs = {
      x: generate([T, N, I], (i) => (i % 7) - 3),
      h0: generate([N, H], () => 0),
      wIh: generate([H, I], () => 1),
      wHh: generate([H, H], () => 0.5),
      b: generate([H], () => 0),
    }
    const cotangents = { y: generate([T, N, H], () => 1), hT: generate([N, H], () => 1) }
    const want = right(oracle.evaluate('rnn', 'backward', {}, inputs, cotangents))
    const { outputs } = right(compute(formulas, { op: 'rnn', direction: 'backward', attrs: {}, inputs, cotangents }))
    expect(numbersOf(outputs)).toEqual(numbersOf(want))
  })
})

describe('a page', () => {
  it.each(questions)('is there for every op, and tells more than the answer: $op $direction', ({ op, direction }) => {
    const text = examplePage(op, direction)
    expect(text).not.toMatch(/undefined|\[object|=>|↦.*↦/)
    expect(text.split('\n').filter((line) => line.length > 130 && !line.includes('LaTeX'))).toEqual([])
    expect(text).toContain('Result')
  })

  it.each(questions)('has the formula in words: $op $direction', ({ op, direction }) => {
    // what the audit prints as well; a comment above the function, such as "dx = dy·y·(1 − y)"
    expect(formulaText(formulas, op, direction)).toMatch(/[=←]/)
  })

  it('of conv2d shows the nine products of the slide and their sum', () => {
    const text = examplePage('conv2d', 'forward')
    expect(text).toContain('= w[0,0,0,0]·x[0,0,0,0] + w[0,0,0,1]·x[0,0,0,1]')
    expect(text).toContain('= 1·1 + 0·1 + 1·1 + 0·0 + 1·1 + 0·1 + 1·0 + 0·0 + 1·1')
    expect(text).toContain('= 1 + 0 + 1 + 0 + 1 + 0 + 0 + 0 + 1')
    expect(text).toContain('      4 3 4\n      2 4 3\n      2 3 4')
  })

  it('of conv2d backward takes the pixel that most outputs read, and leaves out taps that no output has', () => {
    expect(examplePage('conv2d', 'backward')).toContain('dx[0,0,2,2], one of 25')
    const corner = examplePage('conv2d', 'backward', { output: 'dx', index: [0, 0, 0, 0] })
    expect(corner).toContain('= w[0,0,0,0]·dy[0,0,0,0]')
    expect(corner).toContain('8 terms are 0 by the formula and left out')
    expect(corner).not.toContain('one of 9')
  })

  it('of softmax tells the largest, the powers and their sum before the share', () => {
    const x = { shape: [3], data: [1, 2, 3] }
    const text = pageOf({ op: 'softmax', direction: 'forward', attrs: { axis: -1 }, inputs: { x }, cotangents: {} })
    const order = ['= max(1, 2, 3)', '= e^(1 − 3)', '= 0.13534 + 0.36788 + 1', '= 0.13534/1.5032 = 0.090031']
    const places = order.map((each) => text.indexOf(each))
    expect(places.every((place) => place >= 0)).toBe(true)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
  })

  it('of bce writes the function that the formula brings, and puts what it comes to in its place', () => {
    const prediction = { shape: [1], data: [0.25] }
    const target = { shape: [1], data: [0.5] }
    const ask = { op: 'bce', direction: 'forward', attrs: { reduction: 'none' }, cotangents: {} } as const
    const text = pageOf({ ...ask, inputs: { prediction, target } })
    expect(text).toContain('(p = prediction[0], t = target[0])')
    expect(text).toContain('= −(0.5·log(0.25) + (1 − 0.5)·log(1 − 0.25))')
    expect(text).toContain('where weighted(weight, value) = 0 if weight = 0')
  })

  it('of momentum has its letters, and a prime for what comes out', () => {
    const text = examplePage('momentum', 'forward')
    expect(text).toContain('η, learningRate = ')
    expect(text).toContain('= w − η·s')
    expect(text).toMatch(/velocity′\[1\] = .*, as above/)
  })

  it('of batchNormTraining backward tells mean, variance and r on the way, each once', () => {
    const text = examplePage('batchNormTraining', 'backward')
    expect(text.match(/^ {2}variance\[c\] = /gm)).toHaveLength(1)
    expect(text).toContain('x is read in row-major order, as of shape')
    expect(text).toContain('dx[n,c,s] = γ[c]·r[c]·(dy[n,c,s] − dβ[c]/m − x̂[n,c,s]·dγ[c]/m)')
  })

  it('takes a choice that attributes have made, and says which one numbers made', () => {
    expect(examplePage('relu', 'backward', { index: [0] })).toMatch(/≤ 0 (holds|does not hold)/)
    const x = { shape: [1, 1, 1, 1], data: [2] }
    const attrs = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1 }
    const ask = { op: 'conv2d', direction: 'forward', attrs, cotangents: {} } as const
    expect(pageOf({ ...ask, inputs: { x, w: x } })).toContain('y[n,o,i,j] = products = 4')
    const b = { shape: [1], data: [-3] }
    expect(pageOf({ ...ask, inputs: { x, w: x, b } })).toContain('= products + b[o] = 4 + (−3) = 1')
  })

  it('cuts long sums and large tensors', () => {
    const x = { shape: [1, 100], data: Array.from({ length: 100 }, (_, i) => i) }
    const text = pageOf({ op: 'dense', direction: 'forward', attrs: {}, inputs: { x, w: x }, cotangents: {} })
    expect(text).toContain('= 0·0 + 1·1 + 2·2 + 3·3 + 4·4 + 5·5 + … + 98·98 + 99·99')
    expect(text).toContain('0  1  2  3  4  5  6  7  8  9  …')
  })

  it('refuses an answer and an element that are not there', () => {
    const { question } = right(exampleOf(questionTable, 'softmax', 'forward'))
    const refusal = (chosen: Chosen) => page(formulas, question, { chosen, pen: plain })
    expect(refusal({ output: 'z' })).toMatchObject({ left: { code: 'UnexpectedInput' } })
    expect(refusal({ index: [99] })).toMatchObject({ left: { code: 'ShapeMismatch' } })
    expect(refusal({ index: [0, 0, 0, 0, 0] })).toMatchObject({ left: { code: 'ShapeMismatch' } })
  })
})

describe('numbers and lines', () => {
  it.each([
    [0.1 + 0.2, '0.3'],
    [-1.23456789, '−1.2346'],
    [1e-7, '1e−7'],
    [123456789.5, '1.2346e8'],
    [-0, '0'],
    [NaN, 'NaN'],
    [-Infinity, '−∞'],
    [65536, '65536'],
  ])('%f is %s', (value, text) => {
    expect(number(value)).toBe(text)
  })

  it('a line breaks before an operator, and hangs', () => {
    expect(wrapped('y = aaaa + bbbb + cccc', 12, 4)).toEqual(['y = aaaa', '    + bbbb', '    + cccc'])
  })
})

describe('what no page could tell', () => {
  const refusal = (...lines: readonly string[]): string => {
    try {
      parseModule('reference/losses/mine', lines.join('\n'))
      return ''
    } catch (thrown) {
      return (thrown as Error).message
    }
  }

  it.each([
    [
      'a word that is not there',
      "import { at1, cumulated } from '../arithmetic.js'",
      'cumulated is no word of formulas',
    ],
    [
      'a word of a file that has others',
      "import { generate } from '../../spec/tensor.js'",
      'generate is no word of formulas; spec/tensor has sizeOf',
    ],
    ['a package', "import { either as E } from 'fp-ts'", 'E comes from fp-ts, which is neither'],
    ['a word by another name', "import { at1 as read } from '../arithmetic.js'", 'read is at1 of reference/arithmetic'],
    ['all words by one name', "import * as words from '../arithmetic.js'", 'words is all of reference/arithmetic'],
    ['a global', 'const now = () => performance.now()', 'performance is no word of formulas'],
    ['a method', 'const add = (x: readonly number[]) => x.reduce((a, b) => a + b, 0)', 'reduce in x.reduce is no word'],
    [
      'a member of a global',
      'const all = (x: object) => Object.values(x)',
      'Object.values is no word of formulas; Object has fromEntries',
    ],
    ['what a field keeps to itself', 'const first = (x: Field) => x.data![0]', 'x.data is no word of formulas'],
    ['the same, taken apart', 'const first = ({ data }: Field) => data![0]', 'data is no word of formulas'],
    [
      'a function handed on',
      'const exp = (x: readonly number[]) => x.map(Math.exp)',
      'Math.exp is handed on; write x => Math.exp(x)',
    ],
    [
      'a function of its own by a word’s name',
      'const total = (a: number) => a; const twice = (a: number) => total(a) + total(a)',
      'total is a word of formulas, and another function here',
    ],
    ['an operator', 'const half = (a: number) => a >>> 1', 'no tree for BinaryExpression: a >>> 1'],
    ['a loop', 'for (;;) {}', 'no tree for ForStatement'],
    [
      'a choice that is no expression',
      'const sign = (a: number) => { if (a < 0) return -1; return 1 }',
      'no tree for IfStatement',
    ],
    ['an object made', 'const none = () => new Map()', 'Map is no word of formulas'],
    [
      'arguments from a list',
      'const most = (x: readonly number[]) => Math.max(...x)',
      'no tree for SpreadElement: ...x',
    ],
  ])('is refused when formulas are read, by file, line and word: %s', (_, line, message) => {
    expect(refusal('// y = x', '', line)).toContain(`reference/losses/mine.ts:3: ${message}`)
  })

  it('is refused all at once', () => {
    const text = refusal("import { product } from '../arithmetic.js'", 'const now = () => product(Date.now())')
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^reference\/losses\/mine\.ts:1: product is no word/),
      expect.stringMatching(/^reference\/losses\/mine\.ts:2: Date is no word/),
    ])
  })
})

type Said = { readonly [W in keyof typeof roles]: readonly [formula: string, text: string] }

// a formula with each word, of x = [[[[1, 2], [3, 4]]]], and what its page has to say
const said: Said = {
  tabulate1: ['tabulate1([3], (i) => at1(x, i) * 2)', 'y[i] = x[i]·2 = 1·2 = 2   (i = 0)'],
  tabulate2: ['tabulate2([2, 2], (i, j) => at1(x, i) - at1(x, j))', 'y[i,j] = x[i] − x[j] = 1 − 2 = −1'],
  tabulate3: ['tabulate3([1, 2, 2], (i, j, k) => at1(x, j) - at1(x, k))', 'y[i,j,k] = x[j] − x[k] = 1 − 2 = −1'],
  tabulate4: ['tabulate4([1, 1, 2, 2], (i, j, k, l) => at1(x, k) - at1(x, l))', 'y[i,j,k,l] = x[k] − x[l] = 1 − 2'],
  sum1: ['scalarOf(sum1(4, (i) => at1(x, i)))', '= 1 + 2 + 3 + 4'],
  sum2: ['scalarOf(sum2(2, 2, (i, j) => at4(x, 0, 0, i, j)))', '= 1 + 2 + 3 + 4'],
  sum3: ['scalarOf(sum3(1, 2, 2, (c, i, j) => at4(x, 0, c, i, j)))', '= 1 + 2 + 3 + 4'],
  sum4: ['scalarOf(sum4(1, 1, 2, 2, (n, c, i, j) => at4(x, n, c, i, j)))', '= 1 + 2 + 3 + 4'],
  largest: ['scalarOf(largest(4, (i) => at1(x, i)))', '= max(1, 2, 3, 4)'],
  smallest: ['scalarOf(smallest(4, (i) => at1(x, i)))', '= min(1, 2, 3, 4)'],
  largest2: ['scalarOf(largest2(2, 2, (i, j) => at4(x, 0, 0, i, j)))', '= max(1, 2, 3, 4)'],
  indexOfLargest: ['tabulate1([1], () => indexOfLargest(4, (i) => at1(x, i)))', 'indexOfLargest: Which of f(0) …'],
  placeOfLargest: [
    'scalarOf(placeOfLargest([0, 2], [0, 2], (r, s) => at4(x, 0, 0, r, s))[0])',
    'placeOfLargest: Where in a rectangle of rows and columns',
  ],
  lastIndexOfLargest: [
    'tabulate1([1], () => lastIndexOfLargest(4, (i) => at1(x, i)))',
    'lastIndexOfLargest: Which of f(0) …',
  ],
  lastPlaceOfLargest: [
    'scalarOf(lastPlaceOfLargest([0, 2], [0, 2], (r, s) => at4(x, 0, 0, r, s))[0])',
    'lastPlaceOfLargest: The same, of equals the last in row-major order',
  ],
  at1: ['scalarOf(at1(x, 3))', 'y = x[3] = 4'],
  at2: ['scalarOf(at2(reshaped([2, 2], x), 1, 1))', '[1,1] = 4'],
  at3: ['scalarOf(at3(reshaped([1, 2, 2], x), 0, 1, 1))', '[0,1,1] = 4'],
  at4: ['scalarOf(at4(x, 0, 0, 1, 1))', 'y = x[0,0,1,1] = 4'],
  at3OrZero: ['scalarOf(at3OrZero(reshaped([1, 2, 2], x), 0, 1, 2))', 'x is 0 outside'],
  at4Or: ['scalarOf(at4Or(-Infinity, x, 0, 0, 2, 0))', 'x is −∞ outside'],
  at4OrZero: ['scalarOf(at4OrZero(x, 0, 0, -1, 0))', 'x is 0 outside'],
  map: ['map((a) => a + 1, x)', '= a + 1 = 1 + 1 = 2   (a = x[0,0,0,0])'],
  zip: ['zip((a, b) => a + b, x, x)', '= a + b = 1 + 1 = 2   (a = x[0,0,0,0], b = x[0,0,0,0])'],
  zip3: ['zip3((a, b, c) => a + b + c, x, x, x)', '= 1 + 1 + 1'],
  total: ['scalarOf(total(x))', '= 1 + 2 + 3 + 4'],
  sumOfFields: ['sumOfFields([x, map((a) => a + 1, x)])', '= Σ_{t<2} y⟨t⟩[0,0,0,0] = 1 + 2 = 3'],
  partOf: ['partOf(partOf(map((a) => a + 1, x), 0), 0)', '= a + 1 = 1 + 1 = 2   (a = x[0,0,0,0])'],
  stacked: ['stacked([map((a) => a + 1, x)])', 'y[0][0,0,0,0] = a + 1 = 1 + 1 = 2'],
  scan: ['stacked(scan(2, x, (before, _) => map((a) => a * 2, before)))', 'y[0][0,0,0,0] = a·2 = 1·2 = 2'],
  scanBack: ['stacked(scanBack(2, x, (after, _) => map((a) => a * 2, after)))', 'y[0][0,0,0,0] = a·2 = 2·2 = 4'],
  reshaped: ['reshaped([4], map((a) => a + 1, x))', 'y[0] = a + 1 = 1 + 1 = 2   (a = x[0,0,0,0])'],
  scalarOf: ['scalarOf(2 + at1(x, 0))', 'y = 2 + x[0] = 2 + 1 = 3'],
  filled: ['filled([2], 2 + at1(x, 0))', 'y[0] = 2 + x[0] = 2 + 1 = 3'],
  windowReading: ['map((a) => windowReading(a, 2, 4), x)', 'windowReading: The index that is congruent'],
}

describe('every word of the formulas', () => {
  it.each(Object.entries(said))('is told: %s', (_, [formula, text]) => {
    const id = 'reference/activations/relu'
    const lines = [
      `import { ${Object.keys(roles).join(', ')} } from '../arithmetic.js'`,
      `export const forward = (_, { x }) => ({ y: ${formula} })`,
    ]
    const changed = { ...formulas, modules: { ...formulas.modules, [id]: parseModule(id, lines.join('\n')) } }
    const inputs = { x: { shape: [1, 1, 2, 2], data: [1, 2, 3, 4] } }
    const question = { op: 'relu', direction: 'forward', attrs: {}, inputs, cotangents: {} } as const
    expect(right(page(changed, question, { pen: plain }))).toContain(text)
  })
})
