import type { Field } from '../../spec/field.js'
import { sizeOf } from '../../spec/tensor.js'
import { globals, hasWords, isField, nameOfWord, roleOf, words } from './natives.js'
import type { FunctionTree, Item, Modules, Operator, Pattern, Statement, Tree } from './tree.js'

/**
 * Computes formulas from their trees, in the arithmetic of the reference, and remembers how each field came about, so
 * that any element of it can be told afterwards. Elements are worked out as they are told: a formula of a large tensor
 * costs what is read of it.
 */

/** A tree, and what its names stand for. */
export interface Place {
  readonly tree: Tree
  readonly scope: Scope
}

/** What a name stands for. */
export interface Binding {
  readonly value: unknown
  /** what computed it, where that is worth telling */
  readonly from?: Place
  /** it is one of several that `from` gives: all of them */
  readonly among?: Pattern
  /** it is this element of this field, and what the formula calls the field */
  readonly element?: { readonly field: Field; readonly at: number; readonly called: Place | undefined }
  /** it is another number at another element: an index, or an element */
  readonly varies?: true
  /** how it is told where it stands, be it not a number alone */
  readonly term?: object
}

export interface Scope {
  readonly names: Map<string, Binding>
  readonly outer: Scope | undefined
  /** names are told where they stand, not on lines of their own */
  readonly inline: boolean
}

/** How a field came about: given by whoever asks, or made by a word of the formulas. */
export type Origin =
  | { readonly kind: 'given'; readonly name: string; readonly field: Field }
  | {
      readonly kind: 'made'
      readonly word: string
      readonly args: readonly unknown[]
      readonly places: readonly Place[]
      readonly field: Field
    }

export const scopeIn = (outer: Scope | undefined, inline = false): Scope => ({ names: new Map(), outer, inline })

export const lookUp = (scope: Scope | undefined, name: string): Binding | undefined =>
  scope === undefined ? undefined : (scope.names.get(name) ?? lookUp(scope.outer, name))

type Callable = (...args: readonly unknown[]) => unknown

const asCallable = (value: unknown, tree: Tree): Callable => {
  if (typeof value !== 'function') throw new Error(`not a function: ${JSON.stringify(tree).slice(0, 120)}`)
  return value as Callable
}

const compute = (operator: Operator, left: unknown, right: () => unknown): unknown => {
  const [a, b] = [left as number, () => right() as number]
  switch (operator) {
    case '+':
      return a + b()
    case '-':
      return a - b()
    case '*':
      return a * b()
    case '/':
      return a / b()
    case '%':
      return a % b()
    case '**':
      return a ** b()
    case '<':
      return a < b()
    case '<=':
      return a <= b()
    case '>':
      return a > b()
    case '>=':
      return a >= b()
    case '===':
      return left === right()
    case '!==':
      return left !== right()
    case '&&':
      return left && right()
    case '||':
      return left || right()
  }
}

