import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { encodeImages, encodeLabels } from '../formats/idx.js'
import { countOf, standardisationOf } from '../training/dataset.js'
import { digits } from '../training/digits.js'
import { loadIdxFolder } from './dataset.js'

const mnist = fileURLToPath(new URL('../../shared/data/mnist', import.meta.url))

const [train, test] = [digits(1, 5, 'train'), digits(1, 3, 'test')]
const standard: Readonly<Record<string, Uint8Array>> = {
  'train-images-idx3-ubyte': encodeImages(train.images),
  'train-labels-idx1-ubyte': encodeLabels(train.labels),
  't10k-images-idx3-ubyte': encodeImages(test.images),
  't10k-labels-idx1-ubyte': encodeLabels(test.labels),
}
const without = (name: string): Readonly<Record<string, Uint8Array>> =>
  Object.fromEntries(Object.entries(standard).filter(([other]) => other !== name))

const inFolder = async <A>(
  files: Readonly<Record<string, Uint8Array>>,
  use: (dir: string) => Promise<A>,
): Promise<A> => {
  const dir = await mkdtemp(join(tmpdir(), 'etalon-'))
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(dir, name), bytes)
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}
const loaded = (files: Readonly<Record<string, Uint8Array>>) => inFolder(files, (dir) => loadIdxFolder(dir)())
const left = (code: string, message: RegExp) => E.left({ code, message: expect.stringMatching(message) as string })

