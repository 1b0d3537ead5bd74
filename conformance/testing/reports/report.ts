import type { Attributes } from '../../../spec/attributes.js'
import type { Backend } from '../../../spec/backend.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import type { AnySizes } from '../../../spec/op.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import type { Touched } from '../mutants/mutant.js'

/**
 * Faults as people report them of published backends, as data: where the answer is wrong, and what stands there instead.
 * Each is planted into the plain f32 backend, which is right everywhere else, and put to `verify`. A report tells a symptom
 * (“depthwise convolutions ignore the dilation”), not a line of code, so that it is planted by its symptom as well.
 */

/** What the fault hangs on. */
export const kinds = {
  shape: 'a class of shapes: filters, strides, groups, a side that is odd, a batch of one',
  size: 'past an extent, or where several are long at once',
  attributes: 'an attribute, alone or only together with another',
  gradient: 'right forward, wrong back, or with respect to one input only',
  axis: 'the wrong axis, or one axis for another where their extents agree',
  numbers: 'a class of numbers: large, equal, of one sign, none but zeros',
  'not a number': 'NaN and the infinities lost, or made of finite numbers',
  convention: 'another convention in silence: where ε stands, what is divided by, which gate comes first',
  history: 'right by itself, wrong after other questions',
  chance: 'wrong now and then',
  program: 'right node by node, wrong in a program',
} as const
export type Kind = keyof typeof kinds

/** A question before its numbers: what decides whether a fault strikes. */
export interface Met {
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Attributes
  readonly shapes: Readonly<Record<string, Shape>>
  readonly sizes: AnySizes
}

/** A question as a wrong kernel sees it. */
export interface Asked extends Met {
  readonly inputs: Tensors
  readonly cotangents: Tensors
}

export type Where = (met: Met) => boolean

/** What the right kernel answers to the question, or to another one in its place. */
export type Plain = (changed?: Partial<Pick<Asked, 'attrs' | 'inputs' | 'cotangents'>>) => Tensors

/** What is kept from question to question by a backend that is open. */
export type Memory = Map<string, unknown>

/** A wrong answer. */
export type Harm = (asked: Asked, plain: Plain, memory: Memory) => Tensors

export interface Report {
  /** what people would write into the title */
  readonly id: string
  readonly kind: Kind
  /** where one like it was reported, as OWNER/REPOSITORY#NUMBER */
  readonly like?: string
  readonly touches: readonly Touched[]
  readonly where: Where
  readonly harm: Harm
  /** what becomes of programs of several nodes */
  readonly program?: (run: Backend['run']) => Backend['run']
  /** what would have to be asked to see it, where the standard run does not */
  readonly unseen?: string
}

interface More {
  readonly like?: string
  readonly unseen?: string
}

export const report = (
  kind: Kind,
  id: string,
  touches: Touched | readonly Touched[],
  where: Where,
  harm: Harm,
  more: More = {},
): Report => ({ id, kind, touches: typeof touches === 'string' ? [touches] : touches, where, harm, ...more })

// ---- where -------------------------------------------------------------------------------------------------------

export const always: Where = () => true
export const all =
  (...wheres: readonly Where[]): Where =>
  (met) =>
    wheres.every((where) => where(met))
export const either =
  (...wheres: readonly Where[]): Where =>
  (met) =>
    wheres.some((where) => where(met))
export const not =
  (where: Where): Where =>
  (met) =>
    !where(met)

/** An extent by its letter; 0 where the op has none of that name. */
export const sizeIn = ({ sizes }: Met, letter: string): number =>
  typeof sizes[letter] === 'number' ? sizes[letter] : 0

/** Whether an extent is as a test says. */
export const extent =
  (letter: string, test: (size: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, letter))
export const past = (letter: string, size: number): Where => extent(letter, (n) => n > size)
export const exactly = (letter: string, size: number): Where => extent(letter, (n) => n === size)
export const odd = (letter: string): Where => extent(letter, (n) => n % 2 === 1)

/** How many elements several axes have together. */
export const product = (letters: readonly string[], test: (size: number) => boolean): Where => {
  return (met) => test(letters.reduce((n, letter) => n * Math.max(1, sizeIn(met, letter)), 1))
}

/** The extents of an input. */
export const shapeIn = ({ shapes }: Met, name: string): Shape => shapes[name] ?? []
export const elementsIn = (met: Met, name: string): number => shapeIn(met, name).reduce((n, extent) => n * extent, 1)
export const holds =
  (name: string, test: (elements: number, shape: Shape) => boolean): Where =>
  (met) =>
    test(elementsIn(met, name), shapeIn(met, name))
