import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { taskEither as TE } from 'fp-ts'
import { afterAll, describe, expect, test } from 'vitest'
import { toy } from '../conformance/testing/toys.js'
import { lessonNamed, lessons } from '../docs/lessons/index.js'
import { etalonError } from '../spec/error.js'
import { digits } from '../training/digits.js'
import type { LessonOptions, LessonRim } from './lesson.js'
import { giveLesson, listLessons } from './lesson.js'
import type { Screen } from './terminal.js'

const folder = await mkdtemp(join(tmpdir(), 'etalon-lesson-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const given = async (options: Partial<LessonOptions>, rim: Partial<LessonRim> = {}) => {
  const written: Record<'out' | 'err', string> = { out: '', err: '' }
  const screen = (name: 'out' | 'err'): Screen => ({ write: (text) => (written[name] += text) })
  const at: LessonRim = {
    open: () => TE.right(toy()),
    out: screen('out'),
    err: screen('err'),
    now: () => 0,
    load: () => TE.right({ train: digits(1, 24, 'train'), test: digits(1, 4, 'test') }),
    ...rim,
  }
  const filters = lessonNamed('filters')
  if (filters === undefined) throw new Error('there is no lesson filters')
  return { code: await giveLesson(at, filters, { seed: 1, size: 0.01, device: 'auto', ...options }), ...written }
}

describe('etalon lesson', () => {
  test('says in the terminal what came out, and writes a page with the formulas only where one is wanted', async () => {
    const without = await given({})
    expect(without).toMatchObject({ code: 0, err: '' })
    expect(without.out).toContain('What can nine numbers do')
    expect(await readdir(folder)).toEqual([])

    const file = join(folder, 'filters.html')
    const { code, out } = await given({ out: file, data: 'mnist' })
    expect(code).toBe(0)
    expect(out).toContain(file)
    const page = await readFile(file, 'utf8')
    expect(page).toMatch(/y\[n,o,/)
    expect(page).toContain('etalon lesson filters --data mnist --seed 1 --size 0.01')
    expect(page.match(/<img /g)?.length).toBeGreaterThan(30)
  })

  test('hands the figures to programs as the last line, and the words to people beside it', async () => {
    const { code, out, err } = await given({ json: true })
    expect(code).toBe(0)
    expect(err).toContain('What can nine numbers do')
    expect(JSON.parse(out)).toMatchObject({ lesson: 'filters', seed: 1, size: 0.01, figures: { digits: 4 } })
  })

  test('asks for a place for the page before the work, for digits of their size, and for a device', async () => {
    const never = { open: () => () => Promise.reject(new Error('it was opened')) }
    const nowhere = await given({ out: join(folder, 'no', 'page.html') }, never)
    expect(nowhere).toMatchObject({ code: 2, out: '' })
    expect(nowhere.err).toMatch(/^etalon: FileUnreadable: .*page\.html cannot be written/)

    const unread = await given({}, { ...never, load: () => TE.left(etalonError('FileUnreadable', 'no such folder')) })
    expect(unread).toMatchObject({ code: 2, err: 'etalon: FileUnreadable: no such folder\n' })

    const { images, labels } = digits(1, 24, 'train')
    const long = { images: { ...images, shape: [12, 56, 28] as const }, labels: Array.from(labels).slice(0, 12) }
    const misfit = await given({}, { load: () => TE.right({ train: long, test: long }) })
    expect(misfit).toMatchObject({ code: 2 })
    expect(misfit.err).toContain('28×28; these are 56×28')

    const without = await given({}, { open: () => TE.left(etalonError('BackendUnavailable', 'no adapter')) })
    expect(without).toMatchObject({ code: 3, err: 'etalon: BackendUnavailable: no adapter\n' })
  })

  test('lists every lesson with what it asks', () => {
    const list = (json: boolean): string => {
      let written = ''
      listLessons({ out: { write: (text) => (written += text), columns: 200 } }, json)
      return written
    }
    for (const { name } of lessons) expect(list(false)).toContain(`${name}\n  `)
    expect((JSON.parse(list(true)) as readonly { readonly name: string }[]).map(({ name }) => name)).toEqual(
      lessons.map(({ name }) => name),
    )
  })
})
