import { either as E } from 'fp-ts'
import type { DeviceChoice } from '../../accelerated/index.js'
import { adapters } from '../../adapters/browser.js'
import { versionOf } from '../../adapters/installed.js'
import type { Fingerprint } from '../../spec/backend.js'
import type { Result } from '../../spec/error.js'
import { etalonError } from '../../spec/error.js'
import type { ExitCode } from '../exit.js'
import { exit } from '../exit.js'
import type { Part, StartPart } from '../jobs.js'
import type { FromPart } from '../partWork.js'
import type { Screen } from '../terminal.js'
import { coloured, complainTo, inkFor } from '../terminal.js'
import { filesFor } from './bundle.js'
import type { FromBrowser, Surroundings, ToBrowser } from './messages.js'
import { serve } from './server.js'
import { fromText, toText } from './wire.js'

/** A browser as a place where parts of a run work, seen from Node. */

/** What is written in a browser and read here, and the other way round. */
export interface Channel {
  readonly tell: (text: string) => void
  readonly hear: (heard: (text: string) => void, ended: (how: string) => void) => void
  readonly end: () => void
}

/** A browser that was started. */
export interface Launched {
  readonly facts: Fingerprint
  /** opens the page of whoever serves the suite, each time another one */
  readonly open: (origin: string) => Channel
  readonly close: () => Promise<void>
}

/** Where the suite runs in place of Node: a Chromium, the embedded one where no path is given, or Deno. */
export interface BrowserChoice {
  readonly which: 'chromium' | 'deno'
  readonly path?: string
}

export interface Host {
  readonly start: StartPart
  /** replays cases there; what is written there is written on these */
  readonly replay: (
    asked: {
      readonly texts: readonly string[]
      readonly device: DeviceChoice
      readonly backend: string
      readonly caseTimeout: number
    },
    screens: { readonly out: Screen; readonly err: Screen },
  ) => Promise<ExitCode>
  readonly close: () => Promise<void>
}

// before the first word of a page a library of some size may have to start
const firstWordSeconds = 120

/** A channel that is told how things stand, and that ends where nothing is heard of it. */
const attended = ({ tell, hear, end }: Channel, surroundings: Surroundings) => ({
  tell: (message: ToBrowser): void => tell(toText(message)),
  hear: (heard: (message: FromBrowser) => void, ended: (how: string) => void): void => {
    const late = setTimeout(() => ended(`nothing was heard of it for ${firstWordSeconds} s`), 1000 * firstWordSeconds)
    late.unref()
    hear(
      (text) => {
        clearTimeout(late)
        heard(fromText(text) as FromBrowser)
      },
      (how) => {
        clearTimeout(late)
        ended(how)
      },
    )
    tell(toText({ is: 'surroundings', surroundings } satisfies ToBrowser))
  },
  end,
})

const isOfPart = (message: FromBrowser): message is FromPart => message.is !== 'wrote' && message.is !== 'exit'

/**
 * Starts a browser and serves it the suite.
 *
 * Errors  BackendUnavailable – there is no such browser, or it does not start; the suite cannot be bundled
 */
export const openHost = async (
  { which, path }: BrowserChoice,
  device: DeviceChoice,
  backend: string,
  err: Screen,
): Promise<Result<Host>> => {
  // each is loaded when it is wanted: a driver of some size
  const launched =
    which === 'deno'
      ? await (await import('./denoHost.js')).launchDeno(path)
      : await (await import('./chromium.js')).launchChromium(path, device)
  if (E.isLeft(launched)) return launched
  const { facts, open, close } = launched.right
  // a browser that is not there is found out sooner than a bundle is made
  const files = await filesFor(backend)
  if (E.isLeft(files)) {
    await close().catch(() => undefined)
    return files
  }
  const server = await serve(files.right)
  const surroundings: Surroundings = {
    facts,
    versions: Object.fromEntries(
      adapters.flatMap(({ packages }) =>
        Object.keys(packages).flatMap((name) => {
          const version = versionOf(name)
          return version === undefined ? [] : [[name, version] as const]
        }),
      ),
    ),
  }
  const openOne = () => attended(open(server.origin), surroundings)
  return E.right({
    start: (): Part => {
      const { tell, hear, end } = openOne()
      return {
        gone: 'what asked in the browser is gone',
        tell,
        hear: (heard, ended) =>
          hear((message) => {
            if (isOfPart(message)) heard(message)
            else if (message.is === 'wrote') err.write(message.text)
          }, ended),
        end,
      }
    },
    replay: ({ texts, device, backend, caseTimeout }, { out, err }) =>
      new Promise((resolve) => {
        const { tell, hear, end } = openOne()
        let done = false
        const finish = (code: ExitCode): void => {
          done = true
          resolve(code)
          end()
        }
        hear(
          (message) => {
            if (message.is === 'wrote') (message.to === 'out' ? out : err).write(message.text)
            else if (message.is === 'exit') finish(message.code)
            else if (message.is === 'refused') {
              complainTo(err)(`${message.error.code}: ${message.error.message}`)
              finish(exit.oracleFailed)
            }
          },
          (how) => {
            if (done) return
            const { code, message } = etalonError('DeviceLost', how)
            complainTo(err)(`${code}: ${message}`)
            finish(exit.noBackend)
          },
        )
        tell({ is: 'replay', texts, device, backend, caseTimeout, coloured: inkFor(out) === coloured })
      }),
    close: async () => {
      server.close()
      await close().catch(() => undefined)
    },
  })
}
