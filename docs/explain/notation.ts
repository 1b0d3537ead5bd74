import type { Role } from '../../reference/words.js'
import type { Binding, Machine, Scope } from './evaluate.js'
import { lookUp } from './evaluate.js'
import { isWord, roleOf } from './natives.js'
import type { FunctionTree, Pattern, Tree } from './tree.js'

/** How formulas and numbers are written for people: letters for names, signs for words. */

/** A piece of a formula and how strongly it holds together: parentheses go around what holds less than it has to. */
export interface Written {
  readonly text: string
  readonly strength: number
}

export const strengthOf = { choice: 0, logic: 1, relation: 2, sum: 3, product: 4, sign: 5, power: 6, whole: 7 } as const

export const whole = (text: string): Written => ({ text, strength: strengthOf.whole })

/** The text, in parentheses if it holds together less than so. */
export const within = ({ text, strength }: Written, least: number): string => (strength < least ? `(${text})` : text)

const greek: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  gamma: 'γ',
  delta: 'δ',
  epsilon: 'ε',
  eta: 'η',
  theta: 'θ',
  lambda: 'λ',
  mu: 'μ',
  rho: 'ρ',
  sigma: 'σ',
  tau: 'τ',
  xhat: 'x̂',
  rest: '…',
}

/** A name as people write it: eta is η, dbeta dβ. */
export const letter = (name: string): string => {
  const behind = /^(d?)([a-z]+)(\d*)$/.exec(name)
  const sign = greek[name] ?? (behind === null ? undefined : greek[behind[2] as string])
  return sign === undefined ? name : name in greek ? sign : `${behind?.[1]}${sign}${behind?.[3]}`
}

const minus = (text: string): string => text.replace(/-/g, '−')

/** A number to five digits. */
export const number = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (Number.isInteger(value) && size < 1e6) return minus(String(value))
  const [digits = '', power] = value.toExponential(4).split('e')
  return size < 1e-3 || size >= 1e6
    ? minus(`${Number(digits)}e${Number(power)}`)
    : minus(String(Number(value.toPrecision(5))))
}

export const writtenNumber = (value: number): Written => ({
  text: number(value),
  strength: value < 0 ? strengthOf.sign : strengthOf.whole,
})

// a number or a letter as it is, in parentheses whatever is longer
const tight = ({ text }: Written): string => (/^[\p{L}\d.]+$/u.test(text) ? text : `(${text})`)

/** A function of numbers applied. */
export const applied = (name: string, args: readonly Written[]): Written => {
  const [first] = args
  if (first !== undefined && args.length === 1) {
    switch (name) {
      case 'exp':
        return { text: `e^${tight(first)}`, strength: strengthOf.power }
      case 'sqrt':
        return { text: `√${tight(first)}`, strength: strengthOf.power }
      case 'floor':
        return whole(`⌊${first.text}⌋`)
      case 'ceil':
        return whole(`⌈${first.text}⌉`)
      case 'abs':
        return whole(`|${first.text}|`)
      case 'expm1':
        return { text: `e^${tight(first)} − 1`, strength: strengthOf.sum }
      case 'log1p':
        return whole(`log(1 + ${within(first, strengthOf.product)})`)
      case 'fround':
        return first
    }
  }
  return whole(`${name}(${args.map(({ text }) => text).join(', ')})`)
}

const signs: Readonly<Record<string, readonly [sign: string, strength: number]>> = {
  '+': [' + ', strengthOf.sum],
  '-': [' − ', strengthOf.sum],
  '*': ['·', strengthOf.product],
  '/': ['/', strengthOf.product],
  '%': [' mod ', strengthOf.product],
  '<': [' < ', strengthOf.relation],
  '<=': [' ≤ ', strengthOf.relation],
  '>': [' > ', strengthOf.relation],
  '>=': [' ≥ ', strengthOf.relation],
  '===': [' = ', strengthOf.relation],
  '!==': [' ≠ ', strengthOf.relation],
  '&&': [' and ', strengthOf.logic],
  '||': [' or ', strengthOf.logic],
}

/** Two pieces under an operator. */
export const joined = (operator: string, left: Written, right: Written): Written => {
  if (operator === '**') {
    const base = within(left, strengthOf.whole)
    return right.text === '2'
      ? { text: `${base}²`, strength: strengthOf.power }
      : { text: `${base}^${within(right, strengthOf.whole)}`, strength: strengthOf.power }
  }
  const [sign, strength] = signs[operator] ?? [` ${operator} `, strengthOf.logic]
  const least = operator === '-' || operator === '/' || operator === '%' ? strength + 1 : strength
  // a sign behind an operator stands in parentheses: 2·(−3), 1 + (−3)
  const behind = right.text.startsWith('−') ? strengthOf.whole : least
  return { text: `${within(left, strength)}${sign}${within(right, behind)}`, strength }
}

