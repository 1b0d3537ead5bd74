import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFormulas } from './read.js'

// A step of the package's build: the formulas as trees beside the code that explains them, since a package has no
// sources. What reads sources, with a compiler that only development installs, stays behind.
const folder = new URL('../../dist/docs/explain/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('formulas.json', folder), JSON.stringify(readFormulas()))
for (const name of ['read.js', 'read.d.ts', 'check.js', 'check.d.ts']) rmSync(new URL(name, folder), { force: true })
