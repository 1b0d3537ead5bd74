import { posix } from 'node:path'
import ts from 'typescript'
import type { Field } from '../../spec/field.js'
import { globalCalls, globals, hasWords, isWord, listCalls, words } from './natives.js'

/**
 * What a formula must not say, since no page could tell it: words that are none. Which words there are, and what each is
 * to a formula, stands beside the words themselves, in reference/words.ts.
 */

/** reference/losses/mse.ts:12 */
export const placeOf = (node: ts.Node): string => {
  const file = node.getSourceFile()
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
}

/** './weighted.js' in reference/losses/bce.ts is reference/losses/weighted; a package keeps its name. */
export const sourceOf = (node: ts.ImportDeclaration): string => {
  const { text } = node.moduleSpecifier as ts.StringLiteral
  return text.startsWith('.')
    ? posix.join(posix.dirname(node.getSourceFile().fileName), text).replace(/\.js$/, '')
    : text
}

/** A name that a file takes from another, and what it is there; of a whole file, nothing. */
interface Taken {
  readonly name: ts.Identifier
  readonly imported: string | undefined
}

/** What an import takes, but for types. */
export const takenBy = ({ importClause: clause }: ts.ImportDeclaration): readonly Taken[] => {
  const bindings = clause?.namedBindings
  if (bindings === undefined || clause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return []
  return ts.isNamespaceImport(bindings)
    ? [{ name: bindings.name, imported: undefined }]
    : bindings.elements
        .filter(({ isTypeOnly }) => !isTypeOnly)
        .map(({ name, propertyName }) => ({ name, imported: (propertyName ?? name).text }))
}

const wrongWord = (node: ts.ImportDeclaration, { name, imported }: Taken): string | undefined => {
  const from = sourceOf(node)
  if (!hasWords(from))
    return (node.moduleSpecifier as ts.StringLiteral).text.startsWith('.')
      ? undefined
      : `${name.text} comes from ${from}, which is neither a formula nor has words of formulas`
  if (imported === undefined) return `${name.text} is all of ${from}; words are imported by name`
  if (words[from]?.[imported] === undefined)
    return `${imported} is no word of formulas; ${from} has ${Object.keys(words[from] ?? {}).join(', ')}`
  return imported === name.text ? undefined : `${name.text} is ${imported} of ${from}; words keep their names`
}

// a file's nodes, but for imports and types
const nodesOf = (node: ts.Node): readonly ts.Node[] => {
  const found: ts.Node[] = []
  const visit = (each: ts.Node): void => {
    if (ts.isImportDeclaration(each) || ts.isTypeNode(each)) return
    if (ts.isInterfaceDeclaration(each) || ts.isTypeAliasDeclaration(each)) return
    found.push(each)
    ts.forEachChild(each, visit)
  }
  ts.forEachChild(node, visit)
  return found
}

const declares = (node: ts.Node): node is ts.NamedDeclaration & { readonly name: ts.Identifier } =>
  (ts.isBindingElement(node) ||
    ts.isParameter(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isFunctionDeclaration(node)) &&
  node.name !== undefined &&
  ts.isIdentifier(node.name)

// x of x, f(x), x.y and { x }, but not of y.x and { x: y }
const isRead = (node: ts.Identifier): boolean => {
  const { parent } = node
  if (declares(parent)) return parent.name !== node && (parent as ts.BindingElement).propertyName !== node
  if (ts.isBindingElement(parent)) return parent.propertyName !== node
  return !(
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  )
}

const isCalled = (node: ts.Node): boolean => ts.isCallExpression(node.parent) && node.parent.expression === node

// what only the words take of a field
const ofFields: readonly string[] = ['data', 'read', 'all'] satisfies readonly Exclude<keyof Field, 'shape'>[]

const wrongMember = (
  node: ts.PropertyAccessExpression,
  known: ReadonlySet<string>,
  wholeFiles: ReadonlySet<string>,
): string | undefined => {
  const { expression: object, name } = node
  const calls = ts.isIdentifier(object) ? globalCalls[object.text] : undefined
  const told = node.getText()
  if (calls !== undefined) {
    if (typeof (globals[object.getText()] as Readonly<Record<string, unknown>>)[name.text] === 'number')
      return undefined
    if (!calls.includes(name.text)) return `${told} is no word of formulas; ${object.getText()} has ${calls.join(', ')}`
    return isCalled(node) ? undefined : `${told} is handed on; write x => ${told}(x)`
  }
  if (ofFields.includes(name.text)) return `${told} is no word of formulas; an element of a field is read by at1 … at4`
  if (!isCalled(node) || (ts.isIdentifier(object) && (wholeFiles.has(object.text) || !known.has(object.text))))
    return undefined
  return listCalls.includes(name.text)
    ? undefined
    : `${name.text} in ${told} is no word of formulas; lists have ${listCalls.join(', ')}`
}

const wrongName = (
  node: ts.Identifier,
  known: ReadonlySet<string>,
  imported: ReadonlySet<string>,
): string | undefined => {
  const { text } = node
  if (!known.has(text) && !Object.hasOwn(globals, text))
    return `${text} is no word of formulas; of what is everywhere they have ${Object.keys(globals).join(', ')}`
  if (imported.has(text) && isWord(text) && !isCalled(node)) return `${text} is handed on; write x => ${text}(x)`
  if (!imported.has(text) && isWord(text) && isCalled(node))
    return `${text} is a word of formulas, and another function here; call it another name`
  return undefined
}

/** The words of a file that are none: a line for each, with file and line. */
export const unknownWords = (file: ts.SourceFile): readonly string[] => {
  const imports = file.statements.filter(ts.isImportDeclaration)
  const taken = imports.flatMap((node) => takenBy(node).map((one) => ({ node, one })))
  const imported = new Set(taken.map(({ one }) => one.name.text))
  const wholeFiles = new Set(taken.filter(({ one }) => one.imported === undefined).map(({ one }) => one.name.text))
  const nodes = nodesOf(file)
  const known = new Set([...imported, ...nodes.filter(declares).map(({ name }) => name.text)])
  const wrong = (node: ts.Node): string | undefined => {
    if (ts.isPropertyAccessExpression(node)) return wrongMember(node, known, wholeFiles)
    if (ts.isBindingElement(node) && ofFields.includes((node.propertyName ?? node.name).getText()))
      return `${node.getText()} is no word of formulas; an element of a field is read by at1 … at4`
    return ts.isIdentifier(node) && isRead(node) ? wrongName(node, known, imported) : undefined
  }
  return [
    ...taken.map(({ node, one }) => [one.name, wrongWord(node, one)] as const),
    ...nodes.map((node) => [node, wrong(node)] as const),
  ].flatMap(([node, text]) => (text === undefined ? [] : [`${placeOf(node)}: ${text}`]))
}
