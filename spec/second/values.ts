import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../attributes.js'
import type { Direction, OpName } from '../catalogue.js'
import { opOf } from '../catalogue.js'
import { getOrThrow } from '../error.js'
import { gradientNames, resolve } from '../op.js'
import type { NodeAttribute } from '../program.js'
import { standingAttributes } from '../program.js'
import type { Shape } from '../tensor.js'
import { sameShape, sizeOf } from '../tensor.js'

/**
 * Formulas over the catalogue's ops, as values: each is either there under its name, or the answer of a call. A formula that
 * mentions a value twice holds it twice; `writtenDown` makes a list of nodes of it in which every call stands once.
 */
export type Value = Named | Answer

export interface Named {
  readonly shape: Shape
  readonly name: string
}

export interface Answer {
  readonly shape: Shape
  readonly call: Call
  /** the output, or backward the input whose gradient it is */
  readonly answer: string
}

export type Values = Readonly<Record<string, Value>>
export type SomeValues = Readonly<Record<string, Value | undefined>>
export type NodeAttributes = Readonly<Record<string, NodeAttribute>>

/** One op in one direction on values. */
export interface Call {
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: NodeAttributes
  readonly inputs: Values
  readonly cotangents: Values
}

const present = (values: SomeValues): Values =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, Value] => entry[1] !== undefined))

/** An op's outputs, by name. Throws where shapes do not fit: formulas are written for shapes that do. */
export const forward = (op: OpName, inputs: SomeValues, attrs: NodeAttributes = {}): Values => {
  const given = present(inputs)
  const call: Call = { op, direction: 'forward', attrs, inputs: given, cotangents: {} }
  const shapes = Object.fromEntries(Object.entries(given).map(([name, { shape }]) => [name, shape]))
  const { outputs } = getOrThrow(
    F.pipe(
      standingAttributes(op, attrs),
      E.flatMap((decoded: Attributes) => resolve(opOf(op), decoded, shapes)),
    ),
  )
  return Object.fromEntries(Object.entries(outputs).map(([answer, shape]) => [answer, { shape, call, answer }]))
}

/** An op's gradients under cotangents, by the inputs' names. */
export const backward = (
  op: OpName,
  inputs: SomeValues,
  cotangents: SomeValues,
  attrs: NodeAttributes = {},
): Values => {
  const given = present(inputs)
  const call: Call = { op, direction: 'backward', attrs, inputs: given, cotangents: present(cotangents) }
  return Object.fromEntries(
    gradientNames(opOf(op), given).map((answer) => [answer, { shape: (given[answer] as Value).shape, call, answer }]),
  )
}

/** The output of an op that has but one. */
export const apply = (op: OpName, inputs: SomeValues, attrs: NodeAttributes = {}): Value =>
  Object.values(forward(op, inputs, attrs))[0] as Value

/** The gradient of one input, of an op whose output is `y`. */
export const pull = (op: OpName, of: string, inputs: SomeValues, dy: Value, attrs: NodeAttributes = {}): Value =>
  backward(op, inputs, { y: dy }, attrs)[of] as Value

export const plus = (a: Value, b: Value): Value => apply('add', { a, b })
export const times = (a: Value, b: Value): Value => apply('mul', { a, b })

/** The sum of those that are there. */
export const summed = (...terms: readonly (Value | undefined)[]): Value | undefined =>
  terms.reduce((a, b) => (a === undefined ? b : b === undefined ? a : plus(a, b)), undefined)

/** The same elements under another shape. */
export const shaped = (shape: Shape, x: Value): Value =>
  sameShape(shape, x.shape) ? x : apply('reshape', { x }, { shape })

/**
 * A number in the shape of a value: what `minMaxNormalize` makes of a single row, in which every feature has max = min. It
 * has no gradient, as is right for a constant; where the value is NaN it is too.
 */
export const constant = (value: number, like: Value): Value => {
  const row = shaped([1, sizeOf(like.shape)], like)
  const high = value < 0 ? 0 : 2 * value + 1
  return shaped(like.shape, apply('minMaxNormalize', { x: row }, { low: value, high }))
}

/** A number times each element; the number may be an attribute that is fed. */
export const scaled = (factor: NodeAttribute, x: Value): Value => {
  if (typeof factor === 'number') return factor === 1 ? x : times(x, constant(factor, x))
  const fed: Named = { shape: [], name: (factor as { readonly feed: string }).feed }
  return shaped(x.shape, scaledRows(1, fed, x))
}

export const minus = (x: Value): Value => scaled(-1, x)
export const oneMinus = (x: Value): Value => plus(constant(1, x), minus(x))

// so many rows, as images of one channel's map each
const asRows = (R: number, x: Value): Value => shaped([R, 1, 1, sizeOf(x.shape) / R], x)

/** Each of R rows times its own factor, in x's shape. */
export const scaledRows = (R: number, factors: Value, x: Value): Value =>
  shaped(x.shape, apply('scaleChannels', { x: asRows(R, x), s: shaped([R, 1], factors) }))

/** The inner product of each of R rows of two values, in the shape of a value of R elements, whatever it holds. */
export const rowProducts = (like: Value, a: Value, b: Value): Value => {
  const R = sizeOf(like.shape)
  const inputs = { x: asRows(R, a), s: shaped([R, 1], like) }
  return shaped(like.shape, pull('scaleChannels', 's', inputs, asRows(R, b)))
}

/** The largest element of each of R rows: a value of R elements, where one is wanted. */
export const rowMaxima = (R: number, x: Value): Value => {
  const E = sizeOf(x.shape) / R
  return shaped([R], apply('maxPool2d', { x: asRows(R, x) }, { window: [1, E] }))
}

/** Ones in a row of so many, from any value. */
export const ones = (count: number, from: Value): Value => {
  const one = constant(1, rowMaxima(1, from))
  // one pixel, in a window wherever the window stands
  const spread = { window: [1, count], stride: [1, 1], padding: [0, 0, count - 1, count - 1] }
  return apply('maxPool2d', { x: shaped([1, 1, 1, 1], one) }, spread)
}
