import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import * as fpTs from 'fp-ts'
import * as ioTs from 'io-ts'
import ts from 'typescript'
import type { OpName } from '../../spec/catalogue.js'
import { opNames } from '../../spec/catalogue.js'
import type { KernelTable, PlainKernel } from '../../spec/fromKernels.js'
import type { AnyOp } from '../../spec/op.js'
import * as fields from '../../spec/field.js'
import * as host from '../../spec/host.js'
import * as philox from '../../spec/philox.js'
import * as scans from '../../spec/scan.js'
import * as tensors from '../../spec/tensor.js'
import type { Formula } from '../../reference/formulas.js'
import { kernelBy } from '../../reference/formulas.js'
import type { Change } from '../planted.js'
import { folderOf, planted } from '../planted.js'
import type { Arithmetic } from '../rewritings/arithmetic.js'

/**
 * The reference as text: read again with one token changed (a planted fault), or with every `+ - * /` and `Math.…`
 * handed to an arithmetic of the caller's (f32 with a rounding of its own). So faults and rounding are those of the very
 * formulas that people read, and neither can drift away from them. And the spec as text: a bound loosened.
 */

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../reference')
const shared: Readonly<Record<string, unknown>> = {
  [resolve(root, '../spec/field.ts')]: fields,
  [resolve(root, '../spec/scan.ts')]: scans,
  [resolve(root, '../spec/tensor.ts')]: tensors,
  [resolve(root, '../spec/philox.ts')]: philox,
  [resolve(root, '../spec/host.ts')]: host,
}

// what the host derives in f64 reaches a device rounded to f32, to nearest
const hostFile = resolve(root, '../spec/host.ts')
const onDevice = { reciprocal: (v: number) => Math.fround(host.reciprocal(v)) }

/** The file of an op's formula, and that of its contract. */
export const fileOf = (op: OpName): string => resolve(root, folderOf(op), `${op}.ts`)
const contractOf = (op: OpName): string => resolve(root, '../spec', folderOf(op), `${op}.ts`)

/** The text with the change made; throws where it cannot be, so that a fault never goes stale unseen. */
export const changed = (text: string, change: Change): string => {
  const made = planted(text, change)
  if (made === undefined)
    throw new Error(`the formula has no ${JSON.stringify(change.find)} (number ${change.nth ?? 0})`)
  return made
}

const operators: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.PlusToken, '+'],
  [ts.SyntaxKind.MinusToken, '-'],
  [ts.SyntaxKind.AsteriskToken, '*'],
  [ts.SyntaxKind.SlashToken, '/'],
])

/** `Math.floor(…)`: the formulas round nothing but positions down to indices. */
const isFloor = (node: ts.Node): boolean =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  ts.isIdentifier(node.expression.expression) &&
  node.expression.expression.text === 'Math' &&
  node.expression.name.text === 'floor'

// a op b → __arithmetic['op'](a, b), and Math → __arithmetic.Math; what stands in [ ] or is rounded down is an index and
// stays as it is: no device reckons its indices in f32
const withArithmetic: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const f = context.factory
  const arithmetic = f.createIdentifier('__arithmetic')
  const visit = (node: ts.Node): ts.Node => {
    if (isFloor(node)) return node
    if (ts.isElementAccessExpression(node))
      return f.updateElementAccessExpression(
        node,
        ts.visitNode(node.expression, visit) as ts.Expression,
        node.argumentExpression,
      )
    if (ts.isBinaryExpression(node)) {
      const operator = operators.get(node.operatorToken.kind)
      if (operator !== undefined)
        return f.createCallExpression(
          f.createElementAccessExpression(arithmetic, f.createStringLiteral(operator)),
          undefined,
          [ts.visitNode(node.left, visit) as ts.Expression, ts.visitNode(node.right, visit) as ts.Expression],
        )
    }
    if (ts.isIdentifier(node) && node.text === 'Math') return f.createPropertyAccessExpression(arithmetic, 'Math')
    return ts.visitEachChild(node, visit, context)
  }
  return ts.visitNode(file, visit) as ts.SourceFile
}