export const given = (name: string): Where => holds(name, (_, shape) => shape.length > 0)

/** An attribute of numbers, one for each axis. */
export const listOf = ({ attrs }: Met, name: string): readonly number[] => {
  const value = attrs[name]
  return Array.isArray(value) ? (value as readonly number[]) : typeof value === 'number' ? [value] : []
}
/** Whether some axis has an attribute as a test says. */
export const some =
  (name: string, test: (value: number) => boolean): Where =>
  (met) =>
    listOf(met, name).some(test)
export const every =
  (name: string, test: (value: number) => boolean): Where =>
  (met) =>
    listOf(met, name).every(test)
export const is =
  (name: string, value: Attributes[string]): Where =>
  ({ attrs }) =>
    attrs[name] === value
export const strided = some('stride', (s) => s > 1)
export const dilated = some('dilation', (d) => d > 1)
export const padded = some('padding', (p) => p > 0)
export const grouped: Where = ({ attrs }) => (attrs['groups'] as number) > 1
export const depthwise: Where = (met) =>
  grouped(met) && met.attrs['groups'] === sizeIn(met, 'C') && sizeIn(met, 'C') === sizeIn(met, 'O')
/** A square filter of so many taps a side. */
export const filter =
  (K: number): Where =>
  (met) =>
    ['KH', 'KW', 'K'].every((letter) => [0, K].includes(sizeIn(met, letter)))

// ---- what stands there instead -----------------------------------------------------------------------------------

const numbersOf = ({ data }: Tensor): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from({ length: data.length }, (_, i) => data[i] as number)

const stridesOf = (shape: Shape): readonly number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((n, extent) => n * extent, 1))

/** The index of an element. */
export const placeOf = (shape: Shape, position: number): readonly number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(position / stride) % (shape[axis] as number))

/** A tensor whose numbers are changed, each by its place. */
export const changed = (
  tensor: Tensor,
  change: (value: number, place: () => readonly number[], position: number) => number,
): Tensor => {
  const data = numbersOf(tensor).map((value, position) =>
    change(value, () => placeOf(tensor.shape, position), position),
  )
  return { shape: tensor.shape, data }
}

/** A tensor whose numbers are those of other places of it. */
export const gathered = (tensor: Tensor, from: (place: readonly number[]) => readonly number[]): Tensor => {
  const strides = stridesOf(tensor.shape)
  const data = numbersOf(tensor)
  return changed(tensor, (_, place) => {
    const other = from(place())
    return data[other.reduce((n, at, axis) => n + at * (strides[axis] as number), 0)] as number
  })
}

/** A tensor in another shape: what both have, and zeros elsewhere. */
export const fitted = (tensor: Tensor, shape: Shape): Tensor => {
  const strides = stridesOf(tensor.shape)
  const data = numbersOf(tensor)
  return changed({ shape, data: new Float32Array(shape.reduce((n, extent) => n * extent, 1)) }, (_, place) => {
    const at = place()
    return at.every((index, axis) => index < (tensor.shape[axis] as number))
      ? (data[at.reduce((n, index, axis) => n + index * (strides[axis] as number), 0)] as number)
      : 0
  })
}

const mapped = (tensors: Tensors, names: readonly string[] | undefined, f: (tensor: Tensor) => Tensor): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      names === undefined || names.includes(name) ? f(tensor) : tensor,
    ]),
  )

/** What the right kernel makes of other attributes, cut or filled up to the shapes that are wanted. */
export const asIf =
  (attrs: (met: Asked) => Attributes): Harm =>
  (asked, plain) => {
    const right = plain()
    try {
      const wrong = plain({ attrs: { ...asked.attrs, ...attrs(asked) } })
      return Object.fromEntries(
        Object.entries(right).map(([name, { shape }]) => [name, fitted(wrong[name] as Tensor, shape)]),
      )
    } catch {
      // attributes that leave no answer at all
      return mapped(right, undefined, (tensor) => changed(tensor, () => 0))
    }
  }

/** What the right kernel makes of other inputs of the same shapes. */
export const asIfGiven =
  (inputs: (asked: Asked) => Tensors): Harm =>
  (asked, plain) =>
    plain({ inputs: { ...asked.inputs, ...inputs(asked) } })

