import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import type { Field, Fields, Readable } from '../../spec/field.js'
import { element, given } from '../../spec/field.js'
import type { AnySizes, Axes, InputAxes } from '../../spec/op.js'
import { cotangentNames, inputsAmong, resolve, shapesOf } from '../../spec/op.js'
import type { Question } from '../../spec/program.js'
import type { Shape, Tensors } from '../../spec/tensor.js'
import { showShape, sizeOf, sumOf, zeros } from '../../spec/tensor.js'
import type { Binding, Machine, Origin, Place, Scope } from './evaluate.js'
import { indexAt, machine, scopeIn } from './evaluate.js'
import type { Formulas } from './formulas.js'
import { isField, roleOf } from './natives.js'
import type { Aside } from './notation.js'
import { joined, letter, namesIn, number, writePattern, writer, writtenNumber } from './notation.js'
import type { Findings, Term } from './term.js'
import { builder, elementText, noFindings, stepsOf, fieldName, writeTerm } from './term.js'
import type { FunctionTree, Pattern, Tree } from './tree.js'

/**
 * An op's formula with numbers put in, for one element of each answer: first what it reads on the way, then the formula,
 * then step by step what it comes to. Everything is taken from the op's descriptor and from the text of the reference.
 */

/** Words made strong or faint. */
export interface Pen {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

/** An element of an answer: of the answer of that name, or of each that has it. */
export interface Chosen {
  readonly output?: string
  readonly index?: readonly number[]
}

/** The file that an op's formula is in. */
export const moduleOf = ({ modules }: Formulas, op: OpName): string => {
  const id = Object.keys(modules).find((id) => id.endsWith(`/${op}`))
  if (id === undefined) throw new Error(`the formulas have no ${op}`)
  return id
}

const declared = (formulas: Formulas, op: OpName, direction: string) =>
  formulas.modules[moduleOf(formulas, op)]?.declarations.find(({ name }) => name === direction)

/** The formula as the reference has it in words: the comment above it; forward, else the first in the file. */
export const formulaText = (formulas: Formulas, op: OpName, direction: 'forward' | 'backward'): string => {
  const above = declared(formulas, op, direction)?.comment ?? ''
  const any = formulas.modules[moduleOf(formulas, op)]?.declarations.find(({ comment }) => comment !== '')?.comment
  return above !== '' || direction === 'backward' ? above : (any ?? '')
}

// ---- tensors -----------------------------------------------------------------------------------------------------

const most = { columns: 10, rows: 6, slices: 2 }

const row = (x: Readable, start: number, length: number): readonly string[] => {
  const count = Math.min(length, most.columns)
  const texts = Array.from({ length: count }, (_, i) => number(element(x, start + i)))
  return count < length ? [...texts, '…'] : texts
}

/** A tensor's numbers in lines: its last two axes as a grid, long ones cut. */
export const grid = (x: Readable): readonly string[] => {
  const { shape } = x
  const [height, width] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1]
  const slices = sizeOf(shape) / (height * width)
  const lines = Array.from({ length: Math.min(slices, most.slices) }, (_, slice) => {
    const rows = Array.from({ length: Math.min(height, most.rows) }, (_, r) =>
      row(x, (slice * height + r) * width, width),
    )
    const wide = rows.flat().reduce((most, text) => Math.max(most, widthOf(text)), 0)
    const texts = rows.map((cells) =>
      rows.length === 1 ? cells.join('  ') : cells.map((text) => text.padStart(wide)).join(' '),
    )
    const head = slices > 1 ? [`at ${indexAt(shape.slice(0, -2), slice).join(',')}:`] : []
    return [...head, ...texts, ...(height > most.rows ? [`… (${height} rows)`] : [])]
  }).flat()
  return slices > most.slices ? [...lines, `… (${slices} of them)`] : lines
}

/** Columns that a text takes: a mark above a letter takes none. */
const widthOf = (text: string): number => text.replace(/\p{M}/gu, '').length

// ---- lines -------------------------------------------------------------------------------------------------------

