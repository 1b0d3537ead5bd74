import type { Field } from '../../spec/field.js'
import { element } from '../../spec/field.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Binding, Machine, Place, Scope } from './evaluate.js'
import { indexAt, lookUp, scopeIn } from './evaluate.js'
import { isField, roleOf } from './natives.js'
import type { Gathering, Written } from './notation.js'
import {
  applied,
  calledName,
  fieldRead,
  joined,
  letter,
  negated,
  number,
  overRange,
  strengthOf,
  whole,
  wordOf,
  writtenNumber,
} from './notation.js'
import type { FunctionTree, Pattern, Tree } from './tree.js'

/** A formula at one element: its numbers, and what is done to them. */
export type Term =
  | { readonly kind: 'number'; readonly value: number; readonly name?: string }
  | {
      readonly kind: 'read'
      readonly value: number
      readonly field: Field
      readonly at: number
      readonly name: string
    }
  | { readonly kind: 'operation'; readonly value: number; readonly operator: string; readonly parts: readonly Term[] }
  | {
      readonly kind: 'many'
      readonly value: number
      readonly word: Gathering
      /** the first and the last of them; between the two the rest are left out */
      readonly first: readonly Term[]
      readonly last: readonly Term[]
      readonly hidden: number
      /** how many the formula itself says are 0 */
      readonly zeros: number
    }

/** What a formula at an element leads to: elements read, names used, functions of its own, and choices made. */
export interface Findings {
  readonly reads: { readonly field: Field; readonly at: number; readonly called: Place | undefined }[]
  readonly names: { readonly name: string; readonly place: Place; readonly among: Pattern | undefined }[]
  readonly helpers: { readonly name: string; readonly tree: FunctionTree }[]
  readonly words: string[]
  readonly outside: string[]
  readonly choices: { readonly place: Place; readonly holds: boolean }[]
}

export const noFindings = (): Findings => ({ reads: [], names: [], helpers: [], words: [], outside: [], choices: [] })

/** Of longer sums and lists only so many at each end. */
const shown = { all: 12, first: 6, last: 2 }
/** Of more terms than these nobody asks which are 0. */
const looked = 4096

const literalZero = (term: Term): boolean => term.kind === 'number' && term.value === 0 && term.name === undefined

const termOf = (binding: Binding): Term | undefined => binding.term as Term | undefined

/** The name of a field where it is read: what it was given as, else what the formula calls it. */
export const fieldName = (machine: Machine, field: Field, called: Place | undefined): string => {
  const origin = machine.originOf(field)
  if (origin?.kind === 'given') return letter(origin.name)
  const known = machine.nameOf(field)
  if (known !== undefined) return known
  // part t of a field along its first axis
  if (origin !== undefined && roleOf(origin.word) === 'part' && isField(origin.args[0]))
    return `${fieldName(machine, origin.args[0], origin.places[0])}[${String(origin.args[1])}]`
  return called === undefined ? '…' : nameIn(machine, called.tree, called.scope)
}

const nameIn = (machine: Machine, tree: Tree, scope: Scope): string => {
  if (tree.kind === 'name' || tree.kind === 'member') return letter(tree.name)
  if (tree.kind !== 'element') return '…'
  const at = machine.evaluate(tree.index, scope)
  const item = tree.object.kind === 'list' ? tree.object.items[Number(at)] : undefined
  return item === undefined
    ? `${nameIn(machine, tree.object, scope)}[${String(at)}]`
    : nameIn(machine, item.value, scope)
}

export const elementText = (name: string, shape: readonly number[], at: number): string =>
  shape.length === 0 ? name : `${name}[${indexAt(shape, at).join(',')}]`

/** A function that a formula wrote, and an argument for it: a value, and how it is told if it is a number. */
type Own = { readonly tree: FunctionTree; readonly scope: Scope }
type Argument = { readonly value: unknown; readonly term?: Term }

