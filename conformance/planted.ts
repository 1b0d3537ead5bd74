import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'

/** Faults as changes of text: where a formula lies, and what it is with one place changed. */

/** One token's change: `find` is matched with any white space between its tokens; `nth` counts from 0. */
export interface Change {
  readonly find: string
  readonly replace: string
  readonly nth?: number
}

/** The folder of a family's files, in every room. */
export const families = {
  activation: 'activations',
  layer: 'layers',
  normalizer: 'normalizers',
  loss: 'losses',
  optimizer: 'optimizers',
} as const

/** The folder of an op's files, in every room. */
export const folderOf = (op: OpName): string => families[opOf(op).family]

const patternOf = (find: string): RegExp =>
  new RegExp((find.match(/\w+|[^\w\s]/g) ?? []).map((token) => token.replace(/[^\w]/g, '\\$&')).join('\\s*'), 'g')

/** The text with the change made; nothing where it has no such place. */
export const planted = (text: string, { find, replace, nth = 0 }: Change): string | undefined => {
  const match = [...text.matchAll(patternOf(find))][nth]
  return match && text.slice(0, match.index) + replace + text.slice(match.index + match[0].length)
}
