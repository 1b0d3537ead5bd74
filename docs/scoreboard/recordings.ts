import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { getOrThrow, within } from '../../spec/error.js'
import type { Recording } from './record.js'
import { readRecord } from './record.js'

const folder = new URL('recorded/', import.meta.url)

/** The file of a library's record. */
export const fileOf = (backend: string): string => fileURLToPath(new URL(`${backend}.jsonl`, folder))

// our own first, then libraries as people meet them
const order = ['webgpu', 'plain-f32', 'tfjs', 'jax-js', 'onnxruntime-web', 'pytorch']
const rankOf = (backend: string): number => {
  const rank = order.findIndex((name) => backend.startsWith(name))
  return rank === -1 ? order.length : rank
}

/** All that is on record. Throws where a record lies. */
export const recordings = (): readonly Recording[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => getOrThrow(E.mapLeft(within(name))(readRecord(readFileSync(new URL(name, folder), 'utf8')))))
    .sort((a, b) => rankOf(a.backend) - rankOf(b.backend) || (a.backend < b.backend ? -1 : 1))
