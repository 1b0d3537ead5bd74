import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suiteVersion } from '../../cases.js'
import type { Mutant, Room, Variant } from './mutant.js'
import { edited, roomOf } from './mutant.js'
import { codeOf, codeOfSuite, digest, repository } from './bundled.js'
import type { Outcome } from './trial.js'
import type { Said } from './worker.js'

/** Tries changes in processes of their own, some at a time. */

type Change = Mutant | Variant

const sourceOf = (file: string): string => readFileSync(join(repository, file), 'utf8')

/**
 * What a change was tried with. `of` names the fault: the suite by its version, and each file with the change in it; where
 * that is another, the fault is. `among` names all of the backend's and the suite's code: the same again gives the same
 * outcome for certain, and where only something else has changed the outcome is most likely as it was.
 */
export interface TriedWith {
  readonly of: string
  readonly among: string
}

export const triedWith = async (): Promise<(change: Change) => TriedWith> => {
  const [suite, accelerated, adapters] = await Promise.all([
    codeOfSuite(),
    codeOf('accelerated', []),
    codeOf('adapters', []),
  ])
  const rooms: Readonly<Record<Room, string>> = {
    accelerated: digest(suite, accelerated),
    adapters: digest(suite, adapters),
  }
  return (change) => {
    const { edits, touches, on } = change
    const files = [...new Set(edits.map(({ file }) => file))].map((file) =>
      edited(
        sourceOf(file),
        edits.filter((edit) => edit.file === file),
      ),
    )
    return {
      of: digest(String(suiteVersion), JSON.stringify({ touches, on }), ...files),
      among: rooms[roomOf(change)],
    }
  }
}

// no case of the suite takes a backend so long
const patience = 120_000

const started = (): ChildProcess =>
  fork(fileURLToPath(new URL('worker.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })

/** One change in a process: what came of it, that it hung or ended the process, or in words what is wrong with it itself. */
const inProcess = (worker: ChildProcess, change: Change): Promise<Outcome | string> =>
  new Promise((resolve) => {
    let asked = 0
    const lost = (verdict: 'hung' | 'crashed'): void =>
      finish(() => resolve({ verdict, asked, absolute: false, relative: false }))
    const hung = (): void => {
      worker.kill('SIGKILL')
      lost('hung')
    }
    let timer = setTimeout(hung, patience)
    const finish = (then: () => void): void => {
      clearTimeout(timer)
      worker.removeAllListeners()
      then()
    }
    worker.on('exit', () => lost('crashed'))
    worker.on('message', (said: Said) => {
      clearTimeout(timer)
      timer = setTimeout(hung, patience)
      if ('alive' in said) asked++
      else if ('outcome' in said) finish(() => resolve(said.outcome))
      else finish(() => resolve(`${change.id}: ${said.broken}`))
    })
    worker.send(change)
  })

/**
 * Tries every change; `tell` hears of each outcome as it comes. Answers what is wrong with the changes themselves: texts
 * that are gone, or that make no program.
 */
export const tryAll = async (
  changes: readonly Change[],
  jobs: number,
  tell: (id: string, outcome: Outcome) => void,
): Promise<readonly string[]> => {
  const left = [...changes]
  const problems: string[] = []
  const work = async (): Promise<void> => {
    let worker = started()
    try {
      for (let change = left.shift(); change !== undefined; change = left.shift()) {
        if (worker.killed || worker.exitCode !== null || worker.signalCode !== null) worker = started()
        const outcome = await inProcess(worker, change)
        if (typeof outcome === 'string') problems.push(outcome)
        else tell(change.id, outcome)
      }
    } finally {
      worker.kill()
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, changes.length) }, work))
  return problems
}
