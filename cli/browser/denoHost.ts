import { spawn } from 'node:child_process'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { either as E } from 'fp-ts'
import { messageOf } from '../../conformance/guarded.js'
import type { Result } from '../../spec/error.js'
import { fail } from '../../spec/error.js'
import type { Launched } from './host.js'

/** Deno, whose WebGPU is wgpu: the same files as a browser's, a message a line. */

/**
 * Finds Deno, at a path or on the PATH; each part is a process of its own.
 *
 * Errors  BackendUnavailable – it is not there, or is something else
 */
export const launchDeno = async (path = 'deno'): Promise<Result<Launched>> => {
  const version = await promisify(execFile)(path, ['--version']).then(
    ({ stdout }) => /^deno (\S+)/.exec(stdout)?.[1],
    () => undefined,
  )
  if (version === undefined)
    return fail('BackendUnavailable', `there is no Deno at ${path}: npm install deno, and --browser-path names it`)
  // modules are kept by their addresses, and an address here is another run's tomorrow
  const folder = await mkdtemp(join(tmpdir(), 'etalon-deno-'))
  return E.right({
    facts: { browser: `Deno ${version}` },
    open: (origin) => {
      const host = new URL(origin).host
      const child = spawn(
        path,
        [
          ...['run', '--quiet', '--no-config', '--no-prompt', '--unstable-webgpu'],
          ...[`--allow-net=${host}`, `--allow-import=${host}`, `${origin}/cli/browser/deno.js`],
        ],
        {
          stdio: ['pipe', 'pipe', 'inherit'],
          env: { ...process.env, DENO_DIR: folder, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
        },
      )
      // its end is told by what ends it
      child.stdin.on('error', () => undefined)
      return {
        tell: (text) => void child.stdin.write(`${text}\n`),
        hear: (heard, ended) => {
          createInterface({ input: child.stdout }).on('line', heard)
          child.on('error', (thrown) => ended(messageOf(thrown)))
          child.on('exit', (code, signal) => ended(`Deno ended (${signal ?? `exit code ${code ?? 0}`})`))
        },
        end: () => void child.kill('SIGKILL'),
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  })
}