interface Builder {
  /** the term of a tree where it stands */
  readonly build: (tree: Tree, scope: Scope) => Term
  /** of what a function answers with */
  readonly enter: (own: Own, args: readonly Argument[]) => Term
  readonly read: (field: Field, at: number, called: Place | undefined) => Term
}

/** A term with no element of a field in it: it says where, not what. */
const bare = (term: Term): boolean =>
  term.kind === 'number' ||
  (term.kind === 'operation' && term.parts.every(bare)) ||
  (term.kind === 'many' && [...term.first, ...term.last].every(bare))

/** Builds terms, and writes down what it finds on the way. */
export const builder = (machine: Machine, findings: Findings): Builder => {
  const { evaluate } = machine

  const read = (field: Field, at: number, called: Place | undefined): Term => {
    findings.reads.push({ field, at, called })
    return { kind: 'read', value: element(field, at), field, at, name: fieldName(machine, field, called) }
  }

  const plain = (value: unknown, name?: string): Term => ({
    kind: 'number',
    value: Number(value),
    ...(name === undefined ? {} : { name }),
  })

  const nameTerm = (name: string, scope: Scope): Term => {
    const binding = lookUp(scope, name)
    if (binding === undefined) throw new Error(`a formula reads ${name}, which stands for nothing`)
    const term = termOf(binding)
    if (term !== undefined) return term
    if (binding.element !== undefined) {
      const { field, at, called } = binding.element
      return read(field, at, called)
    }
    const { from, among, value } = binding
    if (binding.varies === true || typeof value !== 'number') return plain(value)
    if (from === undefined) return plain(value, letter(name))
    if (from.scope.inline && among === undefined) {
      const term = build(from.tree, from.scope)
      return bare(term) ? plain(value) : term
    }
    // what several have in common is told where it is no other for every term of a sum
    if (!from.scope.inline && !(among !== undefined && /^(name|member)$/.test(from.tree.kind)))
      findings.names.push({ name, place: from, among })
    return plain(value, letter(name))
  }

  const operation = (operator: string, parts: readonly Term[], value: number): Term => ({
    kind: 'operation',
    operator,
    parts,
    value,
  })

  // the terms of a sum or the numbers of a maximum: those at both ends
  const many = (word: Gathering, value: number, count: number, term: (builder: Builder, at: number) => Term): Term => {
    const all = count <= looked ? Array.from({ length: count }, (_, at) => at) : undefined
    // nothing is found in terms that are left out
    const quiet = builder(machine, noFindings())
    const kept =
      word === 'Σ' && all !== undefined && count > 1 ? all.filter((at) => !literalZero(term(quiet, at))) : all
    const length = kept?.length ?? count
    const place = (at: number): number => kept?.[at] ?? at
    const whole = length <= shown.all
    const from = (start: number, end: number): readonly Term[] =>
      Array.from({ length: end - start }, (_, i) => term(self, place(start + i)))
    const [first, last] = whole ? [from(0, length), []] : [from(0, shown.first), from(length - shown.last, length)]
    return {
      kind: 'many',
      word,
      value,
      first,
      last,
      hidden: length - first.length - last.length,
      zeros: count - length,
    }
  }

  /** A function of a formula's own, at terms for its numbers. */
  const enter = ({ tree, scope }: Own, args: readonly Argument[]): Term => {
    const inner = scopeIn(scope, true)
    tree.params.forEach((pattern, at) => {
      const arg = args[at]
      machine.bind(inner, pattern, arg?.value, {
        varies: true,
        ...(arg?.term === undefined ? {} : { term: arg.term }),
      })
    })
    const { result } = machine.enter(inner, tree.body)
    return build(result.tree, result.scope)
  }

  const callTerm = (tree: Extract<Tree, { readonly kind: 'call' }>, scope: Scope): Term => {
    const word = wordOf(tree.callee)
    const trees = tree.args
    const of = fieldRead(word)
    if (of !== undefined) {
      const [source, ...index] = trees.slice(of)
      const called = { tree: source as Tree, scope }
      const field = evaluate(called.tree, scope) as Field
      const indices = index.map((each) => evaluate(each, scope) as number)
      const inside = indices.every((i, axis) => i >= 0 && i < (field.shape[axis] ?? sizeOf(field.shape)))
      if (!inside && roleOf(word as string) !== 'element') {
        const outside = evaluate(tree, scope) as number
        findings.outside.push(`${fieldName(machine, field, called)} is ${number(outside)} outside`)
        return plain(outside)
      }
      // one index goes along all elements, whatever the shape
      const at =
        indices.length === 1
          ? (indices[0] as number)
          : indices.reduce((flat, i, axis) => flat + i * sizeOf(field.shape.slice(axis + 1)), 0)
      return read(field, at, called)
    }
    const range = overRange(word)
    const last = trees.at(-1)
    if (range !== undefined && last !== undefined) {
      const extents = trees.slice(0, -1).map((each) => evaluate(each, scope) as number)
      const f = machine.functionOf(evaluate(last, scope))
      if (f !== undefined)
        return many(range, evaluate(tree, scope) as number, sizeOf(extents), (by, at) =>
          by.enter(
            f,
            indexAt(extents, at).map((value) => ({ value })),
          ),
        )
    }
    if (word !== undefined && roleOf(word) === 'sumOfAll' && last !== undefined) {
      const field = evaluate(last, scope) as Field
      const called = { tree: last, scope }
      return many('Σ', evaluate(tree, scope) as number, sizeOf(field.shape), (by, at) => by.read(field, at, called))
    }
    const value = evaluate(tree, scope)
    if (typeof value !== 'number') return plain(value)
    const values = trees.map((each) => evaluate(each, scope))
    const own = machine.functionOf(evaluate(tree.callee, scope))
    if (own !== undefined) {
      if (tree.callee.kind === 'name') findings.helpers.push({ name: tree.callee.name, tree: own.tree })
      const term = enter(
        own,
        values.map((value, at) => ({
          value,
          ...(typeof value === 'number' ? { term: build(trees[at] as Tree, scope) } : {}),
        })),
      )
      return bare(term) && scope.inline ? plain(value) : term
    }
    if (values.some((each) => typeof each !== 'number')) return plain(value)
    if (word !== undefined) findings.words.push(word)
    const parts = trees.map((each) => build(each, scope))
    return scope.inline && parts.every(bare) ? plain(value) : operation(calledName(tree.callee) ?? '…', parts, value)
  }

  // what a condition reads, as far as it is looked at
  const readBehind = (test: Tree, scope: Scope): void => {
    if (test.kind === 'binary' && /^(&&|\|\|)$/.test(test.operator)) {
      readBehind(test.left, scope)
      if (Boolean(evaluate(test.left, scope)) === (test.operator === '&&')) readBehind(test.right, scope)
    } else if (typeof evaluate(test, scope) === 'number') build(test, scope)
    else if (test.kind === 'unary') readBehind(test.operand, scope)
    else if (test.kind === 'call') test.args.forEach((each) => readBehind(each, scope))
    else if (test.kind === 'binary') [test.left, test.right].forEach((side) => readBehind(side, scope))
  }

  const build = (tree: Tree, scope: Scope): Term => {
    switch (tree.kind) {
      case 'number':
        return plain(tree.value)
      case 'name':
        return nameTerm(tree.name, scope)
      case 'binary': {
        const value = evaluate(tree, scope)
        if (!/^(\+|-|\*|\/|%|\*\*)$/.test(tree.operator) || typeof value !== 'number') return plain(value)
        return operation(tree.operator, [build(tree.left, scope), build(tree.right, scope)], value)
      }
      case 'unary':
        return tree.operator === '-' && tree.operand.kind !== 'number'
          ? operation('negative', [build(tree.operand, scope)], evaluate(tree, scope) as number)
          : plain(evaluate(tree, scope))
      case 'choice': {
        const holds = Boolean(evaluate(tree.test, scope))
        findings.choices.push({ place: { tree: tree.test, scope }, holds })
        readBehind(tree.test, scope)
        return build(holds ? tree.yes : tree.no, scope)
      }
      case 'call':
        return callTerm(tree, scope)
      case 'text':
      case 'constant':
      case 'member':
      case 'element':
      case 'function':
      case 'object':
      case 'list':
      case 'template':
        return plain(evaluate(tree, scope))
    }
  }

  const self: Builder = { build, enter, read }
  return self
}