/** Text in lines of at most `width`, broken where a space is, those after the first further in. */
export const wrapped = (text: string, width: number, hang: number): readonly string[] => {
  const words = text.replace(/ ([+−=·<>≤≥]) /g, ' $1\u00a0').split(' ')
  return words
    .reduce<readonly string[]>((lines, word) => {
      const last = lines.at(-1)
      return last === undefined
        ? [word]
        : widthOf(last) + 1 + widthOf(word) > width && last.trim() !== ''
          ? [...lines, `${' '.repeat(hang)}${word}`]
          : [...lines.slice(0, -1), `${last} ${word}`]
    }, [])
    .map((line) => line.replaceAll('\u00a0', ' '))
}

interface Told {
  readonly left: string
  readonly formula: string
  /** names that the formula gives on the way */
  readonly lets: readonly string[]
  readonly steps: readonly string[]
  /** where the formula stands: indices, elements */
  readonly where: string
  readonly notes: readonly string[]
}

const indent = '  '

// y[n,c] = formula   (n = 0, c = 1)
//        = step
const linesOf = ({ left, formula, lets, steps, where, notes }: Told, width: number, pen: Pen): readonly string[] => {
  const texts = [formula, ...steps].filter((text, at, all) => text !== all[at - 1] && text !== left)
  const behind = where === '' ? '' : `   (${where})`
  const one = `${indent}${left} = ${texts.join(' = ')}`
  const plainNotes = notes.flatMap((note) => wrapped(`${indent}${indent}${note}`, width, 6)).map(pen.faint)
  if (texts.length <= 3 && lets.length === 0 && !formula.includes(' if ') && widthOf(one + behind) <= width)
    return [`${one}${pen.faint(behind)}`, ...plainNotes]
  const margin = ' '.repeat(widthOf(left) + indent.length)
  const lined = (text: string, at: number): readonly string[] =>
    wrapped(`${at === 0 ? `${indent}${left}` : margin} = ${text}`, width, margin.length + 3)
  const head = lined(formula, 0)
  const fits = head.length === 1 && widthOf((head[0] ?? '') + behind) <= width
  return [
    ...(fits || where === ''
      ? [`${head[0]}${pen.faint(behind)}`, ...head.slice(1)]
      : [...head, ...wrapped(`${margin}   (${where})`, width, margin.length + 4).map(pen.faint)]),
    ...lets.flatMap((text) => wrapped(`${margin}   with ${text}`, width, margin.length + 8)),
    ...texts.slice(texts[0] === formula ? 1 : 0).flatMap((text) => lined(text, 1)),
    ...plainNotes,
  ]
}

// ---- one element -------------------------------------------------------------------------------------------------

interface Element {
  /** the formula where it stands */
  readonly place: Place
  /** the letters of its indices */
  readonly letters: readonly string[]
  readonly where: string
}

/** No page tells of more fields on the way than so many. */
const mostTold = 24

