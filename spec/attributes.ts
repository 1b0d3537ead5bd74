import { either as E, function as F } from 'fp-ts'
import type { either } from 'fp-ts'
import * as t from 'io-ts'
import type { Result } from './error.js'
import { brief, etalonError, fail, show } from './error.js'

/** What an attribute may hold. */
export type AttributeValue = number | string | boolean | readonly number[]
export type Attributes = Readonly<Record<string, AttributeValue>>

const numberWhere = (wanted: string, holds: (value: number) => boolean): t.Type<number, number, unknown> =>
  new t.Type<number, number, unknown>(
    wanted,
    (u): u is number => typeof u === 'number' && holds(u),
    (u, context) => (typeof u === 'number' && holds(u) ? t.success(u) : t.failure(u, context)),
    t.identity,
  )

/** Codecs whose names say, in a message, what is wanted. Nothing is coerced. */
export const finite = numberWhere('a finite number', Number.isFinite)
export const nonNegative = numberWhere('a finite number of at least 0', (v) => Number.isFinite(v) && v >= 0)
export const positive = numberWhere('a finite number above 0', (v) => Number.isFinite(v) && v > 0)
export const fraction = numberWhere('a number from 0 to 1', (v) => v >= 0 && v <= 1)
export const share = numberWhere('a number above 0, up to 1', (v) => v > 0 && v <= 1)
export const belowOne = numberWhere('a number of at least 0 and below 1', (v) => v >= 0 && v < 1)
export const integer = numberWhere('an integer', Number.isSafeInteger)
export const count = numberWhere('an integer of at least 0', (v) => Number.isSafeInteger(v) && v >= 0)
export const positiveInt = numberWhere('an integer of at least 1', (v) => Number.isSafeInteger(v) && v >= 1)
export const word = numberWhere('an integer from 0 to 2³² − 1', (v) => Number.isSafeInteger(v) && v >= 0 && v < 2 ** 32)
export const flag: t.Type<boolean, boolean, unknown> = new t.Type(
  'true or false',
  t.boolean.is,
  t.boolean.validate,
  t.identity,
)

// io-ts's own tuple takes a longer list, and drops what is too much
const listOfLength = <T extends readonly unknown[]>(
  length: T['length'],
  item: t.Type<T[number], T[number], unknown>,
  wanted: string,
): t.Type<T, T, unknown> => {
  const is = (u: unknown): u is T => Array.isArray(u) && u.length === length && Array.from(u).every(item.is)
  return new t.Type(wanted, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)
}

export const single = <A>(item: t.Type<A, A, unknown>) =>
  listOfLength<readonly [A]>(1, item, `a list of 1, ${item.name}`)

export const pair = <A>(item: t.Type<A, A, unknown>) =>
  listOfLength<readonly [A, A]>(2, item, `a list of 2, each ${item.name}`)

export const quad = <A>(item: t.Type<A, A, unknown>) =>
  listOfLength<readonly [A, A, A, A]>(4, item, `a list of 4, each ${item.name}`)

export const listOf = <A>(item: t.Type<A, A, unknown>): t.Type<readonly A[], readonly A[], unknown> =>
  t.readonlyArray(item, `a list, each ${item.name}`)

export const oneOf = <const C extends readonly [string, ...string[]]>(
  ...choices: C
): t.Type<C[number], C[number], unknown> => {
  const is = (u: unknown): u is C[number] => typeof u === 'string' && choices.includes(u)
  return new t.Type(
    `one of ${choices.map((choice) => `"${choice}"`).join(', ')}`,
    is,
    (u, context) => (is(u) ? t.success(u) : t.failure(u, context)),
    t.identity,
  )
}

/** One attribute: what is wanted of it and, unless it is required, its default, which may depend on the attributes before it. */
export interface Attribute<A> {
  readonly wanted: string
  readonly decode: (input: unknown) => either.Either<unknown, A>
  readonly byDefault?: (before: Attributes) => A
  /** words of an integer generator: never rounded to f32, as every other number is where a suite compares two backends */
  readonly words?: true
}

export const required = <A>({ name, decode }: t.Type<A, A, unknown>): Attribute<A> => ({ wanted: name, decode })
export const withDefault = <A>(codec: t.Type<A, A, unknown>, value: NoInfer<A>): Attribute<A> => ({
  ...required(codec),
  byDefault: () => value,
})
/** The default is the value of another, earlier attribute. */
export const defaultsTo = <A extends AttributeValue>(codec: t.Type<A, A, unknown>, other: string): Attribute<A> => ({
  ...required(codec),
  byDefault: (before) => before[other] as A,
})

/** The attribute is an integer, or a list of them, that counts bit for bit. */
export const inWords = <A>(attribute: Attribute<A>): Attribute<A> => ({ ...attribute, words: true })

type Fields = Readonly<Record<string, Attribute<AttributeValue>>>
export type FieldsOf<S> = S extends AttributeSet<infer A> ? A : never

/** The attributes of an op: decoded once, at the edge, with defaults filled in. */
export interface AttributeSet<A> {
  readonly names: readonly string[]
  readonly fields: Fields
  readonly decode: (input: unknown) => Result<A>
}

/**
 * An op's attributes, in the order in which defaults are filled in.
 *
 * Errors  MalformedRequest – no object; UnknownAttribute – a name that the op does not have; MissingAttribute – a
 *         required one is absent; AttributeOutOfRange – a value that its codec refuses
 */
export const attributes = <F extends Fields>(
  fields: F,
): AttributeSet<{ readonly [K in keyof F]: F[K] extends Attribute<infer A> ? A : never }> => {
  type A = { readonly [K in keyof F]: F[K] extends Attribute<infer V> ? V : never }
  const names = Object.keys(fields)
  const one = (given: Readonly<Record<string, unknown>>, before: Attributes, name: string): Result<AttributeValue> => {
    const { wanted, decode, byDefault } = fields[name] as Attribute<AttributeValue>
    const value = Object.hasOwn(given, name) ? given[name] : byDefault?.(before)
    if (value === undefined) return fail('MissingAttribute', `attribute ${name} is required; it is ${wanted}`)
    return F.pipe(
      decode(value),
      E.mapLeft(() => etalonError('AttributeOutOfRange', `attribute ${name} is ${show(value)}; it must be ${wanted}`)),
    )
  }
  return {
    names,
    fields,
    decode: (input) => {
      if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input)))
        return fail('MalformedRequest', `attrs is ${show(input)}; it must be an object`)
      const given = (input ?? {}) as Readonly<Record<string, unknown>>
      const stranger = Object.keys(given).find((name) => !names.includes(name))
      if (stranger !== undefined)
        return fail(
          'UnknownAttribute',
          `there is no attribute ${brief(stranger)}; ${names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`}`,
        )
      return names.reduce<Result<Attributes>>(
        (soFar, name) =>
          F.pipe(
            soFar,
            E.flatMap((before) =>
              F.pipe(
                one(given, before, name),
                E.map((value) => ({ ...before, [name]: value })),
              ),
            ),
          ),
        E.right({}),
      ) as Result<A>
    },
  }
}

export const noAttributes = attributes({})

/** Every number rounded to f32, once, before two interpreters see it; words stay as they are. */
export const roundAttributes = <A extends Attributes>({ fields }: Pick<AttributeSet<A>, 'fields'>, attrs: A): A =>
  Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [
      name,
      fields[name]?.words === true
        ? value
        : typeof value === 'number'
          ? Math.fround(value)
          : Array.isArray(value)
            ? value.map(Math.fround)
            : value,
    ]),
  ) as A
