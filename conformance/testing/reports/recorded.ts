import { readFileSync, writeFileSync } from 'node:fs'
import type { Outcome } from './trial.js'

/** What came of every reported fault when it was last tried, by its name. */

export type Recorded = Readonly<Record<string, Outcome>>

const file = new URL('recorded.json', import.meta.url)

export const readRecorded = (): Recorded => JSON.parse(readFileSync(file, 'utf8')) as Recorded

export const writeRecorded = (recorded: Recorded): void =>
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(Object.entries(recorded).sort()), null, 2)}\n`)