/** The formulas of elements where they stand. */
const elements = (runner: Machine) => {
  const write = writer(runner)
  const withParameters = (tree: FunctionTree, scope: Scope, bindings: readonly Binding[]): Place => {
    const inner = scopeIn(scope)
    tree.params.forEach((pattern, at) => {
      const { value, ...how } = bindings[at] ?? { value: undefined }
      runner.bind(inner, pattern, value, { ...how, varies: true })
    })
    return runner.enter(inner, tree.body).result
  }

  const tabulated = (f: unknown, index: readonly number[]): Element | undefined => {
    const own = runner.functionOf(f)
    if (own === undefined) return undefined
    const place = withParameters(
      own.tree,
      own.scope,
      index.map((value) => ({ value })),
    )
    const letters = write.parameters(own.tree)
    return {
      place,
      letters,
      where: letters.map((each, at) => `${each} = ${index[at]}`).join(', '),
    }
  }

  // f of the elements at one place of some fields
  const elementwise = (
    f: unknown,
    fields: readonly unknown[],
    called: readonly (Place | undefined)[],
    at: number,
  ): Element | undefined => {
    const own = runner.functionOf(f)
    if (own === undefined || !fields.every(isField)) return undefined
    const bindings: readonly Binding[] = fields.map((field, i) => ({
      value: element(field, at),
      element: { field, at, called: called[i] },
    }))
    const place = withParameters(own.tree, own.scope, bindings)
    const where = own.tree.params.flatMap((pattern: Pattern, i) => {
      const field = fields[i]
      const text = field === undefined ? '' : elementText(fieldName(runner, field, called[i]), field.shape, at)
      return namesIn(pattern).map((name) => `${letter(name)} = ${text}`)
    })
    return { place, letters: [], where: where.join(', ') }
  }

  const ofPlace = (place: Place | undefined): Element | undefined =>
    place === undefined ? undefined : { place, letters: [], where: '' }

  const elementOf = (
    { word, args, places }: Extract<Origin, { readonly kind: 'made' }>,
    at: number,
  ): Element | undefined => {
    switch (roleOf(word)) {
      case 'byIndex':
        return tabulated(args[1], indexAt(args[0] as Shape, at))
      case 'byElement':
        return elementwise(args[0], args.slice(1), places.slice(1), at)
      case 'constant':
        return ofPlace(places.at(-1))
      // told by the fields that they are made of
      case 'sameElements':
      case 'part':
      case 'stack':
      case 'sumOfFields':
      // no fields
      case 'element':
      case 'elementOrZero':
      case 'elementOr':
      case 'sum':
      case 'largest':
      case 'smallest':
      case 'sumOfAll':
      case 'steps':
      case 'named':
        return undefined
    }
  }

  return { elementOf, ofPlace }
}

/** The fields, one for each step, that one is put together of. */
const gatheredFrom = ({ word, args }: Extract<Origin, { readonly kind: 'made' }>): readonly Field[] | undefined =>
  (roleOf(word) === 'stack' || roleOf(word) === 'sumOfFields') && Array.isArray(args[0]) && args[0].every(isField)
    ? args[0]
    : undefined

/** Of so many elements the one to tell by default is chosen. */
const considered = 64

// numbers in a term; of what is cut short no more than what is shown
const sizeOfTerm = (term: Term): number =>
  term.kind === 'operation'
    ? sumOf(term.parts.map(sizeOfTerm))
    : term.kind === 'many'
      ? sumOf([...term.first, ...term.last].map(sizeOfTerm))
      : 1

/** The element whose formula says most, the first of equals; a finite number that is not 0, if there is one. */
const mostTelling =
  (runner: Machine) =>
  (field: Field): number => {
    const { elementOf } = elements(runner)
    const origin = runner.originOf(field)
    const score = (at: number): number => {
      const value = element(field, at)
      const worth = value !== 0 && Number.isFinite(value) ? 1e6 : 0
      const place = origin?.kind === 'made' ? elementOf(origin, at)?.place : undefined
      return place === undefined ? worth : worth + sizeAt(place)
    }
    // with what the names in it are
    const sizeAt = ({ tree, scope }: Place): number => {
      const findings = noFindings()
      const size = sizeOfTerm(builder(runner, findings).build(tree, scope))
      return size + sumOf(findings.names.map(({ place, among }) => (among === undefined ? sizeAt(place) : 1)))
    }
    const scores = Array.from({ length: Math.min(sizeOf(field.shape), considered) }, (_, at) => score(at))
    return Math.max(scores.indexOf(scores.reduce((a, b) => Math.max(a, b), -1)), 0)
  }

