import { createReadStream, createWriteStream } from 'node:fs'
import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'
import { either as E } from 'fp-ts'
import type { Browser, Page } from 'playwright-core'
import { exists, keptIn, unpacked, userFolders } from '../../accelerated/device/cache.js'
import { embeddedRunsOn } from '../../accelerated/device/decide.js'
import { chromiumPackage } from '../../accelerated/device/embedded.js'
import { currentPlatform } from '../../accelerated/device/load.js'
import type { DeviceChoice } from '../../accelerated/index.js'
import { messageOf } from '../../conformance/guarded.js'
import type { Result } from '../../spec/error.js'
import { etalonError, fail } from '../../spec/error.js'
import type { Launched } from './host.js'

/** A Chromium without a window: the embedded one, or another of this machine. */

// ---- the embedded one --------------------------------------------------------------------------------------------

const program = 'chromium'
// libraries that a bare system lacks, as Amazon Linux has them
const libraries = 'al2023/lib'
// what the program loads from beside itself: SwiftShader, and what WebGL is made of
const beside = ['libvk_swiftshader.so', 'vk_swiftshader_icd.json', 'libEGL.so', 'libGLESv2.so'] as const

const isComplete = async (home: string): Promise<boolean> =>
  (await Promise.all([program, 'complete'].map((name) => exists(join(home, name))))).every((there) => there)

const writeAll = async (archive: string, folder: string): Promise<void> => {
  for await (const { name, bytes } of unpacked(archive)) {
    const file = join(folder, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, await bytes(), { flush: true, mode: 0o700 })
  }
}

/**
 * The embedded browser, unpacked on first use (about 215 MB) into the user's cache folder. What is wrong is thrown.
 */
const embedded = async (cache: string): Promise<string> => {
  const { folder, version } = await chromiumPackage()
  const packed = (name: string): string => join(folder, 'bin', name)
  return keptIn(cache, `chromium-${version}`, {
    isComplete,
    fill: async (home) => {
      await pipeline(
        createReadStream(packed('chromium.br')),
        createBrotliDecompress(),
        createWriteStream(join(home, program), { mode: 0o700, flush: true }),
      )
      await writeAll(packed('swiftshader.tar.br'), home)
      await writeAll(packed('al2023.tar.br'), join(home, dirname(dirname(libraries))))
      const missing = (await Promise.all(beside.map((name) => exists(join(home, name))))).indexOf(false)
      if (missing >= 0) throw new Error(`${packed('swiftshader.tar.br')} holds no ${beside[missing]}`)
      await writeFile(join(home, 'complete'), `${version}\n`, { flush: true })
    },
  })
}

/** The first way to the embedded browser that is one. Errors: BackendUnavailable. */
const embeddedProgram = async (): Promise<Result<string>> => {
  const support = embeddedRunsOn(currentPlatform())
  if (E.isLeft(support))
    return fail(
      'BackendUnavailable',
      `${support.left.message.replace('software adapter', 'browser')}; --browser-path names another`,
    )
  const troubles: string[] = []
  for (const cache of userFolders()) {
    try {
      return E.right(join(await embedded(cache), program))
    } catch (thrown) {
      troubles.push(messageOf(thrown))
    }
  }
  return fail(
    'BackendUnavailable',
    `the embedded browser could not be prepared: ${[...new Set(troubles)].join('; then ')}`,
  )
}

/** A program of this machine's. Errors: BackendUnavailable. */
const programAt = async (path: string): Promise<Result<string>> =>
  access(path, constants.X_OK).then(
    () => E.right(path),
    () => fail('BackendUnavailable', `there is no browser at ${path}`),
  )

// ---- starting it -------------------------------------------------------------------------------------------------

/** WebGPU is behind a switch on Linux; a software adapter is one that has to be asked for. */
const flagsFor: Readonly<Record<DeviceChoice, readonly string[]>> = {
  auto: ['--enable-unsafe-webgpu'],
  gpu: ['--enable-unsafe-webgpu', '--enable-features=Vulkan'],
  software: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
}

