import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { about, repository, writeProgram } from './program.js'

// `npm run bundle`: the command, Node and Dawn in one archive, for a machine that has a GPU and neither Node nor npm.

const mebibyte = 2 ** 20
const most = 60

const has = (tool: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, tool)))

/** Why there can be no archive here. */
const obstacle = (): string | undefined => {
  const missing = ['tar', 'xz'].filter((tool) => !has(tool))
  return process.platform !== 'linux' || process.arch !== 'x64'
    ? `the archive takes the Node that makes it along, for x86-64 Linux; this is ${process.platform}-${process.arch}`
    : Object.entries(process.config.variables).some(([name, value]) => name === 'node_shared' && value === true)
      ? 'this Node is spread over shared libraries of its own; one of nodejs.org is in one piece'
      : missing.length > 0
        ? `no ${missing.join(' and no ')} on the PATH; both tar and xz are wanted`
        : undefined
}

/** Makes the archive, and answers what is wrong with it. */
const pack = async (archive: string): Promise<string | undefined> => {
  const temporary = mkdtempSync(join(tmpdir(), 'etalon-bundle-'))
  // there is a whole archive or none under its name
  const making = `${archive}.${process.pid}.part`
  try {
    const folder = join(temporary, 'etalon')
    const node = join(folder, 'node')
    mkdirSync(folder)
    await writeProgram(folder)
    copyFileSync(process.execPath, node)
    if (has('strip')) execFileSync('strip', [node])
    execFileSync('tar', ['--sort=name', '--owner=0', '--group=0', '-I', 'xz -T0', '-cf', making, 'etalon'], {
      cwd: temporary,
    })
    renameSync(making, archive)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
    rmSync(making, { force: true })
  }
  const bytes = readFileSync(archive)
  const size = bytes.length / mebibyte
  console.log(`${archive}\n${size.toFixed(1)} MiB, sha256 ${createHash('sha256').update(bytes).digest('hex')}`)
  return size <= most ? undefined : `the archive is larger than ${most} MiB`
}

const problem = obstacle() ?? (await pack(join(repository, `${about.name}-${about.version}-linux-x64.tar.xz`)))
if (problem !== undefined) {
  console.error(`bundle: ${problem}`)
  process.exitCode = 1
}
