import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { either as E, taskEither as TE } from 'fp-ts'
import { describe, expect, test, vi } from 'vitest'
import { fail } from '../spec/error.js'
import type { Backend } from '../spec/backend.js'
import { reference } from '../reference/index.js'
import { linesOf, oracles, textOf } from './eval.js'
import { listing } from './list.js'
import { command } from './testing/bundled.js'

vi.setConfig({ testTimeout: 120_000 })

const root = fileURLToPath(new URL('..', import.meta.url))
const start = (...args: readonly string[]) =>
  spawn(process.execPath, [...command, ...args], { cwd: root, stdio: 'pipe' })

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command on chunks of input, each written after the one before has gone, and waits for its end. */
const etalon = async (args: readonly string[], chunks: readonly (string | Uint8Array)[] = []): Promise<Ended> => {
  const child = start(...args)
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const closed = once(child, 'close')
  for (const chunk of chunks) {
    await new Promise((resolve) => child.stdin.write(chunk, resolve))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  child.stdin.end()
  const [code] = (await closed) as [number | null]
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

interface Response {
  readonly id: unknown
  readonly ok: boolean
  readonly outputs?: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly unknown[] }>>
  readonly bounds?: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly unknown[] }>>
  readonly error?: { readonly code: string; readonly message: string }
}

const responses = (out: string): readonly Response[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Response)

const evaluate = async (...chunks: readonly (string | Uint8Array)[]): Promise<readonly Response[]> => {
  const { code, out } = await etalon(['eval', '--device', 'software'], chunks)
  expect(code).toBe(0)
  expect(out === '' || out.endsWith('\n')).toBe(true)
  return responses(out)
}

const codes = (list: readonly Response[]): readonly string[] => list.map(({ error }) => error?.code ?? 'ok')

const bits = (text: string): readonly number[] => Array.from(text.replaceAll('/', ''), Number)
const slideExample = {
  op: 'conv2d',
  inputs: {
    x: { shape: [1, 1, 5, 5], data: bits('11100/01110/00111/00110/01100') },
    w: { shape: [1, 1, 3, 3], data: bits('101/010/101') },
  },
}
const slideAnswer = { y: { shape: [1, 1, 3, 3], data: bits('434/243/234') } }
const sigmoid = (id: unknown, ...data: readonly unknown[]): string =>
  JSON.stringify({ id, op: 'sigmoid', inputs: { x: { shape: [data.length], data } } })

