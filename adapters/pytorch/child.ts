import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A program that answers a line of text with a line of text, in order; started when it is first asked, and again after it has ended. */
export interface Child {
  /** rejects if the program cannot be started or ends before it has answered */
  readonly ask: (line: string) => Promise<string>
  readonly close: () => Promise<void>
}

interface Waiting {
  readonly resolve: (line: string) => void
  readonly reject: (reason: Error) => void
}

interface Running {
  readonly process: ChildProcessWithoutNullStreams
  readonly waiting: Waiting[]
  readonly ended: Promise<void>
}

// of what the program complained about, as much as a message holds
const mostComplaint = 500

const start = (command: string, args: readonly string[]): Running => {
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting: Waiting[] = []
  let complaint = ''
  process.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-mostComplaint)
  })
  createInterface({ input: process.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  // a broken pipe is told by the end of the program
  process.stdin.on('error', () => undefined)
  const ended = new Promise<void>((done) => {
    const end = (why: string): void => {
      for (const { reject } of waiting.splice(0))
        reject(new Error(`${why}${complaint === '' ? '' : `: ${complaint.trim()}`}`))
      done()
    }
    process.on('error', ({ message }) => end(message))
    process.on('close', (code, signal) => end(`${command} ended (${signal ?? `exit code ${code}`})`))
  })
  return { process, waiting, ended }
}

/** A program that is started by a command and its arguments. */
export const childOf = (command: string, args: readonly string[]): Child => {
  let running: Running | undefined
  return {
    ask: (line) => {
      if (running === undefined) {
        const started = start(command, args)
        running = started
        void started.ended.then(() => {
          if (running === started) running = undefined
        })
      }
      const { process, waiting } = running
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        process.stdin.write(`${line}\n`)
      })
    },
    close: async () => {
      const closing = running
      running = undefined
      closing?.process.stdin.end()
      await closing?.ended
    },
  }
}