// a software adapter may take long over one submission without being stuck
const always: readonly string[] = ['--disable-gpu-watchdog']

// the embedded one is built for that: a process less that can be lost, and with it the device
const ofEmbedded: readonly string[] = ['--in-process-gpu']

const lacksLibraries = (thrown: unknown): boolean => messageOf(thrown).includes('error while loading shared libraries')

/** What a launch that failed says, without the log of it. */
const briefly = (thrown: unknown): string => {
  const lines = messageOf(thrown).split('\n')
  const said = lines.find((line) => /error while loading|ERROR:|No usable sandbox|Missing X server/.test(line))
  return [lines[0], said?.replace(/^.*?\[err\]\s*/, '').trim()]
    .filter((line) => line !== undefined && line !== '')
    .join(': ')
    .replace(/^browserType\.launch: /, '')
}

// nothing of a page that is asked for is far away
const startSeconds = 60

/**
 * Starts a browser: the embedded one, or the one at a path.
 *
 * Errors  BackendUnavailable – there is none, or it does not start
 */
export const launchChromium = async (path: string | undefined, device: DeviceChoice): Promise<Result<Launched>> => {
  const playwright = await import('playwright-core').catch(() => undefined)
  if (playwright === undefined)
    return fail(
      'BackendUnavailable',
      'a browser is driven by playwright-core, which is not installed: npm install playwright-core',
    )
  const found = path === undefined ? await embeddedProgram() : await programAt(path)
  if (E.isLeft(found)) return found
  const executablePath = found.right
  const launch = (env: Readonly<Record<string, string>>): Promise<Browser> =>
    playwright.chromium.launch({
      executablePath,
      headless: true,
      args: [...always, ...(path === undefined ? ofEmbedded : []), ...flagsFor[device]],
      timeout: 1000 * startSeconds,
      // a person's Ctrl-C is the command's, which says how to go on
      handleSIGINT: false,
      env: { ...process.env, ...env },
    })
  try {
    const browser = await launch({}).catch((thrown: unknown) => {
      if (path !== undefined || !lacksLibraries(thrown)) throw thrown
      const own = join(dirname(executablePath), libraries)
      return launch({
        LD_LIBRARY_PATH: [own, process.env['LD_LIBRARY_PATH'] ?? ''].filter((one) => one !== '').join(':'),
      })
    })
    return E.right(launchedFrom(browser))
  } catch (thrown) {
    return E.left(etalonError('BackendUnavailable', `the browser did not start: ${briefly(thrown)}`))
  }
}

const launchedFrom = (browser: Browser): Launched => ({
  facts: { browser: `Chromium ${browser.version()}` },
  open: (origin) => {
    let heard: (text: string) => void = () => undefined
    let ended: (how: string) => void = () => undefined
    const opening = (async (): Promise<Page> => {
      const page = await browser.newPage()
      page.on('crash', () => ended('the tab crashed'))
      page.on('close', () => ended('the tab was closed'))
      await page.exposeFunction('etalonTell', (text: string) => heard(text))
      await page.exposeFunction('etalonEnded', (how: string) => ended(how))
      await page.goto(`${origin}/`)
      return page
    })()
    browser.on('disconnected', () => ended('the browser ended'))
    // what is said before the page is there waits, and comes in its order
    let last: Promise<unknown> = opening
    last.catch((thrown: unknown) => ended(messageOf(thrown).split('\n')[0] ?? ''))
    return {
      tell: (text) => {
        last = last
          .then(() => opening)
          .then((page) => page.evaluate(`etalonHear(${JSON.stringify(text)})`))
          .catch((thrown: unknown) => ended(messageOf(thrown).split('\n')[0] ?? ''))
      },
      hear: (hearing, ending) => {
        heard = hearing
        ended = ending
      },
      end: () => void opening.then((page) => page.close()).catch(() => undefined),
    }
  },
  close: () => browser.close(),
})
