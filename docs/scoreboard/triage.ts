import { readFileSync } from 'node:fs'
import type { Cause } from './causes.js'
import { causes } from './causes.js'

/** Whose every disagreement on record is: by library and by the disagreement's key, the id of a cause. */
export type Triage = Readonly<Record<string, Readonly<Record<string, string>>>>

export const triage = JSON.parse(readFileSync(new URL('triage.json', import.meta.url), 'utf8')) as Triage

/** The cause of a disagreement, undefined where nobody has looked at it. */
export const causeOf = (backend: string, key: string): (Cause & { readonly id: string }) | undefined => {
  const id = triage[backend]?.[key]
  const cause = id === undefined ? undefined : causes[id]
  return id === undefined || cause === undefined ? undefined : { ...cause, id }
}

/** What the triage has of a library that is no longer on record, by the keys that are. */
export const staleOf = (backend: string, onRecord: readonly string[]): readonly string[] =>
  Object.keys(triage[backend] ?? {}).filter((key) => !onRecord.includes(key))