describe('loadIdxFolder', () => {
  it('reads plain files', async () => {
    expect(await loaded(standard)).toEqual(E.right({ train, test }))
  })

  it('reads gzipped files, and names with a middle', async () => {
    const packed = Object.fromEntries(
      Object.entries(standard).map(([name, bytes]) => [`${name.replace('-', '-10k-')}.gz`, gzipSync(bytes)]),
    )
    expect(await loaded(packed)).toEqual(E.right({ train, test }))
  })

  it('prefers the standard name, plain before gzipped', async () => {
    const other = encodeImages(digits(2, 5, 'train').images)
    const more = { 'train-small-images-idx3-ubyte': other, 'train-images-idx3-ubyte.gz': gzipSync(other) }
    expect(await loaded({ ...standard, ...more })).toEqual(E.right({ train, test }))
  })

  it('two files for one pattern and neither standard: both are named', async () => {
    const images = encodeImages(train.images)
    const two = { 'train-a-images-idx3-ubyte': images, 'train-b-images-idx3-ubyte': images }
    expect(await loaded({ ...without('train-images-idx3-ubyte'), ...two })).toEqual(
      left(
        'FileUnreadable',
        /train-a-images-idx3-ubyte and train-b-images-idx3-ubyte fit train\*-images\[-\.\]idx3-ubyte/,
      ),
    )
  })

  it('a missing folder and a file in its place are told apart', async () => {
    await inFolder(standard, async (dir) => {
      expect(await loadIdxFolder(join(dir, 'nowhere'))()).toEqual(left('FileUnreadable', /nowhere: no such/))
      expect(await loadIdxFolder(join(dir, 't10k-labels-idx1-ubyte'))()).toEqual(
        left('FileUnreadable', /idx1-ubyte: not a folder/),
      )
    })
  })

  it('a missing file: what was wanted and what is there', async () => {
    expect(await loaded(without('t10k-labels-idx1-ubyte'))).toEqual(
      left(
        'FileUnreadable',
        /wanted t10k\*-labels\[-\.\]idx1-ubyte\[\.gz\]; it has t10k-images-idx3-ubyte, train-images/,
      ),
    )
    expect(await loaded({})).toEqual(
      left('FileUnreadable', /wanted train\*-images\[-\.\]idx3-ubyte\[\.gz\]; it is empty/),
    )
  })

  it('a folder in the place of a file is a Left', async () => {
    await inFolder(without('train-images-idx3-ubyte'), async (dir) => {
      await mkdir(join(dir, 'train-images-idx3-ubyte'))
      expect(await loadIdxFolder(dir)()).toEqual(left('FileUnreadable', /train-images-idx3-ubyte: not a file/))
    })
  })

  it('finds files whose names have a dot before the type, plain or gzipped, one way or the other', async () => {
    const dotted = Object.entries(standard).map(([name, bytes]) => [name.replace('-idx', '.idx'), bytes] as const)
    expect(await loaded(Object.fromEntries(dotted))).toEqual(E.right({ train, test }))
    const packed = dotted.map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)] as const)
    expect(await loaded(Object.fromEntries(packed))).toEqual(E.right({ train, test }))
    const mixed = Object.entries(standard).map(([name, bytes], i) =>
      i % 2 === 0 ? dotted[i]! : ([name, bytes] as const),
    )
    expect(await loaded(Object.fromEntries(mixed))).toEqual(E.right({ train, test }))
  })

  it('takes the hyphen before the dot, and a file before a folder of a like name', async () => {
    const other = encodeImages(digits(2, 5, 'train').images)
    expect(await loaded({ ...standard, 'train-images.idx3-ubyte': other })).toEqual(E.right({ train, test }))
    const name = 'train-images-idx3-ubyte'
    await inFolder({ ...without(name), 'train-images.idx3-ubyte': standard[name]! }, async (dir) => {
      await mkdir(join(dir, name))
      expect(await loadIdxFolder(dir)()).toEqual(E.right({ train, test }))
    })
  })

  it('tells gzip by its bytes, whatever the name', async () => {
    const swapped = Object.entries(standard).map(([name, bytes], i) =>
      i % 2 === 0 ? [name, gzipSync(bytes)] : [`${name}.gz`, bytes],
    )
    expect(await loaded(Object.fromEntries(swapped) as typeof standard)).toEqual(E.right({ train, test }))
  })

  it('a file that is none of IDX is a Left that says what it is', async () => {
    const text = (words: string): Uint8Array => new TextEncoder().encode(words)
    for (const [bytes, what] of [
      [text('<!doctype html><title>Sign in'), /train-images-idx3-ubyte: images: .*not an IDX file but an HTML page/],
      [text('version https://git-lfs.github.com/spec/v1\nsize 47040016\n'), /a Git LFS pointer, .*of 47040016 bytes/],
      [gzipSync(text('PK\u0003\u0004 and so on, and so on, and so on')), /not an IDX file but a zip archive/],
      [text(''), /an empty file/],
      [Uint8Array.of(3, 8, 0, 0, 5, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0), /little-endian/],
    ] as const)
      expect(await loaded({ ...standard, 'train-images-idx3-ubyte': bytes })).toEqual(left('FormatInvalid', what))
  })

  it('damaged gzip data is a Left: cut or changed', async () => {
    const name = 'train-images-idx3-ubyte'
    const packed = gzipSync(standard[name] as Uint8Array)
    const changed = Uint8Array.from(packed)
    changed.fill(0x55, 30, 60)
    for (const bytes of [packed.subarray(0, packed.length - 9), changed])
      expect(await loaded({ ...without(name), [`${name}.gz`]: bytes })).toEqual(
        left('FormatInvalid', /train-images-idx3-ubyte\.gz: damaged gzip data/),
      )
  })

  it('damaged IDX data is a Left that names the file', async () => {
    const swapped = { 'train-images-idx3-ubyte': encodeLabels(train.labels) }
    expect(await loaded({ ...standard, ...swapped })).toEqual(
      left(
        'FormatInvalid',
        /train-images-idx3-ubyte: images: the magic is 0x00000801 \(labels, mislabelled as images\)/,
      ),
    )
  })

  it('counts that differ, and test images of another size, are Lefts', async () => {
    const labels = { 'train-labels-idx1-ubyte': encodeLabels(test.labels) }
    expect(await loaded({ ...standard, ...labels })).toEqual(left('FormatInvalid', /train\*: 5 images and 3 labels/))
    const images = { 't10k-images-idx3-ubyte': encodeImages({ shape: [3, 14, 56], bytes: test.images.bytes }) }
    expect(await loaded({ ...standard, ...images })).toEqual(left('FormatInvalid', /28×28 and test images 14×56/))
  })

  it("reads MNIST's own files", async ({ skip }) => {
    skip(!existsSync(mnist), 'the MNIST files are not at ../shared/data/mnist')
    const result = await loadIdxFolder(mnist)()
    expect(E.isRight(result)).toBe(true)
    if (E.isLeft(result)) return
    const { train, test } = result.right
    expect(train.images.shape.slice(1)).toEqual([28, 28])
    expect(countOf(test)).toBe(10000)
    // the first ten test labels, as every tutorial prints them
    expect(Array.from(test.labels).slice(0, 10)).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    // the well-known constants of the full training set, 0.1307 and 0.3081; a sample of it comes close
    const { mean, std } = standardisationOf(train)
    expect(mean).toBeCloseTo(0.1307, 2)
    expect(std).toBeCloseTo(0.3081, 2)
  })
})
