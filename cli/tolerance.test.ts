import { describe, expect, it } from 'vitest'
import { parseShapes, toleranceAt } from './tolerance.js'

const screen = () => {
  const texts: string[] = []
  return { write: (text: string) => texts.push(text), text: () => texts.join('') }
}

const asked = {
  shapes: { x: [8, 64], w: [10, 64] },
  precision: 'f32',
  direction: 'forward',
  data: 'normal',
  seed: 1,
} as const

// 49152 products of about 1.7 are past what f16 holds
const far = { x: [2, 49152], w: [2, 49152] }

const told = (op: string, options: Partial<Parameters<typeof toleranceAt>[2]> = {}) => {
  const [out, err] = [screen(), screen()]
  const code = toleranceAt({ out, err }, op, { ...asked, ...options })
  return { code, out: out.text(), err: err.text() }
}

describe('etalon tolerance', () => {
  it('prints a pair, what it hides, and what the usual pairs do, in 80 columns', () => {
    const { code, out, err } = told('dense', { precision: 'bf16' })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^dense forward in bf16, additions in any order\n/)
    expect(out).toMatch(/\n {4}rtol = [\d.e-]+, atol = [\d.e-]+\n {6}an error of [\d.]+ % of a usual value passes,\n/)
    expect(out).toMatch(/which is [\d.]+ of one of its 64 terms/)
    expect(out).toMatch(/\(torch\.testing, bfloat16\)\n {6}may fail a right kernel, at \d+ % of the elements/)
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('tells each gradient apart, and those without a bound', () => {
    const { out } = told('dense', { direction: 'backward', depth: 3, data: 'positive' })
    expect(out).toMatch(/^dense backward in f32, additions at most 3 deep\n/)
    expect(out.match(/^[xw] \[\d+,64\]$/gm)).toEqual(['x [8,64]', 'w [10,64]'])
    const past = told('dense', { precision: 'f16', data: 'positive', shapes: far })
    expect(past.out).toContain('have no bound')
    for (const line of past.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(told('relu', { shapes: { x: [5] } }).out).toContain('nothing is rounded: rtol = 0, atol = 0')
  })

  it('knows the shapes of single numbers', () => {
    const { code, out } = told('adam', { shapes: { w: [4], g: [4], m: [4], v: [4] } })
    expect([code, out.includes('step []')]).toEqual([0, true])
  })

  it('answers --json with what programs read', () => {
    const { out } = told('dense', {
      json: true,
      precision: 'f16',
      data: 'wide',
      shapes: far,
    })
    const { op, shapes, asked, draws, answers } = JSON.parse(out) as {
      readonly answers: readonly Readonly<Record<string, unknown>>[]
    } & Readonly<Record<string, unknown>>
    expect({ op, shapes, asked }).toEqual({
      op: 'dense',
      shapes: far,
      asked: { precision: 'f16' },
    })
    expect(draws).toBeGreaterThanOrEqual(16)
    expect(answers[0]).toMatchObject({ answer: 'y', shape: [2, 2], terms: 49152, bound: { largest: 'Infinity' } })
    expect(answers[0]).not.toHaveProperty('tolerance')
  })

  it.each([
    ['no op', 'convolve', {}, 'UnknownOp'],
    ['an input too few', 'dense', { shapes: { x: [8, 64] } }, 'MissingInput: input w is missing'],
    ['an input too many', 'relu', { shapes: { x: [8], y: [8] } }, 'UnexpectedInput'],
    ['shapes that do not fit', 'dense', { shapes: { x: [8, 64], w: [10, 65] } }, 'ShapeMismatch: axis I is 64 in x'],
    ['an extent of 0', 'dense', { shapes: { x: [0, 64], w: [10, 64] } }, 'MalformedTensor'],
    ['a tensor past all limits', 'relu', { shapes: { x: [1e5, 1e5] } }, 'TooLarge'],
    ['attributes that are no JSON', 'conv2d', { attrs: '{stride' }, 'MalformedRequest: --attrs is not JSON'],
    ['attributes that are a list', 'conv2d', { attrs: '[2]' }, 'MalformedRequest: --attrs is [2]'],
    ['attributes that there are not', 'dense', { attrs: '{"stride":2}' }, 'UnknownAttribute'],
    ['gradients of what has none', 'sgd', { direction: 'backward' }, 'NoBackward: sgd has no backward'],
  ] as const)('%s is a mistake: exit code 2, a message, nothing printed', (_what, op, options, message) => {
    const { code, out, err } = told(op, options)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^etalon: [^\n]+\n$/)
    expect(err).toContain(message)
  })

  it('reads shapes as people write them, and says what is wrong with others', () => {
    expect(parseShapes('x=1x64x14x14, w=64x64x3x3,step=scalar')).toEqual({
      x: [1, 64, 14, 14],
      w: [64, 64, 3, 3],
      step: [],
    })
    for (const text of ['', 'x', 'x=', 'x=8,', 'x=8x', '8x64', 'x=[8,64]', 'x=8×64', 'x=-1'])
      expect(() => parseShapes(text)).toThrow('NAME=8x64')
  })
})
