import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { Field, Fields, GivenFields, Readable, Readables } from '../spec/field.js'
import { field, given, mapValues, wholeOf } from '../spec/field.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import type { AnySizes } from '../spec/op.js'
import { cotangentNames, resolve } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import type { Shape } from '../spec/tensor.js'
import { largestOutput, showShape, sizeOf } from '../spec/tensor.js'

/** An op's formula, forward and backward, as fields. Methods, so that formulas of an op's exact types fit. */
export interface Formula {
  forward(attrs: Attributes, inputs: GivenFields, sizes: AnySizes): GivenFields
  backward?(attrs: Attributes, inputs: GivenFields, cotangents: Fields, sizes: AnySizes): GivenFields
}

export type Formulas = Readonly<Partial<Record<OpName, Formula>>>

const asField = (x: Readable): Field => ('all' in x ? x : given(x))

const present = (fields: GivenFields): Fields => mapValues((x) => x, fields)

const zerosOf = (shape: Shape): Field => field(shape, () => 0)

/**
 * What formulas answer to one op, as fields. A missing cotangent counts as zeros.
 *
 * Errors  what the op refuses; NoBackward; BackendUnavailable – there is no such formula
 */
export const fieldsBy = (
  formulas: Formulas,
  op: OpName,
  direction: Direction,
  attrs: Attributes,
  inputs: Readables,
  cotangents: Readables,
): Result<Fields> =>
  F.pipe(
    resolve(
      opOf(op),
      attrs,
      mapValues(({ shape }) => shape, inputs),
    ),
    E.flatMap(({ sizes, outputs }) => {
      const formula = formulas[op]
      const read = mapValues(asField, inputs)
      if (direction === 'forward')
        return formula === undefined
          ? fail('BackendUnavailable', `there is no ${op} forward here`)
          : E.right(present(formula.forward(attrs, read, sizes)))
      if (!hasBackward(op)) return fail('NoBackward', `${op} has no backward; nothing in it is differentiable`)
      if (formula?.backward === undefined) return fail('BackendUnavailable', `there is no ${op} backward here`)
      const arriving = Object.fromEntries(
        cotangentNames(opOf(op)).map((name) => {
          const one = cotangents[name]
          return [name, one === undefined ? zerosOf(outputs[name] as Shape) : asField(one)]
        }),
      )
      return E.right(present(formula.backward(attrs, read, arriving, sizes)))
    }),
  )

/** An oracle by its formulas. */
export const oracleBy = (formulas: Formulas): Oracle => {
  const fields: Oracle['fields'] = (...question) => fieldsBy(formulas, ...question)
  return {
    fields,
    evaluate: (...question) =>
      F.pipe(
        fields(...question),
        E.tap((answer) => {
          const tooLarge = Object.values(answer).find(({ shape }) => sizeOf(shape) > largestOutput)
          return ensure(
            tooLarge === undefined,
            'TooLarge',
            `an output would have shape ${showShape(tooLarge?.shape ?? [])}, ${sizeOf(tooLarge?.shape ?? [])} elements; at most ${largestOutput} are made`,
          )
        }),
        E.map(wholeOf),
      ),
  }
}

/** A formula as a backend's function: the whole answer. */
export const kernelBy = (formula: Formula): PlainKernel => ({
  forward: (attrs, inputs, sizes) => wholeOf(present(formula.forward(attrs, mapValues(given, inputs), sizes))),
  ...(formula.backward === undefined
    ? {}
    : {
        backward: (attrs, inputs, cotangents, sizes) =>
          wholeOf(
            present(formula.backward?.(attrs, mapValues(given, inputs), mapValues(given, cotangents), sizes) ?? {}),
          ),
      }),
})

/** All formulas as a backend's table of functions. */
export const kernelsBy = (formulas: Formulas): KernelTable => mapValues(kernelBy, formulas)
