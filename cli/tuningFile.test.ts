import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Measured } from '../accelerated/tune.js'
import type { Fingerprint } from '../spec/backend.js'
import { keepAt, tuningTable } from './tune.js'
import { tuningFileOf, tuningFor, tuningFrom, tuningPath } from './tuningFile.js'

const here: Fingerprint = {
  kind: 'hardware',
  vendor: 'acme',
  architecture: 'one',
  device: '0x1',
  description: 'Acme One, driver 5.1',
  webgpu: '0.6.2',
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
}
const measured: readonly Measured[] = [
  {
    shapeClass: 'product forward, medium × medium, large terms',
    layers: ['dense 64×400 by 120×400'],
    ms: { lanes: 2.5, tiles: 1, shared: 3.5 },
    way: 'tiles',
  },
  {
    shapeClass: 'convolution backward, small × large, large terms',
    layers: ['conv2d 4×32×28×28 by 64×32×3×3'],
    ms: { lanes: 12.25, tiles: 40, shared: 212 },
    way: 'lanes',
  },
]
const text = JSON.stringify(tuningFileOf(here, measured))

describe('what etalon tune keeps', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etalon-tuning-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const screens = () => {
    const written = { out: '', err: '' }
    const screen = (name: 'out' | 'err') => ({ write: (text: string) => (written[name] += text) })
    return { written, out: screen('out'), err: screen('err') }
  }

  test('is a table of the ways and the one that is taken', () => {
    expect(tuningTable(measured).split('\n')).toEqual([
      'class of products, milliseconds                   lanes  tiles  shared  taken',
      'product forward, medium × medium, large terms      2.50   1.00    3.50  tiles',
      'convolution backward, small × large, large terms   12.3   40.0   212.0  lanes',
    ])
  })

  test('is taken by plans on the same adapter, and by no other, nor with another driver or version', () => {
    expect(tuningFrom(text, here)).toEqual(
      E.right({
        refused: [],
        choices: {
          'product forward, medium × medium, large terms': 'tiles',
          'convolution backward, small × large, large terms': 'lanes',
        },
      }),
    )
    expect(tuningFrom(text, { ...here, description: 'Acme One, driver 5.2' })).toEqual(
      E.left('description is Acme One, driver 5.2 here and was Acme One, driver 5.1 there'),
    )
    expect(tuningFrom(text, { ...here, device: '0x2' })).toEqual(E.left('device is 0x2 here and was 0x1 there'))
    expect(tuningFrom(text, { ...here, webgpu: '0.7.0' })).toMatchObject({ _tag: 'Left' })
    expect(tuningFrom(text.replace(/"etalon":"[^"]+"/, '"etalon":"0.0.1"'), here)).toMatchObject({
      left: expect.stringMatching(/^etalon is \S+ here and was 0.0.1 there$/) as string,
    })
  })

  test('that is damaged says where', () => {
    expect(tuningFrom('{', here)).toEqual(E.left('it is not JSON'))
    expect(tuningFrom(text.replace('"tiles"}', '"fast"}'), here)).toMatchObject({
      left: expect.stringMatching(/^at measured\.0\.way/) as string,
    })
  })

  test('lies in the user’s cache folder and is read from there, or from where ETALON_TUNING says, or not', async () => {
    const env = { XDG_CACHE_HOME: folder }
    const told: string[] = []
    const found = (more: NodeJS.ProcessEnv = {}, fingerprint = here) =>
      tuningFor(fingerprint, (text) => told.push(text), { ...env, ...more })
    expect(await found()).toEqual(E.right({ choices: {}, refused: [] }))
    const own = tuningPath(here, env)
    const { written, ...rim } = screens()
    expect(await keepAt(rim, here, measured, { file: own }, own)).toBe(0)
    expect(written.out).toContain(
      `kept in ${own}\nfor every command here on this adapter; ETALON_TUNING=off leaves it out`,
    )
    expect(Object.keys(E.getOrElseW(() => ({ choices: {} }))(await found()).choices)).toHaveLength(2)
    expect(await found({ ETALON_TUNING: 'off' })).toEqual(E.right({ choices: {}, refused: [] }))
    expect(told).toEqual([])
    expect(await found({}, { ...here, description: 'newer' })).toEqual(E.right({ choices: {}, refused: [] }))
    expect(told).toEqual([
      `${own} is passed over: description is newer here and was Acme One, driver 5.1 there; etalon tune measures anew`,
    ])
    const other = join(folder, 'other.json')
    expect(await found({ ETALON_TUNING: other })).toMatchObject({ left: { code: 'FileUnreadable' } })
    await writeFile(other, text)
    expect(
      Object.keys(E.getOrElseW(() => ({ choices: {} }))(await found({ ETALON_TUNING: other })).choices),
    ).toHaveLength(2)
  })

  test('goes to a file as JSON, and a folder that is none is an error of the command line', async () => {
    const file = join(folder, 'kept.json')
    const { written, ...rim } = screens()
    expect(await keepAt(rim, here, measured, { file, json: true })).toBe(0)
    expect(JSON.parse(written.out)).toEqual({ ...JSON.parse(await readFile(file, 'utf8')), file })
    expect(await keepAt(rim, here, measured, { file: join(file, 'below') })).toBe(2)
    expect(written.err).toMatch(/FileUnreadable/)
  })
})
