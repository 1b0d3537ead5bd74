import { describe, expect, it } from 'vitest'
import { chosenFrom, explainAt, questionFrom } from './explain.js'

const screen = () => {
  const texts: string[] = []
  return { write: (text: string) => texts.push(text), text: () => texts.join('') }
}

const explain = async (op: string, options: Parameters<typeof explainAt>[2] = {}) => {
  const [out, err] = [screen(), screen()]
  const code = await explainAt({ out, err }, op, options)
  return { code, out: out.text(), err: err.text() }
}

const x = '{"inputs":{"x":{"shape":[2],"data":[0,0]}}'

describe('etalon explain', () => {
  it('explains a worked example, without colours where there is no terminal', async () => {
    const { code, out, err } = await explain('conv2d')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('the 5×5 image and the 3×3 filter of the slide')
    expect(out).not.toMatch(/\u001b/)
  })

  it('explains the numbers it is given, at the element it is given', async () => {
    const { code, out } = await explain('softmax', { input: `${x}}`, at: '1' })
    expect(code).toBe(0)
    expect(out).toContain('= 1/2 = 0.5')
    expect(out).toContain('y[1], one of 2')
  })

  it('takes the direction from the request, where the command line has none', async () => {
    const request = `${x},"direction":"backward","cotangents":{"y":{"shape":[2],"data":[1,0]}}}`
    expect((await explain('softmax', { input: request })).out).toContain('softmax backward')
  })

  it.each([
    ['no op', 'sofmax', {}, 'UnknownOp'],
    ['no backward', 'sgd', { direction: 'backward' }, 'NoBackward'],
    ['no JSON', 'relu', { input: '{' }, 'MalformedRequest'],
    ['no object', 'relu', { input: '[1]' }, 'MalformedRequest'],
    ['another op', 'relu', { input: `${x},"op":"tanh"}` }, 'MalformedRequest'],
    ['another direction', 'relu', { input: `${x},"direction":"backward"}`, direction: 'forward' }, 'MalformedRequest'],
    ['a member that requests do not have', 'relu', { input: `${x},"attributes":{}}` }, 'MalformedRequest'],
    ['an attribute out of range', 'softmax', { input: `${x},"attrs":{"axis":1}}` }, 'AttributeOutOfRange'],
    ['no input', 'relu', { input: '{}' }, 'MissingInput'],
    ['no gradient coming in', 'relu', { input: `${x}}`, direction: 'backward' }, 'MissingInput'],
    ['no such element', 'relu', { input: `${x}}`, at: '2' }, 'ShapeMismatch'],
    ['no such answer', 'relu', { input: `${x}}`, at: 'z' }, 'UnexpectedInput'],
    ['no place', 'relu', { input: `${x}}`, at: '1;2' }, 'MalformedRequest'],
  ] as const)('refuses %s, says why, and exits with 2', async (_, op, options, wanted) => {
    const { code, out, err } = await explain(op, options)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(new RegExp(`^etalon: ${wanted}: .+\n$`))
  })

  it('reads a place as an index, an answer, or both', () => {
    expect(chosenFrom(undefined)).toMatchObject({ right: {} })
    expect(chosenFrom('0,1')).toMatchObject({ right: { index: [0, 1] } })
    expect(chosenFrom('[0,1]')).toMatchObject({ right: { index: [0, 1] } })
    expect(chosenFrom('dw')).toMatchObject({ right: { output: 'dw' } })
    expect(chosenFrom('w:3')).toMatchObject({ right: { output: 'w', index: [3] } })
  })

  it('refuses input that nests too deeply to be looked at', () => {
    const deep = `{"attrs":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(questionFrom('relu', 'forward', deep)).toMatchObject({ left: { code: 'MalformedRequest' } })
  })
})
