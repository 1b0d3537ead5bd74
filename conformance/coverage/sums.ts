import { either as E, function as F } from 'fp-ts'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { resolve } from '../../spec/op.js'
import type { Fill, Form } from '../form.js'

/**
 * Numbers of a sum of products, chosen for all of its operands together. A bound that is right for any order of additions
 * is wide where many terms of mixed signs are added, and hides what is wrong by less. It hides little where all terms
 * have one sign, and nothing where they are integers whose magnitudes add up to less than 2²⁴: f32 then has nothing to
 * round, in whatever order, fused or not, and the bound is 0.
 */

/** y = Σ first·second + addend, and its gradients Σ second·dy, Σ first·dy and Σ dy. */
export interface Product {
  readonly factors: readonly [string, string]
  readonly addend?: string
}

/** The product of a layer: values, weights and biases. */
export const weighted: Product = { factors: ['x', 'w'], addend: 'b' }

/** Each operand by its own class. */
export const apart = 'apart'

const oddOf = (name: string): string => `odd ${name}`

/**
 * The classes of numbers of a product's operands: each as its own class says; all of one sign; integers; and for each
 * operand in turn odd integers between 2¹¹ and 2¹², against a few ones. Those want 12 bits, one more than tf32 and f16
 * have, so that an operand that is rounded on its way shows.
 */
export const numberClasses = (direction: Direction, { factors }: Product): readonly string[] => [
  apart,
  'one sign',
  'integers',
  ...factors.map(oddOf),
  ...(direction === 'backward' ? [oddOf('dy')] : []),
]

// no factor is larger, so that a product of two is below 2²⁴
const largest = 2 ** 12 - 1

// so many products of a sum are other than 0, where one operand is odd and the other few ones: enough to be seen, and too
// few to hide one another
const fewProducts = 8

const atMost = (limit: number): number => Math.max(1, Math.min(largest, Math.floor(limit)))

/**
 * What magnitudes may add up to. Transformed convolutions (Winograd, FFT) make other products than the formula's, whose
 * errors grow with this sum: at 2¹⁶ they stay far below ½, so that what is off by 1 is a mistake.
 */
const roomOf = (op: OpName): number => (opOf(op).windows === undefined ? 2 ** 24 - 1 : 2 ** 16)

/** The number of terms of each answer; none where the op refuses the form. */
const termsIn = (
  op: OpName,
  direction: Direction,
  { attrs, shapes }: Pick<Form, 'attrs' | 'shapes'>,
): Readonly<Record<string, number>> =>
  F.pipe(
    opOf(op).attrs.decode(attrs),
    E.flatMap((decoded) => resolve(opOf(op), decoded, shapes)),
    E.map(({ sizes }) => opOf(op).walk?.[direction](sizes) ?? {}),
    E.getOrElse(() => ({})),
  )

/** How the operands of a product are filled in a class of numbers, at the sizes of a form. */
export const fillsOf = (
  op: OpName,
  direction: Direction,
  { factors: [first, second], addend }: Product,
  choice: string,
  form: Pick<Form, 'attrs' | 'shapes'>,
): Readonly<Record<string, Fill>> => {
  const withAddend = (fill: Fill): Readonly<Record<string, Fill>> => (addend === undefined ? {} : { [addend]: fill })
  if (choice === apart) return {}
  if (choice === 'one sign')
    return {
      [first]: 'positive',
      [second]: 'positive',
      ...withAddend('positive'),
      ...(direction === 'backward' ? { dy: 'positive' } : {}),
    }
  const terms = termsIn(op, direction, form)
  const room = roomOf(op)
  const few = (count = 1): Fill => ({ signs: Math.min(0.5, fewProducts / count) })
  if (direction === 'forward') {
    const { y = 1 } = terms
    const most = atMost(Math.sqrt(room / y))
    return choice === 'integers'
      ? { [first]: { integers: most }, [second]: { integers: most }, ...withAddend({ integers: atMost(most ** 2) }) }
      : {
          [first]: choice === oddOf(first) ? { odd: 1 } : few(y),
          [second]: choice === oddOf(second) ? { odd: 1 } : few(y),
          ...withAddend({ odd: 1 }),
        }
  }
  // the first factor's gradient adds products of the second's, and the other way round; the addend's adds cotangents
  const [ofFirst, ofSecond] = [terms[first] ?? 1, terms[second] ?? 1]
  const ofAddend = addend === undefined ? 1 : (terms[addend] ?? 1)
  if (choice === 'integers') {
    const pull = atMost(Math.min(Math.sqrt(room / ofFirst), Math.sqrt(room / ofSecond), room / ofAddend))
    return {
      [first]: { integers: atMost(room / pull / ofSecond) },
      [second]: { integers: atMost(room / pull / ofFirst) },
      ...withAddend('ties'),
      dy: { integers: pull },
    }
  }
  const pulled = choice === oddOf('dy')
  return {
    [first]: choice === oddOf(first) ? { odd: 1 } : few(pulled ? ofSecond : 1),
    [second]: choice === oddOf(second) ? { odd: 1 } : few(pulled ? ofFirst : 1),
    ...withAddend('ties'),
    // no more than the addend's gradient adds up below 2²⁴
    dy: pulled ? { odd: Math.min(1, 2 ** 11 / ofAddend) } : few(choice === oddOf(first) ? ofSecond : ofFirst),
  }
}

/** A case with the numbers of its product in a class. */
export const inNumbers = (op: OpName, direction: Direction, product: Product, choice: string, form: Form): Form => ({
  ...form,
  ...(form.name === undefined ? {} : { name: `${form.name}, ${choice}` }),
  fills: {
    ...form.fills,
    ...Object.fromEntries(
      Object.entries(fillsOf(op, direction, product, choice, form)).filter(
        ([name]) => name === 'dy' || form.shapes[name] !== undefined,
      ),
    ),
  },
})

/** A case of a product asked with one sign and with integers, or with whatever numbers are named, forward and back. */
export const inSums = (
  op: OpName,
  product: Product,
  form: Form,
  choices: readonly string[] = ['one sign', 'integers'],
): readonly Form[] =>
  (['forward', 'backward'] as const).flatMap((only) =>
    choices.map((choice) => ({ ...inNumbers(op, only, product, choice, form), only })),
  )
