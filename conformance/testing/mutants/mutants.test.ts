import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutants, variants } from './index.js'
import { edited, linesOf, roomOf } from './mutant.js'
import { repository } from './patched.js'

const changes = [...mutants, ...variants]

const textOf = (file: string): string => {
  const path = join(repository, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

test('every mutant and variant finds its texts in the sources, once or as often as it says, and changes something', () => {
  const problems = changes.flatMap(({ id, edits }) => {
    try {
      const files = [...new Set(edits.map(({ file }) => file))]
      return files.every(
        (file) =>
          edited(
            textOf(file),
            edits.filter((edit) => edit.file === file),
          ) !== textOf(file),
      )
        ? []
        : [`${id}: changes nothing`]
    } catch (thrown) {
      return [`${id}: ${(thrown as Error).message}`]
    }
  })
  expect(problems).toEqual([])
})

test('every mutant and variant has a name of its own, one backend and something to be asked', () => {
  const ids = changes.map(({ id }) => id)
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  expect(changes.filter((change) => linesOf(change).length === 0).map(({ id }) => id)).toEqual([])
  expect(changes.map(roomOf)).toContain('accelerated')
})
