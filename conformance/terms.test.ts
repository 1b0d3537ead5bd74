import { describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { opOf, questions } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import type { Field, Readables } from '../spec/field.js'
import { element, fieldOf, mapValues } from '../spec/field.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Tensor } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import { caseAt, caseCount } from './cases.js'
import { realise } from './form.js'
import { questionTable } from './table.js'
import { termsOf } from './terms.js'

/** Tensors that count how often they are read. */
const counting = (): { readonly count: () => number; readonly of: (tensor: Tensor) => Field } => {
  let reads = 0
  return {
    count: () => reads,
    of: ({ shape, data }) =>
      fieldOf({
        shape,
        data: undefined,
        read: (position) => {
          reads++
          return data[position] as number
        },
        all: () => {
          reads += data.length
          return data
        },
      }),
  }
}

/** How often the oracle reads numbers for all elements of an answer, and how many terms it is said to have. */
const readAndSaid = (op: (typeof questions)[number]['op'], direction: 'forward' | 'backward') => {
  const count = caseCount(questionTable, op, direction, 12)
  return Array.from({ length: count }, (_, index) => caseAt(questionTable, op, direction, 5, index)).flatMap(
    (asked) => {
      const { attrs, inputs, cotangents } = getOrThrow(realise(asked))
      const size = Object.values({ ...inputs, ...cotangents }).reduce((n, { data }) => n + data.length, 0)
      if (size > 4000 || size < 40) return []
      const counted = counting()
      const read = (tensors: Readonly<Record<string, Tensor>>): Readables => mapValues(counted.of, tensors)
      const fields = getOrThrow(oracle.fields(op, direction, attrs, read(inputs), read(cotangents)))
      const { sizes } = getOrThrow(resolve(opOf(op), attrs, shapesOf(inputs)))
      const writes = mapValues(({ shape }: Field) => shape, fields)
      const terms = termsOf({ op, direction, attrs, sizes, reads: shapesOf({ ...inputs, ...cotangents }), writes })
      for (const field of Object.values(fields)) for (let i = 0; i < sizeOf(field.shape); i++) element(field, i)
      const said = Object.entries(writes).reduce((n, [name, shape]) => n + sizeOf(shape) * (terms[name] as number), 0)
      return [{ id: asked.seed, form: asked.form, read: counted.count(), said }]
    },
  )
}

describe('what an element costs, as the spec has it, is about what the oracle reads for it', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))('%s %s', (op, direction) => {
    const all = readAndSaid(op, direction)
    expect(all.length).toBeGreaterThan(3)
    expect(all.filter(({ read, said }) => read > 16 * said)).toEqual([])
    // shapes do not say whether a target of hinge weighs one class or all of them
    if (op !== 'hinge') expect(all.filter(({ read, said }) => said > 16 * read)).toEqual([])
  })
})