const teller = (formulas: Formulas, runner: Machine, width: number, pen: Pen) => {
  const write = writer(runner)
  const told = new Set<unknown>()
  const elementsTold = new WeakMap<object, Set<number>>()
  const mentioned = new Set<string>()

  const { elementOf, ofPlace } = elements(runner)

  // said once on a page
  const once = (text: string): readonly string[] => {
    if (mentioned.has(text)) return []
    mentioned.add(text)
    return [text]
  }

  const conditionText = ({ tree, scope }: Place): string => {
    const quiet = builder(runner, noFindings())
    if (tree.kind === 'binary' && /^(&&|\|\|)$/.test(tree.operator))
      return [tree.left, tree.right]
        .map((each) => conditionText({ tree: each, scope }))
        .join(tree.operator === '&&' ? ' and ' : ' or ')
    if (tree.kind === 'binary' && typeof runner.evaluate(tree.left, scope) === 'number') {
      const [left, right] = [tree.left, tree.right].map((each) => writeTerm(quiet.build(each, scope), false).text)
      const signs: Readonly<Record<string, string>> = { '<=': '≤', '>=': '≥', '===': '=', '!==': '≠' }
      return `${left} ${signs[tree.operator] ?? tree.operator} ${right}`
    }
    return write.write(tree, scope).text
  }

  // conditions that the element's own numbers decide
  const choiceNotes = ({ choices }: Findings): readonly string[] =>
    choices
      .filter(({ place }) => !place.scope.inline)
      .filter(({ place }) =>
        write.write({ kind: 'choice', test: place.tree, yes: one, no: zero }, place.scope).text.includes(' if '),
      )
      .map(({ place, holds }) => `${conditionText(place)} ${holds ? 'holds' : 'does not hold'}`)

  const notesOf = (findings: Findings, zeros: number, words: readonly string[]): readonly string[] => [
    ...choiceNotes(findings),
    ...(zeros > 0 ? [`${zeros} ${zeros === 1 ? 'term is' : 'terms are'} 0 by the formula and left out`] : []),
    ...findings.helpers.flatMap(({ name, tree }) => {
      const [left, body] = [`${letter(name)}(${write.parameters(tree).join(', ')})`, write.writeFunction(tree).text]
      return left === body ? [] : once(`where ${left} = ${body}`)
    }),
    ...words.flatMap((word) => (formulas.words[word] === undefined ? [] : once(`${word}: ${formulas.words[word]}`))),
    ...findings.outside.flatMap(once),
    ...findings.reads.flatMap(({ field, called }) => {
      const origin = runner.originOf(field)
      return origin?.kind === 'given' && showShape(origin.field.shape) !== showShape(field.shape)
        ? once(`${fieldName(runner, field, called)} is read in row-major order, as of shape ${showShape(field.shape)}`)
        : []
    }),
  ]

  /** What a formula reads on the way and has not been told yet. */
  const before = ({ reads, names }: Findings): readonly string[] => [
    ...reads.flatMap(({ field, at, called }) => tell(fieldName(runner, field, called), field, at, true)),
    ...names.flatMap(({ name, place, among }) => tellName(name, place, among)),
  ]

  const tellPlace = (left: string, element: Element): readonly string[] => {
    const findings = noFindings()
    const term = builder(runner, findings).build(element.place.tree, element.place.scope)
    const { texts, zeros } = stepsOf(term)
    const aside: Aside = { lets: [], words: [] }
    const formula = writer(runner, aside).write(element.place.tree, element.place.scope).text
    const lets = aside.lets.filter((text, at, all) => all.indexOf(text) === at)
    const way = before(findings)
    // what is said once is said where it comes first
    const notes = notesOf(findings, zeros, [...aside.words, ...findings.words])
    return [...way, ...linesOf({ left, formula, lets, steps: texts, where: element.where, notes }, width, pen)]
  }

  const tellName = (name: string, place: Place, among: Pattern | undefined): readonly string[] => {
    if (told.has(place.tree)) return []
    told.add(place.tree)
    if (among !== undefined) {
      const values = runner.evaluate(place.tree, place.scope) as readonly number[]
      const aside: Aside = { lets: [], words: [] }
      const formula = writer(runner, aside).write(place.tree, place.scope).text
      const notes = notesOf(noFindings(), 0, aside.words)
      const steps = [`[${values.map(number).join(', ')}]`]
      return linesOf({ left: writePattern(among), formula, lets: aside.lets, steps, where: '', notes }, width, pen)
    }
    const element = ofPlace(place)
    return element === undefined ? [] : tellPlace(letter(name), element)
  }

  // what steps make, one after the other, or added
  const tellGathered = (
    name: string,
    field: Field,
    at: number,
    onTheWay: boolean,
    origin: Extract<Origin, { readonly kind: 'made' }>,
  ): readonly string[] => {
    const parts = gatheredFrom(origin) ?? []
    const size = sizeOf(parts[0]?.shape ?? [])
    if (roleOf(origin.word) === 'stack') {
      const part = Math.floor(at / size)
      return tell(`${name}[${part}]`, parts[part] as Field, at % size, onTheWay)
    }
    const values = parts.map((part) => writtenNumber(element(part, at)))
    const sum = values.slice(1).reduce((sum, value) => joined('+', sum, value), values[0] ?? writtenNumber(0))
    const told: Told = {
      left: elementText(name, field.shape, at),
      formula: `Σ_{t<${parts.length}} ${elementText(`${name}⟨t⟩`, field.shape, at)}`,
      lets: [],
      steps: [sum.text, number(element(field, at))],
      where: '',
      notes: [],
    }
    return [...tell(`${name}⟨0⟩`, parts[0] as Field, at, true), ...linesOf(told, width, pen), '']
  }

  const tell = (name: string, field: Field, at: number, onTheWay: boolean): readonly string[] => {
    const origin = runner.originOf(field)
    if (origin?.kind !== 'made') return []
    if (gatheredFrom(origin) !== undefined) return tellGathered(name, field, at, onTheWay, origin)
    const [source, t] = origin.args
    if (roleOf(origin.word) === 'part' && isField(source))
      return tell(
        fieldName(runner, source, origin.places[0]),
        source,
        (t as number) * sizeOf(field.shape) + at,
        onTheWay,
      )
    const site = origin.places.find(({ tree }) => tree.kind === 'function')?.tree ?? origin.places[0]?.tree
    if (onTheWay && (told.has(site) || told.size > mostTold)) return []
    if (onTheWay) told.add(site)
    const found = elementOf(origin, at)
    if (found === undefined) return []
    const before = elementsTold.get(origin.field) ?? new Set<number>()
    if (before.has(at))
      return [`${indent}${elementText(name, field.shape, at)} = ${number(element(field, at))}, as above`, '']
    elementsTold.set(origin.field, new Set([...before, at]))
    const { letters } = found
    const left = letters.length === 0 ? elementText(name, field.shape, at) : `${name}[${letters.join(',')}]`
    const lines = tellPlace(left, found)
    const size = sizeOf(field.shape)
    const all = `${indent}${name} = ${row(field, 0, size).join('  ')}${size > most.columns ? ` (${size} numbers)` : ''}`
    return onTheWay && size > 1 ? [...lines, pen.faint(all), ''] : [...lines, '']
  }

  return tell
}

