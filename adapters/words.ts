import type { Attributes, AttributeValue } from '../spec/attributes.js'
import type { AttrsOf, Direction, OpName, SizesOf } from '../spec/catalogue.js'
import { opNames, opOf } from '../spec/catalogue.js'
import type { Kernels, Unsupported } from '../spec/fromKernels.js'
import { unsupported } from '../spec/fromKernels.js'
import type { AnySizes, GivenTensors } from '../spec/op.js'
import { cotangentNames, gradientNames, resolve, shapesOf } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { sizeOf, zeros } from '../spec/tensor.js'

/*
 * An adapter's ops are texts in the library's own words. The same text is run for an answer and printed in a snippet, so
 * that a report shows what was judged and nothing else.
 */

/** What an op is asked, as far as its words depend on it. */
export interface Asked<N extends OpName> {
  readonly attrs: AttrsOf<N>
  readonly sizes: SizesOf<N>
  /** those that are there */
  readonly inputs: Tensors
  readonly direction: Direction
}

/** One op in a library's words. */
export interface Phrase<N extends OpName> {
  /** the body of a function of the op's inputs, by their names, that returns an object of its outputs */
  code(asked: Asked<N>): string | Unsupported
  /** what stands between the op and the library's own call, each in a few words */
  readonly translates?: readonly string[]
  /** the library has no gradient of it */
  readonly forwardOnly?: true
}

export type Phrasebook = { readonly [N in OpName]?: Phrase<N> }

/** A phrase as it is found by a name that is only known at run time. */
interface AnyPhrase {
  code(asked: {
    readonly attrs: Attributes
    readonly sizes: AnySizes
    readonly inputs: Tensors
    readonly direction: Direction
  }): string | Unsupported
  readonly translates?: readonly string[]
  readonly forwardOnly?: true
}

const phraseOf = (book: Phrasebook, op: OpName): AnyPhrase | undefined => (book as Record<string, AnyPhrase>)[op]

/** What a program of a library says: statements over the inputs and the cotangents by name, and an expression of the outputs. */
export interface Sentence {
  readonly statements: string
  readonly result: string
}

/** How a library is spoken: all that its snippets and its answers have in common. */
export interface Language {
  /** the gradients of a function of that name with regard to some of its arguments, as an object by their names */
  gradients(
    call: string,
    names: readonly string[],
    wanted: readonly string[],
    cotangents: readonly (readonly [output: string, name: string])[],
  ): Sentence
  /** a tensor as it is written out */
  literal(tensor: Tensor): string
  /** the lines before a snippet's first tensor */
  readonly preamble: string
  /** an expression of a tensor's numbers, in JavaScript, which may wait */
  numbers(value: string): string
}

const indented = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n')

/** The name of a cotangent in a text. */
export const cotangentOf = (output: string): string => `d${output}`

const given = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

/** What is to be run for a question, or why the library has no words for it. */
export const sentenceFor = (
  book: Phrasebook,
  language: Language,
  op: OpName,
  direction: Direction,
  attrs: Attributes,
  inputs: Tensors,
  sizes: AnySizes,
): Sentence | Unsupported => {
  const body = phraseOf(book, op)?.code({ attrs, sizes, inputs, direction })
  if (body === undefined) return unsupported('no such op')
  if (typeof body !== 'string') return body
  const names = Object.keys(inputs)
  const waits = /\bawait\b/.test(body)
  const definition = `const ${op} = ${waits ? 'async ' : ''}(${names.join(', ')}) => {\n${indented(body)}\n}`
  if (direction === 'forward')
    return { statements: definition, result: `${waits ? 'await ' : ''}${op}(${names.join(', ')})` }
  const { statements, result } = language.gradients(
    op,
    names,
    gradientNames(opOf(op), inputs),
    cotangentNames(opOf(op)).map((output) => [output, cotangentOf(output)] as const),
  )
  return { statements: `${definition}\n${statements}`, result }
}

type Run = (sentence: Sentence, tensors: Tensors) => Promise<GivenTensors | Unsupported>

