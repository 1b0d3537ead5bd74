import { parseArgs } from 'node:util'
import type { TriedWith } from './bench.js'
import { triedWith, tryAll } from './bench.js'
import { mutants, variants } from './index.js'
import type { Mutant, Variant } from './mutant.js'
import type { Recorded } from './recorded.js'
import { readRecorded, writeRecorded } from './recorded.js'
import { stands, summary } from './table.js'
import type { Outcome } from './trial.js'

/*
 * `npm run mutants`: every fault and every correct variant that is new, or whose file or suite is another than when it was
 * tried; what comes of them is kept in recorded.json, of which `npm run docs` makes docs/mutants.md.
 *
 *   --only TEXT     those whose family is that, or whose id has it
 *   --jobs N        so many at a time (1)
 *   --slice I/N     the I-th of N slices, from 1
 *   --stale         also those that were tried among other code
 *   --again         all
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    slice: { type: 'string', default: '1/1' },
    stale: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
  },
})
const [slice = 1, slices = 1] = values.slice.split('/').map(Number)

type Change = Mutant | Variant
const familyOf = (change: Change): string => ('family' in change ? change.family : 'variant')
const all: readonly Change[] = [...mutants, ...variants]
const chosen = all
  .filter((change) => values.only === undefined || familyOf(change) === values.only || change.id.includes(values.only))
  .filter((_, i) => i % slices === slice - 1)

const withOf = await triedWith()
const known = new Set(all.map(({ id }) => id))
// of what is no mutant any more nothing is kept; another run may write beside this one
const current = (): Recorded => Object.fromEntries(Object.entries(readRecorded()).filter(([id]) => known.has(id)))
const before = current()
const left = chosen.filter((change) => {
  const [known, now] = [before[change.id], withOf(change)]
  return values.again || known?.of !== now.of || (values.stale && known.among !== now.among)
})
console.log(`${left.length} of ${chosen.length} to try`)

const began = performance.now()
const seconds = (): string => ((performance.now() - began) / 1000).toFixed(0).padStart(5)
const triedNow = new Map(left.map((change) => [change.id, withOf(change)]))
let done = 0
const tell = (id: string, outcome: Outcome): void => {
  writeRecorded({ ...current(), [id]: { ...outcome, ...(triedNow.get(id) as TriedWith) } })
  const { verdict, by = '', how = '', asked } = outcome
  console.log(
    `${seconds()} s ${String(++done).padStart(4)}/${left.length} ${verdict.padEnd(8)} ${id} [${asked}] ${by} ${how}`,
  )
}
const problems = await tryAll(left, Number(values.jobs), tell)
const recorded = current()
writeRecorded(recorded)
console.log(summary(recorded))

// a variant that was rejected, or a fault that passed though nobody says why it may
const variantIds = new Set(variants.map(({ id }) => id))
const wrong = chosen.filter(({ id }) => variantIds.has(id) && !stands(recorded, id))
for (const { id } of wrong) console.error(`rejected, though it is right: ${id}`)
for (const problem of problems) console.error(problem)
process.exitCode = wrong.length + problems.length > 0 ? 1 : 0
