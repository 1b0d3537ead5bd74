import { either as E, function as F } from 'fp-ts'
import type { AttributeSet, Attributes } from './attributes.js'
import { count } from './attributes.js'
import type { Result } from './error.js'
import { brief, ensure, fail } from './error.js'
import type { Field, Readable } from './field.js'
import type { Shape, Tensor, Tensors } from './tensor.js'
import { sameShape, showShape } from './tensor.js'

/**
 * Axis letters, outermost first. '...' stands for any run of axes, the same in every input; '...name' for a run of its
 * own, an input's or one that `derive` gives under that name.
 */
export type Axes = readonly string[]
export type InputAxes = Axes | { readonly optional: Axes }
export type Inputs = Readonly<Record<string, InputAxes>>
/** Output axes that an attribute decides, such as a loss's under its reduction. */
export interface OutputAxes {
  (attrs: never): Axes
}
export type Outputs = Readonly<Record<string, Axes | OutputAxes>>

export const optional = <const A extends Axes>(...axes: A): { readonly optional: A } => ({ optional: axes })

type AxesOf<I extends InputAxes> = I extends { readonly optional: infer A extends Axes }
  ? A
  : I extends Axes
    ? I
    : never
type LettersOf<I extends Inputs> = Exclude<{ [K in keyof I]: AxesOf<I[K]>[number] }[keyof I], `...${string}`>
type OptionalKeys<I extends Inputs> = { [K in keyof I]: I[K] extends { readonly optional: Axes } ? K : never }[keyof I]

/** Extents by axis letter, the extents that `derive` adds, and the run of axes that '...' stands for. */
export type Sizes<I extends Inputs, S> = (string extends LettersOf<I>
  ? Readonly<Record<string, number | Shape>>
  : { readonly [L in LettersOf<I>]: number }) &
  S & { readonly rest: Shape }

/** One tensor for each input; the optional ones may be absent, and any where names are only known at run time. */
export type InputTensors<I extends Inputs> = string extends keyof I
  ? GivenTensors
  : { readonly [K in Exclude<keyof I, OptionalKeys<I>>]: Tensor } & {
      readonly [K in OptionalKeys<I>]?: Tensor | undefined
    }

export type OutputTensors<O> = { readonly [K in keyof O]: Tensor }
export type OutputFields<O> = { readonly [K in keyof O]: Field }
type OutputReadables<O> = { readonly [K in keyof O]: Readable }

/** One gradient for each differentiable input given. */
export type GradientTensors<I extends Inputs, D extends string> = Gradients<I, D, Tensor>
export type GradientFields<I extends Inputs, D extends string> = Gradients<I, D, Field>

type Gradients<I extends Inputs, D extends string, A> = string extends keyof I
  ? Readonly<Record<string, A | undefined>>
  : { readonly [K in Exclude<D & keyof I, OptionalKeys<I>>]: A } & {
      readonly [K in OptionalKeys<I> & D]?: A | undefined
    }

/** How deep the additions of a sum of n terms nest, at most. A serial sum has depth n − 1, which is right for any order. */
export type Depth = (terms: number) => number

/** What a bound may look at. `valuesOf` and `gradientsOf` are the reference's own op, handed in, so that spec never imports it. */
export interface ForwardBound<A, I extends Inputs, O, S> {
  readonly attrs: A
  readonly inputs: InputTensors<I>
  readonly sizes: Sizes<I, S>
  readonly depth: Depth
  valuesOf(attrs: A, inputs: InputTensors<I>): OutputFields<O>
}

export interface BackwardBound<A, I extends Inputs, O, S, D extends string> extends ForwardBound<A, I, O, S> {
  readonly cotangents: OutputTensors<O>
  gradientsOf(attrs: A, inputs: InputTensors<I>, cotangents: OutputReadables<O>): GradientFields<I, D>
}

/**
 * The number of terms of each output of an op that is a sum of products, linear in each operand: the op then has a
 * random-walk scale, with the op on squared operands as its sum of squares (Gate S).
 */
export interface Walk<I extends Inputs, O, S, D extends string> {
  forward(sizes: Sizes<I, S>): { readonly [K in keyof O]: number }
  backward(sizes: Sizes<I, S>): { readonly [K in D]: number }
}

/** Where a formula comes from. */
export type Source = string
export const slide = (heading: string): Source => `slide "${heading}"`

export type Family = 'activation' | 'layer' | 'normalizer' | 'loss' | 'optimizer'

