import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { questions } from '../../spec/catalogue.js'
import type { Profile } from '../cases.js'
import { profiles, suiteVersion } from '../cases.js'
import { falseAlarms } from './falseAlarm.js'

/*
 * `npm run false-alarms -- [SEEDS] [PROFILE] [EVERY]`: every case of a profile, the standard one unless another is named, at
 * so many seeds, in f32 arithmetic that rounds either way; with EVERY one case in so many, others at each seed, so that
 * EVERY seeds ask all of them. There must be no alarm. What was done is recorded beside this file, seed by seed, and is not
 * done again.
 */
const seeds = Number(process.argv[2] ?? 1)
const profile = (process.argv[3] ?? 'standard') as Profile
const every = Number(process.argv[4] ?? 1)
if (!profiles.includes(profile) || ![seeds, every].every((count) => Number.isInteger(count) && count > 0))
  throw new Error('npm run false-alarms -- [SEEDS] [PROFILE] [EVERY]')

interface Recorded {
  readonly version: number
  /** by profile and seed, cases and alarms */
  readonly runs: Readonly<Record<string, { readonly cases: number; readonly alarms: readonly string[] }>>
  /** the worst error ÷ bound of each op and direction */
  readonly worst: Readonly<Record<string, number>>
}

const file = new URL('falseAlarms.json', import.meta.url)
const nothing: Recorded = { version: suiteVersion, runs: {}, worst: {} }
const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded) : nothing
let recorded = before.version === suiteVersion ? before : nothing

const started = performance.now()
for (let seed = 1; seed <= seeds; seed++) {
  const name = `${profile} ${seed}${every === 1 ? '' : `, one case in ${every}`}`
  if (recorded.runs[name] !== undefined) continue
  let run: Recorded['runs'][string] = { cases: 0, alarms: [] }
  const worst: Record<string, number> = { ...recorded.worst }
  for (const { op, direction } of questions) {
    const heard = falseAlarms(op, direction, profile, seed, every)
    heard.alarms.forEach((alarm) => console.log(`false alarm: ${alarm}`))
    run = { cases: run.cases + heard.cases, alarms: [...run.alarms, ...heard.alarms] }
    const line = `${op} ${direction}`
    worst[line] = Math.max(worst[line] ?? 0, Number(heard.worst.toPrecision(3)))
  }
  recorded = { ...recorded, runs: { ...recorded.runs, [name]: run }, worst }
  writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`)
  console.error(
    `seed ${seed}: ${run.cases} cases, ${run.alarms.length} false alarms, ${((performance.now() - started) / 1000).toFixed(0)} s`,
  )
}
const runs = Object.values(recorded.runs)
const alarms = runs.reduce((n, run) => n + run.alarms.length, 0)
Object.entries(recorded.worst).forEach(([line, ratio]) => {
  console.log(line.padEnd(32), ratio)
})
console.log(`${runs.length} runs, ${runs.reduce((n, { cases }) => n + cases, 0)} cases, ${alarms} false alarms`)
process.exitCode = alarms === 0 ? 0 : 1
