import { readFileSync, writeFileSync } from 'node:fs'
import type { TriedWith } from './bench.js'
import type { Outcome } from './trial.js'

/** What came of every change when it was last tried, by id, and what it was tried with. */

export type Recorded = Readonly<Record<string, Outcome & Pick<TriedWith, 'of'> & Partial<TriedWith>>>

const file = new URL('recorded.json', import.meta.url)

export const readRecorded = (): Recorded => JSON.parse(readFileSync(file, 'utf8')) as Recorded

export const writeRecorded = (recorded: Recorded): void =>
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(Object.entries(recorded).sort()), null, 2)}\n`)