describe('etalon eval', () => {
  test("the slide's convolution is the slide's on both backends", async () => {
    const requests = ['reference', 'webgpu'].map((backend) => JSON.stringify({ ...slideExample, id: backend, backend }))
    expect(await evaluate(`${requests.join('\n')}\n`)).toEqual([
      { id: 'reference', ok: true, outputs: slideAnswer },
      { id: 'webgpu', ok: true, outputs: slideAnswer },
    ])
  })

  test('the gradients of the convolution of the slide agree between the backends, under the names of the inputs', async () => {
    const cotangents = { y: { shape: [1, 1, 3, 3], data: [1, 0, 2, 0, -1, 0, 3, 0, 1] } }
    const requests = ['reference', 'webgpu'].map((backend) =>
      JSON.stringify({ ...slideExample, backend, direction: 'backward', cotangents }),
    )
    const [right, accelerated] = await evaluate(requests.join('\n'))
    expect(Object.keys(right?.outputs ?? {})).toEqual(['x', 'w'])
    expect(accelerated).toEqual(right)
  })

  test('an empty input gets no output', async () => {
    expect(await evaluate()).toEqual([])
  })

  test('good and bad lines are answered in order and the stream goes on to its end, with or without a last newline', async () => {
    const list = await evaluate(
      `${sigmoid(1, 0)}\n\n  \nnonsense\n{"id":2,"op":"nope"}\n${sigmoid(3, 0)}\r\n\r\n${sigmoid('last', 'NaN', '-Infinity')}`,
    )
    expect(list.map(({ id }) => id)).toEqual([1, null, null, null, 2, 3, null, 'last'])
    expect(codes(list)).toEqual([
      'ok',
      'MalformedRequest',
      'MalformedRequest',
      'MalformedRequest',
      'UnknownOp',
      'ok',
      'MalformedRequest',
      'ok',
    ])
    expect(list.at(-1)?.outputs).toEqual({ y: { shape: [2], data: ['NaN', 0] } })
  })

  test('a bare carriage return, U+2028, U+2029 and U+0085 end no line', async () => {
    const spread = sigmoid('a\u2028b\u2029c\u0085', 0).replace(',', ',\r')
    const list = await evaluate(`${spread}\n${sigmoid(2, 0)}\r${sigmoid(3, 0)}\n`)
    expect(list.map(({ id, ok }) => [id, ok])).toEqual([
      ['a\u2028b\u2029c\u0085', true],
      [null, false],
    ])
  })

  test('a character cut in two by a chunk arrives whole', async () => {
    const bytes = Buffer.from(`${sigmoid('é€😀', 0)}\n`)
    const single = [...bytes].map((byte) => Uint8Array.of(byte))
    expect((await evaluate(...single)).map(({ id }) => id)).toEqual(['é€😀'])
  })

  test('bytes that are no UTF-8 spoil their own line only', async () => {
    const bad = Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}\n')])
    const surrogate = Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('"}\n')])
    const cut = Buffer.concat([Buffer.from(sigmoid('x', 0)), Buffer.of(0xe2, 0x82)])
    const list = await evaluate(bad, `${sigmoid(1, 0)}\n`, surrogate, cut)
    expect(codes(list)).toEqual(['MalformedRequest', 'ok', 'MalformedRequest', 'MalformedRequest'])
  })

  test('many lines in one chunk are all answered, in order', async () => {
    const ids = Array.from({ length: 2000 }, (_, i) => i)
    const list = await evaluate(ids.map((id) => `${sigmoid(id, id)}\n`).join(''))
    expect(list.map(({ id }) => id)).toEqual(ids)
  })

  test('each line is answered before the next is sent, and the reference never loads the GPU library', async () => {
    const child = start('eval')
    const closed = once(child, 'close')
    const answers = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    for (const id of [1, 2, 3]) {
      child.stdin.write(`${sigmoid(id, 0)}\n`)
      const { value } = (await answers.next()) as IteratorResult<Buffer, undefined>
      expect(JSON.parse(String(value))).toMatchObject({ id, ok: true })
    }
    if (process.platform === 'linux') expect(readFileSync(`/proc/${child.pid}/maps`, 'utf8')).not.toMatch(/dawn/i)
    child.stdin.end()
    expect(await closed).toEqual([0, null])
  })

  test('a reader that goes away ends the command quietly', async () => {
    const child = start('eval')
    const complaints: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
    child.stdin.on('error', () => undefined)
    const closed = once(child, 'close')
    child.stdin.write(`${sigmoid(1, 0)}\n`)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    child.stdin.write(Array.from({ length: 1000 }, (_, id) => `${sigmoid(id, 0)}\n`).join(''))
    expect(await closed).toEqual([141, null])
    expect(Buffer.concat(complaints).toString()).toBe('')
  })

  test('bounds come beside the outputs, and elements alone where they are asked for, forward and backward', async () => {
    const dense = {
      op: 'dense',
      inputs: { x: { shape: [1, 2], data: [1, 0.1] }, w: { shape: [2, 2], data: [1, 2, 3, 4] } },
    }
    const back = { ...dense, direction: 'backward', cotangents: { y: { shape: [1, 2], data: [1, 1] } } }
    const list = await evaluate(
      [
        { ...dense, bounds: 'f32' },
        { ...dense, bounds: 'bf16' },
        { ...dense, bounds: 'bf16', elements: { y: [1] } },
        { ...dense, backend: 'webgpu', bounds: 'bf16', elements: { y: [1] } },
        { ...back, elements: { w: [3, 0] } },
        { ...back, bounds: 'f16', depth: 1, elements: { w: [3], x: [1] } },
        { op: 'relu', inputs: { x: { shape: [2], data: [1e5, 1] } }, bounds: 'f16' },
      ]
        .map((request) => JSON.stringify(request))
        .join('\n'),
    )
    expect(codes(list)).toEqual(list.map(() => 'ok'))
    const [f32, bf16, one, device, elements, both, past] = list
    expect(f32?.bounds?.['y']?.shape).toEqual([1, 2])
    const [narrow, wide] = [f32, bf16].map((each) => each?.bounds?.['y']?.data as readonly number[])
    expect(narrow?.every((bound, i) => bound > 0 && 1000 * bound < (wide?.[i] as number))).toBe(true)
    expect(one).toMatchObject({
      outputs: { y: { shape: [1], data: [3.4] } },
      bounds: { y: { shape: [1], data: [wide?.[1]] } },
    })
    expect(device?.bounds).toEqual(one?.bounds)
    expect(device?.outputs?.['y']?.shape).toEqual([1])
    expect(elements?.bounds).toBeUndefined()
    expect(elements?.outputs).toEqual({ w: { shape: [2], data: [0.1, 1] } })
    expect([both?.outputs, both?.bounds].map((each) => Object.keys(each ?? {}))).toEqual([
      ['w', 'x'],
      ['w', 'x'],
    ])
    expect(past).toMatchObject({
      outputs: { y: { shape: [2], data: [1e5, 1] } },
      bounds: { y: { shape: [2], data: ['Infinity', 0] } },
    })
  })

  test('of an output too large to be made, the elements asked for are answered with their bounds', async () => {
    const data = Array.from({ length: 5000 }, (_, i) => i / 8)
    const dense = { op: 'dense', inputs: { x: { shape: [5000, 1], data }, w: { shape: [5000, 1], data } } }
    const list = await evaluate(
      [dense, { ...dense, bounds: 'f32', elements: { y: [25e6 - 1, 5001] } }].map((r) => JSON.stringify(r)).join('\n'),
    )
    expect(codes(list)).toEqual(['TooLarge', 'ok'])
    expect(list[1]).toMatchObject({
      outputs: { y: { shape: [2], data: [(4999 / 8) ** 2, 1 / 64] } },
      bounds: { y: { shape: [2] } },
    })
  })

  test('an answer of a million numbers arrives whole', async () => {
    const request = {
      op: 'conv2d',
      attrs: { padding: [511, 512, 511, 512] },
      inputs: {
        x: { shape: [1, 1, 1, 1], data: [1] },
        w: { shape: [1, 1, 1, 1], data: [1] },
        b: { shape: [1], data: [0.1] },
      },
    }
    const [response] = await evaluate(`${JSON.stringify(request)}\n`)
    const { shape, data } = response?.outputs?.['y'] ?? { shape: [], data: [] }
    expect([shape, data.length, new Set(data)]).toEqual([[1, 1, 1024, 1024], 2 ** 20, new Set([0.1, 1.1])])
  })
})

