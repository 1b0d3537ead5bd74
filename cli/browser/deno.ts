import { work } from './work.js'

/** The work in Deno: a message a line, in and out. */

interface DenoHere {
  readonly Deno: {
    readonly stdin: { readonly readable: AsyncIterable<Uint8Array> }
    readonly stdout: { writeSync(bytes: Uint8Array): number }
    exit(code: number): never
  }
}

const { stdin, stdout, exit } = (globalThis as typeof globalThis & DenoHere).Deno

// what a library says goes where people read, for the lines are Node's
Object.assign(console, { log: console.error, info: console.error, debug: console.error })

const hear = work((text) => {
  const bytes = new TextEncoder().encode(`${text}\n`)
  for (let written = 0; written < bytes.length;) written += stdout.writeSync(bytes.subarray(written))
  return Promise.resolve()
})

const decoder = new TextDecoder()
let rest = ''
for await (const bytes of stdin.readable) {
  const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
  rest = lines.pop() ?? ''
  lines.forEach(hear)
}
exit(0)
