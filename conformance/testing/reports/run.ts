import { parseArgs } from 'node:util'
import { reports } from './index.js'
import { struckBy } from './planted.js'
import { readRecorded, writeRecorded } from './recorded.js'
import { tried, triedBriefly } from './trial.js'

/*
 * `npm run reports`: every reported fault that is not on record, put to `verify` of the ops that it touches; what comes of
 * them is kept in recorded.json, of which `npm run docs` makes docs/reported-faults.md.
 *
 *   --only TEXT     those whose kind is that, or whose name or ops have it
 *   --slice I/N     the I-th of N slices, from 1
 *   --new           only those of which nothing is on record; without it those that were tried briefly are tried in full
 *   --again         also those on record
 *   --missed        those on record of which nothing was seen, once more
 *   --met           only how many cases of the standard run a fault may strike, which takes no judging
 *   --brief         each ended at the first case that fails; a later run without it asks the rest
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    slice: { type: 'string', default: '1/1' },
    new: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    missed: { type: 'boolean', default: false },
    met: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
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
  .filter(({ id }) => !values.missed || before[id]?.seen === false)
  .filter(
    ({ id }) =>
      values.met ||
      values.again ||
      values.missed ||
      before[id] === undefined ||
      (!values.brief && !values.new && before[id].by !== undefined),
  )
  .filter((_, i) => i % slices === slice - 1)
  // what touches the same lines is tried together: the oracle then knows them
  .sort((a, b) => a.touches.join().localeCompare(b.touches.join()))

if (values.met) {
  for (const each of chosen) {
    const met = struckBy(each).reduce((n, { indices }) => n + indices.length, 0)
    console.log(String(met).padStart(5), each.id)
  }
} else {
  for (const [at, each] of chosen.entries()) {
    const start = performance.now()
    const outcome = values.brief ? await triedBriefly(each) : await tried(each)
    if (outcome === undefined) {
      console.log(`${at + 1} of ${chosen.length}  not seen by itself: ${each.id}`)
      continue
    }
    // others may have written meanwhile
    const known = Object.entries(readRecorded()).filter(([id]) => names.has(id))
    writeRecorded({ ...Object.fromEntries(known), [each.id]: outcome })
    const { seen, line = '', failed, cases, told = outcome.by ?? '', nonZero } = outcome
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `${at + 1} of ${chosen.length}  ${seen ? 'seen  ' : 'MISSED'} ${seconds.padStart(6)} s  ${each.id}  ${line} ${failed ?? ''}/${cases ?? ''} ${told} ${nonZero ?? ''}`,
    )
  }
}
