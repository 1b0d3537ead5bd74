import { either as E, function as F } from 'fp-ts'
import { caseAt } from '../../conformance/cases.js'
import { realise } from '../../conformance/form.js'
import type { QuestionTable, Worked } from '../../conformance/questions.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { hasBackward, opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { fail } from '../../spec/error.js'
import { cotangentNames, resolve, shapesOf } from '../../spec/op.js'
import type { Question } from '../../spec/program.js'
import type { Shape, Tensors } from '../../spec/tensor.js'
import { generate, sizeOf, sumOf } from '../../spec/tensor.js'

/** A question to explain an op by, and where its numbers are from. */
export interface Example {
  readonly question: Question
  readonly about: string
}

/** An example of so few numbers is read at a glance. */
const few = 200

const numbersIn = (tensors: Tensors): number => sumOf(Object.values(tensors).map(({ data }) => data.length))

const finite = (tensors: Tensors): boolean =>
  Object.values(tensors).every(({ data }) =>
    Array.from({ length: data.length }, (_, i) => data[i] as number).every(Number.isFinite),
  )

// the first that is small and finite, else the smallest
const handiest = (examples: readonly Worked[]): Worked | undefined => {
  const size = ({ inputs }: Worked): number => numbersIn(inputs)
  return (
    examples.find((example) => size(example) <= few && finite(example.inputs) && finite(example.outputs)) ??
    [...examples].sort((a, b) => size(a) - size(b))[0]
  )
}

// 1, 2, 3 by turns
const byTurns = (shape: Shape) => generate(shape, (i) => (i % 3) + 1)

/**
 * A small example of an op: one of its worked ones, else the smallest of its cases. Where no gradient is at hand that
 * could come in, one is made up.
 *
 * Errors  NoBackward
 */
export const exampleOf = (table: QuestionTable, op: OpName, direction: Direction): Result<Example> => {
  if (direction === 'backward' && !hasBackward(op))
    return fail('NoBackward', `${op} has no backward; nothing in it is differentiable`)
  const { worked, corners } = table[op]
  const found =
    handiest(worked.filter((example) => example.direction === direction)) ??
    (direction === 'backward' ? handiest(worked) : undefined)
  if (found === undefined) {
    const sizeAt = (index: number): number =>
      sumOf(Object.values(caseAt(table, op, direction, 1, index).form.shapes).map(sizeOf))
    const indices = corners.flatMap((_, index) => (corners[index]?.only === undefined ? [index] : []))
    const index = indices.reduce((best, each) => (sizeAt(each) < sizeAt(best) ? each : best), indices[0] ?? 0)
    return F.pipe(
      realise(caseAt(table, op, direction, 1, index)),
      E.map((question) => ({ question, about: 'a case of the suite, its numbers drawn' })),
    )
  }
  return F.pipe(
    opOf(op).attrs.decode(found.attrs),
    E.bindTo('attrs'),
    E.bind('resolved', ({ attrs }) => resolve(opOf(op), attrs, shapesOf(found.inputs))),
    E.map(({ attrs, resolved: { outputs } }) => {
      const made = direction === 'backward' && found.cotangents === undefined
      const cotangents = made
        ? Object.fromEntries(cotangentNames(opOf(op)).map((name) => [name, byTurns(outputs[name] as Shape)]))
        : (found.cotangents ?? {})
      return {
        question: { op, direction, attrs, inputs: found.inputs, cotangents },
        about: `${found.name}${made ? '; the gradient that comes in is made up' : ''}`,
      }
    }),
  )
}
