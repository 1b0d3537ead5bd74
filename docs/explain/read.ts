import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import type { Formulas } from './formulas.js'
import { isNative } from './natives.js'
import type { Declaration, Import, Item, Member, Module, Modules, Pattern, Statement, Tree } from './tree.js'

/**
 * The reference as trees, read from its sources by the TypeScript compiler. That is at hand in development only: a
 * package carries what was read when it was built.
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

const unreadable = (node: ts.Node): Error =>
  new Error(`no tree for ${ts.SyntaxKind[node.kind]}: ${node.getText().slice(0, 80)}`)

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

const operators: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.MinusToken, '-'],
  [ts.SyntaxKind.PlusToken, '+'],
  [ts.SyntaxKind.ExclamationToken, '!'],
])

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
  if (ts.isBinaryExpression(node))
    return {
      kind: 'binary',
      operator: node.operatorToken.getText(),
      left: treeOf(node.left),
      right: treeOf(node.right),
    }
  if (ts.isPrefixUnaryExpression(node)) {
    const operator = operators.get(node.operator)
    if (operator !== undefined) return { kind: 'unary', operator, operand: treeOf(node.operand) }
  }
  if (ts.isConditionalExpression(node))
    return { kind: 'choice', test: treeOf(node.condition), yes: treeOf(node.whenTrue), no: treeOf(node.whenFalse) }
  if (ts.isCallExpression(node))
    return {
      kind: 'call',
      callee: treeOf(node.expression),
      args: items(node.arguments),
      optional: node.questionDotToken !== undefined,
    }
  if (ts.isNewExpression(node))
    return { kind: 'make', callee: treeOf(node.expression), args: items(node.arguments ?? []) }
  if (ts.isPropertyAccessExpression(node))
    return {
      kind: 'member',
      object: treeOf(node.expression),
      name: node.name.text,
      optional: node.questionDotToken !== undefined,
    }
  if (ts.isElementAccessExpression(node))
    return {
      kind: 'element',
      object: treeOf(node.expression),
      index: treeOf(node.argumentExpression),
      optional: node.questionDotToken !== undefined,
    }
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
  if (ts.isIfStatement(node))
    return [
      {
        kind: 'if',
        test: treeOf(node.expression),
        yes: statementsOf(node.thenStatement),
        no: node.elseStatement === undefined ? [] : statementsOf(node.elseStatement),
      },
    ]
  if (ts.isExpressionStatement(node)) return [{ kind: 'do', value: treeOf(node.expression) }]
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

// './weighted.js' in reference/losses/bce is reference/losses/weighted; a package keeps its name
const targetOf = (id: string, specifier: string): string =>
  specifier.startsWith('.') ? posix.join(posix.dirname(id), specifier).replace(/\.js$/, '') : specifier

const importsOf = (id: string, node: ts.ImportDeclaration): readonly Import[] => {
  const { importClause: clause, moduleSpecifier } = node
  const from = targetOf(id, (moduleSpecifier as ts.StringLiteral).text)
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword || clause.namedBindings === undefined)
    return []
  return ts.isNamespaceImport(clause.namedBindings)
    ? [{ name: clause.namedBindings.name.text, from }]
    : clause.namedBindings.elements
        .filter(({ isTypeOnly }) => !isTypeOnly)
        .map(({ name, propertyName }) => ({ name: name.text, imported: (propertyName ?? name).text, from }))
}

const declarationsOf = (text: string, node: ts.Statement): readonly Declaration[] => {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map((declaration) => ({
      name: declaration.name.getText(),
      comment: commentAbove(text, node),
      value: treeOf(declaration.initializer ?? raise(unreadable(declaration))),
    }))
  if (ts.isFunctionDeclaration(node) && node.name !== undefined)
    return [{ name: node.name.text, comment: commentAbove(text, node), value: functionOf(node) }]
  if (
    ts.isImportDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isExportDeclaration(node)
  )
    return []
  throw unreadable(node)
}

/** A file's text as a module. Throws where it uses more of the language than a formula does. */
export const parseModule = (id: string, text: string): Module => {
  const file = ts.createSourceFile(`${id}.ts`, text, ts.ScriptTarget.ES2022, true)
  return {
    imports: file.statements.flatMap((node) => (ts.isImportDeclaration(node) ? importsOf(id, node) : [])),
    declarations: file.statements.flatMap((node) => declarationsOf(text, node)),
  }
}

const readFrom = (known: Modules, id: string): Modules => {
  if (known[id] !== undefined || isNative(id)) return known
  const module = parseModule(id, readFileSync(join(root, `${id}.ts`), 'utf8'))
  return module.imports.reduce((modules, { from }) => readFrom(modules, from), { ...known, [id]: module })
}

// the first sentence above each word
const wordsIn = (path: string): Readonly<Record<string, string>> => {
  const text = readFileSync(join(root, path), 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  return Object.fromEntries(
    file.statements.flatMap((node) => {
      const comment = commentAbove(text, node).replace(/\s+/g, ' ')
      return ts.isVariableStatement(node) && comment !== ''
        ? node.declarationList.declarations.map(({ name }) => [name.getText(), comment] as const)
        : []
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
  words: { ...wordsIn('spec/philox.ts'), ...wordsIn('reference/arithmetic.ts') },
})
