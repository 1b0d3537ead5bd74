import { writeFileSync } from 'node:fs'
import { outdated, pages } from './render.js'

// `npm run docs` writes the pages; with `--check` it only says which are out of date, and fails if one is.
const made = await pages()
const stale = outdated(made)
if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} is out of date: npm run docs`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else
  for (const path of stale) {
    writeFileSync(new URL(`../${path}`, import.meta.url), made[path] ?? '')
    console.log(`wrote ${path}`)
  }
