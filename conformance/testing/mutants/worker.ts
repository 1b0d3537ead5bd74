import type { Mutant, Variant } from './mutant.js'
import { asksPrograms, linesOf, roomOf } from './mutant.js'
import { backendOf } from './patched.js'
import type { Outcome } from './trial.js'
import { tried } from './trial.js'

// A process that tries one change after the other, as its parent hands them over. It is apart from its parent because a fault
// may make it run forever, or end it.

export type Said = { readonly alive: true } | { readonly outcome: Outcome } | { readonly broken: string }

const say = (said: Said): void => void process.send?.(said)

process.on('message', (change: Mutant | Variant) => {
  const trial = async (): Promise<void> => {
    const room = roomOf(change)
    const backend = await backendOf(room, change.edits, change.on)
    const asItIs = () => backendOf(room, [], change.on)
    say({ outcome: await tried(backend, asItIs, linesOf(change), asksPrograms(change), () => say({ alive: true })) })
  }
  // a text that is gone, or that is no TypeScript any more: no answer's fault
  trial().catch((thrown: unknown) => say({ broken: thrown instanceof Error ? thrown.message : String(thrown) }))
})
process.on('disconnect', () => process.exit())
say({ alive: true })