/** Kernels that run the phrases of a book. */
export const kernelsOf = (book: Phrasebook, language: Language, run: Run): Kernels =>
  Object.fromEntries(
    opNames.flatMap((op) => {
      const phrase = phraseOf(book, op)
      if (phrase === undefined) return []
      const answer = (
        direction: Direction,
        attrs: Attributes,
        inputs: GivenTensors,
        cotangents: Tensors,
        sizes: AnySizes,
      ): ReturnType<Run> | Unsupported => {
        const sentence = sentenceFor(book, language, op, direction, attrs, given(inputs), sizes)
        if ('unsupported' in sentence) return sentence
        return run(sentence, {
          ...given(inputs),
          ...Object.fromEntries(Object.entries(cotangents).map(([name, dy]) => [cotangentOf(name), dy])),
        })
      }
      return [
        [
          op,
          {
            forward: (attrs: Attributes, inputs: GivenTensors, sizes: AnySizes) =>
              answer('forward', attrs, inputs, {}, sizes),
            ...(phrase.forwardOnly === true || opOf(op).differentiable.length === 0
              ? {}
              : {
                  backward: (attrs: Attributes, inputs: GivenTensors, cotangents: Tensors, sizes: AnySizes) =>
                    answer('backward', attrs, inputs, cotangents, sizes),
                }),
          },
        ] as const,
      ]
    }),
  )

/** Whether a book has an op in a direction. */
export const speaks =
  (book: Phrasebook) =>
  (op: OpName, direction: Direction): boolean => {
    const phrase = phraseOf(book, op)
    return (
      phrase !== undefined &&
      (direction === 'forward' || (phrase.forwardOnly !== true && opOf(op).differentiable.length > 0))
    )
  }

/** What each phrase of a book translates. */
export const translationsOf = (book: Phrasebook): Readonly<Partial<Record<OpName, readonly string[]>>> =>
  Object.fromEntries(
    opNames.flatMap((op) => {
      const translates = phraseOf(book, op)?.translates
      return translates === undefined ? [] : [[op, translates] as const]
    }),
  )

/** The most numbers of a snippet: it is read by people. */
export const mostNumbers = 4096

/** The numbers of a tensor as JavaScript and Python alike write a list, but for NaN and the infinities. */
export const listed = (data: Numbers): string =>
  `[${Array.from({ length: data.length }, (_, i) => numeral(data[i] as number)).join(', ')}]`

const numeral = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** A program of its own that asks a question and prints what it got beside what it should, in JavaScript. */
export const snippetIn =
  (book: Phrasebook, language: Language) =>
  ({ op, direction, attrs, inputs, cotangents }: Question, want: Tensors): string | undefined => {
    const resolved = resolve(opOf(op), attrs, shapesOf(inputs))
    if (resolved._tag === 'Left') return undefined
    const sentence = sentenceFor(book, language, op, direction, attrs, inputs, resolved.right.sizes)
    const everyCotangent =
      direction === 'forward'
        ? []
        : cotangentNames(opOf(op)).map(
            (name) => [cotangentOf(name), cotangents[name] ?? zeros(resolved.right.outputs[name] as Shape)] as const,
          )
    const tensors = [...Object.entries(inputs), ...everyCotangent]
    const numbers = [...tensors, ...Object.entries(want)].reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0)
    if ('unsupported' in sentence || numbers > mostNumbers) return undefined
    return [
      language.preamble,
      '',
      ...tensors.map(([name, value]) => `const ${name} = ${language.literal(value)}`),
      '',
      sentence.statements,
      `const got = ${sentence.result}`,
      '',
      ...Object.entries(want).flatMap(([name, { data }]) => [
        `console.log(\`got  ${name} [\${${language.numbers(`got.${name}`)}}]\`)`,
        `console.log('want ${name} ${listed(data).replaceAll(', ', ',')}')`,
      ]),
      '',
    ].join('\n')
  }

/** A value of an attribute that may not be in the catalogue yet, or none. */
export const dialled = (attrs: object, name: string): AttributeValue | undefined => (attrs as Attributes)[name]

/** Whether a dial asks for what is neither the catalogue's own value nor the library's. */
export const asksOther = (attrs: object, name: string, ...known: readonly AttributeValue[]): boolean => {
  const value = dialled(attrs, name)
  return value !== undefined && !known.includes(value)
}

/** A value as JavaScript writes it. */
export const js = (value: AttributeValue | readonly (readonly number[])[]): string =>
  JSON.stringify(value).replaceAll(',', ', ')

interface AsyncFunctionConstructor {
  new (...parts: readonly string[]): (...values: readonly unknown[]) => Promise<unknown>
}

// it has no name of its own
const AsyncFunction = (
  Object.getPrototypeOf(async () => undefined) as { readonly constructor: AsyncFunctionConstructor }
).constructor

/** Runs a text with values by name. */
export const spoken = (
  { statements, result }: Sentence,
  values: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> =>
  new AsyncFunction(...Object.keys(values), `'use strict'\n${statements}\nreturn ${result}`)(
    ...Object.values(values),
  ) as Promise<Readonly<Record<string, unknown>>>

/** The data of a tensor in f32, copied: what a library is given it may keep. */
export const inFloat32 = ({ data }: Tensor): Float32Array =>
  Float32Array.from({ length: data.length }, (_, i) => data[i] as number)
