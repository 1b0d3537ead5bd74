import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { either as E } from 'fp-ts'
import { ask, fails } from '../../conformance/ask.js'
import type { Case } from '../../conformance/form.js'
import { guarded } from '../../conformance/guarded.js'
import { readReport } from '../../conformance/reportCodec.js'
import { caseOf } from '../../conformance/written.js'
import type { Recording, Witness, Witnesses } from '../../docs/scoreboard/record.js'
import { commandOf, readRecord, recordOf, withWitnesses } from '../../docs/scoreboard/record.js'
import { fileOf, recordings } from '../../docs/scoreboard/recordings.js'
import { causeOf, staleOf } from '../../docs/scoreboard/triage.js'
import { printCase } from '../../conformance/form.js'
import { oracle } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { getOrThrow } from '../../spec/error.js'
import { openBackend } from '../backends.js'
import type { Host } from '../browser/host.js'
import { openHost } from '../browser/host.js'
import { timeLimit } from '../timeLimit.js'

/*
 * What the scoreboard is made of: `npm run scoreboard -- COMMAND`
 *
 *   record FILE [--commit C] [--date D] [--parts N]   puts the report of a whole run on record, as `etalon verify --json`
 *                                                     or `etalon merge --json` has written it
 *   witness [BACKEND…] [--again]                      asks the smallest cases once more, each of the library opened anew and
 *                                                     of PyTorch, and puts what they answer beside them
 *   triage                                            tells what nobody has looked at yet, and of what somebody has what
 *                                                     is no longer on record
 *
 * `npm run docs` then makes the pages.
 */

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    commit: { type: 'string' },
    date: { type: 'string' },
    parts: { type: 'string' },
    again: { type: 'boolean' },
  },
})
const [command, ...named] = positionals

const record = (file: string): void => {
  const report = getOrThrow(readReport(readFileSync(file, 'utf8')))
  const { backend } = report.summary
  const text = getOrThrow(
    recordOf(report, {
      date: values.date ?? statSync(file).mtime.toISOString().slice(0, 10),
      commit: values.commit ?? execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { encoding: 'utf8' }).trim(),
      command: commandOf(report.summary),
      parts: Number(values.parts ?? 1),
      processor: cpus()[0]?.model ?? '',
    }),
  )
  const target = fileOf(backend)
  // what was witnessed of the same case stays
  const before = existsSync(target) ? readRecord(readFileSync(target, 'utf8')) : undefined
  const known = before !== undefined && E.isRight(before) ? before.right : undefined
  const fresh = getOrThrow(readRecord(text))
  const same = fresh.disagreements.flatMap(({ key, group }) => {
    const old = known?.disagreements.find((one) => one.key === key)
    return old?.witnesses !== undefined &&
      JSON.stringify(old.group?.failure.smallest) === JSON.stringify(group?.failure.smallest)
      ? [[key, old.witnesses] as const]
      : []
  })
  writeFileSync(target, withWitnesses(fresh, Object.fromEntries(same)))
  console.log(`${backend}: ${fresh.disagreements.length} disagreements, ${same.length} of them witnessed before`)
}

const opened = async (name: string): Promise<Backend> => {
  const open = openBackend(name.endsWith('webgpu') ? 'software' : 'auto', name)
  return guarded(getOrThrow(await open()), { limit: timeLimit(60), reopen: open })
}

const answerOf = async (backend: Backend, asked: Case): Promise<Witness> => {
  if (!backend.supports(asked.op, asked.direction))
    return { unsupported: `no ${asked.op}${asked.direction === 'backward' ? ' backward' : ''}` }
  const { judgement, refused } = getOrThrow(await ask(backend, oracle, asked)())
  if (judgement === undefined) return { unsupported: refused?.message ?? '' }
  const { worst, problem } = judgement
  const conformant = !fails(judgement, 'nearest')
  return problem === undefined
    ? { conformant, got: Number.isFinite(worst.got) ? worst.got : (String(worst.got) as 'NaN') }
    : { conformant, problem }
}

/** What a browser answers to a case in a page opened for it. */
const answerIn = async (host: Host, backend: string, asked: Case): Promise<Witness> => {
  const said: string[] = []
  const screen = { write: (text: string) => said.push(text) }
  const words = { texts: [printCase(asked)], device: 'software', backend, caseTimeout: 60 } as const
  await host.replay(words, { out: screen, err: screen })
  const verdict = said.join('').trimEnd().split('\n').at(-1) ?? ''
  return verdict === 'conformant' || verdict === 'not-conformant'
    ? { conformant: verdict === 'conformant' }
    : { unsupported: verdict.replace(/^unsupported: /, '') }
}

/** Asks a library one case, opened anew for it: what it did before is none of the answer's business. */
const askerOf = async ({ backend: name, from }: Recording) => {
  if (!from.command.includes(' --browser')) {
    const ask = async (asked: Case): Promise<Witness> => {
      const backend = await opened(name)
      return answerOf(backend, asked).finally(() => backend.close())
    }
    return { ask, close: () => Promise.resolve() }
  }
  const host = getOrThrow(await openHost({ which: 'chromium' }, 'software', name, process.stderr))
  return { ask: (asked: Case) => answerIn(host, name, asked), close: () => host.close() }
}

const witness = async (recording: Recording, pytorch: Backend): Promise<void> => {
  const { ask: askAgain, close } = await askerOf(recording)
  const found: Record<string, Witnesses> = {}
  for (const { key, group, witnesses } of recording.disagreements) {
    const asked = group === undefined ? undefined : caseOf(group.failure.smallest)
    if (asked === undefined || (witnesses !== undefined && values.again !== true)) continue
    const again = await askAgain(asked)
    found[key] = { again, ...(recording.backend === 'pytorch' ? {} : { pytorch: await answerOf(pytorch, asked) }) }
    console.log(recording.backend, key, JSON.stringify(found[key]))
  }
  await close()
  writeFileSync(fileOf(recording.backend), withWitnesses(recording, found))
}

if (command === 'record' && named.length > 0) named.forEach(record)
else if (command === 'witness') {
  const pytorch = await opened('pytorch')
  for (const recording of recordings()) {
    if (named.length === 0 || named.includes(recording.backend)) await witness(recording, pytorch)
  }
  await pytorch.close()
} else if (command === 'triage')
  recordings().forEach(({ backend, disagreements }) => {
    disagreements
      .filter(({ key }) => causeOf(backend, key) === undefined)
      .forEach(({ key }) => {
        console.log(backend, key)
      })
    staleOf(
      backend,
      disagreements.map(({ key }) => key),
    ).forEach((key) => {
      console.log(`${backend} ${key} is no longer on record`)
    })
  })
else {
  console.error('npm run scoreboard -- record FILE… | witness [BACKEND…] | triage')
  process.exitCode = 2
}
