import { writeFileSync } from 'node:fs'
import { outdated, pages } from './render.js'
import { isKnown, remember } from './upToDate.js'

// `npm run docs` writes the pages; with `--check` it only says which are out of date, and fails if one is. What was
// written or found right is remembered, so that pages are made once for the same sources.
const check = process.argv.includes('--check')

if (!isKnown()) {
  const made = await pages()
  const stale = outdated(made)
  for (const path of stale)
    if (check) console.error(`${path} is out of date: npm run docs`)
    else {
      writeFileSync(new URL(`../${path}`, import.meta.url), made[path] ?? '')
      console.log(`wrote ${path}`)
    }
  if (check && stale.length > 0) process.exitCode = 1
  else remember()
}
