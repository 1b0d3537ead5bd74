import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { etalonError, getOrThrow } from '../spec/error.js'
import type { Tensors } from '../spec/tensor.js'
import { mapTensor, mapTensors, tensor } from '../spec/tensor.js'
import { adjudicate, adjudicationVerdict, caseOfQuestion } from './adjudicate.js'
import { printAdjudication, writeAdjudication } from './adjudicateReport.js'
import { parseCase, realise } from './form.js'
import { questionTable } from './table.js'

const pool = getOrThrow(
  parseCase(
    '{"op":"maxPool2d","direction":"backward","seed":"1","attrs":{"window":[2,2]},"shapes":{"x":[1,1,2,2]},"fills":{"x":{"constant":1}}}',
  ),
)
const dense = getOrThrow(
  parseCase('{"op":"dense","direction":"forward","seed":"7","shapes":{"x":[3,5],"w":[2,5],"b":[2]}}'),
)

const heard = async (asked: typeof pool, answers: Readonly<Record<string, Tensors>>) =>
  getOrThrow(
    await adjudicate(
      { oracle, table: questionTable },
      asked,
      Object.entries(answers).map(([name, answer]) => ({ name, answer: E.right(answer) })),
    ),
  )
const wanted = (asked: typeof pool, change: object = {}): Tensors => {
  const { op, direction, attrs, inputs, cotangents } = getOrThrow(realise(asked))
  return mapTensors(
    Math.fround,
    getOrThrow(oracle.evaluate(op, direction, { ...attrs, ...change }, inputs, cotangents)),
  )
}

describe('adjudicating', () => {
  test('of two answers that differ within their bounds both are right, and it says how far they may be apart', async () => {
    const right = wanted(dense)
    const other = { y: mapTensor((v, i) => (i === 2 ? v + 2 ** -24 * Math.abs(v) : v), right['y']!) }
    const found = await heard(dense, { a: right, b: other })
    expect(adjudicationVerdict(found)).toBe('all are right')
    expect(found.apart).toMatchObject({ output: 'y', index: [1, 0], names: ['a', 'b'] })
    expect(found.apart!.ratio).toBeLessThan(1)
    expect(printAdjudication(found)).toMatch(/right answers may differ:[^]*is\s+legitimate[^]*all are right$/)
  })

  test('a wrong one is told by how much, where, and by which convention it is right', async () => {
    const found = await heard(pool, { torch: wanted(pool), jax: wanted(pool, { ties: 'share' }) })
    expect(adjudicationVerdict(found)).toBe('some are right')
    const [torch, jax] = found.answers
    expect(torch).toMatchObject({ standing: 'right', outside: 0 })
    expect(jax).toMatchObject({
      standing: 'wrong',
      outside: 4,
      diagnosis: { kind: 'convention', dial: { name: 'ties', value: 'share' } },
    })
    const text = printAdjudication(found)
    expect(text).toMatch(/torch {3}right .* none\n {2}jax {5}wrong .* 4 of 4\n/)
    expect(text).toMatch(/not all are right: torch is$/)
    expect(JSON.parse(writeAdjudication(found))).toMatchObject({
      verdict: 'some are right',
      answers: [{}, { outside: 4 }],
    })
  })

  test('when none is right it says so, and an answer of another shape is wrong by that', async () => {
    const right = wanted(dense)
    const found = await heard(dense, {
      off: { y: mapTensor((v) => v + 1, right['y']!) },
      flat: { y: tensor([6], right['y']!.data) },
    })
    expect(adjudicationVerdict(found)).toBe('none is right')
    expect(printAdjudication(found)).toMatch(/flat: y has shape \[6\]; it must be \[3,2\][^]*none is right$/)
  })

  test('NaN is right for NaN whatever its bits, which are told', async () => {
    const asked = getOrThrow(
      parseCase('{"op":"tanh","direction":"forward","seed":"1","shapes":{"x":[2]},"fills":{"x":{"values":["NaN",0]}}}'),
    )
    const negative = new Float32Array(new Uint32Array([0xffc00001, 0x80000000]).buffer)
    const found = await heard(asked, {
      a: { y: tensor([2], Float32Array.of(NaN, 0)) },
      b: { y: tensor([2], negative) },
    })
    expect(adjudicationVerdict(found)).toBe('all are right')
    expect(found.specials.map(({ index }) => index)).toEqual([[0], [1]])
    expect(found.specials[0]?.got).toMatchObject({ a: { bits: '7fc00000' }, b: { bits: 'ffc00001' } })
    expect(printAdjudication(found)).toMatch(/y\[1\]: want 0; a 0, b −0/)
  })

  test('who does not answer a case that is not its own is neither right nor wrong', async () => {
    const answer = E.left(etalonError('Unsupported', 'not two axes'))
    const found = getOrThrow(await adjudicate({ oracle, table: questionTable }, dense, [{ name: 'a', answer }]))
    expect(adjudicationVerdict(found)).toBe('no answer')
    expect(printAdjudication(found)).toMatch(/a: it does not answer: not two axes/)
  })

  test('a question becomes a case of the same numbers', () => {
    const question = getOrThrow(realise(pool))
    const again = getOrThrow(realise(caseOfQuestion(question)))
    expect(again).toEqual(question)
  })
})