const one: Tree = { kind: 'number', value: 1 }
const zero: Tree = { kind: 'number', value: 0 }

// ---- the page ----------------------------------------------------------------------------------------------------

const axesOf = (axes: InputAxes): Axes => ('optional' in axes ? axes.optional : axes)

const showAttribute = (value: Attributes[string]): string =>
  typeof value === 'number'
    ? number(value)
    : typeof value === 'object'
      ? `[${value.map(number).join(', ')}]`
      : String(value)

/** The letters that a formula has for attributes and inputs: `learningRate: eta` is η. */
const lettersOf = (tree: Tree | undefined): Readonly<Record<string, string>> => {
  if (tree?.kind !== 'function') return {}
  const own = tree.params.slice(0, 2).flatMap((pattern) => (pattern.kind === 'members' ? pattern.members : []))
  const [attrs] = tree.params
  // const [sh, sw] = attrs.stride
  const later = tree.body.flatMap((statement) =>
    statement.kind === 'let' &&
    statement.value.kind === 'member' &&
    statement.value.object.kind === 'name' &&
    attrs?.kind === 'name' &&
    statement.value.object.name === attrs.name
      ? [{ key: statement.value.name, target: statement.pattern }]
      : [],
  )
  return Object.fromEntries(
    [...own, ...later].map(({ key, target }) => {
      const names =
        target.kind === 'items'
          ? target.items.map((item) => letter(namesIn(item)[0] ?? '·'))
          : namesIn(target).map(letter)
      return [key, target.kind === 'items' ? `[${names.join(', ')}]` : names.join(', ')]
    }),
  )
}

