import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import type { Formulas } from './formulas.js'
import { placeOf, sourceOf, takenBy, unknownWords } from './check.js'
import { hasWords, roleOf, words } from './natives.js'
import type { Declaration, Import, Item, Member, Module, Modules, Operator, Pattern, Statement, Tree } from './tree.js'
import { operators } from './tree.js'

/**
 * The reference as trees, read from its sources by the TypeScript compiler. That is at hand in development only: a
 * package carries what was read when it was built. What no page could tell is refused here, by file and line: a build
 * fails on it, not a reader.
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

const unreadable = (node: ts.Node): Error =>
  new Error(`${placeOf(node)}: no tree for ${ts.SyntaxKind[node.kind]}: ${node.getText().slice(0, 80)}`)

const items = (nodes: readonly ts.Expression[]): readonly Item[] =>
  nodes.map((node) =>
    ts.isSpreadElement(node)
      ? { spread: true, value: treeOf(node.expression) }
      : { spread: false, value: treeOf(node) },
  )

const keyOf = (name: ts.PropertyName): Tree =>
  ts.isComputedPropertyName(name)
    ? treeOf(name.expression)
    : ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)
      ? { kind: 'text', value: name.text }
      : raise(unreadable(name))

const raise = (error: Error): never => {
  throw error
}

const memberOf = (node: ts.ObjectLiteralElementLike): Member => {
  if (ts.isPropertyAssignment(node)) return { key: keyOf(node.name), value: treeOf(node.initializer) }
  if (ts.isShorthandPropertyAssignment(node))
    return { key: { kind: 'text', value: node.name.text }, value: { kind: 'name', name: node.name.text } }
  if (ts.isSpreadAssignment(node)) return { value: treeOf(node.expression) }
  throw unreadable(node)
}

const functionOf = (node: ts.ArrowFunction | ts.FunctionDeclaration | ts.FunctionExpression): Tree => ({
  kind: 'function',
  params: node.parameters.map((parameter) => patternOf(parameter.name, parameter.initializer)),
  body:
    node.body === undefined
      ? raise(unreadable(node))
      : ts.isBlock(node.body)
        ? statementsOf(node.body)
        : [{ kind: 'return', value: treeOf(node.body) }],
})

const signs: ReadonlyMap<ts.SyntaxKind, '-' | '!'> = new Map([
  [ts.SyntaxKind.MinusToken, '-'],
  [ts.SyntaxKind.ExclamationToken, '!'],
] as const)

const isOperator = (text: string): text is Operator => (operators as readonly string[]).includes(text)

const treeOf = (node: ts.Expression): Tree => {
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node)
  )
    return treeOf(node.expression)
  if (ts.isNumericLiteral(node)) return { kind: 'number', value: Number(node.text) }
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return { kind: 'text', value: node.text }
  if (ts.isIdentifier(node)) return { kind: 'name', name: node.text }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { kind: 'constant', value: true }
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { kind: 'constant', value: false }
  if (node.kind === ts.SyntaxKind.NullKeyword) return { kind: 'constant', value: null }
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText()
    if (isOperator(operator)) return { kind: 'binary', operator, left: treeOf(node.left), right: treeOf(node.right) }
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const operator = signs.get(node.operator)
    if (operator !== undefined) return { kind: 'unary', operator, operand: treeOf(node.operand) }
  }
  if (ts.isConditionalExpression(node))
    return { kind: 'choice', test: treeOf(node.condition), yes: treeOf(node.whenTrue), no: treeOf(node.whenFalse) }
  if (ts.isCallExpression(node) && node.questionDotToken === undefined)
    return { kind: 'call', callee: treeOf(node.expression), args: node.arguments.map(treeOf) }
  if (ts.isPropertyAccessExpression(node) && node.questionDotToken === undefined)
    return { kind: 'member', object: treeOf(node.expression), name: node.name.text }
  if (ts.isElementAccessExpression(node) && node.questionDotToken === undefined)
    return { kind: 'element', object: treeOf(node.expression), index: treeOf(node.argumentExpression) }
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return functionOf(node)
  if (ts.isObjectLiteralExpression(node)) return { kind: 'object', members: node.properties.map(memberOf) }
  if (ts.isArrayLiteralExpression(node)) return { kind: 'list', items: items(node.elements) }
  if (ts.isTemplateExpression(node))
    return {
      kind: 'template',
      texts: [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)],
      values: node.templateSpans.map(({ expression }) => treeOf(expression)),
    }
  throw unreadable(node)
}

const otherwise = (node: ts.Expression | undefined): { readonly otherwise?: Tree } =>
  node === undefined ? {} : { otherwise: treeOf(node) }

const patternOf = (node: ts.BindingName, byDefault?: ts.Expression): Pattern => {
  if (ts.isIdentifier(node)) return { kind: 'name', name: node.text, ...otherwise(byDefault) }
  if (ts.isObjectBindingPattern(node)) {
    const rest = node.elements.find(({ dotDotDotToken }) => dotDotDotToken !== undefined)
    return {
      kind: 'members',
      members: node.elements
        .filter((element) => element !== rest)
        .map((element) => ({
          key: (element.propertyName ?? element.name).getText(),
          target: patternOf(element.name),
          ...otherwise(element.initializer),
        })),
      ...(rest === undefined ? {} : { rest: rest.name.getText() }),
    }
  }
  const last = node.elements.at(-1)
  const rest = last !== undefined && ts.isBindingElement(last) && last.dotDotDotToken !== undefined ? last : undefined
  return {
    kind: 'items',
    items: node.elements
      .filter((element) => element !== rest)
      .map((element) =>
        ts.isBindingElement(element) ? patternOf(element.name, element.initializer) : { kind: 'none' },
      ),
    ...(rest === undefined ? {} : { rest: patternOf(rest.name) }),
  }
}

const statementsOf = (node: ts.Statement): readonly Statement[] => {
  if (ts.isBlock(node)) return node.statements.flatMap(statementsOf)
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map((declaration) => ({
      kind: 'let',
      pattern: patternOf(declaration.name),
      value: treeOf(declaration.initializer ?? raise(unreadable(declaration))),
    }))
  if (ts.isReturnStatement(node)) return [{ kind: 'return', value: treeOf(node.expression ?? raise(unreadable(node))) }]
  throw unreadable(node)
}

// the last of the comments above a declaration, without the marks of a comment
const commentAbove = (text: string, node: ts.Node): string => {
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []
  const lines = ranges.map(({ pos, end }) => ({ pos, end, text: text.slice(pos, end) }))
  // lines of `//` that touch belong together; a blank line ends them
  const from = lines.reduce(
    (start, line, at) => (at > 0 && /\n\s*\n/.test(text.slice(lines[at - 1]?.end, line.pos)) ? at : start),
    0,
  )
  return lines
    .slice(from)
    .map(({ text }) =>
      text
        .replace(/^\/\*\*?|\*\/$/g, '')
        .replace(/^\s*(\/\/|\*) ?/gm, '')
        .trim(),
    )
    .join('\n')
}

const importsOf = (node: ts.ImportDeclaration): readonly Import[] =>
  takenBy(node).map(({ name, imported }) => ({
    name: name.text,
    ...(imported === undefined ? {} : { imported }),
    from: sourceOf(node),
  }))

const declarationsOf = (text: string, node: ts.Statement): readonly Declaration[] => {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map((declaration) => ({
      name: declaration.name.getText(),
      comment: commentAbove(text, node),
      value: treeOf(declaration.initializer ?? raise(unreadable(declaration))),
    }))
  if (ts.isFunctionDeclaration(node) && node.name !== undefined)
    return [{ name: node.name.text, comment: commentAbove(text, node), value: functionOf(node) }]
  if (ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return []
  throw unreadable(node)
}

/**
 * A file's text as a module. Throws where it uses more of the language than a formula does, or a word that is none: a
 * line for each, with file and line.
 */
