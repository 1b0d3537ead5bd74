import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { sectionsPage } from '../docs/lessons/page.js'
import { encodeSafetensors, storedTensor } from '../formats/safetensors.js'
import { alexnet } from '../spec/networks/alexnet.js'
import { mlp } from '../spec/networks/mlp.js'
import { generate } from '../spec/tensor.js'
import { firstFilters, layoutOf } from './filterPage.js'

const folder = mkdtempSync(join(tmpdir(), 'filters-'))
const fileOf = (name: string, shape: readonly number[]): string => {
  const file = join(folder, `${name}.safetensors`)
  writeFileSync(
    file,
    encodeSafetensors({
      tensors: [
        storedTensor(
          name,
          generate(shape, (i) => Math.sin(i)),
        ),
      ],
      metadata: {},
    }),
  )
  return file
}

describe('the filters of a first layer', () => {
  test('are the 96 of AlexNet, in colours, out of a file of PyTorch’s names', async () => {
    const found = await firstFilters(alexnet(1), fileOf('conv1.weight', [96, 3, 11, 11]))
    if (E.isLeft(found)) throw new Error(found.left.message)
    const { title, sections } = layoutOf('alexnet', found.right)
    expect([...sectionsPage(title, sections).matchAll(/<img width="44" height="44"/g)]).toHaveLength(96)
  })

  test('are refused where the file has none, has others, or the network has no filters', async () => {
    const codes = await Promise.all([
      firstFilters(alexnet(1), fileOf('other.weight', [96, 3, 11, 11])),
      firstFilters(alexnet(1), fileOf('conv1.w', [64, 3, 11, 11])),
      firstFilters(mlp(1), fileOf('conv1.weight', [96, 3, 11, 11])),
      firstFilters(alexnet(1), join(folder, 'none')),
    ])
    expect(codes.map((result) => (E.isLeft(result) ? result.left.code : 'none'))).toEqual([
      'MissingInput',
      'ShapeMismatch',
      'ShapeMismatch',
      'FileUnreadable',
    ])
  })
})
