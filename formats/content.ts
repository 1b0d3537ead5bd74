import type { Numbers } from '../spec/tensor.js'

// as many bytes as are looked at: a zip's first name, a tar's mark and the start of a text all lie there
const looked = 1024

interface Head {
  /** the file's first bytes, a character each */
  readonly text: string
  readonly size: number
}

const startsWith =
  (...marks: readonly string[]) =>
  ({ text }: Head): boolean =>
    marks.some((mark) => text.startsWith(mark))

/** A file of text as it reads, without a mark of its order of bytes and without space in front; nothing of other files. */
const textIn = ({ text }: Head): string => {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  const read = new TextDecoder('utf-8').decode(bytes).trim()
  // a character that the look cut in two is no sign of anything
  return /^[^\p{Cc}\uFFFD]*$/u.test(read.replace(/\uFFFD$/, '').replace(/[\t\r\n]/g, ' ')) ? read : ''
}

const zipOf = ({ text }: Head): string => {
  // the first file's name stands behind 30 bytes of header, its length in the bytes 26 and 27
  const name = text.slice(30, 30 + text.charCodeAt(26) + 256 * text.charCodeAt(27))
  if (/(^|\/)(data\.pkl|\.format_version|\.data\/)/.test(name))
    return 'a zip of PyTorch, as torch.save writes it: a pickle, which is a program and is not run here; save_file of safetensors.torch writes the same tensors'
  if (name.endsWith('.npy')) return 'a zip of NumPy arrays (.npz)'
  return `a zip archive${/^[\x20-\x7e]+$/.test(name) ? `, whose first file is ${name.slice(0, 60)}` : ''}`
}

const pointerOf = (text: string): string => {
  const size = /^size (\d+)$/m.exec(text)?.[1]
  return `a Git LFS pointer, in place of the file itself${size === undefined ? '' : `, of ${size} bytes`}: git lfs pull fetches it`
}

const textOf = (text: string): string => {
  if (/^(<!--[^]*?-->\s*)*<(!doctype html|html|head|body)\b/i.test(text))
    return 'an HTML page, as a download answers that wants a login or found nothing'
  if (/^<\?xml|^<[A-Za-z]+[ />]/.test(text)) return 'XML'
  if (text.startsWith('version https://git-lfs.github.com/')) return pointerOf(text)
  if (/^\{[^]*"weight_map"|^\{\s*"metadata"\s*:\s*\{\s*"total_size"/.test(text))
    return 'the index of a file in parts (JSON): the tensors are in the files that it names'
  const line = text.split(/[\r\n]/)[0] ?? ''
  return `${/^[[{]/.test(text) ? 'JSON' : 'text'}, beginning ${JSON.stringify(line.length > 40 ? `${line.slice(0, 40)}…` : line)}`
}

/** How files begin that are handed over for others, and what each is. */
const beginnings: readonly (readonly [is: (head: Head) => boolean, name: (head: Head) => string])[] = [
  [startsWith('PK\x03\x04', 'PK\x05\x06'), zipOf],
  // its number of the magic, 0x1950a86a20f9469cfc6c, as pickle writes it
  [
    ({ text }) => /^\x80[\x02-\x05](\x95[^]{8})?\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19/.test(text),
    () =>
      'a pickle of PyTorch, as torch.save wrote it before 1.6: a program, which is not run here; save_file of safetensors.torch writes the same tensors',
  ],
  [({ text }) => /^\x80[\x02-\x05]/.test(text), () => 'a pickle of Python: a program, which is not run here'],
  [startsWith('\x1f\x8b'), () => 'gzip data, which is to be unpacked first'],
  [startsWith('BZh'), () => 'bzip2 data, which is to be unpacked first'],
  [startsWith('\xfd7zXZ\0'), () => 'xz data, which is to be unpacked first'],
  [startsWith('\x28\xb5\x2f\xfd'), () => 'Zstandard data, which is to be unpacked first'],
  [startsWith('7z\xbc\xaf\x27\x1c'), () => 'a 7-Zip archive, which is to be unpacked first'],
  [({ text }) => text.slice(257, 262) === 'ustar', () => 'a tar archive, which is to be unpacked first'],
  [startsWith('\x89HDF\r\n\x1a\n'), () => 'HDF5, as Keras writes weights'],
  [startsWith('\x93NUMPY'), () => 'one NumPy array (.npy)'],
  [startsWith('GGUF'), () => 'GGUF, as llama.cpp reads it'],
  [startsWith('\x89PNG', '\xff\xd8\xff'), () => 'a picture'],
  [startsWith('\0\0\x08\x01', '\0\0\x08\x03'), () => 'an IDX file'],
]

// a header's length below 4 GiB, then its brace: whatever the low bytes of the length happen to spell
const isSafetensors = ({ text, size }: Head): boolean => size > 4 && '\0\0\0\0{'.startsWith(text.slice(4, 9))

/**
 * What a file is by how it begins, in a phrase: the kinds that are most often found in the place of another. Undefined
 * where nothing is known of it.
 *
 * Source  APPNOTE.TXT of ZIP; RFC 1952, gzip; Python's pickletools; Git LFS's specification of pointers; the formats' own pages
 */
export const contentOf = (bytes: Numbers): string | undefined => {
  const head: Head = {
    text: Array.from({ length: Math.min(looked, bytes.length) }, (_, i) =>
      String.fromCharCode(bytes[i] as number),
    ).join(''),
    size: bytes.length,
  }
  if (head.size === 0) return 'an empty file'
  if (isSafetensors(head)) return 'a safetensors file'
  const found = beginnings.find(([is]) => is(head))
  if (found !== undefined) return found[1](head)
  if (/^\0+$/.test(head.text)) return 'bytes of 0 only, at least at its beginning'
  const text = textIn(head)
  // of a lone character nobody says that it is text
  return text.length < 2 ? undefined : textOf(text)
}
