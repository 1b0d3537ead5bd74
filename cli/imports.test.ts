import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

/** What each file needs others for at run time; imports of types alone are gone by then. */
type Graph = ReadonlyMap<string, readonly string[]>

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

const isOfTypes = (node: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const { importClause: clause } = node
  const names = clause?.namedBindings
  return (
    clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
    (clause?.name === undefined &&
      names !== undefined &&
      ts.isNamedImports(names) &&
      names.elements.length > 0 &&
      names.elements.every(({ isTypeOnly }) => isTypeOnly))
  )
}

/** The files that a file imports, statically or by `import()`. */
const importedBy = (file: string, text: string): readonly string[] => {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const named =
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && !isOfTypes(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined
    if (named !== undefined && ts.isStringLiteral(named) && named.text.startsWith('.'))
      found.push(resolve(dirname(file), named.text.replace(/\.js$/, '.ts')))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022))
  return found
}

/** The files of a graph that lie on circles of imports, or between two: all others can be put in an order. */
const circular = (graph: Graph): readonly string[] => {
  const needed = new Set([...graph.values()].flat())
  const rest = new Map(
    [...graph]
      .filter(([file, imports]) => needed.has(file) && imports.length > 0)
      .map(([file, imports]) => [file, imports.filter((each) => (graph.get(each)?.length ?? 0) > 0)]),
  )
  const edges = (of: Graph): number => [...of.values()].flat().length
  return rest.size === graph.size && edges(rest) === edges(graph) ? [...graph.keys()] : circular(rest)
}

describe('files of the project', () => {
  const files = ts.sys.readDirectory(root, ['.ts'], ['node_modules', 'dist', 'coverage'], ['*/**/*.ts'])
  const graph: Graph = new Map(files.map((file) => [file, importedBy(file, readFileSync(file, 'utf8'))]))

  test('do not import each other in circles', () => {
    expect(circular(graph).map((file) => relative(root, file))).toEqual([])
  })

  test('are all there, with what they import', () => {
    const needed = [...new Set([...graph.values()].flat())]
    expect(graph.size).toBeGreaterThan(300)
    expect(needed.filter((file) => !graph.has(file)).map((file) => relative(root, file))).toEqual([])
  })
})

describe('a circle of imports is found', () => {
  test.each([
    ['of two files', { a: ['b'], b: ['a'] }, ['a', 'b']],
    ['of a file that imports itself', { a: ['a'], b: ['a'] }, ['a']],
    [
      'of three, and not what leads there or away',
      { a: ['b'], b: ['c'], c: ['a', 'e'], d: ['a'], e: [] },
      ['a', 'b', 'c'],
    ],
    ['not where two files import a third', { a: ['b', 'c'], b: ['c'], c: [] }, []],
  ])('%s', (_, imports, found) => {
    expect(circular(new Map(Object.entries<readonly string[]>(imports)))).toEqual(found)
  })

  test.each([
    ["import { b } from './b.js'", ['/b.ts']],
    ["import './b.js'", ['/b.ts']],
    ["export * from './b.js'", ['/b.ts']],
    ["const b = await import('./b.js')", ['/b.ts']],
    ["import { type B, b } from './b.js'", ['/b.ts']],
    ["import type { B } from './b.js'", []],
    ["import { type B } from './b.js'", []],
    ["export type { B } from './b.js'", []],
    ["import { b } from 'b'", []],
  ])('by %s', (text, imports) => {
    expect(importedBy('/a.ts', text)).toEqual(imports)
  })
})