describe('the frame', () => {
  test.each([
    [['nope'], 'unknown command'],
    [['--nope'], 'unknown option'],
    [['eval', '--nope'], 'unknown option'],
    [['eval', 'more'], 'too many arguments'],
    [['eval', '--device', 'abacus'], 'Allowed choices are auto, gpu, software'],
    [['constructor'], 'unknown command'],
    [[], 'Usage: etalon'],
  ])('etalon %s is a mistake: exit code 2, a message on stderr, nothing on stdout', async (args, message) => {
    const { code, out, err } = await etalon(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })

  test('help and version are results: exit code 0, on stdout', async () => {
    for (const [args, found] of [
      [['--help'], /eval .*\n.*list /s],
      [['help', 'eval'], /--device/],
      [['eval', '--help'], /--device/],
      [['--version'], /^\d+\.\d+\.\d+\n$/],
    ] as const) {
      const { code, out, err } = await etalon(args)
      expect([code, err]).toEqual([0, ''])
      expect(out).toMatch(found)
    }
  })

  test('etalon list has every op, for people and as JSON', async () => {
    const people = await etalon(['list'])
    const { code, out } = await etalon(['list', '--json'])
    const list = responses(out) as unknown as readonly { readonly op: string }[]
    expect(code).toBe(0)
    expect(list).toEqual(JSON.parse(JSON.stringify(listing())))
    expect(list.find(({ op }) => op === 'conv2d')).toMatchObject({
      inputs: [{ name: 'x', axes: ['N', 'C', 'H', 'W'] }, { name: 'w' }, { name: 'b', optional: true }],
      attributes: [{ name: 'stride', default: [1, 1] }, {}, {}, { name: 'groups', default: 1 }],
      backends: { reference: ['forward', 'backward'], webgpu: ['forward', 'backward'] },
    })
    list.forEach(({ op }) => expect(people.out).toContain(`${op} `))
    expect(people.out).not.toContain('\u001b')
  })
})

describe('oracles', () => {
  const request = E.right(JSON.stringify({ ...slideExample, id: 1, backend: 'webgpu' }))
  const outcome = async (answer: Promise<Iterable<string>>): Promise<string> =>
    codes(responses([...(await answer)].join('')))[0] as string

  test('where no device can be had the request is refused, and asked for again by the next', async () => {
    let tries = 0
    const { answer } = oracles(() => Promise.resolve(fail('LimitExceeded', `no device, try ${++tries}`)))
    expect(await outcome(answer(request))).toBe('BackendUnavailable')
    expect(await outcome(answer(request))).toBe('BackendUnavailable')
    expect(tries).toBe(2)
  })

  test('a backend that lacks the op is unavailable for it', async () => {
    const { answer } = oracles(TE.right({ ...reference, name: 'webgpu', supports: () => false }))
    expect(await outcome(answer(request))).toBe('BackendUnavailable')
  })

  test('a lost device is reported, closed, and opened again for the next request', async () => {
    const events: string[] = []
    const open = (): Promise<E.Either<never, Backend>> => {
      const lost = events.length === 0
      events.push('open')
      return Promise.resolve(
        E.right({
          ...reference,
          run: (...args) => (lost ? TE.left({ code: 'DeviceLost', message: 'gone' }) : reference.run(...args)),
          close: () => {
            events.push('close')
            return Promise.resolve()
          },
        }),
      )
    }
    const { answer, close } = oracles(open)
    expect(await outcome(answer(request))).toBe('DeviceLost')
    expect(await outcome(answer(request))).toBe('ok')
    expect(await outcome(answer(request))).toBe('ok')
    await close()
    expect(events).toEqual(['open', 'close', 'open', 'close'])
  })
})

describe('second derivatives', () => {
  const asked = async (member: object, backend: Backend = reference): Promise<Response> => {
    const { answer } = oracles(TE.right(backend))
    return JSON.parse([...(await answer(E.right(JSON.stringify(member))))].join('')) as Response
  }
  const one = { shape: [], data: [1] }
  const tanh = {
    op: 'tanh',
    direction: 'second',
    inputs: { x: { shape: [], data: [0.5] } },
    cotangents: { y: one },
    directions: { x: one },
  }

  test.each(['reference', 'webgpu'])('tanh at ½, answered by the %s’s own nodes', async (backend) => {
    expect(await asked({ ...tanh, backend })).toMatchObject({
      ok: true,
      outputs: { x: { shape: [], data: [-0.7268619813835873] } },
    })
  })

  test('every differentiable input has an answer, zeros where nothing bends, at the elements asked for', async () => {
    const x = { shape: [1, 2], data: [2, 3] }
    const dense = {
      op: 'dense',
      direction: 'second',
      inputs: { x, w: x, b: { shape: [1], data: [1] } },
      cotangents: { y: { shape: [1, 1], data: [5] } },
      directions: { x: { shape: [1, 2], data: [1, -1] } },
    }
    const zeros = { shape: [1], data: [0] }
    expect((await asked(dense)).outputs).toEqual({
      x: { shape: [1, 2], data: [0, 0] },
      w: { shape: [1, 2], data: [5, -5] },
      b: zeros,
    })
    expect((await asked({ ...dense, elements: { w: [1] } })).outputs).toEqual({ w: { shape: [1], data: [-5] } })
    const flat = await asked(
      { ...tanh, op: 'relu' },
      { ...reference, run: () => TE.left({ code: 'Died', message: '' }) },
    )
    expect(flat.outputs).toEqual({ x: { shape: [], data: [0] } })
  })

  test('a backend that lacks an op of it is unavailable for it', async () => {
    const lacking: Backend = { ...reference, name: 'webgpu', supports: (op) => op !== 'mul' }
    expect((await asked({ ...tanh, backend: 'webgpu' }, lacking)).error).toEqual({
      code: 'BackendUnavailable',
      message: 'webgpu has no mul forward',
    })
  })
})

describe('lines', () => {
  const lines = async (...texts: readonly string[]): Promise<readonly string[]> => {
    const list: string[] = []
    for await (const { bytes } of linesOf(Readable.from(texts.map((text) => Buffer.from(text)))))
      list.push(bytes.toString())
    return list
  }

  test('a line ends at \\n only, wherever the chunks end', async () => {
    expect(await lines('a\nb', 'c', '\n', '\n', 'd\r\ne')).toEqual(['a', 'bc', '', 'd\r', 'e'])
    expect(await lines('a\n')).toEqual(['a'])
    expect(await lines('', '\n')).toEqual([''])
    expect(await lines()).toEqual([])
  })

  test('a line longer than a string may be, or with more in it than can be parsed, is refused before it is read', () => {
    const nested = Buffer.alloc(2 ** 20 + 2, '[')
    expect(textOf({ bytes: Buffer.alloc(0), length: 2 ** 30 })).toMatchObject({ left: { code: 'MalformedRequest' } })
    expect(textOf({ bytes: nested, length: nested.length })).toMatchObject({ left: { code: 'MalformedRequest' } })
  })
})
