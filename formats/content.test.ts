import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentOf } from './content.js'

const bytes = (...parts: readonly (string | readonly number[])[]): readonly number[] =>
  parts.flatMap((part) => (typeof part === 'string' ? Array.from(Buffer.from(part, 'latin1')) : part))

// the first file of a zip as APPNOTE.TXT has it: 26 bytes, the name's length, no extra field, the name
const zip = (name: string): readonly number[] =>
  bytes('PK\x03\x04', Array<number>(22).fill(0), [name.length, 0, 0, 0], name)

describe('what a file is, by how it begins', () => {
  it.each([
    ['nothing', [], /^an empty file$/],
    ['torch.save', zip('archive/data.pkl'), /^a zip of PyTorch, .*save_file/],
    ['torch.save of a newer version', zip('model/.format_version'), /^a zip of PyTorch/],
    ['numpy.savez', zip('w.npy'), /^a zip of NumPy arrays/],
    ['any zip', zip('readme.txt'), /^a zip archive, whose first file is readme.txt$/],
    [
      'torch.save of before 1.6',
      bytes([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]),
      /^a pickle of PyTorch, .*before 1\.6/,
    ],
    ['pickle.dump({})', bytes([0x80, 0x04, 0x7d, 0x94, 0x2e]), /^a pickle of Python/],
    ['a page', bytes('\n <!DOCTYPE html>\n<html lang="en">'), /^an HTML page/],
    ['a page behind a mark of order', bytes([0xef, 0xbb, 0xbf], '<HTML>'), /^an HTML page/],
    ['XML', bytes('<?xml version="1.0"?><Error><Code>AccessDenied'), /^XML$/],
    [
      'a pointer',
      bytes(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 46830571\n`),
      /^a Git LFS pointer, .*of 46830571 bytes: git lfs pull/,
    ],
    ['gzip', [...gzipSync('x')], /^gzip data/],
    ['xz', bytes([0xfd], '7zXZ', [0, 0, 4]), /^xz data/],
    ['Zstandard', bytes([0x28, 0xb5, 0x2f, 0xfd, 4, 0]), /^Zstandard data/],
    ['a tar', bytes('a.txt', Array<number>(252).fill(0), 'ustar\0'), /^a tar archive/],
    ['HDF5', bytes([0x89], 'HDF\r\n', [0x1a], '\n'), /^HDF5/],
    ['an array', bytes([0x93], 'NUMPY', [1, 0]), /^one NumPy array/],
    ['IDX', [0, 0, 8, 3, 0, 0, 0, 2], /^an IDX file$/],
    ['an index', bytes('{"metadata": {"total_size": 9}, "weight_map": {}}'), /^the index of a file in parts/],
    ['JSON', bytes('{"error":"Repository not found"}'), /^JSON, beginning "\{\\"error/],
    ['text', bytes('404: Not Found'), /^text, beginning "404: Not Found"$/],
    ['text cut within a character', [...Buffer.from('é'.repeat(512)).subarray(0, 1023)], /^text, beginning "é/],
    ['zeros', Array<number>(64).fill(0), /^bytes of 0 only/],
    [
      'a header of 640 bytes, whose length begins as a pickle does',
      bytes([0x80, 2, 0, 0, 0, 0, 0, 0], '{"a"'),
      /^a saf/,
    ],
    ['bytes that nobody knows', [200, 1, 2, 3, 4, 5, 6, 7, 8], /^undefined$/],
  ] as const)('%s', (_, found, wanted) => expect(String(contentOf(found))).toMatch(wanted))

  it('our own fixtures are what they are', () => {
    const small = readFileSync(new URL('fixtures/small.safetensors', import.meta.url))
    expect(contentOf(small)).toBe('a safetensors file')
  })

  it('any bytes are answered, never thrown at', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1100 }), (some) => void contentOf(some)))
  })
})
