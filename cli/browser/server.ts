import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'
import { folderOf as folderOfPackage } from '../../adapters/installed.js'
import { adapters } from '../../adapters/browser.js'
import type { Change } from '../../conformance/planted.js'
import { isOpName } from '../../spec/catalogue.js'
import { plantedModule } from '../faulty.js'
import type { Files } from './bundle.js'

/**
 * Serves the suite to a browser of this machine: the page, the files of the bundle, formulas with a planted fault, and what
 * libraries load of themselves. It listens on the loopback alone, and has nothing that is not published.
 */

const page = `<!doctype html>
<meta charset="utf-8">
<title>etalon</title>
<script type="module">
  const worker = new Worker('/cli/browser/worker.js', { type: 'module' })
  worker.onmessage = ({ data }) => etalonTell(data)
  worker.onerror = ({ message, filename, lineno }) =>
    etalonEnded(message === undefined ? 'its worker did not load' : \`\${message} (\${filename}:\${lineno})\`)
  globalThis.etalonHear = (text) => worker.postMessage(text)
</script>
`

const types: Readonly<Record<string, string>> = {
  '': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
}

const packages = new Set(adapters.flatMap((adapter) => Object.keys(adapter.packages)))

/** A file of an installed library: it loads more of itself when it starts. */
const ofPackage = async (path: string): Promise<Uint8Array | undefined> => {
  const name = [...packages].find((one) => path.startsWith(`/npm/${one}/`))
  const folder = name === undefined ? undefined : folderOfPackage(name)
  if (name === undefined || folder === undefined) return undefined
  const file = normalize(join(folder, path.slice(`/npm/${name}/`.length)))
  return file.startsWith(folder + sep) ? readFile(file) : undefined
}

/** A formula with the fault that is asked for. */
const ofFormula = async ({ pathname, searchParams }: URL): Promise<string | undefined> => {
  const fault = searchParams.get('fault')
  const op = /^\/reference\/\w+\/(\w+)\.js$/.exec(pathname)?.[1] ?? ''
  return fault === null || !isOpName(op) ? undefined : plantedModule(op, JSON.parse(fault) as Change)
}

const answerTo = async (files: Files, url: URL): Promise<string | Uint8Array | undefined> =>
  url.pathname === '/'
    ? page
    : url.searchParams.has('fault')
      ? ofFormula(url)
      : (files.get(url.pathname) ?? ofPackage(url.pathname))

export interface Server {
  readonly origin: string
  readonly close: () => void
}

export const serve = (files: Files): Promise<Server> => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    answerTo(files, url).then(
      (body) => {
        response.writeHead(body === undefined ? 404 : 200, {
          'content-type': types[extname(url.pathname)] ?? 'application/octet-stream',
          'cache-control': 'no-store',
        })
        response.end(body)
      },
      () => response.writeHead(404).end(),
    )
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () =>
      resolve({
        origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => {
          server.close()
          server.closeAllConnections()
        },
      }),
    )
  })
}
