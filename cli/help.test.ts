import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { command } from './testing/bundled.js'

const run = promisify(execFile)

/** What the command says of itself. */
const helpOf = async (...args: readonly string[]): Promise<string> =>
  (
    await run(process.execPath, [...command, ...args, '--help'], {
      env: { ...process.env, NO_COLOR: '1' },
    })
  ).stdout

const namesIn = (help: string): readonly string[] =>
  [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([\w-]+) {2,}/gm)].map(([, name]) => name as string)

describe('the help of every command', () => {
  test('is no wider than 80 columns', async () => {
    const all = await helpOf()
    const names = namesIn(all)
    expect(names).toContain('verify')
    expect(names).toContain('compare')
    const helps = [all]
    // one after the other: each is a process of its own
    for (const name of names) helps.push(await helpOf(name))
    expect(helps.flatMap((help) => help.split('\n')).filter((line) => line.length > 80)).toEqual([])
  }, 120_000)
})
