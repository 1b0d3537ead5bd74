import { either as E, taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { mutant } from '../conformance/testing/instrument.js'
import { formulaTable, smallTable, toy } from '../conformance/testing/toys.js'
import { verify } from '../conformance/verify.js'
import { printCase } from '../conformance/form.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { fail } from '../spec/error.js'
import type { GivenTensors } from '../spec/op.js'
import { mapTensor } from '../spec/tensor.js'
import { openWebGpu } from '../accelerated/index.js'
import { replayAt } from './replay.js'
import { processRim } from './rim.js'

const replayed = async (backend: Backend, text: string | readonly string[]) => {
  const [out, err]: [string[], string[]] = [[], []]
  const rim = {
    open: () => TE.right(backend),
    oracle,
    table: smallTable,
    out: { write: (part: string) => out.push(part) },
    err: { write: (part: string) => err.push(part) },
  }
  return { code: await replayAt(rim, text, 'auto'), out: out.join(''), err: err.join('') }
}
const faulty = toy({ softmax: mutant('softmax', smallTable.softmax.faults[1]!) })

describe('etalon replay', () => {
  test('a right backend: the question, the numbers, conformant, 0', async () => {
    const { code, out, err } = await replayed(toy(), 'dense/forward/7/1000@3')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^dense forward\n {4}x\[\d+,\d+\] = [^]*got .*want [^]*error ÷ bound [^]*\nconformant\n$/)
  })

  test('the id and the JSON of a failure of verify fail again, with 1', async () => {
    const scope = { ops: ['softmax'], profile: 'quick', runs: 0, seed: 1 } as const
    const report = await verify(faulty, oracle, smallTable, scope)()
    const failure = E.isRight(report)
      ? report.right.lines.find(({ failure }) => failure !== undefined)?.failure
      : undefined
    for (const text of [failure!.id, ` ${failure!.id}\n`, printCase(failure!.smallest)]) {
      const { code, out } = await replayed(faulty, text)
      expect(code).toBe(1)
      expect(out).toMatch(/error ÷ bound [^]*\nnot-conformant\n$/)
      expect((await replayed(toy(), text)).code).toBe(0)
    }
  })

  describe('several cases', () => {
    // each question with the weights of the first of its shape
    const caching = (): Backend => {
      const kept = new Map<string, GivenTensors[string]>()
      const { forward } = formulaTable.dense!
      return toy({
        dense: {
          forward: (attrs, inputs, sizes) => {
            const key = JSON.stringify(Object.values(inputs).map((x) => x?.shape))
            const w = kept.get(key) ?? inputs['w']
            kept.set(key, w)
            return forward(attrs, { ...inputs, w }, sizes)
          },
        },
      })
    }
    const [one, two] = ['one', 'two'].map(
      (seed) => `{"op":"dense","direction":"forward","seed":"${seed}","shapes":{"x":[1,2],"w":[2,2]}}`,
    ) as [string, string]

    test('are asked in turn, those before the last told in a line and the last in full', async () => {
      for (const texts of [`[${one},${two}]`, [one, two], [`[${one}]`, two]]) {
        const { code, out, err } = await replayed(caching(), texts)
        expect([code, err]).toEqual([1, ''])
        expect(out).toMatch(/^1 of 2: dense forward x\[1,2\] w\[2,2\]: conformant\ndense forward\n {4}x\[1,2\] = /)
        expect(out).toMatch(/\nnot-conformant\n$/)
      }
      expect(await replayed(caching(), two)).toMatchObject({ code: 0 })
      expect(await replayed(toy(), `[${one},${two}]`)).toMatchObject({ code: 0 })
    })

    test('that are the same are told apart by their answers', async () => {
      const { code, out } = await replayed(toy(), ['relu/forward/1/0@3', one, 'relu/forward/1/0@3'])
      expect(code).toBe(0)
      expect(out).toMatch(/^1 of 3: relu forward .*\n2 of 3: dense forward .*\nrelu forward/)
      expect(out).toMatch(/\nconformant, the same in bits as the first time\n$/)
      const changing = toy({ relu: { forward: (_attrs, { x }) => ({ y: x && mapTensor(() => calls++, x) }) } })
      let calls = 0
      const again = await replayed(changing, ['relu/forward/1/0@3', 'relu/forward/1/0@3'])
      expect(again.code).toBe(1)
      expect(again.out).toMatch(/\nnot-conformant, y\[.*\] is \d+, was \d+ the first time\n$/)
    })

    test('a failure before the last is one of the sequence', async () => {
      expect(await replayed(caching(), [one, two, one])).toMatchObject({ code: 1 })
    })
  })

  test.each([
    ['[]', /MalformedRequest: a sequence is a list of at least one case/],
    ['[{"op":"relu"}]', /MalformedRequest: no case: its field direction /],
    ['[1]', /MalformedRequest: no case/],
    ['relu', /MalformedRequest: a case is named OP\/DIRECTION\/SEED\/NUMBER/],
    ['relu/forward/1/x', /MalformedRequest/],
    ['rule/forward/1/2@3', /UnknownOp: there is no op "rule"/],
    ['momentum/backward/1/2', /NoBackward: momentum has no backward/],
    ['{"op":"relu"}', /MalformedRequest: no case: its field direction /],
    ['{relu', /MalformedRequest: a case is one line of JSON/],
    ['{"op":"relu","direction":"forward","seed":"s","shapes":{"x":[1000000000000]}}', /TooLarge/],
  ])('%j is a mistake in usage, told in a sentence before a device is opened', async (text, message) => {
    const opening = { ...toy(), supports: () => expect.fail('asked') }
    const { code, out, err } = await replayed(opening, text)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(message)
    expect(err).toMatch(/^etalon: [^\n]*\n$/)
  })

  test('an output over 2²⁴ elements is asked for, and a backend that makes none so large has refused it', async () => {
    const large = '{"op":"dense","direction":"forward","seed":"s","shapes":{"x":[5000,1],"w":[5000,1]}}'
    const { code, out } = await replayed(toy(), large)
    expect(code).toBe(0)
    expect(out).toMatch(/not run: TooLarge: dense: /)
  })

  test('unsupported and refused cases are no failures, and a lost device is no verdict', async () => {
    const id = 'relu/forward/1/0@3'
    expect(await replayed({ ...toy(), supports: () => false }, id)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/unsupported: toy has no relu forward\n$/) as string,
    })
    expect(await replayed({ ...toy(), run: () => TE.fromEither(fail('LimitExceeded', 'too wide')) }, id)).toMatchObject(
      {
        code: 0,
        out: expect.stringMatching(/not run: LimitExceeded: too wide\n$/) as string,
      },
    )
    expect(await replayed({ ...toy(), run: () => TE.fromEither(fail('DeviceLost', 'gone')) }, id)).toMatchObject({
      code: 3,
      err: 'etalon: DeviceLost: gone\n',
    })
  })

  test('on a backend that is named', async () => {
    const [out, err]: [string[], string[]] = [[], []]
    const rim = {
      ...processRim(),
      out: { write: (part: string) => out.push(part) },
      err: { write: (part: string) => err.push(part) },
    }
    expect(await replayAt(rim, 'softmax/backward/3/500', 'auto', 'plain-f32')).toBe(0)
    expect(out.join('')).toMatch(/device +name plain-f32, arithmetic f32/)
    expect(await replayAt(rim, 'softmax/backward/3/500', 'software', 'plain-f32')).toBe(2)
    expect(err.join('')).toBe('etalon: --device software is for webgpu; plain-f32 has no device\n')
  })

  test('on the software adapter', async () => {
    const backend = await openWebGpu('software')()
    if (E.isLeft(backend)) throw new Error(backend.left.message)
    const { code, out } = await replayed(backend.right, 'softmax/backward/3/500')
    expect(code).toBe(0)
    expect(out).toMatch(/device +kind embedded-software/)
  })
})
