import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedRunsOn } from '../../accelerated/device/decide.js'
import { currentPlatform, loadEmbedded } from '../../accelerated/device/load.js'
import { about, repository, writeProgram } from './program.js'

/*
 * The bundle's program as a stranger's machine has it: in a folder far from this one, started from another, with no
 * package in reach and no Node on the PATH.
 */

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string }

const run = async (command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Ran> => {
  const running = promisify(execFile)(command, args, { cwd, env })
  running.child.stdin?.end('{"id":1,"op":"softmax","inputs":{"x":{"shape":[2],"data":[0,0]}}}\n')
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (problem: unknown) => problem as Ran,
  )
}

const temporary = await mkdtemp(join(tmpdir(), 'etalon-bundle-test-'))
const folder = join(temporary, 'etalon')
const elsewhere = join(temporary, 'elsewhere')

// the launcher's own tools; a Node that is among them would not be found by its name
const bare = { PATH: join(temporary, 'tools'), HOME: elsewhere }

const etalon = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  run(join(folder, 'etalon'), args, { ...bare, ...env }, elsewhere)

beforeAll(async () => {
  await Promise.all([mkdir(folder), mkdir(elsewhere), mkdir(bare.PATH)])
  await writeProgram(folder)
  await symlink(process.execPath, join(folder, 'node'))
  for (const tool of ['dirname', 'readlink']) {
    const { stdout } = await promisify(execFile)('sh', ['-c', `command -v ${tool}`])
    await symlink(stdout.trim(), join(bare.PATH, tool))
  }
})

afterAll(() => rm(temporary, { recursive: true, force: true }))

describe('the bundled program', () => {
  it('knows its version and its ops', async () => {
    expect(await etalon(['--version'])).toEqual({ code: 0, stdout: `${about.version}\n`, stderr: '' })
    const { code, stdout } = await etalon(['list'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^conv2d +fwd bwd +fwd bwd/m)
  })

  it('starts by a link to it as well', async () => {
    await symlink(join(folder, 'etalon'), join(elsewhere, 'linked'))
    expect(await run(join(elsewhere, 'linked'), ['--version'], bare, elsewhere)).toMatchObject({
      stdout: `${about.version}\n`,
    })
  })

  it('answers as the oracle', async () => {
    const { stdout } = await etalon(['eval'])
    expect(JSON.parse(stdout)).toEqual({ id: 1, ok: true, outputs: { y: { shape: [2], data: [0.5, 0.5] } } })
  })

  it('explains an op without its sources', async () => {
    const { stdout } = await etalon(['explain', 'conv2d'])
    expect(stdout).toContain('= 1·1 + 0·1 + 1·1 + 0·0 + 1·1 + 0·1 + 1·0 + 0·0 + 1·1')
  })

  it('says of the software adapter that it is not there', async () => {
    const { code, stderr } = await etalon(['verify', '--device', 'software', '--ops', 'relu'])
    expect(code).toBe(3)
    expect(stderr).toMatch(
      /^etalon: BackendUnavailable: .*@sparticuz\/chromium is not installed: npm install @sparticuz\/chromium\n$/,
    )
  })

  // SwiftShader under the name of the system's Vulkan stands in for a driver
  it.skipIf(E.isLeft(embeddedRunsOn(currentPlatform())))(
    'finds its own Dawn, and by it the Vulkan of the system',
    async () => {
      const embedded = await loadEmbedded()
      if (E.isLeft(embedded)) throw new Error(embedded.left.message)
      const LD_LIBRARY_PATH = join(embedded.right.folder, 'dist', 'linux-x64')
      const asked = ['verify', '--ops', 'relu', '--runs', '1', '--json', 'report.json']
      const { code, stdout } = await etalon(asked, { LD_LIBRARY_PATH })
      expect(stdout).toMatch(/kind +system-software/)
      expect(code).toBe(0)
      expect(await readFile(join(elsewhere, 'report.json'), 'utf8')).toContain('"conformant"')
    },
  )

  it('names whose work it holds, and no folder that it was made in', async () => {
    const notices = await readFile(join(folder, 'NOTICES'), 'utf8')
    for (const name of ['commander', 'fp-ts', 'd3-array']) expect(notices).toMatch(new RegExp(`^${name}\n\n.`, 'm'))
    expect(await readFile(join(folder, 'dist', 'main.js'), 'utf8')).not.toContain(repository)
  })
})

describe('the archive', () => {
  it('is refused in plain words where there is nothing to pack it with', async () => {
    const make = ['--import', 'tsx', join('cli', 'bundle', 'main.ts')]
    const { code, stderr } = await run(process.execPath, make, { PATH: elsewhere }, repository)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^bundle: .*(no tar on the PATH|no tar and no xz|this is )/)
  })
})
