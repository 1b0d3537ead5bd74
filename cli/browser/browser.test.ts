import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { afterAll, describe, expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { readReport } from '../../conformance/reportCodec.js'
import { questionTable } from '../../conformance/table.js'
import { verify } from '../../conformance/verify.js'
import { oracle } from '../../reference/index.js'
import { browserOf, browserProblem, browserWords } from './choice.js'
import { launchChromium } from './chromium.js'
import { openHost } from './host.js'
import { command } from '../testing/bundled.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'etalon-browser-test-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const etalon = async (...args: readonly string[]): Promise<Ended> => {
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: root,
    stdio: 'pipe',
    env: { ...process.env, GITHUB_ACTIONS: '' },
  })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

const rightOf = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

describe('what a person asks for', () => {
  test('is the embedded Chromium, another, or Deno by its name', () => {
    expect(browserOf({})).toBeUndefined()
    expect(browserOf({ browser: true })).toEqual({ which: 'chromium' })
    expect(browserOf({ browserPath: '/usr/bin/chromium' })).toEqual({ which: 'chromium', path: '/usr/bin/chromium' })
    expect(browserOf({ browserPath: 'node_modules/.bin/deno' })).toMatchObject({ which: 'deno' })
    expect(browserOf({ browserPath: '/opt/denoiser/chrome' })).toMatchObject({ which: 'chromium' })
  })

  test('comes back in the line that replays a case', () => {
    expect(browserWords(undefined)).toEqual([])
    expect(browserWords({ which: 'chromium' })).toEqual(['--browser'])
    expect(browserWords({ which: 'deno', path: 'deno' })).toEqual(['--browser-path', 'deno'])
  })

  test('is refused for a backend that runs in Node', async () => {
    expect(browserProblem({ which: 'chromium' }, 'webgpu')).toBeUndefined()
    expect(browserProblem({ which: 'chromium' }, 'tfjs-webgpu')).toBeUndefined()
    expect(browserProblem(undefined, 'pytorch')).toBeUndefined()
    const { code, err } = await etalon('verify', '--browser', '--backend', 'pytorch')
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^etalon: --browser has webgpu, .*; pytorch runs in Node\n$/),
    ])
  })
})

describe('a browser that cannot start is no verdict, and ends with 3', () => {
  test('where there is none', async () => {
    const json = join(folder, 'none.json')
    const { code, out, err } = await etalon('verify', '--browser-path', join(folder, 'none'), '--json', json)
    expect([code, out]).toEqual([3, ''])
    expect(err).toMatch(/^etalon: BackendUnavailable: there is no browser at .*none\n$/)
    await expect(readFile(json)).rejects.toThrow('ENOENT')
  })

  test('where it is something else', async () => {
    const other = join(folder, 'other')
    await writeFile(other, '#!/bin/sh\necho nothing of a browser >&2\nexit 7\n')
    await chmod(other, 0o755)
    const { code, out, err } = await etalon('replay', 'relu/forward/1/1@1', '--browser-path', other)
    expect(code).not.toBe(0)
    expect(out).toBe('')
    expect(err.split('\n').filter((line) => line !== '')).toHaveLength(1)
  })

  test('where Deno is not there', async () => {
    const { code, err } = await etalon('verify', '--browser-path', join(folder, 'deno'), '--ops', 'relu')
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(/^etalon: BackendUnavailable: there is no Deno at .*npm install deno/),
    ])
  })
})

const launched = await launchChromium(undefined, 'software')
const reason = E.isLeft(launched) ? ` (skipped: ${launched.left.message})` : ''
if (E.isRight(launched)) await launched.right.close()

describe.skipIf(E.isLeft(launched))(`the embedded browser${reason}`, () => {
  test('is asked the same cases as Node is, and finds our backend conformant', async () => {
    const json = join(folder, 'slice.json')
    const ops = ['relu', 'maxPool2d', 'sgd'] as const
    const { code, out, err } = await etalon(
      ...['verify', '--browser', '--device', 'software', '--ops', ops.join(), '--profile', 'quick', '--json', json],
    )
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/webgpu on\n +kind +software\n +vendor +google\n +architecture +swiftshader/)
    expect(out).toMatch(/browser +Chromium \d+/)
    expect(out).toMatch(/\nconformant: 5 conformant, \d+ cases/)
    const { lines, summary } = rightOf(readReport(await readFile(json, 'utf8')))
    const inNode = rightOf(await verify(plainF32, oracle, questionTable, { ops, profile: 'quick', runs: 0, seed: 1 })())
    const asked = (all: readonly { readonly op: string; readonly direction: string; readonly cases: number }[]) =>
      all.map(({ op, direction, cases }) => ({ op, direction, cases }))
    expect(asked(lines)).toEqual(asked(inNode.lines))
    expect(lines.map(({ verdict }) => verdict)).toEqual(lines.map(() => 'conformant'))
    expect(summary).toMatchObject({ backend: 'webgpu', replay: 'etalon replay --browser --device software' })
  })

  test('replays a case, and says of one that is none that it is a mistake', async () => {
    const args = ['--browser', '--device', 'software']
    const { code, out, err } = await etalon('replay', ...args, '{"op":"relu","shapes":{"x":[2]},"data":{"x":[-1,NaN]}}')
    expect([code, err.split(':')[1]]).toEqual([2, expect.anything()])
    expect(out).toBe('')
  })

  test('has libraries that say what they have no kernel for, opening a session or in a run', async () => {
    const options = ['--browser', '--device', 'software', '--backend', 'onnxruntime-webgpu']
    const shapes = { x: [1, 1], gamma: [1], beta: [1], runningMean: [1], runningVar: [1] }
    const only = { only: [] }
    const fills = Object.fromEntries(Object.keys(shapes).map((name) => [name, only]))
    const cases = [
      { op: 'logSoftmax', direction: 'forward', seed: 'one', shapes: { x: [1] }, fills: { x: only } },
      {
        op: 'batchNormTraining',
        direction: 'forward',
        seed: 'one',
        attrs: { runningVariance: 'biased' },
        shapes,
        fills,
      },
    ]
    const { code, out, err } = await etalon('replay', ...options, ...cases.map((one) => JSON.stringify(one)))
    expect([code, err]).toEqual([0, ''])
    expect(out.match(/unsupported: no kernel of its WebGPU/g)).toHaveLength(2)
  })

  test('that ends while it is asked is told of', async () => {
    const host = rightOf(await openHost({ which: 'chromium' }, 'software', 'webgpu', { write: () => undefined }))
    const { tell, hear } = host.start()
    const ended = await new Promise<string>((resolve) => {
      hear((message) => {
        if (message.is === 'ready') void host.close()
      }, resolve)
      const manner = { profile: 'quick', runs: 0, seed: 1, shrinkTime: 0, nonFinite: 'told', caseTimeout: 30 } as const
      tell({ is: 'manner', manner: { ...manner, device: 'software', backend: 'webgpu' } })
    })
    expect(ended).toMatch(/the (tab was closed|browser ended)/)
  })
})
