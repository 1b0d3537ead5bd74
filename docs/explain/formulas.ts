import { existsSync, readFileSync } from 'node:fs'
import type { Modules } from './tree.js'

/** The formulas as a page about one needs them. */
export interface Formulas {
  readonly modules: Modules
  /** what the words that formulas are made of do, by name */
  readonly words: Readonly<Record<string, string>>
}

const built = new URL('./formulas.json', import.meta.url)

/** The formulas: those written down when the package was built, else read from their sources, which are there then. */
export const loadFormulas = async (): Promise<Formulas> =>
  existsSync(built) ? (JSON.parse(readFileSync(built, 'utf8')) as Formulas) : (await import('./read.js')).readFormulas()