/** The index of an element in a shape. */
export const indexAt = (shape: readonly number[], at: number): readonly number[] =>
  shape.map((extent, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % extent)

export interface Machine {
  /** the value of a tree */
  readonly evaluate: (tree: Tree, scope: Scope) => unknown
  /** puts a value under the names of a pattern */
  readonly bind: (scope: Scope, pattern: Pattern, value: unknown, how?: Partial<Binding>) => void
  /** the scope in which the body of a function runs up to what it returns, and that */
  readonly enter: (scope: Scope, body: readonly Statement[]) => { readonly result: Place }
  /** how a field came about; one that holds another's elements under another shape came about as that one did */
  readonly originOf: (field: Field) => Origin | undefined
  /** the tree of a function that a formula wrote */
  readonly functionOf: (value: unknown) => { readonly tree: FunctionTree; readonly scope: Scope } | undefined
  /** says that a field is given, and its name */
  readonly give: (name: string, field: Field) => void
  /** says what a field is called, whatever the formula calls it */
  readonly call: (name: string, field: Field) => void
  readonly nameOf: (field: Field) => string | undefined
  /** a function of a module */
  readonly take: (id: string, name: string) => unknown
}

/** A machine for the formulas in some modules. */
export const machine = (modules: Modules): Machine => {
  const origins = new WeakMap<Field, Origin>()
  const called = new WeakMap<Field, string>()
  const reshapedFrom = new WeakMap<Field, Field>()
  const functions = new WeakMap<object, { readonly tree: FunctionTree; readonly scope: Scope }>()
  const loaded = new Map<string, Scope>()
  const outermost: Scope = {
    names: new Map(Object.entries(globals).map(([name, value]) => [name, { value }])),
    outer: undefined,
    inline: false,
  }

  const valuesOf = (list: readonly Item[], scope: Scope): readonly unknown[] =>
    list.flatMap((item): readonly unknown[] => {
      const value = evaluate(item.value, scope)
      return item.spread ? [...(value as Iterable<unknown>)] : [value]
    })

  // the field that first had these elements
  const firstOf = (field: Field): Field => reshapedFrom.get(field) ?? field

  const made = (word: string | undefined, value: unknown, args: readonly unknown[], places: readonly Place[]): void => {
    if (word === undefined || !isField(value) || origins.has(firstOf(value))) return
    const source = roleOf(word) === 'sameElements' ? args.find(isField) : undefined
    if (source === undefined) origins.set(value, { kind: 'made', word, args, places, field: value })
    else reshapedFrom.set(value, firstOf(source))
  }

  const call = ({ callee, args: trees }: Extract<Tree, { readonly kind: 'call' }>, scope: Scope): unknown => {
    const self = callee.kind === 'member' || callee.kind === 'element' ? evaluate(callee.object, scope) : undefined
    const found =
      callee.kind === 'member'
        ? (self as Record<string, unknown>)[callee.name]
        : callee.kind === 'element'
          ? (self as Record<string, unknown>)[evaluate(callee.index, scope) as string]
          : evaluate(callee, scope)
    const f = asCallable(found, callee)
    const args = trees.map((tree) => evaluate(tree, scope))
    const value = f.apply(self, args)
    made(
      nameOfWord(f),
      value,
      args,
      trees.map((tree) => ({ tree, scope })),
    )
    return value
  }

  const evaluate = (tree: Tree, scope: Scope): unknown => {
    switch (tree.kind) {
      case 'number':
      case 'text':
      case 'constant':
        return tree.value
      case 'name': {
        const binding = lookUp(scope, tree.name)
        if (binding === undefined) throw new Error(`a formula reads ${tree.name}, which stands for nothing`)
        return binding.value
      }
      case 'binary':
        return compute(tree.operator, evaluate(tree.left, scope), () => evaluate(tree.right, scope))
      case 'unary': {
        const value = evaluate(tree.operand, scope)
        return tree.operator === '!' ? !value : -(value as number)
      }
      case 'choice':
        return evaluate(evaluate(tree.test, scope) ? tree.yes : tree.no, scope)
      case 'call':
        return call(tree, scope)
      case 'member':
        return (evaluate(tree.object, scope) as Record<string, unknown>)[tree.name]
      case 'element':
        return (evaluate(tree.object, scope) as Record<string, unknown>)[evaluate(tree.index, scope) as string]
      case 'function': {
        const f = (...args: readonly unknown[]): unknown => {
          const inner = scopeIn(scope)
          tree.params.forEach((pattern, at) => bind(inner, pattern, args[at]))
          const { result } = enter(inner, tree.body)
          return evaluate(result.tree, result.scope)
        }
        functions.set(f, { tree, scope })
        return f
      }
      case 'object':
        return tree.members.reduce<Readonly<Record<string, unknown>>>(
          (object, { key, value }) =>
            key === undefined
              ? { ...object, ...(evaluate(value, scope) as object) }
              : { ...object, [evaluate(key, scope) as string]: evaluate(value, scope) },
          {},
        )
      case 'list':
        return valuesOf(tree.items, scope)
      case 'template':
        return tree.texts
          .map((text, at) => (at === 0 ? text : `${String(evaluate(tree.values[at - 1] as Tree, scope))}${text}`))
          .join('')
    }
  }

  const bind = (scope: Scope, pattern: Pattern, value: unknown, how: Partial<Binding> = {}): void => {
    switch (pattern.kind) {
      case 'none':
        return
      case 'name':
        scope.names.set(pattern.name, {
          ...how,
          value: value === undefined && pattern.otherwise !== undefined ? evaluate(pattern.otherwise, scope) : value,
        })
        return
      case 'members': {
        const object = value as Readonly<Record<string, unknown>>
        const { from: _, among: __, ...plain } = how
        pattern.members.forEach(({ key, target, otherwise }) => {
          const member = object[key] ?? (otherwise === undefined ? undefined : evaluate(otherwise, scope))
          bind(scope, target, member, plain)
        })
        const taken = new Set(pattern.members.map(({ key }) => key))
        if (pattern.rest !== undefined)
          scope.names.set(pattern.rest, {
            value: Object.fromEntries(Object.entries(object).filter(([key]) => !taken.has(key))),
          })
        return
      }
      case 'items': {
        const list = value as readonly unknown[]
        const { from, among: _, ...plain } = how
        pattern.items.forEach((item, at) => {
          // [a, b] = [x, y] is a = x and b = y
          const source =
            from?.tree.kind === 'list' && from.tree.items.every(({ spread }) => !spread)
              ? from.tree.items[at]
              : undefined
          bind(scope, item, list[at], {
            ...plain,
            ...(from === undefined
              ? {}
              : source === undefined
                ? { from, among: pattern }
                : { from: { tree: source.value, scope: from.scope } }),
          })
        })
        if (pattern.rest !== undefined) bind(scope, pattern.rest, list.slice(pattern.items.length))
      }
    }
  }

  const enter = (scope: Scope, body: readonly Statement[]): { readonly result: Place } => {
    for (const statement of body) {
      if (statement.kind === 'return') return { result: { tree: statement.value, scope } }
      bind(scope, statement.pattern, evaluate(statement.value, scope), { from: { tree: statement.value, scope } })
    }
    return { result: { tree: { kind: 'name', name: 'undefined' }, scope } }
  }

  const load = (id: string): Scope => {
    const known = loaded.get(id)
    if (known !== undefined) return known
    const found = modules[id]
    if (found === undefined) throw new Error(`there is no formula ${id}`)
    const scope = scopeIn(outermost)
    loaded.set(id, scope)
    found.imports.forEach(({ name, imported, from }) => {
      const value = hasWords(from)
        ? words[from]?.[imported ?? name]
        : imported === undefined
          ? Object.fromEntries([...load(from).names].map(([name, binding]) => [name, binding.value]))
          : load(from).names.get(imported)?.value
      scope.names.set(name, { value })
    })
    found.declarations.forEach(({ name, value }) => scope.names.set(name, { value: evaluate(value, scope) }))
    return scope
  }

  return {
    evaluate,
    bind,
    enter,
    originOf: (field) => origins.get(firstOf(field)),
    functionOf: (value) => (typeof value === 'function' ? functions.get(value) : undefined),
    give: (name, field) => void origins.set(field, { kind: 'given', name, field }),
    call: (name, field) => {
      if (!called.has(firstOf(field))) called.set(firstOf(field), name)
    },
    nameOf: (field) => called.get(firstOf(field)),
    take: (id, name) => load(id).names.get(name)?.value,
  }
}
