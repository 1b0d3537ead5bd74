import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFiles } from '../browser/bundle.js'
import { repository } from './program.js'

// Part of `npm run build`: the suite as `verify --browser` serves it, so that a package needs no bundler.

for (const [path, bytes] of await makeFiles('webgpu')) {
  const file = join(repository, 'dist', 'browser', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytes)
}