export const negated = (operand: Written): Written => ({
  text: `−${within(operand, operand.text.startsWith('−') ? strengthOf.whole : strengthOf.product)}`,
  strength: operand.strength === strengthOf.product ? strengthOf.product : strengthOf.sign,
})

/** What is made of many numbers. */
export type Gathering = 'Σ' | 'max' | 'min'

/** Which of its arguments a word takes an element of, the index behind it; none, if it is no word that does. */
export const fieldRead = (word: string | undefined): number | undefined => {
  const role = word === undefined ? undefined : roleOf(word)
  return role === 'element' || role === 'elementOrZero' ? 0 : role === 'elementOr' ? 1 : undefined
}

const gatherings: Readonly<Partial<Record<Role, Gathering>>> = { sum: 'Σ', largest: 'max', smallest: 'min' }

/** What a word makes of the numbers over ranges of indices, if it goes over any. */
export const overRange = (word: string | undefined): Gathering | undefined =>
  word === undefined ? undefined : gatherings[roleOf(word)]

/** The word of the formulas that a call is to. */
export const wordOf = (callee: Tree): string | undefined =>
  callee.kind === 'name' && isWord(callee.name) ? callee.name : undefined

/** What a call is to by name: a word, a function of the formula's own, or a member of Math or Number. */
export const calledName = (callee: Tree): string | undefined =>
  callee.kind === 'name'
    ? callee.name
    : callee.kind === 'member' && callee.object.kind === 'name' && /^(Math|Number)$/.test(callee.object.name)
      ? callee.name
      : undefined

export const namesIn = (pattern: Pattern): readonly string[] => {
  switch (pattern.kind) {
    case 'none':
      return []
    case 'name':
      return [pattern.name]
    case 'members':
      return [
        ...pattern.members.flatMap(({ target }) => namesIn(target)),
        ...(pattern.rest === undefined ? [] : [pattern.rest]),
      ]
    case 'items':
      return [...pattern.items.flatMap(namesIn), ...(pattern.rest === undefined ? [] : namesIn(pattern.rest))]
  }
}

/** `[r, s]`, or a name alone. */
export const writePattern = (pattern: Pattern): string =>
  pattern.kind === 'name' ? letter(pattern.name) : `[${namesIn(pattern).map(letter).join(', ')}]`

/** The names in a tree, each once; those that its own functions bring are none. */
const namesOf = (tree: unknown): readonly string[] => {
  if (Array.isArray(tree)) return tree.flatMap(namesOf)
  if (typeof tree !== 'object' || tree === null) return []
  const node = tree as Tree
  if (node.kind === 'name' && 'name' in node) return [node.name]
  return Object.values(node).flatMap(namesOf)
}

const steady = (binding: Binding | undefined): boolean => binding !== undefined && binding.varies !== true

/** What a formula written out leaves to be said beside it: names that it gives on the way, and words that have no sign. */
export interface Aside {
  readonly lets: string[]
  readonly words: string[]
}

/**
 * Writes trees in the letters of their formula. A choice that attributes have made already is written as made; which
 * that is, the scope says.
 */