/** More inputs than so many, of which the rest counts as zeros. */
export const moreInputs =
  (most: number): Where =>
  ({ shapes }) =>
    Object.keys(shapes).length > most
export const firstInputs = (most: number): Harm =>
  asIfGiven(({ inputs }) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, Number(name.slice(1)) < most ? x : changed(x, () => 0)]),
    ),
  )

/** What the right kernel makes of other cotangents. */
export const asIfPulled =
  (cotangents: (asked: Asked) => Tensors): Harm =>
  (asked, plain) =>
    plain({ cotangents: { ...asked.cotangents, ...cotangents(asked) } })

/** Numbers of the answer, or of the outputs that are named, changed each by its place. */
export const numbers =
  (
    change: (value: number, place: () => readonly number[], asked: Asked, shape: Shape) => number,
    ...names: readonly string[]
  ): Harm =>
  (asked, plain) =>
    mapped(plain(), names.length === 0 ? undefined : names, (tensor) =>
      changed(tensor, (value, place) => change(value, place, asked, tensor.shape)),
    )

/** Elements of the answer that nobody writes. */
export const lost = (
  which: (place: readonly number[], shape: Shape, asked: Asked) => boolean,
  ...names: readonly string[]
): Harm => numbers((value, place, asked, shape) => (which(place(), shape, asked) ? 0 : value), ...names)

/** Rows of an axis from one on, counted from the end where it is negative. */
export const from =
  (axis: number, start: number) =>
  (place: readonly number[], shape: Shape): boolean => {
    const at = axis < 0 ? axis + shape.length : axis
    return (place[at] ?? 0) >= (start < 0 ? (shape[at] ?? 0) + start : start)
  }

/** Elements that are those of other places. */
export const moved =
  (
    to: (place: readonly number[], shape: Shape, asked: Asked) => readonly number[],
    ...names: readonly string[]
  ): Harm =>
  (asked, plain) =>
    mapped(plain(), names.length === 0 ? undefined : names, (tensor) =>
      gathered(tensor, (place) => to(place, tensor.shape, asked)),
    )

export const scaled = (factor: number, ...names: readonly string[]): Harm =>
  numbers((value) => factor * value, ...names)

/** A place with another index on one axis. */
export const withIndex = (place: readonly number[], axis: number, index: number): readonly number[] =>
  place.map((at, other) => (other === axis ? index : at))

// ---- when --------------------------------------------------------------------------------------------------------

const shapesText = ({ op, direction, shapes }: Met): string => JSON.stringify([op, direction, shapes])

/** A harm from the n-th question on that has the same name. */
export const fromTime =
  (n: number, harm: Harm, nameOf: (asked: Asked) => string = shapesText): Harm =>
  (asked, plain, memory) => {
    const name = `times ${nameOf(asked)}`
    const times = ((memory.get(name) as number | undefined) ?? 0) + 1
    memory.set(name, times)
    return times < n ? plain() : harm(asked, plain, memory)
  }

/** The answer that was given the first time to a question of the same name and output shapes. */
export const remembered =
  (nameOf: (asked: Asked) => string): Harm =>
  (asked, plain, memory) => {
    const right = plain()
    const name = `answer ${nameOf(asked)}`
    const before = memory.get(name) as Tensors | undefined
    if (before === undefined) {
      memory.set(name, right)
      return right
    }
    return Object.fromEntries(
      Object.entries(right).map(([output, tensor]) => {
        const old = before[output]
        return [output, old !== undefined && String(old.shape) === String(tensor.shape) ? old : tensor]
      }),
    )
  }

/** An input that was read the first time stays what it was, by its shape. */
export const kept =
  (input: string, nameOf: (asked: Asked) => string = () => ''): Harm =>
  (asked, plain, memory) => {
    const tensor = asked.inputs[input]
    if (tensor === undefined) return plain()
    const name = `input ${input} ${tensor.shape.join()} ${nameOf(asked)}`
    const before = memory.get(name) as Tensor | undefined
    if (before === undefined) memory.set(name, { shape: tensor.shape, data: numbersOf(tensor).slice() })
    return before === undefined ? plain() : plain({ inputs: { ...asked.inputs, [input]: before } })
  }

/** A harm in one question of so many. */
export const oneIn =
  (n: number, harm: Harm): Harm =>
  (asked, plain, memory) => {
    const count = ((memory.get('questions') as number | undefined) ?? 0) + 1
    memory.set('questions', count)
    return count % n === 0 ? harm(asked, plain, memory) : plain()
  }