/** What an op is: everything true of every implementation, and nothing about how. */
export interface Op<A, I extends Inputs, O extends Outputs, S, D extends string> {
  readonly family: Family
  /** LaTeX of the forward formula */
  readonly formula: string
  readonly source: Source
  readonly attrs: AttributeSet<A>
  readonly inputs: I
  /** for x0, x1, …: the letter before the number. Inputs after the first have runs of axes of their own, '...x1' and so on */
  readonly variadic?: string
  readonly outputs: O
  /** the inputs that have a gradient; none: the op has no backward */
  readonly differentiable: readonly D[]
  /** the outputs that take a cotangent, if not all do */
  readonly cotangents?: readonly (keyof O & string)[]
  /** the inputs that count something: their elements are integers of at least 0 */
  readonly counts?: readonly (keyof I & string)[]
  /** what axes and attributes must satisfy together, and the sizes that follow from them */
  derive(attrs: A, sizes: Sizes<I, Record<never, never>>): Result<S>
  /** the largest error that f32 arithmetic as WGSL permits it can make, per element */
  bound(context: ForwardBound<A, I, O, S>): OutputFields<O>
  boundBackward(context: BackwardBound<A, I, O, S, D>): GradientFields<I, D>
  readonly walk?: Walk<I, O, S, D>
  /** forward's products of a weight and a value; an op without weights has none */
  multiplyAdds?(sizes: Sizes<I, S>): number
  /** the windows in which outputs read x, one for each axis behind the channels */
  windows?(attrs: A, sizes: Sizes<I, S>): readonly WindowOn[]
  /** how many others an element meets, where no sum of products and no window says it: channels beside it, classes of its row */
  neighbours?(attrs: A, sizes: Sizes<I, S>): number
}

/** A window on one axis: consecutive outputs read it `stride` further on; transposed, an element of x writes to it. */
export interface WindowOn {
  readonly window: number
  readonly stride: number
  readonly dilation: number
  readonly transposed?: true
}

/** Inputs by name as interpreters hand them on: an optional one may be absent. */
export type GivenTensors = Readonly<Record<string, Tensor | undefined>>
export type AnySizes = Readonly<Record<string, number | Shape>> & { readonly rest: Shape }

/** An op as interpreters see it once names are only known at run time: a supertype of every op. */
export type AnyOp = Op<Attributes, Inputs, Outputs, Readonly<Record<string, number | Shape>>, string>

export const defineOp = <
  A,
  const I extends Inputs,
  const O extends Outputs,
  const D extends keyof I & string = never,
  S = Record<never, never>,
>(
  op: Op<A, I, O, S, D>,
): Op<A, I, O, S, D> => op

/** For ops with nothing to check or derive beyond their axes. */
export const nothingToDerive = (): Result<Record<never, never>> => E.right({})

/** `boundBackward` of an op without a backward: there is no gradient to bound. */
export const noGradients = (): Record<never, never> => ({})

const axesOf = (axes: InputAxes): Axes => ('optional' in axes ? axes.optional : axes)
const isOptional = (axes: InputAxes): boolean => 'optional' in axes

export const requiredInputs = (op: { readonly inputs: Inputs }): readonly string[] =>
  Object.keys(op.inputs).filter((name) => !isOptional(op.inputs[name] as InputAxes))

/** The inputs of an op when those of the given names are there: more than `inputs` says only where it is variadic. */
export const inputsAmong = (
  op: { readonly inputs: Inputs; readonly variadic?: string },
  given: readonly string[],
): Inputs => {
  const { inputs, variadic } = op
  if (variadic === undefined) return inputs
  const numbers = given
    .filter((name) => name.startsWith(variadic) && /^(0|[1-9]\d{0,5})$/.test(name.slice(variadic.length)))
    .map((name) => Number(name.slice(variadic.length)))
  // every number up to the largest: one left out is missing
  const count = numbers.reduce((most, number) => Math.max(most, number + 1), 1)
  return Object.fromEntries(
    Array.from({ length: Math.min(count, given.length + 1) }, (_, i) => [`${variadic}${i}`, [`...${variadic}${i}`]]),
  )
}

/** `x[N,C,H,W]`, as messages and tables print an input. */
export const showAxes = (axes: Axes): string => `[${axes.join(',')}]`

/** What the inputs read so far say of the axes. */
interface AxesKnown {
  readonly letters: Readonly<Record<string, { readonly extent: number; readonly input: string }>>
  readonly rest?: { readonly shape: Shape; readonly input: string }
  readonly runs: Readonly<Record<string, Shape>>
}

const nothingKnown: Result<AxesKnown> = E.right({ letters: {}, runs: {} })

const bindLetter = (soFar: AxesKnown, letter: string, extent: number, input: string): Result<AxesKnown> => {
  const known = soFar.letters[letter]
  if (known === undefined) return E.right({ ...soFar, letters: { ...soFar.letters, [letter]: { extent, input } } })
  return known.extent === extent
    ? E.right(soFar)
    : fail('ShapeMismatch', `axis ${letter} is ${known.extent} in ${known.input} and ${extent} in ${input}`)
}

const bindRest = (soFar: AxesKnown, shape: Shape, input: string): Result<AxesKnown> =>
  soFar.rest !== undefined && !sameShape(soFar.rest.shape, shape)
    ? fail(
        'ShapeMismatch',
        `${soFar.rest.input} and ${input} must agree in their axes …: ${showShape(soFar.rest.shape)} and ${showShape(shape)}`,
      )
    : E.right({ ...soFar, rest: soFar.rest ?? { shape, input } })