// ---- writing terms -----------------------------------------------------------------------------------------------

const done = (term: Term): boolean => term.kind === 'number' || term.kind === 'read'

const manyText = (texts: readonly Written[], last: readonly Written[], hidden: number, word: Gathering): Written => {
  const gap = hidden > 0 ? [whole('…')] : []
  const all = [...texts, ...gap, ...last]
  if (word !== 'Σ') return whole(`${word}(${all.map(({ text }) => text).join(', ')})`)
  const [head = whole('0'), ...tail] = all
  return tail.reduce((sum, next) => joined('+', sum, next), head)
}

/** A term with its elements by name, or by number. */
export const writeTerm = (term: Term, named: boolean): Written => {
  switch (term.kind) {
    case 'number':
      return named && term.name !== undefined ? whole(term.name) : writtenNumber(term.value)
    case 'read':
      return named ? whole(elementText(term.name, term.field.shape, term.at)) : writtenNumber(term.value)
    case 'operation': {
      const parts = term.parts.map((part) => writeTerm(part, named))
      if (term.operator === 'negative') return negated(parts[0] as Written)
      return /^\W/.test(term.operator)
        ? joined(term.operator, parts[0] as Written, parts[1] as Written)
        : applied(term.operator, parts)
    }
    case 'many': {
      const on = (terms: readonly Term[]) => terms.map((each) => writeTerm(each, named))
      const written = manyText(on(term.first), on(term.last), term.hidden, term.word)
      return term.first.length + term.last.length > 1
        ? { ...written, strength: Math.min(written.strength, strengthOf.sum) }
        : written
    }
  }
}