const symbolLines = (formulas: Formulas, question: Question, sizes: AnySizes, pen: Pen): readonly string[] => {
  const { op: name, direction, attrs, inputs, cotangents } = question
  const op = opOf(name)
  const letters = lettersOf(declared(formulas, name, direction)?.value)
  const among = inputsAmong(op, Object.keys(inputs))
  const titled = (title: string, of: string, x: Readable, axes: Axes): readonly string[] => {
    const numbers = grid(x)
    const shape = axes.length === 0 ? '' : ` ${pen.faint(`[${axes.join(',')}] =`)} ${showShape(x.shape)}`
    return numbers.length === 1 && numbers[0] !== undefined && widthOf(numbers[0]) <= 60
      ? [`${indent}${title}${shape}${pen.faint(of)}  ${numbers[0]}`]
      : [`${indent}${title}${shape}${pen.faint(of)}`, ...numbers.map((line) => `${indent}${indent}${indent}${line}`)]
  }
  const known = (key: string): string =>
    letters[key] === undefined || letters[key] === key || letters[key] === letter(key)
      ? letter(key)
      : `${letters[key]}, ${key}`
  const extents = Object.entries(sizes).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const runs = Object.entries(sizes).filter(
    (entry): entry is [string, Shape] => Array.isArray(entry[1]) && (entry[1] as Shape).length > 0,
  )
  return [
    ...Object.entries(inputs).flatMap(([key, tensor]) =>
      titled(
        letter(key) === key || letters[key] !== undefined ? known(key) : `${letter(key)}, ${key}`,
        '',
        tensor,
        among[key] === undefined ? [] : axesOf(among[key]),
      ),
    ),
    ...Object.entries(cotangents).flatMap(([key, tensor]) =>
      titled(letter(`d${key}`), `  the gradient that comes in for ${key}`, tensor, []),
    ),
    ...op.attrs.names.map((key) => {
      const of = op.attrs.fields[key]?.wanted ?? ''
      return `${indent}${known(key)} = ${showAttribute(attrs[key] as Attributes[string])}${pen.faint(`  attribute: ${of}`)}`
    }),
    ...(extents.length === 0
      ? []
      : [`${indent}${extents.map(([key, extent]) => `${key} = ${extent}`).join(', ')}${pen.faint('  extents')}`]),
    ...runs.map(
      ([key, list]) => `${indent}${key === 'rest' ? '…' : key} = [${list.join(',')}]${pen.faint('  extents')}`,
    ),
  ]
}

/** The formula's answer by way of its trees, and the machine that remembers how it came about. */
export const compute = (
  formulas: Formulas,
  { op: name, direction, attrs, inputs, cotangents }: Question,
): Result<{ readonly runner: Machine; readonly outputs: Fields; readonly sizes: AnySizes }> =>
  F.pipe(
    resolve(opOf(name), attrs, shapesOf(inputs)),
    E.map(({ sizes, outputs: shapes }) => {
      const runner = machine(formulas.modules)
      const named = (called: (key: string) => string, tensors: Tensors): Fields =>
        Object.fromEntries(
          Object.entries(tensors).map(([key, tensor]) => {
            const field = given(tensor)
            runner.give(called(key), field)
            return [key, field]
          }),
        )
      const ins = named((key) => key, inputs)
      const dys = named(
        (key) => `d${key}`,
        direction === 'forward'
          ? {}
          : Object.fromEntries(
              cotangentNames(opOf(name)).map((key) => [key, cotangents[key] ?? zeros(shapes[key] as Shape)]),
            ),
      )
      const f = runner.take(moduleOf(formulas, name), direction) as (...args: readonly unknown[]) => object
      const answer = direction === 'forward' ? f(attrs, ins, sizes) : f(attrs, ins, dys, sizes)
      const outputs = Object.fromEntries(
        Object.entries(answer).filter((entry): entry is [string, Field] => isField(entry[1])),
      )
      return { runner, outputs, sizes }
    }),
  )

const flatIn = (shape: Shape, index: readonly number[]): number | undefined =>
  index.length === shape.length && index.every((i, axis) => i < (shape[axis] as number))
    ? index.reduce((flat, i, axis) => flat + i * sizeOf(shape.slice(axis + 1)), 0)
    : undefined

