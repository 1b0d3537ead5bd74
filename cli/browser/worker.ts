import { work } from './work.js'

/** The work in a worker of a page, which hands on what is said. */

interface Port {
  postMessage(text: string): void
  onmessage: ((event: { readonly data: string }) => void) | null
}

const port = globalThis as typeof globalThis & Port

const hear = work((text) => {
  port.postMessage(text)
  return Promise.resolve()
})
port.onmessage = ({ data }) => hear(data)