const transpiled = (text: string, instrumented: boolean): string =>
  ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    ...(instrumented ? { transformers: { before: [withArithmetic] } } : {}),
  }).outputText

// a mutant differs from the reference in one file, and the others are the same text again and again
const known = { plain: new Map<string, string>(), instrumented: new Map<string, string>() }

const compile = (text: string, arithmetic: Arithmetic | undefined): string => {
  const texts = arithmetic === undefined ? known.plain : known.instrumented
  const code = texts.get(text) ?? transpiled(text, arithmetic !== undefined)
  texts.set(text, code)
  return code
}

type Loader = (file: string) => unknown

const loader = (
  edit: (file: string, text: string) => string,
  arithmetic?: Arithmetic,
  outside: Readonly<Record<string, unknown>> = shared,
): Loader => {
  const loaded = new Map<string, unknown>()
  const load: Loader = (file) => {
    const known = (file === hostFile && arithmetic !== undefined ? onDevice : outside[file]) ?? loaded.get(file)
    if (known !== undefined) return known
    const module = {}
    loaded.set(file, module)
    const code = compile(edit(file, readFileSync(file, 'utf8')), arithmetic)
    const run = compileFunction(code, ['exports', 'require', '__arithmetic'], { filename: file }) as (
      exports: object,
      require: (name: string) => unknown,
      arithmetic: Arithmetic | undefined,
    ) => void
    run(
      module,
      (name: string) => outside[name] ?? load(resolve(dirname(file), name.replace(/\.js$/, '.ts'))),
      arithmetic,
    )
    return module
  }
  return load
}

/** The formula of one op with one token changed. */
export const mutantFormula = (op: OpName, change: Change): Formula =>
  loader((file, text) => (file === fileOf(op) ? changed(text, change) : text))(fileOf(op)) as Formula

/** The same as a backend's function. */
export const mutant = (op: OpName, change: Change): PlainKernel => kernelBy(mutantFormula(op, change))

/** The contract of one op with one token of a file of spec changed: a bound loosened, say. */
export const mutantContract = (op: OpName, file: string, change: Change): AnyOp => {
  const edited = resolve(root, '../spec', file)
  const packages = { 'fp-ts': fpTs, 'io-ts': ioTs }
  const load = loader((file, text) => (file === edited ? changed(text, change) : text), undefined, packages)
  return (load(contractOf(op)) as Readonly<Record<string, AnyOp>>)[op] as AnyOp
}

// the loops of the reference add to a variable, and a field of sums to its elements; here they add to what stands for it
const arithmeticFile = resolve(root, 'arithmetic.ts')
const addingTo = (text: string): string =>
  changed(text, {
    find: `for (const x of others) {
        const values = x.all()
        for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) + (values[i] as number)
      }`,
    replace: `const columns = others.map((x) => x.all())
      for (let i = 0; i < data.length; i++) {
        let total = data[i] as number
        for (const values of columns) total = total + (values[i] as number)
        data[i] = total
      }`,
  })
    .replace(/let total = 0\n/g, 'const total = __arithmetic.total()\n')
    .replace(/let total = (.+)\n/g, 'const total = __arithmetic.total(); total.add($1)\n')
    .replace(/\btotal = total \+ (.+)\n/g, 'total.add($1)\n')
    .replace(/\b(return|data\[i\] =) total\n/g, '$1 total.value()\n')

/** The formulas of every op, computed in another arithmetic. */
export const formulasIn = (arithmetic: Arithmetic): Readonly<Record<string, Formula>> => {
  const edit = (file: string, text: string): string =>
    file === arithmeticFile && arithmetic.total !== undefined ? addingTo(text) : text
  const load = loader(edit, arithmetic)
  return Object.fromEntries(opNames.map((op) => [op, load(fileOf(op)) as Formula]))
}

/** The same as backends' functions. */
export const inArithmetic = (arithmetic: Arithmetic): KernelTable =>
  Object.fromEntries(Object.entries(formulasIn(arithmetic)).map(([op, formula]) => [op, kernelBy(formula)]))
