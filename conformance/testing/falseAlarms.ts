import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { questions } from '../../spec/catalogue.js'
import type { Profile } from '../cases.js'
import { profiles } from '../cases.js'
import { alarmsOf, roundedEitherWay } from './alarms.js'
import { codeOfSuite, digest } from './mutants/bundled.js'

/*
 * `npm run false-alarms`: every op and direction at some seeds, put to f32 arithmetic that rounds either way at random. There
 * must be none. What was done of the same suite is kept in falseAlarms.json and not done again.
 *
 *   --seeds A-B     the seeds (1-1)
 *   --profile P     quick, standard or wild (standard)
 *   --only TEXT     the ops and directions whose name has it
 *   --minutes N     begins nothing new after so many
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1-1' },
    profile: { type: 'string', default: 'standard' },
    only: { type: 'string', default: '' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})
const [from = 1, to = from] = values.seeds.split('-').map(Number)
const profile = profiles.find((name) => name === values.profile)
if (profile === undefined) throw new Error(`--profile is ${profiles.join(', ')}; this is ${values.profile}`)

interface Kept {
  /** the seeds that are done, in order */
  readonly seeds: readonly number[]
  readonly cases: number
  readonly worst: number
  readonly alarms: readonly string[]
}
interface Record_ {
  /** what stands for the suite's and the oracle's code */
  readonly suite: string
  readonly profile: Profile
  readonly lines: Readonly<Record<string, Kept>>
}

const file = new URL('falseAlarms.json', import.meta.url)
const suite = digest(await codeOfSuite())
const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record_) : undefined
let record: Record_ = before?.suite === suite && before.profile === profile ? before : { suite, profile, lines: {} }

const began = performance.now()
const seconds = (): number => (performance.now() - began) / 1000
const none: Kept = { seeds: [], cases: 0, worst: 0, alarms: [] }

for (let seed = from; seed <= to; seed++) {
  // each line draws its own roundings, so that it can be done alone
  for (const { op, direction } of questions) {
    const name = `${op} ${direction}`
    const kept = record.lines[name] ?? none
    if (!name.includes(values.only) || kept.seeds.includes(seed) || seconds() > 60 * Number(values.minutes)) continue
    const started = seconds()
    const { cases, worst, alarms } = alarmsOf(roundedEitherWay(`${seed} ${name}`), op, direction, seed, profile)
    alarms.forEach((alarm) => console.log(`false alarm: ${alarm}`))
    record = {
      ...record,
      lines: {
        ...record.lines,
        [name]: {
          seeds: [...kept.seeds, seed].sort((a, b) => a - b),
          cases: kept.cases + cases,
          worst: Math.max(kept.worst, Number(worst.toPrecision(3))),
          alarms: [...kept.alarms, ...alarms],
        },
      },
    }
    writeFileSync(file, `${JSON.stringify(record)}\n`)
    console.error(
      `seed ${seed}, ${name}: ${cases} cases, worst ${worst.toPrecision(3)}, ${(seconds() - started).toFixed(1)} s`,
    )
  }
}

const lines = Object.entries(record.lines)
for (const [name, { worst }] of lines) console.log(name.padEnd(32), worst)
const total = (of: (kept: Kept) => number): number => lines.reduce((sum, [, kept]) => sum + of(kept), 0)
const alarms = total((kept) => kept.alarms.length)
console.log(
  `${Math.min(...lines.map(([, { seeds }]) => seeds.length))} seeds of every op, ${total((kept) => kept.cases)} cases of the ${profile} profile, ${alarms} false alarms`,
)
process.exitCode = alarms === 0 ? 0 : 1
