import { existsSync, readFileSync, readdirSync } from 'node:fs'
import type { OpName } from '../../spec/catalogue.js'
import type { GoldenFile } from '../golden/read.js'
import { parseGolden } from '../golden/read.js'
import { families, folderOf } from '../planted.js'
import { right } from './shaken.js'

/** Golden vectors, which stand at the op's own path: `conformance/golden/layers/conv2d.json`, beside what makes them. */

const folder = new URL('../golden/', import.meta.url)

const pathOf = (op: OpName): string => `${folderOf(op)}/${op}`

/** The golden cases of an op, if there are any. */
export const goldenOf = (op: OpName): GoldenFile | undefined => {
  const file = new URL(`${pathOf(op)}.json`, folder)
  return existsSync(file) ? right(parseGolden(readFileSync(file, 'utf8'))) : undefined
}

/** What to do for an op without golden cases. */
export const howToMake = (op: OpName): string => {
  const path = `conformance/golden/${pathOf(op)}`
  return `${path}.json is missing: say in ${path}.py what PyTorch is asked (conformance/golden/activations/elu.py is an example), then /usr/bin/python3 conformance/golden/generate.py ${op}`
}

/** The ops, by their names, that the folder has golden files of, and what makes them. */
export const namesInFolder = (extension: 'json' | 'py'): readonly string[] =>
  Object.values(families).flatMap((family) =>
    readdirSync(new URL(`${family}/`, folder))
      .filter((name) => name.endsWith(`.${extension}`))
      .map((name) => name.slice(0, -extension.length - 1)),
  )