const elementsChosen = (
  outputs: Fields,
  { output, index }: Chosen,
  telling: (field: Field) => number,
): Result<readonly { readonly name: string; readonly field: Field; readonly at: number }[]> => {
  const bare = output === undefined || outputs[output] !== undefined ? output : output.replace(/^d/, '')
  const among = Object.entries(outputs).filter(([name]) => bare === undefined || name === bare)
  // answers of one shape are told at one place
  const places = new Map<string, number>()
  const placeIn = (field: Field): number => {
    const shape = showShape(field.shape)
    const at = places.get(shape) ?? telling(field)
    places.set(shape, at)
    return at
  }
  const found = among.flatMap(([name, field]) => {
    const at = index === undefined ? placeIn(field) : flatIn(field.shape, index)
    return at === undefined ? [] : [{ name, field, at }]
  })
  const shapes = among.map(([name, { shape }]) => `${name} has shape ${showShape(shape)}`).join(', ')
  return F.pipe(
    ensure(
      among.length > 0,
      'UnexpectedInput',
      `there is no answer ${output}; there are ${Object.keys(outputs).join(', ')}`,
    ),
    E.flatMap(() =>
      found.length > 0
        ? E.right(found)
        : fail('ShapeMismatch', `there is no element ${showShape(index ?? [])}: ${shapes}`),
    ),
  )
}

/**
 * The page about a question.
 *
 * Errors  what the op refuses; UnexpectedInput, ShapeMismatch – there is no such answer or no such element
 */
export const page = (
  formulas: Formulas,
  question: Question,
  { chosen = {}, width = 100, pen, about = '' }: { chosen?: Chosen; width?: number; pen: Pen; about?: string },
): Result<string> =>
  F.pipe(
    compute(formulas, question),
    E.bindTo('computed'),
    E.bind('elements', ({ computed }) => elementsChosen(computed.outputs, chosen, mostTelling(computed.runner))),
    E.map(({ computed: { runner, outputs, sizes }, elements }) => {
      const { op: name, direction } = question
      const op = opOf(name)
      // a state that goes in and comes out by one name: the new one has a prime
      const called = (output: string): string =>
        direction === 'backward'
          ? letter(`d${output}`)
          : `${letter(output)}${op.inputs[output] === undefined ? '' : '′'}`
      Object.entries(outputs).forEach(([output, field]) => runner.call(called(output), field))
      const tell = teller(formulas, runner, width, pen)
      const text = formulaText(formulas, name, direction)
      const sections = elements.flatMap(({ name: output, field, at }) => {
        const size = sizeOf(field.shape)
        const lines = tell(called(output), field, at, false)
        const left = elementText(called(output), field.shape, at)
        const value = number(element(field, at))
        const origin = runner.originOf(field)
        return [
          pen.strong(`${left}${size > 1 ? pen.faint(`, one of ${size}`) : ''}`),
          ...(lines.length > 0
            ? lines
            : [
                origin?.kind === 'given'
                  ? `${indent}${left} = ${elementText(letter(origin.name), origin.field.shape, at)} = ${value}`
                  : `${indent}${left} = ${value}`,
                '',
              ]),
        ]
      })
      return [
        `${pen.strong(`${name} ${direction}`)}${pen.faint(`  ${op.family}, ${op.source}`)}`,
        ...text
          .split('\n')
          .filter((line) => line !== '')
          .flatMap((line) => wrapped(`${indent}${line}`, width, 4)),
        ...(direction === 'forward' ? [pen.faint(`${indent}LaTeX: ${op.formula}`)] : []),
        '',
        `${pen.strong('Symbols')}${about === '' ? '' : pen.faint(`  ${about}`)}`,
        ...symbolLines(formulas, question, sizes, pen),
        '',
        ...sections,
        pen.strong('Result'),
        ...Object.entries(outputs).flatMap(([output, field]) => {
          const lines = grid(field)
          const title = `${indent}${called(output)} ${showShape(field.shape)}`
          return lines.length === 1
            ? [`${title}  ${lines[0]}`]
            : [title, ...lines.map((line) => `${indent}${indent}${indent}${line}`)]
        }),
        '',
      ].join('\n')
    }),
  )
