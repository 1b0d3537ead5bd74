import { readFile } from 'node:fs/promises'
import type { FaultyOracle } from '../conformance/diagnosis.js'
import type { Change } from '../conformance/planted.js'
import { folderOf, planted } from '../conformance/planted.js'
import { oracleBy } from '../reference/formulas.js'
import type { Formula } from '../reference/formulas.js'
import { formulas } from '../reference/table.js'
import type { OpName } from '../spec/catalogue.js'

/**
 * The reference with a fault planted into one formula, at run time: its module is read as text, one place of it changed,
 * and loaded as a module of its own whose imports are the reference's. So a diagnosis has the mistakes that the suite is
 * tried with, and they are of the very formulas that people read.
 */

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const urlOf = (op: OpName): URL => new URL(`../reference/${folderOf(op)}/${op}.${extension}`, import.meta.url)

// types are for people; a build has none
const asJavaScript = async (text: string): Promise<string> => {
  if (extension === 'js') return text
  // eslint-disable-next-line import-x/no-extraneous-dependencies -- where the sources are TypeScript, which no package has
  const { transformSync } = await import('esbuild')
  return transformSync(text, { loader: 'ts' }).code
}

// a module from text knows no folder: what it imports is named in full
const absolute = (text: string, base: URL): string =>
  text.replaceAll(/(from\s*)(["'])(\.[^"']*)\2/g, (_, from: string, quote: string, path: string) => {
    const { href } = new URL(path.replace(/\.js$/, `.${extension}`), base)
    return `${from}${quote}${href}${quote}`
  })

/** The module of a formula, in JavaScript, with one place changed; nothing where it has no such place. */
export const plantedModule = async (op: OpName, fault: Change): Promise<string | undefined> => {
  // a build may have put parentheses and commas elsewhere
  const text = planted(await readFile(urlOf(op), 'utf8'), fault)
  return text === undefined ? undefined : asJavaScript(text)
}

/** The oracle with a planted fault; nothing where the texts of the formulas are not at hand. */
export const faultyOracle: FaultyOracle = async (op, fault) => {
  try {
    const text = await plantedModule(op, fault)
    if (text === undefined) return undefined
    const code = absolute(text, urlOf(op))
    const formula = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Formula
    return oracleBy({ ...formulas, [op]: formula })
  } catch {
    return undefined
  }
}