export const parseModule = (id: string, text: string): Module => {
  const file = ts.createSourceFile(`${id}.ts`, text, ts.ScriptTarget.ES2022, true)
  const unknown = unknownWords(file)
  if (unknown.length > 0) throw new Error(unknown.join('\n'))
  return {
    imports: file.statements.flatMap((node) => (ts.isImportDeclaration(node) ? importsOf(node) : [])),
    declarations: file.statements.flatMap((node) => declarationsOf(text, node)),
  }
}

const readFrom = (known: Modules, id: string): Modules => {
  if (known[id] !== undefined || hasWords(id)) return known
  const module = parseModule(id, readFileSync(join(root, `${id}.ts`), 'utf8'))
  return module.imports.reduce((modules, { from }) => readFrom(modules, from), { ...known, [id]: module })
}

// what stands above each word; a word that is told by its name needs it
const saidOf = (id: string): Readonly<Record<string, string>> => {
  const text = readFileSync(join(root, `${id}.ts`), 'utf8')
  const file = ts.createSourceFile(`${id}.ts`, text, ts.ScriptTarget.ES2022, true)
  return Object.fromEntries(
    file.statements.filter(ts.isVariableStatement).flatMap((node) => {
      const comment = commentAbove(text, node).replace(/\s+/g, ' ')
      return node.declarationList.declarations.flatMap((declaration) => {
        const name = declaration.name.getText()
        if (comment !== '') return [[name, comment] as const]
        if (words[id]?.[name] !== undefined && roleOf(name) === 'named')
          throw new Error(`${placeOf(node)}: ${name} is told by its name, and nothing above it says what it does`)
        return []
      })
    }),
  )
}

const modules = (): Modules =>
  readdirSync(join(root, 'reference'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'spec', entry.name)))
    .flatMap(({ name: family }) =>
      readdirSync(join(root, 'reference', family))
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
        .map((name) => `reference/${family}/${name.replace(/\.ts$/, '')}`),
    )
    .reduce(readFrom, {})

/** Every op's formula, and what the formulas share. */
export const readFormulas = (): Formulas => ({
  modules: modules(),
  words: { ...saidOf('spec/philox'), ...saidOf('reference/arithmetic') },
})
