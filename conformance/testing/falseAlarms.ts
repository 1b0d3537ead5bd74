import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { questions } from '../../spec/catalogue.js'
import type { Profile } from '../cases.js'
import { profiles, suiteVersion } from '../cases.js'
import type { Heard } from './falseAlarm.js'
import { falseAlarms, falseAlarmsOfPrograms } from './falseAlarm.js'

/*
 * `npm run false-alarms -- [SEEDS|FROM-TO] [PROFILE] [EVERY]`: every case of a profile, the standard one unless another is named, and
 * every program of it, at so many seeds, or at those FROM-TO, in f32 arithmetic that rounds either way; with EVERY one in so
 * many, others at each seed, so that EVERY seeds ask all of them. There must be no alarm. What was done is recorded beside this
 * file, seed by seed, and is not done again; several may run beside each other.
 */
const [first, last] = (process.argv[2] ?? '1').split('-').map(Number)
const [from, to] = last === undefined ? [1, first ?? 1] : [first ?? 1, last]
const profile = (process.argv[3] ?? 'standard') as Profile
const every = Number(process.argv[4] ?? 1)
if (!profiles.includes(profile) || ![from, to, every].every((count) => Number.isInteger(count) && count > 0))
  throw new Error('npm run false-alarms -- [SEEDS|FROM-TO] [PROFILE] [EVERY]')

interface Recorded {
  readonly version: number
  /** by profile and seed, cases and alarms */
  readonly runs: Readonly<Record<string, { readonly cases: number; readonly alarms: readonly string[] }>>
  /** the worst error ÷ bound of each op and direction */
  readonly worst: Readonly<Record<string, number>>
}

const file = new URL('falseAlarms.json', import.meta.url)
const nothing: Recorded = { version: suiteVersion, runs: {}, worst: {} }
// read anew each time, as others may have written meanwhile
const recorded = (): Recorded => {
  const read = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded) : nothing
  return read.version === suiteVersion ? read : nothing
}

const started = performance.now()
for (let seed = from; seed <= to; seed++) {
  const name = `${profile} ${seed}${every === 1 ? '' : `, one case in ${every}`}`
  if (recorded().runs[name] !== undefined) continue
  const lines: (readonly [string, Heard])[] = questions.map(({ op, direction }) => [
    `${op} ${direction}`,
    falseAlarms(op, direction, profile, seed, every),
  ])
  lines.push(['programs', await falseAlarmsOfPrograms(profile, seed, every)])
  const alarms = lines.flatMap(([, heard]) => heard.alarms)
  alarms.forEach((alarm) => console.log(`false alarm: ${alarm}`))
  const cases = lines.reduce((n, [, heard]) => n + heard.cases, 0)
  const { version, runs, worst } = recorded()
  const now: Recorded = {
    version,
    runs: { ...runs, [name]: { cases, alarms } },
    worst: {
      ...worst,
      ...Object.fromEntries(
        lines.map(([line, heard]) => [line, Math.max(worst[line] ?? 0, Number(heard.worst.toPrecision(3)))]),
      ),
    },
  }
  writeFileSync(file, `${JSON.stringify(now, undefined, 2)}\n`)
  console.error(
    `seed ${seed}: ${cases} cases, ${alarms.length} false alarms, ${((performance.now() - started) / 1000).toFixed(0)} s`,
  )
}
const { runs: all, worst } = recorded()
const runs = Object.values(all)
const alarms = runs.reduce((n, run) => n + run.alarms.length, 0)
Object.entries(worst).forEach(([line, ratio]) => {
  console.log(line.padEnd(32), ratio)
})
console.log(`${runs.length} runs, ${runs.reduce((n, { cases }) => n + cases, 0)} cases, ${alarms} false alarms`)
process.exitCode = alarms === 0 ? 0 : 1
