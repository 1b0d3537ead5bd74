import { writeFileSync } from 'node:fs'
import { isOpName } from '../spec/catalogue.js'
import { outdated, outdatedOf, pages } from './render.js'
import { isKnown, remember } from './upToDate.js'

// `npm run docs` writes the pages; with `--check` it only says which are out of date, and fails if one is, and with an
// op's name behind that it looks at what they say of the op. What was written or found right is remembered, so that
// pages are made once for the same sources.
const [op] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const check = process.argv.includes('--check')

const tell = (stale: readonly string[]): void => {
  for (const path of stale) console.error(`${path} is out of date: npm run docs`)
  if (stale.length > 0) process.exitCode = 1
}

if (op !== undefined && isOpName(op) && check) tell(isKnown() ? [] : await outdatedOf(op))
else if (!isKnown()) {
  const made = await pages()
  const stale = outdated(made)
  if (check) tell(stale)
  else
    for (const path of stale) {
      writeFileSync(new URL(`../${path}`, import.meta.url), made[path] ?? '')
      console.log(`wrote ${path}`)
    }
  if (!check || stale.length === 0) remember()
}
