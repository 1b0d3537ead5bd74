import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { taskEither as TE } from 'fp-ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { smallTable, toy } from '../conformance/testing/toys.js'
import { oracle } from '../reference/index.js'
import { mergeAt } from './merge.js'
import { reportAt } from './report.js'
import type { Screen } from './terminal.js'
import { verifyAt } from './verify.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon-merge-'))
})
afterAll(() => rm(folder, { recursive: true }))

const recorder = () => {
  const parts: string[] = []
  const screen: Screen = { write: (text) => parts.push(text), isTTY: false, columns: 80 }
  return { screen, text: () => parts.join('') }
}

test('--html and --junit of shards are those of the run that they are laid together to', async () => {
  const shards = [1, 2].map((index) => join(folder, `shard-${index}.jsonl`))
  for (const [at, json] of shards.entries()) {
    const [out, err] = [recorder(), recorder()]
    const rim = {
      open: () => TE.right(toy()),
      oracle,
      table: smallTable,
      out: out.screen,
      err: err.screen,
      now: () => 0,
    }
    const asked = { ops: ['relu', 'tanh'], profile: 'quick', runs: 0, seed: 1, shrinkTime: 5, device: 'auto' } as const
    expect(await verifyAt(rim, { ...asked, json, shard: { index: at + 1, of: 2 } })).toBe(0)
  }
  const [out, err] = [recorder(), recorder()]
  const [html, junit, json] = [join(folder, 'a.html'), join(folder, 'a.xml'), join(folder, 'whole.jsonl')]
  expect(await mergeAt({ out: out.screen, err: err.screen }, shards, { html, junit, json })).toBe(0)
  expect(err.text()).toBe('')
  const again = { html: join(folder, 'b.html'), junit: join(folder, 'b.xml') }
  expect(await reportAt({ out: out.screen, err: err.screen }, json, again)).toBe(0)
  const [a, b, c, d] = await Promise.all([html, again.html, junit, again.junit].map((file) => readFile(file, 'utf8')))
  expect(a).toBe(b)
  expect(c).toBe(d)
  expect(a).toContain('tanh')

  // a shard right behind --json is not read, and not written over
  const [first, ...others] = shards
  const refused = recorder()
  const before = await readFile(first as string, 'utf8')
  expect(await mergeAt({ out: out.screen, err: refused.screen }, others, { json: first as string })).toBe(2)
  expect(refused.text()).toBe(
    `etalon: FormatInvalid: of 2 shards shard 1 is missing; ${first} is what --json is to write, and was not read\n`,
  )
  expect(await readFile(first as string, 'utf8')).toBe(before)

  // two reports cannot go to one file: nothing is written
  expect(await mergeAt({ out: out.screen, err: err.screen }, shards, { html: json, json })).toBe(2)
})
