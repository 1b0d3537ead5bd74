import { readFile } from 'node:fs/promises'
import type { FaultyOracle } from '../conformance/diagnosis.js'
import { oracleBy } from '../reference/formulas.js'
import type { Formula } from '../reference/formulas.js'
import { formulas } from '../reference/table.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Family } from '../spec/op.js'

/**
 * The reference with a fault planted into one formula, at run time: its module is read as text, one place of it changed,
 * and loaded as a module of its own whose imports are the reference's. So a diagnosis has the mistakes that the suite is
 * tried with, and they are of the very formulas that people read.
 */

const folders: Readonly<Record<Family, string>> = {
  activation: 'activations',
  layer: 'layers',
  normalizer: 'normalizers',
  loss: 'losses',
  optimizer: 'optimizers',
}

// with any white space between its tokens; a build may have put parentheses and commas elsewhere, and then nothing is found
const patternOf = (find: string): RegExp =>
  new RegExp((find.match(/\w+|[^\w\s]/g) ?? []).map((token) => token.replace(/[^\w]/g, '\\$&')).join('\\s*'), 'g')

/** The text with one place of it changed, or nothing where it has no such place. */
export const withFault = (
  text: string,
  { find, replace, nth = 0 }: { readonly find: string; readonly replace: string; readonly nth?: number },
): string | undefined => {
  const match = [...text.matchAll(patternOf(find))][nth]
  return match && text.slice(0, match.index) + replace + text.slice(match.index + match[0].length)
}

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const urlOf = (op: OpName): URL =>
  new URL(`../reference/${folders[opOf(op).family]}/${op}.${extension}`, import.meta.url)

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

/** The oracle with a planted fault; nothing where the texts of the formulas are not at hand. */
export const faultyOracle: FaultyOracle = async (op, fault) => {
  try {
    const url = urlOf(op)
    const text = withFault(await readFile(url, 'utf8'), fault)
    if (text === undefined) return undefined
    const code = absolute(await asJavaScript(text), url)
    const formula = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Formula
    return oracleBy({ ...formulas, [op]: formula })
  } catch {
    return undefined
  }
}
