import { parseArgs } from 'node:util'
import { reports } from './index.js'
import { metBy } from './planted.js'
import { readRecorded, writeRecorded } from './recorded.js'
import { tried } from './trial.js'

/*
 * `npm run reports`: every reported fault that is not on record, put to `verify` of the ops that it touches; what comes of
 * them is kept in recorded.json, of which `npm run docs` makes docs/reported-faults.md.
 *
 *   --only TEXT     those whose kind is that, or whose name or ops have it
 *   --slice I/N     the I-th of N slices, from 1
 *   --again         also those on record
 *   --met           only how many cases of the standard run a fault may strike, which takes no judging
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    slice: { type: 'string', default: '1/1' },
    again: { type: 'boolean', default: false },
    met: { type: 'boolean', default: false },
  },
})
const [slice = 1, slices = 1] = values.slice.split('/').map(Number)
const { only } = values
const before = readRecorded()
const names = new Set(reports.map(({ id }) => id))
const chosen = reports
  .filter(
    ({ kind, id, touches }) =>
      only === undefined || kind === only || [id, ...touches].some((text) => text.includes(only)),
  )
  .filter(({ id }) => values.met || values.again || before[id] === undefined)
  .filter((_, i) => i % slices === slice - 1)

if (values.met) {
  for (const each of chosen) if (each.program === undefined) console.log(String(metBy(each)).padStart(5), each.id)
} else {
  for (const [at, each] of chosen.entries()) {
    const start = performance.now()
    const outcome = await tried(each)
    // others may have written meanwhile
    const known = Object.entries(readRecorded()).filter(([id]) => names.has(id))
    writeRecorded({ ...Object.fromEntries(known), [each.id]: outcome })
    const { seen, line = '', failed, cases, told = '', nonZero } = outcome
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `${at + 1} of ${chosen.length}  ${seen ? 'seen  ' : 'MISSED'} ${seconds.padStart(6)} s  ${each.id}  ${line} ${failed ?? ''}/${cases ?? ''} ${told} ${nonZero ?? ''}`,
    )
  }
}
