import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { command } from './testing/bundled.js'

/*
 * The Python client, by its own tests and by the example of the docs, each run as a program: pytest is not needed. The
 * command that they ask is this checkout's.
 */

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

const python = ['python3', 'python'].find(
  (name) => spawnSync(name, ['-c', 'import sys, numpy; sys.exit(sys.version_info < (3, 8))']).status === 0,
)
if (python === undefined)
  console.warn('the tests of the Python client are skipped: there is no python3 that has numpy (python3-numpy)')

const quoted = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`
const etalon = [process.execPath, ...command].map(quoted).join(' ')

describe.skipIf(python === undefined)('the Python client', () => {
  test.each(['clients/python/test_etalon_oracle.py', 'docs/examples/test_attention.py'])('%s passes', async (file) => {
    const env = { ...process.env, ETALON: etalon, PYTHONPATH: here('clients/python'), PYTHONDONTWRITEBYTECODE: '1' }
    const { stdout } = await promisify(execFile)(python ?? '', [here(file)], { env })
    expect(stdout).toMatch(/^[1-9]\d* passed\s*$/)
  })
})