const numberTerm = (value: number): Term => ({ kind: 'number', value })

/** One step further: what has only numbers in it becomes its value. */
export const reduced = (term: Term): Term => {
  switch (term.kind) {
    case 'number':
    case 'read':
      return numberTerm(term.value)
    case 'operation':
      return term.parts.every(done) ? numberTerm(term.value) : { ...term, parts: term.parts.map(reduced) }
    case 'many':
      return [...term.first, ...term.last].every(done)
        ? numberTerm(term.value)
        : { ...term, first: term.first.map(reduced), last: term.last.map(reduced) }
  }
}

const hasMany = (term: Term): boolean =>
  term.kind === 'many' ? term.first.length > 0 : term.kind === 'operation' && term.parts.some(hasMany)

const zerosIn = (term: Term): number =>
  term.kind === 'many'
    ? term.zeros + [...term.first, ...term.last].reduce((n, each) => n + zerosIn(each), 0)
    : term.kind === 'operation'
      ? term.parts.reduce((n, each) => n + zerosIn(each), 0)
      : 0

/** From the formula with its elements put in to its value, one step a text; and how many terms are left out, being 0. */
export const stepsOf = (term: Term): { readonly texts: readonly string[]; readonly zeros: number } => {
  const steps: string[] = hasMany(term) ? [writeTerm(term, true).text] : []
  for (let each = term; ; each = reduced(each)) {
    steps.push(writeTerm(each, false).text)
    if (each.kind === 'number' || each.kind === 'read') break
  }
  return { texts: steps.filter((text, at) => text !== steps[at - 1]), zeros: zerosIn(term) }
}