const bindInput = (soFar: AxesKnown, input: string, axes: Axes, shape: Shape): Result<AxesKnown> => {
  const open = axes.findIndex((axis) => axis.startsWith('...'))
  const fixed = open < 0 ? axes.length : axes.length - 1
  if (open < 0 ? shape.length !== fixed : shape.length < fixed)
    return fail(
      'ShapeMismatch',
      `${input} has shape ${showShape(shape)}, rank ${shape.length}; it must be ${input}${showAxes(axes)}, rank ${open < 0 ? fixed : `${fixed} or more`}`,
    )
  const after = open < 0 ? 0 : axes.length - open - 1
  const restEnd = shape.length - after
  const bindAxis = (known: AxesKnown, axis: string, at: number): Result<AxesKnown> =>
    at === open
      ? axis === '...'
        ? bindRest(known, shape.slice(open, restEnd), input)
        : E.right({ ...known, runs: { ...known.runs, [axis.slice(3)]: shape.slice(open, restEnd) } })
      : bindLetter(known, axis, shape[open >= 0 && at > open ? restEnd + (at - open - 1) : at] as number, input)
  return axes.reduce<Result<AxesKnown>>(
    (result, axis, at) => (E.isLeft(result) ? result : bindAxis(result.right, axis, at)),
    E.right(soFar),
  )
}

/**
 * Whether the inputs that count something hold counts.
 *
 * Errors  MalformedTensor – an element that is no integer of at least 0
 */
export const ensureCounts = ({ counts = [] }: Pick<AnyOp, 'counts'>, inputs: Tensors): Result<void> =>
  counts.reduce<Result<void>>((soFar, name) => {
    const { data } = inputs[name] ?? { data: [] }
    const odd = Array.from({ length: data.length }, (_, i) => data[i] as number).filter((value) => !isCount(value))
    return F.pipe(
      soFar,
      E.flatMap(() =>
        ensure(
          odd.length === 0,
          'MalformedTensor',
          `input ${name} holds ${odd[0]}; it counts, so it must be ${count.name}`,
        ),
      ),
    )
  }, E.right(undefined))

const isCount = (value: number): boolean => count.is(value)

/** What an op comes to at given attributes and input shapes. */
export interface Resolved {
  readonly attrs: Attributes
  readonly sizes: AnySizes
  readonly outputs: Readonly<Record<string, Shape>>
}

const outputShape = (axes: Axes, sizes: AnySizes): Shape =>
  axes.flatMap((axis) =>
    axis === '...' ? sizes.rest : ((axis.startsWith('...') ? sizes[axis.slice(3)] : sizes[axis]) as number | Shape),
  )

/**
 * Ranks, agreement of axes, derived sizes and output shapes.
 *
 * Errors  MissingInput, UnexpectedInput – names of the inputs; ShapeMismatch – ranks or extents that disagree; and
 *         whatever the op's own `derive` refuses
 */
export const resolve = (op: AnyOp, attrs: Attributes, shapes: Readonly<Record<string, Shape>>): Result<Resolved> => {
  const inputs = inputsAmong(op, Object.keys(shapes))
  const names = Object.keys(inputs)
  const stranger = Object.keys(shapes).find((name) => !names.includes(name))
  if (stranger !== undefined)
    return fail('UnexpectedInput', `there is no input ${brief(stranger)}; there are ${names.join(', ')}`)
  const missing = names.find((name) => shapes[name] === undefined && !isOptional(inputs[name] as InputAxes))
  if (missing !== undefined)
    return fail('MissingInput', `input ${missing} is missing; needed are ${requiredInputs({ inputs }).join(', ')}`)
  // asked of every case many times over: a pipe would cost more than what stands in it
  const axes = names.reduce<Result<AxesKnown>>((soFar, name) => {
    const shape = shapes[name]
    return shape === undefined || E.isLeft(soFar)
      ? soFar
      : bindInput(soFar.right, name, axesOf(inputs[name] as InputAxes), shape)
  }, nothingKnown)
  if (E.isLeft(axes)) return axes
  const { letters, rest, runs } = axes.right
  const known: AnySizes = {
    ...runs,
    ...Object.fromEntries(Object.entries(letters).map(([letter, { extent }]) => [letter, extent])),
    rest: rest?.shape ?? [],
  }
  const derived = op.derive(attrs, known)
  if (E.isLeft(derived)) return derived
  const sizes: AnySizes = { ...known, ...derived.right }
  return E.right({
    attrs,
    sizes,
    outputs: Object.fromEntries(
      Object.entries(op.outputs).map(([name, axes]) => [
        name,
        outputShape(typeof axes === 'function' ? axes(attrs as never) : axes, sizes),
      ]),
    ),
  })
}

/** The outputs that take a cotangent. */
export const cotangentNames = (op: AnyOp): readonly string[] => op.cotangents ?? Object.keys(op.outputs)

/** The differentiable inputs among those given. */
export const gradientNames = (op: AnyOp, inputs: Readonly<Record<string, unknown>>): readonly string[] =>
  (op.variadic === undefined || op.differentiable.length === 0
    ? op.differentiable
    : Object.keys(inputsAmong(op, Object.keys(inputs)))
  ).filter((name) => inputs[name] !== undefined)

export const shapesOf = (tensors: Tensors): Readonly<Record<string, Shape>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))