export const writer = ({ evaluate }: Pick<Machine, 'evaluate'>, aside: Aside = { lets: [], words: [] }) => {
  const settled = (test: Tree, scope: Scope | undefined, inner: ReadonlySet<string>): boolean | undefined => {
    const names = namesOf(test)
    return scope !== undefined && names.every((name) => !inner.has(name) && steady(lookUp(scope, name)))
      ? Boolean(evaluate(test, scope))
      : undefined
  }

  const write = (tree: Tree, scope?: Scope, inner: ReadonlySet<string> = new Set()): Written => {
    const on = (tree: Tree): Written => write(tree, scope, inner)
    switch (tree.kind) {
      case 'number':
        return writtenNumber(tree.value)
      case 'text':
        return whole(JSON.stringify(tree.value))
      case 'constant':
        return whole(String(tree.value))
      case 'name':
        return tree.name === 'Infinity' ? whole('∞') : whole(letter(tree.name))
      case 'binary': {
        const { operator, left, right } = tree
        if ((operator === '===' || operator === '!==') && right.kind === 'name' && right.name === 'undefined')
          return { text: `${on(left).text} is ${operator === '===' ? 'absent' : 'given'}`, strength: 2 }
        if (operator === '*' && JSON.stringify(left) === JSON.stringify(right))
          return joined('**', on(left), whole('2'))
        return joined(operator, on(left), on(right))
      }
      case 'unary': {
        if (tree.operator === '!') return whole(`not ${within(on(tree.operand), strengthOf.whole)}`)
        return negated(on(tree.operand))
      }
      case 'choice': {
        const known = settled(tree.test, scope, inner)
        if (known !== undefined) return on(known ? tree.yes : tree.no)
        return {
          text: `${within(on(tree.yes), strengthOf.logic)} if ${on(tree.test).text}, else ${on(tree.no).text}`,
          strength: strengthOf.choice,
        }
      }
      case 'call':
        return writeCall(tree, scope, inner)
      case 'member':
        // inputs.c is c
        return tree.object.kind === 'name' && /^(attrs|inputs|sizes)$/.test(tree.object.name)
          ? whole(letter(tree.name))
          : whole(`${on(tree.object).text}.${tree.name}`)
      case 'element':
        return whole(`${on(tree.object).text}[${on(tree.index).text}]`)
      case 'function': {
        const body = writeFunction(tree, scope, inner)
        return { text: `${parameters(tree).join(', ')} ↦ ${body.text}`, strength: strengthOf.choice }
      }
      case 'list':
        return whole(`[${tree.items.map(({ spread, value }) => `${spread ? '…' : ''}${on(value).text}`).join(', ')}]`)
      case 'object':
      case 'template':
        return whole('…')
    }
  }

  /** What a function answers with, in the letters of its parameters; names that it gives on the way are said behind. */
  const writeFunction = (tree: FunctionTree, scope?: Scope, inner: ReadonlySet<string> = new Set()): Written => {
    const given = tree.body.flatMap((statement) => (statement.kind === 'let' ? namesIn(statement.pattern) : []))
    const known = new Set([...inner, ...tree.params.flatMap(namesIn), ...given])
    const result = tree.body.find((statement) => statement.kind === 'return')
    tree.body.forEach((statement) => {
      if (statement.kind === 'let')
        aside.lets.push(`${writePattern(statement.pattern)} = ${write(statement.value, scope, known).text}`)
    })
    return result === undefined ? whole('…') : write(result.value, scope, known)
  }

  const parameters = (tree: FunctionTree): readonly string[] => tree.params.flatMap(namesIn).map(letter)

  const writeCall = (
    { callee, args }: Extract<Tree, { readonly kind: 'call' }>,
    scope: Scope | undefined,
    inner: ReadonlySet<string>,
  ): Written => {
    const word = wordOf(callee)
    const on = (tree: Tree): Written => write(tree, scope, inner)
    const texts = (): string => args.map((tree) => on(tree).text).join(', ')
    const of = fieldRead(word)
    if (of !== undefined) {
      const [field, ...index] = args.slice(of)
      // an index stays on its line
      const texts = index.map((each) => on(each).text.replaceAll(' ', '\u00a0'))
      const separator = texts.every((text) => /^[^\s,]+$/.test(text)) ? ',' : ',\u00a0'
      return whole(`${field === undefined ? '' : on(field).text}[${texts.join(separator)}]`)
    }
    const range = overRange(word)
    const f = args.at(-1)
    if (range !== undefined && f?.kind === 'function') {
      const letters = parameters(f)
      const extents = args.slice(0, -1).map((each) => on(each).text)
      const under = letters.map((each, at) => `${each}<${extents[at] ?? ''}`).join(', ')
      const body = writeFunction(f, scope, inner)
      return range === 'Σ'
        ? { text: `Σ_{${under}} ${within(body, strengthOf.product)}`, strength: strengthOf.sum }
        : whole(`${range}_{${under}} ${within(body, strengthOf.product)}`)
    }
    if (word !== undefined && roleOf(word) === 'sumOfAll') return { text: `Σ ${texts()}`, strength: strengthOf.sum }
    const name = calledName(callee)
    if (name === 'isNaN') return { text: `${texts()} is NaN`, strength: 2 }
    if (name === 'isFinite') return { text: `${texts()} is finite`, strength: 2 }
    if (name === 'sizeOf') return whole(`size(${texts()})`)
    if (callee.kind === 'name') aside.words.push(callee.name)
    return applied(name ?? on(callee).text, args.map(on))
  }

  return { write, writeFunction, parameters }
}
